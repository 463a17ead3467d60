package nameindex

import (
	"math/bits"
	"sync"
)

// Sets of documents are plain bitmaps over the ordinals of one segment: at a million names one is 125 kB and a pass
// over it takes microseconds, so every stage of a search can afford several and none needs a cleverer set.

func wordsFor(n int) int { return (n + 63) / 64 }

func setBit(b []uint64, i uint32)      { b[i>>6] |= 1 << (i & 63) }
func hasBit(b []uint64, i uint32) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func onesCount(w uint64) int { return bits.OnesCount64(w) }

func popcount(b []uint64) int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func andBits(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] &= src[i]
	}
}

func andNotBits(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] &^= src[i]
	}
}

func orBits(dst, src []uint64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] |= src[i]
	}
}

// nextBit finds the first member at or after i, below n.
func nextBit(b []uint64, i, n uint32) (uint32, bool) {
	if i >= n {
		return 0, false
	}
	w := int(i >> 6)
	cur := b[w] >> (i & 63) << (i & 63)
	for cur == 0 {
		w++
		if w >= len(b) {
			return 0, false
		}
		cur = b[w]
	}
	i = uint32(w<<6 + bits.TrailingZeros64(cur))
	return i, i < n
}

// scratch lends zeroed bitmaps to one search; everything goes back at once when the search ends.
type scratch struct {
	chunks [][]uint64
	chunk  int
	used   int
}

const (
	scratchChunk = 1 << 16 // words: 512 kB
	scratchKeep  = 16      // chunks kept in the pool
)

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) bits(words int) []uint64 {
	if words > scratchChunk {
		return make([]uint64, words)
	}
	if s.chunk < len(s.chunks) && s.used+words > scratchChunk {
		s.chunk++
		s.used = 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]uint64, scratchChunk))
		s.used = 0
	}
	b := s.chunks[s.chunk][s.used : s.used+words : s.used+words]
	s.used += words
	clear(b)
	return b
}

func (s *scratch) release() {
	if len(s.chunks) > scratchKeep {
		clear(s.chunks[scratchKeep:])
		s.chunks = s.chunks[:scratchKeep]
	}
	s.chunk, s.used = 0, 0
	scratches.Put(s)
}
