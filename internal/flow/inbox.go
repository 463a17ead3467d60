package flow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Desk is what one permission lets its holder work on. A desk with nothing but actions reaches nothing.
type Desk struct {
	Actions  []string // actions of the permission table: cases that one of them could move by hand
	All      bool     // everything; else what one of these holds:
	Agencies []int64
	Regions  []string // divisions, each by its own code
	Subjects []int64
	Author   string // what this account opened
}

// Filter picks cases. Empty fields pick all; of several desks one is enough.
type Filter struct {
	Desks    []Desk
	Kind     string
	Kinds    []string // instead of Kind; nil = every one
	State    string   // with Kind
	Subject  int64
	Ref      string
	Agency   int64
	Author   string
	Assignee []string // accounts: one's own and those one is a deputy of
	Overdue  bool     // overdue ones alone
	All      bool     // closed ones too
	Cursor   string
	Limit    int // 50 when zero, 200 at most
}

// Page is a part of a list.
type Page struct {
	Cases []Case
	Next  string // cursor of the next part; "" on the last
}

// Inbox gives open cases, the earliest deadline first: overdue ones lead, paused ones and those without a deadline come last. Closed ones, where the filter asks
// for them, stand at the end.
func (e *Engine) Inbox(ctx context.Context, f Filter) (Page, error) {
	w, ok := e.where(&f)
	if !ok {
		return Page{}, nil
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	if f.Cursor != "" {
		at, after, err := parseCursor(f.Cursor)
		if err != nil {
			return Page{}, err
		}
		w.add("(sort_on, case_id) > (" + w.arg(at) + ", " + w.arg(after) + ")")
	}
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT `+caseColumns+` FROM flow_case WHERE `+w.String()+` ORDER BY sort_on, case_id LIMIT `+w.arg(limit+1)+`+0`, w.args...)
	if err != nil {
		return Page{}, fmt.Errorf("flow: inbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var p Page
	for rows.Next() {
		c, err := e.scan(rows)
		if err != nil {
			return Page{}, fmt.Errorf("flow: inbox: %w", err)
		}
		p.Cases = append(p.Cases, *c)
	}
	if len(p.Cases) > limit {
		p.Cases = p.Cases[:limit]
		last := &p.Cases[limit-1]
		p.Next = dec(last.sort()) + "." + dec(last.ID)
	}
	return p, rows.Err()
}

// Tally counts cases that wait.
type Tally struct {
	Open    int
	Overdue int
	Today   int // due today
}

// Count counts the open cases that a filter picks.
func (e *Engine) Count(ctx context.Context, f Filter) (t Tally, err error) {
	f.All = false
	w, ok := e.where(&f)
	if !ok {
		return t, nil
	}
	today := w.arg(int64(clock.Today(e.Clock)))
	err = e.DB.Read().QueryRowContext(ctx, `SELECT count(*), coalesce(sum(overdue), 0), coalesce(sum(CASE WHEN sort_on = `+today+` THEN 1 ELSE 0 END), 0) FROM flow_case WHERE `+w.String(),
		w.args...).Scan(&t.Open, &t.Overdue, &t.Today)
	if err != nil {
		return t, fmt.Errorf("flow: count: %w", err)
	}
	return t, nil
}

// Could lists the moves that the caller may take of a case now; its deadline may still take them away. It decides nothing: Fire asks again.
func (e *Engine) Could(ctx context.Context, c *Case) ([]*Move, error) {
	p := e.procedures[c.Kind]
	if p == nil {
		return nil, nil
	}
	var out []*Move
	for _, m := range p.Leaving(c.State) {
		if m.Auto || m.Reopens == c.Open() || e.May(ctx, m.May, c) != nil {
			continue
		}
		var apart error
		if m.Separate {
			err := e.DB.ReadTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				apart = e.separate(ctx, tx, p, c, m)
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		if apart == nil {
			out = append(out, m)
		}
	}
	return out, nil
}

// Places gives the places ("kind/state") that wait to be moved from by hand with one of some actions.
func (e *Engine) Places(actions []string) []string {
	var out []string
	for _, p := range e.procedures {
		for i := range p.Moves {
			m := &p.Moves[i]
			if m.Auto || m.Reopens || !slices.Contains(actions, m.May) {
				continue
			}
			for _, s := range m.From {
				if state, _ := p.State(s); state.Rest {
					continue
				}
				if place := p.Kind + "/" + s; !slices.Contains(out, place) {
					out = append(out, place)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// where gathers the conditions of a query with their arguments.
type where struct {
	parts []string
	args  []any
}

func (w *where) add(part string) { w.parts = append(w.parts, part) }

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) String() string { return strings.Join(w.parts, " AND ") }

func in[T any](w *where, column string, list []T) string {
	marks := make([]string, len(list))
	for i, v := range list {
		marks[i] = w.arg(v)
	}
	return column + " IN (" + strings.Join(marks, ",") + ")"
}

// where writes a filter; false when it can pick nothing.
func (e *Engine) where(f *Filter) (*where, bool) {
	w := &where{}
	if f.All {
		w.add("case_id > 0")
	} else {
		w.add("closed_at = 0")
	}
	equal := func(column string, v any, given bool) {
		if given {
			w.add(column + " = " + w.arg(v))
		}
	}
	equal("kind", f.Kind, f.Kind != "")
	if f.Kinds != nil {
		w.add(in(w, "kind", f.Kinds))
	}
	equal("place", f.Kind+"/"+f.State, f.State != "")
	equal("subject_id", f.Subject, f.Subject != 0)
	equal("ref", f.Ref, f.Ref != "")
	equal("agency_id", f.Agency, f.Agency != 0)
	equal("author", f.Author, f.Author != "")
	equal("overdue", 1, f.Overdue)
	if f.Assignee != nil {
		w.add(in(w, "assignee", f.Assignee))
	}
	if f.Desks == nil {
		return w, true
	}
	var desks []string
	for i := range f.Desks {
		if d := e.desk(w, &f.Desks[i]); d != "" {
			desks = append(desks, "("+d+")")
		}
	}
	if len(desks) == 0 {
		return nil, false
	}
	w.add("(" + strings.Join(desks, " OR ") + ")")
	return w, true
}

// desk writes one desk; "" when nothing stands on it.
func (e *Engine) desk(w *where, d *Desk) string {
	place := ""
	if d.Actions != nil {
		places := e.Places(d.Actions)
		if len(places) == 0 {
			return ""
		}
		place = in(w, "place", places)
	}
	var reach []string
	if len(d.Agencies) > 0 {
		reach = append(reach, in(w, "agency_id", d.Agencies))
	}
	if len(d.Regions) > 0 {
		reach = append(reach, in(w, "region", d.Regions))
	}
	if len(d.Subjects) > 0 {
		reach = append(reach, in(w, "subject_id", d.Subjects))
	}
	if d.Author != "" {
		reach = append(reach, "author = "+w.arg(d.Author))
	}
	switch {
	case d.All && place != "":
		return place
	case d.All:
		return "1 = 1"
	case len(reach) == 0:
		return ""
	case place == "":
		return strings.Join(reach, " OR ")
	}
	return place + " AND (" + strings.Join(reach, " OR ") + ")"
}

func parseCursor(s string) (at, after int64, err error) {
	a, b, ok := strings.Cut(s, ".")
	at, err1 := strconv.ParseInt(a, 10, 64)
	after, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, ErrCursor
	}
	return at, after, nil
}
