// Package sheet reads the table files that departments send, row by row, and writes the error workbook
// they get back. The rule it keeps: memory does not grow with the file, no row is swallowed or merged with
// another in silence, and what cannot be read is refused with its number, the reason and the remedy.
//
// Files are known by their content, never by their name. Cells come as the text that a person sees in the
// table, but with exact digits: no rounding to the column's width, no scientific notation, dates as 2026-03-02.
// Rows that a user has hidden are read like all others.
package sheet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gongxin/internal/fault"
)

// Format names the kind of table file that was recognised.
type Format string

// The formats that Open accepts.
const (
	CSV    Format = "CSV"
	XLSX   Format = "XLSX"
	NDJSON Format = "NDJSON" // one object per line
	JSON   Format = "JSON"   // an array of objects, alone or under the key "rows"
)

// ErrorColumn is the name of the column that WriteErrors adds; a caller ignores it when the mended workbook
// comes back.
const ErrorColumn = "错误原因"

// The limits that hold where Options leaves a field at zero.
const (
	defaultMaxBytes    = 2 << 30
	defaultMaxUnzipped = 4 << 30
	defaultMaxColumns  = 256
	defaultMaxCell     = 32 << 10
	defaultHeaderScan  = 20
)

// Options says what is known about a file beforehand and how much of it is accepted. The zero value is usable.
type Options struct {
	Name        string // the sender's file name; a hint for the wording of refusals and for empty suffix checks only
	MaxBytes    int64  // size of the file, 2 GiB if zero
	MaxUnzipped int64  // sum of the inflated workbook parts that are read, 4 GiB if zero
	MaxColumns  int    // columns of a table, 256 if zero
	MaxCell     int    // bytes of one cell, 32 KiB if zero
	HeaderScan  int    // non-empty rows searched for the header, 20 if zero
	TempDir     string // where a large shared string table is spilled, the system's folder if empty

	// IsHeader tells how many of the cells are column names that the caller knows. The row with the highest
	// count is the header; the first of several. If it is nil, the first row with two filled cells is.
	IsHeader func(cells []string) int
	// Expect holds a few column names that a refusal for a missing header mentions.
	Expect []string
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxUnzipped <= 0 {
		o.MaxUnzipped = defaultMaxUnzipped
	}
	if o.MaxColumns <= 0 {
		o.MaxColumns = defaultMaxColumns
	}
	if o.MaxCell <= 0 {
		o.MaxCell = defaultMaxCell
	}
	if o.HeaderScan <= 0 {
		o.HeaderScan = defaultHeaderScan
	}
	return o
}

// maxRecord bounds the bytes of one text record, and with them the read buffer.
func (o Options) maxRecord() int {
	return min(max(o.MaxCell*o.MaxColumns, 1<<20), 8<<20)
}

// Row is one data row. Next overwrites it: the slices Cells and Keys are reused by the next call with the same
// Row, the strings in them may be kept (one string of a row keeps the memory of the whole row alive).
type Row struct {
	N     int      // number of the data row, from 1; empty rows are not counted
	Line  int      // physical line of the file where the row starts; XLSX: the row number of the sheet
	Cells []string // as many as Header has; for NDJSON and JSON as many as Keys
	Keys  []string // NDJSON and JSON only: the names that belong to Cells
	Bad   *RowProblem
}

// RowProblem says why one row cannot be read as a whole. Cells then hold what could be made out, for display.
type RowProblem struct {
	Code    int    // reason number, 3004–3019
	Message string // in Chinese, without the row's content
	Fix     string
}

// table is what a tabular format (CSV, XLSX) gives to the Reader: raw records of any width, empty ones included.
type table interface {
	// restart goes back before the first record.
	restart() error
	// record reads the next record into dst.Line, Cells and Bad.
	record(dst *Row) error
	progress() (done, total int64)
	close() error
}

// Reader gives the rows of one file in their order. It is not safe for concurrent use.
type Reader struct {
	o          Options
	f          *os.File
	own        bool // Close closes f
	format     Format
	encoding   string
	header     []string
	headerLine int
	titles     [][]string
	t          table
	objects    *objects // NDJSON and JSON instead of t
	n          int
	first      Row // the first data row, read by Open
	pending    bool
	err        error
	notes      []string
}

// Open recognises the file at path by its content and reads up to its first data row. What is not a table file
// with rows is refused with a *fault.Error of kind Invalid or TooLarge; Reason tells its number.
func Open(path string, o Options) (_ *Reader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sheet.Open: %w", err)
	}
	return OpenFile(f, o)
}

// OpenFile is Open for a file that is open already, such as one without a name. The Reader owns it from here on, also when it is refused.
func OpenFile(f *os.File, o Options) (*Reader, error) { return openFile(f, o.withDefaults(), true) }

// openFile reads f from its beginning, by offsets: several Readers may share it, of which one owns it.
func openFile(f *os.File, o Options, own bool) (_ *Reader, err error) {
	r := &Reader{o: o, f: f, own: own}
	defer func() {
		if err != nil {
			_ = r.Close()
		}
	}()
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.next(&r.first); err == io.EOF {
		return nil, errNoRows
	} else if err != nil {
		return nil, err
	}
	r.pending = true
	return r, nil
}

func (r *Reader) open() error {
	st, err := r.f.Stat()
	if err != nil {
		return fmt.Errorf("sheet.Open: %w", err)
	}
	size := st.Size()
	if size > r.o.MaxBytes {
		return detail(errTooBig, "文件有 %s，超过上限 %s", byteSize(size), byteSize(r.o.MaxBytes))
	}
	head := make([]byte, min(size, sniffLen))
	if _, err := r.f.ReadAt(head, 0); err != nil && err != io.EOF {
		return fmt.Errorf("sheet.Open: %w", err)
	}
	kind, err := sniff(head, r.o.Name)
	if err != nil {
		return err
	}
	switch kind {
	case sniffOLE:
		return refuseOLE(r.f, size)
	case sniffZip:
		r.format, r.encoding = XLSX, "UTF-8"
		return r.openXLSX(size)
	}
	t, err := newText(r.f, size, r.o.maxRecord())
	if err != nil {
		return err
	}
	r.encoding = t.enc.String()
	shape, err := sniffJSON(t, r.o.Name)
	if err != nil {
		return err
	}
	if shape == notJSON {
		r.format = CSV
		return r.openCSV(t)
	}
	r.format = NDJSON
	if shape != jsonLines {
		r.format = JSON
	}
	r.objects, err = newObjects(t, shape, r.o)
	return err
}

// Format tells which format was recognised.
func (r *Reader) Format() Format { return r.format }

// Encoding tells the character encoding: UTF-8, GB18030 or UTF-16.
func (r *Reader) Encoding() string {
	switch t := r.t.(type) {
	case *csvTable:
		return t.t.enc.String() // an ASCII beginning may have turned out to be GB 18030 later
	default:
		if r.objects != nil {
			return r.objects.t.enc.String()
		}
		return r.encoding
	}
}

// Header gives the column names, trimmed; unnamed columns between named ones are empty. For NDJSON and JSON it is
// the union of the keys met so far in the order of their first appearance, and grows while rows are read.
func (r *Reader) Header() []string {
	if r.objects != nil {
		return r.objects.header
	}
	return r.header
}

// HeaderLine tells the physical line of the header; 0 for NDJSON and JSON.
func (r *Reader) HeaderLine() int { return r.headerLine }

// Titles gives the non-empty rows above the header.
func (r *Reader) Titles() [][]string { return r.titles }

// Next reads the next data row into dst and returns io.EOF behind the last. A row that cannot be read has dst.Bad
// set and the reader goes on behind it. Any other error ends the reading; the same error comes again.
func (r *Reader) Next(dst *Row) error {
	if r.err != nil {
		return r.err
	}
	if r.pending {
		r.pending = false
		dst.N, dst.Line, dst.Bad = r.first.N, r.first.Line, r.first.Bad
		dst.Cells = append(dst.Cells[:0], r.first.Cells...)
		dst.Keys = append(dst.Keys[:0], r.first.Keys...)
		return nil
	}
	err := r.next(dst)
	if err != nil {
		r.err = err
	}
	return err
}

func (r *Reader) next(dst *Row) error {
	if r.objects != nil {
		if err := r.objects.next(dst); err != nil {
			return err
		}
		r.n++
		dst.N = r.n
		return nil
	}
	dst.Keys = dst.Keys[:0]
	for {
		dst.Bad = nil
		if err := r.t.record(dst); err != nil {
			return err
		}
		if dst.Bad == nil && blank(dst.Cells) {
			continue
		}
		r.fit(dst)
		r.n++
		dst.N = r.n
		return nil
	}
}

// fit gives the row exactly as many cells as the header has: short rows are padded, empty surplus cells dropped,
// filled ones make the row bad, since nobody can tell which column has slipped.
func (r *Reader) fit(dst *Row) {
	w := len(r.header)
	if len(dst.Cells) > w {
		surplus := 0
		for _, c := range dst.Cells[w:] {
			if strings.TrimSpace(c) != "" {
				surplus++
			}
		}
		if surplus > 0 && dst.Bad == nil {
			dst.Bad = badSurplus(w, surplus)
		}
		dst.Cells = dst.Cells[:w]
	}
	for len(dst.Cells) < w {
		dst.Cells = append(dst.Cells, "")
	}
	if dst.Bad != nil {
		return
	}
	for i, c := range dst.Cells {
		if len(c) > r.o.MaxCell {
			dst.Bad = badCellLength(i, r.o.MaxCell)
			return
		}
	}
}

// Skip passes over n data rows, as if Next had been called n times. A file that ends earlier is not the one that
// was being read before, and is refused as a conflict.
func (r *Reader) Skip(n int) error {
	var row Row
	for i := range n {
		if err := r.Next(&row); err == io.EOF {
			return detail(errChanged, "文件只有 %d 行数据，而上次已处理到第 %d 行，说明文件已被换过", i, n)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Progress tells how many bytes of how many are read: of the file for text formats, of the inflated sheet for XLSX.
func (r *Reader) Progress() (done, total int64) {
	if r.objects != nil {
		return r.objects.t.progress()
	}
	return r.t.progress()
}

// Notes gives remarks on the file that a receipt should show: other sheets not read, hidden rows, formulas without
// a stored result. It is complete once Next has returned io.EOF.
func (r *Reader) Notes() []string {
	notes := r.notes
	if x, ok := r.t.(*xlsxTable); ok {
		notes = append(notes[:len(notes):len(notes)], x.notes()...)
	}
	return notes
}

// Close releases the file and any temporary file.
func (r *Reader) Close() error {
	var err error
	if r.t != nil {
		err = r.t.close()
	}
	if !r.own {
		return err
	}
	return errors.Join(err, r.f.Close())
}

// blank tells whether no cell holds anything visible.
func blank(cells []string) bool {
	for _, c := range cells {
		if c != "" && strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// Reason gives the number of a refusal, 3004–3019, or 0 for any other error.
func Reason(err error) int {
	var e *fault.Error
	if errors.As(err, &e) {
		return reasons[e.Code]
	}
	return 0
}
