package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/internal/bench"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
)

// tiny is a run that takes seconds; its figures mean nothing.
func tiny(t *testing.T, url string) bench.Options {
	t.Helper()
	return bench.Options{Database: url, Data: t.TempDir(), Sizes: []int{1000, 2000}, Seed: 3, Clients: []int{1, 2}, Seconds: 0.02, Version: "test"}
}

// mayBeZero are figures for which nothing is a possible answer: counts of what did not happen, a heap that did not grow, time too short to be seen, words.
var mayBeZero = []string{"counts.", "memoryBytes", "cpuSeconds", "Share", "share", "reached", "atLeast", "machine.load", "value", "verdicts", "seed", "floorRows.", "MemoryBytes", "unproven"}

// TestRun runs every part on both engines, on SQLite at two sizes, and looks for figures that are missing.
func TestRun(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		o := tiny(t, url)
		if strings.HasPrefix(url, "postgres") {
			o.Sizes = o.Sizes[:1]
		}
		report, err := bench.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		walk(t, "", all)
		for _, s := range report.Stages {
			checkStage(t, s)
		}
		if len(report.Growth) < 15*(len(o.Sizes)-1) || len(report.Verdicts) < 20 {
			t.Errorf("%d comparisons of sizes, %d verdicts", len(report.Growth), len(report.Verdicts))
		}
		checkText(t, report)
		left, err := os.ReadDir(o.Data)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

func checkStage(t *testing.T, s *bench.Stage) {
	t.Helper()
	f := &s.Filing
	if f.Floor == nil || f.Week == nil || f.Single == nil || s.Query == nil || s.Search == nil || s.Page == nil || s.List == nil {
		t.Fatalf("a part is missing at %d records", s.Records)
	}
	if f.Counts["rejected"] > 0 || f.Counts["accepted"] != f.Stock.Rows {
		t.Errorf("of %d rows: %v", f.Stock.Rows, f.Counts)
	}
	// The floor inserts the very rows: a version and a current row for each row filed, but for those that wait for a person.
	waiting := f.FloorRows["ingest_queue"]
	if f.FloorRows["record_version"]+waiting != f.Week.Rows || f.FloorRows["record"]+waiting != f.Week.Rows || f.FloorRows["log_outbox"] != f.WeekFiles {
		t.Errorf("filed %d rows in %d files, the floor inserted %v", f.Week.Rows, f.WeekFiles, f.FloorRows)
	}
	if len(s.Query.Loads) != 2 || len(s.Search.Kinds) != 6 || len(s.Page.Kinds) != 2 || len(s.List.Kinds) != 11 {
		t.Errorf("%d loads, %d kinds of search, %d of pages, %d of lists", len(s.Query.Loads), len(s.Search.Kinds), len(s.Page.Kinds), len(s.List.Kinds))
	}
	checkWork(t, s)
	if s.Search.Names != s.Subjects {
		t.Errorf("%d names of %d subjects", s.Search.Names, s.Subjects)
	}
	if s.Search.Recall.Share < 0.9 {
		t.Errorf("recall %v", s.Search.Recall)
	}
}

// checkWork looks at the checks and reports of a stage.
func checkWork(t *testing.T, s *bench.Stage) {
	t.Helper()
	c, f := s.Check, s.Report
	if c == nil || f == nil || c.Batch == nil || f.Batch == nil {
		t.Fatalf("a part is missing at %d records", s.Records)
	}
	if len(c.Loads) != 2 || len(c.Kept) != 2 || len(f.Kinds) != 3 || c.Batch.Rows < s.Subjects/2 || f.Batch.Rows == 0 {
		t.Errorf("%d loads, %d beside a kept row, %d kinds of reports, a batch of %d codes, one of %d reports", len(c.Loads), len(c.Kept), len(f.Kinds), c.Batch.Rows, f.Batch.Rows)
	}
	for _, k := range f.Kinds {
		if k.Unproven > 0 {
			t.Errorf("%s: %d reports without their proofs", k.Name, k.Unproven)
		}
	}
}

// TestWindows lets few windows work for a short time: no fault, and whatever was answered and confirmed is on file.
func TestWindows(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		o := tiny(t, url)
		o.Sizes, o.Only = []int{1000}, []bench.Part{bench.Windows}
		o.Load = bench.WindowLoad{Windows: 8, For: time.Second, Think: 20 * time.Millisecond}
		report, err := bench.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		w := report.Stages[0].Windows
		if len(w.Errors) > 0 || len(w.Kinds) != 6 || w.All.Calls == 0 || len(w.Minutes) == 0 {
			t.Errorf("errors %v, %d kinds of calls, %d calls", w.Errors, len(w.Kinds), w.All.Calls)
		}
		counted := 0
		for _, b := range w.Buckets {
			counted += b.Calls
		}
		if counted != w.All.Calls {
			t.Errorf("%d calls, %d in the histogram", w.All.Calls, counted)
		}
		k := *w.Kept
		if k.Answered == 0 || k.Answers != k.Answered || k.Entries != k.Answered || k.FedBack == 0 || k.Feedback != k.FedBack {
			t.Errorf("answered and kept: %+v", k)
		}
		if text := w.String(); !strings.Contains(text, "差错：0") || !strings.Contains(text, "核查（页面）") {
			t.Errorf("printed:\n%s", text)
		}
	})
}

// TestWindowsAgainst asks a server that refuses, one that is gone and one that answers nonsense: each fault is counted under its kind.
func TestWindowsAgainst(t *testing.T) {
	t.Parallel()
	n := 0
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		turn := n % 3
		mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer the-key" {
			t.Errorf("asked with %q", r.Header.Get("Authorization"))
		}
		switch {
		case r.URL.Path != "/api/v1/checks" || turn == 0:
			_, _ = w.Write([]byte(`{"receipt":"7","result":"未命中"}`))
		case turn == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"code":"limit"}`))
		default:
			_, _ = w.Write([]byte(`nothing`))
		}
	}))
	defer s.Close()
	l := bench.WindowLoad{
		Windows: 3, For: time.Second, Think: 10 * time.Millisecond, Server: s.URL, Who: []bench.WindowKey{{Key: "the-key", Matter: "M"}}, Codes: []string{"91990102MA0A00014H"},
	}
	f, err := bench.Against(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if f.Errors["核查（接口）：状态 503 limit"] == 0 || f.Errors["核查（接口）：回答里没有回执编号"] == 0 || f.All.Calls == 0 {
		t.Errorf("%d calls, errors %v", f.All.Calls, f.Errors)
	}
	l.Codes = nil
	if _, err := bench.Against(t.Context(), l); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without codes: %v", err)
	}
}

// walk fails on a figure that is zero and on a list that is empty.
func walk(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			walk(t, path+"."+k, sub)
		}
	case []any:
		if len(v) == 0 {
			t.Errorf("%s is empty", path)
		}
		for i, sub := range v {
			walk(t, fmt.Sprintf("%s[%d]", path, i), sub)
		}
	case float64:
		if v == 0 && !slices.ContainsFunc(mayBeZero, func(s string) bool { return strings.Contains(path, s) }) {
			t.Errorf("%s is 0", path)
		}
	case nil:
		t.Errorf("%s is missing", path)
	}
}

func checkText(t *testing.T, report *bench.Report) {
	t.Helper()
	var text bytes.Buffer
	if err := report.Print(&text); err != nil {
		t.Fatal(err)
	}
	if len(report.Stages) > 1 && !strings.Contains(text.String(), "增长：2000 条对 1000 条") {
		t.Error("the printed report compares no sizes")
	}
	for _, want := range []string{"下限：同样的行直接写入", "一行一个文件", "记录最多的 100 个主体", "recall@10", "栏目：任意深处", "批量核查", "批量报告", "离线核验", "目标"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the printed report lacks %q", want)
		}
	}
}

// TestOnly leaves out what was not asked for.
func TestOnly(t *testing.T) {
	t.Parallel()
	o := tiny(t, "")
	o.Sizes, o.Only, o.Keep = []int{1000}, []bench.Part{bench.List}, true
	report, err := bench.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := report.Stages[0]
	if s.List == nil || s.Page != nil || s.Query != nil || s.Search != nil || s.Check != nil || s.Windows != nil || s.Filing.Floor != nil || s.Filing.Stock.Rows != 1000 {
		t.Errorf("measured %+v", s)
	}
	kept, err := filepath.Glob(filepath.Join(o.Data, "*", "bench.db"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept %v %v", kept, err)
	}
}

// TestRefused is told before anything is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench.Options){
		"sizes out of order": func(o *bench.Options) { o.Sizes = []int{2000, 1000} },
		"same size twice":    func(o *bench.Options) { o.Sizes = []int{2000, 2000} },
		"too few":            func(o *bench.Options) { o.Sizes = []int{10} },
		"unknown part":       func(o *bench.Options) { o.Only = []bench.Part{"weather"} },
		"no client":          func(o *bench.Options) { o.Clients = []int{0} },
		"no time":            func(o *bench.Options) { o.Seconds = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := tiny(t, "")
			change(&o)
			if _, err := bench.Run(t.Context(), o); fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v", err)
			}
			if left, err := os.ReadDir(o.Data); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// TestFullDatabase is left alone.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.Migrate(t.Context()), d.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := bench.Run(t.Context(), tiny(t, url)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("got %v", err)
		}
	})
}
