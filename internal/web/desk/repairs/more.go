package repairs

import (
	"context"
	"net/http"
	"net/url"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

var breachWords = map[string]string{"notified": "已告知拟撤销", "cancelled": "修复已撤销", "kept": "维持修复"}

var shieldWords = map[string]string{"asked": "待审核", "shielded": "屏蔽中", "denied": "不予屏蔽", "withdrawn": "申请人撤回", "ended": "屏蔽已结束"}

// moreView is a breach or a shielding with its history and the steps that its reader may take.
type moreView struct {
	title, lead string
	facts       []ui.Fact
	events      []ui.Event
	files       []desk.File
	acts        []act
	form        url.Values
	tried       string
	done        string
	fault       *fault.Error
	today, seen string
}

// act is a step with its form.
type act struct {
	name, label, effect, button, action string
	tone                                ui.Tone
	paper                               string // what its document is called; "" = none
}

func (v *moreView) value(name, field, instead string) string {
	if v.tried == name && v.form != nil {
		return v.form.Get(field)
	}
	return instead
}

// label names whom something is about.
func (d *Desk) label(ctx context.Context, of int64) (string, error) {
	labels, err := d.Labels.Labels(ctx, []int64{of})
	return labels[of], err
}

// fill reads the procedure of a breach or a shielding.
func (d *Desk) fill(ctx context.Context, v *moreView, procedure int64, at string, acts map[flow.Event]act) error {
	f, err := d.Cases.Get(ctx, procedure)
	if err != nil {
		return err
	}
	v.seen, v.today = desk.Dec(int64(f.Version)), clock.Today(d.Clock).String()
	if !f.Due.IsZero() && f.Open() {
		v.facts = append(v.facts, ui.Fact{Label: "期限", Value: f.Due.String()})
	}
	could, err := desk.Steps(ctx, d.Cases, procedure)
	if err != nil {
		return err
	}
	for _, event := range []flow.Event{repair.EventCancel, repair.EventKeep, repair.EventShield, repair.EventDeny, repair.EventEnd} {
		if a, ok := acts[event]; ok && could[event] {
			a.name, a.action = string(event), at+"/"+string(event)
			v.acts = append(v.acts, a)
		}
	}
	v.events, v.files, err = d.history(ctx, procedure, at)
	return err
}

func (d *Desk) breach(w http.ResponseWriter, r *http.Request) error {
	return d.showBreach(w, r, http.StatusOK, &moreView{done: map[string]string{"cancel": "修复已经撤销，记录恢复公示。", "keep": "维持修复结果。"}[r.URL.Query().Get("done")]})
}

func (d *Desk) showBreach(w http.ResponseWriter, r *http.Request, status int, v *moreView) error {
	ctx := r.Context()
	b, err := d.Repairs.Breach(ctx, idOf(r))
	if err != nil {
		return err
	}
	if err := d.Looks.Record(ctx, lookAt(b.Subject, b.Agency)); err != nil {
		return err
	}
	who, err := d.label(ctx, b.Subject)
	if err != nil {
		return err
	}
	v.title, v.lead = who, "撤销信用修复（"+desk.Word(breachWords, b.State)+"）"
	stated := "还没有"
	if b.Stated {
		stated = "已经陈述"
	}
	v.facts = []ui.Fact{
		{Label: "有关的修复", Value: "查看", Link: caseLink(b.Repair)},
		{Label: "事由", Value: b.Cause, Wide: true},
		{Label: "告知书", Value: b.NoticeNo, Note: b.NoticeOn.String()},
		{Label: "陈述申辩", Value: stated},
	}
	if b.DocNo != "" {
		v.facts = append(v.facts, ui.Fact{Label: "决定文书", Value: b.DocNo}, ui.Fact{Label: "理由", Value: b.Reason, Wide: true})
	}
	if !b.Until.IsZero() {
		v.facts = append(v.facts, ui.Fact{Label: "当事人可以重新申请", Value: b.Until.String() + " 起"})
	}
	err = d.fill(ctx, v, b.Flow, breachPath+desk.Dec(b.ID), map[flow.Event]act{
		repair.EventCancel: {label: "撤销修复", effect: "记录按最长期限恢复公示，当事人在规则写明的时间内不能提出新的修复申请。名单条目不因此恢复，须按名单程序重新列入。", button: "确认撤销", tone: ui.Bad, paper: "撤销修复决定文号"},
		repair.EventKeep:   {label: "维持修复", effect: "修复结果不变，程序到此终止，当事人会收到消息。", button: "确认维持", paper: "决定文号"},
	})
	if err != nil {
		return err
	}
	p := desk.Page(d.site, r, "撤销信用修复", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Label: "撤销修复"})
	return desk.Show(d.site, w, r, status, p, morePage(v))
}

// decide makes the handler of a decision on a breach.
func (d *Desk) decide(do func(ctx context.Context, breach int64, a repair.Answer) (repair.Breach, error), name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, d.Cases, "决定书")
		var a repair.Answer
		if err == nil {
			a, err = answerOf(form, files)
		}
		if err == nil {
			_, err = do(r.Context(), idOf(r), a)
		}
		if err == nil {
			return desk.See(w, r, desk.Query(breachPath+desk.Dec(idOf(r)), "done", name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.showBreach(w, r, web.Status(err), &moreView{fault: f, tried: name, form: form})
	}
}

func (d *Desk) breachFile(w http.ResponseWriter, r *http.Request) error {
	b, err := d.Repairs.Breach(r.Context(), idOf(r))
	if err != nil {
		return err
	}
	return d.hand(w, r, b.Flow, b.Subject, b.Agency)
}

// shieldRow is a shielding in a list.
type shieldRow struct {
	repair.Shield
	who, state string
	tone       ui.Tone
}

// shields lists the shieldings within the caller's reach.
func (d *Desk) shields(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := d.Repairs.Shields(ctx, 0, repair.MaxPage)
	if err != nil {
		return err
	}
	var rows []shieldRow
	var looks []audit.Access
	for i := range list {
		x := &list[i]
		if !d.site.May(ctx, authz.RepairShield, desk.ScopeOf(0, x.Region, x.Subject, x.AskedBy)) {
			continue
		}
		who, err := d.label(ctx, x.Subject)
		if err != nil {
			return err
		}
		row := shieldRow{Shield: *x, who: who, state: desk.Word(shieldWords, x.State), tone: ui.Plain}
		if x.State == "asked" {
			row.tone = ui.Warn
		}
		rows, looks = append(rows, row), append(looks, lookAt(x.Subject, 0))
	}
	if err := d.Looks.Record(ctx, looks...); err != nil {
		return err
	}
	p := desk.Page(d.site, r, "重整期间信息屏蔽", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Label: "重整期间屏蔽"})
	return desk.Show(d.site, w, r, http.StatusOK, p, shieldsPage(rows))
}

func (d *Desk) shield(w http.ResponseWriter, r *http.Request) error {
	return d.showShield(w, r, http.StatusOK, &moreView{done: map[string]string{"shield": "已经屏蔽。", "deny": "已经决定不予屏蔽。", "end": "屏蔽已经结束。"}[r.URL.Query().Get("done")]})
}

func (d *Desk) showShield(w http.ResponseWriter, r *http.Request, status int, v *moreView) error {
	ctx := r.Context()
	x, err := d.Repairs.ShieldOf(ctx, idOf(r))
	if err != nil {
		return err
	}
	if err := d.Looks.Record(ctx, lookAt(x.Subject, 0)); err != nil {
		return err
	}
	who, err := d.label(ctx, x.Subject)
	if err != nil {
		return err
	}
	v.title, v.lead = who, "重整期间信息屏蔽（"+desk.Word(shieldWords, x.State)+"）"
	v.facts = []ui.Fact{
		{Label: "法院", Value: x.Court},
		{Label: "裁定书", Value: x.No, Note: x.On.String()},
		{Label: "执行计划的最后一天", Value: x.Until.AddDays(-1).String()},
		{Label: "申请时间", Value: desk.Moment(x.AskedAt)},
	}
	err = d.fill(ctx, v, x.Flow, shieldPath+"/"+desk.Dec(x.ID), map[flow.Event]act{
		repair.EventShield: {label: "同意屏蔽", effect: "这个主体现行的全部失信信息暂时不公示、不共享，到执行计划的最后一天为止；期满自动恢复。请先核对裁定书的真伪。", button: "确认屏蔽", tone: ui.Bad},
		repair.EventDeny:   {label: "不予屏蔽", effect: "程序到此终止，申请人会收到消息和理由。", button: "确认不予屏蔽"},
		repair.EventEnd:    {label: "结束屏蔽", effect: "重整计划执行完毕、没有执行或者裁定被撤销的，从现在起恢复公示；已经修复、期满的不恢复。", button: "确认结束", tone: ui.Bad},
	})
	if err != nil {
		return err
	}
	p := desk.Page(d.site, r, "重整期间信息屏蔽", ui.Link{Href: path, Label: "信用修复"}, ui.Link{Href: shieldPath, Label: "重整期间屏蔽"}, ui.Link{Label: who})
	return desk.Show(d.site, w, r, status, p, morePage(v))
}

// onShield makes the handler of a step of a shielding.
func (d *Desk) onShield(event flow.Event) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := desk.Form(w, r)
		if err != nil {
			return err
		}
		ctx, id, seen := r.Context(), idOf(r), seenOf(form)
		switch event {
		case repair.EventShield:
			_, err = d.Repairs.Shield(ctx, id, form.Get("reason"), seen)
		case repair.EventDeny:
			_, err = d.Repairs.DenyShield(ctx, id, form.Get("reason"), seen)
		default:
			_, err = d.Repairs.EndShield(ctx, id, form.Get("reason"), seen)
		}
		if err == nil {
			return desk.See(w, r, desk.Query(shieldPath+"/"+desk.Dec(id), "done", string(event)))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return d.showShield(w, r, web.Status(err), &moreView{fault: f, tried: string(event), form: form})
	}
}

func (d *Desk) shieldFile(w http.ResponseWriter, r *http.Request) error {
	x, err := d.Repairs.ShieldOf(r.Context(), idOf(r))
	if err != nil {
		return err
	}
	return d.hand(w, r, x.Flow, x.Subject, 0)
}
