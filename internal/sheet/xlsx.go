package sheet

import (
	"errors"
	"fmt"
	"io"
)

// xlsxTable reads the rows of one worksheet as a stream.
type xlsxTable struct {
	a       *archive
	book    *book
	strings *sharedStrings
	part    string
	merges  []merge
	size    int64 // of the inflated sheet

	maxCols, maxCell, maxRow int

	p    *part
	s    *xmlScanner
	fill mergeFill
	last int // number of the row read last

	raw   []byte // text of the row's numbers and inline strings
	spans []span // one per column of the current row
	v     []byte // contents of the current cell's <v>
	over  bool   // filled cells beyond maxCols
	bad   *RowProblem

	hidden, uncomputed int // rows, cells
	others             int // visible sheets with content that are not read
	sheet              string
}

// span is one cell of the row being read: a shared string, or a piece of raw.
type span struct {
	shared   string
	from, to int
}

// openXLSX finds the first visible sheet with a header and at least one row under it.
func (r *Reader) openXLSX(size int64) error {
	a, err := openArchive(r.f, size, r.o.MaxUnzipped)
	if err != nil {
		return err
	}
	b, err := openBook(a)
	if err != nil {
		return err
	}
	sst, err := loadStrings(a, b.strings, r.o)
	if err != nil {
		return err
	}
	x := &xlsxTable{a: a, book: b, strings: sst, maxCols: r.o.MaxColumns, maxCell: r.o.MaxCell, maxRow: r.o.maxRecord(), s: newXML(nil)}
	r.t = x
	refused := error(nil)
	most := found{}
	for i, sheet := range b.sheets {
		if sheet.hidden {
			continue
		}
		f, err := r.trySheet(x, sheet)
		if err == nil {
			x.others = x.countOthers(b.sheets[i+1:])
			return nil
		}
		if !errors.Is(err, errNoHeader) && !errors.Is(err, errNoRows) && !errors.Is(err, errEmpty) {
			return err
		}
		if refused == nil || errors.Is(err, errNoRows) {
			refused = err
		}
		if f.rows > most.rows {
			most = f
		}
	}
	switch {
	case refused == nil:
		return detail(errEmpty, "工作簿里没有可见的工作表")
	case errors.Is(refused, errNoRows):
		return refused
	case most.rows == 0:
		return detail(errEmpty, "工作簿里的工作表都是空的")
	}
	return r.noHeader(most, nil)
}

// trySheet adopts the sheet if it has a header and a row, and stands before that row.
func (r *Reader) trySheet(x *xlsxTable, sheet bookSheet) (f found, err error) {
	if !x.a.has(sheet.part) {
		return f, detail(errDamaged, "工作簿里缺少一个工作表的内容")
	}
	x.part, x.sheet = sheet.part, sheet.name
	if x.merges, x.size, err = survey(x.a, sheet.part); err != nil {
		return f, err
	}
	if f, err = r.searchHeader(x); err != nil {
		return f, err
	}
	if f.score == 0 {
		return f, errNoHeader
	}
	if err := r.adopt(f, x); err != nil {
		return f, err
	}
	var row Row
	for {
		row.Bad = nil
		if err := x.record(&row); err == io.EOF {
			return f, errNoRows
		} else if err != nil {
			return f, err
		}
		if row.Bad != nil || !blank(row.Cells) {
			return f, r.adopt(f, x)
		}
	}
}

// countOthers counts the visible sheets that hold something and are not read. The explanations of an error workbook
// do not count.
func (x *xlsxTable) countOthers(sheets []bookSheet) int {
	n := 0
	for _, s := range sheets {
		if !s.hidden && s.name != notesSheet && x.filled(s.part) {
			n++
		}
	}
	return n
}

// filled tells whether a sheet shows a value in its first megabyte.
func (x *xlsxTable) filled(part string) bool {
	p, err := x.a.open(part)
	if err != nil {
		return x.a.has(part)
	}
	defer func() { _ = p.Close() }()
	s := newXML(io.LimitReader(p, 1<<20))
	for {
		t, err := s.next()
		if err != nil || t == tokEOF {
			return false
		}
		if t == tokStart && !s.closed && (string(s.name) == "v" || string(s.name) == "is") {
			return true
		}
	}
}

func (x *xlsxTable) notes() []string {
	var out []string
	if x.others > 0 {
		out = append(out, fmt.Sprintf("工作簿里有几个工作表，只读取了第一个有表头和数据的，其后的 %d 个没有读取；如也要报送，请分别存成文件", x.others))
	}
	if x.hidden > 0 {
		out = append(out, fmt.Sprintf("有 %d 行在 Excel 里被隐藏或筛选掉，同样已读取", x.hidden))
	}
	if x.uncomputed > 0 {
		out = append(out, fmt.Sprintf("有 %d 个公式单元格没有保存计算结果，按空白读取；请用 Excel 打开、保存后再报送", x.uncomputed))
	}
	return out
}

func (x *xlsxTable) restart() error {
	if err := x.closePart(); err != nil {
		return err
	}
	p, err := x.a.open(x.part)
	if err != nil {
		return err
	}
	x.p = p
	x.s.reset(p)
	x.fill = mergeFill{all: x.merges}
	x.last, x.hidden, x.uncomputed = 0, 0, 0
	if err := x.s.decode16(); err != nil {
		return partError(err)
	}
	for {
		t, err := x.s.next()
		switch {
		case err != nil:
			return partError(err)
		case t == tokEOF, t == tokStart && string(x.s.name) == "sheetData":
			return nil
		}
	}
}

func (x *xlsxTable) closePart() error {
	if x.p == nil {
		return nil
	}
	err := x.p.Close()
	x.p = nil
	return err
}

func (x *xlsxTable) close() error { return errors.Join(x.closePart(), x.strings.close()) }

func (x *xlsxTable) progress() (done, total int64) { return min(x.s.total, x.size), x.size }
