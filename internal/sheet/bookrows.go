package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// bookRows keeps the rows of a workbook's sheets, as they stand in the file, until the workbook is packed. excelize's own stream writer would lay
// them readable into a temporary file; here what does not fit into a block lies in a spill, which is sealed and has no name.
type bookRows struct {
	dir    string
	spill  *spill // nil as long as everything fits into memory
	sheets []sheetRows
	buf    []byte // of the last sheet, behind its blocks
	names  []string
}

// sheetRows is where the rows of a sheet are: blocks of the spill, then the rest.
type sheetRows struct {
	from, to int
	rest     []byte
}

// rowsBlock bytes of a sheet are sealed together.
const rowsBlock = 1 << 20

// begin begins the rows of another sheet; sheets are numbered from 0 in this order.
func (b *bookRows) begin() {
	b.end()
	at := 0
	if b.spill != nil {
		at = len(b.spill.at)
	}
	b.sheets = append(b.sheets, sheetRows{from: at, to: at})
}

// end closes the last sheet. What is left of it is less than a block and stays in memory.
func (b *bookRows) end() {
	if len(b.sheets) > 0 && len(b.buf) > 0 {
		b.sheets[len(b.sheets)-1].rest = bytes.Clone(b.buf)
	}
	b.buf = b.buf[:0]
}

// add appends a row of text cells.
func (b *bookRows) add(row int, cells []bookCell) (err error) {
	b.buf = append(b.buf, `<row r="`...)
	b.buf = strconv.AppendInt(b.buf, int64(row), 10)
	b.buf = append(b.buf, `">`...)
	for i := range cells {
		if !cells[i].filled {
			continue
		}
		if err := b.cell(row, i, &cells[i]); err != nil {
			return err
		}
	}
	b.buf = append(b.buf, `</row>`...)
	if len(b.buf) < rowsBlock {
		return nil
	}
	if b.spill == nil {
		if b.spill, err = newSpill(b.dir); err != nil {
			return err
		}
	}
	if err := b.spill.append(b.buf); err != nil {
		return err
	}
	b.sheets[len(b.sheets)-1].to = len(b.spill.at)
	b.buf = b.buf[:0]
	return nil
}

// bookCell is a text cell; one that is not filled is left out.
type bookCell struct {
	text   string
	style  int
	filled bool
}

func (b *bookRows) cell(row, column int, c *bookCell) error {
	for len(b.names) <= column {
		name, err := excelize.ColumnNumberToName(len(b.names) + 1)
		if err != nil {
			return fmt.Errorf("sheet: column: %w", err)
		}
		b.names = append(b.names, name)
	}
	b.buf = append(b.buf, `<c r="`...)
	b.buf = append(b.buf, b.names[column]...)
	b.buf = strconv.AppendInt(b.buf, int64(row), 10)
	if c.style != 0 {
		b.buf = append(b.buf, `" s="`...)
		b.buf = strconv.AppendInt(b.buf, int64(c.style), 10)
	}
	b.buf = append(b.buf, `" t="inlineStr"><is><t xml:space="preserve">`...)
	b.buf = appendCellText(b.buf, c.text)
	b.buf = append(b.buf, `</t></is></c>`...)
	return nil
}

// appendCellText appends text as it stands in a part: cut to the UTF-16 units that a cell holds, XML's characters escaped, and an underscore that would
// begin one of the format's own escapes (_x000D_) escaped by them.
func appendCellText(dst []byte, s string) []byte {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > excelize.TotalCellChars {
			break
		}
		switch r {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '\r':
			dst = append(dst, "&#xD;"...)
		case '_':
			if escapeAt(s[i:]) {
				dst = append(dst, "_x005F"...)
			}
			dst = append(dst, '_')
		default:
			if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
				r = utf8.RuneError // XML has no such character
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// escapeAt reports whether _xHHHH_ begins here.
func escapeAt(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	return strings.Trim(s[2:6], "0123456789abcdefABCDEF") == ""
}

// pack writes the package: every part as excelize makes it, with the rows in the parts of the sheets.
func (b *bookRows) pack(f *excelize.File, w io.Writer) error {
	b.end()
	p := &packer{zip: zip.NewWriter(w), rows: b}
	// excelize would collect the whole package in memory; this way it goes out as it is packed.
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return p })
	return f.Write(io.Discard)
}

func (b *bookRows) close() error {
	if b.spill == nil {
		return nil
	}
	return b.spill.close()
}

// packer is a zip writer that puts rows into the parts of sheets.
type packer struct {
	zip  *zip.Writer
	rows *bookRows
}

// Create begins a part.
func (p *packer) Create(name string) (io.Writer, error) {
	w, err := p.zip.Create(name)
	if err != nil {
		return nil, fmt.Errorf("sheet: pack: %w", err)
	}
	number, ok := strings.CutPrefix(name, "xl/worksheets/sheet")
	if !ok {
		return w, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(number, ".xml"))
	if err != nil || n < 1 || n > len(p.rows.sheets) {
		return nil, fmt.Errorf("sheet: pack: part %s has no rows", name)
	}
	return &sheetPart{w: w, rows: p.rows, sheet: &p.rows.sheets[n-1]}, nil
}

// AddFS is part of excelize's interface, which never calls it.
func (p *packer) AddFS(fsys fs.FS) error { return p.zip.AddFS(fsys) }

// Close ends the package.
func (p *packer) Close() error { return p.zip.Close() }

// sheetPart is the part of a sheet, which excelize writes in one piece and without rows.
type sheetPart struct {
	w     io.Writer
	rows  *bookRows
	sheet *sheetRows
}

const noRows = "<sheetData></sheetData>"

// Write writes the part with its rows.
func (s *sheetPart) Write(part []byte) (int, error) {
	before, after, ok := bytes.Cut(part, []byte(noRows))
	if !ok {
		return 0, fmt.Errorf("sheet: pack: a part without a place for rows")
	}
	if err := s.pieces(before, []byte("<sheetData>")); err != nil {
		return 0, err
	}
	for k := s.sheet.from; k < s.sheet.to; k++ {
		block, err := s.rows.spill.read(k)
		if err != nil {
			return 0, err
		}
		if err := s.pieces(block); err != nil {
			return 0, err
		}
	}
	return len(part), s.pieces(s.sheet.rest, []byte("</sheetData>"), after)
}

func (s *sheetPart) pieces(list ...[]byte) error {
	for _, piece := range list {
		if _, err := s.w.Write(piece); err != nil {
			return fmt.Errorf("sheet: pack: %w", err)
		}
	}
	return nil
}
