package lookup

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Embeds are checks in pages of other systems; *check.Service has them.
type Embeds interface {
	OpenEmbed(ctx context.Context, ticket string) (*check.Embedded, error)
	NextEmbed(ctx context.Context, token, address string) (*check.Embedded, error)
	CheckEmbedded(ctx context.Context, e *check.Embedded, whom publish.Whom) (*check.Given, error)
	AgainEmbedded(ctx context.Context, e *check.Embedded, receipt string) (*check.Given, error)
	FeedbackEmbedded(ctx context.Context, e *check.Embedded, n check.Note) error
}

// embedRoutes are open to everyone: a frame of another site has no cookie of ours. The ticket is what is asked.
func (d *Desk) embedRoutes(rt *web.Router) {
	rt.Handle("GET /embed/check", web.Public(authz.CheckEmbedded), d.site.Handle(d.openEmbed))
	rt.Handle("POST /embed/check", web.Public(authz.CheckEmbedded), d.site.Handle(d.useEmbed))
}

// embedView is the page in a frame: the form, and the answer when there is one.
type embedView struct {
	page *check.Embedded
	whomForm
	answerView
	assets  *ui.Assets
	city    string
	stored  bool
	ended   string // why there is no form
	endsFix string
}

// said is what a screen reader reads first.
func (v *embedView) title() string {
	switch {
	case v.ended != "":
		return v.ended
	case v.answerView.said() != "":
		return v.answerView.said() + " · 信用核查"
	default:
		return "信用核查"
	}
}

// openEmbed turns a ticket into its page.
func (d *Desk) openEmbed(w http.ResponseWriter, r *http.Request) error {
	page, err := d.Checks.OpenEmbed(r.Context(), r.URL.Query().Get("ticket"))
	v := d.embedOf(page)
	if err == nil && alone(r) {
		err = check.ErrEmbedOrigin // opened outside of a frame: that site has not asked
	}
	if err != nil {
		return d.endEmbed(w, r, v, err)
	}
	return d.showEmbed(w, r, http.StatusOK, v)
}

// alone reports whether a browser says that it opens the page as a whole, and not in a frame.
func alone(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest != "" && dest != "iframe" && dest != "frame"
}

// useEmbed answers a form of the page: a check, or what was done with an answer.
func (d *Desk) useEmbed(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	page, err := d.Checks.NextEmbed(ctx, form.Get("token"), authz.From(ctx).Address)
	v := d.embedOf(page)
	if err != nil {
		return d.endEmbed(w, r, v, err)
	}
	if form.Get("result") != "" {
		return d.feedEmbed(w, r, v, form)
	}
	whom, ok := v.read(form)
	if !ok {
		return d.showEmbed(w, r, http.StatusBadRequest, v)
	}
	status := http.StatusOK
	if v.given, err = d.Checks.CheckEmbedded(ctx, page, whom); err != nil {
		if status, err = v.refuse(err); err != nil {
			return err
		}
	}
	if v.forget(whom); v.given != nil {
		v.code = ""
	}
	return d.showEmbed(w, r, status, v)
}

// feedEmbed records what was done with an answer of the page and leads back to the empty field.
func (d *Desk) feedEmbed(w http.ResponseWriter, r *http.Request, v *embedView, form map[string][]string) error {
	n := noteOf(form)
	n.Receipt = first(form, "receipt")
	err := d.Checks.FeedbackEmbedded(r.Context(), v.page, n)
	if err == nil {
		v.stored = true
		return d.showEmbed(w, r, http.StatusOK, v)
	}
	f, ok := desk.Refusal(err)
	if !ok || f.Kind == fault.NotFound {
		return err
	}
	if v.given, err = d.Checks.AgainEmbedded(r.Context(), v.page, n.Receipt); err != nil {
		return err
	}
	v.fault, v.opened, v.note = desk.Words(f), n.Result, n
	return d.showEmbed(w, r, web.Status(f), v)
}

func first(form map[string][]string, name string) string {
	if list := form[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// noteOf reads feedback from a form.
func noteOf(form map[string][]string) check.Note {
	n := check.Note{
		Result: check.Result(desk.Cut(first(form, "result"), 20)), Reason: desk.Cut(first(form, "reason"), 600), Measure: desk.Cut(first(form, "measure"), 40),
		CaseNo: desk.Cut(first(form, "case"), 100),
	}
	if more := desk.Cut(first(form, "more"), 500); more != "" {
		n.Reason = strings.TrimPrefix(n.Reason+"："+more, "：")
	}
	return n
}

func (d *Desk) embedOf(page *check.Embedded) *embedView {
	v := &embedView{page: page, assets: d.site.Assets, city: d.site.City}
	if page != nil {
		v.docKinds, v.persons = d.docKinds(), persons(&page.Matter)
	}
	return v
}

// endEmbed shows why a page cannot go on; what is no refusal goes to the error page.
func (d *Desk) endEmbed(w http.ResponseWriter, r *http.Request, v *embedView, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return err
	}
	v.ended, v.endsFix = f.Message, f.Fix
	return d.showEmbed(w, r, endStatus(err), v)
}

// endStatus is never one that asks the reader to sign in: a frame cannot.
func endStatus(err error) int {
	switch status := web.Status(err); status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return http.StatusConflict
	default:
		return status
	}
}

// embedPolicy lets nothing run and nothing come from elsewhere. The origin has been read by check.ParseOrigin: it holds nothing that ends a directive.
const embedPolicy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "

// showEmbed writes the page. The site that may frame it is the one that its ticket was given for, and no other; without a ticket, none.
func (d *Desk) showEmbed(w http.ResponseWriter, r *http.Request, status int, v *embedView) error {
	origin := "'none'"
	if v.page != nil && v.page.Origin != "" {
		origin = v.page.Origin
	}
	var b bytes.Buffer
	if err := embedPage(v).Render(r.Context(), &b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", embedPolicy+origin)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
	return nil
}

func token(v *embedView) templ.Component { return ui.Hidden("token", v.page.Token) }
