package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// proofVector is a file that every verifier must accept, or refuse for the same reason.
type proofVector struct {
	Name, Text, Keys, Old, Code string
	Versions                    int
	Proven, Limits, Notes       []string
}

// TestProofsInTheBrowser verifies in a real browser what the log's own writer made, and what was tampered with: on the site, from a file without any
// server, and without JavaScript.
func TestProofsInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	in := newInstall(t, "")
	s := serve(t, in, "demo", "--subjects", "60", "--records", "400")
	for _, walk := range []struct {
		name string
		run  func(*tab, *server)
	}{{"vectors", walkVectors}, {"own bundle", walkBundle}} {
		t.Run(walk.name, func(t *testing.T) {
			b := newTab(t, browser, s.url)
			b.as(looks[0])
			walk.run(b, s)
			b.quiet()
		})
	}
}

// walkVectors asks the page's own script about every shared file.
func walkVectors(b *tab, _ *server) {
	raw, err := os.ReadFile("../internal/verify/testdata/vectors.json")
	b.must(err)
	var list []proofVector
	b.must(json.Unmarshal(raw, &list))
	b.open("/verify")
	b.inspect("verify")
	good := 0
	for _, v := range list {
		got := eval[proofVector](b, `gongxinVerify.check(`+quoted(v.Text)+`, `+quoted(v.Keys)+`, `+quoted(v.Old)+`).then((r) => ({Name: r.partial ? "partial" : "", Code: r.ok ? "" : r.failures[0].code,
			Versions: r.versions.length, Proven: r.proven, Limits: r.limits, Notes: r.notes}))`)
		if got.Code != v.Code || got.Name != "" {
			b.t.Errorf("%s: the browser says %q %s, want %q", v.Name, got.Code, got.Name, v.Code)
		}
		if v.Code != "" {
			continue
		}
		good++
		says := func(v *proofVector) string {
			return strings.Join(append(append(v.Proven, v.Limits...), v.Notes...), "\n")
		}
		if diff := cmp.Diff(says(&v), says(&got)); diff != "" || got.Versions != v.Versions {
			b.t.Errorf("%s: the browser says otherwise (%d versions, want %d):\n%s", v.Name, got.Versions, v.Versions, diff)
		}
	}
	if good < 15 || len(list)-good < 60 {
		b.t.Errorf("%d files hold and %d do not", good, len(list)-good)
	}
}

// walkBundle downloads the bundle of a business, and verifies it in every way that there is.
func walkBundle(b *tab, s *server) {
	b.signIn("firm")
	b.open("/me/proof")
	b.inspect("own proofs")
	var bundle string
	await(b.t, 2*patience, "the bundle", func() bool { // the log may still be on its way
		bundle = eval[string](b, `fetch("/me/proof/bundle.json").then((r) => r.ok ? r.text() : "")`)
		return bundle != ""
	})
	b.mu.Lock()
	b.faults = nil // that it was not there at once is no complaint
	b.mu.Unlock()
	file := keep(b.t, b.t.TempDir(), "bundle.json", []byte(bundle))
	torn := strings.Replace(bundle, `"subject":"`, `"subject":"1`, 1)

	b.open("/verify")
	b.verifies(bundle, torn)
	b.inspect("verified")
	b.open("/verify")
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#proof-file"), []string{file}))
	b.press()
	if words := b.text("[data-verify-result]"); !strings.Contains(words, "核验通过") {
		b.t.Errorf("the chosen file: %s", words)
	}
	b.do(chromedp.Click(chromedp.CSS("[data-verify-result] p.actions button")))
	b.open("/verify")
	if words := b.text("[data-verify-memory-words]"); !strings.Contains(words, "记住了上次") || !strings.Contains(eval[string](b, `document.querySelector("#proof-old").value`), "gongxin/990100") {
		b.t.Errorf("the browser does not remember: %q", words)
	}

	page := s.get(b.t, "/verify/offline.html", http.StatusOK)
	whole := keep(b.t, b.t.TempDir(), "gongxin-verify.html", page.body)
	b.do(chromedp.Navigate("file://" + whole))
	b.wait("the file", `document.readyState === "complete"`)
	b.verifies(bundle, torn)
	b.inspect("verified from the file")

	if r := s.in.run(b.t, "verify", file); r.code != 0 || !strings.Contains(r.out, "所列即全部") {
		b.t.Errorf("the command: exit code %d\n%s%s", r.code, r.out, r.msg)
	}
	if r := s.in.run(b.t, "verify", keep(b.t, b.t.TempDir(), "torn.json", []byte(torn))); r.code != 1 {
		b.t.Errorf("the command on the changed file: exit code %d\n%s%s", r.code, r.out, r.msg)
	}

	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.must(err)
	b.open("/verify")
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#proof-file"), []string{file}))
	b.follow(chromedp.Click(chromedp.CSS("form[data-verify] button[type=submit]")))
	if words := b.text("[data-verify-result]"); !strings.Contains(words, "核验通过") || !strings.Contains(words, "所列即全部") {
		b.t.Errorf("without JavaScript: %s", words)
	}
}

// verifies pastes a file that does not hold and one that does, and leaves what it lists open to be looked at.
func (b *tab) verifies(good, bad string) {
	b.t.Helper()
	for _, x := range [][2]string{{bad, "核验未通过"}, {good, "核验通过"}} {
		text, want := x[0], x[1]
		eval[bool](b, `(document.querySelector("#proof-text").value = `+quoted(text)+`, true)`)
		b.press()
		if words := b.text("[data-verify-result]"); !strings.Contains(words, want) || !strings.Contains(words, "用的公钥") {
			b.t.Errorf("%s: want %q, the page says %.300s (%s)", b.address(), want, words, b.text("[data-verify-progress]"))
		}
	}
	if n := eval[int](b, `(document.querySelector("[data-verify-result] details").open = true, document.querySelectorAll("[data-verify-result] tbody tr").length)`); n == 0 {
		b.t.Errorf("%s: no version is listed", b.address())
	}
}

// press has the page verify, and waits for its answer.
func (b *tab) press() {
	b.t.Helper()
	eval[bool](b, `(document.querySelector("[data-verify-result]").replaceChildren(), true)`)
	b.do(chromedp.Click(chromedp.CSS("form[data-verify] button[type=submit]")))
	b.wait("the result", `document.querySelector("[data-verify-result] .alert") !== null`)
}
