package check

import (
	"errors"
	"io"
	"os"
	"strings"

	"gongxin/internal/codelist"
	"gongxin/internal/fault"
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
}

// add takes the first cell of a line that may be a code.
func (c *Codes) add(line int, cells []string) error {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	filled := false
	for _, cell := range cells {
		code, ok := codelist.Form(cell)
		filled = filled || strings.TrimSpace(code) != ""
		switch {
		case !ok:
			continue
		case c.seen[code]:
			c.Repeated++
			return nil
		case len(c.List) == MostCodes:
			return ErrMany
		}
		c.seen[code] = true
		c.List = append(c.List, code)
		return nil
	}
	if filled && line > 0 {
		c.Without++
	}
	return nil
}

// whole refuses a list in which there was nothing.
func (c *Codes) whole(err error) (*Codes, error) {
	if errors.Is(err, codelist.ErrLine) || (err == nil && len(c.List) == 0) {
		err = ErrFile
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ReadText reads codes from text: one a line, or in any column of a CSV.
func ReadText(r io.Reader) (*Codes, error) {
	c := &Codes{}
	return c.whole(codelist.Text(r, c.add))
}

// ReadFile reads codes from a CSV, a text or a workbook, and closes it.
func ReadFile(f *os.File, name string) (*Codes, error) {
	c := &Codes{}
	return c.whole(codelist.File(f, name, codelist.Bounds{Packed: 32 << 20, Unpacked: 256 << 20}, c.add))
}
