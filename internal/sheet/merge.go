package sheet

import (
	"bytes"
	"io"
	"slices"
)

// merge is a vertical merge of cells: its first cell's value holds for every row it covers. How far it goes to the
// right does not matter: a merge over several columns gives its value to the first of them only.
type merge struct {
	first, last int32 // rows from 1
	col         int32 // from 0
}

// maxMerges bounds the memory for merges to 12 MB.
const maxMerges = 1_000_000

// survey inflates a whole sheet once before it is read. That shows a truncated or oversized part at the door, and
// finds the merged cells, which the format lists behind the rows they concern.
func survey(a *archive, name string) (merges []merge, size int64, err error) {
	p, err := a.open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = p.Close() }()
	s := newXML(p)
	if err := s.decode16(); err != nil {
		return nil, 0, partError(err)
	}
	if err := s.pastRows(); err != nil {
		return nil, 0, partError(err)
	}
	for {
		t, err := s.next()
		if err != nil {
			return nil, 0, partError(err)
		}
		if t == tokEOF {
			break
		}
		if t != tokStart || string(s.name) != "mergeCell" {
			continue
		}
		ref, _ := s.attr("ref")
		if m, ok := parseMerge(ref); ok {
			if len(merges) >= maxMerges {
				return nil, 0, errMerges
			}
			merges = append(merges, m)
		}
	}
	slices.SortStableFunc(merges, func(x, y merge) int { return int(x.first) - int(y.first) })
	return merges, s.total, nil
}

// pastRows steps behind </sheetData> without looking at what is before it. Cell text cannot hold that tag, since its
// bracket would be escaped.
func (s *xmlScanner) pastRows() error {
	mark := []byte("Data") // D is rarer than s, which makes the search several times as fast
	const around = 64      // bytes that hold the longest spelling of the tag
	for {
		w := s.buf[s.start:s.end]
		i := bytes.Index(w, mark)
		if i < 0 || len(w)-i < around && !s.eof {
			if i < 0 {
				i = len(w)
			}
			s.start += max(0, i-around)
			if err := s.fill(); err != nil && (err != io.EOF || i == len(w)) {
				return partError(endless(err))
			}
			continue
		}
		if closesRows(w[:i], w[i+len(mark):]) {
			s.start += i
			return s.through(">")
		}
		s.start += i + len(mark)
	}
}

func endless(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// closesRows tells whether the text around "Data" makes </sheetData>, </x:sheetData> or <sheetData/>.
func closesRows(before, after []byte) bool {
	open := bytes.LastIndexByte(before, '<')
	if open < 0 || !bytes.HasSuffix(before, []byte("sheet")) {
		return false
	}
	after = bytes.TrimLeft(after, " \t\r\n")
	if bytes.HasPrefix(before[open:], []byte("</")) {
		return bytes.HasPrefix(after, []byte(">"))
	}
	return bytes.HasPrefix(after, []byte("/>"))
}

// parseMerge reads a reference such as A2:A5. ok is false for merges within one row.
func parseMerge(ref []byte) (merge, bool) {
	a, b, found := bytes.Cut(ref, []byte{':'})
	c1, r1, ok1 := parseRef(a)
	_, r2, ok2 := parseRef(b)
	if !found || !ok1 || !ok2 || r2 <= r1 {
		return merge{}, false
	}
	return merge{first: int32(r1), last: int32(r2), col: int32(c1)}, true
}

// parseRef reads a cell reference such as AB12: the column from 0 and the row from 1.
func parseRef(ref []byte) (col, row int, ok bool) {
	i := 0
	for ; i < len(ref); i++ {
		c := ref[i] | 0x20
		if c < 'a' || c > 'z' {
			break
		}
		if col = col*26 + int(c-'a') + 1; col > 1<<20 {
			return 0, 0, false
		}
	}
	if i == 0 || i == len(ref) {
		return 0, 0, false
	}
	for ; i < len(ref); i++ {
		c := ref[i]
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		if row = row*10 + int(c-'0'); row > 1<<24 {
			return 0, 0, false
		}
	}
	return col - 1, row, row > 0
}

// mergeFill carries the values of merges down the rows.
type mergeFill struct {
	all    []merge
	next   int
	active []carried
}

type carried struct {
	merge
	value string
}

// apply fills the cells of a row that merges cover. Rows come in ascending order.
func (f *mergeFill) apply(row int, cells []string, limit int) []string {
	if f.next >= len(f.all) && len(f.active) == 0 {
		return cells
	}
	live := f.active[:0]
	for _, c := range f.active {
		if int(c.last) < row {
			continue
		}
		live = append(live, c)
		for len(cells) <= int(c.col) {
			cells = append(cells, "")
		}
		if cells[c.col] == "" {
			cells[c.col] = c.value
		}
	}
	clear(f.active[len(live):])
	f.active = live
	for ; f.next < len(f.all) && int(f.all[f.next].first) <= row; f.next++ {
		m := f.all[f.next]
		if int(m.first) < row || int(m.col) >= limit || int(m.col) >= len(cells) || cells[m.col] == "" {
			continue // its own row was empty, so there is nothing to carry
		}
		c := carried{m, cells[m.col]}
		if i := slices.IndexFunc(f.active, func(c carried) bool { return c.col == m.col }); i >= 0 {
			f.active[i] = c // merges that overlap, as no spreadsheet writes them
			continue
		}
		f.active = append(f.active, c)
	}
	return cells
}
