package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Destroy ends what is kept of records: another version says that, when and on what basis their content was destroyed, and of all versions before it the content,
// the natural key, the facts and the salt are overwritten. Without the salt nobody can hold a guess at the content against the leaf that stays in the log; that there
// was a record, whose it was and who filed it stays, so that proofs of completeness hold. Only what is withdrawn, repaired, annulled or ended can be destroyed.
func (s *Store) Destroy(ctx context.Context, tx *db.Tx, ids []ID, ch Change) ([]Outcome, error) {
	list := make([]Turn, len(ids))
	for i := range ids {
		list[i] = Turn{ID: ids[i], To: Destroyed, If: func(v *Version) bool { return v.Status.may(Destroyed) }} // brought back since the list was read: left alone
	}
	out, err := s.Turn(ctx, tx, list, ch)
	if err != nil {
		return nil, err
	}
	for i := range ids {
		if out[i] != Turned {
			continue
		}
		_, err := tx.ExecContext(ctx, `WITH RECURSIVE chain(version_id, prev_id) AS (
			SELECT v.version_id, v.prev_id FROM `+joinHead+`WHERE r.subject_id = $1 AND r.record_key = $2
			UNION ALL SELECT v.version_id, v.prev_id FROM chain JOIN record_version v ON v.subject_id = $1 AND v.version_id = chain.prev_id)
			UPDATE record_version SET body = '{}', nkey = '', digest = $3, salt = $3, status = 7, listed = 0, decided_on = 0, public_from = 0, public_until = 0, kinds = 0,
			procedure = 0, severity = 0, rule_set = '', decided_until = 0, ruled_until = 0 WHERE subject_id = $1 AND version_id IN (SELECT prev_id FROM chain)`, ids[i].Subject, ids[i].Key, []byte{})
		if err != nil {
			return nil, fmt.Errorf("record: destroy: %w", err)
		}
	}
	return out, nil
}

// LastChange gives when somebody last changed a record, not later than an instant, by the register's clock of then; zero = nobody did. What the program does by itself
// does not count: a clock that is wrong makes it do so.
func (s *Store) LastChange(ctx context.Context, until time.Time) (time.Time, error) {
	var at int64
	err := s.db.Read().QueryRowContext(ctx, `SELECT recorded_at FROM record_change WHERE recorded_at <= $1 AND actor NOT LIKE 'system%' ORDER BY change_id DESC LIMIT 1`, micros(until)).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return Micros(at), wrap(err, "record: last change")
}

// Archived gives records of an item that came to one of some statuses before an instant and hold content still, in the order of their ids behind a given one. It
// is for a job, as Due is.
func (s *Store) Archived(ctx context.Context, item string, statuses []Status, before time.Time, after ID, limit int) (list []ID, next ID, err error) {
	args := []any{item, micros(before), after.Subject, after.Key, limit}
	for _, st := range statuses {
		args = append(args, int64(st))
	}
	if len(statuses) == 0 {
		return nil, ID{}, nil
	}
	return s.walk(ctx, `SELECT r.subject_id, r.record_key FROM `+joinHead+`WHERE (r.subject_id, r.record_key) > ($3, $4) AND r.item = $1 AND r.status IN `+db.In(len(statuses), 6)+`
		AND v.recorded_at < $2 ORDER BY r.subject_id, r.record_key LIMIT $5+0`, limit, args...)
}

// Due gives records of some items that are in force or shielded and whose period is over on a day, in the order of their ids behind a given one: what the
// nightly end walks through. It reads the narrow rows from end to end, for a job and not for a page; next is where the following call goes on, the zero ID when it
// came to the end.
func (s *Store) Due(ctx context.Context, items []string, day clock.Date, after ID, limit int) (due []ID, next ID, err error) {
	if len(items) == 0 {
		return nil, ID{}, nil
	}
	args := []any{int64(day), after.Subject, after.Key, limit}
	for _, item := range items {
		args = append(args, item)
	}
	return s.walk(ctx, `SELECT subject_id, record_key FROM record WHERE (subject_id, record_key) > ($2, $3) AND status IN (1, 6) AND public_until <= $1
		AND item IN `+db.In(len(items), 5)+` ORDER BY subject_id, record_key LIMIT $4+0`, limit, args...)
}

// EndedEarly gives records that are ended although their period goes on after a day, in the order of their ids behind a given one: a clock that was ahead ended them. It
// is for a job, as Due is.
func (s *Store) EndedEarly(ctx context.Context, day clock.Date, after ID, limit int) (early []ID, next ID, err error) {
	return s.walk(ctx, `SELECT subject_id, record_key FROM record WHERE (subject_id, record_key) > ($2, $3) AND status = 5 AND public_until > $1 AND public_until < $5
		ORDER BY subject_id, record_key LIMIT $4+0`, limit, int64(day), after.Subject, after.Key, limit, int64(forever))
}

func (s *Store) walk(ctx context.Context, query string, limit int, args ...any) (list []ID, next ID, err error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, ID{}, wrap(err, "record: walk")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at ID
		if err := rows.Scan(&at.Subject, &at.Key); err != nil {
			return nil, ID{}, wrap(err, "record: walk")
		}
		list = append(list, at)
	}
	if len(list) == limit {
		next = list[limit-1]
	}
	return list, next, wrap(rows.Err(), "record: walk")
}
