package sheet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"gongxin/internal/fault"
)

// Mark is one remark on a row: what is wrong in which cell and what to do.
type Mark struct {
	Column   int    // index in the source's Header; -1 for the row as a whole
	Code     int    // reason number
	Severity string // "warning" for a remark that does not stop the row, anything else is an error
	Message  string
	Fix      string
}

// MarkedRow is one data row of the source with its remarks.
type MarkedRow struct {
	Row   int // Row.N
	Marks []Mark
}

// Warning is the severity of a mark that does not stop the row.
const Warning = "warning"

// ErrorOptions says how WriteErrors goes about it. The zero value is usable.
type ErrorOptions struct {
	All         bool   // also the rows without marks
	MaxComments int    // commented cells, 5,000 if zero: every comment is a drawing that spreadsheets load at once
	SheetRows   int    // rows of a sheet before another is begun, 1,000,000 if zero
	TempDir     string // where rows that do not fit into memory lie sealed, the system's folder if empty
	// Sentence gives the general sentence and remedy of a reason number for the sheet of explanations; where it is
	// nil or gives nothing, the first mark's words are taken.
	Sentence func(code int) (sentence, fix string)
}

const (
	defaultComments  = 5_000
	defaultSheetRows = 1_000_000
	// sheetBytes ends a sheet before its part outgrows 4 GiB, which Excel does not read.
	sheetBytes = 3 << 30

	dataSheet  = "错误数据"
	notesSheet = "说明"
	author     = "公信系统"
	// cellChars bounds what is written into the column of reasons; a cell holds 32,767 characters.
	cellChars = 30_000
)

// WriteErrors writes the error workbook: the marked rows of src in the submitter's own layout, with the bad cells
// coloured and commented, one more column that lists the reasons, and a sheet that explains them. src has just been
// opened; marks come in the order of their rows, each row once. Cells are written as text, so that codes keep their
// zeros. Many rows go through a temporary file without a name, sealed; memory is bounded by the comments and by a block of rows.
func WriteErrors(w io.Writer, src *Reader, marks iter.Seq2[MarkedRow, error], o ErrorOptions) (err error) {
	defer fault.Wrap(&err, "sheet.WriteErrors")
	if o.MaxComments <= 0 {
		o.MaxComments = defaultComments
	}
	if o.SheetRows <= 0 {
		o.SheetRows = defaultSheetRows
	}
	f := excelize.NewFile()
	b := &errorBook{o: o, f: f, src: src, reasons: map[int]*reasonCount{}, out: bookRows{dir: o.TempDir}}
	defer func() {
		if e := errors.Join(f.Close(), b.out.close()); err == nil {
			err = e
		}
	}()
	if err := b.prepare(); err != nil {
		return err
	}
	next, stop := iter.Pull2(marks)
	defer stop()
	if err := b.rows(next); err != nil {
		return err
	}
	if err := b.finish(); err != nil {
		return err
	}
	return b.out.pack(f, w)
}

// errorBook is an error workbook being written.
type errorBook struct {
	o   ErrorOptions
	f   *excelize.File
	src *Reader

	names   []string // column names as written, without an earlier column of reasons
	place   []int    // by column of the source: its place in the workbook, -1 for none
	columns map[string]int

	out    bookRows
	sheet  string // "" before the first
	width  int    // of the sheet, in columns
	sheets int
	row    int   // last row written to the sheet
	bytes  int64 // estimate of the sheet's part
	head   int   // rows above the data

	styles     bookStyles
	cells      []bookCell
	colour     []int
	text       []byte
	written    int
	comments   int
	uncomments int // cells that would have had a comment
	reasons    map[int]*reasonCount
}

type reasonCount struct {
	code          int
	errors, warns int
	sentence, fix string
}

func (b *errorBook) prepare() error {
	header := b.src.Header()
	if b.src.objects != nil {
		var err error
		if header, err = unionHeader(b.src); err != nil {
			return err
		}
	}
	b.columns = make(map[string]int, len(header))
	for i, name := range header {
		if _, twice := b.columns[name]; !twice {
			b.columns[name] = i
		}
		if name == ErrorColumn {
			b.place = append(b.place, -1)
			continue
		}
		b.place = append(b.place, len(b.names))
		b.names = append(b.names, name)
	}
	if err := b.makeStyles(); err != nil {
		return err
	}
	return b.newSheet()
}

// unionHeader reads an NDJSON or JSON file through to learn all its keys, since the header comes before the rows.
func unionHeader(src *Reader) (_ []string, err error) {
	r, err := openFile(src.f, src.o, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var row Row
	for {
		if err := r.Next(&row); err == io.EOF {
			return r.Header(), nil
		} else if err != nil {
			return nil, err
		}
	}
}

// newSheet begins another data sheet with the source's titles and header.
func (b *errorBook) newSheet() error {
	b.sheets++
	name := dataSheet
	if b.sheets > 1 {
		name = fmt.Sprintf("%s（%d）", dataSheet, b.sheets)
	}
	if err := b.beginSheet(name); err != nil {
		return err
	}
	titles := b.src.Titles()
	b.head = len(titles) + 1
	for i, name := range append(b.names[:len(b.names):len(b.names)], ErrorColumn) {
		width := min(max(12, 2.2*float64(utf8.RuneCountInString(name))), 40)
		if name == ErrorColumn {
			width = 70
		}
		if err := b.setWidth(i, width); err != nil {
			return err
		}
	}
	if err := b.f.SetPanes(b.sheet, &excelize.Panes{Freeze: true, YSplit: b.head, TopLeftCell: fmt.Sprintf("A%d", b.head+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for _, t := range titles {
		if err := b.put(t, b.styles.title); err != nil {
			return err
		}
	}
	return b.put(append(b.names[:len(b.names):len(b.names)], ErrorColumn), b.styles.header)
}

// put writes a row of text cells in one style.
func (b *errorBook) put(cells []string, style int) error {
	row := make([]bookCell, len(cells))
	for i, c := range cells {
		row[i] = bookCell{c, style, true}
	}
	return b.setRow(row)
}

func (b *errorBook) setRow(row []bookCell) error {
	b.row++
	b.width = max(b.width, len(row))
	return b.out.add(b.row, row)
}

// beginSheet begins a sheet and ends the one before. The first takes the place of the sheet that every new workbook has.
func (b *errorBook) beginSheet(name string) error {
	if err := b.endSheet(); err != nil {
		return err
	}
	if b.sheet == "" {
		if err := b.f.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else if _, err := b.f.NewSheet(name); err != nil {
		return err
	}
	b.sheet, b.row, b.width, b.bytes = name, 0, 0, 0
	b.out.begin()
	return nil
}

// endSheet says how far the sheet reaches: some readers look no further than that.
func (b *errorBook) endSheet() error {
	if b.sheet == "" || b.row == 0 || b.width == 0 {
		return nil
	}
	last, err := excelize.CoordinatesToCellName(b.width, b.row)
	if err != nil {
		return err
	}
	return b.f.SetSheetDimension(b.sheet, "A1:"+last)
}

func (b *errorBook) setWidth(column int, width float64) error {
	name, err := excelize.ColumnNumberToName(column + 1)
	if err != nil {
		return err
	}
	return b.f.SetColWidth(b.sheet, name, name, width)
}

// rows walks through the source and its marks side by side.
func (b *errorBook) rows(next func() (MarkedRow, error, bool)) error {
	var row Row
	m, err, more := next()
	for more || b.o.All {
		if err != nil {
			return err
		}
		if e := b.src.Next(&row); e == io.EOF {
			if more {
				return detail(errChanged, "错误记录指向第 %d 行，而文件没有这么多行，说明文件已被换过", m.Row)
			}
			return nil
		} else if e != nil {
			return e
		}
		switch {
		case more && row.N == m.Row:
			if err := b.dataRow(&row, m.Marks); err != nil {
				return err
			}
			m, err, more = next()
			if more && err == nil && m.Row <= row.N {
				return fmt.Errorf("marks out of order: row %d after %d", m.Row, row.N)
			}
		case more && row.N > m.Row:
			return fmt.Errorf("mark for row %d, but reading begins at row %d", m.Row, row.N)
		case b.o.All:
			if err := b.dataRow(&row, nil); err != nil {
				return err
			}
		}
	}
	return err
}

// dataRow writes one row with its remarks.
func (b *errorBook) dataRow(row *Row, marks []Mark) error {
	if b.row-b.head >= b.o.SheetRows || b.bytes > sheetBytes {
		if err := b.newSheet(); err != nil {
			return err
		}
	}
	width := len(b.names)
	b.cells, b.colour = b.cells[:0], b.colour[:0]
	for range width + 1 {
		b.cells = append(b.cells, bookCell{})
		b.colour = append(b.colour, b.styles.text)
	}
	for _, m := range marks {
		if p := b.placeOf(m.Column); p >= 0 && b.colour[p] != b.styles.bad {
			b.colour[p] = b.styles.bad
			if m.Severity == Warning {
				b.colour[p] = b.styles.warned
			}
		}
		b.count(m)
	}
	for i, c := range row.Cells {
		col := i
		if b.src.objects != nil {
			col = b.columns[row.Keys[i]]
		}
		if p := b.placeOf(col); p >= 0 && c != "" {
			b.cells[p] = bookCell{c, b.colour[p], true}
			b.bytes += int64(len(c)) + 60
		}
	}
	for p := range width { // empty bad cells must show their colour, too
		if !b.cells[p].filled && b.colour[p] != b.styles.text {
			b.cells[p] = bookCell{"", b.colour[p], true}
		}
	}
	if len(marks) > 0 {
		reasons := b.reasonText(row, marks)
		b.bytes += int64(len(reasons)) + 60
		b.cells[width] = bookCell{reasons, b.styles.reason, true}
	}
	if err := b.setRow(b.cells); err != nil {
		return err
	}
	b.written++
	return b.comment(marks)
}

// placeOf gives a source column's place in the workbook, -1 for none.
func (b *errorBook) placeOf(col int) int {
	if col < 0 || col >= len(b.place) {
		return -1
	}
	return b.place[col]
}

func (b *errorBook) count(m Mark) {
	r := b.reasons[m.Code]
	if r == nil {
		r = &reasonCount{code: m.Code}
		if b.o.Sentence != nil {
			r.sentence, r.fix = b.o.Sentence(m.Code)
		}
		if r.sentence == "" {
			r.sentence, r.fix = m.Message, m.Fix
		}
		b.reasons[m.Code] = r
	}
	if m.Severity == Warning {
		r.warns++
	} else {
		r.errors++
	}
}
