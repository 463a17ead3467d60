package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/synth"
)

// Client speaks to the server as an outside system would. What it needs to be let in, such as an API key, is its own affair.
type Client interface {
	// Do sends a request to a path of the server.
	Do(ctx context.Context, method, path string, header http.Header, body []byte) (status int, answer []byte, err error)
}

// httpClient is a Client over HTTP, with an API key if it has one.
type httpClient struct {
	base func() string // the server's address changes when it is started again
	key  string
	http *http.Client
}

// Do sends a request.
func (c *httpClient) Do(ctx context.Context, method, path string, header http.Header, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base()+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, raw, err
}

// ack is a filing that the server has acknowledged.
type ack struct {
	id       string
	rows     int            // in the file
	receipt  *ingest.Counts // as the server gave it when it was done, nil before
	received int
}

// load files and reads until it is told to stop.
type load struct {
	client Client
	seed   uint64

	mu       sync.Mutex
	files    []synth.FileSpec // of the newest city, those not given out
	pass     uint64
	city     *synth.City
	today    func() synth.Options
	acks     []*ack
	repeated int
	filed    map[string]int
	read     map[string]int
	fileTime []float64
	readTime []float64
	problems []string
	codes    []string // of subjects that were found, to be looked up again
}

// job is a file to be filed.
type job struct {
	city *synth.City
	spec synth.FileSpec
	key  string
}

// next gives the next file; when a city has no more, another one begins.
func (l *load) next() (job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.files) == 0 {
		l.pass++
		o := l.today()
		o.Seed = l.seed + l.pass
		city, err := synth.New(o)
		if err != nil {
			return job{}, err
		}
		l.city, l.files = city, city.Files()
	}
	spec := l.files[0]
	l.files = l.files[1:]
	return job{l.city, spec, fmt.Sprintf("soak-%d-%d-%s", l.seed, l.pass, keyOf(spec.Name))}, nil
}

// keyOf makes a key of visible ASCII from a file's name.
func keyOf(name string) string { return url.QueryEscape(name) }

// file files one file after the other, each until it is acknowledged and done, as a department's system would: without an answer it sends the
// same again under the same key.
func (l *load) file(ctx context.Context) {
	for ctx.Err() == nil {
		j, err := l.next()
		if err != nil {
			l.problem("合成城市没有生成：%v", err)
			return
		}
		var content bytes.Buffer
		if _, err := j.city.WriteFile(&content, j.spec); err != nil {
			l.problem("文件没有生成：%v", err)
			return
		}
		a := l.submit(ctx, j, content.Bytes())
		if a == nil {
			continue
		}
		l.await(ctx, a)
	}
}

// retryAfter is how long a client waits before it asks again.
const retryAfter = 200 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (l *load) submit(ctx context.Context, j job, content []byte) *ack {
	path := "/api/v1/submissions?" + url.Values{"item": {string(j.spec.Item)}, "unit": {j.spec.UnitCode}}.Encode()
	header := http.Header{
		"Idempotency-Key": {j.key}, "Content-Type": {contentTypes[j.spec.Format]},
		"Content-Disposition": {`attachment; filename*=UTF-8''` + url.PathEscape(j.spec.Name)},
	}
	for try := 0; ctx.Err() == nil; try++ {
		begun := time.Now()
		status, raw, err := l.client.Do(ctx, http.MethodPost, path, header, content)
		l.note(l.filed, &l.fileTime, status, err, begun)
		if err == nil && (status == http.StatusOK || status == http.StatusAccepted) {
			var r ingest.Receipt
			if err := json.Unmarshal(raw, &r); err != nil || r.ID == "" {
				l.problem("回执无法读取：%v", err)
				return nil
			}
			a := &ack{id: r.ID, rows: j.spec.Rows}
			l.mu.Lock()
			l.acks = append(l.acks, a)
			l.repeated += try
			l.mu.Unlock()
			return a
		}
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			l.problem("一份合格的报送被拒绝：状态 %d，%.300s", status, raw)
			return nil
		}
		pause(ctx, retryAfter)
	}
	return nil
}

var contentTypes = map[synth.Format]string{
	synth.CSV: "text/csv", synth.NDJSON: "application/x-ndjson", synth.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// await asks for the receipt until the filing is done. What it says then it has to say for ever.
func (l *load) await(ctx context.Context, a *ack) {
	for ctx.Err() == nil {
		r, ok := l.receipt(ctx, a.id)
		if ok && (r.State == ingest.Done || r.State == ingest.Failed) {
			l.mu.Lock()
			a.receipt, a.received = &r.Counts, r.Received
			l.mu.Unlock()
			return
		}
		pause(ctx, retryAfter)
	}
}

func (l *load) receipt(ctx context.Context, id string) (*ingest.Receipt, bool) {
	status, raw, err := l.client.Do(ctx, http.MethodGet, "/api/v1/submissions/"+id+"?limit=1&wait=5", nil, nil)
	if err != nil || status != http.StatusOK {
		if err == nil && status == http.StatusNotFound {
			l.problem("已确认的批次 %s 找不到", id)
			return &ingest.Receipt{State: ingest.Failed}, true
		}
		return nil, false
	}
	var r ingest.Receipt
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, false
	}
	return &r, true
}

// browse reads the public site and interface.
func (l *load) browse(ctx context.Context, n int) {
	random := rand.New(rand.NewPCG(l.seed, uint64(n)))
	names := []string{"临溪", "科技", "贸易", "建设", "食品"}
	for ctx.Err() == nil {
		path := "/"
		switch random.IntN(6) {
		case 0:
			path = "/api/v1/records?item=XZCF&limit=20"
		case 1:
			path = "/api/v1/records?item=XZXK&limit=20"
		case 2:
			path = "/api/v1/subjects?" + url.Values{"q": {names[random.IntN(len(names))]}}.Encode()
		case 3:
			path = "/api/v1/stats"
		case 4:
			if code := l.code(random); code != "" {
				path = "/api/v1/subjects/" + code + "/records"
			}
		}
		begun := time.Now()
		status, raw, err := l.client.Do(ctx, http.MethodGet, path, nil, nil)
		l.note(l.read, &l.readTime, status, err, begun)
		if status == http.StatusOK && len(raw) > 0 && raw[0] == '{' {
			l.learn(raw)
		}
		if err != nil {
			pause(ctx, retryAfter)
		}
		pause(ctx, time.Duration(random.IntN(150))*time.Millisecond)
	}
}

// learn keeps codes of businesses that an answer shows.
func (l *load) learn(raw []byte) {
	var list struct {
		Items []struct {
			Code string `json:"code"`
		} `json:"items"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range list.Items {
		if _, err := ident.ParseUSCC(i.Code); err == nil && len(l.codes) < 1000 {
			l.codes = append(l.codes, i.Code)
		}
	}
}

func (l *load) code(random *rand.Rand) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.codes) == 0 {
		return ""
	}
	return l.codes[random.IntN(len(l.codes))]
}

// note counts an answer by its status, or that none came.
func (l *load) note(by map[string]int, times *[]float64, status int, err error, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		by["none"]++
		return
	}
	by[strconv.Itoa(status)]++
	*times = append(*times, float64(time.Since(begun).Microseconds())/1000)
}

const maxProblems = 100

func (l *load) problem(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// acknowledged gives the filings so far.
func (l *load) acknowledged() []*ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.acks)
}

func latency(ms []float64) Latency {
	if len(ms) == 0 {
		return Latency{}
	}
	slices.Sort(ms)
	at := func(p float64) float64 { return ms[min(len(ms)-1, int(p*float64(len(ms))))] }
	return Latency{P50: at(0.5), P99: at(0.99), Max: ms[len(ms)-1]}
}
