package correction

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/notice"
)

// Bounds of pages.
const (
	defaultPage = 50
	maxPage     = 200
)

func clamp(n int) int {
	if n <= 0 {
		return defaultPage
	}
	return min(n, maxPage)
}

const toldColumns = `t.told_id, t.to_kind, t.to_id, t.does, t.told_at, t.due_on, t.case_id, t.n, t.applied, t.closed_at, c.basis, c.why
	FROM correction_told t JOIN correction_change c ON c.change_id = t.change_id `

func scanTold(row interface{ Scan(dest ...any) error }) (t Told, err error) {
	var does string
	var at, closed int64
	err = row.Scan(&t.ID, &t.To.Kind, &t.To.ID, &does, &at, &t.Due, &t.Case, &t.N, &t.Applied, &closed, &t.Basis, &t.Why)
	t.Does, t.At, t.ClosedAt = Does(does), db.Instant(at), db.Instant(closed)
	return t, err
}

// Told gives what a recipient was told, by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) Told(ctx context.Context, id int64) (Told, error) {
	return s.told(ctx, s.DB.Read(), id)
}

func (s *Service) told(ctx context.Context, q db.Querier, id int64) (Told, error) {
	t, err := scanTold(q.QueryRowContext(ctx, `SELECT `+toldColumns+`WHERE t.told_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, ErrNone
	}
	if err != nil {
		return t, fmt.Errorf("correction: told: %w", err)
	}
	return t, nil
}

// State picks what was told by where it stands.
type State string

// The states. The empty one is Waiting.
const (
	Waiting State = "open"    // still to be applied, the earliest day first
	Silent  State = "silent"  // of these, those whose day is over
	Closed  State = "applied" // applied, or nothing was asked; the latest first
)

// Filter picks what units were told.
type Filter struct {
	Agencies []int64 // nil = every one; an empty list shows nothing
	State    State
	Cursor   string
	Limit    int
}

// List gives what units were told. What is silent stands first among what is open.
func (s *Service) List(ctx context.Context, f Filter) ([]Told, string, error) {
	if f.Agencies != nil && len(f.Agencies) == 0 {
		return nil, "", nil
	}
	limit := clamp(f.Limit)
	where, args, err := f.where(clock.Today(s.Clock), limit)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT `+toldColumns+where, args...)
	if err != nil {
		return nil, "", fmt.Errorf("correction: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Told
	for rows.Next() {
		t, err := scanTold(rows)
		if err != nil {
			return nil, "", fmt.Errorf("correction: list: %w", err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("correction: list: %w", err)
	}
	if len(out) <= limit {
		return out, "", nil
	}
	last := &out[limit-1]
	if last.Open() {
		return out[:limit], join2(int64(last.Due), last.ID), nil
	}
	return out[:limit], join2(db.Micros(last.ClosedAt), last.ID), nil
}

// where writes the conditions, the order and the bound of a list.
func (f *Filter) where(today clock.Date, limit int) (string, []any, error) {
	a, b, err := place2(f.Cursor)
	if err != nil {
		return "", nil, err
	}
	if f.Cursor == "" && f.State == Closed {
		a, b = 1<<63-1, 1<<63-1
	}
	args := []any{a, b, limit + 1}
	where, order := `WHERE t.to_kind = 'agency' AND `, ` ORDER BY t.due_on, t.told_id LIMIT $3+0`
	switch f.State {
	case Closed:
		where, order = where+`t.closed_at > 0 AND (t.closed_at, t.told_id) < ($1, $2)`, ` ORDER BY t.closed_at DESC, t.told_id DESC LIMIT $3+0`
	case Silent:
		where += `t.closed_at = 0 AND (t.due_on, t.told_id) > ($1, $2) AND t.due_on > 0 AND t.due_on < $4`
		args = append(args, int64(today))
	default:
		where += `t.closed_at = 0 AND (t.due_on, t.told_id) > ($1, $2)`
	}
	if f.Agencies != nil {
		where += ` AND t.to_id IN ` + db.In(len(f.Agencies), len(args)+1)
		for _, id := range f.Agencies {
			args = append(args, id)
		}
	}
	return where + order, args, nil
}

const noticeSelect = `SELECT n.notice_id, n.told_id, n.change_id, n.subject_id, n.record_key, n.version, n.status, n.does, n.item, n.to_kind, n.to_id, n.what, n.matter, n.copies,
	n.handed_at, n.hidden_until, n.told_at, n.due_on, n.applied_at, n.applied_by, n.note FROM correction_notice n `

func scanNotice(row interface{ Scan(dest ...any) error }) (n Notice, err error) {
	var does, item, what string
	var handed, hidden, at, applied int64
	err = row.Scan(&n.ID, &n.Told, &n.Change, &n.Record.Subject, &n.Record.Key, &n.Version, &n.Status, &does, &item, &n.To.Kind, &n.To.ID, &what, &n.Matter, &n.Copies,
		&handed, &hidden, &at, &n.Due, &applied, &n.By, &n.Note)
	n.Does, n.Item, n.HandedAt, n.Hidden = Does(does), catalog.ItemCode(item), db.Instant(handed), db.Instant(hidden)
	n.At, n.Applied = db.Instant(at), db.Instant(applied)
	if what != "" {
		n.What = strings.Split(what, ",")
	}
	return n, err
}

func notices(ctx context.Context, q db.Querier, query string, args ...any) ([]Notice, error) {
	rows, err := q.QueryContext(ctx, noticeSelect+query, args...)
	if err != nil {
		return nil, fmt.Errorf("correction: notices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Notice
	for rows.Next() {
		n, err := scanNotice(rows)
		if err != nil {
			return nil, fmt.Errorf("correction: notices: %w", err)
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("correction: notices: %w", err)
	}
	return out, nil
}

// Notice gives one row by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) Notice(ctx context.Context, id int64) (Notice, error) {
	list, err := notices(ctx, s.DB.Read(), `WHERE n.notice_id = $1`, id)
	if err == nil && len(list) == 0 {
		err = ErrNone
	}
	if err != nil {
		return Notice{}, err
	}
	return list[0], nil
}

// Rows gives the rows of what a recipient was told, behind a number.
func (s *Service) Rows(ctx context.Context, told, after int64, limit int) ([]Notice, error) {
	return notices(ctx, s.DB.Read(), `WHERE n.told_id = $1 AND n.notice_id > $2 ORDER BY n.notice_id LIMIT $3+0`, told, after, clamp(limit))
}

// Since picks the rows of units that were told from an instant on.
type Since struct {
	Agencies []int64
	At       time.Time
	Open     bool // only what is still to be applied
	Cursor   string
	Limit    int
}

// OfUnits gives the rows of units in the order in which they were told.
func (s *Service) OfUnits(ctx context.Context, f Since) ([]Notice, string, error) {
	at, id, err := place2(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := clamp(f.Limit)
	args := []any{notice.Agency, db.Micros(f.At), at, id, limit + 1}
	where := `WHERE n.to_kind = $1 AND n.told_at >= $2 AND (n.told_at, n.notice_id) > ($3, $4) AND n.to_id IN ` + db.In(len(f.Agencies), len(args)+1)
	if f.Open {
		where += ` AND n.applied_at = 0 AND n.due_on > 0`
	}
	for _, a := range f.Agencies {
		args = append(args, a)
	}
	list, err := notices(ctx, s.DB.Read(), where+` ORDER BY n.told_at, n.notice_id LIMIT $5+0`, args...)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	last := &list[limit-1]
	return list, join2(db.Micros(last.At), last.ID), nil
}

// Changes gives what is kept of some changes, by their numbers: when, on what basis and why.
func (s *Service) Changes(ctx context.Context, ids []int64) (map[int64]Change, error) {
	out := make(map[int64]Change, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), markChunk)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		err := db.ForEach(ctx, s.DB.Read(), func(rows *sql.Rows) error {
			var c Change
			var at, told int64
			err := rows.Scan(&c.ID, &at, &c.Basis, &c.Why, &told)
			c.ChangedAt, c.ToldAt = db.Instant(at), db.Instant(told)
			out[c.ID] = c
			return err
		}, `SELECT change_id, changed_at, basis, why, told_at FROM correction_change WHERE change_id IN `+db.In(n, 1), args...)
		if err != nil {
			return nil, fmt.Errorf("correction: changes: %w", err)
		}
		ids = ids[n:]
	}
	return out, nil
}

// Silence counts what a unit was told, and how it answered.
type Silence struct {
	Agency  int64
	Rows    int // that ask for something
	Applied int
	Open    int
	Silent  int // of these, whose day is over
}

// Silent counts by unit who has applied what, as of a day: the figures that the office and the indicators look at. Units without anything to apply are left out.
func (s *Service) Silent(ctx context.Context, day clock.Date) ([]Silence, error) {
	if day >= clock.Today(s.Clock) {
		return s.silentNow(ctx, day)
	}
	end := db.Micros(day.AddDays(1).Start())
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT to_id, due_on, count(*), sum(CASE WHEN applied_at > 0 AND applied_at < $1 THEN 1 ELSE 0 END)
		FROM correction_notice WHERE to_kind = 'agency' AND due_on > 0 AND told_at < $1 GROUP BY to_id, due_on ORDER BY to_id, due_on`, end)
	if err != nil {
		return nil, fmt.Errorf("correction: silent: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Silence
	for rows.Next() {
		var to int64
		var due clock.Date
		var n, applied int
		if err := rows.Scan(&to, &due, &n, &applied); err != nil {
			return nil, fmt.Errorf("correction: silent: %w", err)
		}
		if len(out) == 0 || out[len(out)-1].Agency != to {
			out = append(out, Silence{Agency: to})
		}
		x := &out[len(out)-1]
		x.Rows, x.Applied, x.Open = x.Rows+n, x.Applied+applied, x.Open+n-applied
		if due < day {
			x.Silent += n - applied
		}
	}
	return out, rows.Err()
}

// silentNow counts as things stand: the lists of what was told know it, and are few.
func (s *Service) silentNow(ctx context.Context, day clock.Date) ([]Silence, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT to_id, sum(n), sum(applied), sum(CASE WHEN due_on < $1 THEN n - applied ELSE 0 END)
		FROM correction_told WHERE to_kind = 'agency' AND due_on > 0 GROUP BY to_id ORDER BY to_id`, int64(day))
	if err != nil {
		return nil, fmt.Errorf("correction: silent: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Silence
	for rows.Next() {
		var x Silence
		if err := rows.Scan(&x.Agency, &x.Rows, &x.Applied, &x.Silent); err != nil {
			return nil, fmt.Errorf("correction: silent: %w", err)
		}
		x.Open = x.Rows - x.Applied
		out = append(out, x)
	}
	return out, rows.Err()
}

func join2(a, b int64) string { return strconv.FormatInt(a, 10) + "." + strconv.FormatInt(b, 10) }

func join3(a, b, c int64) string { return strconv.FormatInt(a, 10) + "." + join2(b, c) }

func place2(cursor string) (a, b int64, err error) {
	if cursor == "" {
		return 0, 0, nil
	}
	list, err := numbers(cursor, 2)
	if err != nil {
		return 0, 0, err
	}
	return list[0], list[1], nil
}

func numbers(text string, n int) ([]int64, error) {
	parts := strings.Split(text, ".")
	if len(parts) != n {
		return nil, ErrCursor
	}
	out := make([]int64, n)
	for i, p := range parts {
		var err error
		if out[i], err = strconv.ParseInt(p, 10, 64); err != nil {
			return nil, ErrCursor
		}
	}
	return out, nil
}
