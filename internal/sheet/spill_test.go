package sheet

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"testing"
)

// spilledTable is a string table of n strings of which all lie in the file.
func spilledTable(t *testing.T, dir string, n int) *sharedStrings {
	t.Helper()
	table := &sharedStrings{dir: dir, maxCell: 1000, kept: sstMemory, cache: map[int]*stringBlock{}}
	for i := range n {
		from := len(table.data)
		table.data = append(table.data, spilled(i)...)
		if err := table.add(from); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.close() })
	return table
}

func spilled(i int) string { return fmt.Sprintf("王秀英 SECRET 37030319900101%04d", i) }

func onDisk(t *testing.T, table *sharedStrings) []byte {
	t.Helper()
	if err := table.spill.flush(); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(io.NewSectionReader(table.spill.file, 0, math.MaxInt64))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSpillIsSealed(t *testing.T) {
	t.Parallel()
	const n = 40*sstBlock + 7
	dir := t.TempDir()
	table := spilledTable(t, dir, n)
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("the temporary folder names the spill: %v %v", names, err)
	}
	raw := onDisk(t, table)
	if len(raw) < n*len(spilled(0)) {
		t.Fatalf("%d bytes on disk: the table was not spilled", len(raw))
	}
	for _, clear := range []string{"王秀英", "SECRET", "370303", "19900101"} {
		if bytes.Contains(raw, []byte(clear)) {
			t.Errorf("%q lies readable on disk", clear)
		}
	}
	for _, i := range []int{n - 1, 0, sstBlock, sstBlock - 1, n / 2} {
		if s, ok, err := table.get(i); s != spilled(i) || !ok || err != nil {
			t.Errorf("string %d: %q %v %v", i, s, ok, err)
		}
	}
	// The same strings sealed by another table share nothing: the key is the spill's own.
	if other := onDisk(t, spilledTable(t, t.TempDir(), n)); bytes.Equal(other[:64], raw[:64]) {
		t.Error("two spills have one key")
	}
}

// What the disk gives back changed is an error, never another cell's text.
func TestSpillChangedOnDisk(t *testing.T) {
	t.Parallel()
	table := spilledTable(t, t.TempDir(), 3*sstBlock)
	raw := onDisk(t, table)
	at := table.spill.at[1] + 40
	if _, err := table.spill.file.WriteAt([]byte{raw[at] ^ 1}, at); err != nil {
		t.Fatal(err)
	}
	if s, ok, err := table.get(sstBlock); err == nil {
		t.Errorf("%q %v from a changed block", s, ok)
	}
	if s, ok, err := table.get(0); s != spilled(0) || !ok || err != nil {
		t.Errorf("the block before it: %q %v %v", s, ok, err)
	}
}

func BenchmarkSpill(b *testing.B) {
	s, err := newSpill(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.close() }()
	block := bytes.Repeat([]byte("临溪市城关镇人民路"), 200)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if err := s.append(block); err != nil {
			b.Fatal(err)
		}
	}
}
