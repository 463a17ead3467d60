package approval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// Input is what an author writes.
type Input struct {
	Kind        Kind
	Title       string
	Content     []byte
	EffectiveOn clock.Date // may stay 0 until the draft is submitted
}

const (
	maxContent = 4 << 20
	maxTitle   = 100 // characters
	maxWhy     = 500
)

func (in *Input) check() error {
	in.Title = strings.TrimSpace(in.Title)
	switch {
	case in.Title == "" || utf8.RuneCountInString(in.Title) > maxTitle || !utf8.ValidString(in.Title):
		return ErrTitle
	case flow.HasPersonal(in.Title):
		return flow.ErrPersonal
	case len(in.Content) > maxContent:
		return ErrLarge
	}
	return nil
}

// applierOf gives who knows a kind.
func (s *Service) applierOf(k Kind) (Applier, error) {
	a := s.appliers[k]
	if a == nil {
		return nil, ErrKind
	}
	return a, nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Create begins a draft of the caller's.
func (s *Service) Create(ctx context.Context, in Input) (_ *Draft, err error) {
	defer fault.Wrap(&err, "approval.Create(%s)", in.Kind)
	if _, err := s.applierOf(in.Kind); err != nil {
		return nil, err
	}
	if err := s.Authority.Decide(authz.From(ctx), kinds[in.Kind].draft, authz.Scope{}).Err(); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	d := &Draft{
		ID: s.IDs.Next(), Kind: in.Kind, Title: in.Title, Content: in.Content, Hash: hashOf(in.Content), Author: authorOf(ctx), CreatedAt: s.Clock.Now(),
		EffectiveOn: in.EffectiveOn, State: Drafted,
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insert(ctx, tx, d); err != nil {
			return err
		}
		return s.act(ctx, tx, d, "draft")
	})
	return d, err
}

// authorOf is the account that calls; an operator's command is no account.
func authorOf(ctx context.Context) int64 {
	if a := authz.From(ctx); a.SignedIn() {
		return a.ID
	}
	return authz.NoAccount
}

// Preview says what a draft would change, and refuses what Submit would refuse. It writes nothing.
func (s *Service) Preview(ctx context.Context, in Input) (diff string, err error) {
	defer fault.Wrap(&err, "approval.Preview(%s)", in.Kind)
	if _, err := s.applierOf(in.Kind); err != nil {
		return "", err
	}
	if err := s.Authority.Decide(authz.From(ctx), kinds[in.Kind].draft, authz.Scope{}).Err(); err != nil {
		return "", err
	}
	if err := in.check(); err != nil {
		return "", err
	}
	_, diff, err = s.examine(ctx, &Draft{Kind: in.Kind, Content: in.Content, EffectiveOn: in.EffectiveOn})
	return diff, err
}

// Propose drafts and hands in at once, as the command of an operator does. Content that waits already, for its approval or its day, is not drafted again: the
// draft that waits is given, and fresh is false.
func (s *Service) Propose(ctx context.Context, in Input) (d *Draft, fresh bool, err error) {
	defer fault.Wrap(&err, "approval.Propose(%s)", in.Kind)
	if _, err := s.Preview(ctx, in); err != nil {
		return nil, false, err
	}
	for _, state := range []State{Submitted, Approved} {
		waiting, err := s.List(ctx, Filter{Kind: in.Kind, State: state, Limit: 200})
		if err != nil {
			return nil, false, err
		}
		for _, w := range waiting {
			if w.Hash == hashOf(in.Content) && w.EffectiveOn == in.EffectiveOn {
				return w, false, nil
			}
		}
	}
	if d, err = s.Create(ctx, in); err != nil {
		return nil, false, err
	}
	if err := s.Submit(ctx, d.ID); err != nil {
		return nil, false, err
	}
	d, err = s.Get(ctx, d.ID)
	return d, true, err
}

// Revise changes a draft that its author has not submitted. Its kind stays.
func (s *Service) Revise(ctx context.Context, draft int64, in Input) (err error) {
	defer fault.Wrap(&err, "approval.Revise(%d)", draft)
	if err := in.check(); err != nil {
		return err
	}
	return s.step(ctx, draft, "revise", func(ctx context.Context, _ *db.Tx, d *Draft) error {
		if err := s.mine(ctx, d, kinds[d.Kind].draft); err != nil {
			return err
		}
		d.Title, d.Content, d.Hash, d.EffectiveOn = in.Title, in.Content, hashOf(in.Content), in.EffectiveOn
		return nil
	}, Drafted)
}

// mine asks whether the caller wrote the draft, and may take the step at all.
func (s *Service) mine(ctx context.Context, d *Draft, act authz.Action) error {
	if err := s.Authority.Decide(authz.From(ctx), act, authz.Scope{Account: d.Author}).Err(); err != nil {
		return err
	}
	if authorOf(ctx) != d.Author {
		return ErrNotMine
	}
	return nil
}

// Submit hands a draft in for approval: from here on it stands as it is, with what it would change.
func (s *Service) Submit(ctx context.Context, draft int64) (err error) {
	defer fault.Wrap(&err, "approval.Submit(%d)", draft)
	have, err := s.get(ctx, s.DB.Read(), draft)
	if err != nil {
		return err
	}
	if err := s.mine(ctx, have, kinds[have.Kind].draft); err != nil {
		return err
	}
	base, diff, err := s.examine(ctx, have)
	if err != nil {
		return err
	}
	return s.step(ctx, draft, "submit", func(_ context.Context, _ *db.Tx, d *Draft) error {
		if d.Hash != have.Hash || d.EffectiveOn != have.EffectiveOn {
			return ErrState
		}
		d.State, d.Base, d.Diff, d.SubmittedAt = Submitted, base, diff, s.Clock.Now()
		return nil
	}, Drafted)
}

// examine holds a draft against its day, its kind's rules and what is in force.
func (s *Service) examine(ctx context.Context, d *Draft) (base, diff string, err error) {
	a, err := s.applierOf(d.Kind)
	if err != nil {
		return "", "", err
	}
	switch {
	case len(d.Content) == 0:
		return "", "", ErrEmpty
	case d.EffectiveOn.IsZero():
		return "", "", ErrDay
	case d.EffectiveOn < clock.Today(s.Clock):
		return "", "", ErrPast
	}
	if err := a.Check(ctx, d.Content, d.EffectiveOn); err != nil {
		return "", "", err
	}
	if base, err = a.Base(ctx, d.Content); err != nil {
		return "", "", err
	}
	if diff, err = a.Diff(ctx, d.Content); err != nil {
		return "", "", err
	}
	if strings.TrimSpace(diff) == "" {
		return "", "", ErrSame
	}
	return base, diff, nil
}

// Approve accepts a submitted draft; it holds from its day on. Nobody approves what they submitted: the permission table says so, the statement that
// writes the approval says so again, and so does the table that it writes to.
func (s *Service) Approve(ctx context.Context, draft int64) (err error) {
	defer fault.Wrap(&err, "approval.Approve(%d)", draft)
	have, err := s.get(ctx, s.DB.Read(), draft)
	if err != nil {
		return err
	}
	if err := s.mayDecide(ctx, have); err != nil {
		return err
	}
	if have.State != Submitted {
		return ErrState
	}
	base, _, err := s.examine(ctx, have)
	if err != nil {
		return err
	}
	if base != have.Base {
		return ErrBase
	}
	err = s.step(ctx, draft, "approve", func(ctx context.Context, tx *db.Tx, d *Draft) error {
		if d.Hash != have.Hash || d.Base != base {
			return ErrState
		}
		if waits, err := approvedOn(ctx, tx, d.Kind, base); err != nil {
			return err
		} else if waits {
			return ErrOverlaps
		}
		d.State, d.Approver, d.DecidedAt = Approved, authz.From(ctx).ID, s.Clock.Now()
		return nil
	}, Submitted)
	if db.IsUnique(err) { // another approval of the same base came in between
		return ErrOverlaps.With(err)
	}
	return err
}

func (s *Service) mayDecide(ctx context.Context, d *Draft) error {
	return s.Authority.Decide(authz.From(ctx), kinds[d.Kind].approve, authz.Scope{Author: d.Author}).Err()
}

// Reject gives a submitted draft back with the reason. Its author drafts anew.
func (s *Service) Reject(ctx context.Context, draft int64, why string) (err error) {
	defer fault.Wrap(&err, "approval.Reject(%d)", draft)
	why = strings.TrimSpace(why)
	if why == "" || utf8.RuneCountInString(why) > maxWhy || !utf8.ValidString(why) {
		return ErrWhy
	}
	if flow.HasPersonal(why) {
		return flow.ErrPersonal
	}
	return s.step(ctx, draft, "reject", func(ctx context.Context, _ *db.Tx, d *Draft) error {
		if err := s.mayDecide(ctx, d); err != nil {
			return err
		}
		d.State, d.Approver, d.DecidedAt, d.Why = Rejected, authz.From(ctx).ID, s.Clock.Now(), why
		return nil
	}, Submitted)
}

// Withdraw takes a draft back that is not in force yet, approved or not.
func (s *Service) Withdraw(ctx context.Context, draft int64) (err error) {
	defer fault.Wrap(&err, "approval.Withdraw(%d)", draft)
	return s.step(ctx, draft, "withdraw", func(ctx context.Context, _ *db.Tx, d *Draft) error {
		if err := s.Authority.Decide(authz.From(ctx), authz.DraftWithdraw, authz.Scope{Account: d.Author}).Err(); err != nil {
			return err
		}
		d.State = Withdrawn
		return nil
	}, Drafted, Submitted, Approved)
}

// step takes a draft from one of some states to the next, with its act, in one transaction.
func (s *Service) step(ctx context.Context, draft int64, name string, change func(context.Context, *db.Tx, *Draft) error, from ...State) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.get(ctx, tx, draft)
		if err != nil {
			return err
		}
		was := d.State
		if err := change(ctx, tx, d); err != nil {
			return err
		}
		allowed := false
		for _, state := range from {
			allowed = allowed || state == was
		}
		if !allowed {
			return ErrState
		}
		if err := update(ctx, tx, d, was); err != nil {
			return err
		}
		return s.act(ctx, tx, d, name)
	})
}

// act notes a step: kind, content by its hash, and day. Title and reason are people's words and stay out.
func (s *Service) act(ctx context.Context, tx *db.Tx, d *Draft, step string) error {
	a := authz.From(ctx)
	return s.Acts.WriteAct(ctx, tx, audit.Act{
		At: s.Clock.Now(), Who: a.Who(0),
		Action: "approval." + step, Entity: "draft:" + strconv.FormatInt(d.ID, 10),
		Detail: fmt.Sprintf("kind=%s state=%s effective=%s sha256=%s", d.Kind, d.State, d.EffectiveOn, d.Hash),
	})
}
