package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gongxin/internal/db"
)

// leaseTime is how long a process keeps a submission without committing a batch before another may take it over.
const leaseTime = 60 * time.Second

// Owner names this process in leases: host, process id and a text of its own.
func Owner(own string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return host + "/" + strconv.Itoa(os.Getpid()) + "/" + own
}

// dead reports whether an owner is a process of this host that has ended, so that nobody needs to wait for its lease.
func dead(owner, me string) bool {
	o, m := strings.Split(owner, "/"), strings.Split(me, "/")
	if len(o) != 3 || len(m) != 3 || o[0] != m[0] {
		return false
	}
	pid, err := strconv.Atoi(o[1])
	if err != nil || pid <= 0 {
		return false
	}
	if o[1] == m[1] {
		return o[2] != m[2] // the number was given again, to us
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// held reports whether a lease still runs. One that ends absurdly far ahead was written under a clock that has gone back since: it would keep
// everybody out, its own process too, until that time comes again.
func held(until int64, now time.Time) bool {
	return until > now.UnixMicro() && until <= now.Add(10*leaseTime).UnixMicro()
}

// claim takes the lease of a submission. A finished one is given back as it is.
func (s *Service) claim(ctx context.Context, id string) (sub *Submission, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if sub, err = scanSubmission(tx.QueryRowContext(ctx, `SELECT `+submissionColumns+` FROM submission WHERE submission_id = $1`, id)); err != nil {
			return err
		}
		if sub.State == Done || sub.State == Failed {
			return nil
		}
		var owner string
		var until int64
		if err := tx.QueryRowContext(ctx, `SELECT lease_owner, lease_until FROM submission WHERE submission_id = $1`, id).Scan(&owner, &until); err != nil {
			return err
		}
		now := s.Clock.Now()
		if owner != "" && owner != s.Owner && held(until, now) && !dead(owner, s.Owner) {
			return ErrWorking
		}
		_, err := tx.ExecContext(ctx, `UPDATE submission SET lease_owner = $2, lease_until = $3 WHERE submission_id = $1`, id, s.Owner, now.Add(leaseTime).UnixMicro())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ingest: claim %s: %w", id, err)
	}
	return sub, nil
}

// The release of a lease is tried for so long: a database that was restarted is back by then. Otherwise the lease keeps the submission for its time.
const (
	releaseWithin = 10 * time.Second
	releaseEvery  = 500 * time.Millisecond
)

// release gives a lease back after an error, so that the submission can be tried again at once. What went wrong is often the database itself, so it is tried
// until the database is back or ctx ends.
func (s *Service) release(ctx context.Context, id string) {
	tick := time.NewTicker(releaseEvery)
	defer tick.Stop()
	limit := time.NewTimer(releaseWithin)
	defer limit.Stop()
	for {
		err := s.db.Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE submission SET lease_owner = '', lease_until = 0 WHERE submission_id = $1 AND lease_owner = $2`, id, s.Owner)
			return err
		})
		if err == nil || !db.IsDown(err) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case <-tick.C:
		}
	}
}

// Waiting gives the submissions that nobody works on, oldest first.
func (s *Service) Waiting(ctx context.Context) ([]string, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT submission_id, lease_owner, lease_until FROM submission WHERE state IN ('received', 'running') AND dry = 0
		ORDER BY received_at, submission_id LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("ingest: waiting: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	now := s.Clock.Now()
	for rows.Next() {
		var id, owner string
		var until int64
		if err := rows.Scan(&id, &owner, &until); err != nil {
			return nil, err
		}
		if owner == "" || !held(until, now) || (owner != s.Owner && dead(owner, s.Owner)) {
			out = append(out, id)
		}
	}
	return out, rows.Err()
}
