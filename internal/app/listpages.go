package app

import (
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/lists"
	"gongxin/internal/web/desk/tasks"
)

// listPages hangs in the desks of lists and of joint action.
func (a *App) listPages(site *web.Site, rt *web.Router) {
	l, t, p := &a.Lists, &a.Trust, &a.Procedures
	a.objectionPages(site, rt)
	a.repairPages(site, rt)
	a.correctionPages(site, rt)
	a.declarationPages(site, rt)
	lists.New(lists.Deps{
		Site: site, DB: a.DB, Lists: l.Listing, Kinds: l.kinds, Cases: p.Flow, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Looks: a.looks(), Seal: t.Ring, DocKinds: a.docKinds, Calendar: a.Calendar, Clock: a.Clock,
	}).Routes(rt)
	tasks.New(tasks.Deps{
		Site: site, DB: a.DB, Measures: l.Measures, Lists: l.Listing, Kinds: func() *listing.Kinds { return l.kinds.Today() }, Base: func() *measure.Base { return l.base.Today() },
		Cases: p.Flow, Agencies: a.Agencies, Matters: t.Matters, Register: a.Subjects, Labels: a.Publish, Looks: a.looks(), Clock: a.Clock,
	}).Routes(rt)
}
