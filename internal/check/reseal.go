package check

import (
	"context"
	"fmt"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// Resealer moves answers to a new sealing key. It implements gm.Resealer.
type Resealer struct{ s *Service }

// Resealer gives the resealer of this service.
func (s *Service) Resealer() gm.Resealer { return Resealer{s} }

// Name says what is resealed.
func (Resealer) Name() string { return "核查结果" }

// Stale counts answers that are not under the current key.
func (r Resealer) Stale(ctx context.Context) (n int64, err error) {
	err = r.s.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM check_answer WHERE document <> '' AND document NOT LIKE $1`, r.s.Ring.Prefix()+"%").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("check: stale: %w", err)
	}
	return n, nil
}

// Reseal moves up to limit answers behind a place to the current key, in one transaction.
func (r Resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("check: reseal: %w", err)
		}
	}
	err = r.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := sealed(ctx, tx, from, limit)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.sealed == "" || r.s.Ring.UnderCurrent(x.sealed) {
				continue
			}
			again, err := r.s.Ring.Reseal(label(strconv.FormatInt(x.receipt, 10)), x.sealed)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE check_answer SET document = $2 WHERE receipt_id = $1 AND document <> ''`, x.receipt, again); err != nil {
				return err
			}
			done++
		}
		if len(list) == limit {
			next = strconv.FormatInt(list[limit-1].receipt, 10)
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("check: reseal: %w", err)
	}
	return next, done, nil
}

func sealed(ctx context.Context, tx *db.Tx, after int64, limit int) ([]stored, error) {
	rows, err := tx.QueryContext(ctx, `SELECT receipt_id, document FROM check_answer WHERE receipt_id > $1 ORDER BY receipt_id LIMIT $2+0`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []stored
	for rows.Next() {
		var x stored
		if err := rows.Scan(&x.receipt, &x.sealed); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}
