package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Tx is a running transaction. It is not safe for concurrent use, and ends with the function that received it.
type Tx struct {
	db   *DB
	conn *sql.Conn
	tx   *sql.Tx

	stmts map[string]txStatement // SQLite: prepared for this transaction, by text
	held  []*statement           // of them, those that outlive it

	writes bool
}

type txStatement struct {
	plain
	stmt *sql.Stmt
}

// Bounds of retrying: eight runs, waiting 5 ms, 10 ms, … 320 ms, each halved or more by chance.
const (
	maxRuns   = 8
	firstWait = 5 * time.Millisecond
)

// TxOption changes how DB.Tx runs.
type TxOption func(*sql.TxOptions)

// ReadCommitted lets each statement of a PostgreSQL transaction see what others committed before it, instead of one snapshot.
// It is for queues, where two workers take different rows and nothing is decided on what was read before. SQLite runs one
// writer at a time and ignores it.
func ReadCommitted(o *sql.TxOptions) { o.Isolation = sql.LevelReadCommitted }

// Engine says which engine this is.
func (t *Tx) Engine() Engine { return t.db.engine }

// ExecContext runs a statement.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = t.calm(ctx)
	if s, ok := t.prepared(ctx, query); ok {
		return s.stmt.ExecContext(ctx, s.args(args)...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

// QueryContext runs a statement that gives rows. Close or read out the rows before the next statement.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = t.calm(ctx)
	if s, ok := t.prepared(ctx, query); ok {
		return s.stmt.QueryContext(ctx, s.args(args)...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a statement that gives at most one row.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = t.calm(ctx)
	if s, ok := t.prepared(ctx, query); ok {
		return s.stmt.QueryRowContext(ctx, s.args(args)...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}

// prepared keeps the statements of a SQLite transaction prepared: the driver parses the text at each call, which costs more than a
// small INSERT. PostgreSQL's driver keeps them itself. A text that does not prepare is left to the plain call, which
// reports why.
func (t *Tx) prepared(ctx context.Context, query string) (txStatement, bool) {
	if t.db.engine != SQLite {
		return txStatement{}, false
	}
	if s, ok := t.stmts[query]; ok {
		return s, true
	}
	if len(t.stmts) >= keptTexts {
		return txStatement{}, false
	}
	if t.stmts == nil {
		t.stmts = map[string]txStatement{}
	}
	if kept := t.keeper(); kept != nil {
		if s := kept.find(query); s != nil {
			t.held = append(t.held, s)
			t.stmts[query] = txStatement{s.plain, t.tx.StmtContext(ctx, s.stmt)}
			return t.stmts[query], true
		}
	}
	form := plainOf(query)
	stmt, err := t.tx.PrepareContext(ctx, form.text)
	if err != nil {
		return txStatement{}, false
	}
	s := txStatement{form, stmt} // the transaction closes it
	t.stmts[query] = s
	return s, true
}

// keeper is the pool that keeps the statements of this transaction beyond it: the writer's, which has one connection.
func (t *Tx) keeper() *prepared {
	if t.writes {
		return t.db.writer
	}
	return nil
}

// release gives back what the transaction held, and keeps what it had to prepare itself for the next one.
func (t *Tx) release(ctx context.Context) {
	kept := t.keeper()
	if kept == nil {
		return
	}
	for _, s := range t.held {
		kept.give(s)
	}
	for query := range t.stmts {
		if kept.again(query) {
			if s, err := kept.take(ctx, query); err == nil {
				kept.give(s)
			}
		}
	}
}

// calm gives the context a statement runs under. SQLite's driver answers a cancelled context by an interrupt that may hit
// another statement of the connection, so there a statement that has begun runs to its end, and cancellation takes effect
// between statements.
func (t *Tx) calm(ctx context.Context) context.Context {
	if t.db.engine != SQLite || ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

type txKey struct{ db *DB }

// Tx runs fn in one transaction and commits if it returns nil. If it returns an error or panics, nothing is written. If the
// engine asks for a repeat (serialization failure, deadlock, busy file), or the error wraps ErrRetry, the
// transaction is rolled back and fn runs again, a bounded number of times; so fn must not change anything outside the
// transaction that a second run would not set again, and must not span a call over the network. When a statement fails, fn
// returns: PostgreSQL accepts no further one in that transaction.
//
// On PostgreSQL the transaction sees one snapshot (REPEATABLE READ), so a row that another one changed meanwhile fails and is
// retried instead of being overwritten; on SQLite there is one writer at a time. A cancelled ctx before the commit rolls
// back. fn must use the ctx it is given; Tx inside Tx is refused.
func (d *DB) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error, opts ...TxOption) error {
	o := &sql.TxOptions{}
	if d.engine == Postgres {
		o.Isolation = sql.LevelRepeatableRead
		for _, opt := range opts {
			opt(o)
		}
	}
	if err := d.Free(ctx); err != nil {
		return err
	}
	wait := firstWait
	for run := 1; ; run++ {
		err := d.once(ctx, d.write, o, fn)
		if err == nil || !isTransient(err) {
			return err
		}
		if run == maxRuns {
			return ErrBusy.With(err)
		}
		if err := pause(ctx, wait/2+rand.N(wait/2)); err != nil {
			return err
		}
		wait *= 2
	}
}

// Free refuses a context that is within a transaction already, for work that others do in a transaction of theirs and that is waited for.
func (d *DB) Free(ctx context.Context) error {
	if ctx.Value(txKey{d}) != nil {
		return ErrNested
	}
	return nil
}

// ReadTx runs fn over one snapshot of the database, which is taken by its first statement. Writing fails. It neither
// blocks writers nor waits for them.
func (d *DB) ReadTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	o := &sql.TxOptions{}
	if d.engine == Postgres {
		o.Isolation, o.ReadOnly = sql.LevelRepeatableRead, true
	}
	return d.once(ctx, d.read, o, fn)
}

// once runs fn in one transaction on a connection of its own, so that CopyFrom can reach the driver.
func (d *DB) once(ctx context.Context, pool *sql.DB, o *sql.TxOptions, fn func(context.Context, *Tx) error) (err error) {
	conn, err := pool.Conn(ctx) // waits for the writer as long as ctx allows
	if err != nil {
		return fmt.Errorf("db: connection: %w", err)
	}
	t := &Tx{db: d, conn: conn, writes: pool == d.write}
	defer func() {
		_ = conn.Close()
		t.release(ctx) // the connection is free now, as preparing for the pool asks
		if t.writes && err == nil {
			d.folder.committed()
		}
	}()
	// database/sql would roll back from another goroutine when a cancellable context ends.
	if t.tx, err = conn.BeginTx(t.calm(ctx), o); err != nil {
		return fmt.Errorf("db: begin: %w", err)
	}
	done := false
	defer func() {
		if !done { // an error, a panic, or runtime.Goexit of a test
			if e := t.tx.Rollback(); e != nil && err != nil && !errors.Is(e, sql.ErrTxDone) {
				err = fmt.Errorf("%w (rollback: %w)", err, e)
			}
		}
	}()
	if err = fn(context.WithValue(ctx, txKey{d}, true), t); err != nil {
		return err
	}
	if err = ctx.Err(); err != nil {
		return err
	}
	if err = t.tx.Commit(); err != nil {
		return fmt.Errorf("db: commit: %w", err)
	}
	done = true
	return nil
}

// pause waits, or returns early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
