package pdf

import (
	"strconv"
)

// The kinds of objects that a file holds; numbers are float64, booleans bool, null nil.
type (
	// Name is a name object.
	Name string
	// Str is a string object, and where in the file it stands.
	Str struct {
		Bytes      []byte
		Start, End int // -1 within an object stream
		Hex        bool
	}
	// Ref is a reference to an indirect object.
	Ref int
	// Array is an array object.
	Array []any
	// Dict is a dictionary.
	Dict map[Name]any
	// Stream is a dictionary with its bytes, still packed.
	Stream struct {
		Dict Dict
		Raw  []byte
	}
	operator string // of a content stream
)

// maxDepth bounds how deep arrays and dictionaries nest.
const maxDepth = 64

// parser reads objects from bytes. It never reads behind them and never recurses deeper than maxDepth.
type parser struct {
	b       []byte
	at      int
	depth   int
	content bool // operators may stand among the objects
	inside  bool // b is no part of the file itself
}

func space(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func delimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (p *parser) skip() {
	for p.at < len(p.b) {
		switch c := p.b[p.at]; {
		case space(c):
			p.at++
		case c == '%':
			for p.at < len(p.b) && p.b[p.at] != '\n' && p.b[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

func (p *parser) word() string {
	from := p.at
	for p.at < len(p.b) && !space(p.b[p.at]) && !delimiter(p.b[p.at]) {
		p.at++
	}
	return string(p.b[from:p.at])
}

// literal takes a fixed text if it comes next.
func (p *parser) literal(s string) bool {
	p.skip()
	if len(p.b)-p.at < len(s) || string(p.b[p.at:p.at+len(s)]) != s {
		return false
	}
	p.at += len(s)
	return true
}

// object reads one object.
func (p *parser) object() (any, error) {
	p.skip()
	if p.at >= len(p.b) || p.depth > maxDepth {
		return nil, ErrFile
	}
	p.depth++
	defer func() { p.depth-- }()
	switch c := p.b[p.at]; {
	case c == '/':
		p.at++
		return p.name()
	case c == '(':
		return p.str()
	case c == '[':
		p.at++
		return p.array()
	case c == '<' && p.at+1 < len(p.b) && p.b[p.at+1] == '<':
		p.at += 2
		return p.dict()
	case c == '<':
		return p.hex()
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return p.numeric()
	}
	switch w := p.word(); {
	case w == "true":
		return true, nil
	case w == "false":
		return false, nil
	case w == "null":
		return nil, nil
	case p.content && w != "":
		return operator(w), nil
	}
	return nil, ErrFile
}

func (p *parser) name() (any, error) {
	w := p.word()
	out := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			n, err := strconv.ParseUint(w[i+1:i+3], 16, 8)
			if err != nil {
				return nil, ErrFile
			}
			out = append(out, byte(n))
			i += 2
			continue
		}
		out = append(out, w[i])
	}
	return Name(out), nil
}

// str reads a literal string as this program writes it: balanced, and escapes of a character by itself.
func (p *parser) str() (any, error) {
	start, open := p.at, 0
	var out []byte
	for ; p.at < len(p.b); p.at++ {
		switch c := p.b[p.at]; c {
		case '(':
			if open++; open > 1 {
				out = append(out, c)
			}
		case ')':
			if open--; open == 0 {
				p.at++
				return p.placed(Str{Bytes: out, Start: start, End: p.at}), nil
			}
			out = append(out, c)
		case '\\':
			if p.at++; p.at < len(p.b) {
				out = append(out, p.b[p.at])
			}
		default:
			out = append(out, c)
		}
	}
	return nil, ErrFile
}

// placed takes the place from a string that stands in no file.
func (p *parser) placed(s Str) Str {
	if p.inside {
		s.Start, s.End = -1, -1
	}
	return s
}

func (p *parser) hex() (any, error) {
	start := p.at
	p.at++
	var out []byte
	half, high := false, byte(0)
	for ; p.at < len(p.b); p.at++ {
		c := p.b[p.at]
		var v byte
		switch {
		case c == '>':
			if half {
				out = append(out, high<<4)
			}
			p.at++
			return p.placed(Str{Bytes: out, Start: start, End: p.at, Hex: true}), nil
		case c >= '0' && c <= '9':
			v = c - '0'
		case c >= 'a' && c <= 'f':
			v = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			v = c - 'A' + 10
		case space(c):
			continue
		default:
			return nil, ErrFile
		}
		if half {
			out = append(out, high<<4|v)
		}
		half, high = !half, v
	}
	return nil, ErrFile
}

func (p *parser) array() (any, error) {
	out := Array{}
	for {
		p.skip()
		if p.at < len(p.b) && p.b[p.at] == ']' {
			p.at++
			return out, nil
		}
		v, err := p.object()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (p *parser) dict() (any, error) {
	out := Dict{}
	for {
		if p.literal(">>") {
			return out, nil
		}
		key, err := p.object()
		if err != nil {
			return nil, err
		}
		name, ok := key.(Name)
		if _, twice := out[name]; !ok || twice {
			return nil, ErrFile
		}
		if out[name], err = p.object(); err != nil {
			return nil, err
		}
	}
}

// numeric reads a number, or a reference: two whole numbers and R.
func (p *parser) numeric() (any, error) {
	w := p.word()
	n, err := strconv.ParseFloat(w, 64)
	if err != nil || n != n || n > 1e15 || n < -1e15 {
		return nil, ErrFile
	}
	if p.content || n != float64(int(n)) || n < 0 {
		return n, nil
	}
	back := p.at
	p.skip()
	if p.word() == "0" {
		p.skip()
		if p.word() == "R" {
			return Ref(int(n)), nil
		}
	}
	p.at = back
	return n, nil
}
