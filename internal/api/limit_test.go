package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(d *Deps) {
		d.Limits = Limits{SearchesPerSecond: 0.5, SearchBurst: 2, UploadsPerSecond: 0.1, UploadBurst: 1}
		d.ClientAddr = func(r *http.Request) string { return r.Header.Get("X-Client") }
	})
	ask := func(client, method, target string) answer {
		h := header("text/csv")
		h.Set("X-Client", client)
		return a.do(t, method, target, strings.NewReader("a"), h)
	}
	const search = "/api/v1/subjects?q=aa"
	for i, want := range []int{200, 200, 429, 429} {
		res := ask("192.0.2.1", "GET", search)
		if res.status != want {
			t.Fatalf("search %d: %d", i, res.status)
		}
		if want == 429 {
			if p := res.problem(t); p.Code != "api.rate" || res.header.Get("Retry-After") != "2" {
				t.Errorf("%+v, Retry-After %q", p, res.header.Get("Retry-After"))
			}
		}
	}
	if res := ask("192.0.2.2", "GET", search); res.status != 200 {
		t.Errorf("another client: %d", res.status)
	}
	if res := ask("192.0.2.1", "GET", "/api/v1/records?item=XZCF"); res.status != 429 {
		t.Errorf("columns count as searches: %d", res.status)
	}
	if res := ask("192.0.2.1", "GET", "/api/v1/subjects/"+codeA); res.status != 200 {
		t.Errorf("one subject: %d", res.status)
	}
	if first, second := ask("192.0.2.1", "POST", submitURL), ask("192.0.2.1", "POST", submitURL); first.status != 202 || second.status != 429 || second.header.Get("Retry-After") != "10" {
		t.Errorf("uploads: %d, %d after %q", first.status, second.status, second.header.Get("Retry-After"))
	}
	a.clock.Advance(2 * time.Second)
	if res := ask("192.0.2.1", "GET", search); res.status != 200 {
		t.Errorf("after the wait: %d", res.status)
	}
}

func TestRateLimitOff(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(d *Deps) { d.Limits = Limits{SearchesPerSecond: -1, UploadsPerSecond: -1} })
	for range 2000 {
		if res := a.get(t, "/api/v1/subjects?q=aa"); res.status != 200 {
			t.Fatal(res.status)
		}
	}
}

// The memory of a limiter is bounded, and who asks often stays known while others come and go.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(0.001, 1)
	l.take("often", noon)
	for i := range 5 * maxClients {
		l.take(strconv.Itoa(i), noon)
		if i%1000 == 0 && l.take("often", noon) == 0 {
			t.Fatalf("after %d clients the frequent one is forgotten", i)
		}
	}
	if len(l.now) > maxClients || len(l.old) > maxClients {
		t.Errorf("%d and %d clients are remembered", len(l.now), len(l.old))
	}
}

func TestClientKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1:5000": "192.0.2.1", "192.0.2.1": "192.0.2.1", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::9]:80": "2001:db8:1:2::/64", "[::ffff:192.0.2.1]:1": "192.0.2.1", "[fe80::1%eth0]:1": "fe80::/64", "": "unknown", "unix": "unknown",
	} {
		if got := clientKey(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(1e9, 1000)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprintf("192.0.2.%d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.take(keys[i%len(keys)], noon)
	}
}

func BenchmarkSearchCall(b *testing.B) {
	a := newTestAPI(b, func(d *Deps) { d.Limits.SearchesPerSecond = -1 })
	b.ReportAllocs()
	for b.Loop() {
		if res := a.get(b, "/api/v1/subjects?q=aa&limit=20"); res.status != 200 {
			b.Fatal(res.status)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newTestAPI(b)
	}
}
