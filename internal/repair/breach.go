package repair

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Notify gives notice that a repair is to be taken back, because its commitment was broken or its papers were false. Nothing changes yet; the subject may state
// its case for the days that the rules give.
func (s *Service) Notify(ctx context.Context, repair int64, cause string, a Answer) (out Breach, err error) {
	defer fault.Wrap(&err, "repair.Notify")
	if err := s.paper(&a); err != nil {
		return Breach{}, err
	}
	cause = strings.TrimSpace(cause)
	if n := utf8.RuneCountInString(cause); n < 5 || n > 1000 {
		return Breach{}, ErrText.Messagef("撤销的事由应为 5 至 1000 字")
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := one(s.cases(ctx, tx, `repair_id = $1`, repair))
		if err != nil {
			return err
		}
		have, err := s.breaches(ctx, tx, `repair_id = $1 AND state IN ('notified', 'cancelled')`, repair)
		if err != nil {
			return err
		}
		if c.State != "granted" || len(have) > 0 {
			return ErrGranted
		}
		b := Breach{
			ID: s.IDs.Next(), Subject: c.Subject, Repair: c.ID, Agency: c.Agency, Region: c.Region, State: "notified", Cause: cause, NoticeNo: a.No, NoticeOn: a.On, MadeBy: authz.From(ctx).String(),
			MadeAt: s.now(),
		}
		f, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: BreachKind, Subject: c.Subject, Ref: strconv.FormatInt(b.ID, 10), Agency: c.Agency, Region: c.Region, Title: "撤销信用修复：" + s.itemName(&c),
			Input: flow.Input{Reason: cause, Attachments: a.Files},
		})
		if err != nil {
			return err
		}
		b.Flow = f.ID
		if err := s.writeBreach(ctx, tx, &b); err != nil {
			return err
		}
		out = b
		return s.send(ctx, tx, notice.Subject, b.Subject, "repair.breach", "拟撤销信用修复，请陈述申辩", "事由见办理页面。您可以在 "+f.Due.String()+" 以前陈述、申辩，作出认定的单位应当听取并回应。", b.ownLink(), b.ID)
	})
	return out, err
}

func (b *Breach) ownLink() string { return "/me/repairs/breaches/" + strconv.FormatInt(b.ID, 10) }

// State records the subject's own words.
func (s *Service) State(ctx context.Context, breach int64, text string, files []string) (Breach, error) {
	return s.onBreach(ctx, breach, EventState, flow.Input{Reason: text, Attachments: files}, func(_ context.Context, _ *db.Tx, b *Breach, _ *flow.Case) error {
		b.Stated = true
		return nil
	})
}

// Cancel takes a repair back: the record is shown again, up to the longest period of its class, and the subject cannot apply for the time that the rules give.
// An entry on a list does not come back by it: nobody stands on a list but by its own procedure.
func (s *Service) Cancel(ctx context.Context, breach int64, a Answer) (Breach, error) {
	if err := s.paper(&a); err != nil {
		return Breach{}, err
	}
	return s.onBreach(ctx, breach, EventCancel, flow.Input{Reason: a.Reason, Attachments: a.Files, Seen: a.Seen}, func(ctx context.Context, tx *db.Tx, b *Breach, before *flow.Case) error {
		if !b.Stated && s.today() <= before.Due {
			return ErrHeard
		}
		c, err := one(s.cases(ctx, tx, `repair_id = $1`, b.Repair))
		if err != nil {
			return err
		}
		s.decided(ctx, b, &a)
		b.Until = s.today().AddMonths(s.Rules.Today().Clocks.Barred)
		shown, err := s.showAgain(ctx, tx, b, &c)
		if err != nil {
			return err
		}
		object := "可以提出异议，也可以依法申请行政复议或者提起行政诉讼。"
		if c.At.Key == 0 { // nothing is left that an objection could be about
			object = "可以依法申请行政复议或者提起行政诉讼。"
		}
		body := "撤销修复结果" + shown + "。自 " + on(b.Until) + " 起才能提出新的修复申请。对结果不服的，" + object
		return s.send(ctx, tx, notice.Subject, b.Subject, "repair.cancelled", "信用修复已被撤销", body, b.ownLink(), b.ID)
	})
}

// showAgain brings back what a repair took away, and says in words what becomes of it. What was taken down, withdrawn or is over was not taken away by the repair, and
// stays as it is; what is shielded for a court's plan comes back with the others when that ends.
func (s *Service) showAgain(ctx context.Context, tx *db.Tx, b *Breach, c *Case) (string, error) {
	if c.Entry != 0 {
		return "。名单条目不因此恢复：是否重新列入，由认定单位按列入程序另行决定", nil
	}
	standing, err := s.Records.Standing(ctx, tx, []record.ID{c.At})
	if err != nil {
		return "", err
	}
	v := standing[c.At]
	if v.Status != record.Repaired {
		return "。这条信息已经撤下、撤回或者期满，不恢复公示", nil
	}
	to, until, shown := record.Active, s.longest(c, v.Decided), "，恢复公示"
	if until != nil {
		shown += "到 " + until.String() + " 为止（当日起不再公示）"
	}
	plans, err := shields(ctx, tx, `subject_id = $1 AND state = 'shielded'`, c.Subject)
	switch {
	case err != nil:
		return "", err
	case until != nil && s.today() >= *until:
		to, until, shown = record.Ended, nil, "；公示期已经届满，不再恢复公示"
	case len(plans) > 0:
		to, shown = record.Shielded, "；重整期间屏蔽还没有结束，现在不公示，屏蔽结束以后再"+strings.TrimPrefix(shown, "，")
	}
	if _, err := s.turn(ctx, tx, c, to, until, "撤销信用修复："+b.DocNo); err != nil {
		return "", err
	}
	switch to {
	case record.Active:
		err = s.remindAgain(ctx, tx, reminder{c.Subject, c.Target.String(), max(b.Until, c.Earliest), s.itemName(c)})
	case record.Shielded:
		err = plans[0].holds(ctx, tx, c.At)
	}
	return shown, err
}

// longest gives the day to which a record is shown again: the longest period of its class, and no day beyond what an objection had shortened it to, which the
// commitment was not about. nil = as it is.
func (*Service) longest(c *Case, decided record.End) *clock.Date {
	end := c.Max
	if !decided.Until.IsZero() && (end.IsZero() || decided.Until < end) && (decided.Ruled.IsZero() || decided.Until <= decided.Ruled) {
		end = decided.Until
	}
	if end.IsZero() {
		return nil
	}
	return &end
}

// Keep leaves a repair as it is.
func (s *Service) Keep(ctx context.Context, breach int64, a Answer) (Breach, error) {
	if err := s.paper(&a); err != nil {
		return Breach{}, err
	}
	return s.onBreach(ctx, breach, EventKeep, flow.Input{Reason: a.Reason, Attachments: a.Files, Seen: a.Seen}, func(ctx context.Context, tx *db.Tx, b *Breach, _ *flow.Case) error {
		s.decided(ctx, b, &a)
		return s.send(ctx, tx, notice.Subject, b.Subject, "repair.kept", "信用修复结果维持不变", "经核查，决定维持修复结果，本次程序已经终止。", b.ownLink(), b.ID)
	})
}

func (s *Service) decided(ctx context.Context, b *Breach, a *Answer) {
	b.DecidedBy, b.DecidedAt, b.DocNo, b.Reason = authz.From(ctx).String(), s.now(), a.No, a.Reason
}

func (s *Service) onBreach(ctx context.Context, breach int64, event flow.Event, in flow.Input, change func(ctx context.Context, tx *db.Tx, b *Breach, before *flow.Case) error) (out Breach, err error) {
	defer fault.Wrap(&err, "repair.breach.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		b, err := one(s.breaches(ctx, tx, `breach_id = $1`, breach))
		if err != nil {
			return err
		}
		before, err := s.Flow.Load(ctx, tx, b.Flow)
		if err != nil {
			return err
		}
		after, err := s.Flow.Fire(ctx, tx, b.Flow, event, in)
		if err != nil {
			return err
		}
		b.State = after.State
		if err := change(ctx, tx, &b, before); err != nil {
			return err
		}
		out = b
		return s.writeBreach(ctx, tx, &b)
	})
	return out, err
}

// Breach gives the taking back of a repair by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) Breach(ctx context.Context, breach int64) (Breach, error) {
	return one(s.breaches(ctx, s.DB.Read(), `breach_id = $1`, breach))
}

// BreachesOf gives those of a case, oldest first.
func (s *Service) BreachesOf(ctx context.Context, repair int64) ([]Breach, error) {
	return s.breaches(ctx, s.DB.Read(), `repair_id = $1 ORDER BY breach_id`, repair)
}
