package synth

import (
	"bytes"
	"strconv"

	"gongxin/internal/catalog"
)

// penaltyFaults are mistakes in what a penalty consists of. The template of 2015 has no columns for it.
var penaltyFaults = []slip{
	{name: "fine-empty", weight: 8, outcome: Rejected, code: catalog.ReasonFineRequired, fits: fined, spoil: put(catalog.RoleFine, erase)},
	{name: "fine-zero", weight: 3, outcome: Rejected, code: catalog.ReasonFineRequired, fits: fined, spoil: put(catalog.RoleFine, func(_ *maker, _ *stream, _ []byte) []byte { return []byte("0") })},
	{
		name: "fine-in-yuan", weight: 8, code: catalog.ReasonUnit, warning: true, fits: both(fined, ordinary),
		spoil: put(catalog.RoleFine, func(m *maker, _ *stream, _ []byte) []byte { return strconv.AppendInt(nil, int64(m.row.fine), 10) }),
	},
	{
		name: "fine-in-words", weight: 5, outcome: Rejected, code: catalog.ReasonNotNumber, fits: fined,
		spoil: put(catalog.RoleFine, func(_ *maker, r *stream, _ []byte) []byte {
			return []byte([]string{"贰仟元", "0.2 万以下", "见内容", "2000元整"}[r.n(4)])
		}),
	},
	{name: "fine-too-exact", weight: 4, outcome: Rejected, code: catalog.ReasonDecimals, fits: fined, spoil: put(catalog.RoleFine, func(_ *maker, _ *stream, _ []byte) []byte { return []byte("0.12345678") })},
	{
		name: "fine-negative", weight: 3, outcome: Rejected, code: catalog.ReasonRange, fits: fined,
		spoil: put(catalog.RoleFine, func(_ *maker, _ *stream, old []byte) []byte { return append([]byte("-"), old...) }),
	},
	{
		name: "confiscation-empty", weight: 6, outcome: Rejected, code: catalog.ReasonConfiscated, fits: both(currentPenalty, func(m *maker, _ int) bool { return m.row.kinds&(forfeit|seize) != 0 }),
		spoil: put(catalog.RoleConfiscated, erase),
	},
	{
		name: "revoked-licence-unnamed", weight: 6, outcome: Rejected, code: catalog.ReasonLicenceNamed, fits: both(currentPenalty, ordinary),
		spoil: func(m *maker, _ *stream, _ int) {
			i := m.table.byCode["CF_CFLB"]
			if m.row.kinds&(suspend|revoke) == 0 {
				m.vals[i] = append(bytes.Clone(m.vals[i]), "、吊销许可证件"...)
			}
			m.set(m.table.byCode["CF_NR_ZKDX"], "")
		},
	},
	{
		name: "amount-without-kind", weight: 4, code: catalog.ReasonAmountNoKind, warning: true, fits: both(currentPenalty, func(m *maker, _ int) bool { return m.row.kinds&(forfeit|seize) == 0 && !m.row.simple }),
		spoil: put(catalog.RoleConfiscated, func(_ *maker, _ *stream, _ []byte) []byte { return []byte("0.037") }),
	},
	{name: "amount-with-unit", weight: 4, fits: fined, spoil: put(catalog.RoleFine, func(_ *maker, _ *stream, old []byte) []byte { return append(bytes.Clone(old), "万元"...) })},
	{
		name: "kinds-separated-otherwise", weight: 5, fits: both(currentPenalty, func(m *maker, _ int) bool { return m.row.kinds&(m.row.kinds-1) != 0 }),
		spoil: put(catalog.RoleCategory, func(_ *maker, r *stream, old []byte) []byte {
			return bytes.ReplaceAll(old, []byte("、"), []byte([]string{",", "；", ";", "，"}[r.n(4)]))
		}),
	},
}

// currentPenalty holds for penalties in the template in force.
func currentPenalty(m *maker, _ int) bool {
	return m.f.Item == "XZCF" && m.f.Layout != Old2015
}

// ordinary holds for decisions outside the simple procedure, whose limits would have something to say as well.
func ordinary(m *maker, _ int) bool { return !m.row.simple }

func fined(m *maker, k int) bool { return currentPenalty(m, k) && m.row.kinds&fine != 0 }
