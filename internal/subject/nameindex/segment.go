package nameindex

import (
	"cmp"
	"slices"
	"sort"
)

// segment is an immutable index over a set of entries. Its documents are names: first the present names in rank order
// (shorter, heavier, then by code and ID), so that a scan by ordinal meets the best first; behind them the earlier
// names in the same order.
type segment struct {
	texts
	columns
	mains        int
	formerMain   []uint32 // the entry of each earlier name
	formerByMain []uint32 // the earlier names (as indexes into formerMain) sorted by entry

	oddDocs []uint32 // names whose given form is not the folded one, ascending
	oddOff  []uint32
	oddText []byte

	bigrams *dict // neighbours, with unitStart before each head and unitEnd behind the last
	skips   *dict // characters with one between them
	letters *dict // three initials in a row
	filters *dict // documents by region and by kind

	byID   []uint32
	byCode []uint32 // entries with a code
	byOrg  []uint32 // entries with a full code, by the organisation code in it
	byCore []uint32 // all names by their distinctive part, then by the whole name
}

const (
	filterRegion = 0
	filterKind   = 1
)

// main gives the entry of a document.
func (s *segment) main(d uint32) uint32 {
	if int(d) < s.mains {
		return d
	}
	return s.formerMain[int(d)-s.mains]
}

func (s *segment) isFormer(d uint32) bool { return int(d) >= s.mains }

func (s *segment) original(d uint32) (string, bool) {
	i, ok := slices.BinarySearch(s.oddDocs, d)
	if !ok {
		return "", false
	}
	return string(s.oddText[s.oddOff[i]:s.oddOff[i+1]]), true
}

// find gives the ordinal of the entry with an ID.
func (s *segment) find(id int64) (uint32, bool) {
	i, ok := slices.BinarySearchFunc(s.byID, id, func(e uint32, id int64) int { return cmp.Compare(s.ids[e], id) })
	if !ok {
		return 0, false
	}
	return s.byID[i], true
}

// formers gives the documents that are earlier names of entry e.
func (s *segment) formers(e uint32) []uint32 {
	i := sort.Search(len(s.formerByMain), func(i int) bool { return s.formerMain[s.formerByMain[i]] >= e })
	var out []uint32
	for ; i < len(s.formerByMain) && s.formerMain[s.formerByMain[i]] == e; i++ {
		out = append(out, uint32(s.mains)+s.formerByMain[i])
	}
	return out
}

func (t *texts) core(d uint32) []uint16 {
	a, g := t.off[d], t.geos[d]
	return t.units[a+uint32(g.start) : a+uint32(g.end)]
}

// coreRange gives the run of byCore with that distinctive part.
func (s *segment) coreRange(core []uint16) []uint32 {
	lo := sort.Search(len(s.byCore), func(i int) bool { return slices.Compare(s.core(s.byCore[i]), core) >= 0 })
	n := sort.Search(len(s.byCore)-lo, func(i int) bool { return slices.Compare(s.core(s.byCore[lo+i]), core) > 0 })
	return s.byCore[lo : lo+n]
}

// wholeRange gives the part of such a run in which the whole name is that text.
func (s *segment) wholeRange(run []uint32, text []uint16) []uint32 {
	lo := sort.Search(len(run), func(i int) bool { return slices.Compare(s.view(run[i]).units, text) >= 0 })
	n := sort.Search(len(run)-lo, func(i int) bool { return slices.Compare(s.view(run[lo+i]).units, text) > 0 })
	return run[lo : lo+n]
}

// codeRange gives the entries with a code from lo to hi.
func (s *segment) codeRange(lo, hi packedCode) []uint32 {
	i := sort.Search(len(s.byCode), func(i int) bool { return s.code(s.byCode[i]).compare(lo) >= 0 })
	n := sort.Search(len(s.byCode)-i, func(j int) bool { return s.code(s.byCode[i+j]).compare(hi) > 0 })
	return s.byCode[i : i+n]
}

func (s *segment) orgRange(lo, hi uint64) []uint32 {
	i := sort.Search(len(s.byOrg), func(i int) bool { return s.code(s.byOrg[i]).org() >= lo })
	n := sort.Search(len(s.byOrg)-i, func(j int) bool { return s.code(s.byOrg[i+j]).org() > hi })
	return s.byOrg[i : i+n]
}

func (s *segment) bytes() int {
	n := 2*cap(s.units) + cap(s.inits) + 4*cap(s.off) + 3*cap(s.geos)
	n += 8*cap(s.ids) + 8*cap(s.codes) + 4*cap(s.codesLo) + cap(s.weights) + cap(s.kinds) + 2*cap(s.regions)
	n += 4 * (cap(s.formerMain) + cap(s.formerByMain) + cap(s.oddDocs) + cap(s.oddOff))
	n += cap(s.oddText) + 4*(cap(s.byID)+cap(s.byCode)+cap(s.byOrg)+cap(s.byCore))
	return n + s.bigrams.bytes() + s.skips.bytes() + s.letters.bytes() + s.filters.bytes()
}

// rankKey is the order among hits of one tier: shorter, heavier, then code and ID. It is total, because IDs are.
type rankKey struct {
	length int
	weight uint8
	code   packedCode
	id     int64
}

func (a rankKey) compare(b rankKey) int {
	if c := cmp.Compare(a.length, b.length); c != 0 {
		return c
	}
	if c := cmp.Compare(b.weight, a.weight); c != 0 {
		return c
	}
	if c := a.code.compare(b.code); c != 0 {
		return c
	}
	return cmp.Compare(a.id, b.id)
}

func (c *columns) rank(e uint32, length int) rankKey {
	return rankKey{length: length, weight: c.weights[e], code: c.code(e), id: c.ids[e]}
}

func (s *segment) rankOf(d uint32) rankKey { return s.rank(s.main(d), s.length(d)) }

// tomb marks the documents of a segment that were replaced or removed. It is copied by page, so that a search keeps
// the state it began with.
type tomb struct {
	pages []*[tombPage]uint64
	n     int // entries, not documents
}

const (
	tombPage     = 256 // words
	tombPageDocs = tombPage * 64
)

func (t *tomb) has(d uint32) bool {
	if t == nil || t.pages[d/tombPageDocs] == nil {
		return false
	}
	return hasBit(t.pages[d/tombPageDocs][:], d%tombPageDocs)
}

// with returns a copy in which the entries and their earlier names are marked too.
func (t *tomb) with(s *segment, entries ...uint32) *tomb {
	out := &tomb{pages: make([]*[tombPage]uint64, (s.docs()+tombPageDocs-1)/tombPageDocs)}
	if t != nil {
		copy(out.pages, t.pages)
		out.n = t.n
	}
	own := make([]bool, len(out.pages))
	mark := func(d uint32) {
		p := d / tombPageDocs
		if !own[p] {
			page := new([tombPage]uint64)
			if out.pages[p] != nil {
				*page = *out.pages[p]
			}
			out.pages[p], own[p] = page, true
		}
		setBit(out.pages[p][:], d%tombPageDocs)
	}
	for _, e := range entries {
		if out.has(e) {
			continue
		}
		out.n++
		mark(e)
		for _, f := range s.formers(e) {
			mark(f)
		}
	}
	return out
}

// clearFrom takes the marked documents out of a set.
func (t *tomb) clearFrom(set []uint64) {
	if t == nil {
		return
	}
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		part := set[i*tombPage:]
		part = part[:min(len(part), tombPage)]
		andNotBits(part, p[:])
	}
}

func (t *tomb) bytes() int {
	if t == nil {
		return 0
	}
	n := 8 * len(t.pages)
	for _, p := range t.pages {
		if p != nil {
			n += 8 * tombPage
		}
	}
	return n
}

// appendOdd keeps the given form of a name beside its units.
func (s *segment) appendOdd(d uint32, text string) {
	if len(s.oddOff) == 0 {
		s.oddOff = append(s.oddOff, 0)
	}
	s.oddDocs = append(s.oddDocs, d)
	s.oddText = append(s.oddText, text...)
	s.oddOff = append(s.oddOff, uint32(len(s.oddText)))
}
