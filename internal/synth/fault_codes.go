package synth

import (
	"bytes"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
)

// codeFaults are mistakes in the numbers of organisations and in who they belong to.
var codeFaults = []slip{
	{
		name: "uscc-check-digit", weight: 9, outcome: Rejected, code: ident.ReasonUSCCCheck, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, r *stream, old []byte) []byte {
			b := bytes.Clone(old)
			b[17] = otherLetter(b[17], r)
			return b
		}),
	},
	{
		name: "uscc-length", weight: 5, outcome: Rejected, code: ident.ReasonUSCCLength, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, r *stream, old []byte) []byte {
			at := 8 + r.n(9)
			return append(bytes.Clone(old[:at]), old[at+1:]...)
		}),
	},
	{
		name: "uscc-letter-o", weight: 5, outcome: Rejected, code: ident.ReasonUSCCCharacter, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, r *stream, old []byte) []byte {
			b := bytes.Clone(old)
			b[10+r.n(6)] = "OIZS"[r.n(4)]
			return b
		}),
	},
	{
		name: "uscc-inner-code", weight: 3, outcome: Rejected, code: ident.ReasonUSCCOrgCode, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			b[16] = '0' + (b[16]-'0'+1)%10
			return recheck(b)
		}),
	},
	{
		name: "uscc-unknown-registry", weight: 3, outcome: Rejected, code: ident.ReasonUSCCRegistry, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			b[0], b[1] = '9', '7'
			return recheck(b)
		}),
	},
	{
		name: "uscc-unknown-province", weight: 3, outcome: Rejected, code: ident.ReasonUSCCDivision, fits: has(catalog.RoleUSCC),
		spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			copy(b[2:], "98")
			return recheck(b)
		}),
	},
	{
		name: "uscc-legacy", weight: 2, outcome: Rejected, code: ident.ReasonUSCCLegacy, fits: both(has(catalog.RoleUSCC), notSole),
		spoil: put(catalog.RoleUSCC, func(_ *maker, r *stream, old []byte) []byte {
			b := bytes.Clone(old)
			copy(b[8:], "M0001")
			b[17] = ident.USCCCheck(string(b[:17]))
			b[17] = otherLetter(b[17], r)
			return b
		}),
	},
	{
		name: "kind-contradicts-code", weight: 6, outcome: Rejected, code: catalog.ReasonKindContradicts, fits: both(both(has(catalog.RoleUSCC), has(catalog.RoleKind)), kindOfRow),
		spoil: put(catalog.RoleKind, func(m *maker, _ *stream, _ []byte) []byte {
			if forms[m.about().sub.form].kind == catalog.IndividualBusiness {
				return []byte("法人及非法人组织")
			}
			return []byte("个体工商户")
		}),
	},
	{
		name: "organisation-code", weight: 3, outcome: Rejected, code: ident.ReasonOrgCode, fits: both(has(catalog.RoleUSCC), offers(catalog.RoleOrgCode)),
		spoil: put(catalog.RoleOrgCode, func(m *maker, _ *stream, _ []byte) []byte {
			b := bytes.Clone(m.about().code[8:17])
			b[8] = '0' + (b[8]-'0'+1)%10
			return b
		}),
	},
	{
		name: "registration-number", weight: 3, outcome: Rejected, code: ident.ReasonRegNo, fits: both(has(catalog.RoleUSCC), offers(catalog.RoleRegNo)),
		spoil: put(catalog.RoleRegNo, func(m *maker, r *stream, _ []byte) []byte {
			b := appendInt([]byte(m.c.regions[m.about().sub.region].Code), 20000000+r.n(9000000), 8)
			check := ident.RegNoCheck(string(b))
			return append(b, '0'+(check-'0'+1)%10)
		}),
	},
	{
		name: "name-of-another", weight: 9, outcome: Rejected, code: 1001, alone: true, fits: both(has(catalog.RoleUSCC), knownByName),
		spoil: put(catalog.RoleName, func(m *maker, r *stream, _ []byte) []byte {
			for {
				other := m.c.subject(r.n(m.c.opt.Subjects + 1))
				if name := m.c.appendName(nil, &other, false); other.i != m.about().sub.i && !bytes.Equal(name, m.about().name) {
					return name
				}
			}
		}),
	},
}

// otherLetter gives a letter of the code's alphabet that is not b.
func otherLetter(b byte, r *stream) byte {
	for {
		if c := alphabet[r.n(31)]; c != b {
			return c
		}
	}
}

// recheck gives a code the right last letter, so that only what was spoilt is wrong.
func recheck(b []byte) []byte {
	b[17] = ident.USCCCheck(string(b[:17]))
	return b
}

// offers makes a fits function: the file has a column with the role, and its field is checked.
func offers(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		_, ok := m.table.byRole[role]
		return ok
	}
}

func notSole(m *maker, _ int) bool {
	return forms[m.about().sub.form].kind != catalog.IndividualBusiness
}

// kindOfRow leaves items alone whose kinds are told in other words than the double-publicity standard's.
func kindOfRow(m *maker, _ int) bool { return m.f.part == decisions }

// knownByName says whether the register knows the row's subject, and by the right name.
func knownByName(m *maker, _ int) bool {
	r := m.about()
	return m.f.part == decisions && !r.isPerson && r.sub.i < m.c.opt.Subjects && m.c.opt.Subjects > 1 && !m.c.spoilt(r.sub.i) && m.c.entered(r.sub.founded, m.f)
}
