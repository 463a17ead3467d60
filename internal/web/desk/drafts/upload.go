package drafts

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"gongxin/internal/approval"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

const (
	// maxContent is the largest draft that is taken in, as approval has it; the form may be a little larger.
	maxContent = 4 << 20
	maxUpload  = maxContent + 256<<10
)

// draftForm is what an author writes beside the file.
type draftForm struct {
	title, day, today                        string
	titleFault, fileFault, dayFault, general string
	open                                     bool
}

func (f *draftForm) bad() bool { return f.titleFault+f.fileFault+f.dayFault+f.general != "" }

type newView struct {
	kind approval.Kind
	form draftForm
}

// newForm shows the form for a draft of a kind.
func (d *Desk) newForm(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return d.showNew(w, r, http.StatusOK, &newView{kind: k})
	}
}

func (d *Desk) showNew(w http.ResponseWriter, r *http.Request, status int, v *newView) error {
	v.form.today = clock.Today(d.Clock).String()
	title := "起草" + v.kind.Name()
	p := desk.Page(d.site, r, title, ui.Link{Href: "/desk/drafts", Label: "起草和审批"}, ui.Link{Label: title})
	return desk.Show(d.site, w, r, status, p, newPage(v))
}

// read reads title, day and file. content is nil when no file came along.
func (f *draftForm) read(w http.ResponseWriter, r *http.Request) (in approval.Input, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(maxUpload); err != nil { //nolint:gosec // G120: MaxBytesReader above bounds it
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return in, approval.ErrLarge.With(err)
		}
		return in, desk.ErrForm.With(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	f.title, f.day = desk.Cut(strings.TrimSpace(first(r.MultipartForm, "title")), 200), desk.Cut(strings.TrimSpace(first(r.MultipartForm, "day")), 10)
	if !utf8.ValidString(f.title + f.day) {
		return in, desk.ErrForm
	}
	in.Title = f.title
	if f.day != "" {
		if in.EffectiveOn, err = clock.ParseDate(f.day); err != nil {
			f.dayFault = "日期要写成 2026-12-01 这样。"
		}
	}
	for _, head := range r.MultipartForm.File["file"][:min(1, len(r.MultipartForm.File["file"]))] {
		if in.Content, err = readAll(head); err != nil {
			return in, desk.ErrForm.With(err)
		}
	}
	return in, nil
}

func first(form *multipart.Form, name string) string {
	if list := form.Value[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

func readAll(head *multipart.FileHeader) ([]byte, error) {
	f, err := head.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxContent+1))
}

// blame puts a refusal beside the field that it is about.
func (f *draftForm) blame(known *fault.Error) {
	words := desk.Words(known)
	switch {
	case known.Is(approval.ErrTitle):
		f.titleFault = words
	case known.Is(approval.ErrLarge), known.Is(approval.ErrEmpty):
		f.fileFault = words
	case known.Is(approval.ErrDay), known.Is(approval.ErrPast):
		f.dayFault = words
	default:
		f.general = words
	}
}

// create begins a draft with a file.
func (d *Desk) create(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := &newView{kind: k}
		in, err := v.form.read(w, r)
		if err != nil {
			return d.refuseNew(w, r, v, err)
		}
		if in.Kind = k; len(in.Content) == 0 {
			v.form.fileFault = "没有选择文件，或者文件是空的。请选择草案的文件。"
		}
		if in.Title == "" {
			v.form.titleFault = desk.Words(approval.ErrTitle)
		}
		if v.form.bad() {
			return d.showNew(w, r, http.StatusBadRequest, v)
		}
		made, err := d.Drafts.Create(r.Context(), in)
		if err != nil {
			return d.refuseNew(w, r, v, err)
		}
		return desk.See(w, r, desk.Query(draftLink(made), "done", "create"))
	}
}

func (d *Desk) refuseNew(w http.ResponseWriter, r *http.Request, v *newView, err error) error {
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.form.blame(f)
	return d.showNew(w, r, web.Status(err), v)
}

// revise changes a draft that is not submitted yet; without a file its content stays.
func (d *Desk) revise(k approval.Kind) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		have, err := d.find(r, k)
		if err != nil {
			return err
		}
		form := draftForm{open: true, today: clock.Today(d.Clock).String()}
		in, err := form.read(w, r)
		if err == nil && !form.bad() {
			if in.Kind = k; len(in.Content) == 0 {
				in.Content = have.Content
			}
			err = d.Drafts.Revise(r.Context(), have.ID, in)
		}
		if err == nil && !form.bad() {
			return desk.See(w, r, desk.Query(draftLink(have), "done", "revise"))
		}
		status := http.StatusBadRequest
		if err != nil {
			f, ok := desk.Refusal(err)
			if !ok {
				return err
			}
			form.blame(f)
			status = web.Status(err)
		}
		return d.showDraft(w, r, k, status, func(v *draftView) { v.form = form })
	}
}
