package app

import (
	"gongxin/internal/authz"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/lists"
	"gongxin/internal/web/desk/tasks"
	"gongxin/internal/web/ui"
)

// listWork is what an actor who works with lists and measures is led to.
var listWork = []struct {
	action authz.Action
	link   ui.Link
}{
	{authz.ListingRead, ui.Link{Href: "/desk/lists", Label: "名单"}},
	{authz.MeasureRead, ui.Link{Href: "/desk/tasks", Label: "联合奖惩"}},
	{authz.ObjectionRead, ui.Link{Href: "/desk/objections", Label: "异议"}},
	{authz.RepairRead, ui.Link{Href: "/desk/repairs", Label: "信用修复"}},
	{authz.CorrectionRead, ui.Link{Href: "/desk/corrections", Label: "更正告知"}},
}

// listPages hangs in the desks of lists and of joint action.
func (a *App) listPages(site *web.Site, rt *web.Router) {
	l, t, p := &a.Lists, &a.Trust, &a.Procedures
	a.objectionPages(site, rt)
	a.repairPages(site, rt)
	a.correctionPages(site, rt)
	lists.New(lists.Deps{
		Site: site, DB: a.DB, Lists: l.Listing, Kinds: l.kinds, Cases: p.Flow, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Looks: a.looks(), Seal: t.Ring, DocKinds: a.docKinds, Calendar: a.Calendar, Clock: a.Clock,
	}).Routes(rt)
	tasks.New(tasks.Deps{
		Site: site, DB: a.DB, Measures: l.Measures, Lists: l.Listing, Kinds: func() *listing.Kinds { return l.kinds.Today() }, Base: func() *measure.Base { return l.base.Today() },
		Cases: p.Flow, Agencies: a.Agencies, Matters: t.Matters, Register: a.Subjects, Labels: a.Publish, Looks: a.looks(), Clock: a.Clock,
	}).Routes(rt)
}

// listLinks gives an actor's work with lists and measures.
func (a *App) listLinks(who authz.Actor) []ui.Link {
	var out []ui.Link
	for _, w := range listWork {
		if a.Trust.Authority.Could(who, w.action).Allowed {
			out = append(out, w.link)
		}
	}
	return out
}
