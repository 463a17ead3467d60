package sheet

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func TestXLSXTypicalSheet(t *testing.T) {
	t.Parallel()
	path := workbook(t, func(f *excelize.File) {
		setCells(t, f, "Sheet1", map[string]any{
			"A1": "临溪市行政许可信息公示表", "A2": "填报单位：市场监管局", "C2": "2026年3月",
			"A3": "名称", "B3": "代码", "C3": "日期", "D3": "金额", "E3": "备注",
			"A4": "甲商行", "B4": "00123", "C4": time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), "D4": 0.1 + 0.2, "E4": true,
			"A5": "乙 <&> \"商行\"", "B5": 123456, "C5": "2026年3月2日", "D5": 12, "E5": "一\n二",
			"A7": "丙商行", "C7": time.Date(2026, 3, 2, 18, 30, 0, 0, time.UTC),
		})
		if err := f.MergeCell("Sheet1", "A1", "E1"); err != nil {
			t.Fatal(err)
		}
		if err := f.SetRowVisible("Sheet1", 5, false); err != nil {
			t.Fatal(err)
		}
	})
	r := open(t, path, testOptions)
	if r.Format() != XLSX || r.HeaderLine() != 3 {
		t.Errorf("format %s, header line %d", r.Format(), r.HeaderLine())
	}
	if diff := cmp.Diff([]string{"名称", "代码", "日期", "金额", "备注"}, r.Header()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"临溪市行政许可信息公示表"}, {"填报单位：市场监管局", "", "2026年3月"}}, r.Titles()); diff != "" {
		t.Error(diff)
	}
	want := []plainRow{
		{N: 1, Line: 4, Cells: []string{"甲商行", "00123", "2026-03-02", "0.3", "TRUE"}},
		{N: 2, Line: 5, Cells: []string{"乙 <&> \"商行\"", "123456", "2026年3月2日", "12", "一\n二"}},
		{N: 3, Line: 7, Cells: []string{"丙商行", "", "2026-03-02 18:30:00", "", ""}},
	}
	if diff := cmp.Diff(want, readRows(t, r)); diff != "" {
		t.Error(diff)
	}
	if notes := r.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "1 行") || !strings.Contains(notes[0], "隐藏") {
		t.Errorf("notes %q", notes)
	}
	if done, total := r.Progress(); done <= 0 || done > total {
		t.Errorf("progress %d of %d", done, total)
	}
}

// styles holds the formats 0 General, 1 built-in 14, 2 custom date, 3 code with zeros, 4 unknown.
const testStyles = `<styleSheet><numFmts count="2"><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/>` +
	`<numFmt numFmtId="177" formatCode="000000"/></numFmts><cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs>` +
	`<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14" fontId="0"><alignment/></xf><xf numFmtId="176"/><xf numFmtId="177"/><xf numFmtId="999"/></cellXfs></styleSheet>`

const testStrings = "\ufeff<?xml version=\"1.0\"?><sst><si><t>名称</t></si><si><r><rPr><b/></rPr><t>代</t></r><r><t xml:space=\"preserve\">码</t></r>" +
	"<rPh sb=\"0\" eb=\"1\"><t>daima</t></rPh></si><si/><si><t/></si><si><t>A&amp;B&#x4e2d;&#65;_x000D__x005F_x000D_ _x12</t></si><si><t><![CDATA[<c>&amp;]]></t></si></sst>"

func TestXLSXMarkup(t *testing.T) {
	t.Parallel()
	head := `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>日期</t></is></c></row>`
	tests := []struct{ name, rows, want string }{
		{"shared strings", `<row r="2"><c r="A2" t="s"><v>4</v></c><c r="B2" t="s"><v>5</v></c><c r="C2" t="s"><v>3</v></c></row>`, "2:A&B中A\r_x000D_ _x12|<c>&amp;|\n"},
		{"missing shared string", `<row r="2"><c r="A2" t="s"><v>6</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>`, "2:BAD3012\n3:1||\n"},
		{"no references", `<row><c><v>1</v></c><c/><c><v>2</v></c></row><row><c><v>3</v></c></row>`, "2:1||2\n3:3||\n"},
		{"gaps and order", `<row r="9"><c r="C9"><v>3</v></c><c r="A9"><v>1</v></c></row>`, "9:1||3\n"},
		{"row numbers that go back", `<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>`, "5:1||\n6:2||\n"},
		{"escapes resolved once", `<row r="2"><c r="A2" t="inlineStr"><is><t>_x005F_x0041_</t></is></c><c r="B2" t="str"><v>_x005F_x0041__x0042_</v></c></row>`, "2:_x0041_|_x0041_B|\n"},
		{"formula with result", `<row r="2"><c r="A2" t="str"><f>B2&amp;"x"</f><v>甲</v></c><c r="B2"><f>1+1</f><v>2</v></c><c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>`, "2:甲|2|#DIV/0!\n"},
		{"formula without result", `<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f>1+1</f></c></row>`, "2:1||\n"},
		{"booleans", `<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" t="b"><v>0</v></c></row>`, "2:TRUE|FALSE|\n"},
		{"ISO dates", `<row r="2"><c r="A2" t="d"><v>2026-03-02</v></c><c r="B2" t="d"><v>2026-03-02T00:00:00Z</v></c><c r="C2" t="d"><v>2026-03-02T10:00:00</v></c></row>`, "2:2026-03-02|2026-03-02|2026-03-02T10:00:00\n"},
		{"dates by format", `<row r="2"><c r="A2" s="1"><v>46083</v></c><c r="B2" s="2"><v>46083</v></c><c r="C2" s="0"><v>46083</v></c></row>`, "2:2026-03-02|2026-03-02|46083\n"},
		{"code with zeros and unknown formats", `<row r="2"><c r="A2" s="3"><v>123</v></c><c r="B2" s="4"><v>0.1</v></c><c r="C2" s="99"><v>5.0</v></c></row>`, "2:000123|0.1|5\n"},
		{"a code that lost its digits", `<row r="2"><c r="A2"><v>9.1370303123456784E+17</v></c></row>`, "2:913703031234567840||\n"},
		{"empty styled cells far right", `<row r="2"><c r="A2"><v>1</v></c><c r="XFD2" s="1"/><c r="XFC2" s="1"></c></row>`, "2:1||\n"},
		{"a value far right", `<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>1</v></c></row>`, "2:BAD3018\n"},
		{"a value behind the header", `<row r="2"><c r="A2"><v>1</v></c><c r="D2"><v>1</v></c></row>`, "2:BAD3018\n"},
		{"empty rows", `<row r="2"/><row r="3"></row><row r="4"><c r="A4" t="s"><v>2</v></c></row><row r="5"><c r="A5"><v>1</v></c></row><row r="6"><c r="A6" s="1"/></row>`, "5:1||\n"},
		{"comments, instructions, prefixes", `<!-- <row> --><?x y?><x:row r="2"><x:c r="A2"><x:v>1<!-- > -->2</x:v></x:c></x:row>`, "2:12||\n"},
		{"quotes in attributes", `<row r='2' spans="1:3" x="a>b"><c r='A2' y='">'><v>1</v></c></row>`, "2:1||\n"},
		{"invalid bytes", `<row r="2"><c r="A2" t="str"><v>` + "\xe4\xb8" + `</v></c><c r="B2"><v>7</v></c></row>`, "2:BAD3016\n"},
		{"odd control characters", `<row r="2"><c r="A2" t="str"><v>a&#0;b_x0000_&#xD800;</v></c></row>`, "2:a\ufffdb_x0000_\ufffd||\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			book := rawBook(t, `<?xml version="1.0"?><worksheet><cols/><sheetData>`+head+tt.rows+`</sheetData><pageMargins/></worksheet>`,
				map[string]string{"xl/styles.xml": testStyles, "xl/sharedStrings.xml": testStrings})
			_, rows := readString(t, string(book), testOptions)
			if diff := cmp.Diff(tt.want, cellsOf(rows)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestXLSX1904(t *testing.T) {
	t.Parallel()
	book := rawBook(t, `<worksheet><sheetData><row r="1"><c t="str"><v>名称</v></c><c t="str"><v>日期</v></c></row><row r="2"><c t="str"><v>甲</v></c><c s="1"><v>44621</v></c></row></sheetData></worksheet>`,
		map[string]string{
			"xl/styles.xml":   testStyles,
			"xl/workbook.xml": `<workbook xmlns:r="x"><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		})
	_, rows := readString(t, string(book), testOptions)
	if diff := cmp.Diff("2:甲|2026-03-02\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// All spellings of a date come as one or as the sender's own text.
func TestXLSXDates(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	formats := []string{"yyyy-mm-dd", "yyyy/m/d", `yyyy"年"m"月"d"日"`, "yyyy.mm.dd", "m/d/yy", "[$-804]yyyy/mm/dd;@", "dd-mmm-yyyy", "yyyy-mm-dd hh:mm"}
	path := workbook(t, func(f *excelize.File) {
		setCells(t, f, "Sheet1", map[string]any{"A1": "名称", "B1": "日期"})
		for i, code := range formats {
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
			if err != nil {
				t.Fatal(err)
			}
			cell := fmt.Sprintf("B%d", i+2)
			setCells(t, f, "Sheet1", map[string]any{cell: day})
			if err := f.SetCellStyle("Sheet1", cell, cell, style); err != nil {
				t.Fatal(err)
			}
		}
		for i, id := range []int{14, 15, 16, 17, 22, 27, 30, 31, 36, 50, 57, 58} {
			style, err := f.NewStyle(&excelize.Style{NumFmt: id})
			if err != nil {
				t.Fatal(err)
			}
			cell := fmt.Sprintf("B%d", len(formats)+i+2)
			setCells(t, f, "Sheet1", map[string]any{cell: 46083})
			if err := f.SetCellStyle("Sheet1", cell, cell, style); err != nil {
				t.Fatal(err)
			}
		}
	})
	rows := readRows(t, open(t, path, testOptions))
	if len(rows) != len(formats)+12 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if row.Cells[1] != "2026-03-02" {
			t.Errorf("line %d: %q", row.Line, row.Cells[1])
		}
	}
}

func TestXLSXMerges(t *testing.T) {
	t.Parallel()
	path := workbook(t, func(f *excelize.File) {
		setCells(t, f, "Sheet1", map[string]any{
			"A1": "标题", "A2": "名称", "B2": "代码", "C2": "金额", "D2": "备注",
			"A3": "甲", "B3": "1", "C3": 1, "D3": "共", "C4": 2, "B4": "2", "C5": 3, "A6": "乙", "B6": "3", "C6": 4, "C7": 5,
		})
		for _, m := range [][2]string{{"A1", "D1"}, {"A3", "A5"}, {"D3", "E4"}, {"B6", "B7"}, {"A6", "A6"}, {"A8", "A9"}} {
			if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	rows := readRows(t, open(t, path, testOptions))
	want := "3:甲|1|1|共\n4:甲|2|2|共\n5:甲||3|\n6:乙|3|4|\n7:|3|5|\n"
	if diff := cmp.Diff(want, cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// The old templates spread the header over two rows: a group over several columns, the other names over both rows.
func TestXLSXTwoRowHeader(t *testing.T) {
	t.Parallel()
	path := workbook(t, func(f *excelize.File) {
		setCells(t, f, "Sheet1", map[string]any{
			"A1": "名称", "B1": "行政相对人代码", "D1": "日期", "B2": "代码", "C2": "备注",
			"A3": "甲", "B3": "1", "D3": "2026-03-02",
		})
		for _, m := range [][2]string{{"A1", "A2"}, {"B1", "C1"}, {"D1", "D2"}} {
			if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	r := open(t, path, testOptions)
	if diff := cmp.Diff([]string{"名称", "代码", "备注", "日期"}, r.Header()); diff != "" || r.HeaderLine() != 2 {
		t.Errorf("line %d: %s", r.HeaderLine(), diff)
	}
	if diff := cmp.Diff("3:甲|1||2026-03-02\n", cellsOf(readRows(t, r))); diff != "" {
		t.Error(diff)
	}
}

func TestXLSXManyOverlappingMerges(t *testing.T) {
	t.Parallel()
	var m strings.Builder
	for range 10_000 {
		m.WriteString(`<mergeCell ref="A2:A1000000"/><mergeCell ref="zz"/><mergeCell ref="A1:A99999999999"/>`)
	}
	sheet := strings.Replace(inline([]string{"名称", "代码"}, []string{"甲", "1"}, []string{"", "2"}), "</sheetData>", "</sheetData><mergeCells>"+m.String()+"</mergeCells>", 1)
	_, rows := readString(t, string(rawBook(t, sheet, nil)), testOptions)
	if diff := cmp.Diff("2:甲|1\n3:甲|2\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestXLSXSheets(t *testing.T) {
	t.Parallel()
	path := workbook(t, func(f *excelize.File) {
		for _, s := range []string{"说明页", "隐藏", "模板", "数据", "空", "更多"} {
			if _, err := f.NewSheet(s); err != nil {
				t.Fatal(err)
			}
		}
		setCells(t, f, "说明页", map[string]any{"A1": "请按要求填写"})
		setCells(t, f, "隐藏", map[string]any{"A1": "名称", "B1": "代码", "A2": "不读"})
		setCells(t, f, "模板", map[string]any{"A1": "名称", "B1": "代码"})
		setCells(t, f, "数据", map[string]any{"A1": "名称", "B1": "代码", "A2": "甲", "B2": "1"})
		setCells(t, f, "更多", map[string]any{"A1": "名称", "B1": "代码", "A2": "乙", "B2": "2"})
		if err := f.SetSheetVisible("隐藏", false); err != nil {
			t.Fatal(err)
		}
	})
	r := open(t, path, testOptions)
	if diff := cmp.Diff("2:甲|1\n", cellsOf(readRows(t, r))); diff != "" {
		t.Error(diff)
	}
	if notes := r.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "1 个没有读取") {
		t.Errorf("notes %q", notes)
	}
}

func TestXLSXFormulaNote(t *testing.T) {
	t.Parallel()
	path := workbook(t, func(f *excelize.File) {
		setCells(t, f, "Sheet1", map[string]any{"A1": "名称", "B1": "金额", "A2": "甲"})
		if err := f.SetCellFormula("Sheet1", "B2", "1+1"); err != nil {
			t.Fatal(err)
		}
	})
	r := open(t, path, testOptions)
	readRows(t, r)
	if notes := r.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "1 个公式") {
		t.Errorf("notes %q", notes)
	}
}

func TestXLSXCellLimit(t *testing.T) {
	t.Parallel()
	o := testOptions
	o.MaxCell = 300
	at, over := strings.Repeat("中", 100), strings.Repeat("中", 100)+"a"
	sheet := inline([]string{"名称", "代码"}, []string{at, "1"}, []string{over, "2"}, []string{strings.Repeat("中", 50_000), "3"}, []string{"&lt;", "4"})
	_, rows := readString(t, string(rawBook(t, sheet, nil)), o)
	if diff := cmp.Diff("2:"+at+"|1\n3:BAD3017\n4:BAD3017\n5:<|4\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// Long text crosses the scanner's buffer at every offset; characters and entities must not be torn.
func TestXLSXLongText(t *testing.T) {
	t.Parallel()
	o := testOptions
	o.MaxCell = 1 << 20
	for pad := range 9 {
		text := strings.Repeat("x", pad) + strings.Repeat("中文&amp;𠀀&#x4e2d;", 20_000)
		want := strings.Repeat("x", pad) + strings.Repeat("中文&𠀀中", 20_000)
		for _, body := range []string{text, "<![CDATA[" + strings.NewReplacer("&amp;", "&", "&#x4e2d;", "中").Replace(text) + "]]>"} {
			_, rows := readString(t, string(rawBook(t, inline([]string{"名称", "代码"}, []string{body, "1"}), nil)), o)
			if len(rows) != 1 || rows[0].Bad != 0 || rows[0].Cells[0] != want {
				t.Fatalf("pad %d: long text changed", pad)
			}
		}
	}
}

// A row may give the same column again and again, or hold more text than any row should.
func TestXLSXRowLimit(t *testing.T) {
	t.Parallel()
	cell := `<c r="A2" t="str"><v>` + strings.Repeat("x", 32<<10) + `</v></c>`
	sheet := `<worksheet><sheetData><row><c t="str"><v>名称</v></c><c t="str"><v>代码</v></c></row><row>` +
		strings.Repeat(cell, 300) + `</row><row><c><v>1</v></c></row></sheetData></worksheet>`
	_, rows := readString(t, string(rawBook(t, sheet, nil)), testOptions)
	if diff := cmp.Diff("2:BAD3017\n3:1|\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestLongTitlesAreCut(t *testing.T) {
	t.Parallel()
	r, _ := readString(t, "\"填表说明："+strings.Repeat("中", 9_000)+"\"\n名称,代码\n甲,1\n", testOptions)
	if n := len(r.Titles()[0][0]); n > maxTitle || n < maxTitle-8 {
		t.Errorf("title of %d bytes kept", n)
	}
}

func TestXLSXParts16(t *testing.T) {
	t.Parallel()
	utf16 := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, r := range s {
			b = append(b, byte(r), byte(r>>8))
		}
		return string(b)
	}
	sheet := inline([]string{"名称", "代码"}, []string{"甲", "1"})
	_, rows := readString(t, string(rawBook(t, utf16(sheet), nil)), testOptions)
	if diff := cmp.Diff("2:甲|1\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// Whatever excelize writes as text or number is read back as the same text. There is no x in it: excelize writes a shared text that looks like one of
// the format's escapes (_x000D_) as it is, and then it is one. TestErrorWorkbookRoundTrip has them.
func TestXLSXRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.SampledFrom([]rune("ab0D <>&\"'_\n\t甲乙𠀀;,")))
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(text, 3, 3), 1, 8).Draw(t, "rows")
		stream := rapid.Bool().Draw(t, "stream")
		f := excelize.NewFile()
		defer f.Close()
		all := append([][]string{{"名称", "代码", "备注"}}, rows...)
		if stream {
			sw, err := f.NewStreamWriter("Sheet1")
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range all {
				if err := sw.SetRow(fmt.Sprintf("A%d", i+1), []any{row[0], row[1], row[2]}); err != nil {
					t.Fatal(err)
				}
			}
			if err := sw.Flush(); err != nil {
				t.Fatal(err)
			}
		} else {
			for i, row := range all {
				if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
					t.Fatal(err)
				}
			}
		}
		path := dir + "/x.xlsx"
		if err := f.SaveAs(path); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		var want, got [][]string
		for _, row := range rows {
			if !blank(row) {
				want = append(want, row)
			}
		}
		if len(want) == 0 {
			return
		}
		r, err := Open(path, testOptions)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var row Row
		for r.Next(&row) == nil {
			got = append(got, append([]string(nil), row.Cells...))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
