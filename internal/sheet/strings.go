package sheet

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	sstBlock  = 64       // strings that are kept and loaded together
	sstMemory = 32 << 20 // bytes held in memory before the rest goes to a temporary file
	sstCache  = 16 << 20 // bytes of spilled blocks held at a time
	sstMax    = 1 << 27  // strings; a worksheet cannot refer to more than it has cells
)

// sharedStrings is the string table of a workbook. It may be as large as all cells together, so only its beginning
// stays in memory; the rest lies sealed in a temporary file in blocks. Spreadsheets number the strings in the order of
// their first use: headings and repeated words are at the beginning, and single-use text is met in sequence.
type sharedStrings struct {
	dir     string
	maxCell int

	n      int
	blocks []*stringBlock // in memory
	kept   int

	spill *spill // nil while everything is in memory
	block []byte // block being put together
	cache map[int]*stringBlock
	queue []int // cached blocks in the order they came
	bytes int   // of the cached blocks

	lens []uint32 // lengths in the block being built
	data []byte
}

type stringBlock struct {
	data string
	ends []uint32
}

func (b *stringBlock) cost() int { return len(b.data) + 4*len(b.ends) + 64 }

func (b *stringBlock) get(i int) (string, bool) {
	if i >= len(b.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = b.ends[i-1]
	}
	return b.data[from:b.ends[i]], true
}

// loadStrings reads the whole table.
func loadStrings(a *archive, name string, o Options) (_ *sharedStrings, err error) {
	t := &sharedStrings{dir: o.TempDir, maxCell: o.MaxCell, cache: map[int]*stringBlock{}}
	if name == "" {
		return t, nil
	}
	p, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }()
	defer func() {
		if err != nil {
			_ = t.close()
		}
	}()
	s := newXML(p)
	if err := s.decode16(); err != nil {
		return nil, partError(err)
	}
	for {
		tok, err := s.next()
		if err != nil {
			return nil, partError(err)
		}
		if tok == tokEOF {
			break
		}
		if tok != tokStart || string(s.name) != "si" {
			continue
		}
		from := len(t.data)
		if !s.closed {
			if t.data, err = richText(s, t.data, "si", t.maxCell); err != nil {
				return nil, partError(err)
			}
			t.data = unescape(t.data, from)
		}
		if err := t.add(from); err != nil {
			return nil, err
		}
	}
	return t, t.flush()
}

// richText appends the text of a <si> or <is> element: its <t> parts, those of phonetic runs left out, with the format's escapes
// as they stand: the caller resolves them, once. What goes far beyond limit is dropped; the row reports the cell as too long.
func richText(s *xmlScanner, dst []byte, until string, limit int) ([]byte, error) {
	from := len(dst)
	inText, phonetic := false, false
	for {
		tok, err := s.next()
		if err != nil {
			return dst, err
		}
		switch tok {
		case tokEOF:
			return dst, io.ErrUnexpectedEOF
		case tokStart:
			switch string(s.name) {
			case "t":
				inText = !s.closed
			case "rPh":
				phonetic = !s.closed
			}
		case tokEnd:
			switch string(s.name) {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case until:
				return dst, nil
			}
		case tokText:
			if inText && !phonetic {
				if dst, err = s.appendTo(dst, from, limit); err != nil {
					return dst, err
				}
			}
		}
	}
}

// appendTo appends the scanner's text to the cell that began at from, up to a whole character beyond limit, so that
// the cell is seen to be too long.
func (s *xmlScanner) appendTo(dst []byte, from, limit int) ([]byte, error) {
	var err error
	if s.cdata {
		dst = append(dst, s.text...)
	} else if dst, err = appendText(dst, s.text); err != nil {
		return dst, err
	}
	if end := from + limit + utf8.UTFMax; len(dst) > end {
		for !utf8.RuneStart(dst[end]) && end > from+limit+1 {
			end--
		}
		dst = dst[:end]
	}
	return dst, nil
}

// unescape resolves _x000D_ in the text from from on: workbooks write characters that XML cannot hold in this way
// (ECMA-376 part 1, 22.9.2.19).
func unescape(b []byte, from int) []byte {
	first := bytes.Index(b[from:], []byte("_x"))
	if first < 0 {
		return b
	}
	w := from + first
	for i := w; i < len(b); i++ {
		c := b[i]
		if c == '_' && i+7 <= len(b) && b[i+1] == 'x' && b[i+6] == '_' {
			if r, ok := hex4(b[i+2 : i+6]); ok && r != 0 && (r < 0xd800 || r >= 0xe000) {
				w += utf8.EncodeRune(b[w:], r)
				i += 6
				continue
			}
		}
		b[w] = c
		w++
	}
	return b[:w]
}

func hex4(b []byte) (rune, bool) {
	p := objectParser{b: b}
	return p.hex()
}

// add closes the string that began at from in data.
func (t *sharedStrings) add(from int) error {
	if !utf8.Valid(t.data[from:]) {
		t.data = append(t.data[:from], strings.ToValidUTF8(string(t.data[from:]), "\uFFFD")...)
	}
	if t.n++; t.n > sstMax {
		return detail(errBomb, "工作簿的文字表超过 %d 条", sstMax)
	}
	t.lens = append(t.lens, uint32(len(t.data)))
	if len(t.lens) < sstBlock {
		return nil
	}
	return t.flush()
}

// flush puts the block away, in memory or in the file.
func (t *sharedStrings) flush() error {
	if len(t.lens) == 0 {
		return nil
	}
	defer func() { t.lens, t.data = t.lens[:0], t.data[:0] }()
	if t.spill == nil && t.kept < sstMemory {
		b := &stringBlock{data: string(t.data), ends: append([]uint32(nil), t.lens...)}
		t.blocks = append(t.blocks, b)
		t.kept += b.cost()
		return nil
	}
	if t.spill == nil {
		spill, err := newSpill(t.dir)
		if err != nil {
			return err
		}
		t.spill = spill
	}
	t.block = binary.LittleEndian.AppendUint32(t.block[:0], uint32(len(t.lens)))
	for _, n := range t.lens {
		t.block = binary.LittleEndian.AppendUint32(t.block, n)
	}
	t.block = append(t.block, t.data...)
	return t.spill.append(t.block)
}

// get gives string i; ok is false if the table has no such string.
func (t *sharedStrings) get(i int) (s string, ok bool, err error) {
	if i < 0 || i >= t.n {
		return "", false, nil
	}
	k := i / sstBlock
	if k < len(t.blocks) {
		s, ok = t.blocks[k].get(i % sstBlock)
		return s, ok, nil
	}
	b, err := t.load(k - len(t.blocks))
	if err != nil {
		return "", false, err
	}
	s, ok = b.get(i % sstBlock)
	return s, ok, nil
}

// load brings a spilled block into the cache.
func (t *sharedStrings) load(k int) (*stringBlock, error) {
	if b := t.cache[k]; b != nil {
		return b, nil
	}
	raw, err := t.spill.read(k)
	if err != nil {
		return nil, err
	}
	n := int(binary.LittleEndian.Uint32(raw))
	b := &stringBlock{ends: make([]uint32, n), data: string(raw[4+4*n:])}
	for i := range b.ends {
		b.ends[i] = binary.LittleEndian.Uint32(raw[4+4*i:])
	}
	t.cache[k] = b
	t.queue = append(t.queue, k)
	t.bytes += b.cost()
	for t.bytes > sstCache && len(t.queue) > 1 {
		t.bytes -= t.cache[t.queue[0]].cost()
		delete(t.cache, t.queue[0])
		t.queue = t.queue[1:]
	}
	return b, nil
}

func (t *sharedStrings) close() error {
	if t == nil || t.spill == nil {
		return nil
	}
	err := t.spill.close()
	t.spill = nil
	return err
}
