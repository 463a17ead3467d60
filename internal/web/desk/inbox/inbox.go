// Package inbox keeps the rule that whoever works at a desk sees everything that waits for them in one list, the most urgent first: what is overdue leads,
// then the nearest deadline, in words as well as in colour. It shows cases of every procedure; each is dealt with on its own page.
package inbox

import (
	"context"
	"net/http"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// path is the page.
const path = "/desk/inbox"

// Cases keeps the cases; *flow.Engine does.
type Cases interface {
	Tables() []*flow.Table
	Get(ctx context.Context, id int64) (*flow.Case, error)
	Load(ctx context.Context, q db.Querier, id int64) (*flow.Case, error)
	Inbox(ctx context.Context, f flow.Filter) (flow.Page, error)
	Count(ctx context.Context, f flow.Filter) (flow.Tally, error)
	Left(c *flow.Case) (int, bool)
	Principals(ctx context.Context, account string) ([]string, error)
	CouldAssign(ctx context.Context, c *flow.Case) bool
	Assign(ctx context.Context, tx *db.Tx, id int64, to, reason string) (*flow.Case, error)
}

// Agencies knows the units; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
}

// Divisions knows the tree of divisions; *ident.Divisions is one.
type Divisions interface {
	Children(code string) []string
}

// Deps are what the inbox is made of.
type Deps struct {
	Site      *web.Site
	DB        *db.DB
	Cases     Cases
	Agencies  Agencies
	Divisions Divisions
	Home      Home
}

// errTaken refuses to take a case out of another's hands by a page from before: who may, hands it over.
var errTaken = fault.New(fault.Conflict, "inbox.taken", "这件事项已经有别的经办人", "请刷新待办；要换经办人的，由负责人在“转交事项”里办理")

// Desk is the inbox.
type Desk struct{ Deps }

// New makes the inbox.
func New(d Deps) *Desk { return &Desk{d} }

// Routes hangs it in, with the desks' first page.
func (d *Desk) Routes(rt *web.Router) {
	rt.Handle("GET "+desk.HomePath, web.Anywhere(authz.DeskOpen), d.Site.Handle(d.home))
	rt.Handle("GET "+path, web.Among(authz.DeskOpen, "本人经办范围内的事项"), d.Site.Handle(d.list))
	rt.Handle("POST "+path+"/{id}/take", web.Among(authz.DeskOpen, "流程规定可以指定经办人的事项"), d.Site.Handle(d.take))
}

// take lets the caller look after a case, or with "back" gives it back to the whole desk. Whether it may, the procedure's own table says.
func (d *Desk) take(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return flow.ErrNone
	}
	if err := d.visible(r.Context(), id); err != nil {
		return err
	}
	to, done := authz.From(r.Context()).String(), "taken"
	if form.Get("back") != "" {
		to, done = "", "back"
	}
	mine, err := d.Cases.Principals(r.Context(), authz.From(r.Context()).String())
	if err != nil {
		return err
	}
	err = d.DB.Tx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		c, err := d.Cases.Load(ctx, tx, id)
		if err != nil {
			return err
		}
		if c.Assignee != "" && !slices.Contains(mine, c.Assignee) { // since the page was opened
			return errTaken
		}
		_, err = d.Cases.Assign(ctx, tx, id, to, "")
		return err
	})
	if err != nil {
		return err
	}
	return desk.See(w, r, desk.Query(path, "side", sideMine, "done", done))
}

// visible refuses a case that no desk of the caller's could ever have, as one that is not there.
func (d *Desk) visible(ctx context.Context, id int64) error {
	c, err := d.Cases.Get(ctx, id)
	if err != nil {
		return err
	}
	who, author := authz.From(ctx), authz.AuthorOf(c.Author)
	scope := authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}
	for _, t := range d.Cases.Tables() {
		if t.Kind == c.Kind && slices.ContainsFunc(Actions([]*flow.Table{t}), func(a string) bool { return d.Site.May(ctx, authz.Action(a), scope) }) {
			return nil
		}
	}
	authz.Refused(ctx, who, authz.DeskOpen, scope)
	return flow.ErrNone
}

// desks gives what the caller can move by hand, one for each action of the procedures' tables. What a subject may do about its own cases is none: that
// stands in its centre.
func (d *Desk) desks(ctx context.Context) []flow.Desk {
	var out []flow.Desk
	for _, action := range Actions(d.Cases.Tables()) {
		b := d.Site.Bounds(ctx, authz.Action(action))
		at := flow.Desk{Actions: []string{action}, All: b.All, Agencies: b.Agencies}
		for _, top := range b.Regions {
			at.Regions = d.under(at.Regions, top)
		}
		if at.All || len(at.Agencies) > 0 || len(at.Regions) > 0 {
			out = append(out, at)
		}
	}
	return out
}

// under adds a division with everything below it.
func (d *Desk) under(list []string, top string) []string {
	if slices.Contains(list, top) {
		return list
	}
	list = append(list, top)
	for _, child := range d.Divisions.Children(top) {
		list = d.under(list, child)
	}
	return list
}

// Actions lists the actions of the permission table that procedures ask for, each once.
func Actions(tables []*flow.Table) []string {
	var out []string
	for _, t := range tables {
		for i := range t.Moves {
			if a := t.Moves[i].May; a != "" && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	slices.Sort(out)
	return out
}

// The sides of the list.
const (
	sideAll     = ""
	sideMine    = "mine"
	sideOverdue = "overdue"
)

type view struct {
	kind, side string
	kinds      []ui.Option
	tabs       []ui.Tab
	tally      flow.Tally
	rows       []row
	pager      ui.PagerSpec
	later      bool // not the first page
	none       bool // the caller's roles move no case at all
	done       string
}

// row is a case in the list.
type row struct {
	*flow.Case
	table *flow.Table
	unit  string
	left  int
	runs  bool
	mine  bool // the caller looks after it, itself or as a deputy
	take  bool // the caller may say who does
}

func (r *row) href() string { return r.table.PageOf(r.Case) }

func (r *row) takeAt() string { return path + "/" + desk.Dec(r.ID) + "/take" }

func (r *row) clock() string {
	switch {
	case r.PausedOn != 0:
		return "中止计时，到 " + r.PauseUntil.String()
	case r.Due == 0:
		return "没有期限"
	}
	return ""
}

func (r *row) day() string {
	if r.Provisional {
		return r.Due.String() + "（放假安排公布前暂定）"
	}
	return r.Due.String()
}

// list shows what waits.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := &view{kind: q.Get("kind"), side: q.Get("side"), later: q.Get("after") != ""}
	desks := d.desks(ctx)
	v.none = len(desks) == 0
	v.done = map[string]string{"taken": "现在由您经办", "back": "已交回岗位，岗位上的人都可以办理"}[q.Get("done")]
	f := flow.Filter{Desks: desks, Cursor: q.Get("after"), Limit: 30}
	if f.Desks == nil {
		f.Desks = []flow.Desk{}
	}
	d.kindsOf(v, &f)
	mine, err := d.Cases.Principals(ctx, authz.From(ctx).String())
	if err != nil {
		return err
	}
	if err := d.count(ctx, v, f, mine); err != nil {
		return err
	}
	switch v.side {
	case sideMine:
		f.Assignee = mine
	case sideOverdue:
		f.Overdue = true
	}
	page, err := d.Cases.Inbox(ctx, f)
	if err != nil {
		return err
	}
	if err := d.fill(ctx, v, page.Cases, mine); err != nil {
		return err
	}
	if page.Next != "" {
		v.pager.Next = v.at(v.side, page.Next)
	}
	if v.later {
		v.pager.First = v.at(v.side, "")
	}
	return desk.Show(d.Site, w, r, http.StatusOK, desk.Page(d.Site, r, "待办", ui.Link{Label: "待办"}), listPage(v))
}

// kindsOf offers the procedures; an unknown one is none.
func (d *Desk) kindsOf(v *view, f *flow.Filter) {
	for _, t := range d.Cases.Tables() {
		v.kinds = append(v.kinds, ui.Option{Value: t.Kind, Label: t.Title})
		if t.Kind == v.kind {
			f.Kind = t.Kind
		}
	}
	v.kind = f.Kind
}

// count fills the tabs.
func (d *Desk) count(ctx context.Context, v *view, f flow.Filter, mine []string) (err error) {
	if v.tally, err = d.Cases.Count(ctx, f); err != nil {
		return err
	}
	f.Assignee = mine
	own, err := d.Cases.Count(ctx, f)
	if err != nil {
		return err
	}
	if v.side != sideMine && v.side != sideOverdue {
		v.side = sideAll
	}
	for _, t := range []struct {
		side, label string
		n           int
	}{{sideAll, "全部", v.tally.Open}, {sideMine, "由我经办", own.Open}, {sideOverdue, "已逾期", v.tally.Overdue}} {
		v.tabs = append(v.tabs, ui.Tab{Href: v.at(t.side, ""), Label: t.label, Count: t.n, On: v.side == t.side})
	}
	return nil
}

func (v *view) at(side, after string) string {
	return desk.Query(path, "kind", v.kind, "side", side, "after", after)
}

// fill makes the rows.
func (d *Desk) fill(ctx context.Context, v *view, cases []flow.Case, mine []string) error {
	units := map[int64]string{}
	if len(cases) > 0 {
		list, err := d.Agencies.List(ctx)
		if err != nil {
			return err
		}
		for i := range list {
			units[list[i].ID] = list[i].Name
		}
	}
	tables := map[string]*flow.Table{}
	for _, t := range d.Cases.Tables() {
		tables[t.Kind] = t
	}
	for i := range cases {
		c := &cases[i]
		r := row{Case: c, table: tables[c.Kind], unit: units[c.Agency]}
		if r.table == nil {
			continue // of a table that this program does not have; the start of the worker says so
		}
		r.left, r.runs = d.Cases.Left(c)
		r.mine, r.take = slices.Contains(mine, c.Assignee), d.Cases.CouldAssign(ctx, c)
		v.rows = append(v.rows, r)
	}
	return nil
}
