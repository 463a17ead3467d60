package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gongxin/internal/db"
)

// A trial check keeps its file and its outcomes only as long as somebody may still look at them.
const (
	keepTrial  = 24 * time.Hour
	sweepEvery = time.Hour
)

// Swept is what one sweep removed.
type Swept struct {
	Trials   int // trial checks, with their outcomes and files
	Files    int // files of trial checks that were never entered
	Received int // uploads that broke off
}

func (w Swept) any() bool { return w != Swept{} }

// Sweep removes what nobody comes back for: trial checks older than a day with their files, whether they ended or their process was killed, and
// uploads that broke off. What was filed is never touched. Sweeps of several processes may run side by side.
func (s *Service) Sweep(ctx context.Context) (w Swept, err error) {
	before := s.Clock.Now().Add(-keepTrial)
	ids, err := s.staleTrials(ctx, before)
	if err != nil {
		return w, err
	}
	for _, id := range ids {
		if err := s.Forget(ctx, id); err != nil && !errors.Is(err, ErrNotFound) {
			return w, fmt.Errorf("ingest: sweep: %w", err)
		}
		w.Trials++
	}
	if w.Files, err = s.sweepFiles(ctx, before); err != nil {
		return w, err
	}
	if w.Received, err = s.Blobs.Sweep(before); err != nil {
		return w, fmt.Errorf("ingest: sweep: %w", err)
	}
	return w, nil
}

// staleTrials gives trial checks received before an instant that nobody works on.
func (s *Service) staleTrials(ctx context.Context, before time.Time) ([]string, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT submission_id, state, lease_owner, lease_until FROM submission WHERE dry = 1 AND received_at < $1
		ORDER BY received_at, submission_id`, before.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("ingest: sweep: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	now := s.Clock.Now().UnixMicro()
	for rows.Next() {
		var id, owner string
		var state State
		var until int64
		if err := rows.Scan(&id, &state, &owner, &until); err != nil {
			return nil, err
		}
		if state == Done || state == Failed || owner == "" || until <= now || dead(owner, s.Owner) {
			out = append(out, id)
		}
	}
	return out, rows.Err()
}

// sweepFiles removes the files of trial checks that no submission names: their process ended between keeping the file and entering it, or
// between forgetting the check and removing its file.
func (s *Service) sweepFiles(ctx context.Context, before time.Time) (int, error) {
	names, err := s.Blobs.Alone(before)
	if err != nil {
		return 0, fmt.Errorf("ingest: sweep: %w", err)
	}
	n := 0
	for _, name := range names {
		var used int
		if err := s.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM submission WHERE file_hash = $1`, name).Scan(&used); err != nil {
			return n, fmt.Errorf("ingest: sweep: %w", err)
		}
		if used > 0 {
			continue
		}
		if err := s.Blobs.Remove(name); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// sweepDue sweeps when an hour has gone by since the last time, and gives when the last time was.
func (s *Service) sweepDue(ctx context.Context, last time.Time, log *slog.Logger) time.Time {
	now := s.Clock.Now()
	if !last.IsZero() && now.Sub(last) < sweepEvery {
		return last
	}
	w, err := s.Sweep(ctx)
	switch {
	case err != nil && ctx.Err() == nil && !errors.Is(err, db.ErrRetry):
		log.ErrorContext(ctx, "sweep failed; it will be tried again", slog.Any("error", err))
	case w.any():
		log.InfoContext(ctx, "swept", slog.Int("trials", w.Trials), slog.Int("files", w.Files), slog.Int("received", w.Received))
	}
	return now
}
