package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Taps on a phone: to any page of the centre from any page of the site, and what a stranger does to have something filed, typing aside. Filling one field
// counts as one too.
const (
	mostTaps  = 3
	mostSteps = 12
)

// underWay is the part of the overview that lists what is being dealt with.
const underWay = `section[aria-labelledby="now-h"]`

// visitor is somebody with a phone who counts what they do.
type visitor struct {
	*tab
	taps int
}

// TestCentreOnAPhone walks as a new visitor of the demo city with a phone: an account, a claim, every page of the centre, an objection and a repair.
func TestCentreOnAPhone(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := serve(t, newInstall(t, ""), "demo", "--subjects", "300", "--records", "2000")
	v := &visitor{tab: newTab(t, browser, s.url)}
	v.as(looks[3])
	v.signUp()
	v.claimPunished(s)
	v.everyDoor()
	record := v.toRecord()
	v.object(record)
	v.repair()
	v.declare()
	v.quiet()
	if said := s.messages(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("the server complains:\n%s", said)
	}
}

// tap follows the first link or button that a selector finds, scrolled into view as a thumb would.
func (v *visitor) tap(selector string) {
	v.t.Helper()
	if !v.has(selector) {
		v.t.Fatalf("%s: there is no %s; the page says %.600s", v.address(), selector, v.text("main"))
	}
	v.taps++
	v.follow(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
	if v.has(".problem") {
		v.t.Fatalf("%s: %s", v.address(), v.text(".problem"))
	}
}

// fill writes into a field, which counts as one step.
func (v *visitor) fill(selector, text string) {
	v.t.Helper()
	v.taps++
	v.do(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
	v.write(text)
}

// tick ticks a box without leaving the page.
func (v *visitor) tick(selector string) {
	v.t.Helper()
	v.taps++
	v.do(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// picture keeps what the phone shows in the folder that GONGXIN_PREVIEW names, in both themes.
func (v *visitor) picture(name string) {
	v.t.Helper()
	v.inspect(name)
	dir := os.Getenv("GONGXIN_PREVIEW")
	for _, l := range looks {
		if dir == "" {
			break
		}
		v.as(l)
		shot, err := chromedp.Call(v.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		v.must(err)
		v.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, l.width, l.theme)), shot.Data, 0o600))
	}
	v.as(looks[3])
}

// signUp opens an account for a firm's agent, from the home page on.
func (v *visitor) signUp() {
	v.t.Helper()
	v.open("/")
	v.tap(`a[href^="/sign-in"]`)
	v.tap(`a[href^="/sign-up"]`)
	v.choose(`#kind`, "business")
	v.fill(`#login`, "stranger")
	v.fill(`#name`, "陈生")
	v.fill(`#password`, "从未来过的人-用手机-2026")
	v.fill(`#again`, "从未来过的人-用手机-2026")
	v.tick(`#agree`)
	v.tap(`main form:has(#agree) button.button:not(.button--plain)`)
	if where := v.address(); strings.HasPrefix(where, "/sign-up") {
		v.t.Fatalf("no account: %s", v.text("main"))
	}
}

// claimPunished claims firms with a penalty until one has something that can be repaired today.
func (v *visitor) claimPunished(s *server) {
	v.t.Helper()
	var list struct {
		Items []struct {
			Subject subjectRef
		}
	}
	s.getJSON(v.t, "/api/v1/records?item=XZCF&limit=100", &list)
	var codes []string
	for _, it := range list.Items {
		if !slices.Contains(codes, it.Subject.Code) {
			codes = append(codes, it.Subject.Code)
		}
	}
	for i, code := range codes[:min(len(codes), 15)] {
		v.open("/me/claim")
		v.write2(`#demo-code`, code)
		v.tap(`#demo form button.button:not(.button--plain)`)
		told := eval[string](v.tab, `((document.querySelector("#demo .alert")?.innerText || "").match(/演示验证码是\s*([0-9A-Za-z]+)/) || [])[1] || ""`)
		if told == "" {
			v.t.Fatalf("the demo tells no code: %.800s", v.text("main"))
		}
		v.write2(`#demo-proof`, told)
		v.tap(`#demo form button.button:not(.button--plain)`)
		if !strings.HasPrefix(v.address(), "/me?") {
			v.t.Fatalf("the claim fails: %.800s", v.text("main"))
		}
		if i == 0 {
			v.picture("centre-home")
		}
		v.open("/me")
		links := v.hrefs(`.tabs a[href^="/me?of="]`)
		of := ""
		if len(links) > 0 {
			of = strings.TrimPrefix(links[len(links)-1], "/me")
		}
		v.open("/me/repairs" + of)
		if v.has(`input[name="pick"]`) {
			v.open("/me" + of)
			return
		}
	}
	v.t.Fatal("no firm of the city has a penalty that can be repaired today")
}

// write2 puts a text into a field that may hold one already.
func (v *visitor) write2(selector, text string) {
	v.t.Helper()
	eval[bool](v.tab, `(() => { document.querySelector(`+quoted(selector)+`).value = ""; return true })()`)
	v.fill(selector, text)
}

func (v *visitor) hrefs(selector string) []string {
	return eval[[]string](v.tab, `[...document.querySelectorAll(`+quoted(selector)+`)].map((a) => a.getAttribute("href"))`)
}

// everyDoor reaches every page of the centre from the site's home page, by the main navigation and one card.
func (v *visitor) everyDoor() {
	v.t.Helper()
	doors := v.hrefs(".door")
	for _, want := range []string{"/me/file", "/me/looked", "/me/consents", "/me/proof", "/me/cases", "/me/objections", "/me/repairs", "/me/declarations", "/me/report", "/account/notices", "/account"} {
		if !slices.ContainsFunc(doors, func(d string) bool { return strings.Split(d, "?")[0] == want }) {
			v.t.Errorf("the overview leads nowhere to %s: %q", want, doors)
		}
	}
	for _, door := range doors {
		v.open("/")
		v.taps = 0
		v.tap(`.site-nav a[href="/me"]`)
		selector := `.door[href=` + quoted(door) + `]`
		if !v.has(selector) { // of the other firm: the tabs above switch
			v.tap(`.tabs a[href=` + quoted("/me?"+queryOf(door)) + `]`)
		}
		v.tap(selector)
		if v.taps > mostTaps {
			v.t.Errorf("%s is %d taps away", door, v.taps)
		}
		if wide := eval[int64](v.tab, `document.documentElement.scrollWidth`); wide > looks[3].width {
			v.t.Errorf("%s is %d pixels wide", door, wide)
		}
		if strings.TrimSpace(v.text("main h1")) == "" {
			v.t.Errorf("%s has no heading", door)
		}
	}
}

func queryOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.RawQuery
}

// toRecord goes from the overview to a penalty of the own file: two taps.
func (v *visitor) toRecord() string {
	v.t.Helper()
	v.home()
	v.tap(`.door[href^="/me/file"]`)
	v.tap(`#chapter-3 .record__title a, .record__title a`)
	if v.taps > mostTaps {
		v.t.Errorf("a record is %d taps away", v.taps)
	}
	v.picture("centre-record")
	return v.address()
}

// home opens the overview of the firm that was claimed last, and begins to count.
func (v *visitor) home() {
	v.t.Helper()
	v.open("/me")
	if links := v.hrefs(`.tabs a[href^="/me?of="]`); len(links) > 0 {
		v.open(links[len(links)-1])
	}
	v.taps = 0
}

// object files an objection against a record, from the overview on.
func (v *visitor) object(string) {
	v.t.Helper()
	v.home()
	v.tap(`.door[href^="/me/file"]`)
	v.tap(`.record__title a`)
	v.tap(`main a[href^="/me/objections/new"]`)
	if v.taps > mostTaps {
		v.t.Errorf("the form of an objection is %d taps away", v.taps)
	}
	v.picture("centre-objection-form")
	options := eval[[]string](v.tab, `[...document.querySelectorAll("#want option")].map((o) => o.value).filter((o) => o)`)
	if len(options) == 0 {
		v.t.Fatal("there is nothing to choose")
	}
	v.choose("#want", options[0])
	v.taps++
	v.fill("#text", "记录的内容与决定书不一致，请核对原件。")
	v.tap(`main form[enctype] button.button:not(.button--plain)`)
	if v.taps > mostSteps {
		v.t.Errorf("an objection takes %d steps", v.taps)
	}
	v.t.Logf("an objection is filed in %d steps", v.taps)
	v.picture("centre-objection-filed")
	v.home()
	if said := v.text(underWay); !strings.Contains(said, "异议") {
		v.t.Errorf("the overview does not show the objection: %q", said)
	}
	v.tap(underWay + " a")
	v.picture("centre-objection")
}

// repair files an application for repair, from the overview on.
func (v *visitor) repair() {
	v.t.Helper()
	v.home()
	v.tap(`.door[href^="/me/repairs"]`)
	v.tick(`input[name="pick"]`)
	v.tap(`main form[method="get"] button.button:not(.button--plain)`)
	v.picture("centre-repair-form")
	proof := filepath.Join(v.t.TempDir(), "receipt.pdf")
	v.must(os.WriteFile(proof, []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), 0o600))
	v.taps++
	v.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{proof}))
	v.fill("#statement", "罚款已经缴清，整改已经完成并通过验收。")
	v.tap(`main form[enctype] button.button:not(.button--plain)`)
	v.picture("centre-repair-letter")
	v.tick(`input[name="agree"]`)
	v.tap(`main form[action*="/send"] button.button:not(.button--plain)`)
	if v.taps > mostSteps {
		v.t.Errorf("a repair takes %d steps", v.taps)
	}
	v.t.Logf("a repair is applied for in %d steps", v.taps)
	v.picture("centre-repair-filed")
	v.home()
	if said := v.text(underWay); !strings.Contains(said, "信用修复") {
		v.t.Errorf("the overview does not show the repair: %q; the last page said %.500s", said, v.text("main"))
	}
	v.picture("centre-home-busy")
}

// declare hands a declaration in, from the overview on.
func (v *visitor) declare() {
	v.t.Helper()
	v.home()
	v.tap(`.door[href^="/me/declarations"]`)
	v.tap(`.door[href^="/me/declarations/new"]`)
	if v.taps > mostTaps {
		v.t.Errorf("the form of a declaration is %d taps away", v.taps)
	}
	v.picture("centre-declaration-form")
	for field, value := range map[string]string{"f-SB_LB": "荣誉", "f-SB_GK": "可向社会公开"} {
		v.choose("#"+field, value)
		v.taps++
	}
	v.fill("#f-SB_XXMC", "守合同重信用企业")
	eval[bool](v.tab, `(() => { document.querySelector("#f-SB_RQ").value = "2024-05-20"; return true })()`)
	v.taps++
	proof := filepath.Join(v.t.TempDir(), "certificate.pdf")
	v.must(os.WriteFile(proof, []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), 0o600))
	v.taps++
	v.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{proof}))
	v.tick(`input[name="pledged"]`)
	v.tap(`main form[enctype] button.button:not(.button--plain)`)
	if v.taps > mostSteps {
		v.t.Errorf("a declaration takes %d steps", v.taps)
	}
	v.t.Logf("a declaration is handed in in %d steps", v.taps)
	v.picture("centre-declaration-filed")
	v.home()
	if said := v.text(underWay); !strings.Contains(said, "自主申报") {
		v.t.Errorf("the overview does not show the declaration: %q; the last page said %.500s", said, v.text("main"))
	}
}
