package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/web/ui"
)

// What the limits turn away has the headers of every other answer, and stands in the log.
func TestBeforeIsBehindHeadersAndLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, &log)
	s.Secure = true
	s.Before = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	}
	rt := s.Router()
	s.Mount(rt)
	w := serve(s.Wrap(rt), httptest.NewRequest("GET", "/robots.txt", nil))
	if w.Code != http.StatusTooManyRequests {
		t.Fatalf("answers %d", w.Code)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security", "Referrer-Policy", "X-Request-Id"} {
		if w.Header().Get(name) == "" {
			t.Errorf("turned away without %s", name)
		}
	}
	if got := log.String(); !strings.Contains(got, `"status":429`) {
		t.Errorf("nothing in the log: %s", got)
	}
}

// Every cookie has the prefix that binds it to this host as soon as readers come over TLS, and a planted one without it counts for nothing.
func TestCookieNames(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{true, false} {
		s := newSite(t, io.Discard)
		s.Secure = secure
		rt := s.Router()
		s.Mount(rt)
		r := httptest.NewRequest("POST", "/prefs", strings.NewReader("theme=dark&size=large&back=/"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		list := serve(s.Wrap(rt), r).Result().Cookies()
		if len(list) != 2 {
			t.Fatalf("%d cookies", len(list))
		}
		read := httptest.NewRequest("GET", "/", nil)
		for _, c := range list {
			if strings.HasPrefix(c.Name, "__Host-") != secure || c.Secure != secure || c.Path != "/" || c.Domain != "" || !c.HttpOnly {
				t.Errorf("secure %v: %+v", secure, c)
			}
			read.AddCookie(c)
		}
		if p := s.PrefsOf(read); p.Theme != "dark" || !p.Large {
			t.Errorf("secure %v: the choices are lost: %+v", secure, p)
		}
		if secure {
			planted := httptest.NewRequest("GET", "/", nil)
			planted.AddCookie(&http.Cookie{Name: themeCookie, Value: "dark"})
			if p := s.PrefsOf(planted); p.Theme != "" {
				t.Errorf("a planted cookie counts: %+v", p)
			}
		}
	}
}

// A refusal is in the log with who was refused what by which rule, and without an address.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, &log)
	rt := s.Router()
	rt.Handle("GET /desk/{code}", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return authz.ErrDenied }))
	r := httptest.NewRequest("GET", "/desk/91370303MA3C000118", nil)
	serve(s.Wrap(rt), r)
	cross := httptest.NewRequest("POST", "/desk/91370303MA3C000118", nil)
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := serve(s.Wrap(rt), cross); w.Code != http.StatusForbidden {
		t.Errorf("another site's form: %d", w.Code)
	}
	got := log.String()
	for _, part := range []string{`"msg":"refused"`, `"route":"GET /desk/{code}"`, `"who":"anonymous"`, `"code":"` + authz.ErrDenied.Code + `"`, `"code":"web.cross_origin"`} {
		if !strings.Contains(got, part) {
			t.Errorf("the log lacks %s: %s", part, got)
		}
	}
	if strings.Contains(got, "91370303MA3C000118") {
		t.Errorf("the log holds an address: %s", got)
	}
}

// TRACE, which would give a request's own headers back, and other methods that no route has are refused.
func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	s.Mount(rt)
	h := s.Wrap(rt)
	for _, method := range []string{http.MethodTrace, "TRACK", http.MethodPut, http.MethodDelete, http.MethodPatch} {
		r := httptest.NewRequest(method, "/robots.txt", nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Cookie", "gx=secret")
		if w := serve(h, r); w.Code != http.StatusMethodNotAllowed || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s answers %d", method, w.Code)
		}
	}
}

// What is served says what it is, and texts say in which characters they are written.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	s.Mount(rt)
	rt.Handle("GET /page", open, s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return s.Render(w, r, http.StatusOK, Frame(s.Page(r, ""), templ.Raw("<p>x</p>")))
	}))
	h := s.Wrap(rt)
	for path, want := range map[string]string{
		"/page": "text/html; charset=utf-8", "/nowhere": "text/html; charset=utf-8", "/robots.txt": "text/plain; charset=utf-8", "/favicon.ico": "image/svg+xml",
		s.Assets.URL(ui.StyleSheet): "text/css; charset=utf-8", s.Assets.URL("js/app.js"): "text/javascript; charset=utf-8", "/api/nowhere": "application/problem+json",
	} {
		if got := serve(h, httptest.NewRequest("GET", path, nil)).Header().Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
