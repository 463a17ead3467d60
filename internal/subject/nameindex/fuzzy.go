package nameindex

import (
	"cmp"
	"slices"
)

// Limits of the typo search in one segment.
const (
	typoDriver   = 2500 // documents in the rarest list of a hypothesis
	typoTotal    = 5000 // candidates compared
	farDriver    = 1000 // the same for two slips in a longer text
	farTotal     = 5000
	commonChecks = 3000 // candidates compared when every intact part is common
	maxTypoHits  = 100
)

// fuzzy finds names that contain the text with one slip: a character wrong, missing or too many, or two neighbours
// swapped. For every place at which a slip may be, the pairs of characters that it leaves intact must be in the name,
// and so must the pair that bridges it; the rarest of these lists yields the candidates, which are then compared.
func (s *segmentSearch) fuzzy(p *plan) count {
	t := typoSearch{s: s, p: p}
	t.near()
	return t.compare(t.drivers, typoTotal)
}

// far does the same for two slips, with any rare pair that either may have left intact. It finds what has one.
func (s *segmentSearch) far(p *plan) count {
	t := typoSearch{s: s, p: p}
	t.near()
	lists := slices.DeleteFunc(t.grams, func(l list) bool {
		return l.kind == listDropped || l.df == 0 || l.df > farDriver
	})
	return t.compare(lists, farTotal)
}

// compare measures the distance of the names in the lists, rarest list first.
func (t *typoSearch) compare(lists []list, limit int) count {
	s := t.s
	cand := s.bits()
	total := 0
	slices.SortStableFunc(lists, byCount)
	for _, l := range slices.Compact(lists) {
		if total += l.df; total > limit && s.seg.docs() > limit {
			break
		}
		l.or(cand)
	}
	s.mask(cand)
	eachBit(cand, 0, uint32(s.seg.docs()), func(d uint32) bool {
		t.check(d)
		return true
	})
	if t.common && len(t.hits) < fewHits {
		t.compareCommon(cand)
	}
	return t.emit()
}

func byCount(a, b list) int { return cmp.Or(cmp.Compare(a.df, b.df), cmp.Compare(a.off, b.off)) }

type typoSearch struct {
	s       *segmentSearch
	p       *plan
	drivers []list
	grams   []list
	pairs   []list // neighbours of the text
	pre     []list // rarest of pairs[:i]
	suf     []list // rarest of pairs[i:]
	common  bool   // some hypothesis leaves only common pairs
	hits    []hit
}

// everywhere stands for "no condition".
var everywhere = list{df: 1 << 30, kind: listDropped}

func rarer(a, b list) list {
	if b.df < a.df {
		return b
	}
	return a
}

// near goes through all single slips.
func (t *typoSearch) near() {
	q := t.p.text
	m := len(q)
	t.pairs = make([]list, m-1)
	for i := range t.pairs {
		t.pairs[i] = t.s.bigrams.find(q[i], q[i+1])
	}
	t.pre, t.suf = make([]list, m), make([]list, m)
	t.pre[0], t.suf[m-1] = everywhere, everywhere
	for i := range t.pairs {
		t.pre[i+1] = rarer(t.pre[i], t.pairs[i])
		t.suf[m-2-i] = rarer(t.suf[m-1-i], t.pairs[m-2-i])
	}
	t.grams = append(t.grams, t.pairs...)
	t.suppose(t.suf[1])
	t.suppose(t.pre[m-2])
	for i := 1; i < m; i++ { // a character missing before i
		t.suppose(t.pre[i-1], t.suf[i], t.skip(q[i-1], q[i]))
	}
	for i := 1; i+1 < m; i++ { // i wrong, or too many
		t.suppose(t.pre[i-1], t.suf[i+1], t.skip(q[i-1], q[i+1]))
		t.suppose(t.pre[i-1], t.suf[i+1], t.pair(q[i-1], q[i+1]))
	}
	for i := 0; i+1 < m; i++ { // i and its neighbour swapped
		need := []list{t.pair(q[i+1], q[i])}
		if i > 0 {
			need = append(need, t.pre[i-1], t.pair(q[i-1], q[i+1]))
		}
		if i+2 < m {
			need = append(need, t.suf[i+2], t.pair(q[i], q[i+2]))
		}
		t.suppose(need...)
	}
}

func (t *typoSearch) pair(a, b uint16) list {
	l := t.s.bigrams.find(a, b)
	t.grams = append(t.grams, l)
	return l
}

func (t *typoSearch) skip(a, b uint16) list {
	l := t.s.skips.find(a, b)
	t.grams = append(t.grams, l)
	return l
}

// suppose notes the rarest list of a hypothesis.
func (t *typoSearch) suppose(need ...list) {
	best := everywhere
	for _, l := range need {
		if l.df == 0 {
			return
		}
		if l.kind != listDropped {
			best = rarer(best, l)
		}
	}
	if best.df > typoDriver {
		t.common = true
		return
	}
	t.drivers = append(t.drivers, best)
}

func (t *typoSearch) check(d uint32) {
	if t.s.taken(d) {
		return
	}
	v := t.s.seg.view(d)
	sub, ok := typoClass(v, t.p, t.s.isFormer(d))
	if ok {
		t.hits = append(t.hits, hit{doc: d, part: t.s.part, tier: tierFuzzy, sub: sub})
	}
}

// typoClass orders fuzzy hits: one slip before two; then names that have every character of the text, those that sound
// alike, those that begin and end as the text does, the rest; earlier names last.
func typoClass(v docView, p *plan, former bool) (uint8, bool) {
	dist := p.pattern.distance(v.units)
	if dist > p.maxDist {
		return 0, false
	}
	sub := uint8(max(dist-1, 0)) * 4
	m := len(p.text)
	switch {
	case hasEvery(v.units, p.text):
	case soundsAlike(v, p.sound):
		sub++
	case indexUnits(v.units, p.text[1:], 0) < 0 && indexUnits(v.units, p.text[:m-1], 0) < 0:
		sub += 2
	default:
		sub += 3
	}
	if former {
		sub += formerSub
	}
	return sub, true
}

const formerSub = 8

// hasEvery tells whether a name has each character of the text, each as often, in any order.
func hasEvery(name, text []uint16) bool {
	var used [maxNameUnits]bool
next:
	for _, u := range text {
		for i, x := range name {
			if x == u && !used[i] {
				used[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

// compareCommon serves texts of which every intact part is common: it counts how many pairs each name shares with
// the text and compares the best in rank order.
func (t *typoSearch) compareCommon(done []uint64) {
	s := t.s
	lists := slices.DeleteFunc(slices.Clone(t.pairs), func(l list) bool { return l.df == 0 })
	slices.SortStableFunc(lists, byCount)
	lists = slices.Compact(lists)
	var planes [5][]uint64
	for i := range planes {
		planes[i] = s.bits()
	}
	used := 0
	for _, l := range lists {
		if l.work() > s.budget || used == 31 {
			continue
		}
		used++
		addPlane(planes[:], s.decoded(newCond(l)))
	}
	checks := 0
	set := s.bits()
	for shared := used; shared >= max(1, used-3); shared-- {
		copy(set, planes[0])
		selectCount(set, planes[:], shared)
		s.mask(set)
		andNotBits(set, done)
		eachBit(set, 0, uint32(s.seg.docs()), func(d uint32) bool {
			checks++
			t.check(d)
			return checks < commonChecks && len(t.hits) < 2*fewHits
		})
	}
}

// addPlane adds a set to counters kept as bit planes.
func addPlane(planes [][]uint64, set []uint64) {
	for i, carry := range set {
		for _, p := range planes {
			if carry == 0 {
				break
			}
			p[i], carry = p[i]^carry, p[i]&carry
		}
	}
}

// selectCount gives the documents whose counter is n.
func selectCount(dst []uint64, planes [][]uint64, n int) {
	for i := range dst {
		w := ^uint64(0)
		for b, p := range planes {
			if n>>b&1 == 1 {
				w &= p[i]
			} else {
				w &^= p[i]
			}
		}
		dst[i] = w
	}
}

func (t *typoSearch) emit() count {
	slices.SortFunc(t.hits, func(a, b hit) int { return cmp.Or(cmp.Compare(a.sub, b.sub), cmp.Compare(a.doc, b.doc)) })
	n := 0
	for _, h := range t.hits {
		if n == maxTypoHits {
			break
		}
		if !t.s.taken(h.doc) {
			t.s.emit(t.p, h.doc, tierFuzzy, int(h.sub))
			n++
		}
	}
	return count{n, !t.common}
}
