package app

import (
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
