package synth

// appendGap writes what stands in a gap of a sentence about the row.
func (r *row) appendGap(dst []byte, gap byte) []byte {
	switch gap {
	case 'n':
		return append(dst, r.name...)
	case 'a':
		if r.isPerson {
			dst = append(dst, r.c.whole[max(1, r.p.agency.region)]...)
			return append(dst, r.road...)
		}
		return r.c.appendAddress(dst, &r.sub)
	case 'd':
		return appendChineseDate(dst, r.decided.AddDays(-5-r.quantity))
	case 'g':
		return append(dst, r.goods...)
	case 'q':
		return appendInt(dst, r.quantity, 1)
	case 'm':
		return appendInt(dst, r.sum, 1)
	case 'r':
		return append(dst, r.road...)
	default:
		return dst
	}
}
