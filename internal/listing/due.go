package listing

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// RunDue ends entries whose time is over, each at its own midnight however late this runs, and those whose list has lost its basis. It gives how many; run it
// at start and every minute. One that cannot be ended does not keep the others.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "listing.RunDue")
	ctx = authz.With(ctx, authz.SystemActor("listing"))
	if err := s.Kinds.Refresh(ctx); err != nil {
		return 0, err
	}
	expired, first := s.endAll(ctx, `until > 0 AND until <= $2`, int64(clock.Today(s.Clock)), func(e *Entry) (flow.Event, Why, clock.Date) {
		return EventExpire, Expired, e.Until
	})
	n += expired
	lapsed, err := s.lapsed(ctx)
	if err != nil {
		return n, errors.Join(first, err)
	}
	for kind, on := range lapsed {
		gone, err := s.endAll(ctx, `kind = $2`, kind, func(e *Entry) (flow.Event, Why, clock.Date) {
			return EventLapse, Lapsed, max(on, e.ListedOn)
		})
		n += gone
		first = errors.Join(first, err)
	}
	return n, first
}

// lapsed gives the lists on which somebody stands though their basis is no longer in force, with the day since when.
func (s *Service) lapsed(ctx context.Context) (map[string]clock.Date, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT DISTINCT kind FROM listing_entry WHERE state = 'listed'`)
	if err != nil {
		return nil, fmt.Errorf("listing: kinds in use: %w", err)
	}
	defer func() { _ = rows.Close() }()
	today, out := clock.Today(s.Clock), map[string]clock.Date{}
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, fmt.Errorf("listing: kinds in use: %w", err)
		}
		k, ok := s.Kinds.Today().ByCode(code)
		switch {
		case !ok:
			out[code] = today
		case !k.Basis.InForce(today):
			if out[code] = k.Basis.Until; k.Basis.Until.IsZero() || k.Basis.Until > today {
				out[code] = today // its law is said to begin later
			}
		}
	}
	return out, rows.Err()
}

// endAll ends the entries that a condition picks; $1 is the last one that was looked at.
func (s *Service) endAll(ctx context.Context, where string, arg any, how func(*Entry) (flow.Event, Why, clock.Date)) (n int, first error) {
	for after := int64(0); ; {
		due, err := s.query(ctx, s.DB.Read(), `entry_id > $1 AND state = 'listed' AND `+where+` ORDER BY entry_id LIMIT 100`, after, arg)
		if err != nil || len(due) == 0 {
			return n, errors.Join(first, err)
		}
		for i := range due {
			after = due[i].ID
			event, why, on := how(&due[i])
			var in flow.Input
			if on.Start().After(due[i].ListedAt) {
				in.At = on.Start()
			}
			end := func(_ *db.Tx, e *Entry, _ *Kind) error {
				s.end(e, why, on)
				return nil
			}
			_, err := s.step(ctx, due[i].ID, event, in, end)
			if errors.Is(err, flow.ErrAt) { // somebody took a step after that midnight, while nothing ran: the entry ended on its day all the same
				_, err = s.step(ctx, due[i].ID, event, flow.Input{}, end)
			}
			if err != nil && !errors.Is(err, flow.ErrClosed) { // another process was first
				first = errors.Join(first, err)
				continue
			}
			n++
		}
	}
}

// tell tells the subject of a turn that concerns it: what was decided, on what basis, and what it can do.
func (s *Service) tell(ctx context.Context, tx *db.Tx, e *Entry, k *Kind, event flow.Event) error {
	if s.Notices == nil {
		return nil
	}
	m := notice.Notice{To: notice.Recipient{Kind: notice.Subject, ID: e.Subject}, Link: "/me", Ref: "listing:" + strconv.FormatInt(e.ID, 10)}
	switch event {
	case EventNotify:
		m.Topic, m.Title = "listing.notified", "拟将您列入“"+k.Name+"”，请陈述申辩"
		m.Body = "依据：" + k.Basis.String() + "。告知书文号：" + e.NoticeNo + "。您有权在收到告知书之日起" + days(k.Notice) + "向认定单位陈述、申辩，认定单位应当听取并回应。"
		if k.Hearing {
			m.Body += "您也可以要求举行听证。"
		}
	case EventDecide:
		m.Topic, m.Title = "listing.listed", "您已被列入“"+k.Name+"”"
		m.Body = "依据：" + e.Law + "。决定文号：" + e.DocNo + "，日期：" + e.ListedOn.String() + "。移出条件：" + k.Removal + "。对决定不服的，可以依法申请行政复议或者提起行政诉讼；认为信息有误的，可以提出异议。"
	case EventLeave:
		if k.Polarity != Incentive { // who stands on a list of restraints loses nothing by it
			return nil
		}
		m.Topic, m.Title = "listing.leaving", "拟将您移出“"+k.Name+"”，请陈述申辩"
		m.Body = "原因：" + e.RemovedWhy.Word() + "。您可以向认定单位陈述、申辩；移出由认定单位另一名认定人员决定。"
	case EventRemove, EventTurn, EventExpire, EventLapse:
		m.Topic, m.Title = "listing.removed", "您已被移出“"+k.Name+"”"
		m.Body = "自 " + e.RemovedOn.String() + " 起移出。原因：" + e.RemovedWhy.Word() + "。因这一条目采取的措施同时召回，执行单位须确认解除。"
	case EventDrop:
		m.Topic, m.Title, m.Body = "listing.dropped", "决定不将您列入“"+k.Name+"”", "认定单位决定不予列入，本次程序已经终止。"
	default:
		return nil
	}
	return s.Notices.Send(ctx, tx, m)
}

func days(n int) string {
	if n == 0 {
		return "在决定作出前"
	}
	return strconv.Itoa(n) + " 个工作日内"
}
