package translog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// grace is how long after its start a process waits before it may pause: a sequencer starting beside it must first get a turn.
const grace = time.Minute

// Status says how far the log is.
type Status struct {
	Origin      string    `json:"origin"`
	Size        int64     `json:"size"`         // entries, as the database knows
	Checkpoint  int64     `json:"checkpoint"`   // entries under the newest checkpoint seen
	PublishedAt time.Time `json:"published_at"` // when it was seen
	AdvancedAt  time.Time `json:"advanced_at"`
	Pending     int64     `json:"pending"`       // changes committed and not yet in the log, counted up to PendingCap
	Oldest      time.Time `json:"oldest"`        // when the oldest of them was made; zero = none
	Lag         float64   `json:"lag_seconds"`   // age of the oldest of them
	Stalled     time.Time `json:"stalled_since"` // zero = advancing
	Paused      bool      `json:"paused"`        // publication pauses: what is not in the log is not shown
	SetCovered  int64     `json:"set_covered"`   // entries below this index are in the subjects' sets
	Sequencer   string    `json:"sequencer"`     // who holds the lease; empty = nobody
}

// PendingCap bounds counting.
const PendingCap = 10000

// Watch answers from the database how far the log is, cheaply enough for every page: it looks at most once a second.
type Watch struct {
	db     *db.DB
	clock  clock.Clock
	after  time.Duration
	start  time.Time
	mu     sync.Mutex
	seen   time.Time
	paused time.Time // since when publication pauses; zero = it does not
}

// NewWatch makes a Watch; after is how long the log may stand still.
func NewWatch(d *db.DB, c clock.Clock, after time.Duration) *Watch {
	return &Watch{db: d, clock: c, after: after, start: c.Now()}
}

// Paused reports whether publication must pause: changes wait, and the log has not advanced for the configured time. When the database
// does not answer, the last answer stands.
func (w *Watch) Paused(ctx context.Context) bool { return !w.PausedSince(ctx).IsZero() }

// PausedSince gives since when changes wait without the log advancing, as long as publication pauses; the zero time when it does not.
func (w *Watch) PausedSince(ctx context.Context) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.Now()
	if age := now.Sub(w.seen); !w.seen.IsZero() && age >= 0 && age < time.Second {
		return w.paused
	}
	oldest, first, advanced, err := w.look(ctx)
	if err != nil {
		return w.paused
	}
	w.seen, w.paused = now, time.Time{}
	if since := later(oldest, advanced); first != 0 && now.Sub(since) >= w.after && now.Sub(w.start) >= min(grace, w.after) {
		w.paused = since
	}
	return w.paused
}

// Sequenced reports whether the leaves of an outbox row are in the log. It asks the database only for rows that may not be.
func (w *Watch) Sequenced(ctx context.Context, outboxID int64) (bool, error) {
	var n int
	err := w.db.Read().QueryRowContext(ctx, `SELECT 1 FROM log_pending WHERE outbox_id = $1`, outboxID).Scan(&n)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("translog: sequenced: %w", err)
	}
	return false, nil
}

// look reads the oldest pending row and when the log last advanced.
func (w *Watch) look(ctx context.Context) (oldest time.Time, first int64, advanced time.Time, err error) {
	var at int64
	err = w.db.Read().QueryRowContext(ctx, `SELECT outbox_id, created_at FROM log_pending ORDER BY outbox_id LIMIT 1`).Scan(&first, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, 0, time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, 0, time.Time{}, fmt.Errorf("translog: watch: %w", err)
	}
	oldest, at = time.UnixMicro(at), 0
	err = w.db.Read().QueryRowContext(ctx, `SELECT advanced_at FROM log_state WHERE id = 1`).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, 0, time.Time{}, fmt.Errorf("translog: watch: %w", err)
	}
	return oldest, first, time.UnixMicro(at), nil
}

// Status reads how far the log is.
func (w *Watch) Status(ctx context.Context) (Status, error) {
	oldest, first, _, err := w.look(ctx)
	if err != nil {
		return Status{}, err
	}
	var s Status
	var advanced, published, until int64
	var text []byte
	err = w.db.Read().QueryRowContext(ctx, `SELECT origin, size, advanced_at, checkpoint, published_at, root_covered FROM log_state WHERE id = 1`).Scan(
		&s.Origin, &s.Size, &advanced, &text, &published, &s.SetCovered)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Status{}, fmt.Errorf("translog: status: %w", err)
	}
	err = w.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM (SELECT outbox_id FROM log_pending LIMIT $1) AS waiting`, PendingCap).Scan(&s.Pending)
	if err != nil {
		return Status{}, fmt.Errorf("translog: status: %w", err)
	}
	err = w.db.Read().QueryRowContext(ctx, `SELECT owner, until FROM log_lease WHERE name = 'sequencer'`).Scan(&s.Sequencer, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Status{}, fmt.Errorf("translog: status: %w", err)
	}
	now := w.clock.Now()
	if until < now.UnixMicro() {
		s.Sequencer = ""
	}
	if c, err := parseCheckpoint(text); err == nil {
		s.Checkpoint, s.PublishedAt = c.size, time.UnixMicro(published)
	}
	if advanced > 0 {
		s.AdvancedAt = time.UnixMicro(advanced)
	}
	if first != 0 {
		s.Oldest = oldest
		s.Lag = max(0, now.Sub(oldest).Seconds())
		if since := later(oldest, s.AdvancedAt); now.Sub(since) > grace {
			s.Stalled = since
		}
	}
	s.Paused = w.Paused(ctx)
	return s, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Paused is Watch.Paused.
func (l *Log) Paused(ctx context.Context) bool { return l.watch.Paused(ctx) }

// Sequenced is Watch.Sequenced.
func (l *Log) Sequenced(ctx context.Context, outboxID int64) (bool, error) {
	return l.watch.Sequenced(ctx, outboxID)
}

// Status is Watch.Status.
func (l *Log) Status(ctx context.Context) (Status, error) { return l.watch.Status(ctx) }
