package measure_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/measure"
)

// A feedback after its day counts as late though the response was in time; a recall counts until it is acknowledged, from the instant on at which it was made.
func TestFigures(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		o := x.issue()
		task := x.tasks(o.ID)[0].ID
		if _, err := x.Respond(x.clerk(x.aid), task); err != nil {
			t.Fatal(err)
		}
		x.clock.Advance(60 * 24 * time.Hour)
		if got, err := x.Feedback(x.clerk(x.aid), task, measure.Feedback{Result: measure.NotApplicable, Reason: "没有这一事项"}); err != nil || !got.Late {
			t.Fatalf("fed back after 60 days: %+v, %v", got, err)
		}
		got, err := x.Tallies(ctx)
		want := []measure.Tally{{Agency: x.aid.ID, Measure: o.Measure, State: "done", Result: measure.NotApplicable, N: 1, Late: 1}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("tallies: %s %v", diff, err)
		}
		for result, n := range map[measure.Result]int{measure.NotApplicable: 1, measure.Executed: 0, "": 1} {
			if list, err := x.Tasks(ctx, measure.Filter{Result: result}); err != nil || len(list) != n {
				t.Errorf("tasks with result %q: %d, %v", result, len(list), err)
			}
		}
		waits := func() []measure.Unacknowledged {
			t.Helper()
			list, err := x.Unacknowledged(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if got := waits(); got != nil {
			t.Errorf("before the recall: %+v", got)
		}
		at := x.clock.Now().UTC().Truncate(time.Microsecond)
		if err := x.withdraw(o.ID, "不再需要"); err != nil {
			t.Fatal(err)
		}
		x.clock.Advance(time.Hour)
		if diff := cmp.Diff([]measure.Unacknowledged{{Agency: x.aid.ID, N: 1, Oldest: at}}, waits()); diff != "" {
			t.Errorf("after the recall: %s", diff)
		}
		if _, err := x.Release(x.clerk(x.aid), task); err != nil {
			t.Fatal(err)
		}
		if got := waits(); got != nil {
			t.Errorf("after the acknowledgement: %+v", got)
		}
		by, err := x.OrdersOf(ctx, d.Read(), []int64{o.ID, o.ID, 7})
		if err != nil || len(by) != 1 || by[o.ID].State != measure.Released {
			t.Errorf("orders by number: %+v, %v", by, err)
		}
	})
}
