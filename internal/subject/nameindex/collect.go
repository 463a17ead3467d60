package nameindex

import "slices"

// docView is one name as the matchers see it.
type docView struct {
	units []uint16
	inits []byte // parallel to units; 0 where a unit has no initial
	geo   geo
}

// texts holds names one behind the other.
type texts struct {
	units []uint16
	inits []byte
	off   []uint32 // one more than names
	geos  []geo
}

func (t *texts) docs() int { return len(t.geos) }

func (t *texts) view(d uint32) docView {
	a, b := t.off[d], t.off[d+1]
	return docView{units: t.units[a:b:b], inits: t.inits[a:b:b], geo: t.geos[d]}
}

func (t *texts) length(d uint32) int { return int(t.off[d+1] - t.off[d]) }

func (t *texts) add(v docView) {
	if len(t.off) == 0 {
		t.off = append(t.off, 0)
	}
	t.units = append(t.units, v.units...)
	t.inits = append(t.inits, v.inits...)
	t.off = append(t.off, uint32(len(t.units)))
	t.geos = append(t.geos, v.geo)
}

// columns holds what is known of each entry besides its names.
type columns struct {
	ids     []int64
	codes   []uint64 // the first twelve characters
	codesLo []uint32 // the other six
	weights []uint8
	kinds   []uint8
	regions []uint16
}

func (c *columns) code(e uint32) packedCode { return packedCode{c.codes[e], c.codesLo[e]} }

func (c *columns) add(o *columns, e uint32) {
	c.ids = append(c.ids, o.ids[e])
	c.codes = append(c.codes, o.codes[e])
	c.codesLo = append(c.codesLo, o.codesLo[e])
	c.weights = append(c.weights, o.weights[e])
	c.kinds = append(c.kinds, o.kinds[e])
	c.regions = append(c.regions, o.regions[e])
}

func (c *columns) reserve(n int) {
	c.ids = slices.Grow(c.ids, n)
	c.codes = slices.Grow(c.codes, n)
	c.codesLo = slices.Grow(c.codesLo, n)
	c.weights = slices.Grow(c.weights, n)
	c.kinds = slices.Grow(c.kinds, n)
	c.regions = slices.Grow(c.regions, n)
}

// collector gathers entries in the order of arrival: for a load, for a merge, and as the buffer of fresh puts. It only
// ever grows, so a copy of the struct is a snapshot that later additions do not touch.
type collector struct {
	texts
	columns
	docEntry []uint32 // the entry of each name; the first name of an entry is its present one
	oddDocs  []uint32 // names whose given form differs from the folded one, ascending
	oddTexts []string
}

func (c *collector) entries() int { return len(c.ids) }

// isFormer tells whether name d is an earlier name.
func (c *collector) isFormer(d uint32) bool { return d > 0 && c.docEntry[d-1] == c.docEntry[d] }

// original gives the name as it was put, or false when its units are that.
func (c *collector) original(d uint32) (string, bool) {
	i, ok := slices.BinarySearch(c.oddDocs, d)
	if !ok {
		return "", false
	}
	return c.oddTexts[i], true
}

func (c *collector) addName(v docView, entry uint32, odd string, isOdd bool) {
	if isOdd {
		c.oddDocs = append(c.oddDocs, uint32(c.docs()))
		c.oddTexts = append(c.oddTexts, odd)
	}
	c.texts.add(v)
	c.docEntry = append(c.docEntry, entry)
}

// addEntry prepares an entry and appends it with all its names.
func (c *collector) addEntry(e *Entry, p *preparer, region uint16) {
	n := uint32(c.entries())
	c.ids = append(c.ids, e.ID)
	var us [codeLen + 1]uint16
	folded, _ := foldUnits(us[:0], e.Code, codeLen+1, p.codec.find)
	code, _ := packCode(folded, 0) // not a code: indexed by name only
	c.codes = append(c.codes, code.hi)
	c.codesLo = append(c.codesLo, code.lo)
	c.weights = append(c.weights, e.Weight)
	c.kinds = append(c.kinds, e.Kind)
	c.regions = append(c.regions, region)
	c.addText(e.Name, n, p)
	for _, f := range e.Former {
		if f != e.Name && f != "" {
			c.addText(f, n, p)
		}
	}
}

func (c *collector) addText(s string, entry uint32, p *preparer) {
	units, inits, g, same := p.name(s)
	c.addName(docView{units, inits, g}, entry, s, !same)
}
