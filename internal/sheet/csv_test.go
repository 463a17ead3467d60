package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

func TestCSVRecords(t *testing.T) {
	t.Parallel()
	const head = "名称,代码,日期,金额\n"
	tests := []struct {
		name, in, want string
	}{
		{"plain", head + "甲,1,2026-03-02,3\n乙,2,,\n", "2:甲|1|2026-03-02|3\n3:乙|2||\n"},
		{"no newline at the end", head + "甲,1,2,3", "2:甲|1|2|3\n"},
		{"CRLF", strings.ReplaceAll(head+"甲,1,2,3\n乙,1,2,3\n", "\n", "\r\n"), "2:甲|1|2|3\n3:乙|1|2|3\n"},
		{"CR only", strings.ReplaceAll(head+"甲,1,2,3\n乙,1,2,3\n", "\n", "\r"), "2:甲|1|2|3\n3:乙|1|2|3\n"},
		{"Ctrl-Z at the end", head + "甲,1,2,3\n\x1a", "2:甲|1|2|3\n"},
		{"short rows are padded", head + "甲\n乙,2\n", "2:甲|||\n3:乙|2||\n"},
		{"empty surplus is dropped", head + "甲,1,2,3,, ,\n", "2:甲|1|2|3\n"},
		{"filled surplus is bad", head + "甲,1,2,3,4\n乙,1,2,3\n", "2:BAD3018\n3:乙|1|2|3\n"},
		{"empty rows are skipped", head + "\n,,,\n甲,1,2,3\n \t ,\n\n乙,1,2,3\n\n", "4:甲|1|2|3\n7:乙|1|2|3\n"},
		{"NUL", head + "甲,1\x00,2,3\n乙,1,2,3\n", "2:BAD3004\n3:乙|1|2|3\n"},
		{"blanks stay", head + " 甲 ,1,2,3\n", "2: 甲 |1|2|3\n"},

		{"quotes", head + `"甲","1,2","3","4"` + "\n", "2:甲|1,2|3|4\n"},
		{"doubled quotes", head + `"甲""乙""",1,2,3` + "\n", "2:甲\"乙\"|1|2|3\n"},
		{"empty quotes", head + `"","",1,""` + "\n", "2:||1|\n"},
		{"only quotes", head + `""""` + "\n", "2:\"|||\n"},
		{"newline within quotes", head + "甲,\"1\n2\",2,3\n乙,1,2,3\n", "2:甲|1\n2|2|3\n4:乙|1|2|3\n"},
		{"newline within quotes at the end", head + "甲,1,2,\"3\n4\"", "2:甲|1|2|3\n4\n"},
		{"blanks around quotes", head + "甲, \"1,2\" ,2,3\n", "2:甲|1,2|2|3\n"},
		{"bare quote within a cell", head + `甲 12" 管,1,2,3` + "\n", "2:甲 12\" 管|1|2|3\n"},
		{"text behind the closing quote", head + "\"甲\"乙,1,2,3\n丙,1,2,3\n", "2:BAD3004\n3:丙|1|2|3\n"},
		{"quote never closed", head + "\"甲,1,2,3\n乙,1,2,3\n丙,1,2,3\n", "2:BAD3004\n3:乙|1|2|3\n4:丙|1|2|3\n"},
		{"stray quote closed by the next quoted cell", head + "\"甲,1,2,3\n乙,1,2,3\n\"丙\",1,2,3\n", "2:BAD3004\n3:乙|1|2|3\n4:丙|1|2|3\n"},
		{
			"stray quote closed by a bare quote at a cell's end", head + "甲,\"1,2,3\n乙,1,2,3\n丙,12\",2,3\n丁,1,2,3\n",
			"2:BAD3004\n3:乙|1|2|3\n4:丙|12\"|2|3\n5:丁|1|2|3\n",
		},
		{"stray quotes in every row", head + "甲,\"1,2,3\n乙,\"1,2,3\n丙,\"1,2,3\n", "2:BAD3004\n3:BAD3004\n4:BAD3004\n"},
		{"stray quote in the last cell of all", head + "甲,1,2,3\n乙,1,2,\"", "2:甲|1|2|3\n3:BAD3004\n"},
		{"the last column over several lines", head + "甲,1,2,\"a\nb\nc\"\n乙,1,2,3\n", "2:甲|1|2|a\nb\nc\n5:乙|1|2|3\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, rows := readString(t, tt.in, testOptions)
			if r.Format() != CSV || r.Encoding() != "UTF-8" {
				t.Errorf("format %s, encoding %s", r.Format(), r.Encoding())
			}
			if diff := cmp.Diff(tt.want, cellsOf(rows)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCSVEncodings(t *testing.T) {
	t.Parallel()
	const text = "名称,代码\n临溪㐀𠀀商行,1\n€乙①,2\n"
	want := [][]string{{"临溪㐀𠀀商行", "1"}, {"€乙①", "2"}}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	be, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if !strings.Contains(gb, "\x81\x39\xee\x39") { // U+3400 takes four bytes
		t.Fatal("the sample holds no four-byte character")
	}
	for _, tt := range []struct{ name, in, enc string }{
		{"UTF-8", text, "UTF-8"},
		{"UTF-8 with mark", "\xef\xbb\xbf" + text, "UTF-8"},
		{"GB 18030", gb, "GB18030"},
		{"UTF-16LE", le, "UTF-16"},
		{"UTF-16BE", be, "UTF-16"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, rows := readString(t, tt.in, testOptions)
			if r.Encoding() != tt.enc {
				t.Errorf("encoding %s, want %s", r.Encoding(), tt.enc)
			}
			if diff := cmp.Diff([]string{"名称", "代码"}, r.Header()); diff != "" {
				t.Error(diff)
			}
			var got [][]string
			for _, row := range rows {
				got = append(got, row.Cells)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if done, total := r.Progress(); done != total || total != int64(len(tt.in)) {
				t.Errorf("progress %d of %d at the end, file has %d", done, total, len(tt.in))
			}
		})
	}
}

func TestCSVBrokenEncoding(t *testing.T) {
	t.Parallel()
	utf := "名称,代码\n甲乙丙丁,1\n"
	gbk := func(s string) string {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tests := []struct{ name, in, enc, want string }{
		{"half a character in UTF-8", utf + "戊\xe5\xb7,2\n庚,3\n", "UTF-8", "2:甲乙丙丁|1\n3:BAD3016\n4:庚|3\n"},
		{"half a character in quotes", utf + "\"戊\xe5\xb7\",2\n庚,3\n", "UTF-8", "2:甲乙丙丁|1\n3:BAD3016\n4:庚|3\n"},
		{"GB row in a UTF-8 file", strings.Repeat(utf, 8) + gbk("混入的行") + ",9\n", "UTF-8", ""},
		{"half a character in GB", gbk("名称,代码\n甲,1\n") + "\xbc,2\n" + gbk("乙,3\n"), "GB18030", "2:甲|1\n3:BAD3016\n4:乙|3\n"},
		{"byte FF in GB", gbk("名称,代码\n甲,1\n") + "\xff,2\n" + gbk("乙,3\n"), "GB18030", "2:甲|1\n3:BAD3016\n4:乙|3\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, rows := readString(t, tt.in, testOptions)
			if r.Encoding() != tt.enc {
				t.Errorf("encoding %s, want %s", r.Encoding(), tt.enc)
			}
			if tt.want == "" {
				if last := rows[len(rows)-1]; last.Bad != reasonEncoding {
					t.Errorf("last row: %+v", last)
				}
				return
			}
			if diff := cmp.Diff(tt.want, cellsOf(rows)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A header and a first megabyte of plain ASCII tell nothing; the encoding shows with the first Chinese name.
func TestCSVEncodingFoundLate(t *testing.T) {
	t.Parallel()
	var ascii strings.Builder
	ascii.WriteString("XK_XDR_MC,n\n")
	const rows = 150_000
	for n := range rows {
		fmt.Fprintf(&ascii, "name%d,1\n", n)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("临溪㐀\n\"临\"\"溪\",2\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, tail, enc, want string }{
		{"GB 18030", gb, "GB18030", "临溪㐀|临\"溪"},
		{"UTF-8", "临溪㐀\n\"临\"\"溪\",2\n", "UTF-8", "临溪㐀|临\"溪"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if ascii.Len() < detectLen {
				t.Fatal("the prefix decides already")
			}
			r := open(t, writeFile(t, []byte(ascii.String()+tt.tail)), testOptions)
			if err := r.Skip(rows); err != nil {
				t.Fatal(err)
			}
			got := readRows(t, r)
			if len(got) != 2 || got[0].Cells[0]+"|"+got[1].Cells[0] != tt.want || got[1].Line != rows+3 {
				t.Errorf("got %+v", got)
			}
			if r.Encoding() != tt.enc {
				t.Errorf("encoding %s", r.Encoding())
			}
		})
	}
}

func TestCSVSeparators(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"comma", "名称,代码\n甲;乙,1\n", "2:甲;乙|1\n"},
		{"tab", "名称\t代码\n甲,乙\t1\n", "2:甲,乙|1\n"},
		{"semicolon", "名称;代码\n甲,乙;1\n", "2:甲,乙|1\n"},
		{"tab below a title with commas", "临溪市,2026年,3月\n名称\t代码\n甲\t1\n", "3:甲|1\n"},
		{"quoted semicolon", "名称;代码\n\"甲;乙\";1\n", "2:甲;乙|1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, o := range []Options{testOptions, {}} {
				if o.IsHeader == nil && strings.Contains(tt.name, "title") {
					continue // only a catalogue tells a title with commas from a header
				}
				_, rows := readString(t, tt.in, o)
				if diff := cmp.Diff(tt.want, cellsOf(rows)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestCSVHeader(t *testing.T) {
	t.Parallel()
	in := "临溪市公示信息\n\n填报单位：,市场监管局\n\ufeff 名称\u3000,\"代\n码\",,\u200b金额 ,,\n甲,1,x,2\n"
	r, rows := readString(t, in, testOptions)
	if diff := cmp.Diff([]string{"名称", "代码", "", "金额"}, r.Header()); diff != "" {
		t.Error(diff)
	}
	if r.HeaderLine() != 4 {
		t.Errorf("header line %d", r.HeaderLine())
	}
	if diff := cmp.Diff([][]string{{"临溪市公示信息"}, {"填报单位：", "市场监管局"}}, r.Titles()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("6:甲|1|x|2\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestCSVWithoutCatalogue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, header, want string }{
		{"two columns", "标题\na,b\n1,2\n", "a|b", "3:1|2\n"},
		{"one column", "a\n1\n2\n", "a", "2:1\n3:2\n"},
	} {
		r, rows := readString(t, tt.in, Options{})
		if got := strings.Join(r.Header(), "|"); got != tt.header {
			t.Errorf("%s: header %q, want %q", tt.name, got, tt.header)
		}
		if diff := cmp.Diff(tt.want, cellsOf(rows)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestCSVLimits(t *testing.T) {
	t.Parallel()
	o := testOptions
	o.MaxCell, o.MaxColumns = 64, 8
	limit := o.withDefaults().maxRecord()
	long := strings.Repeat("x", limit+10)
	in := "名称,代码\n" + // line 1
		"甲," + strings.Repeat("x", 64) + "\n" +
		"乙," + strings.Repeat("x", 65) + "\n" + // a cell too long
		long + "\n" + // a line too long
		"\"" + long + "\",1\n" + // the same in quotes
		"丙" + strings.Repeat(",", 20) + "\n" + // many empty cells do no harm
		"丁" + strings.Repeat(",", 20) + "x\n" +
		"\"戊\"" + strings.Repeat(",", 20) + "x\n" +
		"己,2\n"
	_, rows := readString(t, in, o)
	want := "2:甲|" + strings.Repeat("x", 64) + "\n3:BAD3017\n4:BAD3017\n5:BAD3017\n6:丙|\n7:BAD3018\n8:BAD3018\n9:己|2\n"
	if diff := cmp.Diff(want, cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// A hostile pattern of quotes opens a cell in every line that closes in the next but one; rereading each line must
// not take the file's size times the record limit.
func TestCSVHostileQuotes(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"a\",\"\n", "a,\"b\n", "\"\"\"\n", "x\"\"y,\"z\n", "\",\"\"\n"} {
		in := "名称,代码\n甲,1\n" + strings.Repeat(pattern, 200_000)
		r := open(t, writeFile(t, []byte(in)), testOptions)
		n := 0
		var row Row
		for {
			if err := r.Next(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if c := r.t.(*csvTable); c.rescan > 70<<20+4*int64(len(in)) {
			t.Errorf("pattern %q: %d bytes read in vain", pattern, c.rescan)
		}
		if n == 0 {
			t.Errorf("pattern %q: no rows", pattern)
		}
	}
}

func TestCSVSkip(t *testing.T) {
	t.Parallel()
	in := "名称,代码\n甲,1\n\"乙,2\n丙,3\n\n丁,4\n"
	for n := range 5 {
		r := open(t, writeFile(t, []byte(in)), testOptions)
		all := readRows(t, open(t, writeFile(t, []byte(in)), testOptions))
		if err := r.Skip(n); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cellsOf(all[n:]), cellsOf(readRows(t, r))); diff != "" {
			t.Errorf("after Skip(%d): %s", n, diff)
		}
	}
	r := open(t, writeFile(t, []byte(in)), testOptions)
	if err := r.Skip(5); err == nil {
		t.Error("Skip behind the end succeeded")
	}
}

// Next must not let a later row overwrite what an earlier Row holds.
func TestRowsAreIndependent(t *testing.T) {
	t.Parallel()
	r := open(t, writeFile(t, []byte("名称,代码\n甲,1\n乙,2\n丙,3\n")), testOptions)
	var a, b Row
	for _, dst := range []*Row{&a, &b} {
		if err := r.Next(dst); err != nil {
			t.Fatal(err)
		}
	}
	if a.Cells[0] != "甲" || b.Cells[0] != "乙" || a.N != 1 || b.N != 2 {
		t.Errorf("a %+v, b %+v", a, b)
	}
}

// What encoding/csv writes, the reader reads back.
func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cell := rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n ;\t甲乙㐀")))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 3).Draw(t, "width") // narrow: no guess about swallowed lines
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 20).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write([]string{"名称", "代码", "日期"}[:width])
		var want [][]string
		for _, r := range rows {
			_ = w.Write(r)
			if !blank(r) {
				want = append(want, r)
			}
		}
		w.Flush()
		if len(want) == 0 {
			return
		}
		f, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(f.Name())
		if _, err := f.Write(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		f.Close()
		r, err := Open(f.Name(), testOptions)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var got [][]string
		var row Row
		for r.Next(&row) == nil {
			if row.Bad != nil {
				t.Fatalf("row %d bad: %+v", row.N, row.Bad)
			}
			got = append(got, append([]string(nil), row.Cells...))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
