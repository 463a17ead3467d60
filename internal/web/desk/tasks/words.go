package tasks

import (
	"gongxin/internal/measure"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

var results = []ui.Option{
	{Value: string(measure.Executed), Label: measure.Executed.Word()},
	{Value: string(measure.NotApplicable), Label: measure.NotApplicable.Word()},
	{Value: string(measure.NotExecuted), Label: measure.NotExecuted.Word()},
}

func statsColumns(first string) []ui.Column {
	return []ui.Column{
		{Label: first},
		{Label: "召回未确认", Class: "num"},
		{Label: "推送", Class: "num"},
		{Label: "按期", Class: "num"},
		{Label: "逾期", Class: "num"},
		{Label: "已执行", Class: "num"},
		{Label: "不适用", Class: "num"},
		{Label: "未执行", Class: "num"},
		{Label: "待反馈", Class: "num"},
		{Label: "反馈前召回", Class: "num"},
	}
}

func (v *taskView) feedbackLabel() string {
	if v.Result != "" {
		return "更正反馈"
	}
	return "反馈执行情况"
}

// said gives the result, with the reason of one that was not carried out.
func (r *row) said() string {
	if r.Result == measure.Executed || r.Reason == "" {
		return r.Result.Word()
	}
	return r.Result.Word() + "：" + desk.Cut(r.Reason, 60)
}

func (r *row) caseWords() string {
	if r.CaseNo == "" {
		return ""
	}
	return "（" + r.CaseNo + "）"
}
