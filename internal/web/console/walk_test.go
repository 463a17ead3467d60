//go:build preview

package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestWalk sends a file through the page in a browser, with and without scripts, and watches it being worked off.
func TestWalk(t *testing.T) {
	o := newOffice(t)
	srv := httptest.NewServer(o)
	t.Cleanup(srv.Close)
	rows := make([]row, 12_000)
	for n := range rows {
		rows[n] = o.penalty(n%9999, row{"CF_WSH": fmt.Sprintf("临市监罚〔2026〕%d号", n)})
		if n%7 == 0 {
			rows[n]["CF_JDRQ"] = "2026-13-01"
		}
	}
	file := filepath.Join(t.TempDir(), "大文件.csv")
	if err := os.WriteFile(file, o.table("XZCF", byName, rows...), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, give := context.WithTimeout(browser(t), 2*time.Minute)
	t.Cleanup(give)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	eval := func(js string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
		must(err)
		return s
	}
	// wait waits for an element across navigations, which the browser's own waiting does not survive.
	wait := func(selector string) {
		t.Helper()
		for ctx.Err() == nil {
			once, end := context.WithTimeout(ctx, 2*time.Second)
			there, err := chromedp.Run(once, chromedp.Evaluate[bool](`document.querySelector(`+"`"+selector+"`"+`) !== null`))
			end()
			if err == nil && there {
				return
			}
			must(chromedp.Do(ctx, chromedp.Sleep(100*time.Millisecond)))
		}
		t.Fatalf("%s did not come", selector)
	}
	work, stop := context.WithCancel(context.Background())
	defer stop()
	send := func(f string) {
		t.Helper()
		must(chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/desk/filing")))
		eval(`document.querySelector("#unit").value = "` + unitCode + `"; ""`)
		must(chromedp.Do(ctx, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{f})))
		t.Log("zone: ", eval(`document.querySelector("[data-drop-file]").textContent`))
		must(chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#filing-form button"))))
		wait("#receipt")
	}

	// A refused form comes back with its faults in focus.
	must(chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/desk/filing")))
	eval(`document.querySelectorAll("#filing-form [required]").forEach(e => e.required = false); ""`)
	must(chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#filing-form button"))))
	wait("[data-faults]")
	if got := eval(`document.activeElement.hasAttribute("data-faults") ? location.pathname : "elsewhere: "+document.activeElement.outerHTML`); got != "/desk/filing" {
		t.Error("the faults are not in focus: ", got)
	}

	// Choosing another item changes its notes, once htmx has taken the new form in.
	wait("#filing-form:not(.htmx-added):not(.htmx-settling)")
	eval(`{const s=document.querySelector("#item"); s.value="XZXK"; s.dispatchEvent(new Event("change",{bubbles:true}))} ""`)
	wait(`#item-notes a[href="/catalog/XZXK/template.xlsx"]`)

	send(file)
	t.Log(eval(`location.pathname`), eval(`document.title`))
	hold, batches := make(chan struct{}), 0
	o.batch = func() { // the first batch's progress stays until it has been seen
		if batches++; batches == 1 {
			<-hold
		}
	}
	go func() { _ = o.desk.Work(work, nil, slog.New(slog.DiscardHandler)) }()
	wait("#receipt progress[value]")
	t.Log(eval(`document.title+" / "+document.querySelector("#receipt .num").textContent+" / "+document.querySelector("#say").textContent`))
	close(hold)
	wait(".receipt__sentence")
	t.Log(eval(`document.title+" / "+document.querySelector(".receipt__sentence").textContent`))
	if got := eval(`document.querySelector("#say").textContent`); got == "" {
		t.Error("the end is not announced")
	}
	if got := eval(`String(document.querySelectorAll("[hx-trigger*=every]").length)+String(document.querySelector("[data-print]").hidden)+String(document.querySelector("[data-copy]").hidden)`); got != "0falsefalse" {
		t.Error("polls, print, copy: ", got)
	}

	// Without scripts the same works by plain forms and a page that renews itself.
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(err)
	small := filepath.Join(t.TempDir(), "小文件.csv")
	must(os.WriteFile(small, o.mixed(), 0o600))
	must(chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/desk/filing"), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{small}),
		chromedp.Click(chromedp.CSS("#filing-form button"))))
	wait(".receipt__sentence")
}
