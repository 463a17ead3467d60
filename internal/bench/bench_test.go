package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
var mayBeZero = []string{"counts.", "memoryBytes", "cpuSeconds", "Share", "share", "reached", "atLeast", "machine.load", "value", "verdicts", "seed", "floorRows.", "MemoryBytes"}

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
	if s.Search.Names != s.Subjects {
		t.Errorf("%d names of %d subjects", s.Search.Names, s.Subjects)
	}
	if s.Search.Recall.Share < 0.9 {
		t.Errorf("recall %v", s.Search.Recall)
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
	for _, want := range []string{"下限：同样的行直接写入", "一行一个文件", "记录最多的 100 个主体", "recall@10", "栏目：任意深处", "目标"} {
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
	if s.List == nil || s.Page != nil || s.Query != nil || s.Search != nil || s.Filing.Floor != nil || s.Filing.Stock.Rows != 1000 {
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
