package measure

import (
	"context"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// WithdrawKind is the kind in flow of the procedure that takes an order back.
const WithdrawKind = "measure_withdraw"

// The events of a withdrawal.
const (
	EventAsk   flow.Event = "ask"
	EventGrant flow.Event = "grant"
	EventKeep  flow.Event = "keep" // the order stays
	EventMoot  flow.Event = "moot" // the order has ended otherwise
)

// WithdrawTable is the procedure of taking an order back: one person asks, another one decides, for a restraint that one person could lift could be bought off.
func WithdrawTable() flow.Table {
	issue := string(authz.MeasureIssue)
	return flow.Table{
		Kind: WithdrawKind, Title: "撤回联合奖惩指令", Page: "/desk/orders/{ref}",
		States: []flow.State{
			{Code: "asked", Name: "待决定"},
			{Code: "granted", Name: "已撤回", Final: true},
			{Code: "kept", Name: "不予撤回", Final: true},
			{Code: "moot", Name: "指令已经召回", Final: true},
		},
		Moves: []flow.Move{
			{Event: EventAsk, Name: "提出撤回", To: "asked", May: issue, Reason: true, By: "发起单位", Say: "提出撤回指令"},
			{Event: EventGrant, Name: "决定撤回", From: []string{"asked"}, To: "granted", May: issue, Separate: true, By: "发起单位", Say: "决定撤回指令"},
			{Event: EventKeep, Name: "不予撤回", From: []string{"asked"}, To: "kept", May: issue, Reason: true, By: "发起单位", Say: "决定不予撤回"},
			{Event: EventMoot, Name: "指令已经召回", From: []string{"asked"}, To: "moot", May: string(authz.MeasurePush), Say: "指令因别的原因召回，不用再决定"},
		},
		Assign: flow.Rule{May: issue},
	}
}

// Faults of withdrawals.
var (
	ErrAsked = fault.New(fault.Conflict, "measure.asked", "已经有人提出撤回这项指令，还没有决定", "请由另一名有权限的人员决定")
	ErrUnask = fault.New(fault.Conflict, "measure.unasked", "还没有人提出撤回这项指令", "撤回由一人提出、另一人决定：请先提出撤回，写明原因")
)

// AskWithdrawal asks, for a reason, that an order be taken back. It stays in force until somebody else of the unit has decided.
func (s *Service) AskWithdrawal(ctx context.Context, order int64, reason string) (err error) {
	defer fault.Wrap(&err, "measure.AskWithdrawal")
	reason, ok := words(reason, 2, 2000)
	if !ok {
		return flow.ErrReason
	}
	return s.ofOrder(ctx, order, func(ctx context.Context, tx *db.Tx, o *Order) error {
		if o.Withdrawal != 0 {
			return ErrAsked
		}
		unit, err := s.Agencies.ByID(ctx, o.Agency)
		if err != nil {
			return err
		}
		c, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: WithdrawKind, Subject: o.Subject, Ref: strconv.FormatInt(o.ID, 10), Agency: unit.ID, Region: unit.Region, Title: s.RowOf(o).Content, Input: flow.Input{Reason: reason},
		})
		if err != nil {
			return err
		}
		o.Withdrawal, o.RecallNote = c.ID, reason // the reason stands with the order once it is decided
		return s.saveOrder(ctx, tx, o)
	})
}

// Withdraw takes an order back that somebody else has asked to be taken back.
func (s *Service) Withdraw(ctx context.Context, order int64) (err error) {
	defer fault.Wrap(&err, "measure.Withdraw")
	return s.ofOrder(ctx, order, func(ctx context.Context, tx *db.Tx, o *Order) error {
		if o.Withdrawal == 0 {
			return ErrUnask
		}
		if _, err := s.Flow.Fire(ctx, tx, o.Withdrawal, EventGrant, flow.Input{}); err != nil {
			return err
		}
		o.Withdrawal = 0
		return s.recall(ctx, tx, o, TakenBack, o.RecallNote)
	})
}

// KeepOrder decides that an order stays, or takes the question back.
func (s *Service) KeepOrder(ctx context.Context, order int64, reason string) (err error) {
	defer fault.Wrap(&err, "measure.KeepOrder")
	return s.ofOrder(ctx, order, func(ctx context.Context, tx *db.Tx, o *Order) error {
		if o.Withdrawal == 0 {
			return ErrUnask
		}
		if _, err := s.Flow.Fire(ctx, tx, o.Withdrawal, EventKeep, flow.Input{Reason: reason}); err != nil {
			return err
		}
		o.Withdrawal, o.RecallNote = 0, ""
		return s.saveOrder(ctx, tx, o)
	})
}

// ofOrder does something about an order that is open, for a caller who may issue in its unit's name.
func (s *Service) ofOrder(ctx context.Context, order int64, do func(ctx context.Context, tx *db.Tx, o *Order) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.Order(ctx, tx, order)
		if err != nil {
			return err
		}
		if err := s.mayIssue(ctx, o.Agency); err != nil {
			return err
		}
		if o.State != Open {
			return flow.ErrClosed
		}
		return do(ctx, tx, &o)
	})
}

// moot closes the question of an order's withdrawal when the order ends otherwise.
func (s *Service) moot(ctx context.Context, tx *db.Tx, o *Order) error {
	if o.Withdrawal == 0 {
		return nil
	}
	if _, err := s.Flow.Fire(asProgram(ctx), tx, o.Withdrawal, EventMoot, flow.Input{}); err != nil {
		return err
	}
	o.Withdrawal = 0
	return nil
}
