package me

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gongxin/internal/flow"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// repairCaseView is one record of an application with its history.
type repairCaseView struct {
	Place
	repairCaseRow
	steps       []ui.Step
	events      []ui.Event
	files       []ui.Link
	breaches    []ui.Link
	could       map[flow.Event]bool
	fault, done string
	text, seen  string
	unit        string
	dispute     string // address at which the answer can be disputed; "" = there is none
}

func (v *repairCaseView) at(tail string) string {
	return v.Link(repairCase + strconv.FormatInt(v.ID, 10) + tail)
}

// seen is the version of a procedure that a page shows.
func (x *repairs) seen(ctx context.Context, procedure int64) (string, error) {
	f, err := x.Cases.Get(ctx, procedure)
	if err != nil {
		return "", err
	}
	return strconv.Itoa(f.Version), nil
}

func (x *repairs) oneCase(w http.ResponseWriter, r *http.Request) error {
	return x.showCase(w, r, http.StatusOK, "", "")
}

func (x *repairs) showCase(w http.ResponseWriter, r *http.Request, status int, wrong, typed string) error {
	ctx := r.Context()
	k, err := x.Repairs.Case(ctx, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p, elsewhere, err := x.placeOf(w, r, k.Subject)
	if err != nil || elsewhere {
		return err
	}
	if err := x.look(ctx, k.Subject); err != nil {
		return err
	}
	v := &repairCaseView{Place: p, fault: wrong, text: typed, done: repairDone[r.URL.Query().Get("done")], unit: x.c.unit(ctx, k.Agency)}
	if v.repairCaseRow, err = x.repairCaseRow(ctx, p, &k); err != nil {
		return err
	}
	if v.seen, err = x.seen(ctx, k.Flow); err != nil {
		return err
	}
	if v.could, err = desk.Steps(ctx, x.Cases, k.Flow); err != nil {
		return err
	}
	steps, err := x.Cases.Timeline(ctx, k.Flow)
	if err != nil {
		return err
	}
	v.events, v.files = repairHistory(steps, v.at("/files/"), p)
	v.steps = repairSteps(&k)
	if k.State == "refused" || k.State == "rejected" {
		v.dispute = repairDispute(p, &k)
	}
	list, err := x.Repairs.BreachesOf(ctx, k.ID)
	if err != nil {
		return err
	}
	for i := range list {
		v.breaches = append(v.breaches, ui.Link{Href: p.Link(repairBreach + strconv.FormatInt(list[i].ID, 10)), Label: repairBreachWords[list[i].State] + "（" + moment(list[i].MadeAt) + "）"})
	}
	crumbs := []ui.Link{{Href: p.Link(repairPath), Label: "信用修复"}, {Href: p.Link(repairForms + strconv.FormatInt(k.Application, 10)), Label: "修复申请"}, {Label: v.name}}
	return x.c.Show(w, r, status, p, Sheet{Title: v.name, Lead: "信用修复的办理进展。", Crumbs: crumbs, Keep: true}, repairCasePage(v))
}

// repairDispute leads to where the answer about a repair can be disputed: at its record, or at the entry that is no record.
func repairDispute(p Place, k *repair.Case) string {
	if k.At.Key != 0 {
		return p.Link(objectPath, "record", k.At.String())
	}
	return p.Link(objectPath, "entry", strconv.FormatInt(k.Entry, 10))
}

// repairHistory puts the steps of a procedure into sentences, as its subject may read them, with what was attached.
func repairHistory(steps []flow.Step, files string, p Place) (events []ui.Event, links []ui.Link) {
	for i := range steps {
		s := steps[i].Public()
		events = append(events, ui.Event{When: moment(s.Recorded), What: s.Said})
		for _, a := range s.Files {
			path, query, _ := repairCut(files)
			links = append(links, ui.Link{Href: path + url.PathEscape(a.Hash) + query, Label: a.Title})
		}
	}
	return events, links
}

// repairCut parts an address into path and query, the question mark with the latter.
func repairCut(address string) (path, query string, ok bool) {
	for i := range address {
		if address[i] == '?' {
			return address[:i], address[i:], true
		}
	}
	return address, "", false
}

func repairSteps(k *repair.Case) []ui.Step {
	at := func(done, now bool) ui.StepState {
		switch {
		case done:
			return ui.StepDone
		case now:
			return ui.StepNow
		}
		return ui.StepAhead
	}
	out := []ui.Step{{Label: "提交", State: ui.StepDone, Note: moment(k.SentAt)}, {Label: "受理", State: at(k.State != "sent", k.State == "sent")}}
	switch k.State {
	case "sent", "accepted":
		return append(out, ui.Step{Label: "答复", State: at(false, k.State == "accepted")})
	}
	return append(out, ui.Step{Label: repairCaseWords[k.State], State: ui.StepDone, Note: moment(k.AnsweredAt)})
}

// facts say what the case is about and how it ended.
func (v *repairCaseView) facts() []ui.Fact {
	k := &v.Case
	out := []ui.Fact{{Label: "失信信息", Value: v.name, Wide: true}}
	if k.DocNo != "" {
		out = append(out, ui.Fact{Label: "文书号", Value: k.DocNo})
	}
	out = append(out, ui.Fact{Label: "文书日期", Value: k.On.String()}, ui.Fact{Label: "办理单位", Value: dash(v.unit), Note: "谁认定、谁修复"}, ui.Fact{Label: "状态", Value: v.state, Note: v.when})
	if k.AnswerNo != "" {
		out = append(out, ui.Fact{Label: "答复文书", Value: k.AnswerNo, Note: k.AnswerOn.String()})
	}
	if k.Reason != "" && !k.Open {
		out = append(out, ui.Fact{Label: "理由", Value: k.Reason, Wide: true})
	}
	if !k.Next.IsZero() {
		out = append(out, ui.Fact{Label: "可以重新申请", Value: k.Next.String() + " 起"})
	}
	return out
}

// supply hands in what was asked for.
func (x *repairs) supply(w http.ResponseWriter, r *http.Request) error {
	form, hashes, err := desk.FormWithFile(w, r, x.Cases, "补交的材料")
	if err == nil {
		_, err = x.Repairs.Supply(r.Context(), number(r.PathValue("id")), form.Get("reason"), hashes)
	}
	return x.afterCase(w, r, err, "supplied", form.Get("reason"))
}

func (x *repairs) withdraw(w http.ResponseWriter, r *http.Request) error {
	err := readForm(w, r)
	if err == nil {
		_, err = x.Repairs.Withdraw(r.Context(), number(r.PathValue("id")), int(number(r.PostForm.Get("seen"))))
	}
	return x.afterCase(w, r, err, "withdrawn", "")
}

func (x *repairs) afterCase(w http.ResponseWriter, r *http.Request, err error, what, typed string) error {
	if err == nil {
		v := url.Values{"done": {what}}
		if of := r.URL.Query().Get("of"); of != "" {
			v.Set("of", of)
		}
		return done(w, r, repairQuery(repairCase+strconv.FormatInt(number(r.PathValue("id")), 10), v))
	}
	words, ok := repairRefusal(err)
	if !ok {
		return err
	}
	return x.showCase(w, r, web.Status(err), words, typed)
}

// repairInstant reads an instant that a form carries, in microseconds; none is zero.
func repairInstant(text string) time.Time {
	n := number(text)
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

var repairBreachWords = map[string]string{"notified": "拟撤销修复，可以陈述申辩", "cancelled": "修复已撤销", "kept": "维持修复"}
