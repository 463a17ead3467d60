package nameindex

// words finds names that contain every word, in any order and at any place. A word of letters and digits may stand in the
// name itself or in its initials.
func (s *segmentSearch) words(p *plan) count {
	var conds []cond
	keys := make([][]byte, len(p.words))
	for i, w := range p.words {
		latin := allLatin(w)
		if latin {
			keys[i] = keysOf(w)
		}
		switch {
		case len(w) == 1:
			if c, ok := s.unitCond(w[0]); ok {
				conds = append(conds, c)
			}
		case latin: // the initials of a name contain its letters and digits
			conds = s.letterConds(conds, keys[i])
		default:
			conds = s.bigramConds(conds, w)
		}
	}
	cand, n := s.candidates(conds, s.bits())
	if n == 0 {
		return count{0, true}
	}
	return s.takeChecked(p, cand, n, func(v docView) bool { return hasWords(v, p.words, keys) }, wordTiers)
}

func hasWords(v docView, words [][]uint16, keys [][]byte) bool {
	for i, w := range words {
		if !hasWord(v, w, keys[i]) {
			return false
		}
	}
	return true
}

// initials finds names by the first letters of their pinyin.
func (s *segmentSearch) initials(p *plan) count {
	var sets [3][]uint64
	for i := range sets {
		sets[i] = s.bits()
	}
	conds := s.letterConds(nil, p.keys)
	if len(p.keys) == 2 {
		for _, l := range conds[0].lists {
			l.byClass(&sets)
		}
		for _, set := range sets {
			s.mask(set)
		}
		return s.takeSets(p, sets, initialTiers)
	}
	first := conds[0]
	cand, n := s.candidates(conds, s.bits())
	if n == 0 {
		return count{0, true}
	}
	check := func(d uint32) int {
		prefix, ok := initialsClass(s.seg.view(d), p.keys)
		switch {
		case !ok:
			return -1
		case prefix:
			return classPrefix
		}
		return classLate
	}
	if n <= verifyAll {
		eachBit(cand, 0, uint32(s.seg.docs()), func(d uint32) bool {
			if c := check(d); c >= 0 {
				setBit(sets[c], d)
			}
			return true
		})
		return s.takeSets(p, sets, initialTiers)
	}
	first.lists[0].byClass(&sets)
	for _, set := range sets {
		andBits(set, cand)
	}
	return s.takeLazily(p, sets, check, initialTiers)
}

// splits finds names in which the text stands in two or three pieces: 临溪鼎盛 in 临溪市鼎盛商贸有限公司.
func (s *segmentSearch) splits(p *plan) count {
	return s.anyOf(p, p.splits, wordTiers)
}

// loose finds names with the same distinctive part when place words or legal form contradict.
func (s *segmentSearch) loose(p *plan) count {
	return s.anyOf(p, p.loose, looseTiers)
}

// anyOf finds names that contain all pieces of at least one way to cut the text.
func (s *segmentSearch) anyOf(p *plan, ways [][][]uint16, tiers tierPair) count {
	union, tmp := s.bits(), s.bits()
	var viable [][][]uint16
	for _, pieces := range ways {
		var conds []cond
		for _, w := range pieces {
			conds = s.bigramConds(conds, w)
		}
		rare := conds[0]
		for _, c := range conds {
			if c.df < rare.df {
				rare = c
			}
		}
		if rare.df == 0 || rare.work > s.budget {
			continue
		}
		s.budget -= rare.work
		if set, n := s.candidates(conds, tmp); n > 0 {
			orBits(union, set)
			viable = append(viable, pieces)
		}
	}
	n := popcount(union)
	if n == 0 {
		return count{0, true}
	}
	return s.takeChecked(p, union, n, func(v docView) bool { return hasAnySplit(v, viable) }, tiers)
}

func hasAnySplit(v docView, splits [][][]uint16) bool {
	for _, pieces := range splits {
		if hasAll(v, pieces) {
			return true
		}
	}
	return false
}
