package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/translog"
)

// The columns of a version; behind them stands whether it is disputed, now or at the instant $2.
const versionColumnsOf = `SELECT v.subject_id, v.record_key, v.version, v.item, v.edition, v.nkey, v.class, v.status, v.listed, v.decided_on, v.public_from, v.public_until,
	v.agency_id, v.region, v.kinds, v.procedure, v.severity, v.rule_set, v.body, v.action, v.recorded_at, v.outbox_id, v.decided_until, v.ruled_until,
	EXISTS (SELECT 1 FROM record_mark m WHERE m.subject_id = v.subject_id AND m.record_key = v.record_key AND m.mark = 'disputed' AND `

const (
	versionSelect = versionColumnsOf + `m.until_at = 9223372036854775807) FROM `
	versionThen   = versionColumnsOf + `m.since_at <= $2 AND m.until_at > $2) FROM `
)

// scanVersion reads a row of versionSelect, and into more what the query selects behind it.
func scanVersion(rows *sql.Rows, more ...any) (Version, error) {
	var v Version
	var item string
	var listed, until, ruled, at int64
	err := rows.Scan(append([]any{
		&v.Subject, &v.Key, &v.Number, &item, &v.Edition, &v.NaturalKey, &v.Class, &v.Status, &listed, &v.DecidedOn, &v.PublicFrom, &until,
		&v.Agency, &v.Region, &v.Kinds, &v.Procedure, &v.Severity, &v.RuleSet, &v.Body, &v.Action, &at, &v.Outbox, &v.Decided.Until, &ruled, &v.Disputed,
	}, more...)...)
	v.Item, v.Listed, v.PublicUntil, v.RecordedAt = catalog.ItemCode(item), listed == 1, untilDate(until), Micros(at)
	v.Decided.Ruled = untilDate(ruled)
	return v, err
}

func versions(ctx context.Context, q db.Querier, query string, args ...any) ([]Version, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Version
	for rows.Next() {
		v, err := scanVersion(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// joinHead ties a record's current row to its newest version.
const joinHead = `record r JOIN record_version v ON v.subject_id = r.subject_id AND v.version_id = r.version_id `

// knownThen is the version of each record that was the newest at the instant $2, by its id: the current rows' chains are walked back as far
// as they are younger. The condition on the current rows goes where %s stands.
const knownThen = `WITH RECURSIVE chain(version_id, prev_id, recorded_at) AS (
	SELECT v.version_id, v.prev_id, v.recorded_at FROM ` + joinHead + `WHERE r.subject_id = $1 %s
	UNION ALL SELECT v.version_id, v.prev_id, v.recorded_at FROM chain JOIN record_version v ON v.subject_id = $1 AND v.version_id = chain.prev_id WHERE chain.recorded_at > $2) `

// ofChain fetches the versions of a chain by their ids. CROSS JOIN is a join like any other to PostgreSQL and tells SQLite to begin with the few rows of the
// chain: left to itself it takes the chain for long and reads the whole register (TestChainsAreShort).
const ofChain = `chain CROSS JOIN record_version v WHERE v.version_id = chain.version_id AND v.subject_id = $1 `

const historySelect = `SELECT v.version, v.recorded_at, v.action, c.why, c.submission FROM chain CROSS JOIN record_version v CROSS JOIN record_change c
	WHERE v.version_id = chain.version_id AND v.subject_id = $1 AND c.change_id = v.outbox_id ORDER BY v.version`

// Query asks for a subject's records. Zero values do not narrow.
type Query struct {
	Subject  int64
	Item     catalog.ItemCode
	AsOf     time.Time  // versions as known at this instant; zero = now
	ListedOn clock.Date // only what the publicity window lets through on this day; not with AsOf
	Offset   int
	Limit    int // 0 = all
}

// OfSubject gives the versions of a subject's records, newest decision first.
func (s *Store) OfSubject(ctx context.Context, q Query) (out []Version, err error) {
	limit := q.Limit
	if limit == 0 {
		limit = 1<<31 - 1
	}
	if q.AsOf.IsZero() {
		where, args := "", []any{q.Subject, string(q.Item), limit, q.Offset}
		if q.ListedOn != 0 {
			where, args = ` AND listed = 1 AND public_from <= $5 AND public_until > $5`, append(args, int64(q.ListedOn))
		}
		// The narrow rows are paged before the wide ones are fetched. A bare parameter behind LIMIT makes SQLite prepare the statement anew each time.
		out, err = versions(ctx, s.db.Read(), versionSelect+`(SELECT version_id FROM record
			WHERE subject_id = $1 AND (item = $2 OR $2 = '')`+where+` ORDER BY decided_on DESC, record_key DESC LIMIT $3+0 OFFSET $4+0) r
			JOIN record_version v ON v.version_id = r.version_id WHERE v.subject_id = $1 ORDER BY v.decided_on DESC, v.record_key DESC`, args...)
	} else {
		out, err = versions(ctx, s.db.Read(), fmt.Sprintf(knownThen, `AND (r.item = $3 OR $3 = '')`)+versionThen+ofChain+`AND chain.recorded_at <= $2 ORDER BY v.decided_on DESC, v.record_key DESC LIMIT $4+0 OFFSET $5+0`,
			q.Subject, q.AsOf.UnixMicro(), string(q.Item), limit, q.Offset)
	}
	return out, wrap(err, "record: of subject")
}

// OfSubjects is OfSubject for several subjects, with q.Limit for each of them and from the first record on; q.Subject, q.Offset and q.ListedOn are not looked at.
// What was known at an instant is asked for subject by subject: the chains of several cannot be walked in one statement on every engine.
func (s *Store) OfSubjects(ctx context.Context, subjects []int64, q Query) (map[int64][]Version, error) {
	out := make(map[int64][]Version, len(subjects))
	q.Offset, q.ListedOn = 0, 0
	if !q.AsOf.IsZero() {
		for _, id := range subjects {
			q.Subject = id
			list, err := s.OfSubject(ctx, q)
			if err != nil {
				return nil, err
			}
			out[id] = list
		}
		return out, nil
	}
	limit := q.Limit
	if limit == 0 {
		limit = 1<<31 - 1
	}
	for len(subjects) > 0 {
		n := min(len(subjects), 400)
		args := []any{string(q.Item), limit}
		for _, id := range subjects[:n] {
			args = append(args, id)
		}
		list, err := versions(ctx, s.db.Read(), versionSelect+`(SELECT subject_id, version_id, row_number() OVER (PARTITION BY subject_id ORDER BY decided_on DESC, record_key DESC) AS place
			FROM record WHERE subject_id IN `+db.In(n, 3)+` AND (item = $1 OR $1 = '')) r
			JOIN record_version v ON v.subject_id = r.subject_id AND v.version_id = r.version_id WHERE r.place <= $2 ORDER BY v.subject_id, v.decided_on DESC, v.record_key DESC`, args...)
		if err != nil {
			return nil, wrap(err, "record: of subjects")
		}
		for i := range list {
			out[list[i].Subject] = append(out[list[i].Subject], list[i])
		}
		subjects = subjects[n:]
	}
	return out, nil
}

// CountOf counts a subject's records that the publicity window lets through on a day, by item.
func (s *Store) CountOf(ctx context.Context, subject int64, day clock.Date) (map[catalog.ItemCode]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT item, count(*) FROM record WHERE subject_id = $1 AND listed = 1 AND public_from <= $2 AND public_until > $2
		GROUP BY item`, subject, int64(day))
	if err != nil {
		return nil, wrap(err, "record: count of subject")
	}
	defer func() { _ = rows.Close() }()
	out := map[catalog.ItemCode]int{}
	for rows.Next() {
		var item catalog.ItemCode
		var n int
		if err := rows.Scan(&item, &n); err != nil {
			return nil, err
		}
		out[item] = n
	}
	return out, rows.Err()
}

// CountsOf counts the records of several subjects that the publicity window lets through on a day.
func (s *Store) CountsOf(ctx context.Context, subjects []int64, day clock.Date) (map[int64]int, error) {
	out := make(map[int64]int, len(subjects))
	if len(subjects) == 0 {
		return out, nil
	}
	args := []any{int64(day)}
	for _, id := range subjects {
		args = append(args, id)
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT subject_id, count(*) FROM record WHERE subject_id IN `+db.In(len(subjects), 2)+`
		AND listed = 1 AND public_from <= $1 AND public_until > $1 GROUP BY subject_id`, args...)
	if err != nil {
		return nil, wrap(err, "record: counts of subjects")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}

// Get gives the version of a record at an instant; the zero time is now. ok is false when there was none.
func (s *Store) Get(ctx context.Context, at ID, asOf time.Time) (v Version, ok bool, err error) {
	until := int64(openMark - 1)
	if !asOf.IsZero() {
		until = asOf.UnixMicro()
	}
	list, err := versions(ctx, s.db.Read(), fmt.Sprintf(knownThen, `AND r.record_key = $3`)+versionThen+ofChain+`AND chain.recorded_at <= $2`, at.Subject, until, at.Key)
	if err != nil || len(list) == 0 {
		return Version{}, false, wrap(err, "record: get")
	}
	return list[0], true, nil
}

// Mark is a line of a record's history, without content.
type Mark struct {
	Number     int
	RecordedAt time.Time
	Action     string
	Why        string
	Submission string // that wrote it; "" when a procedure did
}

// History gives every version's mark, oldest first.
func (s *Store) History(ctx context.Context, at ID) ([]Mark, error) {
	rows, err := s.db.Read().QueryContext(ctx, fmt.Sprintf(knownThen, `AND r.record_key = $3`)+historySelect, at.Subject, int64(0), at.Key)
	if err != nil {
		return nil, fmt.Errorf("record: history: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Mark
	for rows.Next() {
		var m Mark
		var when int64
		if err := rows.Scan(&m.Number, &when, &m.Action, &m.Why, &m.Submission); err != nil {
			return nil, err
		}
		m.RecordedAt = Micros(when)
		out = append(out, m)
	}
	return out, rows.Err()
}

// Place is where a row stands in a public column: the keyset of its paging, newest first.
type Place struct {
	DecidedOn clock.Date
	ID
}

// Filter narrows a public column. Kinds is a bit set of which any bit may match; empty lists and zero values do not narrow.
type Filter struct {
	Item     catalog.ItemCode
	Today    clock.Date // the window must hold on this day
	Agency   int64
	Regions  []string
	Kinds    int64
	From, To clock.Date
}

// Listed gives the versions of a column's next rows after a place; the zero place starts at the newest. Each page costs the same however deep
// it lies and however rare the filter's values are: the filter is resolved to the combinations that occur, and each is read
// from an index in order.
func (s *Store) Listed(ctx context.Context, f Filter, after Place, limit int) ([]Version, error) {
	places, err := s.places(ctx, f, after, limit)
	if err != nil || len(places) == 0 {
		return nil, wrap(err, "record: listed")
	}
	out, err := s.current(ctx, places)
	return out, wrap(err, "record: listed")
}

// pairList writes ids as the rows of VALUES.
func pairList(ids []ID) (string, []any) {
	args := make([]any, 0, 2*len(ids))
	var in strings.Builder
	for i, at := range ids {
		if i == 0 {
			in.WriteString("(CAST($1 AS BIGINT),CAST($2 AS BIGINT))") // PostgreSQL takes the list's types from its first row
		} else {
			fmt.Fprintf(&in, ",($%d,$%d)", 2*i+1, 2*i+2)
		}
		args = append(args, at.Subject, at.Key)
	}
	return in.String(), args
}

// current reads the newest versions of records in the order of places.
func (s *Store) current(ctx context.Context, places []Place) ([]Version, error) {
	ids := make([]ID, len(places))
	for i := range places {
		ids[i] = places[i].ID
	}
	in, args := pairList(ids)
	list, err := versions(ctx, s.db.Read(), versionSelect+joinHead+`WHERE (r.subject_id, r.record_key) IN (VALUES `+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[ID]Version, len(list))
	for _, v := range list {
		byID[v.ID] = v
	}
	out := make([]Version, 0, len(places))
	for _, p := range places {
		if v, ok := byID[p.ID]; ok {
			out = append(out, v)
		}
	}
	return out, nil
}

// Combination is one combination of filter values that occurs in a column, with the number of listed rows (whatever their window).
type Combination struct {
	Item   catalog.ItemCode
	Agency int64
	Region string
	Kinds  int64
	N      int
}

// combinations remembers them while nothing new was put on file.
type combinations struct {
	mu   sync.Mutex
	mark int64
	of   map[catalog.ItemCode][]Combination
}

// Combinations gives every combination that occurs in an item's column. The answer is shared: do not change it.
func (s *Store) Combinations(ctx context.Context, item catalog.ItemCode) ([]Combination, error) {
	mark, err := translog.Newest(ctx, s.db.Read())
	if err != nil {
		return nil, wrap(err, "record: combinations")
	}
	s.combos.mu.Lock()
	if s.combos.mark != mark || s.combos.of == nil {
		s.combos.mark, s.combos.of = mark, map[catalog.ItemCode][]Combination{}
	}
	out, ok := s.combos.of[item]
	s.combos.mu.Unlock()
	if ok {
		return out, nil
	}
	if out, err = s.readCombinations(ctx, item); err != nil {
		return nil, wrap(err, "record: combinations")
	}
	s.combos.mu.Lock()
	defer s.combos.mu.Unlock()
	if s.combos.mark == mark { // read after the mark: at least as new as it says
		s.combos.of[item] = out
	}
	return out, nil
}

func (s *Store) readCombinations(ctx context.Context, item catalog.ItemCode) ([]Combination, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT item, agency_id, region, kinds, n FROM record_facet WHERE item = $1 AND n > 0
		ORDER BY agency_id, region, kinds`, string(item))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Combination
	for rows.Next() {
		var c Combination
		if err := rows.Scan(&c.Item, &c.Agency, &c.Region, &c.Kinds, &c.N); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func wrap(err error, op string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", op, err)
}

// Busiest gives the subjects with most records, at most limit of them.
func (s *Store) Busiest(ctx context.Context, limit int) ([]int64, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT subject_id FROM record GROUP BY subject_id ORDER BY count(*) DESC, subject_id LIMIT $1+0`, limit)
	if err != nil {
		return nil, wrap(err, "record: busiest")
	}
	defer func() { _ = rows.Close() }()
	var out []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
