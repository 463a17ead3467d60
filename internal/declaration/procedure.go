package declaration

import (
	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

// The kinds of the procedures in flow.
const (
	FlowKind = "declaration"
	EndKind  = "declaration_end" // the subject takes back what is on file
)

// The events of the procedures.
const (
	EventSubmit   flow.Event = "submit" // also mended, after it was returned: the period of the check begins anew
	EventReturn   flow.Event = "return" // 退回补正
	EventLapse    flow.Event = "lapse"  // nothing was mended in time
	EventAccept   flow.Event = "accept" // 形式审查通过
	EventRefuse   flow.Event = "refuse" // 不予接收
	EventFile     flow.Event = "file"   // it is on file
	EventBounce   flow.Event = "bounce" // the intake did not take what was accepted
	EventWithdraw flow.Event = "withdraw"
	EventEnd      flow.Event = "end"  // the subject takes it back from the register
	EventGone     flow.Event = "gone" // it is no longer shown
)

// The states. Replaced, Ending and Ended follow OnFile; they are no states of the first procedure, which is over then.
const (
	Submitted = "submitted"
	Returned  = "returned"
	Accepted  = "accepted"
	OnFile    = "on_file"
	Refused   = "refused"
	Withdrawn = "withdrawn"
	Lapsed    = "lapsed"
	Replaced  = "replaced"
	Ending    = "ending"
	Ended     = "ended"
)

func due(period string, from, onDue flow.Event) *flow.Due {
	return &flow.Due{Key: periodPrefix + period, From: from, OnDue: onDue}
}

const (
	declarer = "申报人"
	receiver = "受理单位"
	platform = "平台"
)

// Table is the procedure. Nothing comes onto the file but from Accepted, and only a person of the unit who has not handed it in leads there.
func Table() flow.Table {
	handed := []flow.Event{EventSubmit} // whoever handed it in, or mended it, does not check it
	own, check, file := string(authz.DeclarationMake), string(authz.DeclarationCheck), string(authz.DeclarationFile)
	return flow.Table{
		Kind: FlowKind, Title: "自主申报", Page: "/desk/declarations/{ref}", OwnPage: "/me/declarations/{ref}",
		States: []flow.State{
			{Code: Submitted, Name: "已提交，待形式审查"},
			{Code: Returned, Name: "退回补正"},
			{Code: Accepted, Name: "审查通过，正在入库"},
			{Code: OnFile, Name: "已入库", Final: true},
			{Code: Refused, Name: "不予接收", Final: true},
			{Code: Withdrawn, Name: "已撤回", Final: true},
			{Code: Lapsed, Name: "逾期未补正", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventSubmit, Name: "提交", To: Submitted, May: own, By: declarer, Say: "提交了申报，承诺内容真实", Due: due("check", "", "")},
			{Event: EventSubmit, Name: "提交", From: []string{Returned}, To: Submitted, May: own, By: declarer, Say: "补正后重新提交，审查期限重新起算", Due: due("check", "", "")},
			{Event: EventReturn, Name: "退回补正", From: []string{Submitted}, To: Returned, May: check, Reason: true, Separate: true, Not: handed, By: receiver, Say: "退回补正", Due: due("fix", "", EventLapse)},
			{Event: EventLapse, Name: "逾期未补正", From: []string{Returned}, To: Lapsed, Auto: true, Say: "逾期没有补正，本次申报终止，可以重新申报"},
			{Event: EventAccept, Name: "审查通过", From: []string{Submitted}, To: Accepted, May: check, Separate: true, Not: handed, By: receiver, Say: "形式审查通过", Due: due("file", "", "")},
			{Event: EventRefuse, Name: "不予接收", From: []string{Submitted}, To: Refused, May: check, Reason: true, Separate: true, Not: handed, By: receiver, Say: "决定不予接收"},
			{Event: EventFile, Name: "入库", From: []string{Accepted}, To: OnFile, May: file, By: platform, Say: "写入信用库，标明“自主申报，平台未核验”"},
			{Event: EventBounce, Name: "入库检查未通过", From: []string{Accepted}, To: Returned, May: file, Reason: true, By: platform, Say: "入库检查没有通过，退回补正", Due: due("fix", "", EventLapse)},
			{Event: EventWithdraw, Name: "撤回", From: []string{Submitted, Returned}, To: Withdrawn, May: own, By: declarer, Say: "撤回了申报"},
		},
		Assign: flow.Rule{May: check},
	}
}

// EndTable is how a subject takes back what is on file: nobody has to agree.
func EndTable() flow.Table {
	return flow.Table{
		Kind: EndKind, Title: "撤下自主申报", Page: "/desk/declarations/{ref}", OwnPage: "/me/declarations/{ref}",
		States: []flow.State{{Code: Ending, Name: "正在撤下"}, {Code: Ended, Name: "已撤下，不再公示", Final: true}},
		Moves: []flow.Move{
			{Event: EventEnd, Name: "撤下", To: Ending, May: string(authz.DeclarationMake), By: declarer, Say: "要求撤下已入库的申报", Due: due("file", "", "")},
			{Event: EventGone, Name: "撤下完毕", From: []string{Ending}, To: Ended, May: string(authz.DeclarationFile), By: platform, Say: "已从信用库撤下，不再公示和使用"},
		},
	}
}

var endWords = map[string]string{Replaced: "已由新的申报代替", Ending: "正在撤下", Ended: "已撤下，不再公示"}

// StateName gives a state of a declaration in Chinese.
func StateName(state string) string {
	if w, ok := endWords[state]; ok {
		return w
	}
	t := Table()
	return t.StateName(state)
}
