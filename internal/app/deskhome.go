package app

import (
	"context"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/flow"
	"gongxin/internal/measure"
	"gongxin/internal/web"
	"gongxin/internal/web/console"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/desk/drafts"
	"gongxin/internal/web/desk/inbox"
	"gongxin/internal/web/desk/lookup"
	"gongxin/internal/web/ui"
)

// forms are the desks whose forms stand on the first page too.
type forms struct {
	filing *console.Console
	look   *lookup.Desk
}

// moves are the actions of the procedures' tables.
func (a *App) moves() []authz.Action {
	names := inbox.Actions(a.Procedures.Flow.Tables())
	out := make([]authz.Action, len(names))
	for i, n := range names {
		out[i] = authz.Action(n)
	}
	return out
}

// headOf gives the head of the desks. The procedures' tables do not change while the program runs.
func (a *App) headOf() func(who authz.Actor, path string) []ui.DeskGroup {
	moves := a.moves()
	return func(who authz.Actor, path string) []ui.DeskGroup {
		return desk.Menu(a.Trust.Authority, moves, who, path)
	}
}

// works reports whether an actor has a place at the desks.
func (a *App) works(who authz.Actor) bool {
	return len(desk.Menu(a.Trust.Authority, a.moves(), who, desk.HomePath)) > 0
}

// links lead from everywhere to the desks, for those who work there.
func (a *App) links(who authz.Actor) []ui.Link {
	if a.works(who) {
		return []ui.Link{{Href: desk.HomePath, Label: "工作台"}}
	}
	return nil
}

// home is where an actor starts: at the desks, or at the centre, where a new agent or resident says for whom.
func (a *App) home(who authz.Actor) string {
	switch {
	case a.works(who):
		return desk.HomePath
	case a.Trust.Authority.Could(who, authz.ClaimMake).Allowed:
		return "/me"
	}
	return "/account"
}

// elsewhere is where /desk leads whoever has no place there.
func (a *App) elsewhere(who authz.Actor) string {
	if to := a.home(who); to != desk.HomePath {
		return to
	}
	return "/account"
}

// deskHome is what the desks' first page shows beside the cases that wait.
func (a *App) deskHome(site *web.Site, f forms) inbox.Home {
	return inbox.Home{
		Elsewhere: a.elsewhere, Clock: a.Clock, RoleName: func(r authz.Role) string { return r.Name() },
		First: flow.Filter{Kind: measure.FlowKind, State: "recalled"},
		Panels: []inbox.Panel{
			{Action: authz.CheckMake, Title: "信用核查", Body: f.look.CheckForm},
			{Action: authz.SubmissionCreate, Title: "报送文件", HTMX: true, Body: f.filing.FilingForm},
		},
		Shortcuts: []inbox.Shortcut{
			{Action: authz.CheckMake, Link: ui.Link{Href: "/desk/check", Label: "信用核查"}},
			{Action: authz.CheckBatch, Link: ui.Link{Href: "/desk/check/batch", Label: "批量核查"}},
			{Action: authz.DiscloseConsented, Link: ui.Link{Href: "/desk/lookup/consent", Label: "凭授权查询"}},
			{Action: authz.ListingPropose, Link: ui.Link{Href: "/desk/lists/new", Label: "提出列入名单"}},
			{Action: authz.ListingDecide, Link: ui.Link{Href: "/desk/lists", Label: "决定名单"}},
			{Action: authz.ObjectionAccept, Link: ui.Link{Href: "/desk/objections", Label: "办理异议"}},
			{Action: authz.DeclarationCheck, Link: ui.Link{Href: "/desk/declarations", Label: "审查自主申报"}},
			{Action: authz.QueueDecide, Link: ui.Link{Href: "/desk/queue", Label: "人工匹配"}},
			{Action: authz.RepairDecide, Link: ui.Link{Href: "/desk/repairs", Label: "办理信用修复"}},
			{Action: authz.CatalogApprove, Link: ui.Link{Href: "/desk/drafts", Label: "审批草案"}},
			{Action: authz.AccessAudit, Link: ui.Link{Href: "/desk/audit/access", Label: "查阅查询日志"}},
			{Action: authz.AlertHandle, Link: ui.Link{Href: "/desk/audit/alerts", Label: "处理异常查询"}},
			{Action: authz.AccountManage, Link: ui.Link{Href: "/desk/people/new", Label: "开立账号"}},
			{Action: authz.AccountRead, Link: ui.Link{Href: "/desk/people", Label: "账号清单"}},
			{Action: authz.ReportBatch, Link: ui.Link{Href: "/desk/reports", Label: "批量报告"}},
			{Action: authz.CalendarDraft, Link: ui.Link{Href: "/desk/drafts/calendar/new", Label: "起草节假日表"}},
			{Action: authz.NoticeOperate, Link: ui.Link{Href: "/desk/notices", Label: "未送达的通知"}},
		},
		Figures: a.deskFigures(site, f),
	}
}

// deskFigures count what waits and is no case: each is one query, and one more for whoever does not reach every unit.
func (a *App) deskFigures(site *web.Site, f forms) []inbox.Figure {
	type bounds = authz.Bounds
	corrections := func(late bool) func(context.Context, authz.Actor, bounds) (int, bool, error) {
		return func(ctx context.Context, _ authz.Actor, b bounds) (int, bool, error) {
			units, err := agency.Reach(ctx, a.Agencies, b)
			if err != nil {
				return 0, false, err
			}
			open, silent, err := a.Corrections.Count(ctx, units)
			if late {
				open = silent
			}
			return open, true, err
		}
	}
	return []inbox.Figure{
		{Action: authz.MeasureRespond, Badge: "已召回", Word: "项奖惩任务已经召回，等本单位确认解除", Href: "/desk/tasks", Urgent: true, Count: a.recalls},
		{Action: authz.CorrectionApply, Badge: "逾期未落实", Word: "份更正告知过了期限还没有落实", Href: "/desk/corrections?state=silent", Urgent: true, Count: corrections(true)},
		{Action: authz.SubmissionCreate, Badge: "退回", Word: "批报送有退回的行，还没有再报送", Href: "/desk/filing", Urgent: true, Count: func(ctx context.Context, _ authz.Actor, _ bounds) (int, bool, error) {
			n, err := f.filing.Returned(ctx)
			return n, true, err
		}},
		{Action: authz.CorrectionApply, Label: "更正告知待落实", Href: "/desk/corrections", Count: corrections(false)},
		{Action: authz.QueueDecide, Label: "记录待人工匹配", Href: "/desk/queue", Count: a.unlinked},
		{Action: authz.ClaimReview, Label: "认领待审核", Href: "/desk/claims", Count: func(ctx context.Context, who authz.Actor, _ bounds) (int, bool, error) {
			list, err := a.Trust.Identity.Waiting(ctx, who, 0)
			return len(list), true, err
		}},
		{Action: authz.DraftRead, Label: "草案待审批", Href: "/desk/drafts", Count: func(ctx context.Context, _ authz.Actor, _ bounds) (int, bool, error) { return a.approvals(ctx, site) }},
		{Action: authz.AlertHandle, Label: "异常查询待处理", Href: "/desk/audit/alerts", Count: func(ctx context.Context, _ authz.Actor, b bounds) (int, bool, error) {
			units, err := agency.Reach(ctx, a.Agencies, b)
			if err != nil {
				return 0, false, err
			}
			n, err := a.Trust.Audit.CountAlerts(ctx, audit.Open, units)
			return n, true, err
		}},
		{Action: authz.NoticeOperate, Label: "通知没有送达", Href: "/desk/notices", Count: func(ctx context.Context, _ authz.Actor, _ bounds) (int, bool, error) {
			_, dead, err := a.Procedures.Notices.Backlog(ctx)
			return dead, true, err
		}},
	}
}

// recalls counts the recalls that units within bounds have not acknowledged.
func (a *App) recalls(ctx context.Context, _ authz.Actor, b authz.Bounds) (n int, shown bool, err error) {
	list, err := a.Lists.Measures.Unacknowledged(ctx)
	if err != nil {
		return 0, false, err
	}
	units, err := agency.Reach(ctx, a.Agencies, b)
	if err != nil {
		return 0, false, err
	}
	for _, u := range list {
		if among(units, u.Agency) {
			n += u.N
		}
	}
	return n, true, nil
}

// unlinked counts the rows that nothing links, of units within bounds.
func (a *App) unlinked(ctx context.Context, _ authz.Actor, b authz.Bounds) (n int, shown bool, err error) {
	by, err := a.Ingest.WaitingBy(ctx)
	if err != nil {
		return 0, false, err
	}
	units, err := agency.Reach(ctx, a.Agencies, b)
	if err != nil {
		return 0, false, err
	}
	for unit, waits := range by {
		if among(units, unit) {
			n += waits
		}
	}
	return n, true, nil
}

// among reports whether a unit is one of some; nil is every unit.
func among(units []int64, unit int64) bool { return units == nil || slices.Contains(units, unit) }

// approvals counts the drafts that wait for the caller's decision; whoever approves nothing has no use for the figure.
func (a *App) approvals(ctx context.Context, site *web.Site) (n int, shown bool, err error) {
	for _, k := range a.Trust.Drafts.Kinds() {
		shown = shown || site.May(ctx, drafts.ApproveAction(k), authz.Scope{Author: authz.NoAccount})
	}
	list, err := a.Trust.Drafts.List(ctx, approval.Filter{State: approval.Submitted, Limit: 200})
	for _, x := range list {
		if site.May(ctx, drafts.ApproveAction(x.Kind), authz.Scope{Author: x.Author}) {
			n++
		}
	}
	return n, shown || n > 0, err
}
