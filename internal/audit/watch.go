package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// How long the watch's counters are of use. They are no part of the log.
const (
	readerDays = 30
	countDays  = 180
)

// The counters of an actor's hour.
const (
	countAll    = "all"
	countPerson = "person"
)

// watch counts a look-up and raises alerts, in the transaction that writes it. It reads counters only, never the log.
func (l *Log) watch(ctx context.Context, tx *db.Tx, a *Access) error {
	if a.What == Own || (a.Who.Kind != "account" && a.Who.Kind != "key") {
		return nil
	}
	n, err := count(ctx, tx, a.Who, countAll, a.At)
	if err != nil {
		return err
	}
	day := clock.DateOf(a.At)
	if a.Subject != 0 {
		_, err := tx.ExecContext(ctx, `INSERT INTO access_reader (subject_id, day, who_kind, who_id, n) VALUES ($1, $2, $3, $4, 1)
			ON CONFLICT (subject_id, day, who_kind, who_id) DO UPDATE SET n = access_reader.n + 1`, a.Subject, int64(day), a.Who.Kind, a.Who.ID)
		if err != nil {
			return err
		}
	}
	for i := range l.rules {
		detail, err := l.rules[i].fits(ctx, tx, l, a, n)
		if err != nil {
			return err
		}
		if detail == "" {
			continue
		}
		if err := l.alert(ctx, tx, &l.rules[i], a, day, detail); err != nil {
			return err
		}
	}
	return nil
}

// fits says in a sentence without personal data why a look-up is unusual by this rule, or "".
func (r *Rule) fits(ctx context.Context, tx *db.Tx, l *Log, a *Access, n int64) (string, error) {
	switch r.Kind {
	case "rate":
		return r.rate(ctx, tx, a, n)
	case "hours":
		local := a.At.In(clock.Zone)
		switch {
		case r.Workdays && !l.calendar.IsWorkday(clock.DateOf(a.At)):
			return "在非工作日查询", nil
		case local.Hour() < r.From || local.Hour() >= r.To:
			return fmt.Sprintf("在 %d 时查询，通常时段为 %d 时至 %d 时", local.Hour(), r.From, r.To), nil
		}
	case "region":
		if a.Outside {
			return "被查询主体不在查询人的工作辖区内", nil
		}
	case "missing":
		if slices.Contains(r.Missing, a.Missing) {
			return "查询因缺少要件“" + a.Missing + "”被拒绝", nil
		}
	case "many":
		return r.many(ctx, tx, a)
	}
	return "", nil
}

// rate compares the actor's hour with the cap and with the actor's own median. Above the floor the median is taken at every tenth look-up.
func (r *Rule) rate(ctx context.Context, tx *db.Tx, a *Access, n int64) (string, error) {
	if n <= r.Cap && (n-r.Floor)%10 != 0 {
		return "", nil
	}
	return r.rateOf(ctx, tx, a, n)
}

// rateOf compares whatever the count is.
func (r *Rule) rateOf(ctx context.Context, tx *db.Tx, a *Access, n int64) (string, error) {
	if n > r.Cap {
		return fmt.Sprintf("一小时内查询超过 %d 次", r.Cap), nil
	}
	if n < r.Floor {
		return "", nil
	}
	median, hours, err := median(ctx, tx, a.Who, hourOf(a.At), r.Hours)
	if err != nil || hours < 5 || n < r.Factor*median {
		return "", err
	}
	return fmt.Sprintf("一小时内查询 %d 次，本人通常每小时 %d 次", n, median), nil
}

// median gives the median of the actor's earlier hours that have any look-up, newest first, and how many there are.
func median(ctx context.Context, tx *db.Tx, who Who, before int64, limit int) (int64, int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT n FROM access_count WHERE who_kind = $1 AND who_id = $2 AND what = $3 AND hour < $4 ORDER BY hour DESC LIMIT $5+0`,
		who.Kind, who.ID, countAll, before, limit)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = rows.Close() }()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return 0, 0, err
		}
		list = append(list, n)
	}
	if len(list) == 0 {
		return 0, 0, rows.Err()
	}
	slices.Sort(list)
	return list[len(list)/2], len(list), rows.Err()
}

// many counts the different actors that looked the subject up within the rule's days.
func (r *Rule) many(ctx context.Context, tx *db.Tx, a *Access) (string, error) {
	if a.Subject == 0 {
		return "", nil
	}
	var n int64
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT DISTINCT who_kind, who_id FROM access_reader WHERE subject_id = $1 AND day > $2) AS readers`,
		a.Subject, int64(clock.DateOf(a.At).AddDays(-r.Days))).Scan(&n)
	if err != nil || n < r.Readers {
		return "", err
	}
	return fmt.Sprintf("%d 日内有 %d 个账号查询", r.Days, n), nil
}

// alert raises an alert, or counts on the one of the same rule, actor or subject, and day; one that was handled opens again.
func (l *Log) alert(ctx context.Context, tx *db.Tx, r *Rule, a *Access, day clock.Date, detail string) error {
	return l.alertOn(ctx, tx, r, a, alarm{day, detail, 1})
}

// alarm is what a rule found on a day: in a sentence, and how often it fitted.
type alarm struct {
	day    clock.Date
	detail string
	n      int
}

func (l *Log) alertOn(ctx context.Context, tx *db.Tx, r *Rule, a *Access, found alarm) error {
	who, subject := a.Who, int64(0)
	if r.Kind == "many" {
		who, subject = Who{}, a.Subject
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO access_alert (alert_id, rule, who_kind, who_id, agency_id, subject_id, day, n, detail, access_id, first_at, last_at,
		state, handled_kind, handled_by, handled_at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $11, $8, $9, $10, $10, 'open', '', 0, 0, '')
		ON CONFLICT (rule, who_kind, who_id, subject_id, day) DO UPDATE SET n = access_alert.n + excluded.n, detail = excluded.detail, last_at = excluded.last_at, state = 'open'`,
		l.ids.Next(), r.Code, who.Kind, who.ID, who.Agency, subject, int64(found.day), found.detail, a.ID, db.Micros(a.At), found.n)
	return err
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// count adds one to a counter of the actor's hour and gives its new value.
func count(ctx context.Context, tx *db.Tx, who Who, what string, at time.Time) (int64, error) {
	return countOn(ctx, tx, who, what, at, 1)
}

// countOn adds several.
func countOn(ctx context.Context, tx *db.Tx, who Who, what string, at time.Time, by int) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO access_count (who_kind, who_id, what, hour, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (who_kind, who_id, what, hour) DO UPDATE SET n = access_count.n + excluded.n RETURNING n`, who.Kind, who.ID, what, hourOf(at), by).Scan(&n)
	return n, err
}

// TakePerson counts a look-up of a natural person within tx and reports whether the actor stays within limit in this hour. It counts in the transaction
// of the answer, so that two look-ups at once cannot both be the last one.
func (l *Log) TakePerson(ctx context.Context, tx *db.Tx, who Who, at time.Time, limit int64) (bool, error) {
	n, err := count(ctx, tx, who, countPerson, l.stamp(at))
	if err != nil {
		return false, fmt.Errorf("audit: rate: %w", err)
	}
	return n <= limit, nil
}

// PersonsThisHour gives how many natural persons the actor looked up in this hour.
func (l *Log) PersonsThisHour(ctx context.Context, who Who) (n int64, err error) {
	err = l.db.Read().QueryRowContext(ctx, `SELECT n FROM access_count WHERE who_kind = $1 AND who_id = $2 AND what = $3 AND hour = $4`,
		who.Kind, who.ID, countPerson, hourOf(l.clock.Now())).Scan(&n)
	if noRows(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("audit: rate: %w", err)
	}
	return n, nil
}

// Prune removes counters of the watch that no rule reads any more. Entries and alerts stay.
func (l *Log) Prune(ctx context.Context) error {
	now := l.clock.Now()
	err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM access_reader WHERE day < $1`, int64(clock.DateOf(now).AddDays(-readerDays))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM access_count WHERE hour < $1`, hourOf(now)-countDays*24)
		return err
	})
	if err != nil {
		return fmt.Errorf("audit: prune: %w", err)
	}
	return nil
}
