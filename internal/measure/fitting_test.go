package measure_test

import (
	"context"
	"errors"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/measure"
)

// An order goes to matters that are handled that day, on a law that holds, for that kind of subject, and to the unit that handles them now; the choice says so.
func TestOnlyMattersInForceArePushed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		today := clock.Today(x.clock)
		if err := x.lists("ZJ-01", []string{"YZSX-SCJG"}, []string{"CF-21-01"}); err != nil {
			t.Fatal(err)
		}
		whole, err := x.Matters.ByCode(ctx, "ZJ-01")
		if err != nil {
			t.Fatal(err)
		}
		choose := func() int {
			t.Helper()
			list, ok, err := x.Choices(ctx, entry)
			if err != nil || !ok {
				t.Fatalf("choices: %v %v", ok, err)
			}
			for i := range list {
				if list[i].Code == "CF-21-01" {
					return len(list[i].Matters)
				}
			}
			t.Fatal("the measure is no choice")
			return 0
		}
		in := measure.Issue{Entry: entry, Measure: "CF-21-01", Reason: "列入名单"}
		for name, change := range map[string]func(*agency.Matter){
			"no longer handled":      func(m *agency.Matter) { m.ValidUntil = today },
			"its law has lapsed":     func(m *agency.Matter) { m.BasisUntil = today },
			"for other subjects":     func(m *agency.Matter) { m.Kinds = []string{"person"} },
			"handled from tomorrow":  func(m *agency.Matter) { m.ValidFrom = today.AddDays(1) },
			"its law from next week": func(m *agency.Matter) { m.BasisFrom = today.AddDays(7) },
		} {
			m := whole
			change(&m)
			if _, _, err := x.Matters.Save(ctx, audit.Who{Kind: "local"}, m); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if n := choose(); n != 0 {
				t.Errorf("%s: %d matters are offered", name, n)
			}
			if _, err := x.Issue(x.issuer(), in); !errors.Is(err, measure.ErrNobody) {
				t.Errorf("%s: %v", name, err)
			}
		}
		whole.Agency = x.court.ID
		if _, _, err := x.Matters.Save(ctx, audit.Who{Kind: "local"}, whole); err != nil {
			t.Fatal(err)
		}
		o, err := x.Issue(x.issuer(), in)
		if err != nil || choose() != 1 {
			t.Fatalf("handled again: %v", err)
		}
		if list := x.tasks(o.ID); len(list) != 1 || list[0].Agency != x.court.ID {
			t.Errorf("the task went to %+v", list)
		}
	})
}
