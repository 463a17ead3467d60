package record

import (
	"context"

	"gongxin/internal/translog"
)

// Newest is the newest version of a record: which one it is, and where its leaf was queued. It holds no content.
type Newest struct {
	Number int
	Status Status
	Place  translog.Location
}

// NewestOf gives the newest version of each of a subject's records, by the record's key.
func (s *Store) NewestOf(ctx context.Context, subject int64) (map[int64]Newest, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT r.record_key, v.version, v.status, v.outbox_id, v.outbox_pos FROM `+joinHead+`WHERE r.subject_id = $1`, subject)
	if err != nil {
		return nil, wrap(err, "record: newest")
	}
	defer func() { _ = rows.Close() }()
	out := map[int64]Newest{}
	for rows.Next() {
		var key int64
		var n Newest
		if err := rows.Scan(&key, &n.Number, &n.Status, &n.Place.Event, &n.Place.Position); err != nil {
			return nil, wrap(err, "record: newest")
		}
		out[key] = n
	}
	return out, wrap(rows.Err(), "record: newest")
}
