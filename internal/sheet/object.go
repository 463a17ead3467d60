package sheet

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// objectParser reads one flat JSON object. It keeps numbers as they are spelled, which a detour over float64 would
// not, and it refuses what the general decoder lets pass: duplicate keys, nested values, lone surrogates.
type objectParser struct {
	b       []byte
	i       int
	scratch []byte
	cells   []cellSpan
}

type cellSpan struct{ from, to int }

func (p *objectParser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *objectParser) take(c byte) bool {
	if p.peek() != c || p.i >= len(p.b) {
		return false
	}
	p.i++
	return true
}

func (p *objectParser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// parse reads the object b into dst's Keys and Cells.
func (j *objects) parse(dst *Row, b []byte) *RowProblem {
	p := &j.p
	p.b, p.i, p.scratch, p.cells = b, 0, p.scratch[:0], p.cells[:0]
	j.serial++
	if !p.take('{') {
		return badJSON("这一行不是对象（应以 { 开头）")
	}
	var bad *RowProblem
	p.space()
	for first := true; !p.take('}'); first = false {
		if !first {
			if !p.take(',') {
				return p.syntax()
			}
			p.space()
		}
		name, problem := j.keyOf(p)
		if problem != nil {
			return problem
		}
		if problem = p.value(len(dst.Keys)); problem != nil {
			if problem.Code == 0 {
				return p.syntax()
			}
			bad = problem
		}
		dst.Keys = append(dst.Keys, name)
		p.space()
	}
	p.space()
	if p.i < len(p.b) {
		return badJSON("对象后面还有多余的内容（第 %d 个字节起）", p.i+1)
	}
	s := string(p.scratch)
	for i, c := range p.cells {
		dst.Cells = append(dst.Cells, s[c.from:c.to])
		if c.to-c.from > j.o.MaxCell && bad == nil {
			bad = badCellLength(i, j.o.MaxCell)
		}
	}
	if bad == nil && strings.IndexByte(s, 0) >= 0 {
		bad = badNUL()
	}
	return bad
}

func (p *objectParser) syntax() *RowProblem {
	return badJSON("JSON 写法有误（这个对象的第 %d 个字节处）", min(p.i, len(p.b))+1)
}

// keyOf reads a key with its colon and gives the column's name.
func (j *objects) keyOf(p *objectParser) (string, *RowProblem) {
	from := len(p.scratch)
	raw, ok := p.str(p.scratch)
	if !ok {
		return "", p.syntax()
	}
	key := raw[from:]
	p.scratch = raw[:from]
	p.space()
	if !p.take(':') {
		return "", p.syntax()
	}
	p.space()
	col, ok := j.index[string(key)]
	if !ok {
		name := columnName(string(key))
		if col, ok = j.names[name]; !ok {
			if len(j.header) >= j.o.MaxColumns {
				return "", badJSON("文件里不同的键超过 %d 个", j.o.MaxColumns)
			}
			col = len(j.header)
			j.header = append(j.header, name)
			j.stamp = append(j.stamp, 0)
			j.names[name] = col
		}
		if len(j.index) < 4*j.o.MaxColumns { // spellings that differ by blanks only
			j.index[string(key)] = col
		}
	}
	if j.stamp[col] == j.serial {
		return "", badJSON("同一个键写了两次（第 %d 栏）", col+1)
	}
	j.stamp[col] = j.serial
	return j.header[col], nil
}

// value reads a value into the next cell. A problem without a code is an error of syntax; others leave the parser
// behind the value.
func (p *objectParser) value(col int) *RowProblem {
	from := len(p.scratch)
	ok := true
	var bad *RowProblem
	switch c := p.peek(); { //nolint:staticcheck // QF1002: one case is a range
	case c == '"':
		p.scratch, ok = p.str(p.scratch)
	case c == '{' || c == '[':
		bad = badJSON("第 %d 栏的值是嵌套的对象或数组", col+1)
		ok = p.skipValue()
	case c == 't':
		ok = p.word("true")
	case c == 'f':
		ok = p.word("false")
	case c == 'n':
		ok = p.word("null")
		p.scratch = p.scratch[:from]
	default:
		ok = p.number()
	}
	if !ok {
		return &RowProblem{}
	}
	p.cells = append(p.cells, cellSpan{from, len(p.scratch)})
	return bad
}

func (p *objectParser) word(w string) bool {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return false
	}
	p.i += len(w)
	p.scratch = append(p.scratch, w...)
	if w == "null" {
		p.scratch = p.scratch[:len(p.scratch)-len(w)]
	}
	return true
}

// number checks the grammar of RFC 8259 §6 and keeps the spelling.
func (p *objectParser) number() bool {
	from := p.i
	p.take('-')
	if !p.take('0') && p.digits() == 0 {
		return false
	}
	if p.take('.') && p.digits() == 0 {
		return false
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if p.digits() == 0 {
			return false
		}
	}
	p.scratch = append(p.scratch, p.b[from:p.i]...)
	return true
}

func (p *objectParser) digits() int {
	n := 0
	for p.peek() >= '0' && p.peek() <= '9' {
		p.i++
		n++
	}
	return n
}

// str reads a string at the parser's place and appends its value to dst.
func (p *objectParser) str(dst []byte) ([]byte, bool) {
	if !p.take('"') {
		return dst, false
	}
	for {
		from := p.i
		for p.i < len(p.b) && p.b[p.i] != '"' && p.b[p.i] != '\\' && p.b[p.i] >= 0x20 {
			p.i++
		}
		dst = append(dst, p.b[from:p.i]...)
		if p.take('"') {
			return dst, true
		}
		if !p.take('\\') || p.i >= len(p.b) {
			return dst, false
		}
		c := p.b[p.i]
		p.i++
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := p.unicode()
			if !ok {
				return dst, false
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, false
		}
	}
}

// unicode reads the digits behind \u, and the second half of a surrogate pair.
func (p *objectParser) unicode() (rune, bool) {
	r, ok := p.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !p.take('\\') || !p.take('u') {
		return 0, false
	}
	low, ok := p.hex()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != utf8.RuneError
}

func (p *objectParser) hex() (r rune, ok bool) {
	if len(p.b)-p.i < 4 {
		return 0, false
	}
	for _, c := range p.b[p.i : p.i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	p.i += 4
	return r, true
}

// skipValue passes over any value by its brackets and quotes, without recursion.
func (p *objectParser) skipValue() bool {
	depth := 0
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case '"':
			if !p.skipString() {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return true
			}
			if depth--; depth == 0 {
				p.i++
				return true
			}
		case ',':
			if depth == 0 {
				return true
			}
		}
		p.i++
	}
	return false
}

func (p *objectParser) skipString() bool {
	for p.i++; p.i < len(p.b); p.i++ {
		switch p.b[p.i] {
		case '\\':
			p.i++
		case '"':
			p.i++
			return true
		}
	}
	return false
}
