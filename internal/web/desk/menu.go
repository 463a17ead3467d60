package desk

import (
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/web/ui"
)

// HomePath is the desks' first page.
const HomePath = "/desk"

// place is an entry of the head, for those whom one of its actions takes anywhere.
type place struct {
	href, label string
	actions     []authz.Action
}

// group is a part of the head. Who reaches one of its places sees it.
type group struct {
	label  string
	places []place
}

func only(a ...authz.Action) []authz.Action { return a }

// groups are the head of the desks. The first holds the home page, which everyone has who has a place at all; moves stands for the actions of the
// procedures' tables.
func groups(moves []authz.Action) []group {
	return []group{
		{"工作台", []place{
			{"/desk/inbox", "待办", moves},
			{"/desk/overdue", "逾期事项", only(authz.CaseOverdue)},
			{"/desk/deputies", "代办", only(authz.DeputyOwn)},
			{"/desk/handover", "转交事项", only(authz.CaseHandover)},
		}},
		{"报送", []place{
			{"/desk/filing", "数据报送", only(authz.SubmissionRead)},
			{"/desk/queue", "人工匹配", only(authz.QueueRead)},
		}},
		{"核查", []place{
			{"/desk/check", "信用核查", only(authz.CheckMake)},
			{"/desk/check/batch", "批量核查", only(authz.CheckBatch)},
			{"/desk/lookup", "凭事项查询", only(authz.DiscloseDepartment)},
			{"/desk/lookup/consent", "凭授权查询", only(authz.DiscloseConsented)},
			{"/desk/reports", "批量报告", only(authz.ReportBatch)},
			{"/desk/check/coverage", "查询使用指标", only(authz.CheckCoverage)},
		}},
		{"名单奖惩", []place{
			{"/desk/lists", "名单", only(authz.ListingRead)},
			{"/desk/tasks", "奖惩任务", only(authz.MeasureRead)},
			{"/desk/orders", "奖惩指令", only(authz.MeasureRead)},
			{"/desk/matters", "四张清单", only(authz.MeasureRead)},
		}},
		{"异议修复", []place{
			{"/desk/objections", "异议", only(authz.ObjectionRead)},
			{"/desk/repairs", "信用修复", only(authz.RepairRead)},
			{"/desk/declarations", "自主申报", only(authz.DeclarationRead)},
			{"/desk/repair-notices", "修复告知书", only(authz.RepairNotice)},
			{"/desk/repairs/shields", "信息屏蔽", only(authz.RepairShield)},
			{"/desk/corrections", "更正告知", only(authz.CorrectionRead)},
		}},
		{"监督", []place{
			{"/desk/audit/access", "查询日志", only(authz.AccessAudit)},
			{"/desk/audit/acts", "操作日志", only(authz.ActRead)},
			{"/desk/audit/alerts", "异常提醒", only(authz.AlertRead)},
			{"/desk/audit/secrecy", "延迟告知", only(authz.AccessSecrecy)},
		}},
		{"管理", []place{
			{"/desk/claims", "认领审核", only(authz.ClaimReview)},
			{"/desk/people", "账号", only(authz.AccountRead)},
			{"/desk/drafts", "起草和审批", only(authz.DraftRead)},
			{"/desk/notices", "未送达的通知", only(authz.NoticeOperate)},
		}},
	}
}

// Menu gives the head of the desks for a caller at an address: the groups and places that the permission table lets the caller reach, with the one that
// holds the address marked. Whoever reaches no place gets none. moves are the actions of the procedures' tables.
func Menu(x *authz.Authority, moves []authz.Action, who authz.Actor, at string) []ui.DeskGroup {
	var out []ui.DeskGroup
	for i, g := range groups(moves) {
		var own []ui.DeskPlace
		for _, p := range g.places {
			if reachesAny(x, who, p.actions) {
				own = append(own, ui.DeskPlace{Href: p.href, Label: p.label})
			}
		}
		if i == 0 || len(own) > 0 {
			out = append(out, ui.DeskGroup{Label: g.label, Places: own})
		}
	}
	if len(out) == 1 && len(out[0].Places) == 0 {
		return nil
	}
	out[0].Places = append([]ui.DeskPlace{{Href: HomePath, Label: "首页"}}, out[0].Places...)
	mark(out, at)
	return out
}

// mark finds the place that an address lies in: the one with the longest address that leads to it. The home page is no other's root.
func mark(out []ui.DeskGroup, at string) {
	best, group, place := 0, -1, -1
	for i := range out {
		for j, p := range out[i].Places {
			lies := at == p.Href || p.Href != HomePath && strings.HasPrefix(at, p.Href+"/")
			if lies && len(p.Href) > best {
				best, group, place = len(p.Href), i, j
			}
		}
	}
	if group >= 0 {
		out[group].On, out[group].Places[place].On = true, true
	}
}

// reachesAny reports whether one of some actions takes a caller anywhere.
func reachesAny(x *authz.Authority, who authz.Actor, actions []authz.Action) bool {
	for _, a := range actions {
		b := x.Bounds(who, a)
		if b.All || len(b.Agencies) > 0 || len(b.Regions) > 0 || b.Account > 0 {
			return true
		}
	}
	return false
}
