package nameindex

// Codes are packed into 96 bits, order kept: twelve characters base 37 and six characters base 37, 0 for "none".

type packedCode struct {
	hi uint64
	lo uint32
}

const (
	codeHiLen = 12
	codeLoLen = 6
	codeLen   = codeHiLen + codeLoLen
	orgFrom   = 8 // the organisation code is characters 9 to 17
	orgLen    = 9
	minCode   = 8 // shorter texts are not looked up as a code
)

func codeDigit(u uint16) (uint32, bool) {
	switch {
	case u >= '0' && u <= '9':
		return uint32(u-'0') + 1, true
	case u >= 'A' && u <= 'Z':
		return uint32(u-'A') + 11, true
	}
	return 0, false
}

// packCode packs up to 18 code characters and fills the rest with pad (0, or 36 for the upper end of a prefix).
func packCode(us []uint16, pad uint32) (packedCode, bool) {
	var c packedCode
	if len(us) > codeLen {
		return c, false
	}
	for i := range codeLen {
		d := pad
		if i < len(us) {
			var ok bool
			if d, ok = codeDigit(us[i]); !ok {
				return packedCode{}, false
			}
		}
		if i < codeHiLen {
			c.hi = c.hi*37 + uint64(d)
		} else {
			c.lo = c.lo*37 + d
		}
	}
	return c, true
}

func (c packedCode) compare(o packedCode) int {
	switch {
	case c.hi != o.hi:
		if c.hi < o.hi {
			return -1
		}
		return 1
	case c.lo != o.lo:
		if c.lo < o.lo {
			return -1
		}
		return 1
	}
	return 0
}

// org gives the packed organisation code within a full code, 0 when the code is not a full one.
func (c packedCode) org() uint64 {
	if c.lo%37 == 0 {
		return 0
	}
	return c.hi%(37*37*37*37)*(37*37*37*37*37) + uint64(c.lo/37)
}

// packOrg packs an organisation code or the beginning of one.
func packOrg(us []uint16, pad uint32) (uint64, bool) {
	if len(us) > orgLen {
		return 0, false
	}
	var v uint64
	for i := range orgLen {
		d := pad
		if i < len(us) {
			var ok bool
			if d, ok = codeDigit(us[i]); !ok {
				return 0, false
			}
		}
		v = v*37 + uint64(d)
	}
	return v, true
}
