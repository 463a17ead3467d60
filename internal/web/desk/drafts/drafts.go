// Package drafts keeps the rule that what the register works by changes in the open: a draft is read as a difference to what is in force, its approver is
// somebody else, and every step shows what follows from it before it is taken. It is the desk of catalogue editions, holiday tables and
// publicity rules (起草和审批).
package drafts

import (
	"context"
	"net/http"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Drafts takes drafts from their author to their day; *approval.Service does. The caller is the context's.
type Drafts interface {
	Kinds() []approval.Kind
	List(ctx context.Context, f approval.Filter) ([]*approval.Draft, error)
	Get(ctx context.Context, draft int64) (*approval.Draft, error)
	Create(ctx context.Context, in approval.Input) (*approval.Draft, error)
	Revise(ctx context.Context, draft int64, in approval.Input) error
	Submit(ctx context.Context, draft int64) error
	Approve(ctx context.Context, draft int64) error
	Reject(ctx context.Context, draft int64, why string) error
	Withdraw(ctx context.Context, draft int64) error
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
}

// Rules gives the rule file in force; *publish.Rules is one.
type Rules interface {
	Text() []byte
}

// Deps are what the desk is made of.
type Deps struct {
	Site     *web.Site
	Drafts   Drafts
	Editions Editions
	Rules    Rules
	Files    map[approval.Kind]Rules                            // files in force of the kinds that are one text
	Calendar func(ctx context.Context) (*clock.Calendar, error) // holiday tables in force
	// Appliers show what a draft would change before it is submitted, by the same words as afterwards; a kind without one shows it once submitted.
	Appliers map[approval.Kind]approval.Applier
	Clock    clock.Clock
}

// Desk is the desk of drafts.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// acts are the actions of the permission table for a kind.
type acts struct{ draft, approve authz.Action }

var actsOf = map[approval.Kind]acts{
	approval.Catalog: {authz.CatalogDraft, authz.CatalogApprove}, approval.Calendar: {authz.CalendarDraft, authz.CalendarApprove},
	approval.Rules: {authz.RulesDraft, authz.RulesApprove}, approval.Measures: {authz.MeasuresDraft, authz.MeasuresApprove},
	approval.Lists: {authz.ListsDraft, authz.ListsApprove}, approval.Objections: {authz.ObjectionDraft, authz.ObjectionApprove},
	approval.Repairs: {authz.RepairDraft, authz.RepairApprove}, approval.Archive: {authz.RulesDraft, authz.RulesApprove},
	approval.Corrections: {authz.RulesDraft, authz.RulesApprove}, approval.Declarations: {authz.DeclarationDraft, authz.DeclarationApprove},
}

// ApproveAction is the action of whoever approves drafts of a kind.
func ApproveAction(k approval.Kind) authz.Action { return actsOf[k].approve }

const (
	draftOwner  = "起草人"
	draftAuthor = "提交人以外的人"
)

var errKind = fault.New(fault.NotFound, "drafts.kind", "没有这一类草案", "请从起草和审批的列表重新打开")

// Routes hangs the desk into the site. Each kind has addresses of its own, because each has actions of its own in the permission table.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	read := web.Anywhere(authz.DraftRead)
	page("GET /desk/drafts", read, d.list)
	for _, k := range d.Drafts.Kinds() {
		at := "/desk/drafts/" + string(k)
		write, decide := web.Anywhere(actsOf[k].draft), d.ofDraft(k, actsOf[k].approve)
		page("GET "+at+"/new", write, d.newForm(k))
		page("POST "+at, write, d.create(k))
		page("GET "+at+"/current", read, d.current(k))
		page("GET "+at+"/{id}", read, d.draft(k))
		page("GET "+at+"/{id}/content", read, d.content(k))
		page("POST "+at+"/{id}/revise", write, d.revise(k))
		page("POST "+at+"/{id}/submit", write, d.step(k, "submit", d.Drafts.Submit))
		page("POST "+at+"/{id}/approve", decide, d.step(k, "approve", d.Drafts.Approve))
		page("POST "+at+"/{id}/reject", decide, d.reject(k))
		page("POST "+at+"/{id}/withdraw", d.ofOwn(k), d.step(k, "withdraw", d.Drafts.Withdraw))
	}
}

// find gives the draft of a kind that an address names.
func (d *Desk) find(r *http.Request, k approval.Kind) (*approval.Draft, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return nil, approval.ErrNone
	}
	have, err := d.Drafts.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if have.Kind != k {
		return nil, approval.ErrNone
	}
	return have, nil
}

// ofDraft guards deciding on a draft: nobody decides on what they submitted.
func (d *Desk) ofDraft(k approval.Kind, a authz.Action) web.Guard {
	return web.Of(a, draftAuthor, func(r *http.Request) (authz.Scope, error) {
		have, err := d.find(r, k)
		if err != nil {
			return authz.Scope{}, err
		}
		return authz.Scope{Author: have.Author}, nil
	}).Shown()
}

// ofOwn guards taking a draft back.
func (d *Desk) ofOwn(k approval.Kind) web.Guard {
	return web.Of(authz.DraftWithdraw, draftOwner, func(r *http.Request) (authz.Scope, error) {
		have, err := d.find(r, k)
		if err != nil {
			return authz.Scope{}, err
		}
		return authz.Scope{Account: have.Author}, nil
	}).Shown()
}

func draftLink(x *approval.Draft) string {
	return "/desk/drafts/" + string(x.Kind) + "/" + desk.Dec(x.ID)
}

type listView struct {
	kind, state string
	after       int64
	kinds       []ui.Option
	rows        []*approval.Draft
	write       []ui.Link // what the caller may draft
	pager       ui.PagerSpec
	me          int64
	now         []*approval.Draft // what waits for the caller's decision
}

func (v *listView) active() bool { return v.kind+v.state != "" }

func (v *listView) at(after int64) string {
	from := ""
	if after > 0 {
		from = desk.Dec(after)
	}
	return desk.Query("/desk/drafts", "kind", v.kind, "state", v.state, "after", from)
}

// list opens on what waits for the caller's decision and lists the drafts, the latest first.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{kind: q.Get("kind"), state: q.Get("state"), me: authz.From(ctx).ID}
	v.after, _ = desk.Number(q.Get("after"))
	for _, k := range d.Drafts.Kinds() {
		v.kinds = append(v.kinds, ui.Option{Value: string(k), Label: k.Name()})
		if d.site.May(ctx, actsOf[k].draft, authz.Scope{}) {
			v.write = append(v.write, ui.Link{Href: "/desk/drafts/" + string(k) + "/new", Label: "起草" + k.Name()})
		}
	}
	var err error
	v.rows, err = d.Drafts.List(ctx, approval.Filter{Kind: approval.Kind(v.kind), State: approval.State(v.state), After: v.after, Limit: desk.ListRows + 1})
	if err != nil {
		return err
	}
	if v.after > 0 {
		v.pager.First = v.at(0)
	}
	v.rows = desk.Shown(v.rows, &v.pager, func(last **approval.Draft) string { return v.at((*last).ID) })
	waiting, err := d.Drafts.List(ctx, approval.Filter{State: approval.Submitted, Limit: 200})
	if err != nil {
		return err
	}
	for _, x := range waiting {
		if d.site.May(ctx, actsOf[x.Kind].approve, authz.Scope{Author: x.Author}) {
			v.now = append(v.now, x)
		}
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "起草和审批", ui.Link{Label: "起草和审批"}), listPage(v))
}
