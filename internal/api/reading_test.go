package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.reader.next = "20"
	res := a.get(t, "/api/v1/subjects?q="+url.QueryEscape("临溪 建筑")+"&limit=5&cursor=7")
	got := decode[map[string]any](t, res)
	want := map[string]any{"items": []any{map[string]any{
		"code": codeA, "name": refA.Name, "kind": "legal_entity", "region": "990102", "status": "active",
		"regionName": "东城区", "how": "contains", "records": 3.0,
	}}, "next": "20", "total": 1.0, "exact": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.reader.q != "临溪 建筑" || a.reader.limit != 5 || a.reader.cursor != "7" {
		t.Errorf("asked for %q, %d, %q", a.reader.q, a.reader.limit, a.reader.cursor)
	}
	a.reader.next = ""
	if res := a.get(t, "/api/v1/subjects?q=lx&limit=5000"); a.reader.limit != maxPage || strings.Contains(string(res.body), `"next"`) {
		t.Errorf("limit %d, body %s", a.reader.limit, res.body)
	}
	if a.get(t, "/api/v1/subjects?q=lx"); a.reader.limit != defaultPage {
		t.Errorf("default limit %d", a.reader.limit)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	got := decode[map[string]any](t, a.get(t, "/api/v1/subjects/"+codeA))
	for _, field := range []string{"code", "name", "kind", "region", "status"} {
		if got[field] == nil || got[field] == "" {
			t.Errorf("no %s in %v", field, got)
		}
	}
	for _, list := range []string{"formerNames", "basics", "chapters"} {
		if _, ok := got[list].([]any); !ok {
			t.Errorf("%s is %v, not a list", list, got[list])
		}
	}
	if !a.reader.asOf.IsZero() {
		t.Errorf("asked as of %v", a.reader.asOf)
	}
}

// A record has what the contract names, its body holds exactly the visible fields, and a window without end is null.
func TestSubjectRecords(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.reader.next = "1"
	got := decode[struct {
		Items []map[string]any
		Next  string
	}](t, a.get(t, "/api/v1/subjects/"+codeA+"/records?item=XZCF&limit=1&cursor=0"))
	if len(got.Items) != 1 || got.Next != "1" || a.reader.item != "XZCF" || a.reader.limit != 1 || a.reader.cursor != "0" {
		t.Fatalf("%+v, asked %+v", got, a.reader)
	}
	r := got.Items[0]
	for _, field := range []string{"id", "item", "class", "status", "body", "decidedOn", "publicUntil", "source", "version", "recordedAt"} {
		if _, ok := r[field]; !ok {
			t.Errorf("no %s", field)
		}
	}
	if v, ok := r["publicUntil"]; !ok || v != nil || r["decidedOn"] != "2026-03-02" {
		t.Errorf("publicUntil %v, decidedOn %v", v, r["decidedOn"])
	}
	if diff := cmp.Diff(map[string]any{"CF_WSH": "临溪住建罚〔2026〕1号", "CF_NR_FK": "0.2"}, r["body"]); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if f := r["fields"].([]any)[1].(map[string]any); f["name"] != "罚款金额" || f["shown"] != "0.2万元" {
		t.Errorf("field %v", f)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	id := viewA().ID
	got := decode[publicRecord](t, a.get(t, "/api/v1/records/"+id))
	if got.ID != id || len(got.Versions) != 1 || got.Subject.Code != codeA {
		t.Errorf("%+v", got)
	}
}

func TestColumn(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.reader.next = "20260302.abc"
	res := a.get(t, "/api/v1/records?item=XZCF&agency="+unitCode+"&region=9901&category="+url.QueryEscape("罚款")+"&from=2026-01-01&to=2026/3/31&cursor=c&limit=2")
	got := decode[struct {
		Items []publicRecord
		Next  string
		About *int
	}](t, res)
	one := decode[publicRecord](t, a.get(t, "/api/v1/records/"+viewA().ID))
	one.Versions = nil // the history stands with the single record alone
	if diff := cmp.Diff([]publicRecord{one}, got.Items); diff != "" || len(one.Body) != 2 {
		t.Errorf("a column's record differs from the single one (-single +column):\n%s", diff)
	}
	if len(got.Items) != 1 || got.Items[0].DecidedOn != "2026-03-02" || got.Next != "20260302.abc" || got.About != nil {
		t.Errorf("%+v", got)
	}
	want := publish.ListFilter{Agency: unitCode, Region: "9901", Category: "罚款", From: 20260101, To: 20260331}
	if diff := cmp.Diff(want, a.reader.filter); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestFacetsAndStats(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	facets := decode[map[string][]publish.Facet](t, a.get(t, "/api/v1/columns/XZCF/facets"))
	if len(facets["categories"]) != 1 || facets["regions"] == nil || facets["agencies"] == nil {
		t.Errorf("%+v", facets)
	}
	empty := decode[map[string]any](t, a.get(t, "/api/v1/stats"))
	if v, ok := empty["asOf"]; !ok || v != nil {
		t.Errorf("figures that were never counted are as of %v", v)
	}
	for name, v := range empty {
		if _, isList := v.([]any); !isList && name != "asOf" && name != "subjects" && name != "records" {
			t.Errorf("%s is %v", name, v)
		}
	}
	a.reader.stats = publish.Stats{AsOf: noon, Records: 5}
	if got := decode[map[string]any](t, a.get(t, "/api/v1/stats")); got["asOf"] != "2026-03-20T12:00:00+08:00" || got["records"] != 5.0 {
		t.Errorf("%v", got)
	}
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for _, c := range []struct {
		text string
		want time.Time
	}{
		{"2026-03-02", time.Date(2026, 3, 2, 23, 59, 59, 999999000, clock.Zone)},
		{"20260302", time.Date(2026, 3, 2, 23, 59, 59, 999999000, clock.Zone)},
		{"2026-03-20", noon}, // today has not ended
		{"2026-03-02T10:00:00+08:00", time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)},
		{"2026-03-02T02:00:00.5Z", time.Date(2026, 3, 2, 10, 0, 0, 5e8, clock.Zone)},
	} {
		for _, target := range []string{"/api/v1/subjects/" + codeA, "/api/v1/subjects/" + codeA + "/records", "/api/v1/records/" + viewA().ID} {
			for _, query := range []string{url.QueryEscape(c.text), c.text} { // with an escaped and a bare plus sign
				a.reader.asOf = time.Time{}
				if res := a.get(t, target+"?asOf="+query); res.status != http.StatusOK || !a.reader.asOf.Equal(c.want) {
					t.Errorf("%s?asOf=%s: status %d, asked as of %v, want %v", target, query, res.status, a.reader.asOf, c.want)
				}
			}
		}
	}
}

// Every call says what is wrong with it: status, code, place.
func TestRefusals(t *testing.T) {
	t.Parallel()
	subject := "/api/v1/subjects/" + codeA
	for _, c := range []struct {
		name, target string
		status       int
		code, place  string
	}{
		{"no q", "/api/v1/subjects", 400, "api.parameter", "query.q"},
		{"empty q", "/api/v1/subjects?q=", 400, "api.parameter", "query.q"},
		{"long q", "/api/v1/subjects?q=" + strings.Repeat("a", 101), 400, "api.parameter", "query.q"},
		{"limit no number", "/api/v1/subjects?q=aa&limit=many", 400, "api.parameter", "query.limit"},
		{"limit zero", "/api/v1/subjects?q=aa&limit=0", 400, "api.parameter", "query.limit"},
		{"limit below zero", "/api/v1/subjects?q=aa&limit=-3", 400, "api.parameter", "query.limit"},
		{"limit over 64 bits", "/api/v1/subjects?q=aa&limit=99999999999999999999", 400, "api.parameter", "query.limit"},
		{"bad cursor of search", "/api/v1/subjects?q=aa&cursor=x", 400, "publish.cursor", ""},
		{"long cursor", "/api/v1/subjects?q=aa&cursor=" + strings.Repeat("1", 300), 400, "api.parameter", "query.cursor"},
		{"unknown parameter", "/api/v1/subjects?q=aa&asof=2026-03-02", 400, "api.parameter", "query"},
		{"parameter twice", "/api/v1/subjects?q=aa&q=bb", 400, "api.query", ""},
		{"parameter without value", "/api/v1/subjects?q", 400, "api.query", ""},
		{"broken escape", "/api/v1/subjects?q=%zz", 400, "api.query", ""},
		{"semicolon", "/api/v1/subjects?q=a;b=c", 400, "api.query", ""},
		{"no UTF-8", "/api/v1/subjects?q=%ff%fe", 400, "api.text", ""},
		{"NUL", "/api/v1/subjects?q=a%00", 400, "api.text", ""},
		{"NUL in the path", "/api/v1/subjects/a%00b", 400, "api.text", ""},
		{"long query", "/api/v1/subjects?q=" + strings.Repeat("a", 5000), 400, "api.query", ""},
		{"unknown subject", "/api/v1/subjects/91990102MA00000009", 404, "publish.no_subject", ""},
		{"long code", "/api/v1/subjects/" + strings.Repeat("9", 70), 400, "api.parameter", "path.code"},
		{"bad day", subject + "?asOf=2026-02-30", 400, "api.parameter", "query.asOf"},
		{"no day", subject + "?asOf=yesterday", 400, "api.parameter", "query.asOf"},
		{"future", subject + "?asOf=2026-03-21", 400, "publish.as_of", ""},
		{"unknown item of a subject", subject + "/records?item=NONE", 404, "publish.no_item", ""},
		{"bad cursor of records", subject + "/records?cursor=x", 400, "publish.cursor", ""},
		{"unknown record", "/api/v1/records/none", 404, "publish.no_record", ""},
		{"column without item", "/api/v1/records", 400, "api.parameter", "query.item"},
		{"unknown column", "/api/v1/records?item=NONE", 404, "publish.no_item", ""},
		{"bad from", "/api/v1/records?item=XZCF&from=2026-13-01", 400, "api.parameter", "query.from"},
		{"bad to", "/api/v1/records?item=XZCF&to=x", 400, "api.parameter", "query.to"},
		{"days turned round", "/api/v1/records?item=XZCF&from=2026-03-02&to=2026-03-01", 400, "api.dates", ""},
		{"bad region", "/api/v1/records?item=XZCF&region=abc", 400, "api.parameter", "query.region"},
		{"bad agency", "/api/v1/records?item=XZCF&agency=1", 400, "api.agency", ""},
		{"bad category", "/api/v1/records?item=XZCF&category=" + url.QueryEscape("没有"), 400, "publish.no_category", ""},
		{"bad cursor of a column", "/api/v1/records?item=XZCF&cursor=x", 400, "publish.cursor", ""},
		{"unknown facets", "/api/v1/columns/NONE/facets", 404, "publish.no_item", ""},
		{"unknown item", "/api/v1/catalog/items/NONE", 404, "publish.no_item", ""},
		{"parameter of a call without any", "/api/v1/stats?x=1", 400, "api.parameter", "query"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := newTestAPI(t).get(t, c.target)
			p := res.problem(t)
			place := ""
			if len(p.Errors) > 0 {
				place = p.Errors[0].Place
			}
			if res.status != c.status || p.Code != c.code || place != c.place || p.Fix == "" {
				t.Errorf("status %d, %+v", res.status, p)
			}
			for _, text := range []string{p.Title, p.Detail, p.Fix} {
				if strings.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
					t.Errorf("not in Chinese: %q", text)
				}
			}
		})
	}
}

// What a caller sent is not repeated in problems: it can hold a name or an identity number.
func TestProblemsRepeatNothing(t *testing.T) {
	t.Parallel()
	const secret = "37010219800101001X"
	for _, target := range []string{
		"/api/v1/subjects?q=aa&limit=" + secret, "/api/v1/subjects?q=aa&" + secret + "=1", "/api/v1/records?item=XZCF&from=" + secret,
		"/api/v1/records?item=XZCF&region=" + secret, "/api/v1/nowhere/" + secret, "/api/v1/subjects/" + codeA + "?asOf=" + secret, "/api/v1/subjects/" + secret,
	} {
		if res := newTestAPI(t).get(t, target); strings.Contains(string(res.body), secret) || res.status < 400 {
			t.Errorf("%s: %d %s", target, res.status, res.body)
		}
	}
}

func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for _, c := range []struct {
		method, target string
		status         int
		code, allow    string
	}{
		{"GET", "/api/", 404, "api.path", ""},
		{"GET", "/api/v1", 404, "api.path", ""},
		{"GET", "/api/v2/subjects", 404, "api.path", ""},
		{"GET", "/api/v1/subjects/", 404, "api.path", ""},
		{"GET", "/api/v1/subjects/a/b/c", 404, "api.path", ""},
		{"POST", "/api/v1/nothing", 404, "api.path", ""},
		{"POST", "/api/v1/subjects", 405, "api.method", "GET, HEAD"},
		{"DELETE", "/api/v1/submissions", 405, "api.method", "GET, HEAD, POST"},
		{"PUT", "/api/openapi.json", 405, "api.method", "GET, HEAD"},
		{"OPTIONS", "/api/v1/stats", 405, "api.method", "GET, HEAD"},
	} {
		res := a.do(t, c.method, c.target, nil, nil)
		if p := res.problem(t); res.status != c.status || p.Code != c.code || res.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %s, Allow %q", c.method, c.target, res.status, p.Code, res.header.Get("Allow"))
		}
	}
}

// Each kind of fault has one status, and an error that nobody classified says nothing of itself.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		retry  string
	}{
		{fault.New(fault.Invalid, "t.x", "消息", "办法"), 400, ""},
		{fault.New(fault.NotFound, "t.x", "消息", "办法"), 404, ""},
		{fault.New(fault.Conflict, "t.x", "消息", "办法"), 409, ""},
		{fault.New(fault.Denied, "t.x", "消息", "办法"), 403, ""},
		{fault.New(fault.Busy, "t.x", "消息", "办法"), 503, "5"},
		{fault.New(fault.Unavailable, "t.x", "消息", "办法"), 503, "5"},
		{fault.New(fault.TooLarge, "t.x", "消息", "办法"), 413, ""},
		{publish.ErrIndexing, 503, "5"},
		{fault.New(fault.Internal, "t.x", "secret", ""), 500, ""},
		{errors.New("secret"), 500, ""},
	} {
		a := newTestAPI(t)
		a.reader.err = c.err
		res := a.get(t, "/api/v1/stats")
		p := res.problem(t)
		if res.status != c.status || res.header.Get("Retry-After") != c.retry || strings.Contains(string(res.body), "secret") {
			t.Errorf("%v: %d, Retry-After %q, %s", c.err, res.status, res.header.Get("Retry-After"), res.body)
		}
		var f *fault.Error
		if errors.As(c.err, &f) && f.Kind != fault.Internal && (p.Code != f.Code || p.Detail != f.Message || p.Fix != f.Fix) {
			t.Errorf("%+v", p)
		}
	}
}

// A call that takes too long is stopped through its context, whatever the driver calls that.
func TestTimeout(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(d *Deps) { d.Timeout = time.Millisecond })
	a.reader.block = true
	if res := a.get(t, "/api/v1/stats"); res.status != http.StatusServiceUnavailable || res.problem(t).Code != "api.slow" || res.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", res.status, res.body)
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	items := decode[struct{ Items []ItemSummary }](t, a.get(t, "/api/v1/catalog/items"))
	codes := map[string]bool{}
	for _, item := range items.Items {
		codes[string(item.Code)] = true
		got := decode[map[string]json.RawMessage](t, a.get(t, "/api/v1/catalog/items/"+string(item.Code)))
		for _, field := range []string{"basis", "rules", "class", "clock", "publicity", "lists", "fields", "naturalKey"} {
			if v := string(got[field]); v == "" || v == "null" {
				t.Errorf("%s has no %s", item.Code, field)
			}
		}
	}
	for _, code := range strings.Fields("XZXK XZCF XZQZ XZQR XZJL XZCJ XZJC XZZS XZJF XZBC DJJC SFPJ SXBZXR JYYC YZSX XYCN HTLY XYPJ RYXX ZSCQ ZYZG ZZSB") {
		if !codes[code] {
			t.Errorf("item %s is missing", code)
		}
	}
	penalty := decode[catalogueItem](t, a.get(t, "/api/v1/catalog/items/XZCF"))
	for _, f := range penalty.Fields {
		if f.List != "" && len(penalty.Lists[f.List].Values) == 0 {
			t.Errorf("field %s names list %s, which is not given", f.Code, f.List)
		}
		if f.Sensitive && f.Class == "A" {
			t.Errorf("field %s is sensitive and public", f.Code)
		}
	}
	if len(penalty.Fields) < 20 || len(penalty.Basis) == 0 || penalty.Basis[0].From == "" {
		t.Errorf("%+v", penalty)
	}
	reasons := decode[struct{ Items []struct{ Code int } }](t, a.get(t, "/api/v1/catalog/reasons"))
	if len(reasons.Items) < 40 || reasons.Items[0].Code != 1001 {
		t.Errorf("%d reasons", len(reasons.Items))
	}
}

// catalogueItem is what a reader of the interface unmarshals.
type catalogueItem struct {
	Basis  []struct{ Law, From string }
	Fields []struct {
		Code, List, Class string
		Sensitive         bool
	}
	Lists map[string]struct{ Values []struct{ Name string } }
}

func TestCatalogueETag(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	tags := map[string]bool{}
	for _, target := range []string{"/api/v1/catalog/items", "/api/v1/catalog/items/XZCF", "/api/v1/catalog/items/XZXK", "/api/v1/catalog/reasons"} {
		tag := a.get(t, target).header.Get("ETag")
		if len(tag) < 4 || tags[tag] {
			t.Fatalf("%s: tag %q", target, tag)
		}
		tags[tag] = true
		for given, want := range map[string]int{tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, tag[1:]: 200} {
			res := a.do(t, "GET", target, nil, http.Header{"If-None-Match": {given}})
			if res.status != want || res.header.Get("ETag") != tag || (want == 304) != (len(res.body) == 0) {
				t.Errorf("%s with %s: %d, tag %q, %d bytes", target, given, res.status, res.header.Get("ETag"), len(res.body))
			}
		}
	}
}

// Within the site's stack the number of the request is the site's, and its log sees which call it was.
func TestWithinASite(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/api/", newTestAPI(t))
	var route string
	site := &testAPI{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestHeader, "of-the-site")
		mux.ServeHTTP(w, r)
		route = r.Pattern
	})}
	if p := site.get(t, "/api/v1/records/none").problem(t); p.Instance != "of-the-site" || route != "GET /api/v1/records/{id}" {
		t.Errorf("instance %q, route %q", p.Instance, route)
	}
	if p := site.get(t, "/api/v3").problem(t); p.Code != "api.path" || route != "/api/" {
		t.Errorf("%s, route %q", p.Code, route)
	}
}
