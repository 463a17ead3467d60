package me

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// OwnCases keeps procedures; *flow.Engine does.
type OwnCases interface {
	Tables() []*flow.Table
	Table(kind string) *flow.Table
	Get(ctx context.Context, id int64) (*flow.Case, error)
	Inbox(ctx context.Context, f flow.Filter) (flow.Page, error)
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	Left(c *flow.Case) (int, bool)
}

// CaseDeps are what the part of a subject's procedures is made of.
type CaseDeps struct {
	Cases OwnCases
	Looks publish.Looks // puts on file who reads what is not public
}

// CasesPath is the list of a subject's procedures. A table without a page of its own in the centre takes CasesPath/{id} for its OwnPage.
const CasesPath = "/me/cases"

const (
	casesName = "cases"
	casesHome = 4 // how many the overview shows
)

// cases is the part that lists what a subject has under way, whatever the procedure, with the next deadline. It shows procedures alone whose table names
// a page in the subject's centre: what an authority has not told the subject yet is not among them.
type cases struct {
	CaseDeps
	c *Centre
}

// Cases is the part of the centre that lists a subject's applications of every kind, with their clocks.
func Cases(d CaseDeps) Part {
	x := &cases{CaseDeps: d}
	return Part{
		Name: casesName, Label: "办理进度", Path: CasesPath, Words: "您的异议、修复等申请办到哪一步、最迟哪一天办完、每一步是谁办的。",
		Count: x.count, Routes: x.routes, now: x.now,
	}
}

func (x *cases) routes(c *Centre, rt *web.Router) {
	x.c = c
	rt.Handle("GET "+CasesPath, c.Mine(authz.DiscloseOwn), c.Handle(x.list))
	rt.Handle("GET "+CasesPath+"/{id}", web.Of(authz.DiscloseOwn, whose, func(r *http.Request) (authz.Scope, error) {
		one, err := x.find(r)
		if err != nil {
			return authz.Scope{}, err
		}
		return authz.Scope{Subject: one.Subject}, nil
	}), c.Handle(x.one))
}

// find gives the case that an address names, when its procedure shows itself to subjects.
func (x *cases) find(r *http.Request) (*flow.Case, error) {
	id := number(r.PathValue("id"))
	if id == 0 {
		return nil, errNotMine
	}
	one, err := x.Cases.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if t := x.Cases.Table(one.Kind); t == nil || t.OwnPage == "" || one.Subject == 0 {
		return nil, errNotMine
	}
	return one, nil
}

// kinds are the procedures that show themselves to subjects.
func (x *cases) kinds() []string {
	var out []string
	for _, t := range x.Cases.Tables() {
		if t.OwnPage != "" {
			out = append(out, t.Kind)
		}
	}
	return out
}

// ownCase is a case in the list.
type ownCase struct {
	*flow.Case
	title, kind, state string
	href               string
	left               int
	runs               bool
}

// clock says in words what a case waits for.
func (o *ownCase) clock() string {
	switch {
	case !o.Open():
		return day8(o) + " 办结"
	case o.PausedOn != 0:
		return "中止计时，最迟到 " + o.PauseUntil.String()
	case o.Due == 0:
		return "没有期限"
	}
	return ""
}

func day8(o *ownCase) string {
	text := moment(o.ClosedAt)
	return text[:min(len(text), len("2006-01-02"))]
}

func (o *ownCase) due() string {
	if o.Provisional {
		return o.Due.String() + "（放假安排公布前暂定）"
	}
	return o.Due.String()
}

func (x *cases) rows(p Place, list []flow.Case) []ownCase {
	out := make([]ownCase, 0, len(list))
	for i := range list {
		c := &list[i]
		t := x.Cases.Table(c.Kind)
		row := ownCase{Case: c, title: c.Title, kind: t.Title, state: t.StateName(c.State), href: p.Link(t.OwnPageOf(c))}
		row.left, row.runs = x.Cases.Left(c)
		out = append(out, row)
	}
	return out
}

// page gives a subject's cases, those that are open first, the nearest deadline leading.
func (x *cases) page(ctx context.Context, p Place, f flow.Filter) ([]ownCase, string, error) {
	if f.Kinds = x.kinds(); len(f.Kinds) == 0 {
		return nil, "", nil
	}
	f.Subject = p.Subject
	got, err := x.Cases.Inbox(ctx, f)
	if err != nil {
		return nil, "", err
	}
	return x.rows(p, got.Cases), got.Next, nil
}

// count says how many are under way.
func (x *cases) count(ctx context.Context, p Place) (string, error) {
	list, next, err := x.page(ctx, p, flow.Filter{Limit: 100})
	switch {
	case err != nil || len(list) == 0:
		return "", err
	case next != "":
		return "100 件以上在办", nil
	}
	return strconv.Itoa(len(list)) + " 件在办", nil
}

// now gives what is under way for the overview.
func (x *cases) now(ctx context.Context, p Place) ([]ownCase, error) {
	list, _, err := x.page(ctx, p, flow.Filter{Limit: casesHome})
	return list, err
}

// log puts on file that somebody reads a subject's procedures.
func (x *cases) log(ctx context.Context, subject int64) error {
	return x.Looks.Record(ctx, audit.Access{Subject: subject, What: audit.Own, Basis: "本人的办理进度"})
}

type casesView struct {
	open, closed []ownCase
	pager        ui.PagerSpec
	later        bool
}

// casesShown is how many cases a page lists.
const casesShown = 50

func (x *cases) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := x.c.Place(r, casesName, CasesPath)
	if err != nil {
		return err
	}
	if err := x.log(ctx, p.Subject); err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	list, next, err := x.page(ctx, p, flow.Filter{All: true, Cursor: after, Limit: casesShown})
	if err != nil {
		return err
	}
	v := &casesView{later: after != ""}
	for i := range list {
		if list[i].Open() {
			v.open = append(v.open, list[i])
		} else {
			v.closed = append(v.closed, list[i])
		}
	}
	if next != "" {
		v.pager.Next = p.Link(CasesPath, "after", next)
	}
	if v.later {
		v.pager.First = p.Link(CasesPath)
	}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{
		Title: "办理进度", Lead: "您的申请办到哪一步，最迟哪一天办完。期限按工作日计算，节假日不算。", Crumbs: []ui.Link{{Label: "办理进度"}}, Keep: true,
	}, casesPage(v))
}

type caseView struct {
	ownCase
	events []ui.Event
	files  []flow.Attachment
	own    string // page of its feature; "" when it is this one
}

// one answers what became of a case so far, whatever its procedure.
func (x *cases) one(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	one, err := x.find(r)
	if err != nil {
		return err
	}
	p, err := x.c.Place(r, casesName, CasesPath)
	if err != nil {
		return err
	}
	if p.Subject != one.Subject { // the link of a notice names no subject
		if !slices.Contains(own(p.Who), one.Subject) {
			return errNotMine
		}
		return done(w, r, CasesPath+"/"+strconv.FormatInt(one.ID, 10)+"?of="+strconv.FormatInt(one.Subject, 10))
	}
	if err := x.log(ctx, p.Subject); err != nil {
		return err
	}
	steps, err := x.Cases.Timeline(ctx, one.ID)
	if err != nil {
		return err
	}
	v := &caseView{ownCase: x.rows(p, []flow.Case{*one})[0]}
	if here := CasesPath + "/" + strconv.FormatInt(one.ID, 10); x.Cases.Table(one.Kind).OwnPageOf(one) != here {
		v.own = v.href
	}
	for i := range steps {
		s := steps[i].Public()
		v.files = append(v.files, s.Files...)
		tone := ui.Plain
		if s.Late || s.Event == flow.EventOverdue {
			tone = ui.Bad
		}
		v.events = append(v.events, ui.Event{When: moment(s.At), What: s.Said, Tone: tone})
	}
	slices.Reverse(v.events)
	return x.c.Show(w, r, http.StatusOK, p, Sheet{
		Title: one.Title, Crumbs: []ui.Link{{Href: p.Link(CasesPath), Label: "办理进度"}, {Label: v.kind}}, Plain: true, Keep: true,
	}, casePage(v))
}
