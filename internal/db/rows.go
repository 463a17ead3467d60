package db

import (
	"context"
	"database/sql"
)

// ForEach hands every row of a query to scan and closes the rows, whatever happens. It is for queries that run in parts: a deferred close would wait for the last one.
func ForEach(ctx context.Context, q Querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
