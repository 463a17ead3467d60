package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// RunDue ends cases in which there is nothing left to repair, ends shieldings whose time is over, and reminds of earliest days that have come. It gives how much
// it did; run it at start and every minute. One that fails does not keep the others.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "repair.RunDue")
	ctx = authz.With(ctx, authz.SystemActor("repair"))
	moot, first := s.mootAll(ctx)
	expired, second := s.expireShields(ctx)
	told, third := s.remindAll(ctx)
	return moot + expired + told, errors.Join(s.Rules.Refresh(ctx), first, second, third)
}

// batch is how many rows a job looks at in one go.
const batch = 200

// mootAll ends open cases whose record is shown to nobody any more: ended, annulled, withdrawn, or repaired by another way.
func (s *Service) mootAll(ctx context.Context) (n int, first error) {
	for after := int64(0); ; {
		list, err := s.cases(ctx, s.DB.Read(), `open = 1 AND repair_id > $1 ORDER BY repair_id LIMIT $2+0`, after, batch)
		if err != nil || len(list) == 0 {
			return n, errors.Join(first, err)
		}
		after = list[len(list)-1].ID
		var ids []record.ID
		for i := range list {
			if list[i].At.Key != 0 {
				ids = append(ids, list[i].At)
			}
		}
		now, err := s.Records.Standing(ctx, s.DB.Read(), ids)
		if err != nil {
			return n, errors.Join(first, err)
		}
		for i := range list {
			c := &list[i]
			shown, err := s.shown(ctx, c, now)
			if err != nil || shown {
				first = errors.Join(first, err)
				continue
			}
			_, err = s.step(ctx, c.ID, EventMoot, flow.Input{Reason: "这条信息已经停止公示，不再需要修复"}, nil)
			switch {
			case errors.Is(err, flow.ErrClosed): // another process was first
			case err != nil:
				first = errors.Join(first, err)
			default:
				n++
			}
		}
	}
}

// shown reports whether what a case is about still stands: its record, or its entry.
func (s *Service) shown(ctx context.Context, c *Case, now map[record.ID]record.Version) (bool, error) {
	if c.Entry != 0 {
		return s.onList(ctx, s.DB.Read(), c.Subject, c.Entry)
	}
	v, ok := now[c.At]
	return ok && (v.Status == record.Active || v.Status == record.Shielded) && (v.PublicUntil.IsZero() || s.today() < v.PublicUntil), nil
}

func (s *Service) onList(ctx context.Context, q db.Querier, of, entry int64) (bool, error) {
	entries, err := s.Lists.Of(ctx, q, of)
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == entry }), err
}

// expireShields ends shieldings whose time is over.
func (s *Service) expireShields(ctx context.Context) (n int, first error) {
	list, err := shields(ctx, s.DB.Read(), `state = 'shielded' AND until <= $1 ORDER BY shield_id LIMIT $2+0`, int64(s.today()), batch)
	if err != nil {
		return 0, err
	}
	for i := range list {
		_, err := s.onShield(ctx, list[i].ID, EventExpire, flow.Input{}, s.unshield)
		switch {
		case errors.Is(err, flow.ErrClosed):
		case err != nil:
			first = errors.Join(first, err)
		default:
			n++
		}
	}
	return n, first
}

// remember sets reminders for what can be applied for later, and takes back those of what cannot.
func (s *Service) remember(ctx context.Context, r *Review) error {
	have, err := s.reminders(ctx, s.DB.Read(), `subject_id = $1`, r.Subject)
	if err != nil {
		return err
	}
	due := map[string]reminder{}
	for _, x := range have {
		due[x.target] = x
	}
	var fresh []reminder
	for i := range r.Findings {
		f := &r.Findings[i]
		x := reminder{r.Subject, f.Target.String(), f.From, f.ItemName}
		if f.State != Early && f.State != Barred {
			continue
		}
		if old, ok := due[x.target]; !ok || old.due != x.due {
			fresh = append(fresh, x)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, x := range fresh {
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_reminder (subject_id, target, due_on, label, sent_at) VALUES ($1, $2, $3, $4, 0)
				ON CONFLICT (subject_id, target) DO UPDATE SET due_on = excluded.due_on, label = excluded.label, sent_at = 0`, x.subject, x.target, int64(x.due), x.label)
			if err != nil {
				return fmt.Errorf("repair: reminder: %w", err)
			}
		}
		return nil
	}, db.ReadCommitted)
}

type reminder struct {
	subject int64
	target  string
	due     clock.Date
	label   string
}

func (*Service) reminders(ctx context.Context, q db.Querier, where string, args ...any) ([]reminder, error) {
	return rowsOf(ctx, q, `SELECT subject_id, target, due_on, label FROM repair_reminder WHERE `+where, func(row scanner) (reminder, error) {
		var x reminder
		return x, row.Scan(&x.subject, &x.target, &x.due, &x.label)
	}, args...)
}

// forget drops the reminder of what is applied for.
func (*Service) forget(ctx context.Context, tx *db.Tx, c *Case) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM repair_reminder WHERE subject_id = $1 AND target = $2`, c.Subject, c.Target.String())
	if err != nil {
		return fmt.Errorf("repair: reminder: %w", err)
	}
	return nil
}

// remindAll tells subjects whose day has come, once each. What was ended or repaired meanwhile is dropped without a word.
func (s *Service) remindAll(ctx context.Context) (n int, err error) {
	due, err := s.reminders(ctx, s.DB.Read(), `sent_at = 0 AND due_on <= $1 ORDER BY due_on, subject_id LIMIT $2+0`, int64(s.today()), batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	for _, x := range due {
		sent := false
		err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			sent = false
			r, err := tx.ExecContext(ctx, `UPDATE repair_reminder SET sent_at = $3 WHERE subject_id = $1 AND target = $2 AND sent_at = 0`, x.subject, x.target, db.Micros(s.now()))
			if err != nil {
				return fmt.Errorf("repair: remind: %w", err)
			}
			if took, err := r.RowsAffected(); err != nil || took == 0 {
				return err // another process was first
			}
			stands, err := s.stands(ctx, tx, x)
			if err != nil || !stands {
				return err
			}
			sent = true
			return s.send(ctx, tx, notice.Subject, x.subject, "repair.eligible", "有一条失信信息可以申请信用修复了", "“"+x.label+"”自 "+x.due.String()+" 起可以申请修复。修复不收取任何费用，也不需要委托中介。", "/me/repairs", 0)
		})
		if err != nil {
			return n, err
		}
		if sent {
			n++
		}
	}
	return n, nil
}

// stands reports whether what somebody is to be reminded of is still shown.
func (s *Service) stands(ctx context.Context, tx *db.Tx, x reminder) (bool, error) {
	t, err := ParseTarget(x.target)
	if err != nil {
		return false, err
	}
	if t.Entry != 0 {
		return s.onList(ctx, tx, x.subject, t.Entry)
	}
	now, err := s.Records.Standing(ctx, tx, []record.ID{t.Record})
	if err != nil {
		return false, err
	}
	v, ok := now[t.Record]
	return ok && v.Status == record.Active && (v.PublicUntil.IsZero() || s.today() < v.PublicUntil), nil
}
