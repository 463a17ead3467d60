package identity

import (
	"testing"

	vw "github.com/descope/virtualwebauthn"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

var rp = vw.RelyingParty{ID: "credit.example.test", Name: "公信", Origin: "https://credit.example.test"}

// stick is a security key of somebody.
type stick struct {
	vw.Authenticator
	key vw.Credential
}

// newStick makes a key whose coordinates both have 32 bytes: the helper writes them without their leading zeros, which no authenticator does.
func newStick() *stick {
	for {
		if key := vw.NewCredential(vw.KeyTypeEC2); len(key.Key.AttestationData()) == 77 {
			return &stick{vw.NewAuthenticator(), key}
		}
	}
}

func (s *stick) attest(t *testing.T, site vw.RelyingParty, c *Ceremony) []byte {
	t.Helper()
	options, err := vw.ParseAttestationOptions(string(c.Options))
	must(t, err)
	s.Options.UserHandle = []byte(options.UserID)
	return []byte(vw.CreateAttestationResponse(site, s.Authenticator, s.key, *options))
}

func (s *stick) assert(t *testing.T, site vw.RelyingParty, c *Ceremony) []byte {
	t.Helper()
	options, err := vw.ParseAssertionOptions(string(c.Options))
	must(t, err)
	s.key.Counter++
	return []byte(vw.CreateAssertionResponse(site, s.Authenticator, s.key, *options))
}

// addPasskey enrols a stick for an actor.
func (b *bench) addPasskey(t *testing.T, a authz.Actor, s *stick) (*Session, []string) {
	t.Helper()
	c, err := b.BeginPasskey(ctx, a)
	must(t, err)
	out, codes, err := b.FinishPasskey(ctx, a, c.Token, s.attest(t, rp, c), "钥匙")
	must(t, err)
	return out, codes
}

// TestPasskey walks enrolment, the sign-in without a password, the second factor, and removal.
func TestPasskey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "admin", authz.Grant{Role: authz.SystemAdmin})
		_, a := b.signIn(t, "admin")
		key := newStick()
		s, codes := b.addPasskey(t, a, key)
		if a = b.actor(t, s); !a.Strong || len(codes) != recoveryCodes {
			t.Fatalf("%+v, %d codes", s, len(codes))
		}
		c, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		answer := key.assert(t, rp, c)
		in, err := b.SignInPasskey(ctx, c.Token, answer, from("", "", home))
		must(t, err)
		if a := b.actor(t, in); !a.Strong || !hasRole(a, authz.SystemAdmin) || in.Device == "" {
			t.Fatalf("%+v", a)
		}
		_, err = b.SignInPasskey(ctx, c.Token, answer, from("", "", home))
		wantErr(t, err, ErrCeremony)

		wait, err := b.SignIn(ctx, from("admin", goodPass, home))
		if err != nil || !wait.FactorDue || !wait.Passkey || wait.TOTP {
			t.Fatalf("%+v, %v", wait, err)
		}
		c, err = b.BeginPasskeyFactor(ctx, wait.Token)
		must(t, err)
		full, err := b.SignInPasskeyFactor(ctx, wait.Token, c.Token, key.assert(t, rp, c), from("", "", home))
		must(t, err)
		a = b.actor(t, full)
		if !a.Strong {
			t.Fatal("not strong")
		}
		list, err := b.Passkeys(ctx, a)
		if err != nil || len(list) != 1 || list[0].Label != "钥匙" || !list[0].UsedAt.Equal(b.clock.Now()) {
			t.Fatal(list, err)
		}
		wantErr(t, b.RemovePasskey(ctx, a, list[0].ID), ErrFactorLast)
		second := newStick()
		s, codes = b.addPasskey(t, a, second)
		if len(codes) != 0 {
			t.Fatal("recovery codes were replaced without being asked for")
		}
		a = b.actor(t, s)
		must(t, b.RemovePasskey(ctx, a, list[0].ID))
		wantErr(t, b.RemovePasskey(ctx, a, list[0].ID), ErrMissing)
		c, err = b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		_, err = b.SignInPasskey(ctx, c.Token, key.assert(t, rp, c), from("", "", home))
		wantErr(t, err, ErrPasskey)
	})
}

// TestPasskeyRefusals holds what must not get in: another site, an unverified user, a copied key, another's challenge, a closed account.
func TestPasskeyRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	acc := b.open(t, StaffAccount, "owner")
	_, a := b.signIn(t, "owner")
	key := newStick()
	c, err := b.BeginPasskey(ctx, a)
	must(t, err)
	evil := vw.RelyingParty{ID: "credit.example.test", Name: "公信", Origin: "https://credit.example.test.evil.test"}
	_, _, err = b.FinishPasskey(ctx, a, c.Token, key.attest(t, evil, c), "x")
	wantErr(t, err, ErrPasskey)
	other := b.open(t, StaffAccount, "other")
	_, oa := b.signIn(t, "other")
	c, err = b.BeginPasskey(ctx, oa)
	must(t, err)
	_, _, err = b.FinishPasskey(ctx, a, c.Token, key.attest(t, rp, c), "x")
	wantErr(t, err, ErrCeremony)
	b.addPasskey(t, a, key)
	_ = other

	try := func(change func()) error {
		t.Helper()
		c, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		change()
		_, err = b.SignInPasskey(ctx, c.Token, key.assert(t, rp, c), from("", "", home))
		return err
	}
	must(t, try(func() {}))
	wantErr(t, try(func() { key.Options.UserNotVerified = true }), ErrPasskey)
	key.Options.UserNotVerified = false
	wantErr(t, try(func() { key.key.Counter = 0 }), ErrPasskey) // the counter went back: a copy is about
	key.key.Counter = 10
	must(t, try(func() {}))
	c, err = b.BeginPasskeySignIn(ctx, from("", "", home))
	must(t, err)
	_, err = b.SignInPasskey(ctx, c.Token, key.assert(t, evil, c), from("", "", home))
	wantErr(t, err, ErrPasskey)
	for _, junk := range []string{"", "{}", "null", `{"id":"x","rawId":"x","type":"public-key","response":{}}`} {
		c, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		_, err = b.SignInPasskey(ctx, c.Token, []byte(junk), from("", "", home))
		wantErr(t, err, ErrPasskey)
	}
	c, err = b.BeginPasskeySignIn(ctx, from("", "", home))
	must(t, err)
	b.clock.Advance(ceremonyFor)
	_, err = b.SignInPasskey(ctx, c.Token, key.assert(t, rp, c), from("", "", home))
	wantErr(t, err, ErrCeremony)
	must(t, b.Disable(ctx, local, acc.ID))
	wantErr(t, try(func() {}), ErrPasskey)

	off := newBenchWith(t, b.DB, b.ring, b.clock, func(c *Config) { c.Passkeys = PasskeySite{} })
	_, err = off.BeginPasskeySignIn(ctx, from("", "", home))
	wantErr(t, err, ErrPasskeysOff)
}
