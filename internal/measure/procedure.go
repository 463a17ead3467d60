package measure

import (
	"context"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/flow"
)

// FlowKind is the kind of a task's procedure in flow.
const FlowKind = "measure_task"

// The events of a task.
const (
	EventPush     flow.Event = "push"
	EventRespond  flow.Event = "respond"
	EventFeedback flow.Event = "feedback"
	EventRecall   flow.Event = "recall"
	EventRelease  flow.Event = "release" // the unit acknowledges that it no longer applies the measure
)

// Hooks are what tasks do with the steps of their procedure: one whose day passes without an answer is late from then on, whether or not an answer comes.
func (*Service) Hooks() flow.Hooks {
	return flow.Hooks{On: func(ctx context.Context, tx *db.Tx, c *flow.Case, s flow.Step) error {
		if s.Event != flow.EventOverdue || c.State != "pushed" && c.State != "accepted" {
			return nil
		}
		_, err := tx.ExecContext(ctx, `UPDATE measure_task SET late = 1 WHERE subject_id = $1 AND case_id = $2 AND state IN ('pushed', 'accepted')`, c.Subject, c.ID)
		if err != nil {
			return fmt.Errorf("measure: overdue: %w", err)
		}
		return nil
	}}
}

// Table is the procedure of one unit's task within an order: 推送、响应、反馈、召回、确认解除.
func Table() flow.Table {
	respond := string(authz.MeasureRespond)
	return flow.Table{
		Kind: FlowKind, Title: "联合奖惩任务", Page: "/desk/tasks/{ref}",
		States: []flow.State{
			{Code: "pushed", Name: "待响应"},
			{Code: "accepted", Name: "已响应，待反馈"},
			{Code: "done", Name: "已反馈", Rest: true},
			{Code: "recalled", Name: "已召回，待确认解除"},
			{Code: "released", Name: "已解除", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventPush, Name: "推送", To: "pushed", May: string(authz.MeasurePush), Reason: true, By: "发起单位", Say: "推送联合奖惩任务", Due: &flow.Due{Key: "measure.response"}},
			{Event: EventRespond, Name: "响应", From: []string{"pushed"}, To: "accepted", May: respond, By: "响应单位", Say: "响应任务", Due: &flow.Due{Key: "measure.feedback"}},
			{Event: EventFeedback, Name: "反馈", From: []string{"pushed", "accepted", "done"}, To: "done", May: respond, Reason: true, By: "响应单位", Say: "反馈了执行情况"},
			{Event: EventRecall, Name: "召回", From: []string{"pushed", "accepted", "done"}, To: "recalled", May: string(authz.MeasurePush), Reason: true, Say: "措施的原因已经消除，召回任务", Due: &flow.Due{Key: "measure.acknowledge"}},
			{Event: EventRelease, Name: "确认解除", From: []string{"recalled"}, To: "released", May: respond, By: "响应单位", Say: "确认已经停止执行并解除措施"},
		},
		Assign: flow.Rule{May: respond},
	}
}
