package ingest

import (
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
)

// Words with which an office begins what it writes below its table. Totals stand alone in their cell; the others open a sentence.
var (
	totals  = []string{"合计", "总计", "小计", "累计", "共计", "本页合计", "本月合计"}
	endings = []string{"填表人", "填报人", "制表人", "制表", "审核人", "审核", "负责人", "单位负责人", "分管领导", "经办人", "联系人", "联系电话", "填报日期", "填表日期", "填表说明", "填报说明", "说明", "注"}
)

// footer reports whether a row is no data but totals or a signature: its first words say so, and most required fields are empty. One reason
// then says more than one for each empty field.
func (c *columns) footer(cells []string, v catalog.Values) bool {
	first := ""
	for _, cell := range cells {
		if first = cntext.Fold(cell); strings.Trim(first, "0123456789.") != "" { // a running number may stand before it
			break
		}
	}
	if first == "" || !begins(first) {
		return false
	}
	required, filled := 0, 0
	for i := range c.item.Fields {
		if c.item.Fields[i].Required {
			required++
			if v[i] != "" {
				filled++
			}
		}
	}
	return 3*filled < required
}

func begins(cell string) bool {
	cell = strings.ReplaceAll(cell, " ", "")
	bare := strings.TrimRight(cell, ":：")
	for _, word := range totals {
		if bare == word {
			return true
		}
	}
	for _, word := range endings {
		if rest, ok := strings.CutPrefix(cell, word); ok && (rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, "（")) {
			return true
		}
	}
	return false
}
