package me

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"gongxin/internal/flow"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// moreRoutes hangs in what follows a repair, shielding, and the notices that go with decisions.
func (x *repairs) moreRoutes(page func(string, web.Guard, web.Handler), mine web.Guard) {
	ofBreach := x.of(func(ctx context.Context, id int64) (int64, error) {
		b, err := x.Repairs.Breach(ctx, id)
		return b.Subject, err
	})
	page("GET "+repairBreach+"{id}", ofBreach, x.breach)
	page("POST "+repairBreach+"{id}/state", ofBreach, x.state)
	page("GET "+repairBreach+"{id}/files/{hash}", ofBreach, x.breachFile)
	ofShield := x.of(func(ctx context.Context, id int64) (int64, error) {
		s, err := x.Repairs.ShieldOf(ctx, id)
		return s.Subject, err
	})
	page("GET "+repairShield+"new", mine, x.newShield)
	page("POST "+repairShield+"new", mine, x.askShield)
	page("GET "+repairShield+"{id}", ofShield, x.shield)
	page("POST "+repairShield+"{id}/withdraw", ofShield, x.withdrawShield)
	page("GET "+repairShield+"{id}/files/{hash}", ofShield, x.shieldFile)
	page("GET "+repairPaper+"{record}", mine, x.paper)
	page("GET "+repairPaper+"{record}/notice.pdf", mine, x.paperPDF)
}

// repairPathView is the page of a breach or of a shielding: facts, what happened, and what the subject can do.
type repairPathView struct {
	Place
	facts       []ui.Fact
	events      []ui.Event
	files       []ui.Link
	act         string // address of the one form; "" = nothing to do
	state       bool   // the form states one's case; else it withdraws
	fault, done string
	typed, seen string
	dispute     string // address at which what was decided can be disputed; "" = there is none
}

func (x *repairs) breach(w http.ResponseWriter, r *http.Request) error {
	return x.showBreach(w, r, http.StatusOK, "", "")
}

func (x *repairs) showBreach(w http.ResponseWriter, r *http.Request, status int, wrong, typed string) error {
	ctx := r.Context()
	b, err := x.Repairs.Breach(ctx, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p, elsewhere, err := x.placeOf(w, r, b.Subject)
	if err != nil || elsewhere {
		return err
	}
	here := repairBreach + strconv.FormatInt(b.ID, 10)
	v := &repairPathView{Place: p, fault: wrong, typed: typed, done: repairDone[r.URL.Query().Get("done")], state: true}
	v.facts = []ui.Fact{
		{Label: "事由", Value: b.Cause, Wide: true},
		{Label: "告知书", Value: b.NoticeNo, Note: b.NoticeOn.String()},
		{Label: "办理单位", Value: x.c.unit(ctx, b.Agency)},
		{Label: "状态", Value: repairBreachWords[b.State]},
	}
	if b.DocNo != "" {
		v.facts = append(v.facts, ui.Fact{Label: "决定文书", Value: b.DocNo}, ui.Fact{Label: "理由", Value: b.Reason, Wide: true})
	}
	if !b.Until.IsZero() {
		v.facts = append(v.facts, ui.Fact{Label: "可以重新申请修复", Value: b.Until.String() + " 起"})
	}
	k, err := x.Repairs.Case(ctx, b.Repair)
	if err != nil {
		return err
	}
	if b.State == "cancelled" && k.At.Key != 0 {
		v.dispute = repairDispute(p, &k)
	}
	if b.State == "cancelled" && k.Entry != 0 {
		v.facts = append(v.facts, ui.Fact{Label: "名单条目", Value: "不因撤销修复而恢复；是否重新列入，由认定单位按列入程序另行决定。", Wide: true})
	}
	v.facts = append(v.facts, ui.Fact{Label: "有关的修复", Value: "查看修复的办理", Link: p.Link(repairCase + strconv.FormatInt(b.Repair, 10))})
	if err := x.fill(ctx, v, b.Flow, b.Subject, p.Link(here+"/files/"), repair.EventState, p.Link(here+"/state")); err != nil {
		return err
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Label: "撤销修复"}}
	return x.c.Show(w, r, status, p, Sheet{Title: "撤销信用修复", Lead: "作出认定的单位拟撤销修复结果时，您有权陈述、申辩。", Crumbs: crumbs, Keep: true}, repairPathPage(v))
}

// fill puts the procedure into a page, with its one form.
func (x *repairs) fill(ctx context.Context, v *repairPathView, procedure, subject int64, files string, event flow.Event, act string) error {
	if err := x.look(ctx, subject); err != nil {
		return err
	}
	var err error
	if v.seen, err = x.seen(ctx, procedure); err != nil {
		return err
	}
	could, err := desk.Steps(ctx, x.Cases, procedure)
	if err != nil {
		return err
	}
	if could[event] {
		v.act = act
	}
	steps, err := x.Cases.Timeline(ctx, procedure)
	if err != nil {
		return err
	}
	v.events, v.files = repairHistory(steps, files, v.Place)
	return nil
}

// state takes in the subject's own words.
func (x *repairs) state(w http.ResponseWriter, r *http.Request) error {
	form, hashes, err := desk.FormWithFile(w, r, x.Cases, "陈述申辩材料")
	if err == nil {
		_, err = x.Repairs.State(r.Context(), number(r.PathValue("id")), form.Get("reason"), hashes)
	}
	if err == nil {
		return x.back(w, r, repairBreach, "stated")
	}
	words, ok := repairRefusal(err)
	if !ok {
		return err
	}
	return x.showBreach(w, r, web.Status(err), words, form.Get("reason"))
}

// back leads to the page of what was changed.
func (*repairs) back(w http.ResponseWriter, r *http.Request, path, what string) error {
	v := url.Values{"done": {what}}
	if of := r.URL.Query().Get("of"); of != "" {
		v.Set("of", of)
	}
	return done(w, r, repairQuery(path+strconv.FormatInt(number(r.PathValue("id")), 10), v))
}

func (x *repairs) breachFile(w http.ResponseWriter, r *http.Request) error {
	b, err := x.Repairs.Breach(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	return x.handFile(w, r, b.Subject, b.Flow)
}

// repairShieldForm asks for shielding while a court's reorganisation is carried out.
type repairShieldForm struct {
	Place
	court, no, on, until, text string
	fault                      string
	list                       []ui.Link
}

func (x *repairs) newShield(w http.ResponseWriter, r *http.Request) error {
	return x.showShieldForm(w, r, http.StatusOK, &repairShieldForm{})
}

func (x *repairs) showShieldForm(w http.ResponseWriter, r *http.Request, status int, v *repairShieldForm) (err error) {
	if v.Place, err = x.c.Place(r, repairTab, repairShield+"new"); err != nil {
		return err
	}
	list, err := x.Repairs.Shields(r.Context(), v.Subject, 20)
	if err != nil {
		return err
	}
	for i := range list {
		v.list = append(v.list, ui.Link{Href: v.Link(repairShield + strconv.FormatInt(list[i].ID, 10)), Label: list[i].No + "（" + repairShieldWords[list[i].State] + "）"})
	}
	crumbs := []ui.Link{{Href: v.Link(repairPath), Label: "信用修复"}, {Label: "重整期间屏蔽"}}
	return x.c.Show(w, r, status, v.Place, Sheet{Title: "重整期间信息屏蔽", Lead: "法院裁定批准重整计划或者认可和解协议的，在执行期间可以申请暂时不公示失信信息。不收费。", Crumbs: crumbs}, repairShieldPage(v))
}

var repairShieldWords = map[string]string{"asked": "待审核", "shielded": "屏蔽中", "denied": "不予屏蔽", "withdrawn": "已撤回", "ended": "屏蔽已结束"}

func (x *repairs) askShield(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, repairTab, repairShield+"new")
	if err != nil {
		return err
	}
	form, hashes, err := desk.FormWithFile(w, r, x.Cases, "法院裁定书")
	v := &repairShieldForm{court: form.Get("court"), no: form.Get("no"), on: form.Get("on"), until: form.Get("until"), text: form.Get("reason")}
	ruling := repair.Ruling{Court: v.court, No: v.no, Text: v.text, Files: hashes}
	if err == nil {
		ruling.On, err = repairDay(v.on)
	}
	if err == nil {
		ruling.Until, err = repairDay(v.until)
	}
	if err == nil {
		if !ruling.Until.IsZero() {
			ruling.Until = ruling.Until.AddDays(1) // the form asks for the last day
		}
		var s repair.Shield
		if s, err = x.Repairs.AskShield(r.Context(), p.Subject, ruling); err == nil {
			return done(w, r, p.Link(repairShield+strconv.FormatInt(s.ID, 10), "done", "asked"))
		}
	}
	words, ok := repairRefusal(err)
	if !ok {
		return err
	}
	v.fault = words
	return x.showShieldForm(w, r, web.Status(err), v)
}

func (x *repairs) shield(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s, err := x.Repairs.ShieldOf(ctx, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p, elsewhere, err := x.placeOf(w, r, s.Subject)
	if err != nil || elsewhere {
		return err
	}
	here := repairShield + strconv.FormatInt(s.ID, 10)
	v := &repairPathView{Place: p, done: repairDone[r.URL.Query().Get("done")]}
	v.facts = []ui.Fact{
		{Label: "法院", Value: s.Court}, {Label: "裁定书", Value: s.No, Note: s.On.String()}, {Label: "执行计划的最后一天", Value: s.Until.AddDays(-1).String()}, {Label: "状态", Value: repairShieldWords[s.State]},
	}
	if err := x.fill(ctx, v, s.Flow, s.Subject, p.Link(here+"/files/"), repair.EventWithdraw, p.Link(here+"/withdraw")); err != nil {
		return err
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Label: "重整期间屏蔽"}}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{Title: "重整期间信息屏蔽", Crumbs: crumbs, Keep: true}, repairPathPage(v))
}

func (x *repairs) withdrawShield(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if _, err := x.Repairs.WithdrawShield(r.Context(), number(r.PathValue("id")), int(number(r.PostForm.Get("seen")))); err != nil {
		return err
	}
	return x.back(w, r, repairShield, "withdrawn")
}

func (x *repairs) shieldFile(w http.ResponseWriter, r *http.Request) error {
	s, err := x.Repairs.ShieldOf(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	return x.handFile(w, r, s.Subject, s.Flow)
}

// ownPaper gives the notice of one of the subject's own records.
func (x *repairs) ownPaper(r *http.Request) (Place, repair.Paper, error) {
	p, err := x.c.Place(r, repairTab, repairPath)
	if err != nil {
		return p, repair.Paper{}, err
	}
	at, err := record.ParseID(r.PathValue("record"))
	if err != nil {
		return p, repair.Paper{}, errNotMine
	}
	paper, err := x.Repairs.OwnPaper(r.Context(), p.Subject, at)
	return p, paper, err
}

func (x *repairs) paper(w http.ResponseWriter, r *http.Request) error {
	p, paper, err := x.ownPaper(r)
	if err != nil {
		return err
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Label: "修复告知书"}}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{Title: "信用修复告知书", Lead: "随处罚决定书一并送达的告知书，写明这条信息自己的日期。", Crumbs: crumbs, Keep: true}, repairPaperPage(&paper, p.Link(repairPaper+r.PathValue("record")+"/notice.pdf")))
}

func (x *repairs) paperPDF(w http.ResponseWriter, r *http.Request) error {
	_, paper, err := x.ownPaper(r)
	if err != nil {
		return err
	}
	raw, err := x.Repairs.PDF(&paper, x.c.now())
	if err != nil {
		return err
	}
	return repairHandPDF(w, raw, "repair-notice.pdf")
}

func repairHandPDF(w http.ResponseWriter, raw []byte, name string) error {
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	_, err := w.Write(raw) //nolint:gosec // G705: a file to be kept, with its type and nosniff, is no page
	return err
}
