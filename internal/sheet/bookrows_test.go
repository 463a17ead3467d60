package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// watched looks at a folder whenever something is written through it.
type watched struct {
	t     *testing.T
	dir   string
	after int
	bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	names, err := os.ReadDir(w.dir)
	if err != nil || len(names) != 0 {
		w.t.Errorf("the temporary folder names %d files while the workbook goes out: %v", len(names), err)
	}
	w.after++
	return w.Buffer.Write(p)
}

// A workbook of many rows leaves nothing that can be read on disk: no file of its own has a name, at any time, and none is made anywhere else.
func TestErrorWorkbookLeavesNothingInClear(t *testing.T) {
	const rows = 30_000 // more than excelize's own writer keeps in memory
	var in bytes.Buffer
	in.WriteString("名称,代码\n")
	for i := range rows {
		fmt.Fprintf(&in, "王秀英%d,370303199001%06d%s\n", i, i, strings.Repeat("甲", 200))
	}
	src := open(t, writeFile(t, in.Bytes()), testOptions)
	system, own := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", system) // where a library would go by itself
	look := func() {
		for _, dir := range []string{system, own} {
			if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
				t.Errorf("%d files with a name: %v", len(names), err)
			}
		}
	}
	marks := func(yield func(MarkedRow, error) bool) {
		for n := 1; n <= rows; n++ {
			if n%5000 == 0 {
				look()
			}
			if !yield(MarkedRow{n, twoMarks[:1]}, nil) {
				return
			}
		}
	}
	out := &watched{t: t, dir: own}
	if err := WriteErrors(out, src, marks, ErrorOptions{MaxComments: 10, TempDir: own}); err != nil {
		t.Fatal(err)
	}
	look()
	if out.after < 10 {
		t.Errorf("written in %d pieces", out.after)
	}
	f, err := excelize.OpenReader(&out.Buffer)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if cell, err := f.GetCellValue(dataSheet, fmt.Sprintf("A%d", rows+1)); cell != fmt.Sprintf("王秀英%d", rows-1) || err != nil {
		t.Errorf("the last row holds %q: %v", cell, err)
	}
	if ref, err := f.GetSheetDimension(dataSheet); ref != fmt.Sprintf("A1:C%d", rows+1) || err != nil {
		t.Errorf("the sheet reaches to %s: %v", ref, err)
	}
}

// What lies on disk meanwhile is sealed.
func TestBookRowsAreSealed(t *testing.T) {
	t.Parallel()
	b := &bookRows{dir: t.TempDir()}
	defer b.close()
	b.begin()
	for n := range 20_000 {
		if err := b.add(n+1, []bookCell{{"王秀英 SECRET", 0, true}, {"370303199001010011", 3, true}, {strings.Repeat("x", 100), 0, true}}); err != nil {
			t.Fatal(err)
		}
	}
	if b.spill == nil || len(b.spill.at) < 3 || len(b.buf) >= rowsBlock {
		t.Fatal("the rows were not spilled")
	}
	if err := b.spill.flush(); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(io.NewSectionReader(b.spill.file, 0, math.MaxInt64))
	if err != nil || len(raw) < 3*rowsBlock {
		t.Fatalf("%d bytes on disk: %v", len(raw), err)
	}
	for _, clear := range []string{"王秀英", "SECRET", "370303", "inlineStr"} {
		if bytes.Contains(raw, []byte(clear)) {
			t.Errorf("%q lies readable on disk", clear)
		}
	}
}

func TestAppendCellText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("甲", excelize.TotalCellChars+5)
	for in, want := range map[string]string{
		"":                  "",
		"a<b>&c":            "a&lt;b&gt;&amp;c",
		"\r\n\t":            "&#xD;\n\t",
		"\x00\x1f":          "\uFFFD\uFFFD",
		"_x000D_":           "_x005F_x000D_",
		"_x0041_x0042_":     "_x005F_x0041_x005F_x0042_",
		"_xZZZZ_ _x004_ _x": "_xZZZZ_ _x004_ _x",
		long:                long[:3*excelize.TotalCellChars],
	} {
		if got := string(appendCellText(nil, in)); got != want {
			t.Errorf("%.20q is written %.40q, want %.40q", in, got, want)
		}
	}
}

// A disk that takes nothing, and a reader that has gone, end the work with their error.
func TestErrorWorkbookBreaksOff(t *testing.T) {
	t.Parallel()
	var in bytes.Buffer
	in.WriteString("名称,代码\n")
	for i := range 3000 {
		fmt.Fprintf(&in, "%s,%d\n", strings.Repeat("甲", 400), i)
	}
	path := writeFile(t, in.Bytes())
	if err := WriteErrors(io.Discard, open(t, path, testOptions), marksOf(), ErrorOptions{All: true, TempDir: path}); err == nil {
		t.Error("a file is no folder for temporary files")
	}
	gone := errors.New("gone")
	if err := WriteErrors(brokenWriter{gone}, open(t, path, testOptions), marksOf(), ErrorOptions{All: true}); !errors.Is(err, gone) {
		t.Errorf("a reader that has gone: %v", err)
	}
}

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }
