package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestManyAreWatchedAsSingles: a set raises the alerts that its entries would raise one by one, and each entry's leaf is the one that its row says.
func TestManyAreWatchedAsSingles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(d)
		ctx := context.Background()
		b.clock.Set(time.Date(2026, 11, 22, 21, 0, 0, 0, clock.Zone)) // a Sunday evening
		write := func(list []audit.Access) (ids []int64, err error) {
			err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				ids, err = b.WriteMany(ctx, tx, list)
				return err
			}, db.ReadCommitted)
			return ids, err
		}
		var list []audit.Access
		for i := range int64(210) { // ten more than the cap of an hour
			a := look(1, 1000+i)
			a.ID = 0
			if i == 7 {
				a.ID = b.Number()
			}
			list = append(list, a)
		}
		ids, err := write(list)
		if err != nil || len(ids) != 210 || ids[7] != list[7].ID {
			t.Fatal(len(ids), err)
		}
		if got := b.rulesOf(t); got != "hours rate" && got != "rate hours" {
			t.Errorf("alerts %q", got)
		}
		alerts, _, err := b.Alerts(ctx, audit.Open, nil, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			if a.Rule == "hours" && a.Count != 210 {
				t.Errorf("%d of 210 are counted", a.Count)
			}
		}
		seen := map[int]bool{}
		if err := b.EachEntry(ctx, func(e *audit.Entry) error {
			seen[e.Pos] = true
			return nil
		}); err != nil || len(seen) != 210 {
			t.Errorf("%d places in the leaves: %v", len(seen), err)
		}
		for account := int64(2); account <= 8; account++ { // with the first one, eight
			if _, err := write([]audit.Access{look(account, 1000), look(account, 1000), look(account, 1001)}); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		alerts, _, err = b.Alerts(ctx, audit.Open, nil, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			if a.Rule == "many" && (a.Subject == 1000 || a.Subject == 1001) {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d subjects that many looked up, want 2", n)
		}
	})
}

// TestSetsOfManyActors: a set of look-ups by many actors, at several instants, counts and alarms for each of them as its entries would one by one.
func TestSetsOfManyActors(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		begin := time.Date(2026, 11, 22, 20, 59, 0, 0, clock.Zone) // a Sunday evening
		var list []audit.Access
		for i := range int64(120) {
			a := look(1+i%9, 1000+i%5)
			a.ID, a.At = 0, begin.Add(time.Duration(i)*time.Second) // over the hour
			if i%11 == 0 {
				a.What = audit.Own
			}
			if i%13 == 0 {
				a.Outside = true
			}
			list = append(list, a)
		}
		type found struct {
			Rule   string
			Who    string
			About  int64
			Counts int
		}
		told := func(b *bench) map[found]int {
			out := map[found]int{}
			alerts, _, err := b.Alerts(ctx, audit.Open, nil, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range alerts {
				f := found{Rule: a.Rule, Who: a.Who.String(), About: a.Subject, Counts: int(a.Count)}
				if a.Rule == "many" {
					f.Counts = 0 // one by one each further reader counts
				}
				out[f]++
			}
			return out
		}
		together := newBench(d)
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := together.WriteMany(ctx, tx, list)
			return err
		}, db.ReadCommitted)
		if err != nil {
			t.Fatal(err)
		}
		got := told(together)
		other := dbtest.SQLite
		if d.Engine() == db.Postgres {
			other = dbtest.Postgres
		}
		single := newBench(other(t))
		single.write(t, list...)
		want := told(single)
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 10 {
			t.Errorf("alerts (-one by one +together): %s", diff)
		}
	})
}
