package flow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/sealed"
)

const caseColumns = `case_id, kind, state, subject_id, ref, agency_id, region, author, title, assignee, opened_at, arrived_at, closed_at, due_on, due_unit, due_from, due_n,
	due_roll, on_due, extended, extend_up_to, paused_on, pause_until, paused_days, overdue, wake_on, last_at, steps`

// Places in the order of deadlines of cases that have none.
const (
	sortPaused = 99991230
	sortNone   = 99991231
)

type scanner interface{ Scan(dest ...any) error }

func (e *Engine) scan(row scanner) (*Case, error) {
	var c Case
	var opened, arrived, closed, last int64
	var roll, overdue int
	err := row.Scan(&c.ID, &c.Kind, &c.State, &c.Subject, &c.Ref, &c.Agency, &c.Region, &c.Author, &c.Title, &c.Assignee, &opened, &arrived, &closed, &c.Due, &c.Unit,
		&c.c.from, &c.c.n, &roll, &c.OnDue, &c.Extended, &c.ExtendUpTo, &c.PausedOn, &c.PauseUntil, &c.c.paused, &overdue, &c.c.wake, &last, &c.Version)
	c.OpenedAt, c.ArrivedAt, c.ClosedAt, c.c.last = db.Instant(opened), db.Instant(arrived), db.Instant(closed), db.Instant(last)
	c.c.roll, c.Overdue = roll != 0, overdue != 0
	c.Provisional = e.provisional(&c)
	return &c, err
}

func (c *Case) place() string { return c.Kind + "/" + c.State }

func (c *Case) sort() int64 {
	switch {
	case !c.Open() || c.Due == 0:
		return sortNone
	case c.PausedOn != 0:
		return sortPaused
	}
	return int64(c.Due)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Get gives a case as it is committed. Whether the caller may see it is the caller's to ask.
func (e *Engine) Get(ctx context.Context, id int64) (*Case, error) {
	return e.Load(ctx, e.DB.Read(), id)
}

// GetAll gives cases by their ids, those that there are. Whether the caller may see them is the caller's to ask.
func (e *Engine) GetAll(ctx context.Context, ids []int64) (map[int64]*Case, error) {
	out := make(map[int64]*Case, len(ids))
	for part := range slices.Chunk(ids, 500) {
		args := make([]any, len(part))
		for i := range part {
			args[i] = part[i]
		}
		err := db.ForEach(ctx, e.DB.Read(), func(rows *sql.Rows) error {
			c, err := e.scan(rows)
			if err == nil {
				out[c.ID] = c
			}
			return err
		}, `SELECT `+caseColumns+` FROM flow_case WHERE case_id IN `+db.In(len(part), 1), args...)
		if err != nil {
			return nil, fmt.Errorf("flow: cases: %w", err)
		}
	}
	return out, nil
}

// Load gives a case as a transaction sees it.
func (e *Engine) Load(ctx context.Context, q db.Querier, id int64) (*Case, error) {
	c, err := e.scan(q.QueryRowContext(ctx, `SELECT `+caseColumns+` FROM flow_case WHERE case_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("flow: case: %w", err)
	}
	return c, nil
}

// caseParams is how many values a row of flow_case has.
const caseParams = 30

func insert(ctx context.Context, tx *db.Tx, c *Case) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO flow_case (`+caseColumns+`, place, sort_on) VALUES `+db.In(caseParams, 1), caseArgs(c)...)
	if err != nil {
		return fmt.Errorf("flow: open: %w", err)
	}
	return nil
}

func caseArgs(c *Case) []any {
	return []any{
		c.ID, c.Kind, c.State, c.Subject, c.Ref, c.Agency, c.Region, c.Author, c.Title, c.Assignee, db.Micros(c.OpenedAt), db.Micros(c.ArrivedAt), db.Micros(c.ClosedAt),
		int64(c.Due), string(c.Unit), int64(c.c.from), c.c.n, flag(c.c.roll), string(c.OnDue), c.Extended, c.ExtendUpTo, int64(c.PausedOn), int64(c.PauseUntil), c.c.paused,
		flag(c.Overdue), int64(c.c.wake), db.Micros(c.c.last), c.Version, c.place(), c.sort(),
	}
}

// update writes a case whose newest step is c.Version, if nobody wrote another one since it was read.
func update(ctx context.Context, tx *db.Tx, c *Case) error { return updateFrom(ctx, tx, c, c.Version) }

func updateFrom(ctx context.Context, tx *db.Tx, c *Case, was int) error {
	res, err := tx.ExecContext(ctx, `UPDATE flow_case SET state = $1, assignee = $2, arrived_at = $3, closed_at = $4, due_on = $5, due_unit = $6, due_from = $7, due_n = $8, due_roll = $9,
		on_due = $10, extended = $11, extend_up_to = $12, paused_on = $13, pause_until = $14, paused_days = $15, overdue = $16, wake_on = $17, last_at = $18, steps = $19, place = $20,
		sort_on = $21 WHERE case_id = $22 AND steps = $23`,
		c.State, c.Assignee, db.Micros(c.ArrivedAt), db.Micros(c.ClosedAt), int64(c.Due), string(c.Unit), int64(c.c.from), c.c.n, flag(c.c.roll), string(c.OnDue), c.Extended, c.ExtendUpTo,
		int64(c.PausedOn), int64(c.PauseUntil), c.c.paused, flag(c.Overdue), int64(c.c.wake), db.Micros(c.c.last), c.Version, c.place(), c.sort(), c.ID, was)
	if err != nil {
		return fmt.Errorf("flow: step: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("flow: step: %w", err)
	}
	if n != 1 { // somebody was faster: look again
		return fmt.Errorf("flow: step: %w", errors.Join(db.ErrRetry, ErrChanged))
	}
	return nil
}

const stepColumns = `case_id, seq, event, from_state, to_state, at, on_day, recorded_at, who_kind, who_id, agency_id, reason, note, files, due_on, late, days, unit`

// stepParams is how many values a step has.
const stepParams = 18

// Texts are the reasons and notes of steps, which rest sealed. They are a gm.Resealer.
func (e *Engine) Texts() *sealed.Texts { return e.texts }

func (e *Engine) insertStep(ctx context.Context, tx *db.Tx, s *Step) error {
	if err := e.titleFiles(ctx, tx, s); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO flow_step (`+stepColumns+`) VALUES `+db.In(stepParams, 1), e.stepArgs(s)...)
	if err != nil {
		return fmt.Errorf("flow: step: %w", err)
	}
	return nil
}

func (e *Engine) stepArgs(s *Step) []any {
	files := make([]string, len(s.Files))
	for i := range s.Files {
		files[i] = nameFile(&s.Files[i])
	}
	return []any{
		s.Case, s.Seq, string(s.Event), s.From, s.To, db.Micros(s.At), int64(s.Day), db.Micros(s.Recorded), s.Who.Kind, s.Who.ID, s.Who.Agency,
		e.texts.Seal("reason", s.Case, int64(s.Seq), s.Reason), e.texts.Seal("note", s.Case, int64(s.Seq), s.Note),
		strings.Join(files, " "), int64(s.Due), flag(s.Late), s.Days, string(s.Unit),
	}
}

func (e *Engine) steps(ctx context.Context, q db.Querier, id int64) ([]Step, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+stepColumns+` FROM flow_step WHERE case_id = $1 ORDER BY seq`, id)
	if err != nil {
		return nil, fmt.Errorf("flow: steps: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Step
	for rows.Next() {
		var s Step
		var at, recorded int64
		var late int
		var files string
		err := rows.Scan(&s.Case, &s.Seq, &s.Event, &s.From, &s.To, &at, &s.Day, &recorded, &s.Who.Kind, &s.Who.ID, &s.Who.Agency, &s.Reason, &s.Note, &files, &s.Due, &late, &s.Days, &s.Unit)
		if err != nil {
			return nil, fmt.Errorf("flow: steps: %w", err)
		}
		if s.Reason, err = e.texts.Open("reason", s.Case, int64(s.Seq), s.Reason); err != nil {
			return nil, fmt.Errorf("flow: steps: %w", err)
		}
		if s.Note, err = e.texts.Open("note", s.Case, int64(s.Seq), s.Note); err != nil {
			return nil, fmt.Errorf("flow: steps: %w", err)
		}
		s.At, s.Recorded, s.Late = db.Instant(at), db.Instant(recorded), late != 0
		for name := range strings.FieldsSeq(files) {
			hash, title := fileNamed(name)
			s.Files = append(s.Files, Attachment{Hash: hash, Title: title})
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// dayOf gives the day that periods from the latest step of an event are counted from.
func dayOf(ctx context.Context, q db.Querier, id int64, event Event) (clock.Date, bool, error) {
	var day clock.Date
	err := q.QueryRowContext(ctx, `SELECT on_day FROM flow_step WHERE case_id = $1 AND event = $2 ORDER BY seq DESC LIMIT 1`, id, string(event)).Scan(&day)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("flow: step: %w", err)
	}
	return day, true, nil
}

// extendedSince sums the extensions in a unit that were given since the latest step of an event.
func extendedSince(ctx context.Context, q db.Querier, id int64, event Event, u Unit) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT CAST(coalesce(sum(days), 0) AS bigint) FROM flow_step WHERE case_id = $1 AND event = $2 AND unit = $3
		AND seq > (SELECT coalesce(max(seq), 0) FROM flow_step WHERE case_id = $1 AND event = $4)`, id, string(EventExtend), string(u), string(event)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("flow: extensions: %w", err)
	}
	return n, nil
}

// doers gives who took steps of some events in a case.
func doers(ctx context.Context, q db.Querier, id int64, events []Event) ([]audit.Who, error) {
	args := []any{id}
	for _, event := range events {
		args = append(args, string(event))
	}
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT who_kind, who_id FROM flow_step WHERE case_id = $1 AND event IN `+db.In(len(events), 2), args...)
	if err != nil {
		return nil, fmt.Errorf("flow: doers: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []audit.Who
	for rows.Next() {
		var w audit.Who
		if err := rows.Scan(&w.Kind, &w.ID); err != nil {
			return nil, fmt.Errorf("flow: doers: %w", err)
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

func (e *Engine) ids(ctx context.Context, query string, args ...any) ([]int64, error) {
	rows, err := e.DB.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("flow: cases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("flow: cases: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

func dec(n int64) string { return strconv.FormatInt(n, 10) }
