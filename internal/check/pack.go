package check

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/s2"
)

// An answer is packed before it is sealed: JSON packs to a fifth, and what is sealed does not pack. The first byte says how: S2, or, of answers kept before,
// DEFLATE; an object of JSON begins with a brace, so that what is not packed is told apart.
const (
	packedS2    = 's'
	packedFlate = 'z'
)

// maxAnswer bounds what is unpacked; the largest answer has a thousand records.
const maxAnswer = 64 << 20

var errPacked = errors.New("check: an answer does not unpack")

// worthPacking is the size from which packing costs less than sealing and writing what it saves.
const worthPacking = 1 << 10

// pack gives an answer as it is sealed.
func pack(raw []byte) string {
	if len(raw) < worthPacking {
		return string(raw)
	}
	room := make([]byte, 1+max(s2.MaxEncodedLen(len(raw)), 0))
	room[0] = packedS2
	return string(room[:1+len(s2.Encode(room[1:], raw))])
}

// unpack gives back what was packed, or kept as it was.
func unpack(text string) ([]byte, error) {
	switch {
	case text == "":
		return nil, nil
	case text[0] == packedS2:
		packed := []byte(text[1:])
		if n, err := s2.DecodedLen(packed); err != nil || n > maxAnswer {
			return nil, errors.Join(errPacked, err)
		}
		raw, err := s2.Decode(nil, packed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPacked, err)
		}
		return raw, nil
	case text[0] == packedFlate:
		return inflate(text[1:])
	}
	return []byte(text), nil
}

func inflate(text string) ([]byte, error) {
	r := flate.NewReader(strings.NewReader(text))
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, maxAnswer+1))
	if err != nil || n > maxAnswer || r.Close() != nil {
		return nil, errors.Join(errPacked, err)
	}
	return b.Bytes(), nil
}
