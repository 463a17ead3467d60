package web

import (
	"net/http"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
)

// refusals tells the site of every refused look at what exists.
func (s *Site) refusals(next http.Handler) http.Handler {
	if s.Refused == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(authz.OnRefusal(r.Context(), s.Refused)))
	})
}

// even lets "not there" leave in even steps for whoever brings a session or a key: the one look-up more that a thing of somebody else's costs does not show.
func (s *Site) even(next http.Handler) http.Handler {
	if s.Even <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) == 0 && r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&evenWriter{ResponseWriter: w, r: r, step: s.Even, from: clock.System{}.Now()}, r)
	})
}

// evenWriter holds a "not there" back until the next even step after the call came in.
type evenWriter struct {
	http.ResponseWriter
	r    *http.Request
	step time.Duration
	from time.Time // of the machine's own clock: what a caller can measure
	held bool
}

// rest is how long is left of the step that some time falls into.
func rest(took, step time.Duration) time.Duration { return step - took%step }

func (e *evenWriter) WriteHeader(status int) {
	if status == http.StatusNotFound && !e.held {
		e.held = true
		wait := time.NewTimer(rest(clock.System{}.Now().Sub(e.from), e.step))
		select {
		case <-wait.C:
		case <-e.r.Context().Done(): // the caller has left
			wait.Stop()
		}
	}
	e.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (e *evenWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }
