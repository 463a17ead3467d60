package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// deskPages are what each account of the demo works with. A path that ends in "/…" is the first page below it that the list before it leads to.
var deskPages = []struct {
	login string
	paths []string
}{
	{"clerk", []string{"/desk", "/desk/lists/new", "/desk/declarations"}},
	{"window", []string{"/desk", "/desk/check", "/desk/check/batch", "/desk/check/coverage", "/desk/lookup", "/desk/lookup/consent", "/desk/reports"}},
	{"office", []string{"/desk", "/desk/inbox", "/desk/overdue", "/desk/deputies", "/desk/handover", "/desk/corrections", "/desk/drafts", "/desk/objections/statistics", "/desk/claims"}},
	{"reviewer", []string{
		"/desk", "/desk/inbox", "/desk/lists", "/desk/lists/entries/…", "/desk/lists/kinds", "/desk/tasks", "/desk/tasks/…", "/desk/tasks/statistics", "/desk/orders", "/desk/orders/…", "/desk/matters",
		"/desk/objections", "/desk/objections/…", "/desk/repairs", "/desk/repairs/…", "/desk/repair-notices",
	}},
	{"bank", []string{"/desk"}},
	{"auditor", []string{"/desk", "/desk/audit/access", "/desk/audit/acts", "/desk/audit/alerts"}},
	{"security", []string{"/desk", "/desk/people"}},
	{"system", []string{"/desk", "/desk/notices"}},
	{"firm", []string{"/me", "/me/objections", "/me/repairs", "/me/corrections", "/me/measures", "/me/cases", "/me/declarations", "/me/report"}},
}

// TestDesksInTheBrowser looks at the desks of every role, wide and narrow, light and dark, and checks and replies by keys alone.
func TestDesksInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := serve(t, newInstall(t, ""), "demo", "--subjects", "300", "--records", "2000")
	known := knownSubject(t, s)
	for _, role := range deskPages {
		t.Run(role.login, func(t *testing.T) {
			b := newTab(t, browser, s.url)
			b.as(looks[0])
			b.signIn(role.login)
			if at := b.address(); role.paths[0] != at {
				t.Errorf("starts at %s", at)
			}
			for _, path := range role.paths {
				if root, below := strings.CutSuffix(path, "…"); below {
					path = b.firstBelow(root)
				}
				b.open(path)
				b.inspect(role.login + " " + path)
			}
			switch role.login {
			case "window":
				b.checkByKeys(known)
			case "reviewer":
				b.replyByKeys()
			}
		})
	}
	if said := s.messages(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("the server complains:\n%s", said)
	}
}

// firstBelow gives the first page that this one leads to below a root.
func (b *tab) firstBelow(root string) string {
	b.t.Helper()
	list := eval[[]string](b, `[...document.querySelectorAll('main a[href^="`+root+`"]')].map((a) => a.getAttribute("href")).filter((h) => /\/[0-9]+$/.test(h))`)
	if len(list) == 0 {
		b.t.Fatalf("%s leads to nothing below %s: %s", b.address(), root, b.text("main"))
	}
	return list[0]
}

// seen reports whether the focus can be seen: an outline, or the skip link in view.
const seen = `(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	return r.width > 1 && r.height > 1 && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none") })()`

// tabTo goes on by Tab until a condition on the element in focus holds, and sees the focus at every stop.
func (b *tab) tabTo(what, condition string) {
	b.t.Helper()
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if !eval[bool](b, seen) {
			b.t.Errorf("the focus cannot be seen on %s", b.focus())
		}
		if eval[bool](b, `((e) => `+condition+`)(document.activeElement)`) {
			return
		}
	}
	b.t.Fatalf("80 stops do not reach %s", what)
}

// checkByKeys checks a subject from the first page: the field has the focus, Enter asks, and Tab leads on to what can be done with the answer.
func (b *tab) checkByKeys(known subjectRef) {
	b.t.Helper()
	b.open("/desk")
	b.wait("the field for the code in focus", `document.activeElement.id === "code"`) // the browser gives it with its first picture, which may come after the page
	b.write("123")
	b.refused("/desk/check")
	b.follow(chromedp.KeyEvent(kb.Enter))
	if !b.has("#code-fault") || eval[string](b, `document.querySelector("#code").value`) != "123" {
		b.t.Error("a wrong code loses what was typed, or its mark")
	}
	b.do(chromedp.SendKeys(chromedp.CSS("#code"), kb.Control+"a"))
	eval[bool](b, `document.querySelector("#code").select(), true`)
	b.write(known.Code)
	b.follow(chromedp.KeyEvent(kb.Enter))
	if !b.has("#result .alert") {
		b.t.Fatalf("Enter gives no answer at %s", b.address())
	}
	b.inspect("an answer")
	b.open(b.address())
	b.tabTo("the skip link", `e.classList.contains("skip") || e.closest("main") !== null`)
}

// replyByKeys answers an objection as its source by keys alone, up to the last button.
func (b *tab) replyByKeys() {
	b.t.Helper()
	b.open("/desk/objections?state=referred")
	b.open(b.firstBelow("/desk/objections/"))
	b.do(chromedp.KeyEvent(kb.Tab))
	if on := b.focus(); on != "a.skip" {
		b.t.Errorf("the first stop is %s, want the skip link", on)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait("the main part in focus", `document.activeElement.id === "main"`)
	b.tabTo("the reply", `e.tagName === "SUMMARY" && e.textContent.includes("答复核查结果")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait("an open form", `document.activeElement.parentElement.open`)
	b.tabTo("the result", `e.id === "reply-what"`)
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.tabTo("the reason", `e.id === "reply-reason"`)
	b.write("核对了决定书原件")
	b.tabTo("the button", `e.tagName === "BUTTON" && e.textContent.includes("确认答复")`)
	b.follow(chromedp.KeyEvent(kb.Enter))
	if !b.has(".alert--good") {
		b.t.Errorf("the reply was not taken: %s", b.text("main"))
	}
}
