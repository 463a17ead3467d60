package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/sheet"
)

// Listed is one business of a list. With a consent its special report is made, else its standard one.
type Listed struct {
	Code    string
	Consent int64
	Aim     string // the purpose that the consent names
}

// List is what was read from a list of businesses, each once.
type List struct {
	Lines    []Listed
	Repeated int // lines whose business came before
	Without  int // lines, other than the first, without a code
	seen     map[string]bool
	lines    int
}

// ErrList refuses a list without codes.
var ErrList = fault.New(fault.Invalid, "report.list", "名单里没有找到统一社会信用代码",
	"请用 CSV 或文本文件，每行一个 18 位代码；或者用 XLSX 工作簿，表头写“统一社会信用代码”。凭授权生成专项报告的，在代码后面两列写授权书编号和用途代码")

// add takes the first cell of a line that may be a code; behind it may stand the number of a consent and its purpose.
func (l *List) add(cells []string) error {
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	var line Listed
	filled := false
	for _, cell := range cells {
		cell = cntext.Clean(cntext.Fold(cell))
		switch {
		case cell == "":
		case line.Code == "":
			filled = true
			if code := strings.ToUpper(cell); mayBeCode(code) && !isPerson(code) {
				line.Code = code
			}
		case line.Consent == 0:
			line.Consent = consentNumber(cell)
		case line.Aim == "" && len(cell) <= 40:
			line.Aim = cell
		}
	}
	l.lines++
	switch {
	case line.Code == "":
		if filled && l.lines > 1 {
			l.Without++
		}
		return nil
	case l.seen[line.Code]:
		l.Repeated++
		return nil
	case len(l.Lines) == maxBatch:
		return ErrMany
	}
	l.seen[line.Code] = true
	l.Lines = append(l.Lines, line)
	return nil
}

// consentNumber reads the number of a consent, 16 to 19 digits: amounts and telephone numbers are shorter. 0 is none.
func consentNumber(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || len(s) < 16 {
		return 0
	}
	return n
}

// mayBeCode reports whether a text has the form of a code; whether it is one is said by the register.
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

// isPerson reports whether what has the form of a code is the number of a resident and no code: lists are kept in clear, and nobody's own report is made by the list.
func isPerson(s string) bool {
	if !flow.HasPersonal(s) {
		return false
	}
	_, problem := ident.ParseUSCC(s)
	return problem != nil
}

// maxListLine bounds a line of a text file, in bytes.
const maxListLine = 64 << 10

// ReadText reads a list from text: one business a line, with or without further columns.
func ReadText(r io.Reader) (*List, error) {
	l := &List{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxListLine)
	for lines.Scan() {
		text := strings.TrimPrefix(lines.Text(), "\ufeff")
		if err := l.add(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\t\"' ，；、\r", r) })); err != nil {
			return nil, err
		}
	}
	if lines.Err() != nil || len(l.Lines) == 0 {
		return nil, ErrList
	}
	return l, nil
}

// ReadFile reads a list from a CSV, a text or a workbook, and closes it.
func ReadFile(f *os.File, name string) (*List, error) {
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

func readBook(f *os.File, name string) (_ *List, err error) {
	book, err := sheet.OpenFile(f, sheet.Options{Name: name, MaxBytes: 8 << 20, MaxUnzipped: 64 << 20, IsHeader: listHeader, Expect: []string{"统一社会信用代码"}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	l := &List{lines: 1} // the header has been read
	for {
		var row sheet.Row
		switch err := book.Next(&row); {
		case errors.Is(err, io.EOF):
			if len(l.Lines) == 0 {
				return nil, ErrList
			}
			return l, nil
		case err != nil:
			return nil, err
		}
		if err := l.add(row.Cells); err != nil {
			return nil, err
		}
	}
}

// listHeader counts the cells that name a column of codes.
func listHeader(cells []string) int {
	n := 0
	for _, cell := range cells {
		cell = strings.ToLower(cntext.Fold(cell))
		if strings.Contains(cell, "代码") || cell == "code" || cell == "subject" {
			n++
		}
	}
	return n
}
