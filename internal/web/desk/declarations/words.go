package declarations

import (
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/declaration"
	"gongxin/internal/web/ui"
)

// doneWords say what was done, by the step.
var doneWords = map[string]string{
	"accept": "形式审查已通过", "return": "已退回补正，申报人会收到消息", "refuse": "已决定不予接收，申报人会收到消息",
}

// nothing says why a page offers no step.
func (v *caseView) nothing() string {
	switch v.State {
	case declaration.Submitted:
		return "您的岗位现在没有可以办理的步骤：形式审查由受理单位或者信用办办理；自己提交的不能自己审查。"
	case declaration.Returned:
		return "等申报人补正。"
	case declaration.Accepted:
		return "已经通过，正在入库。"
	case declaration.OnFile:
		return "已经入库。申报人随时可以更新、撤下；查实不实的，由来源单位按报送数据的办法撤回这一行，并告知申报人。"
	default:
		return "已经办结。"
	}
}

var classWords = map[catalog.Class]string{
	catalog.Public: "申报人同意向社会公开", catalog.Authorised: "不公开，经申报人授权才能查询", catalog.Shared: "不公开，只在部门之间凭事项共享",
}

func (v *caseView) details() []ui.Fact {
	out := []ui.Fact{
		{Label: "编号", Value: v.No, Code: true},
		{Label: "申报人", Value: v.who},
		{Label: "受理单位", Value: v.unit, Note: "入库以后是来源单位"},
		{Label: "提交", Value: v.ReceivedOn.String()},
		{Label: "入库以后谁能看到", Value: classWords[v.class]},
	}
	if v.State == declaration.Submitted {
		out = append(out, ui.Fact{Label: "审查期限", Value: v.due, Note: "自提交之日起 " + strconv.Itoa(v.rules.Period.Check) + " 个工作日"})
	}
	if v.Replaces != 0 {
		out = append(out, ui.Fact{Label: "更新", Value: "代替原来的申报", Link: path + "/" + strconv.FormatInt(v.Replaces, 10)})
	}
	if v.Refusal != "" {
		f, _ := v.rules.Refusal(v.Refusal)
		out = append(out, ui.Fact{Label: "不予接收的情形", Value: f.Text, Wide: true})
	}
	return append(out, ui.Fact{Label: "依据", Value: v.rules.Basis(), Wide: true}, ui.Fact{Label: "申报人的承诺", Value: v.rules.Pledge.Text + v.rules.Pledge.Liability, Wide: true})
}

func (v *caseView) refusals() []ui.Option {
	out := make([]ui.Option, len(v.rules.Refusals))
	for i, f := range v.rules.Refusals {
		out[i] = ui.Option{Value: f.Code, Label: f.Text}
	}
	return out
}
