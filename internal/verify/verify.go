// Package verify keeps the rule that nobody has to believe the register: it checks the public log and its proofs offline, from their byte formats
// alone, and shares no code with what writes them. docs/standards/log-formats.md holds the formats.
package verify

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Failure is one thing that does not hold, named exactly.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Result says in plain words what is proven and what fails.
type Result struct {
	Origin   string    `json:"origin"`
	Size     int64     `json:"size"`
	Proven   []string  `json:"proven"`
	Limits   []string  `json:"limits,omitempty"` // what is not proven
	Notes    []string  `json:"notes,omitempty"`
	Failures []Failure `json:"failures,omitempty"`
	More     int       `json:"more,omitempty"`     // failures beyond those listed
	Versions []Version `json:"versions,omitempty"` // of a bundle, the first of them
}

// OK reports whether nothing failed.
func (r *Result) OK() bool { return len(r.Failures) == 0 }

// maxFailures bounds the list; the rest is counted.
const maxFailures = 200

func (r *Result) fail(code, format string, args ...any) {
	if len(r.Failures) >= maxFailures {
		r.More++
		return
	}
	r.Failures = append(r.Failures, Failure{code, fmt.Sprintf(format, args...)})
}

func (r *Result) prove(format string, args ...any) {
	r.Proven = append(r.Proven, fmt.Sprintf(format, args...))
}

func (r *Result) limit(format string, args ...any) {
	r.Limits = append(r.Limits, fmt.Sprintf(format, args...))
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// The kinds of entries: the first byte of each.
const (
	kindGenesis = 0
	kindLeaf    = 1
	kindRoot    = 2
	kindSlot    = 3
)

// Entry is an entry of the log, as far as its kind has the field.
type Entry struct {
	Kind     byte
	Origin   string // genesis
	Event    int64  // leaf
	Position int
	Leaf     [32]byte
	At       int64 // root: microseconds since 1970
	Covered  int64
	Slots    [32]byte
	Root     [32]byte
	Slot     int // slot
	Item     string
}

// ErrEntry is the error of bytes that are no entry of a known format.
var ErrEntry = errors.New("verify: not an entry of a known format")

// ParseEntry reads an entry.
func ParseEntry(b []byte) (Entry, error) {
	const genesis = "gongxin/log/1\n"
	switch {
	case len(b) > 1+len(genesis)+1 && b[0] == kindGenesis && string(b[1:1+len(genesis)]) == genesis && b[len(b)-1] == '\n':
		return Entry{Kind: kindGenesis, Origin: string(b[1+len(genesis) : len(b)-1])}, nil
	case len(b) == 45 && b[0] == kindLeaf:
		return Entry{
			Kind: kindLeaf, Event: int64(binary.BigEndian.Uint64(b[1:])), Position: int(binary.BigEndian.Uint32(b[9:])), Leaf: [32]byte(b[13:]),
		}, nil
	case len(b) == 81 && b[0] == kindRoot:
		return Entry{
			Kind: kindRoot, At: int64(binary.BigEndian.Uint64(b[1:])), Covered: int64(binary.BigEndian.Uint64(b[9:])),
			Slots: [32]byte(b[17:]), Root: [32]byte(b[49:]),
		}, nil
	case len(b) > 2 && b[0] == kindSlot && b[1] < slotCount:
		return Entry{Kind: kindSlot, Slot: int(b[1]), Item: string(b[2:])}, nil
	}
	return Entry{}, ErrEntry
}

// LeafHash recomputes a leaf: SHA-256 over salt and parts, each with its length (8 bytes, big endian) before it.
func LeafHash(salt []byte, parts []string) [32]byte {
	h := sha256.New()
	var n [8]byte
	put := func(s string) {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	put(string(salt))
	for _, p := range parts {
		put(p)
	}
	return [32]byte(h.Sum(nil))
}

// crockford is the alphabet of record numbers.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// recordNumber writes a record's number: subject and key, 8 bytes each.
func recordNumber(subject, key int64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(subject))
	binary.BigEndian.PutUint64(raw[8:], uint64(key))
	return crockford.EncodeToString(raw[:])
}

// subjectOf reads the subject out of a record's number.
func subjectOf(number string) (int64, bool) {
	raw, err := crockford.DecodeString(number)
	if err != nil || len(raw) != 16 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(raw)), true
}

func dec(n int64) string { return strconv.FormatInt(n, 10) }

// FailureWords lists the failures with their codes.
func (r *Result) FailureWords() []string {
	out := make([]string, len(r.Failures), len(r.Failures)+1)
	for i, f := range r.Failures {
		out[i] = f.Message + "（" + f.Code + "）"
	}
	if r.More > 0 {
		out = append(out, fmt.Sprintf("另有 %d 处未列出", r.More))
	}
	return out
}
