package nameindex

import "slices"

// cond is one condition on a name: that it is in at least one of the lists.
type cond struct {
	lists []list
	df    int
	work  int
}

func newCond(ls ...list) cond {
	c := cond{lists: ls}
	for _, l := range ls {
		c.df += l.df
		c.work += l.work()
	}
	return c
}

// or adds what fulfils the condition to dst.
func (c cond) or(dst []uint64) {
	for _, l := range c.lists {
		l.or(dst)
	}
}

// Work limits of one query in one segment. They bind only for texts made of very common parts.
const (
	verifyAll    = 10000  // up to so many candidates are all compared, and counted exactly
	verifySome   = 20000  // comparisons in rank order when there are more
	narrowEnough = 512    // candidates below which comparing beats intersecting
	decodeBudget = 600000 // postings read for intersecting
	sampleSize   = 256    // candidates compared to estimate how many of a larger set match
)

// bigramConds gives the conditions that a piece of text be contained.
func (s *segment) bigramConds(dst []cond, us []uint16) []cond {
	for i := 0; i+1 < len(us); i++ {
		dst = append(dst, newCond(s.bigrams.find(us[i], us[i+1])))
	}
	return dst
}

// unitCond gives the condition that a character be contained; false when it would exclude too little.
func (s *segment) unitCond(u uint16) (cond, bool) {
	c := newCond(s.bigrams.ranged(u, 0, 0xFFFF)...)
	return c, c.work <= max(s.docs()/8, 1024)
}

// letterConds gives the conditions that initials be contained.
func (s *segment) letterConds(dst []cond, keys []byte) []cond {
	if len(keys) == 2 {
		from := letterCode(keys[1]) * letterBase
		return append(dst, newCond(s.letters.ranged(letterCode(keys[0]), from, from+letterBase-1)...))
	}
	for i := 0; i+2 < len(keys); i++ {
		dst = append(dst, newCond(s.letters.find(letterCode(keys[i]), letterCode(keys[i+1])*letterBase+letterCode(keys[i+2]))))
	}
	return dst
}

// candidates intersects conditions, rarest first, until comparing the rest is cheaper. The result is a superset of the
// documents that fulfil all of them, without those that the query may not see; nil when there can be none.
func (s *segmentSearch) candidates(conds []cond, set []uint64) ([]uint64, int) {
	slices.SortStableFunc(conds, func(a, b cond) int { return a.df - b.df })
	if len(conds) > 0 && conds[0].df == 0 {
		return nil, 0
	}
	clear(set)
	if len(conds) == 0 {
		for i := range set {
			set[i] = ^uint64(0)
		}
		if r := s.seg.docs() % 64; r > 0 {
			set[len(set)-1] = 1<<r - 1
		}
	} else {
		conds[0].or(set)
	}
	s.mask(set)
	n := popcount(set)
	for i := 1; i < len(conds) && n > narrowEnough; i++ {
		c := conds[i]
		if c.work > s.budget || c.df > n*64 && n < 4*narrowEnough {
			continue
		}
		if len(c.lists) == 1 && c.lists[0] == conds[i-1].lists[0] {
			continue
		}
		andBits(set, s.decoded(c))
		n = popcount(set)
	}
	if n == 0 {
		return nil, 0
	}
	return set, n
}

// decoded gives the documents of a condition; the result is shared and must not be changed.
func (s *segmentSearch) decoded(c cond) []uint64 {
	if len(c.lists) == 1 {
		for _, k := range s.cache {
			if k.list == c.lists[0] {
				return k.set
			}
		}
	}
	s.budget -= c.work
	set := s.bits()
	c.or(set)
	if len(c.lists) == 1 && len(s.cache) < maxCached {
		s.cache = append(s.cache, cachedList{c.lists[0], set})
	}
	return set
}

type cachedList struct {
	list list
	set  []uint64
}

const maxCached = 24
