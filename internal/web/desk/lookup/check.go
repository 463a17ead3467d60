package lookup

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Checks answers checks and keeps what was answered; *check.Service does. Every answer and every refusal is in the access log before it returns.
type Checks interface {
	Check(ctx context.Context, ask check.Ask) (*check.Given, error)
	Again(ctx context.Context, who authz.Actor, receipt string) (*check.Given, error)
	Feedback(ctx context.Context, who authz.Actor, n check.Note) error
	FeedbackOn(ctx context.Context, who authz.Actor, receipt string) ([]check.Fed, error)
	Recent(ctx context.Context, who authz.Actor, unit int64, limit int) ([]check.Summary, error)
	Start(ctx context.Context, o check.Order) (int64, error)
	Batch(ctx context.Context, who authz.Actor, batch int64) (*check.Batch, error)
	Batches(ctx context.Context, who authz.Actor, unit int64, limit int) ([]check.Batch, error)
	WriteResult(ctx context.Context, who authz.Actor, batch int64, w io.Writer) error
	Coverage(ctx context.Context, who authz.Actor, from, to int, unit int64) (*check.Coverage, error)
	Embeds
}

// recentChecks is how many of the caller's checks the desk lists.
const recentChecks = 10

func (d *Desk) checkRoutes(rt *web.Router) {
	if d.Checks == nil {
		return
	}
	page := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.site.Handle(h)) }
	make, read, feed := web.Among(authz.CheckMake, matterUnit), web.Among(authz.CheckRead, checkedBy), web.Among(authz.CheckFeedback, checkedBy)
	batch, coverage := web.Among(authz.CheckBatch, checkedBy), web.Among(authz.CheckCoverage, "查询人的单位")
	page("GET /desk/check", make, d.checks)
	page("POST /desk/check", make, d.checkOne)
	page("GET /desk/check/{receipt}", read, d.checked)
	page("POST /desk/check/{receipt}/feedback", feed, d.feedback)
	page("GET /desk/check/batch", batch, d.batches)
	page("POST /desk/check/batch", batch, d.orderBatch)
	page("GET /desk/check/batch/{id}", batch, d.batch)
	rt.Handle("GET /desk/check/batch/{id}/result.csv", batch, d.site.Stream(d.batchResult))
	d.embedRoutes(rt)
	page("GET /desk/check/coverage", coverage, d.coverage)
	page("GET /desk/check/coverage.csv", coverage, d.coverageCSV)
}

const checkedBy = "作出核查的单位"

// checkView is the page of checks: the form, the answer when there is one, and the newest ones of the caller.
type checkView struct {
	whomForm
	matters []agency.Matter
	matter  *agency.Matter
	lapsed  int
	recent  []recentRow
	stored  bool // the receipt just given has feedback now
	answerView
}

// answerView is an answer with what was done with it.
type answerView struct {
	given   *check.Given
	refusal *fault.Error
	fed     []check.Fed
	fault   string // what is wrong with the feedback that was sent
	opened  check.Result
	note    check.Note
}

// recentRow is one of the caller's checks in words.
type recentRow struct {
	check.Summary
	label, matter string
}

// checks shows the desk for the matter of the last check.
func (d *Desk) checks(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("matter")
	if code == "" {
		code = d.rememberedMatter(r)
	}
	v := &checkView{stored: r.URL.Query().Get("fed") != ""}
	if err := d.fillChecks(r, v, code); err != nil {
		return err
	}
	if v.matter == nil && len(v.matters) > 0 {
		v.matter = &v.matters[0]
		v.persons = persons(v.matter)
	}
	return d.showChecks(w, r, http.StatusOK, v)
}

// CheckForm gives the form of a check for another page of the desks; nil when the caller's units have no matter to check for.
func (d *Desk) CheckForm(r *http.Request) (templ.Component, error) {
	v := &checkView{}
	if err := d.fillChecks(r, v, d.rememberedMatter(r)); err != nil || len(v.matters) == 0 {
		return nil, err
	}
	if v.matter == nil {
		v.matter = &v.matters[0]
		v.persons = persons(v.matter)
	}
	return checkForm(v), nil
}

func (d *Desk) fillChecks(r *http.Request, v *checkView, code string) error {
	var err error
	if v.matters, v.lapsed, err = d.matters(r.Context()); err != nil {
		return err
	}
	for i := range v.matters {
		if v.matters[i].Code == code {
			v.matter = &v.matters[i]
		}
	}
	v.docKinds, v.persons = d.docKinds(), persons(v.matter)
	return nil
}

// recentOf lists what the caller checked last in the unit of the matter.
func (d *Desk) recentOf(ctx context.Context, v *checkView) error {
	if v.matter == nil || !d.site.May(ctx, authz.CheckRead, authz.Scope{Agency: v.matter.Agency}) {
		return nil
	}
	list, err := d.Checks.Recent(ctx, authz.From(ctx), v.matter.Agency, recentChecks)
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].Subject
	}
	labels, err := d.Discloser.Labels(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range list {
		row := recentRow{Summary: s, label: labels[s.Subject], matter: s.Matter}
		for i := range v.matters {
			if v.matters[i].Code == s.Matter {
				row.matter = v.matters[i].Name
			}
		}
		v.recent = append(v.recent, row)
	}
	return nil
}

func (d *Desk) showChecks(w http.ResponseWriter, r *http.Request, status int, v *checkView) error {
	if err := d.recentOf(r.Context(), v); err != nil {
		return err
	}
	title := "信用核查"
	if said := v.answerView.said(); said != "" {
		title = said + " · " + title // what a screen reader reads first
	}
	return desk.Show(d.site, w, r, status, desk.Page(d.site, r, title, ui.Link{Label: "信用核查"}), checkPage(v))
}

// checkOne checks one subject. A matter that is not the caller's is asked for all the same, so that the refusal is on file.
func (d *Desk) checkOne(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	v := &checkView{}
	code := desk.Cut(form.Get("matter"), 40)
	if err := d.fillChecks(r, v, code); err != nil {
		return err
	}
	v.whomForm.persons = true // whether the matter reaches persons is said by the refusal
	whom, ok := v.read(form)
	v.whomForm.persons = persons(v.matter)
	if !ok {
		return d.showChecks(w, r, http.StatusBadRequest, v)
	}
	given, err := d.Checks.Check(r.Context(), check.Ask{Who: authz.From(r.Context()), Subject: whom, Matter: code})
	status := http.StatusOK
	if err != nil {
		if status, err = v.refuse(err); err != nil {
			return err
		}
	}
	v.given = given
	if v.matter != nil {
		d.rememberMatter(w, v.matter.Code)
	}
	if v.forget(whom); given != nil {
		v.code = "" // the next code is pasted into an empty field
	}
	return d.showChecks(w, r, status, v)
}

// refuse keeps a refusal for the page; what is none goes to the error page.
func (v *answerView) refuse(err error) (int, error) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return 0, err
	}
	v.refusal = f
	return web.Status(err), nil
}

// said is the answer in one sentence; "" before anything was asked.
func (v *answerView) said() string {
	switch {
	case v.refusal != nil:
		return "没有作答：" + v.refusal.Message
	case v.given == nil:
		return ""
	default:
		return v.given.Answer.Result
	}
}

// missing names the element for lack of which the check was refused; "" when it was refused for another reason.
func (v *answerView) missing() string {
	code, ok := strings.CutPrefix(v.refusal.Code, refusedPrefix)
	if !ok {
		return ""
	}
	return missingWords[publish.Missing(code)]
}

// tone warns of what speaks against the subject; the words say the same.
func (v *answerView) tone() ui.Tone {
	a := v.given.Answer
	for i := range a.Hits {
		if a.Hits[i].Polarity == check.Adverse {
			return ui.Warn
		}
	}
	for i := range a.Lists {
		if a.Lists[i].Polarity == check.Adverse {
			return ui.Warn
		}
	}
	return ui.Good
}

// checked shows an answer once more; that is a look-up, and on file before the page is.
func (d *Desk) checked(w http.ResponseWriter, r *http.Request) error {
	return d.showChecked(w, r, http.StatusOK, &answerView{})
}

func (d *Desk) showChecked(w http.ResponseWriter, r *http.Request, status int, v *answerView) error {
	ctx, receipt := r.Context(), r.PathValue("receipt")
	var err error
	if v.given, err = d.Checks.Again(ctx, authz.From(ctx), receipt); err != nil {
		return err
	}
	if v.fed, err = d.Checks.FeedbackOn(ctx, authz.From(ctx), receipt); err != nil {
		return err
	}
	p := desk.Page(d.site, r, "核查结果", ui.Link{Href: "/desk/check", Label: "信用核查"}, ui.Link{Label: "核查结果"})
	return desk.Show(d.site, w, r, status, p, checkedPage(v))
}

// feedback records what was done with an answer, and leads back to the empty field.
func (d *Desk) feedback(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	n := noteOf(form)
	n.Receipt = r.PathValue("receipt")
	err = d.Checks.Feedback(r.Context(), authz.From(r.Context()), n)
	if f, ok := desk.Refusal(err); ok && f.Kind != fault.NotFound {
		return d.showChecked(w, r, web.Status(err), &answerView{fault: desk.Words(f), opened: n.Result, note: n})
	}
	if err != nil {
		return err
	}
	return desk.See(w, r, "/desk/check?fed="+n.Receipt)
}

// whyNot are the usual reasons for which nothing is applied.
var whyNot = []ui.Option{
	{Value: "经核实不影响本事项的办理", Label: "经核实不影响本事项的办理"},
	{Value: "本事项没有可以采取的措施", Label: "本事项没有可以采取的措施"},
	{Value: "主体已经整改", Label: "主体已经整改"},
	{Value: "信息可能有误，正在核实", Label: "信息可能有误，正在核实"},
}

func measureOptions(list []check.Measure) []ui.Option {
	out := make([]ui.Option, len(list))
	for i := range list {
		out[i] = ui.Option{Value: list[i].Code, Label: list[i].Content + "（" + list[i].Code + "）"}
	}
	return out
}

// aboutFacts say whom the answer is about and on what it stands.
func (v *answerView) aboutFacts() []ui.Fact {
	a := v.given.Answer
	facts := []ui.Fact{{Label: "主体", Value: a.Subject.Name, Note: desk.Word(kindWords, string(a.Subject.Kind))}}
	if a.Subject.Code != "" {
		facts = append(facts, ui.Fact{Label: "统一社会信用代码", Value: a.Subject.Code, Code: true})
	}
	return append(facts,
		ui.Fact{Label: "应用事项", Value: a.Matter, Code: true}, ui.Fact{Label: "查询依据", Value: a.Basis, Wide: true},
		ui.Fact{Label: "查询时点", Value: desk.Exact(a.AsOf)}, ui.Fact{Label: "回执编号", Value: a.Receipt, Code: true})
}

func findingFacts(f *check.Finding) []ui.Fact {
	facts := []ui.Fact{{Label: "决定日期", Value: desk.Dash(f.DecidedOn.String())}, {Label: "认定单位", Value: desk.Dash(f.Authority)}, {Label: "来源", Value: desk.Dash(f.Source.Name)}}
	if f.DocNo != "" {
		facts = append(facts, ui.Fact{Label: "文号", Value: f.DocNo})
	}
	if !f.PublicUntil.IsZero() {
		facts = append(facts, ui.Fact{Label: "公示至", Value: f.PublicUntil.AddDays(-1).String()})
	}
	return facts
}

func findingFields(f *check.Finding) []ui.Fact {
	facts := make([]ui.Fact, 0, len(f.Fields))
	for i := range f.Fields {
		x := ui.Fact{Label: f.Fields[i].Name, Value: desk.Dash(f.Fields[i].Value)}
		if f.Fields[i].Masked {
			x.Note = "（已遮盖）"
		}
		facts = append(facts, x)
	}
	return append(facts, ui.Fact{Label: "收集和使用这类信息的依据", Value: desk.Dash(f.Basis), Wide: true})
}

func listedFacts(l *check.Listed) []ui.Fact {
	until := "没有期限，移出为止"
	if !l.Until.IsZero() {
		until = l.Until.AddDays(-1).String()
	}
	out := []ui.Fact{
		{Label: "列入日期", Value: desk.Dash(l.DecidedOn.String())},
		{Label: "截止", Value: until},
		{Label: "认定单位", Value: desk.Dash(l.Unit)},
		{Label: "设列依据", Value: desk.Dash(l.Basis), Wide: true},
	}
	if l.Disputed {
		out = append(out, ui.Fact{Label: "异议", Value: "异议中：列入有人提出异议，还没有处理完。作决定以前请向认定单位核实。", Wide: true})
	}
	return out
}

func measureFacts(m *check.Measure) []ui.Fact {
	return []ui.Fact{{Label: "种类", Value: m.Kind}, {Label: "实施主体", Value: m.Body}, {Label: "依据", Value: m.Basis, Wide: true}}
}

func polarityTone(p check.Polarity) ui.Tone {
	switch p {
	case check.Adverse:
		return ui.Warn
	case check.Incentive:
		return ui.Good
	default:
		return ui.Plain
	}
}

func outcomeWord(s *check.Summary) string {
	if s.Outcome == check.Hit {
		return "命中 " + strconv.Itoa(s.Hits) + " 项"
	}
	return "未命中"
}

func fedWord(fed bool) string {
	if fed {
		return "已反馈"
	}
	return "待反馈"
}

func (v *checkView) chosenMatter() string {
	if v.matter == nil {
		return ""
	}
	return v.matter.Code
}
