package sheet

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"gongxin/internal/fault"
)

// fuzzRead reads any bytes through and checks what every reader promises.
func fuzzRead(t *testing.T, path string) {
	t.Helper()
	for _, o := range []Options{
		{IsHeader: isKnown, MaxColumns: 16, MaxCell: 200, MaxUnzipped: 1 << 20},
		{MaxColumns: 16, MaxCell: 200, MaxUnzipped: 1 << 20},
	} {
		r, err := Open(path, o)
		if err != nil {
			checkFault(t, err)
			continue
		}
		var row Row
		n, line := 0, 0
		for {
			err := r.Next(&row)
			if err == io.EOF {
				break
			}
			if err != nil {
				checkFault(t, err)
				break
			}
			n++
			if row.N != n {
				t.Fatalf("row %d has number %d", n, row.N)
			}
			if row.Line < line || row.Line == line && r.Format() != JSON {
				t.Fatalf("row %d: line %d after %d", n, row.Line, line)
			}
			line = row.Line
			checkRow(t, r, &row, o.MaxCell)
		}
		if done, total := r.Progress(); done < 0 || done > total {
			t.Fatalf("progress %d of %d", done, total)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkRow(t *testing.T, r *Reader, row *Row, maxCell int) {
	t.Helper()
	if row.Bad != nil {
		if row.Bad.Code < 3004 || row.Bad.Code > 3019 || row.Bad.Message == "" {
			t.Fatalf("row %d: problem %+v", row.N, row.Bad)
		}
		return
	}
	want := len(r.Header())
	if r.Format() == NDJSON || r.Format() == JSON {
		want = len(row.Keys)
	}
	if len(row.Cells) != want {
		t.Fatalf("row %d: %d cells, want %d", row.N, len(row.Cells), want)
	}
	for _, c := range row.Cells {
		if len(c) > maxCell || !utf8.ValidString(c) || strings.IndexByte(c, 0) >= 0 {
			t.Fatalf("row %d: cell %q", row.N, c)
		}
	}
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) {
		t.Fatalf("an error without words: %v", err)
	}
	if n := Reason(err); n < 3004 || n > 3019 || e.Fix == "" {
		t.Fatalf("refusal %d: %v", n, err)
	}
}

func fuzzFile(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"名称,代码,日期,金额\n甲,1,2,3\n", "名称;代码\n\"甲;\"\"\n\",1\n", "\xef\xbb\xbf名称\t代码\r\n甲\t1\r\n", "\xff\xfe\x0d\x54\xf0\x79\x2c\x00\x0a\x00\x31\x00",
		"\xc3\xfb\xb3\xc6,\xb4\xfa\xc2\xeb\n\x81\x39\xee\x39,1\n\xff,2\n", "a,b\n\"1,2\n3\",4\n\"x\"y,1\n\x00,\n", "a\",\"\n\"\n,\",\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzzRead(t, fuzzFile(t, b)) })
}

func FuzzNDJSON(f *testing.F) {
	for _, s := range []string{
		"{\"名称\":\"甲\",\"n\":1.5e3}\n{\"a\":null}\n", "[{\"a\":\"\\ud83d\\ude00\"},{\"b\":[1]}]", "{\"x\":1,\"rows\":[{\"a\":true}],\"y\":{}}",
		"{\"a\":1}{\n", "[{},5,\"]\",{\"a\":}]", "{\"rows\":[", "[\n]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzzRead(t, fuzzFile(t, b)) })
}

// FuzzXLSX takes the parts, not the packed bytes: a mutated deflate stream would hardly ever reach the scanner.
func FuzzXLSX(f *testing.F) {
	f.Add(inline([]string{"名称", "代码"}, []string{"甲", "1"}), testStrings, testStyles)
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row><c s="1"><v>46083.5</v></c><c t="b"><v>1</v></c><c t="d"><v>2026-03-02T00:00:00</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A9"/></mergeCells></worksheet>`, testStrings, testStyles)
	f.Add(`<x:sheetData><!--<row>--><row r='3'><c><is><t><![CDATA[a]]></t></is></c><?p?></row></x:sheetData>`, `<sst><si><r><t>a</t></r><rPh><t>b</t></rPh></si>`, `<styleSheet>`)
	f.Fuzz(func(t *testing.T, sheet, strings, styles string) {
		fuzzRead(t, fuzzFile(t, rawBook(t, sheet, map[string]string{"xl/sharedStrings.xml": strings, "xl/styles.xml": styles})))
	})
}

// FuzzPackage takes the packed bytes: directories, offsets, compound files.
func FuzzPackage(f *testing.F) {
	f.Add(rawBook(f, inline([]string{"名称", "代码"}, []string{"甲", "1"}), nil))
	f.Add(oleFile512("Workbook"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzRead(t, fuzzFile(t, b)) })
}
