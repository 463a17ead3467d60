package approval

import (
	"context"
	"errors"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// whyBase and whyCheck are the reasons with which the day itself gives a draft back.
const (
	whyBase  = "施行日现行版本已经不是审批时的版本，没有施行；请按现行版本重新起草"
	whyCheck = "施行日检查没有通过，没有施行；请修改后重新起草"
)

// ApplyDue puts in force every approved draft whose day has come, in the order of their days. One that can no longer be applied as it was approved is
// given back with the reason, never bent. It gives the number applied; run it at start and every minute.
func (s *Service) ApplyDue(ctx context.Context) (applied int, err error) {
	defer fault.Wrap(&err, "approval.ApplyDue")
	ctx = authz.With(ctx, authz.SystemActor("approval"))
	if err := s.Authority.Decide(authz.From(ctx), authz.DraftApply, authz.Scope{}).Err(); err != nil {
		return 0, err
	}
	due, err := dueOn(ctx, s.DB.Read(), clock.Today(s.Clock))
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, draft := range due {
		done, err := s.applyOne(ctx, draft)
		if err != nil {
			failed = append(failed, err) // the others do not wait for one
		}
		if done {
			applied++
		}
	}
	return applied, errors.Join(failed...)
}

func (s *Service) applyOne(ctx context.Context, draft int64) (bool, error) {
	have, err := s.get(ctx, s.DB.Read(), draft)
	if err != nil {
		return false, err
	}
	a, err := s.applierOf(have.Kind)
	if err != nil {
		return false, err
	}
	why, err := s.stale(ctx, a, have)
	if err != nil {
		return false, err
	}
	if why != "" {
		err := s.step(ctx, draft, "give_back", func(_ context.Context, _ *db.Tx, d *Draft) error {
			d.State, d.Why = Rejected, why
			return nil
		}, Approved)
		return false, ignoreState(err)
	}
	err = s.step(ctx, draft, "apply", func(ctx context.Context, tx *db.Tx, d *Draft) error {
		if d.State != Approved || d.Hash != have.Hash || hashOf(d.Content) != d.Hash {
			return ErrState
		}
		d.State, d.AppliedAt = Applied, s.Clock.Now()
		return a.Apply(ctx, tx, d.Content, d.EffectiveOn, "approval:"+strconv.FormatInt(d.ID, 10))
	}, Approved)
	if err != nil {
		return false, ignoreState(err)
	}
	return true, a.Applied(ctx)
}

// stale says why a draft can no longer be applied as it was approved, or "".
func (s *Service) stale(ctx context.Context, a Applier, d *Draft) (string, error) {
	base, err := a.Base(ctx, d.Content)
	if err != nil {
		return "", err
	}
	if base != d.Base {
		return whyBase, nil
	}
	if err := a.Check(ctx, d.Content, d.EffectiveOn); err != nil {
		if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Conflict {
			return whyCheck, nil
		}
		return "", err
	}
	return "", nil
}

// ignoreState lets pass that another process was first.
func ignoreState(err error) error {
	if errors.Is(err, ErrState) {
		return nil
	}
	return err
}
