package objections

import (
	"strconv"

	"gongxin/internal/objection"
	"gongxin/internal/web/ui"
)

// doneWords say what was done, by the step.
var doneWords = map[string]string{
	"ask": "已通知补正，申请人会收到消息", "accept": "已受理，这条信息已经标注“异议中”", "refuse": "已决定不予受理，申请人会收到消息", "refer": "已转来源单位核查", "extend": "已延长，申请人会收到理由", "reply": "核查结果已答复",
	"correct": "更正后的内容已经入库，核查结果已答复", "decide": "已作出结论，申请人会收到消息", "conclude": "复核结论已作出，申请人会收到消息",
}

var actionWords = map[string]string{
	"filed": "报送入库", "corrected": "更正", "withdrawn": "撤回", "restored": "恢复", "repaired": "修复", "annulled": "撤下", "ended": "期满", "shielded": "屏蔽", "destroyed": "销毁",
}

// nothing says why a page offers no step.
func (v *caseView) nothing() string {
	switch v.State {
	case objection.Supplement:
		return "等申请人补正。"
	case objection.Referred:
		return "等来源单位答复核查结果；逾期没有答复的，按无法核实办理。"
	case objection.Answered:
		return "已经答复。申请人在期限内可以申请复核；没有申请的自动办结。"
	case objection.Submitted, objection.Accepted, objection.Verified, objection.Unproven:
		return "您的岗位现在没有可以办理的步骤：审查、受理和结论由信用办办理，核查由来源单位办理；自己提出的不能自己办。"
	case objection.Reviewing:
		return "复核由没有作出过结论、也没有核查过的另一名信用办人员办理。"
	default:
		return "已经办结。"
	}
}

func (v *caseView) facts() []ui.Fact {
	out := []ui.Fact{
		{Label: "编号", Value: v.No, Code: true},
		{Label: "申请人", Value: v.who},
		{Label: "来源单位", Value: v.unit},
		{Label: "对什么", Value: v.Title + "（" + v.Kind.Name() + "）"},
		{Label: "希望", Value: v.asked},
		{Label: "收到", Value: v.ReceivedOn.String()},
		{Label: "答复期限", Value: v.AnswerBy.String(), Note: v.clock()},
		{Label: "异议内容", Value: v.stated, Wide: true},
	}
	if v.repaired != "" {
		out = append(out, ui.Fact{Label: "修复申请的答复", Value: v.repaired})
	}
	if v.Reply != "" {
		out = append(out, ui.Fact{Label: "核查结果", Value: v.Kind.ReplyWord(v.Reply)})
	}
	if v.TakenDown {
		out = append(out, ui.Fact{Label: "停止公示", Value: "来源单位没有核实，已按规定停止公示和使用"})
	}
	if v.Refusal != "" {
		f, _ := v.rules.Refusal(v.Refusal)
		out = append(out, ui.Fact{Label: "不予受理的情形", Value: f.Text, Wide: true})
	}
	if v.Result != "" {
		out = append(out, ui.Fact{Label: "结论", Value: v.Result.Word(), Note: late(v.Late)})
	}
	if v.Review != "" {
		out = append(out, ui.Fact{Label: "复核结论", Value: v.Review.Word()})
	}
	return append(out, ui.Fact{Label: "依据", Value: v.rules.Basis()})
}

func late(b bool) string {
	if b {
		return "逾期答复"
	}
	return ""
}

// clock says which rule gave the last day.
func (v *caseView) clock() string {
	if v.Extended > 0 {
		return v.period() + "，已经延长 " + strconv.Itoa(v.Extended) + " 个工作日"
	}
	return v.period()
}

func (v *caseView) period() string {
	p := &v.rules.Period
	if v.Helped() {
		return "需要其他单位协助核查，自收到之日起 " + strconv.Itoa(p.Assist) + " 个工作日"
	}
	return "自收到之日起 " + strconv.Itoa(p.Answer) + " 个工作日；需要协助核查的 " + strconv.Itoa(p.Assist) + " 个工作日"
}

// progress says how far the objection is.
func (v *caseView) progress() {
	at := func(done, now bool) ui.StepState {
		switch {
		case done:
			return ui.StepDone
		case now:
			return ui.StepNow
		}
		return ui.StepAhead
	}
	accepted, answered := !v.AcceptedAt.IsZero(), !v.AnsweredAt.IsZero()
	v.steps = []ui.Step{{Label: "提交", State: ui.StepDone, Note: v.ReceivedOn.String()}}
	switch v.State {
	case objection.Refused, objection.Withdrawn, objection.Lapsed:
		v.steps = append(v.steps, ui.Step{Label: v.state, State: ui.StepDone})
		return
	}
	v.steps = append(v.steps,
		ui.Step{Label: "形式审查", State: at(accepted, v.State == objection.Submitted || v.State == objection.Supplement)},
		ui.Step{Label: "平台比对", State: at(answered || v.Helped(), v.State == objection.Accepted)})
	if v.Helped() || !answered {
		v.steps = append(v.steps, ui.Step{Label: "来源单位核查", State: at(answered || v.State == objection.Verified || v.State == objection.Unproven, v.State == objection.Referred)})
	}
	v.steps = append(v.steps, ui.Step{Label: "结论和答复", State: at(answered, v.State == objection.Verified || v.State == objection.Unproven), Note: v.AnswerBy.String()})
	if v.State == objection.Reviewing || v.Review != "" {
		v.steps = append(v.steps, ui.Step{Label: "复核", State: at(v.Review != "", v.State == objection.Reviewing)})
	}
}

// effect says what a decision does, and what may not be decided.
func (v *caseView) effect() string {
	what := "结论立即生效，“异议中”的标注撤下，申请人会收到答复，" + strconv.Itoa(v.rules.Period.Review) + " 个工作日内可以申请复核。"
	switch v.State {
	case objection.Unproven:
		return what + "来源单位没有核实的信息不能维持，应当撤下。"
	case objection.Accepted:
		return what + "没有转来源单位核查的，只能作出对申请人有利的结论。"
	default:
		return what
	}
}

// results are the results that can come of the objection.
func (v *caseView) results(review bool) []ui.Option {
	var out []ui.Option
	if review {
		out = append(out, ui.Option{Value: string(objection.Upheld), Label: objection.Upheld.Word()})
		if v.Result == objection.Deleted || v.Result == objection.Removed {
			return out // nothing is better for who objected
		}
	}
	for _, r := range v.Kind.Results() {
		if r == objection.Deleted && v.Kind == objection.OfEntry && !v.TakenDown {
			continue
		}
		if r == objection.Redone && len(v.stages) == 0 {
			continue
		}
		if r == objection.Kept && (review || v.State != objection.Verified || v.Reply != objection.FoundRight) {
			continue
		}
		out = append(out, ui.Option{Value: string(r), Label: resultWords[r]})
	}
	return out
}

// resultWords say what an officer decides, before it is done.
var resultWords = map[objection.Result]string{
	objection.Corrected: "更正（来源单位已经报送更正后的数据）", objection.Deleted: "撤下，停止公示和使用", objection.Shortened: "缩短公示期", objection.Removed: "移出名单（认定单位已经移出）",
	objection.Redone: "修复结果有误，重新办理", objection.Kept: "维持不变",
}

// replies are what a source can say without filing anything here.
func (v *caseView) replies() []ui.Option {
	list := v.Kind.Replies()
	if v.could[objection.EventCannot] {
		list = append(list, objection.NotVerified)
	}
	out := make([]ui.Option, len(list))
	for i, r := range list {
		out[i] = ui.Option{Value: string(r), Label: v.Kind.ReplyWord(r)}
		if r == objection.FoundWrong && v.Kind != objection.OfRepair {
			out[i].Label = "有误，已经另行报送更正"
		}
	}
	return out
}

// stageOptions are where an application for repair can go on.
func (v *caseView) stageOptions() []ui.Option {
	out := make([]ui.Option, len(v.stages))
	for i, s := range v.stages {
		out[i] = ui.Option{Value: s.Code, Label: s.Name}
	}
	return out
}

// cannotWords say what becomes of what cannot be verified.
func (v *caseView) cannotWords() string {
	if v.rules.Unproven.Act == objection.TakeDown && v.Kind != objection.OfRepair {
		return "答复“无法核实”的，这条信息立即停止公示和使用。逾期没有答复的也一样。"
	}
	if v.Kind == objection.OfRepair {
		return "答复“有误，同意改变”的，信用办可以直接准予或者恢复修复；没有同意的，只能退回本单位重新办理。"
	}
	return "无法核实的，信用办应当作出撤下的结论。"
}

func (v *caseView) refusals() []ui.Option {
	out := make([]ui.Option, len(v.rules.Refusals))
	for i, f := range v.rules.Refusals {
		out[i] = ui.Option{Value: f.Code, Label: f.Text}
	}
	return out
}
