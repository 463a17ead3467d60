package ui

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNum(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -12345: "-12,345"} {
		if got := Num(n); got != want {
			t.Errorf("Num(%d) = %s, want %s", n, got, want)
		}
	}
	if got := Percent(1, 3); got != "33.3%" {
		t.Errorf("Percent %s", got)
	}
	if got := Percent(1, 0); got != "—" {
		t.Errorf("Percent of nothing %s", got)
	}
}

func TestDeadlineSaysItInWords(t *testing.T) {
	t.Parallel()
	for days, want := range map[int][2]string{
		5: {"deadline--plain", "还剩 5 个工作日"}, 1: {"deadline--warn", "还剩 1 个工作日"},
		0: {"deadline--warn", "今天到期"}, -3: {"deadline--bad", "已逾期 3 个工作日"},
	} {
		got := render(t, Deadline("2026-03-11", days))
		if !strings.Contains(got, want[0]) || !strings.Contains(got, want[1]) {
			t.Errorf("%d: %s", days, got)
		}
	}
}

func TestFieldNamesItsFault(t *testing.T) {
	t.Parallel()
	got := render(t, Field(FieldSpec{ID: "a", Name: "a", Label: "代码", Hint: "18位", Fault: `坏"><script>`, Required: true, MaxLength: 18}))
	for _, want := range []string{`for="a"`, `aria-invalid="true"`, `aria-describedby="a-hint a-fault"`, `maxlength="18"`, `id="a-fault"`, " required"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "<script>") {
		t.Errorf("markup got through: %s", got)
	}
}

func TestAddressesAreSafe(t *testing.T) {
	t.Parallel()
	got := render(t, LinkButton(Link{Href: "javascript:alert(1)", Label: "x"}, Plain))
	if strings.Contains(got, "javascript:") {
		t.Errorf("an unsafe address got through: %s", got)
	}
}

func TestChartDataCannotEndItsBlock(t *testing.T) {
	t.Parallel()
	got := render(t, Chart(ChartSpec{ID: "c", Title: "t", Kind: BarChart, Labels: []string{"</script><script>alert(1)</script>"}, Series: []Series{{Name: "s", Values: []int{1}}}}))
	if strings.Count(got, "<script") != 1 || strings.Count(got, "</script>") != 1 {
		t.Errorf("the data block can be ended: %s", got)
	}
}

func TestGalleryShowsEveryComponent(t *testing.T) {
	t.Parallel()
	got := render(t, Gallery())
	for _, class := range []string{"badge", "deadline", "alert", "empty", "field", "button", "drop", "progress", "filter", "search", "tabs", "table", "pager", "facts", "stepper", "timeline", "chart", "bar"} {
		if !regexp.MustCompile(`class="(?:[^"]* )?` + class + `[ "]`).MatchString(got) {
			t.Errorf("the gallery lacks %s", class)
		}
	}
}

func css(t *testing.T, layer string) string {
	t.Helper()
	b, err := fs.ReadFile(staticFS, "static/css/"+layer+".css")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDarkTokensAgree holds the two copies of the dark values equal, and complete beside the light ones.
func TestDarkTokensAgree(t *testing.T) {
	t.Parallel()
	s := css(t, "tokens")
	block := func(selector string) map[string]string {
		i := strings.Index(s, selector)
		if i < 0 {
			t.Fatalf("no %s", selector)
		}
		body, _, _ := strings.Cut(s[i:], "}")
		m := map[string]string{}
		for _, d := range regexp.MustCompile(`(--[\w-]+|color-scheme):\s*([^;]+);`).FindAllStringSubmatch(body, -1) {
			m[d[1]] = d[2]
		}
		return m
	}
	system, chosen, light := block(`:root:not([data-theme="light"])`), block(`:root[data-theme="dark"]`), block(":root {")
	if len(system) < 30 || len(system) != len(chosen) {
		t.Fatalf("%d and %d dark tokens", len(system), len(chosen))
	}
	for k, v := range system {
		if chosen[k] != v {
			t.Errorf("%s is %q and %q", k, v, chosen[k])
		}
	}
	for k, v := range light {
		if strings.HasPrefix(v, "#") && k != "--qr-ground" && system[k] == "" {
			t.Errorf("%s has no dark value", k)
		}
	}
}

// TestLayersKeepToTokens: a colour is named in tokens.css (and for paper in print.css) alone, every file fills its own layer, and
// nothing but the tokens sets the size of the root, on which the large-text mode rests.
func TestLayersKeepToTokens(t *testing.T) {
	t.Parallel()
	colour := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\(`)
	root := regexp.MustCompile(`(?s)\bhtml\s*\{[^}]*font-size:`)
	known := regexp.MustCompile(`(?m)^\s*(--[\w-]+):`)
	tokens := map[string]bool{}
	for _, m := range known.FindAllStringSubmatch(css(t, "tokens"), -1) {
		tokens[m[1]] = true
	}
	for _, l := range layers {
		s := css(t, l)
		if !strings.Contains(s, "@layer "+l+" {") {
			t.Errorf("%s.css does not fill its layer", l)
		}
		if root.MatchString(s) {
			t.Errorf("%s.css sets the size of the root", l)
		}
		if l != "tokens" && l != "print" {
			if m := colour.FindString(s); m != "" {
				t.Errorf("%s.css names the colour %s", l, m)
			}
		}
		for _, m := range regexp.MustCompile(`var\((--[\w-]+)`).FindAllStringSubmatch(s, -1) {
			if !tokens[m[1]] {
				t.Errorf("%s.css uses %s, which is no token", l, m[1])
			}
		}
		if strings.Contains(s, "url(") || strings.Contains(s, "@import") {
			t.Errorf("%s.css loads something", l)
		}
	}
}

func TestAssetsKeepTheirAddress(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"js/a.js": {Data: []byte(strings.Repeat("let a = 1;\n", 200))}}
	for _, l := range layers {
		files["css/"+l+".css"] = &fstest.MapFile{Data: []byte("@layer " + l + " {}")}
	}
	a, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	first := a.URL("js/a.js")
	if !regexp.MustCompile(`^/static/js/a\.[0-9a-f]{12}\.js$`).MatchString(first) || a.URL("none") != "/static/none" || a.Has("none") || !a.Has("app.css") {
		t.Errorf("addresses: %s %s", first, a.URL("none"))
	}
	files["js/a.js"] = &fstest.MapFile{Data: []byte("let a = 2;")}
	b, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	if b.URL("js/a.js") == first {
		t.Error("another content has the same address")
	}
	css := string(a.Bytes("app.css"))
	for i := 1; i < len(layers); i++ {
		if strings.Index(css, layers[i-1]) > strings.Index(css, layers[i]) {
			t.Errorf("%s comes before %s", layers[i], layers[i-1])
		}
	}
	for accept, packed := range map[string]bool{"gzip": true, "br;q=1, gzip;q=0.5": true, "*": true, "": false, "br": false, "gzip; q=0": false, "gzip;q=0.0": false} {
		r := httptest.NewRequest("GET", first, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding") == "gzip"; w.Code != http.StatusOK || got != packed {
			t.Errorf("%q: %d, packed %v", accept, w.Code, got)
		}
	}
	delete(files, "css/print.css")
	if _, err := loadAssets(files); err == nil {
		t.Error("a missing layer goes unnoticed")
	}
}

func BenchmarkLayout(b *testing.B) {
	assets, err := LoadAssets()
	if err != nil {
		b.Fatal(err)
	}
	p := &Page{Title: "t", Product: "公信", City: "临溪市", Service: "平台", Assets: assets, Nav: []NavItem{{"/c", "公示", "c"}}, Crumbs: []Link{{Label: "x"}}}
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buf.Reset()
		if err := Layout(p).Render(b.Context(), &buf); err != nil {
			b.Fatal(err)
		}
	}
}

// Days within sentences stay in one line; nothing else changes, and what came from elsewhere stays escaped.
func TestDaysStayInOneLine(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"":           "",
		"没有日期":       "没有日期",
		"2026-11-22": `<span class="nowrap">2026-11-22</span>`,
		"自 2026-11-22 起，到 2026-12-01（含当日）": `自 <span class="nowrap">2026-11-22</span> 起，到 <span class="nowrap">2026-12-01</span>（含当日）`,
		"<b>2026-11-22</b>":         `&lt;b&gt;<span class="nowrap">2026-11-22</span>&lt;/b&gt;`,
		"YY20261123-457344，2026-11": "YY20261123-457344，2026-11",
		"12026-11-22":               `1<span class="nowrap">2026-11-22</span>`,
		"最迟 2026-11-2":              "最迟 2026-11-2",
	} {
		if got := render(t, Dated(said)); got != want {
			t.Errorf("%q is written %q, not %q", said, got, want)
		}
	}
}
