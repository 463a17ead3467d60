package declaration

import (
	"context"
	"fmt"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// Resealer moves declarations and drafts to a new sealing key. It implements gm.Resealer.
type Resealer struct{ s *Service }

// Resealer gives the resealer of this service.
func (s *Service) Resealer() gm.Resealer { return Resealer{s} }

// Name says what is resealed.
func (Resealer) Name() string { return "自主申报" }

// Stale counts declarations and drafts that are not under the current key.
func (r Resealer) Stale(ctx context.Context) (n int64, err error) {
	like := r.s.Ring.Prefix() + "%"
	err = r.s.DB.Read().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM declaration WHERE content NOT LIKE $1) + (SELECT count(*) FROM declaration_draft WHERE content NOT LIKE $1)`, like).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("declaration: stale: %w", err)
	}
	return n, nil
}

// sealedRow is a row of either table.
type sealedRow struct {
	id      int64
	draft   int64 // 1 = of declaration_draft
	content string
}

// Reseal moves up to limit rows behind a place to the current key, in one transaction. Numbers of both tables are made by one maker and differ.
func (r Resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("declaration: reseal: %w", err)
		}
	}
	err = r.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := sealedRows(ctx, tx, from, limit)
		if err != nil {
			return err
		}
		for i := range list {
			if r.s.Ring.UnderCurrent(list[i].content) {
				continue
			}
			if err := r.one(ctx, tx, &list[i]); err != nil {
				return err
			}
			done++
		}
		if len(list) == limit {
			next = strconv.FormatInt(list[limit-1].id, 10)
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("declaration: reseal: %w", err)
	}
	return next, done, nil
}

func sealedRows(ctx context.Context, tx *db.Tx, after int64, limit int) ([]sealedRow, error) {
	rows, err := tx.QueryContext(ctx, `SELECT declaration_id AS id, 0, content FROM declaration WHERE declaration_id > $1
		UNION ALL SELECT draft_id, 1, content FROM declaration_draft WHERE draft_id > $1 ORDER BY 1 LIMIT $2+0`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []sealedRow
	for rows.Next() {
		var x sealedRow
		if err := rows.Scan(&x.id, &x.draft, &x.content); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

func (r Resealer) one(ctx context.Context, tx *db.Tx, x *sealedRow) error {
	sealed, err := r.s.Ring.Reseal(sealLabel, x.content)
	if err != nil {
		return err
	}
	update := `UPDATE declaration SET content = $2 WHERE declaration_id = $1`
	if x.draft == 1 {
		update = `UPDATE declaration_draft SET content = $2 WHERE draft_id = $1`
	}
	_, err = tx.ExecContext(ctx, update, x.id, sealed)
	return err
}
