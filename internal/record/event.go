package record

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"gongxin/internal/db"
)

// Event is one change of records that were on file before: whoever was given a copy of them has to hear of it. It is written with the change and stays until whoever
// passes it on drops it.
type Event struct {
	ID      int64 // of the change, which is the outbox row of its leaves
	At      time.Time
	Actor   string
	Basis   string
	Why     string
	Records []Changed
}

// Changed is a record with its newest version.
type Changed struct {
	ID
	Number int
	Status Status
}

// eventRow is the length of one record in an event: subject, key, version, status.
const eventRow = 8 + 8 + 4 + 1

func (b *batch) writeEvent(ctx context.Context, tx *db.Tx) error {
	if len(b.changed) == 0 {
		return nil
	}
	payload := make([]byte, 0, len(b.changed)*eventRow)
	for _, c := range b.changed {
		payload = binary.BigEndian.AppendUint64(payload, uint64(c.Subject))
		payload = binary.BigEndian.AppendUint64(payload, uint64(c.Key))
		payload = binary.BigEndian.AppendUint32(payload, uint32(c.Number))
		payload = append(payload, byte(c.Status))
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO record_event (event_id, n, payload, recorded_at) VALUES ($1, $2, $3, $4)`, b.outbox, len(b.changed), payload, micros(b.change.At))
	return err
}

// Events gives changes that nobody has passed on yet, oldest first. Ids are made before the commit: ask from the beginning each time and drop what is done.
func (s *Store) Events(ctx context.Context, limit int) ([]Event, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT e.event_id, e.payload, e.recorded_at, c.actor, c.basis, c.why FROM record_event e JOIN record_change c ON c.change_id = e.event_id
		ORDER BY e.event_id LIMIT $1+0`, limit)
	if err != nil {
		return nil, wrap(err, "record: events")
	}
	defer func() { _ = rows.Close() }()
	var out []Event
	for rows.Next() {
		var e Event
		var payload []byte
		var at int64
		if err := rows.Scan(&e.ID, &payload, &at, &e.Actor, &e.Basis, &e.Why); err != nil {
			return nil, wrap(err, "record: events")
		}
		if len(payload)%eventRow != 0 {
			return nil, fmt.Errorf("record: event %d is of no whole number of records", e.ID)
		}
		e.At = Micros(at)
		for p := payload; len(p) > 0; p = p[eventRow:] {
			e.Records = append(e.Records, Changed{
				ID:     ID{int64(binary.BigEndian.Uint64(p)), int64(binary.BigEndian.Uint64(p[8:]))},
				Number: int(binary.BigEndian.Uint32(p[16:])), Status: Status(p[20]),
			})
		}
		out = append(out, e)
	}
	return out, wrap(rows.Err(), "record: events")
}

// DropEvents takes changes off the list, in the transaction that has passed them on.
func (s *Store) DropEvents(ctx context.Context, tx *db.Tx, ids ...int64) error {
	for _, n := range ids {
		if _, err := tx.ExecContext(ctx, `DELETE FROM record_event WHERE event_id = $1`, n); err != nil {
			return wrap(err, "record: drop events")
		}
	}
	return nil
}
