package people

import (
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func (v *personView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "登录名", Value: v.Login},
		{Label: "账号编号", Value: desk.Dec(v.ID), Code: true},
		{Label: "种类", Value: desk.Word(kindWords, string(v.Kind))},
		{Label: "单位", Value: desk.Dash(v.unit)},
		{Label: "辖区", Value: v.region},
		{Label: "口令", Value: passwordWord(v.Account)},
		{Label: "第二步验证", Value: factorWord(v.Account)},
		{Label: "上次登录", Value: desk.Dash(desk.Moment(v.LoginAt))},
		{Label: "开立", Value: desk.Moment(v.CreatedAt)},
		{Label: "最近更改", Value: desk.Moment(v.ChangedAt)},
	}
	return facts
}

func (v *claimView) facts() []ui.Fact {
	facts := []ui.Fact{{Label: "认领的主体", Value: v.label, Wide: true}}
	if v.code != "" {
		facts = append(facts, ui.Fact{Label: "统一社会信用代码", Value: v.code, Code: true, Wide: true})
	}
	return append(facts,
		ui.Fact{Label: "申请的账号", Value: desk.Word(kindWords, string(v.Kind)) + "账号 " + desk.Dec(v.Account)}, ui.Fact{Label: "方式", Value: desk.Word(methodWords, v.Method)},
		ui.Fact{Label: "辖区", Value: v.region}, ui.Fact{Label: "提交时间", Value: desk.Moment(v.CreatedAt)})
}
