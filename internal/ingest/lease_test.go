package ingest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// A lease that was written under a clock that went back keeps nobody out: not its own process, and not another one.
func TestLeaseOfAnotherTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, noon := t.Context(), time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Zone)
		at := clock.NewManual(noon)
		mine, other := NewService(Config{DB: d, Clock: at, Owner: "a/1/x"}), NewService(Config{DB: d, Clock: at, Owner: "b/1/y"})
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO submission (submission_id, item, edition, agency_id, actor, file_name, file_hash, file_bytes, same_as, dry, state, received_at,
			finished_at, lease_owner, lease_until, rows_done, bytes_done, accepted, updated, duplicate, withdrawn, rejected, late, warnings, mapping, failure)
			VALUES ('s', 'XZCF', '', 1, '', '', '', 0, '', 0, 'received', 1, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '')`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		at.Set(noon.Add(49 * time.Hour))
		if _, err := mine.claim(ctx, "s"); err != nil {
			t.Fatal(err)
		}
		if ids, err := mine.Waiting(ctx); err != nil || len(ids) != 0 {
			t.Errorf("what is being worked on waits: %v %v", ids, err)
		}
		if _, err := other.claim(ctx, "s"); !errors.Is(err, ErrWorking) {
			t.Errorf("two work on it: %v", err)
		}
		at.Set(noon)
		if ids, err := mine.Waiting(ctx); err != nil || len(ids) != 1 {
			t.Errorf("it waits for the clock: %v %v", ids, err)
		}
		if _, err := other.claim(ctx, "s"); err != nil {
			t.Errorf("another one waits for the clock: %v", err)
		}
		other.release(ctx, "s")
		if ids, err := mine.Waiting(ctx); err != nil || len(ids) != 1 {
			t.Errorf("it was given back: %v %v", ids, err)
		}
	})
}
