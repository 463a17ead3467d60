package check

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/sheet"
)

// MostCodes is how many codes one batch checks.
const MostCodes = 10_000

// ErrFile refuses a list without codes.
var ErrFile = fault.New(fault.Invalid, "check.file", "文件里没有找到统一社会信用代码", "请用 CSV 或文本文件，每行一个 18 位代码；或者用 XLSX 工作簿，表头写“统一社会信用代码”")

// Codes are the codes of a list in its order, each once.
type Codes struct {
	List     []string
	Repeated int // lines whose code came before
	Without  int // lines, other than the first, without a code
	seen     map[string]bool
	lines    int
}

// add takes the first cell of a line that may be a code.
func (c *Codes) add(cells []string) error {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	filled := false
	for _, cell := range cells {
		cell = strings.ToUpper(cntext.Fold(cell))
		filled = filled || cell != ""
		if !mayBeCode(cell) || isPerson(cell) {
			continue
		}
		c.lines++
		if c.seen[cell] {
			c.Repeated++
			return nil
		}
		if len(c.List) == MostCodes {
			return ErrMany
		}
		c.seen[cell] = true
		c.List = append(c.List, cell)
		return nil
	}
	if filled {
		if c.lines++; c.lines > 1 {
			c.Without++
		}
	}
	return nil
}

// mayBeCode reports whether a text has the form of a code; whether it is one is said by its check.
func mayBeCode(s string) bool {
	if len(s) < 15 || len(s) > 18 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isPerson reports whether what has the form of a code is the number of a resident and no code: lists are kept in clear, and persons are not asked about by the list.
func isPerson(s string) bool {
	if !flow.HasPersonal(s) {
		return false
	}
	_, problem := ident.ParseUSCC(s)
	return problem != nil
}

// maxLine bounds a line of a text file, in bytes.
const maxLine = 64 << 10

// ReadText reads codes from text: one a line, or in any column of a CSV. Codes are ASCII, so that every encoding in use here will do.
func ReadText(r io.Reader) (*Codes, error) {
	c := &Codes{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for lines.Scan() {
		text := strings.TrimPrefix(lines.Text(), "\ufeff")
		if err := c.add(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\t\"' ，；、\r", r) })); err != nil {
			return nil, err
		}
	}
	if lines.Err() != nil || len(c.List) == 0 {
		return nil, ErrFile
	}
	return c, nil
}

// ReadFile reads codes from a CSV, a text or a workbook, and closes it.
func ReadFile(f *os.File, name string) (*Codes, error) {
	head := make([]byte, 4)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	if bytes.HasPrefix(head[:n], []byte("PK")) {
		return readBook(f, name)
	}
	defer func() { _ = f.Close() }()
	return ReadText(io.NewSectionReader(f, 0, 1<<40))
}

func readBook(f *os.File, name string) (_ *Codes, err error) {
	book, err := sheet.OpenFile(f, sheet.Options{Name: name, MaxBytes: 32 << 20, MaxUnzipped: 256 << 20, IsHeader: header, Expect: []string{"统一社会信用代码"}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	c := &Codes{lines: 1} // the header has been read
	for {
		var row sheet.Row
		switch err := book.Next(&row); {
		case errors.Is(err, io.EOF):
			if len(c.List) == 0 {
				return nil, ErrFile
			}
			return c, nil
		case err != nil:
			return nil, err
		}
		if err := c.add(row.Cells); err != nil {
			return nil, err
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
