package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/db"
)

// TestLogIsFoldedBesideTheWriter: a log that has grown to its bound is folded into the file without the commit that crossed the bound doing it, also under a
// reader that holds an old snapshot, and begins anew when nobody reads what is old.
func TestLogIsFoldedBesideTheWriter(t *testing.T) {
	t.Parallel()
	const bound = 200 // pages, 0.8 MB
	path := filepath.Join(t.TempDir(), "gongxin.db")
	d, err := db.Open(t.Context(), path, db.Options{AutoCheckpoint: bound})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	size := func(suffix string) int64 {
		t.Helper()
		st, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	n := 0
	write := func(rows int) {
		t.Helper()
		for range rows {
			n++
			err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return put(ctx, tx, fmt.Sprint("key ", n), strings.Repeat("x", 3000))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	write(1000) // some thousand pages
	d.Folded()
	write(1) // begins the log anew
	if got := size("-wal"); got > (bound+50)*4120 {
		t.Errorf("after folding the log has %d bytes", got)
	}
	if got := size(""); got < 1000*3000 {
		t.Errorf("the file has %d bytes, the log was not folded into it", got)
	}

	// A reader on an old snapshot keeps the log from beginning anew; what it reads stays, and nobody waits for it.
	err = d.ReadTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var before, after int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM meta`).Scan(&before); err != nil {
			return err
		}
		write(600)
		d.Folded()
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM meta`).Scan(&after); err != nil || after != before {
			t.Errorf("the snapshot had %d rows and has %d: %v", before, after, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write(1)
	d.Folded()
	write(1)
	if got := size("-wal"); got > (bound+50)*4120 {
		t.Errorf("after the reader has gone the log has %d bytes", got)
	}
	if got := get(t, d.Read(), fmt.Sprint("key ", n)); len(got) != 3000 {
		t.Errorf("the newest row has %d bytes", len(got))
	}
}
