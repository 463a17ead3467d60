package flow

import (
	"context"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Pause stops the clock of a case, as when the applicant has to hand in more. The reason is required; the pause ends by itself after the days that the table
// allows.
func (e *Engine) Pause(ctx context.Context, tx *db.Tx, id int64, reason string) (*Case, error) {
	c, p, s, err := e.adjust(ctx, tx, id, EventPause, reason)
	switch {
	case err != nil:
		return nil, err
	case c.PausedOn != 0:
		return nil, ErrPaused
	}
	c.PausedOn = s.Day
	c.PauseUntil = e.calendar.Load().AddWorkdays(s.Day, p.Pause.Days)
	e.settle(c)
	s.Days, s.Unit = p.Pause.Days, Working
	return e.write(ctx, tx, p, c, s)
}

// Resume lets the clock of a case run on; the deadline moves by what the pause lasted.
func (e *Engine) Resume(ctx context.Context, tx *db.Tx, id int64, reason string) (*Case, error) {
	c, p, s, err := e.adjust(ctx, tx, id, EventResume, reason)
	switch {
	case err != nil:
		return nil, err
	case c.PausedOn == 0:
		return nil, ErrRunning
	}
	return e.resume(ctx, tx, p, c, s)
}

// resume ends a pause with the day of a step. What is counted lies behind the first day of the pause and up to its last.
func (e *Engine) resume(ctx context.Context, tx *db.Tx, p *procedure, c *Case, s Step) (*Case, error) {
	e.endPause(c, &s)
	return e.write(ctx, tx, p, c, s)
}

func (e *Engine) endPause(c *Case, s *Step) {
	n := max(0, c.PausedOn.DaysUntil(s.Day))
	s.Unit = Calendar
	if c.Unit == Working {
		n, s.Unit = max(0, e.calendar.Load().WorkdaysBetween(c.PausedOn, s.Day)), Working
	}
	c.c.paused += n
	c.PausedOn, c.PauseUntil = 0, 0
	e.settle(c)
	s.Event, s.From, s.Days = EventResume, c.State, n
}

// Extend moves the deadline of a case by a number of the deadline's own units, with a reason and within the table's bound.
func (e *Engine) Extend(ctx context.Context, tx *db.Tx, id int64, days int, reason string) (*Case, error) {
	c, p, s, err := e.adjust(ctx, tx, id, EventExtend, reason)
	switch {
	case err != nil:
		return nil, err
	case c.ExtendUpTo > 0 && p.Extend.Once && c.Extended > 0:
		return nil, ErrOnce
	case days < 1 || days > c.ExtendUpTo-c.Extended:
		return nil, ErrExtend.Messagef("延长超过了规定的上限：最多再延长 %d %s", max(0, c.ExtendUpTo-c.Extended), c.Unit.Word())
	}
	c.Extended += days
	e.settle(c)
	s.Days, s.Unit = days, c.Unit
	return e.write(ctx, tx, p, c, s)
}

// adjust asks what every change of a running clock asks, and begins its step.
func (e *Engine) adjust(ctx context.Context, tx *db.Tx, id int64, event Event, reason string) (*Case, *procedure, Step, error) {
	c, p, err := e.current(ctx, tx, id, 0)
	if err != nil {
		return nil, nil, Step{}, err
	}
	rule := p.Pause
	if event == EventExtend {
		rule = p.Extend
	}
	in := Input{Reason: reason}
	switch {
	case !c.Open():
		return nil, nil, Step{}, ErrClosed
	case rule.May == "":
		return nil, nil, Step{}, ErrNotHere
	case c.Due == 0:
		return nil, nil, Step{}, ErrNoClock
	case c.Overdue:
		return nil, nil, Step{}, ErrLapsed
	}
	if err := e.May(ctx, rule.May, c); err != nil {
		return nil, nil, Step{}, err
	}
	if err := checkTexts(&in, true); err != nil {
		return nil, nil, Step{}, err
	}
	now := e.now()
	at := latest(now, c.c.last)
	return c, p, Step{Event: event, From: c.State, At: at, Day: clock.DateOf(at), Recorded: now, Who: e.Who(ctx), Reason: in.Reason}, nil
}
