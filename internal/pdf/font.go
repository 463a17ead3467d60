package pdf

import (
	"encoding/binary"
	"fmt"
)

// Font is a TrueType font (glyf outlines), read once and shared by all documents.
type Font struct {
	name       string // PostScript name
	unitsPerEm int
	box        [4]int // in font units
	ascent     int
	descent    int
	capHeight  int
	italic     int
	weight     int
	glyphs     int
	metrics    int // entries of hmtx with an advance
	longLoca   bool

	head, hhea, maxp, hmtx, loca, glyf []byte
	cvt, fpgm, prep                    []byte

	chars [0x1100]*[256]uint16 // code point → glyph, by blocks of 256
}

// Bounds of a font file.
const (
	maxTables    = 256
	maxFont      = 64 << 20
	maxCharPairs = 1 << 21
)

func be16(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }

func beS16(b []byte, at int) int { return int(int16(binary.BigEndian.Uint16(b[at:]))) }

func be32(b []byte, at int) int { return int(binary.BigEndian.Uint32(b[at:])) }

// ParseFont reads a TrueType font. The bytes are kept and must not change.
func ParseFont(b []byte) (*Font, error) {
	if len(b) < 12 || len(b) > maxFont {
		return nil, ErrFont
	}
	switch be32(b, 0) {
	case 0x00010000, 0x74727565: // "true"
	case 0x4f54544f: // "OTTO"
		return nil, ErrOutlines
	default:
		return nil, ErrFont
	}
	tables, err := directory(b)
	if err != nil {
		return nil, err
	}
	f := &Font{
		head: tables["head"], hhea: tables["hhea"], maxp: tables["maxp"], hmtx: tables["hmtx"], loca: tables["loca"], glyf: tables["glyf"],
		cvt: tables["cvt "], fpgm: tables["fpgm"], prep: tables["prep"],
	}
	if f.glyf == nil || f.loca == nil {
		return nil, ErrOutlines
	}
	if err := f.measures(); err != nil {
		return nil, err
	}
	f.style(tables["OS/2"], tables["post"])
	f.name = postScriptName(tables["name"])
	if err := f.readCharacters(tables["cmap"]); err != nil {
		return nil, err
	}
	return f, nil
}

func directory(b []byte) (map[string][]byte, error) {
	n := be16(b, 4)
	if n > maxTables || len(b) < 12+16*n {
		return nil, ErrFont
	}
	tables := make(map[string][]byte, n)
	for i := range n {
		at := 12 + 16*i
		offset, size := be32(b, at+8), be32(b, at+12)
		if offset > len(b) || size > len(b)-offset {
			return nil, fmt.Errorf("%w: a table lies outside the file", ErrFont)
		}
		tables[string(b[at:at+4])] = b[offset : offset+size]
	}
	return tables, nil
}

// measures reads head, hhea, maxp and checks that hmtx and loca are as long as they say.
func (f *Font) measures() error {
	if len(f.head) < 54 || len(f.hhea) < 36 || len(f.maxp) < 6 {
		return fmt.Errorf("%w: head, hhea or maxp is missing", ErrFont)
	}
	f.unitsPerEm = be16(f.head, 18)
	for i := range f.box {
		f.box[i] = beS16(f.head, 36+2*i)
	}
	f.longLoca = be16(f.head, 50) == 1
	f.ascent, f.descent = beS16(f.hhea, 4), beS16(f.hhea, 6)
	f.metrics, f.glyphs = be16(f.hhea, 34), be16(f.maxp, 4)
	width := 2
	if f.longLoca {
		width = 4
	}
	switch {
	case f.unitsPerEm < 16 || f.unitsPerEm > 16384, f.glyphs == 0, f.metrics == 0 || f.metrics > f.glyphs:
		return fmt.Errorf("%w: impossible measures", ErrFont)
	case len(f.loca) < width*(f.glyphs+1), len(f.hmtx) < 4*f.metrics+2*(f.glyphs-f.metrics):
		return fmt.Errorf("%w: loca or hmtx is too short", ErrFont)
	}
	return nil
}

func (f *Font) style(os2, post []byte) {
	f.capHeight, f.weight = f.ascent*7/10, 400
	if len(os2) >= 6 {
		f.weight = be16(os2, 4)
	}
	if len(os2) >= 90 && be16(os2, 0) >= 2 {
		f.capHeight = beS16(os2, 88)
	}
	if len(post) >= 8 {
		f.italic = beS16(post, 4)
	}
}

// postScriptName reads name 6, from the Windows or the Macintosh record; letters, digits and dashes only.
func postScriptName(b []byte) string {
	const fallback = "Font"
	if len(b) < 6 {
		return fallback
	}
	n, strings := be16(b, 2), be16(b, 4)
	for i := range n {
		at := 6 + 12*i
		if at+12 > len(b) {
			return fallback
		}
		if be16(b, at+6) != 6 {
			continue
		}
		start, size := strings+be16(b, at+10), be16(b, at+8)
		if start+size > len(b) {
			continue
		}
		var out []byte
		for _, c := range b[start : start+size] { // UTF-16 of ASCII: the zero bytes fall out
			if c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
				out = append(out, c)
			}
		}
		if len(out) > 0 && len(out) < 64 {
			return string(out)
		}
	}
	return fallback
}

// readCharacters reads the best Unicode subtable of cmap: the whole repertoire (format 12) before the basic plane (format 4).
func (f *Font) readCharacters(b []byte) error {
	if len(b) < 4 {
		return fmt.Errorf("%w: no cmap", ErrFont)
	}
	best, rank := []byte(nil), 0
	for i := range be16(b, 2) {
		at := 4 + 8*i
		if at+8 > len(b) {
			return fmt.Errorf("%w: cmap is cut off", ErrFont)
		}
		offset := be32(b, at+4)
		if offset > len(b)-8 {
			continue
		}
		platform, encoding, format := be16(b, at), be16(b, at+2), be16(b, offset)
		r := 0
		switch unicode := platform == 0 || platform == 3 && (encoding == 1 || encoding == 10); {
		case unicode && format == 12:
			r = 2
		case unicode && format == 4:
			r = 1
		}
		if r > rank {
			best, rank = b[offset:], r
		}
	}
	switch rank {
	case 2:
		return f.format12(best)
	case 1:
		return f.format4(best)
	}
	return fmt.Errorf("%w: no Unicode cmap", ErrFont)
}

func (f *Font) put(r, glyph int) {
	if glyph <= 0 || glyph >= f.glyphs || r < 0 || r > 0x10ffff {
		return
	}
	page := f.chars[r>>8]
	if page == nil {
		page = new([256]uint16)
		f.chars[r>>8] = page
	}
	page[r&255] = uint16(glyph)
}

func (f *Font) format12(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: cmap is cut off", ErrFont)
	}
	n, pairs := be32(b, 12), 0
	if n > (len(b)-16)/12 {
		return fmt.Errorf("%w: cmap is cut off", ErrFont)
	}
	for i := range n {
		at := 16 + 12*i
		from, to, glyph := be32(b, at), be32(b, at+4), be32(b, at+8)
		if to < from || to > 0x10ffff {
			return fmt.Errorf("%w: cmap has an impossible group", ErrFont)
		}
		if pairs += to - from + 1; pairs > maxCharPairs {
			return fmt.Errorf("%w: cmap names too many characters", ErrFont)
		}
		for r := from; r <= to; r++ {
			f.put(r, glyph+r-from)
		}
	}
	return nil
}

func (f *Font) format4(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: cmap is cut off", ErrFont)
	}
	n, pairs := be16(b, 6)/2, 0
	if len(b) < 16+8*n {
		return fmt.Errorf("%w: cmap is cut off", ErrFont)
	}
	ends, starts, deltas, offsets := 14, 16+2*n, 16+4*n, 16+6*n
	for i := range n {
		from, to := be16(b, starts+2*i), be16(b, ends+2*i)
		delta, offset := be16(b, deltas+2*i), be16(b, offsets+2*i)
		if to < from {
			continue
		}
		if pairs += to - from + 1; pairs > maxCharPairs {
			return fmt.Errorf("%w: cmap names too many characters", ErrFont)
		}
		for r := from; r <= to && r < 0xffff; r++ {
			if offset == 0 {
				f.put(r, (r+delta)&0xffff)
				continue
			}
			at := offsets + 2*i + offset + 2*(r-from)
			if at+2 > len(b) {
				break
			}
			if glyph := be16(b, at); glyph != 0 {
				f.put(r, (glyph+delta)&0xffff)
			}
		}
	}
	return nil
}

// glyph gives the glyph of a character; 0 when the font has none.
func (f *Font) glyph(r rune) uint16 {
	if r < 0 || r > 0x10ffff {
		return 0
	}
	if page := f.chars[r>>8]; page != nil {
		return page[r&255]
	}
	return 0
}

// Has reports whether the font has a glyph for a character.
func (f *Font) Has(r rune) bool { return f.glyph(r) != 0 }

// Name gives the PostScript name.
func (f *Font) Name() string { return f.name }

// advance gives a glyph's width in font units.
func (f *Font) advance(glyph uint16) int {
	return be16(f.hmtx, 4*min(int(glyph), f.metrics-1))
}

// perMille turns font units into thousandths of an em, as PDF counts widths.
func (f *Font) perMille(units int) int {
	if units < 0 {
		return -((-units*1000 + f.unitsPerEm/2) / f.unitsPerEm)
	}
	return (units*1000 + f.unitsPerEm/2) / f.unitsPerEm
}

// outline gives a glyph's bytes in glyf; empty for a glyph without outline.
func (f *Font) outline(glyph uint16) ([]byte, error) {
	var from, to int
	if i := int(glyph); f.longLoca {
		from, to = be32(f.loca, 4*i), be32(f.loca, 4*i+4)
	} else {
		from, to = 2*be16(f.loca, 2*i), 2*be16(f.loca, 2*i+2)
	}
	if from > to || to > len(f.glyf) {
		return nil, fmt.Errorf("%w: a glyph lies outside glyf", ErrFont)
	}
	return f.glyf[from:to], nil
}
