package app

import (
	"context"
	"errors"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/lifecycle"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// Lifecycle ends what is over and destroys what no archive keeps any longer.
type Lifecycle struct {
	*lifecycle.Service

	archive *ruleset.Book[*lifecycle.Archive]
}

// endsEvery is how soon after midnight what is over is written down; it is shown to nobody from midnight on, whether this has run or not.
const endsEvery = 2 * time.Minute

// openLifecycle opens the archive's periods and builds the service over them.
func (a *App) openLifecycle(ctx context.Context) (err error) {
	l := &a.Lifecycle
	l.archive, err = lifecycle.NewBook(a.DB, a.Clock, func(item catalog.ItemCode) bool {
		_, ok := a.Editions.Current(clock.Today(a.Clock)).Item(item)
		return ok
	})
	if err != nil {
		return err
	}
	l.Service = lifecycle.New(lifecycle.Config{
		DB: a.DB, Clock: a.Clock, Records: a.Records, Editions: a.Editions, Archive: l.archive,
		Forget: func(ctx context.Context, tx *db.Tx, at record.ID) error {
			_, err := a.Reports.Forget(ctx, tx, at)
			return err
		},
	})
	return l.archive.Refresh(ctx)
}

// Expired is what Expire did.
type Expired struct {
	lifecycle.Tally
	Entries  int `json:"entries"`  // list entries whose time was over or whose list lost its basis
	Measures int `json:"measures"` // orders that lost what they rest on
	Steps    int `json:"steps"`    // steps that the clock took in procedures
	Repairs  int `json:"repairs"`  // applications that have nothing left to repair, shields that are over, reminders
	Told     int `json:"told"`     // changed records whose holders were told
}

// Expire does at once what the scheduler does as the clock runs: it ends list entries and what rests on them, takes the clock's steps in procedures, ends records
// whose period is over, destroys what no archive keeps, and tells those who hold copies. One part that fails does not keep the others.
func (a *App) Expire(ctx context.Context, progress func(lifecycle.Tally)) (x Expired, err error) {
	var entries, measures, steps, repairs, records, told error
	x.Entries, entries = a.Lists.Listing.RunDue(ctx)
	x.Measures, measures = a.Lists.Measures.RunDue(ctx)
	filed := a.fileEntries(ctx)
	x.Steps, steps = a.Procedures.Flow.RunDue(ctx)
	x.Repairs, repairs = a.Procedures.Repairs.RunDue(ctx)
	x.Tally, records = a.Lifecycle.RunByHand(ctx, progress)
	x.Told, told = a.TellCorrections(ctx)
	return x, errors.Join(entries, measures, filed, steps, repairs, records, told)
}

// runLifecycle ends what is over, at the start and as the clock runs, until ctx ends.
func (a *App) runLifecycle(ctx context.Context) {
	var done clock.Date
	a.every(ctx, endsEvery, "lifecycle", func() error {
		today := clock.Today(a.Clock)
		if done == today {
			return a.Lifecycle.archive.Refresh(ctx)
		}
		_, err := a.Lifecycle.Run(ctx, nil)
		if err == nil || errors.Is(err, lifecycle.ErrQuiet) || errors.Is(err, lifecycle.ErrEarly) { // these are said once a day
			done = today
		}
		return err
	})
}
