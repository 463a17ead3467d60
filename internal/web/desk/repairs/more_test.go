package repairs_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/web/desk/desktest"
)

// granted is a repair that was granted on its first day.
func (w *world) granted() repair.Case {
	w.t.Helper()
	c := w.sent()
	w.taken(w.post(w.clerk, page(c)+"/accept"), w.clerk, "已经受理")
	w.taken(w.post(w.reviewer, page(c)+"/grant", "no", "修1号", "on", "2026-08-10", "reason", "符合修复条件"), w.reviewer, "已经准予修复")
	return c
}

// notified is a repair that is to be taken back, by notice of the clerk.
func (w *world) notified(c repair.Case) string {
	w.t.Helper()
	form := []string{"no", "告1号", "on", "2026-08-10", "reason", "验收材料<b>虚假</b>"}
	w.taken(w.post(w.reviewer, page(c)+"/breach", form...), w.reviewer, "已经告知", "撤销程序：已告知拟撤销")
	desktest.Want(w.t, w.post(w.reviewer, page(c)+"/breach", form...), http.StatusConflict, "还没有撤销的才能撤销")
	list, err := w.BreachesOf(w.t.Context(), c.ID)
	desktest.Must(w.t, err)
	if len(list) != 1 {
		w.t.Fatalf("%d notices", len(list))
	}
	return fmt.Sprint("/desk/repairs/breaches/", list[0].ID)
}

// A repair is taken back by another officer than gave notice, after the subject was heard, with a document and a reason; the record is shown again.
func TestBreach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.granted()
	at := w.notified(c)
	before := w.looks()
	body := desktest.Visit(t, w, w.chief, at, nil).Body.String()
	if got := offers(body); got != "cancel keep" || strings.Contains(body, "<b>虚假") || !strings.Contains(body, "&lt;b&gt;虚假") || w.looks() != before+1 {
		t.Errorf("another officer is offered %q, %d looks: %s", got, w.looks()-before, desktest.Text(body))
	}
	for name, who := range map[string]authz.Actor{"who gave notice": w.reviewer, "a clerk": w.clerk, "the office": w.office} {
		res := desktest.Visit(t, w, who, at, nil)
		desktest.Want(t, res, http.StatusOK, firmName, "撤销信用修复（已告知拟撤销）", "告1号", "陈述申辩还没有", "告知的人不能决定")
		if got := offers(res.Body.String()); got != "" {
			t.Errorf("%s is offered %q", name, got)
		}
	}
	form := []string{"no", "撤1号", "on", "2026-08-10", "reason", "验收材料经核查虚假"}
	for _, x := range []struct {
		name  string
		who   authz.Actor
		path  string
		form  []string
		want  int
		words string
	}{
		{"who gave notice decides", w.reviewer, "/cancel", form, http.StatusForbidden, ""},
		{"a clerk decides", w.clerk, "/cancel", form, http.StatusForbidden, ""},
		{"another unit decides", w.stranger, "/cancel", form, http.StatusNotFound, ""},
		{"another unit keeps it", w.stranger, "/keep", form, http.StatusNotFound, ""},
		{"before the subject was heard", w.chief, "/cancel", form, http.StatusConflict, "陈述申辩的期限还没有满"},
		{"without a paper", w.chief, "/cancel", []string{"on", "2026-08-10", "reason", "虚假"}, http.StatusBadRequest, "没有写明文书号或者日期"},
		{"on no day", w.chief, "/keep", []string{"no", "维1号", "on", "昨天", "reason", "虚假"}, http.StatusBadRequest, "日期要写成"},
		{"without a reason", w.chief, "/keep", form[:4], http.StatusBadRequest, "这一步要写明理由"},
	} {
		t.Run(x.name, func(t *testing.T) { desktest.Want(t, w.post(x.who, at+x.path, x.form...), x.want, x.words) })
	}
	if v := w.status(c.At); v.Status != record.Repaired {
		t.Fatalf("a refused step turned the record: %+v", v.Facts)
	}
	w.get(w.stranger, at, http.StatusNotFound)
	list, err := w.BreachesOf(t.Context(), c.ID)
	desktest.Must(t, err)
	_, err = w.State(w.as(w.agent), list[0].ID, "材料是真实的", nil)
	desktest.Must(t, err)
	w.get(w.chief, at, http.StatusOK, "陈述申辩已经陈述", "材料是真实的")
	w.taken(w.post(w.chief, at+"/cancel", form...), w.chief, "修复已经撤销，记录恢复公示", "撤销信用修复（修复已撤销）", "撤1号", "当事人可以重新申请")
	if v := w.status(c.At); v.Status != record.Active || !v.Listed {
		t.Errorf("after it was taken back: %+v", v.Facts)
	}
	w.get(w.clerk, page(c), http.StatusOK, "撤销程序：修复已撤销")
}

// A repair that is kept stays as it is; without a log nobody reads of it.
func TestKeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.granted()
	at := w.notified(c)
	w.taken(w.post(w.chief, at+"/keep", "no", "维1号", "on", "2026-08-10", "reason", "经核查材料真实"), w.chief, "维持修复结果", "撤销信用修复（维持修复）", "维1号")
	if v := w.status(c.At); v.Status != record.Repaired {
		t.Errorf("%+v", v.Facts)
	}
	w.get(w.chief, "/desk/repairs/breaches/99", http.StatusNotFound)
	w.noLog()
	if res := desktest.Visit(t, w, w.chief, at, nil); res.Code < 500 || strings.Contains(res.Body.String(), firmName) {
		t.Errorf("answered with %d though nothing keeps who reads it", res.Code)
	}
}

// The office decides on a shielding by the ruling; failures leave the register while it lasts, and come back when it ends.
func TestShield(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const shields = "/desk/repairs/shields"
	w.get(w.office, shields, http.StatusOK, "没有屏蔽申请", "凭法院裁定")
	rec := w.file(20260510, nil)
	ctx := w.as(w.agent)
	ruling, err := w.flow.Attach(ctx, "裁定书", strings.NewReader("%PDF-1.7\n1 0 obj\n"))
	desktest.Must(t, err)
	x, err := w.AskShield(ctx, firm, repair.Ruling{Court: "临溪市中级<i>人民</i>法院", No: "（2026）临破1号", On: 20260508, Until: 20270101, Text: "法院已批准重整计划", Files: []string{ruling.Hash}})
	desktest.Must(t, err)
	at := fmt.Sprint(shields, "/", x.ID)
	before := w.looks()
	w.get(w.office, shields, http.StatusOK, firmName, "（2026）临破1号", "待审核", "2026-12-31")
	if w.looks() != before+1 {
		t.Errorf("%d looks by a list of one", w.looks()-before)
	}
	body := desktest.Visit(t, w, w.office, at, nil).Body.String()
	if got := offers(body); got != "deny shield" || strings.Contains(body, "<i>人民") || w.looks() != before+2 {
		t.Errorf("the office is offered %q, %d looks", got, w.looks()-before)
	}
	res := desktest.Visit(t, w, w.office, at+"/files/"+ruling.Hash, nil)
	if res.Code != http.StatusOK || !strings.HasPrefix(res.Body.String(), "%PDF") {
		t.Errorf("the ruling: %d", res.Code)
	}
	for _, who := range []authz.Actor{w.clerk, w.chief, w.agent} {
		for _, path := range []string{shields, at, at + "/files/" + ruling.Hash} {
			if res := desktest.Visit(t, w, who, path, nil); res.Code != http.StatusForbidden {
				t.Errorf("%s reads %s: %d", who.Grants[0].Role, path, res.Code)
			}
		}
		if res := w.post(who, at+"/shield", "reason", "裁定真实有效"); res.Code != http.StatusForbidden {
			t.Errorf("%s shields: %d", who.Grants[0].Role, res.Code)
		}
	}
	desktest.Want(t, w.post(w.office, at+"/shield", "reason", ""), http.StatusBadRequest, "这一步要写明理由")
	desktest.Want(t, w.post(w.office, at+"/end", "reason", "计划已经执行完毕"), http.StatusConflict, "现在是“待审核”，不能进行这一步")
	desktest.Want(t, w.post(w.office, at+"/deny", "reason", "裁定不真实", "seen", "9"), http.StatusConflict, "有了新的进展")
	w.taken(w.post(w.office, at+"/shield", "reason", "裁定真实有效"), w.office, "已经屏蔽。", "重整期间信息屏蔽（屏蔽中）")
	if v := w.status(rec); v.Status != record.Shielded || v.Listed {
		t.Errorf("shielded: %+v", v.Facts)
	}
	w.taken(w.post(w.office, at+"/end", "reason", "计划已经执行完毕"), w.office, "屏蔽已经结束。", "现在没有您可以办理的步骤")
	if v := w.status(rec); v.Status != record.Active || !v.Listed {
		t.Errorf("after the shielding: %+v", v.Facts)
	}
	w.noLog()
	for _, path := range []string{shields, at} {
		if res := desktest.Visit(t, w, w.office, path, nil); res.Code < 500 || strings.Contains(res.Body.String(), firmName) {
			t.Errorf("%s answers %d though nothing keeps who reads it", path, res.Code)
		}
	}
}

// A shielding that is denied leaves everything as it is.
func TestDenyShield(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rec := w.file(20260510, nil)
	ruling, err := w.flow.Attach(w.as(w.agent), "裁定书", strings.NewReader("%PDF-1.7\n1 0 obj\n"))
	desktest.Must(t, err)
	x, err := w.AskShield(w.as(w.agent), firm, repair.Ruling{Court: "临溪市中级人民法院", No: "（2026）临破1号", On: 20260508, Until: 20270101, Text: "法院已批准重整计划", Files: []string{ruling.Hash}})
	desktest.Must(t, err)
	at := fmt.Sprint("/desk/repairs/shields/", x.ID)
	w.taken(w.post(w.office, at+"/deny", "reason", "裁定已被撤销"), w.office, "已经决定不予屏蔽", "重整期间信息屏蔽（不予屏蔽）")
	if v := w.status(rec); v.Status != record.Active || !v.Listed {
		t.Errorf("%+v", v.Facts)
	}
}

// columnOf puts penalties into the public column.
func (w *world) columnOf(n int) {
	w.t.Helper()
	for len(w.columns) < n {
		at := w.file(20260508, nil)
		w.columns = append(w.columns, publish.RecordView{
			ID: at.String(), Item: "XZCF", Subject: publish.SubjectRef{Name: firmName}, DocNo: fmt.Sprintf("临市监罚〔2026〕%d号", w.n), DecidedOn: 20260508,
		})
	}
}

// The notices of a unit's penalties: by day, one by one on a page and as PDF, for the unit alone.
func TestNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const papers = "/desk/repair-notices"
	w.get(w.clerk, papers, http.StatusOK, "没有符合条件的处罚决定")
	if w.filter.Agency != w.unit.Code || w.filter.From != 20260410 || !w.filter.To.IsZero() {
		t.Errorf("asked for %+v", w.filter)
	}
	w.columnOf(2)
	w.get(w.clerk, papers+"?from=2026-05-01&to=2026-05-09", http.StatusOK, firmName, "临市监罚〔2026〕1号", "2026-05-08", "全部下载（ZIP）")
	if w.filter.From != 20260501 || w.filter.To != 20260509 {
		t.Errorf("asked for %+v", w.filter)
	}
	for path, words := range map[string]string{"?from=五月": "日期要写成 2026-12-01 这样", "?unit=" + fmt.Sprint(w.second.ID): "不是本单位"} {
		if page := w.get(w.clerk, papers+path, http.StatusOK, words); strings.Contains(page, "全部下载") {
			t.Errorf("%s: notices are offered", path)
		}
	}
	for name, who := range map[string]authz.Actor{"the office": w.office, "an agent": w.agent} {
		if res := desktest.Visit(t, w, who, papers, nil); res.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.Code)
		}
	}
	at := papers + "/" + w.columns[0].ID
	before := w.looks()
	w.get(w.clerk, at, http.StatusOK, firmName, firmCode, "下载 PDF", "自 2026-08-08 起", w.unit.Name+"（印章）", "申请信用修复要提交")
	res := desktest.Visit(t, w, w.clerk, at+"/notice.pdf", nil)
	if res.Code != http.StatusOK || res.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(res.Body.String(), "%PDF-") || res.Header().Get("Content-Length") != fmt.Sprint(res.Body.Len()) {
		t.Errorf("the PDF: %d %s %s", res.Code, res.Header().Get("Content-Type"), res.Header().Get("Content-Length"))
	}
	if h := res.Header(); h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || w.looks() != before+2 {
		t.Errorf("%v, %d looks", h, w.looks()-before)
	}
	for _, path := range []string{at, at + "/notice.pdf"} {
		w.get(w.stranger, path, http.StatusNotFound, "没有这条可以申请修复的失信信息")
	}
	w.get(w.clerk, papers+"/x", http.StatusNotFound)
	w.noLog()
	for _, path := range []string{at, at + "/notice.pdf"} {
		if res := desktest.Visit(t, w, w.clerk, path, nil); res.Code < 500 || strings.Contains(res.Body.String(), firmName) {
			t.Errorf("%s answers %d though nothing keeps who reads it", path, res.Code)
		}
	}
}

// The notice of an older decision has the days of its domain, which its text tells, on its own page as in the archive.
func TestNoticeOfItsDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.file(20250508, func(d *record.Draft) { d.PublicUntil = 20280508 })
	w.columns = []publish.RecordView{{
		ID: at.String(), Item: "XZCF", Subject: publish.SubjectRef{Name: firmName}, DocNo: "临市监罚〔2025〕1号", DecidedOn: 20250508,
		Fields: []publish.FieldView{{Value: firmName + "违反《中华人民共和国食品安全法》"}},
	}}
	w.get(w.clerk, "/desk/repair-notices/"+at.String(), http.StatusOK, "自 2026-05-08 起")
}

// An archive holds every notice of the days, and at most two hundred.
func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const batch = "/desk/repair-notices/batch.zip"
	w.columnOf(3)
	w.columns[1].DocNo = "临市监罚/2026:1号"
	res := desktest.Visit(t, w, w.clerk, batch, nil)
	if res.Code != http.StatusOK || res.Header().Get("Content-Type") != "application/zip" || res.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", res.Code, res.Header())
	}
	z, err := zip.NewReader(bytes.NewReader(res.Body.Bytes()), int64(res.Body.Len()))
	desktest.Must(t, err)
	if len(z.File) != 3 {
		t.Fatalf("%d notices", len(z.File))
	}
	for i, f := range z.File {
		in, err := f.Open()
		desktest.Must(t, err)
		raw, err := io.ReadAll(in)
		desktest.Must(t, err)
		if !bytes.HasPrefix(raw, []byte("%PDF-")) || !strings.HasPrefix(f.Name, fmt.Sprintf("%03d-", i+1)) || !strings.HasSuffix(f.Name, ".pdf") || strings.ContainsAny(f.Name, `/\:`) {
			t.Errorf("%q: %.8q", f.Name, raw)
		}
	}
	// Another unit's notices are not in it, though the address names the unit.
	desktest.Want(t, desktest.Visit(t, w, w.stranger, batch+"?unit="+fmt.Sprint(w.unit.ID), nil), http.StatusBadRequest, "不是本单位")
	desktest.Want(t, desktest.Visit(t, w, w.clerk, batch+"?from=x", nil), http.StatusBadRequest, "日期要写成")
	if res := desktest.Visit(t, w, w.office, batch, nil); res.Code != http.StatusForbidden {
		t.Errorf("the office: %d", res.Code)
	}
	for len(w.columns) <= 200 {
		w.columns = append(w.columns, w.columns[0])
	}
	desktest.Want(t, desktest.Visit(t, w, w.clerk, batch, nil), http.StatusRequestEntityTooLarge, "这段时间的处罚决定超过 200 件", "请缩短日期范围")
	w.get(w.clerk, "/desk/repair-notices", http.StatusOK, "这里列出前 100 件")
}
