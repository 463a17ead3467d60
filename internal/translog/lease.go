package translog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin/internal/db"
)

// takeLease makes this process the sequencer unless another one's lease still runs. Whoever holds the directory's lock takes the lease over at once
// from a holder that worked in the same directory: that one is dead.
func (l *Log) takeLease(ctx context.Context, dir, holder string) (epoch int64, err error) {
	now := l.c.Clock.Now()
	err = l.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO log_lease (name, owner, epoch, until) VALUES ('sequencer', '', 0, 0) ON CONFLICT (name) DO NOTHING`)
		if err != nil {
			return err
		}
		// A lease that ends absurdly far ahead was written under a clock that has gone back since.
		err = tx.QueryRowContext(ctx, `UPDATE log_lease SET owner = $1, epoch = epoch + 1, until = $2
			WHERE name = 'sequencer' AND (until < $3 OR until > $4 OR substr(owner, 1, $5) = $6) RETURNING epoch`,
			holder, now.Add(leaseFor).UnixMicro(), now.UnixMicro(), now.Add(10*leaseFor).UnixMicro(), len(dir)+1, dir+"/").Scan(&epoch)
		if errors.Is(err, sql.ErrNoRows) {
			return errLease
		}
		return err
	}, db.ReadCommitted)
	if err != nil {
		return 0, fmt.Errorf("translog: lease: %w", err)
	}
	return epoch, nil
}

// renew prolongs the lease within tx, and fails when somebody else has it: nothing of tx is then written.
func (s *session) renew(ctx context.Context, tx *db.Tx) error {
	r, err := tx.ExecContext(ctx, `UPDATE log_lease SET until = $1 WHERE name = 'sequencer' AND owner = $2 AND epoch = $3`,
		s.c.Clock.Now().Add(leaseFor).UnixMicro(), s.holder, s.epoch)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 {
		return errLease
	}
	return nil
}

// dropLease lets the next one begin at once.
func (s *session) dropLease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseFor)
	defer cancel()
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE log_lease SET until = 0 WHERE name = 'sequencer' AND owner = $1 AND epoch = $2`, s.holder, s.epoch)
		return err
	}, db.ReadCommitted)
}
