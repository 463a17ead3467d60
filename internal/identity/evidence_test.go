package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// shelf keeps evidence, and may fail.
type shelf struct {
	gone []string
	fail error
}

func (s *shelf) Remove(name string) error {
	if s.fail == nil {
		s.gone = append(s.gone, name)
	}
	return s.fail
}

const twoPeriods = `
[[evidence]]
from = "2021-11-01"
days = 30
basis = "甲"
[[evidence]]
from = "2026-12-01"
days = 10
basis = "乙"
`

// TestEvidenceExpires: what proved a claim goes when the period in force on the day of the decision is over, not before, and by itself; a claim that waits keeps
// its evidence, and a file that could not be taken away is tried again.
func TestEvidenceExpires(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		kept := &shelf{}
		b := newBench(t, d, func(c *Config) {
			r, err := LoadRetention(strings.NewReader(twoPeriods))
			must(t, err)
			c.Retention, c.Evidence = r, kept
		})
		office := b.reviewer(t)
		b.open(t, BusinessAccount, "agent")
		name := func(n byte) string { return strings.Repeat(string(n), 64) }
		claim := func(code string, n byte) int64 {
			t.Helper()
			_, a := b.signIn(t, "agent")
			c, _, err := b.Claim(ctx, a, ClaimIn{Method: "licence", Code: code, Evidence: name(n)})
			must(t, err)
			return c.ID
		}
		step := func(days int, want ...string) {
			t.Helper()
			b.clock.Advance(time.Duration(days) * 24 * time.Hour)
			n, err := b.ExpireEvidence(ctx)
			must(t, err)
			if got := kept.gone; n != len(want) || !slices.Equal(got, want) {
				t.Fatalf("on %s %d files went: %v, want %v", clock.Today(b.clock), n, got, want)
			}
			kept.gone = nil
		}
		rejected := claim(codeX, 'a')
		must(t, b.DecideClaim(ctx, office, rejected, false, "看不清")) // 22 November: 30 days
		approved := claim(codeX, 'b')
		must(t, b.DecideClaim(ctx, office, approved, true, ""))
		waiting := claim(codeY, 'c')
		step(29)
		kept.fail = errors.New("the disk is away")
		b.clock.Advance(24 * time.Hour)
		if _, err := b.ExpireEvidence(ctx); !errors.Is(err, kept.fail) {
			t.Fatal(err)
		}
		kept.fail = nil
		step(0, name('a'), name('b')) // 22 December
		step(0)
		_, a := b.signIn(t, "agent")
		must(t, b.EndClaim(ctx, a, waiting)) // given up on 22 December: 10 days
		step(9)
		step(1, name('c'))
		list, err := b.Claims(ctx, a)
		must(t, err)
		for _, c := range list {
			if c.Evidence != "" {
				t.Errorf("claim %d still names its evidence", c.ID)
			}
		}
		if n := b.acts(t, "claim.evidence_expire"); n != 3 {
			t.Errorf("%d acts", n)
		}
	})
}

// TestClosedAccountsEvidence goes at once, whatever the period.
func TestClosedAccountsEvidence(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		kept := &shelf{}
		b := newBench(t, d, func(c *Config) { c.Evidence = kept })
		b.open(t, BusinessAccount, "agent")
		_, a := b.signIn(t, "agent")
		_, _, err := b.Claim(ctx, a, ClaimIn{Method: "licence", Code: codeX, Evidence: picture})
		must(t, err)
		must(t, b.CloseAccount(ctx, a, Closing{Password: goodPass}))
		if n, err := b.ExpireEvidence(ctx); n != 1 || err != nil || !slices.Equal(kept.gone, []string{picture}) {
			t.Fatal(n, err, kept.gone)
		}
		office := b.reviewer(t)
		if list, err := b.Waiting(ctx, office, 0); err != nil || len(list) != 0 {
			t.Fatal("a closed account's claim waits", list, err)
		}
	})
}

// TestManyClaims: the job walks more claims than it reads at once.
func TestManyClaims(t *testing.T) {
	t.Parallel()
	kept := &shelf{}
	b := newBench(t, dbtest.SQLite(t), func(c *Config) { c.Evidence = kept })
	const many = 2*evidencePage + 1
	must(t, b.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for n := range many {
			c := &Claim{ID: b.IDs.Next(), Account: 1, Kind: BusinessAccount, Method: "licence", Subject: int64(n), Evidence: picture, State: ClaimApproved, CreatedAt: b.clock.Now()}
			if err := b.insertClaim(ctx, tx, c, party{}); err != nil {
				return err
			}
		}
		return nil
	}))
	b.clock.Advance(400 * 24 * time.Hour)
	if n, err := b.ExpireEvidence(ctx); n != many || err != nil {
		t.Fatal(n, err)
	}
}

func TestRetentionFiles(t *testing.T) {
	t.Parallel()
	if p := DefaultRetention().Evidence(20261122); p.Days < 1 || p.Basis == "" {
		t.Fatalf("%+v", p)
	}
	good := "[[evidence]]\nfrom='2026-01-01'\ndays=5\nbasis='甲'\n"
	for name, text := range map[string]string{
		"nothing": "", "no TOML": "[[", "unknown key": good + "hours=1\n", "no date": "[[evidence]]\ndays=5\nbasis='甲'", "no such day": strings.Replace(good, "01-01", "02-30", 1),
		"no days": strings.Replace(good, "5", "0", 1), "for ever": strings.Replace(good, "5", "99999", 1), "no basis": strings.Replace(good, "甲", "", 1), "the same day twice": good + good,
	} {
		if _, err := LoadRetention(strings.NewReader(text)); !errors.Is(err, ErrRetention) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPeriodOfADay is the newest one that had begun, and the first one before all of them.
func TestPeriodOfADay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := func(label string) clock.Date {
			return clock.Date(20200101).AddDays(rapid.IntRange(0, 4000).Draw(t, label))
		}
		var r Retention
		for n, from := range slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) clock.Date {
			return clock.Date(20200101).AddDays(rapid.IntRange(0, 4000).Draw(t, "from"))
		}), 1, 6).Draw(t, "periods")))) {
			r.evidence = append(r.evidence, Period{From: from, Days: n + 1})
		}
		ended := day("ended")
		want := r.evidence[0]
		for _, p := range r.evidence {
			if p.From <= ended && p.From >= want.From {
				want = p
			}
		}
		if got := r.Evidence(ended); got != want {
			t.Fatalf("%+v on %s: %+v, want %+v", r.evidence, ended, got, want)
		}
	})
}

func FuzzLoadRetention(f *testing.F) {
	f.Add(twoPeriods)
	f.Add("[[evidence]]\nfrom='2026-01-01'\ndays=5\nbasis='甲'\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := LoadRetention(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, day := range []clock.Date{20000101, 20261122, 21000101} {
			if p := r.Evidence(day); p.Days < 1 || p.Days > maxRetention {
				t.Errorf("%+v", p)
			}
		}
	})
}
