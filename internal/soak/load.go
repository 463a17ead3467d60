package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"gongxin/internal/ingest"
	"gongxin/internal/synth"
)

// Client speaks to the server as an outside system would. What it needs to be let in, such as an API key, is its own affair.
type Client interface {
	// Do sends a request to a path of the server.
	Do(ctx context.Context, method, path string, header http.Header, body []byte) (status int, answer []byte, err error)
}

// httpClient is a Client over HTTP, with an API key if it has one. It follows no redirect.
type httpClient struct {
	base func() string // the server's address changes when it is started again
	key  string
	http *http.Client
}

// Do sends a request.
func (c *httpClient) Do(ctx context.Context, method, path string, header http.Header, body []byte) (int, []byte, error) {
	status, _, raw, err := c.send(ctx, method, path, header, body)
	return status, raw, err
}

func (c *httpClient) send(ctx context.Context, method, path string, header http.Header, body []byte) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base()+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, raw, err
}

// ack is a filing that the server has acknowledged.
type ack struct {
	id       string
	rows     int            // in the file
	receipt  *ingest.Counts // as the server gave it when it was done, nil before
	received int
}

// load files, asks and reads until it is told to stop. A request that has begun is never broken off: what the server did with it would not be known.
type load struct {
	filer, public, window, bank Client
	visitor                     *httpClient // without a key; for those who sign in
	keys                        keys
	seed                        uint64
	tally                       tally
	firms                       []*firm

	mu       sync.Mutex
	files    []synth.FileSpec // of the newest city, those not given out
	pass     uint64
	city     *synth.City
	today    func() synth.Options
	acks     []*ack
	repeated int
	problems []string
	codes    []string // of subjects that were found, to be looked up again
	records  []string // records that were seen, to be looked up again
	looks
}

// filing is a file to be filed.
type filing struct {
	kind    string // of request, for the counts
	item    string
	unit    string
	name    string
	media   string
	key     string // idempotency key
	rows    int
	content []byte
}

// do sends a request and counts it. It is carried to its end also when the load stops meanwhile.
func (l *load) do(ctx context.Context, c Client, kind, method, path string, header http.Header, body []byte) (int, []byte, error) {
	begun := time.Now()
	status, raw, err := c.Do(context.WithoutCancel(ctx), method, path, header, body)
	l.tally.add(kind, status, raw, err, begun)
	return status, raw, err
}

// next gives the next file of the synthetic city; when a city has no more, another one begins.
func (l *load) next() (*synth.City, synth.FileSpec, uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.files) == 0 {
		l.pass++
		o := l.today()
		o.Seed = l.seed + l.pass
		city, err := synth.New(o)
		if err != nil {
			return nil, synth.FileSpec{}, 0, err
		}
		l.city, l.files = city, city.Files()
	}
	spec := l.files[0]
	l.files = l.files[1:]
	return l.city, spec, l.pass, nil
}

// keyOf makes a key of visible ASCII from a file's name.
func keyOf(name string) string { return url.QueryEscape(name) }

// file files one file after the other, each until it is acknowledged and done, as a department's system would: without an answer it sends the
// same again under the same key.
func (l *load) file(ctx context.Context) {
	for ctx.Err() == nil {
		city, spec, pass, err := l.next()
		if err != nil {
			l.problem("合成城市没有生成：%v", err)
			return
		}
		var content bytes.Buffer
		if _, err := city.WriteFile(&content, spec); err != nil {
			l.problem("文件没有生成：%v", err)
			return
		}
		a, _ := l.submit(ctx, &filing{
			kind: kindFile, item: string(spec.Item), unit: spec.UnitCode, name: spec.Name, media: contentTypes[spec.Format],
			key: fmt.Sprintf("soak-%d-%d-%s", l.seed, pass, keyOf(spec.Name)), rows: spec.Rows, content: content.Bytes(),
		})
		if a != nil {
			l.await(ctx, a)
		}
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

// submit files until the file is acknowledged or the load ends. open says that the server may have it without having said so.
func (l *load) submit(ctx context.Context, f *filing) (_ *ack, open bool) {
	path := "/api/v1/submissions?" + url.Values{"item": {f.item}, "unit": {f.unit}}.Encode()
	header := http.Header{
		"Idempotency-Key": {f.key}, "Content-Type": {f.media}, "Content-Disposition": {`attachment; filename*=UTF-8''` + url.PathEscape(f.name)},
	}
	for try := 0; ctx.Err() == nil; try++ {
		status, raw, err := l.do(ctx, l.filer, f.kind, http.MethodPost, path, header, f.content)
		if err == nil && (status == http.StatusOK || status == http.StatusAccepted) {
			var r ingest.Receipt
			if err := json.Unmarshal(raw, &r); err != nil || r.ID == "" {
				l.problem("回执无法读取：%v", err)
				return nil, true
			}
			a := &ack{id: r.ID, rows: f.rows}
			l.mu.Lock()
			l.acks = append(l.acks, a)
			l.repeated += try
			l.mu.Unlock()
			return a, true
		}
		open = open || unsure(status, err)
		if !unsure(status, err) && status != http.StatusTooManyRequests {
			l.problem("一份合格的报送被拒绝：状态 %d，%.300s", status, raw)
			return nil, open
		}
		pause(ctx, retryAfter)
	}
	return nil, open
}

var contentTypes = map[synth.Format]string{
	synth.CSV: "text/csv", synth.NDJSON: ndjson, synth.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

const ndjson = "application/x-ndjson"

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
	status, raw, err := l.do(ctx, l.filer, kindReceipt, http.MethodGet, "/api/v1/submissions/"+id+"?limit=1&wait=5", nil, nil)
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

// sofar gives how many filings were acknowledged and how many problems were found.
func (l *load) sofar() (filed, problems int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acks), len(l.problems)
}
