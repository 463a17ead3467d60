package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gongxin/internal/check"
	"gongxin/internal/db"
)

// measureCheck asks for credit checks over the interface: permission, matter, gate, lists, measures, the entry in the access log, the sealed answer, both leaves
// for the public log, committed and flushed before the answer leaves.
func (r *runner) measureCheck(ctx context.Context, s *Stage) error {
	r.Progress("信用核查", 0)
	// As many accounts as connections, all of one matter: many windows are not one, whose counters they would queue for.
	if err := r.openCounters(ctx, len(useCases)*slices.Max(r.Clients), 0); err != nil {
		return err
	}
	stop, err := r.running(ctx)
	if err != nil {
		return err
	}
	defer stop()
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	heavy, err := r.heaviest(ctx)
	if err != nil {
		return err
	}
	product, err := r.app.Handler()
	if err != nil {
		return err
	}
	c := &CheckFigures{}
	s.Check = c
	whole := r.checkSide(product, func(x *rand.Rand) string { return pick(x, firms).code })
	bare := func(x *rand.Rand) string { return "/" + pick(x, firms).code }
	r.Progress("信用核查", 0.1)
	if c.HTTPFigures, err = r.compare(ctx, whole, side{handler: r.bareQuery(), next: bare, plain: true}); err != nil {
		return err
	}
	r.Progress("信用核查：与写入一行的下限相比", 0.5)
	if c.Kept, err = r.compareKept(ctx, whole, bare); err != nil {
		return err
	}
	most := r.checkSide(product, func(x *rand.Rand) string { return pick(x, heavy) })
	if c.Heaviest, err = r.alone(ctx, most, 0.5); err != nil {
		return err
	}
	r.Progress("批量核查", 0.8)
	c.Batch, err = r.measureCheckBatch(ctx, product, firms)
	return err
}

// checkSide asks for checks with the keys of the windows of the first matter.
func (r *runner) checkSide(product http.Handler, code func(*rand.Rand) string) side {
	x := side{handler: product, plain: true, next: func(*rand.Rand) string { return "/api/v1/checks" }}
	matter := r.counters[0].matter
	for i := range r.counters {
		if c := &r.counters[i]; c.matter == matter && c.key != "" {
			x.lines = append(x.lines, "Authorization: Bearer "+c.key+"\r\n")
		}
	}
	x.body = func(x *rand.Rand) string { return `{"subject":"` + code(x) + `","matter":"` + matter + `"}` }
	return x
}

// compareKept holds checks against the plainest way to keep something: the same SELECT, and one row of the size of an entry, committed. Whoever has to put
// every question on file before it is answered cannot be faster than that.
func (r *runner) compareKept(ctx context.Context, product side, next paths) ([]Load, error) {
	kept, drop, err := r.bareKeeper(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = drop(context.WithoutCancel(ctx)) }()
	out, err := r.compareLoads(ctx, product, side{handler: kept, next: next, plain: true})
	return out.Loads, err
}

// bareKeeper answers as bareQuery does, after one row is on file.
func (r *runner) bareKeeper(ctx context.Context) (_ http.Handler, drop func(context.Context) error, err error) {
	d := r.app.DB
	write := func(ctx context.Context, statement string, args ...any) error {
		return d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, statement, args...)
			return err
		}, db.ReadCommitted)
	}
	if err := write(ctx, `CREATE TABLE bench_kept (id BIGINT PRIMARY KEY, body TEXT NOT NULL)`); err != nil {
		return nil, nil, err
	}
	row, read := strings.Repeat("x", entrySize), r.bareQuery()
	var number atomic.Int64
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := write(req.Context(), `INSERT INTO bench_kept (id, body) VALUES ($1, $2)`, number.Add(1), row); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		read.ServeHTTP(w, req)
	})
	return h, func(ctx context.Context) error { return write(ctx, `DROP TABLE bench_kept`) }, nil
}

// entrySize is about what an entry in the access log takes, in bytes.
const entrySize = 300

// measureCheckBatch sends the largest list over the interface and reads the answers as they come, against the same list answered by one statement a code that
// keeps nothing.
func (r *runner) measureCheckBatch(ctx context.Context, product http.Handler, firms []firm) (*BatchFigures, error) {
	codes := make([]string, 0, check.MostCodes)
	seen := map[string]bool{}
	for i := 0; len(codes) < cap(codes) && len(codes) < len(firms) && i < 20*cap(codes); i++ {
		if f := pick(r.rng, firms); !seen[f.code] {
			seen[f.code] = true
			codes = append(codes, f.code)
		}
	}
	body, err := json.Marshal(map[string]any{"subjects": codes, "matter": r.counters[0].matter})
	if err != nil {
		return nil, err
	}
	out := &BatchFigures{Rows: len(codes)}
	resetPeak()
	first, took, size, err := stream(ctx, r.checkSide(product, nil), "/api/v1/checks", body, len(codes))
	if err != nil {
		return nil, err
	}
	out.Seconds, out.FirstMS, out.Bytes, out.PeakBytes = took.Seconds(), ms(first), size, peak()
	out.PerSecond = float64(len(codes)) / max(took.Seconds(), 1e-9)
	_, took, _, err = stream(ctx, side{handler: r.bareBatch(codes)}, "/", nil, len(codes))
	if err != nil {
		return nil, err
	}
	out.FloorPerSecond = float64(len(codes)) / max(took.Seconds(), 1e-9)
	out.Ratio = out.PerSecond / max(out.FloorPerSecond, 1e-9)
	return out, nil
}

// bareBatch writes a line of bodies for each code.
func (r *runner) bareBatch(codes []string) http.Handler {
	one := r.bareQuery()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for _, code := range codes {
			asked := req.Clone(req.Context())
			asked.URL.Path = "/" + code
			one.ServeHTTP(w, asked)
			_, _ = w.Write([]byte{'\n'})
		}
	})
}

var errRefusedLine = errors.New("a code of the register was refused")

// stream sends a body and reads lines; first is when the first one was there.
func stream(ctx context.Context, x side, path string, body []byte, lines int) (first, took time.Duration, size int64, err error) {
	s, err := serve(ctx, x)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, 0, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if len(x.lines) > 0 {
		name, value, _ := strings.Cut(strings.TrimSpace(x.lines[0]), ": ")
		req.Header.Set(name, value)
	}
	began := time.Now()
	res, err := (&http.Client{Transport: &http.Transport{DisableCompression: true}}).Do(req)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return 0, 0, 0, fmt.Errorf("POST %s: %s", path, res.Status)
	}
	in := bufio.NewReaderSize(res.Body, 1<<20)
	n := 0
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, bufio.ErrBufferFull) { // the rest of a very long line follows
			size += int64(len(line))
			continue
		}
		if err != nil {
			return 0, 0, 0, err
		}
		if n++; n == 1 {
			first = time.Since(began)
		}
		if size += int64(len(line)); bytes.HasPrefix(line, []byte(`{"subject":"`)) {
			return 0, 0, 0, errRefusedLine
		}
	}
	if n != lines {
		return 0, 0, 0, fmt.Errorf("%d lines of %d", n, lines)
	}
	return first, time.Since(began), size, nil
}
