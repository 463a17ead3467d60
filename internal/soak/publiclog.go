package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

// logWatch keeps every checkpoint of the public log that the server showed.
type logWatch struct {
	tally  *tally
	seen   map[int64]string // size → the first checkpoint of that size
	last   int64
	served bool
}

// look asks for the checkpoint and reports a log that shrank or says two things about one size.
func (w *logWatch) look(ctx context.Context, c Client, problem func(string, ...any)) {
	begun := time.Now()
	status, raw, err := c.Do(context.WithoutCancel(ctx), http.MethodGet, "/log/checkpoint", nil, nil)
	if w.tally != nil {
		w.tally.add(kindLog, status, raw, err, begun)
	}
	if err != nil || status != http.StatusOK {
		return
	}
	size, root, ok := sizeAndRoot(string(raw))
	if !ok {
		problem("公开日志的检查点无法读取")
		return
	}
	w.served = true
	if size < w.last {
		problem("公开日志变短了：先有 %d 条，后有 %d 条", w.last, size)
	}
	w.last = size
	have, known := w.seen[size]
	if !known {
		w.seen[size] = string(raw)
		return
	}
	if _, before, _ := sizeAndRoot(have); before != root {
		problem("公开日志对 %d 条给出了两个不同的根", size)
	}
}

func sizeAndRoot(checkpoint string) (size int64, root string, ok bool) {
	lines := strings.SplitN(checkpoint, "\n", 4)
	if len(lines) < 4 {
		return 0, "", false
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	return size, lines[2], err == nil
}

// prove verifies the log whole, against the rows of the database too, and that it continues every checkpoint that was shown. It shares no code with the
// writer.
func (w *logWatch) prove(ctx context.Context, data string, d *db.DB, c *checker) {
	lines, err := translog.PublicKeys(filepath.Join(data, "keys"))
	if err != nil {
		c.problem("公开日志的公钥无法读取：%v", err)
		return
	}
	keys, err := verify.ParseKeys(lines...)
	if err != nil {
		c.problem("公开日志的公钥无法读取：%v", err)
		return
	}
	source := verify.Folder(filepath.Join(data, "log"))
	var r *verify.Result
	err = d.ReadTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		r, _, err = verify.Database(ctx, source, keys, w.seen[w.last], tx)
		return err
	})
	if err != nil {
		c.problem("公开日志无法核验：%v", err)
		return
	}
	for _, f := range r.Failures {
		c.problem("公开日志：%s", f.Message)
	}
	c.done = append(c.done, r.Proven...)
	broken := 0
	for _, size := range slices.Sorted(maps.Keys(w.seen)) {
		if q, _ := verify.Quick(ctx, source, keys, w.seen[size]); !q.OK() {
			broken++
			c.problem("大小 %d 的检查点与最后的日志不一致：%s", size, q.Failures[0].Message)
		}
	}
	if broken == 0 {
		c.checked("运行中看到的 %d 个检查点：签名都有效，最后的日志都是它们的延续", len(w.seen))
	}
}

// lookEvery is how often the checkpoint is asked for.
const lookEvery = 2 * time.Second

// run looks at the log until ctx ends.
func (w *logWatch) run(ctx context.Context, c Client, problem func(string, ...any)) {
	for ctx.Err() == nil {
		w.look(ctx, c, problem)
		pause(ctx, lookEvery)
	}
}

// settled waits until the log holds everything that was committed.
func settled(ctx context.Context, c Client) error {
	for {
		status, raw, err := c.Do(ctx, http.MethodGet, "/log/status", nil, nil)
		var s translog.Status
		if err == nil && status == http.StatusOK && json.Unmarshal(raw, &s) == nil && s.Pending == 0 && s.Checkpoint == s.Size {
			return nil
		}
		pause(ctx, retryAfter)
		if ctx.Err() != nil {
			return fmt.Errorf("soak: %d 项改动没有进入公开日志，检查点 %d，共 %d 条", s.Pending, s.Checkpoint, s.Size)
		}
	}
}
