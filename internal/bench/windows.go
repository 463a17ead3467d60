package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gongxin/internal/fault"
)

// WindowLoad says how many windows work at once, how fast and how long.
type WindowLoad struct {
	Windows int           // at once; 0 = 200
	For     time.Duration // 0 = ten minutes
	Think   time.Duration // mean time between an answer and the next question of a window; 0 = two seconds
	Desks   int           // every so manieth works on the pages of the desk with a session, the others over the interface with a key; 0 = 4, negative = none

	// Server is the address of a running server; "" = the run's own, with the city of its records.
	Server string
	Who    []WindowKey // with Server: keys of the interface; windows take them in turn
	Codes  []string    // with Server: whom to ask about
	PID    int         // with Server: of its process on this machine, to measure it; 0 = not measured

	// Progress is told what is being done and how much of it is done; it may be nil. A run of the whole has its own.
	Progress func(what string, share float64)
}

// WindowKey is a key of the interface and the matter that is asked for with it.
type WindowKey struct{ Key, Matter string }

func (l WindowLoad) withDefaults() WindowLoad {
	if l.Windows == 0 {
		l.Windows = 200
	}
	if l.For == 0 {
		l.For = 10 * time.Minute
	}
	if l.Think == 0 {
		l.Think = 2 * time.Second
	}
	if l.Desks == 0 {
		l.Desks = 4
	}
	if l.Progress == nil {
		l.Progress = func(string, float64) {}
	}
	return l
}

var errLoad = fault.New(fault.Invalid, "bench.windows", "并发窗口的参数不对", "窗口 1 至 2000 个，时长 1 秒至 24 小时，间隔不超过 10 分钟；指定 --server 的，要有密钥和代码")

func (l *WindowLoad) check() error {
	if l.Windows < 1 || l.Windows > 2000 || l.For < time.Second || l.For > 24*time.Hour || l.Think < 0 || l.Think > 10*time.Minute {
		return errLoad
	}
	if l.Server != "" && (len(l.Who) == 0 || len(l.Codes) == 0 || !strings.HasPrefix(l.Server, "http")) {
		return errLoad
	}
	return nil
}

// Kinds of calls that a window makes.
const (
	callCheck    = "核查（接口）"
	callFeedback = "反馈（接口）"
	callAgain    = "再取（接口）"
	deskCheck    = "核查（页面）"
	deskFeedback = "反馈（页面）"
	deskPage     = "打开核查页"
)

var callKinds = []string{callCheck, callFeedback, callAgain, deskCheck, deskFeedback, deskPage}

// Shares of answers that get feedback, and that are looked at again.
const (
	feedbackShare = 0.33
	againShare    = 0.1
)

// windowTimeout is how long a window waits for an answer before it counts as lost.
const windowTimeout = 30 * time.Second

// window is one officer at work.
type window struct {
	counter
	client *http.Client
	base   string
	code   func(*rand.Rand) string
	log    *windowLog
	kept   []string // receipts of the last answers
}

// windowLog takes what windows see.
type windowLog struct {
	mu     sync.Mutex
	began  time.Time
	calls  map[string][]seen
	errors map[string]int
}

// seen is one call that was answered.
type seen struct {
	at   time.Duration // since the beginning
	took time.Duration
}

func newWindowLog() *windowLog {
	return &windowLog{began: time.Now(), calls: map[string][]seen{}, errors: map[string]int{}}
}

func (l *windowLog) answered(kind string, start time.Time) {
	took := time.Since(start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[kind] = append(l.calls[kind], seen{start.Sub(l.began), took})
}

func (l *windowLog) failed(kind, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors[kind+"："+why]++
}

// work asks and thinks until the time is over. A window waits for its answer before it thinks, as people do.
func (w *window) work(ctx context.Context, until time.Time, think time.Duration, x *rand.Rand) {
	timer := time.NewTimer(time.Duration(x.Float64() * float64(think))) // not all at once
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if !time.Now().Before(until) {
			return
		}
		w.turn(ctx, x)
		timer.Reset(min(pace(think).next(x), 5*think))
	}
}

// turn is one check with what follows from it.
func (w *window) turn(ctx context.Context, x *rand.Rand) {
	receipt := w.check(ctx, w.code(x))
	if receipt == "" {
		return
	}
	if w.kept = append(w.kept, receipt); len(w.kept) > 10 {
		w.kept = w.kept[1:]
	}
	if x.Float64() < feedbackShare {
		w.feedback(ctx, receipt)
	}
	if w.session == "" && x.Float64() < againShare {
		w.call(ctx, callAgain, http.MethodGet, "/api/v1/checks/"+pick(x, w.kept), "", "")
	}
}

var (
	receiptInJSON = regexp.MustCompile(`^\{"receipt":"(\d+)"`)
	receiptInPage = regexp.MustCompile(`/desk/check/(\d+)/feedback`)
)

// check asks once and gives the receipt; "" when there was none, which is on file as a fault.
func (w *window) check(ctx context.Context, code string) string {
	kind, in := callCheck, receiptInJSON
	var raw []byte
	if w.session == "" {
		body, _ := json.Marshal(map[string]string{"subject": code, "matter": w.matter}) // texts always marshal
		raw = w.call(ctx, kind, http.MethodPost, "/api/v1/checks", "application/json", string(body))
	} else {
		kind, in = deskCheck, receiptInPage
		form := url.Values{"matter": {w.matter}, "code": {code}}
		raw = w.call(ctx, kind, http.MethodPost, "/desk/check", "application/x-www-form-urlencoded", form.Encode())
	}
	if raw == nil {
		return ""
	}
	found := in.FindSubmatch(raw)
	if found == nil {
		w.log.failed(kind, "回答里没有回执编号")
		return ""
	}
	return string(found[1])
}

func (w *window) feedback(ctx context.Context, receipt string) {
	if w.session == "" {
		w.call(ctx, callFeedback, http.MethodPost, "/api/v1/checks/"+receipt+"/feedback", "application/json", `{"result":"noted"}`)
		return
	}
	if w.call(ctx, deskFeedback, http.MethodPost, "/desk/check/"+receipt+"/feedback", "application/x-www-form-urlencoded", "result=noted") != nil {
		w.call(ctx, deskPage, http.MethodGet, "/desk/check?fed="+receipt, "", "")
	}
}

// call makes one call and gives what was answered, nil when that was no success. The end of the run is no fault.
func (w *window) call(ctx context.Context, kind, method, path, media, body string) []byte {
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, strings.NewReader(body))
	if err != nil {
		w.log.failed(kind, "请求")
		return nil
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if w.session == "" {
		req.Header.Set("Authorization", "Bearer "+w.key)
	} else {
		req.Header.Set("Cookie", "gx="+w.session)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Accept", "text/html")
	}
	start := time.Now()
	res, err := w.client.Do(req)
	if err != nil {
		w.lost(ctx, kind, err)
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.lost(ctx, kind, err)
		return nil
	}
	if res.StatusCode >= 400 {
		w.log.failed(kind, refusedAs(res.StatusCode, raw))
		return nil
	}
	w.log.answered(kind, start)
	if raw == nil {
		raw = []byte{}
	}
	return raw
}

// lost notes a call without an answer, unless the run was broken off.
func (w *window) lost(ctx context.Context, kind string, err error) {
	if ctx.Err() != nil {
		return
	}
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		w.log.failed(kind, "超时")
	default:
		w.log.failed(kind, "连接中断")
	}
}

// refusedAs names a refusal by its status and code.
func refusedAs(status int, raw []byte) string {
	var problem struct {
		Code string `json:"code"`
	}
	if bytes.HasPrefix(raw, []byte("{")) && json.Unmarshal(raw, &problem) == nil && problem.Code != "" {
		return fmt.Sprintf("状态 %d %s", status, problem.Code)
	}
	return fmt.Sprintf("状态 %d", status)
}

// drive lets all windows work.
func (l *WindowLoad) drive(ctx context.Context, base string, windows []counter, code func(*rand.Rand) string) *windowLog {
	log := newWindowLog()
	client := &http.Client{
		Timeout:       windowTimeout,
		Transport:     &http.Transport{MaxIdleConns: 2 * len(windows), MaxIdleConnsPerHost: 2 * len(windows), IdleConnTimeout: 5 * time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	until := log.began.Add(l.For)
	var wg sync.WaitGroup
	for i := range windows {
		w := &window{counter: windows[i], client: client, base: base, code: code, log: log}
		wg.Go(func() { w.work(ctx, until, l.Think, rand.New(rand.NewPCG(uint64(i), 11))) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return log
		case <-tick.C:
			l.Progress(fmt.Sprintf("%d 个窗口同时核查", len(windows)), min(1, float64(time.Since(log.began))/float64(l.For)))
		}
	}
}

// figures sums up what the windows saw.
func (l *windowLog) figures(load *WindowLoad) *WindowFigures {
	took := time.Since(l.began)
	out := &WindowFigures{Windows: load.Windows, Seconds: took.Seconds(), ThinkSeconds: load.Think.Seconds(), Errors: l.errors}
	minutes := map[int][]time.Duration{}
	var all []time.Duration
	for _, kind := range callKinds {
		list := l.calls[kind]
		if len(list) == 0 {
			continue
		}
		times := make([]time.Duration, len(list))
		for i, c := range list {
			times[i] = c.took
			minutes[int(c.at/time.Minute)] = append(minutes[int(c.at/time.Minute)], c.took)
		}
		all = append(all, times...)
		out.Kinds = append(out.Kinds, WindowKind{Name: kind, Latency: latency(times, took), Buckets: buckets(times)})
	}
	out.All, out.Buckets = latency(all, took), buckets(all)
	for m := range len(minutes) {
		x := latency(minutes[m], time.Minute)
		out.Minutes = append(out.Minutes, WindowMinute{Minute: m + 1, Calls: x.Calls, P50: x.P50, P99: x.P99})
	}
	return out
}

// bounds of the histogram, in milliseconds.
var bounds = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 30_000}

// buckets counts sorted times into the histogram.
func buckets(sorted []time.Duration) []Bucket {
	out := make([]Bucket, 0, len(bounds))
	at := 0
	for _, b := range bounds {
		end, _ := slices.BinarySearchFunc(sorted, b, func(d time.Duration, b float64) int {
			if ms(d) <= b {
				return -1
			}
			return 1
		})
		if end > at {
			out = append(out, Bucket{b, end - at})
		}
		at = end
	}
	if len(sorted) > at {
		out = append(out, Bucket{0, len(sorted) - at})
	}
	return out
}
