package audit

import (
	log "gongxin/internal/audit"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// resultNote says what a look-up brought, or what was missing.
func resultNote(a *log.Access) string {
	if a.Outcome == log.Refused {
		return "缺：" + desk.Word(missingWords, a.Missing)
	}
	switch a.What {
	case "claim", "queue", "workbook", "file", "listing", "order", "task", "report": // no look-up of records; the basis says what was read
		return ""
	}
	return ui.Num(len(a.Records)) + " 条记录"
}

func (v *entryView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "回执编号", Value: desk.Dec(v.ID), Code: true},
		{Label: "时间", Value: desk.Exact(v.At)},
		{Label: "谁", Value: whoWords(v.Who), Note: v.account, Link: accountLink(v)},
		{Label: "单位", Value: v.names.unit(v.Who.Agency)},
		{Label: "从哪里", Value: desk.Dash(v.Who.Address)},
		{Label: "登录编号", Value: desk.Dec(v.Who.Session)},
		{Label: "查询种类", Value: whatWord(v.What)},
		{Label: "被查主体", Value: v.names.subject(v.Subject), Note: v.code},
		{Label: "应用事项", Value: desk.Dash(v.Matter)},
		{Label: "依据", Value: desk.Dash(v.Basis), Wide: true},
	}
	if v.Consent != 0 {
		facts = append(facts, ui.Fact{Label: "授权书编号", Value: desk.Dec(v.Consent), Code: true})
	}
	facts = append(facts, ui.Fact{Label: "结果", Value: desk.Word(outcomeWords, v.Outcome), Note: resultNote(&v.Access)})
	if !v.HiddenUntil.IsZero() {
		facts = append(facts, ui.Fact{Label: "延迟告知", Value: "到 " + desk.Exact(v.HiddenUntil) + " 才向本人显示", Note: v.SecrecyBasis, Wide: true})
	}
	return facts
}

// accountLink leads to whoever looked, for those who may see accounts.
func accountLink(v *entryView) string {
	if v.account == "" {
		return ""
	}
	return "/desk/people/" + desk.Dec(v.Who.ID)
}
