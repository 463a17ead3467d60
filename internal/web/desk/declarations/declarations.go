// Package declarations keeps the rule that whoever checks a declaration sees what was declared beside what was attached, that it is called a declaration and not a
// finding, and by when it is to be answered: each step is offered only to whom the permission table and the procedure allow it, and who reads what a subject declared
// stands in the access log first. It is the desk of declarations (自主申报) for the unit that receives them and for the office.
package declarations

import (
	"context"
	"net/http"
	"os"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Declarations keeps declarations; *declaration.Service does. It decides every step once more.
type Declarations interface {
	Get(ctx context.Context, q db.Querier, id int64) (declaration.Declaration, error)
	List(ctx context.Context, f declaration.Filter) ([]declaration.Declaration, error)
	Accept(ctx context.Context, id int64, in declaration.Step) (declaration.Declaration, error)
	Return(ctx context.Context, id int64, in declaration.Step) (declaration.Declaration, error)
	Refuse(ctx context.Context, id int64, code string, in declaration.Step) (declaration.Declaration, error)
}

// Rules gives the rules of a day; *ruleset.Book of them does.
type Rules interface {
	On(day clock.Date) *declaration.Rules
}

// Cases keeps the procedures; *flow.Engine does.
type Cases interface {
	desk.Cases
	GetAll(ctx context.Context, ids []int64) (map[int64]*flow.Case, error)
	Table(kind string) *flow.Table
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	Left(c *flow.Case) (int, bool)
}

// Labels gives what internal lists may show of subjects: a person's name is masked; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
}

// Deps are what the desk is made of.
type Deps struct {
	Site         *web.Site
	DB           *db.DB
	Declarations Declarations
	Rules        Rules
	Cases        Cases
	Labels       Labels
	Agencies     *agency.Store
	Editions     Editions
	Looks        publish.Looks // puts on file who reads what is not public
}

// Desk is the desk of declarations.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// The places, and whose they are in the published list of routes.
const (
	path = "/desk/declarations"

	ofReach = "本单位、本辖区受理的申报"
	ofCase  = "受理单位、信用办"
)

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.DeclarationRead, ofReach), d.list)
	at := path + "/{id}"
	page("GET "+at, d.of(authz.DeclarationRead), d.one)
	page("GET "+at+"/files/{hash}", d.of(authz.DeclarationRead), d.file)
	for _, s := range steps {
		page("POST "+at+"/"+s.name, d.of(authz.DeclarationCheck), d.take(s))
	}
}

// of guards an action on the declaration that the address names.
func (d *Desk) of(a authz.Action) web.Guard {
	return web.Of(a, ofCase, func(r *http.Request) (authz.Scope, error) {
		x, err := d.find(r)
		return scopeOf(&x), err
	})
}

func scopeOf(x *declaration.Declaration) authz.Scope {
	return desk.ScopeOf(x.Agency, x.Region, x.Subject, x.FiledBy)
}

func (d *Desk) find(r *http.Request) (declaration.Declaration, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return declaration.Declaration{}, declaration.ErrNone
	}
	return d.Declarations.Get(r.Context(), d.DB.Read(), id)
}

// row is a declaration in a list, in words.
type row struct {
	declaration.Declaration
	who   string
	unit  string
	what  string // kind and title
	state string
	tone  ui.Tone
	due   string
	left  int
	runs  bool // a clock runs
}

func (r *row) link() string { return path + "/" + desk.Dec(r.ID) }

// lookAt is the access entry of whoever reads what somebody declared.
func (d *Desk) lookAt(x declaration.Declaration) audit.Access {
	return audit.Access{Who: audit.Who{Agency: x.Agency}, Subject: x.Subject, What: declaration.FlowKind, Basis: d.Rules.On(x.ReceivedOn).Basis() + "，申报 " + x.No}
}

// rows puts declarations into words. What is not on file is not public: it stands in the access log first.
func (d *Desk) rows(ctx context.Context, list []declaration.Declaration) ([]row, error) {
	if err := d.Looks.Record(ctx, publish.Each(list, d.lookAt)...); err != nil {
		return nil, err
	}
	ids, steps := make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		ids[i], steps[i] = list[i].Subject, list[i].Case
	}
	labels, err := d.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	cases, err := d.Cases.GetAll(ctx, steps)
	if err != nil {
		return nil, err
	}
	out := make([]row, len(list))
	for i, x := range list {
		r := row{Declaration: x, who: desk.SubjectName(labels, x.Subject), state: declaration.StateName(x.State), tone: tone(&x), what: d.what(&x)}
		if r.unit, err = desk.UnitName(ctx, d.Agencies, x.Agency); err != nil {
			return nil, err
		}
		if c := cases[x.Case]; c != nil {
			if r.left, r.runs = d.Cases.Left(c); r.runs {
				r.due = c.Due.String()
			}
		}
		out[i] = r
	}
	return out, nil
}

// item gives a declaration's item as the catalogue in force has it; nil when it has it no longer.
func (d *Desk) item(x *declaration.Declaration) *catalog.Item {
	item, _ := d.Editions.Current(x.ReceivedOn).Item(x.Item)
	return item
}

// what says in a few words what is declared.
func (d *Desk) what(x *declaration.Declaration) string {
	item := d.item(x)
	if item == nil {
		return x.Title
	}
	kind, title := "", x.Title
	if f, ok := item.ByRole(catalog.RoleCategory); ok && x.Content[f.Code] != "" {
		kind = x.Content[f.Code] + "："
	}
	if f, ok := item.ByRole(catalog.RoleTitle); ok && x.Content[f.Code] != "" {
		title = x.Content[f.Code]
	}
	return kind + title
}

func tone(x *declaration.Declaration) ui.Tone {
	switch x.State {
	case declaration.Submitted:
		return ui.Accent
	case declaration.Returned, declaration.Accepted, declaration.Ending:
		return ui.Warn
	case declaration.OnFile:
		return ui.Good
	default:
		return ui.Plain
	}
}

type listView struct {
	state, unit   string
	states, units []ui.Option
	rows          []row
	pager         ui.PagerSpec
	later         bool
}

func (v *listView) active() bool { return v.state+v.unit != "" }

func (v *listView) at(after string) string {
	return desk.Query(path, "state", v.state, "unit", v.unit, "after", after)
}

// listed are the states that the list can be narrowed to.
var listed = []string{
	declaration.Submitted, declaration.Returned, declaration.Accepted, declaration.OnFile, declaration.Refused, declaration.Withdrawn, declaration.Lapsed, declaration.Replaced, declaration.Ended,
}

// list shows the declarations that the caller reaches, newest first.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{state: q.Get("state"), unit: q.Get("unit"), later: q.Get("after") != ""}
	units, shown, err := desk.Narrow(ctx, d.site, d.Agencies, authz.DeclarationRead, v.unit)
	if err != nil {
		return err
	}
	f := declaration.Filter{State: v.state, Agencies: shown, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	v.units = units
	for _, s := range listed {
		v.states = append(v.states, ui.Option{Value: s, Label: declaration.StateName(s)})
	}
	list, err := d.Declarations.List(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *declaration.Declaration) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.rows(ctx, list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "自主申报", ui.Link{Label: "自主申报"}), listPage(v))
}
