package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"gongxin/internal/catalog"
)

// Seal hides a sensitive value; field is bound into it.
type Seal func(field, plain string) string

// EncodeBody writes a row's values as a JSON object in the catalogue's order, without the empty ones. Values of sensitive fields, and those in
// hide (by index), are sealed.
func EncodeBody(fields []catalog.Field, v catalog.Values, hide []bool, seal Seal) string {
	n := 2
	for i := range v {
		if v[i] != "" {
			n += len(v[i]) + len(fields[i].Code) + 6
		}
	}
	buf := append(make([]byte, 0, n+16), '{')
	for i := range v {
		if v[i] == "" {
			continue
		}
		if len(buf) > 1 {
			buf = append(buf, ',')
		}
		value := v[i]
		if fields[i].Sensitive || (hide != nil && hide[i]) {
			value = seal(fields[i].Code, value)
		}
		buf = appendString(buf, fields[i].Code)
		buf = append(buf, ':')
		buf = appendString(buf, value)
	}
	return string(append(buf, '}'))
}

// appendString appends s as a JSON string (RFC 8259): quotes, backslashes and control characters escaped, all else as it is.
func appendString(buf []byte, s string) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		buf = append(buf, s[start:i]...)
		if c == '"' || c == '\\' {
			buf = append(buf, '\\', c)
		} else {
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		start = i + 1
	}
	return append(append(buf, s[start:]...), '"')
}

// DecodeBody reads what EncodeBody wrote; sealed values stay sealed.
func DecodeBody(body string) (map[string]string, error) {
	if out, ok := decodePlain(body); ok {
		return out, nil
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		return nil, fmt.Errorf("record: body: %w", err)
	}
	return out, nil
}

// decodePlain reads a flat object of strings without escapes and blanks, which nearly every body is; the values share the body's memory. Anything
// else it leaves to the library.
func decodePlain(body string) (map[string]string, bool) {
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' || strings.IndexByte(body, '\\') >= 0 || !utf8.ValidString(body) {
		return nil, false
	}
	rest := body[1 : len(body)-1]
	out := make(map[string]string, strings.Count(rest, `":"`))
	for rest != "" {
		name, after, ok := plainString(rest)
		if !ok || after == "" || after[0] != ':' {
			return nil, false
		}
		value, after, ok := plainString(after[1:])
		if !ok {
			return nil, false
		}
		out[name] = value
		if after != "" && (after[0] != ',' || len(after) == 1) {
			return nil, false
		}
		rest = strings.TrimPrefix(after, ",")
	}
	return out, true
}

// plainString takes a quoted string without escapes and control characters off the front.
func plainString(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	n := strings.IndexByte(s[1:], '"')
	if n < 0 {
		return "", "", false
	}
	text = s[1 : 1+n]
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' {
			return "", "", false
		}
	}
	return text, s[2+n:], true
}
