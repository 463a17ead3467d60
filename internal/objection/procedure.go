package objection

import (
	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

// FlowKind is the kind of the procedure in flow.
const FlowKind = "objection"

// The events of the procedure.
const (
	EventSubmit   flow.Event = "submit"   // also the supplement that was asked for: the periods of the answer begin anew
	EventAsk      flow.Event = "ask"      // 通知补正
	EventLapse    flow.Event = "lapse"    // nothing was supplemented in time
	EventAccept   flow.Event = "accept"   // 受理: the record is marked
	EventRefuse   flow.Event = "refuse"   // 不予受理
	EventRefer    flow.Event = "refer"    // 转来源单位核查
	EventReply    flow.Event = "reply"    // the source verified
	EventCannot   flow.Event = "cannot"   // the source says that it cannot verify
	EventUnproven flow.Event = "unproven" // the source did not answer in time
	EventDecide   flow.Event = "decide"
	EventClose    flow.Event = "close" // nobody asked for a review
	EventAppeal   flow.Event = "appeal"
	EventConclude flow.Event = "conclude" // 复核结论
	EventWithdraw flow.Event = "withdraw"
)

// The bounds of extensions in the rules.
const (
	extendAnswer = "extend"        // of the answer
	extendSource = "extend_source" // of the source's reply
)

// The states of the procedure.
const (
	Submitted  = "submitted"
	Supplement = "supplement"
	Accepted   = "accepted"
	Referred   = "referred"
	Verified   = "verified"
	Unproven   = "unproven"
	Answered   = "answered"
	Reviewing  = "reviewing"
	Closed     = "closed"
	Refused    = "refused"
	Withdrawn  = "withdrawn"
	Lapsed     = "lapsed"
)

// marked are the states in which the record is shown as disputed: accepted, and not answered.
var marked = map[string]bool{Accepted: true, Referred: true, Verified: true, Unproven: true, Reviewing: true}

// Marked reports whether the record is shown as disputed in a state.
func Marked(state string) bool { return marked[state] }

func due(period string, from, onDue flow.Event) *flow.Due {
	return &flow.Due{Key: periodPrefix + period, From: from, OnDue: onDue}
}

// longer is a deadline that can be put off once, as far as the rules of the day allow it.
func longer(d *flow.Due, bound string) *flow.Due {
	d.ExtendKey = periodPrefix + bound
	d.Carry = d.From == EventSubmit && bound == extendAnswer
	return d
}

// Table is the procedure. The answer is due from the day the objection was received, whatever the steps between; only the clock of a source that is asked
// runs from the day it was asked. The office puts an answer off once, with a reason, where the rules of the day know that; what was given goes along. Whoever decided, or verified as the source, does not review.
func Table() flow.Table {
	own, accept, handle, review := string(authz.ObjectionMake), string(authz.ObjectionAccept), string(authz.ObjectionHandle), string(authz.ObjectionReview)
	const subject, office, source = "申请人", "信用办", "来源单位"
	answer := func(period string) *flow.Due { return longer(due(period, EventSubmit, ""), extendAnswer) }
	return flow.Table{
		Kind: FlowKind, Title: "异议处理", Page: "/desk/objections/{ref}", OwnPage: "/me/objections/{ref}",
		States: []flow.State{
			{Code: Submitted, Name: "已提交，待形式审查"},
			{Code: Supplement, Name: "待补正"},
			{Code: Accepted, Name: "已受理，平台比对"},
			{Code: Referred, Name: "来源单位核查"},
			{Code: Verified, Name: "来源单位已答复"},
			{Code: Unproven, Name: "来源单位未能核实"},
			{Code: Answered, Name: "已答复"},
			{Code: Reviewing, Name: "复核中"},
			{Code: Closed, Name: "已办结", Final: true},
			{Code: Refused, Name: "不予受理", Final: true},
			{Code: Withdrawn, Name: "已撤回", Final: true},
			{Code: Lapsed, Name: "逾期未补正", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventSubmit, Name: "提交", To: Submitted, May: own, Reason: true, By: subject, Say: "提出了异议", Due: due("check", "", "")},
			{Event: EventSubmit, Name: "提交", From: []string{Supplement}, To: Submitted, May: own, Reason: true, By: subject, Say: "补正了材料，期限重新起算", Due: due("check", "", "")},
			{Event: EventAsk, Name: "通知补正", From: []string{Submitted}, To: Supplement, May: accept, Reason: true, Separate: true, By: office, Say: "通知补正，期限中止", Due: due("supplement", "", EventLapse)},
			{Event: EventLapse, Name: "逾期未补正", From: []string{Supplement}, To: Lapsed, Auto: true, Say: "逾期没有补正，本次异议终止，可以重新提出"},
			{Event: EventAccept, Name: "受理", From: []string{Submitted}, To: Accepted, May: accept, Separate: true, By: office, Say: "受理了异议，信息即时标注“异议中”", Due: answer("answer")},
			{Event: EventRefuse, Name: "不予受理", From: []string{Submitted}, To: Refused, May: accept, Reason: true, Separate: true, By: office, Say: "决定不予受理"},
			{Event: EventRefer, Name: "转来源单位核查", From: []string{Accepted}, To: Referred, May: accept, Separate: true, By: office, Say: "比对后转来源单位核查", Due: longer(due("source", "", EventUnproven), extendSource)},
			{Event: EventUnproven, Name: "来源单位逾期未答复", From: []string{Referred}, To: Unproven, Auto: true, Say: "来源单位逾期没有答复，按无法核实办理", Due: answer("assist")},
			{Event: EventReply, Name: "答复核查结果", From: []string{Referred, Unproven}, To: Verified, May: handle, Reason: true, Separate: true, By: source, Say: "答复了核查结果", Due: answer("assist")},
			{Event: EventCannot, Name: "答复无法核实", From: []string{Referred}, To: Unproven, May: handle, Reason: true, Separate: true, By: source, Say: "答复无法核实", Due: answer("assist")},
			{Event: EventDecide, Name: "作出结论", From: []string{Accepted, Verified, Unproven}, To: Answered, May: accept, Reason: true, Separate: true, By: office, Say: "作出结论并答复申请人", Due: due("review", "", EventClose)},
			{Event: EventClose, Name: "办结", From: []string{Answered}, To: Closed, Auto: true, Say: "复核申请期满，办结"},
			{Event: EventAppeal, Name: "申请复核", From: []string{Answered}, To: Reviewing, May: own, Reason: true, By: subject, Say: "申请复核，信息重新标注“异议中”", Due: due("reexamine", "", "")},
			{Event: EventConclude, Name: "作出复核结论", From: []string{Reviewing}, To: Closed, May: review, Reason: true, Separate: true, Not: []flow.Event{EventDecide, EventReply, EventCannot}, By: "复核人员", Say: "作出复核结论并答复申请人"},
			{Event: EventWithdraw, Name: "撤回", From: []string{Submitted, Supplement, Accepted, Referred, Verified}, To: Withdrawn, May: own, By: subject, Say: "撤回了异议"},
			{Event: EventWithdraw, Name: "撤回", From: []string{Reviewing}, To: Closed, May: own, By: subject, Say: "撤回了复核申请，原结论不变"},
		},
		Extend: flow.Rule{May: accept, Once: true},
		Assign: flow.Rule{May: accept},
	}
}
