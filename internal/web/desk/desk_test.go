package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/web"
)

// Whoever reaches some part of the city with an action is offered it, and nobody else.
func TestCould(t *testing.T) {
	t.Parallel()
	site := &web.Site{Authority: authz.New(ident.DefaultDivisions())}
	for _, c := range []struct {
		role   authz.Role
		region string
		act    authz.Action
		want   bool
	}{
		{authz.WindowOfficer, "", authz.DiscloseDepartment, true},
		{authz.FilingClerk, "", authz.DiscloseDepartment, false},
		{authz.Auditor, "990102", authz.AccessAudit, true},
		{authz.Auditor, "", authz.AccessSecrecy, false},
		{authz.AuditAdmin, "", authz.AccessSecrecy, true},
		{authz.ListApprover, "", authz.DraftRead, true},
		{authz.Resident, "", authz.DiscloseOwn, true},
	} {
		ctx := authz.With(context.Background(), authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: c.role, Region: c.region, Agency: 7, Subject: 9}}})
		if got := Could(ctx, site, c.act); got != c.want {
			t.Errorf("%s of %q could %s: %v", c.role, c.region, c.act, got)
		}
	}
	if Could(context.Background(), site, authz.DraftRead) {
		t.Error("nobody could read drafts")
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err error
		ok  bool
	}{
		{fault.New(fault.Conflict, "x.y", "不行", "改一改"), true},
		{fault.New(fault.Denied, "x.own", "不能办自己的", ""), true},
		{fault.New(fault.Internal, "x.z", "坏了", ""), false},
		{authz.ErrDenied, false},
		{authz.ErrFactor, false},
		{authz.ErrSignIn, false},
		{context.Canceled, false},
		{nil, false},
	} {
		if f, ok := Refusal(c.err); ok != c.ok || ok && f == nil {
			t.Errorf("%v: %v %v", c.err, f, ok)
		}
	}
	if got := Words(fault.New(fault.Invalid, "a", "缺少日期", "请填写日期。")); got != "缺少日期。请填写日期。" {
		t.Error(got)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	post := func(body string) (url.Values, error) {
		r := httptest.NewRequest(http.MethodPost, "/x?q=1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return Form(httptest.NewRecorder(), r)
	}
	if got, err := post("a=+b+&q=2"); err != nil || got.Get("a") != "b" || got.Get("q") != "2" {
		t.Errorf("%v %v", got, err)
	}
	for _, body := range []string{"a=%ff", "a=%zz"} {
		if _, err := post(body); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := post("a=" + strings.Repeat("x", maxForm)); web.Status(err) != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %v", err)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("临溪市", 2)
	f.Add("\xff\xfe", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 0 || n > 1000 {
			return
		}
		if got := Cut(s, n); len([]rune(got)) > n {
			t.Errorf("%d characters", len([]rune(got)))
		}
	})
}

// A form holds what people type: line breaks, but no NULs and no bytes that are no text. Not every database takes them.
func TestFormIsText(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"事由\r\n第二行\t甲": true, "a\x00b": false, "a\x1bb": false, "\xff": false, "a\u0085b": false, "": true} {
		body := url.Values{"cause": {text}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "/desk/lists/new", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, err := Form(httptest.NewRecorder(), r); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		many := "--x\r\nContent-Disposition: form-data; name=\"cause\"\r\n\r\n" + text + "\r\n--x--\r\n"
		r = httptest.NewRequest(http.MethodPost, "/desk/lists/entries/1/decide", strings.NewReader(many))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if _, _, err := FormWithFile(httptest.NewRecorder(), r, nil, ""); (err == nil) != ok {
			t.Errorf("with a file, %q: %v", text, err)
		}
	}
	if got := cntext.Typed(" 附件\u202egnp.exe\u2066\u200f "); got != "附件gnp.exe" {
		t.Errorf("what turns a text stays in it: %q", got)
	}
}

// patient is a connection that says until when it waits.
type patient struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (p *patient) SetReadDeadline(t time.Time) error  { p.read = t; return nil }
func (p *patient) SetWriteDeadline(t time.Time) error { p.write = t; return nil }

// Twenty megabytes take a telephone longer than a page may take; the answer has its time after them.
func TestSlowNetworksSendTheirFiles(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/me/objections/1/supply", strings.NewReader("--x--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w, began := &patient{ResponseRecorder: httptest.NewRecorder()}, time.Now()
	if _, _, err := FormWithFile(w, r, tooLarge{}, "材料"); err != nil {
		t.Fatal(err)
	}
	const slow = flow.MaxAttachment * 8 / 1_000_000 * time.Second // a megabit a second
	if w.read.Before(began.Add(slow)) || w.write.Before(w.read.Add(filedTime)) {
		t.Errorf("waits %v for the form and %v for its answer", w.read.Sub(began), w.write.Sub(began))
	}
}

// tooLarge refuses what is larger than an attachment may be, as the engine does.
type tooLarge struct{}

func (tooLarge) Attach(_ context.Context, _ string, r io.Reader) (flow.Attachment, error) {
	if n, err := io.Copy(io.Discard, r); err != nil || n > flow.MaxAttachment {
		return flow.Attachment{}, flow.ErrFileLarge
	}
	return flow.Attachment{Hash: "ab"}, nil
}

// Whoever chose too large a file finds on the form what they typed; whoever sends without end is told as much, and nothing of it is read.
func TestTooLargeAFileKeepsTheForm(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{100: "事由", flow.MaxAttachment + 1<<20: "事由", maxFiled + 1: ""} {
		body := io.MultiReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"cause\"\r\n\r\n事由\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"),
			io.LimitReader(blanks{}, int64(size)), strings.NewReader("\r\n--x--\r\n"))
		r := httptest.NewRequest(http.MethodPost, "/desk/lists/new", body)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		form, hashes, err := FormWithFile(httptest.NewRecorder(), r, tooLarge{}, "材料")
		if form.Get("cause") != want || (len(hashes) == 1) != (size == 100) || size != 100 && !errors.Is(err, flow.ErrFileLarge) {
			t.Errorf("%d bytes: %v, %v, %v", size, form, hashes, err)
		}
	}
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// counted takes in whatever it is given.
type counted struct{ n int }

func (c *counted) Attach(context.Context, string, io.Reader) (flow.Attachment, error) {
	c.n++
	return flow.Attachment{Hash: "ab"}, nil
}

// More files than a step takes are refused before any of them is kept.
func TestTooManyFilesAreNotTakenIn(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]error{flow.MaxFiles: nil, flow.MaxFiles + 1: flow.ErrFiles, 900: flow.ErrFiles} {
		body := strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n%PDF-\r\n", n) + "--x--\r\n"
		r := httptest.NewRequest(http.MethodPost, "/desk/lists/new", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		in := &counted{}
		if _, _, err := FormWithFile(httptest.NewRecorder(), r, in, "材料"); !errors.Is(err, want) || want != nil && in.n != 0 {
			t.Errorf("%d files: %v, %d taken in", n, err, in.n)
		}
	}
}
