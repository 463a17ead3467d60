package audit

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// person tells actors apart as the watch's counters do.
type person struct {
	kind string
	id   int64
}

func (a *Access) person() person { return person{a.Who.Kind, a.Who.ID} }

// watchMany is watch for a set of entries. An actor's rate is compared once for each hour that has entries of it, with the count after the last one.
func (l *Log) watchMany(ctx context.Context, tx *db.Tx, entries []Access) error {
	list := make([]Access, 0, len(entries))
	for i := range entries {
		if a := &entries[i]; a.What != Own && (a.Who.Kind == "account" || a.Who.Kind == "key") {
			list = append(list, *a)
		}
	}
	if len(list) == 0 {
		return nil
	}
	counts, err := countMany(ctx, tx, list)
	if err != nil {
		return err
	}
	subjects, err := readMany(ctx, tx, list)
	if err != nil {
		return err
	}
	found := alarms{}
	for i := range l.rules {
		r := &l.rules[i]
		switch r.Kind {
		case "rate":
			err = found.rates(ctx, tx, r, counts)
		case "many":
			err = found.many(ctx, tx, r, list, subjects)
		default:
			for j := range list {
				var detail string
				if detail, err = r.fits(ctx, tx, l, &list[j], 0); err != nil {
					return err
				}
				found.add(r, &list[j], detail)
			}
		}
		if err != nil {
			return err
		}
	}
	return l.raise(ctx, tx, found)
}

// hourCount is how often an actor looked in an hour: its last entry of the set, how many entries the set has, and the count after them.
type hourCount struct {
	last *Access
	by   int
	n    int64
}

// countMany counts the look-ups of each actor and hour. One order for everybody, here and in all that follows, so that nobody waits crosswise.
func countMany(ctx context.Context, tx *db.Tx, list []Access) ([]*hourCount, error) {
	type key struct {
		person
		hour int64
	}
	by := map[key]*hourCount{}
	for i := range list {
		k := key{list[i].person(), hourOf(list[i].At)}
		if by[k] == nil {
			by[k] = &hourCount{}
		}
		by[k].last = &list[i]
		by[k].by++
	}
	keys := make([]key, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.hour, b.hour))
	})
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{k.kind, k.id, countAll, k.hour, by[k].by}
	}
	err := upsert(ctx, tx, `INSERT INTO access_count (who_kind, who_id, what, hour, n) VALUES `,
		` ON CONFLICT (who_kind, who_id, what, hour) DO UPDATE SET n = access_count.n + excluded.n RETURNING who_kind, who_id, hour, n`, rows,
		func(row *sql.Rows) error {
			var k key
			var n int64
			err := row.Scan(&k.kind, &k.id, &k.hour, &n)
			if err == nil && by[k] != nil {
				by[k].n = n
			}
			return err
		})
	out := make([]*hourCount, len(keys))
	for i, k := range keys {
		out[i] = by[k]
	}
	return out, err
}

// readMany notes who read which subjects on which day, and gives the subjects, each once.
func readMany(ctx context.Context, tx *db.Tx, list []Access) ([]int64, error) {
	type key struct {
		subject int64
		day     clock.Date
		person
	}
	times := map[key]int{}
	for i := range list {
		if list[i].Subject != 0 {
			times[key{list[i].Subject, clock.DateOf(list[i].At), list[i].person()}]++
		}
	}
	keys := make([]key, 0, len(times))
	for k := range times {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.day, b.day), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})
	var subjects []int64
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{k.subject, int64(k.day), k.kind, k.id, times[k]}
		if n := len(subjects); n == 0 || subjects[n-1] != k.subject {
			subjects = append(subjects, k.subject)
		}
	}
	err := upsert(ctx, tx, `INSERT INTO access_reader (subject_id, day, who_kind, who_id, n) VALUES `,
		` ON CONFLICT (subject_id, day, who_kind, who_id) DO UPDATE SET n = access_reader.n + excluded.n`, rows, nil)
	return subjects, err
}

// upsert runs a statement for rows: for all at once on PostgreSQL, where each statement is a trip; for one after the other on SQLite, whose driver looks
// each parameter up among all of the statement's. No two rows have the same key. take reads a row that the statement gives back.
func upsert(ctx context.Context, tx *db.Tx, head, tail string, rows [][]any, take func(*sql.Rows) error) error {
	size := len(rows)
	if tx.Engine() == db.SQLite {
		size = 1
	}
	for part := range slices.Chunk(rows, max(size, 1)) {
		text, args := head+places(len(part), len(part[0]))+tail, slices.Concat(part...)
		if take == nil {
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
			continue
		}
		if err := db.ForEach(ctx, tx, take, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// places gives the placeholders of rows of some columns: ($1, $2), ($3, $4).
func places(rows, columns int) string {
	parts := make([]string, rows)
	for i := range parts {
		parts[i] = db.In(columns, i*columns+1)
	}
	return strings.Join(parts, ", ")
}

// alarms are what rules found in a set, each once for its rule, actor or subject, and day.
type alarms map[alarmKey]*alarmOf

type alarmKey struct {
	rule string
	person
	subject int64
	day     clock.Date
}

type alarmOf struct {
	rule   *Rule
	access *Access
	alarm
}

// add notes that a rule fits an entry; an empty detail says that it does not.
func (f alarms) add(r *Rule, a *Access, detail string) {
	if detail == "" {
		return
	}
	k := alarmKey{rule: r.Code, person: a.person(), day: clock.DateOf(a.At)}
	if r.Kind == "many" {
		k.person, k.subject = person{}, a.Subject
	}
	if f[k] == nil {
		f[k] = &alarmOf{rule: r, access: a, alarm: alarm{day: k.day}}
	}
	f[k].detail = detail
	f[k].n++
}

// rates compares the hours of a set with a rule. An hour in which the set has one look-up only is compared as often as single ones are.
func (f alarms) rates(ctx context.Context, tx *db.Tx, r *Rule, counts []*hourCount) error {
	for _, c := range counts {
		compare := r.rateOf
		if c.by == 1 {
			compare = r.rate
		}
		detail, err := compare(ctx, tx, c.last, c.n)
		if err != nil {
			return err
		}
		f.add(r, c.last, detail)
	}
	return nil
}

// many notes the subjects of a set that many look up.
func (f alarms) many(ctx context.Context, tx *db.Tx, r *Rule, list []Access, subjects []int64) error {
	if len(subjects) == 0 {
		return nil
	}
	newest := slices.MaxFunc(list, func(a, b Access) int { return a.At.Compare(b.At) })
	args := []any{int64(clock.DateOf(newest.At).AddDays(-r.Days)), r.Readers}
	for _, s := range subjects {
		args = append(args, s)
	}
	hits, err := readMost(ctx, tx, args, len(subjects))
	if err != nil {
		return err
	}
	for _, h := range hits {
		at := slices.IndexFunc(list, func(a Access) bool { return a.Subject == h.subject })
		f.add(r, &list[at], fmt.Sprintf("%d 日内有 %d 个账号查询", r.Days, h.n))
	}
	return nil
}

// raise puts what was found on file.
func (l *Log) raise(ctx context.Context, tx *db.Tx, found alarms) error {
	keys := make([]alarmKey, 0, len(found))
	for k := range found {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b alarmKey) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.subject, b.subject), cmp.Compare(a.day, b.day))
	})
	for _, k := range keys {
		if err := l.alertOn(ctx, tx, found[k].rule, found[k].access, found[k].alarm); err != nil {
			return err
		}
	}
	return nil
}
