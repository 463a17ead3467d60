package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"gongxin/internal/approval"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/declaration"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/ruleset"
	"gongxin/internal/web"
	desk "gongxin/internal/web/desk/declarations"
	"gongxin/internal/web/me"
)

// Declarations is what subjects say of themselves.
type Declarations struct {
	*declaration.Service
	rules *ruleset.Book[*declaration.Rules]
}

// openDeclarationRules opens the dated file of rules, which drafts change.
func (a *App) openDeclarationRules() (err error) {
	d := &a.Procedures.Declarations
	d.rules, err = declaration.NewBook(a.DB, a.Clock, func() *catalog.Edition { return a.Editions.Current(clock.Today(a.Clock)) })
	if err != nil {
		return err
	}
	a.Trust.appliers[approval.Declarations] = d.rules
	a.Trust.Drafts.Register(approval.Declarations, d.rules)
	return d.rules.Refresh(context.Background())
}

// openDeclarations builds declarations over the engine of procedures, the register and the intake.
func (a *App) openDeclarations(ids *id.Maker, ring *gm.KeyRing) error {
	p := &a.Procedures
	p.Declarations.Service = declaration.New(declaration.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Ring: ring, Rules: p.Declarations.rules, Records: a.Records, Subjects: a.Subjects, Agencies: a.Agencies, Editions: a.Editions,
		Authority: a.Trust.Authority, Flow: p.Flow, Notices: p.Notices, Filer: declaredRows{a.Ingest}, Legacy: a.Ingest.Legacy,
	})
	return errors.Join(p.Flow.Register(declaration.Table(), p.Declarations.Hooks()), p.Flow.Register(declaration.EndTable(), p.Declarations.EndHooks()))
}

// declaredRows files declarations by the one way in, in the name of the unit that received them and of whoever decided.
type declaredRows struct{ filings *ingest.Service }

// File files a row and waits until it is on file, or refused.
func (f declaredRows) File(ctx context.Context, r declaration.Row) ([]string, error) {
	raw, err := json.Marshal(r.Values)
	if err != nil {
		return nil, err
	}
	sub, err := f.filings.Submit(ctx, ingest.Request{Item: string(r.Item), Unit: r.Unit, FileName: "自主申报.ndjson", IdemKey: r.Key, Actor: r.Actor, Hold: true}, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if sub, err = f.filings.Run(ctx, sub.ID, nil); err != nil {
		return nil, err
	}
	return refusedBy(ctx, f.filings, sub)
}

// tendDeclarations files and takes down what was broken off, takes in rules that another process put in force, and sweeps drafts.
func (a *App) tendDeclarations(ctx context.Context) error {
	d := &a.Procedures.Declarations
	_, settled := d.Settle(ctx)
	_, swept := d.SweepDrafts(ctx)
	return errors.Join(settled, swept, d.rules.Refresh(ctx))
}

// declarationPages hangs in the desk of declarations.
func (a *App) declarationPages(site *web.Site, rt *web.Router) {
	p := &a.Procedures
	desk.New(desk.Deps{
		Site: site, DB: a.DB, Declarations: p.Declarations.Service, Rules: p.Declarations.rules, Cases: p.Flow, Labels: a.Publish, Agencies: a.Agencies, Editions: a.Editions, Looks: a.looks(),
	}).Routes(rt)
}

// declarationPart is what subjects do: declare, follow, mend, withdraw, replace, take back.
func declarationPart(a *App) me.Part {
	p := &a.Procedures
	return me.Declarations(me.DeclarationDeps{
		Declarations: p.Declarations.Service, Rules: p.Declarations.rules, Cases: p.Flow, DB: a.DB, Looks: a.looks(),
	})
}
