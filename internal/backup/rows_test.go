package backup

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What the driver hands out comes back the same, and the line between is JSON.
func TestRowsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]kind{kindInt, kindReal, kindText, kindBlob}), 1, 8).Draw(t, "kinds")
		w, want := newRowWriter(kinds), make([]any, len(kinds))
		for i, k := range kinds {
			switch {
			case rapid.IntRange(0, 5).Draw(t, "null") == 0:
			case k == kindInt:
				want[i] = rapid.Int64().Draw(t, "int")
			case k == kindReal:
				want[i] = rapid.Float64Range(-1e300, 1e300).Draw(t, "real")
			case k == kindText:
				want[i] = string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) // any bytes
			default:
				want[i] = rapid.SliceOf(rapid.Byte()).Draw(t, "blob")
			}
			if err := w.cells[i].(*cell).Scan(want[i]); err != nil {
				t.Fatal(err)
			}
		}
		line := w.line()
		if !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%q is no line of JSON", line)
		}
		have := make([]any, len(kinds))
		if err := parseRow(bytes.TrimSuffix(line, []byte("\n")), kinds, have); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Fatalf("%q (-want +have):\n%s", line, diff)
		}
	})
}

// Nothing and emptiness are told apart.
func TestEmptyIsNotNull(t *testing.T) {
	t.Parallel()
	kinds := []kind{kindText, kindBlob, kindText, kindBlob}
	w := newRowWriter(kinds)
	for i, v := range []any{"", []byte(nil), nil, nil} {
		if err := w.cells[i].(*cell).Scan(v); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(w.line()); got != `["","",null,null]`+"\n" {
		t.Errorf("line %q", got)
	}
}

// A value that does not fit its column stops the backup; it is never bent.
func TestRefusesStrangeValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  kind
		value any
	}{{kindText, int64(1)}, {kindInt, "1"}, {kindInt, 1.5}, {kindBlob, "x"}, {kindReal, math.NaN()}, {kindReal, math.Inf(1)}, {kindInt, true}} {
		if err := newRowWriter([]kind{c.kind}).cells[0].(*cell).Scan(c.value); err == nil {
			t.Errorf("%v in a column of %s: no error", c.value, c.kind)
		}
	}
}

// The digest does not depend on the order, and sees a row that is missing, doubled or changed.
func TestDigest(t *testing.T) {
	t.Parallel()
	of := func(lines ...string) string {
		var d digest
		for _, l := range lines {
			d.add([]byte(l))
		}
		return d.String()
	}
	want := of("a", "b", "c")
	if of("c", "a", "b") != want {
		t.Error("the order matters")
	}
	for _, other := range [][]string{{"a", "b"}, {"a", "b", "c", "c"}, {"a", "b", "d"}, {}} {
		if of(other...) == want {
			t.Errorf("%q has the digest of a, b, c", other)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	kinds := []kind{kindInt, kindText, kindBlob, kindReal}
	for _, s := range []string{`[1,"x","eA==",1.5]`, `[null,null,null,null]`, `[1,{"x":"/w=="},"",0]`, `["`, `[1,"\u00`, `[1,"\ud800",null,null]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		values := make([]any, len(kinds))
		if parseRow(line, kinds, values) != nil {
			return
		}
		w := newRowWriter(kinds)
		for i, v := range values {
			if err := w.cells[i].(*cell).Scan(v); err != nil {
				t.Skip() // infinite fractions
			}
		}
		again := make([]any, len(kinds))
		if err := parseRow(bytes.TrimSuffix(w.line(), []byte("\n")), kinds, again); err != nil {
			t.Fatalf("%q became unreadable: %v", line, err)
		}
		if diff := cmp.Diff(values, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add([]byte("example.com/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— x y\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if size, root, err := parseCheckpoint(raw); err == nil && (size < 0 || len(root) != 32) {
			t.Fatalf("size %d, root %x", size, root)
		}
	})
}

func FuzzOpenKeys(f *testing.F) {
	f.Add([]byte(`{"format":1,"salt":"AAAAAAAAAAAAAAAA","time":1,"memory_kib":8,"threads":1,"sealed":"AAAA"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s sealedKeys
		if json.Unmarshal(raw, &s) == nil && (s.Memory > 64 || s.Time > 3) {
			t.Skip() // slow, not wrong
		}
		if content, err := openKeys(raw, "a passphrase of the test"); err == nil {
			t.Fatalf("opened: %v", content)
		}
	})
}

func BenchmarkRow(b *testing.B) {
	kinds := []kind{kindInt, kindInt, kindText, kindText, kindBlob, kindInt}
	values := []any{int64(1 << 60), int64(20260302), "XZCF", `{"CF_WSH":"临市监罚〔2026〕1号","CF_NR":"罚款人民币壹万元整"}`, make([]byte, 32), nil}
	w, into := newRowWriter(kinds), make([]any, len(kinds))
	var d digest
	for b.Loop() {
		for i, v := range values {
			_ = w.cells[i].(*cell).Scan(v)
		}
		line := w.line()
		d.add(line)
		if err := parseRow(line[:len(line)-1], kinds, into); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(w.buf)))
}
