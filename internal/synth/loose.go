package synth

import (
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
)

// loose is in what way a row names no subject for certain, though nothing in it is against the rules: it goes on file only when a person has
// decided whom it is about.
type loose uint8

const (
	certain    loose = iota
	unnumbered       // no unified code, and no number or one that the register does not know: 1002
	crossed          // the unified code of one subject beside the old number of another: 1003
)

// The shares, in thousandths, of the rows that may be loose and are. Small offices still file sole traders by old certificates, and
// copy a number from the line above.
const (
	unnumberedShare = 8
	crossedShare    = 2
)

// loosen decides whether row k is loose. Rows with a fault are not: what becomes of them is the fault's alone.
func (m *maker) loosen(r *row, k int) {
	r.loose, r.other = certain, 0
	if r.isPerson || r.sub.i >= m.c.opt.Subjects || m.c.opt.Messy > 0 && m.isMessy(k) {
		return
	}
	at, ok := m.table.byRole[catalog.RoleRegNo]
	if !ok || m.table.columns[at].cell == nil {
		return
	}
	draw := stream{mix(mix(mix(m.c.opt.Seed, forLoose), uint64(m.f.plan.number)), uint64(m.f.first+k))}
	switch n := draw.n(1000); {
	case n < crossedShare:
		m.cross(r, &draw)
	case n < crossedShare+unnumberedShare && m.mayLackCode(r):
		r.loose, r.other = unnumbered, draw.n(serialSpace)
	}
}

// isLoose says whether a row of decisions is loose.
func (m *maker) isLoose(k int) bool {
	if m.f.part != decisions {
		return false
	}
	m.probe.fill(m.f.plan, m.f.first+k, m.f.Layout)
	m.loosen(&m.probe, k)
	return m.probe.loose != certain
}

// mayLackCode says whether the row may stand without a unified code: the standard in force asks organisations for it, the template of
// 2015 asked for any number.
func (m *maker) mayLackCode(r *row) bool {
	at, ok := m.table.byRole[catalog.RoleUSCC]
	if !ok {
		return false
	}
	if m.f.Layout == Old2015 {
		return true
	}
	f, kind := m.table.columns[at].field, forms[r.sub.form].kind
	return !f.Required && kind == catalog.IndividualBusiness && !slices.Contains(f.RequiredFor, kind)
}

// cross finds another subject of whose old number the register knows.
func (m *maker) cross(r *row, draw *stream) {
	for range attempts {
		s := m.c.subject(draw.n(m.c.opt.Subjects))
		if s.i != r.sub.i && s.founded < unified && forms[s.form].registrar == byMarket && !m.c.spoilt(s.i) {
			r.loose, r.other = crossed, s.i
			return
		}
	}
}

// appendLooseRegNo appends the old number that a loose row gives.
func (r *row) appendLooseRegNo(dst []byte) []byte {
	if r.loose == crossed {
		s := r.c.subject(r.other)
		return r.c.appendRegNo(dst, &s)
	}
	if r.other%3 == 0 && r.sub.form == individual && !r.old {
		return dst // no number at all
	}
	start := len(dst)
	dst = append(dst, r.c.regions[r.sub.region].Code...)
	// The kinds of certificate 1 and 7 are none of those that the city's register has.
	if r.sub.form == individual {
		dst = append(dst, '7')
	} else {
		dst = append(dst, '1')
	}
	dst = appendInt(dst, r.other, 7)
	return append(dst, ident.RegNoCheck(string(dst[start:])))
}

// looseWarning is the reason that the intake gives for a loose row; 0 for a row that names its subject.
func (r *row) looseWarning() int {
	switch r.loose {
	case unnumbered:
		return 1002
	case crossed:
		return 1003
	default:
		return 0
	}
}
