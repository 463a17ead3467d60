package declaration

import (
	"context"
	"strconv"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// Hooks are what the procedures do to declarations, in the transaction of each step.
func (s *Service) Hooks() flow.Hooks { return flow.Hooks{Guard: s.guard, On: s.on} }

// EndHooks are those of taking back.
func (s *Service) EndHooks() flow.Hooks { return flow.Hooks{On: s.onEnd} }

func (s *Service) today() clock.Date { return clock.Today(s.Clock) }

func (s *Service) ofCase(ctx context.Context, q db.Querier, c *flow.Case) (Declaration, error) {
	of, err := strconv.ParseInt(c.Ref, 10, 64)
	if err != nil {
		return Declaration{}, ErrNone
	}
	return s.one(ctx, q, `subject_id = $1 AND declaration_id = $2`, c.Subject, of)
}

// guard refuses a step for reasons of the law: nothing is accepted that no basis lets be collected or that the intake would not take, and nothing is called on file
// that is not.
func (s *Service) guard(ctx context.Context, tx *db.Tx, c *flow.Case, m *flow.Move, _ *flow.Input) error {
	if c.State == "" {
		return nil
	}
	d, err := s.ofCase(ctx, tx, c)
	if err != nil {
		return err
	}
	switch m.Event {
	case EventRefuse:
		if _, ok := s.Rules.On(d.ReceivedOn).Refusal(d.Refusal); !ok {
			return ErrRefusal
		}
	case EventSubmit, EventAccept:
		checked, err := s.checkOf(ctx, &d)
		if err != nil {
			return err
		}
		if checked.Refused() {
			return ErrContent
		}
		return s.free(ctx, tx, &d, checked.key)
	case EventFile:
		at, err := record.ParseID(d.Record)
		if err != nil {
			return ErrUnfiled
		}
		list, err := s.Records.Standing(ctx, tx, []record.ID{at})
		if err == nil && (list[at].Status != record.Active || at.Subject != d.Subject) {
			err = ErrUnfiled
		}
		return err
	}
	return nil
}

// on writes down how far the declaration is.
func (s *Service) on(ctx context.Context, tx *db.Tx, c *flow.Case, st flow.Step) error {
	d, err := s.ofCase(ctx, tx, c)
	if err != nil {
		return err
	}
	d.Case, d.State, d.ClosedAt = c.ID, c.State, c.ClosedAt
	switch st.Event {
	case EventSubmit:
		d.ReceivedOn = st.Day
	case EventReturn, EventBounce:
		d.DecidedBy, d.DecidedAt = "", time.Time{}
	}
	if err := s.save(ctx, tx, &d); err != nil {
		return err
	}
	return s.tell(ctx, tx, &d, c, &st)
}

func (s *Service) onEnd(ctx context.Context, tx *db.Tx, c *flow.Case, st flow.Step) error {
	if st.Event != EventGone {
		return nil
	}
	d, err := s.ofCase(ctx, tx, c)
	if err != nil {
		return err
	}
	d.State, d.EndedAt = Ended, st.Recorded
	return s.save(ctx, tx, &d)
}
