package db_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
)

// A server that goes away is down for readers and transactions, and nobody has to open the database again when it is back.
func TestLostServer(t *testing.T) {
	t.Parallel()
	line := dbtest.PostgresLine(t)
	ctx := t.Context()
	d, err := db.Open(ctx, line.URL, db.Options{MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	one := func() error {
		var n int
		return d.Read().QueryRowContext(ctx, `SELECT 1`).Scan(&n)
	}
	ask := func(ctx context.Context, tx *db.Tx) error {
		var n int
		return tx.QueryRowContext(ctx, `SELECT 1`).Scan(&n)
	}
	change := func() error { return d.Tx(ctx, ask) }
	look := func() error { return d.ReadTx(ctx, ask) }
	if err := errors.Join(one(), change(), look()); err != nil {
		t.Fatal(err)
	}
	line.Cut()
	down := func(err error) bool { return db.IsDown(err) || fault.KindOf(err) == fault.Unavailable }
	for range 4 { // first the connections that were open, then none
		for name, err := range map[string]error{"read": one(), "tx": change(), "read tx": look(), "ping": d.Ping(ctx)} {
			if !down(err) {
				t.Errorf("%s without a server: %v", name, err)
			}
		}
	}
	line.Mend()
	for range 3 { // what broke off was noticed already
		if err := errors.Join(one(), change(), look()); err != nil {
			t.Errorf("the server is back: %v", err)
		}
	}
}

// A connection that breaks off in the middle of a transaction, by the administrator or on the way, is a lost database, and nothing was written.
func TestLostInTransaction(t *testing.T) {
	t.Parallel()
	line := dbtest.PostgresLine(t)
	ctx := t.Context()
	d, err := db.Open(ctx, line.URL, db.Options{MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	for name, lose := range map[string]func(pid int){
		"57P01": func(pid int) {
			if _, err := d.Read().ExecContext(ctx, `SELECT pg_terminate_backend($1)`, pid); err != nil {
				t.Error(err)
			}
		},
		"cut": func(int) { line.Cut(); line.Mend() },
	} {
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, 'x')`, name); err != nil {
				return err
			}
			var pid int
			if err := tx.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				return err
			}
			lose(pid)
			_, err := tx.ExecContext(ctx, `UPDATE meta SET value = 'y' WHERE key = $1`, name)
			return err
		})
		if !db.IsDown(err) {
			t.Errorf("%s: %v", name, err)
		}
		var n int
		for range 4 { // connections that the cut left in the pool
			if err = d.Read().QueryRowContext(ctx, `SELECT count(*) FROM meta WHERE key = $1`, name).Scan(&n); err == nil {
				break
			}
		}
		if n != 0 || err != nil {
			t.Errorf("%s: %d rows written: %v", name, n, err)
		}
	}
}

// The errors of the embedded engine itself: a file that takes no more, and one that is a folder.
func TestDownSQLite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	open := func(path string) *sql.DB {
		t.Helper()
		pool, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		pool.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = pool.Close() })
		return pool
	}
	a := open(filepath.Join(t.TempDir(), "x.db"))
	for _, s := range []string{`CREATE TABLE x (y TEXT)`, `PRAGMA max_page_count = 4`} {
		if _, err := a.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.ExecContext(ctx, `INSERT INTO x VALUES ($1)`, strings.Repeat("甲", 1<<16)); !db.IsDown(err) {
		t.Errorf("a full file: %v", err)
	}
	if _, err := open(t.TempDir()).ExecContext(ctx, `SELECT * FROM x`); !db.IsDown(err) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := a.ExecContext(ctx, `SELECT * FROM nothing`); err == nil || db.IsDown(err) {
		t.Errorf("a defect of a statement: %v", err)
	}
}
