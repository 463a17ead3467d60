package reports

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/report"
	"gongxin/internal/web/desk/desktest"
)

func TestReportPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.doc = document()
	got := w.anon(t, "/report/"+number)
	said := desktest.Want(t, got, http.StatusOK, number, "ABCDE-12345", "V2.0 标准报告", "2026-11-18 10:00:00", "临溪市社会信用中心", "主体标签", "守信激励对象", "一、登记注册基础信息", "查询期内无相关信息",
		"行政处罚 1 条", "异议中", "罚款2000元", "临溪市市场监督管理局（11990100001000010R）", "十、信用状况提升建议", "报告说明", "不打分", "00ff")
	if strings.Index(said, "一、登记注册") > strings.Index(said, "二、行政管理") {
		t.Error("the chapters stand in another order")
	}
	page := got.Body.String()
	for _, want := range []string{`href="/report/` + number + `/report.pdf"`, `href="/report/` + number + `/report.json"`, `content="noindex"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	// Of whoever signed in nothing is kept: desktest holds the page to that.
	desktest.Want(t, desktest.Visit(t, w.handler, agent, "/report/"+number, nil), http.StatusOK, number)

	w.doc.Kind, w.doc.Chapters, w.doc.From, w.doc.To = report.Special, nil, 20211119, 20261118
	w.doc.Statement = []report.Statement{{Field: "SC", Name: "市场监管", Text: "未发现该主体在市场监管领域有违法违规记录。"}}
	desktest.Want(t, w.anon(t, "/report/"+number), http.StatusOK, "报告期间", "2021-11-19 至 2026-11-18", "按领域的查询结果", "未发现该主体在市场监管领域有违法违规记录")
}

func TestFilesOfAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.doc = document()
	for ext, kind := range map[string]string{"pdf": "application/pdf", "json": "application/json"} {
		got := w.anon(t, "/report/"+number+"/report."+ext)
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != kind || got.Header().Get("Cache-Control") != "no-store" || !strings.Contains(got.Header().Get("Content-Disposition"), "report-"+number+"."+ext) {
			t.Errorf("%s: %d %v", ext, got.Code, got.Header())
		}
	}
	if got := w.anon(t, "/report/key"); got.Body.String() != "PEM" {
		t.Errorf("key: %d %s", got.Code, got.Body)
	}
}

// What is not handed out again says why and where to get another; no file comes out of it either.
func TestReportsThatAreNotGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.doc = document()
	for _, c := range []struct {
		err    error
		status int
		words  []string
	}{
		{report.ErrChanged, http.StatusGone, []string{"更正、修复、撤回或者公示期满", "重新生成"}},
		{report.ErrObject, http.StatusGone, []string{"异议", "重新生成"}},
		{report.ErrPruned, http.StatusNotFound, []string{"过了保存期限", "编号和摘要"}},
		{report.ErrNone, http.StatusNotFound, []string{"没有这份报告", "22 位"}},
		{report.ErrFont, http.StatusServiceUnavailable, []string{"中文字体"}},
	} {
		w.err = c.err
		for _, path := range []string{"", "/report.pdf", "/report.json"} {
			desktest.Want(t, w.anon(t, "/report/"+number+path), c.status, c.words...)
		}
	}
	w.err = errors.New("pg: down, password=x")
	if got := w.anon(t, "/report/"+number); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "password") {
		t.Errorf("%d %s", got.Code, desktest.Text(got.Body.String()))
	}
}

func TestVerifyPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := desktest.Want(t, w.anon(t, "/verify/report"), http.StatusOK, "报告编号", "核验码", "gongxin verify")
	if strings.Contains(said, "SHA-256") {
		t.Error("an answer without a question")
	}
	w.err = report.ErrCode
	got := w.anon(t, "/verify/report?number=%3Cscript%3E&code=x")
	if cache := got.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("what only the holder of a report may know is kept: %s", cache)
	}
	desktest.Want(t, got, http.StatusOK, "对不上", "请核对")
	if strings.Contains(got.Body.String(), "<script>&") || !strings.Contains(got.Body.String(), "&lt;script&gt;") {
		t.Error("what was typed stands in the page as it is")
	}
	w.err = nil
	for _, state := range []report.State{report.Valid, report.Changed} {
		w.verdict = &report.Verdict{Number: number, Title: "公共信用信息报告", Subject: "临溪市示例食品有限公司", Code: "91370303MA3C000118", IssuedAt: now, Records: 3, State: state, Says: "说法" + string(state), Digest: "00ff", KeyID: "k1"}
		desktest.Want(t, w.anon(t, "/verify/report?number="+number+"&code="+code), http.StatusOK, "说法"+string(state), "3 条", "00ff", "2026-11-18 10:00:00")
	}
	w.err = fault.New(fault.Internal, "x", "内部", "")
	if got := w.anon(t, "/verify/report?number=x&code=y"); got.Code != http.StatusInternalServerError {
		t.Errorf("a defect is told as a wrong code: %d", got.Code)
	}
}

func TestOwnReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desktest.Want(t, desktest.Visit(t, w.handler, agent, "/me/report?of=9", nil), http.StatusOK, "信用代证", "期间自", "全部 2 个", "还没有生成过报告")
	for name, who := range map[string]authz.Actor{"nobody": {}, "a clerk": clerk} {
		if got := desktest.Visit(t, w.handler, who, "/me/report?of=9", nil); got.Code != http.StatusUnauthorized && got.Code != http.StatusForbidden && got.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	got := desktest.Visit(t, w.handler, agent, "/me/report?of=9", url.Values{"from": {"2021-11-19"}, "to": {"2026-11-18"}, "area": {"SC"}, "use": {"上市"}})
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/report/"+number {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	if o := w.order; o.Kind != report.Special || o.From != 20211119 || o.To != 20261118 || len(o.Areas) != 1 || o.Use != "上市" || !o.Purpose.Own || o.Subject.ID != 9 {
		t.Errorf("%+v", o)
	}
	w.order = report.Order{}
	kept := desktest.Visit(t, w.handler, agent, "/me/report?of=9", url.Values{"from": {"昨天"}, "area": {"SC"}, "use": {"上市融资"}})
	desktest.Want(t, kept, http.StatusUnprocessableEntity, "没有生成报告", "日期写得不对")
	if w.order.Kind != "" || !strings.Contains(kept.Body.String(), "上市融资") || !strings.Contains(kept.Body.String(), "checked") {
		t.Error("what was filled in is lost, or a report was made")
	}
	w.err = report.ErrPeriod
	desktest.Want(t, desktest.Visit(t, w.handler, agent, "/me/report?of=9", url.Values{}), http.StatusUnprocessableEntity, "最长五年")

	w.err, w.kind, w.made = nil, catalog.Person, []report.Report{{Number: number, Kind: report.Person, CreatedAt: now}}
	said := desktest.Want(t, desktest.Visit(t, w.handler, agent, "/me/report?of=9", nil), http.StatusOK, "个人公共信用信息报告", number, "个人报告")
	if strings.Contains(said, "期间自") {
		t.Error("a person picks no period")
	}
	desktest.Visit(t, w.handler, agent, "/me/report?of=9", url.Values{})
	if w.order.Kind != report.Person {
		t.Errorf("%+v", w.order)
	}
}

func TestStandardReportFromASubjectsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := desktest.Visit(t, w.handler, authz.Actor{}, "/report", url.Values{"code": {" 91370303MA3C000118 "}})
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/report/"+number || w.order.Kind != report.Standard || w.order.Subject.Code != "91370303MA3C000118" {
		t.Errorf("%d %v %+v", got.Code, got.Header(), w.order)
	}
}
