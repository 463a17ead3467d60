package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestHouse holds the module itself to every rule.
func TestHouse(t *testing.T) {
	t.Parallel()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	m, err := load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.files) < 10 || len(m.tables) == 0 {
		t.Fatalf("read %d files and %d tables: this is not the whole module", len(m.files), len(m.tables))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, b := range r.check(m) {
				t.Error(b)
			}
		})
	}
}

func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", os.ErrNotExist
		}
		dir = up
	}
}

const doc = "// Package x keeps a rule.\npackage x\n"

// Each rule sees its breach, and lets the like that is allowed pass.
func TestRules(t *testing.T) {
	t.Parallel()
	base := map[string]string{
		"go.mod":                                "module m\n\ngo 1.26\n",
		"internal/db/migrations/sqlite/1.sql":   "-- CREATE TABLE ghost (\nCREATE TABLE record_version (a);\nCREATE TABLE subject (a);\n",
		"internal/db/migrations/postgres/1.sql": "create table record_version (a);\ncreate table subject (a);\nCREATE TABLE record_version_1 PARTITION OF record_version;\n",
	}
	imports := func(paths ...string) string { return doc + "import (\n\"" + strings.Join(paths, "\"\n\"") + "\"\n)\n" }
	body := func(head, code string) string { return head + "\n" + code }
	long := doc + strings.Repeat("// line\n", 800)

	for _, c := range []struct {
		name, rule string
		files      map[string]string
		want       []string // a part of each breach
	}{
		{"unknown unit", "every unit stands in the plan", map[string]string{"internal/novelty/a.go": doc, "internal/record/a/b/c.go": doc}, []string{"novelty"}},
		{"up", "imports point down", map[string]string{"internal/record/a.go": imports("m/internal/publish", "m/internal/subject", "m/internal/db", "m/internal/fault", "m/internal/record/x")}, []string{"imports internal/publish"}},
		{"nested counts as its parent", "imports point down", map[string]string{"internal/subject/nameindex/a.go": imports("m/internal/record", "m/internal/subject")}, []string{"internal/record"}},
		{"side by side", "imports point down", map[string]string{"internal/api/a.go": imports("m/internal/web/portal"), "internal/ingest/a.go": imports("m/internal/check")}, []string{"internal/web/portal", "internal/check"}},
		{"free layers", "imports point down", map[string]string{"internal/ident/a.go": imports("m/internal/clock"), "internal/job/a.go": imports("m/internal/audit")}, nil},
		{"composition", "imports point down", map[string]string{"cmd/gongxin/a.go": imports("m/internal/app", "m/internal/bench"), "e2e/a_test.go": imports("m/internal/app"), "internal/web/a_test.go": imports("m/internal/app")}, []string{"internal/web/a_test.go"}},
		{"tests may look up", "imports point down", map[string]string{"internal/record/a_test.go": imports("m/internal/synth")}, nil},
		{"components", "imports point down", map[string]string{"internal/web/ui/a.go": imports("m/internal/subject", "m/internal/clock"), "internal/web/portal/a.go": imports("m/internal/web/ui"), "internal/record/a.go": imports("m/internal/web/ui")}, []string{"ui/a.go imports internal/subject", "record/a.go imports internal/web/ui"}},
		{"synthetic city", "imports point down", map[string]string{"internal/synth/a.go": imports("m/internal/catalog", "m/internal/ident", "m/internal/record")}, []string{"internal/record"}},
		{"leaf", "leaves use one outside library at most", map[string]string{"internal/sheet/a.go": imports("github.com/a/b/c", "golang.org/x/text/width"), "internal/sheet/b.go": imports("github.com/a/b/d"), "internal/gm/a.go": imports("github.com/a/b", "example.org/c"), "internal/db/a.go": imports("github.com/a/b", "github.com/a/c")}, []string{"gm uses"}},
		{"test helpers", "production code does not use test helpers", map[string]string{"internal/record/a.go": imports("m/internal/db/dbtest"), "internal/record/b.go": imports("github.com/google/go-cmp/cmp"), "internal/record/a_test.go": imports("m/internal/db/dbtest"), "internal/db/dbtest/a.go": imports("m/internal/db/dbtest/pgtemp"), "internal/db/a.go": imports("m/internal/db/dbtester")}, []string{"record/a.go", "record/b.go"}},
		{"names", "packages have telling names", map[string]string{"internal/record/utils/a.go": "package utils\n", "internal/record/utility/a.go": "package utility\n"}, []string{"record/utils"}},
		{"docs", "packages say what they are for", map[string]string{"internal/a/a.go": "package a\n", "internal/b/a.go": "package b\n", "internal/b/doc.go": "// Package b keeps\n// a rule.\npackage b\n", "cmd/c/main.go": "// Command c runs.\npackage main\n", "cmd/d/main.go": "// Package main runs.\npackage main\n"}, []string{"cmd/d", "internal/a"}},
		{"length", "files stay readable", map[string]string{"internal/a/a.go": long, "internal/a/b.go": "// Code generated by x. DO NOT EDIT.\n\n" + long, "internal/a/c.go": doc}, []string{"a/a.go"}},
		{"owner", "tables have one owner", map[string]string{"internal/db/migrations/sqlite/2.sql": "CREATE TABLE IF NOT EXISTS oddity (a);"}, []string{"oddity: no owner", "oddity: the migrations of postgres"}},
		{"SQL", "SQL names only its owner's tables", map[string]string{
			"internal/record/a.go":  body(doc, "const q = `SELECT a FROM record_version WHERE b = 1`"),
			"internal/publish/a.go": body(doc, "const q = `SELECT a\nFROM\n\trecord_version WHERE b = 1`"),
			"internal/publish/b.go": body(doc, "var _ = f(\"INSERT INTO \" + \"x\", `update subject SET a = 1 -- FROM record_version`)"),
			"internal/publish/c.go": body(doc, "func g() { tx.CopyFrom(ctx, \"subject\", nil, nil) }"),
			"internal/publish/d.go": body(doc, "// SELECT a FROM subject\nconst title = \"subject, record_version\"\nconst s = `a letter from subject to record_version`"),
			"internal/publish/e.go": body(doc, "const q = `SELECT 1 FROM publish_rule p, subject s`"),
			"internal/web/a.go":     body(doc, "const q = `LEFT JOIN subject s ON s.a = r.a`"),
			"internal/bench/a.go":   body(doc, "const q = `SELECT a FROM record_version`"),
		}, []string{"publish/a.go:4", "publish/b.go:4: SQL names subject", "publish/c.go", "publish/e.go", "web/a.go"}},
		{"clock", "time is injected", map[string]string{
			"internal/record/a.go":      body(imports("time"), "var x = time.Now()"),
			"internal/record/b.go":      body(doc+"import t \"time\"\n", "var x = t.Since(y)\nvar now = t.Now"),
			"internal/record/c.go":      body(doc+"import \"m/internal/clock\"\n", "func f(time clock.Clock) { time.Now() }"),
			"internal/record/a_test.go": body(imports("time"), "var x = time.Now()"),
			"internal/clock/a.go":       body(imports("time"), "var x = time.Now()"),
			"internal/db/dbtest/a.go":   body(imports("time"), "var x = time.Now()"),
		}, []string{"record/a.go:7", "record/b.go:5: time.Since", "record/b.go:6: time.Now"}},
		{"sleep", "nothing sleeps", map[string]string{"internal/record/a_test.go": body(imports("time"), "func f() { time.Sleep(1) }"), "internal/record/a.go": body(imports("time"), "var x = time.NewTimer(1)")}, []string{"a_test.go"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{}
			for _, files := range []map[string]string{base, c.files} {
				for p, text := range files {
					root[p] = &fstest.MapFile{Data: []byte(text)}
				}
			}
			m, err := load(root)
			if err != nil {
				t.Fatal(err)
			}
			matched := false
			for _, r := range rules {
				if r.name != c.rule {
					continue
				}
				matched = true
				got := r.check(m)
				if len(got) != len(c.want) {
					t.Fatalf("breaches %q, want %q", got, c.want)
				}
				for i, w := range c.want {
					if !strings.Contains(strings.Join(got, "\n"), w) {
						t.Errorf("breach %d: %q not in %q", i, w, got)
					}
				}
			}
			if !matched {
				t.Errorf("no rule %q", c.rule)
			}
		})
	}
}

// What is not the module's own source is left alone.
func TestLoadSkips(t *testing.T) {
	t.Parallel()
	broken := &fstest.MapFile{Data: []byte("not go at all")}
	m, err := load(fstest.MapFS{
		"go.mod":       {Data: []byte("module m\n")},
		"tools/go.mod": {Data: []byte("module m/tools\n")}, "tools/a.go": broken,
		"node_modules/x/a.go": broken, "internal/a/testdata/a.go": broken, ".cache/a.go": broken,
		"internal/a/a.go": {Data: []byte(doc)},
	})
	if err != nil || len(m.files) != 1 {
		t.Errorf("%v, %v", m, err)
	}
}
