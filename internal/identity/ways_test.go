package identity

import (
	"sync"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestUntie gives a unified identity up, and refuses when nothing else leads into the account; a passkey that is the last way stays for the same reason.
func TestUntie(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBenchWith(t, d, newRing(t), c, x.with(creates(ResidentAccount)))
		b.open(t, BusinessAccount, "agent")
		_, a := b.signIn(t, "agent")
		if none, err := b.Ties(ctx, a); err != nil || len(none) != 0 {
			t.Fatal(none, err)
		}
		wantErr(t, b.Untie(ctx, a, x.URL), ErrMissing)
		tied, err := b.finish(t, a)
		must(t, err)
		a = b.actor(t, tied)
		ties, err := b.Ties(ctx, a)
		if err != nil || len(ties) != 1 || ties[0].Name != "city" || ties[0].Label != "统一身份" || !ties[0].CreatedAt.Equal(c.Now()) {
			t.Fatalf("%+v %v", ties, err)
		}
		elsewhere, err := b.finish(t, authz.Actor{}) // a session that came in that way
		must(t, err)
		must(t, b.Untie(ctx, a, x.URL))
		b.actor(t, tied)
		_, err = b.Actor(ctx, elsewhere.Token)
		wantErr(t, err, ErrSession)
		if b.acts(t, "oidc.untie") != 1 {
			t.Error("no act")
		}

		// An account that the identity opened has no password: the identity is its last way in until there is a passkey, and then either may go but not both.
		in, err := b.finish(t, authz.Actor{})
		must(t, err)
		a = b.actor(t, in)
		wantErr(t, b.Untie(ctx, a, x.URL), ErrLastWay)
		if ties, _ := b.Ties(ctx, a); len(ties) != 1 {
			t.Fatal("a refused change was made")
		}
		s, _, _ := b.enrol(t, a) // a code is no way in by itself
		wantErr(t, b.Untie(ctx, b.actor(t, s), x.URL), ErrLastWay)
		s, _ = b.addPasskey(t, b.actor(t, s), newStick())
		a = b.actor(t, s)
		weak := a
		weak.Strong = false
		wantErr(t, b.Untie(ctx, weak, x.URL), ErrStrongNeed)
		wantErr(t, b.Untie(ctx, authz.Actor{}, x.URL), authz.ErrSignIn)
		must(t, b.Untie(ctx, a, x.URL))
		keys, err := b.Passkeys(ctx, a)
		must(t, err)
		wantErr(t, b.RemovePasskey(ctx, a, keys[0].ID), ErrLastWay)
		if keys, _ = b.Passkeys(ctx, a); len(keys) != 1 {
			t.Fatal("the last way in is gone")
		}
		must(t, b.RemoveTOTP(ctx, a))
	})
}

// TestTwoWaysAtOnce: of two ways that are given up in the same moment one stays.
func TestTwoWaysAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
		x := newCity(t, c)
		b := newBenchWith(t, d, newRing(t), c, x.with(creates(ResidentAccount)))
		in, err := b.finish(t, authz.Actor{})
		must(t, err)
		s, _ := b.addPasskey(t, b.actor(t, in), newStick())
		a := b.actor(t, s)
		keys, err := b.Passkeys(ctx, a)
		must(t, err)
		var wg sync.WaitGroup
		var untied, removed error
		wg.Go(func() { untied = b.Untie(ctx, a, x.URL) })
		wg.Go(func() { removed = b.RemovePasskey(ctx, a, keys[0].ID) })
		wg.Wait()
		if (untied == nil) == (removed == nil) {
			t.Fatalf("untie: %v, remove: %v", untied, removed)
		}
		if ok, err := b.enters(ctx, d.Read(), a.ID); err != nil || !ok {
			t.Fatalf("nobody gets in any more: %v", err)
		}
	})
}

// TestProviderThatIsGone: an identity of a provider that this installation no longer offers is no way in, and can be given up.
func TestProviderThatIsGone(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
	x := newCity(t, c)
	d, ring := dbtest.SQLite(t), newRing(t)
	b := newBenchWith(t, d, ring, c, x.with())
	b.open(t, BusinessAccount, "agent")
	_, a := b.signIn(t, "agent")
	tied, err := b.finish(t, a)
	must(t, err)
	later := newBenchWith(t, d, ring, c)
	a = later.actor(t, tied)
	ties, err := later.Ties(ctx, a)
	if err != nil || len(ties) != 1 || ties[0].Name != "" || ties[0].Issuer != x.URL {
		t.Fatalf("%+v %v", ties, err)
	}
	must(t, later.Untie(ctx, a, x.URL))
}

// TestRenamePasskey changes a name and nothing else, of one's own passkeys alone.
func TestRenamePasskey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "owner")
		b.open(t, StaffAccount, "other")
		_, a := b.signIn(t, "owner")
		_, oa := b.signIn(t, "other")
		key := newStick()
		s, _ := b.addPasskey(t, a, key)
		a = b.actor(t, s)
		list, err := b.Passkeys(ctx, a)
		must(t, err)
		for _, bad := range []string{"", "  ", "a\nb", string(make([]rune, 51))} {
			wantErr(t, b.RenamePasskey(ctx, a, list[0].ID, bad), ErrPasskeyName)
		}
		wantErr(t, b.RenamePasskey(ctx, oa, list[0].ID, "我的"), ErrMissing)
		wantErr(t, b.RenamePasskey(ctx, a, list[0].ID+1, "我的"), ErrMissing)
		weak := a
		weak.Strong = false
		wantErr(t, b.RenamePasskey(ctx, weak, list[0].ID, "我的"), ErrFactorNeed)
		must(t, b.RenamePasskey(ctx, a, list[0].ID, " 单位的钥匙 "))
		if list, err = b.Passkeys(ctx, a); err != nil || list[0].Label != "单位的钥匙" {
			t.Fatal(list, err)
		}
		c, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		_, err = b.SignInPasskey(ctx, c.Token, key.assert(t, rp, c), from("", "", home))
		must(t, err)
		if b.acts(t, "factor.rename") != 1 {
			t.Error("no act")
		}
	})
}

// TestRecoveryCodesAreCounted as they are used up and made anew.
func TestRecoveryCodesAreCounted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		acc := b.open(t, StaffAccount, "owner")
		left := func() int {
			t.Helper()
			got, _, err := b.Show(ctx, local, acc.ID)
			must(t, err)
			return got.Recovery
		}
		if left() != 0 {
			t.Fatal("codes without a factor")
		}
		_, a := b.signIn(t, "owner")
		s, _, codes := b.enrol(t, a)
		if left() != recoveryCodes {
			t.Fatalf("%d left", left())
		}
		for n := range 2 {
			wait, err := b.SignIn(ctx, from("owner", goodPass, home))
			must(t, err)
			_, err = b.SignInFactor(ctx, wait.Token, codes[n], from("", "", home))
			must(t, err)
		}
		if left() != recoveryCodes-2 {
			t.Fatalf("%d left", left())
		}
		_, err := b.NewRecoveryCodes(ctx, b.actor(t, s))
		must(t, err)
		if left() != recoveryCodes {
			t.Fatalf("%d left", left())
		}
	})
}
