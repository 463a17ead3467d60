// Package audit keeps the rule that whoever watches is watched too: every search, page and download of the logs is itself an act in the log before its answer
// leaves, it reaches as far as the auditor's grant and no farther, and an entry shows numbers, never names, unless the reader may read
// accounts. It is the auditor's desk: look-ups, acts, alerts and orders of lawful secrecy.
package audit

import (
	"context"
	"io"
	"time"

	"gongxin/internal/agency"
	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Log is the logs of look-ups and acts; *audit.Log is one.
type Log interface {
	Search(ctx context.Context, who log.Who, f log.Filter, cursor string, limit int) ([]log.Access, string, error)
	Export(ctx context.Context, who log.Who, f log.Filter, w io.Writer) (int, error)
	Acts(ctx context.Context, who log.Who, f log.Filter, cursor string, limit int) ([]log.Act, string, error)
	Alert(ctx context.Context, alert int64, agencies []int64) (*log.Alert, error)
	Alerts(ctx context.Context, state string, agencies []int64, cursor string, limit int) ([]log.Alert, string, error)
	Handle(ctx context.Context, who log.Who, alert int64, reason string) error
	Orders(ctx context.Context) ([]log.Order, error)
	OrderSecrecy(ctx context.Context, o log.Order) (int64, error)
	EndSecrecy(ctx context.Context, who log.Who, order int64) error
}

// Agencies knows the units; *agency.Store is one.
type Agencies interface {
	List(ctx context.Context) ([]agency.Agency, error)
	ByID(ctx context.Context, id agency.ID) (agency.Agency, error)
}

// Register finds subjects; *subject.Store is one.
type Register interface {
	ByCode(ctx context.Context, code string) (subject.Subject, bool, error)
	ByPerson(ctx context.Context, docKind, number string) (subject.Subject, bool, error)
	CodeOf(ctx context.Context, id int64) (code string, ok bool, err error)
}

// Labels gives what internal lists may show of subjects; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Accounts shows accounts to those who may see them; *identity.Service does.
type Accounts interface {
	Show(ctx context.Context, by authz.Actor, account int64) (*identity.Account, []identity.Held, error)
}

// Deps are what the desk is made of.
type Deps struct {
	Site     *web.Site
	Log      Log
	Agencies Agencies
	Register Register
	Labels   Labels
	Accounts Accounts
	Clock    clock.Clock
	// DocKinds names the kinds of documents by which persons are found; the catalogue in force has them.
	DocKinds func() []string
}

// Desk is the auditor's desk.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

const unitPlace = "查询单位的辖区"

const rowsPerPage = 50

var (
	errNoEntry = fault.New(fault.NotFound, "desk_audit.no_entry", "查询日志里没有这一条", "请从查询日志重新打开")
	errNoAlert = log.ErrNoAlert
)

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	look := web.Among(authz.AccessAudit, unitPlace)
	page("GET /desk/audit/access", look, d.access)
	page("POST /desk/audit/access/person", look, d.byPerson)
	page("GET /desk/audit/find", look, d.byNumber)
	rt.Handle("GET /desk/audit/access.csv", look, d.site.Stream(d.download))
	page("GET /desk/audit/access/{place}", web.Asked(authz.AccessAudit, unitPlace), d.entry)
	page("GET /desk/audit/acts", web.Among(authz.ActRead, unitPlace), d.acts)
	page("GET /desk/audit/alerts", web.Among(authz.AlertRead, unitPlace), d.alerts)
	page("GET /desk/audit/alerts/{place}", d.ofAlert(authz.AlertRead), d.alert)
	page("POST /desk/audit/alerts/{place}/handle", d.ofAlert(authz.AlertHandle), d.handle)
	page("GET /desk/audit/secrecy", web.Among(authz.AccessSecrecy, ""), d.secrecy)
	page("POST /desk/audit/secrecy", web.Asked(authz.AccessSecrecy, ""), d.order)
	page("POST /desk/audit/secrecy/{id}/end", d.ofOrder(), d.end)
}

// who gives the caller as the logs keep it. The unit of an auditor is the grant's, if it has one.
func who(ctx context.Context) log.Who {
	a := authz.From(ctx)
	w := log.Who{Kind: string(a.Kind), ID: a.ID, Address: a.Address, Session: a.Session}
	for _, g := range a.Grants {
		if g.Agency != 0 {
			w.Agency = g.Agency
			break
		}
	}
	return w
}

// reach gives the units that the caller's grant covers for an action; nil is the whole city, an empty list nothing.
func (d *Desk) reach(ctx context.Context, a authz.Action) ([]int64, error) {
	return agency.Reach(ctx, d.Agencies, d.site.Bounds(ctx, a))
}

// unitScope is the scope of what a unit did; what no unit did lies in no division and so only within the whole city's reach.
func (d *Desk) unitScope(ctx context.Context, unit int64) (authz.Scope, error) {
	if unit == 0 {
		return authz.Scope{}, nil
	}
	a, err := d.Agencies.ByID(ctx, unit)
	if fault.KindOf(err) == fault.NotFound {
		return authz.Scope{Agency: unit}, nil
	}
	return authz.Scope{Agency: unit, Region: a.Region}, err
}

// names puts the units and subjects of a page into words.
type names struct {
	units    map[int64]string
	subjects map[int64]string
}

func (n *names) unit(id int64) string {
	if id == 0 {
		return "—"
	}
	if name := n.units[id]; name != "" {
		return name
	}
	return "单位 " + desk.Dec(id)
}

func (n *names) subject(id int64) string {
	if id == 0 {
		return "—"
	}
	if name := n.subjects[id]; name != "" {
		return name
	}
	return "主体 " + desk.Dec(id)
}

func (d *Desk) names(ctx context.Context, subjects []int64) (*names, error) {
	n := &names{units: map[int64]string{}}
	list, err := d.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range list {
		n.units[u.ID] = u.Name
	}
	var ids []int64
	for _, id := range subjects {
		if id != 0 {
			ids = append(ids, id)
		}
	}
	n.subjects, err = d.Labels.Labels(ctx, ids)
	return n, err
}

// unitOptions are the units within the caller's reach.
func (d *Desk) unitOptions(ctx context.Context, a authz.Action) ([]ui.Option, error) {
	list, err := agency.Within(ctx, d.Agencies, d.site.Bounds(ctx, a))
	if err != nil {
		return nil, err
	}
	out := make([]ui.Option, len(list))
	for i := range list {
		out[i] = ui.Option{Value: desk.Dec(list[i].ID), Label: list[i].Name}
	}
	return out, nil
}

func (d *Desk) docKinds() []ui.Option {
	var out []ui.Option
	if d.DocKinds != nil {
		for _, k := range d.DocKinds() {
			out = append(out, ui.Option{Value: k, Label: k})
		}
	}
	return out
}

// period reads a span of days, both ends included; what is no day is no bound.
func period(from, to string) (a, b time.Time) {
	if day, err := clock.ParseDate(from); err == nil {
		a = day.Start()
	}
	if day, err := clock.ParseDate(to); err == nil {
		b = day.AddDays(1).Start()
	}
	return a, b
}
