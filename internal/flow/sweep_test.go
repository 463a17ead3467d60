package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func TestLoadUnnamed(t *testing.T) {
	t.Parallel()
	one := func(from, days, basis string) string {
		return "[[unnamed]]\nfrom = \"" + from + "\"\ndays = " + days + "\nbasis = \"" + basis + "\"\n"
	}
	for name, text := range map[string]string{
		"nothing": "", "too short": one("2020-01-01", "30", "b"), "too long": one("2020-01-01", "3651", "b"), "no basis": one("2020-01-01", "90", ""),
		"turned round": one("2021-01-01", "90", "b") + one("2020-01-01", "90", "b"), "unknown key": one("2020-01-01", "90", "b") + "more = 1\n", "no toml": "[[",
	} {
		if _, err := LoadUnnamed(strings.NewReader(text)); !errors.Is(err, ErrUnnamed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := LoadUnnamed(strings.NewReader(one("2020-01-01", "90", "b") + one("2026-07-01", "31", "b")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		added, today clock.Date
		want         bool
	}{
		{20260601, 20260830, false},
		{20260601, 20260831, true}, // ninety days, and the day after
		{20260701, 20260801, false},
		{20260701, 20260802, true},
		{20190101, 20190401, false},
		{20190101, 20190402, true}, // before all periods: the first one
	} {
		if got := over(list, c.added, c.today); got != c.want {
			t.Errorf("%s on %s: %v", c.added, c.today, got)
		}
	}
	if _, err := DefaultUnnamed(); err != nil {
		t.Error(err)
	}
}

// Whoever attaches a file anew while a sweep is at work keeps it.
func TestSweepLeavesWhatIsAttachedAnew(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := as(t.Context(), applicant)
		a, err := w.Attach(ctx, "材料", strings.NewReader("%PDF-1.7\nagain"))
		if err != nil {
			t.Fatal(err)
		}
		periods, err := DefaultUnnamed()
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Set(w.clock.Now().AddDate(0, 0, 120))
		anew := func(ctx context.Context, q db.Querier, _ func(string)) error { // what stands in the row once it was attached again
			tx, ok := q.(*db.Tx)
			if !ok {
				return fmt.Errorf("not in the transaction")
			}
			_, err := tx.ExecContext(ctx, `UPDATE flow_file SET added_at = $1 WHERE hash = $2`, db.Micros(w.clock.Now()), a.Hash)
			return err
		}
		forget := func(context.Context, string) (bool, error) { return true, nil }
		if s, err := w.SweepFiles(t.Context(), periods, anew, forget); err != nil || s != (Swept{}) {
			t.Errorf("%+v %v", s, err)
		}
		if _, err := w.Attached(ctx, []string{a.Hash}); err != nil {
			t.Errorf("the attachment is gone: %v", err)
		}
	})
}

// A file that is handed in while a sweep is at work, so that the sweep's snapshot does not know of it, stays.
func TestSweepLeavesWhatIsHandedInMeanwhile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Engine() != db.Postgres {
			t.Skip("SQLite has one writer")
		}
		w := newWorld(t, d)
		ctx := as(t.Context(), applicant)
		a, err := w.Attach(ctx, "材料", strings.NewReader("%PDF-1.7\nlate"))
		if err != nil {
			t.Fatal(err)
		}
		periods, err := DefaultUnnamed()
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Set(w.clock.Now().AddDate(0, 0, 120))
		c := w.open(t)
		done := false
		meanwhile := func(context.Context, db.Querier, func(string)) error {
			if done {
				return nil
			}
			done = true
			_, err := w.do(t.Context(), applicant, func(ctx context.Context, tx *db.Tx) (*Case, error) {
				return w.Fire(ctx, tx, c.ID, "submit", Input{Attachments: []string{a.Hash}})
			})
			return err
		}
		forget := func(context.Context, string) (bool, error) { return true, nil }
		if s, err := w.SweepFiles(t.Context(), periods, meanwhile, forget); err != nil || s != (Swept{}) || !done {
			t.Errorf("%+v %v", s, err)
		}
		if _, err := w.Attached(ctx, []string{a.Hash}); err != nil {
			t.Errorf("the paper of a step is gone: %v", err)
		}
	})
}

// A content that cannot be taken away keeps no other one: their rows are gone, and no later sweep finds them.
func TestSweepGoesOnBehindWhatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	ctx := as(t.Context(), applicant)
	for i := range 3 {
		if _, err := w.Attach(ctx, "材料", strings.NewReader(fmt.Sprintf("%%PDF-1.7\n%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	periods, err := DefaultUnnamed()
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 0, 120))
	broken, tried := errors.New("the disk says no"), 0
	forget := func(context.Context, string) (bool, error) {
		if tried++; tried == 1 {
			return false, broken
		}
		return true, nil
	}
	nothing := func(context.Context, db.Querier, func(string)) error { return nil }
	if s, err := w.SweepFiles(ctx, periods, nothing, forget); !errors.Is(err, broken) || tried != 3 || s.Uploads != 3 || s.Files != 2 {
		t.Errorf("%+v after %d contents, %v", s, tried, err)
	}
}
