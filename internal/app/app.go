// Package app is the composition root: it builds every part from one Config and runs them. Commands and end-to-end tests start the same App.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/backup"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/check"
	"gongxin/internal/clamd"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/limit"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/report"
	"gongxin/internal/ruleset"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
)

// App is a running installation.
type App struct {
	Config    config.Config
	DB        *db.DB
	Clock     clock.Clock
	Calendar  *clock.Calendar
	Divisions *ident.Divisions
	Editions  *catalog.Store
	Agencies  *agency.Store
	Subjects  *subject.Store
	Records   *record.Store
	Publish   *publish.Service
	Names     *publish.Names
	Ingest    *ingest.Service
	Reports   *report.Service
	Checks    *check.Service
	Trust     Trust
	Log       *slog.Logger

	Procedures Procedures
	Lists      Lists
	Lifecycle  Lifecycle

	Corrections *correction.Service
	terms       *ruleset.Book[*correction.Terms] // by when they are applied; drafts change them

	refusals *refusals
	swept    swept

	desk    *ingest.Desk
	options Options
	rules   *publish.Rules
	proxies limit.Proxies
	blobs   *blob.Store
	scanner *clamd.Client // nil = uploads are not scanned
	logOnce sync.Once
	log     *translog.Log
	logErr  error
	demo    []DemoAccount
	rows    atomic.Int64  // of filings, answered by this process
	wake    chan struct{} // a filing was acknowledged in this process

	checksWake  chan struct{} // a list of codes was ordered in this process
	reportsWake chan struct{} // a list of businesses to report on was
}

// Options are what does not stand in a configuration file.
type Options struct {
	Demo    bool        // the synthetic city, whose accounts anybody on the machine may use; on loopback only
	Map     []byte      // GeoJSON of the districts, unless the configuration names a file
	Clock   clock.Clock // nil = the machine's
	Log     *slog.Logger
	Version string
	DB      db.Options

	BatchRows  int // rows of one filing transaction; 0 = the default
	AfterBatch func(submission string, rowsDone int)
}

// Open builds an App over a configured database, migrating it first when migrate is set.
func Open(ctx context.Context, c config.Config, o Options, migrate bool) (_ *App, err error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := c.MakeData(); err != nil {
		return nil, err
	}
	a := &App{Config: c, Clock: o.Clock, Log: o.Log, options: o, wake: make(chan struct{}, 1)}
	if a.DB, err = db.Open(ctx, c.Database, o.DB); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	used, err := a.DB.InUse(ctx)
	if err != nil {
		return nil, err
	}
	if migrate || !used { // an empty database gets its tables; an older one is its operator's to migrate
		err = a.DB.Migrate(ctx)
	} else {
		err = a.DB.CheckSchema(ctx)
	}
	if err != nil {
		return nil, err
	}
	if half, err := backup.Restoring(ctx, a.DB.Read()); err != nil || half {
		return nil, errors.Join(err, backup.ErrOther)
	}
	if err := a.build(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) (err error) {
	if a.proxies, err = limit.ParseProxies(a.Config.Limits.Proxies); err != nil {
		return err
	}
	ring, err := OpenRing(ctx, a.DB, a.Config.KeyFile())
	if err != nil {
		return err
	}
	if a.blobs, err = blob.Open(a.Config.Data+"/blobs", ring); err != nil {
		return err
	}
	if err := errors.Join(a.openScanner(), a.readData(ctx)); err != nil {
		return err
	}
	legacy, err := subject.LegacyCodes(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	ids := id.NewMaker(a.Clock.Now)
	a.Agencies = agency.NewStore(a.DB, ids, a.Clock, a.Divisions)
	a.Subjects = subject.NewStore(a.DB, ids, ring)
	a.Records = record.NewStore(a.DB, ids)
	a.Names = publish.NewNames(a.Subjects, a.Clock, a.places())
	if err := errors.Join(a.openBooks(ctx), a.openLifecycle(ctx)); err != nil {
		return err
	}
	if err := a.openTrust(ids, ring); err != nil {
		return err
	}
	if err := a.openProcedures(ids, ring); err != nil {
		return err
	}
	a.Publish = publish.NewService(publish.Config{
		Records: a.Records, Subjects: a.Subjects, Agencies: a.Agencies, Editions: a.Editions, Rules: a.rules,
		Divisions: a.Divisions, Clock: a.Clock, Names: a.Names, Figures: publish.NewFigures(a.DB), Disclosure: a.disclosure(), PublicLog: a.Trust.watch, Proofs: prover{a},
	})
	a.Ingest = ingest.NewService(ingest.Config{
		DB: a.DB, Blobs: a.blobs, Subjects: a.Subjects, Records: a.Records, Agencies: a.Agencies, Editions: a.Editions,
		Rules: a.rules, Calendar: a.Calendar, Ring: ring, Clock: a.Clock, IDs: ids, Access: a.Trust.Audit, Legacy: func(code string) bool { return legacy[code] },
		Owner: ingest.Owner(id.Random()), BatchRows: a.options.BatchRows, MaxBytes: int64(a.Config.Limits.UploadMB) << 20, AfterBatch: a.afterBatch, Forbid: a.listRefused,
	})
	a.desk = ingest.NewDesk(a.Ingest)
	if err := a.openLists(ids); err != nil {
		return err
	}
	if err := a.openChecks(ids); err != nil {
		return err
	}
	if err := a.openReports(ids); err != nil {
		return err
	}
	return a.openCorrections(ids)
}

// readData reads the data that rules come from: calendars, catalogue, divisions, publicity rules.
func (a *App) readData(ctx context.Context) (err error) {
	a.Divisions = ident.DefaultDivisions()
	if a.Config.Divisions != "" {
		if a.Divisions, err = withFile(a.Config.Divisions, a.Divisions.Extend); err != nil {
			return err
		}
	}
	if a.rules, err = publish.DefaultRules(); err != nil {
		return err
	}
	if a.Config.Rules != "" {
		if a.rules, err = withFile(a.Config.Rules, publish.LoadRules); err != nil {
			return err
		}
	}
	if a.Calendar, err = catalog.Calendars(ctx, a.DB.Read()); err != nil {
		return err
	}
	if err := a.DB.Tx(ctx, logEarlier); err != nil {
		return err
	}
	if a.Editions, err = catalog.OpenStore(ctx, a.DB, a.Clock.Now()); err != nil {
		return err
	}
	return a.checkPublicity(a.Editions.Current(clock.Today(a.Clock)))
}

// logEarlier queues what a version without a public log put on file: editions, holiday tables, codes of the allow-list. The edition that ships with the
// program is queued at the first start, so that this happens once.
func logEarlier(ctx context.Context, tx *db.Tx) error {
	if logged, err := translog.AnyChange(ctx, tx, "catalog/1"); err != nil || logged {
		return err
	}
	return errors.Join(catalog.LogEarlier(ctx, tx), subject.LogEarlierCodes(ctx, tx))
}

func withFile[T any](path string, load func(io.Reader) (T, error)) (T, error) {
	f, err := os.Open(path)
	if err != nil {
		var zero T
		return zero, fmt.Errorf("app: %w", err)
	}
	defer func() { _ = f.Close() }()
	return load(f)
}

// LoadEdition puts a new edition of the catalogue on file.
func (a *App) LoadEdition(ctx context.Context, e *catalog.Edition, actor string) error {
	if err := a.checkPublicity(e); err != nil {
		return err
	}
	if err := a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return catalog.Save(ctx, tx, e, actor, a.Clock.Now()) }); err != nil {
		return err
	}
	return a.Editions.Add(e)
}

// checkPublicity refuses an edition whose items name a publicity rule that the rule file does not have.
func (a *App) checkPublicity(e *catalog.Edition) error {
	for _, item := range e.Items {
		if !a.rules.Has(item.Publicity) {
			return fault.New(fault.Invalid, "app.publicity", "目录事项 "+string(item.Code)+" 的公示规则 "+item.Publicity+" 不在公示规则文件中", "请修改目录或规则文件")
		}
	}
	return nil
}

// afterBatch counts a committed batch.
func (a *App) afterBatch(submission string, rows, done int) {
	a.rows.Add(int64(rows))
	if a.options.AfterBatch != nil {
		a.options.AfterBatch(submission, done)
	}
}

// places are the division names with which business names begin.
func (a *App) places() []string {
	var out []string
	seen := map[string]bool{}
	var walk func(code string)
	walk = func(code string) {
		for _, child := range a.Divisions.Children(code) {
			if name := a.Divisions.Name(child); name != "" && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
			walk(child)
		}
	}
	walk("")
	return out
}

// Wake tells the worker that a filing was acknowledged.
func (a *App) Wake() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Close ends the App; its database is consistent at any moment without it.
func (a *App) Close() error {
	var err error
	if a.refusals != nil {
		a.refusals.close()
	}
	if a.Trust.Identity != nil {
		a.Trust.Identity.Close()
	}
	if a.log != nil {
		err = a.log.Close()
	}
	return errors.Join(err, a.DB.Close())
}

// Jobs' intervals.
const (
	namesEvery    = time.Second
	statsEvery    = time.Minute
	editionsEvery = time.Minute
)

// Work runs the background jobs until ctx ends: filings, the name index, the public figures.
func (a *App) Work(ctx context.Context) error {
	log, err := a.publicLog(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = a.Ingest.Work(ctx, a.wake, a.Log) })
	wg.Go(func() { a.countStats(ctx) })
	wg.Go(func() { _ = log.Run(ctx, nil) })
	wg.Go(func() { a.runProcedures(ctx) })
	wg.Go(func() { a.sealTexts(ctx) })
	wg.Go(func() { a.sweepAttachments(ctx) })
	wg.Go(func() { a.runLists(ctx) })
	wg.Go(func() { a.runRepairs(ctx) })
	wg.Go(func() { a.runLifecycle(ctx) })
	wg.Go(func() { a.runCorrections(ctx) })
	wg.Go(func() { a.deliverNotices(ctx) })
	wg.Go(func() { a.Checks.Work(ctx, a.checksWake) })
	wg.Go(func() { a.sweepChecks(ctx) })
	wg.Go(func() { a.Reports.Work(ctx, a.reportsWake) })
	wg.Go(func() { a.sweepReports(ctx) })
	wg.Wait()
	return nil
}

// refreshEditions takes in editions and holiday tables that another process put on file.
func (a *App) refreshEditions(ctx context.Context) {
	a.every(ctx, editionsEvery, "catalogue", func() error {
		return errors.Join(a.Editions.Refresh(ctx, a.DB.Read()), a.refreshCalendar(ctx), a.Lists.refresh(ctx))
	})
}

// refreshCalendar takes in the holiday tables on file: whoever holds the calendar of this process counts by them from then on.
func (a *App) refreshCalendar(ctx context.Context) error {
	now, err := catalog.Calendars(ctx, a.DB.Read())
	if err != nil || a.Calendar.Same(now) {
		return err
	}
	a.Calendar.Replace(now)
	a.Log.InfoContext(ctx, "holiday tables taken in", slog.Int("years", len(now.Years())))
	return nil
}

// refreshNames keeps the name index of this process up with the register.
func (a *App) refreshNames(ctx context.Context) {
	a.every(ctx, namesEvery, "name index", func() error {
		_, err := a.Names.Refresh(ctx)
		return err
	})
}

// countStats counts the public figures anew when something was filed since, and at least once after midnight.
func (a *App) countStats(ctx context.Context) {
	var last string
	var rest time.Time // a large register takes long to count: at most a twentieth of the time goes into it
	a.every(ctx, statsEvery, "public figures", func() error {
		newest, err := translog.Newest(ctx, a.DB.Read())
		if err != nil {
			return err
		}
		mark := fmt.Sprintf("%d %s", newest, clock.Today(a.Clock))
		begun := a.Clock.Now()
		if mark == last || begun.Before(rest) {
			return nil
		}
		if _, err := a.Publish.CountStats(ctx); err != nil {
			return err
		}
		last, rest = mark, begun.Add(20*a.Clock.Now().Sub(begun))
		return nil
	})
}

// every runs a job now and then again after each interval; an error is logged and the next turn comes.
func (a *App) every(ctx context.Context, interval time.Duration, name string, job func() error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := job(); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "job failed", slog.String("job", name), slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Serve answers on the configured address until ctx ends, running the jobs beside it when work is set. ready is called with the address
// once it listens.
func (a *App) Serve(ctx context.Context, work bool, ready func(address string)) error {
	if err := exposed(a.Config); err != nil {
		return err
	}
	if a.options.Demo {
		list, err := a.DemoAccounts(ctx)
		if err != nil {
			return err
		}
		a.demo = list
	}
	handler, err := a.Handler()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.Config.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "app.listen", "无法监听 "+a.Config.Listen, "端口可能被占用，请用 --listen 换一个地址").With(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { a.refreshNames(ctx) })
	wg.Go(func() { a.refreshEditions(ctx) })
	wg.Go(func() { a.keepTrust(ctx) })
	if work {
		wg.Go(func() { _ = a.Work(ctx) })
	}
	server := a.server(handler)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	if ready != nil {
		ready("http://" + strings.Replace(listener.Addr().String(), "[::]", "localhost", 1))
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		grace, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err = server.Shutdown(grace)
		stop()
	}
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
