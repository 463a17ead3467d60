package ingest

import (
	"context"
	"fmt"
	"strconv"

	"gongxin/internal/db"
)

// Resealer moves the rows that wait in the matching queue, or waited there, to the current sealing key.
type Resealer struct{ s *Service }

// Resealer gives the resealer of the queue.
func (s *Service) Resealer() *Resealer { return &Resealer{s} }

// Name says what is resealed.
func (*Resealer) Name() string { return "人工匹配队列的行" }

// Stale counts the rows under older keys.
func (r *Resealer) Stale(ctx context.Context) (n int64, err error) {
	prefix := r.s.Ring.Prefix()
	err = r.s.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM ingest_queue WHERE substr(values_sealed, 1, $1) <> $2`, len(prefix), prefix).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("ingest: count stale rows: %w", err)
	}
	return n, nil
}

// Reseal puts up to limit rows behind a place under the current key.
func (r *Resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	place, _ := strconv.ParseInt(after, 10, 64) // "" is the beginning
	err = r.s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, next = 0, ""
		list, err := sealedAfter(ctx, tx, place, limit)
		if err != nil {
			return err
		}
		for _, row := range list {
			sealed, err := r.s.Ring.Reseal("queue", row.sealed)
			if err != nil {
				return err
			}
			if sealed == row.sealed {
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE ingest_queue SET values_sealed = $2 WHERE queue_id = $1`, row.id, sealed); err != nil {
				return err
			}
			done++
		}
		if len(list) == limit {
			next = strconv.FormatInt(list[len(list)-1].id, 10)
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("ingest: reseal: %w", err)
	}
	return next, done, nil
}

type sealedRow struct {
	id     int64
	sealed string
}

func sealedAfter(ctx context.Context, tx *db.Tx, after int64, limit int) (list []sealedRow, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT queue_id, values_sealed FROM ingest_queue WHERE queue_id > $1 ORDER BY queue_id LIMIT $2+0`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r sealedRow
		if err := rows.Scan(&r.id, &r.sealed); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
