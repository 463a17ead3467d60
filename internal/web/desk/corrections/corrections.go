// Package corrections keeps the rule that a unit which holds a copy of a record sees what became of the record before anything else, says with its own words that it
// has applied the change, and stands as silent before the office when it does not.
package corrections

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/fault"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Corrections keeps who was told what and who has applied it; *correction.Service does.
type Corrections interface {
	Told(ctx context.Context, id int64) (correction.Told, error)
	List(ctx context.Context, f correction.Filter) ([]correction.Told, string, error)
	Rows(ctx context.Context, told, after int64, limit int) ([]correction.Notice, error)
	Silent(ctx context.Context, day clock.Date) ([]correction.Silence, error)
	Apply(ctx context.Context, id int64, rows []int64, note string) (int, error)
	Scope(ctx context.Context, to notice.Recipient) (authz.Scope, error)
}

// Register gives the subjects of numbers; *subject.Store does.
type Register interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Labels gives what internal lists may show of subjects; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Matters names the matters that look-ups rest on; *agency.Matters does.
type Matters interface {
	ByCode(ctx context.Context, code string) (agency.Matter, error)
}

// Deps are what the desk is made of.
type Deps struct {
	Site        *web.Site
	Corrections Corrections
	Agencies    *agency.Store
	Register    Register
	Labels      Labels
	Matters     Matters
	ItemName    func(code catalog.ItemCode) string
	Looks       publish.Looks // puts on file who reads what is not public
	Calendar    *clock.Calendar
	Clock       clock.Clock
}

// Desk is the desk of corrections.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desk.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

const (
	path    = "/desk/corrections"
	ofUnit  = "取得过记录的单位"
	ofReach = "本单位、本辖区"

	pageRows = 50
)

// Routes hangs the desk into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.CorrectionRead, ofReach), d.list)
	page("GET "+path+"/{id}", d.of(authz.CorrectionRead), d.one)
	page("POST "+path+"/{id}/applied", d.of(authz.CorrectionApply), d.apply)
}

func (d *Desk) find(r *http.Request) (correction.Told, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return correction.Told{}, correction.ErrNone
	}
	t, err := d.Corrections.Told(r.Context(), id)
	if err == nil && t.To.Kind != notice.Agency {
		err = correction.ErrNone
	}
	return t, err
}

func (d *Desk) of(a authz.Action) web.Guard {
	return web.Of(a, ofUnit, func(r *http.Request) (authz.Scope, error) {
		t, err := d.find(r)
		if err != nil {
			return authz.Scope{}, err
		}
		return d.Corrections.Scope(r.Context(), t.To)
	})
}

// toldRow is what a unit was told, in words.
type toldRow struct {
	correction.Told
	unit  string
	left  int
	today clock.Date
}

func (t *toldRow) link() string { return path + "/" + desk.Dec(t.ID) }

func (t *toldRow) runs() bool { return t.Open() && !t.Due.IsZero() }

func (t *toldRow) state() (string, ui.Tone) {
	switch {
	case t.Due.IsZero():
		return "已告知，无须确认", ui.Plain
	case !t.Open():
		return "已落实", ui.Good
	case t.Overdue(t.today):
		return "沉默：逾期未确认", ui.Bad
	case t.Applied > 0:
		return "部分落实", ui.Warn
	default:
		return "待落实", ui.Warn
	}
}

func (t *toldRow) count() string {
	if t.Open() && t.Applied > 0 {
		return ui.Num(t.N) + " 条，已落实 " + ui.Num(t.Applied) + " 条"
	}
	return ui.Num(t.N) + " 条"
}

func (d *Desk) row(ctx context.Context, t *correction.Told) (toldRow, error) {
	r := toldRow{Told: *t, today: clock.Today(d.Clock)}
	if r.runs() {
		if r.left = d.Calendar.WorkdaysBetween(r.today, t.Due); r.today > t.Due { // a day late is late, also on a Sunday
			r.left = -max(1, d.Calendar.WorkdaysBetween(t.Due, r.today))
		}
	}
	var err error
	r.unit, err = d.unitName(ctx, t.To.ID)
	return r, err
}

func (d *Desk) unitName(ctx context.Context, id agency.ID) (string, error) {
	u, err := d.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return "—", nil
	}
	return u.Name, err
}

// silence is a unit that lets days pass, for the office.
type silence struct {
	correction.Silence
	unit string
}

type listView struct {
	state, unit   string
	states, units []ui.Option
	rows          []toldRow
	silent        []silence
	silentRows    int
	pager         ui.PagerSpec
	later         bool
}

func (v *listView) active() bool { return v.state+v.unit != "" }

func (v *listView) at(cursor string) string {
	return desk.Query(path, "state", v.state, "unit", v.unit, "cursor", cursor)
}

var states = []ui.Option{{Value: string(correction.Silent), Label: "沉默：逾期未确认"}, {Value: string(correction.Closed), Label: "已落实、无须确认"}}

// list shows what units within the caller's reach were told: the earliest day first, so that what is silent stands at the head.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{state: q.Get("state"), unit: q.Get("unit"), states: states, later: q.Get("cursor") != ""}
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.CorrectionRead)
	if err != nil {
		return err
	}
	f := correction.Filter{Agencies: []int64{}, State: correction.State(v.state), Cursor: q.Get("cursor"), Limit: desk.ListRows}
	reach := map[int64]string{}
	for _, u := range units {
		reach[u.ID] = u.Name
		v.units = append(v.units, ui.Option{Value: desk.Dec(u.ID), Label: u.Name})
		if v.unit == "" || v.unit == desk.Dec(u.ID) {
			f.Agencies = append(f.Agencies, u.ID)
		}
	}
	if v.unit == "" && d.site.Bounds(ctx, authz.CorrectionRead).All {
		f.Agencies = nil
	}
	list, next, err := d.Corrections.List(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	if next != "" {
		v.pager.Next = v.at(next)
	}
	for i := range list {
		row, err := d.row(ctx, &list[i])
		if err != nil {
			return err
		}
		v.rows = append(v.rows, row)
	}
	if !v.later {
		if err := d.silences(ctx, v, reach); err != nil {
			return err
		}
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "更正告知", ui.Link{Label: "更正告知"}), listPage(v))
}

// silences counts the silent units within the caller's reach.
func (d *Desk) silences(ctx context.Context, v *listView, reach map[int64]string) error {
	figures, err := d.Corrections.Silent(ctx, clock.Today(d.Clock))
	if err != nil {
		return err
	}
	for _, f := range figures {
		if name, ok := reach[f.Agency]; ok && f.Silent > 0 {
			v.silent = append(v.silent, silence{f, name})
			v.silentRows += f.Silent
		}
	}
	return nil
}

// noticeRow is one record of what a unit was told, in words.
type noticeRow struct {
	correction.Notice
	item, who, code, matter string
	today                   clock.Date
}

var whatWords = map[string]string{
	"check": "信用核查", "check_again": "再看核查结果", "subject": "凭事项查询", "record": "查询一条记录", "consented": "凭授权查询", "report": "信用报告",
}

// handed says how the unit came by the record.
func (n *noticeRow) handed() string {
	words := ""
	for i, what := range n.What {
		if i > 0 {
			words += "、"
		}
		words += desk.Word(whatWords, what)
	}
	if n.Copies > 1 {
		words += "，共 " + ui.Num(n.Copies) + " 次"
	}
	if n.matter != "" {
		words += "（" + n.matter + "）"
	}
	return words
}

func (n *noticeRow) state() (string, ui.Tone) {
	switch {
	case n.Due.IsZero():
		return "无须确认", ui.Plain
	case !n.Applied.IsZero():
		return "已落实", ui.Good
	case n.Silent(n.today):
		return "逾期未确认", ui.Bad
	default:
		return "待落实", ui.Warn
	}
}

// replaced leads to the new version where everyone may see it; what is no longer in use has no page.
func (n *noticeRow) replaced() string {
	if n.Does == correction.Stop {
		return ""
	}
	return "/r/" + n.Record.String()
}

type oneView struct {
	toldRow
	rows   []noticeRow
	hidden int // left out on this page
	pager  ui.PagerSpec
	may    bool
	form   url.Values
	fault  *fault.Error
	done   string
}

var doneWords = map[string]string{"applied": "已确认落实"}

func (v *oneView) facts() []ui.Fact {
	state, _ := v.state()
	facts := []ui.Fact{
		{Label: "要求", Value: v.Does.Word()},
		{Label: "取得记录的单位", Value: v.unit},
		{Label: "记录", Value: v.count()},
		{Label: "状态", Value: state},
		{Label: "告知时间", Value: desk.Moment(v.At)},
	}
	if !v.Due.IsZero() {
		facts = append(facts, ui.Fact{Label: "最迟确认", Value: v.Due.String()})
	}
	return append(facts, ui.Fact{Label: "变更依据", Value: desk.Dash(v.Basis), Wide: true}, ui.Fact{Label: "变更原因", Value: desk.Dash(v.Why), Wide: true})
}

var asks = map[correction.Does]string{
	correction.Stop:    "这些记录已经撤回、撤下、修复、期满或者屏蔽。请从业务系统中删除或者标注，停止展示、共享和使用；未办结的事项不再以它们为依据，已据此采取的措施依法纠正。",
	correction.Replace: "这些记录已经更正。请改用新的版本；未办结的事项按新的内容办理。",
	correction.Resume:  "这些记录已经恢复。再次使用前，请按应用事项或者授权重新查询。",
}

func (d *Desk) one(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, &oneView{done: doneWords[r.URL.Query().Get("done")]})
}

// show shows what a unit was told, with its records. That somebody reads which records of whom a unit was given stands in the log.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, v *oneView) error {
	ctx := r.Context()
	t, err := d.find(r)
	if err != nil {
		return err
	}
	if v.toldRow, err = d.row(ctx, &t); err != nil {
		return err
	}
	scope, err := d.Corrections.Scope(ctx, t.To)
	if err != nil {
		return err
	}
	own := d.site.May(ctx, authz.CorrectionApply, scope)
	v.may = t.Open() && own
	after, _ := desk.Number(r.URL.Query().Get("after"))
	list, err := d.Corrections.Rows(ctx, t.ID, after, pageRows+1)
	if err != nil {
		return err
	}
	if after > 0 {
		v.pager.First = v.link()
	}
	if len(list) > pageRows {
		list = list[:pageRows]
		v.pager.Next = desk.Query(v.link(), "after", desk.Dec(list[pageRows-1].ID))
	}
	if !own {
		list = v.shown(list, d.Clock.Now())
	}
	if v.rows, err = d.noticeRows(ctx, list); err != nil {
		return err
	}
	looks := publish.Each(list, func(n correction.Notice) audit.Access {
		return audit.Access{Who: audit.Who{Agency: t.To.ID}, Subject: n.Record.Subject, What: "correction", Basis: t.Basis}
	})
	if err := d.Looks.Record(ctx, looks...); err != nil {
		return err
	}
	p := desk.Page(d.site, r, "更正告知", ui.Link{Href: path, Label: "更正告知"}, ui.Link{Label: t.Does.Word()})
	return desk.Show(d.site, w, r, status, p, onePage(v))
}

// shown leaves out what lawful secrecy keeps from its subject today: the unit itself knows it, and a reader of another unit would leave an entry that tells the
// subject of it.
func (v *oneView) shown(list []correction.Notice, now time.Time) []correction.Notice {
	out := list[:0:0]
	for i := range list {
		if list[i].Hidden.After(now) {
			v.hidden++
		} else {
			out = append(out, list[i])
		}
	}
	return out
}

func (d *Desk) noticeRows(ctx context.Context, list []correction.Notice) ([]noticeRow, error) {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].Record.Subject
	}
	labels, err := d.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	subjects, err := d.Register.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	matters, out := map[string]string{}, make([]noticeRow, len(list))
	for i := range list {
		n := noticeRow{Notice: list[i], item: d.ItemName(list[i].Item), who: labels[list[i].Record.Subject], today: clock.Today(d.Clock)}
		if sub := subjects[n.Record.Subject]; sub.Kind != catalog.Person {
			n.code = sub.Code
		}
		if n.Matter != "" {
			if _, ok := matters[n.Matter]; !ok {
				matters[n.Matter] = n.Matter
				if m, err := d.Matters.ByCode(ctx, n.Matter); err == nil {
					matters[n.Matter] = m.Name
				}
			}
			n.matter = matters[n.Matter]
		}
		out[i] = n
	}
	return out, nil
}

// apply takes the unit's word that all of it is applied.
func (d *Desk) apply(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	t, err := d.find(r)
	if err != nil {
		return err
	}
	if _, err = d.Corrections.Apply(r.Context(), t.ID, nil, form.Get("note")); err == nil {
		return desk.See(w, r, desk.Query(path+"/"+desk.Dec(t.ID), "done", "applied"))
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	return d.show(w, r, web.Status(err), &oneView{form: form, fault: f})
}
