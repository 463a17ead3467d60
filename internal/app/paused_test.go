package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/config"
)

// newApp opens an installation over a new SQLite file, at ten o'clock by a clock that a test moves.
func newApp(t *testing.T, change func(*config.Config)) (*App, *clock.Manual) {
	t.Helper()
	c, err := config.Config{Data: t.TempDir(), City: config.City{Name: "临溪市", Code: "990100"}}.Defaults()
	must(t, err)
	if change != nil {
		change(&c)
	}
	at := clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	a, err := Open(context.Background(), c, Options{Clock: at, Version: "test"}, true)
	must(t, err)
	t.Cleanup(func() { _ = a.Close() })
	_, err = a.Names.Refresh(context.Background())
	must(t, err)
	return a, at
}

// ask gets a page as a reader on this machine does.
func ask(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	h.ServeHTTP(w, r)
	return w
}

// holidays of 2027, as an operator loads them.
const holidays2027 = `year = 2027
document = "国办发明电〔2026〕1号"
work = ["2027-01-09"]

[[off]]
name = "元旦"
from = "2027-01-01"
to = "2027-01-05"
`

// Every page, every answer of the interface and the probe say that publication pauses, and since when; when the log goes on they stop saying it.
// The probe stays ready: another node could not show more.
func TestPauseIsSaid(t *testing.T) {
	t.Parallel()
	a, at := newApp(t, nil)
	h, err := a.Handler()
	must(t, err)
	pages := []string{"/", "/search?q=a", "/catalog", "/sign-in", "/no-such-page", "/help"}
	calls := []string{"/api/v1/catalog/items", "/api/v1/no-such-call", "/api/openapi.json"}
	check := func(paused bool) {
		t.Helper()
		for _, path := range pages {
			body := ask(h, path).Body.String()
			if strings.Contains(body, "公示暂停更新，自 2026-03-12 10:00 起") != paused || strings.Contains(body, "site-notice") != paused {
				t.Errorf("%s: paused is %v, and the page says otherwise", path, paused)
			}
			if upTo := at.Now(); paused && !strings.Contains(body, "数据截至 <time>2026-03-12 10:00</time>") || !paused && !strings.Contains(body, "数据截至 <time>"+upTo.In(clock.Zone).Format("2006-01-02 15:04")+"</time>") {
				t.Errorf("%s: paused is %v, and the foot of the page says otherwise", path, paused)
			}
		}
		for _, path := range calls {
			want := ""
			if paused {
				want = "2026-03-12T02:00:00Z"
			}
			if got := ask(h, path).Header().Get("Gongxin-Paused-Since"); got != want {
				t.Errorf("%s: paused since %q, want %q", path, got, want)
			}
		}
		if w := ask(h, "/readyz"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "ready\n") || strings.Contains(w.Body.String(), "paused since 2026-03-12T02:00:00Z") != paused {
			t.Errorf("paused is %v: readyz answers %d %q", paused, w.Code, w.Body)
		}
		if w := ask(h, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("healthz answers %d", w.Code)
		}
	}
	check(false)
	// A change is committed, and nothing takes it into the log.
	if _, err := catalog.SaveCalendar(context.Background(), a.DB, holidays2027, "test", at.Now()); err != nil {
		t.Fatal(err)
	}
	at.Advance(a.pauseAfter() - time.Second)
	check(false)
	at.Advance(time.Second)
	check(true)

	// The sequencer comes back.
	log, err := a.publicLog(context.Background())
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		if s, err := log.Status(context.Background()); err == nil && s.Pending == 0 && s.Size > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log does not advance")
		}
	}
	at.Advance(2 * time.Second)
	check(false)
}
