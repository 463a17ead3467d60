package reports

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/report"
	"gongxin/internal/web/desk/desktest"
)

const firmCode = "91370303MA3C000118"

func TestListIsLookedOverFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desktest.Want(t, desktest.Visit(t, w.handler, banker, "/desk/reports", nil), http.StatusOK, "提交名单", "名单文件", "还没有批次")
	got := w.upload(t, banker, "代码\n"+firmCode+"\n", "unit", "3", "use", "贷前审查")
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/desk/reports/7" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	if p := w.plan; p.Unit.ID != 3 || p.Use != "贷前审查" || p.Name != "名单.csv" || len(p.List.Lines) != 1 || p.List.Lines[0].Code != firmCode {
		t.Errorf("%+v", p)
	}
	w.plan = report.JobOrder{}
	if got = w.upload(t, banker, "", "unit", "3", "codes", firmCode); got.Code != http.StatusSeeOther || len(w.plan.List.Lines) != 1 {
		t.Errorf("pasted: %d %+v", got.Code, w.plan)
	}
	kept := w.upload(t, banker, "", "unit", "3", "codes", "没有代码的一行", "use", "贷前审查")
	desktest.Want(t, kept, http.StatusBadRequest, "没有提交", "没有找到统一社会信用代码", "没有代码的一行")
	if !strings.Contains(kept.Body.String(), "贷前审查") {
		t.Error("what was filled in is lost")
	}
	w.jobErr = report.ErrMany
	desktest.Want(t, w.upload(t, banker, "", "unit", "3", "codes", firmCode), http.StatusRequestEntityTooLarge, "最多批量生成 1000 份")
	if got := w.upload(t, clerk, "", "unit", "3", "codes", firmCode); got.Code != http.StatusForbidden {
		t.Errorf("a clerk: %d", got.Code)
	}
	w.unitList = []agency.Agency{{ID: 3, Name: "临溪银行"}, {ID: 4, Name: "别的银行"}}
	if got := w.upload(t, banker, "", "unit", "4", "codes", firmCode); got.Code != http.StatusForbidden {
		t.Errorf("in another's name: %d", got.Code)
	}
	two := desktest.As(2, authz.Grant{Role: authz.InstitutionOfficer, Agency: 3}, authz.Grant{Role: authz.InstitutionOfficer, Agency: 4})
	desktest.Want(t, desktest.Visit(t, w.handler, two, "/desk/reports", nil), http.StatusOK, "以哪个单位的名义", "别的银行")
	w.unitList = nil
	desktest.Want(t, desktest.Visit(t, w.handler, banker, "/desk/reports", nil), http.StatusOK, "没有可以以其名义生成报告的单位")
}

// Each state's page says what is, and offers what can be done and nothing else.
func TestJobPages(t *testing.T) {
	t.Parallel()
	refused := report.Row{Place: 2, Listed: report.Listed{Code: "91990102MA0A0000XX", Consent: 5}, Why: "没有查到这个主体的公开信息"}
	for _, c := range []struct {
		job     report.Job
		words   []string
		offers  []string
		refresh bool
	}{
		{report.Job{State: report.Draft, Total: 3, Refused: 1, Repeated: 2}, []string{"可以生成 2 份，不能生成 1 份", "专项报告 1 份", "用掉授权书的一次", "不能生成的", "没有查到", "重复的代码"}, []string{"/begin", "/cancel"}, false},
		{report.Job{State: report.Draft, Total: 1, Refused: 1}, []string{"没有一个能生成报告"}, []string{"/cancel"}, false},
		{report.Job{State: report.Waiting, Total: 3}, []string{"等待中", "取消这个批次"}, []string{"/cancel"}, true},
		{report.Job{State: report.Running, Total: 3, Made: 1, Refused: 1}, []string{"生成中", "取消这个批次", "没有生成的"}, []string{"/cancel"}, true},
		{report.Job{State: report.Done, Total: 3, Made: 2, Refused: 1, FinishedAt: now, ExpiresAt: now}, []string{"已完成", "生成 2 份，没有生成 1 份", "压缩包保留到"}, []string{"/reports.zip"}, false},
		{report.Job{State: report.Stopped, Why: "账号已经停用", Total: 3, Made: 1}, []string{"已停止", "账号已经停用"}, []string{"/reports.zip"}, false},
		{report.Job{State: report.Cancelled, Total: 3}, []string{"已取消", "没有生成报告"}, nil, false},
		{report.Job{State: report.Gone, Total: 3, Made: 3}, []string{"已经过期删除"}, nil, false},
	} {
		t.Run(string(c.job.State), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.job.ID, c.job.Agency, c.job.Account, c.job.Name, c.job.CreatedAt = 7, 3, 2, "名单.csv", now
			w.jobs = []report.Job{c.job}
			if c.job.Refused > 0 {
				w.rows = []report.Row{{Place: 1, Listed: report.Listed{Code: firmCode, Consent: 6}}, refused}
			}
			got := desktest.Visit(t, w.handler, banker, "/desk/reports/7", nil)
			desktest.Want(t, got, http.StatusOK, append(c.words, "名单.csv", "临溪银行")...)
			page := got.Body.String()
			for _, act := range []string{"/begin", "/cancel", "/reports.zip"} {
				want := false
				for _, o := range c.offers {
					want = want || o == act
				}
				if strings.Contains(page, "/desk/reports/7"+act) != want {
					t.Errorf("offers %s: %v", act, !want)
				}
			}
			if strings.Contains(page, `http-equiv="refresh"`) != c.refresh {
				t.Errorf("renews itself: %v", !c.refresh)
			}
			desktest.Want(t, desktest.Visit(t, w.handler, banker, "/desk/reports", nil), http.StatusOK, "名单.csv", jobWords[c.job.State])
		})
	}
}

func TestJobActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := desktest.Visit(t, w.handler, banker, "/desk/reports/7", nil); got.Code != http.StatusNotFound {
		t.Errorf("no job: %d", got.Code)
	}
	w.jobs = []report.Job{{ID: 7, Agency: 3, Account: 2, State: report.Draft, Total: 1}}
	for _, act := range []string{"begin", "cancel"} {
		got := desktest.Visit(t, w.handler, banker, "/desk/reports/7/"+act, url.Values{})
		if got.Code != http.StatusSeeOther || w.did != act {
			t.Errorf("%s: %d %s", act, got.Code, w.did)
		}
	}
	w.jobErr = report.ErrJobState
	desktest.Want(t, desktest.Visit(t, w.handler, banker, "/desk/reports/7/begin", url.Values{}), http.StatusConflict, "没有办成", "请刷新页面")
	for name, path := range map[string]string{"begin": "/desk/reports/7/begin", "page": "/desk/reports/7"} {
		if got := desktest.Visit(t, w.handler, clerk, path, nil); got.Code == http.StatusOK {
			t.Errorf("a clerk, %s: %d", name, got.Code)
		}
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.jobs = []report.Job{{ID: 7, Agency: 3, Account: 2, State: report.Done}}
	got := desktest.Visit(t, w.handler, banker, "/desk/reports/7/reports.zip", nil)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/zip" || got.Header().Get("Cache-Control") != "no-store" || got.Body.String() != "PK" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	w.jobErr = report.ErrJobOpen
	desktest.Want(t, desktest.Visit(t, w.handler, banker, "/desk/reports/7/reports.zip", nil), http.StatusConflict, "还没有生成完")
	w.jobErr, w.cut = nil, true
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			t.Error("a part is given as the whole")
		}
	}()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/desk/reports/7/reports.zip", nil)
	desktest.Send(t, w.handler, banker, r)
}
