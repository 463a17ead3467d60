package nameindex

import "slices"

// present makes a hit ready to show: its name as it was put and the runes of it that matched.
func (ix *Index) present(p *plan, s searcher, h hit) Hit {
	out := Hit{ID: s.id(h.doc), Score: tierScore[h.tier], How: tierHow[h.tier]}
	if h.tier == tierFuzzy {
		out.Score -= 10 * int(h.sub)
	}
	v := s.view(h.doc)
	at := ix.matched(p, v, h.tier)
	slices.Sort(at)
	at = slices.Compact(at)
	name, odd := s.original(h.doc)
	if !odd {
		name = ix.codec.text(v.units)
	} else {
		at = toRunes(name, at)
	}
	out.Name = name
	out.Ranges = toRanges(at)
	return out
}

// matched gives the units of a name that a query matched.
func (ix *Index) matched(p *plan, v docView, tier uint8) []int {
	switch tier {
	case tierCode, tierCodePrefix:
		return nil
	case tierInitialsPrefix, tierInitials, tierFormerInitials:
		return matchedKeys(v, p.keys)
	}
	if _, at, ok := bestClass(v, p.text); ok {
		return span(nil, at, len(p.text))
	}
	if len(p.words) > 1 {
		if at, ok := matchedWords(v, p.words); ok {
			return at
		}
	}
	if at, ok := matchedPieces(v, append(p.parts[:len(p.parts):len(p.parts)], p.core)); ok {
		return at
	}
	for _, pieces := range p.splits {
		if at, ok := matchedPieces(v, pieces); ok {
			return at
		}
	}
	if p.pattern != nil && p.pattern.distance(v.units) <= p.maxDist {
		return align(v.units, p.text)
	}
	for i := len(p.loose) - 1; i >= 0; i-- {
		if at, ok := matchedPieces(v, p.loose[i]); ok {
			return at
		}
	}
	return nil
}

// matchedKeys finds the best place of the initials asked for.
func matchedKeys(v docView, keys []byte) []int {
	from, to, ok := 0, 0, false
	for i := 0; ; i++ {
		a, b, found := containsInits(v, keys, i)
		if !found {
			break
		}
		prefix := v.geo.class(a) == classPrefix
		if !ok || prefix {
			from, to, ok = a, b, true
		}
		if prefix {
			break
		}
		i = a
	}
	if !ok {
		return nil
	}
	return span(nil, from, to-from+1)
}

func matchedWords(v docView, words [][]uint16) ([]int, bool) {
	var at []int
	for _, w := range words {
		i := indexUnits(v.units, w, 0)
		switch {
		case i >= 0:
			at = span(at, i, len(w))
		case allLatin(w) && len(w) >= 2:
			keys := matchedKeys(v, keysOf(w))
			if keys == nil {
				return nil, false
			}
			at = append(at, keys...)
		default:
			return nil, false
		}
	}
	return at, true
}

func matchedPieces(v docView, pieces [][]uint16) ([]int, bool) {
	var at []int
	for _, w := range pieces {
		i := indexUnits(v.units, w, 0)
		if i < 0 {
			return nil, false
		}
		at = span(at, i, len(w))
	}
	return at, true
}

func span(at []int, from, n int) []int {
	for i := range n {
		at = append(at, from+i)
	}
	return at
}

// toRunes maps positions in the folded text, ascending, to positions in the text itself.
func toRunes(name string, at []int) []int {
	out := make([]int, 0, len(at))
	unit, r := 0, 0
	for _, c := range name {
		if len(out) == len(at) {
			break
		}
		if _, ok := foldRune(c); ok {
			if at[len(out)] == unit {
				out = append(out, r)
			}
			unit++
		}
		r++
	}
	return out
}

// toRanges joins neighbouring positions.
func toRanges(at []int) [][2]int {
	var out [][2]int
	for _, i := range at {
		if n := len(out); n > 0 && out[n-1][1] == i {
			out[n-1][1]++
		} else {
			out = append(out, [2]int{i, i + 1})
		}
	}
	return out
}
