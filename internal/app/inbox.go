package app

import (
	"context"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/notice"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/casework"
	"gongxin/internal/web/desk/inbox"
	"gongxin/internal/web/me"
	"gongxin/internal/web/notices"
)

// procedurePages hangs in what procedures have in common: the desks' inbox, and everybody's notices with their count in the header.
func (a *App) procedurePages(site *web.Site, rt *web.Router, f forms) {
	p := &a.Procedures
	inbox.New(inbox.Deps{Site: site, DB: a.DB, Cases: p.Flow, Agencies: a.Agencies, Divisions: a.Divisions, Home: a.deskHome(site, f)}).Routes(rt)
	casework.New(casework.Deps{
		Site: site, Cases: p.Flow, People: a.Trust.Identity, Agencies: a.Agencies, Divisions: a.Divisions, Clock: a.Clock,
	}).Routes(rt)
	notices.New(notices.Deps{Site: site, Notices: p.Notices}).Routes(rt)
	site.Menu = notices.Menu{Menu: site.Menu, Notices: p.Notices}
	a.listPages(site, rt)
}

// unread says how many notices a caller has not read.
func (a *App) unread(ctx context.Context, who authz.Actor) (string, error) {
	n, err := a.Procedures.Notices.Unread(ctx, notices.Recipients(who)...)
	switch {
	case err != nil || n == 0:
		return "", err
	case n >= notice.UnreadMost:
		return "99+ 条未读", nil
	}
	return strconv.Itoa(n) + " 条未读", nil
}

// casePart lists a subject's applications of every kind in its centre.
func casePart(a *App) me.Part {
	return me.Cases(me.CaseDeps{Cases: a.Procedures.Flow, Looks: a.looks()})
}
