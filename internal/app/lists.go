package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// Lists is who stands on which list, and what follows from it.
type Lists struct {
	Listing  *listing.Service
	Measures *measure.Service

	kinds *ruleset.Book[*listing.Kinds]
	base  *ruleset.Book[*measure.Base]
}

// Kinds gives the kinds of lists in force today.
func (l *Lists) Kinds() *listing.Kinds { return l.kinds.Today() }

// Base gives the base list of measures in force today.
func (l *Lists) Base() *measure.Base { return l.base.Today() }

// openBooks opens the dated files of lists and measures, which drafts change.
func (a *App) openBooks(ctx context.Context) (err error) {
	l := &a.Lists
	l.kinds, err = listing.NewBook(a.DB, a.Clock, func(item catalog.ItemCode) bool {
		_, ok := a.Editions.Current(clock.Today(a.Clock)).Item(item)
		return ok
	})
	if err != nil {
		return err
	}
	l.base, err = measure.NewBook(a.DB, a.Clock, func(code string) bool {
		_, ok := l.kinds.Today().ByCode(code)
		return ok
	})
	if err != nil {
		return err
	}
	return l.refresh(ctx)
}

// refresh takes in files that another process put in force.
func (l *Lists) refresh(ctx context.Context) error {
	return errors.Join(l.kinds.Refresh(ctx), l.base.Refresh(ctx))
}

// appliers are the drafts of lists and measures.
func (l *Lists) appliers() map[approval.Kind]approval.Applier {
	return map[approval.Kind]approval.Applier{approval.Lists: l.kinds, approval.Measures: l.base}
}

// openLists builds lists and measures over the engine of procedures and the intake. An entry that ends recalls in its own transaction what rests on it.
func (a *App) openLists(ids *id.Maker) error {
	l, t, p := &a.Lists, &a.Trust, &a.Procedures
	p.Notices.Items = a.hookItems
	l.Listing = listing.New(listing.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Calendar: a.Calendar, Kinds: l.kinds, Subjects: a.Subjects, Agencies: a.Agencies, Authority: t.Authority, Flow: p.Flow, Acts: t.Audit, Ring: t.Ring,
		Filer: intake{a.Ingest}, Notices: p.Notices, Representative: a.representative, Mark: a.markEntry,
		Changed: func(ctx context.Context, tx *db.Tx, e *listing.Entry) error {
			if e.State != listing.Removed {
				return nil
			}
			return l.Measures.CauseEnded(ctx, tx, e.ID, e.RemovedNote)
		},
	})
	l.Measures = measure.New(measure.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Base: l.base, Subjects: a.Subjects, Agencies: a.Agencies, Matters: t.Matters, Causes: causes{l.Listing}, Usable: a.usable, Authority: t.Authority,
		Flow: p.Flow, Notices: p.Notices, Acts: t.Audit, Ring: t.Ring,
		List: func(code string) bool {
			_, ok := l.kinds.Today().ByCode(code)
			return ok
		},
	})
	return errors.Join(p.Flow.Register(listing.Table(), noHooks), p.Flow.Register(measure.Table(), l.Measures.Hooks()), p.Flow.Register(measure.WithdrawTable(), noHooks),
		a.openObjections(ids), a.openRepairs(ids), a.openDeclarations(ids, t.Ring))
}

// representativeField is where the record that establishes a business names its legal representative or the person in charge.
const representativeField = "DJ_FRDB"

// representative gives who represents a business, as far as the public may know it.
func (a *App) representative(ctx context.Context, code string) (string, error) {
	view, err := a.Publish.Subject(ctx, code, time.Time{})
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, p := range view.Basics {
		if p.Code == representativeField {
			return p.Value, nil
		}
	}
	return "", nil
}

// markEntry puts 异议中 onto the record that an entry was filed as, or takes it away. The record is found by its natural key, as the intake makes it.
func (a *App) markEntry(ctx context.Context, tx *db.Tx, r listing.Row, ref string, on bool) error {
	list, err := a.entryRecords(ctx, tx, &r)
	if err != nil {
		return err
	}
	for i := range list {
		v := &list[i]
		if on {
			err = a.Records.SetMark(ctx, tx, v.ID, record.Disputed, ref, a.Clock.Now())
		} else {
			err = a.Records.ClearMark(ctx, tx, v.ID, record.Disputed, ref, a.Clock.Now())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entryRecords gives the records that an entry's row was filed as, without their content.
func (a *App) entryRecords(ctx context.Context, q db.Querier, r *listing.Row) ([]record.Version, error) {
	key, ok := a.entryKey(r)
	if !ok {
		return nil, nil
	}
	list, err := a.Records.StandingOf(ctx, q, r.Subject)
	return slices.DeleteFunc(list, func(v record.Version) bool {
		return v.Item != r.Item || v.NaturalKey != key || v.Agency != r.Unit.ID
	}), err
}

// entryKey gives the natural key of the record that an entry was filed as.
func (a *App) entryKey(r *listing.Row) (string, bool) {
	today := clock.Today(a.Clock)
	item, ok := a.Editions.Current(today).Item(r.Item)
	if !ok {
		return "", false
	}
	values := make(catalog.Values, len(item.Fields))
	for i := range item.Fields {
		values[i] = r.Values[item.Fields[i].Code]
	}
	item.Check(values, &catalog.CheckInput{Received: today, UnitCode: r.Unit.Code, UnitName: r.Unit.Name}) // brings them to their normal form
	return item.Key(values), true
}

// usable says whether the record that an entry was filed as is in force still: one that was repaired, taken down, shielded or is over is no cause of anything new,
// though its unit has not taken it off the list yet.
func (a *App) usable(ctx context.Context, q db.Querier, entry int64) (bool, error) {
	e, ok, err := a.Lists.Listing.Standing(ctx, q, entry, clock.Today(a.Clock))
	if err != nil || !ok {
		return false, err
	}
	row, filed, err := a.Lists.Listing.FiledAs(ctx, &e)
	if err != nil || !filed {
		return err == nil, err
	}
	list, err := a.entryRecords(ctx, q, &row)
	return !slices.ContainsFunc(list, func(v record.Version) bool { return v.Status != record.Active }), err
}

// causes tells measures which entries stand.
type causes struct{ lists *listing.Service }

// Standing gives an entry that stands on a day.
func (c causes) Standing(ctx context.Context, q db.Querier, entry int64, on clock.Date) (measure.Cause, bool, error) {
	e, ok, err := c.lists.Standing(ctx, q, entry, on)
	if err != nil || !ok {
		return measure.Cause{}, false, err
	}
	return measure.Cause{Entry: e.ID, Subject: e.Subject, List: e.Kind, Agency: e.Agency, Until: e.Until}, true, nil
}

// listRefused makes what refuses rows, of whatever file, that put somebody onto a list without a basis in force, or by a unit that may not list.
func (a *App) listRefused(ctx context.Context, item *catalog.Item, unit *agency.Agency, on clock.Date) (func(catalog.Values) (catalog.Reason, bool), error) {
	gate, err := a.Lists.Listing.Gate(ctx, item, unit, on)
	if err != nil || gate == nil {
		return nil, err
	}
	return gate.Refuse, nil
}

// intake files what other procedures make into the register by the one way in.
type intake struct{ filings *ingest.Service }

var errFiled = fault.New(fault.Internal, "app.filing", "名单条目没有能够写入信用库", "请在报送批次中查看被退回的原因")

// File files rows for a unit and waits until they are on file. The same key again is the same filing.
func (f intake) File(ctx context.Context, item catalog.ItemCode, unit, name, key string, rows []byte) error {
	sub, err := f.filings.Submit(ctx, ingest.Request{
		Item: string(item), Unit: unit, FileName: name, IdemKey: key, Actor: authz.SystemActor("listing").String(), Hold: true,
	}, bytes.NewReader(rows))
	if err != nil {
		return err
	}
	if sub, err = f.filings.Run(ctx, sub.ID, nil); err != nil {
		return err
	}
	if sub.State != ingest.Done || sub.Rejected > 0 {
		return errFiled.With(fmt.Errorf("submission %s: %s, %d rejected", sub.ID, sub.State, sub.Rejected))
	}
	return nil
}

// runLists ends what is over, recalls what lost its basis, and files what was decided, until ctx ends.
func (a *App) runLists(ctx context.Context) {
	l := &a.Lists
	a.every(ctx, dueEvery, "lists", func() error {
		_, ended := l.Listing.RunDue(ctx)
		_, recalled := l.Measures.RunDue(ctx)
		return errors.Join(ended, recalled, a.fileEntries(ctx))
	})
}

// fileEntries files what was decided. Entries that wait for the registration of their business are no fault: the desk shows them.
func (a *App) fileEntries(ctx context.Context) error {
	_, err := a.Lists.Listing.FileDue(ctx)
	if errors.Is(err, listing.ErrRepresentative) {
		return nil
	}
	return err
}
