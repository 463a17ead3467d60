package repair

import (
	"context"
	"errors"
	"slices"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// RunDue ends cases in which there is nothing left to repair, ends shieldings whose time is over, looks for failures to remind of, and reminds of earliest days that have come. It gives how much
// it did; run it at start and every minute. One that fails does not keep the others.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "repair.RunDue")
	ctx = authz.With(ctx, authz.SystemActor("repair"))
	moot, first := s.mootAll(ctx)
	expired, second := s.expireShields(ctx)
	_, third := s.lookAhead(ctx)
	told, fourth := s.remindAll(ctx)
	return moot + expired + told, errors.Join(s.Rules.Refresh(ctx), first, second, third, fourth)
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
	if !ok || !v.PublicUntil.IsZero() && s.today() >= v.PublicUntil {
		return false, nil
	}
	if v.Status != record.Annulled {
		return v.Status == record.Active || v.Status == record.Shielded, nil
	}
	marks, err := s.Records.MarksOf(ctx, s.DB.Read(), []record.ID{c.At}) // taken down for as long as nobody verifies it: the objection is not decided, and it may come back
	return len(marks[c.At]) > 0, err
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
