package sheet

import (
	"bytes"
	"unicode/utf8"
)

// attr gives the value of an attribute by its local name.
func (s *xmlScanner) attr(name string) (value []byte, ok bool) {
	rest := s.attrs
	for {
		var n, v []byte
		if n, v, rest = nextAttr(rest); n == nil {
			return nil, false
		}
		if string(n) == name {
			return v, true
		}
	}
}

// text of an attribute, entities resolved.
func (s *xmlScanner) attrString(name string) string {
	v, _ := s.attr(name)
	out, err := appendText(nil, v)
	if err != nil {
		return string(v)
	}
	return string(out)
}

// nextAttr cuts the first attribute off; n is nil when there is none.
func nextAttr(b []byte) (n, v, rest []byte) {
	i := 0
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	from := i
	for i < len(b) && b[i] != '=' && b[i] > ' ' {
		if b[i] == ':' {
			from = i + 1
		}
		i++
	}
	n = b[from:i]
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	if i >= len(b) || b[i] != '=' {
		return nil, nil, nil
	}
	for i++; i < len(b) && b[i] <= ' '; i++ {
	}
	if i >= len(b) || b[i] != '"' && b[i] != '\'' {
		return nil, nil, nil
	}
	end := bytes.IndexByte(b[i+1:], b[i])
	if end < 0 {
		return nil, nil, nil
	}
	return n, b[i+1 : i+1+end], b[i+2+end:]
}

// appendText appends raw text with the five predefined entities and character references resolved.
func appendText(dst, raw []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return append(dst, raw...), nil
		}
		dst = append(dst, raw[:i]...)
		raw = raw[i+1:]
		end := bytes.IndexByte(raw, ';')
		if end <= 0 || end > 12 {
			return dst, errXMLEntity
		}
		name := raw[:end]
		raw = raw[end+1:]
		switch string(name) {
		case "amp":
			dst = append(dst, '&')
		case "lt":
			dst = append(dst, '<')
		case "gt":
			dst = append(dst, '>')
		case "quot":
			dst = append(dst, '"')
		case "apos":
			dst = append(dst, '\'')
		default:
			r, ok := charRef(name)
			if !ok {
				return dst, errXMLEntity
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
}

// charRef reads #65 or #x41. What XML allows nowhere becomes the replacement character.
func charRef(name []byte) (rune, bool) {
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], rune(10)
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	if len(digits) == 0 {
		return 0, false
	}
	var r rune
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case base == 16 && c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case base == 16 && c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		if r = r*base + rune(c); r > utf8.MaxRune {
			return utf8.RuneError, true
		}
	}
	if r == 0 || r >= 0xd800 && r < 0xe000 {
		return utf8.RuneError, true
	}
	return r, true
}
