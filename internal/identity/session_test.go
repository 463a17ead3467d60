package identity

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestLimitsOfSessions uses sessions at random moments and holds them to a model of the limits.
func TestLimitsOfSessions(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), func(c *Config) {
		c.Limits = Limits{Idle: 30 * time.Minute, Absolute: 4 * time.Hour, AdminIdle: 10 * time.Minute, AdminAbsolute: 2 * time.Hour, Sessions: 1000}
	})
	b.open(t, StaffAccount, "worker", clerk)
	b.open(t, StaffAccount, "admin", authz.Grant{Role: authz.SystemAdmin})
	rapid.Check(t, func(rt *rapid.T) {
		login, idle, absolute := "worker", 30*time.Minute, 4*time.Hour
		if rapid.Bool().Draw(rt, "admin") {
			login, idle, absolute = "admin", 10*time.Minute, 2*time.Hour
		}
		s, _ := b.signIn(t, login)
		begun, seen, dead := b.clock.Now(), b.clock.Now(), false
		for range rapid.IntRange(1, 40).Draw(rt, "uses") {
			b.clock.Advance(time.Duration(rapid.IntRange(0, 40*60).Draw(rt, "seconds")) * time.Second)
			if rapid.IntRange(0, 5).Draw(rt, "other process") == 0 {
				b.Close() // what was noted is written …
				b.sessions, b.seen = newCache[sessionEntry](), newSeenQueue()
				seen = seen.Add(-seenEvery) // … up to the minute
			}
			now := b.clock.Now()
			_, err := b.Actor(ctx, s.Token)
			alive := !dead && now.Sub(seen) < idle && now.Sub(begun) < absolute
			atMost := !dead && now.Sub(seen.Add(seenEvery)) < idle && now.Sub(begun) < absolute
			if (err == nil) != alive && (err == nil) != atMost {
				rt.Fatalf("after %s, unused for %s: %v", now.Sub(begun), now.Sub(seen), err)
			}
			if err == nil {
				seen = now
			} else {
				dead = true
			}
		}
	})
}

// TestRevocation ends sessions at once here, and within cacheFor in another process.
func TestRevocation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		here := newBench(t, d)
		there := newBenchWith(t, d, here.ring, here.clock)
		acc := here.open(t, StaffAccount, "worker", clerk)
		one, a := here.signIn(t, "worker")
		two, _ := here.signIn(t, "worker")
		three, _ := here.signIn(t, "worker")
		for _, s := range []*Session{one, two, three} {
			there.actor(t, s)
		}
		must(t, here.EndSession(ctx, a, two.ID))
		wantErr(t, here.EndSession(ctx, a, two.ID), ErrMissing)
		_, err := here.Actor(ctx, two.Token)
		wantErr(t, err, ErrSession)
		here.clock.Advance(cacheFor)
		_, err = there.Actor(ctx, two.Token)
		wantErr(t, err, ErrSession)
		there.actor(t, three)

		must(t, here.EndOthers(ctx, a))
		_, err = here.Actor(ctx, three.Token)
		wantErr(t, err, ErrSession)
		here.actor(t, one)
		must(t, here.SignOut(ctx, one.Token))
		must(t, here.SignOut(ctx, one.Token))
		must(t, here.SignOut(ctx, "gxs_nonsense"))
		_, err = here.Actor(ctx, one.Token)
		wantErr(t, err, ErrSession)

		four, _ := here.signIn(t, "worker")
		must(t, here.EndAll(ctx, local, acc.ID))
		_, err = here.Actor(ctx, four.Token)
		wantErr(t, err, ErrSession)

		other := here.open(t, StaffAccount, "stranger")
		_, sa := here.signIn(t, "stranger")
		five, _ := here.signIn(t, "worker")
		wantErr(t, here.EndSession(ctx, sa, five.ID), ErrMissing)
		wantErr(t, here.EndAll(ctx, sa, acc.ID), authz.ErrDenied)
		_ = other
	})
}

// TestListOfSessions shows an owner where the account is in use.
func TestListOfSessions(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Sessions = 3 })
	b.open(t, StaffAccount, "worker")
	first, _ := b.signIn(t, "worker")
	b.clock.Advance(time.Minute)
	in := from("worker", goodPass, "[2001:db8:7:8::1]:443")
	in.Agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) MicroMessenger/9"
	s, err := b.SignIn(ctx, in)
	must(t, err)
	list, err := b.Sessions(ctx, b.actor(t, s))
	must(t, err)
	want := []SessionInfo{
		{ID: s.ID, Device: "微信，iPhone", Address: "2001:db8:7::*", Method: "password", Current: true, CreatedAt: b.clock.Now(), SeenAt: b.clock.Now()},
		{ID: first.ID, Device: "Chrome，Windows", Address: "203.0.113.*", Method: "password", CreatedAt: b.clock.Now().Add(-time.Minute), SeenAt: b.clock.Now().Add(-time.Minute)},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Fatal(diff)
	}
	for range 3 {
		b.clock.Advance(time.Second)
		b.signIn(t, "worker")
	}
	_, err = b.Actor(ctx, first.Token)
	wantErr(t, err, ErrSession) // the oldest gave way
}

// TestLastUseIsWrittenOnceAMinute counts writes while a session is used every second.
func TestLastUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, StaffAccount, "worker")
	s, _ := b.signIn(t, "worker")
	writes, last := 0, int64(0)
	for range 600 {
		b.clock.Advance(time.Second)
		b.actor(t, s)
		b.Close()
		var seen int64
		must(t, b.DB.Read().QueryRowContext(ctx, `SELECT seen_at FROM session WHERE session_id = $1`, s.ID).Scan(&seen))
		if seen != last {
			writes, last = writes+1, seen
		}
	}
	if writes < 9 || writes > 11 {
		t.Fatalf("%d writes in ten minutes", writes)
	}
}

// TestNothingStaleIsKept puts what was read before a revocation into the cache after it.
func TestNothingStaleIsKept(t *testing.T) {
	t.Parallel()
	c := newCache[int]()
	now := time.Unix(1000, 0)
	_, gen := c.get([32]byte{1}, now)
	c.drop(7) // between the read and the put
	v := 1
	c.put([32]byte{1}, 7, &v, now, gen)
	if got, _ := c.get([32]byte{1}, now); got != nil {
		t.Fatal("kept")
	}
	_, gen = c.get([32]byte{1}, now)
	c.put([32]byte{1}, 7, &v, now, gen)
	if got, _ := c.get([32]byte{1}, now); got == nil {
		t.Fatal("not kept")
	}
	if got, _ := c.get([32]byte{1}, now.Add(cacheFor)); got != nil {
		t.Fatal("kept too long")
	}
}

// TestMaxAge asks for a new password once the old one is older than the setting.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), func(c *Config) { c.Passwords.MaxAge = 90 * 24 * time.Hour })
	b.open(t, StaffAccount, "worker", clerk)
	b.clock.Advance(91 * 24 * time.Hour)
	s, a := b.signIn(t, "worker")
	if !s.MustChange || len(a.Grants) != 0 {
		t.Fatalf("%+v %v", s, a.Grants)
	}
	s, err := b.ChangePassword(ctx, a, goodPass, nextPass)
	must(t, err)
	if a := b.actor(t, s); len(a.Grants) != 1 {
		t.Fatal(a.Grants)
	}
}

// TestSweep removes what is over and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "worker")
		_, a := b.signIn(t, "worker")
		_, err := b.BeginTOTP(ctx, a)
		must(t, err)
		_, _ = b.SignIn(ctx, from("nobody", goodPass, home))
		count := func() (n int) {
			for _, table := range []string{"session", "credential_ceremony", "account_throttle", "account_device"} {
				var c int
				must(t, d.Read().QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&c))
				n += c
			}
			return n
		}
		before := count()
		must(t, b.Sweep(ctx))
		if count() != before {
			t.Fatal("swept too early")
		}
		b.clock.Advance(200 * 24 * time.Hour)
		must(t, b.Sweep(ctx))
		if n := count(); n != 0 {
			t.Fatalf("%d rows left", n)
		}
	})
}

func BenchmarkActor(b *testing.B) {
	for _, warm := range []bool{true, false} {
		name := map[bool]string{true: "cached", false: "from the database"}[warm]
		b.Run(name, func(b *testing.B) {
			x := newBench(b, dbtest.SQLite(b))
			x.open(b, StaffAccount, "worker", clerk)
			s, _ := x.signIn(b, "worker")
			for b.Loop() {
				if !warm {
					x.forget(s.Account)
				}
				if _, err := x.Actor(ctx, s.Token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
