package sheet

import (
	"bytes"
	"strings"
)

// csvTable splits text into records. The rules for quotes follow RFC 4180, with two differences that both keep a
// stray quote from swallowing rows: a record whose quotes do not close properly is one bad physical line, and
// reading goes on at the next line; and a record over several lines is given up in the same way when its first and
// its last line each look like a whole record.
type csvTable struct {
	t       *text
	sep     byte
	width   int // columns of the header, 0 while it is sought
	maxCols int

	scratch []byte // contents of a quoted record, cells one behind another
	ends    []int  // where each cell ends in scratch
	over    bool   // filled cells beyond maxCols

	rescan int64 // bytes parsed in vain across lines; bounds the work on hostile quotes
}

// separators in the order of preference.
var separators = []byte{',', '\t', ';'}

// foreign separators are never guessed; a missing header that one of them explains says so.
var foreignSeparators = []string{"，", "|", "、"}

func (r *Reader) openCSV(t *text) error {
	c := &csvTable{t: t, maxCols: r.o.MaxColumns}
	r.t = c
	var best found
	for _, sep := range separators {
		c.sep = sep
		f, err := r.searchHeader(c)
		if err != nil {
			return err
		}
		if best.rows == 0 || f.better(best, r.o.IsHeader != nil) {
			best = f
			best.sep = sep
		}
	}
	c.sep = best.sep
	if best.score == 0 {
		return r.noHeader(best, c)
	}
	return r.adopt(best, c)
}

// better tells whether f is the better reading of a file than g. Without a catalogue to count known names, the
// separator counts that makes a table of columns soonest.
func (f found) better(g found, catalogue bool) bool {
	if catalogue || min(f.score, g.score) < 2 || f.index == g.index {
		return f.score > g.score
	}
	return f.index < g.index
}

// foreignSeparator names the separator that would have given a header, if any.
func (r *Reader) foreignSeparator(lines []string) string {
	for _, sep := range foreignSeparators {
		for _, l := range lines {
			cells := strings.Split(l, sep)
			if len(cells) < 2 {
				continue
			}
			for i := range cells {
				cells[i] = columnName(cells[i])
			}
			if r.o.IsHeader != nil && r.o.IsHeader(cells) >= 2 {
				return sep
			}
		}
	}
	return ""
}

func (c *csvTable) restart() error {
	c.t.restart()
	c.width, c.rescan = 0, 0
	return nil
}

func (c *csvTable) progress() (done, total int64) { return c.t.progress() }

func (c *csvTable) close() error { return nil }

func (c *csvTable) record(dst *Row) error {
	for {
		end, next, err := c.t.physical(0)
		dst.Line = c.t.line
		if err == errLong {
			dst.Cells = dst.Cells[:0]
			dst.Bad = badLineLength(c.t.limit)
			return c.t.discardLine()
		} else if err != nil {
			return err
		}
		line := c.t.window()[:end]
		var again bool
		if bytes.IndexByte(line, '"') < 0 {
			again = c.plain(dst, line, next)
		} else {
			again, err = c.quoted(dst, next)
		}
		if !again || err != nil {
			return err
		}
	}
}

// plain takes a line without quotes. It reports true when the line has to be read again in another encoding.
func (c *csvTable) plain(dst *Row, line []byte, next int) (again bool) {
	bad, again := c.inspect(line)
	if again {
		return true
	}
	s := string(line)
	if bad != nil {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	c.over = false
	dst.Cells = c.split(dst.Cells[:0], s)
	dst.Bad = bad
	if c.over && bad == nil {
		dst.Bad = badTooWide(c.maxCols)
	}
	c.t.advance(next, 1)
	return false
}

// inspect looks for bytes that no row may hold.
func (c *csvTable) inspect(b []byte) (bad *RowProblem, again bool) {
	switch c.t.check(b) {
	case redecoded:
		return nil, true
	case invalid:
		return badEncoding(c.t.enc.String()), false
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return badNUL(), false
	}
	return nil, false
}

// split cuts a line at its separators; the cells share the memory of s.
func (c *csvTable) split(cells []string, s string) []string {
	sep := c.sep
	for {
		i := strings.IndexByte(s, sep)
		cell := s
		if i >= 0 {
			cell = s[:i]
		}
		if len(cells) < c.maxCols {
			cells = append(cells, cell)
		} else if strings.TrimSpace(cell) != "" {
			c.over = true
		}
		if i < 0 {
			return cells
		}
		s = s[i+1:]
	}
}

// quoted takes a record with quotes; next is where the following physical line starts.
func (c *csvTable) quoted(dst *Row, next int) (again bool, err error) {
	q := quoteParser{c: c, multi: c.rescan <= 64<<20+4*c.t.raw.n}
	ok, err := q.parse()
	if err != nil {
		return false, err
	}
	if ok && (q.inner == 0 || c.plausible(&q)) {
		bad, again := c.inspect(c.t.window()[:q.at])
		if again {
			return true, nil
		}
		s := string(c.scratch)
		if bad != nil {
			s = c.repair(s)
		}
		dst.Cells, dst.Bad = dst.Cells[:0], bad
		from := 0
		for _, e := range c.ends {
			dst.Cells = append(dst.Cells, s[from:e])
			from = e
		}
		if c.over && bad == nil {
			dst.Bad = badTooWide(c.maxCols)
		}
		c.t.advance(q.at, q.inner+1)
		return false, nil
	}
	c.rescan += int64(max(q.at-next, 0))
	line := c.t.window()[:next]
	if again = c.plain(dst, bytes.TrimRight(line, "\r\n"), next); !again && dst.Bad == nil {
		dst.Bad = badQuote()
	}
	return again, nil
}

// repair replaces invalid bytes cell by cell, so that the ends stay right.
func (c *csvTable) repair(s string) string {
	var b strings.Builder
	from := 0
	for i, e := range c.ends {
		b.WriteString(strings.ToValidUTF8(s[from:e], "\uFFFD"))
		from, c.ends[i] = e, b.Len()
	}
	return b.String()
}

// plausible tells whether a record over several lines is one. It is not if it has more filled cells than the
// header, or if its first and its last physical line each have all the separators of a whole record: then a quote
// was opened by mistake and closed by the next quote somewhere below. In narrow tables commas in ordinary text are
// too likely for that second sign.
func (c *csvTable) plausible(q *quoteParser) bool {
	if c.width == 0 {
		return true
	}
	from := 0
	for i, e := range c.ends {
		if i >= c.width && e > from {
			return false
		}
		from = e
	}
	if c.over {
		return false
	}
	if c.width < 4 {
		return true
	}
	w := c.t.window()[:q.at]
	first := w[:bytes.IndexByte(w, c.t.nl)]
	last := bytes.TrimSuffix(w, []byte{c.t.nl})
	last = last[bytes.LastIndexByte(last, c.t.nl)+1:]
	sep := []byte{c.sep}
	return bytes.Count(first, sep) < c.width-1 || bytes.Count(last, sep) < c.width-1
}
