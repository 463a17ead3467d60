package identity

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestNobodyLocksOutTheOwner lets an attacker guess from any address but the owner's, as often and with what he likes, and has the owner come
// by now and then. The owner always gets in, at the first try, and the attacker never does.
func TestNobodyLocksOutTheOwner(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	b := newBench(t, d)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		login := fmt.Sprintf("owner%d", n)
		b.open(t, ResidentAccount, login)
		devices := []string{"", token(devicePrefix)}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				if _, err := b.SignIn(ctx, from(login, goodPass, home)); err != nil {
					rt.Fatalf("the owner is refused: %v", err)
				}
			case 1:
				b.clock.Advance(time.Duration(rapid.IntRange(0, 3600).Draw(rt, "seconds")) * time.Second)
			default:
				address := rapid.SampledFrom([]string{"198.51.100.1", "198.51.100.2:5555", "203.0.113.8", "2001:db8::1", "2001:db8:0:1::1", "", "nonsense"}).Draw(rt, "address")
				in := from(login, rapid.SampledFrom([]string{"guess-one-guess", "Seven-herons-over-linxi", "", goodPass + " "}).Draw(rt, "guess"), address)
				in.Code = rapid.SampledFrom([]string{"", "000000", "AAAA-BBBB-CCCC-DDDD"}).Draw(rt, "code")
				in.Device = rapid.SampledFrom(devices).Draw(rt, "device")
				if _, err := b.SignIn(ctx, in); err == nil {
					rt.Fatal("a wrong password opens the account")
				}
			}
		}
		if _, err := b.SignIn(ctx, from(login, goodPass, home)); err != nil {
			rt.Fatalf("the owner is refused at the end: %v", err)
		}
	})
}

// TestFactorsCannotBeLockedWithoutThePassword has strangers try codes; the owner's code still counts, from a browser that nobody knows.
func TestFactorsCannotBeLockedWithoutThePassword(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, StaffAccount, "owner")
	_, a := b.signIn(t, "owner")
	_, secret, _ := b.enrol(t, a)
	for i := range 200 {
		in := from("owner", "a wrong password", fmt.Sprintf("198.51.100.%d", i%250))
		in.Code = "123456"
		if _, err := b.SignIn(ctx, in); err == nil {
			t.Fatal("in")
		}
	}
	b.clock.Advance(stepSeconds * 2 * time.Second)
	in := from("owner", goodPass, home)
	in.Code = b.code(t, secret)
	if s, err := b.SignIn(ctx, in); err != nil || !s.Strong {
		t.Fatalf("%+v, %v", s, err)
	}
}

// TestGuessingIsSlow counts how many guesses come through in a day, from one address and one after the other or all at once.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "owner")
		var through atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if _, err := b.SignIn(ctx, from("owner", "a wrong password", "198.51.100.9")); errors.Is(err, ErrSignIn) {
					through.Add(1)
				}
			})
		}
		wg.Wait()
		if n := through.Load(); n > gatePair.free+1 || n < 1 {
			t.Fatalf("%d of 30 at once came through, %d are free", n, gatePair.free)
		}
		count := 0
		for end := b.clock.Now().Add(forget); b.clock.Now().Before(end); {
			_, err := b.SignIn(ctx, from("owner", "a wrong password", "198.51.100.9"))
			var wait *Throttled
			switch {
			case errors.As(err, &wait):
				b.clock.Advance(wait.Wait)
			case errors.Is(err, ErrSignIn):
				count++
			default:
				t.Fatal(err)
			}
		}
		if count > 110 || count < 90 { // a day holds 96 times 15 minutes
			t.Fatalf("%d guesses a day", count)
		}
	})
}

// TestNeighboursAreNotLockedOut shows the ways in that stay open when somebody guesses from the owner's own address.
func TestNeighboursAreNotLockedOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "owner")
		s, a := b.signIn(t, "owner")
		_, secret, codes := b.enrol(t, a)
		attack := func() {
			for range 60 {
				_, err := b.SignIn(ctx, from("owner", "a wrong password", home))
				if err == nil {
					t.Fatal("in")
				}
			}
		}
		attack()
		_, err := b.SignIn(ctx, from("owner", goodPass, home))
		wantErr(t, err, ErrThrottled)

		known := from("owner", goodPass, home)
		known.Device = s.Device
		if out, err := b.SignIn(ctx, known); err != nil || !out.FactorDue {
			t.Fatalf("a browser that is known: %+v, %v", out, err)
		}
		attack()
		b.clock.Advance(time.Minute)
		attack()
		along := from("owner", goodPass, home)
		along.Code = b.code(t, secret)
		if out, err := b.SignIn(ctx, along); err != nil || !out.Strong {
			t.Fatalf("a code along with the password: %+v, %v", out, err)
		}
		attack()
		for range 20 { // now codes are guessed too
			in := from("owner", "a wrong password", home)
			in.Code = "111111"
			if _, err := b.SignIn(ctx, in); err == nil {
				t.Fatal("in")
			}
		}
		along.Code = codes[0]
		if out, err := b.SignIn(ctx, along); err != nil || !out.Strong {
			t.Fatalf("a recovery code: %+v, %v", out, err)
		}
		attack()
		if _, err := b.SignIn(ctx, along); err == nil {
			t.Fatal("a recovery code passes twice")
		}
	})
}

// TestSprayingIsSlow holds one address that tries many logins, and a valid account of its own does not free it.
func TestSprayingIsSlow(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, ResidentAccount, "attacker")
	through := 0
	for i := range 400 {
		if _, err := b.SignIn(ctx, from(fmt.Sprintf("victim%d", i), "spring-2026-spring", home)); errors.Is(err, ErrSignIn) {
			through++
		}
		_, _ = b.SignIn(ctx, from("attacker", goodPass, home))
	}
	if through > int(gateAddress.free)+2 {
		t.Fatalf("%d logins tried without a wait", through)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	var last time.Duration
	for n := int64(0); n < 200; n++ {
		d := gatePair.delay(n)
		if d < last || d > gatePair.most || (n <= gatePair.free) != (d == 0) {
			t.Fatalf("after %d attempts the wait is %s, before it was %s", n, d, last)
		}
		last = d
	}
	if last != gatePair.most {
		t.Fatal(last)
	}
}

func TestMessageOfAWait(t *testing.T) {
	t.Parallel()
	err := error(&Throttled{1500 * time.Millisecond})
	if want := "尝试次数过多，请在 2 秒后再试"; !errors.Is(err, ErrThrottled) || !contentHas(err, want) {
		t.Fatal(err)
	}
}

// TestSlipsAreForgotten has a department behind one address mistype now and then for a month; nobody there has to wait.
func TestSlipsAreForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	for i := range 20 {
		b.open(t, StaffAccount, fmt.Sprintf("worker%d", i))
	}
	for i := range 600 {
		login := fmt.Sprintf("worker%d", i%20)
		if _, err := b.SignIn(ctx, from(login, "a slip of the finger", home)); !errors.Is(err, ErrSignIn) {
			t.Fatalf("slip %d: %v", i, err)
		}
		if _, err := b.SignIn(ctx, from(login, goodPass, home)); err != nil {
			t.Fatalf("after slip %d: %v", i, err)
		}
		b.clock.Advance(5 * time.Minute)
	}
}
