package app

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// The engine asks the permission table with the case for a scope, the clock acts as the scheduler, and an overdue case is told to its unit.
func TestProceduresAskThePermissionTable(t *testing.T) {
	t.Parallel()
	a, at := newApp(t, nil)
	p := &a.Procedures
	var acted []authz.Kind
	must(t, p.Flow.Register(flow.Table{
		Kind: "sample", Title: "样例", States: []flow.State{{Code: "open", Name: "待办"}, {Code: "done", Name: "办结", Final: true}},
		Moves: []flow.Move{
			{Event: "make", Name: "提出", To: "open", May: string(authz.SubmissionCreate), Due: &flow.Due{Days: 3, Unit: flow.Working}},
			{Event: "decide", Name: "决定", From: []string{"open"}, To: "done", May: string(authz.QueueDecide), Separate: true},
		},
	}, flow.Hooks{On: func(ctx context.Context, _ *db.Tx, _ *flow.Case, _ flow.Step) error {
		acted = append(acted, authz.From(ctx).Kind)
		return nil
	}}))
	as := func(id int64, r authz.Role, unit int64) context.Context {
		return authz.With(t.Context(), authz.Actor{ID: id, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: r, Agency: unit}}})
	}
	var c *flow.Case
	open := func(ctx context.Context) error {
		return a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			c, err = p.Flow.Open(ctx, tx, flow.NewCase{Kind: "sample", Agency: 3, Title: "一件样例"})
			return err
		})
	}
	decide := func(ctx context.Context) error {
		return a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := p.Flow.Fire(ctx, tx, c.ID, "decide", flow.Input{})
			return err
		})
	}
	denied := func(what string, err error) {
		t.Helper()
		if fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: %v", what, err)
		}
	}
	denied("a reader opens", open(t.Context()))
	denied("a clerk of another unit opens", open(as(1, authz.FilingClerk, 4)))
	must(t, open(as(1, authz.FilingClerk, 3)))
	denied("the clerk decides", decide(as(1, authz.FilingClerk, 3)))
	denied("a reviewer of another unit decides", decide(as(2, authz.Reviewer, 4)))
	denied("who opened it decides as a reviewer", decide(as(1, authz.Reviewer, 3)))

	at.Advance(10 * 24 * time.Hour)
	if n, err := p.Flow.RunDue(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d steps, %v", n, err)
	}
	if len(acted) != 2 || acted[1] != authz.System {
		t.Errorf("the hook was called as %v", acted)
	}
	told, err := p.Notices.List(t.Context(), notice.Query{To: []notice.Recipient{{Kind: notice.Agency, ID: 3}}})
	if err != nil || len(told.Notices) != 1 || told.Notices[0].Title != "已逾期：一件样例" {
		t.Errorf("the unit is told %+v, %v", told.Notices, err)
	}
	must(t, decide(as(2, authz.Reviewer, 3)))
}
