package report

import (
	"slices"
	"strings"
)

// others stands in an order for every field that it does not name, as the catalogue has them.
const others = "*"

// orders are the fields of an item in the order of the standard's layout (公共信用信息报告标准 2022年版, as reports of May 2026 show it), by the codes of the
// catalogue; items that are not here keep the catalogue's.
var orders = map[string][]string{
	"XZXK": {"XK_WSH", "XK_XKWS", "XK_XKZS", "XK_XKLB", "XK_XKBH", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_NR", others, "XK_XKJG", "XK_XKJGDM", "XK_LYDW", "XK_LYDWDM"},
	"XZCF": {
		"CF_WSH", "CF_CFLB", "CF_JDRQ", "CF_NR", "CF_NR_FK", "CF_NR_WFFF", "CF_NR_ZKDX", "CF_WFXW", "CF_SY", "CF_YJ", others, "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM",
	},
	"JYYC": {"JY_LRYY", "JY_LRRQ", "JY_LRJG", "JY_LRJGDM", others, "JY_LYDW", "JY_LYDWDM"},
	"XYCN": {"CN_LX", "CN_SY", "CN_ZCRQ", "CN_SLDW", "CN_SLDWDM", "CN_LXZT", others, "CN_LYDW", "CN_LYDWDM"},
}

// arrange puts the fields of a record of an item into the layout's order.
func arrange(item string, fields []Field) {
	order := orders[item]
	if order == nil {
		return
	}
	rest := slices.Index(order, others)
	place := func(f Field) int {
		if i := slices.Index(order, f.Code); i >= 0 {
			return i
		}
		return rest
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return place(a) - place(b) })
}

// amount leaves the unit out of a value whose label says it: 罚款金额（万元） 0.5.
func amount(label, value string) string {
	if at := strings.LastIndex(label, "（"); at >= 0 && strings.HasSuffix(label, "）") {
		if unit := label[at+len("（") : len(label)-len("）")]; unit != value {
			return strings.TrimSuffix(value, unit)
		}
	}
	return value
}
