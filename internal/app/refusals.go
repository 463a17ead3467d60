package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/publish"
)

// refusalsEach is how many refused looks of one caller in one hour are entries of their own; what goes beyond is counted, so that nobody fills the log by
// trying numbers.
const refusalsEach = 20

// refusals puts on file who asked for what is not theirs. The entry is written behind the answer: an answer that waited for it would say by its time that
// the thing exists.
type refusals struct {
	audit *audit.Log
	db    *db.DB
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	hour    time.Time
	counts  map[audit.Who]int
	queue   []func(context.Context, *db.Tx) error
	running bool
	done    sync.WaitGroup
}

func newRefusals(a *App) *refusals {
	return &refusals{audit: a.Trust.Audit, db: a.DB, log: a.Log, now: a.Clock.Now, counts: map[audit.Who]int{}}
}

// see takes a refusal; it does not wait for anything.
func (f *refusals) see(r authz.Refusal) {
	if !r.Who.SignedIn() {
		return // nobody in particular has no reach that a thing could lie beyond
	}
	at := f.now().UTC()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn(at.Truncate(time.Hour))
	who := r.Who.Who(worksFor(r.Who))
	key := audit.Who{Kind: who.Kind, ID: who.ID}
	f.counts[key]++
	switch n := f.counts[key]; {
	case n <= refusalsEach:
		f.put(func(ctx context.Context, tx *db.Tx) error { return f.entry(ctx, tx, at, who, r) })
	case n == refusalsEach+1, n == 100, n == 1000, n == 10000:
		f.count(at, key, n)
	}
}

// turn begins another hour: how often each caller was refused in the last one is put on file, where not every time is.
func (f *refusals) turn(hour time.Time) {
	if f.hour.Equal(hour) {
		return
	}
	for who, n := range f.counts {
		if n > refusalsEach+1 {
			f.count(f.hour.Add(time.Hour-time.Microsecond), who, n)
		}
	}
	f.hour = hour
	clear(f.counts)
}

func (f *refusals) count(at time.Time, who audit.Who, n int) {
	f.put(func(ctx context.Context, tx *db.Tx) error {
		return f.audit.WriteAct(ctx, tx, audit.Act{
			At: at, Who: who, Action: "access.refused", Entity: who.String(), Detail: fmt.Sprintf("refused=%d entries=%d", n, refusalsEach),
		})
	})
}

// entry is one refused look. The unit is the caller's own, and lawful secrecy delays its line like any other's.
func (f *refusals) entry(ctx context.Context, tx *db.Tx, at time.Time, who audit.Who, r authz.Refusal) (err error) {
	a := audit.Access{At: at, Who: who, Subject: r.Scope.Subject, What: string(r.Action), Outcome: audit.Refused, Missing: string(publish.MissingReach)}
	if a.Subject < 0 {
		a.Subject = 0
	}
	if a.Subject != 0 && who.Agency != 0 {
		if a.HiddenUntil, a.SecrecyBasis, err = f.audit.Secrecy(ctx, tx, who.Agency, a.Subject, at); err != nil {
			return err
		}
	}
	_, err = f.audit.Write(ctx, tx, a)
	return err
}

// put leaves work to one goroutine at a time, which ends when there is none left.
func (f *refusals) put(write func(context.Context, *db.Tx) error) {
	f.queue = append(f.queue, write)
	if f.running {
		return
	}
	f.running = true
	f.done.Go(f.run)
}

func (f *refusals) run() {
	for {
		f.mu.Lock()
		if len(f.queue) == 0 {
			f.running = false
			f.mu.Unlock()
			return
		}
		write := f.queue[0]
		f.queue = f.queue[1:]
		f.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := f.db.Tx(ctx, write, db.ReadCommitted)
		if err != nil {
			f.log.LogAttrs(ctx, slog.LevelError, "a refused look is not on file", slog.String("error", err.Error()))
		}
		cancel()
	}
}

// wait returns when everything is on file.
func (f *refusals) wait() { f.done.Wait() }

// close puts the counts on file and waits.
func (f *refusals) close() {
	f.mu.Lock()
	f.turn(time.Time{})
	f.mu.Unlock()
	f.wait()
}

// worksFor is the first unit that an actor works for; 0 for none.
func worksFor(a authz.Actor) int64 {
	for i := range a.Grants {
		if a.Grants[i].Agency != 0 {
			return a.Grants[i].Agency
		}
	}
	return 0
}
