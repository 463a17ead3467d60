package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/web/ui"
)

var open = Public(authz.PortalRead)

func newSite(t *testing.T, log io.Writer) *Site {
	t.Helper()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	return &Site{
		City: "临溪市", Assets: assets, Actors: people{},
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStatusOfEveryKind(t *testing.T) {
	t.Parallel()
	cases := []struct {
		err  error
		want int
	}{
		{fault.New(fault.Invalid, "x", "坏", ""), 400},
		{fault.New(fault.NotFound, "x", "无", ""), 404},
		{fault.New(fault.Conflict, "x", "状态", ""), 409},
		{fault.New(fault.Denied, "x", "不许", ""), 403},
		{fault.New(fault.Busy, "x", "忙", ""), 503},
		{fault.New(fault.Unavailable, "x", "停", ""), 503},
		{fault.New(fault.TooLarge, "x", "大", ""), 413},
		{fault.New(fault.Internal, "x", "内", ""), 500},
		{fmt.Errorf("op: %w", fault.New(fault.NotFound, "x", "无", "")), 404},
		{fmt.Errorf("op: %w", context.DeadlineExceeded), 503},
		{&http.MaxBytesError{Limit: 1}, 413},
		{ErrMethod, 405},
		{errors.New("password=1"), 500},
	}
	for _, c := range cases {
		if got := Status(c.err); got != c.want {
			t.Errorf("Status(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestProblemPages(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, &log)
	rt := s.Router()
	s.Mount(rt)
	rt.Handle("GET /secret", open, s.Handle(func(http.ResponseWriter, *http.Request) error {
		return errors.New("pg: password=hunter2 refused")
	}))
	rt.Handle("GET /known", open, s.Handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Conflict, "x.y", "该异议已办结", "请查看结果").With(errors.New("row 7"))
	}))
	rt.Handle("GET /panic", open, s.Handle(func(http.ResponseWriter, *http.Request) error { panic("张三 370303199001010017") }))
	rt.Handle("GET /api/v1/x", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return ErrNoPage }))
	rt.Handle("GET /busy", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Busy, "b", "忙", "等") }))
	h := s.Wrap(rt)

	cases := []struct {
		method, path string
		status       int
		has, hasNot  string
	}{
		{"GET", "/nowhere", 404, "没有找到这个页面", ""},
		{"POST", "/known", 405, "不支持这样的操作", ""},
		{"GET", "/secret", 500, "系统内部错误", "hunter2"},
		{"GET", "/known", 409, "该异议已办结", "row 7"},
		{"GET", "/panic", 500, "系统内部错误", "370303199001010017"},
		{"GET", "/busy", 503, "暂时无法提供服务", ""},
	}
	for _, c := range cases {
		w := serve(h, httptest.NewRequest(c.method, c.path, nil))
		body := w.Body.String()
		if w.Code != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s %s: %d, want %d with %q in:\n%s", c.method, c.path, w.Code, c.status, c.has, body)
		}
		if c.hasNot != "" && strings.Contains(body, c.hasNot) {
			t.Errorf("%s %s leaks %q", c.method, c.path, c.hasNot)
		}
		if id := w.Header().Get("X-Request-Id"); len(id) != 16 || !strings.Contains(body, id) {
			t.Errorf("%s %s: page does not name its request %q", c.method, c.path, id)
		}
	}
	if got := serve(h, httptest.NewRequest("POST", "/known", nil)).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow = %q", got)
	}
	if got := serve(h, httptest.NewRequest("GET", "/busy", nil)).Header().Get("Retry-After"); got == "" {
		t.Error("503 without Retry-After")
	}
	if strings.Contains(log.String(), "370303199001010017") {
		t.Error("the value of a panic reached the log")
	}
}

// Refusals of the site itself have the interface's form under /api/.
func TestProblemDocuments(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	rt.Handle("GET /api/v1/none", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return ErrNoPage }))
	rt.Handle("GET /api/v1/busy", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.Busy, "b.c", "忙", "") }))
	rt.Handle("GET /api/v1/secret", open, s.Handle(func(http.ResponseWriter, *http.Request) error { return errors.New("hunter2") }))
	h := s.Wrap(rt)
	cases := []struct {
		path string
		want map[string]any
	}{
		{"/api/v1/none", map[string]any{"status": 404.0, "title": "没有找到", "code": ErrNoPage.Code, "detail": ErrNoPage.Message, "fix": ErrNoPage.Fix}},
		{"/api/v1/busy", map[string]any{"status": 503.0, "title": "暂时无法提供服务", "code": "b.c", "detail": "忙"}},
		{"/api/v1/secret", map[string]any{
			"status": 500.0, "title": "系统内部错误", "code": "internal", "detail": "系统出了问题，没有完成这次操作。",
			"fix": "请稍后再试；如果一直如此，请联系本站并提供请求编号。",
		}},
	}
	for _, c := range cases {
		w := serve(h, httptest.NewRequest("GET", c.path, nil))
		var doc map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%s: %v, %s", c.path, err, w.Body)
		}
		c.want["type"], c.want["instance"] = "about:blank", w.Header().Get("X-Request-Id")
		if diff := cmp.Diff(c.want, doc); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	s.Mount(rt)
	w := serve(s.Wrap(rt), httptest.NewRequest("GET", "/robots.txt", nil))
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "",
	}
	for k, v := range want {
		if got := w.Header().Get(k); got != v {
			t.Errorf("%s = %q, want %q", k, got, v)
		}
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("policy lacks %s: %s", part, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("policy is loose: %s", csp)
	}
	s.Secure = true
	if got := serve(s.Wrap(rt), httptest.NewRequest("GET", "/robots.txt", nil)).Header().Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
		t.Errorf("HSTS under TLS: %q", got)
	}
}

func TestLogHoldsNoAddress(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, &log)
	rt := s.Router()
	rt.Handle("GET /s/{code}", open, s.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}))
	h := s.Wrap(rt)
	serve(h, httptest.NewRequest("GET", "/s/91370303MA3C000118?q=secretname", nil))
	serve(h, httptest.NewRequest("GET", "/nowhere/91370303MA3C000118", nil))
	got := log.String()
	if strings.Contains(got, "91370303MA3C000118") || strings.Contains(got, "secretname") {
		t.Errorf("the log holds an address: %s", got)
	}
	if !strings.Contains(got, `"route":"GET /s/{code}"`) || !strings.Contains(got, `"status":204`) || !strings.Contains(got, `"status":404`) {
		t.Errorf("the log lacks route or status: %s", got)
	}
}

func TestPrefs(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	s.Mount(rt)
	rt.Handle("GET /{$}", open, s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return s.Render(w, r, 200, Frame(s.Page(r, ""), templ.Raw("<p>x</p>")))
	}))
	h := s.Wrap(rt)
	cases := []struct{ theme, size, back, location, html string }{
		{"dark", "", "/c/XZXK?from=2026-01-01", "/c/XZXK?from=2026-01-01", `data-theme="dark"`},
		{"", "large", "/", "/", `data-size="large"`},
		{"light", "", "https://example.org/", "/", `data-theme="light"`},
		{"light", "", "//example.org/", "/", `data-theme="light"`},
		{"light", "", `/\example.org`, "/", `data-theme="light"`},
		{`"><script>`, "huge", "/", "/", `data-theme="" data-size=""`},
	}
	for _, c := range cases {
		form := url.Values{"back": {c.back}}
		if c.theme != "" {
			form.Set("theme", c.theme)
		}
		if c.size != "" {
			form.Set("size", c.size)
		}
		r := httptest.NewRequest("POST", "/prefs", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := serve(h, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.location {
			t.Errorf("%+v: %d to %q", c, w.Code, w.Header().Get("Location"))
		}
		next := httptest.NewRequest("GET", "/", nil)
		for _, k := range w.Result().Cookies() {
			if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode {
				t.Errorf("cookie %s is loose", k.Name)
			}
			next.AddCookie(k)
		}
		if body := serve(h, next).Body.String(); !strings.Contains(body, c.html) {
			t.Errorf("%+v: page lacks %s", c, c.html)
		}
	}
	r := httptest.NewRequest("POST", "/prefs", strings.NewReader("theme=dark"))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := serve(h, r); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "别的网站") {
		t.Errorf("a cross-site submission got %d", w.Code)
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("统一社会信用代码 ", 500)
	mux := http.NewServeMux()
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, long)
	})
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
	})
	mux.HandleFunc("/png", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, long)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		for range 3 {
			_, _ = io.WriteString(w, long)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("flush: %v", err)
			}
		}
	})
	h := Gzip(mux)
	cases := []struct {
		path, accept string
		packed       bool
		want         string
	}{
		{"/long", "gzip, br", true, long},
		{"/long", "", false, long},
		{"/long", "gzip;q=0", false, long},
		{"/short", "gzip", false, "ok"},
		{"/png", "gzip", false, long},
		{"/stream", "gzip", true, long + long + long},
	}
	for _, c := range cases {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := serve(h, r)
		var body io.Reader = w.Body
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != c.packed {
			t.Errorf("%s with %q: packed %v", c.path, c.accept, got)
			continue
		}
		if c.packed {
			zr, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatalf("%s: %v", c.path, err)
			}
			body = zr
		}
		b, err := io.ReadAll(body)
		if err != nil || string(b) != c.want {
			t.Errorf("%s with %q: %d bytes, %v; want %d", c.path, c.accept, len(b), err, len(c.want))
		}
	}
}

func TestStatic(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	s.Mount(rt)
	h := s.Wrap(rt)
	u := s.Assets.URL(ui.StyleSheet)
	r := httptest.NewRequest("GET", u, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := serve(h, r)
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%s: %d %v", u, w.Code, w.Header())
	}
	r = httptest.NewRequest("GET", "/static/app.css", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = serve(h, r)
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("revalidation: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	for _, path := range []string{"/static/none.css", "/static/", "/static/css/", "/static/app.000000000000.css"} {
		if w := serve(h, httptest.NewRequest("GET", path, nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestTornAnswerBreaksTheConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	rt := s.Router()
	rt.Handle("GET /torn", open, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("later")
	}))
	srv := httptest.NewServer(s.Wrap(rt))
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/torn")
	if err != nil {
		return // broken before the header came: fine too
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a torn answer ended as if it were whole")
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, p := range []string{"/a?b=c", "", "a", "//x", "/\\x", "http://x/", "/a\nb", "javascript:alert(1)"} {
		got[p] = Local(p)
	}
	want := map[string]string{"/a?b=c": "/a?b=c", "": "/", "a": "/", "//x": "/", "/\\x": "/", "http://x/": "/", "/a\nb": "/", "javascript:alert(1)": "/"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func FuzzLocal(f *testing.F) {
	for _, p := range []string{"/", "//x", "/a?b", "/\\x", "/%2f/x", "/..//x"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		got := Local(p)
		base, _ := url.Parse("https://city.example/x")
		u, err := base.Parse(got)
		if err != nil || u.Host != "city.example" || !strings.HasPrefix(got, "/") {
			t.Errorf("Local(%q) = %q leads to %v (%v)", p, got, u, err)
		}
	})
}

// A page never leads its reader to a desk that turns the reader away: crumbs of desks that are not the reader's are words.
func TestCrumbsLeadOnlyWhereTheReaderMayGo(t *testing.T) {
	t.Parallel()
	s := newSite(t, io.Discard)
	r := httptest.NewRequest(http.MethodGet, "/desk/check/coverage", nil)
	crumbs := []ui.Link{{Href: "/desk/check", Label: "信用核查"}, {Href: "/desk/reports/7?tab=1", Label: "报告"}, {Href: "/guide", Label: "指南"}, {Label: "指标"}}
	hrefs := func(p *ui.Page) (out []string) {
		for _, c := range p.Crumbs {
			out = append(out, c.Href)
		}
		return out
	}
	if got := hrefs(s.Page(r, "指标", crumbs...)); !slices.Equal(got, []string{"/desk/check", "/desk/reports/7?tab=1", "/guide", ""}) {
		t.Errorf("a site without desks changes crumbs: %q", got)
	}
	s.Desks = func(_ authz.Actor, at string) []ui.DeskGroup {
		return []ui.DeskGroup{{Label: "核查", On: strings.HasPrefix(at, "/desk/reports"), Places: []ui.DeskPlace{{Href: "/desk/reports", Label: "批量报告"}}}}
	}
	if got := hrefs(s.Page(r, "指标", crumbs...)); !slices.Equal(got, []string{"", "/desk/reports/7?tab=1", "/guide", ""}) {
		t.Errorf("the crumbs lead to %q", got)
	}
	if crumbs[0].Href == "" {
		t.Error("the caller's own crumbs are changed")
	}
}
