package app

import (
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/config"
	"gongxin/internal/db/dbtest"
)

// While the database is away, pages and calls say that they are unavailable and when to come back, the probe says so too, and nothing says that it is
// broken. When the database is back everything answers again, and nobody restarted anything.
func TestLostDatabase(t *testing.T) {
	t.Parallel()
	line := dbtest.PostgresLine(t)
	a, _ := newApp(t, func(c *config.Config) { c.Database = line.URL })
	h, err := a.Handler()
	must(t, err)
	whole := map[string]int{ // address → answer with a database
		"/s/11990100GX10000171": 0, "/c/XZCF": 0, "/api/v1/subjects/11990100GX10000171": 0, "/api/v1/records?item=XZCF": 0, "/api/v1/columns/XZCF/facets": 0,
	}
	for path := range whole {
		whole[path] = ask(h, path).Code
		if whole[path] >= 500 {
			t.Fatalf("%s answers %d with a database", path, whole[path])
		}
	}
	line.Cut()
	for range 3 {
		for path := range whole {
			w := ask(h, path)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s answers %d, Retry-After %q", path, w.Code, w.Header().Get("Retry-After"))
			}
			if body := w.Body.String(); !strings.Contains(body, "暂时不能使用") || strings.Contains(body, "127.0.0.1") || strings.Contains(body, "postgres") {
				t.Errorf("%s: %s", path, body)
			}
		}
		if w := ask(h, "/readyz"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("readyz answers %d", w.Code)
		}
		if text := ask(a.metrics(), "/metrics").Body.String(); !strings.Contains(text, "\ngongxin_database_up 0\n") || strings.Contains(text, "\ngongxin_log_lag_seconds ") {
			t.Error("the figures do not say that the database is away")
		}
		if w := ask(h, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("healthz answers %d", w.Code)
		}
	}
	line.Mend()
	for path, want := range whole {
		if w := ask(h, path); w.Code != want {
			t.Errorf("%s answers %d after the database came back, want %d", path, w.Code, want)
		}
	}
	if w := ask(h, "/readyz"); w.Code != http.StatusOK {
		t.Errorf("readyz answers %d after the database came back", w.Code)
	}
}
