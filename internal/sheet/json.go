package sheet

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// shape is the outer form of a JSON file.
type shape uint8

const (
	notJSON shape = iota
	jsonLines
	jsonArray
	jsonRows // {"rows":[…]}
)

const space = " \t\r\n"

// sniffJSON tells whether a text is JSON and of which form. A table that begins with a bracket is not: in JSON the
// next character must be an object's or an array's end.
func sniffJSON(t *text, name string) (shape, error) {
	for len(t.window()) < min(sniffLen, t.limit) {
		if err := t.fill(); err == io.EOF {
			break
		} else if err != nil {
			return 0, err
		}
	}
	w := bytes.TrimLeft(t.window(), space+"\uFEFF")
	low := strings.ToLower(name)
	hinted := strings.HasSuffix(low, ".json") || strings.HasSuffix(low, ".ndjson") || strings.HasSuffix(low, ".jsonl")
	if len(w) == 0 {
		return notJSON, nil
	}
	second := bytes.TrimLeft(w[1:], space)
	switch {
	case w[0] == '[' && len(second) > 0 && (second[0] == '{' || second[0] == ']'):
		return jsonArray, nil
	case w[0] == '{' && len(second) > 0 && (second[0] == '"' || second[0] == '}'):
		return objectShape(w)
	case hinted && w[0] == '[':
		return 0, detail(errJSON, "JSON 数组里应是对象 {…}，而文件不是")
	case hinted:
		return 0, detail(errJSON, "文件名像是 JSON，但内容不以 { 或 [ 开头")
	}
	return notJSON, nil
}

// objectShape looks into the first object: a key "rows" with an array makes it the wrapper of the rows. An object
// spread over several lines that is not the wrapper is no NDJSON.
func objectShape(w []byte) (shape, error) {
	p := objectParser{b: w, i: 1}
	for first := true; ; first = false {
		p.space()
		if p.peek() == '}' {
			break
		}
		if !first && !p.take(',') {
			return jsonLines, nil // broken: the line's own check will say so
		}
		p.space()
		key, ok := p.str(nil)
		p.space()
		if !ok || !p.take(':') {
			break
		}
		p.space()
		if string(key) == "rows" && p.peek() == '[' {
			return jsonRows, nil
		}
		if !p.skipValue() {
			break
		}
	}
	if bytes.IndexByte(w[:min(p.i, len(w))], '\n') >= 0 {
		return 0, detail(errJSON, "一个对象写在了几行里；逐行 JSON（NDJSON）要求每行一个完整对象")
	}
	return jsonLines, nil
}

// objects reads the rows of a JSON file.
type objects struct {
	t      *text
	o      Options
	shape  shape
	inside bool // the array has been entered
	after  bool // a row of the array has been read
	over   bool // the array has ended

	header []string
	index  map[string]int // by the key as spelled in the file
	names  map[string]int // by the trimmed name
	stamp  []int          // per column: the row that had it last
	serial int
	p      objectParser
}

func newObjects(t *text, s shape, o Options) (*objects, error) {
	t.restart()
	return &objects{t: t, o: o, shape: s, index: map[string]int{}, names: map[string]int{}}, nil
}

func (j *objects) next(dst *Row) error {
	dst.Bad = nil
	dst.Cells, dst.Keys = dst.Cells[:0], dst.Keys[:0]
	if j.shape == jsonLines {
		return j.nextLine(dst)
	}
	return j.nextElement(dst)
}

func (j *objects) nextLine(dst *Row) error {
	for {
		end, next, err := j.t.physical(0)
		dst.Line = j.t.line
		if err == errLong {
			dst.Bad = badLineLength(j.t.limit)
			return j.t.discardLine()
		} else if err != nil {
			return err
		}
		b := bytes.Trim(j.t.window()[:end], space+"\uFEFF")
		if len(b) == 0 {
			j.t.advance(next, 1)
			continue
		}
		if j.row(dst, b) {
			continue
		}
		j.t.advance(next, 1)
		return nil
	}
}

// row parses one object into dst. It reports true when the text has to be read again in another encoding.
func (j *objects) row(dst *Row, b []byte) (again bool) {
	switch j.t.check(b) {
	case redecoded:
		return true
	case invalid:
		dst.Bad = badEncoding(j.t.enc.String())
		return false
	}
	if bytes.IndexByte(b, 0) >= 0 {
		dst.Bad = badNUL()
		return false
	}
	dst.Bad = j.parse(dst, b)
	return false
}

// nextElement reads the next element of the array. Elements are cut out by their brackets first, so that an error
// within one is an error of that row only.
func (j *objects) nextElement(dst *Row) error {
	if !j.inside {
		if err := j.enter(); err != nil {
			return err
		}
		j.inside = true
	}
	if j.over {
		return io.EOF
	}
	b, err := j.skip()
	if err != nil {
		return j.broken(err)
	}
	if b == ']' {
		j.t.advance(1, 0)
		j.over = true
		if err := j.leave(); err != nil {
			return err
		}
		return io.EOF
	}
	if j.after {
		if b != ',' {
			return j.broken(nil)
		}
		j.t.advance(1, 0)
		if _, err = j.skip(); err != nil {
			return j.broken(err)
		}
	}
	j.after = true
	for {
		dst.Line = j.t.line
		n, err := j.valueEnd()
		if err != nil {
			return j.broken(err)
		}
		v := j.t.window()[:n]
		if n == 0 {
			return j.broken(nil)
		}
		if v[0] != '{' {
			dst.Bad = badJSON("数组里的这一项不是对象")
		} else if j.row(dst, v) {
			continue
		}
		j.consume(n)
		return nil
	}
}

// broken makes the refusal for a file whose outer structure is wrong; rows before it have been read.
func (j *objects) broken(err error) error {
	switch {
	case err == errLong:
		return detail(errLineTooLong, "第 %d 行开始的对象超过 %s", j.t.line, byteSize(int64(j.t.limit)))
	case err == io.EOF || err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return detail(errJSON, "JSON 在第 %d 行附近中断：括号不配对、缺少逗号或文件没有传完", j.t.line)
	}
	return err
}

// enter steps behind the opening bracket of the array.
func (j *objects) enter() error {
	if _, err := j.skip(); err != nil {
		return j.broken(err)
	}
	if j.shape == jsonArray {
		j.t.advance(1, 0)
		return nil
	}
	j.t.advance(1, 0) // {
	for {
		key, err := j.key()
		if err != nil {
			return j.broken(err)
		}
		if b, err := j.skip(); err != nil {
			return j.broken(err)
		} else if key == "rows" && b == '[' {
			j.t.advance(1, 0)
			return nil
		}
		if err := j.member(); err != nil {
			return j.broken(err)
		}
		if b, err := j.skip(); err != nil || b != ',' {
			return j.broken(err)
		}
		j.t.advance(1, 0)
	}
}

// leave checks what follows the array: nothing, or the rest of the wrapping object.
func (j *objects) leave() error {
	for j.shape == jsonRows {
		b, err := j.skip()
		if err != nil {
			return j.broken(err)
		}
		j.t.advance(1, 0)
		if b == '}' {
			break
		}
		if b != ',' {
			return j.broken(nil)
		}
		if _, err := j.key(); err != nil {
			return j.broken(err)
		}
		if _, err := j.skip(); err != nil {
			return j.broken(err)
		}
		if err := j.member(); err != nil {
			return j.broken(err)
		}
	}
	if _, err := j.skip(); err != io.EOF {
		return j.broken(err)
	}
	return nil
}

// key reads a key and its colon.
func (j *objects) key() (string, error) {
	if b, err := j.skip(); err != nil || b != '"' {
		return "", err
	}
	n, err := j.valueEnd()
	if err != nil {
		return "", err
	}
	p := objectParser{b: j.t.window()[:n]}
	k, ok := p.str(nil)
	if !ok {
		return "", io.ErrUnexpectedEOF
	}
	key := string(k)
	j.consume(n)
	if b, err := j.skip(); err != nil {
		return "", err
	} else if b != ':' {
		return "", io.ErrUnexpectedEOF
	}
	j.t.advance(1, 0)
	return key, nil
}

// member passes over one value of the wrapping object.
func (j *objects) member() error {
	n, err := j.valueEnd()
	if err != nil {
		return err
	}
	if n == 0 {
		return io.ErrUnexpectedEOF
	}
	j.consume(n)
	return nil
}

func (j *objects) consume(n int) {
	j.t.advance(n, bytes.Count(j.t.window()[:n], []byte{j.t.nl}))
}

// skip passes over white space and gives the next byte without consuming it.
func (j *objects) skip() (byte, error) {
	for {
		for i, b := range j.t.window() {
			if b != ' ' && b != '\t' && b != '\r' && b != '\n' && (b != 0xef || !bytes.HasPrefix(j.t.window()[i:], []byte("\uFEFF"))) {
				j.consume(i)
				return b, nil
			}
			if b == 0xef {
				j.t.advance(i+3, 0)
				return j.skip()
			}
		}
		j.consume(len(j.t.window()))
		if err := j.t.fill(); err != nil {
			return 0, err
		}
	}
}

// valueEnd finds the end of the value at the start of the window by its brackets and quotes.
func (j *objects) valueEnd() (int, error) {
	depth, inString, i := 0, false, 0
	for {
		w := j.t.window()
		for ; i < len(w); i++ {
			b := w[i]
			switch {
			case inString && b == '\\':
				i++
			case inString:
				if b == '"' {
					inString = false
					if depth == 0 {
						return i + 1, nil
					}
				}
			case b == '"':
				inString = true
			case b == '{' || b == '[':
				depth++
			case b == '}' || b == ']':
				if depth == 0 {
					return i, nil
				}
				if depth--; depth == 0 {
					return i + 1, nil
				}
			case depth == 0 && (b == ',' || b == ':'):
				return i, nil
			}
		}
		if err := j.t.fill(); err != nil {
			return 0, err
		}
	}
}
