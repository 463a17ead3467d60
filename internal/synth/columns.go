package synth

import (
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// cell appends what a row has in one column.
type cell func(dst []byte, r *row) []byte

// cellFor finds what goes into a field: by its own code, by what it means, by the end of its code that items of one
// make share. A field that nothing here knows stays empty, or repeats the item's example when it must be filled.
func cellFor(item *catalog.Item, f *catalog.Field) cell {
	if c, ok := codeCells[f.Code]; ok {
		return c
	}
	if c, ok := roleCells[f.Role]; ok {
		return c
	}
	if _, suffix, ok := strings.Cut(f.Code, "_"); ok {
		if c, ok := suffixCells[suffix]; ok {
			return c
		}
	}
	if example := item.Example[f.Code]; f.Required && example != "" {
		return text(example)
	}
	return nil
}

// text is a column that says the same in every row.
func text(s string) cell { return func(dst []byte, _ *row) []byte { return append(dst, s...) } }

// organisation is a column that rows about persons leave empty.
func organisation(c cell) cell {
	return func(dst []byte, r *row) []byte {
		if r.isPerson {
			return dst
		}
		return c(dst, r)
	}
}

// resident is a column that only rows about persons fill.
func resident(c cell) cell {
	return func(dst []byte, r *row) []byte {
		if !r.isPerson {
			return dst
		}
		return c(dst, r)
	}
}

func appendDate(dst []byte, d clock.Date) []byte { return d.AppendTo(dst) }

// showsOld says whether the row gives the old numbers of a subject beside the unified code.
func (r *row) showsOld() bool {
	return r.loose != unnumbered && r.choice < 22 && r.sub.i < r.c.opt.Subjects && r.sub.founded < unified && forms[r.sub.form].registrar == byMarket
}

var roleCells map[catalog.Role]cell

func init() {
	roleCells = map[catalog.Role]cell{
		catalog.RoleName: func(dst []byte, r *row) []byte { return append(dst, r.name...) },
		catalog.RoleKind: func(dst []byte, r *row) []byte {
			if r.isPerson {
				return append(dst, kindText(catalog.Person)...)
			}
			return append(dst, kindText(forms[r.sub.form].kind)...)
		},
		catalog.RoleUSCC: organisation(func(dst []byte, r *row) []byte {
			if r.loose == unnumbered {
				return dst
			}
			return append(dst, r.code[:]...)
		}),
		catalog.RoleRegNo: organisation(func(dst []byte, r *row) []byte {
			if r.loose != certain {
				return r.appendLooseRegNo(dst)
			}
			if r.showsOld() {
				return r.c.appendRegNo(dst, &r.sub)
			}
			return dst
		}),
		catalog.RoleOrgCode: organisation(func(dst []byte, r *row) []byte {
			if r.showsOld() {
				return append(dst, r.code[8:17]...)
			}
			return dst
		}),
		catalog.RoleTaxNo: organisation(func(dst []byte, r *row) []byte {
			if r.showsOld() {
				return append(dst, r.code[2:17]...)
			}
			return dst
		}),
		catalog.RoleInstNo:       nil,
		catalog.RoleSocNo:        nil,
		catalog.RoleRepIDType:    nil, // discouraged, and so left out
		catalog.RoleRepID:        nil,
		catalog.RolePublicEnd:    nil, // for the register to compute
		catalog.RoleDisclosure:   nil,
		catalog.RoleRep:          organisation(func(dst []byte, r *row) []byte { return append(dst, r.rep...) }),
		catalog.RolePersonIDType: resident(text("身份证")),
		catalog.RolePersonID:     resident(func(dst []byte, r *row) []byte { return append(dst, r.person.id[:]...) }),
		catalog.RoleDocNo:        func(dst []byte, r *row) []byte { return r.appendDocNo(dst) },
		catalog.RoleTitle:        func(dst []byte, r *row) []byte { return r.appendTitle(dst) },
		catalog.RoleContent:      func(dst []byte, r *row) []byte { return r.appendContent(dst) },
		catalog.RoleCategory:     func(dst []byte, r *row) []byte { return r.appendCategory(dst) },
		catalog.RoleDecidedOn:    func(dst []byte, r *row) []byte { return appendDate(dst, r.decided) },
		catalog.RoleValidFrom:    func(dst []byte, r *row) []byte { return appendDate(dst, r.from) },
		catalog.RoleValidTo:      func(dst []byte, r *row) []byte { return appendDate(dst, r.to) },
		catalog.RoleState:        text("有效"),
		catalog.RoleAuthority:    func(dst []byte, r *row) []byte { return append(dst, r.p.agency.Name...) },
		catalog.RoleAuthorityCode: func(dst []byte, r *row) []byte {
			return append(dst, r.p.agency.Code...)
		},
		catalog.RoleSource:     func(dst []byte, r *row) []byte { return append(dst, r.p.agency.Name...) },
		catalog.RoleSourceCode: func(dst []byte, r *row) []byte { return append(dst, r.p.agency.Code...) },
		catalog.RoleFine: func(dst []byte, r *row) []byte {
			if r.kinds&fine == 0 {
				return dst
			}
			return appendWan(dst, r.fine)
		},
		catalog.RoleConfiscated: func(dst []byte, r *row) []byte {
			if r.kinds&(forfeit|seize) == 0 {
				return dst
			}
			return appendWan(dst, r.taken)
		},
		catalog.RoleProcedure: func(dst []byte, r *row) []byte {
			if r.simple {
				return append(dst, "简易程序"...)
			}
			return append(dst, "普通程序"...)
		},
		catalog.RoleSeverity: func(dst []byte, r *row) []byte { return r.appendSeverity(dst) },
		catalog.RoleRemark:   nil,
	}
}

// numbering is how an item's documents are numbered: 临市监罚〔2026〕12号.
var numbering = map[catalog.ItemCode]string{
	"XZXK": "许字", "XZCF": "罚", "XZJL": "奖", "RYXX": "信", "JYYC": "异列字", "YZSX": "严列", "XZQZ": "强", "XZQR": "确", "XZZS": "征", "XZJF": "付", "XZBC": "补", "XZCJ": "裁",
}

// appendDocNo writes the number that identifies the decision among those of its agency.
func (r *row) appendDocNo(dst []byte) []byte {
	year, _, _ := r.decided.YMD()
	a := r.p.agency
	switch code := r.p.item.Code; code {
	case "XZJC":
		dst = append(append(dst, "JC"...), a.Region...)
		dst = appendInt(dst, year, 4)
		return appendInt(dst, r.serial, 6)
	case "SXBZXR", "SFPJ":
		mark := "民初"
		if code == "SXBZXR" {
			mark = "执"
		} else if r.offer.act.category == "行政" {
			mark = "行审"
		}
		return r.appendCaseNo(dst, year, mark, r.serial)
	case "XYCN":
		dst = append(dst, a.Region...)
		y, m, d := r.decided.YMD()
		dst = appendInt(appendInt(appendInt(dst, y, 4), m, 2), d, 2)
		// Six figures for the day, of which the agencies of a place have a block each.
		return appendInt(dst, (a.number%100*10000+r.nth%10000+1)%1000000, 6)
	case "HTLY", "ZZSB", "ZYZG":
		dst = append(dst, map[catalog.ItemCode]string{"HTLY": "LXHT-", "ZZSB": "LXSB-", "ZYZG": "LXZG-"}[code]...)
		dst = append(appendInt(dst, year, 4), '-')
		return appendInt(dst, a.number*1000000+r.serial, 8)
	case "ZSCQ":
		// Class 9 does not exist, so nobody holds the number.
		dst = append(append(dst, "ZL"...), []byte{byte('0' + year/1000), byte('0' + year/100%10), byte('0' + year/10%10), byte('0' + year%10), '9'}...)
		dst = appendInt(dst, a.number%10*1000000+r.serial, 7)
		return append(dst, '.', byte('0'+r.serial%10))
	case "XYPJ":
		return appendInt(dst, year-1, 4)
	default:
		dst = append(dst, a.mark...)
		if r.simple {
			dst = append(dst, "当"...)
		}
		mark := numbering[code]
		if r.offer.lic != nil && r.offer.lic.founding {
			mark = "登字"
		}
		dst = append(append(dst, mark...), "〔"...)
		dst = append(appendInt(dst, year, 4), "〕"...)
		return append(appendInt(dst, r.serial, 1), "号"...)
	}
}

// appendCaseNo writes （2026）临0102民初12号.
func (r *row) appendCaseNo(dst []byte, year int, mark string, serial int) []byte {
	dst = append(appendInt(append(dst, "（"...), year, 4), "）临"...)
	dst = append(dst, r.p.agency.Region[2:]...)
	dst = append(dst, mark...)
	return append(appendInt(dst, serial, 1), "号"...)
}

func (r *row) appendTitle(dst []byte) []byte {
	switch o := r.offer; {
	case o.lic != nil:
		return append(dst, o.lic.document...)
	case o.pen != nil:
		return append(dst, o.pen.conduct...)
	case r.p.item.Code == "RYXX":
		year, _, _ := r.decided.YMD()
		return append(append(appendInt(dst, year, 4), "年度"...), o.act.title...)
	case r.p.item.Code == "ZSCQ":
		return o.act.content.appendTo(dst, r)
	default:
		return append(dst, o.act.title...)
	}
}

func (r *row) appendContent(dst []byte) []byte {
	switch o := r.offer; {
	case o.lic != nil:
		return o.lic.content.appendTo(dst, r)
	case o.pen != nil:
		return r.appendSanction(dst)
	default:
		return o.act.content.appendTo(dst, r)
	}
}

func (r *row) appendCategory(dst []byte) []byte {
	switch o := r.offer; {
	case o.lic != nil:
		return append(dst, o.lic.kind...)
	case o.pen != nil:
		return r.appendKinds(dst)
	case o.act.category == "市级" && r.p.agency.region > 0:
		return append(dst, "县级"...)
	default:
		return append(dst, o.act.category...)
	}
}

// appendKinds lists the kinds of penalty in the order of the law.
func (r *row) appendKinds(dst []byte) []byte {
	first := true
	for i, name := range kindNames {
		if r.kinds&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, "、"...)
		}
		dst, first = append(dst, name...), false
	}
	return dst
}

// appendSanction writes what was imposed, numbered when it is more than one thing.
func (r *row) appendSanction(dst []byte) []byte {
	several := r.kinds&(r.kinds-1) != 0
	k := 0
	for i, name := range kindNames {
		kind := kindSet(1 << i)
		if r.kinds&kind == 0 {
			continue
		}
		if k++; several {
			if k > 1 {
				dst = append(dst, "；"...)
			}
			dst = append(appendInt(dst, k, 1), '.')
		}
		switch kind {
		case fine:
			dst = append(appendInt(append(dst, "罚款人民币"...), r.fine, 1), "元"...)
		case forfeit:
			dst = append(appendInt(append(dst, "没收违法所得"...), r.taken, 1), "元"...)
		case seize:
			dst = append(append(dst, "没收涉案的"...), r.goods...)
			dst = append(appendInt(dst, r.quantity, 1), "件"...)
		case suspend:
			dst = append(append(append(dst, "暂扣《"...), r.offer.pen.cert...), "》三个月"...)
		case revoke:
			dst = append(append(append(dst, "吊销《"...), r.offer.pen.cert...), "》"...)
		default:
			dst = append(dst, name...)
		}
	}
	return dst
}

// appendSeverity fills the class that some lines of government state themselves (NDRC Order 36).
func (r *row) appendSeverity(dst []byte) []byte {
	if key := r.p.agency.dept.key; key != "生态" && key != "应急" {
		return dst
	}
	switch {
	case r.kinds&(revoke|stop|shut|bar|limit|downgrade) != 0 || r.fine >= 300000:
		return append(dst, "严重"...)
	case r.kinds&^(warn|criticise) == 0:
		return append(dst, "轻微"...)
	default:
		return append(dst, "一般"...)
	}
}
