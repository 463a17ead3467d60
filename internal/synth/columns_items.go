package synth

import "gongxin/internal/catalog"

// yearsOf is how long the entries of an item hold.
var yearsOf = map[catalog.ItemCode]int{
	"XZJL": 3, "RYXX": 2, "JYYC": 3, "YZSX": 3, "XYCN": 1, "XZJC": 1, "SXBZXR": 2, "HTLY": 1, "XZQR": 3, "XZQZ": 1, "ZSCQ": 9, "XYPJ": 1, "ZZSB": 3, "ZYZG": 5,
	"XZZS": 1, "XZJF": 1, "XZBC": 1, "XZCJ": 1, "SFPJ": 1,
}

// after gives a day some time after the decision, when that has come already.
func after(days, spread int) func(r *row) (ok bool, dst func([]byte) []byte) {
	return func(r *row) (bool, func([]byte) []byte) {
		d := r.decided.AddDays(days + r.choice%50*spread/50)
		return d <= r.known, func(dst []byte) []byte { return appendDate(dst, d) }
	}
}

// then fills a column in rows of which the outcome is known by now.
func then(c func(r *row) bool, yes cell) cell {
	return func(dst []byte, r *row) []byte {
		if !c(r) {
			return dst
		}
		return yes(dst, r)
	}
}

// one picks among values by the row's choice, in even parts.
func one(values ...string) cell {
	return func(dst []byte, r *row) []byte { return append(dst, values[r.choice*len(values)/100]...) }
}

// removed says whether the entry of a list has been taken off it by today.
func removed(r *row) bool {
	ok, _ := after(40, 300)(r)
	return ok && r.choice < 45
}

func breach(r *row) bool { return r.choice < 5 }

func fulfilled(r *row) bool { return !breach(r) && r.to <= r.known }

func corrected(r *row) bool { return r.choice >= 62 && r.choice < 90 }

func removalDay(dst []byte, r *row) []byte {
	_, day := after(40, 300)(r)
	return day(dst)
}

// wan is a sum for columns in 万元.
func wan(dst []byte, r *row) []byte { return appendWan(dst, r.sum/10*10+10) }

func laterNumber(mark string) cell {
	return func(dst []byte, r *row) []byte {
		year, _, _ := r.decided.AddDays(40 + r.choice%50*300/50).YMD()
		dst = append(append(append(dst, r.p.agency.mark...), mark...), "〔"...)
		dst = append(appendInt(dst, year, 4), "〕"...)
		return append(appendInt(dst, r.serial, 1), "号"...)
	}
}

func agencyName(dst []byte, r *row) []byte { return append(dst, r.p.agency.Name...) }

// suffixCells fill the columns that several items share under different prefixes.
var suffixCells = map[string]cell{
	"WSMC": func(dst []byte, r *row) []byte { return append(append(dst, r.p.item.Name...), "决定书"...) },
	"YJ":   func(dst []byte, r *row) []byte { return append(dst, r.offer.act.basis...) },
}

// codeCells fill the columns that belong to one item alone. A nil cell leaves its column empty on purpose.
var codeCells map[string]cell

func init() {
	codeCells = map[string]cell{
		"XK_XKZS": func(dst []byte, r *row) []byte { return append(dst, r.offer.lic.cert...) },
		"XK_XKBH": func(dst []byte, r *row) []byte { return r.appendCertNo(dst) },
		"CF_SY":   func(dst []byte, r *row) []byte { return r.offer.pen.fact.appendTo(dst, r) },
		"CF_YJ":   func(dst []byte, r *row) []byte { return append(dst, r.offer.pen.basis...) },
		"CF_NR_ZKDX": func(dst []byte, r *row) []byte {
			if r.kinds&(suspend|revoke) == 0 {
				return dst
			}
			return append(append(dst, r.offer.pen.cert...), "（正、副本）"...)
		},
		"JL_RYMC": func(dst []byte, r *row) []byte { return append(dst, r.offer.act.title...) },
		"JL_JLJE": func(dst []byte, r *row) []byte { return appendWan(dst, (1+r.choice/10)*50000) },

		"JY_YCRQ": then(removed, removalDay),
		"JY_YCYY": then(removed, text("已补报年度报告并公示，依申请移出")),
		"JY_YCJG": then(removed, agencyName),
		"JY_YCWH": then(removed, laterNumber("异移字")),

		"YZ_SKR":  nil, // a person's name, shared among departments only
		"YZ_RDYJ": func(dst []byte, r *row) []byte { return append(dst, r.offer.act.basis...) },
		"YZ_YCTJ": text("列入满一年、履行法定义务并纠正违法行为的，可以申请提前移出"),
		"YZ_YCRQ": nil, "YZ_YCSY": nil, "YZ_YCWH": nil,

		"CN_WNZR": text("违背承诺的，愿意承担相应的法律责任，并同意将违诺情况记入信用记录"),
		"CN_LXZT": one("全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "全部履行", "部分履行", "全部未履行"),
		"CN_WLXNR": then(unkept, func(dst []byte, r *row) []byte {
			return append(dst, "未在承诺期限内补齐材料或者改正到位"...)
		}),
		"CN_ZRZJ": then(unkept, text("撤销告知承诺，按一般程序办理，记入信用记录")),
		"CN_RDRQ": func(dst []byte, r *row) []byte {
			if ok, day := after(30, 60)(r); ok {
				return day(dst)
			}
			return dst
		},
		"CN_RDDW":   func(dst []byte, r *row) []byte { return agencyName(dst, r) },
		"CN_RDDWDM": func(dst []byte, r *row) []byte { return append(dst, r.p.agency.Code...) },
		"CN_GKLX":   one("可向社会公开", "可向社会公开", "可向社会公开", "可向社会公开", "可向社会公开", "可向社会公开", "可向社会公开", "可向社会公开", "特定范围内公开", "不可公开"),

		"JC_JCLX": one("双随机抽查", "双随机抽查", "日常检查", "日常检查", "专项检查"),
		"JC_JCJG": func(dst []byte, r *row) []byte {
			switch {
			case corrected(r):
				return append(dst, "责令改正"...)
			case r.choice >= 96:
				return append(dst, "立案查处"...)
			case r.choice >= 93:
				return append(dst, "通过登记的住所（经营场所）无法联系"...)
			case r.choice >= 90:
				return append(dst, "发现问题待后续处理"...)
			default:
				return append(dst, "未发现问题"...)
			}
		},
		"JC_ZGQK": then(corrected, text("已在规定期限内整改到位，经复查合格")),

		"SX_ZXYJWH": func(dst []byte, r *row) []byte {
			year, _, _ := r.decided.YMD()
			return r.appendCaseNo(dst, year-1, "民初", r.serial*7%9973+1)
		},
		"SX_ZXYJDW": agencyName,
		"SX_LXQK":   one("全部未履行", "全部未履行", "全部未履行", "部分未履行"),
		"SX_LARQ":   func(dst []byte, r *row) []byte { return appendDate(dst, r.decided.AddDays(-40-r.choice)) },
		"SX_CXRQ":   then(removed, removalDay),

		"SF_SSDW": text("被告"),
		"SF_WSMC": text("民事判决书"),
		"SF_SXRQ": func(dst []byte, r *row) []byte { return appendDate(dst, r.decided.AddDays(16)) },
		"SF_ZXBD": wan,

		"HT_XDF": func(dst []byte, r *row) []byte {
			return append(append(dst, r.c.regions[0].Name...), "机关事务服务中心"...)
		},
		"HT_HTJE": func(dst []byte, r *row) []byte { return appendWan(dst, r.sum*50+10000) },
		"HT_LXZT": func(dst []byte, r *row) []byte {
			switch {
			case breach(r):
				return append(dst, "违约"...)
			case fulfilled(r):
				return append(dst, "履行完毕"...)
			default:
				return append(dst, "履行中"...)
			}
		},
		"HT_WYQX": then(breach, text("逾期交付，经催告仍未履行")),
		"HT_RDYJ": then(breach, func(dst []byte, r *row) []byte {
			year, _, _ := r.decided.YMD()
			dst = append(appendInt(append(dst, "（"...), year, 4), "）临0100民初"...)
			return append(appendInt(dst, r.serial+17, 1), "号民事判决书"...)
		}),

		"QZ_QZFS": func(dst []byte, r *row) []byte {
			return append(dst, map[string]string{"查封、扣押": "扣押财物", "查封设施": "查封场所、设施或者财物", "代履行": "代履行"}[r.offer.act.title]...)
		},
		"QZ_QZQX": text("30日"),
		"QR_ZSMC": nil, "QR_ZSBH": nil,
		"ZS_ZSJE": wan,
		"ZS_JNQK": one("已缴清", "已缴清", "已缴清", "已缴清", "已缴清", "已缴清", "已缴清", "部分缴纳", "减免", "未缴纳"),
		"JF_JFJE": wan, "JF_JFFS": text("一次性拨付"),
		"BC_BCJE": wan, "BC_BCFS": text("一次性"),
		"CJ_CJJG": one("侵权成立", "侵权成立", "侵权不成立"),
		"CJ_SQR":  nil, "CJ_BSQR": nil,

		"PJ_PJND": func(dst []byte, r *row) []byte { return r.appendDocNo(dst) },
		"PJ_PJDJ": one("A", "A", "A", "B", "B", "B", "B", "B", "M", "M", "M", "C", "D"),

		"ZC_SQRQ": func(dst []byte, r *row) []byte { return appendDate(dst, r.decided.AddDays(-240-r.choice*3)) },
		"ZC_ZT":   text("有效"),
		"ZC_ZY":   one("否", "否", "否", "否", "是"),

		"SB_BFDW": text("示例认证中心"),
		"SB_CN":   text("是"),
		"SB_GK":   one("可向社会公开", "可向社会公开", "可向社会公开", "特定范围内公开"),
		"SB_SHZT": text("形式审核通过"),
	}
}

// unkept says whether a commitment was broken; it agrees with the column CN_LXZT.
func unkept(r *row) bool { return r.choice*20/100 >= 18 }

// appendCertNo writes the number of the certificate that a licence comes with.
func (r *row) appendCertNo(dst []byte) []byte {
	l := r.offer.lic
	if l.cert == "" {
		return dst
	}
	dst = append(dst, l.certMark...)
	if l.founding && !r.isPerson {
		return append(dst, r.code[:]...)
	}
	dst = append(dst, r.p.agency.Region...)
	year, _, _ := r.decided.YMD()
	dst = appendInt(dst, year, 4)
	return appendInt(dst, r.serial, 5)
}
