package report_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
	"gongxin/internal/report"
	"gongxin/internal/verify"
)

// of finds a record of a report by its item and the day of its decision.
func of(t testing.TB, d *report.Document, item catalog.ItemCode, day int) (record.ID, *report.Record) {
	t.Helper()
	for _, c := range d.Chapters {
		for _, i := range c.Items {
			for k := range i.Records {
				if i.Code == item && int(i.Records[k].DecidedOn) == day {
					at, err := record.ParseID(i.Records[k].ID)
					if err != nil {
						t.Fatal(err)
					}
					return at, &i.Records[k]
				}
			}
		}
	}
	return record.ID{}, nil
}

func (w *world) turn(t testing.TB, at record.ID, to record.Status) {
	t.Helper()
	w.clock.Advance(time.Minute)
	w.tx(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: at, To: to}}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	})
}

func (w *world) tx(t testing.TB, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := w.db.Tx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// What a procedure or the clock does to a record shows in the next report, and the ones before are told to be out of date.
func TestStatusesInReports(t *testing.T) {
	t.Parallel()
	for to, mark := range map[record.Status]string{record.Repaired: "已修复", record.Ended: "公示期满", record.Annulled: "", record.Shielded: ""} {
		t.Run(to.String(), func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) { statusInReports(t, newWorld(t, d), to, mark) })
		})
	}
}

// statusInReports gives a penalty a status and looks at the reports; no mark means that the special report does not have it any more.
func statusInReports(t *testing.T, w *world, to record.Status, mark string) {
	t.Helper()
	standard, special := w.create(t, w.standard()), w.create(t, w.special())
	at, _ := of(t, document(t, standard), "XZCF", 20260302)
	w.turn(t, at, to)
	for _, old := range []*report.Report{standard, special} {
		if v, err := w.Verify(t.Context(), old.Number, old.Code); err != nil || v.State != report.Changed {
			t.Errorf("%s report: %+v %v", old.Kind, v, err)
		}
		if _, err := w.Get(t.Context(), w.agent(), old.Number); !errors.Is(err, report.ErrChanged) {
			t.Errorf("%s report handed out: %v", old.Kind, err)
		}
	}
	w.clock.Advance(time.Second)
	if _, r := of(t, document(t, w.create(t, w.standard())), "XZCF", 20260302); r != nil {
		t.Error("still in the standard report")
	}
	again := w.create(t, w.special())
	data, err := again.File()
	if err != nil {
		t.Fatal(err)
	}
	if v := verify.Report(data, w.keys, w.signers(t)); !v.OK() {
		t.Errorf("offline: %v", v.FailureWords())
	}
	doc := document(t, again)
	_, r := of(t, doc, "XZCF", 20260302)
	market := doc.Statement[slices.IndexFunc(doc.Statement, func(s report.Statement) bool { return s.Name == "市场监管" })]
	if mark == "" {
		if r != nil || market.Count != 1 {
			t.Errorf("printed in the special report: %+v", r)
		}
		return
	}
	if r == nil || r.Mark != mark || market.Count != 2 || (market.Repaired == 1) != (to == record.Repaired) {
		t.Errorf("%+v %+v", r, market)
	}
}

// A record that has come to its end in the meantime is marked as past before the clock's job has written that down.
func TestPastWindowIsMarked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	w.apply(t, w.draft("XZCF", w.firm, "short", func(f *record.Facts) { f.DecidedOn, f.PublicUntil = 20260305, 20261101 }))
	w.apply(t, w.draft("YZSX", w.firm, "short", func(f *record.Facts) { f.DecidedOn, f.PublicUntil = 20260306, 20261101 }))
	w.clock.Advance(time.Second)
	doc := document(t, w.create(t, w.special()))
	if _, r := of(t, doc, "XZCF", 20260305); r == nil || r.Mark != "公示期满" {
		t.Errorf("%+v", r)
	}
	if slices.Contains(doc.Labels, "失信惩戒对象") {
		t.Error("a list entry whose time is over labels the subject")
	}
}

// A record that somebody objects to is marked at once; a report without the mark is not handed out, nor one that still has it afterwards.
func TestDisputedRecords(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		before := w.create(t, w.standard())
		at, _ := of(t, document(t, before), "XZCF", 20260302)
		w.clock.Advance(time.Minute)
		w.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return w.records.SetMark(ctx, tx, at, record.Disputed, "1", w.clock.Now())
		})
		if v, err := w.Verify(t.Context(), before.Number, before.Code); err != nil || v.State != report.Object || !strings.Contains(v.Says, "异议") {
			t.Errorf("%+v %v", v, err)
		}
		if _, err := w.Get(t.Context(), authz.Actor{}, before.Number); !errors.Is(err, report.ErrObject) {
			t.Errorf("handed out without the mark: %v", err)
		}
		w.clock.Advance(time.Second)
		marked := w.create(t, w.standard())
		if _, r := of(t, document(t, marked), "XZCF", 20260302); r == nil || r.Mark != "异议中" {
			t.Errorf("%+v", r)
		}
		if _, r := of(t, document(t, w.create(t, w.special())), "XZCF", 20260302); r == nil || r.Mark != "异议中" {
			t.Errorf("%+v", r)
		}
		if _, err := w.Get(t.Context(), authz.Actor{}, marked.Number); err != nil {
			t.Error(err)
		}
		w.clock.Advance(time.Minute)
		w.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return w.records.ClearMark(ctx, tx, at, record.Disputed, "1", w.clock.Now())
		})
		if v, err := w.Verify(t.Context(), marked.Number, marked.Code); err != nil || v.State != report.Changed {
			t.Errorf("%+v %v", v, err)
		}
		if v, err := w.Verify(t.Context(), before.Number, before.Code); err != nil || v.State != report.Valid {
			t.Errorf("what the first report says holds again: %+v %v", v, err)
		}
	})
}
