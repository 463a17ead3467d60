package identity

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), func(c *Config) { c.Passwords.Words = []string{"linxi", "临溪市"} })
	for p, want := range map[string]error{
		goodPass: nil, "春江花月夜何处不相思": nil, "correct battery": nil, "ｆｕｌｌ　ｗｉｄｔｈ　ｗｏｒｄｓ": nil,
		"short": ErrPasswordShort, "九个汉字也还是太短": ErrPasswordShort, strings.Repeat("long ", 30): ErrPasswordLong,
		"wangwei01": ErrPasswordShort, "wangwei.clerk": ErrPasswordLogin, "Wangwei.Clerk123!": ErrPasswordLogin, "krelc.iewgnaw": ErrPasswordLogin, "linxi20261122": ErrPasswordLogin,
		"1234567890": ErrPasswordCommon, "aaaaaaaaaaaa": ErrPasswordCommon, "abcabcabcabc": ErrPasswordCommon, "qwertyuiop": ErrPasswordCommon, "poiuytrewq": ErrPasswordCommon,
		"1qaz2wsx3edc": ErrPasswordCommon, "woaini1314520": ErrPasswordCommon, "WoAiNi1314520": ErrPasswordCommon, "zhang123456": ErrPasswordCommon, "password123": ErrPasswordCommon,
		"Passw0rd@2024": ErrPasswordCommon, "!!woaini1314520!!": ErrPasswordCommon, "ｗｏａｉｎｉ１３１４５２０": ErrPasswordCommon, "5201314woaini": ErrPasswordCommon, "gongxin@123456": ErrPasswordCommon,
		"admin123456": ErrPasswordCommon, "qq123456789": ErrPasswordCommon, "iloveyou1314": ErrPasswordCommon, "a123456789": ErrPasswordCommon, "helloworld123": ErrPasswordCommon,
	} {
		if err := b.checkPassword(p, "wangwei.clerk", "王维"); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%q: %v, want %v", p, err, want)
		}
	}
}

// TestHash holds the stored form to what it says, and refuses parameters that would exhaust memory.
func TestHash(t *testing.T) {
	t.Parallel()
	h, err := newHasher(Hashing{MemoryKiB: 16, Passes: 2, Lanes: 1}.defaults())
	must(t, err)
	text, err := h.hash(ctx, goodPass)
	must(t, err)
	if !strings.HasPrefix(text, "$argon2id$v=19$m=16,t=2,p=1$") {
		t.Fatal(text)
	}
	ok, stale, err := h.check(ctx, text, goodPass, false)
	if !ok || stale || err != nil {
		t.Fatal(ok, stale, err)
	}
	if ok, _, _ := h.check(ctx, text, goodPass+"x", false); ok {
		t.Fatal("a wrong password passes")
	}
	if ok, _, err := h.check(ctx, "", goodPass, false); ok || err != nil {
		t.Fatal("no hash, and a password passes", err)
	}
	other, err := newHasher(Hashing{MemoryKiB: 32, Passes: 1, Lanes: 1}.defaults())
	must(t, err)
	if ok, stale, err := other.check(ctx, text, goodPass, false); !ok || !stale || err != nil {
		t.Fatal("changed parameters:", ok, stale, err)
	}
	for _, bad := range []string{"$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2i$v=19$m=16,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "x", "$argon2id$v=19$m=16,t=0,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"} {
		if _, err := parseHash(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if d := (Hashing{}).defaults(); d.MemoryKiB != 64<<10 || d.Passes != 3 || d.Lanes != 4 {
		t.Fatalf("RFC 9106 section 4 recommends 64 MiB, 3 passes, 4 lanes; here %+v", d)
	}
}

// TestRehash keeps passwords under today's parameters as their owners sign in.
func TestRehash(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		acc := b.open(t, StaffAccount, "worker")
		now := newBenchWith(t, d, b.ring, b.clock, func(c *Config) { c.Hashing.MemoryKiB = 24 })
		now.signIn(t, "worker")
		r, err := now.byID(ctx, d.Read(), acc.ID)
		must(t, err)
		if !strings.Contains(r.hash, "m=24,") {
			t.Fatal(r.hash)
		}
		now.signIn(t, "worker")
	})
}

// TestHashingIsBounded runs many attempts and sees never more than allowed at once; the lane of known browsers stays free.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	h, err := newHasher(Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 2, Wait: time.Minute}.defaults())
	must(t, err)
	text, err := h.hash(ctx, goodPass)
	must(t, err)
	inner := h.run
	var now, most atomic.Int64
	started, release := make(chan struct{}, 64), make(chan struct{})
	h.run = func(p, salt []byte, a, b uint32, c uint8, n uint32) []byte {
		v := now.Add(1)
		for m := most.Load(); v > m && !most.CompareAndSwap(m, v); m = most.Load() {
		}
		started <- struct{}{}
		<-release
		defer now.Add(-1)
		return inner(p, salt, a, b, c, n)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if ok, _, err := h.check(ctx, text, goodPass, false); !ok || err != nil {
				t.Error(ok, err)
			}
		})
	}
	<-started
	<-started
	wg.Go(func() { // a known browser does not wait for the twenty
		if ok, _, err := h.check(ctx, text, goodPass, true); !ok || err != nil {
			t.Error(ok, err)
		}
	})
	<-started
	if now.Load() != 3 {
		t.Fatalf("%d at once", now.Load())
	}
	close(release)
	wg.Wait()
	if most.Load() > 3 {
		t.Fatalf("%d hashes at once, allowed are two and one", most.Load())
	}
	full, err := newHasher(Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 1, Wait: time.Nanosecond}.defaults())
	must(t, err)
	leave, err := full.enter(ctx, false)
	must(t, err)
	defer leave()
	_, _, err = full.check(ctx, text, goodPass, false)
	wantErr(t, err, ErrBusy)
}

// TestNoEnumeration gives the same answer, the same gates and the same work for a login that does not exist.
func TestNoEnumeration(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, StaffAccount, "worker")
	acc := b.open(t, StaffAccount, "closed")
	must(t, b.Disable(ctx, local, acc.ID))
	type answer struct {
		err  string
		runs int64
	}
	var answers [3][]answer
	for i, login := range []string{"worker", "nobody", "closed"} {
		for range 8 {
			before := b.runs.Load()
			_, err := b.SignIn(ctx, from(login, "not the password", "198.51.100."+string(rune('1'+i))))
			answers[i] = append(answers[i], answer{err.Error(), b.runs.Load() - before})
		}
	}
	for n := range answers[0] {
		if answers[0][n] != answers[1][n] || answers[0][n] != answers[2][n] {
			t.Fatalf("attempt %d tells them apart: %v, %v, %v", n, answers[0][n], answers[1][n], answers[2][n])
		}
	}
	if answers[1][0].runs != 1 || answers[1][7].runs != 0 {
		t.Fatalf("runs of argon2id: %v", answers[1])
	}
}

// BenchmarkPassword measures one attempt with the recommended parameters.
func BenchmarkPassword(b *testing.B) {
	h, err := newHasher(Hashing{}.defaults())
	if err != nil {
		b.Fatal(err)
	}
	text := h.make(goodPass)
	for b.Loop() {
		if ok, _, err := h.check(ctx, text, goodPass, false); !ok || err != nil {
			b.Fatal(err)
		}
	}
}
