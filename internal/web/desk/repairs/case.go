package repairs

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// step is a step of a case that a person takes on its page.
type step struct {
	name   string
	event  flow.Event
	action authz.Action
	file   string // what the file that goes with it is
	done   string
	do     func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error
}

func seenOf(form url.Values) int {
	n, _ := desk.Number(form.Get("seen"))
	return int(n)
}

var steps = []step{
	{"accept", repair.EventAccept, authz.RepairHandle, "", "已经受理，申请人会收到消息。", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		_, err := d.Repairs.Accept(ctx, id, seenOf(form))
		return err
	}},
	{"reject", repair.EventReject, authz.RepairHandle, "", "已经决定不予受理，申请人会收到消息。", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		_, err := d.Repairs.Reject(ctx, id, form.Get("reason"), seenOf(form))
		return err
	}},
	{"ask", flow.EventPause, authz.RepairHandle, "", "已经要求补正，计时中止。", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		return d.Repairs.Ask(ctx, id, form.Get("reason"))
	}},
	{"extend", flow.EventExtend, authz.RepairDecide, "", "已经延长，申请人会收到消息。", func(d *Desk, ctx context.Context, id int64, form url.Values, _ []string) error {
		days, err := strconv.Atoi(form.Get("days"))
		if err != nil {
			return errDays
		}
		return d.Repairs.Extend(ctx, id, days, form.Get("reason"))
	}},
	{"grant", repair.EventGrant, authz.RepairDecide, "准予修复决定书", "已经准予修复：记录停止公示、共享和使用。", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		a, err := answerOf(form, files)
		if err == nil {
			_, err = d.Repairs.Grant(ctx, id, a)
		}
		return err
	}},
	{"refuse", repair.EventRefuse, authz.RepairDecide, "不予修复决定书", "已经决定不予修复，申请人会收到消息。", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		a, err := answerOf(form, files)
		if err == nil {
			_, err = d.Repairs.Refuse(ctx, id, a)
		}
		return err
	}},
	{"breach", repair.EventNotify, authz.RepairBreach, "告知书送达回证", "已经告知，当事人可以陈述申辩。", func(d *Desk, ctx context.Context, id int64, form url.Values, files []string) error {
		a, err := answerOf(form, files)
		if err == nil {
			_, err = d.Repairs.Notify(ctx, id, form.Get("reason"), a)
		}
		return err
	}},
}

var errDays = fault.New(fault.Invalid, "repairs.days", "延长的天数要写成整数", "请填写工作日数")

// take makes the handler of a step.
func (d *Desk) take(s step) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, d.Cases, s.file)
		if err == nil {
			err = s.do(d, r.Context(), idOf(r), form, files)
		}
		if err == nil {
			return desk.See(w, r, desk.Query(caseLink(idOf(r)), "done", s.name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.show(w, r, web.Status(err), &caseView{fault: f, tried: s.name, form: form})
	}
}

// caseView is a case with everything about it.
type caseView struct {
	row
	app      repair.Application
	letter   string
	events   []ui.Event
	files    []desk.File
	breaches []ui.Link
	could    map[flow.Event]bool
	pause    bool // more can be asked for
	extend   bool
	breach   bool
	seen     string
	form     url.Values
	tried    string
	done     string
	fault    *fault.Error
	today    string
	early    bool // not before its earliest day
}

func (v *caseView) open(name string) bool { return v.tried == name }

// value keeps what was typed into the form that was refused.
func (v *caseView) value(name, field, instead string) string {
	if v.tried == name && v.form != nil {
		return v.form.Get(field)
	}
	return instead
}

func (v *caseView) to(name string) string { return v.link() + "/" + name }

func (d *Desk) one(w http.ResponseWriter, r *http.Request) error {
	v := &caseView{}
	for _, s := range steps {
		if s.name == r.URL.Query().Get("done") {
			v.done = s.done
		}
	}
	return d.show(w, r, http.StatusOK, v)
}

// show shows a case with its papers, its history and the steps that its reader may take.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, v *caseView) error {
	ctx := r.Context()
	c, err := d.find(r)
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx, []repair.Case{c})
	if err != nil {
		return err
	}
	v.row, v.today, v.early = rows[0], clock.Today(d.Clock).String(), clock.Today(d.Clock) < c.Earliest
	if v.app, err = d.Repairs.Application(ctx, c.Application); err != nil {
		return err
	}
	v.letter = string(v.app.Letter)
	f, err := d.Cases.Get(ctx, c.Flow)
	if err != nil {
		return err
	}
	v.seen = strconv.Itoa(f.Version)
	if v.could, err = desk.Steps(ctx, d.Cases, c.Flow); err != nil {
		return err
	}
	scope := desk.ScopeOf(c.Agency, c.Region, c.Subject, c.SentBy)
	v.pause = c.Open && f.PausedOn == 0 && !f.Overdue && d.site.May(ctx, authz.RepairHandle, scope)
	v.extend = c.State == "accepted" && f.PausedOn == 0 && !f.Overdue && f.Extended < f.ExtendUpTo && d.site.May(ctx, authz.RepairDecide, scope)
	if v.events, v.files, err = d.history(ctx, c.Flow, v.link()); err != nil {
		return err
	}
	list, err := d.Repairs.BreachesOf(ctx, c.ID)
	if err != nil {
		return err
	}
	v.breach = c.State == "granted" && d.site.May(ctx, authz.RepairBreach, scope)
	for i := range list {
		v.breaches = append(v.breaches, ui.Link{Href: breachPath + desk.Dec(list[i].ID), Label: desk.Word(breachWords, list[i].State)})
		v.breach = v.breach && list[i].State == "kept"
	}
	p := desk.Page(d.site, r, "信用修复", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Label: v.who})
	return desk.Show(d.site, w, r, status, p, casePage(v))
}

// history puts the steps of a procedure into sentences, with the files that went with them.
func (d *Desk) history(ctx context.Context, procedure int64, at string) (events []ui.Event, files []desk.File, err error) {
	list, err := d.Cases.Timeline(ctx, procedure)
	if err != nil {
		return nil, nil, err
	}
	events, files = desk.Told(list, at)
	for i := range list {
		events[i].When, events[i].Tone = desk.Moment(list[i].Recorded), ui.Plain
	}
	return events, files, nil
}

// facts say what was found, and what the rules say.
func (v *caseView) facts() []ui.Fact {
	c := &v.Case
	out := []ui.Fact{{Label: "主体", Value: v.who}}
	if v.code != "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: v.code, Code: true, Link: "/s/" + v.code})
	}
	out = append(out, ui.Fact{Label: "失信信息", Value: v.name, Wide: true})
	if c.DocNo != "" {
		out = append(out, ui.Fact{Label: "文书号", Value: c.DocNo})
	}
	out = append(out, ui.Fact{Label: "文书日期", Value: c.On.String()}, ui.Fact{Label: "失信程度", Value: desk.Word(classWords, c.Class)},
		ui.Fact{Label: "最早可以修复", Value: c.Earliest.String()}, ui.Fact{Label: "自动停止公示", Value: desk.Dash(c.End.String())}, ui.Fact{Label: "办理单位", Value: v.unit})
	if v.due != "" {
		out = append(out, ui.Fact{Label: "办理期限", Value: v.due, Note: v.left})
	}
	if c.AnswerNo != "" {
		out = append(out, ui.Fact{Label: "答复文书", Value: c.AnswerNo, Note: c.AnswerOn.String()})
	}
	if !c.Open && c.Reason != "" {
		out = append(out, ui.Fact{Label: "理由", Value: c.Reason, Wide: true})
	}
	if !c.Next.IsZero() {
		out = append(out, ui.Fact{Label: "可以重新申请", Value: c.Next.String() + " 起"})
	}
	return out
}

// nothing says why a page offers no step.
func (v *caseView) nothing() string {
	switch v.State {
	case "sent":
		return "受理由作出认定的单位的经办人办理。"
	case "accepted":
		return "是否准予修复由作出认定的单位有权决定的人员办理（须第二步验证）；严重失信的，须由受理人以外的人决定；名单条目由名单审批人决定。"
	case "granted":
		return "已经办结。发现违背承诺或者材料虚假的，由作出认定的单位告知后撤销。"
	}
	return "已经办结。"
}

// file hands out what went with a step.
func (d *Desk) file(w http.ResponseWriter, r *http.Request) error {
	c, err := d.find(r)
	if err != nil {
		return err
	}
	return d.hand(w, r, c.Flow, c.Subject, c.Agency)
}

func (d *Desk) hand(w http.ResponseWriter, r *http.Request, procedure, of, unit int64) error {
	return desk.Filed{Cases: d.Cases, Looks: d.Looks}.Hand(w, r, procedure, lookAt(of, unit))
}
