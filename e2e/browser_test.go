package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// need ends a test that lacks a part of the machine: loudly skipped, or failed where browser tests are required.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("GONGXIN_TEST_BROWSER") == "required" {
		t.Fatalf("browser tests are required: %s", what)
	}
	t.Skipf("browser tests SKIPPED: %s", what)
}

// axe is the checker of accessibility, as `make assets` fetches it.
var axe = sync.OnceValues(func() (string, error) {
	raw, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	return string(raw), err
})

// startBrowser starts a Chromium without a window, which ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if _, err := axe(); err != nil {
		need(t, "no axe-core, run `make assets`: "+err.Error())
	}
	program := ""
	for _, name := range []string{"/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		need(t, "no Chromium; install it (Debian: chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// tab is a window of the browser on a site, with what goes wrong in it.
type tab struct {
	t    *testing.T
	ctx  context.Context
	site string
	unit string // for which files were filed last

	mu       sync.Mutex
	faults   []string
	refusing string // the path that answers with an error, as it should
	from     map[network.RequestID]string
	bytes    map[string]float64 // over the wire since the last open, by address
}

// newTab opens a window with its own cookies.
func newTab(t *testing.T, browser context.Context, site string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, site: site, from: map[network.RequestID]string{}, bytes: map[string]float64{}}
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // without a limit of its own, for the tab lives as long as the first context
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	b.must(err)
	_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective + " " + e.blockedURI))`,
	})
	b.must(err)
	return b
}

// hear notes what the browser complains about, and what it loads.
func (b *tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if b.refusing != "" && strings.HasPrefix(ev.Entry.Text, "Failed to load resource") && strings.HasSuffix(ev.Entry.URL, b.refusing) {
			return
		}
		if ev.Entry.Level == log.EntryLevelError || strings.Contains(ev.Entry.Text, "Content Security Policy") {
			b.faults = append(b.faults, ev.Entry.Text+" "+ev.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, "exception: "+ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeAssert {
			b.faults = append(b.faults, fmt.Sprintf("console: %s", consoleText(ev)))
		}
	case *network.EventRequestWillBeSent:
		b.from[ev.RequestID] = ev.Request.URL
	case *network.EventLoadingFinished:
		b.bytes[b.from[ev.RequestID]] += ev.EncodedDataLength
	}
}

func consoleText(ev *runtime.EventConsoleAPICalled) string {
	var out []string
	for _, a := range ev.Args {
		out = append(out, string(a.Value)+a.Description)
	}
	return strings.Join(out, " ")
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v", b.address(), err)
	}
}

// address is where the tab is, for messages.
func (b *tab) address() string {
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	where, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return b.site
	}
	return strings.TrimPrefix(where, b.site)
}

// patience is how long anything in a page may take on a busy machine.
const patience = 30 * time.Second

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.must(chromedp.Do(ctx, steps...))
}

// eval evaluates an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %.300s: %v", b.address(), expression, err)
	}
	return v
}

// wait waits until an expression is true in the page, across navigations.
func (b *tab) wait(what, expression string) {
	b.t.Helper()
	await(b.t, 2*patience, what+" at "+b.site, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		defer cancel()
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok
	})
}

// open goes to a path of the site and checks what came: no complaints, not too heavy.
func (b *tab) open(path string) {
	b.t.Helper()
	b.forget()
	b.do(chromedp.Navigate(b.site + path))
	b.loaded()
}

// follow does something that leads to another page, and checks that page.
func (b *tab) follow(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.forget()
	before := eval[float64](b, `performance.timeOrigin`)
	b.do(steps...)
	b.wait("the next page", fmt.Sprintf(`document.readyState === "complete" && performance.timeOrigin !== %f`, before))
	b.loaded()
}

func (b *tab) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes = map[string]float64{}
}

// maxPage is how much a page may weigh over the wire, charts aside.
const maxPage = 150_000

func (b *tab) loaded() {
	b.t.Helper()
	b.quiet()
	b.mu.Lock()
	defer b.mu.Unlock()
	total := 0.0
	for address, n := range b.bytes {
		if !strings.Contains(address, "echarts") && !strings.Contains(address, "charts.js") {
			total += n
		}
	}
	if total > maxPage {
		b.t.Errorf("%s weighs %.0f bytes: %v", b.address(), total, b.bytes)
	}
}

// quiet reports complaints since it was last asked.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	faults := b.faults
	b.faults = nil
	b.mu.Unlock()
	for _, f := range faults {
		b.t.Errorf("%s: the browser complains: %s", b.address(), f)
	}
}

// refused says that this path answers with an error from now on; that the browser says so, sooner or later, is no complaint.
func (b *tab) refused(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusing = path
}

// openRefused goes to a page that answers with an error.
func (b *tab) openRefused(path string) {
	b.t.Helper()
	b.refused(path)
	b.do(chromedp.Navigate(b.site + path))
}

// look is how a page is looked at.
type look struct {
	width int64
	theme string
}

var looks = []look{{1440, "light"}, {390, "dark"}, {1440, "dark"}, {390, "light"}}

func (b *tab) as(l look) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: 900, DeviceScaleFactor: 1, Mobile: l.width < 500})
	b.must(err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: l.theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.must(err)
}

// inspect looks at the page wide and narrow, light and dark: it never scrolls sideways, and axe finds nothing serious.
func (b *tab) inspect(name string) {
	b.t.Helper()
	b.wakeAxe()
	for _, l := range looks {
		b.as(l)
		wide := eval[int64](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.documentElement.scrollWidth))))`)
		if wide > l.width {
			b.t.Errorf("%s at %d %s: %d pixels wide", name, l.width, l.theme, wide)
		}
		for _, f := range eval[[]axeFault](b, axeRun) {
			b.t.Errorf("%s at %d %s: axe: %s %s: %s", name, l.width, l.theme, f.Impact, f.ID, strings.Join(f.Nodes, " | "))
		}
	}
	b.as(looks[0])
	b.quiet()
}

// wakeAxe brings the checker into the page, and makes sure that it sees a fault.
func (b *tab) wakeAxe() {
	b.t.Helper()
	source, err := axe()
	b.must(err)
	eval[bool](b, source+`;document.body.insertAdjacentHTML("beforeend", "<button id=awake></button>");true`)
	seen := eval[[]axeFault](b, axeRun)
	eval[bool](b, `document.querySelector("#awake").remove();true`)
	if !slices.ContainsFunc(seen, func(f axeFault) bool { return f.ID == "button-name" }) {
		b.t.Fatalf("%s: axe does not see a button without a name: %v", b.address(), seen)
	}
}

type axeFault struct {
	ID, Impact string
	Nodes      []string
}

const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => (
	{id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " — " + (n.any.concat(n.all, n.none)[0] || {message: ""}).message)})))`

// write types text where the focus is.
func (b *tab) write(text string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text})
	b.must(err)
}

// text gives an element's text, whatever is hidden in it.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, `(document.querySelector(`+quoted(selector)+`) || {textContent: ""}).textContent.replace(/\s+/g, " ").trim()`)
}

// all gives the texts of all elements.
func (b *tab) all(selector string) []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll(`+quoted(selector)+`)].map((e) => e.textContent.replace(/\s+/g, " ").trim())`)
}

// has tells whether there is such an element.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	return eval[bool](b, `document.querySelector(`+quoted(selector)+`) !== null`)
}

// choose picks an option of a select, as a person would.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	if !eval[bool](b, `(() => { const s = document.querySelector(`+quoted(selector)+`); s.value = `+quoted(value)+`; s.dispatchEvent(new Event("change", {bubbles: true})); return s.value === `+quoted(value)+` })()`) {
		b.t.Fatalf("%s: %s has no option %q", b.address(), selector, value)
	}
}

func quoted(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}
