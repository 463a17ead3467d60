package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
	"unicode"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// patience is how long a caller may let the connection rest while a file goes either way.
const patience = 30 * time.Second

// overhead is what a multipart body may hold beside the file.
const overhead = 1 << 20

// maxField bounds a form field beside the file.
const maxField = 256

// maxName bounds a file name, in characters.
const maxName = 200

// Faults of uploads.
var (
	errUnit        = fault.New(fault.Invalid, "api.unit", "没有写明报送单位 unit", "请在查询参数中写 unit=统一社会信用代码；用 multipart 的 unit 项时，须排在 file 之前")
	errUnitTwice   = fault.New(fault.Invalid, "api.unit_twice", "报送单位 unit 写了两次而且不同", "请只写一次")
	errNoFile      = fault.New(fault.Invalid, "api.no_file", "请求中没有文件", "用 multipart/form-data 时文件放在名为 file 的项里；其他类型时正文就是文件内容")
	errTwoFiles    = fault.New(fault.Invalid, "api.two_files", "一次请求中有两个文件，都没有收下", "请每次只报送一个文件")
	errPart        = fault.New(fault.Invalid, "api.part", "表单中有不认识的项", "只接受 file（文件）和 unit（报送单位），每项一次")
	errField       = fault.New(fault.Invalid, "api.field", "表单项的内容太长或不是 UTF-8 文字", "unit 应为 18 位统一社会信用代码")
	errMultipart   = fault.New(fault.Invalid, "api.multipart", "multipart 正文格式不对", "请检查 Content-Type 中的 boundary 与正文是否一致；建议使用现成的 HTTP 客户端生成")
	errBrokenOff   = fault.New(fault.Invalid, "api.broken_off", "上传没有传完就中断了，没有收下任何内容", "请重新上传；用相同的 Idempotency-Key 重传是安全的")
	errContentName = fault.New(fault.Invalid, "api.file_name", "Content-Disposition 格式不对", `请写成 attachment; filename="文件名"，或者去掉这个请求头`)
)

// formats are the media types that a body may have without multipart, with the name that its content goes by when the caller gives none.
var formats = map[string]string{
	"text/csv":             "rows.csv",
	"application/csv":      "rows.csv",
	"application/x-ndjson": "rows.ndjson",
	"application/ndjson":   "rows.ndjson",
	"application/jsonl":    "rows.ndjson",
	"application/json":     "rows.json",
	xlsxType:               "rows.xlsx",
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// upload is a file on its way in.
type upload struct {
	unit    string
	name    string
	content io.Reader
}

// openUpload understands the head of an upload. The content is not read: it streams on into the register.
func (s *server) openUpload(w http.ResponseWriter, r *http.Request, unit string) (*upload, error) {
	if r.ContentLength > s.MaxBytes+overhead {
		return nil, errLarge
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, errUnsupported
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errUnsupported
	}
	content := &callerBody{r: http.MaxBytesReader(w, r.Body, s.MaxBytes+overhead), rc: http.NewResponseController(w)}
	if kind == "multipart/form-data" {
		if params["boundary"] == "" {
			return nil, errMultipart
		}
		return openForm(multipart.NewReader(content, params["boundary"]), unit)
	}
	name, ok := formats[kind]
	if !ok {
		return nil, errUnsupported
	}
	if r.ContentLength == 0 {
		return nil, errNoFile
	}
	if unit == "" {
		return nil, errUnit
	}
	if given, err := givenName(r.Header.Get("Content-Disposition")); err != nil {
		return nil, err
	} else if given != "" {
		name = given
	}
	return &upload{unit: unit, name: name, content: content}, nil
}

// givenName reads a file name from Content-Disposition, "" without one.
func givenName(disposition string) (string, error) {
	if disposition == "" {
		return "", nil
	}
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return "", errContentName
	}
	return fileName(params["filename"]), nil
}

// fileName keeps the last part of a path that a caller sent, as text that every database takes.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), `\`, "/"))
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
	if s == "." || s == "/" || s == ".." {
		return ""
	}
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[len(runes)-maxName:]) // the end tells the format
	}
	return s
}

// form is a multipart body whose file streams on before its end has been seen.
type form struct {
	parts *multipart.Reader
	unit  string
	file  *multipart.Part
	lone  bool  // nothing may stand beside the file
	end   error // what Read answers from now on
}

// openForm reads up to the file.
func openForm(parts *multipart.Reader, unit string) (*upload, error) {
	f := &form{parts: parts, unit: unit}
	for f.file == nil {
		part, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil, errNoFile
		}
		if err != nil {
			return nil, err
		}
		switch part.FormName() {
		case "file":
			f.file = part
		case "unit":
			if err := f.readUnit(part); err != nil {
				return nil, err
			}
		default:
			return nil, errPart
		}
	}
	if f.unit == "" {
		return nil, errUnit
	}
	name := fileName(f.file.FileName())
	if name == "" {
		name = "rows"
	}
	return &upload{unit: f.unit, name: name, content: f}, nil
}

// next gives the next part, io.EOF behind the closing boundary and the caller's fault for everything else.
func (f *form) next() (*multipart.Part, error) {
	part, err := f.parts.NextRawPart()
	if err == io.EOF { // a wrapped EOF is a body that broke off
		return nil, io.EOF
	}
	if err != nil {
		return nil, formError(err)
	}
	return part, nil
}

// formError tells a body that broke off from one that is no form.
func formError(err error) error {
	var broken *bodyError
	switch {
	case errors.As(err, &broken):
		return broken.fault
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errBrokenOff.With(err)
	}
	return errMultipart.With(err)
}

// readUnit takes the field that names the unit; said twice it must say the same.
func (f *form) readUnit(part io.Reader) error {
	if f.lone {
		return errPart
	}
	raw, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return formError(err)
	}
	unit := strings.TrimSpace(string(raw))
	if len(raw) > maxField || !isText(unit) {
		return errField
	}
	if f.unit != "" && unit != f.unit {
		return errUnitTwice
	}
	f.unit = unit
	return nil
}

// Read gives the file's bytes. It answers the end of the file only once the end of the form has been seen, so that nothing of a
// torn or ambiguous request is acknowledged.
func (f *form) Read(p []byte) (int, error) {
	if f.end != nil {
		return 0, f.end
	}
	n, err := f.file.Read(p)
	switch {
	case err == io.EOF: //nolint:errorlint // as Reader promises
		f.end = f.rest()
	case err != nil:
		f.end = formError(err)
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.end
}

// rest reads what stands behind the file.
func (f *form) rest() error {
	for {
		part, err := f.next()
		if err != nil {
			return err
		}
		switch part.FormName() {
		case "file":
			return errTwoFiles
		case "unit":
			if err := f.readUnit(part); err != nil {
				return err
			}
		default:
			return errPart
		}
	}
}

// callerBody reads the body of a request. The connection may rest for a while, but not for ever, and what goes wrong is told from
// faults of our own disks.
type callerBody struct {
	r   io.Reader
	rc  *http.ResponseController
	end error // what Read answers from now on
}

// bodyError is the caller's fault under an error of reading.
type bodyError struct {
	fault error
	err   error
}

func (e *bodyError) Error() string { return "api: read body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// Read moves the read deadline on, up to the end of the body only: from there on the server listens for the caller's leaving, and an
// expired deadline looks to it like that.
func (c *callerBody) Read(p []byte) (int, error) {
	if c.end != nil {
		return 0, c.end
	}
	_ = c.rc.SetReadDeadline(clock.System{}.Now().Add(patience)) // the machine's clock: it is the network that waits
	extend(c.rc, patience)
	n, err := c.r.Read(p)
	var large *http.MaxBytesError
	switch {
	case err == nil, err == io.EOF: // as Reader promises
	case errors.As(err, &large):
		err = &bodyError{errLarge, err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = &bodyError{errSlowUpload, err}
	default:
		err = &bodyError{errBrokenOff, err}
	}
	c.end = err
	return n, err
}
