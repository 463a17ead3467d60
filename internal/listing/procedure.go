package listing

import (
	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

// FlowKind is the kind of the procedure in flow.
const FlowKind = "listing"

// The events of the procedure.
const (
	EventPropose   flow.Event = "propose"
	EventNotify    flow.Event = "notify"    // 告知: reason, basis, right to be heard were served
	EventStatement flow.Event = "statement" // 陈述申辩 was made, and how it was considered
	EventDemand    flow.Event = "demand"    // the notified asked for a hearing: nothing is decided before it was held
	EventHearing   flow.Event = "hearing"   // a hearing was held, or given up
	EventDecide    flow.Event = "decide"
	EventDrop      flow.Event = "drop"
	EventLeave     flow.Event = "leave"  // one person proposes the removal,
	EventRemove    flow.Event = "remove" // another one decides on it,
	EventStay      flow.Event = "stay"   // or against it
	EventTurn      flow.Event = "turn"   // another procedure has decided: repair
	EventExpire    flow.Event = "expire" // time alone
	EventLapse     flow.Event = "lapse"  // the list itself has lost its basis
)

// Table is the procedure of an entry. Who decides is not who proposed or gave notice, on the way out as on the way in: whoever could take entries off a list alone
// could be bought.
func Table() flow.Table {
	propose, decide := string(authz.ListingPropose), string(authz.ListingDecide)
	return flow.Table{
		Kind: FlowKind, Title: "名单列入和移出", Page: "/desk/lists/entries/{ref}",
		States: []flow.State{
			{Code: "proposed", Name: "拟列入"},
			{Code: "notified", Name: "已告知"},
			{Code: "hearing", Name: "待听证"},
			{Code: "listed", Name: "已列入", Rest: true},
			{Code: "leaving", Name: "拟移出"},
			{Code: "removed", Name: "已移出", Final: true},
			{Code: "dropped", Name: "不予列入", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventPropose, Name: "提出列入", To: "proposed", May: propose, Reason: true, By: "认定单位", Say: "提出列入名单"},
			{Event: EventNotify, Name: "送达告知书", From: []string{"proposed"}, To: "notified", May: propose, By: "认定单位", Say: "送达列入名单告知书，告知事由、依据和陈述申辩的权利"},
			{Event: EventStatement, Name: "记录陈述申辩", From: []string{"notified"}, To: "notified", May: propose, Reason: true, By: "认定单位", Say: "收到陈述申辩并作出回应"},
			{Event: EventStatement, Name: "记录陈述申辩", From: []string{"hearing"}, To: "hearing", May: propose, Reason: true, By: "认定单位", Say: "收到陈述申辩并作出回应"},
			{Event: EventDemand, Name: "记录听证申请", From: []string{"notified"}, To: "hearing", May: propose, Reason: true, By: "认定单位", Say: "收到听证申请，听证以前不作决定"},
			{Event: EventHearing, Name: "记录听证", From: []string{"notified", "hearing"}, To: "notified", May: propose, Reason: true, By: "认定单位", Say: "举行了听证"},
			{Event: EventDecide, Name: "决定列入", From: []string{"proposed", "notified"}, To: "listed", May: decide, Reason: true, Separate: true, Not: []flow.Event{EventNotify}, By: "认定单位", Say: "作出列入决定"},
			{Event: EventDrop, Name: "不予列入", From: []string{"proposed", "notified", "hearing"}, To: "dropped", May: propose, Reason: true, By: "认定单位", Say: "决定不予列入"},
			{Event: EventLeave, Name: "提出移出", From: []string{"listed"}, To: "leaving", May: propose, Reason: true, By: "认定单位", Say: "提出移出名单"},
			{Event: EventRemove, Name: "移出", From: []string{"leaving"}, To: "removed", May: decide, Reason: true, Separate: true, Not: []flow.Event{EventLeave}, By: "认定单位", Say: "作出移出决定"},
			{Event: EventStay, Name: "不予移出", From: []string{"leaving"}, To: "listed", May: decide, Reason: true, By: "认定单位", Say: "决定不予移出"},
			{Event: EventTurn, Name: "依其他决定移出", From: []string{"listed", "leaving"}, To: "removed", May: decide, Reason: true, By: "认定单位", Say: "作出移出决定"},
			{Event: EventExpire, Name: "期满移出", From: []string{"listed", "leaving"}, To: "removed", May: string(authz.ListingExpire), Say: "期满，自动移出"},
			{Event: EventLapse, Name: "依据失效移出", From: []string{"listed", "leaving"}, To: "removed", May: string(authz.ListingExpire), Say: "因名单的设列依据失效，自动移出"},
		},
		Assign: flow.Rule{May: propose},
	}
}
