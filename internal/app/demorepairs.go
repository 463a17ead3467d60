package app

import (
	"context"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/repair"
)

// demoRepairs lets the firm of the demo apply for the repair of what can be repaired today, by the same service as anybody else: one is accepted, one waits, one
// is a draft, as far as the firm has so many. Once there is one it does nothing.
func (a *App) demoRepairs(ctx context.Context) error {
	r := a.Procedures.Repairs.Service
	agent, of, err := a.demoFirm(ctx)
	if err != nil || of == 0 {
		return err
	}
	have, err := r.Applications(ctx, of, 1)
	if err != nil || len(have) > 0 {
		return err
	}
	unit, err := a.unitNamed(ctx, demoRegulator)
	if err != nil {
		return err
	}
	review, err := r.Review(agent, of)
	if err != nil {
		return err
	}
	ready := slices.DeleteFunc(slices.Clone(review.Findings), func(f repair.Finding) bool { return f.State != repair.Now })
	slices.SortStableFunc(ready, func(x, y repair.Finding) int { return bool01(x.Agency != unit) - bool01(y.Agency != unit) }) // the demo's staff can answer the first
	file, err := a.Procedures.Flow.Attach(agent, "缴款凭证", strings.NewReader("%PDF-1.7\n% 演示用的缴款凭证\n"))
	if err != nil {
		return err
	}
	for i := range ready[:min(len(ready), 3)] {
		in := repair.DraftIn{Targets: []repair.Target{ready[i].Target}, Statement: "罚款已经缴清，违法行为已经改正，附缴款凭证", Files: []repair.File{{Hash: file.Hash, Title: file.Title}}}
		app, err := r.Save(agent, of, 0, in)
		if err != nil {
			return err
		}
		if i == 2 {
			break
		}
		if app, err = r.Send(agent, of, app.ID, app.ChangedAt, true); err != nil {
			return err
		}
		if i == 0 {
			if err := a.demoAccept(ctx, app.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// demoAccept takes an application of the demo on.
func (a *App) demoAccept(ctx context.Context, app int64) error {
	list, err := a.Procedures.Repairs.CasesOf(ctx, app)
	if err != nil {
		return err
	}
	clerk, err := a.demoStaff(ctx, "clerk", authz.FilingClerk, list[0].Agency)
	if err != nil {
		return err
	}
	_, err = a.Procedures.Repairs.Accept(clerk, list[0].ID, 0)
	return err
}
