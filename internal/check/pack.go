package check

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
)

// An answer is packed before it is sealed: JSON packs to a fifth, and what is sealed does not pack. The first byte says how: an object of JSON begins with a
// brace, so that answers kept before are told apart.
const packedMark = 'z'

// maxAnswer bounds what is unpacked; the largest answer has a thousand records.
const maxAnswer = 64 << 20

var errPacked = errors.New("check: an answer does not unpack")

// packers keeps the tables of packing, which are large.
var packers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // fails on a level that is none
	return w
}}

// worthPacking is the size from which packing costs less than sealing and writing what it saves: its tables cost the same for every answer.
const worthPacking = 4 << 10

// pack gives an answer as it is sealed.
func pack(raw []byte) string {
	if len(raw) < worthPacking {
		return string(raw)
	}
	var b strings.Builder
	b.Grow(len(raw)/4 + 64)
	b.WriteByte(packedMark)
	w, _ := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	_, _ = w.Write(raw) // a builder takes everything
	_ = w.Close()
	return b.String()
}

// unpack gives back what was packed, or kept as it was.
func unpack(text string) ([]byte, error) {
	if text == "" || text[0] != packedMark {
		return []byte(text), nil
	}
	r := flate.NewReader(strings.NewReader(text[1:]))
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, maxAnswer+1))
	if err != nil || n > maxAnswer || r.Close() != nil {
		return nil, errors.Join(errPacked, err)
	}
	return b.Bytes(), nil
}
