package repairs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/record"
	"gongxin/internal/web/desk/desktest"
)

// An empty desk says why it is empty; who has no desk gets none; filters keep what fits them, and another unit's cases are not there.
func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const list = "/desk/repairs"
	w.get(w.clerk, list, http.StatusOK, "还没有修复申请", "列在这里和待办里")
	w.get(w.clerk, list+"?state=granted", http.StatusOK, "没有符合条件的申请", "请清除筛选条件")
	w.get(w.clerk, list+"?after=1", http.StatusOK, "没有更多申请了")
	for name, who := range map[string]authz.Actor{"an agent": w.agent, "nobody": {}} {
		if res := desktest.Visit(t, w, who, list, nil); res.Code == http.StatusOK {
			t.Errorf("%s has the desk of repair: %d", name, res.Code)
		}
	}
	c := w.sent()
	before := w.looks()
	w.get(w.clerk, list, http.StatusOK, firmName, firmCode, "待受理", "最迟 2026-08-13", "还有 3 个工作日", w.unit.Name)
	if n := w.looks(); n != before+1 {
		t.Errorf("%d looks by a list of one", n-before)
	}
	w.get(w.office, list+"?state=sent", http.StatusOK, firmName, "全部单位")
	for who, path := range map[string]string{"another state": list + "?state=granted", "another unit": list + "?unit=" + fmt.Sprint(w.second.ID), "further on": list + "?after=1"} {
		if page := w.get(w.office, path, http.StatusOK); strings.Contains(page, firmName) {
			t.Errorf("%s: the case is listed", who)
		}
	}
	if page := w.get(w.stranger, list, http.StatusOK, "还没有修复申请"); strings.Contains(page, firmName) {
		t.Error("another unit reads who applied")
	}
	if page := w.get(w.stranger, list+"?unit="+fmt.Sprint(w.unit.ID), http.StatusOK); strings.Contains(page, firmName) {
		t.Error("another unit reads who applied by asking for the unit")
	}
	// The days that are over are said, and so is that somebody waits for the applicant.
	w.day(20260814)
	w.get(w.clerk, list, http.StatusOK, "逾期 1 个工作日")
	w.day(20260813)
	w.get(w.clerk, list, http.StatusOK, "今天到期")
	w.taken(w.post(w.clerk, page(c)+"/ask", "reason", "请补交验收单"), w.clerk, "已经要求补正")
	w.get(w.clerk, list, http.StatusOK, "等待补交")
}

// Of many cases thirty stand on a page, and the rest on the next.
func TestListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []record.ID
	for range 31 {
		ids = append(ids, w.file(20260510, nil))
	}
	w.day(20260810)
	cases := w.send(ids...)
	first := desktest.Visit(t, w, w.clerk, "/desk/repairs", nil).Body.String()
	if n := strings.Count(first, `href="/desk/repairs/`); n != 30 {
		t.Errorf("%d cases on the first page", n)
	}
	next := ""
	for _, c := range cases {
		if link := fmt.Sprintf("after=%d", c.ID); strings.Contains(first, link) {
			next = "/desk/repairs?" + link
		}
	}
	second := desktest.Visit(t, w, w.clerk, next, nil).Body.String()
	if n := strings.Count(second, `href="/desk/repairs/`); next == "" || n != 1 {
		t.Errorf("%d cases on the second page %q", n, next)
	}
}

// The page offers each officer the steps that the table and the procedure give them, and refuses another unit whatever the address.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent()
	for _, step := range []struct {
		state string
		take  func()
		want  map[string]string
	}{
		{"sent", func() {}, map[string]string{"clerk": "accept ask reject", "reviewer": "accept ask reject", "weak": "accept ask reject", "chief": "accept ask reject", "office": ""}},
		{
			"accepted", func() { w.taken(w.post(w.clerk, page(c)+"/accept"), w.clerk, "已经受理") },
			map[string]string{"clerk": "ask", "reviewer": "ask extend grant refuse", "weak": "ask", "chief": "ask extend grant refuse", "office": ""},
		},
		{
			"granted", func() {
				w.taken(w.post(w.reviewer, page(c)+"/grant", "no", "修1号", "on", "2026-08-10", "reason", "符合修复条件"), w.reviewer, "已经准予修复")
			},
			map[string]string{"clerk": "breach", "reviewer": "breach", "weak": "breach", "chief": "breach", "office": ""},
		},
	} {
		step.take()
		for name, who := range map[string]authz.Actor{"clerk": w.clerk, "reviewer": w.reviewer, "weak": w.weak, "chief": w.chief, "office": w.office} {
			res := desktest.Visit(t, w, who, page(c), nil)
			desktest.Want(t, res, http.StatusOK, firmName, "怎样纠正")
			if got := offers(res.Body.String()); got != step.want[name] {
				t.Errorf("%s: the %s is offered %q, want %q", step.state, name, got, step.want[name])
			}
		}
		for name, who := range map[string]authz.Actor{"another unit": w.stranger, "the applicant": w.agent} {
			res := desktest.Visit(t, w, who, page(c), nil)
			status := map[string]int{"another unit": http.StatusNotFound, "the applicant": http.StatusForbidden}[name]
			if res.Code != status || strings.Contains(res.Body.String(), "缴清") {
				t.Errorf("%s: %s reads the case: %d", step.state, name, res.Code)
			}
			for _, name := range []string{"accept", "reject", "ask", "extend", "grant", "refuse", "breach"} {
				if res := w.post(who, page(c)+"/"+name, "no", "修1号", "on", "2026-08-10", "reason", "不符合修复条件", "days", "3"); res.Code != status && res.Code != http.StatusForbidden {
					t.Errorf("%s: %s takes %s: %d", step.state, who.Grants[0].Role, name, res.Code)
				}
			}
		}
	}
	for _, path := range []string{"/desk/repairs/99", "/desk/repairs/x"} {
		w.get(w.clerk, path, http.StatusNotFound)
	}
}

// A decision needs a second factor, whatever the page offers: none, no decision.
func TestDecideStrongly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent()
	w.taken(w.post(w.clerk, page(c)+"/accept"), w.clerk, "已经受理")
	form := []string{"no", "修1号", "on", "2026-08-10", "reason", "符合修复条件", "days", "3"}
	for _, name := range []string{"grant", "refuse", "extend"} {
		desktest.Want(t, w.post(w.weak, page(c)+"/"+name, form...), http.StatusForbidden, "第二因素")
	}
	w.get(w.weak, page(c), http.StatusOK, "须第二步验证")
	if s := w.state(c); s != "accepted" {
		t.Errorf("decided without a second factor: %s", s)
	}
	w.taken(w.post(w.reviewer, page(c)+"/grant", form...), w.reviewer, "已经准予修复")
}

// Whatever lacks is said in a sentence, what was typed is kept and escaped, and nothing has changed.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := w.sent()
	accepted := w.send(w.file(20260510, nil))[0]
	w.taken(w.post(w.clerk, page(accepted)+"/accept"), w.clerk, "已经受理")
	evil := `"><script>alert(7)</script>`
	for _, c := range []struct {
		name  string
		who   authz.Actor
		path  string
		form  []string
		want  int
		words string
	}{
		{"turned away without a reason", w.clerk, page(sent) + "/reject", []string{"reason", " "}, http.StatusBadRequest, "这一步要写明理由"},
		{"more asked for without saying what", w.clerk, page(sent) + "/ask", []string{"reason", ""}, http.StatusBadRequest, "这一步要写明理由"},
		{"accepted from a page that is old", w.clerk, page(sent) + "/accept", []string{"seen", "9"}, http.StatusConflict, "这件事项有了新的进展"},
		{"granted without a paper", w.reviewer, page(accepted) + "/grant", []string{"no", "", "on", "2026-08-10", "reason", evil}, http.StatusBadRequest, "没有写明文书号或者日期"},
		{"granted on a day to come", w.reviewer, page(accepted) + "/grant", []string{"no", evil, "on", "2026-08-11", "reason", "符合"}, http.StatusBadRequest, "日期不能晚于今天"},
		{"granted on no day", w.reviewer, page(accepted) + "/grant", []string{"no", evil, "on", "八月", "reason", "符合"}, http.StatusBadRequest, "日期要写成 2026-12-01 这样"},
		{"granted without a reason", w.reviewer, page(accepted) + "/grant", []string{"no", "修1号", "on", "2026-08-10"}, http.StatusBadRequest, "这一步要写明理由"},
		{"refused without a reason", w.reviewer, page(accepted) + "/refuse", []string{"no", "不修1号", "on", "2026-08-10"}, http.StatusBadRequest, "这一步要写明理由"},
		{"refused until a day that is over", w.reviewer, page(accepted) + "/refuse", []string{"no", evil, "on", "2026-08-10", "reason", "没有通过验收", "next", "2020-01-01"}, http.StatusBadRequest, "不能早于今天"},
		{"put off by no number", w.reviewer, page(accepted) + "/extend", []string{"days", "几天", "reason", evil}, http.StatusBadRequest, "延长的天数要写成整数"},
		{"put off beyond the bound", w.reviewer, page(accepted) + "/extend", []string{"days", "11", "reason", "情况复杂"}, http.StatusBadRequest, "延长超过了规定的上限"},
		{"taken back before it was granted", w.clerk, page(accepted) + "/breach", []string{"no", "告1号", "on", "2026-08-10", "reason", "提供的验收材料虚假"}, http.StatusConflict, "只有已经准予修复"},
	} {
		res := w.post(c.who, c.path, c.form...)
		body := res.Body.String()
		t.Run(c.name, func(t *testing.T) { desktest.Want(t, res, c.want, c.words) })
		if strings.Contains(body, "<script>alert(") {
			t.Errorf("%s: what was typed is not escaped", c.name)
		}
		for _, value := range c.form {
			if value == evil && !strings.Contains(body, "&lt;script&gt;alert(7)&lt;/script&gt;") {
				t.Errorf("%s: what was typed is lost", c.name)
			}
		}
	}
	if s, a := w.state(sent), w.state(accepted); s != "sent" || a != "accepted" {
		t.Errorf("refused steps changed the cases: %s, %s", s, a)
	}
}

// From the push to the repair: more is asked for, the decision comes with its document, and the record is off the register.
func TestGrantWithPaper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent()
	w.get(w.clerk, page(c), http.StatusOK, "最早可以修复2026-08-10", "失信程度一般失信", "缴款凭证", "已经签署的承诺书", "提交修复申请")
	body := desktest.Visit(t, w, w.clerk, page(c), nil).Body.String()
	if strings.Contains(body, "<script>alert(1)") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error("what the applicant wrote is not escaped")
	}
	w.taken(w.post(w.clerk, page(c)+"/accept"), w.clerk, "已经受理", "最迟 2026-08-24", "受理了申请")
	w.taken(w.post(w.clerk, page(c)+"/ask", "reason", "请补交设备验收单"), w.clerk, "已经要求补正", "等待补交", "最迟 ")
	if got := offers(desktest.Visit(t, w, w.clerk, page(c), nil).Body.String()); got != "" {
		t.Errorf("while the applicant is waited for, the clerk is offered %q", got)
	}
	if _, err := w.Supply(w.as(w.agent), c.ID, "验收单见附件", nil); err != nil {
		t.Fatal(err)
	}
	w.taken(w.post(w.reviewer, page(c)+"/extend", "days", "10", "reason", "需要现场核查"), w.reviewer, "已经延长", "最迟 2026-09-07")
	desktest.Want(t, w.upload(w.reviewer, page(c)+"/grant", "a text", "no", "临市监修〔2026〕1号", "on", "2026-08-10", "reason", "符合修复条件"), http.StatusBadRequest, "附件只收 PDF")
	if v := w.status(c.At); v.Status != record.Active || !v.Listed {
		t.Fatalf("before the decision: %+v", v.Facts)
	}
	w.taken(w.upload(w.reviewer, page(c)+"/grant", "%PDF-1.7\n2 0 obj\n", "no", "临市监修〔2026〕1号", "on", "2026-08-10", "reason", "符合修复条件"), w.reviewer,
		"已经准予修复", "临市监修〔2026〕1号", "准予修复决定书", "决定准予修复")
	if v := w.status(c.At); v.Status != record.Repaired || v.Listed {
		t.Errorf("after the decision: %+v", v.Facts)
	}
	desktest.Want(t, w.post(w.reviewer, page(c)+"/refuse", "no", "不修1号", "on", "2026-08-10", "reason", "没有通过验收"), http.StatusConflict, "这件事项已经办结")
}

// A case that is turned away, and one that is refused, say why and from when they can be asked for again; their records stay.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rejected := w.sent()
	refused := w.send(w.file(20260510, nil))[0]
	w.taken(w.post(w.clerk, page(rejected)+"/reject", "reason", "申请的不是本单位的信息"), w.clerk, "已经决定不予受理", "申请的不是本单位的信息", "已经办结")
	w.taken(w.post(w.clerk, page(refused)+"/accept"), w.clerk, "已经受理")
	w.taken(w.post(w.reviewer, page(refused)+"/refuse", "no", "不修2号", "on", "2026-08-10", "reason", "没有通过验收", "next", "2026-10-01"), w.reviewer, "已经决定不予修复", "不修2号", "2026-10-01 起")
	for _, c := range []record.ID{rejected.At, refused.At} {
		if v := w.status(c); v.Status != record.Active || !v.Listed {
			t.Errorf("a refusal changed the record: %+v", v.Facts)
		}
	}
}

// Of a serious failure somebody else decides than who accepted.
func TestSecondOfficer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.file(20260401, func(d *record.Draft) { d.Severity, d.PublicUntil = record.Serious, 20290401 })
	w.day(20270405)
	c := w.send(at)[0]
	w.taken(w.post(w.reviewer, page(c)+"/accept"), w.reviewer, "已经受理", "失信程度严重失信")
	form := []string{"no", "修3号", "on", "2027-04-05", "reason", "符合修复条件"}
	desktest.Want(t, w.post(w.reviewer, page(c)+"/grant", form...), http.StatusForbidden, "须由受理人以外的人决定", "请换一名有权决定的人员办理")
	if s := w.state(c); s != "accepted" {
		t.Fatalf("one officer alone: %s", s)
	}
	w.taken(w.post(w.chief, page(c)+"/grant", form...), w.chief, "已经准予修复")
}

// Nobody reads a case, its list or its papers where nothing keeps that they did.
func TestNoLogNoPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent()
	link := page(c) + "/files/"
	body := desktest.Visit(t, w, w.clerk, page(c), nil).Body.String()
	_, rest, ok := strings.Cut(body, `href="`+link)
	hash, _, _ := strings.Cut(rest, `"`)
	if !ok || hash == "" {
		t.Fatalf("the page leads to no file: %s", desktest.Text(body))
	}
	before := w.looks()
	res := desktest.Visit(t, w, w.clerk, link+hash, nil)
	if res.Code != http.StatusOK || !strings.HasPrefix(res.Body.String(), "%PDF") || !strings.HasPrefix(res.Header().Get("Content-Disposition"), "attachment") || w.looks() != before+1 {
		t.Errorf("the file: %d %s, %d looks", res.Code, res.Header().Get("Content-Disposition"), w.looks()-before)
	}
	w.get(w.clerk, link+strings.Repeat("0", 64), http.StatusNotFound)
	if res := desktest.Visit(t, w, w.stranger, link+hash, nil); res.Code != http.StatusNotFound || strings.HasPrefix(res.Body.String(), "%PDF") {
		t.Errorf("another unit reads the file: %d", res.Code)
	}
	w.noLog()
	for _, path := range []string{"/desk/repairs", page(c), link + hash} {
		res := desktest.Visit(t, w, w.clerk, path, nil)
		if text := res.Body.String(); res.Code < 500 || strings.Contains(text, firmName) || strings.Contains(text, "%PDF") {
			t.Errorf("%s answers %d though nothing keeps who reads it", path, res.Code)
		}
	}
}
