package sheet

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"gongxin/internal/fault"
)

// found is the outcome of a search for the header in one table.
type found struct {
	score  int
	index  int // record number of the header, counted from 0 with empty ones
	line   int
	header []string
	titles [][]string
	bad    *RowProblem // of the header row itself
	broken *RowProblem // of the first row that could not be read
	rows   int         // non-empty rows seen
	lines  []string    // first rows as text, for a hint
	sep    byte        // CSV
}

// sureHeader is from how many columns on a row that consists of known names alone is the header, without a look at the rows below.
const sureHeader = 5

// searchHeader reads the first rows of a table and finds the one with the most known column names.
func (r *Reader) searchHeader(t table) (found, error) {
	if err := t.restart(); err != nil {
		return found{}, err
	}
	var f found
	var row Row
	var seen [][]string
	for index := 0; f.rows < r.o.HeaderScan; index++ {
		row.Bad = nil
		err := t.record(&row)
		if err == io.EOF {
			break
		}
		if err != nil {
			return found{}, err
		}
		if row.Bad != nil && f.broken == nil {
			f.broken = row.Bad
		}
		if blank(row.Cells) {
			if row.Bad != nil {
				f.rows++
			}
			continue
		}
		f.rows++
		cells := columnNames(row.Cells)
		if line := strings.Join(cells, string(separators[0])); len(line) < maxTitle {
			f.lines = append(f.lines, line)
		}
		score := r.score(cells)
		if score > f.score || f.header == nil {
			f.score, f.index, f.line, f.header, f.bad = score, index, row.Line, cells, row.Bad
			f.titles = slices.Clone(seen)
		}
		seen = append(seen, cells)
		if f.score > 0 && (r.o.IsHeader == nil || score >= sureHeader && score == len(cells)) {
			break
		}
	}
	if f.score == 0 && f.header != nil && r.o.IsHeader == nil {
		f.score = 1 // a table of one column
	}
	return f, nil
}

// score rates a row as a header. Without a catalogue the first row with two filled cells counts.
func (r *Reader) score(cells []string) int {
	if r.o.IsHeader != nil {
		return r.o.IsHeader(cells)
	}
	n := 0
	for _, c := range cells {
		if c != "" {
			n++
		}
	}
	if n < 2 {
		return 0
	}
	return n
}

// adopt makes the search's outcome the reader's header and stands at the first record behind it.
func (r *Reader) adopt(f found, t table) error {
	if f.bad != nil {
		return refuseHeader(f.bad, r.o.MaxColumns)
	}
	r.header, r.headerLine, r.titles = f.header, f.line, f.titles
	if err := t.restart(); err != nil {
		return err
	}
	var row Row
	for range f.index + 1 {
		if err := t.record(&row); err != nil {
			return err
		}
	}
	switch t := t.(type) {
	case *csvTable:
		t.width = len(f.header)
	case *xlsxTable:
		t.hidden, t.uncomputed = 0, 0
	}
	return nil
}

// refuseHeader turns the problem of the header row into one of the file.
func refuseHeader(bad *RowProblem, maxColumns int) error {
	e := *errNoHeader
	switch bad.Code {
	case reasonTooWide:
		return detail(errTooWide, "表头的栏数超过上限 %d 栏", maxColumns)
	case reasonTooLong:
		e = *errLineTooLong
	case reasonEncoding:
		e = *errEncoding
	}
	out := detail(&e, "表头这一行无法读取：%s", bad.Message)
	out.Fix = bad.Fix
	return out
}

// noHeader says why no header was found and what was looked for.
func (r *Reader) noHeader(f found, c *csvTable) error {
	if f.rows == 0 {
		return detail(errEmpty, "文件里没有任何有内容的行")
	}
	if f.broken != nil && f.broken.Code == reasonTooLong {
		return refuseHeader(f.broken, r.o.MaxColumns)
	}
	message := fmt.Sprintf("前 %d 个非空行里没有找到表头", f.rows)
	if len(r.o.Expect) > 0 {
		message += "，表头里应有“" + strings.Join(r.o.Expect, "”“") + "”等栏目名称"
	}
	e := detail(errNoHeader, "%s", message)
	if c == nil {
		return e
	}
	if sep := r.foreignSeparator(f.lines); sep != "" {
		return &fault.Error{
			Kind: e.Kind, Code: e.Code,
			Message: numbered(reasonNoHeader, message+"；各栏之间像是用“"+sep+"”分隔的"),
			Fix:     "请改用英文逗号分隔各栏，最简单的办法是用 Excel 另存为“CSV UTF-8（逗号分隔）”或 .xlsx",
		}
	}
	return e
}

// columnNames trims the cells of a row and drops the empty ones at its end.
func columnNames(cells []string) []string {
	out := make([]string, len(cells))
	n := 0
	for i, c := range cells {
		out[i] = columnName(c)
		if out[i] != "" {
			n = i + 1
		}
	}
	return out[:n]
}

// maxTitle bounds what is kept of a cell above the data; explanations there may be long, names are not.
const maxTitle = 8 << 10

// columnName trims what people leave around a name: blanks of any width, marks without width, and the line breaks
// by which they make a narrow column.
func columnName(s string) string {
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "")
	}
	plain := true
	for _, c := range s {
		if c == '\n' || c == '\r' || c == '\t' || invisible(c) {
			plain = false
			break
		}
	}
	if !plain {
		s = strings.Map(func(c rune) rune {
			if c == '\n' || c == '\r' || c == '\t' || invisible(c) {
				return -1
			}
			return c
		}, s)
	}
	return strings.TrimFunc(s, unicode.IsSpace)
}

func invisible(c rune) bool {
	return c == '\uFEFF' || c >= '\u200B' && c <= '\u200F' || c == '\u2060'
}
