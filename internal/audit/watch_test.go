package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// rulesOf gives the codes of the open alerts.
func (b *bench) rulesOf(t *testing.T) string {
	t.Helper()
	list, _, err := b.Alerts(context.Background(), audit.Open, nil, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, a := range list {
		codes = append(codes, a.Rule)
	}
	return strings.Join(codes, " ")
}

func TestUnusualLookUps(t *testing.T) {
	t.Parallel()
	day := func(d, h int) time.Time { return time.Date(2026, 11, d, h, 0, 0, 0, clock.Zone) }
	refused := func(missing string) audit.Access {
		a := look(1, 100)
		a.Outcome, a.Missing, a.Records = audit.Refused, missing, nil
		return a
	}
	outside := look(1, 100)
	outside.Outside = true
	own := look(1, 100)
	own.What = audit.Own
	for _, tt := range []struct {
		name string
		at   time.Time
		list []audit.Access
		want string
	}{
		{"an ordinary one", day(18, 10), []audit.Access{look(1, 100)}, ""},
		{"before seven", day(18, 6), []audit.Access{look(1, 100)}, "hours"},
		{"at eight in the evening", day(18, 20), []audit.Access{look(1, 100)}, "hours"},
		{"on a Sunday", day(22, 10), []audit.Access{look(1, 100)}, "hours"},
		{"by the subject itself on a Sunday", day(22, 3), []audit.Access{own}, ""},
		{"outside the region", day(18, 10), []audit.Access{outside}, "region"},
		{"another agency's matter", day(18, 10), []audit.Access{refused("matter_agency")}, "matter"},
		{"a plain mistake", day(18, 10), []audit.Access{refused("subject")}, ""},
		{"eight accounts, one subject", day(18, 10), []audit.Access{
			look(1, 5), look(2, 5), look(3, 5), look(4, 5), look(5, 5), look(6, 5), look(7, 5), look(8, 5),
		}, "many"},
		{"one account, eight times", day(18, 10), []audit.Access{
			look(1, 5), look(1, 5), look(1, 5), look(1, 5), look(1, 5), look(1, 5), look(1, 5), look(1, 5),
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(dbtest.SQLite(t))
			b.clock.Set(tt.at)
			b.write(t, tt.list...)
			if got := b.rulesOf(t); got != tt.want {
				t.Errorf("alerts %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRateAgainstCapAndOwnMedian(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(d)
		many := func(who int64, n int) {
			list := make([]audit.Access, n)
			for i := range list {
				list[i] = look(who, int64(1000+i))
			}
			b.write(t, list...)
		}
		many(7, 200)
		if got := b.rulesOf(t); got != "" {
			t.Fatalf("200 without a history: %q", got)
		}
		many(7, 1)
		if got := b.rulesOf(t); got != "rate" {
			t.Fatalf("the 201st is over the cap: %q", got)
		}
		// Seven quiet hours of three each; then forty in one hour are more than five times that.
		for range 7 {
			many(8, 3)
			b.clock.Advance(time.Hour)
		}
		many(8, 29)
		if list, _, _ := b.Alerts(context.Background(), "", nil, "", 0); len(list) != 1 {
			t.Fatalf("below the floor nothing is unusual: %v", list)
		}
		many(8, 1)
		list, _, err := b.Alerts(context.Background(), "", nil, "", 0)
		if err != nil || len(list) != 2 || list[0].Who.ID != 8 || !strings.Contains(list[0].Detail, "3 次") {
			t.Fatalf("want an alert against the own median: %+v %v", list, err)
		}
	})
}

func TestHandling(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(d), context.Background()
		a := look(1, 100)
		a.Outside = true
		b.write(t, a, a)
		list, _, err := b.Alerts(ctx, audit.Open, nil, "", 0)
		if err != nil || len(list) != 1 || list[0].Count != 2 || list[0].RuleName == list[0].Rule || list[0].Access == 0 {
			t.Fatalf("one alert counts on: %+v %v", list, err)
		}
		for want, reach := range map[int][]int64{1: {69, 70}, 0: {71}} {
			if list, _, err := b.Alerts(ctx, "", reach, "", 0); err != nil || len(list) != want {
				t.Errorf("an auditor of %v sees %d: %v", reach, len(list), err)
			}
		}
		auditor := audit.Who{Kind: "account", ID: 9}
		if err := b.Handle(ctx, auditor, list[0].ID, " "); !errors.Is(err, audit.ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
		if err := b.Handle(ctx, auditor, list[0].ID, "查的是 110105 19491231 002X"); !errors.Is(err, audit.ErrNumber) {
			t.Errorf("with a person's number: %v", err)
		}
		if err := b.Handle(ctx, auditor, list[0].ID, "核对了办件记录，情况属实"); err != nil {
			t.Fatal(err)
		}
		if err := b.Handle(ctx, auditor, list[0].ID, "再次处理"); !errors.Is(err, audit.ErrHandled) {
			t.Errorf("handled twice: %v", err)
		}
		if err := b.Handle(ctx, auditor, 1, "没有这条"); !errors.Is(err, audit.ErrNoAlert) {
			t.Errorf("an invented alert: %v", err)
		}
		if n, err := b.OpenAlerts(ctx); err != nil || n != 0 {
			t.Errorf("%d open: %v", n, err)
		}
		b.write(t, a)
		if n, err := b.OpenAlerts(ctx); err != nil || n != 1 {
			t.Errorf("it opens again when the rule fits again: %d %v", n, err)
		}
		b.clock.Advance(200 * 24 * time.Hour)
		if err := b.Prune(ctx); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := d.Read().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM access_count) + (SELECT count(*) FROM access_reader)`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d old counters stay: %v", left, err)
		}
		if list, _, err := b.OfSubject(ctx, 100, "", 0); err != nil || len(list) != 3 {
			t.Errorf("entries are never pruned: %d %v", len(list), err)
		}
	})
}

func TestRulesAreRefused(t *testing.T) {
	t.Parallel()
	if len(audit.DefaultRules()) < 5 {
		t.Fatal("the rules that ship are missing")
	}
	for _, text := range []string{
		"[[rule]]\ncode='a'\nkind='rate'\nname='a'", "[[rule]]\ncode='a'\nkind='x'\nname='a'", "[[rule]]\nkind='region'\nname='a'", "x=1",
		"[[rule]]\ncode='a'\nkind='region'\nname='a'\n[[rule]]\ncode='a'\nkind='region'\nname='b'", "[[rule]]\ncode='a'\nkind='hours'\nname='a'\nfrom=9\nto=8",
		"[[rule]]\ncode='a'\nkind='many'\nname='a'\ndays=90\nreaders=3", "[[rule]]\ncode='a'\nkind='missing'\nname='a'", "[[",
	} {
		if _, err := audit.LoadRules(strings.NewReader(text)); !errors.Is(err, audit.ErrRules) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzLoadRules(f *testing.F) {
	f.Add("[[rule]]\ncode='a'\nkind='rate'\nname='a'\ncap=1\nfloor=1\nfactor=2\nhours=3")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = audit.LoadRules(strings.NewReader(text)) })
}

func BenchmarkWrite(b *testing.B) {
	bench := newBench(dbtest.SQLite(b))
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		a := look(int64(i%50), int64(i%1000))
		err := bench.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := bench.Write(ctx, tx, a)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
