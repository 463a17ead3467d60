package notice

import (
	"context"
	"fmt"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// Resealer moves addresses and secrets to a new sealing key. It implements gm.Resealer.
type Resealer struct{ s *Service }

// Resealer gives the resealer of this service.
func (s *Service) Resealer() gm.Resealer { return Resealer{s} }

// Name says what is resealed.
func (Resealer) Name() string { return "通知地址" }

// Stale counts values that are not under the current key.
func (r Resealer) Stale(ctx context.Context) (n int64, err error) {
	like := r.s.Ring.Prefix() + "%"
	err = r.s.DB.Read().QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN address <> '' AND address NOT LIKE $1 THEN 1 ELSE 0 END + CASE WHEN secret <> '' AND secret NOT LIKE $1 THEN 1 ELSE 0 END
		+ CASE WHEN code <> '' AND code NOT LIKE $1 THEN 1 ELSE 0 END), 0) FROM notice_channel`, like).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("notice: stale: %w", err)
	}
	return n, nil
}

type sealedRow struct {
	id     int64
	values [3]string
}

// Reseal moves up to limit channels behind a place to the current key, in one transaction.
func (r Resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("notice: reseal: %w", err)
		}
	}
	err = r.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := sealedRows(ctx, tx, from, limit)
		if err != nil {
			return err
		}
		for i := range list {
			n, err := r.one(ctx, tx, &list[i])
			if err != nil {
				return err
			}
			done += n
		}
		if len(list) == limit {
			next = dec(list[limit-1].id)
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("notice: reseal: %w", err)
	}
	return next, done, nil
}

func sealedRows(ctx context.Context, tx *db.Tx, after int64, limit int) ([]sealedRow, error) {
	rows, err := tx.QueryContext(ctx, `SELECT channel_id, address, secret, code FROM notice_channel WHERE channel_id > $1 ORDER BY channel_id LIMIT $2+0`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []sealedRow
	for rows.Next() {
		var r sealedRow
		if err := rows.Scan(&r.id, &r.values[0], &r.values[1], &r.values[2]); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func (r Resealer) one(ctx context.Context, tx *db.Tx, row *sealedRow) (done int, err error) {
	for i, label := range []string{labelAddress, labelSecret, labelCode} {
		if row.values[i] == "" || r.s.Ring.UnderCurrent(row.values[i]) {
			continue
		}
		if row.values[i], err = r.s.Ring.Reseal(label, row.values[i]); err != nil {
			return 0, err
		}
		done++
	}
	if done == 0 {
		return 0, nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE notice_channel SET address = $2, secret = $3, code = $4 WHERE channel_id = $1`, row.id, row.values[0], row.values[1], row.values[2])
	return done, err
}
