package me

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
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
}

// ObjectionRules gives the rules of a day; *ruleset.Book of them does.
type ObjectionRules interface {
	On(day clock.Date) *objection.Rules
	Today() *objection.Rules
}

// ObjectionCases keeps the procedures; *flow.Engine does.
type ObjectionCases interface {
	desk.Attacher
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
	Entries    Entries // nil = there are no lists
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
	q := r.URL.Query()
	q.Set("of", strconv.FormatInt(o.Subject, 10))
	at := *r.URL
	at.RawQuery = q.Encode()
	as := r.Clone(r.Context())
	as.URL = &at
	return x.c.Place(as, objectionsName, objectionsPath)
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
		return "正在与来源单位报送的内容比对，最迟 " + o.AnswerBy.String() + " 答复。"
	case objection.Referred:
		return "来源单位最迟 " + due + " 核查完毕，您最迟 " + o.AnswerBy.String() + " 得到答复。来源单位没有核实的，这条信息停止公示。"
	case objection.Verified:
		return "来源单位已经核查，您最迟 " + o.AnswerBy.String() + " 得到答复。"
	case objection.Unproven:
		return "来源单位没有核实，您最迟 " + o.AnswerBy.String() + " 得到答复。"
	case objection.Answered:
		return "您最迟 " + due + " 可以申请复核，由另一名人员办理；不申请的，到期办结。"
	case objection.Reviewing:
		return "由另一名人员复核，最迟 " + due + " 答复。"
	}
	return ""
}

// objectForm is the form of an objection.
type objectForm struct {
	about    string // what it is about
	facts    []ui.Fact
	groups   []ui.Group
	want     string // kind and ask
	text     string
	record   string
	entry    string
	draft    int64
	to       string
	back     string
	saved    bool
	fault    *fault.Error
	received []string // the promise, in words
}

// form begins an objection, or goes on with a draft. Record or entry are chosen already.
func (x *objections) form(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return x.showForm(w, r, http.StatusOK, &objectForm{record: q.Get("record"), entry: q.Get("entry"), saved: q.Get("saved") != ""})
}

func (x *objections) showForm(w http.ResponseWriter, r *http.Request, status int, v *objectForm) error {
	ctx := r.Context()
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	if err := x.about(ctx, &p, v); err != nil {
		return err
	}
	drafts, err := x.Objections.Drafts(ctx, p.Subject)
	if err != nil {
		return err
	}
	for i := range drafts {
		if d := &drafts[i]; d.Target == v.record+v.entry {
			if v.draft = d.ID; v.text == "" && v.want == "" {
				v.text, v.want = d.Statement, wanted(d.Kind, d.Ask)
			}
		}
	}
	today := x.c.today()
	rules := x.Rules.Today()
	v.to = p.Link(objectPath)
	v.received = []string{
		"受理以后，这条信息立即标注“异议中”。",
		"最迟 " + rules.AnswerBy(x.Calendar, today, false).String() + " 答复您；需要来源单位核查的，最迟 " + rules.AnswerBy(x.Calendar, today, true).String() + "。",
		"进展和结果在“通知”里告诉您，联系方式按账号登记的，不用另外填写。",
	}
	return x.c.Show(w, r, status, p, Sheet{Title: "提出异议", Crumbs: []ui.Link{{Href: p.Link(objectionsPath), Label: "异议"}, {Label: "提出异议"}}}, objectPage(v))
}

// about reads what is disputed. A record of the own file is read as such, which stands in the access log.
func (x *objections) about(ctx context.Context, p *Place, v *objectForm) error {
	if v.entry != "" {
		if x.Entries == nil {
			return objection.ErrTarget
		}
		list, err := x.Entries.OwnEntries(ctx, p.Subject)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(e Entry) bool { return strconv.FormatInt(e.ID, 10) == v.entry })
		if i < 0 {
			return objection.ErrTarget
		}
		v.about, v.facts, v.back = "名单条目", []ui.Fact{{Label: "名单", Value: list[i].List}, {Label: "列入日期", Value: list[i].On.String()}}, p.Link(objectionsPath)
		v.groups = askGroups(objection.OfEntry)
		return nil
	}
	ask := x.c.ownAsk(&p.around)
	ask.Record = v.record
	answer, err := x.c.Files.Disclose(ctx, ask)
	if err != nil {
		return err
	}
	if len(answer.Records) != 1 {
		return objection.ErrTarget
	}
	rec := &answer.Records[0]
	v.about, v.back = rec.ItemName, p.Link("/me/file/"+rec.ID)
	for _, f := range []ui.Fact{
		{Label: "信息", Value: rec.Title},
		{Label: "文书号", Value: rec.DocNo},
		{Label: "决定日期", Value: rec.DecidedOn.String()},
		{Label: "来源单位", Value: rec.Source.Name},
		{Label: "公示至", Value: rec.PublicUntil.String()},
	} {
		if f.Value != "" {
			v.facts = append(v.facts, f)
		}
	}
	kinds := []objection.Kind{objection.OfRecord}
	item := x.c.item(rec.Item, rec.Edition)
	if rec.Class == catalog.Public && !p.Resident {
		kinds = append(kinds, objection.OfWindow)
	}
	if item != nil && item.Polarity == catalog.Negative {
		kinds = append(kinds, objection.OfRepair)
	}
	v.groups = askGroups(kinds...)
	return nil
}

// askGroups are the things that can be asked for, by what they are about.
func askGroups(kinds ...objection.Kind) []ui.Group {
	var out []ui.Group
	for _, k := range kinds {
		g := ui.Group{Label: "对" + k.Name()}
		for _, a := range k.Asks() {
			g.Options = append(g.Options, ui.Option{Value: wanted(k, a), Label: a.Word()})
		}
		out = append(out, g)
	}
	return out
}

func wanted(k objection.Kind, a objection.Ask) string { return string(k) + " " + string(a) }

// submit hands the objection in, or keeps it as a draft.
func (x *objections) submit(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	form, files, err := desk.FormWithFile(w, r, x.Cases, "异议材料")
	v := &objectForm{record: form.Get("record"), entry: form.Get("entry"), want: form.Get("want"), text: form.Get("text")}
	if err == nil {
		return x.handIn(w, r, &p, v, form, files)
	}
	return x.refuse(w, r, v, err)
}

func (x *objections) refuse(w http.ResponseWriter, r *http.Request, v *objectForm, err error) error {
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	v.fault = f
	return x.showForm(w, r, web.Status(err), v)
}

func (x *objections) handIn(w http.ResponseWriter, r *http.Request, p *Place, v *objectForm, form url.Values, files []string) error {
	kind, ask, _ := strings.Cut(v.want, " ")
	if kind == "" { // nothing is chosen yet
		kind = string(objection.OfRecord)
		if v.entry != "" {
			kind = string(objection.OfEntry)
		}
	}
	if form.Get("save") != "" {
		_, err := x.Objections.SaveDraft(r.Context(), objection.Draft{Subject: p.Subject, Kind: objection.Kind(kind), Target: v.record + v.entry, Ask: objection.Ask(ask), Statement: v.text})
		if err != nil {
			return x.refuse(w, r, v, err)
		}
		return done(w, r, p.Link(objectPath, "record", v.record, "entry", v.entry, "saved", "1"))
	}
	o, err := x.Objections.Submit(r.Context(), objection.Submission{
		Subject: p.Subject, Kind: objection.Kind(kind), Target: v.record + v.entry, Ask: objection.Ask(ask), Statement: v.text, Files: files, Draft: number(form.Get("draft")),
	})
	if err != nil {
		return x.refuse(w, r, v, err)
	}
	return done(w, r, p.Link(objectionsPath+"/"+strconv.FormatInt(o.ID, 10), "done", "submit"))
}

// drop deletes a draft.
func (x *objections) drop(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, objectionsName, objectionsPath)
	if err != nil {
		return err
	}
	if err := x.Objections.DropDraft(r.Context(), p.Subject, number(r.PathValue("draft"))); err != nil {
		return err
	}
	return done(w, r, p.Link(objectionsPath, "done", "drop"))
}

var objectionDone = map[string]string{
	"submit": "异议已经提交，请记下编号", "supplement": "补正已经提交", "withdraw": "已经撤回", "appeal": "复核申请已经提交", "drop": "草稿已经删除",
}

// objectionView is one objection with its history.
type objectionView struct {
	objectionRow
	facts  []ui.Fact
	events []ui.Event
	files  []fileLink
	could  map[flow.Event]bool
	record string // address of the record in the own file
	due    string
	left   int
	runs   bool
	source string
	done   string
	tried  string
	text   string
	fault  *fault.Error
}

type fileLink struct{ href, title, when string }

func (v *objectionView) open(name string) bool { return v.tried == name }

func (v *objectionView) typed(name string) string {
	if v.tried == name {
		return v.text
	}
	return ""
}

// to gives the address of a step, about the same subject.
func (v *objectionView) to(name string) string {
	path, query, found := strings.Cut(v.href, "?")
	if found {
		return path + "/" + name + "?" + query
	}
	return path + "/" + name
}

func (x *objections) one(w http.ResponseWriter, r *http.Request) error {
	return x.showOne(w, r, http.StatusOK, &objectionView{done: objectionDone[r.URL.Query().Get("done")]})
}

// take makes the handler of a step of the subject.
func (x *objections) take(name string, do func(ctx context.Context, id int64, in objection.Step) (objection.Objection, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, files, err := desk.FormWithFile(w, r, x.Cases, "异议材料")
		o, lost := x.find(r)
		if lost != nil {
			return lost
		}
		p, lost := x.place(r, &o)
		if lost != nil {
			return lost
		}
		if err == nil {
			_, err = do(r.Context(), o.ID, objection.Step{Text: form.Get("reason"), Files: files})
		}
		if err == nil {
			return done(w, r, p.Link(objectionsPath+"/"+strconv.FormatInt(o.ID, 10), "done", name))
		}
		f, known := desk.Refusal(err)
		if !known {
			return err
		}
		return x.showOne(w, r, web.Status(err), &objectionView{fault: f, tried: name, text: form.Get("reason")})
	}
}

func (x *objections) showOne(w http.ResponseWriter, r *http.Request, status int, v *objectionView) error {
	ctx := r.Context()
	o, err := x.find(r)
	if err != nil {
		return err
	}
	p, err := x.place(r, &o)
	if err != nil {
		return err
	}
	if v.objectionRow, err = x.row(ctx, &p, &o); err != nil {
		return err
	}
	if v.could, err = desk.Steps(ctx, x.Cases, o.Case); err != nil {
		return err
	}
	c, err := x.Cases.Get(ctx, o.Case)
	if err != nil {
		return err
	}
	if v.left, v.runs = x.Cases.Left(c); v.runs {
		v.due = c.Due.String()
	}
	v.source = x.c.unit(ctx, o.Agency)
	if o.Kind != objection.OfEntry {
		v.record = p.Link("/me/file/" + o.Target)
	}
	if err := x.history(ctx, &p, v); err != nil {
		return err
	}
	v.facts = x.facts(v)
	s := Sheet{Title: "异议 " + o.No, Lead: o.Title + "：" + o.Ask.Word(), Crumbs: []ui.Link{{Href: p.Link(objectionsPath), Label: "异议"}, {Label: o.No}}, Keep: true}
	return x.c.Show(w, r, status, p, s, objectionPage(v))
}

// history tells what happened, as the subject may read it.
func (x *objections) history(ctx context.Context, p *Place, v *objectionView) error {
	list, err := x.Cases.Timeline(ctx, v.Case)
	if err != nil {
		return err
	}
	for i := range list {
		s := list[i].Public()
		tone := ui.Plain
		if i == len(list)-1 {
			tone = ui.Accent
		}
		v.events = append(v.events, ui.Event{When: moment(s.At), What: s.Said, Tone: tone})
		for _, a := range s.Files {
			v.files = append(v.files, fileLink{p.Link(objectionsPath + "/" + strconv.FormatInt(v.ID, 10) + "/files/" + url.PathEscape(a.Hash)), a.Title, moment(s.Recorded)})
		}
	}
	return nil
}

func (x *objections) facts(v *objectionView) []ui.Fact {
	rules := x.Rules.On(v.ReceivedOn)
	out := []ui.Fact{
		{Label: "编号", Value: v.No, Code: true},
		{Label: "对什么", Value: v.Title + "（" + v.Kind.Name() + "）", Link: v.record},
		{Label: "希望", Value: v.Ask.Word()},
		{Label: "来源单位", Value: v.source},
		{Label: "收到日期", Value: v.ReceivedOn.String()},
	}
	if v.Result == "" && v.Open() {
		out = append(out, ui.Fact{Label: "最迟答复", Value: v.AnswerBy.String()})
	}
	if v.Refusal != "" {
		f, _ := rules.Refusal(v.Refusal)
		out = append(out, ui.Fact{Label: "不予受理的原因", Value: f.Text, Wide: true})
	}
	if v.Reply != "" {
		out = append(out, ui.Fact{Label: "来源单位核查结果", Value: v.Reply.Word()})
	}
	if v.TakenDown && v.Result == "" {
		out = append(out, ui.Fact{Label: "停止公示", Value: "这条信息没有核实，已经停止公示和使用", Wide: true})
	}
	if v.Result != "" {
		out = append(out, ui.Fact{Label: "结论", Value: v.Result.Word()})
	}
	if v.Review != "" {
		out = append(out, ui.Fact{Label: "复核结论", Value: v.Review.Word()})
	}
	return append(out, ui.Fact{Label: "依据", Value: rules.Basis()})
}

// file hands out what went with a step of the own objection.
func (x *objections) file(w http.ResponseWriter, r *http.Request) error {
	o, err := x.find(r)
	if err != nil {
		return err
	}
	a, f, err := x.Cases.OpenFile(r.Context(), o.Case, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	desk.HandFile(w, r, a, f)
	return nil
}
