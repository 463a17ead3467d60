package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// TestInTheBrowser walks the demo city as its readers and clerks do.
func TestInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	in := newInstall(t, "")
	s := serve(t, in, "demo", "--subjects", "300", "--records", "2000")
	in.must(t, "agency", "add", "--code", ownUnit, "--name", "临溪市市场监督管理局")
	known := knownSubject(t, s)
	for _, walk := range []struct {
		name string
		run  func(*tab, *server, subjectRef)
	}{
		{"search to record", walkSearch},
		{"column", walkColumn},
		{"other pages", walkOthers},
		{"keyboard", walkKeyboard},
		{"queue", walkQueue},
		{"without JavaScript", walkPlain},
		{"filing", walkDesk},
	} {
		t.Run(walk.name, func(t *testing.T) {
			b := newTab(t, browser, s.url)
			b.as(looks[0])
			walk.run(b, s, known)
			b.quiet()
		})
	}
	if said := s.messages(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("the server complains:\n%s", said)
	}
}

type subjectRef struct{ Code, Name string }

// knownSubject gives a subject with a public licence.
func knownSubject(t *testing.T, s *server) subjectRef {
	t.Helper()
	var list struct {
		Items []struct{ Subject subjectRef }
	}
	s.getJSON(t, "/api/v1/records?item=XZXK&limit=1", &list)
	if len(list.Items) == 0 {
		t.Fatal("the city has no public licence")
	}
	return list.Items[0].Subject
}

// walkSearch goes from the home page by a part of a name to the subject and one of its records.
func walkSearch(b *tab, _ *server, known subjectRef) {
	b.open("/")
	b.inspect("home")
	b.do(chromedp.Click(chromedp.CSS("#q")))
	b.write(part(known.Name))
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.inspect("results")
	if !slices.ContainsFunc(b.all(".hit__name a"), func(name string) bool { return strings.Contains(name, known.Name) }) {
		b.t.Fatalf("%q does not find %q: %q", part(known.Name), known.Name, b.all(".hit__name a"))
	}
	b.follow(chromedp.Click(chromedp.CSS(`.hit__name a[href="/s/` + known.Code + `"]`)))
	b.inspect("subject")
	if h := b.text("h1"); h != known.Name {
		b.t.Errorf("the heading is %q, want %q", h, known.Name)
	}
	b.fills(".strip")
	if chapters := b.all(".chapter__title"); len(chapters) < 8 || !strings.Contains(chapters[0], "一、") {
		b.t.Errorf("chapters %q", chapters)
	}
	title := b.text(".record__title a")
	b.follow(chromedp.Click(chromedp.CSS(".record__title a")))
	b.inspect("record")
	if h := b.text("h1"); h != title {
		b.t.Errorf("the record's heading is %q, want %q", h, title)
	}
	for _, id := range []string{"content", "window", "source", "history"} {
		if !b.has("#" + id) {
			b.t.Errorf("the record has no part %s", id)
		}
	}
	b.follow(chromedp.Click(chromedp.CSS(`.who__line a[href^="/s/"]`)))
	if h := b.text("h1"); h != known.Name {
		b.t.Errorf("back at %q, want %q", h, known.Name)
	}
	b.open("/search?q=" + known.Code)
	if b.text(".hit--exact code") != known.Code {
		b.t.Errorf("the code finds %q first", b.text(".hit code"))
	}
	b.open("/search?q=" + url.QueryEscape("没有这样的名称啊"))
	b.inspect("no results")
	b.open("/search")
	b.inspect("search")
}

// fills checks at both widths that the cells of a grid cover it: none of its places stays empty.
func (b *tab) fills(selector string) {
	b.t.Helper()
	for _, l := range looks[:2] {
		b.as(l)
		share := eval[float64](b, `(() => {
			const grid = document.querySelector(`+quoted(selector)+`), area = (e) => { const r = e.getBoundingClientRect(); return r.width * r.height; };
			return [...grid.children].reduce((sum, e) => sum + area(e), 0) / area(grid);
		})()`)
		if share < 0.98 {
			b.t.Errorf("at %d the cells of %s cover %.0f%% of it", l.width, selector, 100*share)
		}
	}
	b.as(looks[0])
}

// part is what somebody remembers of a name: four characters from its middle.
func part(name string) string {
	runes := []rune(name)
	from := min(4, max(0, len(runes)-4))
	return string(runes[from:min(len(runes), from+4)])
}

// walkColumn filters and pages through the public penalties.
func walkColumn(b *tab, _ *server, _ subjectRef) {
	b.open("/c")
	b.inspect("columns")
	b.follow(chromedp.Click(chromedp.CSS(`a.door[href="/c/XZCF"]`)))
	b.inspect("column")
	const rows = `main td a[href^="/r/"]`
	seen := map[string]bool{}
	pages := 0
	for { // to the end: nothing comes twice
		for _, href := range eval[[]string](b, `[...document.querySelectorAll('`+rows+`')].map((a) => a.getAttribute("href"))`) {
			if seen[href] {
				b.t.Errorf("page %d shows %s again", pages+1, href)
			}
			seen[href] = true
		}
		if pages++; !b.has(`.pager a[rel=next]`) || pages > 40 {
			break
		}
		b.follow(chromedp.Click(chromedp.CSS(`.pager a[rel=next]`)))
	}
	if pages < 3 || len(seen) < 60 {
		b.t.Errorf("%d rows on %d pages", len(seen), pages)
	}
	b.inspect("last page")

	b.open("/c/XZCF")
	all := len(b.all(rows))
	kind := eval[string](b, `[...document.querySelectorAll("#kind option")].map((o) => o.value).find((v) => v !== "")`)
	region := eval[string](b, `[...document.querySelectorAll("#region option")].map((o) => o.value).find((v) => v !== "")`)
	b.choose("#kind", kind)
	b.follow(chromedp.Click(chromedp.CSS(`.filter button[type=submit]`)))
	if where := b.address(); !strings.Contains(where, "kind=") || strings.Contains(where, "agency=") {
		b.t.Errorf("the filter leads to %s", where)
	}
	for _, badges := range b.all("main tbody .badges") {
		if !strings.Contains(badges, kind) {
			b.t.Errorf("filtered by %s, a row has %q", kind, badges)
		}
	}
	b.choose("#region", region)
	b.follow(chromedp.Click(chromedp.CSS(`.filter button[type=submit]`)))
	b.inspect("filtered column")
	if n := len(b.all(rows)); n > all {
		b.t.Errorf("%d rows with filters, %d without", n, all)
	}
	b.open("/c/XZCF?from=2999-01-01")
	b.inspect("empty column")
	b.openRefused("/c/XZCF?from=nonsense")
	b.inspect("column with a faulty filter")
}

// walkOthers looks at every other page that a reader can reach.
func walkOthers(b *tab, _ *server, known subjectRef) {
	for _, path := range []string{"/catalog", "/catalog/XZCF", "/stats", "/open-data", "/about", "/help", "/help/reasons", "/guide/objection", "/guide/repair", "/s/" + known.Code + "?asOf=" + clock.Today(clock.System{}).AddDays(-30).String()} {
		b.open(path)
		b.inspect(path)
	}
	// Charts are drawn, and each has its table.
	b.open("/stats")
	b.wait("charts", `document.querySelectorAll("[data-chart] svg, [data-chart] canvas").length > 0`)
	if tables := len(b.all("table")); tables < 2 {
		b.t.Errorf("%d tables beside the charts", tables)
	}
	b.openRefused("/no/such/page")
	b.inspect("missing page")
	if b.text("h1") == "" {
		b.t.Error("the missing page says nothing")
	}
	// The reader's own choice of theme and size stays.
	b.open("/")
	b.follow(chromedp.Click(chromedp.CSS(`.site-footer__prefs button[value=dark]`)))
	b.follow(chromedp.Click(chromedp.CSS(`.site-footer__prefs button[value=large]`)))
	b.open("/help")
	if html := eval[string](b, `document.documentElement.dataset.theme + " " + document.documentElement.dataset.size`); html != "dark large" {
		b.t.Errorf("theme and size are %q", html)
	}
	b.inspect("help, large and dark by choice")
}

// walkKeyboard reaches the search by keys alone.
func walkKeyboard(b *tab, _ *server, known subjectRef) {
	b.open("/")
	b.do(chromedp.KeyEvent(kb.Tab))
	if on := b.focus(); on != "a.skip" {
		b.t.Errorf("the first stop is %s, want the skip link", on)
	}
	if !eval[bool](b, `(() => { const r = document.activeElement.getBoundingClientRect(); return r.width > 1 && r.height > 1 && r.top >= 0 && r.left >= 0 })()`) {
		b.t.Error("the focused skip link cannot be seen")
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait("the main part in focus", `document.activeElement.id === "main"`)
	b.do(chromedp.KeyEvent(kb.Tab))
	if on := b.focus(); on != "input#q" {
		b.t.Errorf("behind the skip link comes %s, want the search box", on)
	}
	b.write(part(known.Name))
	b.follow(chromedp.KeyEvent(kb.Enter))
	if !strings.HasPrefix(b.address(), "/search?q=") {
		b.t.Errorf("Enter leads to %s", b.address())
	}
	// Every stop can be seen, and there is a way through the whole page.
	stops := map[string]bool{}
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, `document.activeElement === document.body`) {
			break
		}
		if !eval[bool](b, `document.activeElement.matches(":focus-visible")`) {
			b.t.Errorf("%s has the focus and does not show it", b.focus())
		}
		stops[eval[string](b, `(() => { const e = document.activeElement; return e.tagName + e.id + (e.getAttribute("href") || e.name || "") })()`)] = true
	}
	if len(stops) < 15 {
		b.t.Errorf("%d stops: %v", len(stops), stops)
	}
}

// focus names the element in focus.
func (b *tab) focus() string {
	b.t.Helper()
	return eval[string](b, `(() => { const e = document.activeElement; return e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className ? "." + e.className.split(" ")[0] : "") })()`)
}

// fileInBrowser files a file through the page and waits for its receipt.
func (b *tab) fileInBrowser(item, path string) {
	b.t.Helper()
	b.open("/desk/filing")
	b.unit = eval[string](b, `[...document.querySelectorAll("#unit option")].map((o) => o.value).find((v) => v !== "")`)
	b.choose("#unit", b.unit)
	b.choose("#item", item)
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{path}))
	b.follow(chromedp.Click(chromedp.CSS("#filing-form button[type=submit]")))
	if where := b.address(); !strings.HasPrefix(where, "/desk/filing/") {
		b.t.Fatalf("the upload leads to %s: %s", where, b.text(".alert"))
	}
}

// walkDesk drops a large file and watches it, then a small one with a fault, whose error workbook it mends and files again.
func walkDesk(b *tab, s *server, _ subjectRef) {
	dir := b.t.TempDir()
	b.signIn("clerk")
	b.open("/desk/filing")
	b.inspect("desk")
	large := ownFiling(b.t, dir, "大文件.csv", 16_000)
	b.fileInBrowser("XZCF", large.path)
	eval[bool](b, `window.samePage = true`)
	running := b.has(".receipt__now")
	if running {
		b.inspect("running receipt")
	}
	b.wait("the receipt", `document.querySelector(".receipt__sum") !== null`)
	if !running {
		b.t.Error("the large file was done before it could be watched; make it larger")
	}
	if !eval[bool](b, `window.samePage === true`) {
		b.t.Error("the page was loaded anew instead of going on live")
	}
	if said := b.text("#say"); !strings.Contains(said, "处理完成") {
		b.t.Errorf("those who do not see are told %q", said)
	}
	b.inspect("receipt of many faults")
	b.follow(chromedp.Click(chromedp.CSS(`#reasons td a[href*="reason="]`)))
	b.inspect("receipt by reason")

	item, _ := catalog.Default().Item("XZCF")
	small := keep(b.t, dir, "三行.csv", encodeRows(b.t, item, "a.csv", []map[string]string{
		example(map[string]string{"CF_WSH": "浏览器一号"}), example(map[string]string{"CF_WSH": "浏览器二号", "CF_XDR_SHXYM": "91990102MA0A00014X"}),
		example(map[string]string{"CF_WSH": "浏览器三号", "CF_NR_FK": "2000"}),
	}))
	b.fileInBrowser("XZCF", small)
	b.wait("the receipt", `document.querySelector(".receipt__sum") !== null`)
	b.inspect("receipt")
	if words := strings.Join(b.all("#rows tbody tr"), "\n"); !strings.Contains(words, "2103") || !strings.Contains(words, "2302") || !strings.Contains(words, "校验码") {
		b.t.Errorf("the receipt explains %q", words)
	}
	link := eval[string](b, `document.querySelector('a[href$="/errors.xlsx"]').getAttribute("href")`)
	s.in.fileFor(b.t, b.unit)
	workbook := s.get(b.t, strings.Replace(link, "/desk/filing/", "/api/v1/submissions/", 1), http.StatusOK)
	if kind := workbook.header.Get("Content-Disposition"); !strings.Contains(kind, "attachment") {
		b.t.Errorf("the error workbook comes as %q", kind)
	}
	b.open("/desk/filing")
	if todo := b.text(".todo"); !strings.Contains(todo, "三行.csv") {
		b.t.Errorf("the desk does not ask for the mended file: %q", todo)
	}
	mended := keep(b.t, dir, "三行-改.xlsx", mendErrors(b.t, workbook.body, "CF_XDR_SHXYM", "91990102MA0A00014H"))
	b.fileInBrowser("XZCF", mended)
	b.wait("the receipt", `document.querySelector(".receipt__sum") !== null`)
	if b.has(`a[href$="/errors.xlsx"]`) || !strings.Contains(b.text(".receipt__sentence"), "1") {
		b.t.Errorf("the mended file is answered: %s", b.text(".receipt__sum"))
	}
	b.inspect("receipt without faults")

	// A file that is no table.
	b.fileInBrowser("XZCF", keep(b.t, dir, "扫描件.csv", []byte("%PDF-1.7\n")))
	b.wait("the refusal", `document.querySelector(".alert") !== null && document.querySelector(".receipt__now") === null`)
	b.inspect("refused file")
	if words := b.text(".alert"); !strings.Contains(words, "PDF") || !strings.Contains(words, "怎样改") {
		b.t.Errorf("a PDF is refused with %q", words)
	}
}

// walkQueue matches a row that waits to the subject that its name names, takes it back, and refuses it.
func walkQueue(b *tab, s *server, known subjectRef) {
	b.signIn("office")
	link := waitingRow(b, s, "待匹配一号", known)
	b.open("/desk/queue")
	b.inspect("queue")
	b.follow(chromedp.Click(chromedp.CSS(`main td a[href="` + link + `"]`)))
	b.inspect("entry")
	b.decide(known)
	b.inspect("matched entry")
	b.open("/desk/queue?state=matched")
	b.inspect("matched rows")
	b.open(link)
	b.explain("undo", "匹配错了")
	b.open(link)
	b.do(chromedp.Click(chromedp.CSS("details.refuse summary")))
	b.explain("refuse", "请报送单位补填代码")
	b.inspect("refused entry")
	b.open("/desk/queue?state=refused")
	if rows := b.text("main table"); !strings.Contains(rows, "请报送单位补填代码") {
		b.t.Errorf("the refused rows are %q", rows)
	}
}

// waitingRow files a row without a code about a subject of that name, and gives the page on which it waits.
func waitingRow(b *tab, s *server, document string, known subjectRef) string {
	b.t.Helper()
	item, _ := catalog.Default().Item("XZCF")
	content := encodeRows(b.t, item, "a.csv", []map[string]string{
		example(map[string]string{"CF_WSH": document, "CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": "", "CF_XDR_MC": known.Name}),
	})
	a, err := s.upload(b.t, "XZCF", ownUnit, document+".csv", "", content)
	if err != nil || !a.taken() {
		b.t.Fatalf("status %d, %v\n%s", a.status, err, a.body)
	}
	if r := s.finished(b.t, strings.TrimPrefix(a.header.Get("Location"), "/api/v1/submissions/")); r.Accepted != 1 || r.Warnings != 1 {
		b.t.Fatalf("the row was answered %+v", r.Rows)
	}
	b.open("/desk/queue")
	link := eval[string](b, `([...document.querySelectorAll("main tbody tr")].filter((r) => r.textContent.includes(`+quoted(document)+`)).map((r) => r.querySelector("a").getAttribute("href"))[0] || "")`)
	if link == "" {
		b.t.Fatalf("%s is not among the %d rows that wait", document, len(b.all("main tbody tr")))
	}
	return link
}

// decide looks the subject up on an entry's page, reads what will happen, and matches.
func (b *tab) decide(known subjectRef) {
	b.t.Helper()
	b.follow(chromedp.Click(chromedp.CSS(`.pick a[href*="` + known.Code + `"]`)))
	if words := b.text("#preview"); !strings.Contains(words, known.Code) || !strings.Contains(words, "可撤销") {
		b.t.Errorf("the preview says %q", words)
	}
	b.explain("match", "核对了营业执照")
	if words := b.text(".alert"); words == "" {
		b.t.Error("nothing says that it is done")
	}
}

// explain fills in the reason of a decision and confirms it.
func (b *tab) explain(action, reason string) {
	b.t.Helper()
	form := `form[action$="/` + action + `"] `
	b.do(chromedp.Click(chromedp.CSS(form + `[name=note]`)))
	b.write(reason)
	b.follow(chromedp.Click(chromedp.CSS(form + `button`)))
}

// walkPlain does the main walks with scripts switched off.
func walkPlain(b *tab, s *server, known subjectRef) {
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.must(err)
	b.open("/")
	b.do(chromedp.Click(chromedp.CSS("#q")))
	b.write(part(known.Name))
	b.follow(chromedp.KeyEvent(kb.Enter))
	b.follow(chromedp.Click(chromedp.CSS(`.hit__name a[href="/s/` + known.Code + `"]`)))
	b.follow(chromedp.Click(chromedp.CSS(".record__title a")))
	if !b.has("#window") {
		b.t.Errorf("%s is no record", b.address())
	}
	b.open("/c/XZCF")
	region := eval[string](b, `[...document.querySelectorAll("#region option")].map((o) => o.value).find((v) => v !== "")`)
	b.choose("#region", region)
	b.follow(chromedp.Click(chromedp.CSS(`.filter button[type=submit]`)))
	if !strings.Contains(b.address(), "region="+region) {
		b.t.Errorf("the filter leads to %s", b.address())
	}
	b.open("/stats")
	if tables := len(b.all("table")); tables < 2 {
		b.t.Errorf("%d tables instead of charts", tables)
	}

	b.signIn("office")
	b.open(waitingRow(b, s, "无脚本一号", known))
	b.decide(known)
	b.signIn("clerk")

	large := ownFiling(b.t, b.t.TempDir(), "无脚本.csv", 6000)
	b.fileInBrowser("XZCF", large.path)
	b.wait("the receipt", `document.querySelector(".receipt__sum") !== null`) // the page asks anew by itself
	if words := b.text(".receipt__sum"); !strings.Contains(words, "6,000") && !strings.Contains(words, "6000") {
		b.t.Errorf("the receipt says %q", words)
	}
	link := eval[string](b, `document.querySelector('a[href$="/errors.xlsx"]').getAttribute("href")`)
	s.in.fileFor(b.t, b.unit)
	s.get(b.t, strings.Replace(link, "/desk/filing/", "/api/v1/submissions/", 1), http.StatusOK)
}
