package objection

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// Hooks are what the procedure does to objections, records and marks, in the transaction of each step.
func (s *Service) Hooks() flow.Hooks { return flow.Hooks{Guard: s.guard, On: s.on} }

func (s *Service) ofCase(ctx context.Context, q db.Querier, c *flow.Case) (Objection, error) {
	id, err := strconv.ParseInt(c.Ref, 10, 64)
	if err != nil {
		return Objection{}, ErrNone
	}
	return one(ctx, q, `subject_id = $1 AND objection_id = $2`, c.Subject, id)
}

// rules are those of the day from which the answer is counted.
func (s *Service) rules(o *Objection) *Rules { return s.Rules.On(o.ReceivedOn) }

// guard refuses a step for reasons of the law.
func (s *Service) guard(ctx context.Context, tx *db.Tx, c *flow.Case, m *flow.Move, _ *flow.Input) error {
	if c.State == "" {
		return nil
	}
	o, err := s.ofCase(ctx, tx, c)
	if err != nil {
		return err
	}
	switch m.Event {
	case EventRefuse:
		if _, ok := s.rules(&o).Refusal(o.Refusal); !ok {
			return ErrRefusal
		}
	case EventReply:
		return s.guardReply(ctx, &o)
	case EventWithdraw:
		if o.TakenDown && c.State != Reviewing {
			return ErrTakenDown
		}
	case EventDecide:
		return s.guardResult(ctx, tx, &o, o.Result, c.State)
	case EventConclude:
		if o.Review == Upheld {
			return nil
		}
		if o.Review == Kept {
			return ErrResult
		}
		if o.Result == Deleted || o.Result == Removed {
			return ErrWorse
		}
		return s.guardResult(ctx, tx, &o, o.Review, c.State)
	}
	return nil
}

func (s *Service) guardReply(ctx context.Context, o *Objection) error {
	switch o.Reply {
	case FoundVoid, FoundRight:
		if !contains(o.Kind.Replies(), o.Reply) {
			return ErrReply
		}
		return nil
	case FoundWrong:
		if !o.Kind.onRecord() {
			return ErrReply
		}
		if o.Kind == OfRepair {
			return nil
		}
		fixed, err := s.fixed(ctx, o)
		if err == nil && !fixed {
			err = ErrUnfixed
		}
		return err
	}
	return ErrReply
}

// guardResult refuses a result that the kind does not know, that nothing stands behind, or that keeps what nobody verified.
func (s *Service) guardResult(ctx context.Context, tx *db.Tx, o *Objection, r Result, state string) error {
	if !contains(kinds[o.Kind].results, r) {
		return ErrResult
	}
	switch r {
	case Kept:
		switch {
		case !o.Helped():
			return ErrUnasked
		case state != Verified || o.Reply != FoundRight:
			return ErrUnverified
		}
	case Deleted:
		if o.Kind == OfEntry && !o.TakenDown { // whoever put it there takes it off
			return ErrResult
		}
	case Corrected:
		if fixed, err := s.fixed(ctx, o); err != nil || !fixed {
			if err == nil {
				err = ErrUnfixed
			}
			return err
		}
	case Shortened:
		_, v, err := s.standing(ctx, tx, o.Target)
		if err != nil {
			return err
		}
		if v.Number == 0 || v.Status == record.Withdrawn || v.Status == record.Ended || v.Status == record.Destroyed {
			return ErrUntil.Messagef("这条信息已经撤回、期满或者销毁，没有可以缩短的公示期")
		}
		if !o.Until.Valid() || o.Until <= v.DecidedOn || !v.PublicUntil.IsZero() && o.Until >= v.PublicUntil {
			return ErrUntil
		}
	case Redone:
		return s.guardRedone(ctx, tx, o)
	case Removed:
		number, err := strconv.ParseInt(o.Target, 10, 64)
		if s.Lists == nil || err != nil {
			return ErrTarget
		}
		e, err := s.Lists.Entry(ctx, tx, number)
		if err == nil && e.Stands {
			err = ErrUnremoved
		}
		return err
	}
	return nil
}

// guardRedone refuses a stage that the application for repair cannot go on at, and one that needs the unit's consent without it.
func (s *Service) guardRedone(ctx context.Context, tx *db.Tx, o *Objection) error {
	answer, ok, err := s.RepairOf(ctx, tx, o.Target)
	if err != nil {
		return err
	}
	for _, stage := range answer.Stages {
		switch {
		case !ok || answer.ID != o.Repair || stage.Code != o.Stage:
			continue
		case stage.Agreed && (o.Reply != FoundWrong || o.RepliedAt.IsZero()):
			return ErrConsent
		}
		return nil
	}
	return ErrStage
}

// fixed reports whether the source has filed the record anew, or withdrawn it, since it was disputed.
func (s *Service) fixed(ctx context.Context, o *Objection) (bool, error) {
	at, err := record.ParseID(o.Target)
	if err != nil {
		return false, ErrTarget
	}
	marks, err := s.Records.History(ctx, at)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(marks, func(m record.Mark) bool {
		return m.Number > o.Version && (m.Action == "corrected" || m.Action == "withdrawn")
	}), nil
}

// correctionKey names a corrected row, so that the same one is filed once.
func correctionKey(o *Objection, row map[string]string) string {
	h := sha256.New()
	for _, field := range slices.Sorted(maps.Keys(row)) {
		fmt.Fprintf(h, "%q=%q\n", field, row[field])
	}
	return fmt.Sprintf("objection-%d-%x", o.ID, h.Sum(nil)[:8])
}

// on does what follows from a step.
func (s *Service) on(ctx context.Context, tx *db.Tx, c *flow.Case, st flow.Step) error {
	o, err := s.ofCase(ctx, tx, c)
	if err != nil {
		return err
	}
	o.Case, o.State, o.ClosedAt = c.ID, c.State, c.ClosedAt
	if err := s.effect(ctx, tx, &o, &st); err != nil {
		return err
	}
	if err := s.mark(ctx, tx, &o, &st); err != nil {
		return err
	}
	if err := save(ctx, tx, &o); err != nil {
		return err
	}
	return s.tell(ctx, tx, &o, c, &st)
}

// effect writes down how far the objection is, and does what was decided.
func (s *Service) effect(ctx context.Context, tx *db.Tx, o *Objection, st *flow.Step) error {
	switch st.Event {
	case EventSubmit:
		o.ReceivedOn, o.Extended = st.Day, 0
		o.AnswerBy = s.rules(o).AnswerBy(s.Calendar, o.ReceivedOn, false)
	case EventAccept:
		o.AcceptedAt = st.Recorded
	case EventRefer:
		o.ReferredAt = st.Recorded
		o.AnswerBy = s.rules(o).PutOff(s.Calendar, o.ReceivedOn, true, o.Extended)
	case flow.EventExtend:
		o.Extended += st.Days
		o.AnswerBy = s.rules(o).PutOff(s.Calendar, o.ReceivedOn, o.Helped(), o.Extended)
	case EventReply:
		o.RepliedAt = st.Recorded
	case EventCannot, EventUnproven:
		if st.Event == EventCannot {
			o.RepliedAt = st.Recorded
		}
		if s.rules(o).Unproven.Act == TakeDown {
			return s.takeDown(ctx, tx, o, st)
		}
	case EventDecide:
		o.AnsweredAt, o.Late = st.Recorded, clock.DateOf(st.Recorded) > o.AnswerBy
		return s.apply(ctx, tx, o, o.Result, st)
	case EventConclude:
		o.ReviewedAt = st.Recorded
		if o.Review != Upheld {
			return s.apply(ctx, tx, o, o.Review, st)
		}
	}
	return nil
}

// change is what the register keeps of who changes a record, and why. It is read by everyone: it says nothing of what was stated.
func (s *Service) change(o *Objection, st *flow.Step, why string) record.Change {
	return record.Change{At: st.Recorded, Actor: actor(st.Who), Basis: s.rules(o).Basis(), Why: "异议 " + o.No + "：" + why}
}

func actor(w audit.Who) string { return w.String() }

// takeDown stops showing and using a record that nobody verified, also the one that an entry of a list was filed as. It is not the end: the source may still verify, and
// an officer decides.
func (s *Service) takeDown(ctx context.Context, tx *db.Tx, o *Objection, st *flow.Step) error {
	turned, err := s.turnShown(ctx, tx, o, record.Active, record.Annulled, s.change(o, st, "来源单位没有核实，停止公示和使用"))
	o.TakenDown = o.TakenDown || turned
	return err
}

// turnShown turns what the public sees of a disputed record or entry from one status to another, and reports whether there was such a thing. An answer about a repair shows nothing of its own.
func (s *Service) turnShown(ctx context.Context, tx *db.Tx, o *Objection, from, to record.Status, ch record.Change) (bool, error) {
	ids, err := s.shownAs(ctx, tx, o)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	now, err := s.Records.Standing(ctx, tx, ids)
	if err != nil {
		return false, err
	}
	var list []record.Turn
	for _, at := range ids {
		if now[at].Status == from {
			list = append(list, record.Turn{ID: at, To: to})
		}
	}
	if len(list) == 0 {
		return false, nil
	}
	_, err = s.Records.Turn(ctx, tx, list, ch)
	return err == nil, err
}

// shownAs gives the records in which the public sees what is disputed.
func (s *Service) shownAs(ctx context.Context, q db.Querier, o *Objection) ([]record.ID, error) {
	switch o.Kind {
	case OfRepair:
		return nil, nil
	case OfEntry:
		number, err := strconv.ParseInt(o.Target, 10, 64)
		if s.Lists == nil || err != nil {
			return nil, ErrTarget
		}
		return s.Lists.FiledAs(ctx, q, number)
	}
	at, err := record.ParseID(o.Target)
	if err != nil {
		return nil, ErrTarget
	}
	return []record.ID{at}, nil
}

// apply does what was decided, by the one write path of the register.
func (s *Service) apply(ctx context.Context, tx *db.Tx, o *Objection, r Result, st *flow.Step) error {
	if !o.Kind.onRecord() { // an entry is left by its decider's own step; its record comes back when it was verified after all
		if r != Kept || !o.TakenDown {
			return nil
		}
		_, err := s.turnShown(ctx, tx, o, record.Annulled, record.Active, s.change(o, st, "经核实，恢复公示和使用"))
		return err
	}
	if r == Redone {
		return s.Repairs.Reopen(ctx, tx, o.Repair, o.Stage, o.No, st.Reason)
	}
	at, v, err := s.standing(ctx, tx, o.Target)
	if err != nil || v.Number == 0 {
		return err
	}
	down := o.TakenDown && v.Status == record.Annulled
	turn, why := record.Turn{ID: at, To: v.Status}, ""
	switch r {
	case Deleted:
		if v.Status == record.Active || v.Status == record.Repaired || v.Status == record.Shielded {
			turn.To, why = record.Annulled, "撤下"
		}
	case Shortened:
		if turn.Until, why = &o.Until, "缩短公示期"; down {
			turn.To = record.Active
		}
	case Corrected, Kept:
		if down {
			turn.To, why = record.Active, "经核实，恢复公示和使用"
		}
	}
	if why == "" {
		return nil
	}
	_, err = s.Records.Turn(ctx, tx, []record.Turn{turn}, s.change(o, st, why))
	return err
}

// mark lets the record, or the entry, show that it is disputed exactly as long as it is.
func (s *Service) mark(ctx context.Context, tx *db.Tx, o *Objection, st *flow.Step) error {
	want := Marked(o.State)
	if want == o.Marked {
		return nil
	}
	o.Marked = want
	if !o.Kind.onRecord() {
		number, err := strconv.ParseInt(o.Target, 10, 64)
		if err != nil {
			return ErrTarget
		}
		return s.Lists.Dispute(ctx, tx, number, o.No, want)
	}
	at, err := record.ParseID(o.Target)
	if err != nil {
		return ErrTarget
	}
	if want {
		return s.Records.SetMark(ctx, tx, at, record.Disputed, o.No, st.Recorded)
	}
	return s.Records.ClearMark(ctx, tx, at, record.Disputed, o.No, st.Recorded)
}
