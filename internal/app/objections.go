package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/listing"
	"gongxin/internal/objection"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/ruleset"
	"gongxin/internal/web"
	desk "gongxin/internal/web/desk/objections"
	"gongxin/internal/web/me"
)

// Objections is who disputes what.
type Objections struct {
	*objection.Service
	rules *ruleset.Book[*objection.Rules]
}

// openObjectionRules opens the dated file of rules, which drafts change.
func (a *App) openObjectionRules() (err error) {
	o := &a.Procedures.Objections
	if o.rules, err = objection.NewBook(a.DB, a.Clock); err != nil {
		return err
	}
	a.Trust.appliers[approval.Objections] = o.rules
	a.Trust.Drafts.Register(approval.Objections, o.rules)
	return o.rules.Refresh(context.Background())
}

// openObjections builds objections over the engine of procedures, the register, the lists and the intake.
func (a *App) openObjections(ids *id.Maker) error {
	p := &a.Procedures
	p.Objections.Service = objection.New(objection.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Ring: a.Trust.Ring, Calendar: a.Calendar, Rules: p.Objections.rules, Records: a.Records, Lists: disputes{a.Lists.Listing, a.Lists.kinds, a.entryRecords}, Repairs: disputedRepairs{&p.Repairs}, Agencies: a.Agencies,
		Authority: a.Trust.Authority, Flow: p.Flow, Notices: p.Notices, Filer: correctedRows{a.Ingest}, ItemName: a.itemName,
	})
	return p.Flow.Register(objection.Table(), p.Objections.Hooks())
}

// itemName names an item as the catalogue in force has it.
func (a *App) itemName(code catalog.ItemCode) string {
	if item, ok := a.Editions.Current(clock.Today(a.Clock)).Item(code); ok {
		return item.Name
	}
	return string(code)
}

// disputes tells objections of the entries on lists.
type disputes struct {
	lists *listing.Service
	kinds *ruleset.Book[*listing.Kinds]
	filed func(ctx context.Context, q db.Querier, r *listing.Row) ([]record.Version, error) // the records that an entry's row was filed as
}

// FiledAs gives the records that an entry was filed as.
func (d disputes) FiledAs(ctx context.Context, q db.Querier, entry int64) ([]record.ID, error) {
	e, err := d.lists.Get(ctx, q, entry)
	if err != nil {
		return nil, err
	}
	row, filed, err := d.lists.FiledAs(ctx, &e)
	if err != nil || !filed {
		return nil, err
	}
	list, err := d.filed(ctx, q, &row)
	ids := make([]record.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids, err
}

// Entry gives an entry by its number.
func (d disputes) Entry(ctx context.Context, q db.Querier, entry int64) (objection.ListEntry, error) {
	e, err := d.lists.Get(ctx, q, entry)
	if err != nil {
		return objection.ListEntry{}, err
	}
	name := e.Kind
	if k, ok := d.kinds.Today().ByCode(e.Kind); ok {
		name = k.Name
	}
	return objection.ListEntry{Subject: e.Subject, Agency: e.Agency, List: name, Stands: e.State == listing.Listed && e.Stands(clock.Today(d.lists.Clock), time.Time{})}, nil
}

// Dispute marks an entry, or takes the mark away.
func (d disputes) Dispute(ctx context.Context, tx *db.Tx, entry int64, ref string, on bool) error {
	return d.lists.Dispute(ctx, tx, entry, ref, on)
}

// OwnEntries gives the entries on which a subject stands.
func (d disputes) OwnEntries(ctx context.Context, subject int64) ([]me.Entry, error) {
	list, err := d.lists.Of(ctx, d.lists.DB.Read(), subject, time.Time{})
	if err != nil {
		return nil, err
	}
	var out []me.Entry
	for i := range list {
		e, err := d.Entry(ctx, d.lists.DB.Read(), list[i].ID)
		if err != nil {
			return nil, err
		}
		out = append(out, me.Entry{ID: list[i].ID, List: e.List, On: list[i].ListedOn})
	}
	return out, nil
}

// disputedRepairs tells objections how applications for repair were answered, and takes them up again.
type disputedRepairs struct{ repairs *Repairs }

// Answered gives the latest answer about a record's repair.
func (d disputedRepairs) Answered(ctx context.Context, q db.Querier, at record.ID) (objection.RepairAnswer, bool, error) {
	out, ok, err := d.repairs.OutcomeOf(ctx, q, at)
	if err != nil || !ok {
		return objection.RepairAnswer{}, false, err
	}
	answer := objection.RepairAnswer{ID: out.Repair, Word: out.Word}
	for _, stage := range out.Stages {
		answer.Stages = append(answer.Stages, objection.Stage{Code: string(stage), Name: stage.Name(), Agreed: stage.Agreed()})
	}
	return answer, true, nil
}

// Reopen takes an application up again.
func (d disputedRepairs) Reopen(ctx context.Context, tx *db.Tx, at int64, stage, no, reason string) error {
	return d.repairs.Reopen(ctx, tx, repair.Reopening{Repair: at, Stage: repair.Stage(stage), No: no, Reason: reason})
}

// correctedRows files corrected rows by the one way in, as whoever answers for the source.
type correctedRows struct{ filings *ingest.Service }

// maxReasons is how many reasons a page names.
const maxReasons = 20

// File files a row and waits until it is on file, or refused.
func (f correctedRows) File(ctx context.Context, item catalog.ItemCode, unit, key string, row map[string]string) ([]string, error) {
	raw, err := json.Marshal(row)
	if err != nil {
		return nil, err
	}
	sub, err := f.filings.Submit(ctx, ingest.Request{Item: string(item), Unit: unit, FileName: "异议更正.ndjson", IdemKey: key, Actor: authz.From(ctx).String(), Hold: true}, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if sub, err = f.filings.Run(ctx, sub.ID, nil); err != nil {
		return nil, err
	}
	return refusedBy(ctx, f.filings, sub)
}

// refusedBy gives the reasons for which a filing of one row was refused; none when it is on file.
func refusedBy(ctx context.Context, filings *ingest.Service, sub *ingest.Submission) ([]string, error) {
	if sub.State == ingest.Done && sub.Rejected == 0 {
		return nil, nil
	}
	r, err := filings.Receipt(ctx, sub.ID, 0, 1)
	if err != nil {
		return nil, err
	}
	var out []string
	if r.Failure != nil {
		out = append(out, r.Failure.Message)
	}
	for i := range r.Rows {
		for _, reason := range r.Rows[i].Reasons {
			if len(out) < maxReasons && reason.Severity == catalog.Error {
				out = append(out, reason.Message)
			}
		}
	}
	if len(out) == 0 {
		return nil, errFiled
	}
	return out, nil
}

// tendObjections takes in rules that another process put in force, and sweeps drafts.
func (a *App) tendObjections(ctx context.Context) error {
	o := &a.Procedures.Objections
	_, err := o.SweepDrafts(ctx)
	return errors.Join(err, o.rules.Refresh(ctx))
}

// objectionPages hangs in the desk of objections.
func (a *App) objectionPages(site *web.Site, rt *web.Router) {
	p := &a.Procedures
	desk.New(desk.Deps{
		Site: site, DB: a.DB, Objections: p.Objections.Service, Rules: p.Objections.rules, Cases: p.Flow, Register: a.Publish, Records: a.Records, Labels: a.Publish, Agencies: a.Agencies,
		Editions: a.Editions, Looks: a.looks(), Clock: a.Clock, Calendar: a.Calendar,
	}).Routes(rt)
}

// objectionPart is what subjects do: object, follow, supplement, withdraw, ask for a review.
func objectionPart(a *App) me.Part {
	p := &a.Procedures
	return me.Objections(me.ObjectionDeps{
		Objections: p.Objections.Service, Rules: p.Objections.rules, Cases: p.Flow, DB: a.DB, Entries: disputes{a.Lists.Listing, a.Lists.kinds, a.entryRecords}, Calendar: a.Calendar, Looks: a.looks(),
	})
}
