package sheet

import (
	"io"
	"strings"
	"unicode/utf8"
)

// record reads the next row that the sheet lists. Rows without any content of their own stay empty, even where a
// merge covers them.
func (x *xlsxTable) record(dst *Row) error {
	for {
		t, err := x.s.next()
		switch {
		case err != nil:
			return partError(err)
		case t == tokEOF:
			return io.EOF
		case t == tokEnd && string(x.s.name) == "sheetData":
			x.s.eof, x.s.start, x.s.end = true, 0, 0
			return io.EOF
		case t == tokStart && string(x.s.name) == "row":
			return partError(x.row(dst))
		}
	}
}

func (x *xlsxTable) row(dst *Row) error {
	number, hidden := x.last+1, false
	for n, v, rest := nextAttr(x.s.attrs); n != nil; n, v, rest = nextAttr(rest) {
		switch string(n) {
		case "r":
			if i, ok := parseInt(v); ok && i > x.last {
				number = i
			}
		case "hidden":
			hidden = isTrue(v)
		}
	}
	x.last = number
	dst.Line = number
	dst.Cells = dst.Cells[:0]
	x.raw, x.spans, x.over, x.bad = x.raw[:0], x.spans[:0], false, nil
	if !x.s.closed {
		if err := x.cells(); err != nil {
			return err
		}
	}
	dst.Cells = x.assemble(dst.Cells)
	if !blank(dst.Cells) {
		if hidden {
			x.hidden++
		}
		dst.Cells = x.fill.apply(number, dst.Cells, x.maxCols)
	}
	dst.Bad = x.bad
	if x.over && dst.Bad == nil {
		dst.Bad = badTooWide(x.maxCols)
	}
	return nil
}

// assemble makes one string of the row's own text and cuts the cells from it.
func (x *xlsxTable) assemble(cells []string) []string {
	if !utf8.Valid(x.raw) {
		x.repair()
		if x.bad == nil {
			x.bad = badEncoding("UTF-8")
		}
	}
	own := string(x.raw)
	for _, s := range x.spans {
		if s.to > s.from {
			cells = append(cells, own[s.from:s.to])
		} else {
			cells = append(cells, s.shared)
		}
	}
	return cells
}

// repair replaces invalid bytes cell by cell, so that the spans stay right.
func (x *xlsxTable) repair() {
	var out []byte
	for i := range x.spans {
		s := &x.spans[i]
		from := len(out)
		out = append(out, strings.ToValidUTF8(string(x.raw[s.from:s.to]), "\uFFFD")...)
		s.from, s.to = from, len(out)
	}
	x.raw = out
}

// cells reads up to the end of the row.
func (x *xlsxTable) cells() error {
	col := -1
	for {
		t, err := x.s.next()
		if err != nil {
			return err
		}
		switch t {
		case tokEOF:
			return io.ErrUnexpectedEOF
		case tokEnd:
			if string(x.s.name) == "row" {
				return nil
			}
		case tokStart:
			if string(x.s.name) != "c" {
				continue
			}
			col++
			if err := x.cell(&col); err != nil {
				return err
			}
		}
	}
}

// cellType is the t attribute of a cell.
type cellType uint8

const (
	cellNumber cellType = iota
	cellShared
	cellText // str, inlineStr, d, e: text as it stands
	cellBool
)

func typeOf(t []byte) cellType {
	switch string(t) {
	case "s":
		return cellShared
	case "b":
		return cellBool
	case "str", "inlineStr", "d", "e":
		return cellText
	}
	return cellNumber
}

// cell reads one cell. col is the column it has without an own reference, and becomes the one it has.
func (x *xlsxTable) cell(col *int) error {
	kind, style := cellNumber, -1
	date := false
	for n, v, rest := nextAttr(x.s.attrs); n != nil; n, v, rest = nextAttr(rest) {
		switch string(n) {
		case "r":
			if c, ok := parseColumn(v); ok {
				*col = c
			}
		case "s":
			if i, ok := parseInt(v); ok {
				style = i
			}
		case "t":
			kind, date = typeOf(v), string(v) == "d"
		}
	}
	if x.s.closed {
		return nil
	}
	x.v = x.v[:0]
	if err := x.contents(); err != nil {
		return err
	}
	if len(x.v) == 0 {
		return nil
	}
	if *col >= x.maxCols {
		x.over = true
		return nil
	}
	return x.put(*col, kind, style, date)
}

// contents reads up to the end of the cell and collects its value in v. A formula without any value was never
// computed; a formula whose result is empty text has an empty value.
func (x *xlsxTable) contents() (err error) {
	in, formula, value := false, false, false
	for {
		t, err := x.s.next()
		if err != nil {
			return err
		}
		switch t {
		case tokEOF:
			return io.ErrUnexpectedEOF
		case tokStart:
			switch string(x.s.name) {
			case "v":
				in, value = !x.s.closed, true
			case "f":
				formula = true
			case "is":
				if x.s.closed {
					continue
				}
				if x.v, err = richText(x.s, x.v[:0], "is", x.maxCell); err != nil {
					return err
				}
			}
		case tokEnd:
			switch string(x.s.name) {
			case "v":
				in = false
			case "c":
				if formula && !value {
					x.uncomputed++
				}
				return nil
			}
		case tokText:
			if in {
				if x.v, err = x.s.appendTo(x.v, 0, x.maxCell); err != nil {
					return err
				}
			}
		}
	}
}

// put stores the value of a cell in its span.
func (x *xlsxTable) put(col int, kind cellType, style int, date bool) error {
	for len(x.spans) <= col {
		x.spans = append(x.spans, span{})
	}
	sp := &x.spans[col]
	*sp = span{from: len(x.raw), to: len(x.raw)}
	if len(x.raw)+len(x.v) > x.maxRow { // a column may be given again and again
		x.bad = badLineLength(x.maxRow)
		return nil
	}
	switch kind {
	case cellShared:
		i, ok := parseInt(x.v)
		if ok {
			var err error
			if sp.shared, ok, err = x.strings.get(i); err != nil {
				return err
			}
		}
		if !ok {
			x.bad = badReference()
		}
		return nil
	case cellBool:
		if isTrue(x.v) {
			x.raw = append(x.raw, "TRUE"...)
		} else {
			x.raw = append(x.raw, "FALSE"...)
		}
	case cellText:
		if date {
			x.v = trimMidnight(x.v)
		}
		x.raw = append(x.raw, unescape(x.v, 0)...)
	default:
		x.raw = appendValue(x.raw, x.v, x.book.format(style), x.book.date1904)
	}
	sp.to = len(x.raw)
	return nil
}

// trimMidnight takes the time off an ISO 8601 date that has none to tell.
func trimMidnight(v []byte) []byte {
	const day = len("2026-03-02")
	if len(v) > day && v[day] == 'T' && len(strings.Trim(string(v[day:]), "T0:.Z")) == 0 {
		return v[:day]
	}
	return v
}

// parseColumn reads the column of a cell reference, from 0.
func parseColumn(ref []byte) (int, bool) {
	col := 0
	for i, c := range ref {
		c |= 0x20
		if c < 'a' || c > 'z' {
			return col - 1, i > 0
		}
		if col = col*26 + int(c-'a') + 1; col > 1<<20 {
			return 0, false
		}
	}
	return 0, false
}

// parseInt reads a number without a sign, blanks aside.
func parseInt(v []byte) (int, bool) {
	n, any := 0, false
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			if n = n*10 + int(c-'0'); n > 1<<31 {
				return 0, false
			}
			any = true
		case c > ' ':
			return 0, false
		}
	}
	return n, any
}
