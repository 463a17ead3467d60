package lookup

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/web/desk/desktest"
)

// fakeChecks answers one code and remembers what it was asked and told.
type fakeChecks struct {
	asked   []check.Ask
	notes   []check.Note
	ordered []check.Order
	refuse  error
	note    error
	state   check.BatchState
}

const (
	checkedCode = "91370303MA3C000118"
	receiptOf   = "777000"
)

func answerOf() *check.Given {
	return &check.Given{Agency: 5, Answer: &check.Answer{
		Receipt: receiptOf, Result: "命中 1 项：行政处罚 1 项；所在名单：某名单；本事项可以采取的措施 1 项", Outcome: check.Hit, Matter: "SPJY", Basis: "《某法》第一条",
		Subject: check.Party{Code: checkedCode, Name: "临溪市示例有限公司", Kind: catalog.LegalEntity}, AsOf: time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone),
		Hits: []check.Finding{{
			ItemName: "行政处罚", Title: "<b>超范围经营</b>", Polarity: check.Adverse, DocNo: "某罚〔2026〕1号", Source: check.Origin{Name: "某局"}, DecidedOn: 20260302,
			Basis: "某条例第三条", Fields: []check.Field{{Name: "法定代表人", Value: "张*", Masked: true}},
		}},
		Others:   []check.Finding{{ItemName: "行政许可", Title: "许可", Polarity: check.Neutral}},
		Lists:    []check.Listed{{List: "L", Name: "某名单", Polarity: check.Adverse, DecidedOn: 20260401, Unit: "某认定局", Basis: "某办法第二条"}},
		Measures: []check.Measure{{Code: "CF-1", Content: "依法限制申请", Kind: "限制准入", Basis: "某法第九条", Body: "某部门", Polarity: check.Adverse}},
	}}
}

func (f *fakeChecks) Check(_ context.Context, ask check.Ask) (*check.Given, error) {
	f.asked = append(f.asked, ask)
	if f.refuse != nil {
		return nil, f.refuse
	}
	return answerOf(), nil
}

func (f *fakeChecks) Again(_ context.Context, _ authz.Actor, receipt string) (*check.Given, error) {
	if receipt != receiptOf {
		return nil, check.ErrNone
	}
	return answerOf(), nil
}

func (f *fakeChecks) Feedback(_ context.Context, _ authz.Actor, n check.Note) error {
	f.notes = append(f.notes, n)
	return f.note
}

func (*fakeChecks) FeedbackOn(context.Context, authz.Actor, string) ([]check.Fed, error) {
	return []check.Fed{{Result: check.NotApplied, Reason: "主体已经整改"}}, nil
}

func (*fakeChecks) Recent(context.Context, authz.Actor, int64, int) ([]check.Summary, error) {
	return []check.Summary{{Receipt: 777000, Subject: 8, Matter: "SPJY", Outcome: check.Hit, Hits: 2}}, nil
}

func (f *fakeChecks) Start(_ context.Context, o check.Order) (int64, error) {
	if len(o.Codes) == 0 {
		return 0, check.ErrFile
	}
	f.ordered = append(f.ordered, o)
	return 42, nil
}

func (f *fakeChecks) Batch(_ context.Context, _ authz.Actor, batch int64) (*check.Batch, error) {
	if batch != 42 {
		return nil, check.ErrBatch
	}
	return &check.Batch{ID: 42, Name: "名单.csv", Matter: "SPJY", State: f.state, Total: 200, Done: 100, Hits: 3, Why: "账号已经停用"}, nil
}

func (f *fakeChecks) Batches(context.Context, authz.Actor, int64, int) ([]check.Batch, error) {
	return []check.Batch{{ID: 42, Name: "名单.csv", Matter: "SPJY", State: f.state, Total: 200, Done: 100}}, nil
}

func (f *fakeChecks) WriteResult(_ context.Context, _ authz.Actor, _ int64, w io.Writer) error {
	if f.state == check.Running {
		return check.ErrUnfinished
	}
	_, err := fmt.Fprint(w, "序号,代码\n")
	return err
}

func (*fakeChecks) Coverage(_ context.Context, _ authz.Actor, from, to int, _ int64) (*check.Coverage, error) {
	if from > to {
		return nil, check.ErrMonths
	}
	u := check.Use{Unit: "=某局", Matter: "SPJY", MatterName: "食品经营许可", Month: to, Checks: 10, Hits: 4, Fed: 5, Applied: 1}
	unused := check.Use{Unit: "某局", Matter: "SPSC", MatterName: "没人查的事项"}
	return &check.Coverage{From: from, To: to, Total: u, Months: []check.Use{u}, Matters: []check.Use{u, unused}, Units: []check.Use{u}, Detail: []check.Use{u}}, nil
}

// The rest of what the desk asks.
type checkWorld struct{}

func (checkWorld) Disclose(context.Context, publish.Ask) (*publish.Answer, error) {
	return nil, publish.MissingPurpose.Err()
}

func (checkWorld) Labels(context.Context, []int64) (map[int64]string, error) {
	return map[int64]string{8: "临溪市某店"}, nil
}

func (checkWorld) List(_ context.Context, unit agency.ID) ([]agency.Matter, error) {
	return []agency.Matter{{
		Code: "SPJY", Name: "食品经营许可", Agency: unit, Law: "《某法》", Article: "第一条", BasisFrom: 20200101, ValidFrom: 20200101, Items: []string{"XZCF"},
		Kinds: []string{"legal_entity", "person"},
	}}, nil
}

func (checkWorld) ByID(_ context.Context, id agency.ID) (agency.Agency, error) {
	return agency.Agency{ID: id, Name: "某局", Region: "990100"}, nil
}

func checkDesk(t *testing.T, f *fakeChecks) http.Handler {
	t.Helper()
	site := newSite(t)
	editions, err := catalog.NewStore(catalog.Default())
	must(t, err)
	rt := site.Router()
	New(Deps{
		Site: site, Discloser: checkWorld{}, Matters: checkWorld{}, Agencies: checkWorld{}, Editions: editions, Checks: f,
		Clock: clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)),
	}).checkRoutes(rt)
	return site.Wrap(rt)
}

func TestCheckDesk(t *testing.T) {
	t.Parallel()
	f := &fakeChecks{}
	h := checkDesk(t, f)
	officer := as(9, authz.Grant{Role: authz.WindowOfficer, Agency: 5})

	w := visit(t, h, officer, "/desk/check", nil)
	want(t, w, http.StatusOK, "食品经营许可", "统一社会信用代码", "临溪市某店", "命中 2 项", "待反馈")
	if !strings.Contains(w.Body.String(), "autofocus") {
		t.Error("the field has not the focus")
	}

	w = visit(t, h, officer, "/desk/check", url.Values{"matter": {"SPJY"}, "code": {" 91370303ma3c000118 "}})
	want(t, w, http.StatusOK, answerOf().Answer.Result, "回执编号 "+receiptOf, "某名单", "依法限制申请", "某法第九条", "某条例第三条", "（已遮盖）", "登记、许可、适用简易程序的处罚等 1 条", "已参考", "未采取措施", "已采取措施")
	if strings.Contains(w.Body.String(), "<b>超范围经营") {
		t.Error("a record's text is read as marks")
	}
	if len(f.asked) != 1 || f.asked[0].Subject.Code != checkedCode || f.asked[0].Matter != "SPJY" || f.asked[0].Who.ID != 9 {
		t.Errorf("asked %+v", f.asked)
	}

	f.refuse = publish.MissingLapsed.Err()
	w = visit(t, h, officer, "/desk/check", url.Values{"matter": {"OLD"}, "code": {checkedCode}})
	want(t, w, http.StatusForbidden, "没有作答", "在有效期内的应用事项", "已记入查询日志")
	w = visit(t, h, officer, "/desk/check", url.Values{"matter": {"SPJY"}, "doc_kind": {"身份证"}, "number": {"11010519491231002X"}})
	if said := want(t, w, http.StatusForbidden); strings.Contains(said, "11010519491231002X") || strings.Contains(w.Body.String(), "11010519491231002X") {
		t.Error("the page shows a number")
	}
	n := len(f.asked)
	want(t, visit(t, h, officer, "/desk/check", url.Values{"matter": {"SPJY"}, "code": {"123"}}), http.StatusBadRequest, "错误：")
	if len(f.asked) != n {
		t.Error("asked about what is no code")
	}
	for _, who := range []authz.Actor{{}, as(10), as(11, authz.Grant{Role: authz.FilingClerk, Agency: 5})} {
		if w := visit(t, h, who, "/desk/check", nil); w.Code == http.StatusOK {
			t.Errorf("%v gets in", who.Grants)
		}
	}
}

func TestCheckFeedbackPages(t *testing.T) {
	t.Parallel()
	f := &fakeChecks{}
	h := checkDesk(t, f)
	officer := as(9, authz.Grant{Role: authz.WindowOfficer, Agency: 5})
	at := "/desk/check/" + receiptOf + "/feedback"
	w := visit(t, h, officer, at, url.Values{"result": {"noted"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/desk/check?fed="+receiptOf {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	want(t, visit(t, h, officer, "/desk/check?fed=1", nil), http.StatusOK, "反馈已记录")
	visit(t, h, officer, at, url.Values{"result": {"not_applied"}, "reason": {"主体已经整改"}, "more": {"见材料"}})
	if len(f.notes) != 2 || f.notes[1] != (check.Note{Receipt: receiptOf, Result: check.NotApplied, Reason: "主体已经整改：见材料"}) {
		t.Errorf("%+v", f.notes)
	}
	f.note = check.ErrCase
	w = visit(t, h, officer, at, url.Values{"result": {"applied"}, "measure": {"CF-1"}, "reason": {"不予许可的理由"}, "case": {""}})
	want(t, w, http.StatusBadRequest, "反馈没有记录", "案号", "不予许可的理由", "记录并通知本人")
	want(t, visit(t, h, officer, "/desk/check/"+receiptOf, nil), http.StatusOK, "已有的反馈", "主体已经整改", "与当时的回答完全一样")
	want(t, visit(t, h, officer, "/desk/check/1", nil), http.StatusNotFound)
}

func TestBatchPages(t *testing.T) {
	t.Parallel()
	f := &fakeChecks{state: check.Running}
	h := checkDesk(t, f)
	officer := as(9, authz.Grant{Role: authz.WindowOfficer, Agency: 5})
	want(t, visit(t, h, officer, "/desk/check/batch", nil), http.StatusOK, "名单.csv", "核查中", "开始核查")
	w := visit(t, h, officer, "/desk/check/batch/42", nil)
	want(t, w, http.StatusOK, "100 / 200", "可以关掉")
	if !strings.Contains(w.Body.String(), `http-equiv="refresh"`) {
		t.Error("the progress stands still without JavaScript")
	}
	want(t, visit(t, h, officer, "/desk/check/batch/42/result.csv", nil), http.StatusConflict)
	f.state = check.Done
	want(t, visit(t, h, officer, "/desk/check/batch/42", nil), http.StatusOK, "已完成", "下载结果")
	w = visit(t, h, officer, "/desk/check/batch/42/result.csv", nil)
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	f.state = check.Stopped
	want(t, visit(t, h, officer, "/desk/check/batch/42", nil), http.StatusOK, "已停止", "账号已经停用")
	want(t, visit(t, h, officer, "/desk/check/batch/7", nil), http.StatusNotFound)
	send := func(codes string) int {
		body := "--x\r\nContent-Disposition: form-data; name=\"matter\"\r\n\r\nSPJY\r\n--x\r\nContent-Disposition: form-data; name=\"codes\"\r\n\r\n" + codes + "\r\n--x--\r\n"
		r, err := http.NewRequest(http.MethodPost, "/desk/check/batch", strings.NewReader(body))
		must(t, err)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		return desktest.Send(t, h, officer, r).Code
	}
	if code := send(checkedCode + "\n" + checkedCode); code != http.StatusSeeOther || len(f.ordered) != 1 || len(f.ordered[0].Codes) != 1 {
		t.Errorf("%d %+v", code, f.ordered)
	}
	if code := send("没有代码"); code != http.StatusBadRequest {
		t.Errorf("%d for a list without codes", code)
	}
}

func TestCoveragePages(t *testing.T) {
	t.Parallel()
	h := checkDesk(t, &fakeChecks{})
	officer := as(9, authz.Grant{Role: authz.WindowOfficer, Agency: 5})
	want(t, visit(t, h, officer, "/desk/check/coverage", nil), http.StatusOK, "没人查的事项", "40.0%", "50.0%", "导出")
	want(t, visit(t, h, officer, "/desk/check/coverage?from=2026-12&to=2026-11", nil), http.StatusBadRequest, "月份不对")
	want(t, visit(t, h, officer, "/desk/check/coverage?from=x", nil), http.StatusBadRequest, "月份不对")
	w := visit(t, h, officer, "/desk/check/coverage.csv?from=2026-11&to=2026-11", nil)
	want(t, w, http.StatusOK, "SPJY", "2026-11,10,4,5,1", "没人查的事项", "'=某局")
}
