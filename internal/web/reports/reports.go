// Package reports keeps the rule that a report's page shows what the report says and nothing else, and that whoever holds a report, also on paper, can have
// it checked without an account.
package reports

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/report"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Maker makes reports; report.Service does.
type Maker interface {
	Create(ctx context.Context, o report.Order) (*report.Report, error)
	Get(ctx context.Context, actor authz.Actor, number string) (*report.Report, error)
	PDF(ctx context.Context, actor authz.Actor, number string) ([]byte, error)
	Verify(ctx context.Context, number, code string) (*report.Verdict, error)
	Mine(ctx context.Context, actor authz.Actor, of int64, limit int) ([]report.Report, error)
	Areas() []report.Area
	PublicKey() (pem []byte, id string)
}

// Kinds gives the kind of a subject.
type Kinds func(ctx context.Context, subject int64) (catalog.SubjectKind, error)

// Deps are what the pages are made of.
type Deps struct {
	Site  *web.Site
	Maker Maker
	Kind  Kinds
	Clock clock.Clock
	// Own writes the page of the caller's own reports in the frame of the centre that it belongs to.
	Own func(w http.ResponseWriter, r *http.Request, status int, body templ.Component) error

	Jobs  Jobs // nil = no reports by the list
	Units Units
	Wake  func() // tells the worker that a list waits; nil when it finds out by itself
}

// Desk serves the pages.
type Desk struct{ Deps }

// New makes the pages.
func New(d Deps) *Desk { return &Desk{d} }

// whose is whose things the own pages show, in the published list of routes.
const whose = "本人或本企业"

// Routes hangs the pages into the site.
func (d *Desk) Routes(rt *web.Router) {
	handle := func(pattern string, g web.Guard, h web.Handler) { rt.Handle(pattern, g, d.Site.Handle(h)) }
	handle("POST /report", web.Public(authz.ReportCreate), d.create)
	handle("GET /report/key", web.Public(authz.ReportVerify), d.key)
	handle("GET /report/{no}", web.Public(authz.ReportRead), d.page)
	handle("GET /report/{no}/report.pdf", web.Public(authz.ReportRead), d.pdf)
	handle("GET /report/{no}/report.json", web.Public(authz.ReportRead), d.data)
	handle("GET /verify/report", web.Public(authz.ReportVerify), d.verify)
	handle("GET /me/report", d.mine(), d.ownForm)
	handle("POST /me/report", d.mine(), d.ownCreate)
	if d.Jobs != nil {
		d.batchRoutes(rt)
	}
}

func (d *Desk) mine() web.Guard {
	return web.Of(authz.ReportOwn, whose, func(r *http.Request) (authz.Scope, error) {
		subject, err := chosen(r)
		return authz.Scope{Subject: subject}, err
	})
}

var (
	errOf  = fault.New(fault.NotFound, "reports.of", "没有这一项，或者它不属于您认领的主体", "请从“我的信用”重新选择")
	errDay = fault.New(fault.Invalid, "reports.day", "日期写得不对", "请按 2026-11-18 的格式填写，或者用日期选择框")
)

// own lists the subjects that the caller's claims reach.
func own(a authz.Actor) []int64 {
	var out []int64
	for _, g := range a.Grants {
		if (g.Role == authz.BusinessAgent || g.Role == authz.Resident) && g.Subject > 0 && !slices.Contains(out, g.Subject) {
			out = append(out, g.Subject)
		}
	}
	return out
}

// chosen gives the subject that an address is about: the one it names, else the caller's first one.
func chosen(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("of")
	if text == "" {
		if list := own(authz.From(r.Context())); len(list) > 0 {
			return list[0], nil
		}
		return 0, nil
	}
	subject, err := strconv.ParseInt(text, 10, 64)
	if err != nil || subject <= 0 {
		return 0, errOf
	}
	return subject, nil
}

// create makes a standard report of the subject that a page names, and leads to it.
func (d *Desk) create(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r, 4<<10); err != nil {
		return err
	}
	made, err := d.Maker.Create(r.Context(), report.Order{
		Who: authz.From(r.Context()), Kind: report.Standard, Subject: publish.Whom{Code: strings.TrimSpace(r.PostFormValue("code"))},
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, link(made.Number), http.StatusSeeOther)
	return nil
}

// readForm reads a form whole, or refuses it: nothing is made of half a form.
func readForm(w http.ResponseWriter, r *http.Request, most int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return desk.ErrForm.With(err)
}

func link(number string) string { return "/report/" + url.PathEscape(number) }

// key gives the public key by which reports are checked.
func (d *Desk) key(w http.ResponseWriter, _ *http.Request) error {
	pem, _ := d.Maker.PublicKey()
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="report-key.pem"`)
	_, _ = w.Write(pem)
	return nil
}

func (d *Desk) page(w http.ResponseWriter, r *http.Request) error {
	got, err := d.Maker.Get(r.Context(), authz.From(r.Context()), r.PathValue("no"))
	if err != nil {
		return d.gone(w, r, err)
	}
	doc, err := report.Decode(got.Document)
	if err != nil {
		return err
	}
	page := d.Site.Page(r, doc.Title+"："+doc.Subject.Name, ui.Link{Label: doc.Title})
	page.NoIndex = true
	return d.Site.Render(w, r, http.StatusOK, web.Frame(page, reportPage(&view{Document: doc, digest: got.Digest, keyID: got.KeyID})))
}

// gone tells whoever asks for a report that has been overtaken where to get another.
func (d *Desk) gone(w http.ResponseWriter, r *http.Request, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, report.ErrChanged) && !errors.Is(err, report.ErrObject) {
		return err
	}
	page := d.Site.Page(r, "报告已被新的情况取代", ui.Link{Label: "信用报告"})
	page.NoIndex = true
	return d.Site.Render(w, r, http.StatusGone, web.Frame(page, changedPage(f)))
}

func (d *Desk) pdf(w http.ResponseWriter, r *http.Request) error {
	raw, err := d.Maker.PDF(r.Context(), authz.From(r.Context()), r.PathValue("no"))
	if err != nil {
		return d.gone(w, r, err)
	}
	d.send(w, r, "application/pdf", ".pdf", raw)
	return nil
}

func (d *Desk) data(w http.ResponseWriter, r *http.Request) error {
	got, err := d.Maker.Get(r.Context(), authz.From(r.Context()), r.PathValue("no"))
	if err != nil {
		return d.gone(w, r, err)
	}
	raw, err := got.File()
	if err != nil {
		return err
	}
	d.send(w, r, "application/json", ".json", raw)
	return nil
}

// send answers with a file; nothing of it stays in a shared cache.
func (d *Desk) send(w http.ResponseWriter, r *http.Request, kind, ext string, raw []byte) {
	h := w.Header()
	number := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, r.PathValue("no"))
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="report-`+number+ext+`"; filename*=UTF-8''`+url.PathEscape("信用报告-")+number+ext)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(raw) //nolint:gosec // G705: a file that is saved, never shown as a page
	}
}

type verifyView struct {
	number, code string
	fault        string
	fix          string
	verdict      *report.Verdict
}

// verify checks number and code from paper, or from the QR code.
func (d *Desk) verify(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := &verifyView{number: q.Get("number"), code: q.Get("code")}
	if v.number != "" || v.code != "" {
		verdict, err := d.Maker.Verify(r.Context(), v.number, v.code)
		var f *fault.Error
		switch {
		case errors.As(err, &f) && f.Kind == fault.NotFound:
			v.fault, v.fix = f.Message, f.Fix
		case err != nil:
			return err
		}
		v.verdict = verdict
	}
	page := d.Site.Page(r, "报告核验", ui.Link{Label: "报告核验"})
	if page.NoIndex = v.number != ""; page.NoIndex {
		w.Header().Set("Cache-Control", "no-store") // whose report it is, only who holds it may know
	}
	return d.Site.Render(w, r, http.StatusOK, web.Frame(page, verifyPage(v)))
}

type ownView struct {
	of       int64
	person   bool
	areas    []report.Area
	chosen   []string
	from, to string
	today    string
	use      string
	fault    string
	made     []report.Report
}

func (d *Desk) ownForm(w http.ResponseWriter, r *http.Request) error {
	v, err := d.ownView(r)
	if err != nil {
		return err
	}
	return d.showOwn(w, r, http.StatusOK, v)
}

func (d *Desk) ownView(r *http.Request) (*ownView, error) {
	of, err := chosen(r)
	if err != nil {
		return nil, err
	}
	kind, err := d.Kind(r.Context(), of)
	if err != nil {
		return nil, err
	}
	today := clock.Today(d.Clock)
	v := &ownView{
		of: of, person: kind == catalog.Person, areas: d.Maker.Areas(), today: today.String(), to: today.String(),
		from: today.AddYears(-5).AddDays(1).String(),
	}
	v.made, err = d.Maker.Mine(r.Context(), authz.From(r.Context()), of, 20)
	return v, err
}

func (d *Desk) showOwn(w http.ResponseWriter, r *http.Request, status int, v *ownView) error {
	return d.Own(w, r, status, ownPage(v))
}

// ownCreate makes a report about the caller's own subject; what is wrong with the form is said in it.
func (d *Desk) ownCreate(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r, 32<<10); err != nil {
		return err
	}
	v, err := d.ownView(r)
	if err != nil {
		return err
	}
	o := report.Order{
		Who: authz.From(r.Context()), Kind: report.Special, Subject: publish.Whom{ID: v.of}, Purpose: publish.Purpose{Own: true}, Use: r.PostFormValue("use"),
	}
	v.use = o.Use
	if v.person {
		o.Kind = report.Person
	} else {
		v.from, v.to, v.chosen = r.PostFormValue("from"), r.PostFormValue("to"), r.PostForm["area"]
		o.Areas = v.chosen
		err = errors.Join(day(v.from, &o.From), day(v.to, &o.To))
	}
	var made *report.Report
	if err == nil {
		made, err = d.Maker.Create(r.Context(), o)
	}
	var f *fault.Error
	if errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.TooLarge) {
		v.fault = f.Message + "。" + f.Fix
		return d.showOwn(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, link(made.Number), http.StatusSeeOther)
	return nil
}

// day reads a date of the form; empty leaves it to the report.
func day(text string, to *clock.Date) error {
	if text == "" {
		return nil
	}
	if to.UnmarshalText([]byte(text)) != nil {
		return errDay
	}
	return nil
}

type view struct {
	*report.Document
	digest, keyID string
}

func (v *view) pdfLink() templ.SafeURL  { return templ.URL(link(v.Number) + "/report.pdf") }
func (v *view) dataLink() templ.SafeURL { return templ.URL(link(v.Number) + "/report.json") }

// about are the facts at the head of a report.
func (v *view) about() []ui.Fact {
	out := []ui.Fact{
		{Label: "报告编号", Value: v.Number, Code: true},
		{Label: "核验码", Value: codeText(v.Code), Code: true},
		{Label: "报告版本", Value: v.Layout + " " + report.KindName(v.Kind)},
		{Label: "生成时间", Value: moment(v.IssuedAt)},
		{Label: "出具单位", Value: v.Issuer},
	}
	if !v.From.IsZero() {
		out = append(out, ui.Fact{Label: "报告期间", Value: v.From.String() + " 至 " + v.To.String()})
	}
	if v.Purpose != "" {
		out = append(out, ui.Fact{Label: "申请用途", Value: v.Purpose})
	}
	if v.Basis != "" {
		out = append(out, ui.Fact{Label: "查询依据", Value: v.Basis, Wide: true})
	}
	return out
}

func (v *view) basics() []ui.Fact {
	out := make([]ui.Fact, len(v.Document.Basics))
	for i, f := range v.Document.Basics {
		out[i] = ui.Fact{Label: f.Label, Value: f.Value, Wide: long(f.Value)}
	}
	return out
}

func fields(r *report.Record) []ui.Fact {
	lines := r.Lines()
	out := make([]ui.Fact, len(lines))
	for i, l := range lines {
		out[i] = ui.Fact{Label: l.Label, Value: l.Value, Wide: long(l.Value)}
		if l.Masked {
			out[i].Note = "依法隐去部分内容"
		}
	}
	return out
}

func long(s string) bool { return len([]rune(s)) > 24 }

func heading(c *report.Chapter) string {
	if c.Numeral == "" {
		return c.Name
	}
	return c.Numeral + "、" + c.Name
}

func codeText(s string) string {
	if len(s) != 10 {
		return s
	}
	return s[:5] + "-" + s[5:]
}

func moment(t time.Time) string { return t.In(clock.Zone).Format("2006-01-02 15:04:05") }

func (v *verifyView) facts() []ui.Fact {
	x := v.verdict
	out := []ui.Fact{
		{Label: "报告", Value: x.Title}, {Label: "报告编号", Value: x.Number, Code: true}, {Label: "主体", Value: x.Subject},
	}
	if x.Code != "" {
		out = append(out, ui.Fact{Label: "统一社会信用代码", Value: x.Code, Code: true})
	}
	out = append(out, ui.Fact{Label: "出具单位", Value: x.Issuer}, ui.Fact{Label: "生成时间", Value: moment(x.IssuedAt)})
	if !x.From.IsZero() {
		out = append(out, ui.Fact{Label: "报告期间", Value: x.From.String() + " 至 " + x.To.String()})
	}
	return append(out, ui.Fact{Label: "列出的记录", Value: strconv.Itoa(x.Records) + " 条"},
		ui.Fact{Label: "报告数据的 SHA-256", Value: x.Digest, Code: true, Wide: true}, ui.Fact{Label: "签名密钥", Value: x.KeyID, Code: true})
}

func (v *verifyView) tone() ui.Tone {
	if v.verdict.State == report.Valid {
		return ui.Good
	}
	return ui.Warn
}

func (v *ownView) action() templ.SafeURL {
	return templ.URL("/me/report?of=" + strconv.FormatInt(v.of, 10))
}

func (v *ownView) picks() []ui.Pick {
	out := make([]ui.Pick, len(v.areas))
	for i, a := range v.areas {
		out[i] = ui.Pick{Value: a.Code, Label: a.Name, On: slices.Contains(v.chosen, a.Code)}
	}
	return out
}
