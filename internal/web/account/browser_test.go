package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// TestInBrowser walks a passkey through a real browser with a virtual authenticator, so that the script and the security policy are tested too, and
// looks at every page wide and narrow, light and dark. GONGXIN_PREVIEW names a folder for pictures.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	program := ""
	for _, name := range []string{"/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	axe, err := os.ReadFile("../../../node_modules/axe-core/axe.min.js")
	if program == "" || err != nil {
		if os.Getenv("GONGXIN_TEST_BROWSER") == "required" {
			t.Fatalf("browser tests are required: chromium at %q, axe-core: %v", program, err)
		}
		t.Skipf("browser tests SKIPPED: chromium at %q, axe-core: %v", program, err)
	}
	w := newWindow(t, program)
	w.axe = string(axe)
	w.walk()
}

// window is a tab of a browser on a house of its own.
type window struct {
	t    *testing.T
	ctx  context.Context
	site string
	axe  string

	mu     sync.Mutex
	faults []string
}

func newWindow(t *testing.T, program string) *window {
	t.Helper()
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	w := &window{t: t, site: strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)}
	var svc *identity.Service
	h := newHouse(t, change{
		identity: func(c *identity.Config) {
			c.Passkeys = identity.PasskeySite{ID: "localhost", Name: "公信", Origins: []string{w.site}}
			c.Providers = []identity.Provider{{Name: "city", Label: "临溪通", Issuer: "https://id.example.test", ClientID: "x", RedirectURL: w.site + CallbackPath("city")}}
		},
		deps: func(d *Deps) {
			d.Site.Secure = false
			d.Links = []ui.Link{{Href: "/help", Label: "使用帮助"}}
			d.Demo = []DemoAccount{{Login: "clerk", Role: "市市场监管局报送员", SignIn: func(ctx context.Context, in identity.Attempt) (*identity.Session, error) {
				in.Login, in.Password = "clerk", goodPass
				return svc.SignIn(ctx, in)
			}}}
		},
	})
	svc = h.svc
	h.open(t, identity.StaffAccount, "clerk", clerk)
	handler = h

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	w.ctx = ctx
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	must(t, chromedp.Listen(ctx, w.hear))
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective + " " + e.blockedURI))`,
	})
	must(t, err)
	_, err = chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{})
	must(t, err)
	_, err = chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
		AutomaticPresenceSimulation: true, IsUserVerified: true,
	}})
	must(t, err)
	return w
}

func (w *window) hear(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError && !strings.Contains(ev.Entry.Text, "status of 4") {
			w.faults = append(w.faults, ev.Entry.Text+" "+ev.Entry.URL)
		}
	case *cdpruntime.EventExceptionThrown:
		w.faults = append(w.faults, "exception: "+ev.ExceptionDetails.Text)
	case *cdpruntime.EventConsoleAPICalled:
		if ev.Type == cdpruntime.ConsoleAPICalledTypeError {
			for _, a := range ev.Args {
				w.faults = append(w.faults, "console: "+string(a.Value)+a.Description)
			}
		}
	}
}

func eval[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

func (w *window) open(path string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	must(w.t, chromedp.Do(ctx, chromedp.Navigate(w.site+path)))
}

// follow does something in the page that leads to another one, and waits for it.
func (w *window) follow(expression string) {
	w.t.Helper()
	before := eval[float64](w, `performance.timeOrigin`)
	eval[bool](w, expression+";true")
	all, stop := context.WithTimeout(w.ctx, 30*time.Second)
	defer stop()
	for all.Err() == nil {
		ctx, cancel := context.WithTimeout(all, 5*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.readyState === "complete" && performance.timeOrigin !== %f`, before)))
		cancel()
		if err == nil && ok {
			return
		}
	}
	w.t.Fatalf("no next page after %s: %s", expression, w.said())
}

func (w *window) said() string { return text(eval[string](w, `document.body.innerHTML`)) }

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func (w *window) fill(selector, value string) {
	w.t.Helper()
	eval[bool](w, `document.querySelector(`+quoted(selector)+`).value = `+quoted(value)+`;true`)
}

// press clicks; the passkey's forms answer to the click as to a person's.
func press(selector string) string { return `document.querySelector(` + quoted(selector) + `).click()` }

const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
	v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")))`

// look inspects the page that is open.
func (w *window) look(name string) {
	w.t.Helper()
	eval[bool](w, w.axe+";true")
	for _, width := range []int64{1280, 390} {
		for _, theme := range []string{"light", "dark"} {
			if dir := os.Getenv("GONGXIN_PREVIEW"); dir == "" && (theme == "dark") != (width < 500) {
				continue // two looks show what breaks; pictures want all four
			}
			_, err := chromedp.Call(w.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
			must(w.t, err)
			_, err = chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
			}})
			must(w.t, err)
			if wide := eval[int64](w, `document.documentElement.scrollWidth`); wide > width {
				w.t.Errorf("%s at %d %s is %d pixels wide", name, width, theme, wide)
			}
			for _, f := range eval[[]string](w, axeRun) {
				w.t.Errorf("%s at %d %s: %s", name, width, theme, f)
			}
			if dir := os.Getenv("GONGXIN_PREVIEW"); dir != "" {
				shot, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
				must(w.t, err)
				must(w.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), shot, 0o600))
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		w.t.Errorf("%s: the browser complains: %s", name, f)
	}
	w.faults = nil
}

func (w *window) walk() {
	w.open("/sign-in?back=/account")
	w.look("sign-in")
	w.open("/sign-up")
	w.look("sign-up")
	w.follow(`(() => { const f = document.querySelector("form[action=\"/sign-up\"]"); f.noValidate = true; f.querySelector("button").click() })()`)
	wantText(w.t, w.said(), "账号没有开立", "请选择账号的种类")
	w.look("sign-up-refused")
	w.open("/sign-in?back=/account")
	w.fill("#login", "clerk")
	w.fill("#password", "wrong-wrong-wrong")
	w.follow(press(`form[action="/sign-in"] button`))
	wantText(w.t, w.said(), "没有登录")
	w.look("refused")
	w.fill("#password", goodPass)
	w.follow(press(`form[action="/sign-in"] button`))
	w.look("overview")
	w.open("/account/password")
	w.look("password")
	w.open("/account/factors")
	w.look("factors-none")
	w.follow(press(`form[action="/account/factors/totp"] button`))
	w.look("setup")
	w.open("/account/factors")
	w.fill("#label", "办公室电脑")
	w.follow(press(`form[data-passkey="create"] button`))
	wantText(w.t, w.said(), "请保存恢复码")
	w.look("codes")
	w.open("/account/factors")
	wantText(w.t, w.said(), "办公室电脑")
	w.look("factors")
	w.fill("#label", "再来一次")
	eval[bool](w, press(`form[data-passkey="create"] button`)+";true") // the device knows that it is enrolled
	eval[bool](w, `new Promise((done) => { const look = () => document.querySelector("[data-passkey-fault]").hidden ? setTimeout(look, 20) : done(true); look() })`)
	wantText(w.t, w.said(), "这台设备上的密钥已经登记过了")
	w.open("/account/sessions")
	w.look("sessions")
	w.open("/account/keys")
	w.look("keys-none")
	w.fill("#label", "前置机")
	eval[bool](w, press(`input[name="scope"]`)+";true")
	w.follow(press(`form[action="/account/keys"] button`))
	w.look("key-new")
	w.open("/account/keys")
	eval[bool](w, `document.querySelectorAll("details").forEach((d) => (d.open = true));true`)
	w.look("keys")

	w.follow(press(`form[action="/sign-out"] button`))
	w.open("/sign-in?back=/account/factors")
	w.follow(press(`form[data-passkey="get"] button`))
	wantText(w.t, w.said(), "办公室电脑")
	w.follow(press(`form[action="/sign-out"] button`))
	w.open("/sign-in")
	w.follow(press(`form[action="/sign-in/demo"] button`))
	wantText(w.t, w.said(), "第二步验证")
	w.look("step")
	w.follow(press(`form[data-passkey="get"] button`))
	wantText(w.t, w.said(), "我的账号", "通行密钥 1 把")
}
