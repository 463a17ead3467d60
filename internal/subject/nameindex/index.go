// Package nameindex finds enterprises and individual businesses by name, code or pinyin initials among a million names held
// in memory. The rule it keeps: persons are never found. It cannot tell a person's name from a shop's, so the caller
// puts in legal entities, other organisations and individual businesses only; nothing else may reach Put or Load.
//
// The index is a copy for searching and can be rebuilt from the register at any time. Names stand in immutable
// segments sorted by rank, each with posting lists over neighbouring characters, over characters with one between them
// (for typos) and over pinyin initials; fresh entries wait in a small buffer that is compared one by one, become a small
// segment when it is full, and small segments are merged in the background. Searches never wait for writers.
//
// What a search answers depends only on the entries, never on how they are spread over segments, as long as the
// work limits of a query do not bind: names beyond about ten thousand matches are counted by estimate, and of very
// common mistyped texts only the first few thousand candidates in rank order are compared.
package nameindex

import (
	"iter"
	"strings"
	"sync"
	"sync/atomic"

	"gongxin/internal/clock"
	"gongxin/internal/cntext"
)

// Entry is one enterprise or individual business. It must not be a person.
type Entry struct {
	Code   string   // unified social credit code or another code of at most 18 letters and digits; may be empty
	Name   string   // present name
	Former []string // earlier names; found too, ranked lower
	ID     int64    // the key: a second entry with the same ID replaces the first
	Region string   // division code, for filtering by prefix
	Kind   uint8    // one bit per kind, for filtering by mask
	Weight uint8    // prior among equals, such as how many public records there are
}

// Options configure an index. The zero value works but knows no place names.
type Options struct {
	// Places are the names of provinces, cities and districts with which names begin (临溪市, 南桥区). They are also
	// known without their last character.
	Places []string
	// Initials gives the pinyin initials of a text; nil means cntext.Initials.
	Initials func(string) string
	// MergeInline makes merges run within the Put that causes them instead of in the background.
	MergeInline bool
	// Clock measures Result.Elapsed; nil means the machine's clock.
	Clock clock.Clock
}

// Index is the searchable set of names. All methods are safe for concurrent use.
type Index struct {
	opts    Options
	codec   *codec
	places  *placeTable
	regions *regionTable
	snap    atomic.Pointer[snapshot]

	mu       sync.Mutex // writers; everything below
	idle     *sync.Cond // no merge is running
	prep     *preparer
	merging  bool
	journals map[*journal]bool
}

// journal notes which IDs changed while a load or merge was building its segment.
type journal struct{ ids map[int64]struct{} }

// part of the index: a segment with what has since been removed from it.
type part struct {
	seg  *segment
	dead *tomb
}

func (p part) live() int {
	if p.dead == nil {
		return p.seg.mains
	}
	return p.seg.mains - p.dead.n
}

// snapshot is the state of the index that one search sees.
type snapshot struct {
	parts   []part
	buf     collector
	bufDead [bufferSize / 64]uint64
	live    int
}

// bufferSize is how many fresh entries are compared one by one before they become a segment.
const bufferSize = 256

// New makes an empty index.
func New(opts Options) *Index {
	if opts.Initials == nil {
		opts.Initials = cntext.Initials
	}
	if opts.Clock == nil {
		opts.Clock = clock.System{}
	}
	c := &codec{}
	ix := &Index{
		opts: opts, codec: c, places: newPlaceTable(c, opts.Places), regions: newRegionTable(),
		journals: make(map[*journal]bool),
	}
	ix.prep = newPreparer(c, opts.Initials, ix.places)
	ix.idle = sync.NewCond(&ix.mu)
	ix.snap.Store(&snapshot{})
	return ix
}

// Len gives the number of entries.
func (ix *Index) Len() int { return ix.snap.Load().live }

// MemoryBytes gives the memory that the index holds, without what running searches borrow.
func (ix *Index) MemoryBytes() int64 {
	s := ix.snap.Load()
	n := ix.codec.bytes()
	for _, p := range s.parts {
		n += p.seg.bytes() + p.dead.bytes()
	}
	n += 2*cap(s.buf.units) + cap(s.buf.inits) + 64*cap(s.buf.ids)
	return int64(n)
}

// Put adds an entry or replaces the one with its ID. It is cheap; the next search finds it.
func (ix *Index) Put(e Entry) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	region := ix.regions.add(e.Region)
	next := ix.without(e.ID)
	next.buf.addEntry(&e, ix.prep, region)
	next.live++
	if next.buf.entries() == bufferSize {
		next.freeze()
	}
	ix.snap.Store(next)
	ix.mergeIfDue()
}

// Remove takes out the entry with an ID, if there is one.
func (ix *Index) Remove(id int64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.snap.Store(ix.without(id))
}

// without copies the state, takes the entry with that ID out of it and notes the change.
func (ix *Index) without(id int64) *snapshot {
	for j := range ix.journals {
		j.ids[id] = struct{}{}
	}
	next := *ix.snap.Load()
	for i, other := range next.buf.ids {
		if other == id && !hasBit(next.bufDead[:], uint32(i)) {
			setBit(next.bufDead[:], uint32(i))
			next.live--
			return &next
		}
	}
	for i, p := range next.parts {
		if e, ok := p.seg.find(id); ok && !p.dead.has(e) {
			next.parts = append([]part(nil), next.parts...)
			next.parts[i].dead = p.dead.with(p.seg, e)
			next.live--
			return &next
		}
	}
	return &next
}

// freeze turns the buffer into a segment.
func (s *snapshot) freeze() {
	var c collector
	copyLive(&c, &s.buf, s.bufDead[:])
	s.buf = collector{}
	s.bufDead = [bufferSize / 64]uint64{}
	if c.entries() > 0 {
		s.parts = append(append([]part(nil), s.parts...), part{seg: build(&c, true)})
	}
}

// copyLive copies the entries of a buffer that are not marked dead.
func copyLive(dst, src *collector, dead []uint64) {
	for d := range uint32(src.docs()) {
		e := src.docEntry[d]
		if hasBit(dead, e) {
			continue
		}
		if !src.isFormer(d) {
			dst.columns.add(&src.columns, e)
		}
		text, odd := src.original(d)
		dst.addName(src.view(d), uint32(dst.entries()-1), text, odd)
	}
}

// Load adds many entries at once, replacing those with the same IDs; it becomes visible as a whole. Searches and puts
// go on meanwhile, and what is put or removed during a load wins over it.
func (ix *Index) Load(entries iter.Seq[Entry]) {
	j := ix.openJournal()
	prep := newPreparer(ix.codec, ix.opts.Initials, ix.places)
	c := &collector{}
	for e := range entries {
		c.addEntry(&e, prep, ix.regions.add(e.Region))
	}
	seg := build(c, true)
	ix.mu.Lock()
	defer ix.mu.Unlock()
	delete(ix.journals, j)
	if seg.mains == 0 {
		return
	}
	next := *ix.snap.Load()
	fresh := part{seg: seg, dead: j.tomb(seg)}
	next.bury(fresh)
	next.parts = append(append([]part(nil), next.parts...), fresh)
	next.live += fresh.live()
	for other := range ix.journals { // a merge that is running must not bring back what the load replaced
		for _, id := range seg.ids {
			other.ids[id] = struct{}{}
		}
	}
	ix.snap.Store(&next)
	ix.mergeIfDue()
}

func (ix *Index) openJournal() *journal {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	j := &journal{ids: make(map[int64]struct{})}
	ix.journals[j] = true
	return j
}

// tomb marks what changed since the journal was opened.
func (j *journal) tomb(seg *segment) *tomb {
	var dead []uint32
	for id := range j.ids {
		if e, ok := seg.find(id); ok {
			dead = append(dead, e)
		}
	}
	if len(dead) == 0 {
		return nil
	}
	var t *tomb
	return t.with(seg, dead...)
}

// bury marks in all older parts what the fresh one replaces.
func (s *snapshot) bury(fresh part) {
	replaced := func(id int64) bool {
		e, ok := fresh.seg.find(id)
		return ok && !fresh.dead.has(e)
	}
	for i, id := range s.buf.ids {
		if !hasBit(s.bufDead[:], uint32(i)) && replaced(id) {
			setBit(s.bufDead[:], uint32(i))
			s.live--
		}
	}
	s.parts = append([]part(nil), s.parts...)
	for i, p := range s.parts {
		var dead []uint32
		small, large := p.seg, fresh.seg
		if large.mains < small.mains {
			small, large = large, small
		}
		for _, id := range small.ids {
			if _, ok := large.find(id); !ok || !replaced(id) {
				continue
			}
			if e, _ := p.seg.find(id); !p.dead.has(e) {
				dead = append(dead, e)
			}
		}
		if len(dead) > 0 {
			s.parts[i].dead = p.dead.with(p.seg, dead...)
			s.live -= len(dead)
		}
	}
}

// regionTable numbers the regions that occur.
type regionTable struct {
	mu    sync.RWMutex
	byTxt map[string]uint16
	txt   []string
}

func newRegionTable() *regionTable {
	return &regionTable{byTxt: map[string]uint16{"": 0}, txt: []string{""}}
}

func (t *regionTable) add(s string) uint16 {
	t.mu.RLock()
	n, ok := t.byTxt[s]
	t.mu.RUnlock()
	if ok {
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok := t.byTxt[s]; ok {
		return n
	}
	if len(t.txt) > 0xFFFF {
		return 0
	}
	n = uint16(len(t.txt))
	s = strings.Clone(s)
	t.byTxt[s] = n
	t.txt = append(t.txt, s)
	return n
}

// under gives the numbers of all regions that begin with prefix.
func (t *regionTable) under(prefix string) []uint16 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []uint16
	for i, s := range t.txt {
		if strings.HasPrefix(s, prefix) {
			out = append(out, uint16(i))
		}
	}
	return out
}
