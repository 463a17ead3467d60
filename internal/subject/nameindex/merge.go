package nameindex

import "slices"

// mergeWidth parts of one size class become one part of the next, so there are never more than a few of each.
const mergeWidth = 4

func sizeClass(n int) int {
	c := 0
	for limit := bufferSize; n > limit; limit *= mergeWidth {
		c++
	}
	return c
}

// due picks the parts to merge next: a full size class, or one part a quarter of which is dead.
func (s *snapshot) due() []*segment {
	classes := make(map[int][]*segment)
	for _, p := range s.parts {
		if p.live()*4 < p.seg.mains*3 {
			return []*segment{p.seg}
		}
		c := sizeClass(p.live())
		classes[c] = append(classes[c], p.seg)
		if len(classes[c]) == mergeWidth {
			return classes[c]
		}
	}
	return nil
}

// mergeIfDue starts a merge when one is due and none is running. The caller holds the lock.
func (ix *Index) mergeIfDue() {
	if ix.merging {
		return
	}
	segs := ix.snap.Load().due()
	if segs == nil {
		return
	}
	ix.merging = true
	if ix.opts.MergeInline {
		for ; segs != nil; segs = ix.snap.Load().due() {
			j := &journal{}
			ix.install(segs, mergeParts(ix.snap.Load(), segs), j)
		}
		ix.merging = false
		return
	}
	go ix.mergeInBackground(segs)
}

func (ix *Index) mergeInBackground(segs []*segment) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for ; segs != nil; segs = ix.snap.Load().due() {
		ix.mergeUnlocked(segs)
	}
	ix.merging = false
	ix.idle.Broadcast()
}

// mergeUnlocked builds without the lock and takes it again to put the result in place.
func (ix *Index) mergeUnlocked(segs []*segment) {
	j := &journal{ids: make(map[int64]struct{})}
	ix.journals[j] = true
	old := ix.snap.Load()
	ix.mu.Unlock()
	merged := mergeParts(old, segs)
	ix.mu.Lock()
	delete(ix.journals, j)
	ix.install(segs, merged, j)
}

// install puts the merged segment in the place of the old ones.
func (ix *Index) install(old []*segment, merged *segment, j *journal) {
	next := *ix.snap.Load()
	next.parts = slices.DeleteFunc(slices.Clone(next.parts), func(p part) bool { return slices.Contains(old, p.seg) })
	if merged.mains > 0 {
		next.parts = append(next.parts, part{seg: merged, dead: j.tomb(merged)})
	}
	ix.snap.Store(&next)
}

// mergeParts builds one segment of what is alive in the given ones.
func mergeParts(s *snapshot, segs []*segment) *segment {
	c := &collector{}
	for _, p := range s.parts {
		if slices.Contains(segs, p.seg) {
			copySegment(c, p)
		}
	}
	return build(c, true)
}

func copySegment(c *collector, p part) {
	seg := p.seg
	c.units = slices.Grow(c.units, len(seg.units))
	c.inits = slices.Grow(c.inits, len(seg.inits))
	f := 0
	for e := range uint32(seg.mains) {
		var formers []uint32
		for f < len(seg.formerByMain) && seg.formerMain[seg.formerByMain[f]] == e {
			formers = append(formers, uint32(seg.mains)+seg.formerByMain[f])
			f++
		}
		if p.dead.has(e) {
			continue
		}
		n := uint32(c.entries())
		c.columns.add(&seg.columns, e)
		for _, d := range append([]uint32{e}, formers...) {
			text, odd := seg.original(d)
			c.addName(seg.view(d), n, text, odd)
		}
	}
}

// Wait returns when no merge is running.
func (ix *Index) Wait() {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for ix.merging {
		ix.idle.Wait()
	}
}

// Compact merges everything into one segment and returns when that is done.
func (ix *Index) Compact() {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for ix.merging {
		ix.idle.Wait()
	}
	ix.merging = true
	next := *ix.snap.Load()
	next.freeze()
	ix.snap.Store(&next)
	if len(next.parts) > 1 || len(next.parts) == 1 && next.parts[0].dead != nil {
		var segs []*segment
		for _, p := range next.parts {
			segs = append(segs, p.seg)
		}
		ix.mergeUnlocked(segs)
	}
	ix.merging = false
	ix.idle.Broadcast()
}
