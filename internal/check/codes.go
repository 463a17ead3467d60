package check

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"gongxin/internal/codelist"
	"gongxin/internal/fault"
)

// MostCodes is how many codes one batch checks.
const MostCodes = 10_000

// ErrFile refuses a list without codes.
var ErrFile = fault.New(fault.Invalid, "check.file", "文件里没有找到统一社会信用代码", "请用 CSV 或文本文件，每行一个 18 位代码；或者用 XLSX 工作簿，表头写“统一社会信用代码”。自然人不能批量核查，请逐个核查")

// Codes are the codes of a list in its order, each once.
type Codes struct {
	List     []string
	Repeated int   // lines whose code came before
	Without  int   // lines without a code; a first one that holds no number is a header
	Lines    []int // the first of those without a code, as they are counted in the file
	seen     map[string]bool
}

// mostLines is how many lines without a code are named.
const mostLines = 100

// numeric is from how many digits a first line is taken for a line that lacks its code, and for no header.
const numeric = 6

// add takes the first cell of a line that may be a code.
func (c *Codes) add(line int, cells []string) error {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	filled := false
	for _, cell := range cells {
		code, ok := codelist.Form(cell)
		filled = filled || strings.TrimSpace(code) != "" && (line > 0 || digits(code) >= numeric)
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
	if filled {
		if c.Without++; c.Without <= mostLines {
			c.Lines = append(c.Lines, line+1)
		}
	}
	return nil
}

func digits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// Missed words the lines of a list that are not checked, so that nobody takes its result for one of the whole list.
func (c *Codes) Missed() []string {
	out := make([]string, 0, len(c.Lines)+1)
	for _, n := range c.Lines {
		out = append(out, "名单第 "+strconv.Itoa(n)+" 行没有统一社会信用代码（15 至 18 位数字和字母），没有核查")
	}
	if more := c.Without - len(c.Lines); more > 0 {
		out = append(out, "名单另有 "+strconv.Itoa(more)+" 行没有统一社会信用代码，没有核查")
	}
	return out
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
