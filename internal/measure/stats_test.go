package measure_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
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
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
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
		if diff := gocmp.Diff([]measure.Unacknowledged{{Agency: x.aid.ID, N: 1, Oldest: at}}, waits()); diff != "" {
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

// counted is what the statistics must be, told from the steps of the tasks' procedures alone: who did what on which day.
func (x *desk) counted() ([]measure.Tally, error) {
	rows, err := x.db.Read().QueryContext(context.Background(), `SELECT t.task_id, t.agency_id, o.measure, s.event, s.from_state, s.to_state, s.reason, s.at, s.due_on
		FROM measure_task AS t, measure_order AS o, flow_step AS s WHERE o.order_id = t.order_id AND s.case_id = t.case_id ORDER BY t.task_id, s.seq`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	type task struct {
		measure.Tally
		due             clock.Date
		responded, late bool
	}
	by, order := map[int64]*task{}, []int64(nil)
	for rows.Next() {
		var number, unit, at int64
		var code, event, from, to, reason string
		var due clock.Date
		if err := rows.Scan(&number, &unit, &code, &event, &from, &to, &reason, &at, &due); err != nil {
			return nil, err
		}
		one := by[number]
		if one == nil {
			one = &task{Tally: measure.Tally{Agency: unit, Measure: code}}
			by[number], order = one, append(order, number)
		}
		waited := from == "pushed" || from == "accepted"
		if waited && !one.due.IsZero() && clock.DateOf(time.UnixMicro(at)) > one.due {
			one.late = true // an answer after the day, and the recall of what was not answered by then
		}
		switch event {
		case "respond":
			one.responded = true
		case "feedback":
			one.responded = true
			for _, r := range []measure.Result{measure.Executed, measure.NotApplicable, measure.NotExecuted} {
				if strings.HasPrefix(reason, r.Word()+"：") {
					one.Result = r
				}
			}
		}
		if one.State = to; event != string(flow.EventOverdue) {
			one.due = due
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var out []measure.Tally
	today := clock.Today(x.clock)
	for _, number := range order {
		one := by[number]
		if (one.State == "pushed" || one.State == "accepted") && today > one.due {
			one.late = true
		}
		at := slices.IndexFunc(out, func(t measure.Tally) bool {
			return t.Agency == one.Agency && t.Measure == one.Measure && t.State == one.State && t.Result == one.Result
		})
		if at < 0 {
			at, out = len(out), append(out, one.Tally)
		}
		out[at].N++
		switch {
		case one.late:
			out[at].Late++
		case one.responded:
			out[at].InTime++
		}
	}
	slices.SortFunc(out, func(a, b measure.Tally) int {
		return cmp.Or(cmp.Compare(a.Agency, b.Agency), strings.Compare(a.Measure, b.Measure), strings.Compare(a.State, b.State), strings.Compare(string(a.Result), string(b.Result)))
	})
	return out, rows.Err()
}

// Whatever happens in whatever order, the statistics are what the steps on file say: every task counted once, and one whose day passed without an answer is late.
func TestFiguresAreWhatTheStepsSay(t *testing.T) {
	t.Parallel()
	lates, results := 0, map[measure.Result]int{}
	rapid.Check(t, func(rt *rapid.T) {
		x, ctx := newDesk(t, dbtest.SQLite(t)), context.Background()
		measures := []string{"CF-21-01", "CF-22-01"}
		for _, matter := range []string{"ZJ-01", "PX-01"} {
			if err := x.lists(matter, []string{"YZSX-SCJG"}, measures); err != nil {
				rt.Fatal(err)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"issue": func(rt *rapid.T) {
				_, _ = x.Issue(x.issuer(), measure.Issue{Entry: entry, Measure: rapid.SampledFrom(measures).Draw(rt, "measure"), Reason: "列入名单"})
			},
			"withdraw": func(rt *rapid.T) {
				if list, err := x.Orders(ctx, measure.Filter{}); err == nil && len(list) > 0 {
					_ = x.withdraw(rapid.SampledFrom(list).Draw(rt, "order").ID, "不再需要")
				}
			},
			"answer": func(rt *rapid.T) {
				list, err := x.Tasks(ctx, measure.Filter{})
				if err != nil || len(list) == 0 {
					return
				}
				task := rapid.SampledFrom(list).Draw(rt, "task")
				who := x.clerk(x.aid)
				if task.Agency == x.court.ID {
					who = x.clerk(x.court)
				}
				switch result := rapid.SampledFrom([]measure.Result{"", measure.Executed, measure.NotApplicable, measure.NotExecuted, "release"}).Draw(rt, "how"); result {
				case "":
					_, _ = x.Respond(who, task.ID)
				case "release":
					_, _ = x.Release(who, task.ID)
				default:
					_, _ = x.Feedback(who, task.ID, measure.Feedback{Result: result, Reason: "按事项的规定", ExecutedOn: clock.Today(x.clock)})
				}
			},
			"time": func(rt *rapid.T) {
				x.clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(rt, "days")) * 24 * time.Hour)
			},
			"": func(rt *rapid.T) {
				if _, err := x.Flow.RunDue(ctx); err != nil {
					rt.Fatal(err)
				}
				want, err := x.counted()
				if err != nil {
					rt.Fatal(err)
				}
				got, err := x.Tallies(ctx)
				if diff := gocmp.Diff(want, got); diff != "" || err != nil {
					rt.Fatalf("the figures and the steps: %s %v", diff, err)
				}
				for i := range got {
					lates, results[got[i].Result] = lates+got[i].Late, results[got[i].Result]+got[i].N
				}
			},
		})
	})
	if lates == 0 || len(results) != 4 {
		t.Errorf("not everything was tried: %d late, %v", lates, results)
	}
}
