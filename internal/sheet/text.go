package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// encoding is the character encoding of a text file.
type encoding uint8

const (
	encUTF8 encoding = iota
	encGB18030
	encUTF16LE
	encUTF16BE
)

func (e encoding) String() string {
	switch e {
	case encGB18030:
		return "GB18030"
	case encUTF16LE, encUTF16BE:
		return "UTF-16"
	default:
		return "UTF-8"
	}
}

// detectLen is the prefix that decides the encoding.
const detectLen = 1 << 20

// errLong says that a line or record does not fit the buffer; callers turn it into a refusal or a bad row.
var errLong = errors.New("line too long")

// text gives a window of decoded UTF-8 over a file and counts its lines. The buffer grows to the longest record
// and never beyond limit.
type text struct {
	f     *os.File
	size  int64
	bom   int64
	enc   encoding
	sure  bool // enc is settled; false while only ASCII has been seen
	nl    byte // '\n', or '\r' in files that know no other line end
	limit int

	raw        *countReader
	src        io.Reader
	buf        []byte
	start, end int
	eof        bool
	line       int // physical line of buf[start]
}

type countReader struct {
	r io.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// newText settles the encoding by a large prefix and stands at the beginning.
func newText(f *os.File, size int64, limit int) (*text, error) {
	t := &text{f: f, size: size, limit: limit, nl: '\n'}
	head := make([]byte, min(size, detectLen))
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("sheet: read: %w", err)
	}
	head = head[:n]
	switch utf16BOM(head) {
	case 1:
		t.enc, t.bom, t.sure = encUTF16LE, 2, true
	case 2:
		t.enc, t.bom, t.sure = encUTF16BE, 2, true
	default:
		if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
			t.bom, t.sure = 3, true
		} else if t.enc, t.sure, err = detect(head); err != nil {
			return nil, err
		}
		if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
			t.nl = '\r'
		}
	}
	t.restart()
	return t, nil
}

// detect chooses between UTF-8 and GB 18030 by validity. A single broken character in a long UTF-8 text is left to
// its row; text that is neither is refused. sure is false for pure ASCII.
func detect(b []byte) (enc encoding, sure bool, err error) {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if _, n := utf8.DecodeRune(b[i:]); n > 1 {
			good++
			i += n
			continue
		}
		if !utf8.FullRune(b[i:]) {
			break // cut by the end of the prefix
		}
		bad++
		i++
	}
	if bad == 0 {
		return encUTF8, good > 0, nil
	}
	// GB text read as UTF-8 is almost nothing but errors: two bytes each, and only a few pairs pass by chance.
	if good > 2*bad {
		return encUTF8, true, nil
	}
	out, _ := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	bad = bytes.Count(out, []byte("\uFFFD"))
	good = utf8.RuneCount(out) - bad
	for _, c := range out {
		if c < utf8.RuneSelf {
			good--
		}
	}
	if bad*4 > good {
		return 0, false, errEncoding
	}
	return encGB18030, true, nil
}

// restart goes back to the first line.
func (t *text) restart() {
	t.raw = &countReader{r: io.NewSectionReader(t.f, t.bom, t.size-t.bom)}
	switch t.enc {
	case encGB18030:
		t.src = transform.NewReader(t.raw, simplifiedchinese.GB18030.NewDecoder())
	case encUTF16LE:
		t.src = transform.NewReader(t.raw, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case encUTF16BE:
		t.src = transform.NewReader(t.raw, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	default:
		t.src = t.raw
	}
	if t.buf == nil {
		t.buf = make([]byte, min(256<<10, t.limit))
	}
	t.start, t.end, t.eof, t.line = 0, 0, false, 1
}

// window is what has been read and not consumed.
func (t *text) window() []byte { return t.buf[t.start:t.end] }

// fill reads more behind the window. It returns io.EOF at the end and errLong when the window has reached the limit.
func (t *text) fill() error {
	if t.eof {
		return io.EOF
	}
	if t.end == len(t.buf) && t.start > 0 {
		t.end = copy(t.buf, t.buf[t.start:t.end])
		t.start = 0
	}
	if t.end == len(t.buf) {
		if len(t.buf) >= t.limit {
			return errLong
		}
		grown := make([]byte, min(2*len(t.buf), t.limit))
		copy(grown, t.buf[:t.end])
		t.buf = grown
	}
	for range 100 {
		n, err := t.src.Read(t.buf[t.end:])
		t.end += n
		if err == io.EOF {
			t.eof = true
			if n > 0 {
				return nil
			}
			return io.EOF
		}
		if err != nil {
			return fmt.Errorf("sheet: read: %w", err)
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// physical finds the line that starts at offset from of the window: its content ends at end, the next line starts
// at next. io.EOF means that nothing is left there.
func (t *text) physical(from int) (end, next int, err error) {
	seen := from
	for {
		w := t.window()
		if i := bytes.IndexByte(w[seen:], t.nl); i >= 0 {
			end = seen + i
			next = end + 1
			if end > from && w[end-1] == '\r' {
				end--
			}
			return end, next, nil
		}
		seen = len(w)
		switch err := t.fill(); err {
		case nil:
		case io.EOF:
			if seen == from {
				return 0, 0, io.EOF
			}
			end = seen
			if w = t.window(); w[end-1] == 0x1a { // Ctrl-Z, the end mark of old systems
				end--
			}
			return end, seen, nil
		default:
			return 0, 0, err
		}
	}
}

// advance consumes n bytes that hold the given number of line ends.
func (t *text) advance(n, lines int) {
	t.start += n
	t.line += lines
}

// discardLine consumes up to the next line end without keeping anything.
func (t *text) discardLine() error {
	for {
		if i := bytes.IndexByte(t.window(), t.nl); i >= 0 {
			t.advance(i+1, 1)
			return nil
		}
		t.start = t.end
		if err := t.fill(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// verdict is what check says about a record.
type verdict uint8

const (
	fine verdict = iota
	invalid
	redecoded // the encoding was found only now; the window has changed, read the record again
)

// check tells whether b, a part of the window that starts the current record, is valid in the file's encoding. A
// file that has been plain ASCII so far may turn out to be GB 18030 here.
func (t *text) check(b []byte) verdict {
	switch {
	case t.enc != encUTF8:
		if bytes.Contains(b, []byte("\uFFFD")) {
			return invalid
		}
		return fine
	case utf8.Valid(b):
		if !t.sure {
			t.sure = !ascii(b)
		}
		return fine
	case t.sure:
		return invalid
	}
	t.sure = true
	if enc, _, err := detect(b); err != nil || enc != encGB18030 {
		return invalid
	}
	rest := bytes.Clone(t.window())
	t.enc = encGB18030
	t.src = transform.NewReader(io.MultiReader(bytes.NewReader(rest), t.raw), simplifiedchinese.GB18030.NewDecoder())
	t.start, t.end, t.eof = 0, 0, false
	return redecoded
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (t *text) progress() (done, total int64) {
	return min(max(t.bom+t.raw.n-int64(t.end-t.start), 0), t.size), t.size
}
