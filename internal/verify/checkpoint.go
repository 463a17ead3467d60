package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Types of signatures in notes (C2SP signed-note, tlog-cosignature). SM2 has no number; it uses 0xff and a name of its own.
const (
	typeEd25519  = 1
	typeCosigned = 4
)

var typeSM2 = []byte("\xffsm2sm3/v1")

// Keys are whom a checker trusts: the log's own keys and, if any, witnesses.
type Keys struct {
	log       []note.Verifier
	sm2       []note.Verifier
	witnesses []note.Verifier
}

// ParseKeys reads public keys in note format, one a line: Ed25519 and SM2 keys are the log's, cosignature keys are witnesses'.
func ParseKeys(lines ...string) (*Keys, error) {
	k := &Keys{}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, raw, err := splitVerifier(line)
		if err != nil {
			return nil, err
		}
		switch {
		case raw[0] == typeEd25519:
			v, err := note.NewVerifier(line)
			if err != nil {
				return nil, fmt.Errorf("verify: key: %w", err)
			}
			k.log = append(k.log, v)
		case raw[0] == typeCosigned && len(raw) == 1+ed25519.PublicKeySize:
			k.witnesses = append(k.witnesses, &verifier{name, keyHash(name, raw), cosigned(raw[1:])})
		case bytes.HasPrefix(raw, typeSM2):
			pub, err := sm2.ParseUncompressedPublicKey(raw[len(typeSM2):])
			if err != nil {
				return nil, fmt.Errorf("verify: SM2 key: %w", err)
			}
			k.sm2 = append(k.sm2, &verifier{name, keyHash(name, raw), sm2Signed(pub)})
		default:
			return nil, errKey
		}
	}
	if len(k.log) == 0 {
		return nil, errors.New("verify: no Ed25519 key of the log is given")
	}
	return k, nil
}

var errKey = errors.New("verify: not a public key in note format")

// splitVerifier reads name+hash+key and checks the hash.
func splitVerifier(line string) (name string, raw []byte, err error) {
	parts := strings.SplitN(line, "+", 3)
	if len(parts) != 3 {
		return "", nil, errKey
	}
	raw, err = base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < 2 || parts[0] == "" || strings.ContainsAny(parts[0], " \t\n") {
		return "", nil, errKey
	}
	if fmt.Sprintf("%08x", keyHash(parts[0], raw)) != parts[1] {
		return "", nil, errKey
	}
	return parts[0], raw, nil
}

func keyHash(name string, raw []byte) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return binary.BigEndian.Uint32(h[:])
}

type verifier struct {
	name string
	hash uint32
	ok   func(msg, sig []byte) bool
}

func (v *verifier) Name() string                { return v.name }
func (v *verifier) KeyHash() uint32             { return v.hash }
func (v *verifier) Verify(msg, sig []byte) bool { return v.ok(msg, sig) }

func sm2Signed(pub *ecdsa.PublicKey) func(msg, sig []byte) bool {
	return func(msg, sig []byte) bool { return sm2.VerifyASN1WithSM2(pub, nil, msg, sig) }
}

// cosigned checks a witness's signature: time (8 bytes) and Ed25519 over "cosignature/v1", the time and the note.
func cosigned(pub []byte) func(msg, sig []byte) bool {
	return func(msg, sig []byte) bool {
		if len(sig) != 8+ed25519.SignatureSize {
			return false
		}
		return ed25519.Verify(pub, cosignedText(binary.BigEndian.Uint64(sig), msg), sig[8:])
	}
}

func cosignedText(at uint64, msg []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), msg...)
}

// Checkpoint is a checkpoint whose signatures were checked.
type Checkpoint struct {
	Origin    string
	Size      int64
	Root      [32]byte
	SM2       bool     // the SM2 line was checked too
	Witnesses []string // whose cosignatures were checked
	Text      []byte
}

// Errors of checkpoints.
var (
	ErrCheckpoint = errors.New("verify: not a checkpoint")
	ErrSignature  = errors.New("verify: no valid signature of the log")
	ErrSM2        = errors.New("verify: the SM2 signature is missing or wrong")
)

// OpenCheckpoint reads a checkpoint and checks its signatures: Ed25519 always, SM2 when a key of it is given.
func OpenCheckpoint(text []byte, k *Keys) (*Checkpoint, error) {
	if len(text) > 1<<20 {
		return nil, ErrCheckpoint
	}
	known := append(append(append([]note.Verifier{}, k.log...), k.sm2...), k.witnesses...)
	n, err := note.Open(text, note.VerifierList(known...))
	var invalid *note.InvalidSignatureError
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return nil, ErrSignature
	case err != nil:
		return nil, ErrCheckpoint
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	c.Text = text
	byHash := func(list []note.Verifier, s note.Signature) bool {
		for _, v := range list {
			if v.Name() == s.Name && v.KeyHash() == s.Hash {
				return true
			}
		}
		return false
	}
	signed := false
	for _, s := range n.Sigs { // each of them verified
		signed = signed || byHash(k.log, s) && s.Name == c.Origin
		c.SM2 = c.SM2 || byHash(k.sm2, s) && s.Name == c.Origin
		if byHash(k.witnesses, s) {
			c.Witnesses = append(c.Witnesses, s.Name)
		}
	}
	if !signed {
		return nil, ErrSignature
	}
	if len(k.sm2) > 0 && !c.SM2 {
		return nil, ErrSM2
	}
	return c, nil
}

// parseCheckpoint reads origin, size and root; further lines are extensions that say nothing to us.
func parseCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return nil, ErrCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return nil, ErrCheckpoint
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, ErrCheckpoint
	}
	return &Checkpoint{Origin: lines[0], Size: size, Root: [32]byte(root)}, nil
}
