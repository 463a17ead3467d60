// Package objections keeps the rule that whoever handles an objection sees what was filed beside what is shown, what the law lets them decide, and by when: each
// step is offered only to whom the permission table and the procedure allow it, and the record is read through publish.LaidBefore alone, which puts the reading on
// file before it answers. It is the desk of objections (异议处理) for the office and for the sources.
package objections

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
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Objections keeps objections; *objection.Service does. It decides every step once more.
type Objections interface {
	Get(ctx context.Context, q db.Querier, id int64) (objection.Objection, error)
	List(ctx context.Context, f objection.Filter) ([]objection.Objection, error)
	Stats(ctx context.Context, from, to clock.Date) ([]objection.Tally, error)
	AskFor(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	Accept(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	Refuse(ctx context.Context, id int64, code string, in objection.Step) (objection.Objection, error)
	Refer(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	Answer(ctx context.Context, id int64, r objection.Reply, in objection.Step) (objection.Objection, error)
	Correct(ctx context.Context, id int64, row map[string]string, in objection.Step) (objection.Objection, error)
	Decide(ctx context.Context, id int64, v objection.Verdict) (objection.Objection, error)
	Conclude(ctx context.Context, id int64, v objection.Verdict) (objection.Objection, error)
	Extend(ctx context.Context, id int64, days int, in objection.Step) (objection.Objection, error)
	RepairOf(ctx context.Context, q db.Querier, target string) (objection.RepairAnswer, bool, error)
}

// Rules gives the rules of a day; *ruleset.Book of them does.
type Rules interface {
	On(day clock.Date) *objection.Rules
}

// Cases keeps the procedures; *flow.Engine does.
type Cases interface {
	desk.Attacher
	desk.Cases
	GetAll(ctx context.Context, ids []int64) (map[int64]*flow.Case, error)
	Table(kind string) *flow.Table
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	Left(c *flow.Case) (int, bool)
}

// Register gives the record that a subject disputes, each reading of which it logs; *publish.Service is one.
type Register interface {
	LaidBefore(ctx context.Context, l publish.Laid) ([]publish.RecordView, error)
}

// Records gives the marks of a record's versions; *record.Store is one. The desk reads no body from it.
type Records interface {
	History(ctx context.Context, at record.ID) ([]record.Mark, error)
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
	Site       *web.Site
	DB         *db.DB
	Objections Objections
	Rules      Rules
	Cases      Cases
	Register   Register
	Records    Records
	Labels     Labels
	Agencies   *agency.Store
	Editions   Editions
	Looks      publish.Looks // puts on file who reads what is not public
	Calendar   *clock.Calendar
	Clock      clock.Clock
}

// Desk is the desk of objections.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// The places, and whose they are in the published list of routes.
const (
	path      = "/desk/objections"
	statsPath = path + "/statistics"

	ofReach = "本单位、本辖区的异议"
	ofCase  = "来源单位、信用办"
)

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.ObjectionRead, ofReach), d.list)
	page("GET "+statsPath, web.Among(authz.ObjectionRead, ofReach), d.statistics)
	at := path + "/{id}"
	page("GET "+at, d.of(authz.ObjectionRead), d.one)
	page("GET "+at+"/files/{hash}", d.of(authz.ObjectionRead), d.file)
	page("GET "+at+"/correct", d.of(authz.ObjectionHandle), d.correctForm)
	page("POST "+at+"/correct", d.of(authz.ObjectionHandle), d.correct)
	for _, s := range steps {
		page("POST "+at+"/"+s.name, d.of(s.action), d.take(s))
	}
}

// of guards an action on the objection that the address names.
func (d *Desk) of(a authz.Action) web.Guard {
	return web.Of(a, ofCase, func(r *http.Request) (authz.Scope, error) {
		o, err := d.find(r)
		return scopeOf(&o), err
	})
}

func scopeOf(o *objection.Objection) authz.Scope {
	return desk.ScopeOf(o.Agency, o.Region, o.Subject, o.FiledBy)
}

func (d *Desk) find(r *http.Request) (objection.Objection, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return objection.Objection{}, objection.ErrNone
	}
	return d.Objections.Get(r.Context(), d.DB.Read(), id)
}

// rules are those that an objection goes by.
func (d *Desk) rules(o *objection.Objection) *objection.Rules { return d.Rules.On(o.ReceivedOn) }

// row is an objection in a list, in words.
type row struct {
	objection.Objection
	who   string
	unit  string
	state string
	tone  ui.Tone
	due   string
	left  int
	runs  bool // a clock runs
}

func (r *row) link() string { return path + "/" + desk.Dec(r.ID) }

// lookAt is the access entry of whoever reads in a list who objected.
func (d *Desk) lookAt(o objection.Objection) audit.Access {
	return audit.Access{Who: audit.Who{Agency: o.Agency}, Subject: o.Subject, What: objection.FlowKind, Basis: d.rules(&o).Basis() + "，异议 " + o.No}
}

// rows puts objections into words. That somebody objects is not public: it stands in the access log first.
func (d *Desk) rows(ctx context.Context, list []objection.Objection) ([]row, error) {
	if err := d.Looks.Record(ctx, publish.Each(list, d.lookAt)...); err != nil {
		return nil, err
	}
	return d.words(ctx, list)
}

// words puts objections into words; who reads them stands in the log already.
func (d *Desk) words(ctx context.Context, list []objection.Objection) ([]row, error) {
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
	table := d.Cases.Table(objection.FlowKind)
	out := make([]row, len(list))
	for i, o := range list {
		r := row{Objection: o, who: desk.SubjectName(labels, o.Subject), state: table.StateName(o.State), tone: tone(&o)}
		if r.unit, err = desk.UnitName(ctx, d.Agencies, o.Agency); err != nil {
			return nil, err
		}
		if c := cases[o.Case]; c != nil {
			if r.left, r.runs = d.Cases.Left(c); r.runs {
				r.due = c.Due.String()
			}
		}
		out[i] = r
	}
	return out, nil
}

func tone(o *objection.Objection) ui.Tone {
	switch {
	case o.State == objection.Unproven:
		return ui.Bad
	case o.State == objection.Answered, !o.Open():
		return ui.Plain
	case o.Marked:
		return ui.Warn
	default:
		return ui.Accent
	}
}

type listView struct {
	state, kind, unit    string
	states, kinds, units []ui.Option
	rows                 []row
	pager                ui.PagerSpec
	later                bool
}

func (v *listView) active() bool { return v.state+v.kind+v.unit != "" }

func (v *listView) at(after string) string {
	return desk.Query(path, "state", v.state, "kind", v.kind, "unit", v.unit, "after", after)
}

// list shows the objections that the caller reaches, newest first.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{state: q.Get("state"), kind: q.Get("kind"), unit: q.Get("unit"), later: q.Get("after") != ""}
	units, shown, err := desk.Narrow(ctx, d.site, d.Agencies, authz.ObjectionRead, v.unit)
	if err != nil {
		return err
	}
	f := objection.Filter{State: v.state, Kind: objection.Kind(v.kind), Agencies: shown, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	v.units = units
	for _, s := range d.Cases.Table(objection.FlowKind).States {
		v.states = append(v.states, ui.Option{Value: s.Code, Label: s.Name})
	}
	for _, k := range objection.Kinds() {
		v.kinds = append(v.kinds, ui.Option{Value: string(k), Label: k.Name()})
	}
	list, err := d.Objections.List(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *objection.Objection) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.rows(ctx, list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "异议", ui.Link{Label: "异议"}), listPage(v))
}
