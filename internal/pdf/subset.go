package pdf

import (
	"encoding/binary"
	"fmt"
)

// Flags of a component of a composite glyph.
const (
	argsAreWords  = 0x0001
	haveScale     = 0x0008
	moreComponent = 0x0020
	haveXYScale   = 0x0040
	haveMatrix    = 0x0080
)

// component is where a composite glyph names another: the offset of the number within the glyph's bytes.
type component struct {
	at    int
	glyph uint16
}

// components lists what a glyph is composed of; none for a simple one.
func components(outline []byte) ([]component, error) {
	if len(outline) < 10 || beS16(outline, 0) >= 0 {
		return nil, nil
	}
	var out []component
	for at := 10; ; {
		if at+4 > len(outline) {
			return nil, fmt.Errorf("%w: a composite glyph is cut off", ErrFont)
		}
		flags := be16(outline, at)
		out = append(out, component{at + 2, uint16(be16(outline, at+2))})
		at += 6
		if flags&argsAreWords != 0 {
			at += 2
		}
		switch {
		case flags&haveMatrix != 0:
			at += 8
		case flags&haveXYScale != 0:
			at += 4
		case flags&haveScale != 0:
			at += 2
		}
		if flags&moreComponent == 0 {
			return out, nil
		}
	}
}

// subset makes a font of these glyphs alone, numbered in this order; what they are composed of follows behind. The first must be glyph 0, the one for
// missing characters.
func (f *Font) subset(glyphs []uint16) ([]byte, error) {
	all := append([]uint16(nil), glyphs...)
	number := make(map[uint16]int, len(all))
	for i, g := range all {
		if _, have := number[g]; !have {
			number[g] = i
		}
	}
	var glyf []byte
	loca := make([]byte, 0, 4*(len(all)+8))
	hmtx := make([]byte, 0, 4*(len(all)+8))
	for i := 0; i < len(all); i++ {
		if len(all) > f.glyphs+len(glyphs) {
			return nil, ErrFont
		}
		outline, err := f.outline(all[i])
		if err != nil {
			return nil, err
		}
		parts, err := components(outline)
		if err != nil {
			return nil, err
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		start := len(glyf)
		glyf = append(glyf, outline...)
		for _, c := range parts {
			if int(c.glyph) >= f.glyphs {
				return nil, fmt.Errorf("%w: a composite glyph names one that is not there", ErrFont)
			}
			n, have := number[c.glyph]
			if !have {
				n = len(all)
				number[c.glyph] = n
				all = append(all, c.glyph)
			}
			binary.BigEndian.PutUint16(glyf[start+c.at:], uint16(n))
		}
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(f.advance(all[i])))
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(f.sideBearing(all[i])))
	}
	if len(all) > 0xffff {
		return nil, ErrFont
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	return f.file(glyf, loca, hmtx, len(all)), nil
}

func (f *Font) sideBearing(glyph uint16) int {
	if i := int(glyph); i < f.metrics {
		return be16(f.hmtx, 4*i+2)
	}
	return be16(f.hmtx, 4*f.metrics+2*(int(glyph)-f.metrics))
}

// file puts the tables of a subset together.
func (f *Font) file(glyf, loca, hmtx []byte, n int) []byte {
	head := append([]byte(nil), f.head[:54]...)
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1) // loca in 32 bits
	hhea := append([]byte(nil), f.hhea[:36]...)
	binary.BigEndian.PutUint16(hhea[34:], uint16(n))
	maxp := append([]byte(nil), f.maxp...)
	binary.BigEndian.PutUint16(maxp[4:], uint16(n))

	type table struct {
		tag  string
		data []byte
	}
	tables := []table{{"cvt ", f.cvt}, {"fpgm", f.fpgm}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"prep", f.prep}}
	kept := tables[:0]
	for _, t := range tables {
		if t.data != nil {
			kept = append(kept, t)
		}
	}
	power, log := 1, 0
	for power*2 <= len(kept) {
		power, log = power*2, log+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{len(kept), 16 * power, log, 16 * (len(kept) - power)} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at, headAt := 12+16*len(kept), 0
	for _, t := range kept {
		if t.tag == "head" {
			headAt = at
		}
		out = append(out, t.tag...)
		out = binary.BigEndian.AppendUint32(out, checksum(t.data))
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range kept {
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[headAt+8:], 0xb1b0afba-checksum(out))
	return out
}

func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var rest [4]byte
	copy(rest[:], b)
	return sum + binary.BigEndian.Uint32(rest[:])
}
