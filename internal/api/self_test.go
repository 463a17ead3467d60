package api

import (
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// TestSelf: everybody learns who they are to the register, and nothing else.
func TestSelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(who string) Self {
		r := w.as(t, who, "GET", "/me", "")
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q may be kept", who)
		}
		return decode[Self](t, r)
	}
	if diff := cmp.Diff(Self{Kind: "anonymous", Address: "192.0.2.1", Grants: []SelfGrant{}}, ask("")); diff != "" {
		t.Error(diff)
	}
	key := ask("scoped")
	if key.Kind != "key" || key.Account != "1" || key.Strong || key.ExpiresAt == nil || !key.ExpiresAt.Equal(workday.AddDate(0, 6, 0)) || len(key.Scopes) != 1 || key.Scopes[0].Name != "看同意书" ||
		len(key.Grants) != 1 || key.Grants[0].Unit.Code != unitCode || key.Grants[0].Words != "临溪市市场监督管理局的窗口人员" {
		t.Errorf("%+v", key)
	}
	for who, words := range map[string]string{
		"@agent": firmCode + " 的企业代理人", "@resident": "居民", "@auditor": "审计员", "@district": w.regionName("990103") + "的审计员",
	} {
		self := ask(who)
		if self.Kind != "account" || self.ExpiresAt != nil || self.Scopes != nil || self.Grants[0].Words != words || self.Strong != strings.Contains(words, "审计员") {
			t.Errorf("%s: %+v", who, self)
		}
	}
	if r := w.as(t, "nobody", "GET", "/me", ""); r.status != http.StatusUnauthorized || r.code(t) != "api.key" {
		t.Errorf("a wrong key: %d", r.status)
	}
	for _, who := range []string{"", "scoped", "@resident"} {
		noPerson(t, w.as(t, who, "GET", "/me", ""))
	}
}

func (w *world) regionName(code string) string {
	s, _ := w.Handler.(*server)
	return s.RegionName(code)
}

// TestBodies: a body that cannot be used is refused with its place, before anything is looked up, and repeats nothing.
func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const secret = "37010219800101001X"
	matter := `,"matter":"` + w.matter(t, "M-ALL", nil) + `"`
	for _, c := range []struct {
		name, kind, body string
		status           int
		code, place      string
	}{
		{"none", "application/json", "", 400, "api.body", ""},
		{"no JSON", "application/json", "张三=" + secret, 400, "api.body", "body"},
		{"cut off", "application/json", `{"subject":"` + secret, 400, "api.body", "body"},
		{"a list", "application/json", `["` + secret + `"]`, 400, "api.body", "body"},
		{"unknown member", "application/json", `{"` + secret + `":1` + matter + `}`, 400, "api.body", "body"},
		{"a number", "application/json", `{"subject":37010219800101001` + matter + `}`, 400, "api.body", "body.subject"},
		{"no document kind", "application/json", `{"person":{"number":"` + secret + `"}` + matter + `}`, 400, "api.body", "body.person"},
		{"more of the person", "application/json", `{"person":{"docKind":"身份证","number":"` + secret + `","name":"张三"}` + matter + `}`, 400, "api.body", "body"},
		{"too many items", "application/json", `{"subject":"` + secret + `","items":["` + strings.Repeat(`x","`, 40) + `y"]` + matter + `}`, 400, "api.body", "body.items"},
		{"consent no number", "application/json", `{"subject":"` + secret + `","consent":"` + secret + `"}`, 400, "api.body", "body.consent"},
		{"nobody", "application/json", `{"matter":"M-ALL"}`, 400, "api.whom", ""},
		{"two", "application/json", `{"subject":"` + secret + `","person":{"docKind":"身份证","number":"` + secret + `"}` + matter + `}`, 400, "api.whom", ""},
		{"two purposes", "application/json", `{"subject":"` + secret + `","consent":"1"` + matter + `}`, 400, "api.purposes", ""},
		{"aim without consent", "application/json", `{"subject":"` + secret + `","purpose":"credit"` + matter + `}`, 400, "api.purpose", ""},
		{"NUL", "application/json", `{"subject":"` + secret + `\u0000"` + matter + `}`, 400, "api.body_text", ""},
		{"future", "application/json", `{"subject":"` + secret + `","asOf":"2027-01-01"` + matter + `}`, 400, "publish.as_of", ""},
		{"too large", "application/json", `{"subject":"` + strings.Repeat("9", maxJSON) + `"}`, 413, "api.body_large", ""},
		{"a form", "application/x-www-form-urlencoded", "subject=" + secret, 415, "api.json", ""},
		{"plain text", "text/plain", `{"subject":"` + secret + `"` + matter + `}`, 415, "api.json", ""},
	} {
		r := w.do(t, "POST", prefix+"/disclosures", strings.NewReader(c.body), http.Header{"Content-Type": {c.kind}, "Authorization": {"Bearer officer"}})
		p := r.problem(t)
		place := ""
		if len(p.Errors) > 0 {
			place = p.Errors[0].Place
		}
		if r.status != c.status || p.Code != c.code || place != c.place || p.Fix == "" || strings.IndexFunc(p.Detail, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
		for _, text := range []string{secret, "37010219800101001", "张三"} {
			if strings.Contains(string(r.body), text) {
				t.Errorf("%s repeats what was sent: %s", c.name, r.body)
			}
		}
	}
	if got := w.entries(t); len(got) != 0 {
		t.Errorf("%d entries for what was never asked", len(got))
	}
}
