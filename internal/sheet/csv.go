package sheet

import (
	"bytes"
	"io"
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

// quoteParser reads one record with quotes from the window into scratch and ends.
type quoteParser struct {
	c     *csvTable
	multi bool // quoted cells may hold line ends
	at    int  // offset in the window
	inner int  // line ends within quotes
	cells int

	end, next int  // of the physical line that holds at, as far as known
	known     bool // end and next are valid; finding them for every cell would take quadratic time
}

// parse reports false for a record whose quotes are wrong; at then tells how far it came.
func (q *quoteParser) parse() (ok bool, err error) {
	c := q.c
	c.scratch, c.ends, c.over = c.scratch[:0], c.ends[:0], false
	for {
		start := len(c.scratch)
		quoted, err := q.opens()
		if err != nil {
			return false, err
		}
		var last, ok bool
		if quoted {
			last, ok, err = q.inside()
		} else {
			last, ok, err = q.outside()
		}
		if err != nil || !ok {
			return false, err
		}
		q.cells++
		if q.cells <= c.maxCols {
			c.ends = append(c.ends, len(c.scratch))
		} else {
			c.over = c.over || len(bytes.TrimSpace(c.scratch[start:])) > 0
			c.scratch = c.scratch[:start]
		}
		if last {
			return true, nil
		}
	}
}

// peek gives the byte at offset i of the window; more is false at the end of the file.
func (q *quoteParser) peek(i int) (b byte, more bool, err error) {
	for {
		if w := q.c.t.window(); i < len(w) {
			return w[i], true, nil
		}
		if err := q.c.t.fill(); err == io.EOF {
			return 0, false, nil
		} else if err != nil {
			return 0, false, err
		}
	}
}

// opens tells whether the cell at the offset starts with a quote, blanks before it aside, and steps behind it.
func (q *quoteParser) opens() (bool, error) {
	for i := q.at; ; i++ {
		b, more, err := q.peek(i)
		if err != nil || !more {
			return false, ignoreLong(err)
		}
		switch {
		case b == '"':
			q.at = i + 1
			return true, nil
		case b != ' ' || q.c.sep == ' ':
			return false, nil
		}
	}
}

// ignoreLong leaves a record that outgrows the buffer to the caller, as one with wrong quotes.
func ignoreLong(err error) error {
	if err == errLong {
		return nil
	}
	return err
}

// outside reads a cell without quotes around it; quotes within are taken as they are.
func (q *quoteParser) outside() (last, ok bool, err error) {
	c := q.c
	if !q.known {
		q.end, q.next, err = c.t.physical(q.at)
		if err == io.EOF { // the file ends behind a separator
			return true, true, nil
		}
		if err != nil {
			return false, false, ignoreLong(err)
		}
		q.known = true
	}
	cell := c.t.window()[q.at:max(q.at, q.end)]
	if i := bytes.IndexByte(cell, c.sep); i >= 0 {
		c.scratch = append(c.scratch, cell[:i]...)
		q.at += i + 1
		return false, true, nil
	}
	c.scratch = append(c.scratch, cell...)
	q.at = q.next
	return true, true, nil
}

// inside reads a cell behind its opening quote up to and including the separator or line end behind the closing one.
func (q *quoteParser) inside() (last, ok bool, err error) {
	c := q.c
	for {
		w := c.t.window()[q.at:]
		i := bytes.IndexByte(w, '"')
		piece := w
		if i >= 0 {
			piece = w[:i]
		}
		n := bytes.Count(piece, []byte{c.t.nl})
		if n > 0 && !q.multi {
			return false, false, nil
		}
		q.inner += n
		q.known = q.known && n == 0
		c.scratch = append(c.scratch, piece...)
		q.at += len(piece)
		if i < 0 {
			if err := c.t.fill(); err == io.EOF {
				return false, false, nil // never closed
			} else if err != nil {
				return false, false, ignoreLong(err)
			}
			continue
		}
		q.at++
		b, more, err := q.peek(q.at)
		if err != nil {
			return false, false, ignoreLong(err)
		}
		if more && b == '"' {
			c.scratch = append(c.scratch, '"')
			q.at++
			continue
		}
		return q.closed()
	}
}

// closed reads what follows a closing quote: blanks, then a separator, a line end or the end of the file.
func (q *quoteParser) closed() (last, ok bool, err error) {
	for ; ; q.at++ {
		b, more, err := q.peek(q.at)
		switch {
		case err != nil:
			return false, false, ignoreLong(err)
		case !more:
			return true, true, nil
		case b == q.c.sep:
			q.at++
			return false, true, nil
		case b == q.c.t.nl:
			q.at++
			return true, true, nil
		case b != ' ' && b != '\r' && b != 0x1a:
			return false, false, nil
		}
	}
}
