package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxQuery bounds the query string; the longest sensible one is a few hundred bytes.
const maxQuery = 4 << 10

// pausedHeader says in every answer, as long as publication pauses, since when.
const pausedHeader = "Gongxin-Paused-Since"

// ServeHTTP answers one call. What no route answers is a problem too, never a page.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = &calmWriter{ResponseWriter: w}
	h := w.Header()
	if h.Get(requestHeader) == "" { // outside of the site's stack
		h.Set(requestHeader, newRequestID())
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if s.PausedSince != nil {
		if since := s.PausedSince(r.Context()); !since.IsZero() {
			h.Set(pausedHeader, since.UTC().Format(time.RFC3339))
		}
	}
	if err := checkAddress(r.URL); err != nil {
		s.fail(w, r, err)
		return
	}
	unmatched, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	probe := &probeWriter{header: http.Header{}}
	unmatched.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		h.Set("Allow", probe.header.Get("Allow"))
		s.fail(w, r, errMethod)
		return
	}
	s.fail(w, r, errPath)
}

// checkAddress refuses what is no text before it reaches a database, which would call it an error of ours.
func checkAddress(u *url.URL) error {
	if !isText(u.Path) {
		return errText
	}
	if len(u.RawQuery) > maxQuery {
		return errQuery.Messagef("查询参数太长，最多 %d 字节", maxQuery)
	}
	if u.RawQuery == "" {
		return nil
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if part != "" && !strings.Contains(part, "=") {
			return errQuery
		}
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errQuery
	}
	for name, list := range values {
		if len(list) > 1 {
			return errQuery
		}
		if !isText(name) || !isText(list[0]) {
			return errText
		}
	}
	return nil
}

func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// admit holds a call against its client's limits and against the permission table. The context that it gives carries who calls.
func (s *server) admit(r *http.Request, route route) (context.Context, error) {
	if err := s.withinLimits(r, route); err != nil {
		return nil, err
	}
	ctx, err := s.identify(r)
	if err != nil {
		return nil, err
	}
	return ctx, s.permit(r.WithContext(ctx), route.guard)
}

// withinLimits counts a call against its client's limits.
func (s *server) withinLimits(r *http.Request, route route) error {
	now, key := s.Clock.Now(), ""
	for _, l := range []struct {
		counts bool
		limit  *limiter
	}{{route.search, s.searches}, {route.upload, s.uploads}} {
		if !l.counts || l.limit == nil {
			continue
		}
		if key == "" {
			key = clientKey(s.ClientAddr(r))
		}
		if wait := l.limit.take(key, now); wait > 0 {
			p := problemOf(r.Context(), errBusy)
			p.retry = wait
			return p
		}
	}
	return nil
}

// contextOf gives the context of a call, or an empty one while calls are being registered.
func contextOf(ctx huma.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx.Context()
}

// probeWriter keeps the status and header of the mux's own answer and drops its text.
type probeWriter struct {
	header http.Header
	status int
}

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(status int)      { p.status = status }

// calmWriter swallows writes once the connection is broken: there is nobody to tell, and huma takes a failed write for a defect.
type calmWriter struct {
	http.ResponseWriter
	broken error
}

func (c *calmWriter) Write(b []byte) (int, error) {
	if c.broken != nil {
		return len(b), nil
	}
	if _, err := c.ResponseWriter.Write(b); err != nil {
		c.broken = err
	}
	return len(b), nil
}

// Unwrap lets http.ResponseController reach the connection.
func (c *calmWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
