package listing

import (
	"context"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// Leave proposes that an entry be taken off its list, and why. The entry stands until somebody else has decided.
func (s *Service) Leave(ctx context.Context, entry int64, why Why, reason string, files []string) (Entry, error) {
	if !manual(why) {
		return Entry{}, ErrWhy
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return Entry{}, flow.ErrReason
	}
	return s.step(ctx, entry, EventLeave, flow.Input{Reason: why.Word() + "：" + reason, Attachments: files}, func(_ *db.Tx, e *Entry, k *Kind) error {
		if why == Early && tooEarly(e, k, clock.Today(s.Clock)) {
			return ErrEarly
		}
		e.RemovedWhy = why // what is proposed, until it is decided on
		return nil
	})
}

// Stay decides against a removal that was proposed.
func (s *Service) Stay(ctx context.Context, entry int64, reason string) (Entry, error) {
	return s.step(ctx, entry, EventStay, flow.Input{Reason: reason}, func(_ *db.Tx, e *Entry, _ *Kind) error {
		e.RemovedWhy = ""
		return nil
	})
}

// Removal is 移出决定.
type Removal struct {
	Document
	Why    Why // of Remove: what was proposed, or "" for that
	Reason string
}

// Remove takes an entry off its list by a decision on what somebody else has proposed. Early removal is refused before the time that the list sets.
func (s *Service) Remove(ctx context.Context, entry int64, r Removal) (Entry, error) {
	if err := s.paper(&r.Document); err != nil {
		return Entry{}, err
	}
	return s.step(ctx, entry, EventRemove, flow.Input{Reason: r.Reason, Attachments: r.Files}, func(_ *db.Tx, e *Entry, k *Kind) error {
		if r.Why != "" && r.Why != e.RemovedWhy {
			return ErrWhy
		}
		r.Why = e.RemovedWhy
		return s.remove(ctx, e, k, &r)
	})
}

// RemoveIn takes an entry off within the transaction of a procedure that has decided on it, such as repair: what its subject applied for and an officer granted.
// turned says that the entry's record was given another status in tx: it stays on file with that, instead of being withdrawn.
func (s *Service) RemoveIn(ctx context.Context, tx *db.Tx, entry int64, r Removal, turned bool) (_ Entry, err error) {
	defer fault.Wrap(&err, "listing.RemoveIn")
	if err := s.paper(&r.Document); err != nil {
		return Entry{}, err
	}
	if !manual(r.Why) {
		return Entry{}, ErrWhy
	}
	return s.stepIn(ctx, tx, entry, EventTurn, flow.Input{Reason: r.Reason, Attachments: r.Files}, func(_ *db.Tx, e *Entry, k *Kind) error {
		if err := s.remove(ctx, e, k, &r); err != nil {
			return err
		}
		if turned && e.filed == filedWithdraw {
			e.filed = filedYes
		}
		return nil
	})
}

// manual reports whether a person may decide on a way out.
func manual(w Why) bool { return whys[w] != "" && w != Expired && w != Lapsed }

// tooEarly reports whether early removal is not to be had yet on a day.
func tooEarly(e *Entry, k *Kind, on clock.Date) bool {
	return k.EarlyAfter == NoEarly || on < e.ListedOn.AddMonths(k.EarlyAfter)
}

// remove takes an entry out by a decision.
func (s *Service) remove(ctx context.Context, e *Entry, k *Kind, r *Removal) error {
	switch {
	case r.On < e.ListedOn:
		return ErrBefore
	case r.Why == Early && tooEarly(e, k, r.On):
		return ErrEarly
	}
	s.end(e, r.Why, clock.Today(s.Clock))
	e.RemovedNote, e.RemovedDoc, e.RemovedBy = r.Reason, r.No, authz.From(ctx).String()
	return nil
}
