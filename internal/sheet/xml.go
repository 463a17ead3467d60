package sheet

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// token is the kind of what xmlScanner.next found.
type token uint8

const (
	tokEOF token = iota
	tokStart
	tokEnd
	tokText
)

var (
	errXMLTag    = errors.New("xml: tag does not end or is too long")
	errXMLEntity = errors.New("xml: unknown entity")
	errXMLName   = errors.New("xml: tag without a name")
)

const (
	xmlBuffer = 64 << 10
	xmlMaxTag = 32 << 10
)

// xmlScanner walks through the mark-up of a workbook part without building anything: encoding/xml takes about ten
// times as long, and a workbook part needs no more than tags, attributes and text. A document type declaration
// is refused, so no entity can be declared, let alone expanded; names keep no prefix.
type xmlScanner struct {
	r          io.Reader
	buf        []byte
	start, end int
	eof        bool
	total      int64 // bytes read from r

	name      []byte // of the tag, without prefix; valid until the next call
	attrs     []byte // the tag's text behind the name
	closed    bool   // <name/>
	text      []byte // raw text, entities included unless cdata
	cdata     bool
	inCDATA   bool // the section goes on beyond the last token
	inComment bool
}

func newXML(r io.Reader) *xmlScanner {
	return &xmlScanner{r: r, buf: make([]byte, xmlBuffer)}
}

func (s *xmlScanner) reset(r io.Reader) {
	*s = xmlScanner{r: r, buf: s.buf}
}

// decode16 puts a decoder before a part in UTF-16, which the packaging standard allows beside UTF-8.
func (s *xmlScanner) decode16() error {
	for s.end < 4 {
		if err := s.fill(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	b := s.buf[:s.end]
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		s.start = 3
	}
	if utf16BOM(b) != 0 {
		r := io.MultiReader(bytes.NewReader(bytes.Clone(b)), s.r)
		s.reset(transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()))
	}
	return nil
}

// fill reads more, moving the window to the front if there is no room behind it.
func (s *xmlScanner) fill() error {
	if s.eof {
		return io.EOF
	}
	if s.end == len(s.buf) {
		if s.start == 0 {
			return errXMLTag
		}
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.total += int64(n)
		if err == io.EOF {
			s.eof = true
			if n > 0 {
				return nil
			}
			return io.EOF
		}
		if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// next gives the next tag or piece of text; long text comes in several pieces, cut between characters and entities.
func (s *xmlScanner) next() (token, error) {
	for {
		if s.inComment {
			if err := s.through("-->"); err != nil {
				return tokEOF, err
			}
			s.inComment = false
		}
		if s.inCDATA {
			return s.section()
		}
		if s.start == s.end {
			if err := s.fill(); err == io.EOF {
				return tokEOF, nil
			} else if err != nil {
				return tokEOF, err
			}
		}
		if s.buf[s.start] != '<' {
			return s.plain()
		}
		t, err := s.tag()
		if t != tokEOF || err != nil {
			return t, err
		}
	}
}

// plain gives text up to the next tag.
func (s *xmlScanner) plain() (token, error) {
	s.cdata = false
	for {
		w := s.buf[s.start:s.end]
		i := bytes.IndexByte(w, '<')
		if i >= 0 {
			s.text = w[:i]
			s.start += i
			return tokText, nil
		}
		if len(w) >= xmlBuffer/2 {
			n := cut(w)
			s.text = w[:n]
			s.start += n
			return tokText, nil
		}
		if err := s.fill(); err == io.EOF {
			s.text = s.buf[s.start:s.end]
			s.start = s.end
			return tokText, nil
		} else if err != nil {
			return tokEOF, err
		}
	}
}

// cut finds a place near the end of w that splits neither a character nor an entity.
func cut(w []byte) int {
	n := len(w)
	if i := bytes.LastIndexByte(w[n-16:], '&'); i >= 0 {
		n = n - 16 + i
	}
	for back := 0; back < utf8.UTFMax && n > 0 && n < len(w) && !utf8.RuneStart(w[n]); back++ {
		n--
	}
	if n == len(w) {
		for back := 1; back < utf8.UTFMax; back++ {
			if c := w[n-back]; utf8.RuneStart(c) {
				if c >= utf8.RuneSelf && !utf8.FullRune(w[n-back:]) {
					n -= back
				}
				break
			}
		}
	}
	return n
}

// section gives the next piece of a CDATA section.
func (s *xmlScanner) section() (token, error) {
	s.cdata = true
	for {
		w := s.buf[s.start:s.end]
		if i := bytes.Index(w, []byte("]]>")); i >= 0 {
			s.text = w[:i]
			s.start += i + 3
			s.inCDATA = false
			return tokText, nil
		}
		if len(w) >= xmlBuffer/2 {
			n := cut(w[:len(w)-2])
			s.text = w[:n]
			s.start += n
			return tokText, nil
		}
		if err := s.fill(); err == io.EOF {
			return tokEOF, io.ErrUnexpectedEOF
		} else if err != nil {
			return tokEOF, err
		}
	}
}

// through consumes up to and including mark.
func (s *xmlScanner) through(mark string) error {
	for {
		w := s.buf[s.start:s.end]
		if i := bytes.Index(w, []byte(mark)); i >= 0 {
			s.start += i + len(mark)
			return nil
		}
		s.start = max(s.start, s.end-len(mark)+1)
		if err := s.fill(); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
}

// tag reads what starts with '<'. It gives tokEOF without an error for what carries no content.
func (s *xmlScanner) tag() (token, error) {
	if kind := s.bareTag(); kind != tokEOF {
		return kind, nil
	}
	n, err := s.tagEnd()
	if err != nil {
		return tokEOF, err
	}
	if n == 0 { // a comment, a declaration or a section, handled
		return tokEOF, nil
	}
	body := s.buf[s.start+1 : s.start+n-1]
	s.start += n
	s.closed = false
	kind := tokStart
	switch {
	case len(body) > 0 && body[0] == '/':
		kind, body = tokEnd, body[1:]
	case len(body) > 0 && body[len(body)-1] == '/':
		s.closed, body = true, body[:len(body)-1]
	}
	i := 0
	colon := -1
	for i < len(body) && body[i] > ' ' {
		if body[i] == ':' {
			colon = i
		}
		i++
	}
	s.name, s.attrs = body[colon+1:i], body[i:]
	if len(s.name) == 0 {
		return tokEOF, errXMLName
	}
	return kind, nil
}

// bareTag reads <name> and </name>, which most tags of a sheet are; tokEOF leaves the tag to the general way.
func (s *xmlScanner) bareTag() token {
	w := s.buf[s.start:min(s.end, s.start+40)]
	if len(w) < 4 {
		return tokEOF
	}
	kind, from := tokStart, 1
	if w[1] == '/' {
		kind, from = tokEnd, 2
	}
	for i := from; i < len(w); i++ {
		switch c := w[i]; {
		case c == '>' && i > from:
			s.name, s.attrs, s.closed = w[from:i], nil, false
			s.start += i + 1
			return kind
		case c == ':':
			from = i + 1
		case c <= '?' && (c < '0' || c > '9'): // a blank, a slash, a quote, a bang: anything but a name
			return tokEOF
		}
	}
	return tokEOF
}

// tagEnd gives the length of the tag at the start of the window, with its brackets.
func (s *xmlScanner) tagEnd() (int, error) {
	for {
		w := s.buf[s.start:s.end]
		if len(w) > 1 && (w[1] == '!' || w[1] == '?') {
			return 0, s.special()
		}
		if n := tagLength(w); n > xmlMaxTag || n == 0 && len(w) > xmlMaxTag {
			return 0, errXMLTag
		} else if n > 0 {
			return n, nil
		}
		if err := s.fill(); err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		} else if err != nil {
			return 0, err
		}
	}
}

// tagLength finds the bracket that ends the tag at the start of w, 0 if it is not there. An attribute's value may
// hold a bracket, too.
func tagLength(w []byte) int {
	n := bytes.IndexByte(w, '>') + 1
	if n == 0 || bytes.IndexByte(w[:n], '\'') < 0 && bytes.Count(w[:n], []byte{'"'})%2 == 0 {
		return n
	}
	var open byte
	for i, c := range w {
		switch {
		case open != 0:
			if c == open {
				open = 0
			}
		case c == '"' || c == '\'':
			open = c
		case c == '>':
			return i + 1
		}
	}
	return 0
}

// special handles comments, processing instructions and CDATA sections, and refuses declarations.
func (s *xmlScanner) special() error {
	for s.end-s.start < 9 {
		if err := s.fill(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	w := s.buf[s.start:s.end]
	switch {
	case bytes.HasPrefix(w, []byte("<!--")):
		s.start += 4
		s.inComment = true
		return nil
	case bytes.HasPrefix(w, []byte("<![CDATA[")):
		s.start += 9
		s.inCDATA = true
		return nil
	case bytes.HasPrefix(w, []byte("<?")):
		return s.through("?>")
	}
	return errDTD
}
