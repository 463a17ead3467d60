package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/translog"
)

// Number gives the number of an entry that is still to be written, so that what is kept beside it can carry it.
func (l *Log) Number() int64 { return l.ids.Next() }

// MaxMany is the largest set of entries that WriteMany takes.
const MaxMany = 500

// entryColumns are the columns of an entry, in the order in which WriteMany fills them.
var entryColumns = []string{
	"subject_id", "access_id", "at", "who_kind", "who_id", "agency_id", "address", "session_id", "matter", "basis", "consent_id", "what", "records", "outcome", "missing",
	"hidden_until", "secrecy_basis", "salt", "outbox_id", "outbox_pos",
}

// WriteMany is Write for a set of look-ups, of one actor or of many: as many entries, leaves and looks of the watch, in few statements. It gives the entries'
// numbers, in order.
func (l *Log) WriteMany(ctx context.Context, tx *db.Tx, list []Access) ([]int64, error) {
	switch {
	case len(list) == 0:
		return nil, nil
	case len(list) > MaxMany:
		return nil, ErrEntry
	case len(list) == 1:
		id, err := l.Write(ctx, tx, list[0])
		return []int64{id}, err
	}
	outbox := l.ids.Next()
	numbers, leaves := make([]int64, len(list)), make([]translog.Leaf, len(list))
	rows := make([][]any, 0, len(list))
	list = slices.Clone(list)
	now := l.stamp(time.Time{}) // one for all that name none
	for i := range list {
		a := &list[i]
		if err := a.check(); err != nil {
			return nil, err
		}
		if a.At.IsZero() {
			a.At = now
		}
		if a.ID == 0 {
			a.ID = l.ids.Next()
		}
		a.At = l.stamp(a.At)
		salt := newSalt()
		numbers[i], leaves[i] = a.ID, translog.Hash(salt, a.Parts()...)
		rows = append(rows, []any{
			a.Subject, a.ID, db.Micros(a.At), a.Who.Kind, a.Who.ID, a.Who.Agency, a.Who.Address, a.Who.Session, a.Matter, a.Basis, a.Consent,
			a.What, refsText(a.Records), a.Outcome, a.Missing, db.Micros(a.HiddenUntil), a.SecrecyBasis, salt, outbox, int64(i),
		})
	}
	if _, err := tx.CopyFrom(ctx, "access_log", entryColumns, each(rows)); err != nil {
		return nil, fmt.Errorf("audit: write accesses: %w", err)
	}
	if err := translog.Queue(ctx, tx, outbox, "access", leaves, db.Micros(list[0].At)); err != nil {
		return nil, fmt.Errorf("audit: write accesses: %w", err)
	}
	if err := l.watchMany(ctx, tx, list); err != nil {
		return nil, fmt.Errorf("audit: watch: %w", err)
	}
	return numbers, nil
}

// each gives rows one by one.
func each(rows [][]any) db.Rows {
	return func() ([]any, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}
}

// readers counts who looked a subject up.
type readers struct{ subject, n int64 }

// readMost gives, of n subjects, those that at least so many looked up since a day; args are the day, the number and the subjects.
func readMost(ctx context.Context, tx *db.Tx, args []any, n int) ([]readers, error) {
	rows, err := tx.QueryContext(ctx, `SELECT subject_id, count(*) FROM (SELECT DISTINCT subject_id, who_kind, who_id FROM access_reader WHERE day > $1 AND subject_id IN `+
		db.In(n, 3)+`) AS readers GROUP BY subject_id HAVING count(*) >= $2 ORDER BY subject_id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []readers
	for rows.Next() {
		var h readers
		if err := rows.Scan(&h.subject, &h.n); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Looked is a look-up of a subject by an agency, as SecrecyOf is asked about it.
type Looked struct{ Agency, Subject int64 }

// SecrecyOf is Secrecy for several look-ups at an instant; those that are not hidden are left out.
func (*Log) SecrecyOf(ctx context.Context, q db.Querier, list []Looked, at time.Time) (map[Looked]Hidden, error) {
	asked := make(map[Looked]bool, len(list))
	subjects := make([]int64, 0, len(list))
	for _, x := range list {
		if !asked[x] {
			asked[x] = true
			subjects = append(subjects, x.Subject)
		}
	}
	slices.Sort(subjects)
	subjects = slices.Compact(subjects)
	out := map[Looked]Hidden{}
	if len(subjects) == 0 {
		return out, nil
	}
	args := []any{db.Micros(at)}
	for _, s := range subjects {
		args = append(args, s)
	}
	rows, err := q.QueryContext(ctx, `SELECT agency_id, subject_id, until_at, basis FROM access_secrecy WHERE from_at <= $1 AND until_at > $1 AND ended_at = 0
		AND subject_id IN `+db.In(len(subjects), 2)+` ORDER BY subject_id, until_at, order_id DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("audit: secrecy: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var x Looked
		var until int64
		var h Hidden
		if err := rows.Scan(&x.Agency, &x.Subject, &until, &h.Basis); err != nil {
			return nil, err
		}
		if h.Until = db.Instant(until); asked[x] {
			out[x] = h // the longest comes last, and of equals the earliest, as Secrecy has it
		}
	}
	return out, rows.Err()
}

// Hidden says until when a look-up is hidden from its subject, and on what basis.
type Hidden struct {
	Until time.Time
	Basis string
}
