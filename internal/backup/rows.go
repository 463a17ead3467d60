package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// kind is what a column holds, whatever the engine calls it.
type kind string

const (
	kindInt  kind = "int"
	kindReal kind = "real"
	kindText kind = "text"
	kindBlob kind = "blob"
)

// A row is one line: a JSON array with a cell per column. Integers are numbers, text is a string, bytes are base64 in a string, nothing is
// null; text that is no UTF-8 is {"x":base64}.

// rowWriter builds one row from what the driver hands out, cell by cell, without keeping anything of it.
type rowWriter struct {
	buf   []byte
	cells []any // of *cell, as Scan's arguments
}

type cell struct {
	row   *rowWriter
	kind  kind
	first bool
}

func newRowWriter(kinds []kind) *rowWriter {
	w := &rowWriter{}
	for i, k := range kinds {
		w.cells = append(w.cells, &cell{row: w, kind: k, first: i == 0})
	}
	return w
}

// Scan appends a value of the driver to the row.
func (c *cell) Scan(v any) error {
	b := c.row.buf
	if c.first {
		b = append(b[:0], '[')
	} else {
		b = append(b, ',')
	}
	switch x := v.(type) {
	case nil:
		b = append(b, "null"...)
	case int64:
		if c.kind != kindInt && c.kind != kindReal {
			return fmt.Errorf("an integer in a column of %s", c.kind)
		}
		b = strconv.AppendInt(b, x, 10)
	case float64:
		if c.kind != kindReal || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("a fraction in a column of %s", c.kind)
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	case string:
		if c.kind != kindText {
			return fmt.Errorf("text in a column of %s", c.kind)
		}
		b = appendText(b, x)
	case []byte:
		if c.kind == kindText {
			b = appendText(b, string(x))
			break
		}
		if c.kind != kindBlob {
			return fmt.Errorf("bytes in a column of %s", c.kind)
		}
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, x)
		b = append(b, '"')
	default:
		return fmt.Errorf("a value of type %T", v)
	}
	c.row.buf = b
	return nil
}

// line ends the row.
func (w *rowWriter) line() []byte {
	w.buf = append(w.buf, ']', '\n')
	return w.buf
}

func appendText(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		b = append(b, `{"x":"`...)
		b = base64.StdEncoding.AppendEncode(b, []byte(s))
		return append(b, `"}`...)
	}
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
			continue
		}
		b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

const hexDigits = "0123456789abcdef"

var errRow = errors.New("backup: not a row of this table")

// parseRow reads a line into values for the database. Values do not share memory with the line.
func parseRow(line []byte, kinds []kind, into []any) error {
	rest, ok := bytes.CutPrefix(line, []byte("["))
	if !ok {
		return errRow
	}
	var err error
	for i, k := range kinds {
		if i > 0 {
			if rest, ok = bytes.CutPrefix(rest, []byte(",")); !ok {
				return errRow
			}
		}
		if into[i], rest, err = parseCell(rest, k); err != nil {
			return err
		}
	}
	if len(rest) != 1 || rest[0] != ']' {
		return errRow
	}
	return nil
}

func parseCell(b []byte, k kind) (value any, rest []byte, err error) {
	if rest, ok := bytes.CutPrefix(b, []byte("null")); ok {
		return nil, rest, nil
	}
	if k == kindInt || k == kindReal {
		end := bytes.IndexAny(b, ",]")
		if end < 0 {
			return nil, nil, errRow
		}
		if k == kindInt {
			value, err = strconv.ParseInt(string(b[:end]), 10, 64)
		} else {
			value, err = strconv.ParseFloat(string(b[:end]), 64)
		}
		if err != nil {
			return nil, nil, errRow
		}
		return value, b[end:], nil
	}
	raw := false
	if k == kindText {
		b, raw = bytes.CutPrefix(b, []byte(`{"x":`))
	}
	inner, rest, err := parseString(b)
	if err != nil {
		return nil, nil, err
	}
	if k == kindText && !raw {
		return inner, rest, nil
	}
	content, err := base64.StdEncoding.DecodeString(inner)
	if err != nil {
		return nil, nil, errRow
	}
	if !raw {
		return content, rest, nil
	}
	rest, ok := bytes.CutPrefix(rest, []byte("}"))
	if !ok || utf8.Valid(content) { // one spelling for one value
		return nil, nil, errRow
	}
	return string(content), rest, nil
}

// parseString reads a JSON string at the beginning of b.
func parseString(b []byte) (string, []byte, error) {
	if len(b) == 0 || b[0] != '"' {
		return "", nil, errRow
	}
	plain := true
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			if plain {
				s := string(b[1:i])
				if !utf8.ValidString(s) {
					return "", nil, errRow
				}
				return s, b[i+1:], nil
			}
			var s string
			if err := json.Unmarshal(b[:i+1], &s); err != nil {
				return "", nil, errRow
			}
			return s, b[i+1:], nil
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			return "", nil, errRow
		}
	}
	return "", nil, errRow
}

// digest is a sum of the SHA-256 of each row, modulo 2^256: equal for equal sets of rows whatever order an engine gives them in.
// It finds what was lost, added twice or changed on the way; against somebody who forges backups there are the files' hashes and the public log.
type digest [4]uint64

func (d *digest) add(line []byte) {
	h := sha256.Sum256(line)
	var carry uint64
	for i := range d {
		d[i], carry = bits.Add64(d[i], binary.LittleEndian.Uint64(h[i*8:]), carry)
	}
}

func (d *digest) String() string {
	var b [32]byte
	for i, x := range d {
		binary.LittleEndian.PutUint64(b[i*8:], x)
	}
	return hex.EncodeToString(b[:])
}
