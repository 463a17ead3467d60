package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/flow"
	"gongxin/internal/publish"
)

// Attacher takes in what goes with a step of a case; *flow.Engine does.
type Attacher interface {
	Attach(ctx context.Context, title string, r io.Reader) (flow.Attachment, error)
}

// maxFiled bounds a form with a file. It is some more than an attachment may have: whoever chose too large a file is told so on the form, with what they typed.
const maxFiled = 3*flow.MaxAttachment + 256<<10

// How long a telephone may take to send a form with its files, and how long to answer it, scanner included.
const (
	uploadTime = 3 * time.Minute
	filedTime  = 30 * time.Second
)

// FormWithFile reads a form that may carry a file under "file", and takes the file in as title. hashes is empty when none was chosen. The fields are
// given even when the file is refused, so that nobody types them twice.
func FormWithFile(w http.ResponseWriter, r *http.Request, in Attacher, title string) (form url.Values, hashes []string, err error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		form, err = Form(w, r)
		return form, nil, err
	}
	until := (clock.System{}).Now().Add(uploadTime) // the machine's clock, whatever day the pages live in
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(until) // a recorder in a test has no deadlines; a real connection does
	_ = rc.SetWriteDeadline(until.Add(filedTime))
	r.Body = http.MaxBytesReader(w, r.Body, maxFiled)
	if err := r.ParseMultipartForm(1 << 20); err != nil { //nolint:gosec // G120: MaxBytesReader above bounds it
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return url.Values{}, nil, flow.ErrFileLarge.With(err)
		}
		return nil, nil, ErrForm.With(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	form = url.Values{}
	for name, list := range r.MultipartForm.Value {
		for _, text := range list {
			if !readable(text) {
				return nil, nil, ErrForm
			}
			form.Add(name, cntext.Typed(text))
		}
	}
	if len(r.MultipartForm.File["file"]) > flow.MaxFiles { // before any is taken in
		return form, nil, flow.ErrFiles
	}
	for _, head := range r.MultipartForm.File["file"] {
		if head.Size == 0 && head.Filename == "" {
			continue
		}
		f, err := head.Open()
		if err != nil {
			return form, nil, ErrForm.With(err)
		}
		a, err := in.Attach(r.Context(), title, f)
		_ = f.Close()
		if err != nil {
			return form, nil, err
		}
		hashes = append(hashes, a.Hash)
	}
	return form, hashes, nil
}

// HandFile hands out an attachment, as a file to be kept: nothing that somebody uploaded is shown within the site.
func HandFile(w http.ResponseWriter, r *http.Request, a flow.Attachment, f *os.File) {
	ext := map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "application/ofd": ".ofd"}[a.Type]
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+Cut(a.Hash, 12)+ext+`"; filename*=UTF-8''`+url.PathEscape(a.Title+ext))
	http.ServeContent(w, r, "", time.Time{}, f)
}

// Filed hands out what went with the steps of cases, and puts on file who reads it; Cases is *flow.Engine.
type Filed struct {
	Cases interface {
		OpenFile(ctx context.Context, id int64, hash string) (flow.Attachment, *os.File, error)
	}
	Looks publish.Looks
}

// Hand hands out the file of a case that the address names by its hash. The look stands in the access log first.
func (d Filed) Hand(w http.ResponseWriter, r *http.Request, of int64, look audit.Access) error {
	a, f, err := d.Cases.OpenFile(r.Context(), of, r.PathValue("hash"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := d.Looks.Record(r.Context(), look); err != nil {
		return err
	}
	HandFile(w, r, a, f)
	return nil
}
