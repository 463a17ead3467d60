package console

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
)

// withQueue gives an office whose queue holds rows with the numbers of the registered subjects 1 and 2, and one that nobody knows.
func withQueue(t *testing.T) (*office, []ingest.QueueEntry) {
	t.Helper()
	o := newOffice(t)
	o.registered(t, 1, 2)
	o.file(t, "XZCF", "无代码.csv", o.table("XZCF", byName, o.unlinked(1, nil), o.unlinked(2, row{"CF_CFCX": "简易程序"}), o.unlinked(21, nil)))
	return o, o.waiting(t, 3)
}

func (o *office) waiting(t *testing.T, n int) []ingest.QueueEntry {
	t.Helper()
	list, err := o.desk.Queue(context.Background(), ingest.Waiting, 0, 100)
	if err != nil || len(list) != n {
		t.Fatalf("%d rows wait, want %d: %v", len(list), n, err)
	}
	return list
}

// seen counts the public records of the n-th subject.
func (o *office) seen(t *testing.T, n int) int {
	t.Helper()
	list, _, err := o.portal.SubjectRecords(context.Background(), uscc(n), "XZCF", time.Time{}, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestEmptyQueue(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	wantText(t, o.get(t, "/desk/queue", http.StatusOK), "没有等待匹配的行", "待匹配 0")
	wantText(t, o.get(t, "/desk/queue?state=matched", http.StatusOK), "还没有匹配过")
	wantText(t, o.get(t, "/desk/queue?state=refused", http.StatusOK), "还没有退回过")
	for _, path := range []string{"/desk/queue/1", "/desk/queue/x", "/desk/queue/99999999999999999999"} {
		wantText(t, o.get(t, path, http.StatusNotFound), "没有找到这一项")
	}
	o.get(t, "/desk/queue?state=matched&after=77", http.StatusNotFound)
}

func TestQueueList(t *testing.T) {
	t.Parallel()
	o, list := withQueue(t)
	o.clock.Advance(50 * time.Hour)
	page := o.get(t, "/desk/queue", http.StatusOK)
	wantText(t, page, "待匹配 3", "临溪市示例食品1号有限公司", "临市监罚〔2026〕21号", "已等 2 天", "1002", "没有可以对应主体的代码")
	wantMarks(t, page, `href="`+entryLink(list[0].ID)+`"`)
	wantText(t, o.get(t, "/desk/filing", http.StatusOK), "3 条记录等待人工匹配主体")
	wantText(t, o.get(t, "/desk/filing/"+list[0].Submission, http.StatusOK), "3 行暂时没有对应到主体", "新增 3 其中待匹配 3")
}

func TestMatchAndUndo(t *testing.T) {
	t.Parallel()
	o, list := withQueue(t)
	at := entryLink(list[0].ID)
	page := o.get(t, at, http.StatusOK)
	wantText(t, page, "按行中的代码和名称列出", "临溪市示例食品1号有限公司", "名称完全一致", uscc(1), "罚款金额（万元）", "0.2万元")
	choose := at + "?subject=" + uscc(1)
	wantMarks(t, page, `href="`+choose+`#preview"`)
	wantText(t, o.get(t, at+"?q="+url.QueryEscape("示例食品2"), http.StatusOK), uscc(2))
	wantText(t, o.get(t, at+"?q="+url.QueryEscape("没有的名称"), http.StatusOK), "没有找到这样的主体")

	page = o.get(t, choose, http.StatusOK)
	wantText(t, page, "将把这条记录归到 临溪市示例食品1号有限公司（"+uscc(1)+"）名下", "名称与该主体现用名称一致", "将向社会公开，公示至 2027-03-08", "类别不同", "可撤销")
	wantText(t, o.get(t, at+"?subject="+uscc(2), http.StatusOK), "名称都不一致")
	wantText(t, o.get(t, at+"?subject="+uscc(55), http.StatusConflict), "没有这个主体")
	wantText(t, o.get(t, entryLink(list[1].ID)+"?subject="+uscc(2), http.StatusOK), "不向社会公开", "简易程序")

	page = o.post(t, at+"/match", "note=%20&subject="+uscc(1)+"&q="+url.QueryEscape("示例"), http.StatusBadRequest).Body.String()
	wantText(t, page, "请写明理由", "将把这条记录归到")
	wantMarks(t, page, `value="示例"`, `aria-invalid="true"`)
	wantText(t, o.post(t, at+"/match", "subject="+uscc(1)+"&note="+url.QueryEscape(strings.Repeat("长", maxNote+1)), http.StatusBadRequest).Body.String(), "最长 500 个字")
	wantText(t, o.post(t, at+"/match", "note=x&subject=", http.StatusNotFound).Body.String(), "没有这个主体")
	if before := o.seen(t, 1); before != 1 {
		t.Fatalf("%d records before the match", before)
	}

	w := o.post(t, at+"/match", "subject="+uscc(1)+"&note="+url.QueryEscape("经办案机关确认<b>"), http.StatusSeeOther)
	if o.seen(t, 1) != 2 {
		t.Error("the matched row is not on file")
	}
	page = o.get(t, w.Header().Get("Location"), http.StatusOK)
	wantText(t, page, "已归到 临溪市示例食品1号有限公司 名下", "办理下一条，还有 2 条等待", "account:7", "经办案机关确认&lt;b&gt;", "撤销这次处理")
	wantMarks(t, page, `href="`+entryLink(list[1].ID)+`"`, `href="/s/`+uscc(1)+`"`)
	wantText(t, o.get(t, "/desk/queue?state=matched", http.StatusOK), "临溪市示例食品1号有限公司", "已匹配 1", "查看或撤销")
	wantText(t, o.post(t, at+"/match", "note=x&subject="+uscc(1), http.StatusConflict).Body.String(), "这一条已有处理结果")
	wantText(t, o.post(t, at+"/refuse", "note=x", http.StatusConflict).Body.String(), "这一条已有处理结果")

	wantText(t, o.post(t, at+"/undo", "note=", http.StatusBadRequest).Body.String(), "请写明理由", "撤销这次处理")
	o.post(t, at+"/undo", "note="+url.QueryEscape("归错了"), http.StatusSeeOther)
	if o.seen(t, 1) != 1 {
		t.Error("the record of an undone match is still public")
	}
	o.waiting(t, 3)
	wantText(t, o.post(t, at+"/undo", "note=x", http.StatusConflict).Body.String(), "还没有处理")
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	o, list := withQueue(t)
	at := entryLink(list[2].ID)
	wantText(t, o.post(t, at+"/refuse", "", http.StatusBadRequest).Body.String(), "请写明理由")
	w := o.post(t, at+"/refuse", "note="+url.QueryEscape("名称有误"), http.StatusSeeOther)
	wantText(t, o.get(t, w.Header().Get("Location"), http.StatusOK), "已退回，这一行没有入库", "办理下一条")
	wantText(t, o.get(t, "/desk/queue?state=refused", http.StatusOK), "名称有误", "已退回 1")
	o.waiting(t, 2)
	o.post(t, at+"/undo", "note="+url.QueryEscape("材料已补"), http.StatusSeeOther)
	o.waiting(t, 3)
	cross := httptest.NewRequest(http.MethodPost, at+"/refuse", strings.NewReader("note=x"))
	cross.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	o.do(t, cross, http.StatusForbidden, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	o.waiting(t, 3)
	wantText(t, o.post(t, at+"/refuse", strings.Repeat("note=x&", 20_000), http.StatusRequestEntityTooLarge).Body.String(), "超过了大小限制")
}

func TestQueuePages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var rows []row
	for n := 1; n <= queueRowsPerPage+5; n++ {
		rows = append(rows, o.unlinked(n, nil))
	}
	o.file(t, "XZCF", "a.csv", o.table("XZCF", byName, rows...))
	list := o.waiting(t, queueRowsPerPage+5)
	last := list[queueRowsPerPage-1].ID
	wantMarks(t, o.get(t, "/desk/queue", http.StatusOK), `href="`+queueLink(ingest.Waiting, last)+`"`)
	page := o.get(t, queueLink(ingest.Waiting, last), http.StatusOK)
	wantText(t, page, "2026〕35号", "已到最后一页", "回到第一页")
	if strings.Contains(text(page), "2026〕30号") {
		t.Error("the second page repeats the first")
	}
	for i := range list {
		o.clock.Advance(time.Second)
		o.post(t, entryLink(list[i].ID)+"/refuse", "note=x", http.StatusSeeOther)
	}
	page = o.get(t, queueLink(ingest.Refused, 0), http.StatusOK)
	wantText(t, page, "2026〕35号", "2026〕6号")
	if strings.Contains(text(page), "2026〕5号") {
		t.Error("the latest decisions do not stand first")
	}
	wantText(t, o.get(t, queueLink(ingest.Refused, list[5].ID), http.StatusOK), "2026〕5号", "2026〕1号")
}

// closedSearch is a search whose index is being built.
type closedSearch struct{}

func (closedSearch) Search(context.Context, string, string, int) (*publish.SearchPage, error) {
	return nil, publish.ErrIndexing
}

// brokenSearch fails for a reason of ours.
type brokenSearch struct{}

func (brokenSearch) Search(context.Context, string, string, int) (*publish.SearchPage, error) {
	return nil, errors.New("disk on fire")
}

func TestQueueWithoutSearch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		finder Finder
		status int
		says   string
	}{"indexing": {closedSearch{}, http.StatusOK, "暂时不能查找"}, "broken": {brokenSearch{}, http.StatusInternalServerError, "系统内部错误"}} {
		o := newOffice(t, func(d *Deps) { d.Finder = tt.finder })
		o.file(t, "XZCF", "a.csv", o.table("XZCF", byName, o.unlinked(1, nil)))
		page := o.get(t, entryLink(o.waiting(t, 1)[0].ID), tt.status)
		wantText(t, page, tt.says)
		if strings.Contains(page, "disk on fire") {
			t.Errorf("%s: the page tells our secrets", name)
		}
	}
}

func TestPersonsRow(t *testing.T) {
	t.Parallel()
	item, ok := catalog.Default().Item("XZCF")
	if !ok {
		t.Fatal("no XZCF")
	}
	name, _ := item.ByRole(catalog.RoleName)
	fine, ok := item.Field("CF_NR_FK")
	if !ok {
		t.Fatal("no field of a fine")
	}
	o := &ingest.Opened{Person: true, Name: "欧阳**", Fields: []ingest.OpenedField{{Field: name, Value: "欧阳**"}, {Field: fine, Value: "0.2"}}}
	got := map[string]string{}
	for _, f := range content(o) {
		got[f.Label] = f.Value
	}
	if d := cmp.Diff(map[string]string{name.Name: "欧阳**", fine.Name: "0.2" + fine.Unit}, got); d != "" || fine.Unit == "" {
		t.Error(d)
	}
	v := &entryView{QueueEntry: &ingest.QueueEntry{State: ingest.Waiting, Reason: 1002}, item: item, opened: o}
	var b strings.Builder
	if err := entryPage(v).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	wantText(t, b.String(), "不能归到任何主体名下", "确认退回", "欧阳**")
	for _, way := range []string{"确认归入", `name="q"`} {
		if strings.Contains(b.String(), way) {
			t.Errorf("the page of a person's row offers %s", way)
		}
	}
}

func TestWordsOfPreview(t *testing.T) {
	t.Parallel()
	for _, r := range []publish.Refusal{
		publish.Passes, publish.NoItem, publish.NotInForce, publish.AboutPerson, publish.ClassTooHigh, publish.SimpleOnly, publish.BeforeWindow,
		publish.AfterWindow, publish.NeverPublic, publish.UnknownKind,
	} {
		title, _, _ := publicWords(&ingest.Preview{Refusal: r, From: 20260401, Until: 20270401})
		if public := strings.HasPrefix(title, "将向社会公开"); public != (r == publish.Passes) {
			t.Errorf("%q is said to be %q", r, title)
		}
	}
	if title, _, _ := publicWords(&ingest.Preview{}); title != "将向社会公开，长期公示" {
		t.Errorf("no end: %q", title)
	}
	v := &entryView{}
	if err := v.blame(errors.New("x")); err == nil || v.fault != "" {
		t.Error("an error of ours is shown")
	}
	if err := v.blame(fault.New(fault.Unavailable, "x", "停", "")); err == nil {
		t.Error("what is down is blamed on the form")
	}
}

func TestQueueIsNarrowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.registered(t, 1, 2)
	o.file(t, "XZCF", "甲.csv", o.table("XZCF", byName, o.unlinked(1, nil), o.unlinked(2, nil)))
	o.file(t, "XZCF", "乙.csv", o.table("XZCF", byName, o.unlinked(3, nil)))
	list := o.waiting(t, 3)
	link := batchQueueLink(list[0].Submission)
	page := o.get(t, link, http.StatusOK)
	wantText(t, page, "待匹配 2", "2026〕1号", "2026〕2号", "清除筛选")
	if strings.Contains(text(page), "2026〕3号") {
		t.Error("a row of another batch is listed")
	}
	wantMarks(t, o.get(t, "/desk/filing/"+list[0].Submission, http.StatusOK), `href="`+link+`"`)
	wantText(t, o.get(t, "/desk/queue?unit="+unitCode+"&item=XZCF", http.StatusOK), "待匹配 3", "2026〕3号")
	wantText(t, o.get(t, "/desk/queue?item=XZXK", http.StatusOK), "待匹配 0", "没有符合条件的行")
	wantText(t, o.get(t, "/desk/queue?state=refused&batch=x", http.StatusOK), "没有符合条件的行")
	o.get(t, "/desk/queue?unit=1", http.StatusBadRequest)
	o.post(t, entryLink(list[2].ID)+"/refuse", "note=x", http.StatusSeeOther)
	wantText(t, o.get(t, "/desk/queue?state=refused&unit="+unitCode, http.StatusOK), "2026〕3号", "已退回 1")
}

// The page of a row tells whose its numbers are, and a row that its unit has filed again shows where.
func TestCrossedNumbersAndTheirMending(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.registered(t, 1, 2)
	crossed := row{"CF_XDR_MC": "临溪市示例食品1号有限公司", "CF_XDR_LB": "法人及非法人组织", "CF_XDR_SHXYM": uscc(1), "CF_XDR_GSZC": "", "CF_XDR_ZZJG": uscc(2)[8:17]}
	o.file(t, "XZCF", "错.csv", o.table("XZCF", byName, o.unlinked(7, crossed)))
	list := o.waiting(t, 1)
	at := entryLink(list[0].ID)
	wantText(t, o.get(t, at, http.StatusOK), "1003", "行中的代码属于谁", "属于 临溪市示例食品1号有限公司（"+uscc(1), "属于 临溪市示例食品2号有限公司（"+uscc(2))
	crossed["CF_XDR_ZZJG"] = ""
	o.file(t, "XZCF", "对.csv", o.table("XZCF", byName, o.unlinked(7, crossed)))
	o.waiting(t, 0)
	wantText(t, o.get(t, "/desk/queue?state=superseded", http.StatusOK), "已补正重报 1", "临溪市示例食品1号有限公司", "补正代码后重新报送")
	wantText(t, o.get(t, at, http.StatusOK), "已补正重报", "仍然有效，不受影响", "确认撤销")
	o.post(t, at+"/undo", "note="+url.QueryEscape("不是同一件"), http.StatusSeeOther)
	o.waiting(t, 1)
	if n := o.seen(t, 1); n != 2 {
		t.Errorf("%d records after the undo, want both to stay", n)
	}
}
