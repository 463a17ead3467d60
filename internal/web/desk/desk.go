// Package desk keeps the rule that all staff desks look and behave alike: nothing that they show is kept by a browser or a proxy, nothing about a person
// stands in an address, a refusal says which rule refused and what to do, and a change that matters says what it does before it is made. The
// desks themselves are the packages below; each is given what it needs and hangs its own routes in.
package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// section is the desks' entry of the main navigation, as the console has it.
const section = "desk"

// maxForm bounds a form without a file.
const maxForm = 64 << 10

// ErrForm refuses what no form of ours sends.
var ErrForm = fault.New(fault.Invalid, "desk.form", "提交的内容读不出来", "请从工作台的页面上重新操作")

// Page makes a desk's frame.
func Page(s *web.Site, r *http.Request, title string, crumbs ...ui.Link) *ui.Page {
	p := s.Page(r, title, append([]ui.Link{{Href: "/desk", Label: "工作台"}}, crumbs...)...)
	p.Section, p.Desk, p.NoIndex = section, true, true
	return p
}

// Show writes a desk's page, to be kept by nobody.
func Show(s *web.Site, w http.ResponseWriter, r *http.Request, status int, p *ui.Page, body templ.Component) error {
	return s.Render(keepOff{w}, r, status, web.Frame(p, body))
}

// keepOff sends "no-store" whatever the site would have said.
type keepOff struct{ http.ResponseWriter }

// WriteHeader sends the header.
func (k keepOff) WriteHeader(status int) {
	k.Header().Set("Cache-Control", "no-store")
	k.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (k keepOff) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// Form reads the body of a form without a file.
func Form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, err
		}
		return nil, ErrForm.With(err)
	}
	for _, list := range r.PostForm {
		for i := range list {
			if !readable(list[i]) {
				return nil, ErrForm
			}
			list[i] = cntext.Typed(list[i])
		}
	}
	return r.PostForm, nil
}

// readable reports whether a text holds nothing that nobody types: bytes that are no UTF-8, NULs, which not every database takes, and other control characters.
func readable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\n' })
}

// See leads on after a change; to is a path of ours.
func See(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, web.Local(to), http.StatusSeeOther)
	return nil
}

// Number reads a number of ours, as addresses and forms carry it.
func Number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0
}

// Dec writes a number of ours.
func Dec(n int64) string { return strconv.FormatInt(n, 10) }

// Refusal gives what a page says of an error that its reader can do something about: the sentence and what to do. ok is false for what belongs on the
// error page: a defect, or a refusal by the permission table that no other input would change.
func Refusal(err error) (f *fault.Error, ok bool) {
	if !errors.As(err, &f) || f.Kind == fault.Internal || errors.Is(err, authz.ErrSignIn) || errors.Is(err, authz.ErrFactor) || errors.Is(err, authz.ErrDenied) {
		return nil, false
	}
	return f, true
}

// Words give an error's sentence with what to do.
func Words(f *fault.Error) string {
	if f.Fix == "" {
		return stop(f.Message)
	}
	return stop(f.Message) + stop(f.Fix)
}

func stop(s string) string {
	if s == "" || strings.HasSuffix(s, "。") {
		return s
	}
	return s + "。"
}

// Moment writes an instant in China's time to the minute; nothing for none.
func Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04")
}

// Exact writes it to the second.
func Exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04:05")
}

// Dash stands for an empty value.
func Dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// Word gives the word of a code; an unknown code is shown as it is, so that nothing disappears.
func Word(table map[string]string, code string) string {
	if w, ok := table[code]; ok {
		return w
	}
	return code
}

// Query writes an address with parameters; those without a value are left out.
func Query(path string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// Cut shortens a text that came from outside to n characters.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}
