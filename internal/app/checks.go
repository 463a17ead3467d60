package app

import (
	"context"
	"slices"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/listing"
	"gongxin/internal/record"
)

// sweepChecksEvery is how often answers whose time is over lose their text.
const sweepChecksEvery = time.Hour

// openChecks builds the check over the gate, the lists and the measures.
func (a *App) openChecks(ids *id.Maker) (err error) {
	t := &a.Trust
	a.checksWake = make(chan struct{}, 1)
	var kept *check.Retention // nil = what ships, for who opens the register without the defaults of a configuration
	if months := a.Config.Check.AnswerMonths; months > 0 {
		if kept, err = check.RetentionOf(months); err != nil {
			return err
		}
	}
	a.Checks, err = check.New(check.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Ring: t.Ring, Log: t.Audit, Authority: t.Authority, Discloser: a.Publish, Agencies: a.Agencies, Matters: t.Matters,
		Editions: a.Editions, Lists: checkedLists{&a.Lists, a.inUse}, Measures: checkedMeasures{&a.Lists}, Records: a.Records, Notices: a.Procedures.Notices,
		Account: t.Identity.Ordered, Key: t.Identity.KeyStands, Owner: ingest.Owner(id.Random()), Errors: a.Log, Retention: kept,
	})
	return err
}

// wakeChecks tells the worker that a list of codes waits.
func (a *App) wakeChecks() {
	select {
	case a.checksWake <- struct{}{}:
	default:
	}
}

// sweepChecks deletes what is kept no longer, until ctx ends.
func (a *App) sweepChecks(ctx context.Context) {
	a.every(ctx, sweepChecksEvery, "checks", func() error {
		_, err := a.Checks.Sweep(ctx)
		return err
	})
}

// checkedLists tells checks who stands on which list. inUse leaves out what may not be used, though its unit has not taken it off the list yet.
type checkedLists struct {
	lists *Lists
	inUse func(ctx context.Context, q db.Querier, subject int64, entries []listing.Entry) ([]listing.Entry, error)
}

// Standing gives the entries of subjects that stood at an instant.
func (c checkedLists) Standing(ctx context.Context, q db.Querier, subjects []int64, at time.Time) (map[int64][]check.ListEntry, error) {
	by, err := c.lists.Listing.OfMany(ctx, q, subjects, at)
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]check.ListEntry, len(by))
	for subject, entries := range by {
		if entries, err = c.inUse(ctx, q, subject, entries); err != nil {
			return nil, err
		}
		for i := range entries {
			e := &entries[i]
			out[subject] = append(out[subject], check.ListEntry{ID: e.ID, List: e.Kind, Agency: e.Agency, ListedOn: e.ListedOn, Until: e.Until, Law: e.Law, Disputed: e.Disputed(at)})
		}
	}
	return out, nil
}

// inUse leaves out the entries whose record was repaired, taken down, shielded or is over: what may not be shown nor used in any outlet is no answer here either.
// An entry that is not on file as a record yet counts.
func (a *App) inUse(ctx context.Context, q db.Querier, subject int64, entries []listing.Entry) ([]listing.Entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	versions, err := a.Records.StandingOf(ctx, q, subject)
	if err != nil {
		return nil, err
	}
	var out []listing.Entry
	for i := range entries {
		row, filed, err := a.Lists.Listing.FiledAs(ctx, &entries[i])
		if err != nil {
			return nil, err
		}
		if key, ok := a.entryKey(&row); filed && ok && slices.ContainsFunc(versions, func(v record.Version) bool {
			return v.Item == row.Item && v.NaturalKey == key && v.Agency == row.Unit.ID && v.Status != record.Active
		}) {
			continue
		}
		out = append(out, entries[i])
	}
	return out, nil
}

// Kind gives a kind of list as it was on a day.
func (c checkedLists) Kind(code string, on clock.Date) (check.ListKind, bool) {
	k, ok := c.lists.kinds.On(on).ByCode(code)
	if !ok {
		return check.ListKind{}, false
	}
	polarity := check.Adverse
	if k.Polarity == "incentive" {
		polarity = check.Incentive
	}
	return check.ListKind{Code: k.Code, Name: k.Name, Item: k.Item, Polarity: polarity, Basis: k.Basis.String()}, true
}

// OfRecord tells of which list a record is an entry.
func (c checkedLists) OfRecord(item catalog.ItemCode, categories []string, on clock.Date) (check.ListKind, bool) {
	k, ok := c.lists.kinds.On(on).Of(item, categories)
	if !ok || !k.Basis.InForce(on) { // without its basis nobody stands on a list, whoever filed the entry
		return check.ListKind{}, false
	}
	return c.Kind(k.Code, on)
}

// checkedMeasures tells checks what a matter may apply.
type checkedMeasures struct{ lists *Lists }

// Allowed gives the measures.
func (c checkedMeasures) Allowed(ctx context.Context, q db.Querier, a check.Allowing) ([]check.Measure, error) {
	list, err := c.lists.Measures.Allowed(ctx, q, a.Matter, a.Kind, a.Lists, a.On, a.Known)
	if err != nil {
		return nil, err
	}
	out := make([]check.Measure, len(list))
	for i, m := range list {
		out[i] = check.Measure{Code: m.Measure, Kind: m.Kind, Content: m.Content, Basis: m.Basis, Body: m.Body, List: m.List, Polarity: check.Incentive}
		if m.Adverse {
			out[i].Polarity = check.Adverse
		}
	}
	return out, nil
}
