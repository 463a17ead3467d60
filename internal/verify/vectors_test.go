package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vector is a file that every verifier must accept, or refuse for the same reason. Package translog's test writes them.
type vector struct {
	Name, Text, Keys, Old, Code string
	Versions                    int
	Proven, Limits, Notes       []string
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(raw, &list); err != nil || len(list) < 80 {
		tb.Fatalf("%d vectors, %v", len(list), err)
	}
	return list
}

func TestVectors(t *testing.T) {
	t.Parallel()
	good := 0
	for _, v := range vectors(t) {
		k, err := ParseKeys(strings.Split(v.Keys, "\n")...)
		if err != nil {
			t.Fatal(err)
		}
		r := File([]byte(v.Text), k, v.Old)
		code := ""
		if !r.OK() {
			code = r.Failures[0].Code
		}
		if code != v.Code {
			t.Errorf("%s: %q %+v, want %q", v.Name, code, r.Failures, v.Code)
		}
		if v.Code != "" {
			continue
		}
		good++
		if diff := cmp.Diff([][]string{v.Proven, v.Limits, v.Notes}, [][]string{r.Proven, r.Limits, r.Notes}); diff != "" || len(r.Versions) != v.Versions {
			t.Errorf("%s: %d versions\n%s", v.Name, len(r.Versions), diff)
		}
	}
	if good < 15 {
		t.Errorf("only %d files hold", good)
	}
}

// Whatever a file holds, no verifier panics, and none accepts what the log has not signed.
func FuzzFile(f *testing.F) {
	k := fuzzKeys(f)
	for _, v := range vectors(f) {
		f.Add([]byte(v.Text), v.Old)
	}
	f.Fuzz(func(t *testing.T, b []byte, old string) {
		if File(b, k, old).OK() {
			t.Error("a file that nobody signed")
		}
		if p, err := parseBundle(b); err == nil { // behind the signature nothing may panic either
			r, c := &Result{}, &Checkpoint{Origin: "x", Size: 1 << 40}
			r.bundle(p, c)
			for i := range p.Places {
				s := &bundleCheck{Result: r, b: p, c: c, root: Entry{Kind: kindRoot, Covered: 1 << 40}}
				s.place(&p.Places[i], i%slotCount)
			}
		}
	})
}

func BenchmarkBundle(b *testing.B) {
	for _, v := range vectors(b) {
		if v.Name != "bundle of all items" {
			continue
		}
		k, err := ParseKeys(strings.Split(v.Keys, "\n")...)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if r := File([]byte(v.Text), k, ""); !r.OK() {
				b.Fatal(r.Failures)
			}
		}
	}
}
