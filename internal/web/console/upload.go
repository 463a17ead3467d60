package console

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/blob"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
	"gongxin/internal/web"
)

const (
	// maxField bounds a text field of the form.
	maxField = 256
	// maxName bounds the file name that is kept, in characters.
	maxName = 200
	// patience is how long a browser may take for the next part of a file.
	patience = 60 * time.Second
	// maxDrain is how much of a refused upload is still read, so that the browser gets to see the answer.
	maxDrain = 32 << 20
)

var (
	errForm = fault.New(fault.Invalid, "console.form", "提交的内容不是报送表单。", "请在数据报送页面选择文件后点“报送”。")
	errTorn = fault.New(fault.Invalid, "console.torn", "文件没有传完，连接中断了。", "请检查网络，重新选择文件后再报送。")
)

// submit takes a filing. The file goes to disk as it comes; unit and item must stand before it in the form, because it is kept under them.
func (c *Console) submit(w http.ResponseWriter, r *http.Request) error {
	r.Body = &patient{rc: http.NewResponseController(w), body: http.MaxBytesReader(w, r.Body, c.MaxBytes+1<<20)}
	parts, err := r.MultipartReader()
	if err != nil {
		return errForm.With(err)
	}
	form := formView{unit: rememberedUnit(r)}
	file, err := c.readFields(parts, &form)
	if err != nil {
		return sendersFault(err)
	}
	if form.bad() {
		return c.again(w, r, http.StatusBadRequest, form)
	}
	if err := c.mayFile(r.Context(), form.unit); err != nil {
		if !form.blame(err) {
			return err
		}
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		return c.again(w, r, web.Status(err), form)
	}
	sent := &sender{r: file}
	body := bufio.NewReaderSize(sent, 64<<10)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		form.fileFault = "这个文件是空的，没有任何内容。请检查导出过程，重新选择。"
		return c.again(w, r, http.StatusBadRequest, form)
	}
	sub, err := c.Intake.Submit(r.Context(), ingest.Request{Item: form.item, Unit: form.unit, FileName: shorten(file.FileName()), Actor: whoActs(r.Context())}, body)
	if err != nil {
		if sent.err != nil { // the connection failed, not we
			err = sendersFault(sent.err)
		}
		if !form.blame(err) {
			return err
		}
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		return c.again(w, r, web.Status(err), form)
	}
	c.Wake()
	c.rememberUnit(w, form.unit)
	to := receiptLink(sub.ID)
	if byScript(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// mayFile asks whether the caller may file in the name of a unit.
func (c *Console) mayFile(ctx context.Context, code string) error {
	unit, err := c.Agencies.ByCode(ctx, code)
	if err != nil {
		return err
	}
	return c.site.Check(ctx, authz.Scope{Agency: unit.ID, Region: unit.Region})
}

// again shows the form anew with what was typed. What it reads runs within the time of a page.
func (c *Console) again(w http.ResponseWriter, r *http.Request, status int, form formView) error {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	return c.desk(w, r.WithContext(ctx), status, form)
}

// readFields reads the form up to its file, and notes what is missing. Without the file's part it has read to the end.
func (c *Console) readFields(parts *multipart.Reader, form *formView) (file *multipart.Part, err error) {
	var unit, item bool
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			form.fileFault = "没有选择文件。请选择要报送的文件。"
			form.missing(unit, item)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		switch part.FormName() {
		case "unit":
			if form.unit, err = smallField(part); err != nil {
				return nil, err
			}
			unit = true
		case "item":
			if form.item, err = smallField(part); err != nil {
				return nil, err
			}
			item = true
		case "file":
			if part.FileName() == "" {
				form.fileFault = "没有选择文件。请选择要报送的文件。"
			}
			form.missing(unit, item)
			if form.bad() {
				return nil, form.tooLate(parts, part, unit, item)
			}
			return part, nil
		}
	}
}

// missing notes unit and item that are not there.
func (f *formView) missing(unit, item bool) {
	if !unit || f.unit == "" {
		f.unitFault = "没有选择报送单位。请选择。"
	}
	if !item || f.item == "" {
		f.itemFault = "没有选择事项。请选择。"
	}
}

// tooLate reads on behind a file that cannot be kept, and says so when unit or item stand there. The browser must have sent what it sends
// before it reads an answer, so that a short rest is read in any case.
func (f *formView) tooLate(parts *multipart.Reader, file *multipart.Part, unit, item bool) error {
	left := int64(maxDrain)
	for part := file; ; {
		n, err := io.CopyN(io.Discard, part, left)
		if left -= n; err == nil || left <= 0 {
			return nil // longer than we care to read
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		if part, err = parts.NextRawPart(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		name := part.FormName()
		if (name != "unit" || unit) && (name != "item" || item) {
			continue
		}
		value, err := smallField(part)
		if err != nil {
			return err
		}
		const words = "放在了文件后面，系统要先知道它才能接收文件。请用本页的表单报送；自编程序请把 unit 和 item 放在 file 前面。"
		if name == "unit" {
			f.unit, f.unitFault = value, "单位"+words
		} else {
			f.item, f.itemFault = value, "事项"+words
		}
	}
}

func smallField(part *multipart.Part) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxField || !utf8.Valid(raw) {
		return "", errForm
	}
	return strings.TrimSpace(string(raw)), nil
}

// blame puts an error beside the field that it is about; false when the form is not to blame.
func (f *formView) blame(err error) bool {
	var known *fault.Error
	if !errors.As(err, &known) {
		return false
	}
	words := known.Message
	if known.Fix != "" {
		words += "。" + known.Fix + "。"
	}
	words = strings.NewReplacer("。。", "。").Replace(words)
	switch {
	case errors.Is(err, agency.ErrUnknown), errors.Is(err, agency.ErrCode), errors.Is(err, ingest.ErrInactive):
		f.unitFault = words
	case errors.Is(err, ingest.ErrItem), errors.Is(err, ingest.ErrProvider), errors.Is(err, ingest.ErrNoBasis):
		f.itemFault = words
	case errors.Is(err, blob.ErrTooLarge), errors.Is(err, errTorn), known.Kind == fault.TooLarge:
		f.fileFault = words
	case known.Kind == fault.Invalid, known.Kind == fault.Conflict, known.Kind == fault.Denied:
		f.fault = words
	default:
		return false
	}
	return true
}

// sender remembers the error that ended what a browser sent.
type sender struct {
	r   io.Reader
	err error
}

func (s *sender) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// sendersFault gives an error of reading what a browser sent its kind.
func sendersFault(err error) error {
	var large *http.MaxBytesError
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &large):
		return blob.ErrTooLarge.With(err)
	case errors.Is(err, context.Canceled):
		return err // the browser has left
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded):
		return errTorn.With(err)
	default: // mime/multipart has no values for its errors
		return errForm.With(err)
	}
}

// shorten keeps the end of a long name, where its kind stands.
func shorten(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		return "…" + string(runes[len(runes)-maxName+1:])
	}
	return name
}

// patient moves the connection's deadlines on with every part that arrives: a large file may take long, a silent connection may not. It asks the
// machine's clock, whatever day the pages live in.
type patient struct {
	rc    *http.ResponseController
	body  io.ReadCloser
	until time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	if now := (clock.System{}).Now(); p.until.Sub(now) < patience-time.Second {
		p.until = now.Add(patience)
		// A recorder in a test has no deadlines; a real connection does.
		_ = p.rc.SetReadDeadline(p.until)
		_ = p.rc.SetWriteDeadline(p.until.Add(patience))
	}
	return p.body.Read(b)
}

func (p *patient) Close() error { return p.body.Close() }
