package sheet

import (
	"bytes"
	"io"
)

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
