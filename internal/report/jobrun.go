package report

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// A worker has a job for so long without finishing a report; then another one may take it over.
const leaseTime = 60 * time.Second

const (
	pollEvery = 2 * time.Second
	portion   = 20 // lines that are read at once
)

// Work runs jobs until ctx ends. wake says that one was just ordered in this process.
func (s *Service) Work(ctx context.Context, wake <-chan struct{}) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		for {
			ran, err := s.RunNext(ctx)
			if err != nil && ctx.Err() == nil {
				s.c.Log.ErrorContext(ctx, "batch of reports stopped; it will be taken up again", slog.Any("error", err))
			}
			if !ran || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// RunNext runs the oldest job that nobody works on, to its end; ran is false when there is none.
func (s *Service) RunNext(ctx context.Context) (ran bool, err error) {
	defer fault.Wrap(&err, "report.RunNext")
	j, err := s.claim(ctx)
	if err != nil || j == nil {
		return false, err
	}
	for {
		more, err := s.part(ctx, j)
		switch {
		case errors.Is(err, errStale):
			return true, nil // cancelled, or somebody else's now
		case err != nil:
			s.release(ctx, j)
			return true, err
		case !more:
			return true, nil
		}
	}
}

// claim takes the lease of the oldest job that is free.
func (s *Service) claim(ctx context.Context) (j *Job, err error) {
	err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		j = nil
		now := s.c.Clock.Now()
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT batch_id FROM report_batch WHERE state IN ('waiting', 'running') AND (lease_owner = '' OR lease_owner = $1 OR lease_until <= $2)
			ORDER BY created_at, batch_id LIMIT 1`, s.c.Owner, now.UnixMicro()).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `UPDATE report_batch SET state = 'running', lease_owner = $2, lease_until = $3 WHERE batch_id = $1`, id, s.c.Owner, now.Add(leaseTime).UnixMicro()); err != nil {
			return err
		}
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM report_batch WHERE batch_id = $1`, id))
		return err
	})
	return j, err
}

// release lets others take the job up again.
func (s *Service) release(ctx context.Context, j *Job) {
	_ = s.c.DB.Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE report_batch SET lease_owner = '', lease_until = 0 WHERE batch_id = $1 AND lease_owner = $2`, j.ID, s.c.Owner)
		return err
	})
}

// part makes the next reports. Each is ticked off in the transaction that puts it on file, so that none is made twice after a crash.
func (s *Service) part(ctx context.Context, j *Job) (more bool, err error) {
	rows, err := s.c.DB.Read().QueryContext(ctx, `SELECT place, code, consent_id, aim, number, why FROM report_batch_row WHERE batch_id = $1 AND number = '' AND why = '' ORDER BY place LIMIT $2+0`, j.ID, portion)
	if err != nil {
		return false, err
	}
	next, err := scanRows(rows)
	if err != nil {
		return false, err
	}
	if len(next) == 0 {
		return false, s.finish(ctx, j, Done, "")
	}
	who, err := s.c.Account(ctx, j.Account)
	if err == nil {
		who.Address = j.address
		err = s.may(ctx, who, j.Agency)
	}
	if why, ok := refusal(err); ok {
		return false, s.finish(ctx, j, Stopped, why)
	}
	if err != nil {
		return false, err
	}
	for i := range next {
		if err := s.makeRow(ctx, j, who, &next[i]); err != nil {
			return false, err
		}
	}
	return true, nil
}

// makeRow makes the report of one line, and its PDF, or writes down why there is none.
func (s *Service) makeRow(ctx context.Context, j *Job, who authz.Actor, row *Row) error {
	o := row.order(who, j.Agency, j.Use)
	o.kept = func(ctx context.Context, tx *db.Tx, r *Report) error {
		row.Number = r.Number
		return s.tickOff(ctx, tx, j, row)
	}
	r, err := s.Create(ctx, o)
	if err == nil {
		if _, err = s.Print(ctx, r); errors.Is(err, ErrGlyph) {
			return nil // the archive holds it as data
		}
		return err
	}
	why, ok := refusal(err)
	if !ok || ctx.Err() != nil || errors.Is(err, errStale) {
		return err
	}
	row.Number, row.Why = "", why
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.tickOff(ctx, tx, j, row) })
}

// order is what makes the report of a line.
func (l *Listed) order(who authz.Actor, unit int64, use string) Order {
	o := Order{Who: who, Kind: Standard, Subject: publish.Whom{Code: l.Code}, Use: use, Unit: unit}
	if l.Consent != 0 {
		o.Kind, o.Purpose = Special, publish.Purpose{Consent: l.Consent, Aim: l.Aim, Agency: unit}
	}
	return o
}

// tickOff marks a line as done within tx and renews the lease; without the lease, or when the job was cancelled, it fails, and everything in tx with it.
func (s *Service) tickOff(ctx context.Context, tx *db.Tx, j *Job, row *Row) error {
	made, refused := 1, 0
	if row.Why != "" {
		made, refused = 0, 1
	}
	res, err := tx.ExecContext(ctx, `UPDATE report_batch SET made = made + $3, refused = refused + $4, lease_until = $5 WHERE batch_id = $1 AND lease_owner = $2 AND state = 'running'`,
		j.ID, s.c.Owner, made, refused, s.c.Clock.Now().Add(leaseTime).UnixMicro())
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errStale, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE report_batch_row SET number = $3, why = $4 WHERE batch_id = $1 AND place = $2`, j.ID, row.Place, row.Number, row.Why)
	return err
}

func (s *Service) finish(ctx context.Context, j *Job, state JobState, why string) error {
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.c.Clock.Now()
		_, err := tx.ExecContext(ctx, `UPDATE report_batch SET state = $3, why = $4, finished_at = $5, expires_at = $6, lease_owner = '', lease_until = 0
			WHERE batch_id = $1 AND lease_owner = $2 AND state = 'running'`, j.ID, s.c.Owner, string(state), why, now.UnixMicro(), now.Add(archiveTime).UnixMicro())
		return err
	})
}

// SweepJobs deletes the lists of jobs whose time is over, and drafts that nobody ordered. The reports stay.
func (s *Service) SweepJobs(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "report.SweepJobs")
	now := s.c.Clock.Now().UnixMicro()
	for {
		var job int64
		err := s.c.DB.Read().QueryRowContext(ctx, `SELECT batch_id FROM report_batch WHERE expires_at > 0 AND expires_at <= $1 LIMIT 1`, now).Scan(&job)
		if errors.Is(err, sql.ErrNoRows) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.ExecContext(ctx, `DELETE FROM report_batch_row WHERE batch_id = $1`, job); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM report_batch WHERE batch_id = $1 AND state = 'draft'`, job); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE report_batch SET state = 'expired', expires_at = 0, address = '' WHERE batch_id = $1`, job)
			return err
		})
		if err != nil {
			return n, err
		}
		n++
	}
}
