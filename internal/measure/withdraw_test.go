package measure_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/measure"
)

// Nobody lifts a measure alone: one person asks, another one of the unit decides; until then the order is in force, and what ends it otherwise closes the question.
func TestWithdrawalTakesTwo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01"}); err != nil {
			t.Fatal(err)
		}
		o := x.issue()
		state := func() measure.OrderState {
			got, err := x.Order(context.Background(), d.Read(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got.State
		}
		if err := x.Withdraw(x.second(), o.ID); !errors.Is(err, measure.ErrUnask) {
			t.Errorf("withdrawn though nobody asked: %v", err)
		}
		if err := x.AskWithdrawal(x.issuer(), o.ID, "发错了"); err != nil {
			t.Fatal(err)
		}
		if err := x.AskWithdrawal(x.second(), o.ID, "发错了"); !errors.Is(err, measure.ErrAsked) {
			t.Errorf("asked twice: %v", err)
		}
		if err := x.Withdraw(x.issuer(), o.ID); !errors.Is(err, flow.ErrSeparate) {
			t.Errorf("who asked decided: %v", err)
		}
		if err := x.Withdraw(as(13, true, authz.ListApprover, x.aid.ID), o.ID); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("another unit decided: %v", err)
		}
		if err := x.KeepOrder(x.second(), o.ID, "没有发错"); err != nil || state() != measure.Open {
			t.Errorf("kept: %v, %s", err, state())
		}
		if err := x.AskWithdrawal(x.second(), o.ID, "确实发错了"); err != nil {
			t.Fatal(err)
		}
		delete(x.causes, entry) // the entry ends before anybody decides
		if n, err := x.RunDue(context.Background()); n != 1 || err != nil {
			t.Fatalf("%d recalled: %v", n, err)
		}
		got, err := x.Order(context.Background(), d.Read(), o.ID)
		if err != nil || got.State != measure.Recalled || got.RecallWhy != measure.CauseEnded || got.Withdrawal != 0 || got.RecallNote != "" {
			t.Errorf("%+v, %v", got, err)
		}
		if err := x.Withdraw(x.issuer(), o.ID); !errors.Is(err, flow.ErrClosed) {
			t.Errorf("withdrawn once more: %v", err)
		}
	})
}

// Two who issue the same measure at the same moment issue it once.
func TestIssuedAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01"}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = x.Issue(as(int64(20+i), true, authz.ListApprover, x.market.ID), measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"})
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !errors.Is(err, measure.ErrTwice) {
				t.Errorf("%v", err)
			}
		}
		list, err := x.Orders(context.Background(), measure.Filter{})
		if err != nil || done != 1 || len(list) != 1 {
			t.Errorf("%d issued, %d on file: %v", done, len(list), err)
		}
	})
}

// A measure was not executed because of an order that was not there yet.
func TestExecutedBeforeTheOrder(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01"}); err != nil {
		t.Fatal(err)
	}
	o := x.issue()
	list, err := x.Tasks(context.Background(), measure.Filter{Order: o.ID})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d tasks: %v", len(list), err)
	}
	today := clock.Today(x.clock)
	x.clock.Advance(24 * time.Hour)
	f := measure.Feedback{Result: measure.Executed, Reason: "不予受理申报", ExecutedOn: today.AddDays(-1)}
	if _, err := x.Feedback(x.clerk(x.aid), list[0].ID, f); !errors.Is(err, measure.ErrExecuted) {
		t.Errorf("executed the day before: %v", err)
	}
	f.ExecutedOn = today
	if _, err := x.Feedback(x.clerk(x.aid), list[0].ID, f); err != nil {
		t.Error(err)
	}
}
