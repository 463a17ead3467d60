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
	"gongxin/internal/synth"
)

// run is one soak.
type run struct {
	o      Options
	srv    *server
	pg     *postgres
	load   *load
	client Client
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
	if o.Key == "" {
		raw, err := os.ReadFile(filepath.Join(o.Dir, "data", keyName))
		if err != nil {
			return nil, fmt.Errorf("soak: key: %w", err)
		}
		o.Key = string(raw)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: o.Filers + o.Readers + 2}
	r.client = &httpClient{base: r.srv.address, key: o.Key, http: &http.Client{Transport: transport, Timeout: 40 * time.Second}}
	r.load = &load{client: r.client, seed: o.Seed, filed: map[string]int{}, read: map[string]int{}, today: func() synth.Options { return cityOptions(1, clock.Today(clock.System{})) }}
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

// work loads the server and does faults to it, and then lets it finish.
func (r *run) work(ctx context.Context) error {
	r.begun = time.Now()
	r.report.Begun = r.begun
	loaded, stop := context.WithTimeout(ctx, r.o.Duration)
	defer stop()
	var wg sync.WaitGroup
	for range r.o.Filers {
		wg.Go(func() { r.load.file(loaded) })
	}
	for n := range r.o.Readers {
		wg.Go(func() { r.load.browse(loaded, n) })
	}
	watch := &logWatch{seen: map[int64]string{}}
	wg.Go(func() { watch.run(loaded, r.client, r.load.problem) })
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
	r.srv.stop()
	watch.prove(r.srv.data, r.load.problem)
	r.report.Log = LogSeen{Served: watch.served, Checkpoints: len(watch.seen), Size: watch.last}
	if !watch.served {
		r.report.Unchecked = append(r.report.Unchecked, "公开日志：服务没有提供 /log/checkpoint")
	}
	r.report.Unchecked = append(r.report.Unchecked, "非公开内容的查阅登记：本次负载只有公开查阅，没有非公开内容的查阅")
	return nil
}

// A kind of fault; during is done to the running server, and lasts until the function returns.
type kind struct {
	name string
	do   func(*run, context.Context) error
}

func (r *run) kinds() []kind {
	all := []kind{
		{"kill -9 服务", (*run).killServer},
		{"磁盘写满再释放", func(r *run, ctx context.Context) error { return r.fillDisk(ctx, "full 512") }}, // nothing can be written
		{"时钟拨快 49 小时后拨回，其间 kill -9 服务", (*run).jumpForward},
		{"时钟拨慢 30 小时后拨回", (*run).jumpBack},
		{"kill -9 服务两次，第二次在启动中", (*run).killTwice},
	}
	if r.pg == nil { // received files still fit, the database's log does not
		all = append(all, kind{"数据库文件不能再写，再释放", func(r *run, ctx context.Context) error { return r.fillDisk(ctx, "full 262144") }})
	} else {
		all = append(all,
			kind{"kill -9 数据库", (*run).killDatabase},
			kind{"重启数据库", (*run).restartDatabase},
			kind{"同时 kill -9 服务和数据库", (*run).killBoth})
	}
	return all
}

// faults does one fault after each interval, every kind once before any comes again.
func (r *run) faults(ctx context.Context) error {
	var left []kind
	for {
		r.tell()
		pause(ctx, r.o.Every)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the time is up
		}
		if len(left) == 0 {
			left = r.kinds()
			r.random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		}
		k := left[0]
		left = left[1:]
		// A fault that has begun is done to its end, also when the time is up meanwhile.
		whole := context.WithoutCancel(ctx)
		f := Fault{Kind: k.name, At: time.Since(r.begun).Seconds(), Recovery: -1}
		if err := k.do(r, whole); err != nil {
			r.report.Faults = append(r.report.Faults, f)
			return fmt.Errorf("soak: %s: %w", k.name, err)
		}
		ready, cancel := context.WithTimeout(whole, readyWithin)
		err := r.srv.ready(ready)
		cancel()
		if err == nil {
			f.Recovery = time.Since(r.lifted).Seconds()
		} else {
			r.load.problem("“%s”之后服务没有恢复", k.name)
		}
		r.report.Faults = append(r.report.Faults, f)
	}
}

func (r *run) tell() {
	if r.o.Progress != nil {
		share := time.Since(r.begun).Seconds() / r.o.Duration.Seconds()
		r.o.Progress(share, fmt.Sprintf("已确认 %d 个批次，故障 %d 次，问题 %d 处", len(r.load.acknowledged()), len(r.report.Faults), len(r.load.problems)))
	}
}

func (r *run) killServer(ctx context.Context) error {
	r.srv.kill()
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

// killTwice kills the server again while it is starting.
func (r *run) killTwice(ctx context.Context) error {
	r.srv.kill()
	starting, cancel := context.WithTimeout(ctx, time.Duration(50+r.random.IntN(400))*time.Millisecond)
	err := r.srv.start(starting)
	cancel()
	if err == nil || r.srv.cmd.ProcessState == nil {
		r.srv.kill()
	}
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

func (r *run) killDatabase(ctx context.Context) error {
	r.lifted = time.Now()
	return r.pg.kill(ctx)
}

func (r *run) restartDatabase(ctx context.Context) error {
	r.lifted = time.Now()
	return r.pg.restart(ctx)
}

func (r *run) killBoth(ctx context.Context) error {
	r.srv.kill()
	r.lifted = time.Now()
	if err := r.pg.kill(ctx); err != nil {
		return err
	}
	return r.srv.start(ctx)
}

// faultLasts is how long a fault that is no blow holds on.
func (r *run) faultLasts() time.Duration { return min(20*time.Second, r.o.Every/2) }

func (r *run) fillDisk(ctx context.Context, command string) error {
	if err := r.srv.tell(command); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.lifted = time.Now()
	return r.srv.tell("free")
}

func (r *run) jumpForward(ctx context.Context) error {
	if err := r.srv.tell("clock 49h"); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.srv.kill() // what it held is held until a time that is now far away
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

func (r *run) jumpBack(ctx context.Context) error {
	if err := r.srv.tell("clock -30h"); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.lifted = time.Now()
	return r.srv.tell("clock 0s")
}

// drainWithin is how long the server may take to finish what it acknowledged, after the load.
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
	r.report.Drain = time.Since(begun).Seconds()
}

// check opens the database after the server has ended.
func (r *run) check(ctx context.Context, database string) error {
	d, err := db.Open(ctx, database, db.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	c := &checker{d: d}
	c.all(ctx, r.load.acknowledged())
	r.report.Versions = c.number(ctx, `SELECT count(*) FROM record_version`)
	r.report.Leaves = c.number(ctx, `SELECT coalesce(sum(n), 0) FROM log_outbox`)
	r.load.problems = append(r.load.problems, c.problems...)
	return nil
}

func (r *run) sumUp() {
	l := r.load
	r.report.Problems = append(r.report.Problems, l.problems...)
	rows := 0
	for _, a := range l.acks {
		rows += a.rows
	}
	r.report.Filings = Filings{Acknowledged: len(l.acks), Rows: rows, Repeated: l.repeated, ByAnswer: l.filed, Latency: latency(l.fileTime)}
	r.report.Reads = Reads{Answered: len(l.readTime), ByAnswer: l.read, Latency: latency(l.readTime)}
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
