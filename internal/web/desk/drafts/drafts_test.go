package drafts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/publish"
)

// room is the desk over the real drafts of holiday tables and rules.
type room struct {
	http.Handler
	drafts *approval.Service
	clock  *clock.Manual
	rules  *publish.Rules
	log    *audit.Log
}

func newRoom(t testing.TB) *room {
	t.Helper()
	d := dbtest.SQLite(t)
	w := &room{clock: clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))}
	ids := id.NewMaker(w.clock.Now)
	var err error
	w.rules, err = publish.DefaultRules()
	must(t, err)
	site := newSite(t)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.drafts = approval.New(approval.Config{DB: d, IDs: ids, Clock: w.clock, Authority: site.Authority, Acts: w.log})
	appliers := map[approval.Kind]approval.Applier{
		approval.Calendar: &catalog.Years{DB: d, Clock: w.clock}, approval.Rules: &publish.RuleSets{DB: d, Rules: w.rules, Clock: w.clock},
	}
	for k, a := range appliers {
		w.drafts.Register(k, a)
	}
	store, err := catalog.NewStore(catalog.Default())
	must(t, err)
	rt := site.Router()
	site.Mount(rt)
	New(Deps{
		Site: site, Drafts: w.drafts, Editions: store, Rules: w.rules, Appliers: appliers, Clock: w.clock,
		Calendar: func(ctx context.Context) (*clock.Calendar, error) { return catalog.Calendars(ctx, d.Read()) },
	}).Routes(rt)
	w.Handler = site.Wrap(rt)
	return w
}

var (
	author   = as(1, authz.Grant{Role: authz.OfficeOperator})
	approver = as(2, authz.Grant{Role: authz.ListApprover})
	other    = as(3, authz.Grant{Role: authz.OfficeOperator})
	clerk    = as(4, authz.Grant{Role: authz.FilingClerk, Agency: 7})
	auditor  = as(5, authz.Grant{Role: authz.Auditor})
)

func holidays(name string) string {
	return fmt.Sprintf("year = 2027\ndocument = \"国办发明电〔2026〕9号\"\nissued = \"2026-11-04\"\nwork = []\n[[off]]\nname = %q\nfrom = \"2027-01-01\"\nto = \"2027-01-03\"\n", name)
}

// upload posts a draft's form; an empty content sends no file.
func upload(t testing.TB, h http.Handler, who authz.Actor, path, title, day, content string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	must(t, form.WriteField("title", title))
	must(t, form.WriteField("day", day))
	if content != "" {
		part, err := form.CreateFormFile("file", "a.toml")
		must(t, err)
		_, err = io.WriteString(part, content)
		must(t, err)
	}
	must(t, form.Close())
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return send(t, h, who, r)
}

// begin drafts a holiday table and gives its address.
func (w *room) begin(t testing.TB) string {
	t.Helper()
	got := upload(t, w, author, "/desk/drafts/calendar", "2027年节假日<b>", "2026-12-01", holidays("元旦"))
	want(t, got, http.StatusSeeOther)
	at, _, _ := strings.Cut(got.Header().Get("Location"), "?")
	return at
}

func (w *room) steps(t testing.TB) []string {
	t.Helper()
	var out []string
	must(t, w.log.EachAct(context.Background(), func(e *audit.ActEntry) error {
		out = append(out, e.Who.String()+" "+e.Action)
		return nil
	}))
	return out
}

func TestFromDraftToApproval(t *testing.T) {
	t.Parallel()
	w := newRoom(t)
	want(t, visit(t, w, author, "/desk/drafts", nil), http.StatusOK, "还没有草案", "没有等您审批的草案", "起草节假日表", "起草公示规则")
	want(t, visit(t, w, author, "/desk/drafts/calendar/new", nil), http.StatusOK, "起草节假日表", "下载现行版本")
	at := w.begin(t)
	want(t, visit(t, w, author, at, nil), http.StatusOK, "2027年节假日&lt;b&gt;", "预览", "2027-01-01：平常日 改为 放假（元旦）", "提交审批", "您本人 起草", "修改")
	none := url.Values{}
	for path, who := range map[string]authz.Actor{"/submit": other, "/approve": approver, "/reject": approver} {
		if got := visit(t, w, who, at+path, url.Values{"why": {"不行"}}); got.Code != http.StatusForbidden && got.Code != http.StatusConflict {
			t.Errorf("%s of a draft that is not submitted: %d", path, got.Code)
		}
	}
	want(t, visit(t, w, clerk, at+"/submit", none), http.StatusForbidden)
	want(t, visit(t, w, author, at+"/submit", none), http.StatusSeeOther)
	want(t, visit(t, w, author, at+"/submit", none), http.StatusConflict, "状态不允许")
	want(t, visit(t, w, author, at, nil), http.StatusOK, "待审批", "由另一个人审批", "撤回")

	want(t, visit(t, w, author, at+"/approve", none), http.StatusForbidden, "不能自己")
	want(t, visit(t, w, author, at+"/reject", url.Values{"why": {"不行"}}), http.StatusForbidden, "不能自己")
	for _, who := range []authz.Actor{clerk, auditor} {
		want(t, visit(t, w, who, at+"/approve", none), http.StatusForbidden)
		want(t, visit(t, w, who, at+"/reject", url.Values{"why": {"不行"}}), http.StatusForbidden)
	}
	weak := approver
	weak.Strong = false
	want(t, visit(t, w, weak, at+"/approve", none), http.StatusForbidden, "第二因素")
	want(t, visit(t, w, approver, "/desk/drafts", nil), http.StatusOK, "等您审批", "2027年节假日", "账号 1 提交", "2026-12-01 起施行")
	want(t, visit(t, w, approver, at, nil), http.StatusOK, "批准", "退回", "更改2027-01-01：平常日 改为 放假（元旦）")
	want(t, visit(t, w, approver, at+"/approve", none), http.StatusSeeOther)
	want(t, visit(t, w, auditor, at, nil), http.StatusOK, "已批准，待施行", "账号 2 批准", "到这一天自动施行", "没有要您办理的")
	diff := cmp.Diff([]string{"account:1 approval.draft", "account:1 approval.submit", "account:2 approval.approve"}, w.steps(t))
	if diff != "" {
		t.Error(diff)
	}
}

func TestRejectReviseWithdraw(t *testing.T) {
	t.Parallel()
	w := newRoom(t)
	at, none := w.begin(t), url.Values{}
	want(t, upload(t, w, author, at+"/revise", "2027年节假日（修改）", "2026-12-02", ""), http.StatusSeeOther)
	want(t, visit(t, w, author, at, nil), http.StatusOK, "2027年节假日（修改）", "2026-12-02", "放假（元旦）")
	want(t, upload(t, w, author, at+"/revise", "", "2026-12-02", ""), http.StatusBadRequest, "草案要有标题")
	want(t, upload(t, w, author, at+"/revise", "x", "明天", ""), http.StatusBadRequest, "日期要写成")
	want(t, upload(t, w, other, at+"/revise", "别人改的", "", ""), http.StatusForbidden)
	want(t, upload(t, w, clerk, at+"/revise", "别人改的", "", ""), http.StatusForbidden)
	want(t, visit(t, w, author, at+"/submit", none), http.StatusSeeOther)
	want(t, visit(t, w, approver, at+"/reject", url.Values{"why": {" "}}), http.StatusBadRequest, "退回要写明理由")
	want(t, visit(t, w, approver, at+"/reject", url.Values{"why": {"文号不对"}}), http.StatusSeeOther)
	want(t, visit(t, w, author, at, nil), http.StatusOK, "已退回", "文号不对", "审批后退回")
	want(t, visit(t, w, author, at+"/withdraw", none), http.StatusConflict)

	at = w.begin(t)
	want(t, visit(t, w, other, at+"/withdraw", none), http.StatusForbidden)
	want(t, visit(t, w, approver, at+"/withdraw", none), http.StatusForbidden)
	want(t, visit(t, w, author, at+"/withdraw", none), http.StatusSeeOther)
	want(t, visit(t, w, author, "/desk/drafts?state=withdrawn", nil), http.StatusOK, "已撤回")
	want(t, visit(t, w, author, "/desk/drafts?kind=rules", nil), http.StatusOK, "没有符合条件的草案")
}

func TestUploadRefusesBesideTheField(t *testing.T) {
	t.Parallel()
	w := newRoom(t)
	for _, c := range []struct {
		name, title, day, content, says string
		status                          int
	}{
		{"no file", "标题", "2026-12-01", "", "没有选择文件", http.StatusBadRequest},
		{"no title", "", "2026-12-01", holidays("元旦"), "草案要有标题", http.StatusBadRequest},
		{"no date", "标题", "2026-13-01", holidays("元旦"), "日期要写成", http.StatusBadRequest},
		{"too large", "标题", "2026-12-01", strings.Repeat("#", maxContent+1), "超过4 MB", http.StatusRequestEntityTooLarge},
	} {
		want(t, upload(t, w, author, "/desk/drafts/calendar", c.title, c.day, c.content), c.status, c.says)
	}
	for _, who := range []authz.Actor{clerk, auditor, approver} {
		want(t, upload(t, w, who, "/desk/drafts/calendar", "标题", "2026-12-01", holidays("元旦")), http.StatusForbidden)
	}
	want(t, visit(t, w, author, "/desk/drafts/calendar", url.Values{"title": {"x"}}), http.StatusBadRequest, "读不出来")
	if got := w.steps(t); len(got) != 0 {
		t.Errorf("refused drafts are on file: %v", got)
	}
	got := upload(t, w, author, "/desk/drafts/calendar", "坏的", "2026-12-01", "year = 'x'")
	at, _, _ := strings.Cut(got.Header().Get("Location"), "?")
	want(t, visit(t, w, author, at, nil), http.StatusOK, "现在还不能提交")
	if got := visit(t, w, author, at+"/submit", url.Values{}); got.Code != http.StatusBadRequest {
		t.Errorf("what cannot be read is submitted: %d", got.Code)
	}
	want(t, visit(t, w, author, strings.Replace(at, "calendar", "rules", 1), nil), http.StatusNotFound)
	want(t, visit(t, w, author, "/desk/drafts/calendar/77", nil), http.StatusNotFound)
	want(t, visit(t, w, clerk, "/desk/drafts", nil), http.StatusForbidden)
}

// What is downloaded as being in force can be uploaded again, and is then refused for changing nothing.
func TestCurrentIsWhereADraftBegins(t *testing.T) {
	t.Parallel()
	w := newRoom(t)
	for _, k := range []approval.Kind{approval.Calendar, approval.Rules} {
		file := visit(t, w, author, "/desk/drafts/"+string(k)+"/current", nil)
		if file.Code != http.StatusOK || !strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %d", k, file.Code)
		}
		got := upload(t, w, author, "/desk/drafts/"+string(k), "没有变化", "2026-12-01", file.Body.String())
		want(t, got, http.StatusSeeOther)
		at, _, _ := strings.Cut(got.Header().Get("Location"), "?")
		want(t, visit(t, w, author, at, nil), http.StatusOK, "完全相同")
		want(t, visit(t, w, author, at+"/submit", url.Values{}), http.StatusConflict, "完全相同")
		if got := visit(t, w, author, at+"/content", nil); got.Body.String() != file.Body.String() {
			t.Errorf("%s: the draft's file differs from what was uploaded", k)
		}
	}
	want(t, visit(t, w, author, "/desk/drafts/calendar/current?year=1999", nil), http.StatusNotFound)
	if got := visit(t, w, author, "/desk/drafts/calendar/current?year=2025", nil); !strings.Contains(got.Body.String(), "year = 2025") {
		t.Error("another year")
	}
	want(t, visit(t, w, clerk, "/desk/drafts/rules/current", nil), http.StatusForbidden)
}

func TestChangesAreWords(t *testing.T) {
	t.Parallel()
	list, rest := changes("- a = 1\n+ a = 2\n\n新增 事项 X\n修改 字段 Y：“1” 改为 “2”\n2027-01-01：平常日 改为 放假\n")
	var got []string
	for _, c := range list {
		got = append(got, c.word+"|"+c.text)
	}
	diff := cmp.Diff([]string{"去掉|a = 1", "加上|a = 2", "新增|事项 X", "修改|字段 Y：“1” 改为 “2”", "更改|2027-01-01：平常日 改为 放假"}, got)
	if diff != "" || rest != 0 {
		t.Error(diff, rest)
	}
	if list, rest := changes(strings.Repeat("+ x\n", maxChanges+7)); len(list) != maxChanges || rest != 7 {
		t.Errorf("%d listed, %d left out", len(list), rest)
	}
}

// A year that is downloaded is read back as the same year.
func TestCalendarTextRoundTrip(t *testing.T) {
	t.Parallel()
	for _, y := range clock.DefaultCalendar().Years() {
		c, err := clock.LoadCalendar(strings.NewReader(calendarText(&y)))
		must(t, err)
		if diff := cmp.Diff([]clock.Year{y}, c.Years()); diff != "" {
			t.Error(diff)
		}
	}
	odd := clock.Year{Year: 2027, Document: "a\"\\\nb", Off: []clock.Off{{Name: "元\"旦", From: 20270101, To: 20270103}}}
	c, err := clock.LoadCalendar(strings.NewReader(calendarText(&odd)))
	must(t, err)
	if got := c.Years()[0]; got.Document != odd.Document || got.Off[0].Name != odd.Off[0].Name {
		t.Errorf("%+v", got)
	}
}
