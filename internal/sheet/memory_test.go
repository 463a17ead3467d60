package sheet

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// peakHeap runs work and gives the largest live heap seen at its ticks, above what was there before.
func peakHeap(work func(tick func())) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	work(func() {
		runtime.GC()
		runtime.ReadMemStats(&m)
		if m.HeapAlloc > before {
			peak = max(peak, m.HeapAlloc-before)
		}
	})
	return peak
}

func readAll(t *testing.T, path string, rows int, tick func()) {
	t.Helper()
	r, err := Open(path, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var row Row
	n := 0
	for {
		err := r.Next(&row)
		if err == io.EOF {
			break
		}
		if err != nil || row.Bad != nil {
			t.Fatalf("row %d: %v %+v", n, err, row.Bad)
		}
		if n++; n%(rows/4) == 0 {
			tick()
		}
	}
	if n != rows {
		t.Errorf("%d rows, want %d", n, rows)
	}
}

// These tests measure the heap, so they do not run beside others.

func TestMemoryCSV(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the heap over large files")
	}
	const rows = 1_000_000
	path := filepath.Join(t.TempDir(), "big.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte("临溪市综合商贸有限公司,91990101MA00000000,2026-03-02,10000.5,1,\"引号\"\n")
	if _, err := f.WriteString("名称,代码,日期,金额,备注,地址\n"); err != nil {
		t.Fatal(err)
	}
	for range rows / 1000 {
		for range 1000 {
			if _, err := f.Write(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.Close()
	peak := peakHeap(func(tick func()) { readAll(t, path, rows, tick) })
	if peak > 4<<20 {
		t.Errorf("%d MB held while reading", peak>>20)
	}
	t.Logf("%d KB held while reading", peak>>10)
}

// bigBook writes a workbook with a unique shared string in every row, so that the table outgrows its place in
// memory, beside inline text and numbers.
func bigBook(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "big.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := newPackage(t, f)
	w.part("xl/sharedStrings.xml", func(p func(string, ...any)) {
		p("<sst><si><t>名称</t></si><si><t>代码</t></si><si><t>备注</t></si>")
		for n := range rows {
			p("<si><t>临溪市第%d号综合商贸有限公司，地址在临溪市城关镇人民路%d号综合楼一层东侧商铺及地下仓库</t></si>", n, n)
		}
		p("</sst>")
	})
	w.part("xl/worksheets/sheet1.xml", func(p func(string, ...any)) {
		p(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>`)
		for n := range rows {
			p(`<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>%d</v></c><c r="C%d" t="inlineStr"><is><t>备注%d</t></is></c></row>`, n+2, n+2, n+3, n+2, n, n+2, n)
		}
		p("</sheetData></worksheet>")
	})
	w.close()
	return path
}

func TestMemoryXLSX(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the heap over large files")
	}
	const rows = 300_000
	path := bigBook(t, rows)
	peak := peakHeap(func(tick func()) { readAll(t, path, rows, tick) })
	r := open(t, path, testOptions)
	if r.t.(*xlsxTable).strings.spill == nil {
		t.Error("the string table stayed in memory: the test proves nothing")
	}
	if limit := uint64(sstMemory + sstCache + 8<<20); peak > limit {
		t.Errorf("%d MB held while reading", peak>>20)
	}
	t.Logf("%d MB held while reading", peak>>20)
	// Spilled strings are the right ones, also out of order.
	x := r.t.(*xlsxTable)
	for _, n := range []int{0, rows - 1, rows / 2, rows/2 + 1, rows - 100, 7} {
		s, ok, err := x.strings.get(n + 3)
		if want := fmt.Sprintf("临溪市第%d号综合商贸有限公司，地址在临溪市城关镇人民路%d号综合楼一层东侧商铺及地下仓库", n, n); err != nil || !ok || s != want {
			t.Errorf("string %d: %q %v %v", n, s, ok, err)
		}
	}
	if _, ok, err := x.strings.get(rows + 3); ok || err != nil {
		t.Errorf("a string behind the end: %v %v", ok, err)
	}
}

// The error workbook of many rows is not collected in memory.
func TestMemoryErrorWorkbook(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the heap over large files")
	}
	const rows = 40_000
	path := csvFile(t, rows)
	src := open(t, path, testOptions)
	w := &countWriter{}
	marks := func(yield func(MarkedRow, error) bool) {
		for n := 1; n <= rows; n++ {
			if !yield(MarkedRow{n, twoMarks[:2]}, nil) {
				return
			}
		}
	}
	peak := peakHeap(func(tick func()) {
		w.tick = tick
		if err := WriteErrors(w, src, marks, ErrorOptions{MaxComments: 1000}); err != nil {
			t.Fatal(err)
		}
	})
	if peak > 48<<20 {
		t.Errorf("%d MB held for a workbook of %d MB", peak>>20, w.n>>20)
	}
	t.Logf("%d MB held for a workbook of %d MB", peak>>20, w.n>>20)
	if w.n < 2<<20 {
		t.Errorf("only %d bytes written", w.n)
	}
}

type countWriter struct {
	n    int64
	tick func()
	last int64
}

func (w *countWriter) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	if w.n-w.last > 2<<20 {
		w.last = w.n
		w.tick()
	}
	return len(p), nil
}
