package translog

import (
	"context"
	"errors"
	"testing"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
)

// Every change has an outbox row of its own, also when many makers, whose random part repeats, begin at one moment.
func TestChangesOfOneMomentDoNotCollide(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		const n = 1100
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			var first error
			for range n { // makers have 1,024 different parts, so that the last of these begin as the first did
				first = errors.Join(first, QueueChange(ctx, tx, id.NewMaker(func() time.Time { return at }),
					Change{Kind: "rules/1", Name: "x", At: at.UnixMicro()}))
			}
			return first
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := d.Read().QueryRowContext(ctx, `SELECT count(*) FROM log_change c JOIN log_outbox o ON o.outbox_id = c.outbox_id`).Scan(&rows); err != nil || rows != n {
			t.Errorf("%d rows of %d: %v", rows, n, err)
		}
	})
}
