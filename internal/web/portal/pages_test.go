package portal

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/ui"
)

// newHandler builds the portal over a fake source, with the whole stack around it.
func newHandler(t testing.TB, f *fake) http.Handler {
	t.Helper()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{
		City: "临溪市", Assets: assets, Actors: desktest.Callers{}, Log: slog.New(slog.DiscardHandler), Nav: Nav(), Footer: Footer(),
		Licence: "Apache-2.0", SourceURL: "https://source.example/gongxin", AsOf: func() time.Time { return now }, Edition: func() string { return "2026.1" },
	}
	p := New(Deps{
		Site: site, Source: f, Catalog: testCatalog(t), Clock: clock.NewManual(now), BaseURL: "https://credit.example", Map: []byte(cityMap), Dev: true,
		Office: Office{Name: "临溪市社会信用中心", Phone: "0000-0000000", Address: "临溪市东溪区示范路1号", Hours: "工作日 9:00—17:00"}, MaxExports: 1,
	})
	rt := site.Router()
	site.Mount(rt)
	p.Routes(rt)
	return site.Wrap(rt)
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// subjectCode and the ids of one licence and one penalty of it.
var (
	subjectCode = uscc(1)
	licenceID   = "r" + subjectCode[11:] + "000"
	penaltyID   = "r" + subjectCode[11:] + "001"
)

// everyPage lists each page that answers 200 in each of its forms.
func everyPage() []string {
	return []string{
		"/", "/search", "/search?q=禾谷", "/search?q=没有这样的名称", "/search?q=禾谷&cursor=1",
		"/s/" + subjectCode, "/s/" + subjectCode + "?asOf=2026-03-02", "/s/" + uscc(4),
		"/s/" + subjectCode + "/XZXK", "/s/" + subjectCode + "/XZCF?asOf=2026-03-02", "/s/" + subjectCode + "/XZXK?cursor=20",
		"/r/" + licenceID, "/r/" + penaltyID, "/r/" + penaltyID + "?asOf=2026-10-01",
		"/c", "/c/XZXK", "/c/XZCF", "/c/XZXK?agency=x&region=990102&kind=普通&from=2026-01-01&to=2026-06-30&cursor=20", "/c/XZXK?kind=无此类别",
		"/catalog", "/catalog/XZXK", "/catalog/XZCF", "/stats", "/open-data", "/about", "/help", "/help/reasons",
		"/guide/objection", "/guide/objection?record=" + licenceID, "/guide/objection?record=none",
		"/guide/repair", "/guide/repair?record=" + penaltyID, "/ui",
	}
}

func TestPageContents(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(30))
	open := func(path string) page {
		w := get(h, path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		return parsePage(t, path, w.Body.String())
	}

	p := open("/")
	p.count("form[action=/search]", 1)
	p.has(".figures", "1,042,917")
	p.count(".news", 2)
	p.count(".news .news__item", 12)
	p.has(".site-nav", "信用目录")

	p = open("/search?q=禾谷")
	p.count(".hit", len(fakeNames))
	p.count(".hit--exact", 1)
	p.has(".hit--exact mark", "禾谷")
	p.has(".hit", "名称完全一致")
	p.has(".hit__former mark", "云帆")
	p.count("a[rel=next]", 1)
	p = open("/search?q=禾谷&cursor=1")
	p.count(".hit--exact", 0)
	p = open("/search?q=没有这样的名称")
	p.has(".empty", "没有查到“没有这样的名称”")
	p.count(".empty li", 4)

	p = open("/s/" + subjectCode)
	p.has("h1", "禾谷食品")
	p.count(".strip a", 1)
	p.count(".strip .strip__none", 8)
	p.count(".chapter", 9)
	p.has("#chapter-1 dl", "法定代表人")
	p.has("#chapter-2 h2", "二、行政管理信息")
	p.has("#chapter-3 .chapter__none", "查询期内无相关信息")
	p.count("#chapter-2 .record", 20)
	p.count("#chapter-1 .chapter__none", 0)
	p.has("#chapter-2 .record", "公示至")
	p.has("#chapter-2 .record .facts__note", "一般失信，自决定之日起公示1年")
	p.count("#chapter-2 a[href=/s/"+subjectCode+"/XZXK]", 1)
	p.count("a[href=/guide/objection?record="+licenceID+"]", 1)
	p.count("a[href=/guide/repair?record="+licenceID+"]", 0)
	p.count("a[href=/guide/repair?record="+penaltyID+"]", 1)
	p.has(".who__line", "曾用名： 临溪市禾谷粮油贸易有限公司 （2019-06-11 前）")
	p.count("img[src=/s/"+subjectCode+"/qr.svg]", 1)
	p.count(".alert--warn", 0)
	p = open("/s/" + subjectCode + "?asOf=2026-03-02")
	p.has(".alert--warn", "您正在查看 2026-03-02 当天结束时的情况")
	p.count(".alert--warn a[href=/s/"+subjectCode+"]", 1)
	p.count("a[href=/r/"+licenceID+"?asOf=2026-03-02]", 1)
	p.count("a[href=/s/"+subjectCode+"/XZXK?asOf=2026-03-02]", 1)
	p = open("/s/" + uscc(4))
	p.has(".alert", "登记信息尚未收到")
	p.has("#chapter-1 .chapter__none", "查询期内无相关信息")

	p = open("/r/" + penaltyID)
	p.has("h1", "未按规定查验")
	p.has("#window", "2027-07-27（当日起不再公示）")
	p.has("#window", "一般失信，自决定之日起公示1年")
	p.has("#source", "目录版本 2026.1")
	p.count(".timeline__event", 2)
	p.has(".timeline", "第 2 版：更正")
	p.has("#content", "依法隐去部分内容")
	p.count("a[href=/guide/repair?record="+penaltyID+"]", 1)

	p = open("/c")
	p.count(".door[href=/c/XZXK]", 1)
	p.has(".door", "934,021 条")
	p = open("/c/XZXK")
	p.count("table tbody tr", 20)
	p.has(".list-note", "约 30,000 条")
	p.count("a[rel=next]", 1)
	p.count(".filter select", 3)
	p.count("a[href=/open-data/XZXK.csv]", 1)
	p = open("/c/XZXK?region=990102&from=2026-01-01&cursor=20")
	p.count("a[href=/c/XZXK?from=2026-01-01&region=990102]", 1)
	p.count("a[href=/open-data/XZXK.ndjson?from=2026-01-01&region=990102]", 1)
	p.count("option[value=990102][selected]", 1)
	p = open("/c/XZXK?kind=无此类别")
	p.has(".empty", "没有符合条件的公示信息")

	p = open("/catalog")
	p.count("a[href=/catalog/XZCF]", 1)
	p = open("/catalog/XZCF")
	p.has("#basis", "行政处罚法")
	p.has("#fields", "CF_WSH")
	p.has("#fields", "不公开")
	p.count("a[href=/catalog/XZCF/template.xlsx]", 1)
	p.has(".facts", "7 个工作日")

	p = open("/stats")
	p.count(".map__area[d]", 6)
	p.count("[data-chart]", 5)
	p.count("[data-chart] table", 5)
	p.has("table", "东溪区")
	p = open("/open-data")
	p.count("a[href=/open-data/XZCF.csv]", 1)
	p.has("main", "单引号")
	p = open("/guide/objection?record=" + licenceID)
	p.has("#record", licenceID)
	p.has("#record", "临溪市")
	p.has("#office", "临溪市社会信用中心")
	p = open("/guide/objection?record=none")
	p.has(".alert", "没有查到编号为“none”的公开记录")
	p = open("/help/reasons")
	p.count("#r2103", 1)
}

func TestRefusedPages(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(2))
	cases := []struct {
		path   string
		status int
		has    string
	}{
		{"/s/91370303MA3C000118", 404, "没有查到这个主体的公开信息"},
		{"/r/none", 404, "没有这条公开记录"},
		{"/c/NONE", 404, "信用目录中没有这个事项"},
		{"/catalog/NONE", 404, "信用目录中没有这个事项"},
		{"/s/" + subjectCode + "/NONE", 404, "信用目录中没有这个事项"},
		{"/s/" + subjectCode + "?asOf=soon", 400, "不是有效的日期"},
		{"/s/" + subjectCode + "?asOf=2026-11-23", 400, "不能晚于今天"},
		{"/c/XZXK?from=2026-02-30", 400, "不是有效的日期"},
		{"/c/XZXK?from=2026-03-01&to=2026-02-01", 400, "截止日期早于起始日期"},
		{"/open-data/XZXK.csv?from=2026-02-30", 400, "筛选的日期无效"},
		{"/open-data/XZXK.xml", 404, "没有这个下载文件"},
		{"/open-data/NONE.csv", 404, "没有这个下载文件"},
		{"/nothing", 404, "没有找到这个页面"},
	}
	for _, c := range cases {
		w := get(h, c.path)
		p := parsePage(t, c.path, w.Body.String())
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.path, w.Code, c.status)
		}
		p.has("main", c.has)
		sound(t, c.path, p)
	}
}

func TestSourceFaults(t *testing.T) {
	t.Parallel()
	f := newFake(2)
	f.fail = fault.New(fault.Unavailable, "fake.down", "数据库正在维护", "请稍后再试")
	h := newHandler(t, f)
	for path, status := range map[string]int{
		"/": 200, "/c": 200, "/open-data": 200, "/about": 200,
		"/stats": 503, "/search?q=禾谷": 503, "/s/" + subjectCode: 503, "/c/XZXK": 503, "/guide/repair?record=x": 503, "/open-data/XZXK.csv": 503,
	} {
		if w := get(h, path); w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
	p := parsePage(t, "/", get(h, "/").Body.String())
	p.count("form[action=/search]", 1)
	p.has(".alert", "最新公示暂时无法显示")
}

func TestEveryPageIsSound(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(30))
	for _, path := range everyPage() {
		w := get(h, path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
			continue
		}
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
		sound(t, path, parsePage(t, path, w.Body.String()))
	}
}

// sound checks what holds for every page: structure, labels, targets, and nothing that the policy forbids.
func sound(t *testing.T, path string, p page) {
	t.Helper()
	p.count("h1", 1)
	p.count("html[lang=zh-CN]", 1)
	p.count("main#main", 1)
	p.count("a.skip[href=#main]", 1)
	p.count("style", 0)
	ids := map[string]bool{}
	for _, n := range p.all("[id]") {
		id, _ := attr(n, "id")
		if ids[id] {
			t.Errorf("%s: id %q twice", path, id)
		}
		ids[id] = true
	}
	level := 1
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		soundElement(t, path, n, ids)
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			if l := int(n.Data[1] - '0'); l > level+1 {
				t.Errorf("%s: h%d after h%d: %s", path, l, level, textOf(n))
			} else {
				level = l
			}
		}
	}
	for _, n := range p.all("head title") {
		if !strings.Contains(textOf(n), "公信 · 临溪市") {
			t.Errorf("%s: title %q", path, textOf(n))
		}
	}
}

func soundElement(t *testing.T, path string, n *html.Node, ids map[string]bool) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("%s: <%s %s=%q> breaks the policy", path, n.Data, a.Key, a.Val)
		case a.Key == "for" || a.Key == "aria-labelledby" || a.Key == "aria-describedby":
			for id := range strings.FieldsSeq(a.Val) {
				if !ids[id] {
					t.Errorf("%s: %s=%q leads nowhere", path, a.Key, id)
				}
			}
		case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !ids[a.Val[1:]]:
			t.Errorf("%s: link to %s leads nowhere", path, a.Val)
		case (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.Contains(a.Val, "about:invalid"):
			t.Errorf("%s: an unsafe address in <%s>", path, n.Data)
		}
	}
	kind, _ := attr(n, "type")
	switch n.Data {
	case "script":
		if _, external := attr(n, "src"); !external && kind != "application/json" {
			t.Errorf("%s: inline script", path)
		}
	case "img":
		if _, ok := attr(n, "alt"); !ok {
			t.Errorf("%s: image without alt", path)
		}
	case "input", "select", "textarea":
		if id, _ := attr(n, "id"); kind != "hidden" && id == "" {
			t.Errorf("%s: <%s> cannot have a label", path, n.Data)
		}
	case "a":
		if label, _ := attr(n, "aria-label"); label == "" && textOf(n) == "" {
			t.Errorf("%s: link without words", path)
		}
	}
}

// TestMarkupIsEscaped puts markup into every text that the source gives and looks for it in the parsed pages.
func TestMarkupIsEscaped(t *testing.T) {
	t.Parallel()
	const poison = `"'><script>poison()</script><img src=x onerror=poison()>javascript:`
	f := newFake(6)
	f.poison = poison
	h := newHandler(t, f)
	paths := append(everyPage(), "/search?q="+`%22%3E%3Cscript%3Epoison()%3C/script%3E`,
		"/c/XZXK?from=%22%3E%3Cscript%3Epoison()%3C/script%3E", "/guide/repair?record=%22%3E%3Cscript%3Epoison()%3C/script%3E",
		"/%22%3E%3Cscript%3Epoison()%3C/script%3E", "/s/x?asOf=%3Cscript%3Epoison()%3C/script%3E")
	for _, path := range paths {
		body := get(h, path).Body.String()
		p := parsePage(t, path, body)
		for _, n := range p.all("script") {
			if strings.Contains(textOf(n), "poison") {
				if kind, _ := attr(n, "type"); kind != "application/json" {
					t.Errorf("%s: markup got through as a script", path)
				}
			}
		}
		for _, n := range p.all("img") {
			if src, _ := attr(n, "src"); src == "x" {
				t.Errorf("%s: markup got through as an image", path)
			}
		}
		for n := range p.root.Descendants() {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "href" && strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
					t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
				}
			}
		}
		if strings.Contains(body, "<script>poison") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: raw markup in the page", path)
		}
	}
}

// TestPagesAreLight holds the pages to 150 kB over the wire, style sheet and script included, charts aside.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	const most = 150 << 10
	h := newHandler(t, newFake(30))
	shared := 0
	for _, path := range []string{"/static/app.css", "/static/js/app.js", "/static/img/mark.svg"} {
		shared += wire(t, h, path)
	}
	for _, path := range everyPage() {
		if n := shared + wire(t, h, path); n > most {
			t.Errorf("%s: %d bytes over the wire", path, n)
		}
	}
}

func wire(t *testing.T, h http.Handler, path string) int {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	n := w.Body.Len()
	if w.Header().Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, err := io.Copy(io.Discard, zr); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return n
}

func TestAsOfReachesTheSource(t *testing.T) {
	t.Parallel()
	f := newFake(12)
	h := newHandler(t, f)
	get(h, "/s/"+subjectCode+"?asOf=2026-03-02")
	get(h, "/s/"+subjectCode+"?asOf=2026-11-22") // today is now
	get(h, "/r/"+licenceID+"?asOf=2026年3月2日")
	got := f.called()
	for _, want := range []string{
		"Subject " + subjectCode + " 2026-03-02 23:59", "SubjectRecords " + subjectCode + " XZXK 2026-03-02 23:59", "Subject " + subjectCode + " \n", "Record " + licenceID + " 2026-03-02 23:59",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the source was not asked %q; calls:\n%s", want, got)
		}
	}
}

// TestGalleryIsForDevelopers: a city's site does not show it.
func TestGalleryIsForDevelopers(t *testing.T) {
	t.Parallel()
	assets, err := ui.LoadAssets()
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{City: "临溪市", Assets: assets, Actors: desktest.Callers{}}
	rt := site.Router()
	New(Deps{Site: site, Source: newFake(1), Catalog: testCatalog(t), Clock: clock.NewManual(now), Map: []byte("no map")}).Routes(rt)
	h := site.Wrap(rt)
	if w := get(h, "/ui"); w.Code != http.StatusNotFound {
		t.Errorf("/ui answers %d", w.Code)
	}
	w := get(h, "/stats") // a bad map is left out, its table stays
	p := parsePage(t, "/stats", w.Body.String())
	p.count(".map", 0)
	p.has("#regions table", "东溪区")
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(2))
	for _, path := range []string{"/", "/open-data/XZXK.csv", "/catalog/XZXK/template.xlsx", "/s/" + subjectCode + "/qr.svg"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("HEAD", path, nil))
		if w.Code != http.StatusOK || w.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
}

func BenchmarkSubjectPage(b *testing.B) {
	f := newFake(75) // 50 licences and 25 penalties; the page shows ten of each, so draw the whole list
	v := subjectView{SubjectView: f.subjects[0], today: "2026-11-22", chapters: nil}
	for _, c := range f.subjects[0].Chapters {
		cv := chapterView{ChapterCount: c}
		for _, i := range c.Items {
			item := itemView{ItemCount: i, negative: i.Item == itemPenalty}
			for _, r := range f.records[v.Code] {
				if r.Item == i.Item && len(item.records) < 25 {
					item.records = append(item.records, r)
				}
			}
			cv.items = append(cv.items, item)
		}
		v.chapters = append(v.chapters, cv)
	}
	assets, err := ui.LoadAssets()
	if err != nil {
		b.Fatal(err)
	}
	site := &web.Site{City: "临溪市", Assets: assets, Nav: Nav(), Footer: Footer()}
	r := httptest.NewRequest("GET", "/s/"+v.Code, nil)
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buf.Reset()
		if err := web.Frame(site.Page(r, v.Name, ui.Link{Label: v.Name}), subjectPage(&v)).Render(b.Context(), &buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(buf.Len()), "bytes/page")
}
