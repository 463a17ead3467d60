package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gongxin/internal/clock"
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

// WriteMany is Write for the look-ups of one actor at one instant: as many entries, leaves and looks of the watch, in few statements. It gives the entries'
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
	who, at := list[0].Who, l.stamp(list[0].At)
	for i := range list {
		a := &list[i]
		if err := a.check(); err != nil {
			return nil, err
		}
		if a.At.IsZero() {
			a.At = at
		}
		if a.Who != who || !l.stamp(a.At).Equal(at) {
			return nil, ErrEntry
		}
		if a.ID == 0 {
			a.ID = l.ids.Next()
		}
		a.At = at
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

// places gives the placeholders of rows of some columns: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	parts := make([]string, rows)
	for i := range parts {
		parts[i] = db.In(columns, i*columns+1)
	}
	return strings.Join(parts, ", ")
}

// watchMany is watch for entries of one actor at one instant. The rate is compared once, with the count after the last one.
func (l *Log) watchMany(ctx context.Context, tx *db.Tx, list []Access) error {
	first := &list[0]
	if first.What == Own || (first.Who.Kind != "account" && first.Who.Kind != "key") {
		return nil
	}
	n, err := countOn(ctx, tx, first.Who, countAll, first.At, len(list))
	if err != nil {
		return err
	}
	subjects, err := read(ctx, tx, list)
	if err != nil {
		return err
	}
	day := clock.DateOf(first.At)
	for i := range l.rules {
		r := &l.rules[i]
		switch r.Kind {
		case "rate":
			detail, err := r.rateOf(ctx, tx, first, n)
			if err == nil && detail != "" {
				err = l.alertOn(ctx, tx, r, first, alarm{day, detail, 1})
			}
			if err != nil {
				return err
			}
		case "many":
			if err := l.manyOf(ctx, tx, r, list, subjects); err != nil {
				return err
			}
		default:
			found := alarm{day: day}
			for j := range list {
				detail, err := r.fits(ctx, tx, l, &list[j], n)
				if err != nil {
					return err
				}
				if detail != "" {
					found.detail, found.n = detail, found.n+1
				}
			}
			if found.n > 0 {
				if err := l.alertOn(ctx, tx, r, first, found); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// read notes who read which subjects on this day, and gives these, each once.
func read(ctx context.Context, tx *db.Tx, list []Access) ([]int64, error) {
	times := map[int64]int{}
	for i := range list {
		if list[i].Subject != 0 {
			times[list[i].Subject]++
		}
	}
	subjects := make([]int64, 0, len(times))
	for s := range times {
		subjects = append(subjects, s)
	}
	slices.SortFunc(subjects, cmp.Compare[int64]) // one order for everybody, so that nobody waits crosswise
	if len(subjects) == 0 {
		return nil, nil
	}
	args := make([]any, 0, 5*len(subjects))
	for _, s := range subjects {
		args = append(args, s, int64(clock.DateOf(list[0].At)), list[0].Who.Kind, list[0].Who.ID, times[s])
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO access_reader (subject_id, day, who_kind, who_id, n) VALUES `+places(len(subjects), 5)+`
		ON CONFLICT (subject_id, day, who_kind, who_id) DO UPDATE SET n = access_reader.n + excluded.n`, args...)
	return subjects, err
}

// manyOf raises the alerts of a rule about subjects that many look up.
func (l *Log) manyOf(ctx context.Context, tx *db.Tx, r *Rule, list []Access, subjects []int64) error {
	if len(subjects) == 0 {
		return nil
	}
	day := clock.DateOf(list[0].At)
	args := []any{int64(day.AddDays(-r.Days)), r.Readers}
	for _, s := range subjects {
		args = append(args, s)
	}
	hits, err := readMost(ctx, tx, args, len(subjects))
	if err != nil {
		return err
	}
	for _, h := range hits {
		for i := range list {
			if list[i].Subject != h.subject {
				continue
			}
			if err := l.alertOn(ctx, tx, r, &list[i], alarm{day, fmt.Sprintf("%d 日内有 %d 个账号查询", r.Days, h.n), 1}); err != nil {
				return err
			}
			break
		}
	}
	return nil
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

// SecrecyOf is Secrecy for several subjects; those that are not hidden are left out.
func (*Log) SecrecyOf(ctx context.Context, q db.Querier, agency int64, subjects []int64, at time.Time) (map[int64]Hidden, error) {
	out := map[int64]Hidden{}
	if len(subjects) == 0 {
		return out, nil
	}
	args := []any{agency, at.UnixMicro()}
	for _, s := range subjects {
		args = append(args, s)
	}
	rows, err := q.QueryContext(ctx, `SELECT subject_id, until_at, basis FROM access_secrecy WHERE agency_id = $1 AND from_at <= $2 AND until_at > $2 AND ended_at = 0
		AND subject_id IN `+db.In(len(subjects), 3)+` ORDER BY subject_id, until_at, order_id DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("audit: secrecy: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var subject, until int64
		var h Hidden
		if err := rows.Scan(&subject, &until, &h.Basis); err != nil {
			return nil, err
		}
		h.Until = db.Instant(until)
		out[subject] = h // the longest comes last, and of equals the earliest, as Secrecy has it
	}
	return out, rows.Err()
}

// Hidden says until when a look-up is hidden from its subject, and on what basis.
type Hidden struct {
	Until time.Time
	Basis string
}
