package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// WindowFigures say how many windows at once were served.
type WindowFigures struct {
	Windows      int            `json:"windows"`
	Seconds      float64        `json:"seconds"`
	ThinkSeconds float64        `json:"thinkSeconds"`
	All          Latency        `json:"all"`
	Buckets      []Bucket       `json:"buckets"`
	Kinds        []WindowKind   `json:"kinds"`
	Minutes      []WindowMinute `json:"minutes"`
	Errors       map[string]int `json:"errors"` // by kind; none is what is demanded
	Process      *ProcessUse    `json:"process,omitempty"`
	Kept         *WindowKept    `json:"kept,omitempty"`
}

// errors counts all.
func (f *WindowFigures) errors() (n int) {
	for _, k := range f.Errors {
		n += k
	}
	return n
}

// WindowKind is one kind of call.
type WindowKind struct {
	Name string `json:"name"`
	Latency
	Buckets []Bucket `json:"buckets"`
}

// Bucket counts calls of up to so many milliseconds, and more than the bucket before; 0 stands for more than all.
type Bucket struct {
	UpTo  float64 `json:"upToMs"`
	Calls int     `json:"calls"`
}

// WindowMinute is one minute of the run.
type WindowMinute struct {
	Minute int     `json:"minute"`
	Calls  int     `json:"calls"`
	P50    float64 `json:"p50Ms"`
	P99    float64 `json:"p99Ms"`
}

// ProcessUse is what the server's process used. In a run with its own server the clients are in the same process.
type ProcessUse struct {
	CPUSeconds float64 `json:"cpuSeconds"`
	Cores      float64 `json:"cores"` // processors busy on average
	PeakBytes  int64   `json:"peakBytes"`
	GrownBytes int64   `json:"databaseGrownBytes,omitempty"`
}

// WindowKept holds what the windows were answered against what is on file.
type WindowKept struct {
	Answered int `json:"answered"` // checks that windows have answers of
	Answers  int `json:"answers"`  // on file
	Entries  int `json:"entries"`  // of the access log
	FedBack  int `json:"fedBack"`  // feedback that was confirmed to windows
	Feedback int `json:"feedback"` // on file
}

// measureWindows lets windows work against the run's own server: the whole product with all its jobs, on loopback.
func (r *runner) measureWindows(ctx context.Context, s *Stage) error {
	l := r.Load
	l.Progress = r.Progress
	r.Progress("开立窗口的账号", 0)
	first := len(r.counters) // behind those of the check, which have no desk
	if err := r.openCounters(ctx, first+l.Windows, l.Desks); err != nil {
		return err
	}
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	base, stop, err := r.serveWhole(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stop() }()
	if err := r.sequenced(ctx); err != nil {
		return err
	}
	if l.For >= time.Minute { // in a shorter run one would wait longer than measure
		if err := r.quiet(ctx); err != nil {
			return err
		}
	}
	size, err := r.app.DB.Size(ctx)
	if err != nil {
		return err
	}
	began := r.clock.Now()
	resetPeak()
	used := cpuTime()
	log := l.drive(ctx, base, r.counters[first:first+l.Windows], func(x *rand.Rand) string { return pick(x, firms).code })
	if err := ctx.Err(); err != nil {
		return err
	}
	f := log.figures(&l)
	busy := cpuTime() - used
	f.Process = &ProcessUse{CPUSeconds: busy.Seconds(), Cores: busy.Seconds() / max(f.Seconds, 1e-9), PeakBytes: peak()}
	if now, err := r.app.DB.Size(ctx); err == nil {
		f.Process.GrownBytes = now - size
	}
	s.Windows = f
	f.Kept, err = r.keptOf(ctx, log, began)
	return err
}

// serveWhole serves as in service, with every job, until stop.
func (r *runner) serveWhole(ctx context.Context) (base string, stop func() error, err error) {
	r.app.Config.Listen = "127.0.0.1:0"
	inner, cancel := context.WithCancel(ctx)
	address, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- r.app.Serve(inner, true, func(a string) { address <- a }) }()
	stop = func() error { cancel(); return <-done }
	select {
	case base = <-address:
		return base, stop, nil
	case err = <-done:
		cancel()
		return "", nil, errors.Join(err, errors.New("the server ended before it listened"))
	}
}

// Bounds of waiting until the jobs that run once after a start are done: the name index, the public figures.
const (
	quietFor    = 2 * time.Second
	quietShare  = 0.15
	quietWithin = 10 * time.Minute
)

// quiet waits until the process, and a database server, have nothing to do.
func (r *runner) quiet(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < quietWithin; {
		r.Progress("等待启动后的一次性任务", 0)
		used := cpuTime()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(quietFor):
		}
		working := 0
		if r.app.DB.Engine() == db.Postgres {
			err := r.app.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&working)
			if err != nil {
				return err
			}
		}
		if (cpuTime()-used).Seconds() < quietShare*quietFor.Seconds() && working == 0 && r.app.Names.Ready() {
			return nil
		}
	}
	return nil
}

// keptOf counts what is on file of the run.
func (r *runner) keptOf(ctx context.Context, log *windowLog, began time.Time) (*WindowKept, error) {
	k := &WindowKept{
		Answered: len(log.calls[callCheck]) + len(log.calls[deskCheck]), FedBack: len(log.calls[callFeedback]) + len(log.calls[deskFeedback]),
	}
	for to, query := range map[*int]string{
		&k.Answers:  `SELECT count(*) FROM check_answer WHERE at >= $1`,
		&k.Entries:  `SELECT count(*) FROM access_log WHERE at >= $1 AND what = 'check' AND outcome = 'answered'`,
		&k.Feedback: `SELECT count(*) FROM check_feedback WHERE at >= $1`,
	} {
		if err := r.app.DB.Read().QueryRowContext(ctx, query, began.UnixMicro()).Scan(to); err != nil {
			return nil, fmt.Errorf("windows: %w", err)
		}
	}
	return k, nil
}

// Against lets windows work against a running server, whose city, keys and matters the caller has seen to.
func Against(ctx context.Context, l WindowLoad) (_ *WindowFigures, err error) {
	defer fault.Wrap(&err, "bench: windows")
	if l = l.withDefaults(); l.Server == "" {
		return nil, errLoad
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	windows := make([]counter, l.Windows)
	for i := range windows {
		who := l.Who[i%len(l.Who)]
		windows[i] = counter{key: who.Key, matter: who.Matter}
	}
	before := cpuOf(l.PID)
	log := l.drive(ctx, strings.TrimSuffix(l.Server, "/"), windows, func(x *rand.Rand) string { return pick(x, l.Codes) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := log.figures(&l)
	if l.PID > 0 {
		busy := cpuOf(l.PID) - before
		f.Process = &ProcessUse{CPUSeconds: busy.Seconds(), Cores: busy.Seconds() / max(f.Seconds, 1e-9), PeakBytes: kilobytes("/proc/"+strconv.Itoa(l.PID)+"/status", "VmHWM")}
	}
	return f, nil
}

// ticks is how many a second the kernel counts a process's time in, on every Linux that Go runs on.
const ticks = 100

// cpuOf is what another process has used so far; 0 where that cannot be read.
func cpuOf(pid int) time.Duration {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if pid <= 0 || err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(raw), ") ") // the name may hold anything
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks
}
