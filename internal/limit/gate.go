package limit

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Gate bounds how many requests are worked on at once. A few wait a short while for their turn; everybody else is told at once that the server is
// busy. A long queue would answer nobody in time: those who wait have given up when their turn comes.
//
// Nobody holds a place by sending slowly: a body is read before, as far as it goes into memory, and the few places of larger ones are counted apart.
type Gate struct {
	places chan struct{}
	queue  chan struct{}
	bodies chan struct{}
	wait   time.Duration
	deny   Deny
	free   func(*http.Request) bool

	refused atomic.Int64
}

// GateOptions bound a Gate. Zero values are the defaults.
type GateOptions struct {
	Working int           // requests worked on at once; 256
	Waiting int           // requests that wait for a place; as many as Working
	Wait    time.Duration // how long one waits; two seconds
	Deny    Deny
	Free    func(*http.Request) bool // what needs no place, such as health checks and uploads that run for minutes; nil = none
}

// NewGate makes a gate.
func NewGate(o GateOptions) *Gate {
	if o.Working <= 0 {
		o.Working = 256
	}
	if o.Waiting <= 0 {
		o.Waiting = o.Working
	}
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	return &Gate{
		places: make(chan struct{}, o.Working), queue: make(chan struct{}, o.Waiting), bodies: make(chan struct{}, max(1, o.Working/4)), wait: o.Wait, deny: o.Deny, free: o.Free,
	}
}

// Working gives how many requests are being worked on.
func (g *Gate) Working() int { return len(g.places) }

// Waiting gives how many wait for a place.
func (g *Gate) Waiting() int { return len(g.queue) }

// Refused gives how many were turned away since the start.
func (g *Gate) Refused() int64 { return g.refused.Load() }

// Wrap puts the gate before next. A refused request has status 503 and says when to come back.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.free != nil && g.free(r) {
			next.ServeHTTP(w, r)
			return
		}
		ahead := readAhead(r)
		if !ahead && !g.enter(r.Context(), g.bodies) {
			g.turnAway(w, r)
			return
		}
		if !ahead {
			defer func() { <-g.bodies }() // also when next panics
		}
		if !g.enter(r.Context(), g.places) {
			g.turnAway(w, r)
			return
		}
		defer func() { <-g.places }()
		next.ServeHTTP(w, r)
	})
}

func (g *Gate) turnAway(w http.ResponseWriter, r *http.Request) {
	if r.Context().Err() != nil {
		return // the caller has left
	}
	g.refused.Add(1)
	turnAway(w, r, g.deny, http.StatusServiceUnavailable, g.wait)
}

// maxAhead is how much of a body is read before a request takes a place; forms without a file are smaller.
const maxAhead = 64 << 10

// readAhead reads the body as far as it goes into memory, within the time that the server gives to a request, and reports whether that was all of it.
func readAhead(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	have, err := io.ReadAll(io.LimitReader(r.Body, maxAhead+1))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = torn{err}
	}
	r.Body = body{io.MultiReader(bytes.NewReader(have), rest), r.Body}
	return err != nil || len(have) <= maxAhead
}

// body is a body of which a part was read.
type body struct {
	io.Reader
	io.Closer
}

// torn gives the error with which a body ended.
type torn struct{ err error }

func (t torn) Read([]byte) (int, error) { return 0, t.err }

func (g *Gate) enter(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
	}
	select {
	case g.queue <- struct{}{}:
	default:
		return false
	}
	defer func() { <-g.queue }()
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// Deadline gives every request of next a context that ends after d, so that no query outlives the patience of who asked. Requests for which
// free says so (uploads, exports, which move their own deadlines) have none.
func Deadline(d time.Duration, free func(*http.Request) bool, next http.Handler) http.Handler {
	if d <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if free != nil && free(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
