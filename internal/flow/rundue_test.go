package flow

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// many opens cases whose draft lapses on the same night.
func (w *world) many(t testing.TB, n int) {
	t.Helper()
	err := w.db.Tx(as(t.Context(), applicant), func(ctx context.Context, tx *db.Tx) error {
		for i := range n {
			if _, err := w.Open(ctx, tx, NewCase{Kind: "remark", Subject: int64(i + 1), Agency: int64(i % 50), Title: fmt.Sprint("意见 ", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRunDue measures a night on which many cases are due; the figure is cases a second.
func BenchmarkRunDue(b *testing.B) {
	const n = 4000
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			total := 0
			for b.Loop() {
				b.StopTimer()
				w.clock.Set(at("2026-03-02 10:00"))
				w.many(b, n)
				w.clock.Set(at("2026-04-03 08:00"))
				w.told = nil
				b.StartTimer()
				total += w.runDue(b)
			}
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "cases/s")
		})
	}
}

// A night of many leaves the same history as each case by itself: steps, acts, deadlines, also of cases with several steps to take.
func TestManyAreTakenAsSingles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var all []*Case
		for i := range 7 {
			c := w.open(t)
			switch i % 4 {
			case 1:
				c = w.fire(t, applicant, c, "submit")
			case 2:
				c = w.fire(t, clerk, w.fire(t, applicant, c, "submit"), "accept")
			case 3:
				c = w.fire(t, clerk, w.fire(t, clerk, w.fire(t, applicant, c, "submit"), "accept"), "notify")
			}
			all = append(all, c)
		}
		w.clock.Set(at("2026-06-03 08:00"))
		type line struct {
			Event    Event
			From, To string
			At       string
			Day, Due int64
			Said     string
		}
		history := func() (out [][]line) {
			for _, c := range all {
				var one []line
				for _, s := range w.timeline(t, c) {
					one = append(one, line{s.Event, s.From, s.To, s.At.UTC().String(), int64(s.Day), int64(s.Due), s.Said})
				}
				out = append(out, one)
				now := must(t)(w.Get(t.Context(), c.ID))
				(&witness{}).state(t, w, now)
				(&witness{}).history(t, w, now)
			}
			return out
		}
		rollback := errors.New("rolled back")
		var singly [][]line
		var tally int
		err := w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tally = 0
			for _, c := range all {
				n, err := w.lapseOne(ctx, tx, c.ID)
				if err != nil {
					return err
				}
				tally += n
				list, err := w.steps(ctx, tx, c.ID)
				if err != nil {
					return err
				}
				var one []line
				p := w.procedures[c.Kind]
				for i := range list {
					s := &list[i]
					one = append(one, line{s.Event, s.From, s.To, s.At.UTC().String(), int64(s.Day), int64(s.Due), p.say(s, c.Author)})
				}
				singly = append(singly, one)
			}
			return rollback
		})
		if !errors.Is(err, rollback) {
			t.Fatal(err)
		}
		w.told = nil
		if n := w.runDue(t); n != tally || len(w.told) != tally || n < 7 {
			t.Errorf("%d steps at once, %d singly, %d told", n, tally, len(w.told))
		}
		if diff := cmp.Diff(singly, history()); diff != "" {
			t.Errorf("the histories differ (-singly +at once):\n%s", diff)
		}
		if n := w.runDue(t); n != 0 {
			t.Errorf("%d steps more", n)
		}
	})
}

// A feature that moves another case of the same round is told of its steps in their order all the same.
func TestEntangledCases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		first, second := w.fire(t, applicant, w.open(t), "submit"), w.fire(t, applicant, w.open(t), "submit")
		w.clock.Set(at("2026-04-03 08:00")) // both go overdue, and the first moves the second when it does
		w.hook = func(ctx context.Context, tx *db.Tx, c *Case, _ Step) error {
			if c.ID != first.ID {
				return nil
			}
			_, err := w.Fire(as(ctx, chief), tx, second.ID, "accept", Input{Reason: "一并受理"})
			return err
		}
		err := w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := w.lapseMany(ctx, tx, []int64{first.ID, second.ID})
			return err
		})
		if !errors.Is(err, errEntangled) {
			t.Errorf("err = %v", err)
		}
		w.told = nil
		w.runDue(t)
		var events []Event
		for _, s := range w.timeline(t, second) {
			events = append(events, s.Event)
		}
		if diff := cmp.Diff([]Event{"write", "submit", EventOverdue, "accept", EventOverdue}, events); diff != "" {
			t.Error(diff)
		}
		if got := must(t)(w.Get(t.Context(), first.ID)); !got.Overdue {
			t.Errorf("%+v", got)
		}
	})
}

// Failing cases among many hold up nobody, wherever they stand.
func TestFailuresAmongMany(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		const n = 40
		w.many(t, n)
		w.clock.Set(at("2026-04-03 08:00"))
		boom := errors.New("boom")
		w.fail = func(c *Case, _ Step) error {
			if c.Subject == 1 || c.Subject == 17 || c.Subject == n {
				return boom
			}
			return nil
		}
		if got, err := w.RunDue(t.Context()); got != n-3 || !errors.Is(err, boom) {
			t.Errorf("RunDue = %d, %v", got, err)
		}
		w.fail = nil
		if got := w.runDue(t); got != 3 {
			t.Errorf("the next turn took %d", got)
		}
	})
}
