package correction

import (
	"gongxin/internal/authz"
	"gongxin/internal/flow"
)

// FlowKind is the kind of a recipient's case in flow.
const FlowKind = "correction"

// The events of a case.
const (
	EventTell  flow.Event = "tell"
	EventApply flow.Event = "apply"
)

// Table is the procedure of what one recipient is told: 告知、确认落实. What is not confirmed in time is overdue: the unit and the office hear of it.
func Table() flow.Table {
	return flow.Table{
		Kind: FlowKind, Title: "更正告知", Page: "/desk/corrections/{ref}",
		States: []flow.State{{Code: "told", Name: "待落实"}, {Code: "applied", Name: "已落实", Final: true}},
		Moves: []flow.Move{
			{Event: EventTell, Name: "告知", To: "told", May: string(authz.CorrectionTell), Reason: true, By: "平台", Say: "告知取得过记录的单位", Due: &flow.Due{Key: PeriodApply}},
			{Event: EventApply, Name: "确认落实", From: []string{"told"}, To: "applied", May: string(authz.CorrectionApply), Reason: true, By: "取得记录的单位", Say: "确认已经落实"},
		},
		Assign: flow.Rule{May: string(authz.CorrectionApply)},
	}
}
