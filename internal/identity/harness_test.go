package identity

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
)

// bench is a service over one database at a time that the test sets.
type bench struct {
	*Service
	clock  *clock.Manual
	ring   *gm.KeyRing
	people *people
	runs   atomic.Int64 // of argon2id
}

const (
	home     = "203.0.113.7"
	goodPass = "seven-herons-over-linxi"
	nextPass = "quiet river, nine stones"
)

var (
	ctx   = context.Background()
	local = authz.LocalActor("test")
)

// people is a small register.
type people struct {
	business map[string]int64
	persons  map[string]int64
}

func (p *people) Business(_ context.Context, code string) (int64, string, bool, error) {
	n, ok := p.business[code]
	return n, "990102", ok, nil
}

func (p *people) Person(_ context.Context, kind, number string) (int64, bool, error) {
	n, ok := p.persons[kind+number]
	return n, ok, nil
}

func newBench(t testing.TB, d *db.DB, change ...func(*Config)) *bench {
	t.Helper()
	return newBenchWith(t, d, newRing(t), clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone)), change...)
}

func newRing(t testing.TB) *gm.KeyRing {
	t.Helper()
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	return ring
}

func newBenchWith(t testing.TB, d *db.DB, ring *gm.KeyRing, c *clock.Manual, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{clock: c, ring: ring, people: &people{business: map[string]int64{"91990102MA00000X00": 501, "91990102MA00000Y11": 502}, persons: map[string]int64{}}}
	ids := id.NewMaker(c.Now)
	conf := Config{
		DB: d, Clock: c, IDs: ids, Ring: ring, Acts: audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), Authority: authz.New(ident.DefaultDivisions()),
		Registry: b.people, Hashing: Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 4},
		Methods:  []ClaimMethod{DemoCode{ring}, Licence{}},
		Passkeys: PasskeySite{ID: "credit.example.test", Name: "公信", Origins: []string{"https://credit.example.test"}},
	}
	for _, f := range change {
		f(&conf)
	}
	var err error
	if b.Service, err = New(conf); err != nil {
		t.Fatal(err)
	}
	b.hasher.run = func(p, salt []byte, passes, memory uint32, lanes uint8, n uint32) []byte {
		b.runs.Add(1)
		return argon2.IDKey(p, salt, passes, memory, lanes, n)
	}
	t.Cleanup(b.Close)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// open opens an account with a password of its own, and grants.
func (b *bench) open(t testing.TB, kind AccountKind, login string, grants ...authz.Grant) *Account {
	t.Helper()
	a, _, err := b.Open(ctx, local, NewAccount{Kind: kind, Login: login, Name: "测试" + login, Password: goodPass, Grants: grants})
	must(t, err)
	return a
}

func from(login, password, address string) Attempt {
	return Attempt{Login: login, Password: password, Address: address, Agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"}
}

// signIn signs in from home and gives session and actor.
func (b *bench) signIn(t testing.TB, login string) (*Session, authz.Actor) {
	t.Helper()
	s, err := b.SignIn(ctx, from(login, goodPass, home))
	must(t, err)
	return s, b.actor(t, s)
}

func (b *bench) actor(t testing.TB, s *Session) authz.Actor {
	t.Helper()
	a, err := b.Actor(ctx, s.Token)
	must(t, err)
	return a
}

// enrol enrols an authenticator and gives the strong session, the secret and the recovery codes.
func (b *bench) enrol(t testing.TB, a authz.Actor) (*Session, string, []string) {
	t.Helper()
	setup, err := b.BeginTOTP(ctx, a)
	must(t, err)
	s, codes, err := b.ConfirmTOTP(ctx, a, setup.Ceremony, b.code(t, setup.Secret))
	must(t, err)
	return s, setup.Secret, codes
}

func (b *bench) code(t testing.TB, secret string) string {
	t.Helper()
	c, err := codeAt(secret, b.clock.Now().Unix()/stepSeconds)
	must(t, err)
	return c
}

// strong opens an account, enrols it and gives its actor with a second factor.
func (b *bench) strong(t testing.TB, kind AccountKind, login string, grants ...authz.Grant) authz.Actor {
	t.Helper()
	b.open(t, kind, login, grants...)
	_, a := b.signIn(t, login)
	s, _, _ := b.enrol(t, a)
	return b.actor(t, s)
}

// acts counts the acts of an action.
func (b *bench) acts(t testing.TB, action string) int {
	t.Helper()
	var n int
	must(t, b.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM audit_act WHERE action = $1`, action).Scan(&n))
	return n
}

var clerk = authz.Grant{Role: authz.FilingClerk, Agency: 7}

func hasRole(a authz.Actor, r authz.Role) bool {
	return slices.ContainsFunc(a.Grants, func(g authz.Grant) bool { return g.Role == r })
}
