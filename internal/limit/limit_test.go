package limit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestTake(t *testing.T) {
	t.Parallel()
	l := New(Rate{PerSecond: 2, Burst: 3})
	at := start
	for i, want := range []bool{true, true, true, false, false} {
		if wait := l.Take("a", at); (wait == 0) != want {
			t.Errorf("request %d: wait %s", i, wait)
		}
	}
	if wait := l.Take("a", at); wait != 500*time.Millisecond { // refused requests cost nothing
		t.Errorf("wait %s, want half a second", wait)
	}
	if wait := l.Take("b", at); wait != 0 {
		t.Errorf("another client waits %s", wait)
	}
	if wait := l.Take("a", at.Add(500*time.Millisecond)); wait != 0 {
		t.Errorf("after the wait: %s", wait)
	}
	if New(Rate{}).Take("a", at) != 0 {
		t.Error("no limit limits")
	}
}

// Whatever comes, a client never has more than its burst and its rate allow, and the memory is bounded.
func TestBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{PerSecond: rapid.Float64Range(0.1, 50).Draw(t, "rate"), Burst: rapid.IntRange(1, 20).Draw(t, "burst")}
		l := New(r)
		l.max = 64
		at, passed := start, 0
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			at = at.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "ms")) * time.Millisecond)
			if l.Take("own", at) == 0 {
				passed++
			}
		}
		if most := float64(r.Burst) + r.PerSecond*at.Sub(start).Seconds() + 1e-6; float64(passed) > most {
			t.Fatalf("%d requests passed, at most %f", passed, most)
		}
		for i := range 1000 {
			l.Take(strconv.Itoa(i), at)
		}
		if len(l.now)+len(l.old) > 2*64 {
			t.Fatalf("remembers %d clients", len(l.now)+len(l.old))
		}
	})
}

func TestClient(t *testing.T) {
	t.Parallel()
	proxies, err := ParseProxies([]string{"10.0.0.0/8", " 192.0.2.7 ", "2001:db8::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		remote, forwarded, want string
	}{
		{"203.0.113.9:1234", "", "203.0.113.9"},
		{"203.0.113.9:1234", "198.51.100.1", "203.0.113.9"}, // whoever is not trusted is not believed
		{"10.1.2.3:1", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:1", "1.1.1.1, 198.51.100.1", "198.51.100.1"}, // the client wrote the first one itself
		{"10.1.2.3:1", "198.51.100.1, 192.0.2.7", "198.51.100.1"},
		{"10.1.2.3:1", "198.51.100.1, 10.9.9.9, 192.0.2.7", "198.51.100.1"},
		{"10.1.2.3:1", "", "10.1.2.3"},
		{"10.1.2.3:1", "garbage", "10.1.2.3"},
		{"10.1.2.3:1", "garbage, 192.0.2.7", "192.0.2.7"},
		{"10.1.2.3:1", "10.0.0.1", "10.0.0.1"},
		{"10.1.2.3:1", "[2001:db8::99]:80", "2001:db8::99"},
		{"[2001:db8::1]:1", "::ffff:198.51.100.1", "198.51.100.1"},
		{"[::ffff:10.1.2.3]:1", "198.51.100.1", "198.51.100.1"},
		{"@", "198.51.100.1", "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := proxies.Client(r).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
	for _, bad := range []string{"", "x", "10.0.0.0/99", "10.0.0"} {
		if _, err := ParseProxies([]string{bad}); !errors.Is(err, ErrProxy) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"198.51.100.1": "198.51.100.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64"} {
		if got := Network(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if Network(netip.Addr{}) != "unknown" {
		t.Error("an unknown address has a name")
	}
}

func FuzzClient(f *testing.F) {
	f.Add("10.1.2.3:1", "198.51.100.1, 10.9.9.9")
	proxies, err := ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		ip := proxies.Client(r)
		if direct := parseAddr(remote); direct.IsValid() && !proxies.trusts(direct) && ip != direct {
			t.Fatalf("%q believed %q", remote, forwarded)
		}
	})
}

func serve(h http.Handler, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })

func TestPerClient(t *testing.T) {
	t.Parallel()
	now := start
	h := PerClient{
		ByAddress: New(Rate{PerSecond: 1, Burst: 4}), ByKey: New(Rate{PerSecond: 0.1, Burst: 2}),
		Key: func(r *http.Request) string { return r.Header.Get("X-Key") }, Free: func(r *http.Request) bool { return r.URL.Path == "/static" },
		Now: func() time.Time { return now },
	}.Wrap(ok)
	from := func(ip, key string) func(*http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = ip + ":1"
			if key != "" {
				r.Header.Set("X-Key", key)
			}
		}
	}
	for i, want := range []int{200, 200, 429} { // one key from three addresses
		w := serve(h, from(fmt.Sprintf("198.51.100.%d", i), "k"))
		if w.Code != want {
			t.Errorf("key, request %d: %d", i, w.Code)
		}
		if want == 429 && w.Header().Get("Retry-After") != "10" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
	}
	for i, want := range []int{200, 200, 200, 200, 429} {
		if w := serve(h, from("203.0.113.1", "")); w.Code != want || (want == 429) != (w.Header().Get("Retry-After") == "1") {
			t.Errorf("address, request %d: %d, Retry-After %q", i, w.Code, w.Header().Get("Retry-After"))
		}
	}
	if w := serve(h, func(r *http.Request) { r.RemoteAddr, r.URL.Path = "203.0.113.1:1", "/static" }); w.Code != 200 {
		t.Errorf("what does not count: %d", w.Code)
	}
	now = now.Add(time.Second)
	if w := serve(h, from("203.0.113.1", "")); w.Code != 200 {
		t.Errorf("after Retry-After: %d", w.Code)
	}
}

// Under overload as many are answered as may work and wait, the rest at once with 503, and afterwards all is as before.
func TestOverloadRecovers(t *testing.T) {
	t.Parallel()
	g := NewGate(GateOptions{Working: 2, Waiting: 3, Wait: time.Minute, Free: func(r *http.Request) bool { return r.URL.Path == "/healthz" }})
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	h := g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			entered <- struct{}{}
			<-leave
		}
		w.WriteHeader(http.StatusOK)
	}))
	var wg sync.WaitGroup
	answers := make(chan int, 10)
	for range 5 {
		wg.Go(func() { answers <- serve(h, nil).Code })
	}
	<-entered
	<-entered
	for g.Waiting() < 3 {
		runtime.Gosched()
	}
	for range 4 {
		w := serve(h, nil)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "60" {
			t.Errorf("overload: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
	}
	if w := serve(h, func(r *http.Request) { r.URL.Path = "/healthz" }); w.Code != 200 {
		t.Errorf("health under overload: %d", w.Code)
	}
	if g.Refused() != 4 || g.Working() != 2 {
		t.Errorf("%d refused, %d at work", g.Refused(), g.Working())
	}
	close(leave)
	wg.Wait()
	close(answers)
	for code := range answers {
		if code != 200 {
			t.Errorf("who waited got %d", code)
		}
	}
	if w := serve(h, nil); w.Code != 200 || g.Working() != 0 || g.Waiting() != 0 {
		t.Errorf("afterwards: %d, %d at work, %d waiting", w.Code, g.Working(), g.Waiting())
	}
}

// Waiting ends with the patience of the gate or of the caller, and a panic gives its place back.
func TestGateLetsGo(t *testing.T) {
	t.Parallel()
	g := NewGate(GateOptions{Working: 1, Waiting: 1, Wait: time.Millisecond})
	g.places <- struct{}{}
	if w := serve(g.Wrap(ok), nil); w.Code != 503 {
		t.Errorf("waited too long: %d", w.Code)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	g.wait = time.Hour
	serve(g.Wrap(ok), func(r *http.Request) { *r = *r.WithContext(gone) })
	if g.Refused() != 1 {
		t.Errorf("%d refused: who left counts", g.Refused())
	}
	<-g.places
	func() {
		defer func() { _ = recover() }()
		serve(g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") })), nil)
	}()
	if g.Working() != 0 {
		t.Error("a panic keeps its place")
	}
}

// Whoever sends slowly holds no place that readers need: a small body is read before, and large ones have a quarter of the places.
func TestSlowBodiesHoldNoPlaces(t *testing.T) {
	t.Parallel()
	g := NewGate(GateOptions{Working: 16, Wait: time.Millisecond})
	entered := make(chan struct{}, 20)
	h := g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			entered <- struct{}{}
			n, err := io.Copy(io.Discard, r.Body)
			w.Header().Set("X-Body", fmt.Sprint(n, " ", err))
		}
	}))
	post := func(body io.Reader) *httptest.ResponseRecorder {
		return serve(h, func(r *http.Request) { r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(body), -1 })
	}
	var wg sync.WaitGroup
	answers := make(chan *httptest.ResponseRecorder, 20)
	var writers []*io.PipeWriter
	slow := func(first int) {
		read, write := io.Pipe()
		writers = append(writers, write)
		wg.Go(func() { answers <- post(read) })
		_, _ = write.Write(make([]byte, first)) // returns once it was read
	}
	for range 10 {
		slow(100)
	}
	if w := serve(h, nil); w.Code != 200 || g.Working() != 0 {
		t.Errorf("ten small slow bodies: %d, %d places held", w.Code, g.Working())
	}
	for range 4 {
		slow(maxAhead + 1)
		<-entered
	}
	if w := post(bytes.NewReader(make([]byte, 2*maxAhead))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a fifth large body: %d", w.Code)
	}
	if w := serve(h, nil); w.Code != 200 {
		t.Errorf("beside four large slow bodies: %d", w.Code)
	}
	for i, w := range writers {
		if i == 0 {
			_ = w.CloseWithError(io.ErrUnexpectedEOF)
		} else {
			_ = w.Close()
		}
	}
	wg.Wait()
	got := map[string]int{}
	for range writers {
		got[(<-answers).Header().Get("X-Body")]++
	}
	want := map[string]int{"100 <nil>": 9, "100 unexpected EOF": 1, fmt.Sprint(maxAhead+1, " <nil>"): 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if g.Working() != 0 || len(g.bodies) != 0 {
		t.Errorf("%d and %d places held in the end", g.Working(), len(g.bodies))
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	has := func(h http.Handler) (yes bool) {
		return serve(h, nil).Code == 418
	}
	see := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.Context().Deadline(); ok {
			w.WriteHeader(418)
		}
	})
	if !has(Deadline(time.Second, nil, see)) || has(Deadline(0, nil, see)) || has(Deadline(time.Second, func(*http.Request) bool { return true }, see)) {
		t.Error("wrong requests have a deadline")
	}
}

func BenchmarkTake(b *testing.B) {
	l := New(Rate{PerSecond: 1e9, Burst: 1e9})
	names := make([]string, 1000)
	for i := range names {
		names[i] = "198.51.100." + strconv.Itoa(i)
	}
	i := 0
	for b.Loop() {
		l.Take(names[i%1000], start)
		i++
	}
}
