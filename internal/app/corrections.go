package app

import (
	"context"
	"time"

	"gongxin/internal/correction"
	"gongxin/internal/id"
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
