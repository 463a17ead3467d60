package objections_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/web/desk/desktest"
)

const list = "/desk/objections"

// The list shows everyone their own reach: the office all, a source its own; filters keep what fits them, and whoever is named stands in the access log.
func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get(w.officer, list, http.StatusOK, "还没有异议")
	w.get(w.officer, list+"?state=closed", http.StatusOK, "没有符合条件的异议")
	w.get(w.officer, list+"?after=1", http.StatusOK, "没有更多异议了")
	for name, who := range map[string]authz.Actor{"an agent": w.agent, "nobody": {}} {
		if res := desktest.Visit(t, w, who, list, nil); res.Code == http.StatusOK {
			t.Errorf("%s has the desk of objections", name)
		}
	}
	own, other := w.disputed(), w.submit(w.penalty(w.other, "临环罚〔2026〕1号"))
	before := w.looks()
	w.get(w.officer, list, http.StatusOK, own.No, other.No, firmName, "已提交，待形式审查", w.unit.Name, w.other.Name)
	if n := w.looks() - before; n != 1 {
		t.Errorf("%d looks by a list that names one subject", n)
	}
	for _, c := range []struct {
		who   authz.Actor
		query string
		own   bool
		other bool
	}{
		{w.officer, "?state=submitted&kind=record", true, true},
		{w.officer, "?state=accepted", false, false},
		{w.officer, "?kind=entry", false, false},
		{w.officer, "?unit=" + fmt.Sprint(w.other.ID), false, true},
		{w.officer, "?after=" + fmt.Sprint(other.ID), true, false},
		{w.auditor, "", true, true},
		{w.clerk, "", true, false},
		{w.clerk, "?unit=" + fmt.Sprint(w.other.ID), false, false},
		{w.stranger, "", false, true},
		{w.stranger, "?unit=" + fmt.Sprint(w.unit.ID), false, false},
	} {
		page := w.get(c.who, list+c.query, http.StatusOK)
		if strings.Contains(page, own.No) != c.own || strings.Contains(page, other.No) != c.other {
			t.Errorf("%s %q: %s", c.who.Grants[0].Role, c.query, page)
		}
	}
}

// Each of the desk is offered the steps that are theirs; a source that is another's reads nothing, and takes nothing, whatever the address.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.disputed()
	for _, step := range []struct {
		state string
		take  func()
		want  map[string]string
	}{
		{"submitted", func() {}, map[string]string{"officer": "accept ask refuse", "clerk": "", "auditor": ""}},
		{"accepted", func() {
			w.taken(w.post(w.officer, page(o)+"/accept"), w.officer, "已受理，这条信息已经标注“异议中”", "信息已标注“异议中”")
		}, map[string]string{"officer": "decide refer", "clerk": "", "auditor": ""}},
		{"referred", func() {
			w.taken(w.post(w.officer, page(o)+"/refer", "reason", "与报送内容一致"), w.officer, "已转来源单位核查")
		}, map[string]string{"officer": "", "clerk": "reply", "auditor": ""}},
		{"verified", func() {
			w.taken(w.post(w.clerk, page(o)+"/reply", "reply", "keep", "reason", "经核对决定书属实"), w.clerk, "核查结果已答复")
		}, map[string]string{"officer": "decide", "clerk": "", "auditor": ""}},
	} {
		step.take()
		for name, who := range map[string]authz.Actor{"officer": w.officer, "clerk": w.clerk, "auditor": w.auditor} {
			res := desktest.Visit(t, w, who, page(o), nil)
			desktest.Want(t, res, http.StatusOK, o.No, firmName, "报送内容和版本对照")
			if got := offers(res.Body.String()); got != step.want[name] {
				t.Errorf("%s: the %s is offered %q, want %q", step.state, name, got, step.want[name])
			}
		}
		for status, who := range map[int]authz.Actor{http.StatusNotFound: w.stranger, http.StatusForbidden: w.agent} {
			if res := desktest.Visit(t, w, who, page(o), nil); res.Code != status || strings.Contains(res.Body.String(), "罚款金额有误") {
				t.Errorf("%s: %s reads the objection: %d", step.state, who.Grants[0].Role, res.Code)
			}
			for _, name := range []string{"ask", "accept", "refuse", "refer", "reply", "correct", "decide", "conclude"} {
				if res := w.post(who, page(o)+"/"+name, "reason", "没有依据", "reply", "keep", "result", "deleted", "code", "scope"); res.Code != status && res.Code != http.StatusForbidden {
					t.Errorf("%s: %s takes %s: %d", step.state, who.Grants[0].Role, name, res.Code)
				}
			}
		}
	}
	for _, path := range []string{list + "/99", list + "/x"} {
		w.get(w.officer, path, http.StatusNotFound)
	}
}

// What was stated is shown as it was typed; the page of a case is one entry in the access log.
func TestCasePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.disputed()
	before := w.looks()
	res := desktest.Visit(t, w, w.officer, page(o), nil)
	desktest.Want(t, res, http.StatusOK, "答复期限2026-03-05", "自收到之日起 3 个工作日", "第 1 版：报送入库", w.example()["CF_WSH"])
	if body := res.Body.String(); strings.Contains(body, "<script>alert(1)") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error("what was stated is not escaped")
	}
	if n := w.looks() - before; n != 1 {
		t.Errorf("%d looks", n)
	}
	w.get(w.officer, page(o)+"/files/"+strings.Repeat("0", 64), http.StatusNotFound)
}

// What nobody verified is not kept, what the rules do not name is not refused, and nothing is decided without a reason: each is said in a sentence, and nothing changes.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted, accepted, referred := w.disputed(), w.submit(w.penalty(w.unit, "2号")), w.submit(w.penalty(w.unit, "3号"))
	w.taken(w.post(w.officer, page(accepted)+"/accept"), w.officer)
	w.taken(w.post(w.officer, page(referred)+"/accept"), w.officer)
	w.taken(w.post(w.officer, page(referred)+"/refer"), w.officer)
	evil := `"><script>alert(7)</script>`
	for _, c := range []struct {
		name  string
		who   authz.Actor
		path  string
		form  []string
		want  int
		words string
	}{
		{"more asked for without saying what", w.officer, page(submitted) + "/ask", nil, http.StatusBadRequest, "要写明理由"},
		{"refused for no reason of the rules", w.officer, page(submitted) + "/refuse", []string{"code", "other", "reason", evil}, http.StatusBadRequest, "不予受理只能是规则列明的情形"},
		{"refused without saying why", w.officer, page(submitted) + "/refuse", []string{"code", "scope"}, http.StatusBadRequest, "要写明理由"},
		{"accepted from a page that is old", w.officer, page(submitted) + "/accept", []string{"seen", "9"}, http.StatusConflict, "有了新的进展"},
		{"decided before it was accepted", w.officer, page(submitted) + "/decide", []string{"result", "deleted", "reason", evil}, http.StatusConflict, "不能进行这一步"},
		{"kept though nobody was asked", w.officer, page(accepted) + "/decide", []string{"result", "kept", "reason", evil}, http.StatusForbidden, "没有转来源单位核查的，不能作出维持的结论"},
		{"corrected though nothing was filed", w.officer, page(accepted) + "/decide", []string{"result", "corrected", "reason", evil}, http.StatusConflict, "还没有收到更正后的数据"},
		{"shortened to no day", w.officer, page(accepted) + "/decide", []string{"result", "shortened", "until", "年底", "reason", evil}, http.StatusBadRequest, "缩短后的公示截止日期不对"},
		{"shortened to a later day", w.officer, page(accepted) + "/decide", []string{"result", "shortened", "until", "2030-01-01", "reason", evil}, http.StatusBadRequest, "早于现在的截止日期"},
		{"decided on nothing", w.officer, page(accepted) + "/decide", []string{"reason", evil}, http.StatusBadRequest, "没有选择结论"},
		{"deleted without a reason", w.officer, page(accepted) + "/decide", []string{"result", "deleted"}, http.StatusBadRequest, "要写明理由"},
		{"answered with nothing found", w.clerk, page(referred) + "/reply", []string{"reason", evil}, http.StatusBadRequest, "没有选择核查结果"},
		{"said to be corrected though it is not", w.clerk, page(referred) + "/reply", []string{"reply", "corrected", "reason", evil}, http.StatusConflict, "还没有收到更正后的数据"},
		{"answered without a reason", w.clerk, page(referred) + "/reply", []string{"reply", "keep"}, http.StatusBadRequest, "要写明理由"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := w.post(c.who, c.path, c.form...)
			body := res.Body.String()
			desktest.Want(t, res, c.want, c.words)
			// A refused step that the page still offers keeps what was typed; none lets it become a mark.
			if strings.Contains(body, "<script>alert(") {
				t.Error("what was typed is not escaped")
			}
			if _, name, _ := strings.Cut(strings.TrimPrefix(c.path, list+"/"), "/"); strings.Contains(offers(body), name) && strings.Contains(strings.Join(c.form, " "), evil) && !strings.Contains(body, "&lt;script&gt;alert(7)&lt;/script&gt;") {
				t.Error("what was typed is lost")
			}
		})
	}
	if a, b, c := w.state(submitted), w.state(accepted), w.state(referred); a != "submitted" || b != "accepted" || c != "referred" {
		t.Errorf("refused steps changed the objections: %s %s %s", a, b, c)
	}
	// A source that answers that it cannot verify has not proven: the record is taken down at once, and cannot be kept.
	w.taken(w.post(w.clerk, page(referred)+"/reply", "reply", "cannot", "reason", "档案没有找到"), w.clerk, "已停止公示", "来源单位未能核实")
	desktest.Want(t, w.post(w.officer, page(referred)+"/decide", "result", "kept", "reason", "维持"), http.StatusForbidden, "来源单位没有核实的信息不能维持，应当撤下")
	body := desktest.Visit(t, w, w.officer, page(referred), nil).Body.String()
	if strings.Contains(body, `value="kept"`) || !strings.Contains(body, `value="deleted"`) {
		t.Error("what was not proven is offered to be kept")
	}
	w.taken(w.post(w.officer, page(referred)+"/decide", "result", "deleted", "reason", "来源单位没有核实"), w.officer, "已作出结论")
}

// Who is refused for a reason of the rules, asked for more, or answered with proof, reads it; the review is another officer's.
func TestDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused, asked, kept := w.disputed(), w.submit(w.penalty(w.unit, "2号")), w.submit(w.penalty(w.unit, "3号"))
	w.taken(w.post(w.officer, page(refused)+"/refuse", "code", "repeat", "reason", "没有新的证据"), w.officer, "已决定不予受理", "同一信息、同一理由的异议已经处理完毕")
	w.taken(w.post(w.officer, page(asked)+"/ask", "reason", "请补交缴款凭证"), w.officer, "已通知补正", "请补交缴款凭证", "等申请人补正")
	w.taken(w.post(w.officer, page(kept)+"/accept", "note", "<b>急件</b>"), w.officer)
	if body := desktest.Visit(t, w, w.officer, page(kept), nil).Body.String(); strings.Contains(body, "<b>急件") || !strings.Contains(body, "&lt;b&gt;急件") {
		t.Error("a note is not escaped, or is lost")
	}
	w.taken(w.post(w.officer, page(kept)+"/refer"), w.officer)
	w.taken(w.post(w.clerk, page(kept)+"/reply", "reply", "keep", "reason", "经核对决定书属实"), w.clerk)
	if body := desktest.Visit(t, w, w.officer, page(kept), nil).Body.String(); !strings.Contains(body, `value="kept"`) {
		t.Error("what was proven is not offered to be kept")
	}
	w.taken(w.post(w.officer, page(kept)+"/decide", "result", "kept", "reason", "经核查属实"), w.officer, "已作出结论", "结论维持")
	appealed, err := w.Get(t.Context(), w.db.Read(), kept.ID)
	desktest.Must(t, err)
	_, err = w.Appeal(authz.With(t.Context(), w.agent), appealed.ID, step("请再核对一次金额"))
	desktest.Must(t, err)
	if got := offers(desktest.Visit(t, w, w.officer, page(kept), nil).Body.String()); got != "" {
		t.Errorf("who decided is offered %q", got)
	}
	desktest.Want(t, w.post(w.officer, page(kept)+"/conclude", "result", "upheld", "reason", "维持原结论"), http.StatusForbidden, "换一个账号")
	review := desktest.Visit(t, w, w.second, page(kept), nil)
	desktest.Want(t, review, http.StatusOK, "复核可以维持原结论")
	if body := review.Body.String(); strings.Contains(body, `value="kept"`) || !strings.Contains(body, `value="upheld"`) {
		t.Error("a review is offered to keep, rather than to uphold")
	}
	w.taken(w.post(w.second, page(kept)+"/conclude", "result", "upheld", "reason", "维持原结论"), w.second, "复核结论已作出", "已经办结")
}

// Nobody reads an objection, or the form that corrects its record, where nothing keeps that they did.
func TestNoLogNoPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.disputed()
	w.taken(w.post(w.officer, page(o)+"/accept"), w.officer)
	w.taken(w.post(w.officer, page(o)+"/refer"), w.officer)
	desktest.Must(t, w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE access_log RENAME TO access_gone`)
		return err
	}))
	for path, who := range map[string]authz.Actor{list: w.officer, page(o): w.officer, page(o) + "/correct": w.clerk} {
		if res := desktest.Visit(t, w, who, path, nil); res.Code < 500 || strings.Contains(res.Body.String(), firmName) || strings.Contains(res.Body.String(), o.No) {
			t.Errorf("%s answers %d though nothing keeps who reads it", path, res.Code)
		}
	}
}

// The figures count the objections of the reader's own reach, and name nobody.
func TestStatistics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const stats = list + "/statistics"
	w.get(w.officer, stats, http.StatusOK, "这些日子没有收到异议")
	own, late := w.disputed(), w.submit(w.penalty(w.unit, "2号"))
	w.submit(w.penalty(w.other, "临环罚〔2026〕1号"))
	w.taken(w.post(w.officer, page(own)+"/accept"), w.officer)
	w.taken(w.post(w.officer, page(own)+"/decide", "result", "deleted", "reason", "不应当公示"), w.officer)
	w.taken(w.post(w.officer, page(late)+"/accept"), w.officer)
	w.clock.Set(time.Date(2026, 3, 9, 10, 0, 0, 0, w.clock.Now().Location()))
	before := w.looks()
	said := w.get(w.officer, stats, http.StatusOK, "收到3", "已答复1", "按期答复率100.0%", "逾期未答复2", "改变原信息1", w.unit.Name, w.other.Name)
	if strings.Contains(said, firmName) || strings.Contains(said, own.No) || w.looks() != before {
		t.Errorf("the figures name somebody, or are %d looks", w.looks()-before)
	}
	for who, want := range map[*authz.Actor]string{&w.clerk: "收到2", &w.stranger: "收到1"} {
		if said := w.get(*who, stats, http.StatusOK, want); strings.Contains(said, w.unit.Name) == (who == &w.stranger) || strings.Contains(said, w.other.Name) == (who == &w.clerk) {
			t.Errorf("another source's figures: %s", said)
		}
	}
	w.get(w.officer, stats+"?from=2026-03-03", http.StatusOK, "这些日子没有收到异议")
	w.get(w.officer, stats+"?to=2026-03-02", http.StatusOK, "收到3")
	w.get(w.officer, stats+"?from=三月", http.StatusOK, "日期要写成 2026-12-01 这样", "收到3")
	if res := desktest.Visit(t, w, w.agent, stats, nil); res.Code != http.StatusForbidden {
		t.Errorf("an agent: %d", res.Code)
	}
}
