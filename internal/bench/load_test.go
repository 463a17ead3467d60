package bench

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestLatency(t *testing.T) {
	t.Parallel()
	samples := make([]time.Duration, 0, 1000)
	for i := 1000; i >= 1; i-- {
		samples = append(samples, time.Duration(i)*time.Millisecond)
	}
	want := Latency{Calls: 1000, Seconds: 2, PerSecond: 500, Mean: 500.5, P50: 500, P95: 950, P99: 990, Max: 1000}
	if diff := gocmp.Diff(want, latency(samples, 2*time.Second)); diff != "" {
		t.Error(diff)
	}
	one := latency([]time.Duration{time.Millisecond}, time.Second)
	if one.P50 != 1 || one.P99 != 1 || one.Max != 1 {
		t.Errorf("one sample: %+v", one)
	}
	if none := latency(nil, time.Second); none != (Latency{Seconds: 1}) {
		t.Errorf("no sample: %+v", none)
	}
}

func root(*rand.Rand) string { return "/" }

// TestDrive counts every request, reads answers of known and of unknown length, and keeps to a pace.
func TestDrive(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	long := strings.Repeat("信", 100_000)
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := asked.Add(1)
		switch {
		case req.URL.Path == "/none":
			w.WriteHeader(http.StatusNotFound)
		case n%3 == 0:
			_, _ = w.Write([]byte("短"))
		case n%3 == 1:
			_, _ = w.Write([]byte(long)) // chunked
		}
	})
	s, err := serve(t.Context(), side{handler: h})
	if err != nil {
		t.Fatal(err)
	}
	samples, took, err := drive(t.Context(), traffic{to: s, clients: 3, span: 50 * time.Millisecond, pace: 0, next: root})
	if err != nil || len(samples) < 3 || int64(len(samples)) != asked.Load() || took < 50*time.Millisecond {
		t.Errorf("%d samples of %d requests in %v: %v", len(samples), asked.Load(), took, err)
	}
	asked.Store(0)
	samples, _, err = drive(t.Context(), traffic{to: s, clients: 2, span: 200 * time.Millisecond, pace: pace(20 * time.Millisecond), next: root})
	if err != nil || len(samples) == 0 || len(samples) > 60 || int64(len(samples)) != asked.Load() { // 20 are to be expected
		t.Errorf("%d samples at a pace: %v", len(samples), err)
	}
	if _, _, err = drive(t.Context(), traffic{to: s, clients: 1, span: time.Second, pace: 0, next: func(*rand.Rand) string { return "/none" }}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a refused request: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// TestQueue: who has to wait because the request before takes long, waits in the figures too.
func TestQueue(t *testing.T) {
	t.Parallel()
	slow := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		timer := time.NewTimer(5 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
	})
	s, err := serve(t.Context(), side{handler: slow})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.stop() }()
	samples, _, err := drive(t.Context(), traffic{to: s, clients: 1, span: 100 * time.Millisecond, pace: pace(time.Millisecond), next: root})
	if err != nil || len(samples) < 2 {
		t.Fatalf("%d samples: %v", len(samples), err)
	}
	if l := latency(samples, time.Second); l.Max < 50 {
		t.Errorf("requests five times as frequent as they can be served took at most %v ms", l.Max)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	r := &runner{Options: Options{Clients: []int{1, 3}, Seconds: 0.04}}
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("信用")) })
	got, err := r.compare(t.Context(), side{handler: h, next: root}, side{handler: h, next: root, plain: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Loads) != 2 || got.Loads[1].Clients != 3 || got.Half.Clients != 3 || got.Half.Rate <= 0 || got.best().Ratio <= 0 {
		t.Errorf("%+v", got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	r := &Report{Verdicts: []Verdict{{Name: "报送", Value: 2, Unit: "倍", Aim: 1, AtLeast: true, Reached: true}, {Name: "p99", Value: 12.5, Unit: "毫秒", Aim: 10}}, Stages: []*Stage{{}}}
	var text bytes.Buffer
	if err := r.Print(&text); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(text.String(), "■ 目标\n")
	want := "             实测  目标  达到\n  报送       2 倍   ≥ 1    是\n  p99   12.5 毫秒  ≤ 10    否\n"
	if !strings.HasPrefix(after, want) {
		t.Errorf("got\n%s\nwant\n%s", after, want)
	}
}

func TestSlip(t *testing.T) {
	t.Parallel()
	x := rand.New(rand.NewPCG(1, 1))
	name := "临溪市示例食品有限公司"
	for range 200 {
		got := slip(x, name, "云岭物流")
		n, m := []rune(name), []rune(got)
		differ := 0
		for i := range min(len(n), len(m)) {
			if n[i] != m[i] {
				differ++
			}
		}
		if !(len(m) == len(n) && differ == 1 || len(m) == len(n)-1) {
			t.Errorf("slip gave %q", got)
		}
	}
}
