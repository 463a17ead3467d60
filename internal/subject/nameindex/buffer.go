package nameindex

import (
	"slices"
)

// bufferSearch runs the stages on the few fresh entries that are not in a segment yet, by comparing each. It keeps to
// the same definitions as segmentSearch; a test holds the two against each other.
type bufferSearch struct {
	*collector
	part    int32
	visible []bool // by entry
	seen    []bool // by entry
	hits    []hit
}

func newBufferSearch(s *snapshot, n int32, p *plan) *bufferSearch {
	b := &bufferSearch{collector: &s.buf, part: n}
	b.visible = make([]bool, s.buf.entries())
	b.seen = make([]bool, s.buf.entries())
	for e := range b.visible {
		b.visible[e] = !hasBit(s.bufDead[:], uint32(e)) &&
			(p.kind == 0 || s.buf.kinds[e]&p.kind != 0) &&
			(!p.byRegion || slices.Contains(p.region, s.buf.regions[e]))
	}
	return b
}

func (b *bufferSearch) found() []hit      { return b.hits }
func (b *bufferSearch) id(d uint32) int64 { return b.ids[b.docEntry[d]] }

func (b *bufferSearch) rankOf(d uint32) rankKey { return b.rank(b.docEntry[d], b.length(d)) }

// each asks match for the tier of every name that may be seen and was not found before, and takes for each entry its
// best name.
func (b *bufferSearch) each(match func(v docView, d uint32, former bool) (tier, sub uint8, ok bool)) count {
	best := make(map[uint32]hit)
	for d := range uint32(b.docs()) {
		e := b.docEntry[d]
		if !b.visible[e] || b.seen[e] {
			continue
		}
		tier, sub, ok := match(b.collector.view(d), d, b.isFormer(d))
		if !ok {
			continue
		}
		h := hit{doc: d, part: b.part, tier: tier, sub: sub}
		if old, ok := best[e]; !ok || b.compare(h, old) < 0 {
			best[e] = h
		}
	}
	from := len(b.hits)
	for e, h := range best {
		b.seen[e] = true
		b.hits = append(b.hits, h)
	}
	slices.SortFunc(b.hits[from:], b.compare)
	return count{len(best), true}
}

func (b *bufferSearch) compare(x, y hit) int {
	if x.tier != y.tier {
		return int(x.tier) - int(y.tier)
	}
	if x.sub != y.sub {
		return int(x.sub) - int(y.sub)
	}
	return b.rankOf(x.doc).compare(b.rankOf(y.doc))
}

func (b *bufferSearch) codes(p *plan) count {
	return b.each(func(_ docView, d uint32, former bool) (uint8, uint8, bool) {
		code := b.code(b.docEntry[d])
		if former || code.hi == 0 {
			return 0, 0, false
		}
		tier, ok := uint8(tierCodePrefix), false
		for _, text := range p.codes {
			lo, _ := packCode(text, 0)
			hi, _ := packCode(text, 36)
			if code == lo && len(text) == codeLen {
				return tierCode, 0, true
			}
			ok = ok || len(text) < codeLen && code.compare(lo) >= 0 && code.compare(hi) <= 0
			if org := code.org(); len(text) <= orgLen && org != 0 {
				from, _ := packOrg(text, 0)
				to, _ := packOrg(text, 36)
				ok = ok || org >= from && org <= to
			}
		}
		return tier, 0, ok
	})
}

func (b *bufferSearch) strict(p *plan) count {
	return b.each(func(v docView, d uint32, former bool) (uint8, uint8, bool) {
		if slices.Equal(b.core(d), p.core) && len(v.units) > 0 {
			switch whole := slices.Equal(v.units, p.text); {
			case former && (whole || hasAll(v, p.parts)):
				return tierFormerExact, 0, true
			case whole:
				return tierExact, 0, true
			case hasAll(v, p.parts):
				return tierCore, 0, true
			}
		}
		class, _, ok := bestClass(v, p.text)
		if len(p.text) == 1 && class != classPrefix {
			return 0, 0, false
		}
		return containTiers.at(class, former), 0, ok
	})
}

func (t tierSet) at(class int, former bool) uint8 {
	if former {
		return uint8(t.former)
	}
	return uint8(t.class[min(class, classLate)])
}

func (t tierPair) at(former bool) uint8 {
	if former {
		return uint8(t.former)
	}
	return uint8(t.present)
}

func (b *bufferSearch) words(p *plan) count {
	keys := make([][]byte, len(p.words))
	for i, w := range p.words {
		if allLatin(w) {
			keys[i] = keysOf(w)
		}
	}
	return b.each(func(v docView, _ uint32, former bool) (uint8, uint8, bool) {
		return wordTiers.at(former), 0, hasWords(v, p.words, keys)
	})
}

func (b *bufferSearch) initials(p *plan) count {
	return b.each(func(v docView, _ uint32, former bool) (uint8, uint8, bool) {
		prefix, ok := initialsClass(v, p.keys)
		class := classLate
		if prefix {
			class = classPrefix
		}
		return initialTiers.at(class, former), 0, ok
	})
}

func (b *bufferSearch) splits(p *plan) count {
	return b.each(func(v docView, _ uint32, former bool) (uint8, uint8, bool) {
		return wordTiers.at(former), 0, hasAnySplit(v, p.splits)
	})
}

func (b *bufferSearch) fuzzy(p *plan) count {
	return b.each(func(v docView, _ uint32, former bool) (uint8, uint8, bool) {
		sub, ok := typoClass(v, p, former)
		return tierFuzzy, sub, ok
	})
}

func (b *bufferSearch) far(p *plan) count { return b.fuzzy(p) }

func (b *bufferSearch) loose(p *plan) count {
	return b.each(func(v docView, _ uint32, former bool) (uint8, uint8, bool) {
		return looseTiers.at(former), 0, hasAnySplit(v, p.loose)
	})
}
