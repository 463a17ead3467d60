package app

import (
	"context"

	"gongxin/internal/api"
	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/account"
	"gongxin/internal/web/console"
	"gongxin/internal/web/desk/audit"
	"gongxin/internal/web/desk/drafts"
	"gongxin/internal/web/desk/lookup"
	"gongxin/internal/web/desk/people"
	"gongxin/internal/web/me"
	"gongxin/internal/web/notices"
	"gongxin/internal/web/reports"
	"gongxin/internal/web/ui"
)

// work is what an actor who may do something is led to, the most usual first.
var work = []struct {
	action authz.Action
	link   ui.Link
}{
	{authz.SubmissionCreate, ui.Link{Href: "/desk/filing", Label: "数据报送"}},
	{authz.CheckMake, ui.Link{Href: "/desk/check", Label: "信用核查"}},
	{authz.DiscloseDepartment, ui.Link{Href: "/desk/lookup", Label: "凭事项查询"}},
	{authz.DiscloseConsented, ui.Link{Href: "/desk/lookup/consent", Label: "凭授权查询"}},
	{authz.QueueDecide, ui.Link{Href: "/desk/queue", Label: "人工匹配"}},
	{authz.ClaimReview, ui.Link{Href: "/desk/claims", Label: "认领审核"}},
	{authz.AccessAudit, ui.Link{Href: "/desk/audit/access", Label: "查询日志"}},
	{authz.AlertRead, ui.Link{Href: "/desk/audit/alerts", Label: "异常查询"}},
	{authz.AccessSecrecy, ui.Link{Href: "/desk/audit/secrecy", Label: "延迟告知"}},
	{authz.AccountRead, ui.Link{Href: "/desk/people", Label: "账号"}},
	{authz.CaseOverdue, ui.Link{Href: "/desk/overdue", Label: "逾期事项"}},
	{authz.NoticeOperate, ui.Link{Href: "/desk/notices", Label: "未送达的通知"}},
	{authz.DraftRead, ui.Link{Href: "/desk/drafts", Label: "起草和审批"}},
	{authz.CheckCoverage, ui.Link{Href: "/desk/check/coverage", Label: "查询使用指标"}},
	{authz.DiscloseOwn, ui.Link{Href: "/me", Label: "我的信用"}},
	{authz.ReportOwn, ui.Link{Href: "/me/report", Label: "信用报告"}},
	{authz.ReportBatch, ui.Link{Href: "/desk/reports", Label: "批量报告"}},
}

// links gives an actor's work.
func (a *App) links(who authz.Actor) []ui.Link {
	var out []ui.Link
	for _, w := range work {
		if a.Trust.Authority.Could(who, w.action).Allowed {
			out = append(out, w.link)
		}
	}
	return append(out, a.inboxLink(who)...)
}

// home is where an actor starts: at the most usual work, or at the centre, where a new agent or resident says for whom.
func (a *App) home(who authz.Actor) string {
	if list := a.links(who); len(list) > 0 {
		return list[0].Href
	}
	if a.Trust.Authority.Could(who, authz.ClaimMake).Allowed {
		return "/me"
	}
	return "/account"
}

// pages hangs in everything for which one signs in.
func (a *App) pages(site *web.Site, rt *web.Router) {
	t := &a.Trust
	providers, _ := a.providers() // read at the start already
	var demo []account.DemoAccount
	for _, d := range a.demo {
		demo = append(demo, account.DemoAccount{Login: d.Login, Role: d.Role, SignIn: func(ctx context.Context, in identity.Attempt) (*identity.Session, error) {
			return a.SignInDemo(ctx, d, in)
		}})
	}
	own := account.New(account.Deps{
		Site: site, Accounts: t.Identity, Authority: t.Authority, Clock: a.Clock, Passkeys: a.passkeys().ID != "", Providers: account.Providers(providers), Demo: demo,
		Home: a.home, Agency: a.agencyName, Region: a.Divisions.Name, MenuLinks: a.links, Consents: ui.Link{Href: "/me/consents", Label: "我的授权"},
	})
	own.Routes(rt)
	site.Menu = own.Menu()
	var unified []ui.Link
	for _, p := range providers {
		unified = append(unified, ui.Link{Href: "/sign-in/oidc/" + p.Name, Label: p.Label})
	}
	centre := me.Deps{
		Site: site, Accounts: t.Identity, Files: a.Publish, Proofs: a.Publish, Records: a.Records, Looks: t.Audit, Consents: t.Consents, Agencies: a.Agencies, Matters: t.Matters, Measures: a.Checks,
		Editions: a.Editions, Clock: a.Clock, Methods: []string{"licence"}, Evidence: evidence{a.blobs, a.scan()}, Unified: unified, Settings: ui.Link{Href: "/account", Label: "账号设置"},
		Notices: ui.Link{Href: notices.Path, Label: "通知和提醒"}, Reports: ui.Link{Href: "/me/report", Label: "信用报告"}, Unread: a.unread, Parts: a.parts(),
	}
	if a.options.Demo {
		centre.Methods, centre.DemoCode = []string{"demo", "licence"}, a.demoClaimCode
	}
	me.New(centre).Routes(rt)
	a.verifyPages(site, rt)
	console.New(console.Deps{
		Site: site, Intake: a.desk, Queue: a.desk, Agencies: a.Agencies, Finder: a.Publish, Register: a.Subjects, Editions: a.Editions,
		Clock: a.Clock, Wake: a.Wake, MaxBytes: a.Ingest.MaxBytes, RegionName: a.Divisions.Name, Home: a.home,
	}).Routes(rt)
	people.New(people.Deps{
		Cases: a.Procedures.Flow, Site: site, Accounts: t.Identity, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Evidence: a.blobs, Log: t.Audit, Divisions: a.Divisions,
		City: a.Config.City.Code, Clock: a.Clock,
	}).Routes(rt)
	audit.New(audit.Deps{
		Site: site, Log: t.Audit, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Accounts: t.Identity, Clock: a.Clock, DocKinds: a.docKinds,
	}).Routes(rt)
	lookup.New(lookup.Deps{
		Site: site, Discloser: a.Publish, Matters: t.Matters, Consents: t.Consents, Agencies: a.Agencies, Editions: a.Editions, Clock: a.Clock,
		Checks: a.Checks, Wake: a.wakeChecks,
	}).Routes(rt)
	drafts.New(drafts.Deps{
		Site: site, Drafts: t.Drafts, Editions: a.Editions, Rules: a.rules, Clock: a.Clock, Appliers: a.appliers(),
		Files:    map[approval.Kind]drafts.Rules{approval.Lists: a.Lists.kinds, approval.Measures: a.Lists.base, approval.Objections: a.Procedures.Objections.rules, approval.Archive: a.Lifecycle.archive, approval.Corrections: a.Corrections.Terms, approval.Repairs: a.Procedures.Repairs.rules},
		Calendar: func(ctx context.Context) (*clock.Calendar, error) { return catalog.Calendars(ctx, a.DB.Read()) },
	}).Routes(rt)
	a.procedurePages(site, rt)
	reports.New(reports.Deps{Site: site, Maker: a.Reports, Labels: a.Publish, Kind: a.kindOf, Clock: a.Clock, Jobs: a.Reports, Units: a.Agencies, Wake: a.wakeReports}).Routes(rt)
}

// interfaceDeps are what the interface for machines is made of.
func (a *App) interfaceDeps(site *web.Site) api.Deps {
	t := &a.Trust
	return api.Deps{
		Version: a.options.Version, Reader: a.Publish, Filer: a.desk, Agencies: a.Agencies, Catalogue: a.Editions, Clock: a.Clock, Log: a.Log,
		Disclosures: a.Publish, Consents: t.Consents, Audit: t.Audit, Queue: a.desk, Subjects: a.Subjects, Labels: a.Publish, Reports: a.Reports, Checks: a.Checks, Corrections: a.Corrections, Measures: a.Lists.Measures, MeasureDB: a.DB.Read(), Files: a.Procedures.Flow, Objections: a.Procedures.Objections.Service, ObjectionCases: a.Procedures.Flow, Repairs: a.Procedures.Repairs.Service, RepairCases: a.Procedures.Flow, Looks: a.looks(), RegionName: a.Divisions.Name,
		PausedSince: t.watch.PausedSince, Session: site.Session, Actors: site.Actors, KeyExpires: t.Identity.KeyExpires, Authority: t.Authority, Wake: a.Wake, MaxBytes: a.Ingest.MaxBytes, ClientAddr: a.clientAddr,
	}
}

// appliers are the kinds of drafts with who applies them.
func (a *App) appliers() map[approval.Kind]approval.Applier { return a.Trust.appliers }

func (a *App) agencyName(ctx context.Context, id int64) string {
	unit, err := a.Agencies.ByID(ctx, id)
	if err != nil {
		return ""
	}
	return unit.Name
}

// docKinds names the documents by which the catalogue in force tells persons apart.
func (a *App) docKinds() []string {
	list := a.Editions.Current(clock.Today(a.Clock)).Lists["id_type"]
	if list == nil {
		return []string{"身份证"}
	}
	var out []string
	for i := range list.Values {
		if name := list.Values[i].Name; name != list.Open {
			out = append(out, name)
		}
	}
	return out
}

// demoClaimCode is the code that the demo shows to whoever claims.
func (a *App) demoClaimCode(ctx context.Context, kind identity.AccountKind, in identity.ClaimIn) (string, error) {
	d := identity.DemoCode{Ring: a.Trust.Ring}
	if kind == identity.ResidentAccount {
		return d.Code(0, a.Trust.Identity.DocHash(in.DocKind, in.DocNumber)), nil
	}
	sub, _, ok, err := registry{a.Subjects}.Business(ctx, in.Code)
	if err != nil || !ok {
		return "", err
	}
	return d.Code(sub, ""), nil
}
