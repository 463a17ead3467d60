// Package tasks keeps the rule that nobody restrains or rewards by joint action without seeing what it rests on, and that a measure whose cause is gone stands
// first on the desk until its unit has confirmed that it no longer applies it. It holds the desks of orders and tasks, of the statistics of joint
// action, and of the four lists that an agency keeps.
package tasks

import (
	"context"
	"net/http"
	"net/url"
	"os"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Measures keeps orders, tasks and what matters may apply; *measure.Service does.
type Measures interface {
	Order(ctx context.Context, q db.Querier, order int64) (measure.Order, error)
	Orders(ctx context.Context, f measure.Filter) ([]measure.Order, error)
	Task(ctx context.Context, q db.Querier, task int64) (measure.Task, error)
	Tasks(ctx context.Context, f measure.Filter) ([]measure.Task, error)
	TasksOf(ctx context.Context, o *measure.Order) ([]measure.Task, error)
	Tallies(ctx context.Context) ([]measure.Tally, error)
	Unacknowledged(ctx context.Context) ([]measure.Unacknowledged, error)
	OrdersOf(ctx context.Context, q db.Querier, orders []int64) (map[int64]measure.Order, error)
	Choices(ctx context.Context, entry int64) ([]measure.Choice, bool, error)
	RowOf(o *measure.Order) measure.Row
	Issue(ctx context.Context, in measure.Issue) (measure.Order, error)
	AskWithdrawal(ctx context.Context, order int64, reason string) error
	Withdraw(ctx context.Context, order int64) error
	KeepOrder(ctx context.Context, order int64, reason string) error
	Respond(ctx context.Context, task int64) (measure.Task, error)
	Feedback(ctx context.Context, task int64, f measure.Feedback) (measure.Task, error)
	Release(ctx context.Context, task int64) (measure.Task, error)
	MattersInUse(ctx context.Context) ([]measure.MatterLists, error)
	MatterOf(ctx context.Context, matter string) (measure.MatterLists, bool, error)
	SaveMatter(ctx context.Context, m measure.MatterLists) error
}

// Lists keeps lists; *listing.Service does.
type Lists interface {
	Get(ctx context.Context, q db.Querier, entry int64) (listing.Entry, error)
	Deciders(ctx context.Context, kind string) ([]listing.Decider, error)
}

// Cases keeps the procedures; *flow.Engine does.
type Cases interface {
	desk.Attacher
	desk.Cases
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	Left(c *flow.Case) (int, bool)
	GetAll(ctx context.Context, ids []int64) (map[int64]*flow.Case, error)
	OverdueBy(ctx context.Context, f flow.Filter) ([]flow.Late, error)
}

// Register gives the subjects of numbers; *subject.Store does.
type Register interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Labels gives what internal lists may show of subjects; *publish.Service does.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Deps are what the desks are made of.
type Deps struct {
	Site     *web.Site
	DB       *db.DB
	Measures Measures
	Lists    Lists
	Kinds    func() *listing.Kinds // in force today
	Base     func() *measure.Base  // in force today
	Cases    Cases
	Agencies *agency.Store
	Matters  *agency.Matters
	Register Register
	Labels   Labels
	Looks    publish.Looks // puts on file who reads what is not public
	Clock    clock.Clock
}

// Desk is the desks.
type Desk struct {
	Deps
	site *web.Site
}

// New makes the desks.
func New(d Deps) *Desk { return &Desk{Deps: d, site: d.Site} }

// The places, and whose they are in the published list of routes.
const (
	path        = "/desk/tasks"
	ordersPath  = "/desk/orders"
	mattersPath = "/desk/matters"
	entriesPath = "/desk/lists/entries"

	ofUnit   = "任务的响应单位"
	ofIssuer = "发起指令的认定单位"
	ofMatter = "应用事项的单位"
	ofReach  = "本单位、本辖区"
)

// Routes hangs the desks into the site.
func (d *Desk) Routes(rt *web.Router) {
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	page("GET "+path, web.Among(authz.MeasureRead, ofReach), d.list)
	page("GET "+path+"/statistics", web.Among(authz.MeasureRead, ofReach), d.statistics)
	page("GET "+path+"/statistics.csv", web.Among(authz.MeasureRead, ofReach), d.statisticsCSV)
	page("GET "+path+"/{id}", d.ofTask(authz.MeasureRead), d.task)
	page("GET "+path+"/{id}/files/{hash}", d.ofTask(authz.MeasureRead), d.file)
	page("POST "+path+"/{id}/respond", d.ofTask(authz.MeasureRespond), d.take(measure.EventRespond))
	page("POST "+path+"/{id}/feedback", d.ofTask(authz.MeasureRespond), d.take(measure.EventFeedback))
	page("POST "+path+"/{id}/release", d.ofTask(authz.MeasureRespond), d.take(measure.EventRelease))
	page("GET "+ordersPath, web.Among(authz.MeasureRead, ofReach), d.orders)
	page("GET "+entriesPath+"/{entry}/orders", d.ofEntry(), d.newOrder)
	page("POST "+entriesPath+"/{entry}/orders", d.ofEntry(), d.issue)
	page("GET "+ordersPath+"/{id}", d.ofOrder(authz.MeasureRead), d.order)
	page("GET "+ordersPath+"/{id}/report.csv", d.ofOrder(authz.MeasureRead), d.orderCSV)
	page("POST "+ordersPath+"/{id}/withdraw", d.ofOrder(authz.MeasureIssue), d.withdraw)
	page("GET "+mattersPath, web.Among(authz.MeasureRead, ofReach), d.matters)
	page("GET "+mattersPath+"/{code}", d.ofMatter(), d.matter)
	page("POST "+mattersPath+"/{code}", d.ofMatter(), d.saveMatter)
}

func (d *Desk) scope(ctx context.Context, unit agency.ID) (authz.Scope, error) {
	u, err := d.Agencies.ByID(ctx, unit)
	return authz.Scope{Agency: u.ID, Region: u.Region}, err
}

func (d *Desk) findTask(r *http.Request) (measure.Task, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return measure.Task{}, measure.ErrNone
	}
	return d.Measures.Task(r.Context(), d.DB.Read(), id)
}

func (d *Desk) ofTask(a authz.Action) web.Guard {
	return web.Of(a, ofUnit, func(r *http.Request) (authz.Scope, error) {
		t, err := d.findTask(r)
		if err != nil {
			return authz.Scope{}, err
		}
		return d.scope(r.Context(), t.Agency)
	})
}

var stateWords = map[string]string{"pushed": "待响应", "accepted": "已响应，待反馈", "done": "已反馈", "recalled": "已召回，待确认解除", "released": "已解除"}

func stateTone(state string) ui.Tone {
	switch state {
	case "pushed":
		return ui.Warn
	case "recalled":
		return ui.Bad
	case "accepted":
		return ui.Accent
	case "done":
		return ui.Good
	}
	return ui.Plain
}

// row is a task in a list, in words.
type row struct {
	measure.Task
	order  measure.Order
	what   measure.Row
	who    string
	code   string
	unit   string
	issuer string
	matter string
	list   string
	due    string
	left   int
	runs   bool
}

func (r *row) link() string  { return path + "/" + desk.Dec(r.ID) }
func (r *row) state() string { return desk.Word(stateWords, r.State) }

// lookAt is the access entry of whoever reads a task or an order: what a unit does to a business because of an entry is not public.
func lookAt(what string, unit, subject int64, law string) audit.Access {
	return audit.Access{Who: audit.Who{Agency: unit}, Subject: subject, What: what, Basis: law}
}

// rows puts tasks into words. The access log has who reads them first.
func (d *Desk) rows(ctx context.Context, list []measure.Task) ([]row, error) {
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
	numbers := make([]int64, len(list))
	for i := range list {
		numbers[i] = list[i].Order
	}
	orders, err := d.Measures.OrdersOf(ctx, d.DB.Read(), numbers)
	if err != nil {
		return nil, err
	}
	steps := make([]int64, len(list))
	for i := range list {
		steps[i] = list[i].Case
	}
	cases, err := d.Cases.GetAll(ctx, steps)
	if err != nil {
		return nil, err
	}
	matters := map[string]string{}
	out := make([]row, 0, len(list))
	for i := range list {
		t := row{Task: list[i], who: labels[list[i].Subject], order: orders[list[i].Order]}
		var ok bool
		t.what, t.list = d.Measures.RowOf(&t.order), d.listName(t.order.List)
		if sub := subjects[t.Subject]; sub.Kind != "person" {
			t.code = sub.Code
		}
		if t.unit, err = d.unitName(ctx, t.Agency); err != nil {
			return nil, err
		}
		if t.issuer, err = d.unitName(ctx, t.order.Agency); err != nil {
			return nil, err
		}
		if t.matter, ok = matters[t.Matter]; !ok {
			t.matter = t.Matter
			if m, err := d.Matters.ByCode(ctx, t.Matter); err == nil {
				t.matter = m.Name
			}
			matters[t.Matter] = t.matter
		}
		if c := cases[t.Case]; c != nil {
			if t.left, t.runs = d.Cases.Left(c); t.runs {
				t.due = c.Due.String()
			}
		}
		out = append(out, t)
	}
	return out, d.Looks.Record(ctx, publish.Each(out, func(t row) audit.Access { return lookAt("task", t.Agency, t.Subject, t.order.Law) })...)
}

func (d *Desk) unitName(ctx context.Context, id agency.ID) (string, error) {
	u, err := d.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return "—", nil
	}
	return u.Name, err
}

type listView struct {
	state, unit   string
	result        string
	measure       string // by a link from the figures
	states, units []ui.Option
	watch         []watchRow // what units owe, for whoever looks after several
	recalled      []row      // first, whatever was chosen
	rows          []row
	pager         ui.PagerSpec
	later, issues bool
}

func (v *listView) active() bool { return v.state+v.unit+v.result+v.measure != "" }

func (v *listView) at(after string) string {
	return desk.Query(path, "state", v.state, "result", v.result, "unit", v.unit, "measure", v.measure, "after", after)
}

// list shows the tasks that the caller reaches: recalls that wait for an acknowledgement first, in a block of their own.
func (d *Desk) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &listView{state: q.Get("state"), result: q.Get("result"), measure: desk.Cut(q.Get("measure"), 40), unit: q.Get("unit"), later: q.Get("after") != "", issues: desk.Could(ctx, d.site, authz.MeasureIssue)}
	units, ids, err := desk.Narrow(ctx, d.site, d.Agencies, authz.MeasureRead, v.unit)
	if err != nil {
		return err
	}
	v.units = units
	for _, s := range []string{"pushed", "accepted", "done", "recalled", "released"} {
		v.states = append(v.states, ui.Option{Value: s, Label: stateWords[s]})
	}
	if !v.later && !v.active() && len(units) > 1 {
		reached, err := desk.Units(ctx, d.site, d.Agencies, authz.MeasureRead)
		if err != nil {
			return err
		}
		if v.watch, err = d.watch(ctx, reached); err != nil {
			return err
		}
	}
	if !v.later {
		list, err := d.Measures.Tasks(ctx, measure.Filter{Agencies: ids, State: "recalled"})
		if err != nil {
			return err
		}
		if v.recalled, err = d.rows(ctx, list); err != nil {
			return err
		}
	}
	f := measure.Filter{Agencies: ids, State: v.state, Result: measure.Result(v.result), Measure: v.measure, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	list, err := d.Measures.Tasks(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *measure.Task) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.rows(ctx, list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "联合奖惩任务", ui.Link{Label: "联合奖惩任务"}), listPage(v))
}

type taskView struct {
	row
	events []ui.Event
	files  []fileView
	could  map[flow.Event]bool
	mine   bool // the reader may read the order too
	form   url.Values
	tried  flow.Event
	done   string
	fault  *fault.Error
	today  string
}

type fileView struct{ link, title, what string }

func (v *taskView) value(name, instead string) string {
	if v.form != nil && v.form.Has(name) {
		return v.form.Get(name)
	}
	return instead
}

// facts say what the order is, in the items that joint action is reported in.
func (v *taskView) facts() []ui.Fact {
	until := "至名单条目移出为止"
	if !v.order.Until.IsZero() {
		until = v.order.Until.AddDays(-1).String()
	}
	out := []ui.Fact{{Label: "主体", Value: v.who}}
	if v.code != "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: v.code, Code: true})
	}
	out = append(out, ui.Fact{Label: "名单", Value: v.list}, ui.Fact{Label: "措施", Value: v.what.Content, Note: v.order.Measure, Wide: true}, ui.Fact{Label: "依据", Value: v.order.Law, Wide: true}, ui.Fact{Label: "原因", Value: v.order.Reason, Wide: true},
		ui.Fact{Label: "应用事项", Value: v.matter}, ui.Fact{Label: "实施主体", Value: v.what.Body}, ui.Fact{Label: "生效", Value: v.order.From.String()}, ui.Fact{Label: "截止", Value: until},
		ui.Fact{Label: "发起单位", Value: v.issuer}, ui.Fact{Label: "响应单位", Value: v.unit})
	if !v.RespondedAt.IsZero() {
		late := ""
		if v.Late {
			late = "超过期限"
		}
		out = append(out, ui.Fact{Label: "响应时间", Value: desk.Moment(v.RespondedAt), Note: late})
	}
	if v.Result != "" {
		out = append(out, ui.Fact{Label: "执行结果", Value: v.Result.Word()}, ui.Fact{Label: "情况说明", Value: v.Reason, Wide: true}, ui.Fact{Label: "案号", Value: desk.Dash(v.CaseNo)})
		if !v.ExecutedOn.IsZero() {
			out = append(out, ui.Fact{Label: "执行日期", Value: v.ExecutedOn.String()})
		}
	}
	if v.State == "recalled" || v.State == "released" {
		out = append(out, ui.Fact{Label: "召回时间", Value: desk.Moment(v.RecalledAt)}, ui.Fact{Label: "解除原因", Value: v.order.RecallWhy.Word(), Wide: true})
	}
	if !v.ReleasedAt.IsZero() {
		out = append(out, ui.Fact{Label: "解除时间", Value: desk.Moment(v.ReleasedAt)})
	}
	return append(out, ui.Fact{Label: "指令编号", Value: desk.Dec(v.Order), Code: true}, ui.Fact{Label: "批次", Value: desk.Dec(v.order.Entry), Note: "同一名单条目的指令同属一批", Code: true})
}

var doneWords = map[string]string{
	"respond": "已响应，请按期反馈", "feedback": "已反馈", "release": "已确认解除", "issue": "指令已发出，各单位会收到任务", "ask": "已提出撤回，等另一人决定", "keep": "不予撤回，指令继续有效", "withdraw": "指令已撤回，各单位须确认解除", "save": "已保存",
}

func (d *Desk) task(w http.ResponseWriter, r *http.Request) error {
	return d.showTask(w, r, http.StatusOK, &taskView{done: doneWords[r.URL.Query().Get("done")]})
}

func (d *Desk) showTask(w http.ResponseWriter, r *http.Request, status int, v *taskView) error {
	ctx := r.Context()
	t, err := d.findTask(r)
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx, []measure.Task{t})
	if err != nil {
		return err
	}
	v.row, v.today = rows[0], clock.Today(d.Clock).String()
	if v.could, err = desk.Steps(ctx, d.Cases, t.Case); err != nil {
		return err
	}
	list, err := d.Cases.Timeline(ctx, t.Case)
	if err != nil {
		return err
	}
	for i := range list {
		s := &list[i]
		v.events = append(v.events, ui.Event{When: desk.Moment(s.Recorded), What: s.Said, Tone: ui.Plain})
		for _, a := range s.Files {
			v.files = append(v.files, fileView{v.link() + "/files/" + url.PathEscape(a.Hash), a.Title, desk.Moment(s.Recorded)})
		}
	}
	scope, err := d.scope(ctx, v.order.Agency)
	if err != nil {
		return err
	}
	v.mine = d.site.May(ctx, authz.MeasureRead, scope)
	p := desk.Page(d.site, r, "联合奖惩任务", ui.Link{Href: path, Label: "联合奖惩任务"}, ui.Link{Label: "任务"})
	return desk.Show(d.site, w, r, status, p, taskPage(v))
}

func (d *Desk) file(w http.ResponseWriter, r *http.Request) error {
	t, err := d.findTask(r)
	if err != nil {
		return err
	}
	a, f, err := d.Cases.OpenFile(r.Context(), t.Case, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	o, err := d.Measures.Order(r.Context(), d.DB.Read(), t.Order)
	if err != nil {
		return err
	}
	if err := d.Looks.Record(r.Context(), lookAt("task", t.Agency, t.Subject, o.Law)); err != nil {
		return err
	}
	desk.HandFile(w, r, a, f)
	return nil
}

// take makes the handler of a step of a task.
func (d *Desk) take(event flow.Event) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, d.Cases, "执行情况证明")
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return measure.ErrNone
		}
		if err == nil {
			err = d.step(r.Context(), event, id, form, files)
		}
		if err == nil {
			return desk.See(w, r, desk.Query(path+"/"+desk.Dec(id), "done", string(event)))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.showTask(w, r, web.Status(err), &taskView{fault: f, tried: event, form: form})
	}
}

// errDay refuses a day that cannot be read.
var errDay = fault.New(fault.Invalid, "tasks.day", "日期要写成 2026-12-01 这样", "请重新填写日期")

func day(text string) (clock.Date, error) {
	if text == "" {
		return 0, nil
	}
	on, err := clock.ParseDate(text)
	if err != nil {
		return 0, errDay.With(err)
	}
	return on, nil
}

func (d *Desk) step(ctx context.Context, event flow.Event, id int64, form url.Values, files []string) (err error) {
	switch event {
	case measure.EventRespond:
		_, err = d.Measures.Respond(ctx, id)
	case measure.EventRelease:
		_, err = d.Measures.Release(ctx, id)
	default:
		f := measure.Feedback{Result: measure.Result(form.Get("result")), Reason: form.Get("reason"), CaseNo: form.Get("case_no"), Evidence: files}
		if f.ExecutedOn, err = day(form.Get("executed_on")); err == nil {
			_, err = d.Measures.Feedback(ctx, id, f)
		}
	}
	return err
}
