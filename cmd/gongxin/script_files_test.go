package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"gongxin/internal/catalog"
	"gongxin/internal/sheet"
)

// rows makes a file of an item's example row: rows ITEM CHANGES OUT. Each line of CHANGES is one row and says what differs, as
// CF_WSH=甲 | CF_NR_FK=; the ending of OUT says whether it becomes CSV headed by the Chinese names, or NDJSON by code.
func rows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: rows ITEM CHANGES OUT")
	}
	item, ok := catalog.Default().Item(catalog.ItemCode(args[0]))
	if !ok {
		ts.Fatalf("no item %s", args[0])
	}
	var table []map[string]string
	columns := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		row := map[string]string{}
		for code, value := range item.Example {
			row[code] = value
		}
		if line = strings.TrimSpace(line); line != "-" {
			for change := range strings.SplitSeq(line, " | ") {
				code, value, ok := strings.Cut(change, "=")
				if !ok {
					ts.Fatalf("not a change: %q", change)
				}
				row[code] = os.Expand(value, ts.Getenv)
			}
		}
		for code := range row {
			columns[code] = true
		}
		table = append(table, row)
	}
	var out bytes.Buffer
	if strings.HasSuffix(args[2], ".ndjson") {
		enc := json.NewEncoder(&out)
		for _, row := range table {
			ts.Check(enc.Encode(row))
		}
	} else {
		w := csv.NewWriter(&out)
		var codes, head []string
		for i := range item.Fields {
			if f := &item.Fields[i]; columns[f.Code] {
				codes, head = append(codes, f.Code), append(head, f.Name)
				delete(columns, f.Code)
			}
		}
		for code := range columns { // a column that is no field, such as the operation flag
			codes, head = append(codes, code), append(head, code)
		}
		ts.Check(w.Write(head))
		for _, row := range table {
			line := make([]string, len(codes))
			for i, code := range codes {
				line[i] = row[code]
			}
			ts.Check(w.Write(line))
		}
		w.Flush()
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o600))
}

// encode writes a text in another encoding: encode gb18030 IN OUT.
func encode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: encode ENCODING IN OUT")
	}
	text := ts.ReadFile(args[1])
	var err error
	switch args[0] {
	case "gb18030":
		text, err = simplifiedchinese.GB18030.NewEncoder().String(text)
	case "utf-16":
		text, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	case "bom":
		text = "\ufeff" + text
	default:
		ts.Fatalf("unknown encoding %s", args[0])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
}

// book makes a workbook of text cells from a CSV: book IN.csv OUT.xlsx.
func book(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: book IN.csv OUT.xlsx")
	}
	lines, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for i, line := range lines {
		ts.Check(f.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &line))
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[1])))
}

// damage makes files that cannot be read: damage KIND IN OUT, where IN is a sound workbook.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: damage KIND IN.xlsx OUT")
	}
	content := []byte(ts.ReadFile(args[1]))
	switch args[0] {
	case "truncated":
		content = content[:len(content)/2]
	case "encrypted":
		f, err := excelize.OpenReader(bytes.NewReader(content))
		ts.Check(err)
		var out bytes.Buffer
		ts.Check(f.Write(&out, excelize.Options{Password: "secret"}))
		content = out.Bytes()
	case "xls": // the head of a compound file, as Excel 97 to 2003 wrote it
		content = append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 2048)...)
	case "bomb":
		content = bomb(ts)
	default:
		ts.Fatalf("unknown damage %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), content, 0o600))
}

// bomb is a small package whose sheet unpacks to gigabytes.
func bomb(ts *testscript.TestScript) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	part := func(name string, write func(func(string))) {
		w, err := z.Create(name)
		ts.Check(err)
		write(func(s string) {
			_, err := w.Write([]byte(s))
			ts.Check(err)
		})
	}
	part("xl/workbook.xml", func(p func(string)) {
		p(`<workbook xmlns:r="x"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	})
	part("xl/_rels/workbook.xml.rels", func(p func(string)) {
		p(`<Relationships><Relationship Id="rId1" Type="a/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`)
	})
	part("xl/worksheets/sheet1.xml", func(p func(string)) {
		p(`<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>`)
		blanks := strings.Repeat(" ", 1<<20)
		for range 600 {
			p(blanks)
		}
		p(`</t></is></c></row></sheetData></worksheet>`)
	})
	ts.Check(z.Close())
	return out.Bytes()
}

// openErrors opens an error workbook and finds its header.
func openErrors(ts *testscript.TestScript, name string) (f *excelize.File, page string, lines [][]string, head int) {
	f, err := excelize.OpenFile(ts.MkAbs(name))
	ts.Check(err)
	page = f.GetSheetName(0)
	lines, err = f.GetRows(page)
	ts.Check(err)
	head = slices.IndexFunc(lines, func(line []string) bool { return slices.Contains(line, sheet.ErrorColumn) })
	if head < 0 {
		ts.Fatalf("%s has no column %s", name, sheet.ErrorColumn)
	}
	return f, page, lines, head
}

func columnOf(ts *testscript.TestScript, lines [][]string, head int, name string) int {
	i := slices.IndexFunc(lines[head], func(cell string) bool { return cell == name })
	if i < 0 {
		ts.Fatalf("no column %q in %q", name, lines[head])
	}
	return i
}

// mend changes cells of an error workbook and keeps everything else: mend BOOK.xlsx OUT.xlsx ROW:COLUMN=VALUE…, rows counted from 1.
func mend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: mend BOOK.xlsx OUT.xlsx ROW:COLUMN=VALUE…")
	}
	f, page, lines, head := openErrors(ts, args[0])
	defer func() { _ = f.Close() }()
	for _, arg := range args[2:] {
		place, value, _ := strings.Cut(arg, "=")
		at, column, _ := strings.Cut(place, ":")
		n, err := strconv.Atoi(at)
		ts.Check(err)
		cell, err := excelize.CoordinatesToCellName(columnOf(ts, lines, head, column)+1, head+1+n)
		ts.Check(err)
		ts.Check(f.SetCellStr(page, cell, value))
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[1])))
}

// marked asks an error workbook for its marks: marked BOOK.xlsx ROWS ROW:COLUMN=NUMBER…; a cell is marked when it is coloured, commented with the
// number, and the number stands in the row's list of reasons.
func marked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: marked BOOK.xlsx ROWS ROW:COLUMN=NUMBER…")
	}
	f, page, lines, head := openErrors(ts, args[0])
	defer func() { _ = f.Close() }()
	if n := strconv.Itoa(len(lines) - head - 1); n != args[1] {
		ts.Fatalf("%s rows in the workbook, want %s", n, args[1])
	}
	comments, err := f.GetComments(page)
	ts.Check(err)
	for _, arg := range args[2:] {
		place, number, _ := strings.Cut(arg, "=")
		at, column, _ := strings.Cut(place, ":")
		n, err := strconv.Atoi(at)
		ts.Check(err)
		cell, err := excelize.CoordinatesToCellName(columnOf(ts, lines, head, column)+1, head+1+n)
		ts.Check(err)
		style, err := f.GetCellStyle(page, cell)
		ts.Check(err)
		look, err := f.GetStyle(style)
		ts.Check(err)
		if len(look.Fill.Color) == 0 {
			ts.Fatalf("%s (%s) is not coloured", column, cell)
		}
		i := slices.IndexFunc(comments, func(c excelize.Comment) bool { return c.Cell == cell })
		if i < 0 || !strings.Contains(commentText(comments[i]), number) {
			ts.Fatalf("%s (%s) has no comment with %s: %+v", column, cell, number, comments)
		}
		line := lines[head+n]
		if reasons := line[len(line)-1]; !strings.Contains(reasons, "【"+number+"】") {
			ts.Fatalf("row %d lists %q, not %s", n, reasons, number)
		}
	}
}

func commentText(c excelize.Comment) string {
	text := c.Text
	for _, run := range c.Paragraph {
		text += run.Text
	}
	return text
}

// setID keeps the number of the first queue entry of a list as $QUEUED: setid FILE.
func setID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: setid FILE")
	}
	var list struct{ Items []struct{ ID int64 } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &list))
	if len(list.Items) == 0 {
		ts.Fatalf("the list is empty")
	}
	ts.Setenv("QUEUED", strconv.FormatInt(list.Items[0].ID, 10))
}
