package me

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
	"gongxin/internal/repair"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// repairCases keeps procedures and what is attached to them; *flow.Engine does.
type repairCases interface {
	desk.Attacher
	desk.Cases
	attached
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
	OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
}

// RepairDeps are what the part of repair is made of.
type RepairDeps struct {
	Repairs *repair.Service
	Cases   repairCases
	DB      *db.DB
	Looks   publish.Looks // puts on file who reads what is not public
}

// repairs is the part of the centre in which subjects have their failures repaired.
type repairs struct {
	RepairDeps
	c *Centre
}

// The places of the part.
// manyFindings is how many of a section are shown with all their facts; of more, the facts are folded.
const manyFindings = 4

const (
	repairTab    = "repairs"
	repairPath   = "/me/repairs"
	repairForms  = repairPath + "/forms/"
	repairCase   = repairPath + "/cases/"
	repairBreach = repairPath + "/breaches/"
	repairShield = repairPath + "/shields/"
	repairPaper  = repairPath + "/notices/"
)

// Repairs is the part in which a subject sees what can be repaired when, applies in one window, and follows its applications.
func Repairs(d RepairDeps) Part {
	x := &repairs{RepairDeps: d}
	return Part{
		Name: repairTab, Label: "信用修复", Path: repairPath, Words: "哪些失信信息可以修复、什么时候可以申请；网上申请，不收费。", Guide: "/guide/repair",
		Count: x.count, OfRecord: x.ofRecord, Routes: x.routes,
	}
}

// count counts applications under way.
func (x *repairs) count(ctx context.Context, p Place) (string, error) {
	list, err := x.Repairs.Applications(ctx, p.Subject, 20)
	if err != nil {
		return "", err
	}
	n, drafts := 0, 0
	for i := range list {
		if list[i].State == repair.Draft {
			drafts++
			continue
		}
		cases, err := x.Repairs.CasesOf(ctx, list[i].ID)
		if err != nil {
			return "", err
		}
		for j := range cases {
			if cases[j].Open {
				n++
			}
		}
	}
	switch {
	case n > 0:
		return strconv.Itoa(n) + " 件在办", nil
	case drafts > 0:
		return strconv.Itoa(drafts) + " 份草稿", nil
	}
	return "", nil
}

// ofRecord leads from a failure to its place among what can be repaired.
func (x *repairs) ofRecord(_ context.Context, p Place, r *publish.RecordView) (ui.Link, error) {
	if item := x.c.item(r.Item, r.Edition); item == nil || item.Polarity != "negative" || r.Status != "active" {
		return ui.Link{}, nil
	}
	return ui.Link{Href: p.Link(repairPath) + "#r-" + r.ID, Label: "什么时候可以修复"}, nil
}

func (x *repairs) routes(c *Centre, rt *web.Router) {
	x.c = c
	mine := c.Mine(authz.RepairApply)
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, c.Handle(h)) }
	page("GET "+repairPath, mine, x.overview)
	page("POST "+repairPath+"/reminders", mine, x.reminders)
	page("GET "+repairForms+"new", mine, x.newForm)
	page("POST "+repairForms+"new", mine, x.saveNew)
	at := repairForms + "{id}"
	ofForm := x.of(x.subjectOfForm)
	page("GET "+at, ofForm, x.form)
	page("GET "+at+"/edit", ofForm, x.edit)
	page("POST "+at+"/edit", ofForm, x.saveEdit)
	page("POST "+at+"/file", ofForm, x.addFile)
	page("POST "+at+"/send", ofForm, x.send)
	page("POST "+at+"/drop", ofForm, x.drop)
	page("GET "+at+"/letter.json", ofForm, x.letter)
	page("GET "+at+"/files/{hash}", ofForm, x.draftFile)
	ofCase := x.of(x.subjectOfCase)
	page("GET "+repairCase+"{id}", ofCase, x.oneCase)
	page("POST "+repairCase+"{id}/supply", ofCase, x.supply)
	page("POST "+repairCase+"{id}/withdraw", ofCase, x.withdraw)
	page("GET "+repairCase+"{id}/files/{hash}", ofCase, x.file)
	x.moreRoutes(page, mine)
}

// of guards what is about a subject that stands on file.
func (x *repairs) of(subject func(ctx context.Context, id int64) (int64, error)) web.Guard {
	return web.Of(authz.RepairApply, whose, func(r *http.Request) (authz.Scope, error) {
		of, err := subject(r.Context(), number(r.PathValue("id")))
		return authz.Scope{Subject: of}, err
	})
}

func (x *repairs) subjectOfForm(ctx context.Context, id int64) (int64, error) {
	a, err := x.Repairs.Application(ctx, id)
	return a.Subject, err
}

func (x *repairs) subjectOfCase(ctx context.Context, id int64) (int64, error) {
	k, err := x.Repairs.Case(ctx, id)
	return k.Subject, err
}

// place gives the place of a page about a subject, whom the guard has asked about. A link of a notice names no subject; it leads to the one it is about.
func (x *repairs) place(w http.ResponseWriter, r *http.Request, subject int64) (p Place, elsewhere bool, err error) {
	if p, err = x.c.Place(r, repairTab, repairPath); err != nil || p.Subject == subject {
		return p, false, err
	}
	if r.Method != http.MethodGet {
		return p, false, errNotMine
	}
	q := r.URL.Query()
	q.Set("of", strconv.FormatInt(subject, 10))
	return p, true, done(w, r, r.URL.Path+"?"+q.Encode())
}

// repairsView is everything of a subject that repair could concern.
type repairsView struct {
	Place
	review *repair.Review
	picks  []ui.Pick
	parts  []findingsView
	apps   []repairAppRow
	shield bool // businesses may ask for shielding
	quiet  bool // no reminders are sent
	done   string
}

type findingsView struct {
	id, title, words string
	rows             []findingRow
}

type findingRow struct {
	*repair.Finding
	state string
	tone  ui.Tone
	paper string // address of the repair notice; "" = none
	link  string // of the case
}

type repairAppRow struct {
	href, title, state, when string
	tone                     ui.Tone
}

// overview answers which of the subject's failures can be repaired when.
func (x *repairs) overview(w http.ResponseWriter, r *http.Request) error {
	p, err := x.c.Place(r, repairTab, repairPath)
	if err != nil {
		return err
	}
	v := &repairsView{Place: p, shield: !p.Resident, done: repairDone[r.URL.Query().Get("done")]}
	if v.review, err = x.Repairs.Review(r.Context(), p.Subject); err != nil {
		return err
	}
	if v.quiet, err = x.Repairs.Quiet(r.Context(), p.Subject); err != nil {
		return err
	}
	v.lay()
	if v.apps, err = x.apps(r.Context(), p); err != nil {
		return err
	}
	return x.c.Show(w, r, http.StatusOK, p, Sheet{Title: "信用修复", Lead: "我的哪些失信信息什么时候可以修复，怎样申请。", Crumbs: []ui.Link{{Label: "信用修复"}}, Keep: true}, repairsPage(v))
}

// reminders switches reminders off, or on again.
func (x *repairs) reminders(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	p, err := x.c.Place(r, repairTab, repairPath)
	if err != nil {
		return err
	}
	off := r.PostForm.Get("off") == "1"
	if err := x.Repairs.SetQuiet(r.Context(), p.Subject, off); err != nil {
		return err
	}
	return done(w, r, p.Link(repairPath, "done", map[bool]string{true: "quiet", false: "reminded"}[off]))
}

// others says who else is told no more.
func (v *repairsView) others() string {
	if v.Resident {
		return ""
	}
	return "“" + v.Name + "”的其他代理人也不再收到。"
}

// later says whether a day that comes is told.
func (v *repairsView) later() string {
	if v.quiet {
		return "到期提醒已经关闭，请自己留意日期。"
	}
	return "到期会通知您，不用记日子。"
}

// lay sorts the findings by what can be done about them.
func (v *repairsView) lay() {
	groups := []struct {
		id, title, words string
		states           []repair.State
	}{
		{"now", "可以申请的，逐条看", "每条从哪天起可以修复、要交什么、由谁答复。", []repair.State{repair.Now}},
		{"pending", "正在办理", "", []repair.State{repair.Pending}},
		{"later", "以后可以申请", v.later(), []repair.State{repair.Early, repair.Barred}},
		{"never", "不能在这里申请", "", []repair.State{repair.Excluded}},
		{"none", "不需要申请", "不公示、已经修复或者已经停止公示的，不用办理。", []repair.State{repair.Hidden, repair.Shielded, repair.Repaired, repair.Over}},
	}
	for _, g := range groups {
		part := findingsView{id: g.id, title: g.title, words: g.words}
		for i := range v.review.Findings {
			if f := &v.review.Findings[i]; slices.Contains(g.states, f.State) {
				part.rows = append(part.rows, v.row(f))
			}
		}
		if len(part.rows) > 0 {
			v.parts = append(v.parts, part)
		}
	}
	for i := range v.review.Findings {
		if f := &v.review.Findings[i]; f.State == repair.Now {
			v.picks = append(v.picks, repairPickOf(f, false))
		}
	}
}

func repairPickOf(f *repair.Finding, on bool) ui.Pick {
	return ui.Pick{Value: f.Target.String(), Label: findingName(f) + "（" + f.On.String() + "，" + f.Unit + "）", Badge: word(severityWords, f.Class), Tone: ui.Plain, On: on}
}

func findingName(f *repair.Finding) string {
	if f.Title == "" || f.Title == f.ItemName {
		return f.ItemName
	}
	return f.ItemName + "：" + f.Title
}

func (v *repairsView) row(f *repair.Finding) findingRow {
	row := findingRow{Finding: f, state: findingWords[f.State], tone: findingTones[f.State]}
	if f.Repair != 0 {
		row.link = v.Link(repairCase + strconv.FormatInt(f.Repair, 10))
	}
	if f.At.Key != 0 && f.Item == "XZCF" && f.Shown {
		row.paper = v.Link(repairPaper + f.At.String())
	}
	return row
}

func (f *findingRow) anchor() string {
	if f.At.Key != 0 {
		return "r-" + f.At.String()
	}
	return "l-" + strconv.FormatInt(f.Entry, 10)
}

// facts say the class, the days and why.
func (f *findingRow) facts() []ui.Fact {
	out := []ui.Fact{}
	if f.DocNo != "" {
		out = append(out, ui.Fact{Label: "文书号", Value: f.DocNo})
	}
	out = append(out, ui.Fact{Label: "文书日期", Value: f.On.String(), Note: "期限从这一天起算"}, ui.Fact{Label: "作出认定的单位", Value: dash(f.Unit)}, ui.Fact{Label: "失信程度", Value: word(severityWords, f.Class)})
	switch f.State {
	case repair.Now, repair.Pending:
		out = append(out, ui.Fact{Label: "最早可以申请", Value: f.Earliest.String()})
	case repair.Early, repair.Barred:
		out = append(out, ui.Fact{Label: "最早可以申请", Value: f.From.String()})
	case repair.Excluded:
		out = append(out, ui.Fact{Label: "为什么不能", Value: f.Excluded, Wide: true})
	case repair.Hidden:
		out = append(out, ui.Fact{Label: "为什么不用", Value: f.Why, Wide: true})
	case repair.Shielded:
		out = append(out, ui.Fact{Label: "为什么不用", Value: "正在重整期间屏蔽，不公示。屏蔽结束后可以申请修复。", Wide: true})
	}
	if f.State != repair.Over && f.State != repair.Repaired && f.State != repair.Hidden { // what is shown to nobody stops being shown on no day
		end := ui.Fact{Label: "自动停止公示", Value: "到移出为止"}
		if !f.End.IsZero() {
			end.Value = f.End.String()
			end.Note = "不申请也会停止"
		}
		out = append(out, end)
	}
	if f.State == repair.Now || f.State == repair.Early || f.State == repair.Barred {
		out = append(out, ui.Fact{Label: "要准备", Value: strings.Join(f.Needs, "；"), Wide: true})
		if len(f.Held) > 0 {
			out = append(out, ui.Fact{Label: "不用准备", Value: f.HeldNote + "：" + repairHeldWords(f.Held), Wide: true})
		}
		out = append(out, ui.Fact{Label: "依据", Value: f.Why + "（" + f.Name + "）", Wide: true})
	}
	return out
}

func repairHeldWords(list []repair.HeldRecord) string {
	words := make([]string, len(list))
	for i, h := range list {
		words[i] = h.Name + " " + h.On.String()
	}
	return strings.Join(words, "、")
}

// apps lists what was applied for, newest first.
func (x *repairs) apps(ctx context.Context, p Place) ([]repairAppRow, error) {
	list, err := x.Repairs.Applications(ctx, p.Subject, 30)
	if err != nil {
		return nil, err
	}
	var out []repairAppRow
	for i := range list {
		a := &list[i]
		row := repairAppRow{href: p.Link(repairForms + strconv.FormatInt(a.ID, 10)), title: appTitle(a), state: "草稿", tone: ui.Warn, when: moment(a.ChangedAt)}
		if a.State == repair.Sent {
			row.when = moment(a.SentAt)
			cases, err := x.Repairs.CasesOf(ctx, a.ID)
			if err != nil {
				return nil, err
			}
			row.state, row.tone = repairSummary(cases)
		}
		out = append(out, row)
	}
	return out, nil
}

// repairSummary says in a word how far the cases of an application are.
func repairSummary(cases []repair.Case) (string, ui.Tone) {
	open, granted := 0, 0
	for i := range cases {
		switch {
		case cases[i].Open:
			open++
		case cases[i].State == "granted":
			granted++
		}
	}
	switch {
	case open > 0:
		return strconv.Itoa(open) + " 条在办", ui.Accent
	case granted == len(cases):
		return "已修复", ui.Good
	case granted > 0:
		return strconv.Itoa(granted) + " 条已修复", ui.Good
	}
	return "已办结", ui.Plain
}

var findingWords = map[repair.State]string{
	repair.Now: "现在可以申请", repair.Early: "还没到日期", repair.Pending: "正在办理", repair.Hidden: "不公示", repair.Excluded: "不能在这里申请", repair.Barred: "暂时不能申请",
	repair.Over: "已停止公示", repair.Repaired: "已修复", repair.Shielded: "屏蔽中",
}

var findingTones = map[repair.State]ui.Tone{
	repair.Now: ui.Good, repair.Early: ui.Plain, repair.Pending: ui.Accent, repair.Hidden: ui.Plain, repair.Excluded: ui.Warn, repair.Barred: ui.Warn, repair.Over: ui.Plain,
	repair.Repaired: ui.Good, repair.Shielded: ui.Plain,
}

var repairDone = map[string]string{"quiet": "到期提醒已经关闭。", "reminded": "到期提醒已经打开。", "dropped": "草稿已经删除。", "saved": "已经保存，核对以后签署承诺书提交。", "sent": "已经提交。申请推送到作出认定的单位，进展会通知您。", "supplied": "已经补交，计时继续。", "withdrawn": "申请已经撤回。", "stated": "陈述申辩已经送达。", "asked": "屏蔽申请已经提交。"}

// look is the access entry of a subject that opens what it handed in.
func (x *repairs) look(ctx context.Context, subject int64) error {
	return x.Looks.Record(ctx, audit.Access{Subject: subject, What: audit.Own, Basis: "本人的信用修复申请"})
}

// file hands out what was attached to a case.
func (x *repairs) file(w http.ResponseWriter, r *http.Request) error {
	k, err := x.Repairs.Case(r.Context(), number(r.PathValue("id")))
	if err != nil {
		return err
	}
	return x.handFile(w, r, k.Subject, k.Flow)
}

func (x *repairs) handFile(w http.ResponseWriter, r *http.Request, subject, procedure int64) error {
	a, f, err := x.Cases.OpenFile(r.Context(), procedure, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := x.look(r.Context(), subject); err != nil {
		return err
	}
	desk.HandFile(w, r, a, f)
	return nil
}

// repairDay reads a day of a form; none is 0.
func repairDay(text string) (clock.Date, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	d, err := clock.ParseDate(strings.TrimSpace(text))
	if err != nil {
		return 0, errRepairDay.With(err)
	}
	return d, nil
}

var errRepairDay = fault.New(fault.Invalid, "me.day", "日期要写成 2026-12-01 这样", "请重新填写日期")

// repairTargets reads the chosen failures of a form or an address.
func repairTargets(list []string) ([]repair.Target, error) {
	var out []repair.Target
	for _, text := range list {
		t, err := repair.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func repairRefusal(err error) (string, bool) {
	f, ok := desk.Refusal(err)
	if !ok {
		return "", false
	}
	return desk.Words(f), true
}

func repairQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// barred reports whether nothing can be applied for because a repair was taken back.
func (v *repairsView) barred() bool {
	return slices.ContainsFunc(v.review.Findings, func(f repair.Finding) bool { return f.State == repair.Barred })
}

func (v *repairsView) of() string { return strconv.FormatInt(v.Subject, 10) }

// repairPickWords name a chosen failure.
func repairPickWords(p *repair.Pick) string {
	name := p.ItemName
	if p.Title != "" && p.Title != name {
		name += "：" + p.Title
	}
	if p.DocNo != "" {
		name += "，" + p.DocNo
	}
	name += "，" + p.On.String() + "，" + p.Unit
	if len(p.Held) > 0 {
		name += "（平台已有证明：" + repairHeldWords(p.Held) + "）"
	}
	return name
}

func repairPaperFacts(p *repair.Paper) []ui.Fact {
	var out []ui.Fact
	for _, r := range p.Rows() {
		out = append(out, ui.Fact{Label: r[0], Value: r[1], Wide: longValue(r[1])})
	}
	return out
}

// appTitle names an application by its first failure.
func appTitle(a *repair.Application) string {
	if len(a.Picks) == 0 {
		return "修复申请"
	}
	title := repairPickWords(&repair.Pick{ItemName: a.Picks[0].ItemName, Title: a.Picks[0].Title, On: a.Picks[0].On, Unit: a.Picks[0].Unit})
	if n := len(a.Picks); n > 1 {
		title += " 等 " + strconv.Itoa(n) + " 条"
	}
	return title
}
