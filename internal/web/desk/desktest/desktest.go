// Package desktest helps the tests of the desks: anybody visits a page of a site, and the page is held to what it says. Nothing but tests may
// import it.
package desktest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Callers finds the actor that the session's cookie spells out as JSON, so that a test can be anybody.
type Callers struct{}

// Actor gives the actor that a cookie of SignIn spells out.
func (Callers) Actor(_ context.Context, raw string) (authz.Actor, error) {
	var a authz.Actor
	text, err := hex.DecodeString(raw)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return a, fault.New(fault.Denied, "test.session", "无效", "")
	}
	return a, nil
}

// KeyActor knows no key.
func (Callers) KeyActor(context.Context, string, string) (authz.Actor, error) {
	return authz.Actor{}, fault.New(fault.Denied, "test.key", "无效", "")
}

// As is a signed-in account that gave its second factor.
func As(id int64, grants ...authz.Grant) authz.Actor {
	return authz.Actor{ID: id, Kind: authz.Account, Strong: true, Session: 77, Grants: grants}
}

// NewSite makes a site with accounts, whose sessions Callers spell out.
func NewSite(t testing.TB) *web.Site {
	t.Helper()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	return &web.Site{City: "临溪市", Assets: assets, Actors: Callers{}, Authority: authz.New(ident.DefaultDivisions())}
}

// SignIn gives a request the session of an actor.
func SignIn(r *http.Request, who authz.Actor) {
	spelled, _ := json.Marshal(who)
	r.AddCookie(&http.Cookie{Name: "gx", Value: hex.EncodeToString(spelled)}) //nolint:gosec // G124: a request's cookie, which has no flags
}

// Visit asks as somebody; a form makes it a post.
func Visit(t testing.TB, h http.Handler, who authz.Actor, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return Send(t, h, who, r)
}

// Send sends a request as somebody, as a browser does from a page of the site, and holds pages to being kept nowhere.
func Send(t testing.TB, h http.Handler, who authz.Actor, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/html")
	if who.Kind == authz.Account {
		SignIn(r, who)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s may be kept: %q", r.Method, r.URL.Path, w.Header().Get("Cache-Control"))
	}
	return w
}

// Want holds an answer to its status and to what its page says, and gives what the page says.
func Want(t testing.TB, w *httptest.ResponseRecorder, status int, words ...string) string {
	t.Helper()
	said := Text(w.Body.String())
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, said)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("the page does not say %q:\n%s", word, said)
		}
	}
	return said
}

// Text gives what a page says, without its marks.
func Text(page string) string {
	var b strings.Builder
	in := false
	for _, r := range page {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
