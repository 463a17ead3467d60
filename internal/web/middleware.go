package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/web/ui"
)

// policy is the content security policy: everything from here, nothing inline, no frames around us.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// strictTransport keeps browsers to TLS for a year, also below the site's own name.
const strictTransport = "max-age=31536000; includeSubDomains"

// Mount adds what every site serves: static files, the mark, robots and the display switches.
func (s *Site) Mount(rt *Router) {
	rt.Handle("GET "+ui.StaticPrefix, Public(authz.PortalRead), s.Assets)
	rt.Handle("GET /favicon.ico", Public(authz.PortalRead), s.Assets.ServeFile("img/mark.svg"))
	rt.Handle("GET /robots.txt", Public(authz.PortalRead), s.Assets.ServeFile("robots.txt"))
	rt.Handle("POST /prefs", Public(authz.PortalRead), http.HandlerFunc(s.setPrefs))
}

// Wrap puts the stack around the routes, from the outside in: request number, log, recovery, headers, limits, gzip, refusal of
// other sites' submissions, who calls, error pages for what no route answers. A site that cannot tell who calls is a defect of the program.
func (s *Site) Wrap(rt *Router) http.Handler {
	if s.Actors == nil {
		panic("web: a site without Actors")
	}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Problem(w, r, ErrCrossOrigin)
	}))
	h := s.route(rt.mux)
	h = s.identify(h)
	h = s.even(s.refusals(h))
	h = cross.Handler(h)
	h = Gzip(h)
	if s.Before != nil {
		h = s.Before(h)
	}
	h = s.headers(h)
	h = s.recover(h)
	h = s.access(h)
	return withRequestID(h)
}

// route answers what the mux cannot with our own pages. The mux says so by an empty pattern.
func (s *Site) route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &probeWriter{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			s.Problem(w, r, ErrMethod)
			return
		}
		s.Problem(w, r, ErrNoPage)
	})
}

// probeWriter keeps the status and header of the mux's own answer and drops its text.
type probeWriter struct {
	header http.Header
	status int
}

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(status int)      { p.status = status }

func (s *Site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.Secure || r.TLS != nil {
			h.Set("Strict-Transport-Security", strictTransport)
		}
		next.ServeHTTP(w, r)
	})
}

type requestKey struct{}

// RequestID gives the number of the request, empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// withRequestID numbers a request. A number that a client sends is not taken over: it could hold anything.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:])
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

// access writes one line per request. Addresses are logged by their pattern: paths and queries can hold names and codes.
func (s *Site) access(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.now()
		m := &meter{ResponseWriter: w}
		defer func() {
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			s.log().LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("request", RequestID(r.Context())),
				slog.String("method", r.Method), slog.String("route", route),
				slog.Int("status", m.code()), slog.Int64("bytes", m.bytes),
				slog.Duration("took", s.now().Sub(start)))
		}()
		next.ServeHTTP(m, r)
	})
}

// meter counts what leaves.
type meter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (m *meter) code() int {
	if m.status == 0 {
		return http.StatusOK
	}
	return m.status
}

func (m *meter) WriteHeader(status int) {
	if m.status == 0 && status >= 200 {
		m.status = status
	}
	m.ResponseWriter.WriteHeader(status)
}

func (m *meter) Write(b []byte) (int, error) {
	if m.status == 0 {
		m.status = http.StatusOK
	}
	n, err := m.ResponseWriter.Write(b)
	m.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// recover turns a panic into the page of an internal error; when part of the answer has left it breaks the connection,
// so that nobody takes a torn page for a whole one. Only the text of runtime errors is logged: another one could hold data.
func (s *Site) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
				panic(v)
			}
			what := fmt.Sprintf("%T", v)
			if e, ok := v.(runtime.Error); ok {
				what = e.Error()
			}
			s.log().LogAttrs(r.Context(), slog.LevelError, "panic",
				slog.String("request", RequestID(r.Context())), slog.String("route", r.Pattern),
				slog.String("what", what), slog.String("stack", string(debug.Stack())))
			if m, ok := w.(*meter); ok && m.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.Problem(w, r, errPanic)
		}()
		next.ServeHTTP(w, r)
	})
}

var errPanic = fmt.Errorf("web: handler panicked")

// NewServer gives an http.Server with bounds against slow clients. Uploads and downloads that need longer move their
// deadlines with http.ResponseController.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	srv := &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if log != nil {
		srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return srv
}
