package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gongxin/internal/web/ui"
)

// Whom a limit turns away reads what happened and what to do, and comes back to where they were; a foreign address is no way back.
func TestTurnAway(t *testing.T) {
	t.Parallel()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	site := &Site{City: "临溪市", Assets: assets}
	for _, c := range []struct{ method, at, back string }{
		{http.MethodGet, "/search?q=1", `href="/search?q=1"`},
		{http.MethodPost, "/desk/check", `href="/"`},
		{http.MethodGet, "//evil.example/x", `href="/"`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(c.at, "?")
		w := httptest.NewRecorder()
		site.TurnAway(w, r, http.StatusTooManyRequests, "访问太频繁", "访问太频繁，请 3 秒后再试。", "请放慢速度")
		body := w.Body.String()
		for _, want := range []string{"429", "请 3 秒后再试", "请放慢速度。", c.back, "<h1>"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s %s: no %s in %s", c.method, c.at, want, body)
			}
		}
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(body, "evil.example") {
			t.Errorf("%s %s: %d %v", c.method, c.at, w.Code, w.Header())
		}
	}
}
