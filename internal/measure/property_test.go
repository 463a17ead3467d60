package measure_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/measure"
)

// Whatever is done in whatever order, and however late the clock's job runs: after it no order is open whose entry does not stand or whose row is not valid that
// day, every task of a recalled order waits for its acknowledgement or has it, and a released order has no task left.
func TestNothingOutlivesItsCause(t *testing.T) {
	t.Parallel()
	issued := 0
	defer func() {
		if issued == 0 {
			t.Error("no order was ever issued")
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		x, ctx := newDesk(t, dbtest.SQLite(t)), context.Background()
		for _, matter := range []string{"ZJ-01", "PX-01"} {
			if err := x.lists(matter, []string{"YZSX-SCJG"}, []string{"CF-21-01", "CF-22-01"}); err != nil {
				rt.Fatal(err)
			}
		}
		measures := []string{"CF-21-01", "CF-22-01", "CF-24-01", "CF-11-01"}
		rt.Repeat(map[string]func(*rapid.T){
			"issue": func(rt *rapid.T) {
				until := clock.Date(0)
				if rapid.Bool().Draw(rt, "ends") {
					until = clock.Today(x.clock).AddDays(rapid.IntRange(1, 40).Draw(rt, "days"))
				}
				if _, err := x.Issue(x.issuer(), measure.Issue{Entry: entry, Measure: rapid.SampledFrom(measures).Draw(rt, "measure"), Reason: "列入名单", Until: until}); err == nil {
					issued++
				}
			},
			"withdraw": func(rt *rapid.T) {
				list, err := x.Orders(ctx, measure.Filter{})
				if err == nil && len(list) > 0 {
					one := rapid.SampledFrom(list).Draw(rt, "order").ID
					switch rapid.IntRange(0, 3).Draw(rt, "how") {
					case 0:
						_ = x.AskWithdrawal(x.issuer(), one, "不再需要")
					case 1:
						_ = x.KeepOrder(x.second(), one, "仍然需要")
					case 2:
						_ = x.Withdraw(x.second(), one)
					default:
						_ = x.withdraw(one, "不再需要")
					}
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
				switch rapid.IntRange(0, 2).Draw(rt, "how") {
				case 0:
					_, _ = x.Respond(who, task.ID)
				case 1:
					_, _ = x.Feedback(who, task.ID, measure.Feedback{Result: measure.NotApplicable, Reason: "没有这一事项"})
				default:
					_, _ = x.Release(who, task.ID)
				}
			},
			"remove": func(*rapid.T) {
				delete(x.causes, entry)
				_ = x.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return x.CauseEnded(ctx, tx, entry, "移出") })
			},
			"list again": func(*rapid.T) {
				x.causes[entry] = measure.Cause{Entry: entry, Subject: firm, List: "YZSX-SCJG", Agency: x.market.ID, Until: clock.Today(x.clock).AddDays(90)}
			},
			"end of a row": func(rt *rapid.T) {
				gone := rapid.SampledFrom(measures[:2]).Draw(rt, "row")
				x.put(strings.Replace(measure.Shipped(), `code = "`+gone+`"`, `code = "`+gone+`-OLD"`, 1), clock.Today(x.clock).AddDays(1))
			},
			"time": func(rt *rapid.T) {
				x.clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(rt, "days")) * 24 * time.Hour)
			},
			"": func(rt *rapid.T) {
				if _, err := x.RunDue(ctx); err != nil {
					rt.Fatal(err)
				}
				x.holds(rt)
			},
		})
	})
}

// holds checks what must be true after the clock's job ran.
func (x *desk) holds(rt *rapid.T) {
	ctx, today := context.Background(), clock.Today(x.clock)
	orders, err := x.Orders(ctx, measure.Filter{})
	if err != nil {
		rt.Fatal(err)
	}
	for i := range orders {
		o := &orders[i]
		tasks, err := x.Tasks(ctx, measure.Filter{Order: o.ID})
		if err != nil || len(tasks) == 0 {
			rt.Fatalf("order %s has no tasks: %v", o.Measure, err)
		}
		states := map[string]int{}
		for j := range tasks {
			states[tasks[j].State]++
		}
		recalled, released := states["recalled"], states["released"]
		switch o.State {
		case measure.Open:
			row, ok := x.Base.Today().Row(o.Measure)
			_, stands, _ := x.causes.Standing(ctx, nil, o.Entry, today)
			if !ok || !row.Valid(today) || !stands || !o.Until.IsZero() && today >= o.Until {
				rt.Fatalf("order %+v is open on %s: row %v, entry stands %v", *o, today, ok, stands)
			}
			if recalled+released > 0 {
				rt.Fatalf("an open order has tasks %v", states)
			}
		case measure.Recalled:
			if recalled == 0 || recalled+released != len(tasks) {
				rt.Fatalf("a recalled order has tasks %v", states)
			}
		case measure.Released:
			if released != len(tasks) {
				rt.Fatalf("a released order has tasks %v", states)
			}
		}
	}
}
