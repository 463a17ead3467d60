package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
)

// Desk is what people at a desk read of filings and of the queue, beside what a Service does. A finished submission never changes, so
// that its kept rows are read once and remembered as sets of row numbers: filters and pages then cost what they show.
type Desk struct {
	*Service
	cache summaries
}

// NewDesk makes a Desk.
func NewDesk(s *Service) *Desk { return &Desk{Service: s} }

// ReasonCount says how many rows of a submission carry a reason.
type ReasonCount struct {
	Code   int
	Rows   int
	Errors int // rows among them in which it is an error and not a warning
}

// RowFilter narrows a submission's kept rows; zero values do not narrow.
type RowFilter struct {
	Outcome string // accepted, updated, duplicate, withdrawn, rejected
	Reason  int
	Late    bool
	Warned  bool // with a warning
}

// Summary is what a finished submission's kept rows come to. Plainly accepted rows are not among them.
type Summary struct {
	Kept    int
	Reasons []ReasonCount // most frequent first

	all, late, warned *roaring.Bitmap
	outcomes          map[string]*roaring.Bitmap
	reasons           map[int]*roaring.Bitmap
}

// Count gives the number of kept rows that a filter lets through.
func (s *Summary) Count(f RowFilter) int { return int(s.set(f).GetCardinality()) }

// set gives the row numbers that a filter lets through; the caller does not change it.
func (s *Summary) set(f RowFilter) *roaring.Bitmap {
	parts := []*roaring.Bitmap{s.all}
	pick := func(b *roaring.Bitmap) {
		if b == nil {
			b = roaring.New()
		}
		parts = append(parts, b)
	}
	if f.Outcome != "" {
		pick(s.outcomes[f.Outcome])
	}
	if f.Reason != 0 {
		pick(s.reasons[f.Reason])
	}
	if f.Late {
		pick(s.late)
	}
	if f.Warned {
		pick(s.warned)
	}
	if len(parts) == 1 {
		return s.all
	}
	return roaring.FastAnd(parts...)
}

// RowPage is a page of kept rows.
type RowPage struct {
	Rows  []ReceiptRow
	Total int // rows that the filter lets through
	First int // place of the first row of this page among them, from 1; 0 without rows
	Next  int // ask with after = Next for the rows that follow; 0 = none
}

// Summary sums a finished submission up.
func (d *Desk) Summary(ctx context.Context, id string) (*Summary, error) {
	sub, err := d.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if sub.State != Done && sub.State != Failed {
		return nil, ErrUnfinished
	}
	return d.cache.get(ctx, id, func(ctx context.Context) (*Summary, error) { return d.sumUp(ctx, id) })
}

// Rows gives the kept rows of a finished submission that a filter lets through, behind a row, at most limit of them.
func (d *Desk) Rows(ctx context.Context, id string, f RowFilter, after, limit int) (*RowPage, error) {
	sum, err := d.Summary(ctx, id)
	if err != nil {
		return nil, err
	}
	set := sum.set(f)
	page := &RowPage{Total: int(set.GetCardinality())}
	it := set.Iterator()
	if after > 0 {
		it.AdvanceIfNeeded(uint32(min(after, unlimited)) + 1)
	}
	args := []any{id}
	for it.HasNext() && len(args) <= limit {
		args = append(args, int64(it.Next()))
	}
	n := len(args) - 1
	if n == 0 {
		return page, nil
	}
	first, _ := args[1].(int64)
	last, _ := args[n].(int64)
	page.First = int(set.Rank(uint32(first)))
	if it.HasNext() {
		page.Next = int(last)
	}
	page.Rows, err = d.pick(ctx, args)
	return page, err
}

// pick reads rows by number; args is the submission and the numbers.
func (d *Desk) pick(ctx context.Context, args []any) ([]ReceiptRow, error) {
	var in strings.Builder
	for i := 2; i <= len(args); i++ {
		if i > 2 {
			in.WriteString(", ")
		}
		fmt.Fprintf(&in, "$%d", i)
	}
	rows, err := d.db.Read().QueryContext(ctx, `SELECT row_no, line_no, outcome, late, reasons FROM submission_row WHERE submission_id = $1 AND row_no IN (`+
		in.String()+`) ORDER BY row_no`, args...)
	if err != nil {
		return nil, fmt.Errorf("ingest: rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []ReceiptRow
	for rows.Next() {
		var r ReceiptRow
		var late int
		var reasons string
		if err := rows.Scan(&r.Row, &r.Line, &r.Outcome, &late, &reasons); err != nil {
			return nil, fmt.Errorf("ingest: rows: %w", err)
		}
		if err := json.Unmarshal([]byte(reasons), &r.Reasons); err != nil {
			return nil, fmt.Errorf("ingest: reasons of row %d: %w", r.Row, err)
		}
		r.Late = late == 1
		out = append(out, r)
	}
	return out, rows.Err()
}

// sumUp reads the kept rows of a submission once.
func (d *Desk) sumUp(ctx context.Context, id string) (*Summary, error) {
	rows, err := d.db.Read().QueryContext(ctx, `SELECT row_no, outcome, late, reasons FROM submission_row WHERE submission_id = $1 ORDER BY row_no`, id)
	if err != nil {
		return nil, fmt.Errorf("ingest: summary: %w", err)
	}
	defer func() { _ = rows.Close() }()
	t := newTally()
	var row, late int64
	var outcome, reasons sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&row, &outcome, &late, &reasons); err != nil {
			return nil, fmt.Errorf("ingest: summary: %w", err)
		}
		t.add(uint32(row), outcome, late == 1, reasons)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ingest: summary: %w", err)
	}
	return t.summary(), nil
}

// tally gathers a summary row by row.
type tally struct {
	sum    *Summary
	errors map[int]int
}

func newTally() *tally {
	return &tally{errors: map[int]int{}, sum: &Summary{
		all: roaring.New(), late: roaring.New(), warned: roaring.New(),
		outcomes: map[string]*roaring.Bitmap{}, reasons: map[int]*roaring.Bitmap{},
	}}
}

func (t *tally) add(row uint32, outcome []byte, late bool, reasons []byte) {
	t.sum.all.Add(row)
	set := t.sum.outcomes[string(outcome)]
	if set == nil {
		set = roaring.New()
		t.sum.outcomes[string(outcome)] = set
	}
	set.Add(row)
	if late {
		t.sum.late.Add(row)
	}
	var seen [16]int // numbers whose error in this row is counted; a row rarely has more
	n := 0
	eachReason(reasons, func(code int, severe bool) {
		set := t.sum.reasons[code]
		if set == nil {
			set = roaring.New()
			t.sum.reasons[code] = set
		}
		set.Add(row)
		if !severe {
			t.sum.warned.Add(row)
		} else if !slices.Contains(seen[:n], code) {
			t.errors[code]++
			if n < len(seen) {
				seen[n] = code
				n++
			}
		}
	})
}

func (t *tally) summary() *Summary {
	s := t.sum
	s.Kept = int(s.all.GetCardinality())
	for code, set := range s.reasons {
		set.RunOptimize()
		s.Reasons = append(s.Reasons, ReasonCount{Code: code, Rows: int(set.GetCardinality()), Errors: t.errors[code]})
	}
	for _, set := range s.outcomes {
		set.RunOptimize()
	}
	s.all.RunOptimize()
	s.late.RunOptimize()
	s.warned.RunOptimize()
	slices.SortFunc(s.Reasons, func(a, b ReasonCount) int {
		if a.Rows != b.Rows {
			return b.Rows - a.Rows
		}
		return a.Code - b.Code
	})
	return s
}

// eachReason gives number and severity of each reason of a stored row. It looks for the marks that json.Marshal writes and decodes nothing: a
// quotation mark inside a text is escaped, so that no text can look like a mark.
func eachReason(raw []byte, yield func(code int, severe bool)) {
	const mark, severity = `"code":`, `,"severity":"`
	for i := 0; i+len(mark) < len(raw); i++ {
		if raw[i] != '"' || i == 0 || (raw[i-1] != '{' && raw[i-1] != ',') || string(raw[i:i+len(mark)]) != mark {
			continue
		}
		code := 0
		for i += len(mark); i < len(raw) && raw[i] >= '0' && raw[i] <= '9'; i++ {
			code = code*10 + int(raw[i]-'0')
		}
		rest := raw[min(i, len(raw)):]
		severe := len(rest) > len(severity) && string(rest[:len(severity)]) == severity && rest[len(severity)] == catalog.Error[0]
		yield(code, severe)
	}
}

// keepSummaries is how many submissions' summaries are remembered; one takes at most some hundred kilobytes for a million rows.
const keepSummaries = 32

// summaries remembers the summaries used last.
type summaries struct {
	mu   sync.Mutex
	list []*remembered // used last at the end
}

// remembered is one summary, which is there when done is closed.
type remembered struct {
	id   string
	done chan struct{}
	sum  *Summary
	err  error
}

// find gives the summary of an id, and whether the caller has to make it.
func (c *summaries) find(id string) (r *remembered, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(r *remembered) bool { return r.id == id })
	if i >= 0 {
		r := c.list[i]
		c.list = append(slices.Delete(c.list, i, i+1), r)
		return r, false
	}
	if len(c.list) >= keepSummaries {
		c.list = slices.Delete(c.list, 0, 1)
	}
	r = &remembered{id: id, done: make(chan struct{})}
	c.list = append(c.list, r)
	return r, true
}

// forget drops what could not be made, so that it is tried again.
func (c *summaries) forget(r *remembered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.DeleteFunc(c.list, func(have *remembered) bool { return have == r })
}

// get gives a summary, made by the first caller. One that takes longer than its caller waits is made all the same, for the next one.
func (c *summaries) get(ctx context.Context, id string, sumUp func(context.Context) (*Summary, error)) (*Summary, error) {
	r, mine := c.find(id)
	if mine {
		go func() {
			defer close(r.done)
			if r.sum, r.err = sumUp(context.WithoutCancel(ctx)); r.err != nil {
				c.forget(r)
			}
		}()
	}
	select {
	case <-r.done:
		return r.sum, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("ingest: summary: %w", ctx.Err())
	}
}

// Entry gives one entry of the queue.
func (d *Desk) Entry(ctx context.Context, entry int64) (*QueueEntry, error) {
	e, err := scanEntry(d.db.Read().QueryRowContext(ctx, `SELECT `+queueColumns+` FROM ingest_queue WHERE queue_id = $1`, entry))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoEntry
	}
	if err != nil {
		return nil, fmt.Errorf("ingest: queue entry: %w", err)
	}
	return &e, nil
}

// QueueCounts gives the number of entries by state.
func (d *Desk) QueueCounts(ctx context.Context) (map[QueueState]int, error) {
	return d.QueueCountsOf(ctx, QueueFilter{})
}

// Decided gives decided entries of a state, the latest decision first, behind an entry; nil starts.
func (d *Desk) Decided(ctx context.Context, state QueueState, after *QueueEntry, limit int) ([]QueueEntry, error) {
	return d.DecidedOf(ctx, state, QueueFilter{}, after, limit)
}

// Naming says how the name in a row stands to the names of a subject.
type Naming string

// The namings.
const (
	NameSame   Naming = "same"   // the name in use
	NameFormer Naming = "former" // an earlier name
	NameOther  Naming = "other"  // no name of the subject
	NameNone   Naming = "none"   // the row names nobody
)

// Preview is what a match would do, before it is done.
type Preview struct {
	Subject subject.Subject
	Naming  Naming
	Kind    catalog.SubjectKind // that the row names; a person's row cannot be put under an organisation
	Refusal publish.Refusal     // why everyone would not see the record today; empty = everyone would
	From    clock.Date
	Until   clock.Date // first day on which it is no longer shown; 0 = no end
	Why     string     // the rule that gives the publicity window
}

// Preview says what matching an opened row with a subject would do. It fails as Match would, except for the note and for a person's row.
func (d *Desk) Preview(ctx context.Context, o *Opened, subjectID int64) (*Preview, error) {
	e := o.entry
	switch {
	case e == nil:
		return nil, ErrNoEntry
	case e.State != Waiting:
		return nil, ErrDecided
	}
	row, f, err := d.recheck(ctx, e, o.values, true)
	if err != nil {
		return nil, err
	}
	subjects, err := d.Subjects.ByIDs(ctx, []int64{subjectID})
	if err != nil {
		return nil, err
	}
	target, ok := subjects[subjectID]
	if !ok || target.Kind == catalog.Person {
		return nil, ErrNoTarget
	}
	names, err := d.Subjects.Names(ctx, target.ID, time.Time{})
	if err != nil {
		return nil, err
	}
	p := &Preview{
		Subject: target, Naming: naming(row.Claim.Name, names), Kind: row.Claim.Kind,
		From: row.Draft.PublicFrom, Until: row.Draft.PublicUntil, Why: d.Rules.Explain(row.Draft.RuleSet),
	}
	today := clock.DateOf(d.Clock.Now())
	inForce, _ := d.Editions.Current(today).Item(e.Item)
	p.Refusal = publish.Decide(publish.Everyone, target.Kind, f.Item, inForce, &row.Draft.Facts, today)
	return p, nil
}

func naming(name string, known []subject.Name) Naming {
	key := cntext.Name(name)
	if key == "" {
		return NameNone
	}
	for i := len(known) - 1; i >= 0; i-- {
		if known[i].Key == key {
			if i == len(known)-1 {
				return NameSame
			}
			return NameFormer
		}
	}
	return NameOther
}
