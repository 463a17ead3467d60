package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

func put(ctx context.Context, q db.Querier, key, value string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2)`, key, value)
	return err
}

func get(t *testing.T, q db.Querier, key string) string {
	t.Helper()
	var v string
	if err := q.QueryRowContext(t.Context(), `SELECT value FROM meta WHERE key = $1`, key).Scan(&v); err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	return v
}

func count(t *testing.T, q db.Querier, table string) int {
	t.Helper()
	var n int
	if err := q.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatalf("count %s: %v", table, err)
	}
	return n
}

func TestTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return put(ctx, tx, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		if got := get(t, d.Read(), "a"); got != "1" {
			t.Errorf("a = %q after commit", got)
		}

		boom := errors.New("boom")
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := put(ctx, tx, "b", "1"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("err = %v, want boom", err)
		}

		func() {
			defer func() {
				if p := recover(); p != "oh" {
					t.Errorf("recovered %v", p)
				}
			}()
			_ = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := put(ctx, tx, "c", "1"); err != nil {
					return err
				}
				panic("oh")
			})
		}()

		cancelled, cancel := context.WithCancel(ctx)
		err = d.Tx(cancelled, func(ctx context.Context, tx *db.Tx) error {
			defer cancel()
			return put(ctx, tx, "d", "1")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want canceled", err)
		}

		if n := count(t, d.Read(), "meta"); n != 1 {
			t.Errorf("%d rows after three rollbacks, want 1", n)
		}
		// The writer is free again.
		if err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return put(ctx, tx, "e", "1") }); err != nil {
			t.Errorf("after the rollbacks: %v", err)
		}
	})
}

func TestTxStopsBetweenStatements(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			cancel()
			return put(ctx, tx, "a", "1")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want canceled", err)
		}
		if n := count(t, d.Read(), "meta"); n != 0 {
			t.Errorf("%d rows, want none", n)
		}
	})
}

func TestTxRetries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		runs := 0
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			runs++
			if err := put(ctx, tx, "a", fmt.Sprint(runs)); err != nil {
				return err
			}
			if runs < 3 {
				return fmt.Errorf("meanwhile: %w", db.ErrRetry)
			}
			return nil
		})
		if err != nil || runs != 3 {
			t.Fatalf("err = %v after %d runs, want none after 3", err, runs)
		}
		if got := get(t, d.Read(), "a"); got != "3" {
			t.Errorf("a = %q, want the third run's", got)
		}

		runs = 0
		err = d.Tx(t.Context(), func(context.Context, *db.Tx) error { runs++; return db.ErrRetry })
		if !errors.Is(err, db.ErrBusy) || runs != 8 {
			t.Errorf("err = %v after %d runs, want busy after 8", err, runs)
		}
	})
}

func TestTxRetryHonoursContext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		err := d.Tx(ctx, func(context.Context, *db.Tx) error { runs++; cancel(); return db.ErrRetry })
		if !errors.Is(err, context.Canceled) || runs != 1 {
			t.Errorf("err = %v after %d runs, want canceled after 1", err, runs)
		}
	})
}

func TestTxInTxIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Tx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
			return d.Tx(ctx, func(context.Context, *db.Tx) error { return nil })
		})
		if !errors.Is(err, db.ErrNested) {
			t.Errorf("err = %v, want nested", err)
		}
	})
}

// Eight writers raise one counter by read and write: an update lost to a race would show.
func TestTxConcurrentWriters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const writers, times = 8, 25
		ctx := t.Context()
		if _, err := execTx(ctx, d, `CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)`); err != nil {
			t.Fatal(err)
		}
		if _, err := execTx(ctx, d, `INSERT INTO counter (id, n) VALUES (1, 0)`); err != nil {
			t.Fatal(err)
		}
		raise := func(ctx context.Context, tx *db.Tx) error {
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT n FROM counter WHERE id = $1`, 1).Scan(&n); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE counter SET n = $2 WHERE id = $1`, 1, n+1)
			return err
		}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range times {
					err := d.Tx(ctx, raise)
					for errors.Is(err, db.ErrBusy) { // what a client does on 503
						err = d.Tx(ctx, raise)
					}
					if err != nil {
						t.Errorf("raise: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := d.Read().QueryRowContext(ctx, `SELECT n FROM counter`).Scan(&n); err != nil || n != writers*times {
			t.Errorf("counter = %d (%v), want %d", n, err, writers*times)
		}
	})
}

// Eight writers create the same keys: each key is made once, and a loser finds the winner's row on its second run.
func TestTxUniqueRace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const writers, keys = 8, 20
		ensure := func(key string) error {
			return d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				var n int
				if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM meta WHERE key = $1`, key).Scan(&n); err != nil || n > 0 {
					return err
				}
				err := put(ctx, tx, key, "x")
				if db.IsUnique(err) {
					return fmt.Errorf("ensure: %w", errors.Join(db.ErrRetry, err))
				}
				return err
			})
		}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for k := range keys {
					if err := ensure(fmt.Sprint(k)); err != nil {
						t.Errorf("ensure %d: %v", k, err)
					}
				}
			})
		}
		wg.Wait()
		if n := count(t, d.Read(), "meta"); n != keys {
			t.Errorf("%d rows, want %d", n, keys)
		}
	})
}

func TestReadTxIsOneSnapshot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.ReadTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			before := count(t, tx, "meta")
			if err := d.Tx(context.WithoutCancel(t.Context()), func(ctx context.Context, w *db.Tx) error { return put(ctx, w, "a", "1") }); err != nil {
				return err
			}
			if after := count(t, tx, "meta"); after != before {
				t.Errorf("the snapshot moved from %d to %d rows", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, d.Read(), "meta"); n != 1 {
			t.Errorf("%d rows afterwards, want 1", n)
		}
	})
}

func TestReadTxRefusesWrites(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.ReadTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return put(ctx, tx, "a", "1") })
		if err == nil {
			t.Error("a write in ReadTx passed")
		}
	})
}

func execTx(ctx context.Context, d *db.DB, statement string, args ...any) (n int64, err error) {
	err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}
