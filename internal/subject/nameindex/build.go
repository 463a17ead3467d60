package nameindex

import (
	"cmp"
	"slices"
	"sync"
)

// build makes a segment of all entries of c; of several with one ID the last counts. It empties c as soon as it has
// what it needs when own is set, so that a load does not hold every name twice for longer than it must.
func build(c *collector, own bool) *segment {
	s := &segment{}
	s.layout(c)
	if own {
		*c = collector{}
	}
	n := s.docs()
	if n < 1<<14 {
		s.buildDicts(func(tasks ...func()) {
			for _, t := range tasks {
				t()
			}
		})
		return s
	}
	s.buildDicts(func(tasks ...func()) {
		var wg sync.WaitGroup
		gate := make(chan struct{}, 2)
		for _, t := range tasks {
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				t()
			})
		}
		wg.Wait()
	})
	return s
}

func (s *segment) buildDicts(run func(...func())) {
	n := s.docs()
	run(
		func() { s.bigrams = buildDict(s, s.bigramPostings, newDictBuilder(n, true, 0)) },
		func() { s.skips = buildDict(s, s.skipPostings, newDictBuilder(n, false, max(n/32, 4096))) },
		func() { s.letters = buildDict(s, s.letterPostings, newDictBuilder(n, true, 0)) },
		func() { s.filters = buildDict(s, s.filterPostings, newDictBuilder(n, false, 0)) },
		s.sortCodes,
		s.sortCores,
	)
}

// layout copies the entries into rank order.
func (s *segment) layout(c *collector) {
	order := lastByID(c)
	firstDoc := make([]uint32, c.entries())
	var formers []uint32
	for d := range uint32(c.docs()) {
		if c.isFormer(d) {
			formers = append(formers, d)
		} else {
			firstDoc[c.docEntry[d]] = d
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return c.rank(a, c.length(firstDoc[a])).compare(c.rank(b, c.length(firstDoc[b])))
	})
	place := make([]uint32, c.entries()) // ordinal + 1
	for i, e := range order {
		place[e] = uint32(i) + 1
	}
	formers = slices.DeleteFunc(formers, func(d uint32) bool { return place[c.docEntry[d]] == 0 })
	slices.SortStableFunc(formers, func(a, b uint32) int {
		return c.rank(c.docEntry[a], c.length(a)).compare(c.rank(c.docEntry[b], c.length(b)))
	})
	s.mains = len(order)
	s.columns.reserve(len(order))
	s.reserveTexts(c, len(order)+len(formers))
	for _, e := range order {
		s.columns.add(&c.columns, e)
		s.take(c, firstDoc[e])
	}
	s.formerMain = make([]uint32, 0, len(formers))
	for _, d := range formers {
		s.formerMain = append(s.formerMain, place[c.docEntry[d]]-1)
		s.take(c, d)
	}
	s.oddDocs, s.oddOff, s.oddText = trim(s.oddDocs), trim(s.oddOff), trim(s.oddText)
	s.units, s.inits = trim(s.units), trim(s.inits)
	s.formerByMain = ascending(len(formers))
	slices.SortFunc(s.formerByMain, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.formerMain[a], s.formerMain[b]), cmp.Compare(a, b))
	})
	s.byID = ascending(s.mains)
	slices.SortFunc(s.byID, func(a, b uint32) int { return cmp.Compare(s.ids[a], s.ids[b]) })
}

func (s *segment) reserveTexts(c *collector, docs int) {
	s.units = make([]uint16, 0, len(c.units))
	s.inits = make([]byte, 0, len(c.inits))
	s.off = append(make([]uint32, 0, docs+1), 0)
	s.geos = make([]geo, 0, docs)
}

func (s *segment) take(c *collector, d uint32) {
	if text, odd := c.original(d); odd {
		s.appendOdd(uint32(s.docs()), text)
	}
	s.texts.add(c.view(d))
}

// lastByID gives one entry per ID.
func lastByID(c *collector) []uint32 {
	order := ascending(c.entries())
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.ids[a], c.ids[b]), cmp.Compare(a, b))
	})
	w := 0
	for i, e := range order {
		if i+1 == len(order) || c.ids[order[i+1]] != c.ids[e] {
			order[w] = e
			w++
		}
	}
	return order[:w]
}

func ascending(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}

func (s *segment) sortCodes() {
	for e := range uint32(s.mains) {
		c := s.code(e)
		if c.hi != 0 {
			s.byCode = append(s.byCode, e)
		}
		if c.org() != 0 {
			s.byOrg = append(s.byOrg, e)
		}
	}
	s.byCode, s.byOrg = trim(s.byCode), trim(s.byOrg)
	slices.SortFunc(s.byCode, func(a, b uint32) int {
		return cmp.Or(s.code(a).compare(s.code(b)), cmp.Compare(a, b))
	})
	slices.SortFunc(s.byOrg, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.code(a).org(), s.code(b).org()), cmp.Compare(a, b))
	})
}

// sortCores sorts by the first four units held in one number; only ties look at the names themselves.
func (s *segment) sortCores() {
	type keyed struct {
		key uint64
		doc uint32
	}
	all := make([]keyed, s.docs())
	for d := range all {
		k := uint64(0)
		core := s.core(uint32(d))
		for i := range 4 {
			k <<= 16
			if i < len(core) {
				k |= uint64(core[i])
			}
		}
		all[d] = keyed{k, uint32(d)}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		if c := slices.Compare(s.core(a.doc), s.core(b.doc)); c != 0 {
			return c
		}
		if c := slices.Compare(s.view(a.doc).units, s.view(b.doc).units); c != 0 {
			return c
		}
		return cmp.Compare(a.doc, b.doc)
	})
	s.byCore = make([]uint32, len(all))
	for i, k := range all {
		s.byCore[i] = k.doc
	}
}

// shardPostings bounds how many postings are sorted at a time.
const shardPostings = 2 << 20

// A producer appends the postings whose first unit lies in [lo, hi].
type producer func(out []uint64, lo, hi uint16) []uint64

// buildDict makes a dictionary range by range of first units, so that the numbers being sorted stay few.
func buildDict(s *segment, produce producer, b *dictBuilder) *dict {
	if len(s.units) < shardPostings/2 {
		ps := produce(nil, 0, 0xFFFF)
		slices.Sort(ps)
		b.add(ps)
		return b.finish()
	}
	counts := make([]int, 1<<16)
	for _, u := range s.units {
		counts[u]++
	}
	for _, c := range s.inits {
		counts[letterCode(c)]++
	}
	counts[unitStart] += 3 * s.docs()
	buf := make([]uint64, 0, shardPostings+shardPostings/4)
	spare := make([]uint64, 0, cap(buf))
	counter := make([]uint32, 1<<16)
	for lo := 0; lo < 1<<16; {
		hi, n := lo, counts[lo]
		for hi+1 < 1<<16 && n+counts[hi+1] <= shardPostings {
			hi++
			n += counts[hi]
		}
		buf = produce(buf[:0], uint16(lo), uint16(hi))
		buf, spare = sortPostings(buf, spare, counter)
		b.add(buf)
		lo = hi + 1
	}
	return b.finish()
}

// sortPostings sorts by both units and keeps the order of documents, in which postings are produced. It returns the
// sorted numbers and the other buffer.
func sortPostings(ps, spare []uint64, counter []uint32) (sorted, other []uint64) {
	if len(ps) < len(counter) {
		slices.Sort(ps)
		return ps, spare
	}
	spare = slices.Grow(spare[:0], len(ps))[:len(ps)]
	for _, shift := range [...]uint{32, 48} {
		clear(counter)
		for _, p := range ps {
			counter[uint16(p>>shift)]++
		}
		at := uint32(0)
		for i, n := range counter {
			counter[i] = at
			at += n
		}
		for _, p := range ps {
			k := uint16(p >> shift)
			spare[counter[k]] = p
			counter[k]++
		}
		ps, spare = spare, ps
	}
	return ps, spare
}

func (s *segment) bigramPostings(out []uint64, lo, hi uint16) []uint64 {
	for d := range uint32(s.docs()) {
		v := s.view(d)
		last := len(v.units) - 1
		if last < 0 {
			continue
		}
		if lo <= unitStart && unitStart <= hi {
			out = append(out, packPosting(unitStart, v.units[0], d, 0))
			if v.geo.mid > 0 {
				out = append(out, packPosting(unitStart, v.units[v.geo.mid], d, 0))
			}
			if v.geo.start > 0 {
				out = append(out, packPosting(unitStart, v.units[v.geo.start], d, 0))
			}
		}
		for i, u := range v.units {
			if u < lo || u > hi {
				continue
			}
			next := uint16(unitEnd)
			if i < last {
				next = v.units[i+1]
			}
			out = append(out, packPosting(u, next, d, v.geo.class(i)))
		}
	}
	return out
}

func (s *segment) skipPostings(out []uint64, lo, hi uint16) []uint64 {
	for d := range uint32(s.docs()) {
		us := s.view(d).units
		for i := 0; i+2 < len(us); i++ {
			if us[i] >= lo && us[i] <= hi {
				out = append(out, packPosting(us[i], us[i+2], d, 0))
			}
		}
	}
	return out
}

// letterPostings: every two initials in a row with the one behind them, or 0 at the end.
func (s *segment) letterPostings(out []uint64, lo, hi uint16) []uint64 {
	var codes [maxNameUnits + 2]uint16
	var at [maxNameUnits]int
	for d := range uint32(s.docs()) {
		v := s.view(d)
		n := 0
		for i, b := range v.inits {
			if b != 0 {
				codes[n], at[n] = letterCode(b), i
				n++
			}
		}
		codes[n] = 0
		for j := 0; j+1 < n; j++ {
			if codes[j] < lo || codes[j] > hi {
				continue
			}
			class := classLate
			if v.geo.class(at[j]) == classPrefix {
				class = classPrefix
			}
			out = append(out, packPosting(codes[j], codes[j+1]*letterBase+codes[j+2], d, class))
		}
	}
	return out
}

func (s *segment) filterPostings(out []uint64, lo, hi uint16) []uint64 {
	for d := range uint32(s.docs()) {
		e := s.main(d)
		if lo <= filterRegion && filterRegion <= hi {
			out = append(out, packPosting(filterRegion, s.regions[e], d, 0))
		}
		if lo <= filterKind && filterKind <= hi {
			out = append(out, packPosting(filterKind, uint16(s.kinds[e]), d, 0))
		}
	}
	return out
}
