package repair

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// step runs one step of a case with what it changes.
func (s *Service) step(ctx context.Context, repair int64, event flow.Event, in flow.Input, change func(ctx context.Context, tx *db.Tx, c *Case) error) (out Case, err error) {
	defer fault.Wrap(&err, "repair.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := one(s.cases(ctx, tx, `repair_id = $1`, repair))
		if err != nil {
			return err
		}
		if event == EventGrant || event == EventRefuse {
			if err := s.other(ctx, &c); err != nil {
				return err
			}
		}
		stepped, err := s.Flow.Fire(ctx, tx, c.Flow, event, in)
		if err != nil {
			return err
		}
		c.State, c.Open = stepped.State, stepped.Open()
		if change != nil {
			if err := change(ctx, tx, &c); err != nil {
				return err
			}
		}
		if err := s.saveCase(ctx, tx, &c); err != nil {
			return err
		}
		out = c
		return s.tell(ctx, tx, &c, event, stepped.Due)
	})
	return out, err
}

// other keeps the decision from whoever accepted, where the rules of the day of the application ask for it.
func (s *Service) other(ctx context.Context, c *Case) error {
	rules := s.Rules.On(clock.DateOf(c.SentAt))
	if !rules.second(c.Class) {
		return nil
	}
	who := authz.From(ctx)
	if c.AcceptedBy == who.String() || who.ID != 0 && authz.AuthorOf(c.AcceptedBy) == who.ID {
		return ErrSecond
	}
	return nil
}

// Accept takes an application on: the days of the answer run.
func (s *Service) Accept(ctx context.Context, repair int64, seen int) (Case, error) {
	return s.step(ctx, repair, EventAccept, flow.Input{Seen: seen}, func(ctx context.Context, _ *db.Tx, c *Case) error {
		c.AcceptedBy = authz.From(ctx).String()
		return nil
	})
}

// Reject does not take an application on, and says why. It can be made again at once.
func (s *Service) Reject(ctx context.Context, repair int64, reason string, seen int) (Case, error) {
	return s.step(ctx, repair, EventReject, flow.Input{Reason: reason, Seen: seen}, s.answered(reason))
}

// Withdraw takes an application back, by the subject.
func (s *Service) Withdraw(ctx context.Context, repair int64, seen int) (Case, error) {
	return s.step(ctx, repair, EventWithdraw, flow.Input{Seen: seen}, nil)
}

// Supply hands in what was asked for; the clock runs on.
func (s *Service) Supply(ctx context.Context, repair int64, text string, files []string) (Case, error) {
	return s.step(ctx, repair, EventSupply, flow.Input{Reason: text, Attachments: files}, nil)
}

// Ask asks the subject for more. The clock stands until it is handed in, and for no longer than the rules allow.
func (s *Service) Ask(ctx context.Context, repair int64, what string) (err error) {
	defer fault.Wrap(&err, "repair.Ask")
	return s.adjust(ctx, repair, func(ctx context.Context, tx *db.Tx, c *Case) (*flow.Case, flow.Event, error) {
		f, err := s.Flow.Pause(ctx, tx, c.Flow, what)
		c.Reason = what
		return f, flow.EventPause, err
	})
}

// Extend puts the answer to a complex case off, with a reason and within the bound of the rules.
func (s *Service) Extend(ctx context.Context, repair int64, days int, reason string) (err error) {
	defer fault.Wrap(&err, "repair.Extend")
	return s.adjust(ctx, repair, func(ctx context.Context, tx *db.Tx, c *Case) (*flow.Case, flow.Event, error) {
		f, err := s.Flow.Extend(ctx, tx, c.Flow, days, reason)
		c.Reason = reason
		return f, flow.EventExtend, err
	})
}

// adjust moves the clock of a case and tells the subject.
func (s *Service) adjust(ctx context.Context, repair int64, do func(ctx context.Context, tx *db.Tx, c *Case) (*flow.Case, flow.Event, error)) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := one(s.cases(ctx, tx, `repair_id = $1`, repair))
		if err != nil {
			return err
		}
		f, event, err := do(ctx, tx, &c)
		if err != nil {
			return err
		}
		due := f.Due
		if event == flow.EventPause {
			due = f.PauseUntil
		}
		return s.tell(ctx, tx, &c, event, due)
	})
}

// Answer is the document of a decision.
type Answer struct {
	No     string
	On     clock.Date
	Reason string
	Files  []string   // attachments, by hash
	Next   clock.Date // of a refusal: from when it can be asked for again; 0 = as the rules have it
	Seen   int        // version of the case that the officer decided on; 0 = whatever it is
}

func (s *Service) paper(a *Answer) error {
	a.No = strings.TrimSpace(a.No)
	if n := utf8.RuneCountInString(a.No); n < 1 || n > 128 || !a.On.Valid() || a.On > s.today() {
		return ErrAnswer
	}
	if flow.HasPersonal(a.No) { // it stands with the record
		return flow.ErrPersonal
	}
	return nil
}

func (s *Service) answered(reason string) func(context.Context, *db.Tx, *Case) error {
	return func(ctx context.Context, _ *db.Tx, c *Case) error {
		c.AnsweredAt, c.AnsweredBy, c.Reason = s.now(), authz.From(ctx).String(), reason
		return nil
	}
}

// Grant repairs: the record is turned, the entry leaves its list, and everything that rests on them ends, in the one transaction of the decision.
func (s *Service) Grant(ctx context.Context, repair int64, a Answer) (Case, error) {
	if err := s.paper(&a); err != nil {
		return Case{}, err
	}
	return s.step(ctx, repair, EventGrant, flow.Input{Reason: a.Reason, Attachments: a.Files, Seen: a.Seen}, func(ctx context.Context, tx *db.Tx, c *Case) error {
		if err := s.answered(a.Reason)(ctx, tx, c); err != nil {
			return err
		}
		c.AnswerNo, c.AnswerOn = a.No, a.On
		if err := s.ripe(ctx, tx, c); err != nil {
			return err
		}
		turned, err := s.turn(ctx, tx, c, record.Repaired, nil, "信用修复："+a.No)
		if err != nil {
			return err
		}
		if c.Entry == 0 {
			if !turned {
				return ErrOver
			}
			return nil
		}
		return s.Lists.Remove(ctx, tx, c.Entry, Removal{No: a.No, On: a.On, Reason: a.Reason, Turned: turned})
	})
}

// ripe refuses to repair before the earliest day, also where the source has corrected the day or the severity of a decision since it was applied for.
func (s *Service) ripe(ctx context.Context, tx *db.Tx, c *Case) error {
	if s.today() < c.Earliest {
		return ErrEarly.Messagef("最早可以在 %s 修复", c.Earliest)
	}
	if c.Entry != 0 { // an entry keeps the days that it was decided with
		return nil
	}
	a, err := s.application(ctx, tx, c.Application)
	if err != nil {
		return err
	}
	now, err := s.Records.Standing(ctx, tx, []record.ID{c.At})
	if err != nil {
		return err
	}
	v, ok := now[c.At]
	if v.Status == record.Annulled {
		return ErrTakenDown
	}
	asked := slices.IndexFunc(a.Picks, func(p Pick) bool { return p.Target == c.Target.String() })
	if !ok || asked >= 0 && a.Picks[asked].Number == v.Number {
		return nil
	}
	f, err := s.finding(ctx, s.Rules.On(clock.DateOf(c.SentAt)), &v, text{}, nil)
	switch {
	case err != nil || v.DecidedOn == c.On && f.Class == c.Class:
		return err
	case f.Excluded != "":
		return ErrExcluded.Messagef("来源单位更正了这条信息，更正以后按规定不能在这里修复：%s", f.Excluded)
	case s.today() < f.Earliest:
		return ErrEarly.Messagef("来源单位更正了这条信息，更正以后最早可以在 %s 修复", f.Earliest)
	}
	return nil
}

// turn gives the record of a case another status; false when the case is about no record, or about one that is not on file.
func (s *Service) turn(ctx context.Context, tx *db.Tx, c *Case, to record.Status, until *clock.Date, why string) (bool, error) {
	if c.At.Key == 0 {
		return false, nil
	}
	out, err := s.Records.Turn(ctx, tx, []record.Turn{{ID: c.At, To: to, Until: until}}, record.Change{
		At: s.now(), Actor: authz.From(ctx).String(), Basis: s.basis(c), Why: why,
	})
	if err != nil {
		return false, err
	}
	return out[0] == record.Turned || out[0] == record.Unchanged, nil
}

// basis names the rules by which a case was judged.
func (s *Service) basis(c *Case) string {
	for _, set := range s.Rules.On(clock.DateOf(c.SentAt)).Sets {
		if set.Code == c.Set {
			return set.Name
		}
	}
	return c.Set
}

// maxNext is how far ahead a refusal may set the next application, in months.
const maxNext = 24

// Refuse refuses with the reason, and with the day from which it can be asked for again.
func (s *Service) Refuse(ctx context.Context, repair int64, a Answer) (Case, error) {
	if err := s.paper(&a); err != nil {
		return Case{}, err
	}
	today := s.today()
	if !a.Next.IsZero() && (!a.Next.Valid() || a.Next < today || a.Next > today.AddMonths(maxNext)) {
		return Case{}, ErrNext
	}
	return s.step(ctx, repair, EventRefuse, flow.Input{Reason: a.Reason, Attachments: a.Files, Seen: a.Seen}, func(ctx context.Context, tx *db.Tx, c *Case) error {
		if !c.End.IsZero() && a.Next >= c.End {
			return ErrNext.Messagef("这条信息自 %s 起自动停止公示，下一次可以申请的日期要早于这一天", c.End)
		}
		c.AnswerNo, c.AnswerOn, c.Next = a.No, a.On, a.Next
		if c.Next.IsZero() {
			c.Next = max(c.Earliest, today.AddMonths(s.Rules.On(clock.DateOf(c.SentAt)).Clocks.Again))
		}
		if c.Next > today {
			if err := s.remindAgain(ctx, tx, reminder{c.Subject, c.Target.String(), c.Next, s.itemName(c)}); err != nil {
				return err
			}
		}
		return s.answered(a.Reason)(ctx, tx, c)
	})
}
