package app

import (
	"context"
	"time"

	"gongxin/internal/correction"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/translog"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/corrections"
	"gongxin/internal/web/me"
)

// tellEvery is how often changes are passed on to those who hold copies, and settle how long a change waits before: an answer that was read just before the change
// stands in the access log by then.
const (
	tellEvery = 5 * time.Second
	settle    = 30 * time.Second
)

// handling are the kinds of look-ups of those who handle a procedure about a record: they decide on it, and hold no copy to use.
var handling = []string{"objection", "repair"}

// openCorrections builds what carries corrections to the copies.
func (a *App) openCorrections(ids *id.Maker) error {
	t, p := &a.Trust, &a.Procedures
	terms, err := correction.DefaultTerms()
	if err != nil {
		return err
	}
	a.Corrections = correction.New(correction.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Records: a.Records, Cases: p.Flow, Notices: p.Notices, Agencies: a.Agencies, Authority: t.Authority, Acts: t.Audit, Terms: terms,
		Outlets: []correction.Outlet{correction.Looked(t.Audit, handling...), correction.Reported(a.Reports, t.Audit)},
	})
	return p.Flow.Register(correction.Table(), noHooks)
}

// runCorrections passes changes on, until ctx ends.
func (a *App) runCorrections(ctx context.Context) {
	a.every(ctx, tellEvery, "corrections", func() error {
		_, err := a.Corrections.Tell(ctx, a.Clock.Now().Add(-settle))
		return err
	})
}

// TellCorrections passes on every change until now, and gives how many changed records that were. Commands and measurements call it, where nobody asks meanwhile.
func (a *App) TellCorrections(ctx context.Context) (int, error) {
	return a.Corrections.Tell(ctx, a.Clock.Now().Add(time.Second))
}

// correctionPages hangs in the desk of corrections.
func (a *App) correctionPages(site *web.Site, rt *web.Router) {
	corrections.New(corrections.Deps{
		Site: site, Corrections: a.Corrections, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Matters: a.Trust.Matters, ItemName: a.itemName, Looks: a.looks(),
		Calendar: a.Calendar, Clock: a.Clock,
	}).Routes(rt)
}

// correctionPart is where subjects see how far corrections of their records have travelled.
func correctionPart(a *App) me.Part {
	return me.Corrections(me.CorrectionDeps{Receipts: a.Corrections, Positions: a.positions})
}

// positions gives where the leaves of changes stand in the public log; -1 = not yet.
func (a *App) positions(ctx context.Context, list []correction.Receipt) ([]int64, error) {
	out, at := make([]int64, len(list)), make([]translog.Location, len(list))
	for i := range list {
		var err error
		if at[i], err = a.Records.Locate(ctx, list[i].Record, list[i].Version); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		out[i] = -1
	}
	log, err := a.reportProver(ctx)
	if err != nil { // there is no log yet
		return out, nil //nolint:nilerr // a receipt without a place in the log says so
	}
	proofs, err := log.ProveSeveral(ctx, at)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Unavailable {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for i, p := range proofs.Included {
		if p != nil && at[i] != (translog.Location{}) {
			out[i] = p.Index
		}
	}
	return out, nil
}
