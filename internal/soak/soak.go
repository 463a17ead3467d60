package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
	"gongxin/internal/synth"
)

// run is one soak.
type run struct {
	o      Options
	srv    *server
	pg     *postgres
	load   *load
	watch  *logWatch
	seen   map[record.ID]bool // what everyone could download at the end
	report *Report
	begun  time.Time
	random *rand.Rand
	lifted time.Time // when the last blow of the present fault fell, or the fault was lifted
}

// Run puts a server under load and faults, and reports what became of what it acknowledged. Problems it found are in the report; an error means that the
// soak itself could not be done.
func Run(ctx context.Context, o Options) (*Report, error) { return (&run{}).run(ctx, o) }

func (r *run) run(ctx context.Context, o Options) (_ *Report, err error) {
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	r.o, r.random = o, rand.New(rand.NewPCG(o.Seed, 3))
	r.report = &Report{Engine: o.Engine, Seed: o.Seed, CPUs: runtime.NumCPU(), Problems: []string{}, Unchecked: []string{}}
	database := filepath.Join(o.Dir, "data", "gongxin.db")
	if o.Engine == string(db.Postgres) {
		if r.pg, err = newPostgres(ctx, o.Bin); err != nil {
			return nil, err
		}
		defer r.pg.remove()
		database = r.pg.url()
	}
	if r.srv, err = newServer(o, database); err != nil {
		return nil, err
	}
	defer func() { _ = r.srv.log.Close() }()
	if err := r.srv.start(ctx); err != nil {
		return nil, err
	}
	if r.load, err = newLoad(o, r.srv); err != nil {
		r.srv.kill()
		return nil, err
	}
	if err := r.work(ctx); err != nil {
		r.srv.kill()
		return nil, err
	}
	if err := r.check(ctx, database); err != nil {
		return nil, err
	}
	r.sumUp()
	return r.report, r.write()
}

// newLoad makes the load for a server that has opened the accounts of it.
func newLoad(o Options, srv *server) (*load, error) {
	raw, err := os.ReadFile(filepath.Join(srv.data, keysName))
	if err != nil {
		return nil, fmt.Errorf("soak: keys: %w", err)
	}
	l := &load{
		seed: o.Seed, firms: newFirms(), today: func() synth.Options { return cityOptions(1, clock.Today(clock.System{})) },
		looks: looks{refused: map[lookKind]int{}, unsure: map[int64]int{}, own: map[int64]int{}},
	}
	if err := json.Unmarshal(raw, &l.keys); err != nil {
		return nil, fmt.Errorf("soak: keys: %w", err)
	}
	c := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: o.Filers + o.Readers + keepers + agentsHeld + 6},
		Timeout:       40 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	by := func(key string) *httpClient { return &httpClient{base: srv.address, key: key, http: c} }
	l.filer, l.window, l.bank, l.public, l.visitor = by(l.keys.Filer), by(l.keys.Window), by(l.keys.Bank), by(""), by("")
	return l, nil
}

// prepare files what the questions are about and opens the accounts of the firms' agents.
func (r *run) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := r.load.foundation(ctx); err != nil {
		return err
	}
	for _, f := range r.load.firms[:agentsHeld] {
		var err error
		if f.agent, err = r.srv.agent(ctx, f.code); err != nil {
			return err
		}
	}
	return nil
}

// work loads the server and does faults to it, and then lets it finish.
func (r *run) work(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.begun = time.Now()
	r.report.Begun = r.begun
	loaded, stop := context.WithTimeout(ctx, r.o.Duration)
	defer stop()
	var wg sync.WaitGroup
	r.begin(loaded, &wg)
	r.watch = &logWatch{tally: &r.load.tally, seen: map[int64]string{}}
	wg.Go(func() { r.watch.run(loaded, r.load.public, r.load.problem) })
	err := r.faults(loaded)
	stop()
	wg.Wait()
	r.report.Seconds = time.Since(r.begun).Seconds()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.drain(ctx)
	r.watch.look(ctx, r.load.public, r.load.problem)
	r.download(ctx)
	r.srv.stop()
	r.report.Log = LogSeen{Served: r.watch.served, Checkpoints: len(r.watch.seen), Size: r.watch.last}
	return nil
}

// begin sets everybody to work.
func (r *run) begin(ctx context.Context, wg *sync.WaitGroup) {
	l := r.load
	for range r.o.Filers {
		wg.Go(func() { l.file(ctx) })
	}
	for n := range r.o.Readers {
		wg.Go(func() { l.browse(ctx, n) })
	}
	for n := range keepers {
		wg.Go(func() { l.keep(ctx, n) })
	}
	for n, f := range l.firms[:agentsHeld] {
		wg.Go(func() { l.agent(ctx, f, n) })
	}
	wg.Go(func() { l.officer(ctx, 0) })
	wg.Go(func() { l.banker(ctx) })
	wg.Go(func() { l.staff(ctx) })
}

// drainWithin is how long the server may take to finish what it acknowledged, after the load, and to put it into the log.
const drainWithin = 5 * time.Minute

// drain lets the server finish.
func (r *run) drain(ctx context.Context) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	for _, a := range r.load.acknowledged() {
		if a.receipt == nil {
			r.load.await(ctx, a)
		}
	}
	if err := settled(ctx, r.load.public); err != nil {
		r.load.problem("%v", err)
	}
	r.report.Drain = time.Since(begun).Seconds()
}

// check opens the database after the server has ended.
func (r *run) check(ctx context.Context, database string) error {
	d, err := db.Open(ctx, database, db.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	c := r.inspect(ctx, d)
	r.watch.prove(ctx, r.srv.data, d, c)
	r.report.Versions = c.number(ctx, `SELECT count(*) FROM record_version`)
	r.report.Leaves = c.number(ctx, `SELECT coalesce(sum(n), 0) FROM log_outbox`)
	r.load.problems = append(r.load.problems, c.problems...)
	r.report.Checked = c.done
	return nil
}

// inspect holds everything that was acknowledged, answered and shown against the database.
func (r *run) inspect(ctx context.Context, d *db.DB) *checker {
	c := &checker{d: d}
	c.all(ctx, r.load.acknowledged())
	c.papers(ctx, r.load.firms)
	c.access(ctx, r.load)
	c.grants(ctx, r.load)
	c.public(ctx, r.seen)
	return c
}

func (r *run) sumUp() {
	l := r.load
	r.report.Problems = append(r.report.Problems, l.problems...)
	r.report.Passed = len(r.report.Problems) == 0
	rows := 0
	for _, a := range l.acks {
		rows += a.rows
	}
	r.report.Filings = Filings{Acknowledged: len(l.acks), Rows: rows, Repeated: l.repeated}
	r.report.Requests = l.tally.report()
	r.report.Recoveries = recoveries(r.report.Faults)
	for _, n := range l.refused {
		r.report.Looks.Refused += n
	}
	for _, n := range l.own {
		r.report.Looks.Own += n
	}
	for _, n := range l.unsure {
		r.report.Looks.Unanswered += n
	}
	r.report.Looks.Answered = len(l.answered)
}

// write keeps the report beside the data.
func (r *run) write() error {
	raw, err := json.MarshalIndent(r.report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.o.Dir, "report.json"), raw, 0o600); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	return nil
}
