package lookup

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/check"
	"gongxin/internal/publish"
)

const framing = "https://banshi.example.gov.cn"

func pageOf(token string) *check.Embedded {
	return &check.Embedded{
		Origin: framing, Officer: "ck-0137", Token: token,
		Matter: agency.Matter{Code: "SPJY", Name: "食品经营许可", Agency: 5, Kinds: []string{"legal_entity", "person"}},
	}
}

func (*fakeChecks) OpenEmbed(_ context.Context, ticket string) (*check.Embedded, error) {
	switch ticket {
	case "good":
		return pageOf("first"), nil
	case "late":
		return &check.Embedded{Origin: framing}, check.ErrEmbedGone
	case "site":
		return &check.Embedded{Origin: framing}, check.ErrEmbedOrigin
	default:
		return &check.Embedded{}, check.ErrEmbedGone
	}
}

func (*fakeChecks) NextEmbed(_ context.Context, token, _ string) (*check.Embedded, error) {
	if token != "first" {
		return &check.Embedded{}, check.ErrEmbedGone
	}
	return pageOf("second"), nil
}

func (f *fakeChecks) CheckEmbedded(_ context.Context, _ *check.Embedded, whom publish.Whom) (*check.Given, error) {
	f.asked = append(f.asked, check.Ask{Subject: whom})
	if f.refuse != nil {
		return nil, f.refuse
	}
	return answerOf(), nil
}

func (*fakeChecks) AgainEmbedded(context.Context, *check.Embedded, string) (*check.Given, error) {
	return answerOf(), nil
}

func (f *fakeChecks) FeedbackEmbedded(_ context.Context, _ *check.Embedded, n check.Note) error {
	f.notes = append(f.notes, n)
	return f.note
}

// frame asks for the page in a frame.
func frame(t *testing.T, f *fakeChecks, method, target string, form url.Values, head map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	h := checkDesk(t, f)
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Dest", "iframe")
	for k, v := range head {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestEmbedPage: the page may be framed by the ticket's site and no other, runs no script, keeps no cookie, tells nobody where it was, and is kept by nobody.
func TestEmbedPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target, ancestors string
		status            int
		head              map[string]string
	}{
		"a good ticket":      {"/embed/check?ticket=good", framing, http.StatusOK, nil},
		"a late one":         {"/embed/check?ticket=late", framing, http.StatusNotFound, nil},
		"another site":       {"/embed/check?ticket=site", framing, http.StatusConflict, nil},
		"an invented one":    {"/embed/check?ticket=none", "'none'", http.StatusNotFound, nil},
		"none":               {"/embed/check", "'none'", http.StatusNotFound, nil},
		"outside of a frame": {"/embed/check?ticket=good", framing, http.StatusConflict, map[string]string{"Sec-Fetch-Dest": "document"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := frame(t, &fakeChecks{}, http.MethodGet, c.target, nil, c.head)
			h := w.Header()
			csp := h.Get("Content-Security-Policy")
			if w.Code != c.status || !strings.HasSuffix(csp, "frame-ancestors "+c.ancestors) || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
				t.Errorf("%d, %s", w.Code, csp)
			}
			if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || len(h.Values("Set-Cookie")) > 0 {
				t.Errorf("header %v", h)
			}
			body := w.Body.String()
			if strings.Contains(body, "<script") || strings.Contains(body, "style=") || c.status != http.StatusOK && strings.Contains(body, "<form") {
				t.Errorf("page:\n%s", body)
			}
			if c.status == http.StatusOK && (!strings.Contains(body, `name="token" value="first"`) || !strings.Contains(body, "ck-0137") || !strings.Contains(body, "autofocus")) {
				t.Errorf("page:\n%s", body)
			}
		})
	}
}

// TestEmbedUse checks in a page, gives feedback, and finds the next token in each form.
func TestEmbedUse(t *testing.T) {
	t.Parallel()
	f := &fakeChecks{}
	w := frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"first"}, "code": {checkedCode}}, nil)
	body := w.Body.String()
	if w.Code != http.StatusOK || len(f.asked) != 1 || f.asked[0].Subject.Code != checkedCode {
		t.Fatalf("%d, asked %+v", w.Code, f.asked)
	}
	for _, want := range []string{"命中 1 项", `action="/embed/check"`, `name="receipt" value="` + receiptOf + `"`, "已采取措施", "&lt;b&gt;超范围经营"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(body, `name="token" value="second"`); n != 4 || strings.Contains(body, `value="first"`) || strings.Contains(body, "/desk/") || strings.Contains(body, "<script") {
		t.Errorf("%d forms with the next token:\n%s", n, body)
	}
	w = frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"first"}, "receipt": {receiptOf}, "result": {"noted"}}, nil)
	if len(f.notes) != 1 || f.notes[0].Receipt != receiptOf || !strings.Contains(w.Body.String(), "反馈已记录") {
		t.Errorf("%d, notes %+v", w.Code, f.notes)
	}
	f.note = check.ErrCase
	w = frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"first"}, "receipt": {receiptOf}, "result": {"applied"}, "measure": {"CF-1"}}, nil)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), check.ErrCase.Message) || !strings.Contains(w.Body.String(), `value="second"`) {
		t.Errorf("a note that is not complete: %d\n%s", w.Code, w.Body)
	}
	f.refuse = publish.MissingKind.Err()
	w = frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"first"}, "code": {checkedCode}}, nil)
	if !strings.Contains(w.Body.String(), "没有作答") || !strings.Contains(w.Body.String(), `value="second"`) {
		t.Errorf("a refusal: %d\n%s", w.Code, w.Body)
	}
	w = frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"used"}, "code": {checkedCode}}, nil)
	if w.Code != http.StatusNotFound || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(w.Body.String(), "<form") {
		t.Errorf("a token that was used: %d", w.Code)
	}
	w = frame(t, f, http.MethodPost, "/embed/check", url.Values{"token": {"first"}, "code": {checkedCode}}, map[string]string{"Sec-Fetch-Site": "cross-site"})
	if w.Code != http.StatusForbidden {
		t.Errorf("a form on another site: %d", w.Code)
	}
}
