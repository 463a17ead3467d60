package report

import (
	"errors"
	"io"
	"os"
	"strconv"

	"gongxin/internal/cntext"
	"gongxin/internal/codelist"
	"gongxin/internal/fault"
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
}

// ErrList refuses a list without codes.
var ErrList = fault.New(fault.Invalid, "report.list", "名单里没有找到统一社会信用代码",
	"请用 CSV 或文本文件，每行一个 18 位代码；或者用 XLSX 工作簿，表头写“统一社会信用代码”。凭授权生成专项报告的，在代码后面两列写授权书编号和用途代码")

// add takes the first cell of a line that may be a code; behind it may stand the number of a consent and its purpose.
func (l *List) add(at int, cells []string) error {
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
			if code, ok := codelist.Form(cell); ok {
				line.Code = code
			}
		case line.Consent == 0:
			line.Consent = consentNumber(cell)
		case line.Aim == "" && len(cell) <= 40:
			line.Aim = cell
		}
	}
	switch {
	case line.Code == "":
		if filled && at > 0 {
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

// whole refuses a list in which there was nothing.
func (l *List) whole(err error) (*List, error) {
	if errors.Is(err, codelist.ErrLine) || (err == nil && len(l.Lines) == 0) {
		err = ErrList
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// ReadText reads a list from text: one business a line, with or without further columns.
func ReadText(r io.Reader) (*List, error) {
	l := &List{}
	return l.whole(codelist.Text(r, l.add))
}

// ReadFile reads a list from a CSV, a text or a workbook, and closes it.
func ReadFile(f *os.File, name string) (*List, error) {
	l := &List{}
	return l.whole(codelist.File(f, name, codelist.Bounds{Packed: 8 << 20, Unpacked: 64 << 20}, l.add))
}
