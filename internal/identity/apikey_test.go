package identity

import (
	"net/netip"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func prefixes(t testing.TB, text string) []netip.Prefix {
	t.Helper()
	out, err := ParseNetworks(text)
	must(t, err)
	return out
}

// TestKeys walks a key from its making over its rotation to its end.
func TestKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		there := newBenchWith(t, d, b.ring, b.clock)
		a := b.strong(t, StaffAccount, "filer", clerk)
		spec := KeySpec{
			Label: "前置机", Scopes: []authz.Action{authz.SubmissionRead, authz.SubmissionCreate, authz.SubmissionRead}, Networks: prefixes(t, "203.0.113.0/24, 2001:db8::/32"),
			Expires: b.clock.Now().Add(100 * 24 * time.Hour),
		}
		k, raw, err := b.NewKey(ctx, a, a.ID, spec)
		must(t, err)
		act, err := b.KeyActor(ctx, raw, "203.0.113.9:4433")
		must(t, err)
		if act.Kind != authz.Key || act.ID != a.ID || act.Strong || act.Session != k.ID || !hasRole(act, authz.FilingClerk) || len(act.Scopes) != 2 || act.Address != "203.0.113.9:4433" {
			t.Fatalf("%+v", act)
		}
		if d := b.Authority.Decide(act, authz.SubmissionCreate, authz.Scope{Agency: 7}); !d.Allowed {
			t.Fatal(d.Why)
		}
		if d := b.Authority.Decide(act, authz.QueueRead, authz.Scope{Agency: 7}); d.Allowed {
			t.Fatal("beyond the scopes")
		}
		_, err = b.KeyActor(ctx, raw, "2001:db8:1::5")
		must(t, err)
		for _, address := range []string{"198.51.100.1", "", "nonsense"} {
			_, err = b.KeyActor(ctx, raw, address)
			wantErr(t, err, ErrKeyAddress)
		}
		for i := range raw { // no other spelling, no other secret
			wrong := []byte(raw)
			wrong[i] ^= 1
			_, err = b.KeyActor(ctx, string(wrong), "203.0.113.9")
			wantErr(t, err, ErrKey)
		}
		_, err = there.KeyActor(ctx, raw, "203.0.113.9")
		must(t, err)

		next, raw2, err := b.RotateKey(ctx, a, k.ID, 24*time.Hour)
		must(t, err)
		if next.Label != k.Label || len(next.Scopes) != 2 || len(next.Networks) != 2 || next.Expires.Sub(b.clock.Now()) != 100*24*time.Hour {
			t.Fatalf("%+v", next)
		}
		_, _, err = b.RotateKey(ctx, a, k.ID, time.Hour)
		wantErr(t, err, ErrKey)
		for _, r := range []string{raw, raw2} {
			_, err = b.KeyActor(ctx, r, "203.0.113.9")
			must(t, err)
		}
		b.clock.Advance(24 * time.Hour)
		_, err = b.KeyActor(ctx, raw, "203.0.113.9")
		wantErr(t, err, ErrKey)
		_, err = b.KeyActor(ctx, raw2, "203.0.113.9")
		must(t, err)
		_, err = there.KeyActor(ctx, raw2, "203.0.113.9")
		must(t, err)
		stands, err := b.KeyStands(ctx, next.ID)
		must(t, err)
		if stands.ID != a.ID || stands.Kind != authz.Key || stands.Session != next.ID || len(stands.Scopes) != len(next.Scopes) || len(stands.Grants) == 0 {
			t.Errorf("behind the key's number: %+v", stands)
		}
		_, err = b.KeyStands(ctx, k.ID) // replaced, and its overlap is over
		wantErr(t, err, ErrKey)
		_, err = b.KeyStands(ctx, 1)
		wantErr(t, err, ErrKey)
		must(t, b.RevokeKey(ctx, a, next.ID))
		_, err = there.KeyStands(ctx, next.ID) // at once, in every process
		wantErr(t, err, ErrKey)
		_, err = b.KeyActor(ctx, raw2, "203.0.113.9")
		wantErr(t, err, ErrKey)
		b.clock.Advance(cacheFor)
		_, err = there.KeyActor(ctx, raw2, "203.0.113.9")
		wantErr(t, err, ErrKey)
		wantErr(t, b.RevokeKey(ctx, a, next.ID), ErrKey)
		list, err := b.Keys(ctx, local, a.ID)
		if err != nil || len(list) != 2 || list[0].ID != next.ID || list[1].Successor != next.ID || list[1].UsedAt.IsZero() {
			t.Fatalf("%+v, %v", list, err)
		}
		for action, want := range map[string]int{"key.new": 1, "key.rotate": 1, "key.revoke": 1} {
			if n := b.acts(t, action); n != want {
				t.Errorf("%d acts %s", n, action)
			}
		}
	})
}

// TestKeyRules refuses keys that last too long, may do nothing or too much, or belong to somebody else; a closed account's keys stop.
func TestKeyRules(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	a := b.strong(t, StaffAccount, "filer", clerk)
	now := b.clock.Now()
	good := KeySpec{Label: "k", Scopes: []authz.Action{authz.SubmissionCreate}, Expires: now.Add(time.Hour)}
	for name, c := range map[string]struct {
		change func(*KeySpec)
		want   error
	}{
		"no expiry":     {func(k *KeySpec) { k.Expires = time.Time{} }, ErrKeyExpiry},
		"past":          {func(k *KeySpec) { k.Expires = now }, ErrKeyExpiry},
		"two years":     {func(k *KeySpec) { k.Expires = now.AddDate(2, 0, 0) }, ErrKeyExpiry},
		"no scopes":     {func(k *KeySpec) { k.Scopes = nil }, ErrKeyScopes},
		"not by key":    {func(k *KeySpec) { k.Scopes = []authz.Action{authz.AccountManage} }, ErrKeyScopes},
		"unknown scope": {func(k *KeySpec) { k.Scopes = []authz.Action{"x.y"} }, ErrKeyScopes},
		"no label":      {func(k *KeySpec) { k.Label = " " }, ErrKeyLabel},
		"everywhere":    {func(k *KeySpec) { k.Networks = []netip.Prefix{netip.MustParsePrefix("::/0")} }, ErrNetworks},
	} {
		spec := good
		c.change(&spec)
		if _, _, err := b.NewKey(ctx, a, a.ID, spec); err == nil {
			t.Errorf("%s: made", name)
		} else {
			wantErr(t, err, c.want)
		}
	}
	b.open(t, StaffAccount, "weak", clerk)
	_, weak := b.signIn(t, "weak")
	_, _, err := b.NewKey(ctx, weak, weak.ID, good)
	wantErr(t, err, authz.ErrFactor)
	_, _, err = b.NewKey(ctx, weak, a.ID, good)
	wantErr(t, err, authz.ErrDenied)
	k, raw, err := b.NewKey(ctx, a, a.ID, good)
	must(t, err)
	wantErr(t, b.RevokeKey(ctx, weak, k.ID), authz.ErrDenied)
	_, _, err = b.RotateKey(ctx, a, k.ID, MaxOverlap+1)
	wantErr(t, err, ErrKeyOverlap)
	_, err = b.KeyActor(ctx, raw, home)
	must(t, err)
	_, err = b.KeyStands(ctx, k.ID)
	must(t, err)
	must(t, b.Disable(ctx, local, a.ID))
	_, err = b.KeyStands(ctx, k.ID)
	wantErr(t, err, ErrKey)
	_, err = b.KeyActor(ctx, raw, home)
	wantErr(t, err, ErrKey)
	must(t, b.Enable(ctx, local, a.ID))
	b.clock.Advance(time.Hour)
	_, err = b.KeyActor(ctx, raw, home)
	wantErr(t, err, ErrKey)
}

func FuzzParseKey(f *testing.F) {
	f.Add(formatKey(7, token("")))
	f.Add("gxk_")
	f.Add("gxk_0000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, raw string) {
		id, _, ok := parseKey(raw)
		if ok && formatKey(id, raw[len(keyPrefix)+keyIDChars+1:]) != raw {
			t.Fatalf("%q is read as another key", raw)
		}
		if ok && id <= 0 {
			t.Fatal(id)
		}
	})
}

func FuzzTokenHash(f *testing.F) {
	f.Add(token(sessionPrefix))
	f.Add("gxs_" + "A")
	f.Fuzz(func(t *testing.T, raw string) {
		if h, ok := tokenHash(sessionPrefix, raw); ok {
			// Two spellings of one token would be two tokens: the hash is over the text.
			if h2, ok2 := tokenHash(sessionPrefix, raw); !ok2 || h != h2 || len(raw) != 47 {
				t.Fatal(raw)
			}
		}
	})
}

func FuzzParseNetworks(f *testing.F) {
	for _, s := range []string{"203.0.113.0/24", "203.0.113.7", "2001:db8::/32, ::1", "::ffff:1.2.3.4/120", "0.0.0.0/0", "1.2.3.4/33", "fe80::1%eth0", "，，"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseNetworks(text)
		if err != nil {
			return
		}
		again, err := ParseNetworks(formatNetworks(list))
		if err != nil || formatNetworks(again) != formatNetworks(list) {
			t.Fatalf("%q does not come back: %v, %v", text, list, err)
		}
		for _, p := range list {
			if p.Bits() == 0 || p != p.Masked() || !within(list, p.Addr().String()) {
				t.Fatalf("%q gives %s", text, p)
			}
		}
		if len(list) > 0 && within(list, "not an address") {
			t.Fatal("allowed from nowhere")
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=16,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=255$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseHash(text)
		if err == nil && (p.memory > maxMemoryKiB || p.passes == 0 || p.lanes == 0 || len(p.sum) < 16) {
			t.Fatalf("%q: %+v", text, p)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "203.0.113.7:80", "[2001:db8::1]:443", "::ffff:1.2.3.4", "fe80::1%eth0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n := network(s); n == "" {
			t.Fatal("no network")
		}
		if m := maskAddress(s); m != "" && m == s {
			t.Fatalf("%q is not masked", s)
		}
	})
}

func BenchmarkKeyActor(b *testing.B) {
	for _, warm := range []bool{true, false} {
		name := map[bool]string{true: "cached", false: "from the database"}[warm]
		b.Run(name, func(b *testing.B) {
			x := newBench(b, dbtest.SQLite(b))
			acc := x.open(b, StaffAccount, "filer", clerk)
			_, raw, err := x.NewKey(ctx, local, acc.ID, KeySpec{Label: "k", Scopes: []authz.Action{authz.SubmissionCreate}, Networks: prefixes(b, "203.0.113.0/24"), Expires: x.clock.Now().Add(time.Hour)})
			must(b, err)
			for b.Loop() {
				if !warm {
					x.forget(acc.ID)
				}
				if _, err := x.KeyActor(ctx, raw, home); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
