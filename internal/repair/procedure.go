package repair

import (
	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

// The kinds of procedures in flow.
const (
	FlowKind   = "repair"        // one record of an application
	BreachKind = "repair_breach" // taking a repair back
	ShieldKind = "repair_shield" // not showing while a court's reorganisation is carried out
)

// The events of a case.
const (
	EventApply    flow.Event = "apply"
	EventSupply   flow.Event = "supply" // the applicant hands in what was asked for
	EventWithdraw flow.Event = "withdraw"
	EventAccept   flow.Event = "accept"
	EventReject   flow.Event = "reject" // 不予受理
	EventGrant    flow.Event = "grant"
	EventRefuse   flow.Event = "refuse"
	EventMoot     flow.Event = "moot" // there is nothing left to repair

	EventReopen   flow.Event = "reopen"   // an objection found the answer wrong: it is asked anew whether the application is accepted,
	EventReanswer flow.Event = "reanswer" // or what is answered,
	EventAward    flow.Event = "award"    // or the repair is granted by what the objection came to
)

// The events of taking a repair back.
const (
	EventNotify flow.Event = "notify"
	EventState  flow.Event = "state" // the subject states its case
	EventCancel flow.Event = "cancel"
	EventKeep   flow.Event = "keep"

	EventRehear flow.Event = "rehear" // an objection found the taking back wrong: the subject is heard anew,
	EventUndo   flow.Event = "undo"   // or the repair stands
)

// The events of shielding.
const (
	EventAsk    flow.Event = "ask"
	EventShield flow.Event = "shield"
	EventDeny   flow.Event = "deny"
	EventEnd    flow.Event = "end"    // the reorganisation is over, or has failed
	EventExpire flow.Event = "expire" // its time is over
)

// maxExtend bounds the extension that a file of rules may name: twice the answer's own length.
const maxExtend = 20

// Table is the procedure of one record's repair: 推送、受理、答复, and what follows when an objection finds the answer wrong. The lengths come from the rules of the day,
// also by how much an answer can be put off; how long an applicant has to hand in more is taken from them when the program starts. Who refused does not refuse again.
func Table(c Clocks) flow.Table {
	apply, handle, decide, run := string(authz.RepairApply), string(authz.RepairHandle), string(authz.RepairDecide), string(authz.RepairRun)
	office := string(authz.ObjectionAccept)
	open, refused := []string{"sent", "accepted"}, []string{"refused", "rejected"}
	answer := flow.Due{Key: "repair.answer", ExtendKey: "repair.extend"}
	return flow.Table{
		Kind: FlowKind, Title: "信用修复", Page: "/desk/repairs/{ref}", OwnPage: "/me/repairs/cases/{ref}",
		States: []flow.State{
			{Code: "sent", Name: "已推送，待受理"},
			{Code: "accepted", Name: "已受理，待答复"},
			{Code: "granted", Name: "准予修复", Final: true},
			{Code: "refused", Name: "不予修复", Final: true},
			{Code: "rejected", Name: "不予受理", Final: true},
			{Code: "withdrawn", Name: "已撤回", Final: true},
			{Code: "moot", Name: "终止", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventApply, Name: "提交申请", To: "sent", May: apply, Reason: true, By: "申请人", Say: "提交修复申请，推送到作出认定的单位", Due: &flow.Due{Key: "repair.accept"}},
			{Event: EventSupply, Name: "补交材料", From: []string{"sent"}, To: "sent", May: apply, Reason: true, Keep: true, By: "申请人", Say: "补交了材料"},
			{Event: EventSupply, Name: "补交材料", From: []string{"accepted"}, To: "accepted", May: apply, Reason: true, Keep: true, By: "申请人", Say: "补交了材料"},
			{Event: EventWithdraw, Name: "撤回申请", From: open, To: "withdrawn", May: apply, By: "申请人", Say: "撤回了申请"},
			{Event: EventAccept, Name: "受理", From: []string{"sent"}, To: "accepted", May: handle, Separate: true, By: "认定单位", Say: "受理了申请", Due: &answer},
			{Event: EventReject, Name: "不予受理", From: []string{"sent"}, To: "rejected", May: handle, Reason: true, Separate: true, Not: []flow.Event{EventReject}, By: "认定单位", Say: "决定不予受理"},
			{Event: EventGrant, Name: "准予修复", From: []string{"accepted"}, To: "granted", May: decide, Reason: true, Separate: true, By: "认定单位", Say: "决定准予修复，停止公示、共享和使用"},
			{Event: EventRefuse, Name: "不予修复", From: []string{"accepted"}, To: "refused", May: decide, Reason: true, Separate: true, Not: []flow.Event{EventRefuse, EventReject}, By: "认定单位", Say: "决定不予修复"},
			{Event: EventMoot, Name: "终止", From: open, To: "moot", May: run, Reason: true, Say: "记录已经停止公示，办理终止"},
			{Event: EventReopen, Name: "退回重新审查受理", From: refused, To: "sent", May: office, Reason: true, Reopens: true, By: "信用办", Say: "经异议处理，退回重新审查是否受理", Due: &flow.Due{Key: "repair.accept"}},
			{Event: EventReanswer, Name: "退回重新答复", From: refused, To: "accepted", May: office, Reason: true, Reopens: true, By: "信用办", Say: "经异议处理，退回重新答复", Due: &answer},
			{Event: EventAward, Name: "按异议结论准予修复", From: refused, To: "granted", May: office, Reason: true, Reopens: true, By: "信用办", Say: "经异议处理、认定单位同意，准予修复，停止公示、共享和使用"},
		},
		Pause:  flow.Rule{May: handle, Days: c.Supply},
		Extend: flow.Rule{May: decide},
		Assign: flow.Rule{May: decide},
	}
}

// BreachTable is the procedure of taking a repair back: notice, the subject's own words, and the decision of another officer.
func BreachTable() flow.Table {
	decide := string(authz.RepairCancel)
	return flow.Table{
		Kind: BreachKind, Title: "撤销信用修复", Page: "/desk/repairs/breaches/{ref}", OwnPage: "/me/repairs/breaches/{ref}",
		States: []flow.State{
			{Code: "notified", Name: "已告知，陈述申辩"},
			{Code: "cancelled", Name: "修复已撤销", Final: true},
			{Code: "kept", Name: "维持修复", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventNotify, Name: "告知拟撤销", To: "notified", May: string(authz.RepairBreach), Reason: true, By: "认定单位", Say: "告知拟撤销修复结果", Due: &flow.Due{Key: "repair.object"}},
			{Event: EventState, Name: "陈述申辩", From: []string{"notified"}, To: "notified", May: string(authz.RepairApply), Reason: true, Keep: true, By: "当事人", Say: "作了陈述申辩"},
			{Event: EventCancel, Name: "撤销修复", From: []string{"notified"}, To: "cancelled", May: decide, Reason: true, Separate: true, Not: []flow.Event{EventCancel}, By: "认定单位", Say: "决定撤销修复结果"},
			{Event: EventKeep, Name: "维持修复", From: []string{"notified"}, To: "kept", May: decide, Reason: true, Separate: true, By: "认定单位", Say: "决定维持修复结果"},
			{Event: EventRehear, Name: "退回重新陈述申辩", From: []string{"cancelled"}, To: "notified", May: string(authz.ObjectionAccept), Reason: true, Reopens: true, By: "信用办", Say: "经异议处理，退回重新听取陈述申辩，修复结果暂时恢复", Due: &flow.Due{Key: "repair.object"}},
			{Event: EventUndo, Name: "按异议结论恢复修复", From: []string{"cancelled"}, To: "kept", May: string(authz.ObjectionAccept), Reason: true, Reopens: true, By: "信用办", Say: "经异议处理、认定单位同意，恢复修复结果"},
		},
		Assign: flow.Rule{May: decide},
	}
}

// ShieldTable is the procedure of not showing a business's failures while a court's reorganisation or settlement is carried out.
func ShieldTable() flow.Table {
	shield := string(authz.RepairShield)
	return flow.Table{
		Kind: ShieldKind, Title: "重整期间信息屏蔽", Page: "/desk/repairs/shields/{ref}", OwnPage: "/me/repairs/shields/{ref}",
		States: []flow.State{
			{Code: "asked", Name: "待审核"},
			{Code: "shielded", Name: "屏蔽中"},
			{Code: "denied", Name: "不予屏蔽", Final: true},
			{Code: "withdrawn", Name: "已撤回", Final: true},
			{Code: "ended", Name: "屏蔽结束", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventAsk, Name: "申请屏蔽", To: "asked", May: string(authz.RepairApply), Reason: true, By: "申请人", Say: "凭法院裁定申请屏蔽失信信息", Due: &flow.Due{Key: "repair.answer"}},
			{Event: EventWithdraw, Name: "撤回申请", From: []string{"asked"}, To: "withdrawn", May: string(authz.RepairApply), By: "申请人", Say: "撤回了申请"},
			{Event: EventShield, Name: "同意屏蔽", From: []string{"asked"}, To: "shielded", May: shield, Reason: true, Separate: true, By: "信用办", Say: "同意在执行重整计划期间屏蔽"},
			{Event: EventDeny, Name: "不予屏蔽", From: []string{"asked"}, To: "denied", May: shield, Reason: true, Separate: true, By: "信用办", Say: "决定不予屏蔽"},
			{Event: EventEnd, Name: "结束屏蔽", From: []string{"shielded"}, To: "ended", May: shield, Reason: true, By: "信用办", Say: "结束屏蔽，没有修复和期满的记录恢复公示"},
			{Event: EventExpire, Name: "期限届满", From: []string{"shielded"}, To: "ended", May: string(authz.RepairRun), Say: "裁定的期限届满，没有修复和期满的记录恢复公示"},
		},
		Assign: flow.Rule{May: shield},
	}
}
