package check

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"sync"
)

// An answer repeats the same names over and over: packed before it is sealed, it takes a tenth of the room, and sealing it less time than packing it took.
// Answers that were kept before there was packing begin with a brace.
const (
	worthPacking = 512      // bytes; a shorter answer stays as it is
	maxAnswer    = 64 << 20 // bytes, unpacked
)

var errPacked = errors.New("check: what is kept of an answer does not unpack")

var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one
	return w
}}

// pack gives what is kept of an answer.
func pack(raw []byte) string {
	if len(raw) < worthPacking {
		return string(raw)
	}
	var b bytes.Buffer
	w, _ := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	_, _ = w.Write(raw) // a buffer takes everything
	_ = w.Close()
	return b.String()
}

// unpack gives the very bytes of the answer.
func unpack(kept string) ([]byte, error) {
	if len(kept) == 0 || kept[0] == '{' {
		return []byte(kept), nil
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(kept)))
	if err != nil {
		return nil, errPacked
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err = errors.Join(err, r.Close()); err != nil || len(raw) > maxAnswer {
		return nil, errPacked
	}
	return raw, nil
}
