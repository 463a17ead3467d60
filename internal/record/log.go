package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin/internal/translog"
)

// Locate says where the leaf of a record's version was queued for the log; version 0 is the newest. It opens nothing: what a leaf commits to
// is more than most may see.
func (s *Store) Locate(ctx context.Context, at ID, version int) (translog.Location, error) {
	var l translog.Location
	err := s.db.Read().QueryRowContext(ctx, fmt.Sprintf(knownThen, `AND r.record_key = $3`)+`SELECT v.outbox_id, v.outbox_pos FROM `+ofChain+`AND (v.version = $4 OR $4 = 0)
		ORDER BY v.version DESC LIMIT 1`, at.Subject, int64(0), at.Key, version).Scan(&l.Event, &l.Position)
	if errors.Is(err, sql.ErrNoRows) {
		return l, translog.ErrNoLog
	}
	if err != nil {
		return l, fmt.Errorf("record: locate: %w", err)
	}
	return l, nil
}

// Owners gives subject and item of each leaf that an outbox row holds, in the order of positions. It is for rows that were queued before the outbox
// named them itself: their versions were numbered in the order of the outbox, so that the first is found by halving.
func (s *Store) Owners(ctx context.Context, outbox int64) (subjects []int64, items []string, err error) {
	var low, high int64
	err = s.db.Read().QueryRowContext(ctx, `SELECT coalesce(min(version_id), 0), coalesce(max(version_id), 0) FROM record_version`).Scan(&low, &high)
	if err != nil {
		return nil, nil, fmt.Errorf("record: owners: %w", err)
	}
	for low < high {
		middle := low + (high-low)/2
		var at int64
		err := s.db.Read().QueryRowContext(ctx, `SELECT outbox_id FROM record_version WHERE version_id >= $1 ORDER BY version_id LIMIT 1`, middle).Scan(&at)
		if err != nil {
			return nil, nil, fmt.Errorf("record: owners: %w", err)
		}
		if at >= outbox {
			high = middle
		} else {
			low = middle + 1
		}
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT outbox_id, outbox_pos, subject_id, item FROM record_version WHERE version_id >= $1 ORDER BY version_id`, low)
	if err != nil {
		return nil, nil, fmt.Errorf("record: owners: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var event, subject int64
		var pos int
		var item string
		if err := rows.Scan(&event, &pos, &subject, &item); err != nil {
			return nil, nil, err
		}
		if event != outbox {
			break
		}
		if pos != len(subjects) {
			return nil, nil, fmt.Errorf("record: owners of outbox row %d: position %d where %d belongs", outbox, pos, len(subjects))
		}
		subjects, items = append(subjects, subject), append(items, item)
	}
	return subjects, items, rows.Err()
}
