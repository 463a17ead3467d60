package repair_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

// run lets the clock do its work, and gives how many reminders went out.
func (w *world) run() int {
	w.t.Helper()
	w.told = nil
	_, err := w.RunDue(w.t.Context())
	w.must(err)
	n := 0
	for _, what := range w.told {
		if what == "subject repair.eligible" {
			n++
		}
	}
	return n
}

// Nobody has opened a page: everybody whose failure can be applied for is told on the day, once, though the source files the same again.
func TestReminded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.file("XZCF", 20260510, nil)
		w.file("XZCF", 20260510, func(d *record.Draft) { d.Subject = other })
		w.file("XZCF", 20260510, func(d *record.Draft) { d.Severity, d.Agency = record.Minor, w.second.ID }) // shown to nobody
		w.file("XZCF", 20251010, func(d *record.Draft) { d.PublicUntil, d.Agency = 20281010, w.second.ID })  // its text could ask for a year
		w.file("XZXK", 20260510, nil)                                                                        // speaks against nobody
		gone := w.file("XZCF", 20260511, nil)
		for _, step := range []struct {
			on   clock.Date
			want int
		}{{20260510, 0}, {20260511, 0}, {20260809, 0}, {20260810, 2}, {20260811, 0}, {20261009, 0}, {20261010, 1}, {20261011, 0}} {
			if step.on == 20260810 {
				w.must(w.turnTo(gone, record.Annulled))
			}
			w.day(step.on)
			if n := w.run(); n != step.want {
				t.Errorf("on %s: %d reminders, want %d", step.on, n, step.want)
			}
			w.file("XZCF", 20260510, func(d *record.Draft) { d.NaturalKey = "临市监罚〔2026〕1号\x1f11990100001000010R" }) // the first one, with other content
		}
	})
}

// What comes due together is told in one notice, also when one of them cannot be told.
func TestRemindedTogether(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for range 7 {
			w.file("XZCF", 20260510, nil)
		}
		w.day(20260810)
		if n := w.run(); n != 1 {
			t.Errorf("%d notices of seven failures", n)
		}
		if n := w.run(); n != 0 {
			t.Errorf("told again: %d", n)
		}
		w.file("XZCF", 20260511, nil)
		w.file("XZCF", 20260511, nil)
		w.day(20260811)
		w.must(d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES ($1, 'nothing that is one', 20260101, 'x', 0)`, firm)
			return err
		}))
		w.told = nil
		if _, err := w.RunDue(t.Context()); err == nil {
			t.Error("the failure is not told")
		}
		if len(w.told) != 2 {
			t.Errorf("beside one that cannot be told: %v", w.told)
		}
	})
}

// A reminder that cannot be sent does not keep the others.
func TestOneReminderFails(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.must(d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES (77, 'nothing that is one', 20260101, 'x', 0)`)
			return err
		}))
		w.file("XZCF", 20260510, nil)
		w.day(20260810)
		if _, err := w.RunDue(t.Context()); err == nil {
			t.Error("the failure is not told")
		}
		if !slices.Contains(w.told, "subject repair.eligible") {
			t.Errorf("told %v", w.told)
		}
	})
}

func (w *world) turnTo(at record.ID, to record.Status) error {
	return w.db.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: at, To: to}}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	})
}

// Another reason is another reminder: the day that a refusal named. Who has applied already is not told; who wants none has none.
func TestRemindedForAnotherReason(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		w.day(20260810)
		if n := w.run(); n != 1 {
			t.Fatalf("%d reminders", n)
		}
		c := w.send(at(penalty))[0]
		if n := w.run(); n != 0 {
			t.Errorf("told of what is applied for: %d", n)
		}
		_, err := w.Accept(w.clerk(), c.ID, 0)
		w.must(err)
		no := w.answer("拒1号")
		no.Next = 20261010
		_, err = w.Refuse(w.reviewer(), c.ID, no)
		w.must(err)
		w.day(20261009)
		if n := w.run(); n != 0 {
			t.Errorf("told before the day that was named: %d", n)
		}
		w.day(20261010)
		if n := w.run(); n != 1 || w.run() != 0 {
			t.Errorf("on the day that was named: %d", n)
		}
		w.file("XZCF", 20260711, nil)
		if err := w.SetQuiet(w.as(9, false, authz.Grant{Role: authz.BusinessAgent, Subject: other}), firm, true); err == nil {
			t.Error("switched off by a stranger")
		}
		w.must(w.SetQuiet(w.agent(), firm, true))
		if off, err := w.Quiet(w.agent(), firm); !off || err != nil {
			t.Errorf("off: %v, %v", off, err)
		}
		w.day(20261011)
		if n := w.run(); n != 0 {
			t.Errorf("told who wants none: %d", n)
		}
		w.must(w.SetQuiet(w.agent(), firm, false))
		w.file("XZCF", 20260712, nil)
		w.day(20261012)
		if n := w.run(); n != 1 {
			t.Errorf("switched on again: %d", n)
		}
	})
}

// The walk has the same work whatever the register holds, goes on where it stopped, and leaves what is being written for later.
func TestWalk(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		w := newWorld(t, d)
		for i := range 25 {
			w.file("XZCF", 20260510, func(d *record.Draft) { d.Subject = 1000 + int64(i) })
		}
		var after int64
		var got []string
		for range 10 {
			list, next, err := w.records.Since(ctx, after, w.clock.Now(), []string{"XZCF"}, 7)
			w.must(err)
			if len(list) > 7 {
				t.Errorf("%d at once", len(list))
			}
			for _, v := range list {
				if v.Body != "" {
					t.Error("a body")
				}
				got = append(got, fmt.Sprint(v.Subject))
			}
			if next == after {
				break
			}
			after = next
		}
		if slices.Sort(got); len(slices.Compact(got)) != 25 {
			t.Errorf("%d subjects", len(got))
		}
		if list, next, err := w.records.Since(ctx, 0, w.clock.Now().Add(-time.Minute), []string{"XZCF"}, 100); err != nil || len(list) != 0 || next != 0 {
			t.Errorf("what is being written: %d, %d, %v", len(list), next, err)
		}
	})
}
