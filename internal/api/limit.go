package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what one client may ask. Zero values are the defaults, negative rates turn a limit off.
type Limits struct {
	SearchesPerSecond float64 // searches and columns; 50 when zero
	SearchBurst       int     // 300 when zero
	UploadsPerSecond  float64 // 5 when zero
	UploadBurst       int     // 100 when zero
}

// The defaults let a whole office behind one address work and a script run through a list, and stop one that copies the register
// by search: for that there is open data.
func (l Limits) withDefaults() Limits {
	if l.SearchesPerSecond == 0 {
		l.SearchesPerSecond = 50
	}
	if l.SearchBurst <= 0 {
		l.SearchBurst = 300
	}
	if l.UploadsPerSecond == 0 {
		l.UploadsPerSecond = 5
	}
	if l.UploadBurst <= 0 {
		l.UploadBurst = 100
	}
	return l
}

// maxClients bounds how many clients a limiter remembers in each of its two generations.
const maxClients = 8192

// limiter keeps one token bucket per client. When a generation is full it becomes the old one and the old one is forgotten: the
// memory is bounded, and who asks often is carried over.
type limiter struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
}

// newLimiter makes a limiter; nil for a negative rate.
func newLimiter(perSecond float64, burst int) *limiter {
	if perSecond < 0 {
		return nil
	}
	return &limiter{rate: rate.Limit(perSecond), burst: burst, now: map[string]*rate.Limiter{}}
}

// take takes one token of a client, or tells how long to wait for it.
func (l *limiter) take(key string, at time.Time) time.Duration {
	r := l.bucket(key).ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 {
		r.CancelAt(at)
	}
	return wait
}

func (l *limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.now[key]
	if ok {
		return b
	}
	if b, ok = l.old[key]; !ok {
		b = rate.NewLimiter(l.rate, l.burst)
	}
	if len(l.now) >= maxClients {
		l.now, l.old = map[string]*rate.Limiter{}, l.now
	}
	l.now[key] = b
	return b
}

func connectionAddr(r *http.Request) string { return r.RemoteAddr }

// clientKey cuts an address to what one client has: an IPv4 address, or an IPv6 network of 64 bits, which is what a single
// household is given.
func clientKey(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return "unknown"
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
