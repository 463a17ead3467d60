package me

import (
	"context"
	"net/http"
	"os"
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Objectors keeps objections; *objection.Service does. It decides every step once more.
type Objectors interface {
	Get(ctx context.Context, q db.Querier, id int64) (objection.Objection, error)
	List(ctx context.Context, f objection.Filter) ([]objection.Objection, error)
	OpenOn(ctx context.Context, q db.Querier, subject int64, target string) (objection.Objection, bool, error)
	Submit(ctx context.Context, in objection.Submission) (objection.Objection, error)
	Supplement(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	Withdraw(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	Appeal(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)
	SaveDraft(ctx context.Context, d objection.Draft) (objection.Draft, error)
	Drafts(ctx context.Context, subject int64) ([]objection.Draft, error)
	DropDraft(ctx context.Context, subject, draft int64) error
	RepairOf(ctx context.Context, q db.Querier, target string) (objection.RepairAnswer, bool, error)
}

// ObjectionRules gives the rules of a day; *ruleset.Book of them does.
type ObjectionRules interface {
	On(day clock.Date) *objection.Rules
	Today() *objection.Rules
}

// ObjectionCases keeps the procedures; *flow.Engine does.
type ObjectionCases interface {
	desk.Attacher
	attached
	desk.Cases
	Table(kind string) *flow.Table
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	Left(c *flow.Case) (int, bool)
}

// Entry is an entry on a list on which a subject stands.
type Entry struct {
	ID   int64
	List string
	On   clock.Date
}

// Entries gives the entries of a subject.
type Entries interface {
	OwnEntries(ctx context.Context, subject int64) ([]Entry, error)
}

// ObjectionDeps are what the pages of objections are made of.
type ObjectionDeps struct {
	Objections Objectors
	Rules      ObjectionRules
	Cases      ObjectionCases
	DB         *db.DB
	Entries    Entries       // nil = there are no lists
	Looks      publish.Looks // puts on file who reads what is not public
	Calendar   *clock.Calendar
}

// objections are the pages on which subjects object.
type objections struct {
	ObjectionDeps
	c *Centre
}

const (
	objectionsPath = "/me/objections"
	objectPath     = objectionsPath + "/new"
	objectionsName = "objections"
)

// Objections is the part of the centre in which subjects object to what is kept about them, and follow what becomes of it.
func Objections(d ObjectionDeps) Part {
	x := &objections{ObjectionDeps: d}
	return Part{
		Name: objectionsName, Label: "异议", Path: objectionsPath, Guide: "/guide/objection",
		Words: "信息有误、遗漏或者不应公示的，从那条信息提出；在这里看办理进展。不收费。",
		Count: x.count, OfRecord: x.ofRecord, Routes: x.routes,
	}
}

func (x *objections) routes(c *Centre, rt *web.Router) {
	x.c = c
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.Handle(h)) }
	page("GET "+objectionsPath, c.Mine(authz.ObjectionOwn), x.list)
	page("GET "+objectPath, c.Mine(authz.ObjectionMake), x.form)
	page("POST "+objectPath, c.Mine(authz.ObjectionMake), x.submit)
	page("POST "+objectionsPath+"/drafts/{draft}/drop", c.Mine(authz.ObjectionMake), x.drop)
	at := objectionsPath + "/{id}"
	page("GET "+at, x.of(authz.ObjectionOwn), x.one)
	page("GET "+at+"/files/{hash}", x.of(authz.ObjectionOwn), x.file)
	page("POST "+at+"/supplement", x.of(authz.ObjectionMake), x.take("supplement", x.Objections.Supplement))
	page("POST "+at+"/withdraw", x.of(authz.ObjectionMake), x.take("withdraw", x.Objections.Withdraw))
	page("POST "+at+"/appeal", x.of(authz.ObjectionMake), x.take("appeal", x.Objections.Appeal))
}

// of guards an action on the objection that the address names: a notice leads to it whichever of the caller's subjects it is about.
func (x *objections) of(a authz.Action) web.Guard {
	return web.Of(a, whose, func(r *http.Request) (authz.Scope, error) {
		o, err := x.find(r)
		return authz.Scope{Subject: o.Subject}, err
	})
}

func (x *objections) find(r *http.Request) (objection.Objection, error) {
	id := number(r.PathValue("id"))
	if id == 0 {
		return objection.Objection{}, objection.ErrNone
	}
	return x.Objections.Get(r.Context(), x.DB.Read(), id)
}

// place finds out whom a page about an objection is about: its subject, whatever the address says.
func (x *objections) place(r *http.Request, o *objection.Objection) (Place, error) {
	return x.c.placeOf(r, o.Subject, objectionsName, objectionsPath)
}

// count says beside the card how many are under way.
func (x *objections) count(ctx context.Context, p Place) (string, error) {
	list, err := x.Objections.List(ctx, objection.Filter{Subject: p.Subject, Open: true})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return strconv.Itoa(len(list)) + " 件在办", nil
}

// ofRecord leads from a record to its objection, or to the form that begins one.
func (x *objections) ofRecord(ctx context.Context, p Place, r *publish.RecordView) (ui.Link, error) {
	o, open, err := x.Objections.OpenOn(ctx, x.DB.Read(), p.Subject, r.ID)
	switch {
	case err != nil:
		return ui.Link{}, err
	case open:
		return ui.Link{Href: p.Link(objectionsPath + "/" + strconv.FormatInt(o.ID, 10)), Label: "查看异议进展"}, nil
	case r.Status == record.Active.String() || r.Status == record.Repaired.String() || r.Status == record.Shielded.String():
		return ui.Link{Href: p.Link(objectPath, "record", r.ID), Label: "对这条信息提出异议"}, nil
	}
	return ui.Link{}, nil
}

// objectionRow is an objection in the list.
type objectionRow struct {
	objection.Objection
	href  string
	state string
	tone  ui.Tone
	next  string
}

type draftRow struct {
	objection.Draft
	href, drop string
	changed    string
}

type entryRow struct {
	Entry
	href string
}

type objectionsView struct {
	rows    []objectionRow
	drafts  []draftRow
	entries []entryRow
	file    string // address of the own file
	keep    int    // days that a draft is kept
	done    string
	more    string
}

const objectionsShown = 50

// list shows the objections of the subject, the drafts, and from where to begin another one.
func (x *objections) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	v := &objectionsView{file: p.Link("/me/file"), keep: x.Rules.Today().Limit.DraftDays, done: objectionDone[r.URL.Query().Get("done")]}
	list, err := x.Objections.List(ctx, objection.Filter{Subject: p.Subject, After: number(r.URL.Query().Get("after")), Limit: objectionsShown + 1})
	if err != nil {
		return err
	}
	if len(list) > objectionsShown {
		list = list[:objectionsShown]
		v.more = p.Link(objectionsPath, "after", strconv.FormatInt(list[objectionsShown-1].ID, 10))
	}
	if len(list) > 0 {
		if err := x.look(ctx, p.Subject); err != nil {
			return err
		}
	}
	for i := range list {
		row, err := x.row(ctx, &p, &list[i])
		if err != nil {
			return err
		}
		v.rows = append(v.rows, row)
	}
	if err := x.begun(ctx, &p, v); err != nil {
		return err
	}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{Title: "异议", Lead: "认为信息有误、遗漏、超期或者不应公示的，可以提出异议。受理以后那条信息立即标注“异议中”，按期答复您；不收费。", Crumbs: []ui.Link{{Label: "异议"}}}, objectionsPage(v))
}

// look is the access entry of a subject that opens what it handed in.
func (x *objections) look(ctx context.Context, subject int64) error {
	return x.Looks.Record(ctx, audit.Access{Subject: subject, What: audit.Own, Basis: "本人提出的异议"})
}

// begun reads what is not handed in, and what stands on lists.
func (x *objections) begun(ctx context.Context, p *Place, v *objectionsView) error {
	drafts, err := x.Objections.Drafts(ctx, p.Subject)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		v.drafts = append(v.drafts, draftRow{d, p.Link(objectPath, target(d.Kind), d.Target), p.Link(objectionsPath + "/drafts/" + strconv.FormatInt(d.ID, 10) + "/drop"), moment(d.ChangedAt)})
	}
	if x.Entries == nil {
		return nil
	}
	entries, err := x.Entries.OwnEntries(ctx, p.Subject)
	for _, e := range entries {
		v.entries = append(v.entries, entryRow{e, p.Link(objectPath, "entry", strconv.FormatInt(e.ID, 10))})
	}
	return err
}

// target is the parameter of the form that names what a kind is about.
func target(k objection.Kind) string {
	if k == objection.OfEntry {
		return "entry"
	}
	return "record"
}

func (x *objections) row(ctx context.Context, p *Place, o *objection.Objection) (objectionRow, error) {
	c, err := x.Cases.Get(ctx, o.Case)
	if err != nil {
		return objectionRow{}, err
	}
	r := objectionRow{
		Objection: *o, href: p.Link(objectionsPath + "/" + strconv.FormatInt(o.ID, 10)), state: x.Cases.Table(objection.FlowKind).StateName(o.State), tone: ui.Plain, next: x.next(o, c),
	}
	switch {
	case o.State == objection.Supplement:
		r.tone = ui.Bad
	case o.Marked:
		r.tone = ui.Warn
	case o.State == objection.Submitted:
		r.tone = ui.Accent
	}
	return r, nil
}

// putOff says that an answer was put off; the reason stands in the history.
func putOff(o *objection.Objection) string {
	if o.Extended == 0 {
		return ""
	}
	return "（已经延长 " + strconv.Itoa(o.Extended) + " 个工作日，理由见办理经过）"
}

// next says in plain words what happens next, and by when.
func (x *objections) next(o *objection.Objection, c *flow.Case) string {
	due := c.Due.String()
	switch o.State {
	case objection.Submitted:
		return "信用办最迟 " + due + " 审查能否受理。受理以后，这条信息立即标注“异议中”，最迟 " + o.AnswerBy.String() + " 答复；需要来源单位核查的，最迟 " +
			x.Rules.On(o.ReceivedOn).AnswerBy(x.Calendar, o.ReceivedOn, true).String() + " 答复。"
	case objection.Supplement:
		return "请您最迟 " + due + " 补正，逾期视为放弃本次申请，可以重新提出。"
	case objection.Accepted:
		return "正在与来源单位报送的内容比对，最迟 " + o.AnswerBy.String() + " 答复" + putOff(o) + "。"
	case objection.Referred:
		if o.Kind == objection.OfRepair {
			return "作出修复答复的单位最迟 " + due + " 核查完毕，您最迟 " + o.AnswerBy.String() + " 得到答复" + putOff(o) + "。"
		}
		words := "来源单位最迟 " + due + " 核查完毕，您最迟 " + o.AnswerBy.String() + " 得到答复" + putOff(o) + "。"
		if x.Rules.On(o.ReceivedOn).Unproven.Act == objection.TakeDown {
			words += "来源单位没有核实的，这条信息停止公示。"
		}
		return words
	case objection.Verified:
		return "来源单位已经核查，您最迟 " + o.AnswerBy.String() + " 得到答复" + putOff(o) + "。"
	case objection.Unproven:
		return "来源单位没有核实，您最迟 " + o.AnswerBy.String() + " 得到答复" + putOff(o) + "。"
	case objection.Answered:
		return "您最迟 " + due + " 可以申请复核，由另一名人员办理；不申请的，到期办结。"
	case objection.Reviewing:
		return "由另一名人员复核，最迟 " + due + " 答复。"
	}
	return ""
}
