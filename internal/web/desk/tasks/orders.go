package tasks

import (
	"context"
	"net/http"
	"net/url"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func (d *Desk) findOrder(r *http.Request) (measure.Order, error) {
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return measure.Order{}, measure.ErrNone
	}
	return d.Measures.Order(r.Context(), d.DB.Read(), id)
}

func (d *Desk) ofOrder(a authz.Action) web.Guard {
	return web.Of(a, ofIssuer, func(r *http.Request) (authz.Scope, error) {
		o, err := d.findOrder(r)
		if err != nil {
			return authz.Scope{}, err
		}
		return d.scope(r.Context(), o.Agency)
	})
}

// ofEntry guards issuing an order because of an entry.
func (d *Desk) ofEntry() web.Guard {
	return web.Of(authz.MeasureIssue, ofIssuer, func(r *http.Request) (authz.Scope, error) {
		e, err := d.findEntry(r)
		return authz.Scope{Agency: e.Agency, Region: e.Region}, err
	})
}

func (d *Desk) findEntry(r *http.Request) (listing.Entry, error) {
	id, ok := desk.Number(r.PathValue("entry"))
	if !ok {
		return listing.Entry{}, listing.ErrNone
	}
	return d.Lists.Get(r.Context(), d.DB.Read(), id)
}

// orderRow is an order in a list, in words.
type orderRow struct {
	measure.Order
	what   measure.Row
	who    string
	code   string
	issuer string
	list   string
}

func (o *orderRow) link() string { return ordersPath + "/" + desk.Dec(o.ID) }

var orderWords = map[string]string{string(measure.Open): "执行中", string(measure.Recalled): "已召回，待各单位确认", string(measure.Released): "已解除"}

func (o *orderRow) state() string { return orderWords[string(o.State)] }

func (o *orderRow) tone() ui.Tone {
	switch o.State {
	case measure.Open:
		return ui.Accent
	case measure.Recalled:
		return ui.Bad
	}
	return ui.Plain
}

func (d *Desk) orderRows(ctx context.Context, list []measure.Order) ([]orderRow, error) {
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
	out := make([]orderRow, len(list))
	for i := range list {
		o := orderRow{Order: list[i], what: d.Measures.RowOf(&list[i]), who: labels[list[i].Subject], list: d.listName(list[i].List)}
		if sub := subjects[o.Subject]; sub.Kind != "person" {
			o.code = sub.Code
		}
		if o.issuer, err = d.unitName(ctx, o.Agency); err != nil {
			return nil, err
		}
		out[i] = o
	}
	return out, d.Looks.Record(ctx, publish.Each(list, func(o measure.Order) audit.Access { return lookAt("order", o.Agency, o.Subject, o.Law) })...)
}

func (d *Desk) listName(code string) string {
	if k, ok := d.Kinds().ByCode(code); ok {
		return k.Name
	}
	return code
}

type ordersView struct {
	state, unit   string
	states, units []ui.Option
	rows          []orderRow
	pager         ui.PagerSpec
	later         bool
	lists         bool // the reader reaches the desk of lists
}

func (v *ordersView) active() bool { return v.state+v.unit != "" }

func (v *ordersView) at(after string) string {
	return desk.Query(ordersPath, "state", v.state, "unit", v.unit, "after", after)
}

// orders lists the orders that units within the caller's reach issued.
func (d *Desk) orders(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := &ordersView{state: q.Get("state"), unit: q.Get("unit"), later: q.Get("after") != "", lists: d.site.Leads(r, entriesPath)}
	for _, s := range []measure.OrderState{measure.Open, measure.Recalled, measure.Released} {
		v.states = append(v.states, ui.Option{Value: string(s), Label: orderWords[string(s)]})
	}
	units, ids, err := desk.Narrow(ctx, d.site, d.Agencies, authz.MeasureRead, v.unit)
	if err != nil {
		return err
	}
	v.units = units
	f := measure.Filter{Agencies: ids, State: v.state, Limit: desk.ListRows + 1}
	f.After, _ = desk.Number(q.Get("after"))
	list, err := d.Measures.Orders(ctx, f)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = v.at("")
	}
	list = desk.Shown(list, &v.pager, func(last *measure.Order) string { return v.at(desk.Dec(last.ID)) })
	if v.rows, err = d.orderRows(ctx, list); err != nil {
		return err
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "联合奖惩指令", ui.Link{Href: path, Label: "联合奖惩任务"}, ui.Link{Label: "指令"}), ordersPage(v))
}

// choiceView is a measure that may be chosen, with who would get a task.
type choiceView struct {
	measure.Choice
	units []string // "单位：应用事项"
}

type newOrderView struct {
	entry   listing.Entry
	who     string
	list    string
	choices []choiceView
	form    url.Values
	fault   *fault.Error
	stands  bool
}

func (v *newOrderView) value(code, name string) string {
	if v.form != nil && v.form.Get("measure") == code {
		return v.form.Get(name)
	}
	return ""
}

func (d *Desk) newOrder(w http.ResponseWriter, r *http.Request) error {
	return d.showNewOrder(w, r, http.StatusOK, &newOrderView{})
}

// showNewOrder offers the measures that fit the entry, each with the units that would get a task.
func (d *Desk) showNewOrder(w http.ResponseWriter, r *http.Request, status int, v *newOrderView) (err error) {
	ctx := r.Context()
	if v.entry, err = d.findEntry(r); err != nil {
		return err
	}
	labels, err := d.Labels.Labels(ctx, []int64{v.entry.Subject})
	if err != nil {
		return err
	}
	v.who, v.list = labels[v.entry.Subject], d.listName(v.entry.Kind)
	basis := v.list
	if k, ok := d.Kinds().ByCode(v.entry.Kind); ok {
		basis = k.Basis.String()
	}
	if err := d.Looks.Record(ctx, lookAt("listing", v.entry.Agency, v.entry.Subject, basis)); err != nil {
		return err
	}
	list, stands, err := d.Measures.Choices(ctx, v.entry.ID)
	if err != nil {
		return err
	}
	v.stands = stands
	for _, c := range list {
		one := choiceView{Choice: c}
		for _, m := range c.Matters {
			unit, err := d.unitName(ctx, m.Agency)
			if err != nil {
				return err
			}
			name := m.Matter
			if matter, err := d.Matters.ByCode(ctx, m.Matter); err == nil {
				name = matter.Name
			}
			one.units = append(one.units, unit+"（"+name+"）")
		}
		v.choices = append(v.choices, one)
	}
	p := desk.Page(d.site, r, "发起联合奖惩", ui.Link{Href: ordersPath, Label: "联合奖惩指令"}, ui.Link{Label: "发起"})
	return desk.Show(d.site, w, r, status, p, newOrderPage(v))
}

func (d *Desk) issue(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	e, err := d.findEntry(r)
	if err != nil {
		return err
	}
	until, err := day(form.Get("until"))
	if !until.IsZero() {
		until = until.AddDays(1) // the form asks for the last day
	}
	if err == nil {
		var o measure.Order
		if o, err = d.Measures.Issue(r.Context(), measure.Issue{Entry: e.ID, Measure: form.Get("measure"), Reason: form.Get("reason"), Until: until}); err == nil {
			return desk.See(w, r, desk.Query(ordersPath+"/"+desk.Dec(o.ID), "done", "issue"))
		}
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	return d.showNewOrder(w, r, web.Status(err), &newOrderView{form: form, fault: f})
}

type orderView struct {
	orderRow
	tasks []row
	lists bool // the reader reaches the desk of lists
	ask   bool // may ask that it be withdrawn
	grant bool // may decide on that, for
	keep  bool // or against it
	done  string
	fault *fault.Error
}

func (v *orderView) facts() []ui.Fact {
	until := "至名单条目移出为止"
	if !v.Until.IsZero() {
		until = v.Until.AddDays(-1).String()
	}
	out := []ui.Fact{{Label: "主体", Value: v.who}}
	if v.code != "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: v.code, Code: true})
	}
	out = append(out, ui.Fact{Label: "名单", Value: v.list}, ui.Fact{Label: "措施", Value: v.what.Content, Note: v.Measure, Wide: true}, ui.Fact{Label: "依据", Value: v.Law, Wide: true},
		ui.Fact{Label: "实施主体", Value: v.what.Body}, ui.Fact{Label: "原因", Value: v.Reason, Wide: true}, ui.Fact{Label: "发起单位", Value: v.issuer}, ui.Fact{Label: "发起时间", Value: desk.Moment(v.IssuedAt)},
		ui.Fact{Label: "生效", Value: v.From.String()}, ui.Fact{Label: "截止", Value: until}, ui.Fact{Label: "清单版本", Value: v.BaseOn.String() + " 有效的基础清单"})
	if v.Withdrawal != 0 {
		out = append(out, ui.Fact{Label: "拟撤回", Value: v.RecallNote, Note: "还没有决定，指令继续有效", Wide: true})
	}
	if !v.RecalledAt.IsZero() {
		out = append(out, ui.Fact{Label: "召回时间", Value: desk.Moment(v.RecalledAt)}, ui.Fact{Label: "解除原因", Value: v.RecallWhy.Word(), Wide: true})
		if v.RecallNote != "" {
			out = append(out, ui.Fact{Label: "说明", Value: v.RecallNote, Wide: true})
		}
	}
	if !v.ReleasedAt.IsZero() {
		out = append(out, ui.Fact{Label: "全部解除", Value: desk.Moment(v.ReleasedAt)})
	}
	return append(out, ui.Fact{Label: "指令编号", Value: desk.Dec(v.ID), Code: true}, ui.Fact{Label: "批次", Value: desk.Dec(v.Entry), Note: "同一名单条目的指令同属一批", Code: true})
}

func (d *Desk) order(w http.ResponseWriter, r *http.Request) error {
	return d.showOrder(w, r, http.StatusOK, &orderView{done: doneWords[r.URL.Query().Get("done")]})
}

// showOrder is the report of one order: what, on what basis, who did what about it, and how it ended.
func (d *Desk) showOrder(w http.ResponseWriter, r *http.Request, status int, v *orderView) error {
	ctx := r.Context()
	o, err := d.findOrder(r)
	if err != nil {
		return err
	}
	rows, err := d.orderRows(ctx, []measure.Order{o})
	if err != nil {
		return err
	}
	v.orderRow, v.lists = rows[0], d.site.Leads(r, entriesPath)
	list, err := d.Measures.TasksOf(ctx, &o)
	if err != nil {
		return err
	}
	if v.tasks, err = d.rows(ctx, list); err != nil {
		return err
	}
	scope, err := d.scope(ctx, o.Agency)
	if err != nil {
		return err
	}
	switch {
	case o.State != measure.Open:
	case o.Withdrawal == 0:
		v.ask = d.site.May(ctx, authz.MeasureIssue, scope)
	default:
		could, err := desk.Steps(ctx, d.Cases, o.Withdrawal)
		if err != nil {
			return err
		}
		v.grant, v.keep = could[measure.EventGrant], could[measure.EventKeep]
	}
	p := desk.Page(d.site, r, "联合奖惩案例报告", ui.Link{Href: ordersPath, Label: "联合奖惩指令"}, ui.Link{Label: "案例报告"})
	return desk.Show(d.site, w, r, status, p, orderPage(v))
}

// withdraw is asking that an order be withdrawn, and deciding on it.
func (d *Desk) withdraw(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	o, err := d.findOrder(r)
	if err != nil {
		return err
	}
	done := "withdraw"
	switch act := form.Get("act"); act {
	case "grant":
		err = d.Measures.Withdraw(r.Context(), o.ID)
	case "keep":
		done, err = act, d.Measures.KeepOrder(r.Context(), o.ID, form.Get("reason"))
	default:
		done, err = "ask", d.Measures.AskWithdrawal(r.Context(), o.ID, form.Get("reason"))
	}
	if err == nil {
		return desk.See(w, r, desk.Query(ordersPath+"/"+desk.Dec(o.ID), "done", done))
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	return d.showOrder(w, r, web.Status(err), &orderView{fault: f})
}
