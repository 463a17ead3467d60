package identity

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func contentHas(err error, text string) bool { return strings.Contains(err.Error(), text) }

// TestRFC6238 holds codes to the vectors of RFC 6238 appendix B (SHA-1, the last six of their eight digits).
func TestRFC6238(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		got, err := codeAt(secret, at/stepSeconds)
		if err != nil || got != want {
			t.Errorf("at %d: %s, want %s (%v)", at, got, want, err)
		}
		for shift, ok := range map[time.Duration]bool{-90 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 90 * time.Second: false} {
			step, err := matchStep(secret, want, time.Unix(at, 0).Add(shift), 0)
			if err != nil || (step > 0) != ok {
				t.Errorf("at %d, clock off by %s: %v", at, shift, step)
			}
		}
		if step, _ := matchStep(secret, want, time.Unix(at, 0), at/stepSeconds); step != 0 {
			t.Errorf("at %d a step passes twice", at)
		}
	}
}

// TestSecondFactor walks enrolment, the two-step sign-in, replay, recovery codes and removal.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "auditor", authz.Grant{Role: authz.Auditor})
		other, _ := b.signIn(t, "auditor")
		s, a := b.signIn(t, "auditor")
		if !s.EnrolDue || a.Strong {
			t.Fatalf("%+v", s)
		}
		setup, err := b.BeginTOTP(ctx, a)
		must(t, err)
		u, err := url.Parse(setup.URL)
		if err != nil || u.Scheme != "otpauth" || u.Query().Get("secret") != setup.Secret || u.Query().Get("issuer") != "公信" || !strings.HasSuffix(u.Path, ":auditor") {
			t.Fatal(setup.URL, err)
		}
		_, _, err = b.ConfirmTOTP(ctx, a, setup.Ceremony, "000000")
		wantErr(t, err, ErrCode)
		code := b.code(t, setup.Secret)
		strong, codes, err := b.ConfirmTOTP(ctx, a, setup.Ceremony, code[:3]+" "+code[3:])
		must(t, err)
		for _, old := range []*Session{s, other} {
			_, err := b.Actor(ctx, old.Token)
			wantErr(t, err, ErrSession)
		}
		if a = b.actor(t, strong); !a.Strong || len(codes) != recoveryCodes || !strong.Strong || strong.EnrolDue {
			t.Fatalf("%+v with %d codes", strong, len(codes))
		}
		_, _, err = b.ConfirmTOTP(ctx, a, setup.Ceremony, b.code(t, setup.Secret))
		wantErr(t, err, ErrCeremony)

		wait, err := b.SignIn(ctx, from("auditor", goodPass, home))
		if err != nil || !wait.FactorDue || !wait.TOTP || wait.Device != "" {
			t.Fatalf("%+v, %v", wait, err)
		}
		_, err = b.Actor(ctx, wait.Token)
		wantErr(t, err, ErrFactorDue)
		_, err = b.SignInFactor(ctx, wait.Token, code, from("", "", home)) // enrolment used this step
		wantErr(t, err, ErrSignIn)
		b.clock.Advance(stepSeconds * time.Second)
		full, err := b.SignInFactor(ctx, wait.Token, b.code(t, setup.Secret), from("", "", home))
		must(t, err)
		if a = b.actor(t, full); !a.Strong || !hasRole(a, authz.Auditor) || full.Token == wait.Token {
			t.Fatalf("%+v", a)
		}
		_, err = b.Actor(ctx, wait.Token)
		wantErr(t, err, ErrSession)
		_, err = b.SignInFactor(ctx, full.Token, codes[0], from("", "", home))
		wantErr(t, err, ErrSession)
		wantErr(t, b.RemoveTOTP(ctx, a), ErrFactorLast)

		late, err := b.SignIn(ctx, from("auditor", goodPass, home))
		must(t, err)
		b.clock.Advance(b.Limits.Factor)
		_, err = b.SignInFactor(ctx, late.Token, b.code(t, setup.Secret), from("", "", home))
		wantErr(t, err, ErrSession)

		in := from("auditor", goodPass, home)
		in.Code = strings.ToLower(codes[3])
		if s, err := b.SignIn(ctx, in); err != nil || !s.Strong {
			t.Fatalf("%+v, %v", s, err)
		}
		_, err = b.SignIn(ctx, in)
		wantErr(t, err, ErrSignIn)
		if n := b.acts(t, "factor.recover"); n != 1 {
			t.Fatalf("%d acts of recovery", n)
		}
	})
}

// TestCodeOnce lets many attempts use one code at once; one gets in.
func TestCodeOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, StaffAccount, "owner")
		s, a := b.signIn(t, "owner")
		_, secret, codes := b.enrol(t, a)
		b.clock.Advance(stepSeconds * time.Second)
		for _, code := range []string{b.code(t, secret), codes[0]} {
			var in atomic.Int64
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					try := from("owner", goodPass, home)
					try.Code, try.Device = code, s.Device
					if _, err := b.SignIn(ctx, try); err == nil {
						in.Add(1)
					} else if !errors.Is(err, ErrSignIn) && !errors.Is(err, ErrThrottled) { // the others may come after the refusals of the first
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if in.Load() != 1 {
				t.Errorf("%d sessions from one code", in.Load())
			}
		}
	})
}

// TestFactorNeedsFactor keeps whoever has only the password from changing the second factor.
func TestFactorNeedsFactor(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	acc := b.open(t, StaffAccount, "owner")
	_, weak := b.signIn(t, "owner")
	strong, _, _ := b.enrol(t, weak)
	weak.Strong = false // as a session from before would be
	_, err := b.BeginTOTP(ctx, weak)
	wantErr(t, err, ErrFactorNeed)
	_, err = b.BeginPasskey(ctx, weak)
	wantErr(t, err, ErrFactorNeed)
	_, err = b.NewRecoveryCodes(ctx, weak)
	wantErr(t, err, ErrFactorNeed)
	wantErr(t, b.RemoveTOTP(ctx, weak), ErrFactorNeed)
	a := b.actor(t, strong)
	codes, err := b.NewRecoveryCodes(ctx, a)
	if err != nil || len(codes) != recoveryCodes {
		t.Fatal(codes, err)
	}
	must(t, b.RemoveTOTP(ctx, a)) // no administrator: may do without
	if s, _ := b.signIn(t, "owner"); s.FactorDue {
		t.Fatal("a factor is due that is gone")
	}
	in := from("owner", goodPass, home)
	in.Code = codes[0]
	if s, err := b.SignIn(ctx, in); err != nil || s.Strong {
		t.Fatalf("a recovery code of a factor that is gone counts: %+v, %v", s, err)
	}
	must(t, b.ResetFactor(ctx, local, acc.ID))
}

// TestGuessingCodesIsSlow counts the codes that come through for somebody who has the password.
func TestGuessingCodesIsSlow(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, StaffAccount, "owner")
	_, a := b.signIn(t, "owner")
	b.enrol(t, a)
	through := 0
	for i := range 300 {
		s, err := b.SignIn(ctx, from("owner", goodPass, "198.51.100."+string(rune('0'+i%10))))
		must(t, err)
		if _, err := b.SignInFactor(ctx, s.Token, "000000", from("", "", "198.51.100."+string(rune('0'+i%10)))); errors.Is(err, ErrSignIn) {
			through++
		} else {
			wantErr(t, err, ErrThrottled)
		}
	}
	if through > int(gateFactors.free)+1 {
		t.Fatalf("%d codes tried at once from ten addresses", through)
	}
}
