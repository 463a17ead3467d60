package app

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"gongxin/internal/approval"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/listing"
	"gongxin/internal/repair"
	"gongxin/internal/report"
	"gongxin/internal/ruleset"
	"gongxin/internal/web"
	desk "gongxin/internal/web/desk/repairs"
	"gongxin/internal/web/me"
)

// Repairs is who has what repaired.
type Repairs struct {
	*repair.Service
	rules *ruleset.Book[*repair.Rules]
}

// Rules gives the rules in force today.
func (r *Repairs) Rules() *repair.Rules { return r.rules.Today() }

// openRepairRules opens the dated file of rules, which drafts change.
func (a *App) openRepairRules() (err error) {
	r := &a.Procedures.Repairs
	r.rules, err = repair.NewBook(a.DB, a.Clock, func(item catalog.ItemCode) bool {
		_, ok := a.Editions.Current(clock.Today(a.Clock)).Item(item)
		return ok
	})
	if err != nil {
		return err
	}
	a.Trust.appliers[approval.Repairs] = r.rules
	a.Trust.Drafts.Register(approval.Repairs, r.rules)
	return r.rules.Refresh(context.Background())
}

// openRepairs builds repair over the engine of procedures, the register and the lists.
func (a *App) openRepairs(ids *id.Maker) error {
	p := &a.Procedures
	key, err := gm.OpenSigningKey(filepath.Join(a.keyFolder(), "repair.pem"))
	if err != nil {
		return err
	}
	p.Repairs.Service = repair.New(repair.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Ring: a.Trust.Ring, Calendar: a.Calendar, Rules: p.Repairs.rules, Records: a.Records, Files: a.Publish, Lists: repairLists{a.Lists.Listing, a.Lists.kinds},
		Subjects: a.Subjects, Agencies: a.Agencies, Editions: a.Editions, Authority: a.Trust.Authority, Flow: p.Flow, Notices: p.Notices, Acts: a.Trust.Audit, Key: key, City: a.Config.City.Name,
		Fonts: sync.OnceValues(func() (*report.Fonts, error) { return report.LoadFonts(a.Config.Report.Fonts) }),
	})
	return errors.Join(p.Flow.Register(repair.Table(p.Repairs.rules.Today().Clocks), noHooks), p.Flow.Register(repair.BreachTable(), noHooks), p.Flow.Register(repair.ShieldTable(), noHooks))
}

// repairPeriods are the lengths of repair.
func (a *App) repairPeriods() func(key string, on clock.Date) (int, flow.Unit, error) {
	return repair.Periods(a.Procedures.Repairs.rules)
}

// repairLists tells repair of the adverse entries on which a subject stands, and takes off those that are repaired.
type repairLists struct {
	lists *listing.Service
	kinds *ruleset.Book[*listing.Kinds]
}

// Of gives the adverse entries on which a subject stands today.
func (r repairLists) Of(ctx context.Context, q db.Querier, of int64) ([]repair.Entry, error) {
	list, err := r.lists.Of(ctx, q, of, time.Time{})
	if err != nil {
		return nil, err
	}
	var out []repair.Entry
	for i := range list {
		e := &list[i]
		k, ok := r.kinds.Today().ByCode(e.Kind)
		if !ok {
			if k, ok = r.kinds.On(clock.DateOf(e.ProposedAt)).ByCode(e.Kind); !ok {
				continue
			}
		}
		if k.Polarity != listing.Adverse {
			continue
		}
		out = append(out, repair.Entry{
			ID: e.ID, Subject: e.Subject, Name: k.Name, Item: k.Item, Agency: e.Agency, Region: e.Region, DocNo: e.DocNo, ListedOn: e.ListedOn, Until: e.Until, Early: k.EarlyAfter, Removal: k.Removal,
		})
	}
	return out, nil
}

// Remove takes an entry off its list by the list's own step.
func (r repairLists) Remove(ctx context.Context, tx *db.Tx, entry int64, x repair.Removal) error {
	_, err := r.lists.RemoveIn(ctx, tx, entry, listing.Removal{Document: listing.Document{No: x.No, On: x.On}, Why: listing.Repaired, Reason: x.Reason}, x.Turned)
	return err
}

// runRepairs ends what there is nothing left to repair of, ends shielding and reminds, until ctx ends.
func (a *App) runRepairs(ctx context.Context) {
	a.every(ctx, dueEvery, "repairs", func() error {
		_, err := a.Procedures.Repairs.RunDue(ctx)
		return err
	})
}

// repairPages hangs in the desk of repair.
func (a *App) repairPages(site *web.Site, rt *web.Router) {
	p := &a.Procedures
	desk.New(desk.Deps{
		Site: site, Repairs: p.Repairs.Service, Cases: p.Flow, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Columns: a.Publish, ItemName: a.itemName, Looks: a.looks(), Clock: a.Clock,
	}).Routes(rt)
}

// repairPart is what subjects do: see what can be repaired when, apply, follow, supplement, withdraw, state their case.
func repairPart(a *App) me.Part {
	p := &a.Procedures
	return me.Repairs(me.RepairDeps{Repairs: p.Repairs.Service, Cases: p.Flow, DB: a.DB, Looks: a.looks()})
}
