package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// every table of the package, and the logs that may name an account by its number alone.
var (
	ownTables = []string{
		"account", "account_grant", "account_device", "account_throttle", "session", "credential_totp", "credential_recovery", "credential_passkey",
		"credential_ceremony", "oidc_identity", "oidc_flow", "apikey", "claim",
	}
	logTables = []string{"audit_act", "access_log"}
)

// TestCloseAccount walks the closing of an account that has everything an account can have: nothing of the person is left in any table, nothing of it opens
// anything, and the logs keep the number.
func TestCloseAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBenchWith(t, d, newRing(t), c, x.with())
		b.people.persons["身份证"+"990102199001011234"] = 77
		acc := b.open(t, ResidentAccount, "zhou-ming")
		first, a := b.signIn(t, "zhou-ming")
		proof := ClaimIn{Method: "demo", DocKind: "身份证", DocNumber: "990102199001011234", Proof: DemoCode{b.ring}.Code(0, b.DocHash("身份证", "990102199001011234"))}
		_, next, err := b.Claim(ctx, a, proof)
		must(t, err)
		tied, err := b.finish(t, b.actor(t, next))
		must(t, err)
		key := newStick()
		s, _ := b.addPasskey(t, b.actor(t, tied), key)
		a = b.actor(t, s)
		if len(a.Grants) != 1 || first.Device == "" {
			t.Fatal(a.Grants)
		}
		hash := b.DocHash("身份证", "990102199001011234")
		var handle string
		must(t, d.Read().QueryRowContext(ctx, `SELECT handle FROM account WHERE account_id = $1`, acc.ID).Scan(&handle))

		wantErr(t, b.CloseAccount(ctx, a, Closing{}), ErrCurrent)
		wantErr(t, b.CloseAccount(ctx, a, Closing{Password: nextPass}), ErrCurrent)
		weak := a
		weak.Strong = false
		wantErr(t, b.CloseAccount(ctx, weak, Closing{Password: goodPass}), ErrCode)
		wantErr(t, b.CloseAccount(ctx, authz.Actor{}, Closing{Password: goodPass}), authz.ErrSignIn)
		if b.acts(t, "account.close") != 0 {
			t.Fatal("a refused closing is on file")
		}
		must(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}))

		_, err = b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession)
		_, err = b.SignIn(ctx, from("zhou-ming", goodPass, home))
		wantErr(t, err, ErrSignIn)
		begun, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		_, err = b.SignInPasskey(ctx, begun.Token, key.assert(t, rp, begun), from("", "", home))
		wantErr(t, err, ErrPasskey)
		_, err = b.finish(t, authz.Actor{})
		wantErr(t, err, ErrOIDCNobody)
		wantErr(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}), ErrClosed)

		for _, table := range ownTables {
			dump := dumpTable(t, d, table)
			for _, never := range []string{"zhou-ming", "测试", "990102199001011234", hash, handle, "钥匙", b.loginKey("zhou-ming")} {
				if strings.Contains(dump, never) {
					t.Errorf("%s still holds %q", table, never)
				}
			}
		}
		for _, table := range []string{"account_grant", "account_device", "session", "credential_totp", "credential_recovery", "credential_passkey", "oidc_identity", "apikey"} {
			var n int
			must(t, d.Read().QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE account_id = $1`, acc.ID).Scan(&n))
			if n != 0 {
				t.Errorf("%s: %d rows stay", table, n)
			}
		}
		for _, table := range logTables {
			if dump := dumpTable(t, d, table); strings.Contains(dump, "zhou") || strings.Contains(dump, "测试") || strings.Contains(dump, hash) {
				t.Errorf("%s names a person", table)
			}
		}
		if b.acts(t, "account.open") != 1 || b.acts(t, "account.close") != 1 {
			t.Error("the trail of the account is gone")
		}
		got, held, err := b.Show(ctx, local, acc.ID)
		if err != nil || got.State != Closed || got.Login != "" || got.Name != closedName || len(held) != 0 {
			t.Errorf("%+v %v %v", got, held, err)
		}
		wantErr(t, b.Enable(ctx, local, acc.ID), ErrClosed)
		_, err = b.Reset(ctx, local, acc.ID)
		wantErr(t, err, ErrClosed)

		// Login and person are free again: the same person comes back with another account.
		b.open(t, ResidentAccount, "zhou-ming")
		_, a = b.signIn(t, "zhou-ming")
		if _, _, err = b.Claim(ctx, a, proof); err != nil {
			t.Errorf("the person cannot come back: %v", err)
		}
	})
}

// What others keep of an owner goes in the same transaction: when it cannot, the account stays as it was.
func TestClosingTellsOthers(t *testing.T) {
	t.Parallel()
	var told []int64
	broken := errors.New("no")
	fails := broken
	b := newBench(t, dbtest.SQLite(t), func(c *Config) {
		c.Closing = func(_ context.Context, tx *db.Tx, account int64) error {
			if tx == nil {
				t.Error("outside of the transaction")
			}
			told = append(told, account)
			return fails
		}
	})
	acc := b.open(t, ResidentAccount, "zhou-ming")
	s, a := b.signIn(t, "zhou-ming")
	if err := b.CloseAccount(ctx, a, Closing{Password: goodPass}); !errors.Is(err, broken) {
		t.Fatalf("closed although others keep something: %v", err)
	}
	if _, err := b.Actor(ctx, s.Token); err != nil {
		t.Fatalf("half closed: %v", err)
	}
	fails = nil
	must(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}))
	if len(told) != 2 || told[1] != acc.ID {
		t.Errorf("told %v", told)
	}
}

// TestWhoMayClose: accounts for work are their unit's, and keys act for nobody here.
func TestWhoMayClose(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	for login, kind := range map[string]AccountKind{"staff": StaffAccount, "bank": InstitutionAccount} {
		b.open(t, kind, login)
		_, a := b.signIn(t, login)
		wantErr(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}), ErrCloseWork)
	}
	b.open(t, BusinessAccount, "agent")
	_, a := b.signIn(t, "agent")
	key := a
	key.Kind, key.Session = authz.Key, 0
	wantErr(t, b.CloseAccount(ctx, key, Closing{Password: goodPass}), authz.ErrSignIn)
	var err error
	for range 12 {
		err = b.CloseAccount(ctx, a, Closing{Password: nextPass})
	}
	wantErr(t, err, ErrThrottled)
	b.clock.Advance(time.Hour)
	_, a = b.signIn(t, "agent")
	must(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}))
}

// TestCloseWithoutPassword: a fresh sign-in proves the owner, or a code, which is used up by a refusal that comes later as little as it is used twice.
func TestCloseWithoutPassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBenchWith(t, d, newRing(t), c, x.with(creates(ResidentAccount)))
		in, err := b.finish(t, authz.Actor{})
		must(t, err)
		b.clock.Advance(freshFor)
		a := b.actor(t, in)
		wantErr(t, b.CloseAccount(ctx, a, Closing{}), ErrCloseFresh)
		s, _, codes := b.enrol(t, a)
		a = b.actor(t, s)
		wantErr(t, b.CloseAccount(ctx, a, Closing{}), ErrCloseFresh)
		wantErr(t, b.CloseAccount(ctx, a, Closing{Code: "AAAA-AAAA-AAAA-AAAA"}), ErrCode)
		must(t, b.CloseAccount(ctx, a, Closing{Code: codes[0]}))
		again, err := b.finish(t, authz.Actor{}) // the identity opens another account
		must(t, err)
		if again.Account == in.Account {
			t.Fatal("the closed account opened")
		}
		must(t, b.CloseAccount(ctx, b.actor(t, again), Closing{}))
	})
}
