//go:build preview

package lookup

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestWalk asks by keyboard alone in a browser, with and without scripts: the field has the focus, a code and Enter give the answer in the title, and the
// field is empty again and has the focus.
func TestWalk(t *testing.T) {
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	text, err := json.Marshal(w.officer())
	must(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "gx", Value: hex.EncodeToString(text)})
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, give := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(give)
	for _, scripts := range []bool{true, false} {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		must(t, err)
		must(t, chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/desk/lookup")))
		for _, c := range []struct{ code, title string }{{firmCode, "命中 3 项"}, {bankCode, "没有作答：没有查到这个主体"}} {
			must(t, chromedp.Do(ctx, chromedp.KeyEvent(c.code+"\r"))) // nothing of the code before is in the way
			title := ""
			for ctx.Err() == nil && !strings.HasPrefix(title, c.title) {
				if got, err := chromedp.Run(ctx, chromedp.Title()); err == nil {
					title = got
				}
			}
			if !strings.HasPrefix(title, c.title) {
				t.Fatalf("scripts %v, %s: %q", scripts, c.title, title)
			}
		}
	}
	if _, n := w.last(t); n != 4 {
		t.Errorf("%d entries in the access log", n)
	}
}
