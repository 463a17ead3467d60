//go:build preview

package me

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"gongxin/internal/identity"
	"gongxin/internal/publish"
)

// TestPreview photographs every page of the centre at two widths in both themes into GONGXIN_PREVIEW, and reports what the browser
// complains about. It is a tool for those who work on the pages:
//
//	GONGXIN_PREVIEW=/tmp/shots go test -tags preview -run Preview ./internal/web/me
//
// GONGXIN_PREVIEW_ONLY narrows it to pages whose name contains the text, GONGXIN_AXE names an axe.min.js to run as well.
func TestPreview(t *testing.T) {
	dir := os.Getenv("GONGXIN_PREVIEW")
	if dir == "" {
		t.Fatal("set GONGXIN_PREVIEW to a folder")
	}
	ctx := chromium(t)
	axe, _ := os.ReadFile(os.Getenv("GONGXIN_AXE"))
	only := os.Getenv("GONGXIN_PREVIEW_ONLY")
	for _, p := range previews(t) {
		if !strings.Contains(p.name, only) {
			continue
		}
		for _, width := range []int64{1440, 390} {
			for _, theme := range []string{"light", "dark", "large", "print"} {
				if theme == "print" {
					if width < 1000 {
						continue
					}
					width = 673 // what A4 leaves between its margins
				}
				file := p.name + "-" + map[int64]string{1440: "wide", 390: "phone", 673: "paper"}[width] + "-" + theme + ".png"
				shoot(ctx, t, p, filepath.Join(dir, file), width, theme, string(axe))
			}
		}
	}
}

// shot is one page as one reader sees it.
type shot struct{ name, url, token string }

// previews sets a world up and gives the pages to look at.
func previews(t *testing.T) []shot {
	w := newWorld(t)
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	// A page that answers a form cannot be asked for by address: it is answered here as it was.
	kept := map[string]string{}
	pages := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if page, ok := kept[r.URL.Path]; ok {
			_, _ = rw.Write([]byte(page))
			return
		}
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(pages.Close)
	newcomer, lonely := w.open(t, identity.BusinessAccount, "newcomer"), w.open(t, identity.ResidentAccount, "lonely")
	agent, zhang, many := w.agent(t, "agent", uscc(1)), w.resident(t, "zhang"), w.agent(t, "many", uscc(1), uscc(2))
	kept["/preview"] = agent.post(t, "/me/consents", terms(), http.StatusOK).Body.String()
	kept["/faults"] = agent.post(t, "/me/consents", terms("grantee", "", "item", "", "days", "0"), http.StatusBadRequest).Body.String()
	kept["/claimfault"] = newcomer.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {"91990102"}}, http.StatusBadRequest).Body.String()
	kept["/claimcode"] = newcomer.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {uscc(2)}}, http.StatusOK).Body.String()
	given := agent.post(t, "/me/consents", terms("step", "grant", "uses", "2"), http.StatusSeeOther).Header().Get("Location")
	other := agent.post(t, "/me/consents", terms("step", "grant", "purpose", "loan"), http.StatusSeeOther).Header().Get("Location")
	path := "/me/consents/" + strconv.FormatInt(consentID(t, other), 10) + "/revoke"
	kept["/revoked"] = agent.post(t, path, nil, http.StatusOK).Body.String()
	look := publish.Ask{Who: w.banker(), Subject: publish.Whom{Code: uscc(1)}, Purpose: publish.Purpose{Consent: consentID(t, given), Aim: "credit"}}
	for range 3 { // the third is refused
		_, _ = w.publish.Disclose(context.Background(), look)
	}
	_, err := w.publish.Disclose(context.Background(), publish.Ask{Who: w.officer(), Subject: publish.Whom{Code: uscc(1)}, Purpose: publish.Purpose{Matter: w.matter(t)}})
	must(t, err)
	newcomer.want(t, upload(url.Values{"method": {"licence"}, "code": {uscc(1)}}, "a.png", picture(t)), http.StatusSeeOther)
	list, err := w.identity.Claims(context.Background(), newcomer.actor(t))
	must(t, err)
	shots := []shot{
		{"home", "/me", agent.token},
		{"homemany", "/me", many.token},
		{"homeperson", "/me", zhang.token},
		{"homeempty", "/me", lonely.token},
		{"homepending", "/me", newcomer.token},
		{"claim", "/me/claim", newcomer.token},
		{"claimperson", "/me/claim", lonely.token},
		{"claimfault", "/claimfault", newcomer.token},
		{"claimcode", "/claimcode", newcomer.token},
		{"withdraw", "/me/claim/" + strconv.FormatInt(list[0].ID, 10) + "/withdraw", newcomer.token},
		{"file", "/me/file", agent.token},
		{"fileperson", "/me/file", zhang.token},
		{"record", "/me/file/" + mustRecord(t, w, w.firm), agent.token},
		{"looked", "/me/looked", agent.token},
		{"lookedall", "/me/looked?who=all", agent.token},
		{"lookedempty", "/me/looked", zhang.token},
		{"consents", "/me/consents", agent.token},
		{"consentsempty", "/me/consents", zhang.token},
		{"consent", given, agent.token},
		{"grant", "/me/consents/new", agent.token},
		{"grantfaults", "/faults", agent.token},
		{"grantpreview", "/preview", agent.token},
		{"revoke", strings.Split(given, "?")[0] + "/revoke", agent.token},
		{"revoked", "/revoked", agent.token},
	}
	for i := range shots {
		shots[i].url = pages.URL + shots[i].url
	}
	return shots
}

func chromium(t *testing.T) context.Context {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			t.Logf("browser: %s %s", ev.Entry.Text, ev.Entry.URL)
		case *cdpruntime.EventExceptionThrown:
			t.Logf("exception: %s", ev.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func shoot(ctx context.Context, t *testing.T, p shot, file string, width int64, theme, axe string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url := p.url
	must := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	must(err)
	size := "normal"
	if theme == "large" { // light with large text
		size, theme = "large", "light"
	}
	_, err = chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "gx_size", Value: size, URL: url})
	must(err)
	_, err = chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "gx", Value: p.token, URL: url})
	must(err)
	media := "screen"
	if theme == "print" {
		media, theme = "print", "light"
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	must(err)
	must(chromedp.Do(ctx, chromedp.Navigate(url), chromedp.Sleep(300*time.Millisecond)))
	overflow, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	must(err)
	if overflow -= int(width); overflow > 0 {
		t.Errorf("%s at %d %s: %d pixels too wide", url, width, size, overflow)
	}
	if axe != "" {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[int](axe+";0"))
		must(err)
		faults, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
		must(err)
		for _, f := range faults {
			t.Errorf("%s at %d %s: %s", url, width, theme, f)
		}
	}
	full := os.Getenv("GONGXIN_PREVIEW_FULL") != ""
	shot, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{CaptureBeyondViewport: &full})
	must(err)
	png := shot.Data
	if full {
		png, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
		must(err)
	}
	must(os.WriteFile(file, png, 0o600))
}

const axeRun = `axe.run(document,{runOnly:["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r=>r.violations.map(v=>
	v.impact+" "+v.id+": "+v.nodes.slice(0,3).map(n=>n.html.slice(0,160)+" "+(n.any[0]?n.any[0].message:"")).join(" | ")))`
