package audit

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/db"
)

// subjectsAtOnce is how many subjects one statement asks for.
const subjectsAtOnce = 500

// Copies yields the entries by which somebody else than the subject was answered records of some subjects: who holds a copy of what. Entries of some kinds can
// be left out. It holds what the subject may not see yet; whoever shows any of it keeps to HiddenUntil.
func (l *Log) Copies(ctx context.Context, q db.Querier, subjects []int64, without []string, yield func(*Access)) error {
	without = append([]string{Own, Answered}, without...)
	for len(subjects) > 0 {
		n := min(len(subjects), subjectsAtOnce)
		args := make([]any, 0, n+len(without))
		for _, w := range without {
			args = append(args, w)
		}
		for _, s := range subjects[:n] {
			args = append(args, s)
		}
		kinds := " AND what <> $1"
		for i := 2; i < len(without); i++ {
			kinds += " AND what <> $" + strconv.Itoa(i+1)
		}
		if err := l.copies(ctx, q, `subject_id IN `+db.In(n, len(without)+1)+kinds, args, yield); err != nil {
			return fmt.Errorf("audit: copies: %w", err)
		}
		subjects = subjects[n:]
	}
	return nil
}

func (l *Log) copies(ctx context.Context, q db.Querier, where string, args []any, yield func(*Access)) error {
	rows, err := q.QueryContext(ctx, `SELECT subject_id, access_id, at, who_kind, who_id, agency_id, matter, consent_id, what, records, hidden_until FROM access_log
		WHERE `+where+` AND outcome = $2 AND records <> '' ORDER BY subject_id, access_id`, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		a := Access{Outcome: Answered}
		var at, hidden int64
		var records string
		err := rows.Scan(&a.Subject, &a.ID, &at, &a.Who.Kind, &a.Who.ID, &a.Who.Agency, &a.Matter, &a.Consent, &a.What, &records, &hidden)
		if err != nil {
			return err
		}
		if a.Records, err = parseRefs(records); err != nil {
			return err
		}
		a.At, a.HiddenUntil = db.Instant(at), db.Instant(hidden)
		yield(&a)
	}
	return rows.Err()
}

// SecrecyTimes are the orders of secrecy about some subjects, to be asked about many instants.
type SecrecyTimes map[int64][]Order

// SecrecyTimes reads every order about some subjects, also those that are over or were called off.
func (l *Log) SecrecyTimes(ctx context.Context, q db.Querier, subjects []int64) (SecrecyTimes, error) {
	out := SecrecyTimes{}
	for len(subjects) > 0 {
		n := min(len(subjects), subjectsAtOnce)
		args := make([]any, n)
		for i, s := range subjects[:n] {
			args[i] = s
		}
		err := db.ForEach(ctx, q, func(rows *sql.Rows) error {
			var o Order
			var from, until, ended int64
			err := rows.Scan(&o.ID, &o.Agency, &o.Subject, &from, &until, &ended)
			o.From, o.Until, o.Ended = db.Instant(from), db.Instant(until), db.Instant(ended)
			out[o.Subject] = append(out[o.Subject], o)
			return err
		}, `SELECT order_id, agency_id, subject_id, from_at, until_at, ended_at FROM access_secrecy WHERE subject_id IN `+db.In(n, 1), args...)
		if err != nil {
			return nil, fmt.Errorf("audit: secrecy: %w", err)
		}
		subjects = subjects[n:]
	}
	return out, nil
}

// Until gives until when something that an agency did at an instant is hidden from a subject, by the orders that were in force then; the zero time is not at all.
func (t SecrecyTimes) Until(agency, subject int64, at time.Time) (until time.Time) {
	for _, o := range t[subject] {
		in := o.Agency == agency && !at.Before(o.From) && at.Before(o.Until) && (o.Ended.IsZero() || at.Before(o.Ended))
		if in && o.Until.After(until) {
			until = o.Until
		}
	}
	return until
}
