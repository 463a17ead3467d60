package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"gongxin/internal/fault"
)

// Hashing says what a password costs to try: argon2id per RFC 9106. The zero value is its second recommended choice, 64 MiB.
type Hashing struct {
	MemoryKiB   uint32
	Passes      uint32
	Lanes       uint8
	Concurrency int           // passwords tried at once; 0 = one a processor
	Wait        time.Duration // the longest that an attempt waits for its turn; 0 = 5 s
}

func (h Hashing) defaults() Hashing {
	if h.MemoryKiB == 0 {
		h.MemoryKiB, h.Passes, h.Lanes = 64<<10, 3, 4
	}
	if h.Concurrency == 0 {
		h.Concurrency = max(1, runtime.GOMAXPROCS(0))
	}
	if h.Wait == 0 {
		h.Wait = 5 * time.Second
	}
	return h
}

// ErrBusy says that too many sign-ins run at once.
var ErrBusy = fault.New(fault.Busy, "identity.busy", "同时登录的人太多，系统暂时受理不了", "请过几秒钟再试")

// Bounds of what a stored hash may ask for, so that a changed row cannot exhaust memory.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
	saltBytes    = 16
	hashBytes    = 32
)

// hasher runs argon2id for a bounded number of attempts at once. Browsers that are known have a lane of their own, so that strangers who
// keep the others busy do not keep owners out.
type hasher struct {
	Hashing
	lanes [2]chan struct{} // strangers, known browsers
	dummy string
	run   func(password, salt []byte, passes, memory uint32, lanes uint8, n uint32) []byte
}

func newHasher(h Hashing) (*hasher, error) {
	if h.MemoryKiB < 8*uint32(h.Lanes) || h.MemoryKiB > maxMemoryKiB || h.Passes == 0 || h.Passes > maxPasses || h.Lanes == 0 || h.Concurrency < 1 {
		return nil, fault.New(fault.Invalid, "identity.hashing", "口令散列的参数无效", "请检查内存、次数、并行度和同时处理数的设置")
	}
	x := &hasher{Hashing: h, run: argon2.IDKey}
	x.lanes[0], x.lanes[1] = make(chan struct{}, h.Concurrency), make(chan struct{}, 1)
	x.dummy = x.text(random(saltBytes), random(hashBytes)) // fits no password
	return x, nil
}

// enter waits for a turn and gives what ends it.
func (h *hasher) enter(ctx context.Context, known bool) (func(), error) {
	lane := h.lanes[bit(known)]
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	default:
	}
	timer := time.NewTimer(h.Wait)
	defer timer.Stop()
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash makes the text of a password's hash, in the usual form $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx, true)
	if err != nil {
		return "", err
	}
	defer leave()
	return h.make(password), nil
}

func (h *hasher) make(password string) string {
	salt := random(saltBytes)
	return h.text(salt, h.run([]byte(canonical(password)), salt, h.Passes, h.MemoryKiB, h.Lanes, hashBytes))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

func (h *hasher) text(salt, sum []byte) string {
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.MemoryKiB, h.Passes, h.Lanes, enc(salt), enc(sum))
}

// check compares a password with a hash; without one ("") it does the same work and refuses. stale says that the hash was made with
// other parameters than today's.
func (h *hasher) check(ctx context.Context, stored, password string, known bool) (ok, stale bool, err error) {
	leave, err := h.enter(ctx, known)
	if err != nil {
		return false, false, err
	}
	defer leave()
	present := stored != ""
	if !present {
		stored = h.dummy
	}
	p, err := parseHash(stored)
	if err != nil {
		return false, false, err
	}
	sum := h.run([]byte(canonical(password)), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.sum)))
	ok = subtle.ConstantTimeCompare(sum, p.sum) == 1 && present
	return ok, p.memory != h.MemoryKiB || p.passes != h.Passes || p.lanes != h.Lanes || len(p.sum) != hashBytes, nil
}

// canonical gives a password the one form that every keyboard's spelling of it has (NIST SP 800-63B section 5.1.1.2).
func canonical(password string) string { return norm.NFKC.String(password) }

type hashParts struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

var errHash = fault.New(fault.Internal, "identity.hash", "存储的口令散列无法读取", "")

func parseHash(text string) (hashParts, error) {
	var p hashParts
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil || n != 3 {
		return p, errHash
	}
	if fmt.Sprintf("m=%d,t=%d,p=%d", p.memory, p.passes, p.lanes) != parts[3] {
		return p, errHash
	}
	if p.memory == 0 || p.memory > maxMemoryKiB || p.passes == 0 || p.passes > maxPasses || p.lanes == 0 {
		return p, errHash
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return p, errHash
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.sum) < 16 || len(p.sum) > 64 {
		return p, errHash
	}
	return p, nil
}
