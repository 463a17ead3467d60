package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/config"
)

// No password may rest on what everybody connects with the site: its city, its product, its address.
func TestContextWords(t *testing.T) {
	t.Parallel()
	a := &App{Config: config.Config{BaseURL: "https://xyzx.linxi.example.cn", City: config.City{Name: "临溪市"}}}
	for _, word := range []string{"临溪市", "gongxin", "公信", "xyzx", "xyzx.linxi.example.cn"} {
		if !slices.Contains(a.contextWords(), word) {
			t.Errorf("%s may be a password", word)
		}
	}
	if slices.Contains((&App{}).contextWords(), "localhost") {
		t.Error("no address, and a word of it")
	}
}

// Callers who are turned away for haste get the same headers as everybody, and a number to ask about.
func TestTurnedAwayWithHeaders(t *testing.T) {
	t.Parallel()
	h := handler(t, config.Config{BaseURL: "https://credit.example", Limits: config.Limits{PerSecond: 0.001, Burst: 1}})
	var w *httptest.ResponseRecorder
	for range 2 {
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/about", nil))
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Fatalf("%d", w.Code)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security", "X-Request-Id"} {
		if w.Header().Get(name) == "" {
			t.Errorf("turned away without %s", name)
		}
	}
	if kind := w.Header().Get("Content-Type"); !strings.Contains(kind, "charset=utf-8") {
		t.Errorf("Content-Type %q", kind)
	}
}

// Other machines are served only where the operator says how they come, with TLS or, in so many words, without.
func TestNothingIsServedInClearByChance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, base string
		want         error
	}{
		{"127.0.0.1:8080", "", nil},
		{"[::1]:8080", "", nil},
		{"localhost:8080", "", nil},
		{"0.0.0.0:8080", "", ErrExposed},
		{":8080", "", ErrExposed},
		{"192.0.2.7:80", "", ErrExposed},
		{"0.0.0.0:8080", "https://credit.example.gov.cn", nil},
		{"10.0.0.5:8080", "http://credit.intern", nil},
	} {
		conf := config.Config{Listen: c.listen, BaseURL: c.base}
		if err := exposed(conf); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s with %q: %v", c.listen, c.base, err)
		}
		if c.want != nil {
			if err := (&App{Config: conf}).Serve(t.Context(), false, nil); !errors.Is(err, ErrExposed) {
				t.Errorf("%s is served: %v", c.listen, err)
			}
		}
	}
}

// handler gives everything that an empty installation serves.
func handler(t *testing.T, c config.Config) http.Handler {
	t.Helper()
	c.Data = t.TempDir()
	conf, err := c.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), conf, Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	h, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Scripts of other sites read the public log, which is for everyone to check, and nothing else.
func TestOnlyTheLogIsOpenToOtherOrigins(t *testing.T) {
	t.Parallel()
	h := handler(t, config.Config{})
	for path, want := range map[string]string{
		"/log/key": "*", "/log/checkpoint": "*", "/": "", "/search?q=x": "", "/sign-in": "", "/me": "", "/api/v1/stats": "", "/api/v1/self": "", "/open-data": "", "/healthz": "",
	} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Origin", "https://elsewhere.example")
			r.Header.Set("Access-Control-Request-Method", "POST")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Header().Get("Access-Control-Allow-Origin")
			if method == http.MethodGet && got != want || got != "" && got != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" || w.Header().Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s %s is open to %q (%d)", method, path, got, w.Code)
			}
			if method == http.MethodOptions && w.Code < 400 {
				t.Errorf("OPTIONS %s answers %d", path, w.Code)
			}
		}
	}
}
