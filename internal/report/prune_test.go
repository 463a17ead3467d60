package report_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/record"
	"gongxin/internal/report"
	"gongxin/internal/verify"
)

// A report whose time is over loses its content; what was handed out goes on being checked, from paper and as a file, and it is known what went into it.
func TestPrune(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d) // keeps standard reports for 24 months and others for 60
		standard, own := w.create(t, w.standard()), w.create(t, w.own())
		file, err := standard.File()
		if err != nil {
			t.Fatal(err)
		}
		at, _ := of(t, document(t, standard), "XZCF", 20260302)
		if n, err := w.Prune(t.Context()); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		w.clock.Set(time.Date(2028, 11, 19, 0, 0, 0, 0, today.Location()))
		if s, err := w.Stock(t.Context()); err != nil || s != (report.Stock{Whole: 2, Overdue: 1}) {
			t.Errorf("%+v %v", s, err)
		}
		if n, err := w.Prune(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if s, err := w.Stock(t.Context()); err != nil || s != (report.Stock{Whole: 1, Pruned: 1}) {
			t.Errorf("%+v %v", s, err)
		}
		if _, err := w.Get(t.Context(), authz.Actor{}, standard.Number); !errors.Is(err, report.ErrPruned) {
			t.Errorf("given after its time: %v", err)
		}
		if _, err := w.PDF(t.Context(), authz.Actor{}, standard.Number); !errors.Is(err, report.ErrPruned) {
			t.Errorf("printed after its time: %v", err)
		}
		v, err := w.Verify(t.Context(), standard.Number, standard.Code)
		if err != nil || v.State != report.Valid || v.Subject != firmName || v.Digest != standard.Digest || v.Records == 0 || !strings.Contains(v.Says, "保存期限") {
			t.Errorf("%+v %v", v, err)
		}
		if _, err := w.Verify(t.Context(), standard.Number, own.Code); !errors.Is(err, report.ErrCode) {
			t.Errorf("another code: %v", err)
		}
		if r := verify.Report(file, w.keys, w.signers(t)); !r.OK() {
			t.Errorf("offline: %v", r.FailureWords())
		}
		if held, err := w.Holders(t.Context(), d.Read(), at); err != nil || len(held) != 1 || held[0].Number != standard.Number {
			t.Errorf("%+v %v", held, err)
		}
		w.turn(t, at, record.Annulled)
		if v, err = w.Verify(t.Context(), standard.Number, standard.Code); err != nil || v.State != report.Changed {
			t.Errorf("%+v %v", v, err)
		}
		if _, err := w.ring.Rotate(); err != nil {
			t.Fatal(err)
		}
		if _, err := gm.Reseal(t.Context(), []gm.Resealer{w.Resealer()}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err = w.Verify(t.Context(), standard.Number, standard.Code); err != nil {
			t.Errorf("after the exchange of keys: %v", err)
		}
	})
}

// When a record's content is destroyed, the reports that hold it lose theirs.
func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	standard, other := w.create(t, w.standard()), w.create(t, w.own())
	at, _ := of(t, document(t, standard), "XZCF", 20260302)
	w.tx(t, func(ctx context.Context, tx *db.Tx) error {
		n, err := w.Forget(ctx, tx, at)
		if n != 1 {
			t.Errorf("%d reports", n)
		}
		return err
	})
	if _, err := w.Get(t.Context(), authz.Actor{}, standard.Number); !errors.Is(err, report.ErrPruned) {
		t.Errorf("still there: %v", err)
	}
	if _, err := w.Get(t.Context(), w.resident(), other.Number); err != nil {
		t.Errorf("another one: %v", err)
	}
	if list := w.actsOf(t, "report.prune"); list != 1 {
		t.Errorf("%d acts", list)
	}
}

func (w *world) actsOf(t testing.TB, action string) (n int) {
	t.Helper()
	if err := w.db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM audit_act WHERE action = $1`, action).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
