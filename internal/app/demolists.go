package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
)

// The lists and the measure of the demo.
const (
	demoAdverse   = "YZSX-SCJG"
	demoIncentive = "SX-SXDX"
	demoMeasure   = "CF-11-03"
	demoRecalled  = "CF-24-01"
)

// demoLists lets the market regulator of the demo list some businesses, and joint action follow, by the same services and for the same reasons as anybody
// else. Once there is an entry it does nothing.
func (a *App) demoLists(ctx context.Context) error {
	unit, err := a.unitNamed(ctx, demoRegulator)
	if err != nil {
		return err
	}
	local := authz.With(ctx, authz.LocalActor("demo"))
	for _, kind := range []string{demoAdverse, demoIncentive, "JYYC"} {
		if err := a.Lists.Listing.Empower(local, listing.Decider{Kind: kind, Agency: unit, From: 20211001, Basis: "市场监督管理部门权责清单"}); err != nil {
			return err
		}
	}
	for _, matter := range []string{"SPJYXK", "SPSCXK"} {
		err := a.Lists.Measures.SaveMatter(local, measure.MatterLists{
			Matter: matter, Lists: []string{demoAdverse, demoIncentive, "JYYC"}, Measures: []string{demoMeasure, demoRecalled, "JL-91-01"}, Must: true, From: 20220101,
		})
		if err != nil {
			return err
		}
	}
	have, err := a.Lists.Listing.List(ctx, listing.Filter{Agencies: []int64{unit}, Limit: 1})
	if err != nil || len(have) > 0 {
		return err
	}
	firms, err := a.demoFirms(ctx, 4)
	if err != nil || len(firms) < 4 {
		return err // a very small city has nobody to list
	}
	d := demoDesk{a: a, unit: unit}
	if d.clerk, err = a.demoStaff(ctx, "reviewer", authz.Reviewer, unit); err != nil {
		return err
	}
	if d.approver, err = a.demoStaff(ctx, "lister", authz.ListApprover, unit); err != nil {
		return err
	}
	return d.play(firms)
}

// demoFirms gives businesses with many records that are registered with their representative.
func (a *App) demoFirms(ctx context.Context, n int) ([]int64, error) {
	const looked = 2000
	ids, err := a.Records.Busiest(ctx, looked)
	if err != nil {
		return nil, err
	}
	var out []int64
	for chunk := range slices.Chunk(ids, 500) {
		subs, err := a.Subjects.ByIDs(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, id := range chunk {
			sub := subs[id]
			if sub.Kind != catalog.LegalEntity || sub.Code == "" {
				continue
			}
			if name, err := a.representative(ctx, sub.Code); err != nil || name == "" {
				continue
			}
			if out = append(out, id); len(out) == n {
				return out, nil
			}
		}
	}
	return out, nil
}

// demoStaff gives the context of an account of the demo.
func (a *App) demoStaff(ctx context.Context, login string, role authz.Role, unit agency.ID) (context.Context, error) {
	have, err := a.Trust.Identity.Find(ctx, authz.LocalActor("demo"), login)
	if err != nil {
		return nil, err
	}
	return authz.With(ctx, authz.Actor{ID: have.ID, Kind: authz.Account, Strong: true, Session: 1, Grants: []authz.Grant{{Role: role, Agency: unit}}}), nil
}

// demoDesk is the two people who list in the demo.
type demoDesk struct {
	a               *App
	unit            agency.ID
	clerk, approver context.Context //nolint:containedctx // who acts
}

// paper is a document of the unit.
func (d *demoDesk) paper(what string, n int, on clock.Date) listing.Document {
	return listing.Document{No: fmt.Sprintf("临市监%s〔2026〕%d号", what, n), On: on}
}

func (d *demoDesk) propose(kind string, firm int64, cause string) (listing.Entry, error) {
	return d.a.Lists.Listing.Propose(d.clerk, listing.Proposal{Kind: kind, Subject: firm, Agency: d.unit, Cause: cause})
}

// listsAt gives the service of lists as it was at another time: notices run for days, and a demo has none.
func (d *demoDesk) listsAt(at clock.Clock) (*listing.Service, error) {
	steps, lists := d.a.Procedures.Flow.Config, d.a.Lists.Listing.Config
	steps.Clock, lists.Clock = at, at
	lists.Flow = flow.New(steps)
	return listing.New(lists), lists.Flow.Register(listing.Table(), noHooks)
}

// enlist takes a firm from the proposal onto the list; its notice was served long enough ago.
func (d *demoDesk) enlist(kind string, firm int64, n int, cause string) (listing.Entry, error) {
	past, today := clock.NewManual(d.a.Clock.Now().AddDate(0, 0, -30)), clock.Today(d.a.Clock)
	before, err := d.listsAt(past)
	if err != nil {
		return listing.Entry{}, err
	}
	e, err := before.Propose(d.clerk, listing.Proposal{Kind: kind, Subject: firm, Agency: d.unit, Cause: cause})
	if err != nil {
		return e, err
	}
	if k, ok := d.a.Lists.kinds.Today().ByCode(kind); ok && k.Notice > 0 {
		if _, err := before.Notify(d.clerk, e.ID, d.paper("告字", n, clock.Today(past))); err != nil {
			return e, err
		}
		past.Advance(48 * time.Hour)
		if _, err := before.Statement(d.clerk, e.ID, "当事人称已经整改；经核，不影响列入情形的认定", nil); err != nil {
			return e, err
		}
	}
	return d.a.Lists.Listing.Decide(d.approver, e.ID, listing.Decision{Document: d.paper("列字", n, today), Reason: "事实清楚，证据充分，符合列入条件"})
}

// play makes two adverse entries, an incentive and a proposal that waits, with an order that is being carried out and one that was recalled.
func (d *demoDesk) play(firms []int64) error {
	m := d.a.Lists.Measures
	first, err := d.enlist(demoAdverse, firms[0], 1, "生产经营不符合食品安全标准的食品，被处以较大数额罚款，情节严重")
	if err != nil {
		return err
	}
	second, err := d.enlist(demoAdverse, firms[1], 2, "伪造检验报告，被处以较重行政处罚，社会危害较大")
	if err != nil {
		return err
	}
	if _, err := d.enlist(demoIncentive, firms[2], 3, "连续三年抽检合格，获得市级食品安全表彰"); err != nil {
		return err
	}
	waits, err := d.propose(demoAdverse, firms[3], "虚假宣传，被处以较重行政处罚，拒不改正")
	if err != nil {
		return err
	}
	if _, err := d.a.Lists.Listing.Notify(d.clerk, waits.ID, d.paper("告字", 4, clock.Today(d.a.Clock))); err != nil {
		return err
	}
	o, err := m.Issue(d.approver, measure.Issue{Entry: first.ID, Measure: demoMeasure, Reason: "列入市场监督管理严重违法失信名单"})
	if err != nil {
		return err
	}
	list, err := m.Tasks(d.clerk, measure.Filter{Order: o.ID})
	if err != nil {
		return err
	}
	if _, err := m.Respond(d.clerk, list[0].ID); err != nil {
		return err
	}
	done := measure.Feedback{Result: measure.Executed, Reason: "许可审查时已从严核查", CaseNo: "食许审〔2026〕17号", ExecutedOn: clock.Today(d.a.Clock)}
	if _, err := m.Feedback(d.clerk, list[0].ID, done); err != nil {
		return err
	}
	if o, err = m.Issue(d.approver, measure.Issue{Entry: second.ID, Measure: demoRecalled, Reason: "列入市场监督管理严重违法失信名单"}); err != nil {
		return err
	}
	if err := m.AskWithdrawal(d.clerk, o.ID, "另有检查计划，不再重复安排"); err != nil {
		return err
	}
	return m.Withdraw(d.approver, o.ID)
}
