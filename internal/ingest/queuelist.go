package ingest

import (
	"context"
	"fmt"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
)

// QueueFilter narrows the queue. Zero values do not narrow.
type QueueFilter struct {
	Agency     agency.ID
	Item       catalog.ItemCode
	Submission string
}

// where gives the conditions behind those that args are bound to already.
func (f QueueFilter) where(args []any) (string, []any) {
	var q strings.Builder
	add := func(column string, v any) {
		args = append(args, v)
		fmt.Fprintf(&q, " AND %s = $%d", column, len(args))
	}
	if f.Agency != 0 {
		add("agency_id", f.Agency)
	}
	if f.Item != "" {
		add("item", string(f.Item))
	}
	if f.Submission != "" {
		add("submission_id", f.Submission)
	}
	return q.String(), args
}

// Queue gives entries of a state, oldest first, behind an entry; after 0 starts.
func (s *Service) Queue(ctx context.Context, state QueueState, after int64, limit int) ([]QueueEntry, error) {
	return s.QueueOf(ctx, state, QueueFilter{}, after, limit)
}

// QueueOf gives the entries of a state that pass a filter, oldest first, behind an entry; after 0 starts.
func (s *Service) QueueOf(ctx context.Context, state QueueState, f QueueFilter, after int64, limit int) ([]QueueEntry, error) {
	where, args := f.where([]any{string(state), after, limit})
	return s.entries(ctx, `SELECT `+queueColumns+` FROM ingest_queue WHERE state = $1 AND queue_id > $2`+where+` ORDER BY queue_id LIMIT $3+0`, args...)
}

// DecidedOf gives decided entries of a state that pass a filter, the latest decision first, behind an entry; nil starts.
func (s *Service) DecidedOf(ctx context.Context, state QueueState, f QueueFilter, after *QueueEntry, limit int) ([]QueueEntry, error) {
	at, id := int64(1<<63-1), int64(1<<63-1)
	if after != nil {
		at, id = after.DecidedAt.UnixMicro(), after.ID
	}
	where, args := f.where([]any{string(state), at, id, limit})
	return s.entries(ctx, `SELECT `+queueColumns+` FROM ingest_queue WHERE state = $1 AND (decided_at, queue_id) < ($2, $3)`+where+`
		ORDER BY decided_at DESC, queue_id DESC LIMIT $4+0`, args...)
}

func (s *Service) entries(ctx context.Context, query string, args ...any) ([]QueueEntry, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("ingest: queue: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []QueueEntry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// QueueCountsOf gives the number of entries that pass a filter, by state.
func (s *Service) QueueCountsOf(ctx context.Context, f QueueFilter) (map[QueueState]int, error) {
	where, args := f.where(nil)
	rows, err := s.db.Read().QueryContext(ctx, `SELECT state, count(*) FROM ingest_queue WHERE 1 = 1`+where+` GROUP BY state`, args...)
	if err != nil {
		return nil, fmt.Errorf("ingest: queue counts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[QueueState]int{}
	for rows.Next() {
		var state QueueState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("ingest: queue counts: %w", err)
		}
		out[state] = n
	}
	return out, rows.Err()
}

// WaitingBy gives the number of entries that wait for a decision, by unit.
func (s *Service) WaitingBy(ctx context.Context) (map[agency.ID]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT agency_id, count(*) FROM ingest_queue WHERE state = $1 GROUP BY agency_id`, string(Waiting))
	if err != nil {
		return nil, fmt.Errorf("ingest: waiting: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[agency.ID]int{}
	for rows.Next() {
		var unit agency.ID
		var n int
		if err := rows.Scan(&unit, &n); err != nil {
			return nil, fmt.Errorf("ingest: waiting: %w", err)
		}
		out[unit] = n
	}
	return out, rows.Err()
}
