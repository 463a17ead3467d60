package identity

import (
	"bytes"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
)

// Secrets that are kept as a plain or keyed hash must have 112 bits (ASVS 5.0 V6.5.2), all that sign somebody in 128 (V7.2.3, V11.5.1).
func TestSecretsAreLongEnough(t *testing.T) {
	t.Parallel()
	if bits := recoveryChars * math.Log2(float64(len(base32Letters))); bits < 112 {
		t.Errorf("a recovery code has %.0f bits", bits)
	}
	if bits := secretChars * math.Log2(float64(len(base32Letters))); bits < 160 {
		t.Errorf("an authenticator's secret has %.0f bits", bits)
	}
	for _, prefix := range []string{sessionPrefix, devicePrefix, keyPrefix, ceremonyPrefix, oidcPrefix} {
		raw := token(prefix)
		if len(strings.TrimPrefix(raw, prefix))*6 < 256 || raw == token(prefix) {
			t.Errorf("a token with %s is short or comes twice", prefix)
		}
	}
}

// A recovery code is shown in groups of four, and read back with or without them.
func TestRecoveryCodeIsReadAsWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, StaffAccount, "owner")
	_, a := b.signIn(t, "owner")
	_, _, codes := b.enrol(t, a)
	for i, code := range []string{codes[0], strings.ReplaceAll(codes[1], "-", ""), strings.ToLower(strings.ReplaceAll(codes[2], "-", " "))} {
		if len(codes[i]) != recoveryChars+recoveryChars/4-1 {
			t.Errorf("shown as %q", codes[i])
		}
		try := from("owner", goodPass, home)
		try.Code = code
		if s, err := b.SignIn(ctx, try); err != nil || !s.Strong {
			t.Errorf("code %d: %v", i, err)
		}
	}
}

// A provider that leads elsewhere is not followed: what is sent, also the client's secret, goes to the configured address alone.
func TestProviderIsNotFollowedElsewhere(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(other.Close)
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(first.Close)
	b := newBench(t, dbtest.SQLite(t), func(c *Config) {
		c.Providers = []Provider{{Name: "city", Label: "统一身份", Issuer: first.URL, ClientID: "gongxin", ClientSecret: "s3cret", RedirectURL: "http://127.0.0.1/cb"}}
	})
	_, err := b.BeginOIDC(ctx, "city", authz.Actor{}, home)
	wantErr(t, err, ErrOIDCDown)
	if asked.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// Attempts that come too fast leave a line with the kind of gate and nothing of who is meant.
func TestThrottledAttemptsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, dbtest.SQLite(t), func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	b.open(t, StaffAccount, "owner")
	for range gatePair.free + 2 {
		_, _ = b.SignIn(ctx, from("owner", "a wrong password", home))
	}
	got := log.String()
	if !strings.Contains(got, `"msg":"throttled"`) || !strings.Contains(got, `"gate":"pair"`) {
		t.Errorf("the log says %q", got)
	}
	if strings.Contains(got, "owner") || strings.Contains(got, home) || strings.Contains(got, "wrong password") {
		t.Errorf("the log betrays who is meant: %s", got)
	}
}

// An answer that comes to another provider's address than the one that was asked is refused: a provider cannot pass its answers off as another's.
func TestAnswersOfAnotherProviderAreRefused(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone))
	x := newCity(t, c)
	b := newBench(t, dbtest.SQLite(t), x.with(), func(conf *Config) { conf.Clock = c })
	b.clock = c
	answer := b.browse(t, authz.Actor{})
	answer.Provider = "other"
	_, err := b.FinishOIDC(ctx, answer, from("", "", home))
	wantErr(t, err, ErrOIDC)
	answer = b.browse(t, authz.Actor{})
	answer.Provider = "city"
	_, err = b.FinishOIDC(ctx, answer, from("", "", home))
	wantErr(t, err, ErrOIDCNobody) // taken, though nobody is tied to it yet
}

// A password that an administrator hands over does not open an account past its second factor.
func TestResetLeavesTheFactor(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	acc := b.open(t, StaffAccount, "owner")
	_, a := b.signIn(t, "owner")
	b.enrol(t, a)
	temp, err := b.Reset(ctx, local, acc.ID)
	must(t, err)
	s, err := b.SignIn(ctx, from("owner", temp, home))
	must(t, err)
	if !s.FactorDue {
		t.Errorf("the second factor is passed over: %+v", s)
	}
	_, err = b.Actor(ctx, s.Token)
	if err == nil {
		t.Error("a session without its second factor opens")
	}
}

// A password that was handed over and not used for a week opens nothing; a new one does, and one's own never ends.
func TestHandedOutPasswordsExpire(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	acc, temp, err := b.Open(ctx, local, NewAccount{Kind: StaffAccount, Login: "late", Name: "某", HandOut: true})
	must(t, err)
	b.clock.Advance(HandedOutFor + time.Minute)
	_, err = b.SignIn(ctx, from("late", "a wrong password", home))
	wantErr(t, err, ErrSignIn) // who does not know the password learns nothing
	_, err = b.SignIn(ctx, from("late", temp, home))
	wantErr(t, err, ErrHandedOut)
	if n := b.acts(t, "session.refuse"); n != 2 {
		t.Errorf("%d refusals are on file", n)
	}
	temp, err = b.Reset(ctx, local, acc.ID)
	must(t, err)
	b.clock.Advance(HandedOutFor)
	s, err := b.SignIn(ctx, from("late", temp, home))
	must(t, err)
	_, err = b.ChangePassword(ctx, b.actor(t, s), temp, goodPass)
	must(t, err)
	b.clock.Advance(10 * HandedOutFor)
	_, err = b.SignIn(ctx, from("late", goodPass, home))
	must(t, err)
}
