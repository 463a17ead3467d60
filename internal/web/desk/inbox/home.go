package inbox

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Home is what the desks' first page is made of, beside the cases that wait. Everything is offered to those whom its action takes somewhere.
type Home struct {
	// Elsewhere is where a caller without a place at the desks is led.
	Elsewhere func(who authz.Actor) string
	// Panels are the forms that roles work with most; a caller gets the first of theirs.
	Panels []Panel
	// Shortcuts are what roles do most beside it; a caller gets the first three of theirs.
	Shortcuts []Shortcut
	// Figures count what waits and is no case of a procedure.
	Figures []Figure
	// First are the cases that stand before all others, whatever their day.
	First flow.Filter
	// RoleName names a role.
	RoleName func(r authz.Role) string
	Clock    clock.Clock
}

// Panel is a form on the first page.
type Panel struct {
	Action authz.Action
	Title  string
	HTMX   bool
	Body   func(r *http.Request) (templ.Component, error)
}

// Shortcut leads to what a role does most.
type Shortcut struct {
	Action authz.Action
	Link   ui.Link
}

// Figure counts what waits for a caller. Words says it as a sentence's end ("项已召回的措施等本单位确认解除"), Badge in a word; an urgent one leads the page.
type Figure struct {
	Action             authz.Action
	Label, Badge, Word string
	Href               string
	Urgent             bool
	// Count counts within the caller's bounds. With shown false the caller has no use for the figure.
	Count func(ctx context.Context, who authz.Actor, b authz.Bounds) (n int, shown bool, err error)
}

// homeRows is how many cases the first page lists, firstRows how many of those that stand before all others.
const (
	homeRows  = 8
	firstRows = 5
)

type homeView struct {
	lead      string
	panel     templ.Component
	title     string // of the panel
	shortcuts []ui.Link
	urgent    []told
	figures   []ui.Figure
	rows      []row
	tally     flow.Tally
	none      bool
}

// alone reports whether the figures are everything that can wait for the caller.
func (v *homeView) alone() bool { return v.none && len(v.urgent) == 0 && len(v.figures) > 0 }

// told is an urgent figure in words.
type told struct {
	badge, words, href string
	tone               ui.Tone
}

// home shows what waits for the caller, and what the caller does most.
func (d *Desk) home(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), authz.From(r.Context())
	p := desk.Page(d.Site, r, "工作台")
	p.Crumbs = nil
	if len(p.Desks) == 0 {
		return desk.See(w, r, d.Home.Elsewhere(who))
	}
	v := &homeView{}
	skip, err := d.openPanel(r, v, p)
	if err != nil {
		return err
	}
	for _, s := range d.Home.Shortcuts {
		if s.Action != skip && len(v.shortcuts) < 3 && desk.Could(ctx, d.Site, s.Action) {
			v.shortcuts = append(v.shortcuts, s.Link)
		}
	}
	if err := d.waiting(ctx, v); err != nil {
		return err
	}
	if err := d.figures(ctx, who, v); err != nil {
		return err
	}
	if v.lead, err = d.leadOf(ctx, who); err != nil {
		return err
	}
	return desk.Show(d.Site, w, r, http.StatusOK, p, homePage(v))
}

// openPanel puts the form in that the caller works with most, and gives its action.
func (d *Desk) openPanel(r *http.Request, v *homeView, p *ui.Page) (skip authz.Action, err error) {
	for _, panel := range d.Home.Panels {
		if !desk.Could(r.Context(), d.Site, panel.Action) {
			continue
		}
		if v.panel, err = panel.Body(r); err != nil || v.panel == nil {
			return "", err
		}
		v.title, p.HTMX = panel.Title, panel.HTMX
		return panel.Action, nil
	}
	return "", nil
}

// waiting lists what waits for the caller: what stands before all others, then the nearest days.
func (d *Desk) waiting(ctx context.Context, v *homeView) error {
	f := flow.Filter{Desks: d.desks(ctx)}
	if v.none = len(f.Desks) == 0; v.none {
		return nil
	}
	mine, err := d.Cases.Principals(ctx, authz.From(ctx).String())
	if err != nil {
		return err
	}
	if v.tally, err = d.Cases.Count(ctx, f); err != nil || v.tally.Open == 0 {
		return err
	}
	first := d.Home.First
	first.Desks, first.Limit = f.Desks, firstRows
	lead, err := d.Cases.Inbox(ctx, first)
	if err != nil {
		return err
	}
	f.Limit = homeRows + len(lead.Cases)
	rest, err := d.Cases.Inbox(ctx, f)
	if err != nil {
		return err
	}
	cases := lead.Cases
	for i := range rest.Cases {
		c := &rest.Cases[i]
		if len(cases) < homeRows && !slices.ContainsFunc(lead.Cases, func(have flow.Case) bool { return have.ID == c.ID }) {
			cases = append(cases, *c)
		}
	}
	list := view{}
	if err := d.fill(ctx, &list, cases, mine); err != nil {
		return err
	}
	v.rows = list.rows
	if v.tally.Overdue > 0 {
		v.urgent = append(v.urgent, told{"已逾期", ui.Num(v.tally.Overdue) + " 件事项已经逾期", path + "?side=" + sideOverdue, ui.Bad})
	}
	if v.tally.Today > 0 {
		v.urgent = append(v.urgent, told{"今天到期", ui.Num(v.tally.Today) + " 件事项今天到期", path, ui.Warn})
	}
	return nil
}

// figures counts what waits beside the cases. What is urgent and not zero leads.
func (d *Desk) figures(ctx context.Context, who authz.Actor, v *homeView) error {
	var urgent []told
	for i := range d.Home.Figures {
		f := &d.Home.Figures[i]
		if !desk.Could(ctx, d.Site, f.Action) {
			continue
		}
		n, shown, err := f.Count(ctx, who, d.Site.Bounds(ctx, f.Action))
		switch {
		case err != nil:
			return err
		case !shown:
		case f.Urgent && n > 0:
			urgent = append(urgent, told{f.Badge, ui.Num(n) + " " + f.Word, f.Href, ui.Bad})
		case !f.Urgent:
			v.figures = append(v.figures, ui.Figure{Label: f.Label, Value: ui.Num(n), Href: f.Href})
		}
	}
	v.urgent = append(urgent, v.urgent...)
	return nil
}

var weekdays = [...]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}

// leadOf says for which units and in which roles the caller works, and what day it is.
func (d *Desk) leadOf(ctx context.Context, who authz.Actor) (string, error) {
	list, err := d.Agencies.List(ctx)
	if err != nil {
		return "", err
	}
	var parts []string
	add := func(s string) {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	for _, g := range who.Grants {
		for i := range list {
			if list[i].ID == g.Agency {
				add(list[i].Name)
			}
		}
	}
	for _, g := range who.Grants {
		add(d.Home.RoleName(g.Role))
	}
	now := d.Home.Clock.Now().In(clock.Zone)
	add(now.Format(time.DateOnly) + " " + weekdays[now.Weekday()])
	return strings.Join(parts, " · "), nil
}
