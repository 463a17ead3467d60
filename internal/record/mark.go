package record

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin/internal/db"
)

// Disputed is the mark 异议中: an accepted objection stands against the record. It is shown wherever the record is, from the act on that accepts to the one that decides.
const Disputed = "disputed"

// openMark stands in until_at for a mark that nobody has lifted.
const openMark = 1<<63 - 1

// StandingMark is a mark that stands on a record.
type StandingMark struct {
	Mark  string
	Ref   string // what set it, such as the number of the objection
	Since time.Time
}

// SetMark marks a record from an instant on, within the transaction of what marks it. The same mark of the same origin stands once.
func (s *Store) SetMark(ctx context.Context, tx *db.Tx, at ID, mark, ref string, when time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO record_mark (subject_id, record_key, mark, ref, since_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (subject_id, record_key, mark, ref) DO UPDATE SET until_at = excluded.until_at`, at.Subject, at.Key, mark, ref, micros(when), int64(openMark))
	return wrap(err, "record: set mark")
}

// ClearMark lifts a mark of one origin from an instant on. Marks of other origins stay.
func (s *Store) ClearMark(ctx context.Context, tx *db.Tx, at ID, mark, ref string, when time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE record_mark SET until_at = $5 WHERE subject_id = $1 AND record_key = $2 AND mark = $3 AND ref = $4 AND until_at = $6`,
		at.Subject, at.Key, mark, ref, micros(when), int64(openMark))
	return wrap(err, "record: clear mark")
}

// MarksOf gives the marks that stand on records now.
func (s *Store) MarksOf(ctx context.Context, q db.Querier, ids []ID) (map[ID][]StandingMark, error) {
	out := map[ID][]StandingMark{}
	for ids = unique(ids); len(ids) > 0; {
		n := min(len(ids), headsChunk)
		pairs, args := pairList(ids[:n])
		err := db.ForEach(ctx, q, func(rows *sql.Rows) error {
			var at ID
			var m StandingMark
			var since int64
			err := rows.Scan(&at.Subject, &at.Key, &m.Mark, &m.Ref, &since)
			m.Since = Micros(since)
			out[at] = append(out[at], m)
			return err
		}, `SELECT subject_id, record_key, mark, ref, since_at FROM record_mark
			WHERE until_at = 9223372036854775807 AND (subject_id, record_key) IN (VALUES `+pairs+`) ORDER BY since_at`, args...)
		if err != nil {
			return nil, fmt.Errorf("record: marks: %w", err)
		}
		ids = ids[n:]
	}
	return out, nil
}
