package db

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Rows gives the next row of a bulk load, and nil after the last one. The slice may be reused for the next row.
type Rows func() ([]any, error)

// CopyFrom loads rows into a table within the transaction, as fast as the engine can: COPY on PostgreSQL, prepared INSERTs of many
// rows on SQLite. It gives the number of rows. A duplicate key fails it; to merge, load into a Staging table and
// INSERT … SELECT … ON CONFLICT from there.
func (t *Tx) CopyFrom(ctx context.Context, table string, columns []string, rows Rows) (int64, error) {
	var n int64
	var err error
	if t.db.engine == Postgres {
		n, err = t.copyPostgres(ctx, table, columns, rows)
	} else {
		n, err = t.copySQLite(ctx, table, columns, rows)
	}
	if err != nil {
		return n, fmt.Errorf("db: copy into %s: %w", table, err)
	}
	return n, nil
}

func (t *Tx) copyPostgres(ctx context.Context, table string, columns []string, rows Rows) (n int64, err error) {
	err = t.conn.Raw(func(c any) error {
		pg, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("unexpected driver connection %T", c)
		}
		n, err = pg.Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(rows))
		return err
	})
	return n, err
}

// copyParams is the number of parameters of one INSERT on SQLite.
const copyParams = 256

func (t *Tx) copySQLite(ctx context.Context, table string, columns []string, rows Rows) (n int64, err error) {
	ctx = t.calm(ctx)
	perChunk := max(copyParams/len(columns), 1)
	full, err := t.tx.PrepareContext(ctx, insertSQL(table, columns, perChunk))
	if err != nil {
		return 0, err
	}
	defer func() { _ = full.Close() }()
	args := make([]any, 0, perChunk*len(columns))
	for {
		row, err := rows()
		if err != nil {
			return n, err
		}
		if row == nil {
			break
		}
		if len(row) != len(columns) {
			return n, fmt.Errorf("row %d has %d values for %d columns", n+1, len(row), len(columns))
		}
		args = append(args, row...)
		n++
		if len(args) == cap(args) {
			if _, err := full.ExecContext(ctx, args...); err != nil {
				return n, err
			}
			args = args[:0]
		}
	}
	if len(args) > 0 {
		if _, err := t.tx.ExecContext(ctx, insertSQL(table, columns, len(args)/len(columns)), args...); err != nil {
			return n, err
		}
	}
	return n, nil
}

// insertSQL writes an INSERT of n rows. Bare ? placeholders: the driver looks numbered ones up by text, in time quadratic in
// their number.
func insertSQL(table string, columns []string, n int) string {
	one := "(" + strings.Repeat("?,", len(columns)-1) + "?)"
	return "INSERT INTO " + quote(table) + " (" + quoteAll(columns) + ") VALUES " + strings.Repeat(one+",", n-1) + one
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quote(n)
	}
	return strings.Join(q, ",")
}
