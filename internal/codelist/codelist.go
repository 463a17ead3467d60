// Package codelist reads lists of businesses by their unified codes from what people have: a text with a code a line, a CSV, a workbook. It knows no more than where
// lines and cells are and what has the form of a code; what stands beside the code, how long a list may be and what is refused is its caller's. Lists are kept in
// clear, so a resident's number is never taken for a code.
package codelist

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"gongxin/internal/cntext"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/sheet"
)

// ErrLine is a line of text that is longer than any list has.
var ErrLine = errors.New("codelist: line too long")

// maxLine bounds a line of a text file, in bytes.
const maxLine = 64 << 10

// Form gives a cell as a code is written, and whether it has the form of one; whether it is one says the register.
func Form(cell string) (code string, ok bool) {
	code = strings.ToUpper(cntext.Fold(cell))
	if len(code) < 15 || len(code) > 18 {
		return code, false
	}
	for i := range len(code) {
		if c := code[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return code, false
		}
	}
	return code, !isPerson(code)
}

// isPerson reports whether what has the form of a code is the number of a resident and no code.
func isPerson(s string) bool {
	if !flow.HasPersonal(s) {
		return false
	}
	_, problem := ident.ParseUSCC(s)
	return problem != nil
}

// Text hands every line's cells to add, the first one as 0. Codes are ASCII, so that every encoding in use here will do. A line of nothing but codes, as people
// paste them, is as many lines with one number.
func Text(r io.Reader, add func(line int, cells []string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	lines.Split(anyLine)
	for n := 0; lines.Scan(); n++ {
		text := strings.TrimPrefix(lines.Text(), "\ufeff")
		cells := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\t\"' ，；、\r", r) })
		if len(cells) < 2 || slices.ContainsFunc(cells, func(cell string) bool { return !isCode(cell) }) {
			if err := add(n, cells); err != nil {
				return err
			}
			continue
		}
		for i := range cells {
			if err := add(n, cells[i:i+1]); err != nil {
				return err
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return ErrLine
	}
	return lines.Err()
}

// isCode reports whether a cell is a unified code, check digits and all.
func isCode(cell string) bool {
	_, problem := ident.ParseUSCC(cell)
	return problem == nil
}

// anyLine is bufio.ScanLines for every end of a line in use: LF, CR LF, and CR alone.
func anyLine(data []byte, atEOF bool) (advance int, line []byte, err error) {
	at := bytes.IndexAny(data, "\r\n")
	switch {
	case at < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case at < 0:
		return 0, nil, nil
	case data[at] == '\n':
		return at + 1, data[:at], nil
	case at+1 < len(data) && data[at+1] == '\n':
		return at + 2, data[:at], nil
	case at+1 == len(data) && !atEOF:
		return 0, nil, nil // an LF may follow
	}
	return at + 1, data[:at], nil
}

// Bounds of a workbook, in bytes.
type Bounds struct{ Packed, Unpacked int64 }

// File reads a text, a CSV or a workbook, and closes it. Lines count from 0 as they stand in the file; the header of a workbook is not handed on.
func File(f *os.File, name string, b Bounds, add func(line int, cells []string) error) (err error) {
	head := make([]byte, 4)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, f.Close())
	}
	if !bytes.HasPrefix(head[:n], []byte("PK")) {
		defer func() { _ = f.Close() }()
		return Text(io.NewSectionReader(f, 0, 1<<40), add)
	}
	book, err := sheet.OpenFile(f, sheet.Options{Name: name, MaxBytes: b.Packed, MaxUnzipped: b.Unpacked, IsHeader: header, Expect: []string{"统一社会信用代码"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	for {
		var row sheet.Row
		switch err := book.Next(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := add(max(row.Line-1, 1), row.Cells); err != nil {
			return err
		}
	}
}

// header counts the cells that name a column of codes.
func header(cells []string) int {
	n := 0
	for _, cell := range cells {
		cell = strings.ToLower(cntext.Fold(cell))
		if strings.Contains(cell, "代码") || cell == "code" || cell == "subject" {
			n++
		}
	}
	return n
}
