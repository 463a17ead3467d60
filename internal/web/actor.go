package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
)

// The session's cookie. Over TLS it has a prefix with which a browser takes it over TLS only, for this host and the whole site only, so that no
// neighbour can plant one; plain HTTP, which is for loopback, cannot have the prefix.
const sessionCookie = "gx"

// Where people sign in, and where they add their second factor, unless the site says otherwise.
const (
	defaultSignIn = "/sign-in"
	defaultFactor = "/sign-in/factor"
	backParam     = "back"
)

// maxCredential bounds a session's token and a key; ours are far shorter.
const maxCredential = 512

// ErrCredential refuses a key that is unknown, expired, revoked or used from elsewhere than it may be.
var ErrCredential = fault.New(fault.Denied, "web.credential", "接口密钥无效、已过期、已停用，或者不能从这个地址使用", "请核对密钥；需要更换的，登录后重新申领")

// CookieName gives the name under which a cookie of this site is kept. Every cookie has Path / and no Domain, as the prefix demands.
func (s *Site) CookieName(name string) string {
	if s.Secure {
		return "__Host-" + name
	}
	return name
}

func (s *Site) cookieName() string { return s.CookieName(sessionCookie) }

// SetSession hands a session's token to the browser until the session's end at the latest.
func (s *Site) SetSession(w http.ResponseWriter, raw string, until time.Time) {
	http.SetCookie(w, s.newSessionCookie(raw, max(int(until.Sub(s.now()).Seconds()), 1)))
}

// ClearSession takes the token back from the browser.
func (s *Site) ClearSession(w http.ResponseWriter) { http.SetCookie(w, s.newSessionCookie("", -1)) }

func (s *Site) newSessionCookie(raw string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // G124: Secure follows the site; without TLS the site is on loopback
		Name: s.cookieName(), Value: raw, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	}
}

// Session gives the session's token that the browser sent, or "".
func (s *Site) Session(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) > maxCredential {
		return ""
	}
	return c.Value
}

// Bearer gives the key in the Authorization header; given says whether there is one at all.
func Bearer(r *http.Request) (key string, given bool) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return "", false
	}
	scheme, rest, _ := strings.Cut(h, " ")
	if rest = strings.TrimSpace(rest); !strings.EqualFold(scheme, "Bearer") || len(rest) > maxCredential {
		return "", true
	}
	return rest, true
}

type unresolvedKey struct{}

// unresolved is why nobody knows who calls, or nil.
func unresolved(ctx context.Context) error {
	err, _ := ctx.Value(unresolvedKey{}).(error)
	return err
}

// identify finds out who calls and puts it into the context. Calls under /api/ are left to the interface, which takes keys only. A session that
// ended is no fault: its reader is anonymous again. When accounts cannot be asked, public pages go on and others refuse.
func (s *Site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		ctx := r.Context()
		who, err := s.actor(w, r)
		who.Address = s.address(r)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				s.log().LogAttrs(ctx, slog.LevelError, "caller unknown", slog.String("request", RequestID(ctx)), slog.String("error", err.Error()))
			}
			ctx = context.WithValue(ctx, unresolvedKey{}, err)
		}
		inner := r.WithContext(authz.With(ctx, who))
		defer func() { r.Pattern = inner.Pattern }() // for the log outside
		next.ServeHTTP(w, inner)
	})
}

func (s *Site) actor(w http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	if key, given := Bearer(r); given {
		if key == "" {
			return authz.Actor{}, ErrCredential
		}
		who, err := s.Actors.KeyActor(r.Context(), key, s.address(r))
		if fault.KindOf(err) == fault.Denied || fault.KindOf(err) == fault.NotFound {
			return authz.Actor{}, ErrCredential.With(err)
		}
		return who, err
	}
	raw := s.Session(r)
	if raw == "" {
		return authz.Actor{}, nil
	}
	who, err := s.Actors.Actor(r.Context(), raw)
	switch fault.KindOf(err) {
	case fault.Denied, fault.NotFound, fault.Invalid:
		s.ClearSession(w)
		return authz.Actor{}, nil
	}
	return who, err
}

// address is the caller's network address without its port.
func (s *Site) address(r *http.Request) string {
	addr := r.RemoteAddr
	if s.ClientAddr != nil {
		addr = s.ClientAddr(r)
	}
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// Refuse answers a refusal: whoever is not signed in and reads pages is sent to sign in and comes back afterwards; everyone else gets the problem.
func (s *Site) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, authz.ErrSignIn) {
		s.Problem(w, r, err)
		return
	}
	to := or(s.SignIn, defaultSignIn) + "?" + url.Values{backParam: {backOf(r)}}.Encode()
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", to) // htmx leads the whole page there, whatever the status
		w.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		http.Redirect(w, r, to, http.StatusSeeOther)
	default:
		s.Problem(w, r, err)
	}
}

// backOf is the page to come back to: the one that was asked for, or the one on which a form or script stood.
func backOf(r *http.Request) string {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("HX-Request") != "true" {
		return Local(r.URL.RequestURI())
	}
	from, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return Local(from.RequestURI())
}

// Back gives the page that a sign-in leads back to: a path of this site, never another site.
func Back(r *http.Request) string { return Local(r.FormValue(backParam)) }
