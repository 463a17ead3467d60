package desk

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// entrances are the desks with the action that opens each.
var entrances = []struct {
	link ui.Link
	act  authz.Action
}{
	{ui.Link{Href: "/desk/filing", Label: "数据报送"}, authz.SubmissionRead},
	{ui.Link{Href: "/desk/queue", Label: "人工匹配"}, authz.QueueRead},
	{ui.Link{Href: "/desk/lookup", Label: "窗口核查"}, authz.DiscloseDepartment},
	{ui.Link{Href: "/desk/lookup/consent", Label: "授权查询"}, authz.DiscloseConsented},
	{ui.Link{Href: "/desk/claims", Label: "认领审核"}, authz.ClaimReview},
	{ui.Link{Href: "/desk/drafts", Label: "起草和审批"}, authz.DraftRead},
	{ui.Link{Href: "/desk/audit/alerts", Label: "异常提醒"}, authz.AlertRead},
	{ui.Link{Href: "/desk/audit/access", Label: "查询日志"}, authz.AccessAudit},
	{ui.Link{Href: "/desk/audit/acts", Label: "操作日志"}, authz.ActRead},
	{ui.Link{Href: "/desk/audit/secrecy", Label: "延迟告知"}, authz.AccessSecrecy},
	{ui.Link{Href: "/desk/people", Label: "账号和角色"}, authz.AccountRead},
}

// Links gives the desks that open to the caller, for a menu or a first page.
func Links(ctx context.Context, s *web.Site) []ui.Link {
	var out []ui.Link
	for _, e := range entrances {
		if Could(ctx, s, e.act) {
			out = append(out, e.link)
		}
	}
	return out
}

// Could reports whether the caller reaches anything with an action. It chooses what a page offers; the route behind decides.
func Could(ctx context.Context, s *web.Site, a authz.Action) bool {
	b := s.Bounds(ctx, a)
	return b.All || len(b.Agencies) > 0 || len(b.Regions) > 0 || len(b.Subjects) > 0
}
