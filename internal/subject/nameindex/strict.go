package nameindex

import "slices"

// segmentSearch runs the stages of one query on one segment.
type segmentSearch struct {
	*segment
	seg   *segment
	dead  *tomb
	part  int32
	scr   *scratch
	allow []uint64 // nil means all
	seen  []uint64 // entries that were found
	hits  []hit
	cache []cachedList

	budget int // postings that may still be read for intersecting
	unseen int // entries counted by estimate and not marked as seen
}

func newSegmentSearch(pt part, n int32, p *plan, scr *scratch) *segmentSearch {
	s := &segmentSearch{segment: pt.seg, seg: pt.seg, dead: pt.dead, part: n, scr: scr, budget: decodeBudget}
	s.seen = s.bits()
	if p.byRegion {
		s.allow = s.bits()
		for _, r := range p.region {
			pt.seg.filters.find(filterRegion, r).or(s.allow)
		}
	}
	if p.kind != 0 {
		kinds := s.bits()
		lo, hi := pt.seg.filters.span(filterKind)
		for i := lo; i < hi; i++ {
			if pt.seg.filters.seconds[i]&uint16(p.kind) != 0 {
				pt.seg.filters.at(i).or(kinds)
			}
		}
		if s.allow != nil {
			andBits(kinds, s.allow)
		}
		s.allow = kinds
	}
	return s
}

func (s *segmentSearch) bits() []uint64      { return s.scr.bits(wordsFor(s.seg.docs())) }
func (s *segmentSearch) found() []hit        { return s.hits }
func (s *segmentSearch) id(d uint32) int64   { return s.ids[s.seg.main(d)] }
func (s *segmentSearch) room(p *plan) bool   { return len(s.hits) < p.need }
func (s *segmentSearch) taken(d uint32) bool { return hasBit(s.seen, s.seg.main(d)) }

// mask takes out what the query may not see.
func (s *segmentSearch) mask(set []uint64) {
	if s.allow != nil {
		andBits(set, s.allow)
	}
	s.dead.clearFrom(set)
}

func (s *segmentSearch) visible(d uint32) bool {
	return (s.allow == nil || hasBit(s.allow, d)) && !s.dead.has(d)
}

// emit notes a hit; every entry counts once.
func (s *segmentSearch) emit(p *plan, d uint32, tier, sub int) {
	setBit(s.seen, s.seg.main(d))
	if s.room(p) {
		s.hits = append(s.hits, hit{doc: d, part: s.part, tier: uint8(tier), sub: uint8(sub)})
	}
}

func (s *segmentSearch) codes(p *plan) count {
	full, begun := s.bits(), s.bits()
	add := func(set []uint64, es []uint32) {
		for _, e := range es {
			setBit(set, e)
		}
	}
	for _, text := range p.codes {
		lo, _ := packCode(text, 0)
		hi, _ := packCode(text, 36)
		if len(text) == codeLen {
			add(full, s.codeRange(lo, lo))
			continue
		}
		add(begun, s.codeRange(lo, hi))
		if len(text) <= orgLen {
			from, _ := packOrg(text, 0)
			to, _ := packOrg(text, 36)
			add(begun, s.orgRange(from, to))
		}
	}
	n := 0
	for i, set := range [][]uint64{full, begun} {
		s.mask(set)
		eachBit(set, 0, uint32(s.mains), func(e uint32) bool {
			if !s.room(p) {
				return false
			}
			if !hasBit(s.seen, e) {
				s.emit(p, e, tierCode+i, 0)
				n++
			}
			return true
		})
		n += s.countMains(set, true)
	}
	return count{n, true}
}

// coreScan bounds how many names with the same distinctive part are looked at; what lies beyond is found as a prefix.
const coreScan = 4096

// exact finds names equal to the text, or equal once place words and legal form are left out.
func (s *segmentSearch) exact(p *plan) count {
	run := s.coreRange(p.core)
	exact := true
	if len(run) > coreScan {
		exact = false
		whole := s.wholeRange(run, p.text)
		run = slices.Concat(whole[:min(len(whole), coreScan)], run[:coreScan])
		slices.Sort(run)
		run = slices.Compact(run)
	}
	var equal, core, former []uint32
	for _, d := range run {
		if !s.visible(d) || s.taken(d) {
			continue
		}
		v := s.seg.view(d)
		whole := slices.Equal(v.units, p.text)
		switch {
		case !whole && !hasAll(v, p.parts):
		case s.isFormer(d):
			former = append(former, d)
		case whole:
			equal = append(equal, d)
		default:
			core = append(core, d)
		}
	}
	n := 0
	for i, ds := range [][]uint32{equal, core, former} {
		slices.Sort(ds) // ordinals are in rank order
		for _, d := range ds {
			if !s.taken(d) {
				s.emit(p, d, tierExact+i, 0)
				n++
			}
		}
	}
	return count{n, exact}
}

func (s *segmentSearch) strict(p *plan) count {
	total := s.exact(p)
	var sets [3][]uint64
	for i := range sets {
		sets[i] = s.bits()
	}
	switch len(p.text) {
	case 1:
		s.bigrams.find(unitStart, p.text[0]).or(sets[classPrefix])
		s.mask(sets[classPrefix])
		return total.plus(s.takeSets(p, sets, containTiers))
	case 2:
		s.bigrams.find(p.text[0], p.text[1]).byClass(&sets)
		for _, set := range sets {
			s.mask(set)
		}
		return total.plus(s.takeSets(p, sets, containTiers))
	}
	cand, n := s.candidates(s.bigramConds(nil, p.text), s.bits())
	if n == 0 {
		return total
	}
	check := func(d uint32) int {
		class, _, ok := bestClass(s.seg.view(d), p.text)
		if !ok {
			return -1
		}
		return class
	}
	if n <= verifyAll {
		eachBit(cand, 0, uint32(s.seg.docs()), func(d uint32) bool {
			if c := check(d); c >= 0 {
				setBit(sets[c], d)
			}
			return true
		})
		return total.plus(s.takeSets(p, sets, containTiers))
	}
	s.bigrams.find(p.text[0], p.text[1]).byClass(&sets)
	for _, set := range sets {
		andBits(set, cand)
	}
	return total.plus(s.takeLazily(p, sets, check, containTiers))
}

// tierSet names the tiers of the three classes and of earlier names.
type tierSet struct {
	class  [3]int
	former int
}

var (
	containTiers = tierSet{[3]int{tierPrefix, tierEarly, tierLate}, tierFormer}
	initialTiers = tierSet{[3]int{tierInitialsPrefix, tierInitials, tierInitials}, tierFormerInitials}
)

// takeSets emits verified sets in order and counts the entries in them.
func (s *segmentSearch) takeSets(p *plan, sets [3][]uint64, tiers tierSet) count {
	n := 0
	mains, docs := uint32(s.mains), uint32(s.seg.docs())
	for c, set := range sets {
		eachBit(set, 0, mains, func(d uint32) bool {
			if !s.room(p) {
				return false
			}
			if !hasBit(s.seen, d) {
				s.emit(p, d, tiers.class[c], 0)
				n++
			}
			return true
		})
		if !s.room(p) {
			n += s.countMains(set, true)
		}
	}
	for c := range sets[1:] {
		orBits(sets[0], sets[1+c])
	}
	eachBit(sets[0], mains, docs, func(d uint32) bool {
		if !s.taken(d) {
			s.emit(p, d, tiers.former, 0)
			n++
		}
		return true
	})
	return count{n, true}
}

// takeLazily emits candidates of each class in rank order as far as they are needed. The class of a candidate is at
// least that of its set; one that turns out worse moves to its own set, which comes later. The total is an estimate.
func (s *segmentSearch) takeLazily(p *plan, sets [3][]uint64, check func(uint32) int, tiers tierSet) count {
	estimate := 0
	for _, set := range sets {
		estimate += s.share(set, s.countMains(set, false), func(d uint32) bool { return check(d) >= 0 })
	}
	left := effort(estimate)
	scan := func(c int, from, to uint32, tier int) {
		eachBit(sets[c], from, to, func(d uint32) bool {
			if !s.room(p) || left == 0 {
				return false
			}
			if s.taken(d) {
				return true
			}
			left--
			switch got := check(d); {
			case got == c:
				s.emit(p, d, tier, 0)
			case got > c:
				setBit(sets[got], d)
			}
			return true
		})
	}
	mains, docs := uint32(s.mains), uint32(s.seg.docs())
	for c := range sets {
		scan(c, 0, mains, tiers.class[c])
	}
	for c := range sets {
		scan(c, mains, docs, tiers.former)
	}
	return s.estimated(estimate)
}

// tierPair names the tier of present and of earlier names.
type tierPair struct{ present, former int }

var (
	wordTiers  = tierPair{tierWords, tierFormerWords}
	looseTiers = tierPair{tierLoose, tierFormerLoose}
)

// takeChecked emits the candidates that pass the check, in rank order, the earlier names behind the present ones.
func (s *segmentSearch) takeChecked(p *plan, cand []uint64, n int, check func(docView) bool, tiers tierPair) count {
	mains, docs := uint32(s.mains), uint32(s.seg.docs())
	all := n <= verifyAll
	estimate, got, left := 0, 0, n
	if !all {
		estimate = s.share(cand, s.countMains(cand, false), func(d uint32) bool { return check(s.seg.view(d)) })
		left = effort(estimate)
	}
	take := func(d uint32, tier int) bool {
		if !all && (!s.room(p) || left == 0) {
			return false
		}
		if s.taken(d) {
			return true
		}
		left--
		if check(s.seg.view(d)) {
			s.emit(p, d, tier, 0)
			got++
		}
		return true
	}
	eachBit(cand, 0, mains, func(d uint32) bool { return take(d, tiers.present) })
	eachBit(cand, mains, docs, func(d uint32) bool { return take(d, tiers.former) })
	if all {
		return count{got, s.unseen == 0}
	}
	return s.estimated(estimate)
}

// share estimates how many of the n new names in a set pass the check, from a sample spread evenly over the ordinals.
func (s *segmentSearch) share(set []uint64, n int, check func(d uint32) bool) int {
	tried, passed := 0, 0
	for i := range sampleSize {
		d, ok := nextBit(set, uint32(i*s.mains/sampleSize), uint32(s.mains))
		if !ok {
			break
		}
		tried++
		if check(d) {
			passed++
		}
	}
	if tried == 0 {
		return 0
	}
	return n * passed / tried
}

// effort gives how many candidates to compare: fewer when not one of a sample matched.
func effort(estimate int) int {
	if estimate == 0 {
		return verifyAll
	}
	return verifySome
}

// estimated turns the size of a set of matches into what it adds to the total. What an earlier stage estimated is part
// of this set too: every name that contains a text contains its words and its initials.
func (s *segmentSearch) estimated(n int) count {
	add := max(n-s.unseen, 0)
	s.unseen = max(s.unseen, n)
	return count{add, false}
}

// countMains counts the present names in a set that were not found before, and marks them on demand.
func (s *segmentSearch) countMains(set []uint64, mark bool) int {
	n := 0
	for i := range wordsFor(s.mains) {
		w := set[i] &^ s.seen[i]
		if (i+1)*64 > s.mains {
			w &= 1<<(s.mains-i*64) - 1
		}
		n += onesCount(w)
		if mark {
			s.seen[i] |= w
		}
	}
	return n
}
