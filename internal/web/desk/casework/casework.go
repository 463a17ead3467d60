// Package casework keeps the rule that no case is lost with the person who dealt with it: what a clerk who left was dealing with is handed over in one act
// after a preview, who is away names a deputy for some days, and the office sees what is overdue where, the oldest first. Handing over changes who looks
// after a case; who may deal with it stays with the permission table.
package casework

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// The pages.
const (
	handoverPath = "/desk/handover"
	deputyPath   = "/desk/deputies"
	overduePath  = "/desk/overdue"
)

// Cases keeps the cases; *flow.Engine does.
type Cases interface {
	Tables() []*flow.Table
	Inbox(ctx context.Context, f flow.Filter) (flow.Page, error)
	Left(c *flow.Case) (int, bool)
	Holders(ctx context.Context, f flow.Filter) (map[string]int, error)
	PlanHandover(ctx context.Context, from string, could func(action string, c *flow.Case) bool) ([]flow.Share, error)
	Handover(ctx context.Context, from, to, reason string) (moved, left int, err error)
	OverdueBy(ctx context.Context, f flow.Filter) ([]flow.Late, error)
	SetDeputy(ctx context.Context, d flow.Deputy) error
	EndDeputy(ctx context.Context, of, by string) error
	Deputies(ctx context.Context, account string) ([]flow.Deputy, error)
	Principals(ctx context.Context, account string) ([]string, error)
}

// People knows colleagues; *identity.Service does.
type People interface {
	Staff(ctx context.Context, unit int64) ([]identity.Colleague, error)
	Colleagues(ctx context.Context, ids []int64) (map[int64]identity.Colleague, error)
}

// Agencies knows the units; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
}

// Divisions knows the tree of divisions; *ident.Divisions is one.
type Divisions interface {
	Children(code string) []string
}

// Deps are what the pages are made of.
type Deps struct {
	Site      *web.Site
	Cases     Cases
	People    People
	Agencies  Agencies
	Divisions Divisions
	Clock     clock.Clock
}

// Desk is the pages.
type Desk struct{ Deps }

// New makes the pages.
func New(d Deps) *Desk { return &Desk{d} }

// errNobody answers for an account that deals with nothing here.
var errNobody = fault.New(fault.NotFound, "casework.nobody", "这个账号名下没有您可以转交的事项", "请从“转交事项”的列表重新打开")

// Routes hangs the pages in.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.Site.Handle(h)) }
	over := web.Among(authz.CaseHandover, "本单位或者辖区内的事项")
	page("GET "+handoverPath, over, d.holders)
	page("GET "+handoverPath+"/{account}", over, d.plan)
	page("POST "+handoverPath+"/{account}", over, d.handover)
	page("POST "+handoverPath+"/{account}/deputy", over, d.deputyOf)
	page("GET "+deputyPath, web.Own(authz.DeputyOwn), d.deputies)
	page("POST "+deputyPath, web.Own(authz.DeputyOwn), d.setDeputy)
	page("POST "+deputyPath+"/end", web.Own(authz.DeputyOwn), d.endDeputy)
	page("GET "+overduePath, web.Among(authz.CaseOverdue, "本单位或者辖区内的事项"), d.overdue)
}

// reach gives the cases that the caller reaches with an action.
func (d *Desk) reach(ctx context.Context, a authz.Action) flow.Filter {
	b := d.Site.Bounds(ctx, a)
	at := flow.Desk{All: b.All, Agencies: b.Agencies}
	for _, top := range b.Regions {
		at.Regions = d.under(at.Regions, top)
	}
	return flow.Filter{Desks: []flow.Desk{at}}
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

// spelt gives an account as cases name it, and number reads it.
func spelt(account int64) string { return string(authz.Account) + ":" + desk.Dec(account) }

func number(account string) int64 {
	digits, ok := strings.CutPrefix(account, string(authz.Account)+":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}

// units names units.
func (d *Desk) units(ctx context.Context) (map[int64]string, error) {
	list, err := d.Agencies.List(ctx)
	out := make(map[int64]string, len(list))
	for i := range list {
		out[list[i].ID] = list[i].Name
	}
	return out, err
}

// holder is an account with cases.
type holder struct {
	identity.Colleague
	count int
}

func (h *holder) href() string { return handoverPath + "/" + desk.Dec(h.ID) }

// holders lists who deals with what the caller may hand over: those first who are gone.
func (d *Desk) holders(w http.ResponseWriter, r *http.Request) error {
	list, err := d.held(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := &holdersView{list: list}
	if moved, err := strconv.Atoi(q.Get("moved")); err == nil && moved >= 0 {
		v.done = "已转交 " + strconv.Itoa(moved) + " 件"
		if left, err := strconv.Atoi(q.Get("left")); err == nil && left > 0 {
			v.left = left
		}
	}
	return desk.Show(d.Site, w, r, http.StatusOK, desk.Page(d.Site, r, "转交事项", ui.Link{Label: "转交事项"}), holdersPage(v))
}

type holdersView struct {
	list []holder
	done string
	left int
}

func (d *Desk) held(ctx context.Context) ([]holder, error) {
	counts, err := d.Cases.Holders(ctx, d.reach(ctx, authz.CaseHandover))
	if err != nil {
		return nil, err
	}
	var ids []int64
	for account := range counts {
		if n := number(account); n > 0 {
			ids = append(ids, n)
		}
	}
	known, err := d.People.Colleagues(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []holder
	for _, id := range ids {
		c, ok := known[id]
		if !ok {
			c = identity.Colleague{ID: id, Name: "（账号已不存在）"}
		}
		out = append(out, holder{c, counts[spelt(id)]})
	}
	slices.SortFunc(out, func(a, b holder) int {
		if a.Active != b.Active {
			return map[bool]int{false: -1, true: 1}[a.Active]
		}
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// planView is what a hand-over would do.
type planView struct {
	holder
	own      bool
	to       int64
	toName   string
	others   []ui.Option
	shares   []flow.Share
	moves    int
	stays    int
	strange  int
	deputies []deputyRow
	today    string
	reason   string
	refused  *fault.Error
	done     string
}

// plan previews a hand-over: by kind, what moves, what cannot, and whether the successor has a part in it.
func (d *Desk) plan(w http.ResponseWriter, r *http.Request) error {
	to, _ := desk.Number(r.URL.Query().Get("to"))
	done := ""
	if r.URL.Query().Get("done") == "deputy" {
		done = "代办人已经设定"
	}
	return d.showPlan(w, r, http.StatusOK, &planView{to: to, done: done})
}

func (d *Desk) showPlan(w http.ResponseWriter, r *http.Request, status int, v *planView) error {
	ctx := r.Context()
	who, err := d.holder(ctx, r.PathValue("account"))
	if err != nil {
		return err
	}
	v.holder, v.own, v.today = *who, authz.From(ctx).ID == who.ID, clock.Today(d.Clock).String()
	others, err := d.colleagues(ctx, who.Colleague)
	if err != nil {
		return err
	}
	var next *identity.Colleague
	for i := range others {
		v.others = append(v.others, ui.Option{Value: desk.Dec(others[i].ID), Label: others[i].Name})
		if others[i].ID == v.to {
			next = &others[i]
		}
	}
	v.to = 0
	var could func(string, *flow.Case) bool
	if next != nil {
		v.to, v.toName = next.ID, next.Name
		could = d.could(*next)
	}
	if v.shares, err = d.Cases.PlanHandover(ctx, spelt(who.ID), could); err != nil {
		return err
	}
	for _, s := range v.shares {
		v.moves, v.stays, v.strange = v.moves+s.Moves, v.stays+s.Stays, v.strange+s.Strange
	}
	if v.deputies, err = d.deputyRows(ctx, who.ID); err != nil {
		return err
	}
	p := desk.Page(d.Site, r, "转交事项", ui.Link{Href: handoverPath, Label: "转交事项"}, ui.Link{Label: who.Name})
	return desk.Show(d.Site, w, r, status, p, planPage(v))
}

// holder gives an account that deals with something the caller may hand over.
func (d *Desk) holder(ctx context.Context, text string) (*holder, error) {
	id, ok := desk.Number(text)
	if !ok {
		return nil, errNobody
	}
	list, err := d.held(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID == id {
			return &list[i], nil
		}
	}
	return nil, errNobody
}

// colleagues gives the active accounts that work where one does, itself not.
func (d *Desk) colleagues(ctx context.Context, of identity.Colleague) ([]identity.Colleague, error) {
	units := []int64{}
	for _, g := range of.Grants {
		if g.Subject == 0 && !g.Role.Watches() && !slices.Contains(units, g.Agency) {
			units = append(units, g.Agency)
		}
	}
	if len(units) == 0 { // the roles are gone already: whoever hands over works where it did, or for the office
		for _, g := range authz.From(ctx).Grants {
			if g.Subject == 0 && !slices.Contains(units, g.Agency) {
				units = append(units, g.Agency)
			}
		}
	}
	var out []identity.Colleague
	for _, unit := range units {
		list, err := d.People.Staff(ctx, unit)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if c.ID != of.ID && !slices.ContainsFunc(out, func(o identity.Colleague) bool { return o.ID == c.ID }) {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b identity.Colleague) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// could asks the permission table about a colleague.
func (d *Desk) could(c identity.Colleague) func(string, *flow.Case) bool {
	ctx := authz.With(context.Background(), authz.Actor{ID: c.ID, Kind: authz.Account, Strong: true, Grants: c.Grants})
	return func(action string, one *flow.Case) bool {
		author := authz.AuthorOf(one.Author)
		return d.Site.May(ctx, authz.Action(action), authz.Scope{Agency: one.Agency, Region: one.Region, Subject: one.Subject, Author: author, Account: max(author, 0)})
	}
}

// handover moves what the preview showed.
func (d *Desk) handover(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	who, err := d.holder(ctx, r.PathValue("account"))
	if err != nil {
		return err
	}
	to, err := d.colleague(ctx, who.Colleague, form.Get("to"))
	v := &planView{reason: form.Get("reason"), to: to}
	if err == nil {
		var moved, left int
		if moved, left, err = d.Cases.Handover(ctx, spelt(who.ID), spelt(to), v.reason); err == nil {
			return desk.See(w, r, desk.Query(handoverPath, "moved", strconv.Itoa(moved), "left", strconv.Itoa(left)))
		}
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.refused = f
	return d.showPlan(w, r, web.Status(err), v)
}

// colleague reads which of somebody's colleagues a form chose.
func (d *Desk) colleague(ctx context.Context, of identity.Colleague, text string) (int64, error) {
	id, ok := desk.Number(text)
	if !ok {
		return 0, flow.ErrAssignee
	}
	list, err := d.colleagues(ctx, of)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(list, func(c identity.Colleague) bool { return c.ID == id }) {
		return 0, flow.ErrAssignee
	}
	return id, nil
}
