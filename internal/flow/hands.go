package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gongxin/internal/clock"
)

// Holders counts the open cases of a filter by the account that they were given to.
func (e *Engine) Holders(ctx context.Context, f Filter) (_ map[string]int, err error) {
	f.All = false
	w, ok := e.where(&f)
	if !ok {
		return map[string]int{}, nil
	}
	w.add("assignee <> ''")
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT assignee, count(*) FROM flow_case WHERE `+w.String()+` GROUP BY assignee`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("flow: holders: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := map[string]int{}
	for rows.Next() {
		var account string
		var n int
		if err := rows.Scan(&account, &n); err != nil {
			return nil, fmt.Errorf("flow: holders: %w", err)
		}
		out[account] = n
	}
	return out, rows.Err()
}

// Share is what a hand-over does to the cases of one kind.
type Share struct {
	Kind, Title string
	Moves       int // change hands
	Stays       int // the caller may not assign them, or nobody may
	Strange     int // of those that move: the new account may not assign such cases itself, so it has no part in them
}

// PlanHandover says, by kind, what Handover of an account's cases would do. could asks about the account that takes over, as Config.May does about the caller;
// nil = it is not known yet. Nothing is changed.
func (e *Engine) PlanHandover(ctx context.Context, from string, could func(action string, c *Case) bool) ([]Share, error) {
	shares := map[string]*Share{}
	for f := (Filter{Assignee: []string{from}, Limit: 200}); ; {
		page, err := e.Inbox(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range page.Cases {
			c := &page.Cases[i]
			s := shares[c.Kind]
			if s == nil {
				s = &Share{Kind: c.Kind, Title: c.Kind}
				shares[c.Kind] = s
			}
			p := e.procedures[c.Kind]
			if p == nil {
				s.Stays++
				continue
			}
			s.Title = p.Title
			if p.Assign.May == "" || e.May(ctx, p.Assign.May, c) != nil {
				s.Stays++
				continue
			}
			if s.Moves++; could != nil && !could(p.Assign.May, c) {
				s.Strange++
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	var out []Share
	for _, s := range shares {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Share) int { return strings.Compare(a.Kind, b.Kind) })
	return out, nil
}

// Late is how many cases of a kind are overdue at a unit, and since when the oldest.
type Late struct {
	Agency int64
	Kind   string
	Count  int
	Oldest clock.Date // last day on which its step would have been in time
}

// OverdueBy counts the overdue cases of a filter by unit and kind, those first whose oldest is the oldest.
func (e *Engine) OverdueBy(ctx context.Context, f Filter) (out []Late, err error) {
	f.All, f.Overdue = false, true
	w, ok := e.where(&f)
	if !ok {
		return nil, nil
	}
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT agency_id, kind, count(*), min(due_on) FROM flow_case WHERE `+w.String()+`
		GROUP BY agency_id, kind ORDER BY 4, 3 DESC, 1, 2`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("flow: overdue: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l Late
		if err := rows.Scan(&l.Agency, &l.Kind, &l.Count, &l.Oldest); err != nil {
			return nil, fmt.Errorf("flow: overdue: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// CouldAssign reports whether the caller may give a case to somebody.
func (e *Engine) CouldAssign(ctx context.Context, c *Case) bool {
	p := e.procedures[c.Kind]
	return p != nil && c.Open() && p.Assign.May != "" && e.May(ctx, p.Assign.May, c) == nil
}
