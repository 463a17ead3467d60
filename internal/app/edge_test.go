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
	dir := t.TempDir()
	conf, err := config.Config{Data: dir, BaseURL: "https://credit.example", Limits: config.Limits{PerSecond: 0.001, Burst: 1}}.Defaults()
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
