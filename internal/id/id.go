// Package id makes identifiers: numbers for rows and short texts for people and addresses. Ids are made in Go, never by the
// database, so that one schema serves every engine; they carry no meaning beyond rough order of creation.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// epoch is 2020-01-01 UTC in milliseconds: 41 bits of milliseconds from here last until 2089.
const epoch = 1577836800000

// Maker makes positive 63-bit ids: 41 bits of milliseconds, 10 bits of its own, 12 bits of sequence. The makers of one process have different bits, up to 1,024 of
// them, counted from a random start; two processes that share bits could collide within one millisecond, and the primary key then refuses.
type Maker struct {
	mu   sync.Mutex
	now  func() time.Time
	node int64
	last int64
	seq  int64
}

// made counts the makers of this process from a random start.
var made = func() *atomic.Int64 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	var n atomic.Int64
	n.Store(int64(binary.BigEndian.Uint16(b[:])))
	return &n
}()

// NewMaker makes a Maker that reads the time from now.
func NewMaker(now func() time.Time) *Maker { return &Maker{now: now, node: made.Add(1) & 0x3ff} }

// Next gives a new id, greater than every id this maker gave before.
func (m *Maker) Next() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := m.now().UnixMilli() - epoch
	if ms <= m.last { // same millisecond, or the clock went back: count on
		ms = m.last
		m.seq++
		if m.seq > 0xfff {
			ms++
			m.seq = 0
		}
	} else {
		m.seq = 0
	}
	m.last = ms
	return ms<<22 | m.node<<12 | m.seq
}

// text is Crockford's alphabet in lower case: no i, l, o, u.
var text = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Pair writes two numbers as 26 characters.
func Pair(a, b int64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(a))
	binary.BigEndian.PutUint64(raw[8:], uint64(b))
	return text.EncodeToString(raw[:])
}

// ParsePair reads what Pair wrote and refuses every other spelling.
func ParsePair(s string) (a, b int64, err error) {
	if len(s) != 26 {
		return 0, 0, fmt.Errorf("id: want 26 characters, have %d", len(s))
	}
	raw, err := text.DecodeString(s)
	if err != nil || Pair(int64(binary.BigEndian.Uint64(raw[:8])), int64(binary.BigEndian.Uint64(raw[8:]))) != s {
		return 0, 0, fmt.Errorf("id: not an id")
	}
	return int64(binary.BigEndian.Uint64(raw[:8])), int64(binary.BigEndian.Uint64(raw[8:])), nil
}

// Random gives a text of 26 characters with 128 bits from the system's random source, for things whose id must not be guessed.
func Random() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	return text.EncodeToString(raw[:])
}
