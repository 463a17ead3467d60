// Package limit keeps the rule that nobody's haste costs the others their answer: each client asks at a bounded rate, the server works on a
// bounded number of requests at once, and who is turned away is told so at once, and when to come back. Its memory is bounded whatever comes.
package limit

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often a client may ask: so many in one go, and so many a second in the long run.
type Rate struct {
	PerSecond float64 // 0 or less: no limit
	Burst     int
}

// maxClients bounds how many clients a Limiter remembers in each of its two generations.
const maxClients = 16384

// Limiter keeps one token bucket per client. When a generation is full it becomes the old one and the old one is forgotten: the memory is
// bounded, and who asks often is carried over.
type Limiter struct {
	rate  rate.Limit
	burst int
	max   int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
}

// New makes a limiter, nil for a rate without a limit. A nil Limiter lets everything pass.
func New(r Rate) *Limiter {
	if r.PerSecond <= 0 {
		return nil
	}
	return &Limiter{rate: rate.Limit(r.PerSecond), burst: max(1, r.Burst), max: maxClients, now: map[string]*rate.Limiter{}}
}

// Take takes one token of a client at a moment, or says how long to wait for one.
func (l *Limiter) Take(client string, at time.Time) time.Duration {
	if l == nil {
		return 0
	}
	r := l.bucket(client).ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 {
		r.CancelAt(at)
	}
	return wait
}

func (l *Limiter) bucket(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.now[client]
	if ok {
		return b
	}
	if b, ok = l.old[client]; !ok {
		b = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.now) >= l.max {
		l.now, l.old = map[string]*rate.Limiter{}, l.now
	}
	l.now[client] = b
	return b
}

// Deny answers a request that was turned away; wait is what Retry-After says already.
type Deny func(w http.ResponseWriter, r *http.Request, wait time.Duration)

// PerClient turns away clients that ask too often: by the network address that addresses finds, and by key for those that show one, so
// that a key used from many addresses is bounded as well.
type PerClient struct {
	Addresses Proxies
	ByAddress *Limiter
	ByKey     *Limiter
	Key       func(*http.Request) string // what names the caller's key without being it; "" without one
	Free      func(*http.Request) bool   // requests that do not count, such as static files; nil = none
	Now       func() time.Time
	Deny      Deny
}

// Wrap puts the limits before next.
func (p PerClient) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Free != nil && p.Free(r) {
			next.ServeHTTP(w, r)
			return
		}
		now := p.Now()
		key := ""
		if p.Key != nil {
			key = p.Key(r)
		}
		wait := p.ByAddress.Take(Network(p.Addresses.Client(r)), now)
		if key != "" {
			wait = max(wait, p.ByKey.Take(key, now))
		}
		if wait > 0 {
			turnAway(w, r, p.Deny, http.StatusTooManyRequests, wait)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// turnAway says when to come back, in whole seconds and never "now".
func turnAway(w http.ResponseWriter, r *http.Request, deny Deny, status int, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	w.Header().Set("Cache-Control", "no-store")
	if deny != nil {
		deny(w, r, wait)
		return
	}
	text := "访问太频繁，请稍后再试。\n"
	if status == http.StatusServiceUnavailable {
		text = "系统正忙，请稍后再试。\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
