package synth

import (
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// dateFaults are days that do not exist, have not come, or stand the wrong way round.
var dateFaults = []slip{
	{
		name: "decided-in-the-future", weight: 8, outcome: Rejected, code: catalog.ReasonFuture, fits: both(current, has(catalog.RoleDecidedOn)),
		spoil: put(catalog.RoleDecidedOn, func(m *maker, r *stream, _ []byte) []byte {
			return appendDate(nil, m.f.Received.AddDays(2+r.n(300)))
		}),
	},
	{
		name: "no-such-day", weight: 6, outcome: Rejected, code: catalog.ReasonNotDate, fits: has(catalog.RoleDecidedOn),
		spoil: put(catalog.RoleDecidedOn, func(_ *maker, r *stream, _ []byte) []byte {
			return []byte([]string{"2025-02-30", "2026年13月1日", "去年三月", "2025-06", "00000000"}[r.n(5)])
		}),
	},
	{
		name: "valid-to-before-valid-from", weight: 5, outcome: Rejected, code: catalog.ReasonValidOrder, fits: both(item("XZXK"), both(current, has(catalog.RoleValidTo))),
		spoil: put(catalog.RoleValidTo, func(m *maker, r *stream, _ []byte) []byte {
			return appendDate(nil, m.about().from.AddDays(-1-r.n(400)))
		}),
	},
	{
		name: "penalty-ends-before-decision", weight: 5, outcome: Rejected, code: catalog.ReasonPenaltyOrder, fits: both(item("XZCF", "YZSX", "SXBZXR"), has(catalog.RoleValidTo)),
		spoil: put(catalog.RoleValidTo, func(m *maker, r *stream, _ []byte) []byte {
			return appendDate(nil, m.about().decided.AddDays(-1-r.n(60)))
		}),
	},
	{
		name: "publicity-ends-at-decision", weight: 4, outcome: Rejected, code: catalog.ReasonPublicEnd, fits: both(item("XZCF", "YZSX"), offers(catalog.RolePublicEnd)),
		spoil: put(catalog.RolePublicEnd, func(m *maker, _ *stream, _ []byte) []byte { return appendDate(nil, m.about().decided) }),
	},
	{name: "decision-date-empty", weight: 5, outcome: Rejected, code: catalog.ReasonRequired, fits: both(current, has(catalog.RoleDecidedOn)), spoil: put(catalog.RoleDecidedOn, erase)},
	{
		name: "date-spelt-oddly", weight: 14, fits: has(catalog.RoleDecidedOn),
		spoil: put(catalog.RoleDecidedOn, func(m *maker, r *stream, _ []byte) []byte { return oddDate(m.about().decided, r.n(7)) }),
	},
	{name: "long-term-in-words", weight: 5, fits: both(has(catalog.RoleValidTo), func(m *maker, _ int) bool {
		i := m.table.byRole[catalog.RoleValidTo]
		return string(m.vals[i]) == clock.LongTerm.String() && m.table.columns[i].field.LongTerm
	}), spoil: put(catalog.RoleValidTo, func(_ *maker, r *stream, _ []byte) []byte {
		return []byte([]string{"长期", "永久有效", "2099/12/31", "无固定期限"}[r.n(4)])
	})},
}

// oddDate spells a day in one of the ways that people do.
func oddDate(d clock.Date, way int) []byte {
	y, m, day := d.YMD()
	join := func(separator string, width int) []byte {
		b := append(appendInt(nil, y, 4), separator...)
		b = append(appendInt(b, m, width), separator...)
		return appendInt(b, day, width)
	}
	switch way {
	case 0:
		return join("/", 1)
	case 1:
		return join(".", 1)
	case 2:
		return join("", 2)
	case 3:
		return appendChineseDate(nil, d)
	case 4:
		return append(appendDate(nil, d), " 00:00:00"...)
	case 5:
		return append(appendDate(nil, d), "T00:00:00+08:00"...)
	default:
		return widen(appendDate(nil, d))
	}
}

// widen writes letters, digits and hyphens in full width.
func widen(b []byte) []byte {
	out := make([]byte, 0, 3*len(b))
	for _, c := range b {
		out = append(out, string(rune(c)-'!'+'！')...)
	}
	return out
}
