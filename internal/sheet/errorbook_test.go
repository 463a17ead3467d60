package sheet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func marksOf(rows ...MarkedRow) iter.Seq2[MarkedRow, error] {
	return func(yield func(MarkedRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func errorWorkbook(t testing.TB, src *Reader, marks iter.Seq2[MarkedRow, error], o ErrorOptions) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "errors.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := WriteErrors(f, src, marks, o); err != nil {
		t.Fatal(err)
	}
	return path
}

var twoMarks = []Mark{
	{Column: 1, Code: 2103, Message: "统一社会信用代码的校验位不对", Fix: "核对第 18 位"},
	{Column: 3, Code: 2302, Severity: Warning, Message: "金额疑似以元填写"},
	{Column: 1, Code: 1001, Message: "名称与代码不符"},
	{Column: -1, Code: 2401, Message: "文号与许可编号不能都为空"},
}

func TestErrorWorkbook(t *testing.T) {
	t.Parallel()
	src := open(t, writeFile(t, []byte("临溪市公示表\n名称,代码,日期,金额\n甲,001,2026-03-02,5\n乙,002,=1+1,10000\n丙,003,,7\n丁,,,\n")), testOptions)
	path := errorWorkbook(t, src, marksOf(MarkedRow{2, twoMarks}, MarkedRow{4, []Mark{{Column: 1, Code: 2001, Message: "代码必填"}}}), ErrorOptions{})

	r := open(t, path, testOptions)
	if diff := cmp.Diff([]string{"名称", "代码", "日期", "金额", ErrorColumn}, r.Header()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"临溪市公示表"}}, r.Titles()); diff != "" {
		t.Error(diff)
	}
	rows := readRows(t, r)
	want := "原文件第 4 行：\n1. 【2103】代码：统一社会信用代码的校验位不对。改法：核对第 18 位\n2. 【2302】金额：（提醒）金额疑似以元填写\n3. 【1001】代码：名称与代码不符\n4. 【2401】文号与许可编号不能都为空"
	if diff := cmp.Diff([]plainRow{
		{N: 1, Line: 3, Cells: []string{"乙", "002", "=1+1", "10000", want}},
		{N: 2, Line: 4, Cells: []string{"丁", "", "", "", "原文件第 6 行：\n1. 【2001】代码：代码必填"}},
	}, rows); diff != "" {
		t.Error(diff)
	}
	if notes := r.Notes(); len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}

	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, colour := range map[string]string{"A3": "", "B3": "FFC7CE", "C3": "", "D3": "FFEB9C", "B4": "FFC7CE"} {
		id, err := f.GetCellStyle(dataSheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := f.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(style.Fill.Color, ""); got != colour {
			t.Errorf("%s is filled %q, want %q", cell, got, colour)
		}
		if style.NumFmt != 49 {
			t.Errorf("%s has format %d, not text", cell, style.NumFmt)
		}
		if kind, _ := f.GetCellType(dataSheet, cell); kind != excelize.CellTypeInlineString {
			t.Errorf("%s has type %d", cell, kind)
		}
	}
	comments, err := f.GetComments(dataSheet)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range comments {
		for _, p := range c.Paragraph {
			got[c.Cell] += p.Text
		}
	}
	if diff := cmp.Diff(map[string]string{
		"B3": "【2103】统一社会信用代码的校验位不对。改法：核对第 18 位\n【1001】名称与代码不符",
		"D3": "【2302】（提醒）金额疑似以元填写",
		"B4": "【2001】代码必填",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorWorkbookNotes(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	in.WriteString("名称,代码,日期,金额\n")
	var marks []MarkedRow
	for n := 1; n <= 7; n++ {
		fmt.Fprintf(&in, "企业%d,%d,,\n", n, n)
		marks = append(marks, MarkedRow{n, twoMarks})
	}
	src := open(t, writeFile(t, []byte(in.String())), testOptions)
	path := errorWorkbook(t, src, marksOf(marks...), ErrorOptions{MaxComments: 5, SheetRows: 3, Sentence: func(code int) (string, string) {
		if code == 2103 {
			return "校验位错误", "逐位核对"
		}
		return "", ""
	}})
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff([]string{"错误数据", "错误数据（2）", "错误数据（3）", "说明"}, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	count := 0
	for i, sheet := range f.GetSheetList()[:3] {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{4, 4, 2}[i]; len(rows) != want || rows[0][0] != "名称" {
			t.Errorf("%s has %d rows, want %d", sheet, len(rows), want)
		}
		comments, err := f.GetComments(sheet)
		if err != nil {
			t.Fatal(err)
		}
		count += len(comments)
	}
	if count != 5 {
		t.Errorf("%d comments, want 5", count)
	}
	rows, err := f.GetRows(notesSheet)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range rows {
		all = append(all, strings.Join(row, "|"))
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		"有问题的 7 行", "批注最多 5 处，另有 9 处", "分在 3 张表里", "直接报送本文件",
		"1001|7|0|名称与代码不符", "2103|7|0|校验位错误|逐位核对", "2302|0|7|金额疑似以元填写", "2401|7|0|文号与许可编号不能都为空",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the explanations lack %q:\n%s", want, text)
		}
	}
}

// The mended workbook may come back with its column of reasons, and fail again.
func TestErrorWorkbookOfErrorWorkbook(t *testing.T) {
	t.Parallel()
	src := open(t, writeFile(t, []byte("名称,代码\n甲,1\n乙,2\n")), testOptions)
	once := errorWorkbook(t, src, marksOf(MarkedRow{1, []Mark{{Column: 0, Code: 1, Message: "一"}}}), ErrorOptions{All: true})
	again := open(t, once, testOptions)
	twice := open(t, errorWorkbook(t, again, marksOf(MarkedRow{2, []Mark{{Column: 1, Code: 2, Message: "二"}, {Column: 2, Code: 3, Message: "三"}}}), ErrorOptions{All: true}), testOptions)
	if diff := cmp.Diff([]string{"名称", "代码", ErrorColumn}, twice.Header()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("2:甲|1|\n3:乙|2|原文件第 3 行：\n1. 【2】代码：二\n2. 【3】三\n", cellsOf(readRows(t, twice))); diff != "" {
		t.Error(diff)
	}
}

func TestErrorWorkbookOfNDJSON(t *testing.T) {
	t.Parallel()
	in := "{\"名称\":\"甲\",\"代码\":\"01\"}\n{\"日期\":\"2026-03-02\",\"名称\":\"乙\"}\n[]\n"
	src := open(t, writeFile(t, []byte(in)), testOptions)
	path := errorWorkbook(t, src, marksOf(
		MarkedRow{1, []Mark{{Column: 1, Code: 2103, Message: "不对"}}},
		MarkedRow{2, []Mark{{Column: 2, Code: 2008, Message: "不是日期"}}},
		MarkedRow{3, []Mark{{Column: -1, Code: 3019, Message: "不是对象"}}}), ErrorOptions{})
	r := open(t, path, testOptions)
	if diff := cmp.Diff([]string{"名称", "代码", "日期", ErrorColumn}, r.Header()); diff != "" {
		t.Error(diff)
	}
	want := "2:甲|01||原文件第 1 行：\n1. 【2103】代码：不对\n3:乙||2026-03-02|原文件第 2 行：\n1. 【2008】日期：不是日期\n4:|||原文件第 3 行：\n1. 【3019】不是对象\n"
	if diff := cmp.Diff(want, cellsOf(readRows(t, r))); diff != "" {
		t.Error(diff)
	}
}

func TestErrorWorkbookRefusesWrongMarks(t *testing.T) {
	t.Parallel()
	broken := errors.New("store gone")
	for name, marks := range map[string]iter.Seq2[MarkedRow, error]{
		"behind the end": marksOf(MarkedRow{9, twoMarks}),
		"out of order":   marksOf(MarkedRow{2, twoMarks}, MarkedRow{1, twoMarks}),
		"twice":          marksOf(MarkedRow{1, twoMarks}, MarkedRow{1, twoMarks}),
		"before reading": marksOf(MarkedRow{0, twoMarks}),
		"store error": func(yield func(MarkedRow, error) bool) {
			_ = yield(MarkedRow{1, twoMarks}, nil) && yield(MarkedRow{}, broken)
		},
	} {
		src := open(t, writeFile(t, []byte("名称,代码\n甲,1\n乙,2\n丙,3\n")), testOptions)
		err := WriteErrors(io.Discard, src, marks, ErrorOptions{})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if name == "store error" && !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The error workbook of any table, read again, has the same cells and one column more.
func TestErrorWorkbookRoundTrip(t *testing.T) {
	t.Parallel()
	pieces := append(strings.Split("a0 <>&\"'=_xD\n甲乙𠀀㐀;,", ""), "_x000D_", "_x005F_", "_xaaaa_", "_x0041_x0042_")
	text := rapid.Map(rapid.SliceOf(rapid.SampledFrom(pieces)), func(some []string) string { return strings.Join(some, "") })
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(text, 3, 3), 1, 10).Draw(t, "rows")
		var b strings.Builder
		b.WriteString("名称,代码,备注\n")
		var want [][]string
		for i, row := range rows {
			row[1] = fmt.Sprintf("%05d", i)
			want = append(want, row)
			for j, c := range row {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			}
			b.WriteByte('\n')
		}
		in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.xlsx")
		if err := os.WriteFile(in, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := Open(in, testOptions)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := WriteErrors(f, src, marksOf(MarkedRow{1, twoMarks}), ErrorOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		r, err := Open(out, testOptions)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var got [][]string
		var row Row
		for r.Next(&row) == nil {
			got = append(got, append([]string(nil), row.Cells[:3]...))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
