package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Assign gives a case to an account, or with "" back to the whole desk. It says who looks after it; who may act stays with the permission table.
func (e *Engine) Assign(ctx context.Context, tx *db.Tx, id int64, to, reason string) (*Case, error) {
	c, p, err := e.current(ctx, tx, id, 0)
	if err != nil {
		return nil, err
	}
	return e.assign(ctx, tx, p, c, EventAssign, to, reason)
}

func (e *Engine) assign(ctx context.Context, tx *db.Tx, p *procedure, c *Case, event Event, to, reason string) (*Case, error) {
	in := Input{Reason: reason}
	switch {
	case !c.Open():
		return nil, ErrClosed
	case p.Assign.May == "":
		return nil, ErrNotHere
	}
	if err := e.May(ctx, p.Assign.May, c); err != nil {
		return nil, err
	}
	if err := checkTexts(&in, event == EventHandover); err != nil {
		return nil, err
	}
	if to == c.Assignee {
		return c, nil
	}
	now := e.now()
	at := latest(now, c.c.last)
	c.Assignee = to
	return e.write(ctx, tx, p, c, Step{Event: event, From: c.State, At: at, Day: clock.DateOf(at), Recorded: now, Who: e.Who(ctx), Reason: in.Reason})
}

// handoverBatch is how many cases change hands in one transaction.
const handoverBatch = 100

// Handover gives every open case of one account to another, as when a clerk leaves. A case that the caller may not assign stays where it is and is counted in
// left; when it is broken off, what was handed over stays so, and it can be called again. A case that cannot be moved, because a feature fails or no table of this
// program knows it, keeps no other one.
func (e *Engine) Handover(ctx context.Context, from, to, reason string) (moved, left int, err error) {
	switch {
	case from == "" || to == "":
		return 0, 0, ErrAssignee
	case from == to:
		return 0, 0, ErrSelf
	}
	if err := checkTexts(&Input{Reason: reason}, true); err != nil {
		return 0, 0, err
	}
	var failed error
	for after := int64(0); ; {
		list, err := e.ids(ctx, `SELECT case_id FROM flow_case WHERE assignee = $1 AND closed_at = 0 AND case_id > $2 ORDER BY case_id LIMIT $3+0`, from, after, handoverBatch)
		if err != nil || len(list) == 0 {
			return moved, left, errors.Join(failed, err)
		}
		m, l, err := e.handOverPart(ctx, list, from, to, reason)
		moved, left, after, failed = moved+m, left+l, list[len(list)-1], errors.Join(failed, err)
		if ctx.Err() != nil {
			return moved, left, failed
		}
	}
}

// handOverPart moves some cases in one transaction; when that fails, each by itself.
func (e *Engine) handOverPart(ctx context.Context, list []int64, from, to, reason string) (moved, left int, err error) {
	err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		moved, left, err = e.handOver(ctx, tx, list, from, to, reason)
		return err
	})
	switch {
	case err == nil:
		return moved, left, nil
	case len(list) == 1:
		return 0, 1, fmt.Errorf("flow: handover: case %d: %w", list[0], err)
	}
	moved, left, err = 0, 0, nil
	for _, id := range list {
		if ctx.Err() != nil {
			return moved, left, errors.Join(err, ctx.Err())
		}
		m, l, failed := e.handOverPart(ctx, []int64{id}, from, to, reason)
		moved, left, err = moved+m, left+l, errors.Join(err, failed)
	}
	return moved, left, err
}

func (e *Engine) handOver(ctx context.Context, tx *db.Tx, list []int64, from, to, reason string) (moved, left int, err error) {
	for _, id := range list {
		c, p, err := e.current(ctx, tx, id, 0)
		if errors.Is(err, ErrKind) { // as PlanHandover says
			left++
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		if !c.Open() || c.Assignee != from {
			continue
		}
		if p.Assign.May == "" || e.May(ctx, p.Assign.May, c) != nil {
			left++
			continue
		}
		if _, err := e.assign(ctx, tx, p, c, EventHandover, to, reason); err != nil {
			return 0, 0, err
		}
		moved++
	}
	return moved, left, nil
}

// Deputy looks after the cases of another account for some days, both included.
type Deputy struct {
	Of, By      string
	From, Until clock.Date
}

// maxDeputy is how long one entry may hold.
const maxDeputy = 366

// SetDeputy lets an account look after the cases of another. Whether the caller may say so is the caller's to ask; what the deputy may do stays with the
// permission table.
func (e *Engine) SetDeputy(ctx context.Context, d Deputy) error {
	switch {
	case d.Of == "" || d.By == "":
		return ErrAssignee
	case d.Of == d.By:
		return ErrSelf
	case !d.From.Valid() || !d.Until.Valid() || d.Until < d.From || d.From.DaysUntil(d.Until) > maxDeputy || d.Until < clock.Today(e.Clock):
		return ErrDeputyDay
	}
	return e.deputyTx(ctx, "deputy.set", d, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO flow_deputy (principal, deputy, from_on, until_on, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (principal, deputy, from_on) DO UPDATE SET until_on = excluded.until_on, made_at = excluded.made_at, made_by = excluded.made_by`,
			d.Of, d.By, int64(d.From), int64(d.Until), db.Micros(e.now()), e.Who(ctx).String())
		return err
	})
}

// EndDeputy takes a deputy away from now on.
func (e *Engine) EndDeputy(ctx context.Context, of, by string) error {
	return e.deputyTx(ctx, "deputy.end", Deputy{Of: of, By: by}, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM flow_deputy WHERE principal = $1 AND deputy = $2 AND until_on >= $3`, of, by, int64(clock.Today(e.Clock)))
		return err
	})
}

func (e *Engine) deputyTx(ctx context.Context, action string, d Deputy, change func(context.Context, *db.Tx) error) error {
	err := e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		return e.Log.WriteAct(ctx, tx, audit.Act{
			Who: e.Who(ctx), Action: action, Entity: d.Of, Detail: "deputy=" + d.By + " from=" + d.From.String() + " until=" + d.Until.String(),
		})
	})
	if err != nil {
		return fmt.Errorf("flow: deputy: %w", err)
	}
	return nil
}

// Principals gives the accounts whose cases an account looks after today, itself first: what Filter.Assignee takes.
func (e *Engine) Principals(ctx context.Context, account string) ([]string, error) {
	list, err := e.deputies(ctx, "deputy", account)
	out := []string{account}
	for _, d := range list {
		out = append(out, d.Of)
	}
	return out, err
}

// Deputies gives who looks after an account's cases, now or later.
func (e *Engine) Deputies(ctx context.Context, account string) ([]Deputy, error) {
	return e.deputies(ctx, "principal", account)
}

func (e *Engine) deputies(ctx context.Context, column, account string) (out []Deputy, err error) {
	from := clock.Today(e.Clock)
	if column == "principal" {
		from = 99991231
	}
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT principal, deputy, from_on, until_on FROM flow_deputy WHERE `+column+` = $1 AND from_on <= $2 AND until_on >= $3
		ORDER BY principal, from_on, deputy`, account, int64(from), int64(clock.Today(e.Clock)))
	if err != nil {
		return nil, fmt.Errorf("flow: deputies: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d Deputy
		if err := rows.Scan(&d.Of, &d.By, &d.From, &d.Until); err != nil {
			return nil, fmt.Errorf("flow: deputies: %w", err)
		}
		if column == "deputy" && len(out) > 0 && strings.EqualFold(out[len(out)-1].Of, d.Of) {
			continue
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
