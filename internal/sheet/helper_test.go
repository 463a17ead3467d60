package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// known are the column names of the tests' catalogue.
var known = map[string]bool{"名称": true, "代码": true, "日期": true, "金额": true, "备注": true, "地址": true, "XK_XDR_MC": true}

func isKnown(cells []string) int {
	n := 0
	for _, c := range cells {
		if known[c] {
			n++
		}
	}
	return n
}

// testOptions recognise the test catalogue's names as a header.
var testOptions = Options{IsHeader: isKnown, Expect: []string{"名称", "代码"}}

func writeFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// plainRow is a Row whose strings may be compared.
type plainRow struct {
	N, Line int
	Cells   []string
	Keys    []string
	Bad     int
}

func open(t testing.TB, path string, o Options) *Reader {
	t.Helper()
	r, err := Open(path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func readRows(t testing.TB, r *Reader) []plainRow {
	t.Helper()
	var out []plainRow
	var row Row
	for {
		err := r.Next(&row)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("Next after %d rows: %v", len(out), err)
		}
		p := plainRow{N: row.N, Line: row.Line, Cells: append([]string(nil), row.Cells...)}
		if len(row.Keys) > 0 {
			p.Keys = append([]string(nil), row.Keys...)
		}
		if row.Bad != nil {
			p.Bad = row.Bad.Code
			if row.Bad.Message == "" || row.Bad.Fix == "" {
				t.Errorf("row %d: problem without words: %+v", row.N, row.Bad)
			}
		}
		out = append(out, p)
	}
}

func readString(t testing.TB, content string, o Options) (*Reader, []plainRow) {
	t.Helper()
	r := open(t, writeFile(t, []byte(content)), o)
	return r, readRows(t, r)
}

// cellsOf joins rows for short comparisons: cells by '|', rows by newline, bad rows with their number.
func cellsOf(rows []plainRow) string {
	var b strings.Builder
	for _, r := range rows {
		if r.Bad != 0 {
			fmt.Fprintf(&b, "%d:BAD%d\n", r.Line, r.Bad)
			continue
		}
		fmt.Fprintf(&b, "%d:%s\n", r.Line, strings.Join(r.Cells, "|"))
	}
	return b.String()
}

// workbook builds an XLSX with excelize and returns its path.
func workbook(t testing.TB, build func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	build(f)
	path := filepath.Join(t.TempDir(), "book.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func setCells(t testing.TB, f *excelize.File, sheet string, values map[string]any) {
	t.Helper()
	for cell, v := range values {
		if err := f.SetCellValue(sheet, cell, v); err != nil {
			t.Fatal(err)
		}
	}
}

// rawBook builds a minimal workbook package by hand from the parts given beside the usual ones.
func rawBook(t testing.TB, sheetXML string, parts map[string]string) []byte {
	t.Helper()
	all := map[string]string{
		"_rels/.rels":     `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="表一" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/>` +
			`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": sheetXML,
	}
	for name, content := range parts {
		all[name] = content
	}
	return zipOf(t, all)
}

func zipOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		content := parts[name]
		if content == "-" {
			continue
		}
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inline makes sheet XML of inline strings.
func inline(rows ...[]string) string {
	var b strings.Builder
	b.WriteString(`<worksheet><sheetData>`)
	for i, cells := range rows {
		fmt.Fprintf(&b, `<row r="%d">`, i+1)
		for j, c := range cells {
			name, _ := excelize.CoordinatesToCellName(j+1, i+1)
			fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, name, c)
		}
		b.WriteString(`</row>`)
	}
	b.WriteString(`</sheetData></worksheet>`)
	return b.String()
}

// packageWriter writes a workbook package part by part, for files too large to hold in memory.
type packageWriter struct {
	t  testing.TB
	zw *zip.Writer
}

func newPackage(t testing.TB, w io.Writer) *packageWriter {
	t.Helper()
	p := &packageWriter{t: t, zw: zip.NewWriter(w)}
	p.part("xl/workbook.xml", func(p func(string, ...any)) {
		p(`<workbook xmlns:r="x"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	})
	p.part("xl/_rels/workbook.xml.rels", func(p func(string, ...any)) {
		p(`<Relationships><Relationship Id="rId1" Type="a/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="a/sharedStrings" Target="sharedStrings.xml"/></Relationships>`)
	})
	return p
}

func (p *packageWriter) part(name string, write func(print func(string, ...any))) {
	p.t.Helper()
	w, err := p.zw.Create(name)
	if err != nil {
		p.t.Fatal(err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	write(func(format string, args ...any) { fmt.Fprintf(b, format, args...) })
	if err := b.Flush(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *packageWriter) close() {
	p.t.Helper()
	if err := p.zw.Close(); err != nil {
		p.t.Fatal(err)
	}
}
