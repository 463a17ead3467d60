package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gongxin/internal/clock"
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
// uploads that broke off. What was filed is never touched. Sweeps of several processes may run side by side. A day must have gone by the clock of the
// service and by the file system's: a clock that was set ahead by mistake makes nothing old.
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
	if w.Received, err = s.Blobs.Sweep(before, keepTrial); err != nil {
		return w, fmt.Errorf("ingest: sweep: %w", err)
	}
	return w, nil
}

// staleTrials gives trial checks received before an instant that nobody works on, whose file rests for as long.
func (s *Service) staleTrials(ctx context.Context, before time.Time) ([]string, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT submission_id, file_hash, state, lease_owner, lease_until FROM submission WHERE dry = 1 AND received_at < $1
		ORDER BY received_at, submission_id`, before.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("ingest: sweep: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	now := s.Clock.Now().UnixMicro()
	for rows.Next() {
		var id, file, owner string
		var state State
		var until int64
		if err := rows.Scan(&id, &file, &state, &owner, &until); err != nil {
			return nil, err
		}
		if rested, err := s.Blobs.Rested(file, keepTrial); err != nil {
			return nil, err
		} else if !rested {
			continue
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
	names, err := s.Blobs.Alone(before, keepTrial)
	if err != nil {
		return 0, fmt.Errorf("ingest: sweep: %w", err)
	}
	n := 0
	for _, name := range names {
		removed, err := s.sweepFile(ctx, name)
		if err != nil {
			return n, fmt.Errorf("ingest: sweep: %w", err)
		}
		if removed {
			n++
		}
	}
	return n, nil
}

// sweepFile removes a file that no submission names. It asks again right before, in the transaction, in which nobody enters a submission on SQLite; removing
// twice does no harm when the transaction is repeated.
func (s *Service) sweepFile(ctx context.Context, name string) (removed bool, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		removed = false
		var used int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM submission WHERE file_hash = $1`, name).Scan(&used); err != nil || used > 0 {
			return err
		}
		rested, err := s.Blobs.Rested(name, keepTrial)
		if err != nil || !rested {
			return err
		}
		removed = true
		return s.Blobs.Remove(name)
	})
	return removed && err == nil, err
}

// turn is when a sweep was, by the clock on the wall and by the time that the process has run.
type turn struct {
	at  time.Time
	ran time.Duration
}

func (s *Service) turn() turn {
	t := turn{at: s.Clock.Now()}
	if steady, ok := s.Clock.(clock.Steady); ok {
		t.ran = steady.Elapsed()
	} else {
		t.ran = time.Duration(t.at.UnixNano())
	}
	return t
}

// jumped reports whether the clock on the wall went further than time did: then what came just before looks old to the clock and to the file system alike.
func (t turn) jumped(now turn) bool { return now.at.Sub(t.at)-(now.ran-t.ran) > time.Minute }

// sweepDue sweeps when an hour has gone by since the last time, and gives when the last time was.
func (s *Service) sweepDue(ctx context.Context, last turn, log *slog.Logger) turn {
	now := s.turn()
	switch {
	case last.at.IsZero():
	case now.at.Sub(last.at) < sweepEvery:
		return last
	case last.jumped(now):
		log.WarnContext(ctx, "the clock was set ahead; the sweep waits for another hour")
		return now
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

// HasFile reports whether a filing received this content.
func (s *Service) HasFile(ctx context.Context, hash string) (bool, error) {
	var used int
	err := s.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM submission WHERE file_hash = $1`, hash).Scan(&used)
	if err != nil {
		return false, fmt.Errorf("ingest: has file: %w", err)
	}
	return used > 0, nil
}
