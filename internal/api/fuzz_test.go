package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/ingest"
	"gongxin/internal/publish"
)

// serve runs a call whose address may be anything; ok is false when there is no such address.
func (a *testAPI) serve(t testing.TB, method, path, query string, body string, h http.Header) (answer, bool) {
	r := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
	r.Host, r.Header = "localhost", h
	if r.Header == nil {
		r.Header = http.Header{}
	}
	u := &url.URL{RawQuery: query}
	var err error
	if u.Path, err = url.PathUnescape(path); err != nil || !strings.HasPrefix(u.Path, "/") {
		return answer{}, false
	}
	u.RawPath = path
	r.URL = u
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}, true
}

// check holds what every answer keeps: no fault of ours, and refusals as problems.
func (r answer) check(t testing.TB, target string) {
	t.Helper()
	switch {
	case r.status >= 500:
		t.Errorf("%s: %d %s", target, r.status, r.body)
	case r.status >= 400:
		if p := r.problem(t); p.Fix == "" {
			t.Errorf("%s: no remedy in %s", target, r.body)
		}
	}
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}

// No path makes a handler panic or answer anything but a problem.
func TestNoPathPanics(t *testing.T) {
	t.Parallel()
	words := []string{
		"api", "v1", "subjects", "records", "submissions", "catalog", "items", "reasons", "columns", "facets", "stats", "errors.xlsx", "file", "openapi.json",
		codeA, "XZCF", "..", ".", "", "%2e%2e", "%2F", "%00", "%ff", "名", "queue", "decide", "undo", "consents", "revoke", "disclosures", "access-log", "audit", "access", "alerts", "handle", "me", "1", "{id}", "*", "suba0123456789",
	}
	a := newTestAPI(t)
	rapid.Check(t, func(rt *rapid.T) {
		path := "/api/" + strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(words), rapid.String()), 0, 6).Draw(rt, "path"), "/")
		if rapid.Bool().Draw(rt, "v1") {
			path = "/api/v1/" + strings.TrimPrefix(path, "/api/")
		}
		method := rapid.SampledFrom(methods).Draw(rt, "method")
		query := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"q=aa", "item=XZCF", "all=true", "limit=1"})).Draw(rt, "query")
		if res, ok := a.serve(t, method, path, query, "", nil); ok {
			res.check(t, method+" "+path+"?"+query)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"q=%E4%B8%B4%E6%BA%AA&limit=5", "item=XZCF&from=2026-01-01&to=2026-03-31&region=990102", "asOf=2026-03-02T10:00:00+08:00", "cursor=20260302.abc",
		"limit=-1", "q=%", "q=a&q=b", "&&=", "a;b", "q=%00", "all=true&after=1", "wait=1e9",
	} {
		f.Add(q)
	}
	targets := []string{
		"/api/v1/subjects", "/api/v1/subjects/" + codeA, "/api/v1/subjects/" + codeA + "/records", "/api/v1/records", "/api/v1/records/" + viewA().ID,
		"/api/v1/columns/XZCF/facets", "/api/v1/stats", "/api/v1/catalog/items", "/api/v1/catalog/items/XZCF", "/api/v1/submissions", "/api/v1/submissions/none",
	}
	a := newTestAPI(f)
	f.Fuzz(func(t *testing.T, query string) {
		for _, target := range targets {
			res, _ := a.serve(t, "GET", target, query, "", nil)
			res.check(t, target+"?"+query)
		}
	})
}

// Whatever a form holds, it is either refused as a whole or the file arrived as it stands in it.
func FuzzMultipart(f *testing.F) {
	const head = "Content-Disposition: form-data; name="
	f.Add("multipart/form-data; boundary=x", "--x\r\n"+head+"\"file\"; filename=\"a.csv\"\r\n\r\na,b\r\n--x--\r\n")
	f.Add("multipart/form-data; boundary=x", "--x\r\n"+head+"\"unit\"\r\n\r\n"+unitCode+"\r\n--x\r\n"+head+"\"file\"; filename=\"a.csv\"\r\n\r\na,b\r\n--x--\r\n")
	f.Add("multipart/form-data; boundary=x", "--x\r\n"+head+"\"file\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=\r\n--x\r\n"+head+"file\r\n\r\nb\r\n--x--")
	f.Add("multipart/form-data; boundary=\"x y\"", "--x y--")
	f.Add("text/csv", "a,b\n")
	f.Add("application/x-ndjson; boundary=\xff", "{}")
	a := newTestAPI(f)
	f.Fuzz(func(t *testing.T, kind, body string) {
		a.filer.order, a.filer.subs = nil, map[string]*ingest.Submission{}
		res, _ := a.serve(t, "POST", "/api/v1/submissions", "item=XZCF&unit="+unitCode, body, http.Header{"Content-Type": {kind}})
		res.check(t, kind)
		if accepted := res.status/100 == 2; accepted != (len(a.filer.order) == 1) {
			t.Errorf("status %d with %d filings", res.status, len(a.filer.order))
		}
		if len(a.filer.order) == 1 && !strings.Contains(body, string(a.filer.content)) {
			t.Errorf("content %q is not in the body", a.filer.content)
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.csv", `C:\x\y.xlsx`, "../..", "\x00.csv", strings.Repeat("长", 300), "\xff", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := fileName(s)
		if !isText(name) || strings.ContainsAny(name, `/\`) || len([]rune(name)) > maxName {
			t.Errorf("%q becomes %q", s, name)
		}
		d := attachment("x.bin", name)
		if strings.IndexFunc(d, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			t.Errorf("%q is named %q", s, d)
		}
	})
}

// FuzzBody holds that no body brings the interface down: it is a question that reaches the register, or a problem that says what is wrong with it.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"subject":"91990102MA0A00014H","matter":"M"}`, `{"person":{"docKind":"身份证","number":"1"},"consent":"9","purpose":"credit"}`, `[]`, `{"subject":1}`, `{"a":1}`,
		`{"items":["XZCF","XZCF"]}`, `{"subject":"x\u0000"}`, "{\"subject\":\"\xff\"}", `{"person":null}`, `{"SUBJECT":"x","Matter":"y","asOf":"2026-03-02T10:00:00+08:00"}`, `{"limit":1e99}`,
	} {
		f.Add([]byte(seed))
	}
	refusing := failing{publish.MissingMatter.Err()}
	a := newTestAPI(f, func(d *Deps) { d.Actors, d.Disclosures, d.Limits = keys{}, refusing, Limits{SearchesPerSecond: -1} })
	f.Fuzz(func(t *testing.T, body []byte) {
		h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer clerk"}}
		r := a.do(t, "POST", "/api/v1/disclosures", bytes.NewReader(body), h)
		if p := r.problem(t); r.status >= 500 || p.Missing != "" && p.Missing != "matter" {
			t.Fatalf("%d %s", r.status, r.body)
		}
	})
}
