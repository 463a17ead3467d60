package clock

import (
	"sync"
	"time"
)

// Clock tells the time. Everything that depends on "now" takes one, so that tests and replays choose it.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now gives the present moment in Zone.
func (System) Now() time.Time { return time.Now().In(Zone) }

// Steady is a clock that also knows how much time has gone by, whatever the clock on the wall was set to meanwhile.
type Steady interface {
	Clock
	Elapsed() time.Duration
}

var began = time.Now()

// Elapsed gives how long the process has run.
func (System) Elapsed() time.Duration { return time.Since(began) }

// Manual is a clock that moves only when told to. It is safe for concurrent use.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// NewManual makes a clock that stands at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t} }

// Now gives the moment at which the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Set moves the clock to t, forwards or back.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t
}

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// Today gives the day that c is in.
func Today(c Clock) Date { return DateOf(c.Now()) }
