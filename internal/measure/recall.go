package measure

import (
	"context"
	"errors"
	"strconv"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// CauseEnded recalls, within tx, every open order that rests on an entry. Whatever ends the entry calls it in the same transaction, so that no order outlives its
// cause.
func (s *Service) CauseEnded(ctx context.Context, tx *db.Tx, entry int64, note string) error {
	open, err := s.orders(ctx, tx, `entry_id = $1 AND state = 'open' ORDER BY order_id`, entry)
	if err != nil {
		return err
	}
	for i := range open {
		if err := s.recall(ctx, tx, &open[i], CauseEnded, note); err != nil {
			return err
		}
	}
	return nil
}

// RunDue recalls what no longer has a basis: orders whose row is not valid today or left the list, whose entry does not stand, or whose own time is over. It gives
// how many; run it at start and every minute.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "measure.RunDue")
	if err := s.Base.Refresh(ctx); err != nil {
		return 0, err
	}
	today := clock.Today(s.Clock)
	var first error // one that cannot be recalled does not keep the others
	for after := int64(0); ; {
		open, err := s.orders(ctx, s.DB.Read(), `state = 'open' AND order_id > $1 ORDER BY order_id LIMIT 500`, after)
		if err != nil || len(open) == 0 {
			return n, errors.Join(first, err)
		}
		stand := map[int64]bool{} // several orders rest on one entry: it is asked about once
		for i := range open {
			after = open[i].ID
			done, err := s.stop(ctx, &open[i], today, stand)
			if first = errors.Join(first, err); done {
				n++
			}
		}
	}
}

// stop recalls an order that no longer holds. stand holds the entries that stood when another order asked.
func (s *Service) stop(ctx context.Context, o *Order, today clock.Date, stand map[int64]bool) (bool, error) {
	why := s.over(o, today)
	if why == "" && stand[o.Entry] {
		return false, nil
	}
	if why == "" {
		var err error
		if why, err = s.lapsed(ctx, s.DB.Read(), o, today); err != nil || why == "" {
			stand[o.Entry] = err == nil
			return false, err
		}
	}
	return s.recallOne(ctx, o.ID, today)
}

// recallOne looks again within a transaction: another worker may have been here.
func (s *Service) recallOne(ctx context.Context, order int64, today clock.Date) (done bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		done = false
		o, err := s.Order(ctx, tx, order)
		if err != nil || o.State != Open {
			return err
		}
		why, err := s.lapsed(ctx, tx, &o, today)
		if err != nil || why == "" {
			return err
		}
		done = true
		return s.recall(ctx, tx, &o, why, "")
	})
	return done, err
}

// lapsed says why an order no longer holds on a day, or "".
func (s *Service) lapsed(ctx context.Context, q db.Querier, o *Order, on clock.Date) (RecallWhy, error) {
	if why := s.over(o, on); why != "" {
		return why, nil
	}
	_, stands, err := s.Causes.Standing(ctx, q, o.Entry, on)
	if err != nil || stands {
		return "", err
	}
	return CauseEnded, nil
}

// over says why an order no longer holds of itself, whatever its entry does, or "".
func (s *Service) over(o *Order, on clock.Date) RecallWhy {
	if !o.Until.IsZero() && on >= o.Until {
		return TimeEnded
	}
	if row, ok := s.Base.On(on).Row(o.Measure); !ok || !row.Valid(on) {
		return RowEnded
	}
	return ""
}

// recall calls an order back: every task of it waits for its unit's acknowledgement, first on that unit's desk, and the subject is told.
func (s *Service) recall(ctx context.Context, tx *db.Tx, o *Order, why RecallWhy, note string) error {
	if err := s.moot(ctx, tx, o); err != nil {
		return err
	}
	o.State, o.RecalledAt, o.RecallWhy, o.RecallNote = Recalled, s.now(), why, note
	list, err := s.tasks(ctx, tx, `subject_id = $1 AND order_id = $2 ORDER BY task_id`, o.Subject, o.ID)
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		if t.State == "recalled" || t.State == "released" {
			continue
		}
		c, err := s.Flow.Fire(asProgram(ctx), tx, t.Case, EventRecall, flow.Input{Reason: why.Word()})
		if err != nil {
			return err
		}
		t.State, t.RecalledAt = c.State, o.RecalledAt
		if err := s.saveTask(ctx, tx, t); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, t, "measure.recalled", "请立即停止并确认解除一项措施", "原因："+why.Word()+"。请停止执行，并在任务中确认解除。"); err != nil {
			return err
		}
	}
	if err := s.saveOrder(ctx, tx, o); err != nil {
		return err
	}
	return s.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: "subject", ID: o.Subject}, Topic: "measure.recalled", Title: "一项措施已经召回", Body: "原因：" + why.Word() + "。执行单位须立即停止并确认解除。",
		Link: "/me", Ref: "order:" + strconv.FormatInt(o.ID, 10),
	})
}
