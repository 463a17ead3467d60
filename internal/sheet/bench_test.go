package sheet

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const benchColumns = 28

// benchHeader and benchRow make a row of the width and mix of a licence table: codes, names, dates, amounts, text.
func benchHeader() []string {
	out := make([]string, benchColumns)
	for i := range out {
		out[i] = fmt.Sprintf("栏目%02d", i+1)
	}
	out[0], out[1] = "名称", "代码"
	return out
}

func benchRow(n int, cells []string) []string {
	cells = cells[:0]
	for i := range benchColumns {
		switch i % 7 {
		case 0:
			cells = append(cells, fmt.Sprintf("临溪市第%d号综合商贸有限公司", n))
		case 1:
			cells = append(cells, fmt.Sprintf("9199010%011d", n))
		case 2:
			cells = append(cells, "2026-03-02")
		case 3:
			cells = append(cells, "")
		case 4:
			cells = append(cells, "临溪市市场监督管理局")
		case 5:
			cells = append(cells, fmt.Sprintf("%d.5", n%1000))
		case 6:
			cells = append(cells, "1")
		}
	}
	return cells
}

func writeCSV(tb testing.TB, w io.Writer, rows int) {
	tb.Helper()
	b := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintln(b, strings.Join(benchHeader(), ","))
	var cells []string
	for n := range rows {
		cells = benchRow(n, cells)
		for i, c := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(c)
		}
		b.WriteByte('\n')
	}
	if err := b.Flush(); err != nil {
		tb.Fatal(err)
	}
}

func csvFile(tb testing.TB, rows int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "bench.csv")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	writeCSV(tb, f, rows)
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// sheetXML writes the sheet of a workbook like Excel does: shared strings or inline ones, references, numbers.
func xlsxFile(tb testing.TB, rows int, shared bool) string {
	tb.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if !shared {
		sw, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			tb.Fatal(err)
		}
		row := make([]any, benchColumns)
		var cells []string
		for n := range rows + 1 {
			cells = benchRow(n, cells)
			if n == 0 {
				cells = benchHeader()
			}
			for i, c := range cells {
				row[i] = c
				if n > 0 && i%7 == 5 {
					row[i] = float64(n%1000) + 0.5
				}
			}
			if err := sw.SetRow(fmt.Sprintf("A%d", n+1), row); err != nil {
				tb.Fatal(err)
			}
		}
		if err := sw.Flush(); err != nil {
			tb.Fatal(err)
		}
	} else {
		var cells []string
		for n := range rows + 1 {
			cells = benchRow(n, cells)
			if n == 0 {
				cells = benchHeader()
			}
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", n+1), &cells); err != nil {
				tb.Fatal(err)
			}
		}
	}
	path := filepath.Join(tb.TempDir(), "bench.xlsx")
	if err := f.SaveAs(path); err != nil {
		tb.Fatal(err)
	}
	return path
}

func benchRead(b *testing.B, path string, rows int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(path, testOptions)
		if err != nil {
			b.Fatal(err)
		}
		var row Row
		n := 0
		for {
			if err := r.Next(&row); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			if row.Bad != nil || len(row.Cells) != benchColumns {
				b.Fatalf("row %d: %v, %d cells", row.N, row.Bad, len(row.Cells))
			}
			n++
		}
		if n != rows {
			b.Fatalf("%d rows, want %d", n, rows)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkCSV(b *testing.B) {
	const rows = 100_000
	benchRead(b, csvFile(b, rows), rows)
}

func BenchmarkCSVGB18030(b *testing.B) {
	const rows = 50_000
	raw, err := os.ReadFile(csvFile(b, rows))
	if err != nil {
		b.Fatal(err)
	}
	if raw, err = simplifiedchinese.GB18030.NewEncoder().Bytes(raw); err != nil {
		b.Fatal(err)
	}
	benchRead(b, writeFile(b, raw), rows)
}

func BenchmarkCSVQuoted(b *testing.B) {
	const rows = 50_000
	raw, err := os.ReadFile(csvFile(b, rows))
	if err != nil {
		b.Fatal(err)
	}
	s := `"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(string(raw)), ",", `","`), "\n", "\"\n\"") + `"`
	benchRead(b, writeFile(b, []byte(s)), rows)
}

func BenchmarkXLSXInline(b *testing.B) {
	const rows = 30_000
	benchRead(b, xlsxFile(b, rows, false), rows)
}

func BenchmarkXLSXShared(b *testing.B) {
	const rows = 30_000
	benchRead(b, xlsxFile(b, rows, true), rows)
}

func BenchmarkNDJSON(b *testing.B) {
	const rows = 50_000
	var s strings.Builder
	header := benchHeader()
	var cells []string
	for n := range rows {
		cells = benchRow(n, cells)
		for i, c := range cells {
			sep := byte(',')
			if i == 0 {
				sep = '{'
			}
			fmt.Fprintf(&s, "%c%q:%q", sep, header[i], c)
		}
		s.WriteString("}\n")
	}
	benchRead(b, writeFile(b, []byte(s.String())), rows)
}
