package nameindex

import "slices"

// hit is one document found; sub orders hits within a tier before rank does.
type hit struct {
	doc  uint32
	part int32
	tier uint8
	sub  uint8
}

// count says how many entries a stage found.
type count struct {
	n     int
	exact bool
}

func (c count) plus(o count) count { return count{c.n + o.n, c.exact && o.exact} }

// searcher looks for a plan in one part of the index. Every stage appends to the hits of its part, best first, at most
// as many as the plan needs, and never an entry that an earlier stage has found.
type searcher interface {
	codes(p *plan) count
	strict(p *plan) count
	words(p *plan) count
	initials(p *plan) count
	splits(p *plan) count
	fuzzy(p *plan) count
	far(p *plan) count
	loose(p *plan) count

	found() []hit
	rankOf(d uint32) rankKey
	view(d uint32) docView
	id(d uint32) int64
	original(d uint32) (string, bool)
}

// Search answers a query. It never waits for writers.
func (ix *Index) Search(q Query) Result {
	began := ix.opts.Clock.Now()
	res := ix.search(&q)
	res.Elapsed = ix.opts.Clock.Now().Sub(began)
	return res
}

func (ix *Index) search(q *Query) Result {
	p, reason := ix.parse(q)
	if p == nil {
		return Result{Reason: reason, TotalIsExact: true}
	}
	scr := scratches.Get().(*scratch) //nolint:errcheck // the pool makes nothing else
	defer scr.release()
	ss := ix.snap.Load().searchers(p, scr)
	total := ix.runStages(p, ss)
	res := Result{Total: total.n, TotalIsExact: total.exact}
	if len(p.text) == 1 {
		res.Reason = reasonOneRune
		if p.latin {
			res.Reason = reasonOneKey
		}
	}
	hits := mergeHits(ss, p.need)
	if q.Offset < len(hits) {
		for _, h := range hits[q.Offset:] {
			res.Hits = append(res.Hits, ix.present(p, ss[h.part], h))
		}
	}
	return res
}

func (s *snapshot) searchers(p *plan, scr *scratch) []searcher {
	ss := make([]searcher, 0, len(s.parts)+1)
	for _, part := range s.parts {
		ss = append(ss, newSegmentSearch(part, int32(len(ss)), p, scr))
	}
	if s.buf.entries() > 0 {
		ss = append(ss, newBufferSearch(s, int32(len(ss)), p))
	}
	return ss
}

// runStages goes through the ways of finding from the strictest on. The later ones run only when the earlier found few.
func (ix *Index) runStages(p *plan, ss []searcher) count {
	total := count{0, true}
	stage := func(run func(searcher, *plan) count) {
		for _, s := range ss {
			total = total.plus(run(s, p))
		}
	}
	if len(p.codes) > 0 {
		stage(searcher.codes)
		if total.n > 0 && hasTier(ss, tierCode) {
			return total
		}
	}
	stage(searcher.strict)
	if len(p.text) < 2 {
		return total
	}
	if len(p.words) > 1 {
		stage(searcher.words)
	}
	if p.latin {
		stage(searcher.initials)
	}
	if total.n >= fewHits || hasTier(ss, tierExact) || p.latin && total.n > 0 {
		return total
	}
	ix.prepareLoose(p)
	if len(p.splits) > 0 {
		stage(searcher.splits)
	}
	if total.n < fewHits && p.maxDist > 0 {
		strict := total.n
		stage(searcher.fuzzy)
		if total.n == strict && len(p.text) >= farLength {
			p.maxDist = 2
			stage(searcher.far)
		}
		total.n = min(total.n, strict+maxTypoHits)
	}
	if total.n < fewHits && len(p.loose) > 0 {
		stage(searcher.loose)
	}
	return total
}

func hasTier(ss []searcher, tier uint8) bool {
	for _, s := range ss {
		if slices.ContainsFunc(s.found(), func(h hit) bool { return h.tier == tier }) {
			return true
		}
	}
	return false
}

// mergeHits brings the hits of all parts, each in order, into one order.
func mergeHits(ss []searcher, need int) []hit {
	var runs [][]hit
	for _, s := range ss {
		if h := s.found(); len(h) > 0 {
			runs = append(runs, h)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	for len(runs) > 1 {
		var next [][]hit
		for i := 0; i+1 < len(runs); i += 2 {
			next = append(next, mergeTwo(ss, runs[i], runs[i+1], need))
		}
		if len(runs)%2 == 1 {
			next = append(next, runs[len(runs)-1])
		}
		runs = next
	}
	hits := runs[0][:min(need, len(runs[0]))]
	typos := 0 // nothing follows when there are more than maxTypoHits
	for i, h := range hits {
		if h.tier == tierFuzzy {
			if typos++; typos > maxTypoHits {
				return hits[:i]
			}
		}
	}
	return hits
}

func mergeTwo(ss []searcher, a, b []hit, need int) []hit {
	out := make([]hit, 0, min(need, len(a)+len(b)))
	for len(out) < need && (len(a) > 0 || len(b) > 0) {
		if len(b) == 0 || len(a) > 0 && compareHits(ss, a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

func compareHits(ss []searcher, a, b hit) int {
	if a.tier != b.tier {
		return int(a.tier) - int(b.tier)
	}
	if a.sub != b.sub {
		return int(a.sub) - int(b.sub)
	}
	return ss[a.part].rankOf(a.doc).compare(ss[b.part].rankOf(b.doc))
}
