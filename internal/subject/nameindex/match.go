package nameindex

import (
	"math/bits"
	"slices"
)

// indexUnits finds pat in us at or after from, or gives -1.
func indexUnits(us, pat []uint16, from int) int {
	last := len(us) - len(pat)
	first := pat[0]
search:
	for i := from; i <= last; i++ {
		if us[i] != first {
			continue
		}
		for j := 1; j < len(pat); j++ {
			if us[i+j] != pat[j] {
				continue search
			}
		}
		return i
	}
	return -1
}

// bestClass finds the best occurrence of pat in a name.
func bestClass(v docView, pat []uint16) (class, at int, ok bool) {
	class = 3
	for i := indexUnits(v.units, pat, 0); i >= 0; i = indexUnits(v.units, pat, i+1) {
		if c := v.geo.class(i); c < class {
			class, at = c, i
		}
		if class == classPrefix {
			break
		}
	}
	return class, at, class < 3
}

// hasWord tells whether a name contains a word, literally or, for letters and digits, among its initials.
func hasWord(v docView, w []uint16, keys []byte) bool {
	if indexUnits(v.units, w, 0) >= 0 {
		return true
	}
	if len(keys) < 2 {
		return false
	}
	_, _, ok := containsInits(v, keys, 0)
	return ok
}

func hasAll(v docView, pieces [][]uint16) bool {
	for _, w := range pieces {
		if indexUnits(v.units, w, 0) < 0 {
			return false
		}
	}
	return true
}

// containsInits finds a run of initials at or after unit from, over units that have none; it gives the first and last
// unit of the run.
func containsInits(v docView, keys []byte, from int) (first, last int, ok bool) {
	inits := v.inits
	for i := from; i+len(keys) <= len(inits); i++ {
		if inits[i] != keys[0] {
			continue
		}
		j, n := i+1, 1
		for ; j < len(inits) && n < len(keys); j++ {
			if b := inits[j]; b == keys[n] {
				n++
			} else if b != 0 {
				break
			}
		}
		if n == len(keys) {
			return i, j - 1, true
		}
	}
	return 0, 0, false
}

// initialsClass: the best place at which the initials asked for begin.
func initialsClass(v docView, keys []byte) (prefix, ok bool) {
	for i := 0; ; i++ {
		a, _, found := containsInits(v, keys, i)
		if !found {
			return false, ok
		}
		if v.geo.class(a) == classPrefix {
			return true, true
		}
		ok, i = true, a
	}
}

// maxPattern is the longest text that is compared with tolerance; the comparison works on one machine word.
const maxPattern = 64

// pattern compares one text with many names: the smallest number of substitutions, insertions, deletions and swaps of
// neighbours that turn the text into the name or a part of it (bit-parallel, after Myers and Hyyrö).
type pattern struct {
	keys  [128]uint16 // open addressing
	masks [128]uint64
	m     int
}

func newPattern(us []uint16) *pattern {
	p := &pattern{m: len(us)}
	for i, u := range us {
		h := p.slot(u)
		p.keys[h] = u
		p.masks[h] |= 1 << i
	}
	return p
}

// slot finds the place of u; at most 64 of 128 places are taken, so there is always a free one. Unit 0 never occurs.
func (p *pattern) slot(u uint16) int {
	h := int(u*40503>>9) & 127
	for p.keys[h] != u && p.keys[h] != 0 {
		h = (h + 1) & 127
	}
	return h
}

func (p *pattern) distance(name []uint16) int {
	var vn, d0, before uint64
	vp := ^uint64(0)
	top := uint64(1) << (p.m - 1)
	score, best := p.m, p.m
	for _, u := range name {
		pm := p.masks[p.slot(u)]
		tr := (^d0 & pm) << 1 & before
		d0 = (((pm & vp) + vp) ^ vp) | pm | vn | tr
		hp := vn | ^(d0 | vp)
		hn := d0 & vp
		if hp&top != 0 {
			score++
		} else if hn&top != 0 {
			score--
		}
		hp <<= 1 // without a carry-in: a match may begin anywhere
		hn <<= 1
		vp = hn | ^(d0 | hp)
		vn = d0 & hp
		before = pm
		best = min(best, score)
	}
	return best
}

// align finds which units of a name agree with the text in a best approximate match; for highlighting.
func align(name, text []uint16) []int {
	m, n := len(text), len(name)
	cost := make([][]int, m+1)
	cells := make([]int, (m+1)*(n+1))
	for i := range cost {
		cost[i] = cells[i*(n+1) : (i+1)*(n+1)]
		cost[i][0] = i
		if i == 0 {
			continue
		}
		for j := 1; j <= n; j++ {
			c := cost[i-1][j-1]
			if text[i-1] != name[j-1] {
				c = 1 + min(c, cost[i-1][j], cost[i][j-1])
			}
			if i > 1 && j > 1 && text[i-1] == name[j-2] && text[i-2] == name[j-1] {
				c = min(c, cost[i-2][j-2]+1)
			}
			cost[i][j] = c
		}
	}
	j := 0
	for k := range cost[m] {
		if cost[m][k] < cost[m][j] {
			j = k
		}
	}
	var out []int
	for i := m; i > 0 && j > 0; {
		switch c := cost[i][j]; {
		case text[i-1] == name[j-1] && c == cost[i-1][j-1]:
			out = append(out, j-1)
			i, j = i-1, j-1
		case i > 1 && j > 1 && text[i-1] == name[j-2] && text[i-2] == name[j-1] && c == cost[i-2][j-2]+1:
			out = append(out, j-1, j-2)
			i, j = i-2, j-2
		case c == cost[i-1][j-1]+1:
			i, j = i-1, j-1
		case c == cost[i-1][j]+1:
			i--
		default:
			j--
		}
	}
	slices.Sort(out)
	return out
}

// soundsAlike tells whether the initials of the text stand in the name: the usual slip of pinyin typing.
func soundsAlike(v docView, keys []byte) bool {
	if len(keys) == 0 {
		return false
	}
	_, _, ok := containsInits(v, keys, 0)
	return ok
}

// eachBit calls fn for the members of a set in [from, to) until fn says stop.
func eachBit(set []uint64, from, to uint32, fn func(d uint32) bool) {
	for w := int(from >> 6); w < len(set) && uint32(w)<<6 < to; w++ {
		cur := set[w]
		if w == int(from>>6) {
			cur = cur >> (from & 63) << (from & 63)
		}
		for ; cur != 0; cur &= cur - 1 {
			d := uint32(w<<6 + bits.TrailingZeros64(cur))
			if d >= to {
				return
			}
			if !fn(d) {
				return
			}
		}
	}
}
