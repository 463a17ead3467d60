//go:build preview

package console

import (
	"context"
	"net/http"
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

	"gongxin/internal/ingest"
)

// TestPreview photographs every page of the desks at two widths in both themes into GONGXIN_PREVIEW, and reports what the browser
// complains about. It is a tool for those who work on the pages:
//
//	GONGXIN_PREVIEW=/tmp/shots go test -tags preview -run Preview ./internal/web/console
//
// GONGXIN_PREVIEW_ONLY narrows it to pages whose name contains the text, GONGXIN_AXE names an axe.min.js to run as well.
func TestPreview(t *testing.T) {
	dir := os.Getenv("GONGXIN_PREVIEW")
	if dir == "" {
		t.Fatal("set GONGXIN_PREVIEW to a folder")
	}
	ctx := browser(t)
	axe, _ := os.ReadFile(os.Getenv("GONGXIN_AXE"))
	only := os.Getenv("GONGXIN_PREVIEW_ONLY")
	for name, url := range previews(t) {
		if !strings.Contains(name, only) {
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
				shoot(ctx, t, url, filepath.Join(dir, name+"-"+map[int64]string{1440: "wide", 390: "phone", 673: "paper"}[width]+"-"+theme+".png"), width, theme, string(axe))
			}
		}
	}
}

// previews sets offices up and gives the addresses to look at.
func previews(t *testing.T) map[string]string {
	serve := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	empty := serve(newOffice(t))
	o := newOffice(t)
	o.registered(t, 1, 2, 3)
	busy := serve(o)
	done := o.file(t, "XZCF", "2026年3月行政处罚.csv", o.mixed())
	again := o.file(t, "XZCF", "2026年3月行政处罚（再报）.csv", o.mixed())
	old := o.file(t, "XZCF", "双公示旧模板.csv", o.table("XZCF", byName, o.unlinked(1, nil), o.unlinked(2, nil), o.unlinked(21, nil)))
	good := o.file(t, "XZCF", "补报.csv", o.table("XZCF", byName, o.penalty(31, nil), o.penalty(32, nil)))
	failed := o.file(t, "XZCF", "台账.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"+strings.Repeat("\x00", 4096)))
	waiting, err := o.desk.Queue(context.Background(), ingest.Waiting, 0, 10)
	if err != nil || len(waiting) < 3 {
		t.Fatal(len(waiting), err)
	}
	o.post(t, entryLink(waiting[1].ID)+"/match", "note=经办案机关电话确认&subject="+uscc(2), http.StatusSeeOther)
	o.post(t, entryLink(waiting[2].ID)+"/refuse", "note=名称有误，无法确定主体", http.StatusSeeOther)
	running := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "正在处理.csv", string(o.table("XZCF", byName, o.penalty(41, nil)))}), http.StatusSeeOther).Header().Get("Location")
	entry := busy + entryLink(waiting[0].ID)
	return map[string]string{
		"empty": empty + "/desk/filing", "emptyqueue": empty + "/desk/queue", "desk": busy + "/desk/filing",
		"receipt": busy + receiptLink(done), "reason": busy + receiptLink(done) + "?reason=2103", "again": busy + receiptLink(again), "old": busy + receiptLink(old),
		"good": busy + receiptLink(good), "failed": busy + receiptLink(failed), "running": busy + running, "queue": busy + "/desk/queue", "queuematched": busy + "/desk/queue?state=matched",
		"entry": entry, "choose": entry + "?q=示例食品&subject=" + uscc(1), "nohit": entry + "?q=没有的名称", "matched": busy + entryLink(waiting[1].ID) + "?done=1", "refused": busy + entryLink(waiting[2].ID),
	}
}

func browser(t *testing.T) context.Context {
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

func shoot(ctx context.Context, t *testing.T, url, file string, width int64, theme, axe string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
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
