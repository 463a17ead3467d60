package tasks

import (
	"gongxin/internal/measure"
	"gongxin/internal/web/ui"
)

var results = []ui.Option{
	{Value: string(measure.Executed), Label: measure.Executed.Word()},
	{Value: string(measure.NotApplicable), Label: measure.NotApplicable.Word()},
	{Value: string(measure.NotExecuted), Label: measure.NotExecuted.Word()},
}

var statsColumns = []ui.Column{
	{Label: "单位"},
	{Label: "召回未确认", Class: "num"},
	{Label: "推送", Class: "num"},
	{Label: "按期响应", Class: "num"},
	{Label: "逾期响应", Class: "num"},
	{Label: "已执行", Class: "num"},
	{Label: "不适用", Class: "num"},
	{Label: "未执行", Class: "num"},
}

func (v *taskView) feedbackLabel() string {
	if v.Result != "" {
		return "更正反馈"
	}
	return "反馈执行情况"
}

func (r *row) caseWords() string {
	if r.CaseNo == "" {
		return ""
	}
	return "（" + r.CaseNo + "）"
}
