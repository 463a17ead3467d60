package nameindex

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
)

// The class of an occurrence says where in the name it begins; a list keeps the best class per document.
const (
	classPrefix = 0 // at the head of the name, or right behind its place words
	classEarly  = 1 // within the place words or the first characters behind them
	classLate   = 2
)

const (
	listSparse  = 0 // delta-coded ordinals
	listDense   = 1 // per class a bitmap or delta-coded ordinals
	listDropped = 2 // too common to be of use; only its size is kept
)

// denseShare: a list holding more than 1/denseShare of all documents is kept as bitmaps.
const denseShare = 16

// dict maps a pair of units to its posting list. Keys are sorted; lists lie one behind the other in data.
type dict struct {
	firsts  []uint16
	starts  []uint32 // per first unit, where its seconds begin; one more than firsts
	seconds []uint16
	offs    []uint32
	data    []byte
	maps    []uint64 // all bitmaps, words each
	words   int
	classed bool
}

// list is a reference to one posting list; the zero list is empty.
type list struct {
	d    *dict
	df   int
	off  uint32
	kind uint8
}

func (d *dict) bytes() int {
	return 2*cap(d.firsts) + 4*cap(d.starts) + 2*cap(d.seconds) + 4*cap(d.offs) + cap(d.data) + 8*cap(d.maps)
}

// span gives the index range of all keys that begin with first.
func (d *dict) span(first uint16) (int, int) {
	i, ok := slices.BinarySearch(d.firsts, first)
	if !ok {
		return 0, 0
	}
	return int(d.starts[i]), int(d.starts[i+1])
}

func (d *dict) find(first, second uint16) list {
	lo, hi := d.span(first)
	i, ok := slices.BinarySearch(d.seconds[lo:hi], second)
	if !ok {
		return list{}
	}
	return d.at(lo + i)
}

// ranged gives the lists of first with a second unit in [from, to].
func (d *dict) ranged(first, from, to uint16) []list {
	lo, hi := d.span(first)
	sec := d.seconds[lo:hi]
	i := sort.Search(len(sec), func(i int) bool { return sec[i] >= from })
	var out []list
	for ; i < len(sec) && sec[i] <= to; i++ {
		out = append(out, d.at(lo+i))
	}
	return out
}

func (d *dict) at(i int) list {
	off := d.offs[i]
	v, n := binary.Uvarint(d.data[off:])
	return list{d: d, df: int(v >> 2), kind: uint8(v & 3), off: off + uint32(n)}
}

func (d *dict) shift() uint {
	if d.classed {
		return 2
	}
	return 0
}

// or adds all documents of the list to dst.
func (l list) or(dst []uint64) {
	switch {
	case l.df == 0 || l.kind == listDropped:
	case l.kind == listSparse:
		decodeStream(dst, l.d.data[l.off:], l.df, l.d.shift())
	default:
		l.eachClass(func(_ int, bitmap []uint64, stream []byte, n int) {
			if bitmap != nil {
				orBits(dst, bitmap)
			} else {
				decodeStream(dst, stream, n, 0)
			}
		})
	}
}

// byClass adds the documents to the set of their class.
func (l list) byClass(sets *[3][]uint64) {
	switch {
	case l.df == 0 || l.kind == listDropped:
	case l.kind == listSparse && l.d.classed:
		decodeClassed(sets, l.d.data[l.off:], l.df)
	case l.kind == listSparse:
		decodeStream(sets[0], l.d.data[l.off:], l.df, 0)
	default:
		l.eachClass(func(c int, bitmap []uint64, stream []byte, n int) {
			if bitmap != nil {
				orBits(sets[c], bitmap)
			} else {
				decodeStream(sets[c], stream, n, 0)
			}
		})
	}
}

// work estimates what decoding costs, in postings.
func (l list) work() int {
	if l.kind == listDense {
		return 4096
	}
	return l.df
}

func (l list) eachClass(fn func(class int, bitmap []uint64, stream []byte, n int)) {
	p := l.d.data[l.off:]
	for c := 0; c < 3; c++ {
		v, n := binary.Uvarint(p)
		p = p[n:]
		size, n := binary.Uvarint(p)
		p = p[n:]
		if v&1 == 1 {
			fn(c, l.d.maps[int(size)*l.d.words:(int(size)+1)*l.d.words], nil, int(v>>1))
			continue
		}
		fn(c, nil, p[:size], int(v>>1))
		p = p[size:]
	}
}

// The decoders trust their input: streams are only ever written by dictBuilder in this process.

func decodeStream(dst []uint64, data []byte, n int, shift uint) {
	doc := uint32(math.MaxUint32)
	i := 0
	for ; n > 0; n-- {
		v := uint32(data[i])
		i++
		if v >= 0x80 {
			v, i = longVarint(data, i, v)
		}
		doc += v>>shift + 1
		dst[doc>>6] |= 1 << (doc & 63)
	}
}

func decodeClassed(sets *[3][]uint64, data []byte, n int) {
	doc := uint32(math.MaxUint32)
	i := 0
	for ; n > 0; n-- {
		v := uint32(data[i])
		i++
		if v >= 0x80 {
			v, i = longVarint(data, i, v)
		}
		doc += v>>2 + 1
		sets[v&3][doc>>6] |= 1 << (doc & 63)
	}
}

func longVarint(data []byte, i int, v uint32) (uint32, int) {
	v &= 0x7f
	for s := uint(7); ; s += 7 {
		b := data[i]
		i++
		v |= uint32(b&0x7f) << s
		if b < 0x80 {
			return v, i
		}
	}
}

// dictBuilder receives the runs of keys in ascending order.
type dictBuilder struct {
	d    *dict
	n    int // documents of the segment
	drop int // lists longer than this keep only their size; 0 keeps all
	tmp  []byte
}

func newDictBuilder(n int, classed bool, drop int) *dictBuilder {
	return &dictBuilder{d: &dict{words: wordsFor(n), classed: classed}, n: n, drop: drop}
}

// A posting in the making is one number: first unit, second unit, document, class; sorting numbers sorts postings.

func packPosting(first, second uint16, doc uint32, class int) uint64 {
	return uint64(first)<<48 | uint64(second)<<32 | uint64(doc)<<2 | uint64(class)
}

// add takes postings sorted by key and document; a key must not be spread over two calls.
func (b *dictBuilder) add(ps []uint64) {
	for i := 0; i < len(ps); {
		key := ps[i] >> 32
		j := i + 1
		w := i + 1 // one posting per document, with its best class
		for ; j < len(ps) && ps[j]>>32 == key; j++ {
			if ps[j]>>2 != ps[w-1]>>2 {
				ps[w] = ps[j]
				w++
			} else {
				ps[w-1] = min(ps[w-1], ps[j])
			}
		}
		b.run(uint16(key>>16), uint16(key), ps[i:w])
		i = j
	}
}

func (b *dictBuilder) run(first, second uint16, ps []uint64) {
	d := b.d
	if k := len(d.firsts); k == 0 || d.firsts[k-1] != first {
		d.firsts = append(d.firsts, first)
		d.starts = append(d.starts, uint32(len(d.seconds)))
	}
	d.seconds = append(d.seconds, second)
	d.offs = append(d.offs, uint32(len(d.data)))
	kind := listSparse
	switch {
	case b.drop > 0 && len(ps) > b.drop:
		kind = listDropped
	case len(ps) > b.n/denseShare && len(ps) > 8:
		kind = listDense
	}
	d.data = binary.AppendUvarint(d.data, uint64(len(ps))<<2|uint64(kind))
	switch kind {
	case listSparse:
		d.data = appendStream(d.data, ps, d.shift())
	case listDense:
		b.dense(ps)
	}
}

func (b *dictBuilder) dense(ps []uint64) {
	d := b.d
	for c := uint64(0); c < 3; c++ {
		var sub []uint64
		for _, p := range ps {
			if p&3 == c {
				sub = append(sub, p)
			}
		}
		if len(sub) > b.n/denseShare {
			d.data = binary.AppendUvarint(d.data, uint64(len(sub))<<1|1)
			d.data = binary.AppendUvarint(d.data, uint64(len(d.maps)/d.words))
			d.maps = append(d.maps, make([]uint64, d.words)...)
			bm := d.maps[len(d.maps)-d.words:]
			for _, p := range sub {
				setBit(bm, uint32(p)>>2)
			}
			continue
		}
		b.tmp = appendStream(b.tmp[:0], sub, 0)
		d.data = binary.AppendUvarint(d.data, uint64(len(sub))<<1)
		d.data = binary.AppendUvarint(d.data, uint64(len(b.tmp)))
		d.data = append(d.data, b.tmp...)
	}
}

func appendStream(out []byte, ps []uint64, shift uint) []byte {
	prev := uint32(math.MaxUint32)
	for _, p := range ps {
		doc := uint32(p) >> 2
		v := (doc - prev - 1) << shift
		if shift != 0 {
			v |= uint32(p & 3)
		}
		out = binary.AppendUvarint(out, uint64(v))
		prev = doc
	}
	return out
}

// finish closes the dictionary and trims it to its size.
func (b *dictBuilder) finish() *dict {
	d := b.d
	d.starts = append(d.starts, uint32(len(d.seconds)))
	d.firsts, d.starts = trim(d.firsts), trim(d.starts)
	d.seconds, d.offs = trim(d.seconds), trim(d.offs)
	d.data, d.maps = trim(d.data), trim(d.maps)
	return d
}

// trim gives back the room that append reserved ahead.
func trim[T any](s []T) []T {
	if cap(s)-len(s) <= cap(s)/64 {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}
