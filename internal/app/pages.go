package app

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"gongxin/internal/api"
	"gongxin/internal/approval"
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
	site.Menu, site.Desks = own.Menu(), a.headOf()
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
	mine := me.New(centre)
	mine.Routes(rt)
	a.verifyPages(site, rt)
	filing := console.New(console.Deps{
		Site: site, Intake: a.desk, Queue: a.desk, Agencies: a.Agencies, Finder: a.Publish, Register: a.Subjects, Editions: a.Editions,
		Clock: a.Clock, Wake: a.Wake, MaxBytes: a.Ingest.MaxBytes, RegionName: a.Divisions.Name,
	})
	filing.Routes(rt)
	people.New(people.Deps{
		Cases: a.Procedures.Flow, Site: site, Accounts: t.Identity, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Evidence: a.blobs, Log: t.Audit, Divisions: a.Divisions,
		City: a.Config.City.Code, Clock: a.Clock,
	}).Routes(rt)
	audit.New(audit.Deps{
		Site: site, Log: t.Audit, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Accounts: t.Identity, Clock: a.Clock, DocKinds: a.docKinds,
	}).Routes(rt)
	look := lookup.New(lookup.Deps{
		Site: site, Discloser: a.Publish, Matters: t.Matters, Consents: t.Consents, Agencies: a.Agencies, Editions: a.Editions, Clock: a.Clock,
		Looks: a.looks(), Checks: a.Checks, Wake: a.wakeChecks,
	})
	look.Routes(rt)
	drafts.New(drafts.Deps{
		Site: site, Drafts: t.Drafts, Editions: a.Editions, Rules: a.rules, Clock: a.Clock, Appliers: a.appliers(),
		Files:    map[approval.Kind]drafts.Rules{approval.Lists: a.Lists.kinds, approval.Measures: a.Lists.base, approval.Objections: a.Procedures.Objections.rules, approval.Archive: a.Lifecycle.archive, approval.Corrections: a.Corrections.Terms, approval.Repairs: a.Procedures.Repairs.rules, approval.Declarations: a.Procedures.Declarations.rules},
		Calendar: func(ctx context.Context) (*clock.Calendar, error) { return catalog.Calendars(ctx, a.DB.Read()) },
	}).Routes(rt)
	a.procedurePages(site, rt, forms{filing, look})
	reports.New(reports.Deps{Site: site, Maker: a.Reports, Kind: a.kindOf, Clock: a.Clock, Own: ownReports(mine), Jobs: a.Reports, Units: a.Agencies, Wake: a.wakeReports}).Routes(rt)
}

// ownReports puts the page of one's own reports into the centre.
func ownReports(c *me.Centre) func(http.ResponseWriter, *http.Request, int, templ.Component) error {
	return func(w http.ResponseWriter, r *http.Request, status int, body templ.Component) error {
		p, err := c.Place(r, me.ReportsTab, "/me/report")
		if err != nil {
			return err
		}
		return c.Show(w, r, status, p, me.Sheet{Title: "信用报告", Lead: "自己的信用报告，可以下载、打印，别人可以核验真伪。不收费。", Crumbs: []ui.Link{{Label: "信用报告"}}}, body)
	}
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
