// Package repairs keeps the rule that the unit which found a failure decides on its repair with everything before it on one page: what was found, what the
// rules say, what the applicant handed in and signed, what the platform holds already, and how many days are left. Each step is offered only to whom the
// permission table and the procedure allow it; the service decides once more.
package repairs

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/repair"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Cases keeps the procedures; *flow.Engine does.
type Cases interface {
	desk.Attacher
	desk.Cases
	GetAll(ctx context.Context, ids []int64) (map[int64]*flow.Case, error)
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	Left(c *flow.Case) (days int, ok bool)
}

// Register finds subjects; *subject.Store does.
type Register interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Labels gives what internal lists may show of subjects: a person's name is masked; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Columns gives public columns, of which notices are made by the batch; *publish.Service does.
type Columns interface {
	ListRecords(ctx context.Context, item catalog.ItemCode, f publish.ListFilter, cursor string, limit int) (*publish.RecordPage, error)
	Record(ctx context.Context, recordID string, asOf time.Time) (*publish.RecordView, error)
}

// Deps are what the desk is made of.
type Deps struct {
	Site     *web.Site
	Repairs  *repair.Service
	Cases    Cases
	Agencies *agency.Store
	Register Register
	Labels   Labels
	Columns  Columns
	ItemName func(catalog.ItemCode) string
	Looks    publish.Looks // puts on file who reads what is not public
	Clock    clock.Clock
}

// Desk is the desk of repair.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// The places, and whose they are in the published list of routes.
const (
	path       = "/desk/repairs"
	breachPath = path + "/breaches/"
	shieldPath = path + "/shields"
	paperPath  = "/desk/repair-notices"

	ofUnit   = "作出认定的单位"
	ofReach  = "本单位、本辖区的修复申请"
	ofRegion = "主体所在的辖区"
)

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.RepairRead, ofReach), d.list)
	page("GET "+path+"/{id}", d.of(authz.RepairRead), d.one)
	page("GET "+path+"/{id}/files/{hash}", d.of(authz.RepairRead), d.file)
	for _, s := range steps {
		page("POST "+path+"/{id}/"+s.name, d.of(s.action), d.take(s))
	}
	page("GET "+breachPath+"{id}", d.ofBreach(authz.RepairRead), d.breach)
	page("GET "+breachPath+"{id}/files/{hash}", d.ofBreach(authz.RepairRead), d.breachFile)
	page("POST "+breachPath+"{id}/cancel", d.ofBreach(authz.RepairCancel), d.decide(d.Repairs.Cancel, "cancel"))
	page("POST "+breachPath+"{id}/keep", d.ofBreach(authz.RepairCancel), d.decide(d.Repairs.Keep, "keep"))
	page("GET "+shieldPath, web.Among(authz.RepairShield, ofRegion), d.shields)
	page("GET "+shieldPath+"/{id}", d.ofShield(authz.RepairShield), d.shield)
	page("GET "+shieldPath+"/{id}/files/{hash}", d.ofShield(authz.RepairShield), d.shieldFile)
	for _, event := range []flow.Event{repair.EventShield, repair.EventDeny, repair.EventEnd} {
		page("POST "+shieldPath+"/{id}/"+string(event), d.ofShield(authz.RepairShield), d.onShield(event))
	}
	page("GET "+paperPath, web.Among(authz.RepairNotice, ofUnit), d.papers)
	page("GET "+paperPath+"/batch.zip", web.Among(authz.RepairNotice, ofUnit), d.batch)
	page("GET "+paperPath+"/{record}", web.Among(authz.RepairNotice, ofUnit), d.paper)
	page("GET "+paperPath+"/{record}/notice.pdf", web.Among(authz.RepairNotice, ofUnit), d.paperPDF)
}

// of guards an action on the case that the address names.
func (d *Desk) of(a authz.Action) web.Guard {
	return web.Of(a, ofUnit, func(r *http.Request) (authz.Scope, error) {
		c, err := d.find(r)
		return desk.ScopeOf(c.Agency, c.Region, c.Subject, c.SentBy), err
	})
}

func (d *Desk) ofBreach(a authz.Action) web.Guard {
	return web.Of(a, ofUnit, func(r *http.Request) (authz.Scope, error) {
		b, err := d.Repairs.Breach(r.Context(), idOf(r))
		return desk.ScopeOf(b.Agency, b.Region, b.Subject, b.MadeBy), err
	})
}

func (d *Desk) ofShield(a authz.Action) web.Guard {
	return web.Of(a, ofRegion, func(r *http.Request) (authz.Scope, error) {
		x, err := d.Repairs.ShieldOf(r.Context(), idOf(r))
		return desk.ScopeOf(0, x.Region, x.Subject, x.AskedBy), err
	})
}

func idOf(r *http.Request) int64 {
	id, _ := desk.Number(r.PathValue("id"))
	return id
}

func (d *Desk) find(r *http.Request) (repair.Case, error) {
	return d.Repairs.Case(r.Context(), idOf(r))
}

func caseLink(id int64) string { return path + "/" + desk.Dec(id) }

var stateWords = map[string]string{
	"sent": "待受理", "accepted": "待答复", "granted": "准予修复", "refused": "不予修复", "rejected": "不予受理", "withdrawn": "申请人撤回", "moot": "已终止",
}

var stateTones = map[string]ui.Tone{"sent": ui.Warn, "accepted": ui.Warn, "granted": ui.Good, "refused": ui.Bad, "rejected": ui.Bad}

var classWords = map[string]string{"minor": "轻微失信", "ordinary": "一般失信", "serious": "严重失信"}

// lookAt is the access entry of whoever reads an application.
func lookAt(of, unit int64) audit.Access {
	return audit.Access{Who: audit.Who{Agency: unit}, Subject: of, What: "repair", Basis: "办理信用修复（谁认定、谁修复）"}
}

// row is a case in a list, in words.
type row struct {
	repair.Case
	who, code, unit, name string
	state                 string
	tone                  ui.Tone
	due, left             string
}

func (r *row) link() string { return caseLink(r.ID) }

// rows puts cases into words. Who asks for what is not public: it stands in the access log first.
func (d *Desk) rows(ctx context.Context, list []repair.Case) ([]row, error) {
	ids, steps := make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		ids[i], steps[i] = list[i].Subject, list[i].Flow
	}
	if err := d.Looks.Record(ctx, publish.Each(list, func(c repair.Case) audit.Access { return lookAt(c.Subject, c.Agency) })...); err != nil {
		return nil, err
	}
	labels, err := d.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	subjects, err := d.Register.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	cases, err := d.Cases.GetAll(ctx, steps)
	if err != nil {
		return nil, err
	}
	out := make([]row, len(list))
	for i, c := range list {
		r := row{Case: c, who: desk.SubjectName(labels, c.Subject), state: desk.Word(stateWords, c.State), tone: stateTones[c.State], name: d.ItemName(c.Item)}
		if r.tone == "" {
			r.tone = ui.Plain
		}
		if sub := subjects[c.Subject]; sub.Kind != catalog.Person {
			r.code = sub.Code
		}
		if c.Title != "" && c.Title != r.name {
			r.name += "：" + c.Title
		}
		if r.unit, err = d.unit(ctx, c.Agency); err != nil {
			return nil, err
		}
		if step := cases[c.Flow]; c.Open && step != nil {
			d.clock(&r, step)
		}
		out[i] = r
	}
	return out, nil
}

func (d *Desk) unit(ctx context.Context, id int64) (string, error) {
	a, err := d.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return a.Name, err
}

// clock says until when the next step is in time.
func (d *Desk) clock(r *row, c *flow.Case) {
	if c.PausedOn != 0 {
		r.state, r.due = "等待补交", "最迟 "+c.PauseUntil.String()
		return
	}
	if c.Due.IsZero() {
		return
	}
	r.due = "最迟 " + c.Due.String()
	if days, ok := d.Cases.Left(c); ok {
		switch {
		case days < 0:
			r.left = "逾期 " + strconv.Itoa(-days) + " 个工作日"
		case days == 0:
			r.left = "今天到期"
		default:
			r.left = "还有 " + strconv.Itoa(days) + " 个工作日"
		}
	}
}

type listView struct {
	state, unit   string
	states, units []ui.Option
	rows          []row
	pager         ui.PagerSpec
	later, office bool
	papers        bool
}

func (v *listView) active() bool { return v.state+v.unit != "" }

func (v *listView) at(after string) string {
	return desk.Query(path, "state", v.state, "unit", v.unit, "after", after)
}

// list shows the cases that the caller reaches, newest first.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{state: q.Get("state"), unit: q.Get("unit"), later: q.Get("after") != "", office: desk.Could(ctx, d.site, authz.RepairShield), papers: desk.Could(ctx, d.site, authz.RepairNotice)}
	units, shown, err := desk.Narrow(ctx, d.site, d.Agencies, authz.RepairRead, v.unit)
	if err != nil {
		return err
	}
	f := repair.Filter{State: v.state, Agencies: shown, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	v.units = units
	for _, s := range []string{"sent", "accepted", "granted", "refused", "rejected", "withdrawn", "moot"} {
		v.states = append(v.states, ui.Option{Value: s, Label: stateWords[s]})
	}
	list, err := d.Repairs.List(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *repair.Case) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.rows(ctx, list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "信用修复", ui.Link{Label: "信用修复"}), listPage(v))
}

// ErrDay refuses a day that cannot be read.
var ErrDay = fault.New(fault.Invalid, "repairs.day", "日期要写成 2026-12-01 这样", "请重新填写日期")

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

// answerOf reads the document of a decision from a form.
func answerOf(form url.Values, files []string) (repair.Answer, error) {
	a := repair.Answer{No: form.Get("no"), Reason: form.Get("reason"), Files: files}
	var err error
	if a.On, err = day(form.Get("on")); err != nil {
		return a, err
	}
	if a.Next, err = day(form.Get("next")); err != nil {
		return a, err
	}
	seen, _ := desk.Number(form.Get("seen"))
	a.Seen = int(seen)
	return a, nil
}
