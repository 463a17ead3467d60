package dbtest_test

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// Each test has a database of its own, migrated and empty.
func TestEachIsFresh(t *testing.T) {
	t.Parallel()
	for range 2 {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			if err := d.CheckSchema(t.Context()); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM meta WHERE key = 'dbtest'`).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows (%v)", n, err)
			}
			err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('dbtest', 'x')`)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEachURLIsEmpty(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		if v, err := d.SchemaVersion(t.Context()); v != 0 || err != nil {
			t.Errorf("version %d (%v)", v, err)
		}
	})
}
