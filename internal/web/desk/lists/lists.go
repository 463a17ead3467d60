// Package lists keeps the rule that nobody gets onto a list without everything the law asks for standing on the page before the button is pressed: basis,
// notice, the days to state one's case, who may decide, and what follows. Each step is offered only to whom the permission table and the procedure
// allow it; the service decides once more.
package lists

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Lists keeps lists; *listing.Service does.
type Lists interface {
	Get(ctx context.Context, q db.Querier, entry int64) (listing.Entry, error)
	List(ctx context.Context, f listing.Filter) ([]listing.Entry, error)
	Deciders(ctx context.Context, kind string) ([]listing.Decider, error)
	Empower(ctx context.Context, d listing.Decider) error
	Propose(ctx context.Context, p listing.Proposal) (listing.Entry, error)
	Notify(ctx context.Context, entry int64, d listing.Document) (listing.Entry, error)
	Statement(ctx context.Context, entry int64, text string, files []string) (listing.Entry, error)
	Hearing(ctx context.Context, entry int64, text string, files []string) (listing.Entry, error)
	Drop(ctx context.Context, entry int64, reason string) (listing.Entry, error)
	Decide(ctx context.Context, entry int64, d listing.Decision) (listing.Entry, error)
	Demand(ctx context.Context, entry int64, text string, files []string) (listing.Entry, error)
	Leave(ctx context.Context, entry int64, why listing.Why, reason string, files []string) (listing.Entry, error)
	Stay(ctx context.Context, entry int64, reason string) (listing.Entry, error)
	Remove(ctx context.Context, entry int64, r listing.Removal) (listing.Entry, error)
}

// Kinds gives the kinds of lists in force; *ruleset.Book of them does.
type Kinds interface {
	Today() *listing.Kinds
	On(day clock.Date) *listing.Kinds
}

// Cases keeps the procedures; *flow.Engine does.
type Cases interface {
	desk.Attacher
	desk.Cases
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
}

// Register finds subjects; *subject.Store does.
type Register interface {
	ByCode(ctx context.Context, code string) (subject.Subject, bool, error)
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
	ByPerson(ctx context.Context, docKind, number string) (subject.Subject, bool, error)
}

// Labels gives what internal lists may show of subjects: a person's name is masked; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Deps are what the desk is made of.
type Deps struct {
	Site     *web.Site
	DB       *db.DB
	Lists    Lists
	Kinds    Kinds
	Cases    Cases
	Agencies *agency.Store
	Register Register
	Labels   Labels
	Looks    publish.Looks // puts on file who reads what is not public
	Seal     Sealer
	DocKinds func() []string // documents by which persons are found
	Calendar *clock.Calendar
	Clock    clock.Clock
}

// Desk is the desk of lists.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// The places, and whose they are in the published list of routes.
const (
	path      = "/desk/lists"
	kindsPath = path + "/kinds"
	newPath   = path + "/new"

	ofUnit  = "认定单位"
	ofReach = "本单位、本辖区的条目"
)

var errEntry = listing.ErrNone

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.ListingRead, ofReach), d.list)
	page("GET "+kindsPath, web.Among(authz.ListingRead, ofReach), d.kinds)
	page("POST "+path+"/deciders", web.Asked(authz.ListingManage, ofUnit), d.empower)
	page("GET "+newPath, web.Among(authz.ListingPropose, ofUnit), d.newForm)
	page("POST "+newPath, web.Asked(authz.ListingPropose, ofUnit), d.propose)
	at := path + "/entries/{id}"
	page("GET "+at, d.of(authz.ListingRead), d.entry)
	page("GET "+at+"/notice", d.of(authz.ListingRead), d.paper)
	page("GET "+at+"/files/{hash}", d.of(authz.ListingRead), d.file)
	for _, s := range steps {
		page("POST "+at+"/"+string(s.event), d.of(s.action), d.take(s))
	}
}

// of guards an action on the entry that the address names.
func (d *Desk) of(a authz.Action) web.Guard {
	return web.Of(a, ofUnit, func(r *http.Request) (authz.Scope, error) {
		e, err := d.find(r)
		if err != nil {
			return authz.Scope{}, err
		}
		return desk.ScopeOf(e.Agency, e.Region, e.Subject, e.ProposedBy), nil
	})
}

func (d *Desk) find(r *http.Request) (listing.Entry, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return listing.Entry{}, errEntry
	}
	return d.Lists.Get(r.Context(), d.DB.Read(), id)
}

func entryLink(id int64) string { return path + "/entries/" + desk.Dec(id) }

// kindOf gives the list of an entry, though it may no longer be kept.
func (d *Desk) kindOf(e *listing.Entry) *listing.Kind {
	if k, ok := d.Kinds.Today().ByCode(e.Kind); ok {
		return k
	}
	if k, ok := d.Kinds.On(clock.DateOf(e.ProposedAt)).ByCode(e.Kind); ok {
		return k
	}
	return &listing.Kind{Code: e.Kind, Name: e.Kind, EarlyAfter: listing.NoEarly}
}

var stateWords = map[string]string{string(listing.Open): "办理中", string(listing.Listed): "已列入", string(listing.Removed): "已移出", string(listing.Dropped): "不予列入"}

// row is an entry in a list, in words.
type row struct {
	listing.Entry
	kind  *listing.Kind
	who   string
	code  string // unified code; "" for a person
	unit  string
	tone  ui.Tone
	state string
	doubt bool // 异议中

	person bool
}

func (r *row) link() string { return entryLink(r.ID) }

// when says the day that matters most about an entry.
func (r *row) when() string {
	switch r.State {
	case listing.Listed:
		return r.ListedOn.String() + " 列入"
	case listing.Removed:
		return r.RemovedOn.String() + " 移出"
	default:
		return clock.DateOf(r.ProposedAt).String() + " 提出"
	}
}

func (r *row) until() string {
	switch {
	case r.State == listing.Removed:
		return r.RemovedWhy.Word()
	case r.State != listing.Listed:
		return ""
	case r.Until.IsZero():
		return "至移出为止"
	default:
		return "至 " + r.Until.AddDays(-1).String()
	}
}

// lookAt is the access entry of whoever reads an entry from inside.
func lookAt(e listing.Entry) audit.Access {
	return audit.Access{Who: audit.Who{Agency: e.Agency}, Subject: e.Subject, What: "listing", Basis: e.Law}
}

// rows puts entries into words. What the public does not see of them stands in the access log first: entries that no decision made, persons, and, inside an
// entry, its history and papers.
func (d *Desk) rows(ctx context.Context, list []listing.Entry, inside bool) ([]row, error) {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].Subject
	}
	labels, err := d.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	subjects, err := d.Register.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	closed := slices.DeleteFunc(slices.Clone(list), func(e listing.Entry) bool {
		return !inside && e.State == listing.Listed && subjects[e.Subject].Kind != catalog.Person
	})
	if err := d.Looks.Record(ctx, publish.Each(closed, lookAt)...); err != nil {
		return nil, err
	}
	out := make([]row, len(list))
	for i, e := range list {
		r := row{Entry: e, kind: d.kindOf(&e), who: desk.SubjectName(labels, e.Subject), tone: ui.Plain, state: stateWords[string(e.State)]}
		if sub := subjects[e.Subject]; sub.Kind != catalog.Person {
			r.code = sub.Code
		} else {
			r.person = true
		}
		r.doubt = e.Disputed(time.Time{})
		if unit, err := d.Agencies.ByID(ctx, e.Agency); err == nil {
			r.unit = unit.Name
		} else if fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		switch {
		case e.State == listing.Open:
			r.tone = ui.Warn
		case e.State == listing.Listed && r.kind.Polarity == listing.Incentive:
			r.tone = ui.Good
		case e.State == listing.Listed:
			r.tone = ui.Bad
		}
		out[i] = r
	}
	return out, nil
}

type listView struct {
	kind, state, unit    string
	kinds, states, units []ui.Option
	rows                 []row
	pager                ui.PagerSpec
	propose, later       bool
}

func (v *listView) active() bool { return v.kind+v.state+v.unit != "" }

func (v *listView) at(after string) string {
	return desk.Query(path, "kind", v.kind, "state", v.state, "unit", v.unit, "after", after)
}

// list shows the entries that the caller reaches, newest first.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{kind: q.Get("kind"), state: q.Get("state"), unit: q.Get("unit"), propose: desk.Could(ctx, d.site, authz.ListingPropose), later: q.Get("after") != ""}
	units, shown, err := desk.Narrow(ctx, d.site, d.Agencies, authz.ListingRead, v.unit)
	if err != nil {
		return err
	}
	f := listing.Filter{Kind: v.kind, State: listing.State(v.state), Agencies: shown, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	v.units = units
	for i := range d.Kinds.Today().List() {
		k := &d.Kinds.Today().List()[i]
		v.kinds = append(v.kinds, ui.Option{Value: k.Code, Label: k.Name})
	}
	for _, s := range []listing.State{listing.Open, listing.Listed, listing.Removed, listing.Dropped} {
		v.states = append(v.states, ui.Option{Value: string(s), Label: stateWords[string(s)]})
	}
	list, err := d.Lists.List(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *listing.Entry) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.rows(ctx, list, false); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "名单", ui.Link{Label: "名单"}), listPage(v))
}

// ErrDay refuses a day that cannot be read.
var ErrDay = fault.New(fault.Invalid, "lists.day", "日期要写成 2026-12-01 这样", "请重新填写日期")

// day reads a day of a form; none is 0.
func day(text string) (clock.Date, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	on, err := clock.ParseDate(strings.TrimSpace(text))
	if err != nil {
		return 0, ErrDay.With(err)
	}
	return on, nil
}
