//go:build preview

package portal

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TestPreview photographs every page at two widths in both themes into GONGXIN_PREVIEW, and reports what the browser
// complains about. It is a tool for those who work on the pages:
//
//	GONGXIN_PREVIEW=/tmp/shots go test -tags preview -run Preview ./internal/web/portal
//
// GONGXIN_PREVIEW_ONLY narrows it to pages whose name contains the text, GONGXIN_AXE names an axe.min.js to run as well.
func TestPreview(t *testing.T) {
	dir := os.Getenv("GONGXIN_PREVIEW")
	if dir == "" {
		t.Fatal("set GONGXIN_PREVIEW to a folder")
	}
	srv := httptest.NewServer(newHandler(t, newFake(30)))
	defer srv.Close()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
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
	axe, _ := os.ReadFile(os.Getenv("GONGXIN_AXE"))
	only := os.Getenv("GONGXIN_PREVIEW_ONLY")
	for name, path := range previews() {
		if !strings.Contains(name, only) {
			continue
		}
		for _, m := range modes {
			shoot(ctx, t, srv.URL+path, filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, m.width, m.look)), m, string(axe))
		}
	}
}

// mode is a way to look at a page: a width with a theme, large text, or paper.
type mode struct {
	width int64
	look  string
}

var modes = []mode{{1440, "light"}, {1440, "dark"}, {1440, "large"}, {390, "light"}, {390, "dark"}, {390, "large"}, {700, "print"}}

func previews() map[string]string {
	return map[string]string{
		"home": "/", "search": "/search?q=禾谷", "nohit": "/search?q=没有这样的名称", "subject": "/s/" + subjectCode, "past": "/s/" + uscc(4) + "?asOf=2026-03-02",
		"record": "/r/" + penaltyID, "columns": "/c", "column": "/c/XZXK", "badfilter": "/c/XZXK?from=2026-02-30", "catalog": "/catalog", "item": "/catalog/XZCF",
		"stats": "/stats", "open": "/open-data", "about": "/about", "help": "/help", "reasons": "/help/reasons",
		"objection": "/guide/objection?record=" + licenceID, "repair": "/guide/repair", "notfound": "/nothing", "gallery": "/ui",
	}
}

func shoot(ctx context.Context, t *testing.T, url, file string, m mode, axe string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	must := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: m.width, Height: 900, DeviceScaleFactor: 1, Mobile: m.width < 500})
	must(err)
	size, theme, media := "normal", "light", ""
	switch m.look {
	case "dark":
		theme = "dark"
	case "large":
		size = "large"
	case "print":
		media = "print"
	}
	_, err = chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "gx_size", Value: size, URL: url})
	must(err)
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	must(err)
	must(chromedp.Do(ctx, chromedp.Navigate(url), chromedp.Sleep(300*time.Millisecond)))
	overflow, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
	must(err)
	if overflow > 0 {
		t.Errorf("%s at %d: %d pixels too wide", url, m.width, overflow)
	}
	if axe != "" {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[int](axe+";0"))
		must(err)
		faults, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
		must(err)
		for _, f := range faults {
			t.Errorf("%s at %d %s: %s", url, m.width, m.look, f)
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
