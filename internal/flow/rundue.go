package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Bounds of one turn of the clock.
const (
	dueBatch  = 500 // cases that are looked for at once
	fewCases  = 100 // in one transaction of an engine with one writer, so that people do not wait for the night's work
	maxLapses = 200 // automatic steps of one case in one transaction
)

// RunDue takes every step that the clock has had to take until now: automatic moves, ends of pauses, marks of overdue cases. It gives how many. Some hundred
// cases share a transaction, and each step carries the midnight it belongs to. A case whose feature fails stays as it is and is tried in the next turn; the
// others of its transaction go on without it. Any number of workers may run it at once.
func (e *Engine) RunDue(ctx context.Context) (int, error) {
	today := clock.Today(e.Clock)
	total, failed := 0, error(nil)
	for wake, after := clock.Date(0), int64(0); ; {
		batch, err := e.dueCases(ctx, today, wake, after)
		if err != nil {
			return total, errors.Join(failed, err)
		}
		ids := make([]int64, len(batch))
		for i, d := range batch {
			ids[i], wake, after = d.id, d.wake, d.id
		}
		for part := range slices.Chunk(ids, e.together()) {
			n, err := e.lapse(ctx, part)
			total, failed = total+n, errors.Join(failed, err)
		}
		if err := ctx.Err(); err != nil {
			return total, errors.Join(failed, err)
		}
		if len(batch) < dueBatch {
			return total, failed
		}
	}
}

// together says how many cases share a transaction.
func (e *Engine) together() int {
	if e.DB.Engine() == db.Postgres {
		return dueBatch
	}
	return fewCases
}

type dueCase struct {
	id   int64
	wake clock.Date
}

func (e *Engine) dueCases(ctx context.Context, today, wake clock.Date, after int64) ([]dueCase, error) {
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT case_id, wake_on FROM flow_case WHERE wake_on > 0 AND wake_on <= $1 AND (wake_on, case_id) > ($2, $3)
		ORDER BY wake_on, case_id LIMIT $4+0`, int64(today), int64(wake), after, dueBatch)
	if err != nil {
		return nil, fmt.Errorf("flow: due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []dueCase
	for rows.Next() {
		var d dueCase
		if err := rows.Scan(&d.id, &d.wake); err != nil {
			return nil, fmt.Errorf("flow: due: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// lapse takes the steps of some cases whose midnight has passed, in one transaction; when that fails, each half by itself, down to the case that fails. Until
// a worker that was faster has committed, the other waits; then it finds nothing to do.
func (e *Engine) lapse(ctx context.Context, ids []int64) (n int, err error) {
	switch len(ids) {
	case 0:
		return 0, nil
	case 1:
		err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			n, err = e.lapseOne(ctx, tx, ids[0])
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("flow: case %d: %w", ids[0], err)
		}
		return n, nil
	}
	err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err = e.lapseMany(ctx, tx, ids)
		return err
	})
	if err == nil || ctx.Err() != nil {
		return n, err
	}
	half := len(ids) / 2
	first, err1 := e.lapse(ctx, ids[:half])
	second, err2 := e.lapse(ctx, ids[half:])
	return first + second, errors.Join(err1, err2)
}

func (e *Engine) lapseOne(ctx context.Context, tx *db.Tx, id int64) (int, error) {
	c, err := e.Load(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	p := e.procedures[c.Kind]
	if p == nil {
		return 0, ErrKind
	}
	_, n, err := e.catchUp(ctx, tx, p, c)
	return n, err
}

// catchUp takes one after the other the steps that the clock owes a case, and counts them.
func (e *Engine) catchUp(ctx context.Context, tx *db.Tx, p *procedure, c *Case) (*Case, int, error) {
	n := 0
	for ; e.owes(c) && n < maxLapses; n++ {
		s, err := e.owed(ctx, tx, p, c)
		if err != nil {
			return nil, n, err
		}
		if c, err = e.write(ctx, tx, p, c, s); err != nil {
			return nil, n, err
		}
		if err := e.escalate(ctx, tx, c, &s); err != nil {
			return nil, n, err
		}
	}
	return c, n, nil
}

// owes reports whether the clock has a step to take of a case.
func (e *Engine) owes(c *Case) bool { return c.c.wake != 0 && c.c.wake <= clock.Today(e.Clock) }

// owed changes a case, as yet in memory, by the step that the clock owes it, and gives the step.
func (e *Engine) owed(ctx context.Context, tx *db.Tx, p *procedure, c *Case) (Step, error) {
	s := Step{
		From: c.State, At: latest(c.c.wake.Start().UTC(), c.c.last), Day: c.c.wake.AddDays(-1), Recorded: e.now(), Who: audit.Who{Kind: system},
	}
	var m *Move
	if c.OnDue != "" {
		m = p.move(c.State, c.OnDue)
	}
	switch {
	case c.PausedOn != 0:
		s.Reason = "中止已满规定的最长期限，自动恢复计时"
		e.endPause(c, &s)
	case m == nil: // nothing follows by itself, or the table changed under the case: a person has to look at it
		c.Overdue = true
		e.settle(c)
		s.Event = EventOverdue
	default:
		s.Event = m.Event
		if err := e.arrive(ctx, tx, p, c, m, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// escalate tells the office of a case that has gone overdue.
func (e *Engine) escalate(ctx context.Context, tx *db.Tx, c *Case, s *Step) error {
	if s.Event != EventOverdue || e.Overdue == nil {
		return nil
	}
	return e.Overdue(e.hookContext(ctx, s), tx, c)
}
