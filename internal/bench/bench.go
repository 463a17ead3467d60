// Package bench keeps one rule: a speed is stated beside a floor that was taken in the same run, on the same machine, engine and data.
// What the product does is set against the plainest way to move the same bytes: the same rows inserted without any check, the same
// records read by one statement, the same page written from memory. Machines differ; the ratio says what the product costs.
//
// A run makes its own database, fills it through the intake with the files of the synthetic city, and measures at each size. It never
// touches a database that holds anything.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/obs"
	"gongxin/internal/synth"
)

// Part is one row of the performance page.
type Part string

// The parts that can be measured.
const (
	Filing  Part = "filing"
	Query   Part = "query"
	Search  Part = "search"
	Page    Part = "page"
	List    Part = "list"
	Check   Part = "check"
	Reports Part = "report"
	// Windows lets many windows work at once for a set time. It takes minutes and is measured only when asked for.
	Windows Part = "windows"
	// Ends takes records back and lets periods end, many at once. It changes the data and is measured last, only when asked for.
	Ends Part = "ends"
)

// Parts lists every part of a usual run in the order in which they are measured.
var Parts = []Part{Filing, Query, Search, Page, List, Check, Reports}

var everyPart = append(slices.Clone(Parts), Windows, Ends)

// Options say what is measured.
type Options struct {
	// Database is postgres://… of an empty database that may create others, or the path of a SQLite file that does not exist yet. None
	// means a new file in the run's own folder.
	Database string
	Data     string  // folder in which the run makes its own; none means the system's for temporary files
	Sizes    []int   // records at which is measured, ascending; the database grows from one to the next
	Subjects int     // at the largest size; 0 = a tenth of the records
	Seed     uint64  // of the synthetic city
	Only     []Part  // none means all
	Clients  []int   // connections at full load, one measurement each
	Seconds  float64 // of one measurement
	Sample   int     // rows of the files that are held against the floor; 0 = 200,000, and never more than a quarter of the records
	Keep     bool    // leave the database and the folder
	Load     WindowLoad
	Version  string // of the program
	// Progress is told what is being done and how much of it is done; it may be nil.
	Progress func(what string, share float64)
}

// Defaults and bounds of Options.
const (
	DefaultSeconds = 5
	defaultSample  = 200_000
	minRecords     = 1000
)

var (
	errOptions = fault.New(fault.Invalid, "bench.options", "测量的参数不对", "请检查记录数、并发数和测量秒数")
	errFull    = fault.New(fault.Conflict, "bench.not_empty", "该数据库中已有内容，测量只在为此新建的空库中进行", "请用 createdb 新建一个数据库，或不写 --database 使用临时文件")
	errExists  = fault.New(fault.Conflict, "bench.exists", "该数据库文件已存在，测量只写新的文件", "请换一个路径，或不写 --database 使用临时文件")
)

func (o Options) withDefaults() (Options, error) {
	if len(o.Sizes) == 0 {
		o.Sizes = []int{100_000}
	}
	if len(o.Only) == 0 {
		o.Only = Parts
	}
	if len(o.Clients) == 0 {
		o.Clients = []int{1, 8, 32}
	}
	if o.Seconds == 0 {
		o.Seconds = DefaultSeconds
	}
	if o.Sample <= 0 {
		o.Sample = defaultSample
	}
	o.Load = o.Load.withDefaults()
	if o.Progress == nil {
		o.Progress = func(string, float64) {}
	}
	last := o.Sizes[len(o.Sizes)-1]
	if o.Subjects == 0 {
		o.Subjects = max(1, last/10)
	}
	switch {
	case !slices.IsSorted(o.Sizes) || o.Sizes[0] < minRecords || len(slices.Compact(slices.Clone(o.Sizes))) < len(o.Sizes):
		return o, errOptions.Messagef("记录数应从小到大，不重复，且不少于 %d", minRecords)
	case last > synth.MaxRecords || o.Subjects < 1 || o.Subjects > synth.MaxSubjects:
		return o, errOptions.Messagef("主体数应在 1 至 %d 之间", synth.MaxSubjects)
	case slices.Min(o.Clients) < 1 || slices.Max(o.Clients) > 1000:
		return o, errOptions.Messagef("并发数应在 1 至 1000 之间")
	case !(o.Seconds > 0 && o.Seconds <= 3600):
		return o, errOptions.Messagef("每项测量的秒数应大于 0，不超过 3600")
	}
	for _, p := range o.Only {
		if !slices.Contains(everyPart, p) {
			return o, errOptions.Messagef("没有“%s”这一项，可选：%v", string(p), everyPart)
		}
	}
	return o, o.Load.check()
}

// runner is one run.
type runner struct {
	Options
	dir      string
	conf     config.Config
	clock    clock.Clock
	app      *app.App
	report   *Report
	rng      *rand.Rand
	cities   []*synth.City
	counters []counter // windows that the run has opened
	bulk     bool      // the product is open for filling: nothing is measured
}

// bulkRows is the batch of filling: larger than in service, because ten million rows would take very long otherwise.
const bulkRows = 32_768

// filling opens the product anew for filling, or for service.
func (r *runner) filling(ctx context.Context, on bool) error {
	r.bulk = on
	return r.reopen(ctx)
}

// opening is the moment at which the run begins in the city's time: a working day's morning.
const opening = 10 * time.Hour

// moving is a clock that starts at a chosen moment and then runs like the machine's, so that the same seed gives the same days.
type moving struct{ from, began time.Time }

func (m moving) Now() time.Time { return m.from.Add(time.Since(m.began)) }

// Run measures and gives the report.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	defer fault.Wrap(&err, "bench")
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	r := &runner{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), clock: moving{synth.DefaultToday.Start().Add(opening), time.Now()}}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.clean(context.WithoutCancel(ctx))) }()
	if err := r.reopen(ctx); err != nil {
		return nil, err
	}
	if r.report, err = r.newReport(ctx); err != nil {
		return nil, err
	}
	for i := range o.Sizes {
		if err := r.stage(ctx, i); err != nil {
			return nil, err
		}
	}
	r.report.finish()
	return r.report, nil
}

// prepare makes the run's folder and refuses databases that hold anything.
func (r *runner) prepare(ctx context.Context) (err error) {
	if r.Data != "" {
		if err := os.MkdirAll(r.Data, 0o700); err != nil {
			return err
		}
	}
	if isServer(r.Database) {
		if err := refuseFull(ctx, r.Database); err != nil {
			return err
		}
	} else if _, err := os.Stat(r.Database); r.Database != "" && err == nil {
		return errExists
	}
	if r.dir, err = os.MkdirTemp(r.Data, "gongxin-bench-"); err != nil {
		return err
	}
	if r.Database == "" {
		r.Database = filepath.Join(r.dir, "bench.db")
	}
	r.conf, err = config.Config{
		Database: r.Database, Data: filepath.Join(r.dir, "data"), City: config.City{Name: "临溪市", Code: "990100"},
		Limits: config.Limits{PerSecond: -1},
	}.Defaults() // one client asks here as fast as it can
	return err
}

func isServer(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func refuseFull(ctx context.Context, url string) (err error) {
	d, err := db.Open(ctx, url, db.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var n int
	err = d.Read().QueryRowContext(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'`).Scan(&n)
	if err == nil && n > 0 {
		err = errFull
	}
	return err
}

// reopen starts the product anew, as after a restart: caches and name index are empty.
func (r *runner) reopen(ctx context.Context) (err error) {
	if err := r.close(); err != nil {
		return err
	}
	// Every request is logged as in service; the lines go nowhere.
	o := app.Options{Clock: r.clock, Log: obs.Logger(io.Discard, "info", "json"), Version: r.Version}
	if r.bulk {
		o.BatchRows = bulkRows
	}
	r.app, err = app.Open(ctx, r.conf, o, true)
	return err
}

func (r *runner) close() error {
	if r.app == nil {
		return nil
	}
	a := r.app
	r.app = nil
	return a.Close()
}

// clean leaves nothing behind unless told to.
func (r *runner) clean(ctx context.Context) error {
	err := r.close()
	if r.Keep {
		return err
	}
	if isServer(r.Database) {
		err = errors.Join(err, dropTables(ctx, r.Database))
	} else {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if e := os.Remove(r.Database + suffix); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// dropTables empties the database that was empty when the run began.
func dropTables(ctx context.Context, url string) (err error) {
	d, err := db.Open(ctx, url, db.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	rows, err := d.Read().QueryContext(ctx, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = current_schema()`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var tables []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return err
		}
		tables = append(tables, t)
	}
	if err := rows.Err(); err != nil || len(tables) == 0 {
		return err
	}
	_ = rows.Close() // gives the only connection back
	_, err = d.Read().ExecContext(ctx, "DROP TABLE "+strings.Join(tables, ", "))
	return err
}

// wants says whether a part was asked for.
func (r *runner) wants(p Part) bool { return slices.Contains(r.Only, p) }

// stage grows the database to a size and measures there.
func (r *runner) stage(ctx context.Context, i int) error {
	before := 0
	if i > 0 {
		before = r.Sizes[i-1]
	}
	s := &Stage{Records: r.Sizes[i]}
	r.report.Stages = append(r.report.Stages, s)
	if err := r.labelled(ctx, Filing, func(ctx context.Context) error { return r.fill(ctx, s, before) }); err != nil {
		return err
	}
	if err := r.settle(ctx, s); err != nil {
		return err
	}
	reads := map[Part]func(context.Context, *Stage) error{
		Query: r.measureQuery, Search: r.measureSearch, Page: r.measurePages, List: r.measureLists, Check: r.measureCheck, Reports: r.measureReports,
		Windows: r.measureWindows, Ends: r.measureEnds,
	}
	for _, p := range everyPart {
		measure, ok := reads[p]
		if !ok || !r.wants(p) {
			continue
		}
		if err := r.labelled(ctx, p, func(ctx context.Context) error { return measure(ctx, s) }); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// labelled marks the goroutines of a part in profiles.
func (r *runner) labelled(ctx context.Context, p Part, f func(context.Context) error) (err error) {
	pprof.Do(ctx, pprof.Labels("part", string(p)), func(ctx context.Context) { err = f(ctx) })
	return err
}

// settle brings the database to the state in which it serves: PostgreSQL's autovacuum would do the same a little later.
func (r *runner) settle(ctx context.Context, s *Stage) error {
	r.Progress("整理数据库", 0)
	if r.app.DB.Engine() == db.Postgres {
		if err := r.app.DB.Vacuum(ctx); err != nil {
			return err
		}
	}
	if err := r.app.DB.Checkpoint(ctx); err != nil {
		return err
	}
	if err := r.reopen(ctx); err != nil {
		return err
	}
	err := r.app.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM subject WHERE kind <> 'person'`).Scan(&s.Subjects)
	if err != nil {
		return err
	}
	s.DatabaseBytes, err = r.app.DB.Size(ctx)
	return err
}

// span is how long one measurement takes.
func (r *runner) span(share float64) time.Duration {
	return time.Duration(r.Seconds * share * float64(time.Second))
}
