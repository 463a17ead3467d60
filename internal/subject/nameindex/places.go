package nameindex

import (
	"slices"
	"unicode/utf16"
)

// geo says where in a name its distinctive part lies: behind the place words, before the legal form.
type geo struct {
	mid   uint8 // behind all place words but the last; 0 when there are fewer than two
	start uint8 // behind all place words
	end   uint8 // before the legal form
}

// class tells how an occurrence that begins at unit i counts.
func (g geo) class(i int) int {
	switch {
	case i == 0 || i == int(g.start) || i == int(g.mid):
		return classPrefix
	case i <= int(g.start)+2:
		return classEarly
	}
	return classLate
}

// formWords are the endings that name a legal form and not the business; longer ones first.
var formWords = func() [][]uint16 {
	words := []string{
		"特殊普通合伙企业", "农民专业合作社联合社", "个人独资企业", "农民专业合作社", "集团股份有限公司", "集团有限责任公司",
		"股份有限公司", "有限责任公司", "集团有限公司", "特殊普通合伙", "股份合作公司", "专业合作社", "合伙企业", "个体工商户",
		"有限合伙", "普通合伙", "个人独资", "有限公司", "集团公司", "股份公司", "分公司", "合作社", "联合社", "经营部", "服务部",
		"经销部", "门市部", "工作室", "个体户", "公司", "商行", "商店", "集团", "店", "厂", "行",
	}
	out := make([][]uint16, len(words))
	for i, w := range words {
		out[i] = utf16.Encode([]rune(w))
	}
	slices.SortStableFunc(out, func(a, b []uint16) int { return len(b) - len(a) })
	return out
}()

// placeTable knows the place words with which names begin.
type placeTable struct {
	byHead map[uint32][]place // by the first two units, longer ones first
}

type place struct {
	full  []uint16
	short []uint16 // without 省, 市, 县 …; what a name must contain to agree with the place
}

func newPlaceTable(c *codec, words []string) *placeTable {
	t := &placeTable{byHead: make(map[uint32][]place)}
	seen := make(map[string]bool)
	put := func(full, short []uint16) {
		key := c.text(full)
		if len(full) < 2 || seen[key] {
			return
		}
		seen[key] = true
		h := placeHead(full)
		t.byHead[h] = append(t.byHead[h], place{full: full, short: short})
	}
	admin := utf16.Encode([]rune("省市县区旗镇乡"))
	for _, w := range words {
		full, _ := foldUnits(nil, w, maxNameUnits, c.add)
		short := full
		if n := len(full); n >= 3 && slices.Contains(admin, full[n-1]) {
			short = full[:n-1]
		}
		put(full, short)
		put(short, short)
	}
	for h := range t.byHead {
		slices.SortFunc(t.byHead[h], func(a, b place) int {
			if d := len(b.full) - len(a.full); d != 0 {
				return d
			}
			return slices.Compare(a.full, b.full)
		})
	}
	return t
}

func placeHead(u []uint16) uint32 { return uint32(u[0])<<16 | uint32(u[1]) }

// at finds the longest place word with which u begins.
func (t *placeTable) at(u []uint16) (place, bool) {
	if len(u) < 2 || len(t.byHead) == 0 {
		return place{}, false
	}
	for _, p := range t.byHead[placeHead(u)] {
		if len(p.full) <= len(u) && slices.Equal(p.full, u[:len(p.full)]) {
			return p, true
		}
	}
	return place{}, false
}

const maxPlaceWords = 4

// geo finds the distinctive part of a name; something always remains.
func (t *placeTable) geo(u []uint16) geo {
	g := geo{end: uint8(len(u))}
	for range maxPlaceWords {
		p, ok := t.at(u[g.start:])
		if !ok || int(g.start)+len(p.full) >= len(u) {
			break
		}
		g.mid = g.start
		g.start += uint8(len(p.full))
	}
	for range 3 {
		n := formLen(u[g.start:g.end])
		if n == 0 {
			break
		}
		g.end -= uint8(n)
	}
	// A place in brackets behind the trade: 鼎盛商贸（临溪）有限公司.
	for n := 2; n <= 4 && int(g.end)-n >= int(g.start)+2; n++ {
		if p, ok := t.at(u[int(g.end)-n : g.end]); ok && len(p.full) == n {
			g.end -= uint8(n)
			break
		}
	}
	return g
}

// formLen gives the length of the legal form at the end of u, when at least two units stand before it.
func formLen(u []uint16) int {
	for _, f := range formWords {
		n := len(u) - len(f)
		if n < 0 || len(u) == 0 || u[len(u)-1] != f[len(f)-1] || !slices.Equal(u[n:], f) {
			continue
		}
		if n < 2 {
			return 0
		}
		if len(f) == 1 && f[0] == '行' && u[n-1] == '银' { // a bank is its trade, not its form
			return 0
		}
		return len(f)
	}
	return 0
}

// parts gives what a query says besides its distinctive part: its place words in short form, and its legal form.
func (t *placeTable) parts(u []uint16, g geo) [][]uint16 {
	var out [][]uint16
	for i := 0; i < int(g.start); {
		p, ok := t.at(u[i:g.start])
		if !ok {
			break
		}
		out = append(out, p.short)
		i += len(p.full)
	}
	if int(g.end) < len(u) {
		out = append(out, u[g.end:])
	}
	return out
}
