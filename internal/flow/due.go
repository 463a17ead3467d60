package flow

import (
	"context"
	"fmt"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// DueOn gives the last day of a period of n units that is counted from a day: the day itself does not count.
func DueOn(cal *clock.Calendar, from clock.Date, n int, u Unit) clock.Date {
	switch u {
	case Working:
		return cal.AddWorkdays(from, n)
	case Months:
		return from.AddMonths(n)
	default:
		return from.AddDays(n)
	}
}

// length gives how long a deadline is by the data of a day.
func (e *Engine) length(d *Due, on clock.Date) (int, Unit, error) {
	if d.Key == "" {
		return d.Days, d.Unit, nil
	}
	if e.Periods == nil {
		return 0, "", ErrPeriod
	}
	n, u, err := e.Periods(d.Key, on)
	if err != nil {
		return 0, "", fmt.Errorf("flow: period %s: %w", d.Key, err)
	}
	if n < 1 || u.Word() == "" {
		return 0, "", ErrPeriod.Messagef("期限“%s”的数据不是正数", d.Key)
	}
	return n, u, nil
}

// bound gives by how much a deadline may be extended in all by the data of a day.
func (e *Engine) bound(key string, on clock.Date, unit Unit) (int, error) {
	if e.Periods == nil {
		return 0, ErrPeriod
	}
	n, u, err := e.Periods(key, on)
	if err != nil {
		return 0, fmt.Errorf("flow: extension %s: %w", key, err)
	}
	if n < 0 || n > 0 && u != unit {
		return 0, ErrPeriod.Messagef("延长“%s”的数据小于零，或者单位与期限不同", key)
	}
	return n, nil
}

// due computes the deadline from its parts.
func (e *Engine) due(c *Case) clock.Date {
	cal := e.calendar.Load()
	n := c.c.n + c.Extended
	if c.Unit == Working {
		return cal.AddWorkdays(c.c.from, n+c.c.paused)
	}
	day := DueOn(cal, c.c.from, n, c.Unit).AddDays(c.c.paused)
	if c.c.roll && !cal.IsWorkday(day) {
		day = cal.AddWorkdays(day, 1)
	}
	return day
}

// settle computes the deadline anew and says when the clock has to look at the case again.
func (e *Engine) settle(c *Case) {
	c.Provisional = false
	switch {
	case c.c.n == 0:
		c.Due, c.c.wake = 0, 0
		return
	case c.PausedOn != 0:
		c.c.wake = c.PauseUntil.AddDays(1)
	case c.Overdue:
		c.c.wake = 0
	}
	c.Due = e.due(c)
	if c.PausedOn == 0 && !c.Overdue {
		c.c.wake = c.Due.AddDays(1)
	}
	c.Provisional = e.provisional(c)
}

func (e *Engine) provisional(c *Case) bool {
	if c.Due == 0 || c.Unit != Working && !c.c.roll {
		return false
	}
	year, _, _ := c.Due.YMD()
	return !e.calendar.Load().Covers(year)
}

// start gives a case the deadline of a move that arrived on a day, or takes it away.
func (e *Engine) start(ctx context.Context, tx *db.Tx, c *Case, m *Move, day clock.Date) error {
	if m.Keep {
		return nil
	}
	c.Overdue, c.PausedOn, c.PauseUntil, c.Extended, c.ExtendUpTo, c.OnDue, c.Unit, c.c.paused = false, 0, 0, 0, 0, "", "", 0
	c.c.n, c.c.from, c.c.roll = 0, 0, false
	d := m.Due
	if d == nil {
		e.settle(c)
		return nil
	}
	from := day
	if d.From != "" && d.From != m.Event {
		var ok bool
		var err error
		if from, ok, err = dayOf(ctx, tx, c.ID, d.From); err != nil {
			return err
		}
		if !ok { // the table's check rules it out; a case from an older table is counted from its opening
			from = clock.DateOf(c.OpenedAt)
		}
	}
	n, u, err := e.length(d, from)
	if err != nil {
		return err
	}
	c.c.n, c.c.from, c.c.roll, c.Unit, c.OnDue, c.ExtendUpTo = n, from, d.Roll && u != Working, u, d.OnDue, d.Extend
	if d.ExtendKey != "" {
		if c.ExtendUpTo, err = e.bound(d.ExtendKey, from, u); err != nil {
			return err
		}
	}
	if d.Carry {
		if c.Extended, err = extendedSince(ctx, tx, c.ID, d.From, u); err != nil {
			return err
		}
		c.ExtendUpTo = max(c.ExtendUpTo, c.Extended)
	}
	e.settle(c)
	return nil
}

// Left says how many working days a case has left, today's not counted: 0 on the last day, negative when it is overdue by so many. ok is false when it has no
// running deadline.
func (e *Engine) Left(c *Case) (days int, ok bool) {
	if c.Due == 0 || c.PausedOn != 0 || !c.Open() {
		return 0, false
	}
	today, cal := clock.Today(e.Clock), e.calendar.Load()
	if today > c.Due { // a day late is late, also on a Sunday
		return -max(1, cal.WorkdaysBetween(c.Due, today)), true
	}
	return cal.WorkdaysBetween(today, c.Due), true
}

// SetCalendar takes in new holiday tables and computes the deadlines of open cases anew, those that have not lapsed. It gives how many moved.
func (e *Engine) SetCalendar(ctx context.Context, cal *clock.Calendar) (int, error) {
	e.calendar.Store(cal)
	moved := 0
	for after := int64(0); ; {
		cases, err := e.ids(ctx, `SELECT case_id FROM flow_case WHERE closed_at = 0 AND due_n > 0 AND overdue = 0 AND case_id > $1 ORDER BY case_id LIMIT 500`, after)
		if err != nil {
			return moved, err
		}
		if len(cases) == 0 {
			return moved, nil
		}
		n := 0
		err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			n = 0
			for _, one := range cases {
				c, err := e.Load(ctx, tx, one)
				if err != nil {
					return err
				}
				was := c.Due
				if e.settle(c); c.Due == was || c.Overdue || !c.Open() {
					continue
				}
				if err := update(ctx, tx, c); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return moved, fmt.Errorf("flow: recount: %w", err)
		}
		moved, after = moved+n, cases[len(cases)-1]
	}
}
