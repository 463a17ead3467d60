package synth

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"github.com/xuri/excelize/v2"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// encoder writes rows in one format. Close finishes the file; it does not close what lies below.
type encoder interface {
	header(t *table, f *FileSpec) error
	row(vals [][]byte) error
	Close() error
}

func newEncoder(w io.Writer, f *FileSpec) encoder {
	switch f.Format {
	case XLSX:
		return &workbook{out: w, titled: f.Layout == Titled}
	case NDJSON:
		return &lines{w: bufio.NewWriterSize(w, bufferSize)}
	default:
		return newSheet(w, f)
	}
}

const bufferSize = 1 << 16

// sheet writes CSV (RFC 4180).
type sheet struct {
	w     *bufio.Writer
	gb    *transform.Writer
	start string
	end   string
	line  []byte
}

func newSheet(w io.Writer, f *FileSpec) *sheet {
	s := &sheet{end: "\n"}
	switch f.Encoding {
	case GB18030:
		s.gb = transform.NewWriter(w, simplifiedchinese.GB18030.NewEncoder())
		w, s.end = s.gb, "\r\n"
	case UTF8BOM:
		s.start, s.end = "\ufeff", "\r\n"
	}
	s.w = bufio.NewWriterSize(w, bufferSize)
	return s
}

func (s *sheet) header(t *table, _ *FileSpec) error {
	if _, err := s.w.WriteString(s.start); err != nil {
		return err
	}
	vals := make([][]byte, len(t.columns))
	for i, h := range t.headers() {
		vals[i] = []byte(h)
	}
	return s.row(vals)
}

func (s *sheet) row(vals [][]byte) error {
	line := s.line[:0]
	for i, v := range vals {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendCSV(line, v)
	}
	line = append(line, s.end...)
	s.line = line
	_, err := s.w.Write(line)
	return err
}

// appendCSV appends a cell, in quotes where it needs them.
func appendCSV(dst, v []byte) []byte {
	plain := true
	for _, c := range v {
		if c == '"' || c == ',' || c == '\n' || c == '\r' {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, v...)
	}
	dst = append(dst, '"')
	for _, c := range v {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

func (s *sheet) Close() error {
	err := s.w.Flush()
	if s.gb != nil {
		if e := s.gb.Close(); err == nil {
			err = e
		}
	}
	return err
}

// lines writes NDJSON: one object a line, field code to text, empty values left out.
type lines struct {
	w    *bufio.Writer
	keys [][]byte
	line []byte
}

func (l *lines) header(t *table, _ *FileSpec) error {
	for _, h := range t.headers() {
		l.keys = append(l.keys, append(appendJSON(nil, []byte(h)), ':'))
	}
	return nil
}

func (l *lines) row(vals [][]byte) error {
	line := append(l.line[:0], '{')
	for i, v := range vals {
		if len(v) == 0 {
			continue
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = append(line, l.keys[i]...)
		line = appendJSON(line, v)
	}
	line = append(line, "}\n"...)
	l.line = line
	_, err := l.w.Write(line)
	return err
}

func (l *lines) Close() error { return l.w.Flush() }

const hex = "0123456789abcdef"

// appendJSON appends v, which is UTF-8, as a JSON string.
func appendJSON(dst, v []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range v {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, v[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	return append(append(dst, v[from:]...), '"')
}

// workbook writes XLSX. It streams: excelize keeps large sheets in a temporary file.
type workbook struct {
	out    io.Writer
	titled bool
	file   *excelize.File
	sheet  *excelize.StreamWriter
	types  []catalog.FieldType
	date   int
	next   int
	cells  []any
}

const sheetName = "Sheet1"

func (b *workbook) header(t *table, f *FileSpec) error {
	b.file, b.next = excelize.NewFile(), 1
	var err error
	if b.date, err = b.file.NewStyle(&excelize.Style{NumFmt: 14}); err != nil {
		return fmt.Errorf("synth: workbook style: %w", err)
	}
	if b.sheet, err = b.file.NewStreamWriter(sheetName); err != nil {
		return fmt.Errorf("synth: workbook: %w", err)
	}
	b.types = make([]catalog.FieldType, len(t.columns))
	for i := range t.columns {
		if field := t.columns[i].field; field != nil {
			b.types[i] = field.Type
		}
	}
	b.cells = make([]any, len(t.columns))
	if b.titled {
		if err := b.titles(f, len(t.columns)); err != nil {
			return err
		}
	}
	for i, h := range t.headers() {
		b.cells[i] = h
	}
	return b.write(len(t.columns))
}

// titles writes what offices put over a table: what it is, in one merged cell, and who filled it in.
func (b *workbook) titles(f *FileSpec, columns int) error {
	last, err := excelize.CoordinatesToCellName(columns, 1)
	if err == nil {
		err = b.sheet.MergeCell("A1", last)
	}
	if err != nil {
		return fmt.Errorf("synth: workbook title: %w", err)
	}
	b.cells[0] = f.UnitName + f.plan.item.Name + "信息报送表"
	if err := b.write(1); err != nil {
		return err
	}
	b.cells[0] = "填报单位：" + f.UnitName
	b.cells[1] = "填报日期：" + f.Received.String()
	return b.write(2)
}

func (b *workbook) write(n int) error {
	cell, err := excelize.CoordinatesToCellName(1, b.next)
	if err == nil {
		err = b.sheet.SetRow(cell, b.cells[:n])
	}
	if err != nil {
		return fmt.Errorf("synth: workbook row: %w", err)
	}
	b.next++
	clear(b.cells)
	return nil
}

func (b *workbook) row(vals [][]byte) error {
	for i, v := range vals {
		if len(v) > 0 {
			b.cells[i] = b.cell(b.types[i], v)
		}
	}
	return b.write(len(vals))
}

// cell gives a value as text or, in a titled workbook, as a real date or number where it is one.
func (b *workbook) cell(t catalog.FieldType, v []byte) any {
	s := string(v)
	if !b.titled {
		return s
	}
	switch t {
	case catalog.DateType:
		if d, err := clock.ParseDate(s); err == nil && d.String() == s && d >= 19000301 {
			return excelize.Cell{StyleID: b.date, Value: serialDay(d)}
		}
	case catalog.Number:
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
	}
	return s
}

// serialDay is a day as spreadsheets count: days since 1899-12-30.
func serialDay(d clock.Date) int { return clock.Date(18991230).DaysUntil(d) }

func (b *workbook) Close() error {
	if b.file == nil {
		return nil
	}
	err := b.sheet.Flush()
	if err == nil {
		_, err = b.file.WriteTo(b.out)
	}
	if e := b.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("synth: workbook: %w", err)
	}
	return nil
}
