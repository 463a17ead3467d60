// Package identity keeps the rule that nobody acts under an account without proof, and that the proof never rests where it could be read:
// passwords and secrets stand in the database only as hashes or sealed, tokens only as SHA-256, logins and names only sealed, addresses only
// masked. Every change of an account is written to the log of acts in the same transaction.
//
// # Guessing is slowed down, owners are not locked out
//
// There is no counter that closes an account. Attempts are counted at gates, before the password is looked at, so that a thousand attempts
// at once pass no further than one after the other:
//
//   - the pair of login and network address (an address of IPv4, a /64 of IPv6): five attempts are free, then the wait doubles from 4 s to 15 min;
//   - the address over all logins: forty are free, then up to 5 min, against trying one password on many logins;
//   - in a browser in which the account signed in before (a random cookie whose hash is kept), neither: such a browser has a gate of its own.
//
// A success clears the pair, and counted attempts are forgotten one by one as time passes. Whoever guesses from elsewhere therefore never slows down the owner's address or browser. Whoever guesses
// from the owner's own address (one NAT for a whole department) slows down only browsers without the cookie, and those still get in with a
// passkey, with a recovery code, or with a code of the authenticator sent along with the password (a gate of its own, three free). The
// second factor's own gates count only after a right password, so nobody without it can close them.
//
// A login that does not exist has the same gates, costs the same argon2id run and gives the same answer as a wrong password.
//
// What an attacker with many addresses gains is bounded by the list of common passwords and the length of at least ten characters; the
// failures stand in the log of acts, where the auditor's alerts look for them.
//
// # Sessions
//
// A token of 256 random bits, idle and absolute limits by what the account may do now, revoked at once in this process and within
// cacheFor elsewhere. A session that becomes stronger gets another token; whenever the grants of an account change, its sessions end.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

// Decider decides permissions; *authz.Authority is the one in use.
type Decider interface {
	Decide(a authz.Actor, act authz.Action, s authz.Scope) authz.Decision
	See(ctx context.Context, a authz.Actor, act authz.Action, s authz.Scope, none error) error
}

// Registry knows subjects. It stands in front of the register, which lies above this package.
type Registry interface {
	// Business gives the subject of a unified code and its division; ok is false when none is on file.
	Business(ctx context.Context, code string) (subject int64, region string, ok bool, err error)
	// Person gives the subject of a person's document; ok is false when nothing is on file of that person.
	Person(ctx context.Context, docKind, number string) (subject int64, ok bool, err error)
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	Clock     clock.Clock
	IDs       *id.Maker
	Ring      *gm.KeyRing
	Acts      Acts
	Authority Decider
	Registry  Registry
	Log       *slog.Logger // nil = discard

	Passwords PasswordPolicy
	Hashing   Hashing
	Limits    Limits
	Passkeys  PasskeySite // zero = no passkeys
	Providers []Provider  // of unified identity
	Methods   []ClaimMethod
	Issuer    string        // name shown in authenticators
	Evidence  EvidenceStore // nil = evidence is kept until somebody else takes it away
	Retention *Retention    // how long evidence is kept; nil = DefaultRetention
	// Closing is called within the transaction that closes an account, so that what others keep of its owner goes as well; may be nil.
	Closing func(ctx context.Context, tx *db.Tx, account int64) error
}

// Service keeps accounts and proves who acts.
type Service struct {
	Config
	hasher   *hasher
	common   *commonList
	passkeys passkeyLibrary
	oidc     map[string]*oidcClient
	methods  map[string]ClaimMethod
	sessions *cache[sessionEntry]
	keys     *cache[keyEntry]
	seen     *seenQueue
}

// New makes a Service.
func New(c Config) (*Service, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Issuer == "" {
		c.Issuer = "公信"
	}
	if c.Retention == nil {
		c.Retention = DefaultRetention()
	}
	c.Passwords, c.Limits, c.Hashing = c.Passwords.defaults(), c.Limits.defaults(), c.Hashing.defaults()
	s := &Service{
		Config: c, oidc: map[string]*oidcClient{}, methods: map[string]ClaimMethod{}, seen: newSeenQueue(),
		sessions: newCache[sessionEntry](), keys: newCache[keyEntry](),
	}
	var err error
	if s.hasher, err = newHasher(c.Hashing); err != nil {
		return nil, err
	}
	if s.common, err = openCommon(c.Passwords.CommonFile); err != nil {
		return nil, err
	}
	if s.passkeys, err = newPasskeyLibrary(c.Passkeys); err != nil {
		return nil, err
	}
	for _, p := range c.Providers {
		if err := p.check(); err != nil {
			return nil, err
		}
		s.oidc[p.Name] = &oidcClient{Provider: p, now: c.Clock.Now}
	}
	for _, m := range c.Methods {
		s.methods[m.Name()] = m
	}
	return s, nil
}

// ErrMissing says that there is no such account, session, key or claim, or none that the caller may know of.
var ErrMissing = fault.New(fault.NotFound, "identity.missing", "没有找到这一项，或者它不属于本账号", "请刷新列表后再试")

// allow asks the one place that decides.
func (s *Service) allow(by authz.Actor, act authz.Action, scope authz.Scope) error {
	return s.Authority.Decide(by, act, scope).Err()
}

// self refuses everyone but a signed-in account acting for itself.
func self(a authz.Actor) error {
	if a.Kind != authz.Account || a.ID == 0 || a.Session == 0 {
		return authz.ErrSignIn
	}
	return nil
}

// token makes a secret of 256 bits with a prefix by which secret scanners know it.
func token(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Prefixes of the tokens that leave the program.
const (
	sessionPrefix  = "gxs_"
	devicePrefix   = "gxd_"
	ceremonyPrefix = "gxc_"
	keyPrefix      = "gxk_"
)

// tokenHash gives what is kept of a token, or false for anything that is none.
func tokenHash(prefix, raw string) ([sha256.Size]byte, bool) {
	if len(raw) != len(prefix)+43 || raw[:len(prefix)] != prefix {
		return [sha256.Size]byte{}, false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(raw[len(prefix):]); err != nil {
		return [sha256.Size]byte{}, false
	}
	return sha256.Sum256([]byte(raw)), true
}

// keyed gives a keyed hash of what must be found again but not read. It does not change when the keys of look-up tokens are exchanged, for
// these values could not be hashed anew.
func (s *Service) keyed(label string, parts ...string) string {
	all := make([][]byte, 0, len(parts)+1)
	for _, p := range append([]string{"identity/" + label}, parts...) {
		all = append(all, []byte(strconv.Itoa(len(p))+":"+p))
	}
	sum := s.Ring.Digest(all...)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func accountEntity(id int64) string { return "account:" + strconv.FormatInt(id, 10) }

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).In(clock.Zone)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("identity: %s: %w", op, err)
}

// changed says whether a statement changed exactly one row.
func changed(ctx context.Context, q db.Querier, query string, args ...any) (bool, error) {
	r, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n == 1, err
}
