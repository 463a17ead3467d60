package synth

import (
	"bytes"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
)

// valueFaults are empty, overlong and unknown values.
var valueFaults = []slip{
	{name: "name-empty", weight: 4, outcome: Rejected, code: catalog.ReasonRequired, fits: has(catalog.RoleName), spoil: put(catalog.RoleName, erase)},
	{name: "authority-empty", weight: 4, outcome: Rejected, code: catalog.ReasonRequired, fits: both(both(has(catalog.RoleAuthority), current), required(catalog.RoleAuthority)), spoil: put(catalog.RoleAuthority, erase)},
	{
		name: "content-blank", weight: 4, outcome: Rejected, code: catalog.ReasonRequired, fits: both(current, both(has(catalog.RoleContent), required(catalog.RoleContent))),
		spoil: put(catalog.RoleContent, func(_ *maker, r *stream, _ []byte) []byte {
			return []byte([]string{"　", "  ", "——", "/"}[r.n(4)])
		}),
	},
	{
		name: "number-and-certificate-empty", weight: 4, outcome: Rejected, code: catalog.ReasonNoDocNo, fits: both(item("XZXK"), current),
		spoil: func(m *maker, _ *stream, _ int) {
			for _, code := range []string{"XK_WSH", "XK_XKZS", "XK_XKBH"} {
				m.set(m.table.byCode[code], "")
			}
		},
	},
	{name: "document-number-empty", weight: 4, outcome: Rejected, code: catalog.ReasonRequired, fits: both(has(catalog.RoleDocNo), both(required(catalog.RoleDocNo), not(item("XZXK")))), spoil: put(catalog.RoleDocNo, erase)},
	{name: "representative-empty", weight: 4, outcome: Rejected, code: catalog.ReasonRequiredWhen, fits: both(has(catalog.RoleRep), both(current, item("XZXK", "XZCF", "XZJC", "XZJL"))), spoil: put(catalog.RoleRep, erase)},
	{
		name: "category-unknown", weight: 6, outcome: Rejected, code: catalog.ReasonNotInList, fits: both(both(has(catalog.RoleCategory), current), isEnum(catalog.RoleCategory)),
		spoil: put(catalog.RoleCategory, func(_ *maker, r *stream, _ []byte) []byte {
			return []byte([]string{"罚钱", "按规定处理", "详见决定书", "见附件"}[r.n(4)])
		}),
	},
	{
		name: "kind-unknown", weight: 4, outcome: Rejected, code: catalog.ReasonNotInList, fits: both(has(catalog.RoleKind), both(kindOfRow, current)),
		spoil: put(catalog.RoleKind, func(_ *maker, r *stream, _ []byte) []byte {
			return []byte([]string{"民营", "小微", "纳税人"}[r.n(3)])
		}),
	},
	{
		name: "document-number-too-long", weight: 3, outcome: Rejected, code: catalog.ReasonTooLong, fits: both(has(catalog.RoleDocNo), both(limited(catalog.RoleDocNo), not(item("XYCN")))),
		spoil: put(catalog.RoleDocNo, func(m *maker, _ *stream, old []byte) []byte {
			limit := m.table.columns[m.table.byRole[catalog.RoleDocNo]].field.MaxLen
			return append(bytes.Clone(old), strings.Repeat("（续）", limit/3+1)...)
		}),
	},
	{
		name: "name-forbidden-character", weight: 4, outcome: Rejected, code: catalog.ReasonCharacters, fits: has(catalog.RoleName),
		spoil: put(catalog.RoleName, func(_ *maker, r *stream, old []byte) []byte {
			return append(bytes.Clone(old), []string{"<br>", "|", "{}", "^"}[r.n(4)]...)
		}),
	},
	{
		name: "identity-number-in-text", weight: 4, outcome: Rejected, code: catalog.ReasonPersonData, fits: both(has(catalog.RoleContent), both(organised, freeText(catalog.RoleContent))),
		spoil: put(catalog.RoleContent, func(m *maker, r *stream, old []byte) []byte {
			p := m.c.person(uint64(r.n(100000)))
			return append(append(append(bytes.Clone(old), "，当事人身份证号"...), p.id[:]...), "。"...)
		}),
	},
	{
		name: "commitment-code", weight: 10, outcome: Rejected, code: catalog.ReasonRule, fits: both(item("XYCN"), has(catalog.RoleDocNo)),
		spoil: put(catalog.RoleDocNo, func(_ *maker, _ *stream, old []byte) []byte { return bytes.Clone(old[:19]) }),
	},
	{
		name: "commitment-breach-unexplained", weight: 20, outcome: Rejected, code: catalog.ReasonRequiredWhen, fits: both(item("XYCN"), func(m *maker, _ int) bool { return unkept(m.about()) }),
		spoil: func(m *maker, _ *stream, _ int) { m.set(m.table.byCode["CN_WLXNR"], "") },
	},
}

// personFaults are mistakes in what is filed about natural persons.
var personFaults = []slip{
	{
		name: "identity-number-check-digit", weight: 12, outcome: Rejected, code: ident.ReasonCitizenForm, fits: both(current, has(catalog.RolePersonID)),
		spoil: put(catalog.RolePersonID, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			b[17] = "10X98765432"[(strings.IndexByte("10X98765432", b[17])+1)%11]
			return b
		}),
	},
	{
		name: "identity-number-birth", weight: 8, outcome: Rejected, code: ident.ReasonCitizenBirth, fits: both(current, has(catalog.RolePersonID)),
		spoil: put(catalog.RolePersonID, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			copy(b[10:], "0230")
			b[17] = ident.CitizenCheck(string(b[:17]))
			return b
		}),
	},
	{
		name: "identity-number-province", weight: 6, outcome: Rejected, code: ident.ReasonCitizenProvince, fits: both(current, has(catalog.RolePersonID)),
		spoil: put(catalog.RolePersonID, func(_ *maker, _ *stream, old []byte) []byte {
			b := bytes.Clone(old)
			copy(b, "98")
			b[17] = ident.CitizenCheck(string(b[:17]))
			return b
		}),
	},
	{
		name: "identity-document-form", weight: 6, outcome: Rejected, code: catalog.ReasonOtherDocument, fits: both(current, both(has(catalog.RolePersonID), has(catalog.RolePersonIDType))),
		spoil: func(m *maker, r *stream, _ int) {
			document := [][2]string{{"护照", "G-12#45"}, {"港澳居民来往内地通行证", "12345678"}, {"台湾居民来往大陆通行证", "T0123456"}, {"外国人永久居留身份证", "CHN12345"}}[r.n(4)]
			m.set(m.table.byRole[catalog.RolePersonIDType], document[0])
			m.set(m.table.byRole[catalog.RolePersonID], document[1])
		},
	},
	{name: "identity-number-missing", weight: 8, outcome: Rejected, code: catalog.ReasonRequiredWhen, fits: both(has(catalog.RolePersonID), both(current, item("XZXK", "XZCF"))), spoil: put(catalog.RolePersonID, erase)},
	{
		name: "identity-type-unknown", weight: 6, outcome: Rejected, code: catalog.ReasonNotInList, fits: has(catalog.RolePersonIDType),
		spoil: put(catalog.RolePersonIDType, func(_ *maker, _ *stream, _ []byte) []byte { return []byte("工作证") }),
	},
	{
		name: "person-with-representative", weight: 6, code: catalog.ReasonCleared, warning: true, fits: both(has(catalog.RolePersonID), offers(catalog.RoleRep)),
		spoil: put(catalog.RoleRep, func(m *maker, _ *stream, _ []byte) []byte { return m.about().name }),
	},
}

func erase(_ *maker, _ *stream, _ []byte) []byte { return nil }

func not(f func(m *maker, k int) bool) func(m *maker, k int) bool {
	return func(m *maker, k int) bool { return !f(m, k) }
}

func organised(m *maker, _ int) bool { return !m.about().isPerson }

// required makes a fits function: the field with the role must be filled, and nothing fills it from elsewhere.
func required(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		i, ok := m.table.byRole[role]
		return ok && m.table.columns[i].field.Required
	}
}

func limited(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		i, ok := m.table.byRole[role]
		return ok && m.table.columns[i].field.MaxLen > 0
	}
}

func isEnum(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		i, ok := m.table.byRole[role]
		return ok && (m.table.columns[i].field.Type == catalog.Enum || m.table.columns[i].field.Type == catalog.EnumSet)
	}
}

// freeText makes a fits function: the field is prose with room for more.
func freeText(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		i, ok := m.table.byRole[role]
		return ok && m.table.columns[i].field.Type == catalog.Text && m.table.columns[i].field.MaxLen >= 1000
	}
}
