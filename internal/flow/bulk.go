package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/db"
)

// rowsAtOnce says how many rows go into one statement. To PostgreSQL each statement is a way there and back; SQLite is near, and its driver takes longer over
// many values than over many statements (BenchmarkRunDue).
func rowsAtOnce(engine db.Engine) int {
	if engine == db.Postgres {
		return 250
	}
	return 8
}

// manyActs writes many acts at once; *audit.Log does.
type manyActs interface {
	WriteActs(ctx context.Context, tx *db.Tx, list []audit.Act) error
}

// lapse1 is one step of a round.
type lapse1 struct {
	c *Case
	p *procedure
	s Step
}

// round is one step of each of many cases: all are written, then the features are told one after the other.
type round struct {
	steps   []lapse1
	waiting map[int64]bool // written, and their feature not yet told
}

// errEntangled says that a feature moved, while it was told of one case, another one of the same round. They are then taken one by one, so that each feature
// is told of its steps in their order.
var errEntangled = errors.New("flow: a case of this round was moved by another one")

type roundKey struct{}

// alone refuses a step of a case whose round is not over.
func alone(ctx context.Context, id int64) error {
	if r, _ := ctx.Value(roundKey{}).(*round); r != nil && r.waiting[id] {
		return errEntangled
	}
	return nil
}

// lapseMany takes the steps that the clock owes some cases, in rounds of one step each, and counts them.
func (e *Engine) lapseMany(ctx context.Context, tx *db.Tx, ids []int64) (n int, err error) {
	for range maxLapses {
		r, err := e.roundOf(ctx, tx, ids)
		if err != nil || len(r.steps) == 0 {
			return n, err
		}
		if err := e.writeRound(ctx, tx, r); err != nil {
			return n, err
		}
		inRound := context.WithValue(ctx, roundKey{}, r)
		ids = ids[:0:0]
		for i := range r.steps {
			l := &r.steps[i]
			delete(r.waiting, l.c.ID)
			if err := e.tell(inRound, tx, l.p, l.c, l.s); err != nil {
				return n, err
			}
			if err := e.escalate(inRound, tx, l.c, &l.s); err != nil {
				return n, err
			}
			ids = append(ids, l.c.ID)
		}
		n += len(ids)
	}
	return n, nil
}

// roundOf loads those of some cases that the clock owes a step, and takes it in memory.
func (e *Engine) roundOf(ctx context.Context, tx *db.Tx, ids []int64) (*round, error) {
	r := &round{waiting: map[int64]bool{}}
	cases, err := e.loadMany(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range cases {
		if !e.owes(c) {
			continue
		}
		p := e.procedures[c.Kind]
		if p == nil {
			return nil, ErrKind
		}
		s, err := e.owed(ctx, tx, p, c)
		if err != nil {
			return nil, err
		}
		seal(c, &s)
		r.steps, r.waiting[c.ID] = append(r.steps, lapse1{c, p, s}), true
	}
	return r, nil
}

func (e *Engine) loadMany(ctx context.Context, tx *db.Tx, ids []int64) ([]*Case, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+caseColumns+` FROM flow_case WHERE case_id IN `+db.In(len(ids), 1)+` ORDER BY case_id`, args...)
	if err != nil {
		return nil, fmt.Errorf("flow: cases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []*Case
	for rows.Next() {
		c, err := e.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("flow: cases: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// writeRound puts the cases, steps and acts of a round on file.
func (e *Engine) writeRound(ctx context.Context, tx *db.Tx, r *round) error {
	for rest := r.steps; len(rest) > 0; {
		part := rest[:min(len(rest), rowsAtOnce(e.DB.Engine()))]
		rest = rest[len(part):]
		cases, steps := make([]any, 0, len(part)*caseParams), make([]any, 0, len(part)*stepParams)
		acts := make([]audit.Act, len(part))
		for i := range part {
			cases, steps = append(cases, caseArgs(part[i].c)...), append(steps, e.stepArgs(&part[i].s)...)
			acts[i] = actOf(part[i].c, &part[i].s)
		}
		if err := updateMany(ctx, tx, len(part), cases); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO flow_step (`+stepColumns+`) VALUES `+places(len(part), stepParams), steps...); err != nil {
			return fmt.Errorf("flow: steps: %w", err)
		}
		if err := e.writeActs(ctx, tx, acts); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) writeActs(ctx context.Context, tx *db.Tx, acts []audit.Act) error {
	if l, ok := e.Log.(manyActs); ok {
		return l.WriteActs(ctx, tx, acts)
	}
	for i := range acts {
		if err := e.Log.WriteAct(ctx, tx, acts[i]); err != nil {
			return err
		}
	}
	return nil
}

// updateMany writes cases that are one step further than what is on file, in one statement. It is an upsert whose rows are all there: so both engines know
// the types of the values.
func updateMany(ctx context.Context, tx *db.Tx, n int, args []any) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO flow_case (`+caseColumns+`, place, sort_on) VALUES `+places(n, caseParams)+`
		ON CONFLICT (case_id) DO UPDATE SET state = excluded.state, assignee = excluded.assignee, arrived_at = excluded.arrived_at, closed_at = excluded.closed_at, due_on = excluded.due_on,
		due_unit = excluded.due_unit, due_from = excluded.due_from, due_n = excluded.due_n, due_roll = excluded.due_roll, on_due = excluded.on_due, extended = excluded.extended,
		extend_up_to = excluded.extend_up_to, paused_on = excluded.paused_on, pause_until = excluded.pause_until, paused_days = excluded.paused_days, overdue = excluded.overdue,
		wake_on = excluded.wake_on, last_at = excluded.last_at, steps = excluded.steps, place = excluded.place, sort_on = excluded.sort_on
		WHERE flow_case.steps = excluded.steps - 1`, args...)
	if err != nil {
		return fmt.Errorf("flow: steps: %w", err)
	}
	done, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("flow: steps: %w", err)
	}
	if done != int64(n) { // somebody was faster: look again
		return fmt.Errorf("flow: steps: %w", errors.Join(db.ErrRetry, ErrChanged))
	}
	return nil
}

// places gives the places of values of several rows.
func places(rows, columns int) string {
	parts := make([]string, rows)
	for i := range parts {
		parts[i] = db.In(columns, i*columns+1)
	}
	return strings.Join(parts, ", ")
}
