package sheet

import (
	"strconv"
	"strings"
)

// book is what the reader needs to know of a workbook before it reads a sheet.
type book struct {
	sheets   []bookSheet
	date1904 bool
	strings  string // part name of the shared strings, "" if there are none
	styles   []cellFormat
}

type bookSheet struct {
	name   string
	part   string
	hidden bool
}

const (
	maxSheets  = 1_000
	maxFormats = 70_000 // Excel allows 65,490 cell formats
	maxName    = 1_000  // bytes of a part name, relationship or sheet name
)

// relation is one entry of a .rels part.
type relation struct{ kind, target string }

// openBook finds the workbook part and reads the sheet list and the cell formats.
func openBook(a *archive) (*book, error) {
	main := "xl/workbook.xml"
	root, err := a.relations("_rels/.rels")
	if err != nil {
		return nil, err
	}
	for _, r := range root {
		if strings.HasSuffix(r.kind, "/officeDocument") {
			main = resolve("", r.target)
		}
	}
	if !a.has(main) {
		main = "xl/workbook.xml"
	}
	if err := a.refuseOther(main); err != nil {
		return nil, err
	}
	dir, file := "", main
	if i := strings.LastIndexByte(main, '/'); i >= 0 {
		dir, file = main[:i+1], main[i+1:]
	}
	rels, err := a.relations(dir + "_rels/" + file + ".rels")
	if err != nil {
		return nil, err
	}
	b := &book{}
	if err := b.readWorkbook(a, main, rels); err != nil {
		return nil, err
	}
	for _, r := range rels {
		part := resolve(main, r.target)
		switch {
		case strings.HasSuffix(r.kind, "/sharedStrings") && a.has(part):
			b.strings = part
		case strings.HasSuffix(r.kind, "/styles") && a.has(part):
			if err := b.readStyles(a, part); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// refuseOther tells what the package is if it is not a workbook.
func (a *archive) refuseOther(main string) error {
	switch {
	case strings.HasSuffix(strings.ToLower(main), ".bin") || a.has("xl/workbook.bin"):
		return withFix(detail(errNotWorkbook, "文件是 Excel 二进制工作簿（.xlsb），系统只读取 .xlsx"), saveAsXLSX)
	case a.has("word/document.xml"):
		return withFix(detail(errNotWorkbook, "文件是 Word 文档，不是表格"), "请把文档里的表格复制到 Excel，另存为 .xlsx 后再报送")
	case a.has("ppt/presentation.xml"):
		return detail(errNotWorkbook, "文件是 PowerPoint 演示文稿，不是表格")
	case a.has("ofd.xml"):
		return withFix(detail(errNotWorkbook, "文件是 OFD 版式文档，不是表格"), "请报送原始的表格文件（.xlsx、.csv）")
	case a.has("content.xml") && a.has("mimetype"):
		return withFix(detail(errNotWorkbook, "文件是 OpenDocument 表格或文档（.ods、.odt），系统只读取 .xlsx"), saveAsXLSX)
	case a.has(main):
		return nil
	case len(a.parts) == 0:
		return detail(errNotWorkbook, "压缩包是空的")
	}
	return errNotWorkbook
}

// scan calls start for every start tag of a part.
func (a *archive) scan(name string, start func(s *xmlScanner) error) error {
	p, err := a.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	s := newXML(p)
	if err := s.decode16(); err != nil {
		return partError(err)
	}
	for {
		t, err := s.next()
		if err != nil {
			return partError(err)
		}
		switch t {
		case tokEOF:
			return nil
		case tokStart:
			if err := start(s); err != nil {
				return partError(err)
			}
		}
	}
}

func (a *archive) relations(name string) (map[string]relation, error) {
	rels := map[string]relation{}
	if !a.has(name) {
		return rels, nil
	}
	err := a.scan(name, func(s *xmlScanner) error {
		if string(s.name) == "Relationship" && len(rels) < 10*maxSheets && len(s.attrs) < 4*maxName {
			rels[s.attrString("Id")] = relation{s.attrString("Type"), s.attrString("Target")}
		}
		return nil
	})
	return rels, err
}

func (b *book) readWorkbook(a *archive, main string, rels map[string]relation) error {
	return a.scan(main, func(s *xmlScanner) error {
		switch string(s.name) {
		case "workbookPr":
			v, _ := s.attr("date1904")
			b.date1904 = isTrue(v)
		case "sheet":
			rel, ok := rels[s.attrString("id")]
			if !ok || !strings.HasSuffix(rel.kind, "/worksheet") {
				return nil // a chart or macro sheet
			}
			if len(b.sheets) >= maxSheets {
				return detail(errBomb, "工作簿的工作表超过 %d 个", maxSheets)
			}
			state, _ := s.attr("state")
			name := s.attrString("name")
			b.sheets = append(b.sheets, bookSheet{
				name: name[:min(len(name), maxName)], part: resolve(main, rel.target),
				hidden: string(state) == "hidden" || string(state) == "veryHidden",
			})
		}
		return nil
	})
}

func isTrue(v []byte) bool { return string(v) == "1" || string(v) == "true" || string(v) == "on" }

// readStyles makes the table from a cell's style number to how its number is to be shown.
func (b *book) readStyles(a *archive, name string) error {
	custom := map[int]cellFormat{}
	inCellXfs := false
	return a.scan(name, func(s *xmlScanner) error {
		switch string(s.name) {
		case "numFmt":
			id, _ := s.attr("numFmtId")
			n, err := strconv.Atoi(string(id))
			if err == nil && len(custom) < maxFormats {
				custom[n] = parseFormat(s.attrString("formatCode"))
			}
		case "cellXfs":
			inCellXfs = true
		case "cellStyles", "dxfs", "cellStyleXfs":
			inCellXfs = false
		case "xf":
			if !inCellXfs {
				return nil
			}
			if len(b.styles) >= maxFormats {
				return detail(errBomb, "工作簿的单元格格式过多")
			}
			id, _ := s.attr("numFmtId")
			n, _ := strconv.Atoi(string(id))
			f, ok := custom[n]
			if !ok {
				f = builtinFormat(n)
			}
			b.styles = append(b.styles, f)
		}
		return nil
	})
}

func (b *book) format(style int) cellFormat {
	if style < 0 || style >= len(b.styles) {
		return cellFormat{}
	}
	return b.styles[style]
}
