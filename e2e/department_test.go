package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"gongxin/internal/ingest"
)

// departmentBook is a list of penalties as a department's office keeps it: three lines of titles, a header of two merged lines, an index column, dates
// in four forms, numbers as text, codes with blanks, a hidden row, a line of totals, and many formatted rows without content.
func departmentBook(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	const page = "2026年行政处罚"
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(f.SetSheetName("Sheet1", page))
	put := func(row int, cells ...any) {
		t.Helper()
		check(f.SetSheetRow(page, fmt.Sprintf("A%d", row), &cells))
	}
	put(1, "临溪市消防救援支队2026年行政处罚信息公示汇总表")
	put(2, "填报单位（盖章）：临溪市消防救援支队", "", "", "", "", "", "", "填报日期：2026年7月1日")
	put(3, "注：1.罚款金额以万元为单位；2.本表每月5日前报送。")
	for _, row := range []int{1, 3} {
		check(f.MergeCell(page, fmt.Sprintf("A%d", row), fmt.Sprintf("U%d", row)))
	}
	head := []string{
		"序号", "行政相对人名称", "行政相对人类别", "统一社会信用代码", "法定代表人", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据", "处罚类别", "处罚内容",
		"罚款金额\n（万元）", "没收金额", "处罚决定\n日期", "处罚有效期", "处罚机关", "处罚机关代码", "数据来源单位", "来源单位代码", "处罚程序", "备注",
	}
	groups := map[int]string{2: "行政相对人信息", 6: "处罚决定信息", 16: "机关信息"}
	ends := map[int]int{2: 5, 6: 15, 16: 19}
	for i, name := range head {
		n := i + 1
		top, _ := excelize.CoordinatesToCellName(n, 4)
		bottom, _ := excelize.CoordinatesToCellName(n, 5)
		switch {
		case n == 1 || n > 19: // one cell over both lines
			check(f.SetCellStr(page, top, name))
			check(f.MergeCell(page, top, bottom))
		default:
			check(f.SetCellStr(page, bottom, name))
		}
		if group := groups[n]; group != "" {
			check(f.SetCellStr(page, top, group))
			last, _ := excelize.CoordinatesToCellName(ends[n], 4)
			check(f.MergeCell(page, top, last))
		}
	}
	serial := 46083.0 // 2026-03-02
	line := func(row, n int, code string, fine, date any, until any) {
		put(row, n, fmt.Sprintf("临溪市消防试验%d号商贸有限公司", n), "法人及非法人组织", code, "示例", fmt.Sprintf("临消罚决字〔2026〕第%04d号", n), "占用疏散通道", "检查发现占用疏散通道",
			"《中华人民共和国消防法》第六十条", "罚款", "罚款", fine, "", date, until, "临溪市消防救援支队", ownUnit, "临溪市消防救援支队", ownUnit, "普通程序", "")
	}
	code := func(n int) string { return businessCode(5000 + n) }
	line(6, 1, code(1), 0.5, serial, serial+365)
	line(7, 2, " "+code(2)[:4]+" "+code(2)[4:]+" ", "0.5", "2026年3月2日", "2027年3月2日")
	line(8, 3, strings.ToLower(code(3)), "1,500.00", "2026.3.2", "2027.3.2")
	line(9, 4, code(4), "０.８", "2026/3/2", "2027/3/2")
	line(10, 5, code(5), 0.2, "20260302", "长期")
	line(11, 6, code(6), 0.3, serial, "2027-03-02")
	line(12, 7, code(7)[:17]+"A", 0.3, "2026年2月30日", "2027-03-02")
	put(13, "合计", "", "", "", "", "", "", "", "", "", "", "1502.60")
	check(f.MergeCell(page, "A13", "C13"))
	put(14, "填表人：示例", "", "", "审核人：示例")
	check(f.SetRowVisible(page, 11, false))
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	check(err)
	check(f.SetCellStyle(page, "N6", "O6", date))
	check(f.SetCellStyle(page, "N11", "N11", date))
	border, err := f.NewStyle(&excelize.Style{Border: []excelize.Border{{Type: "left", Color: "000000", Style: 1}}})
	check(err)
	check(f.SetCellStyle(page, "A15", "U300", border))
	_, err = f.NewSheet("填报说明")
	check(err)
	check(f.SetCellStr("填报说明", "A1", "本表由各大队填报"))
	path := filepath.Join(t.TempDir(), "消防处罚汇总.xlsx")
	check(f.SaveAs(path))
	return path
}

// TestDepartmentsOwnSpreadsheet files that list as it is. What is data is on file, what is not is told apart, and everything is said in words.
func TestDepartmentsOwnSpreadsheet(t *testing.T) {
	t.Parallel()
	in := newInstall(t, "")
	in.must(t, "agency", "add", "--code", ownUnit, "--name", "临溪市消防救援支队")
	book := departmentBook(t)
	errorBook := filepath.Join(t.TempDir(), "错误表.xlsx")
	r := in.run(t, "import", book, "--item", "XZCF", "--unit", ownUnit, "--json", "--all-rows", "--errors", errorBook)
	var receipt ingest.Receipt
	if err := json.Unmarshal([]byte(r.out), &receipt); err != nil || r.code != 3 {
		t.Fatalf("exit code %d, %v\n%s", r.code, err, r.msg)
	}
	have := map[string]string{}
	for i := range receipt.Rows {
		row := &receipt.Rows[i]
		have[fmt.Sprintf("line %d", row.Line)] = answer(row)
	}
	want := map[string]string{}
	for line := 6; line <= 11; line++ { // the hidden row 11 among them
		want[fmt.Sprintf("line %d", line)] = "accepted late=true [] []"
	}
	want["line 12"] = "rejected late=false [2008 2103] []"
	want["line 13"] = "rejected late=false [3020] []"
	want["line 14"] = "rejected late=false [3020] []"
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("answers (-want +have): %s", diff)
	}
	if receipt.Mapping.Header != 5 || receipt.Mapping.Template != "current" {
		t.Errorf("header at line %d, template %q", receipt.Mapping.Header, receipt.Mapping.Template)
	}
	mapped := map[string]string{}
	for _, c := range receipt.Mapping.Columns {
		mapped[c.Column] = c.Field
	}
	for column, field := range map[string]string{"序号": "", "统一社会信用代码": "CF_XDR_SHXYM", "罚款金额（万元）": "CF_NR_FK", "处罚决定日期": "CF_JDRQ", "备注": "BZ"} {
		if got, ok := mapped[column]; !ok || got != field {
			t.Errorf("column %q is taken for %q (%v), want %q", column, got, ok, field)
		}
	}
	if notes := strings.Join(receipt.Mapping.Notes, "\n"); !strings.Contains(notes, "隐藏") || !strings.Contains(notes, "工作表") {
		t.Errorf("the receipt does not mention the hidden row and the other sheet: %q", notes)
	}

	// On file the four spellings of a day are one day, and the amounts are numbers.
	for _, q := range []struct{ sql, want string }{
		{`SELECT count(*) FROM record WHERE decided_on = 20260302`, "6"},
		{`SELECT count(*) FROM record_version WHERE body LIKE '%"CF_NR_FK":"0.5"%'`, "2"},
		{`SELECT count(*) FROM record_version WHERE body LIKE '%"CF_NR_FK":"1500"%'`, "1"},
		{`SELECT count(*) FROM record_version WHERE body LIKE '%"CF_YXQ":"2099-12-31"%'`, "1"},
		{`SELECT count(*) FROM subject WHERE code LIKE '91990102MA0T500%'`, "6"},
	} {
		if have := in.look(t, q.sql)[0]; have != q.want {
			t.Errorf("%s: %s, want %s", q.sql, have, q.want)
		}
	}

	// The same for people: short, and without a word for what went well.
	r = in.run(t, "receipt", receipt.ID)
	for _, words := range []string{"收到", "9 行：新增 6", "退回 3", "校验码应为", "不是真实的日期", "合计或者表尾", "被隐藏"} {
		if !strings.Contains(r.out, words) {
			t.Errorf("the receipt does not say %q:\n%s", words, r.out)
		}
	}
	if lines := strings.Count(r.out, "\n"); lines > 20 {
		t.Errorf("%d lines:\n%s", lines, r.out)
	}

	// The error workbook keeps the office's titles and columns.
	f, err := excelize.OpenFile(errorBook)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if title, err := f.GetCellValue(f.GetSheetName(0), "A1"); err != nil || !strings.Contains(title, "汇总表") {
		t.Errorf("the first title of the error workbook is %q (%v)", title, err)
	}
}
