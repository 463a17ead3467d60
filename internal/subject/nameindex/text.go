package nameindex

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names are held as 16-bit units: a rune of the basic plane is its own unit; the rest (rare characters of the
// extension blocks, private use) get slots in the surrogate and private-use range as they turn up.
const (
	unitStart = 1 // stands before a name, and before what follows its place words
	unitEnd   = 2 // stands behind a name
	unitOther = 0xFFFD
	unitNone  = 0xFFFF // in a query: a character that no name has
	slotFirst = 0xD800
	slotLast  = 0xF8FF

	maxNameUnits = 250 // longer names are indexed by their first 250 characters
)

type codec struct {
	mu   sync.RWMutex
	slot map[rune]uint16
	back []rune
}

func plainRune(r rune) bool { return r < slotFirst || (r > slotLast && r < unitOther) }

// add gives the unit of r and makes one when there is none yet.
func (c *codec) add(r rune) uint16 {
	if plainRune(r) {
		return uint16(r)
	}
	if u := c.find(r); u != unitNone || r == utf8.RuneError {
		return u
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if u, ok := c.slot[r]; ok {
		return u
	}
	if len(c.back) > slotLast-slotFirst {
		return unitOther
	}
	if c.slot == nil {
		c.slot = make(map[rune]uint16)
	}
	u := uint16(slotFirst + len(c.back))
	c.back = append(c.back, r)
	c.slot[r] = u
	return u
}

// find gives the unit of r, or unitNone.
func (c *codec) find(r rune) uint16 {
	if plainRune(r) {
		return uint16(r)
	}
	if r == utf8.RuneError {
		return unitOther
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if u, ok := c.slot[r]; ok {
		return u
	}
	return unitNone
}

func (c *codec) rune(u uint16) rune {
	if u < slotFirst || u > slotLast {
		return rune(u)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if i := int(u) - slotFirst; i < len(c.back) {
		return c.back[i]
	}
	return utf8.RuneError
}

func (c *codec) text(us []uint16) string {
	b := make([]byte, 0, 3*len(us))
	for _, u := range us {
		b = utf8.AppendRune(b, c.rune(u))
	}
	return string(b)
}

func (c *codec) bytes() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return 4*cap(c.back) + 32*len(c.slot)
}

// foldRune maps a rune to the form in which names are compared; false drops it. What remains are letters and digits:
// width and case are unified, brackets, middle dots, blanks and other marks do not count. Strings equal under
// cntext.Name are equal under it.
func foldRune(r rune) (rune, bool) {
	if r >= 0x4E00 && r <= 0x9FFF {
		return r, true
	}
	if r >= 0xFF01 && r <= 0xFF5E {
		r -= 0xFEE0
	}
	if r < utf8.RuneSelf {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A', true
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r, true
		}
		return 0, false
	}
	if !isText(r) {
		return 0, false
	}
	// Compatibility forms that are one character: radicals copied out of PDF files, ligature-like forms, circled digits.
	if s := norm.NFKC.String(string(r)); utf8.RuneCountInString(s) == 1 {
		if r, _ = utf8.DecodeRuneInString(s); !isText(r) {
			return 0, false
		}
	}
	return unicode.ToUpper(r), true
}

func isText(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Radical, r)
}

// foldUnits appends the folded text of s, at most limit units, and says whether s was in that form already.
func foldUnits(dst []uint16, s string, limit int, unit func(rune) uint16) ([]uint16, bool) {
	same := true
	n := len(dst)
	for _, r := range s {
		f, ok := foldRune(r)
		if !ok {
			same = false
			continue
		}
		if len(dst)-n == limit {
			return dst, false
		}
		same = same && f == r
		dst = append(dst, unit(f))
	}
	return dst, same
}

func isLatinUnit(u uint16) bool { return u >= 'A' && u <= 'Z' || u >= '0' && u <= '9' }

func allLatin(us []uint16) bool {
	for _, u := range us {
		if !isLatinUnit(u) {
			return false
		}
	}
	return true
}

// letterCode maps an initial (a-z, 0-9) to 1-36; anything else to 0, which is no letter.
func letterCode(b byte) uint16 {
	switch {
	case b >= 'a' && b <= 'z':
		return uint16(b-'a') + 1
	case b >= '0' && b <= '9':
		return uint16(b-'0') + 27
	}
	return 0
}

const letterBase = 37

func lowerLetter(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// preparer turns the names of one writer into units, initials and geometry.
type preparer struct {
	codec    *codec
	initials func(string) string
	places   *placeTable
	units    []uint16
	inits    []byte
	single   map[uint16]byte // initial of one character by itself
	runs     map[uint16]int8 // how many initials a character gives within a name
}

func newPreparer(c *codec, initials func(string) string, places *placeTable) *preparer {
	return &preparer{
		codec: c, initials: initials, places: places,
		single: make(map[uint16]byte), runs: make(map[uint16]int8),
	}
}

// name folds s and finds its initials. The slices are valid until the next call.
func (p *preparer) name(s string) (units []uint16, inits []byte, g geo, same bool) {
	p.units, same = foldUnits(p.units[:0], s, maxNameUnits, p.codec.add)
	p.align()
	return p.units, p.inits, p.places.geo(p.units), same
}

// align writes one initial per unit, 0 for a unit that has none. The initials of the whole name count, because a
// character may be read differently by its neighbours; only when they cannot be told apart does each stand alone.
func (p *preparer) align() {
	p.inits = append(p.inits[:0], make([]byte, len(p.units))...)
	whole := p.initials(p.codec.text(p.units))
	total := 0
	for _, u := range p.units {
		total += int(p.run(u))
	}
	if total != len(whole) {
		for i, u := range p.units {
			p.inits[i] = p.single[u]
		}
		return
	}
	at := 0
	for i, u := range p.units {
		switch n := int(p.runs[u]); n {
		case 0:
		case 1:
			if b := lowerLetter(whole[at]); letterCode(b) != 0 {
				p.inits[i] = b
			}
			at++
		default:
			p.inits[i] = p.single[u]
			at += n
		}
	}
}

func (p *preparer) run(u uint16) int8 {
	n, ok := p.runs[u]
	if ok {
		return n
	}
	s := p.initials(string(p.codec.rune(u)))
	var b byte
	if len(s) > 0 {
		if b = lowerLetter(s[0]); letterCode(b) == 0 {
			b = 0
		}
	}
	n = int8(min(len(s), 100))
	p.runs[u], p.single[u] = n, b
	return n
}
