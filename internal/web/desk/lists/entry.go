package lists

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// step is a step of an entry that a person takes on its page.
type step struct {
	event  flow.Event
	action authz.Action
	file   string // what the file that goes with it is
	do     func(d *Desk, ctx context.Context, entry int64, form url.Values, files []string) error
}

var steps = []step{
	{listing.EventNotify, authz.ListingPropose, "送达回证", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		doc, err := document(form, files)
		if err == nil {
			_, err = d.Lists.Notify(ctx, id, doc)
		}
		return err
	}},
	{listing.EventStatement, authz.ListingPropose, "陈述申辩材料", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		_, err := d.Lists.Statement(ctx, id, form.Get("reason"), files)
		return err
	}},
	{listing.EventDemand, authz.ListingPropose, "听证申请", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		_, err := d.Lists.Demand(ctx, id, form.Get("reason"), files)
		return err
	}},
	{listing.EventHearing, authz.ListingPropose, "听证笔录", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		_, err := d.Lists.Hearing(ctx, id, form.Get("reason"), files)
		return err
	}},
	{listing.EventDrop, authz.ListingPropose, "", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		_, err := d.Lists.Drop(ctx, id, form.Get("reason"))
		return err
	}},
	{listing.EventDecide, authz.ListingDecide, "列入决定书", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		doc, err := document(form, files)
		if err != nil {
			return err
		}
		last, err := day(form.Get("until")) // the form asks for the last day, the entry has the first one after it
		if err != nil {
			return err
		}
		if !last.IsZero() {
			last = last.AddDays(1)
		}
		_, err = d.Lists.Decide(ctx, id, listing.Decision{Document: doc, Reason: form.Get("reason"), Until: last})
		return err
	}},
	{listing.EventLeave, authz.ListingPropose, "移出的材料", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		_, err := d.Lists.Leave(ctx, id, listing.Why(form.Get("why")), form.Get("reason"), files)
		return err
	}},
	{listing.EventStay, authz.ListingDecide, "", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		_, err := d.Lists.Stay(ctx, id, form.Get("reason"))
		return err
	}},
	{listing.EventRemove, authz.ListingDecide, "移出决定书", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		doc, err := document(form, files)
		if err == nil {
			_, err = d.Lists.Remove(ctx, id, listing.Removal{Document: doc, Reason: form.Get("reason")})
		}
		return err
	}},
}

func document(form url.Values, files []string) (listing.Document, error) {
	on, err := day(form.Get("on"))
	return listing.Document{No: form.Get("no"), On: on, Files: files}, err
}

// take makes the handler of a step.
func (d *Desk) take(s step) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, d.Cases, s.file)
		id, ok := desk.Number(r.PathValue("id"))
		if !ok {
			return errEntry
		}
		if err == nil {
			err = s.do(d, r.Context(), id, form, files)
		}
		if err == nil {
			return desk.See(w, r, desk.Query(entryLink(id), "done", string(s.event)))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.showEntry(w, r, web.Status(err), &entryView{fault: f, tried: s.event, form: form})
	}
}

// entryView is an entry with everything about it.
type entryView struct {
	row
	events  []ui.Event
	files   []desk.File
	steps   []ui.Step
	could   map[flow.Event]bool
	order   bool       // an order can be issued from it
	ready   clock.Date // first day on which it may be decided; 0 = at once
	unheard bool       // the notice is still to be served, or its time runs
	form    url.Values
	tried   flow.Event
	done    string
	fault   *fault.Error
	today   string
	last    string // last day of the entry, if it is decided on today, in words
}

func (v *entryView) open(e flow.Event) bool { return v.tried == e }

// value keeps what was typed into the form that was refused.
func (v *entryView) value(e flow.Event, name, instead string) string {
	if v.tried == e && v.form != nil {
		return v.form.Get(name)
	}
	return instead
}

func (v *entryView) to(e flow.Event) string { return v.link() + "/" + string(e) }

func (v *entryView) facts() []ui.Fact {
	out := []ui.Fact{
		{Label: "名单", Value: v.kind.Name}, {Label: "性质", Value: v.kind.Polarity.Name()}, {Label: "主体", Value: v.who},
	}
	if v.code != "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: v.code, Code: true})
	}
	out = append(out, ui.Fact{Label: "认定单位", Value: v.unit}, ui.Fact{Label: "依据", Value: v.Law, Wide: true}, ui.Fact{Label: "列入事由", Value: v.Cause, Wide: true})
	if v.NoticeNo != "" {
		out = append(out, ui.Fact{Label: "告知书", Value: v.NoticeNo, Note: v.NoticeOn.String() + " 送达"})
	}
	if v.DocNo != "" {
		out = append(out, ui.Fact{Label: "列入决定", Value: v.DocNo, Note: v.ListedOn.String()}, ui.Fact{Label: "期限", Value: v.until()})
	}
	if v.State == listing.Listed && v.RemovedWhy != "" {
		out = append(out, ui.Fact{Label: "拟移出", Value: v.RemovedWhy.Word(), Note: "还没有决定"})
	}
	if v.State == listing.Removed {
		out = append(out, ui.Fact{Label: "移出日期", Value: v.RemovedOn.String()}, ui.Fact{Label: "移出原因", Value: v.RemovedWhy.Word()})
		if v.RemovedDoc != "" {
			out = append(out, ui.Fact{Label: "移出决定", Value: v.RemovedDoc}, ui.Fact{Label: "理由", Value: v.RemovedNote, Wide: true})
		}
	}
	return out
}

func (d *Desk) entry(w http.ResponseWriter, r *http.Request) error {
	return d.showEntry(w, r, http.StatusOK, &entryView{done: doneWords[r.URL.Query().Get("done")]})
}

// showEntry shows an entry with its history and the steps that its reader may take.
func (d *Desk) showEntry(w http.ResponseWriter, r *http.Request, status int, v *entryView) error {
	ctx := r.Context()
	e, err := d.find(r)
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx, []listing.Entry{e}, true)
	if err != nil {
		return err
	}
	v.row, v.today = rows[0], clock.Today(d.Clock).String()
	if v.could, err = desk.Steps(ctx, d.Cases, e.Case); err != nil {
		return err
	}
	delete(v.could, listing.EventTurn) // a step of other procedures
	if err := d.history(ctx, v); err != nil {
		return err
	}
	v.clocks(d, clock.Today(d.Clock))
	v.order = e.State == listing.Listed && d.site.May(ctx, authz.MeasureIssue, authz.Scope{Agency: e.Agency, Region: e.Region})
	p := desk.Page(d.site, r, "名单条目", ui.Link{Href: path, Label: "名单"}, ui.Link{Label: v.kind.Name})
	return desk.Show(d.site, w, r, status, p, entryPage(v))
}

// clocks says how far the procedure is, and from when on it may be decided.
func (v *entryView) clocks(d *Desk, today clock.Date) {
	k := v.kind
	if k.Notice > 0 || k.Hearing {
		if v.unheard = v.NoticeOn.IsZero(); !v.unheard {
			v.ready = d.Calendar.AddWorkdays(v.NoticeOn, k.Notice).AddDays(1)
			v.unheard = today < v.ready
		}
	}
	v.last = "至移出为止"
	if until := k.Until(today); !until.IsZero() {
		v.last = "至 " + until.AddDays(-1).String()
	}
	at := func(done, now bool) ui.StepState {
		switch {
		case done:
			return ui.StepDone
		case now:
			return ui.StepNow
		}
		return ui.StepAhead
	}
	served := !v.NoticeOn.IsZero()
	v.steps = []ui.Step{{Label: "提出", State: ui.StepDone, Note: clock.DateOf(v.ProposedAt).String()}}
	if k.Notice > 0 || k.Hearing {
		note := strconv.Itoa(k.Notice) + " 个工作日陈述申辩"
		if served && !v.unheard {
			note = "陈述申辩期已满"
		}
		v.steps = append(v.steps, ui.Step{Label: "告知", Note: note, State: at(served, v.State == listing.Open)})
	}
	if v.State == listing.Dropped {
		v.steps = append(v.steps, ui.Step{Label: "不予列入", State: ui.StepDone})
		return
	}
	listed := !v.ListedOn.IsZero()
	v.steps = append(v.steps, ui.Step{Label: "决定列入", State: at(listed, v.State == listing.Open && !v.unheard)}, ui.Step{Label: "在列", Note: v.until(), State: at(v.State == listing.Removed, v.State == listing.Listed)},
		ui.Step{Label: "移出", State: at(v.State == listing.Removed, false)})
}

// history puts the steps into sentences, with the files that went with them.
func (d *Desk) history(ctx context.Context, v *entryView) error {
	list, err := d.Cases.Timeline(ctx, v.Case)
	if err != nil {
		return err
	}
	v.events, v.files = desk.Told(list, v.link())
	for i := range list {
		e := &v.events[i]
		e.When, e.Tone = desk.Moment(list[i].Recorded), ui.Plain
		switch list[i].To {
		case "listed":
			e.Tone = v.tone
		case "removed", "dropped":
			e.Tone = ui.Good
		}
	}
	return nil
}

// file hands out what went with a step.
func (d *Desk) file(w http.ResponseWriter, r *http.Request) error {
	e, err := d.find(r)
	if err != nil {
		return err
	}
	return desk.Filed{Cases: d.Cases, Looks: d.Looks}.Hand(w, r, e.Case, lookAt(e))
}

// paperView is 告知书.
type paperView struct {
	row
	today string
}

// paper shows the notice to be served, ready for the printer.
func (d *Desk) paper(w http.ResponseWriter, r *http.Request) error {
	e, err := d.find(r)
	if err != nil {
		return err
	}
	rows, err := d.rows(r.Context(), []listing.Entry{e}, true)
	if err != nil {
		return err
	}
	v := &paperView{row: rows[0], today: clock.Today(d.Clock).String()}
	if !e.NoticeOn.IsZero() {
		v.today = e.NoticeOn.String()
	}
	p := desk.Page(d.site, r, "列入名单告知书", ui.Link{Href: path, Label: "名单"}, ui.Link{Href: v.link(), Label: v.kind.Name}, ui.Link{Label: "告知书"})
	return desk.Show(d.site, w, r, http.StatusOK, p, paperPage(v))
}
