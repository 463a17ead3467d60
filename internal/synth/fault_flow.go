package synth

import (
	"bytes"

	"gongxin/internal/catalog"
)

// flowFaults are about rows that were filed before. Each refers to the row a fixed distance above it in the file, so
// that no two refer to the same one.
var flowFaults = []slip{
	{name: "sent-twice", weight: 10, outcome: Duplicate, fits: above, spoil: func(m *maker, _ *stream, k int) { m.copyAbove(k) }},
	{
		name: "sent-again-changed", weight: 9, outcome: Updated, fits: both(above, both(repeatable, freeText(catalog.RoleContent))),
		spoil: func(m *maker, _ *stream, k int) {
			m.copyAbove(k)
			i := m.table.byRole[catalog.RoleContent]
			m.vals[i] = append(bytes.Clone(m.vals[i]), "（更正）"...)
		},
	},
	{
		name: "withdrawn", weight: 8, outcome: Withdrawn, fits: both(above, flagged),
		spoil: func(m *maker, _ *stream, k int) {
			m.copyAbove(k)
			m.set(m.table.flag, "D")
		},
	},
	{name: "withdrawn-before-filed", weight: 5, outcome: Rejected, code: 4001, alone: true, fits: both(flagged, isDecision), spoil: func(m *maker, _ *stream, _ int) { m.set(m.table.flag, "D") }},
	{
		name: "flag-unknown", weight: 4, outcome: Rejected, code: 4002, alone: true, fits: flagged,
		spoil: func(m *maker, r *stream, _ int) {
			m.set(m.table.flag, []string{"X", "删", "9", "更新一下"}[r.n(4)])
		},
	},
}

// distance is how far above a row of the file the row stands that it repeats.
func (m *maker) distance() int { return 1 + int(mix(m.f.id, forFault)%23) }

// above says whether the row to be repeated is there and without slips, so that it is on file as it stands.
func above(m *maker, k int) bool {
	return k >= m.distance() && !m.isMessy(k-m.distance()) && m.f.part != changes && !m.isLoose(k-m.distance())
}

// copyAbove puts the earlier row in the place of this one.
func (m *maker) copyAbove(k int) {
	m.clean(k - m.distance())
	m.warnings()
}

// repeatable leaves out items whose content is part of what tells rows apart.
func repeatable(m *maker, _ int) bool {
	i, ok := m.table.byRole[catalog.RoleContent]
	if !ok || len(m.vals[i]) == 0 {
		return false
	}
	for _, key := range m.f.plan.item.NaturalKey {
		if m.table.columns[i].field.Code == key {
			return false
		}
	}
	return true
}

func flagged(m *maker, _ int) bool { return m.table.flag >= 0 }

func isDecision(m *maker, _ int) bool { return m.f.part == decisions }

// harmless are spellings that the intake must take as they are meant.
var harmless = []slip{
	{name: "uscc-lower-case", weight: 8, fits: has(catalog.RoleUSCC), spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte { return bytes.ToLower(old) })},
	{name: "uscc-full-width", weight: 6, fits: has(catalog.RoleUSCC), spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte { return widen(old) })},
	{name: "uscc-spaced", weight: 8, fits: has(catalog.RoleUSCC), spoil: put(catalog.RoleUSCC, func(_ *maker, _ *stream, old []byte) []byte {
		return bytes.Join([][]byte{{}, old[:6], old[6:12], old[12:], {}}, []byte(" "))
	})},
	{name: "name-spaced", weight: 8, fits: has(catalog.RoleName), spoil: put(catalog.RoleName, func(_ *maker, _ *stream, old []byte) []byte {
		return append(append([]byte("　"), old...), "  "...)
	})},
	{
		name: "name-half-width-brackets", weight: 6, fits: both(has(catalog.RoleName), func(m *maker, _ int) bool { return bytes.Contains(m.value(catalog.RoleName), []byte("（")) }),
		spoil: put(catalog.RoleName, func(_ *maker, _ *stream, old []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(old, []byte("（"), []byte("(")), []byte("）"), []byte(")"))
		}),
	},
	{name: "kind-in-other-words", weight: 6, fits: both(has(catalog.RoleKind), kindOfRow), spoil: put(catalog.RoleKind, func(m *maker, _ *stream, old []byte) []byte {
		return []byte(map[string]string{"法人及非法人组织": "企业", "个体工商户": "个体户", "自然人": "个人"}[string(old)])
	})},
	{name: "quotes-and-line-breaks", weight: 6, fits: both(has(catalog.RoleContent), freeText(catalog.RoleContent)), spoil: put(catalog.RoleContent, func(_ *maker, _ *stream, old []byte) []byte {
		return append(bytes.Clone(old), ",\"以下空白\"\r\n（共1页）"...)
	})},
	{
		name: "nothing-in-words", weight: 6, fits: both(offers(catalog.RoleTaxNo), func(m *maker, _ int) bool { return len(m.value(catalog.RoleTaxNo)) == 0 }),
		spoil: put(catalog.RoleTaxNo, func(_ *maker, r *stream, _ []byte) []byte { return []byte([]string{"无", "—", "/", "-"}[r.n(4)]) }),
	},
	{name: "number-from-certificate", weight: 5, fits: both(item("XZXK"), func(m *maker, _ int) bool {
		i, ok := m.table.byCode["XK_XKBH"]
		return ok && len(m.vals[i]) > 0
	}), spoil: put(catalog.RoleDocNo, erase)},
}
