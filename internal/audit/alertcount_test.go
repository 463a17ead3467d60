package audit_test

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestAlertsAreCountedWhole: what waits for an auditor is counted, however many pages it fills, and only within the auditor's reach.
func TestAlertsAreCountedWhole(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(d)
		ctx := context.Background()
		b.clock.Set(time.Date(2026, 11, 22, 21, 0, 0, 0, clock.Zone)) // a Sunday evening: each account raises an alert
		const accounts = 130
		var list []audit.Access
		for i := range int64(accounts) {
			a := look(1+i, 1000+i)
			a.ID = 0
			a.Who.Agency = 7
			list = append(list, a)
		}
		if err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := b.WriteMany(ctx, tx, list)
			return err
		}, db.ReadCommitted); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			state string
			units []int64
			want  int
		}{{audit.Open, nil, accounts}, {audit.Open, []int64{7}, accounts}, {audit.Open, []int64{8}, 0}, {audit.Open, []int64{}, 0}, {audit.Handled, nil, 0}} {
			if got, err := b.CountAlerts(ctx, c.state, c.units); err != nil || got != c.want {
				t.Errorf("%s of %v: %d, %v; want %d", c.state, c.units, got, err, c.want)
			}
		}
	})
}
