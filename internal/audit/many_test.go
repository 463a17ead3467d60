package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

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
		if _, err := write([]audit.Access{look(1, 1), look(2, 1)}); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("a set of two actors: %v", err)
		}
	})
}
