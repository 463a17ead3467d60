package portal

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"gongxin/internal/catalog"
)

// templateCSV gives an empty file with the header row of an item. It starts with a mark of byte order, so that
// spreadsheets read it as UTF-8.
func (p *Portal) templateCSV(w http.ResponseWriter, r *http.Request) error {
	item, err := p.findItem(r.PathValue("item"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(byteOrderMark)
	cw := csv.NewWriter(&b)
	cw.UseCRLF = true
	head := make([]string, len(item.Fields))
	for i := range item.Fields {
		head[i] = item.Fields[i].Name
	}
	if err := cw.Write(head); err != nil {
		return fmt.Errorf("portal.templateCSV: %w", err)
	}
	cw.Flush()
	return send(w, r, item, "csv", "text/csv; charset=utf-8", b.Bytes())
}

// templateXLSX gives a workbook: the header row with the Chinese names, each with a note that holds its code and rules; columns
// formatted as text, so that a spreadsheet spoils no 18-digit code; lists to choose from; and a second sheet that explains
// the fields.
func (p *Portal) templateXLSX(w http.ResponseWriter, r *http.Request) error {
	item, err := p.findItem(r.PathValue("item"))
	if err != nil {
		return err
	}
	data, err := workbook(item)
	if err != nil {
		return fmt.Errorf("portal.templateXLSX(%s): %w", item.Code, err)
	}
	return send(w, r, item, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data)
}

func send(w http.ResponseWriter, r *http.Request, item *catalog.Item, ext, kind string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+string(item.Code)+`-template.`+ext+`"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) //nolint:gosec // G705: a header from the catalogue
	}
	return nil
}

// templateRows is the number of rows that carry the lists to choose from.
const templateRows = 5000

func workbook(item *catalog.Item) (data []byte, err error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	sheet := sheetName(item.Name)
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	styles, err := newStyles(f)
	if err != nil {
		return nil, err
	}
	for i := range item.Fields {
		if err := templateColumn(f, sheet, styles, item, i); err != nil {
			return nil, err
		}
	}
	if err := f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	if err := explain(f, styles, item); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type styles struct{ head, must, text, wrap int }

func newStyles(f *excelize.File) (s styles, err error) {
	bold := &excelize.Font{Bold: true}
	align := &excelize.Alignment{WrapText: true, Vertical: "top"}
	fill := func(colour string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
	}
	if s.head, err = f.NewStyle(&excelize.Style{Font: bold, Alignment: align, NumFmt: 49, Fill: fill("EDF3FB")}); err != nil {
		return s, err
	}
	if s.must, err = f.NewStyle(&excelize.Style{Font: bold, Alignment: align, NumFmt: 49, Fill: fill("FDE9A6")}); err != nil {
		return s, err
	}
	if s.text, err = f.NewStyle(&excelize.Style{NumFmt: 49}); err != nil {
		return s, err
	}
	s.wrap, err = f.NewStyle(&excelize.Style{Alignment: align})
	return s, err
}

func templateColumn(f *excelize.File, sheet string, s styles, item *catalog.Item, i int) error {
	field := &item.Fields[i]
	col, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		return err
	}
	if err := f.SetColStyle(sheet, col, s.text); err != nil {
		return err
	}
	if err := f.SetColWidth(sheet, col, col, columnWidth(field)); err != nil {
		return err
	}
	cell := col + "1"
	if err := f.SetCellStr(sheet, cell, field.Name); err != nil {
		return err
	}
	head := s.head
	if field.Required {
		head = s.must
	}
	if err := f.SetCellStyle(sheet, cell, cell, head); err != nil {
		return err
	}
	note := strings.Join(nonEmpty(field.Code, mustWord(field)+"，"+typeWord(field), mustNote(item, field), field.Note), "\n")
	if err := f.AddComment(sheet, excelize.Comment{Cell: cell, Author: "公信", Paragraph: []excelize.RichTextRun{{Text: note}}, Width: 260, Height: 110}); err != nil {
		return err
	}
	return choices(f, sheet, col, item, field)
}

// choices lets a cell be chosen from the field's list. A list of Excel's own holds 255 characters at most; longer ones
// and sets are left to typing.
func choices(f *excelize.File, sheet, col string, item *catalog.Item, field *catalog.Field) error {
	names := listNames(item, field)
	if field.Type != catalog.Enum || field.OpenList || len(names) == 0 || len([]rune(strings.Join(names, ","))) > 255 {
		return nil
	}
	v := excelize.NewDataValidation(true)
	v.Sqref = fmt.Sprintf("%s2:%s%d", col, col, templateRows)
	if err := v.SetDropList(names); err != nil {
		return err
	}
	return f.AddDataValidation(sheet, v)
}

func explain(f *excelize.File, s styles, item *catalog.Item) error {
	const sheet = "填写说明"
	if _, err := f.NewSheet(sheet); err != nil {
		return err
	}
	rows := [][]any{
		{item.Name + "（" + string(item.Code) + "），目录版本 " + item.Edition},
		{"请在第一张表的表头下面逐行填写；黄色表头必填。列的顺序可以变动，不需要的选填列可以删去，表头文字请保留。"},
		{"字段", "代码", "填写", "类型", "可填的值", "说明"},
	}
	for i := range item.Fields {
		field := &item.Fields[i]
		rows = append(rows, []any{
			field.Name, field.Code, strings.Join(nonEmpty(mustWord(field), mustNote(item, field)), "："),
			typeWord(field), strings.Join(listNames(item, field), "、"), field.Note,
		})
	}
	for i, row := range rows {
		if err := f.SetSheetRow(sheet, "A"+strconv.Itoa(i+1), &row); err != nil {
			return err
		}
	}
	for col, width := range map[string]float64{"A": 34, "B": 16, "C": 26, "D": 24, "E": 40, "F": 40} {
		if err := f.SetColWidth(sheet, col, col, width); err != nil {
			return err
		}
	}
	return f.SetCellStyle(sheet, "A3", "F"+strconv.Itoa(len(rows)), s.wrap)
}

func columnWidth(field *catalog.Field) float64 {
	switch {
	case field.Type == catalog.DateType:
		return 14
	case field.MaxLen >= 500:
		return 40
	case field.Type == catalog.USCC:
		return 22
	default:
		return 20
	}
}

// sheetName keeps within what Excel allows for the name of a sheet.
func sheetName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 31 {
		s = string(r[:31])
	}
	if s == "" {
		return "数据"
	}
	return s
}

func nonEmpty(parts ...string) []string {
	out := parts[:0:0]
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
