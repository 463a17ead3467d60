package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
)

// people knows one session and one key.
type people struct{ err error }

func (p people) Actor(_ context.Context, raw string) (authz.Actor, error) {
	switch {
	case p.err != nil:
		return authz.Actor{}, p.err
	case raw != "good":
		return authz.Actor{}, fault.New(fault.Denied, "test.session", "过期", "")
	}
	return authz.Actor{ID: 5, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: 7}, {Role: authz.ListApprover}}}, nil
}

func (p people) KeyActor(_ context.Context, raw, address string) (authz.Actor, error) {
	if raw != "key" || address != "192.0.2.1" {
		return authz.Actor{}, fault.New(fault.Denied, "test.key", "无效", "")
	}
	return authz.Actor{ID: 5, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}, p.err
}

func guarded(t *testing.T, actors authz.Actors) (http.Handler, *Site) {
	t.Helper()
	s := newSite(t, io.Discard)
	s.Actors = actors
	rt := s.Router()
	say := func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, authz.From(r.Context()).String()+" from "+authz.From(r.Context()).Address)
		return err
	}
	rt.Handle("GET /open", Public(authz.PortalRead), s.Handle(say))
	rt.Handle("GET /desk", Anywhere(authz.DeskOpen), s.Handle(say))
	rt.Handle("GET /approve", Anywhere(authz.CatalogApprove), s.Handle(say))
	rt.Handle("GET /metrics", Anywhere(authz.MetricsRead), s.Handle(say))
	rt.Handle("GET /gone", Of(authz.SubmissionRead, "报送单位", func(*http.Request) (authz.Scope, error) { return authz.Scope{}, ErrNoPage }), s.Handle(say))
	rt.Handle("POST /file/{unit}", Asked(authz.SubmissionCreate, "报送单位"), s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if r.PathValue("unit") != "forgotten" {
			if err := s.Check(r.Context(), authz.Scope{Agency: int64(len(r.PathValue("unit")))}); err != nil {
				return err
			}
		}
		return say(w, r)
	}))
	return s.Wrap(rt), s
}

func TestGuards(t *testing.T) {
	t.Parallel()
	broken := errors.New("pg: down")
	for _, c := range []struct {
		name, method, path, cookie, bearer string
		actors                             authz.Actors
		status                             int
		has                                string
	}{
		{"everyone", "GET", "/open", "", "", people{}, 200, "anonymous from 192.0.2.1"},
		{"signed in", "GET", "/open", "good", "", people{}, 200, "account:5"},
		{"a session that ended", "GET", "/open", "old", "", people{}, 200, "anonymous"},
		{"accounts down, public page", "GET", "/open", "good", "", people{broken}, 200, "anonymous"},
		{"accounts down, own page", "GET", "/desk", "good", "", people{broken}, 500, "系统"},
		{"nobody", "GET", "/desk", "", "", people{}, 401, "要先登录"},
		{"a session that ended, own page", "GET", "/desk", "old", "", people{}, 401, "要先登录"},
		{"own page", "GET", "/desk", "good", "", people{}, 200, "account:5"},
		{"the factor is missing", "GET", "/approve", "good", "", people{}, 403, "/sign-in/factor?back=%2Fapprove"},
		{"key", "GET", "/metrics", "", "key", people{}, 200, "key:5"},
		{"wrong key", "GET", "/metrics", "", "nokey", people{}, 401, "密钥"},
		{"key where keys do not count", "GET", "/desk", "", "key", people{}, 403, "接口密钥不能"},
		{"not found after could", "GET", "/gone", "good", "", people{}, 404, "没有找到"},
		{"nobody learns what is there", "GET", "/gone", "", "", people{}, 401, "要先登录"},
		{"asked and granted", "POST", "/file/1234567", "good", "", people{}, 200, "account:5"},
		{"asked and refused", "POST", "/file/12", "good", "", people{}, 403, "本单位"},
		{"never asked", "POST", "/file/forgotten", "good", "", people{}, 500, "系统"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, _ := guarded(t, c.actors)
			r := httptest.NewRequest(c.method, c.path, nil)
			if c.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "gx", Value: c.cookie})
			}
			if c.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+c.bearer)
			}
			w := serve(h, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
				t.Errorf("%d, want %d with %q:\n%s", w.Code, c.status, c.has, w.Body.String())
			}
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("%d with WWW-Authenticate %q", w.Code, w.Header().Get("WWW-Authenticate"))
			}
			if strings.Contains(w.Body.String(), "pg:") {
				t.Error("the cause left")
			}
		})
	}
}

// Readers of pages are sent to sign in and come back to where they were, never to another site.
func TestSignInRedirect(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t, people{})
	for _, c := range []struct{ method, path, referer, back string }{
		{"GET", "/desk?a=1&b=%E7%94%B2", "", "/desk?a=1&b=%E7%94%B2"},
		{"POST", "/file/1", "http://example.com/desk?x=1", "/desk?x=1"},
		{"POST", "/file/1", "http://evil.example/desk", "/"},
		{"POST", "/file/1", "http://example.com//evil.example/", "/"},
		{"POST", "/file/1", "", "/"},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Accept", "text/html,*/*")
		if c.referer != "" {
			r.Header.Set("Referer", c.referer)
		}
		w := serve(h, r)
		if want := "/sign-in?" + (url.Values{"back": {c.back}}).Encode(); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%s %s: %d to %q, want %q", c.method, c.path, w.Code, w.Header().Get("Location"), want)
		}
		r.Header.Set("HX-Request", "true")
		if w := serve(h, r); w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("HX-Redirect"), "/sign-in?back=") {
			t.Errorf("htmx: %d, %v", w.Code, w.Header())
		}
	}
	for _, back := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "", "/\tevil"} {
		r := httptest.NewRequest("GET", "/sign-in?"+url.Values{"back": {back}}.Encode(), nil)
		if got := Back(r); got != "/" {
			t.Errorf("%q leads to %q", back, got)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	for _, secure := range []bool{true, false} {
		s := &Site{Secure: secure, Now: func() time.Time { return now }}
		w := httptest.NewRecorder()
		s.SetSession(w, "token", now.Add(time.Hour))
		c := w.Result().Cookies()[0]
		want := map[bool]string{true: "__Host-gx", false: "gx"}[secure]
		if c.Name != want || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" || c.Domain != "" || c.MaxAge != 3600 {
			t.Errorf("secure %v: %+v", secure, c)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: map[bool]string{true: "gx", false: "__Host-gx"}[secure], Value: "planted"})
		if got := s.Session(r); got != "" {
			t.Errorf("secure %v: takes the other cookie: %q", secure, got)
		}
		r.AddCookie(c)
		if got := s.Session(r); got != "token" {
			t.Errorf("secure %v: reads %q", secure, got)
		}
		w = httptest.NewRecorder()
		s.ClearSession(w)
		if c := w.Result().Cookies()[0]; c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("not cleared: %+v", c)
		}
	}
}

// A site that cannot tell who calls does not start.
func TestSiteNeedsActors(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it starts")
		}
	}()
	s := newSite(t, io.Discard)
	s.Actors = nil
	s.Wrap(s.Router())
}

// A route without a rule of the table cannot be hung in.
func TestRoutesNeedARule(t *testing.T) {
	t.Parallel()
	for name, g := range map[string]Guard{
		"the zero guard":                     {},
		"an action that nobody knows":        Anywhere("no.such"),
		"public, which the table denies":     Public(authz.SubmissionRead),
		"public, for what nobody heard of":   Public("no.such"),
		"a list of what the table lacks":     Among("no.such", ""),
		"an own thing that the table lacks":  Own("no.such"),
		"a thing asked that the table lacks": Asked("no.such", ""),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is hung in", name)
				}
			}()
			(&Site{}).Router().Handle("GET /x", g, http.NotFoundHandler())
		}()
	}
}

func TestHeaderNamesWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	s.Actors = people{}
	rt := s.Router()
	rt.Handle("GET /{$}", open, s.Handle(func(w http.ResponseWriter, r *http.Request) error { return ErrNoPage }))
	h := s.Wrap(rt)
	if body := serve(h, httptest.NewRequest("GET", "/", nil)).Body.String(); !strings.Contains(body, `href="/sign-in"`) {
		t.Errorf("no link to sign in:\n%s", body)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: "gx", Value: "good"})
	w := serve(h, r)
	if !strings.Contains(w.Body.String(), "已登录") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v\n%s", w.Header(), w.Body.String())
	}
}

// FuzzBack takes anything as the page to come back to: it stays on this site.
func FuzzBack(f *testing.F) {
	for _, seed := range []string{"/desk?a=1", "//evil.example", `/\evil.example`, "https://evil.example", "/%2F/evil", "/\x00", "/a//b", "?x", "/;//x"} {
		f.Add(seed)
	}
	here, err := url.Parse("https://credit.example/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, back string) {
		to := Back(httptest.NewRequest("GET", "/sign-in?"+url.Values{"back": {back}}.Encode(), nil))
		u, err := url.Parse(to)
		if err != nil || !strings.HasPrefix(to, "/") || here.ResolveReference(u).Host != here.Host || strings.ContainsAny(to, "\\\r\n\t") {
			t.Errorf("%q leads to %q", back, to)
		}
	})
}
