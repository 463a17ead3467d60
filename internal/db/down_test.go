package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// What is wrong with the machine is told from what is wrong with the question.
func TestIsDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"the server ends":        {&pgconn.PgError{Code: "57P01"}, true},
		"it starts":              {&pgconn.PgError{Code: "57P03"}, true},
		"its disk is full":       {&pgconn.PgError{Code: "53100"}, true},
		"connection failure":     {&pgconn.PgError{Code: "08006"}, true},
		"a statement too long":   {&pgconn.PgError{Code: stateCanceled}, false},
		"a key twice":            {&pgconn.PgError{Code: stateUnique}, false},
		"a disk of ours is full": {fmt.Errorf("blob: %w", &os.PathError{Op: "write", Err: syscall.ENOSPC}), true},
		"the driver gave up":     {fmt.Errorf("db: begin: %w", driver.ErrBadConn), true},
		"a caller hung up":       {io.ErrUnexpectedEOF, false},
		"no file":                {os.ErrNotExist, false},
		"the time is up":         {context.DeadlineExceeded, false},
		"nothing":                {nil, false},
	} {
		if got := IsDown(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A server that is not there, and a file that cannot be opened, are down; a wrong statement is not.
func TestIsDownForReal(t *testing.T) {
	t.Parallel()
	if _, err := pgconn.Connect(t.Context(), "host="+t.TempDir()+" user=postgres dbname=postgres"); !IsDown(err) {
		t.Errorf("no server: %v", err)
	}
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "down.db"), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO nowhere VALUES (1)`)
		return err
	})
	if err == nil || IsDown(err) {
		t.Errorf("a wrong statement: %v", err)
	}
	if IsDown(errors.New("x")) {
		t.Error("anything is down")
	}
}
