package flow

import (
	"context"
	"errors"
	"fmt"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Bounds of one turn of the clock.
const (
	dueBatch  = 200
	maxLapses = 200 // automatic steps of one case in one transaction
)

// RunDue takes every step that the clock has had to take until now: automatic moves, ends of pauses, marks of overdue cases. It gives how many. Each case is a
// transaction of its own, and each step carries the midnight it belongs to. A case whose feature fails stays as it is and is tried in the next turn; the
// others go on. Any number of workers may run it at once.
func (e *Engine) RunDue(ctx context.Context) (int, error) {
	today := clock.Today(e.Clock)
	total, failed := 0, error(nil)
	for wake, after := clock.Date(0), int64(0); ; {
		batch, err := e.dueCases(ctx, today, wake, after)
		if err != nil {
			return total, errors.Join(failed, err)
		}
		for _, d := range batch {
			if err := ctx.Err(); err != nil {
				return total, errors.Join(failed, err)
			}
			n, err := e.lapse(ctx, d.id)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("flow: case %d: %w", d.id, err))
			}
			total += n
			wake, after = d.wake, d.id
		}
		if len(batch) < dueBatch {
			return total, failed
		}
	}
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

// lapse takes the steps of one case whose midnight has passed. Until a worker that was faster has committed, the other waits; then it finds nothing to do.
func (e *Engine) lapse(ctx context.Context, id int64) (n int, err error) {
	err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n = 0
		c, err := e.Load(ctx, tx, id)
		if err != nil {
			return err
		}
		p := e.procedures[c.Kind]
		if p == nil {
			return ErrKind
		}
		_, n, err = e.catchUp(ctx, tx, p, c)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// catchUp takes one after the other the steps that the clock owes a case, and counts them.
func (e *Engine) catchUp(ctx context.Context, tx *db.Tx, p *procedure, c *Case) (*Case, int, error) {
	today := clock.Today(e.Clock)
	n := 0
	for c.c.wake != 0 && c.c.wake <= today && n < maxLapses {
		now := e.now()
		at := latest(c.c.wake.Start().UTC(), c.c.last)
		s := Step{From: c.State, At: at, Day: c.c.wake.AddDays(-1), Recorded: now, Who: audit.Who{Kind: system}}
		var err error
		switch {
		case c.PausedOn != 0:
			s.Reason = "中止已满规定的最长期限，自动恢复计时"
			c, err = e.resume(ctx, tx, p, c, s)
		case c.OnDue == "":
			c, err = e.markOverdue(ctx, tx, p, c, s)
		default:
			m := p.move(c.State, c.OnDue)
			if m == nil { // the table changed under the case: a person has to look at it
				c, err = e.markOverdue(ctx, tx, p, c, s)
				break
			}
			s.Event = m.Event
			c, err = e.take(ctx, tx, p, c, m, s)
		}
		if err != nil {
			return nil, n, err
		}
		n++
	}
	return c, n, nil
}

func (e *Engine) markOverdue(ctx context.Context, tx *db.Tx, p *procedure, c *Case, s Step) (*Case, error) {
	c.Overdue = true
	e.settle(c)
	s.Event = EventOverdue
	c, err := e.write(ctx, tx, p, c, s)
	if err == nil && e.Config.Overdue != nil {
		err = e.Config.Overdue(e.hookContext(ctx, &s), tx, c)
	}
	return c, err
}
