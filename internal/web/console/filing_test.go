package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/ingest"
	"gongxin/internal/web/desk/desktest"
)

func TestDesksAskWhoIsThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, path := range []string{"/desk/filing", "/desk/filing/x", "/desk/filing/x/file", "/desk/filing/x/errors.xlsx", "/desk/queue", "/desk/queue/1"} {
		wantText(t, o.get(t, path, http.StatusUnauthorized, nobody), "要先登录")
	}
	stranger := desktest.As(9, authz.Grant{Role: authz.FilingClerk, Agency: 12345})
	r := upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())})
	o.do(t, r, http.StatusUnauthorized, nobody)
	r = upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())})
	o.do(t, r, http.StatusForbidden, func(r *http.Request) { desktest.SignIn(r, stranger) })
	if list, err := o.desk.Recent(context.Background(), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("a closed desk took %d filings in, %v", len(list), err)
	}
}

func TestDeskOpensOnItsForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	page := o.get(t, "/desk/filing", http.StatusOK)
	wantText(t, page, "没有待办事项", "还没有报送过文件", "临溪市市场监督管理局", "行政处罚（XZCF）", "自作出决定之日起 7 个工作日内报送", "最多 200 万行")
	wantMarks(t, page, `<option value="XZCF" selected>`, `<option value="`+unitCode+`" selected>`, `href="/catalog/XZCF/template.xlsx"`, `href="/help/reasons"`,
		`enctype="multipart/form-data"`, `<body class="desk">`)
	if strings.Index(page, `value="XZCF"`) > strings.Index(page, `value="XZXK"`) || strings.Index(page, `value="XZXK"`) > strings.Index(page, `value="XZQZ"`) {
		t.Error("double publicity does not stand first")
	}
	if unit, file := strings.Index(page, `name="unit"`), strings.Index(page, `name="file"`); unit < 0 || file < unit {
		t.Error("the unit does not stand before the file")
	}
	page = o.get(t, "/desk/filing?item=XZXK&unit="+unitCode, http.StatusOK)
	wantMarks(t, page, `<option value="XZXK" selected>`, `<option value="`+unitCode+`" selected>`, `href="/catalog/XZXK/template.xlsx"`)
	wantMarks(t, o.get(t, "/desk/filing/item?item=XZXK", http.StatusOK), `id="item-notes"`, `href="/catalog/XZXK/template.xlsx"`)
	wantText(t, o.get(t, "/desk/filing/item?item=%3Cscript%3E", http.StatusOK), "信用目录")
}

func TestUploadEdges(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	body := string(o.mixed())
	unit, item, file := part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", body}
	tests := []struct {
		name   string
		parts  []part
		status int
		says   []string
	}{
		{"nothing", nil, 400, []string{"没有选择报送单位", "没有选择事项", "没有选择文件"}},
		{"no file part", []part{unit, item}, 400, []string{"没有选择文件"}},
		{"no file chosen", []part{unit, item, {"file", "", ""}}, 400, []string{"没有选择文件"}},
		{"empty file", []part{unit, item, {"file", "a.csv", ""}}, 400, []string{"这个文件是空的"}},
		{"no unit", []part{{"unit", "", ""}, item, file}, 400, []string{"没有选择报送单位", "请重新选择文件"}},
		{"no item", []part{unit, file}, 400, []string{"没有选择事项"}},
		{"unit behind the file", []part{item, file, unit}, 400, []string{"单位放在了文件后面"}},
		{"both behind the file", []part{file, unit, item}, 400, []string{"单位放在了文件后面", "事项放在了文件后面"}},
		{"unknown unit", []part{{"unit", "", uscc(99)}, item, file}, 404, []string{"不是已登记的报送单位"}},
		{"not a code", []part{{"unit", "", "<script>"}, item, file}, 400, []string{"单位的统一社会信用代码不正确"}},
		{"unknown item", []part{unit, {"item", "", "XXXX"}, file}, 404, []string{"目录中没有这个事项"}},
		{"endless field", []part{{"unit", "", strings.Repeat("1", 4096)}, item, file}, 400, []string{"提交的内容不是报送表单"}},
		{"too large", []part{unit, item, {"file", "a.csv", strings.Repeat("临", 3<<20)}}, 413, []string{"文件超过大小上限"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := o.do(t, upload(tt.parts...), tt.status).Body.String()
			wantText(t, page, tt.says...)
			part := o.do(t, upload(tt.parts...), tt.status, byHTMX)
			wantText(t, part.Body.String(), tt.says...)
			if form := part.Header().Get("X-Form") == "1"; form != strings.Contains(page, `id="filing-form"`) || (form && strings.Contains(part.Body.String(), "<html")) {
				t.Errorf("htmx does not get the form alone:\n%s", part.Body)
			}
		})
	}
	page := o.do(t, upload(unit, part{"item", "", "XZXK"}, part{"file", "", ""}), http.StatusBadRequest).Body.String()
	wantMarks(t, page, `<option value="`+unitCode+`" selected>`, `<option value="XZXK" selected>`, `aria-invalid="true"`, `href="#file"`)
	if list, err := o.desk.Recent(context.Background(), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("%d filings were taken in, %v", len(list), err)
	}
	if o.woken != 0 {
		t.Error("the worker was woken for nothing")
	}
}

func TestUploadOfSomethingElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := httptest.NewRequest(http.MethodPost, "/desk/filing", strings.NewReader("unit="+unitCode))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantText(t, o.do(t, r, http.StatusBadRequest).Body.String(), "不是报送表单")

	whole := upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())})
	raw, err := io.ReadAll(whole.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 10, 150, len(raw) / 2, len(raw) - 30} {
		r := httptest.NewRequest(http.MethodPost, "/desk/filing", strings.NewReader(string(raw[:n])))
		r.Header = whole.Header.Clone()
		w := httptest.NewRecorder()
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		o.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("an upload that broke off after %d of %d bytes: %d\n%s", n, len(raw), w.Code, text(w.Body.String()))
		}
	}
	if list, err := o.desk.Recent(context.Background(), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("%d torn filings were taken in, %v", len(list), err)
	}

	cross := upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())})
	o.do(t, cross, http.StatusForbidden, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
}

var hxGet = regexp.MustCompile(`hx-get="(/desk/filing/[^"]*/live[^"]*)"`)

func TestFromFileToReceipt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "三月处罚.csv", string(o.mixed())}), http.StatusSeeOther)
	at := w.Header().Get("Location")
	if o.woken != 1 {
		t.Error("the worker was not woken")
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != unitCode || !cookies[0].HttpOnly || cookies[0].Path != "/desk" {
		t.Errorf("the unit is not remembered: %v", cookies)
	}
	remembered := o.get(t, "/desk/filing", http.StatusOK, func(r *http.Request) { r.AddCookie(cookies[0]) })
	wantMarks(t, remembered, `<option value="`+unitCode+`" selected>`, `hx-get="/desk/filing/running?n=1"`, `<noscript><meta http-equiv="refresh"`)

	page := o.get(t, at, http.StatusOK)
	wantText(t, page, "排队等待处理", "可以关闭这个页面", "三月处罚.csv")
	wantMarks(t, page, `<noscript><meta http-equiv="refresh" content="2">`, `aria-live="polite"`, `hx-trigger="every 1s"`)
	live := hxGet.FindStringSubmatch(page)
	if live == nil {
		t.Fatal("the page does not ask for its progress")
	}
	wantMarks(t, o.get(t, live[1], http.StatusOK), `hx-trigger="every 1s"`)

	o.run(t)
	end := o.get(t, live[1], http.StatusOK)
	if strings.Contains(end, "every 1s") {
		t.Error("the page goes on asking when all is done")
	}
	const sum = "收到 12 行：新增 6，更新 0，重复 1，撤回 0，退回 5；其中迟报 1。"
	wantText(t, end, "处理完成。"+sum)
	wantMarks(t, end, `hx-swap-oob`)

	page = o.get(t, at, http.StatusOK)
	wantText(t, page, sum, "有退回", "经办人电话", "没有使用", "现行目录的列名", "第18位", "2103", "下载错误表（5 行）", "修改后重新报送", "UTF-8")
	wantMarks(t, page, `href="`+at+`/errors.xlsx"`, `href="/desk/filing?item=XZCF&amp;unit=`+unitCode, `data-copy="`+strings.TrimPrefix(at, "/desk/filing/")+`"`)
	if strings.Contains(page, "http-equiv=\"refresh\"") || strings.Contains(page, "every 1s") {
		t.Error("a finished receipt renews itself")
	}
	desk := o.get(t, "/desk/filing", http.StatusOK)
	wantText(t, desk, "退回 5 行，之后还没有再报送", "三月处罚.csv", "新增 6", "退回 5", "迟报 1")

	again := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "再报.csv", string(o.mixed())}), http.StatusSeeOther, byPlain).Header().Get("Location")
	o.run(t)
	wantText(t, o.get(t, again, http.StatusOK), "这份文件以前报送过", "查看那一次的回执", "重复 7")
}

func byPlain(*http.Request) {}

func TestRunningPart(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())}), http.StatusOK, byHTMX)
	if to := w.Header().Get("HX-Redirect"); !strings.HasPrefix(to, "/desk/filing/") {
		t.Errorf("htmx is not led on: %q", to)
	}
	part := o.get(t, "/desk/filing/running?n=1", http.StatusOK)
	wantMarks(t, part, `id="running"`, `every 1s`)
	if strings.Contains(part, "hx-swap-oob") {
		t.Error("the list comes along although nothing has ended")
	}
	o.run(t)
	part = o.get(t, "/desk/filing/running?n=1", http.StatusOK)
	wantMarks(t, part, `id="running"`, `id="recent" hx-swap-oob`, `id="say"`)
	wantText(t, part, "有一份报送已处理完成", "退回 5")
	if strings.Contains(part, "every 1s") {
		t.Error("the part goes on asking when nothing runs")
	}
}

func TestReceiptRows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/desk/filing/" + o.file(t, "XZCF", "a.csv", o.mixed())
	tests := []struct {
		query   string
		rows    []string // lines of the file that are listed
		missing []string
	}{
		{"", []string{"第 7 行", "第 8 行", "第 9 行", "第 10 行", "第 11 行", "第 12 行", "第 13 行"}, []string{"第 2 行", "第 3 行"}},
		{"?outcome=rejected", []string{"第 9 行", "第 13 行"}, []string{"第 7 行", "第 8 行"}},
		{"?outcome=duplicate", []string{"第 8 行"}, []string{"第 7 行", "第 9 行"}},
		{"?outcome=late", []string{"第 7 行", "迟报"}, []string{"第 8 行", "第 9 行"}},
		{"?reason=2103", []string{"第 9 行", "只看原因 2103"}, []string{"第 10 行", "第 7 行"}},
		{"?outcome=duplicate&reason=2103", []string{"没有符合条件的行"}, []string{"第 9 行"}},
		{"?after=11", []string{"第 13 行", "回到第一页"}, []string{"第 9 行"}},
		{"?outcome=%3Cscript%3E&reason=-1&after=x", []string{"第 9 行"}, nil},
	}
	for _, tt := range tests {
		page := o.get(t, at+tt.query, http.StatusOK)
		rows := page[strings.Index(page, `id="rows"`):strings.Index(page, `id="mapping"`)]
		wantText(t, rows, tt.rows...)
		for _, m := range tt.missing {
			if strings.Contains(text(rows), m+" ") {
				t.Errorf("%s lists %s:\n%s", tt.query, m, text(rows))
			}
		}
	}
	page := o.get(t, at, http.StatusOK)
	wantMarks(t, page, `href="`+at+`?outcome=rejected#rows"`, `href="/help/reasons#r2103"`, `href="`+at+`?reason=2103#rows"`)
	o.get(t, "/desk/filing/nothing", http.StatusNotFound)
	o.get(t, "/desk/filing/"+strings.Repeat("z", 26), http.StatusNotFound)
}

func TestFailedFile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tests := []struct {
		name, content string
		says          []string
	}{
		{"旧.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 4096), []string{"整份文件没有被接收", "怎样改", "重新报送", "下载空白模板"}},
		{"空表.csv", "行政相对人名称,统一社会信用代码,行政处罚决定书文号\n", []string{"整份文件没有被接收", "没有数据行"}},
		{"别的.csv", "甲,乙,丙\n1,2,3\n", []string{"整份文件没有被接收"}},
	}
	for _, tt := range tests {
		at := "/desk/filing/" + o.file(t, "XZCF", tt.name, []byte(tt.content))
		page := o.get(t, at, http.StatusOK)
		wantText(t, page, append(tt.says, tt.name)...)
		if strings.Contains(page, "errors.xlsx") || strings.Contains(text(page), "收到 0 行") {
			t.Errorf("%s: a receipt of nothing:\n%s", tt.name, text(page))
		}
		wantText(t, o.get(t, at+"/live", http.StatusOK), "整份文件没有被接收")
	}
	wantText(t, o.get(t, "/desk/filing", http.StatusOK), "整份退回")
}

// rename takes a table away, or gives it back.
func (o *office) rename(t *testing.T, from, to string) {
	t.Helper()
	err := o.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDeskLeavesEntries: each page of the queue, each row, each error workbook and each file is one entry, written before it is sent; without a log
// nothing is sent.
func TestDeskLeavesEntries(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.registered(t, 1, 2)
	at := "/desk/filing/" + o.file(t, "XZCF", "三月.csv", o.mixed())
	o.file(t, "XZCF", "无代码.csv", o.table("XZCF", byName, o.unlinked(1, nil), o.unlinked(2, nil)))
	row := entryLink(o.waiting(t, 2)[0].ID)
	const name = "临溪市示例食品1号有限公司"
	type look struct {
		path, what string
		who        int64
	}
	looks := []look{{"/desk/queue", "queue", 7}, {row, "queue", 7}, {row + "?subject=" + uscc(1), "queue", 7}, {at + "/errors.xlsx", "workbook", 6}, {at + "/file", "file", 6}}
	for _, l := range looks {
		before := len(o.looks(t))
		o.get(t, l.path, http.StatusOK)
		list := o.looks(t)
		if len(list) != before+1 || list[0].What != l.what || list[0].Who.ID != l.who || list[0].Who.Session != 77 || list[0].Basis == "" || list[0].Outcome != audit.Answered {
			t.Errorf("%s leaves %d entries, the last %+v", l.path, len(list)-before, list[0])
		}
	}
	before := len(o.looks(t))
	for _, path := range []string{"/desk/filing", at, "/desk/queue?state=refused", "/desk/queue?item=XZXK"} { // nothing of a row is on them
		o.get(t, path, http.StatusOK)
	}
	o.post(t, row+"/refuse", "note=x", http.StatusSeeOther)
	o.post(t, row+"/undo", "note=x", http.StatusSeeOther)
	if n := len(o.looks(t)); n != before {
		t.Errorf("%d entries of pages without a row", n-before)
	}
	o.rename(t, "access_log", "gone")
	for _, l := range looks {
		page := o.get(t, l.path, http.StatusInternalServerError)
		if strings.Contains(page, name) || strings.Contains(page, "PK") {
			t.Errorf("%s answers without an entry", l.path)
		}
	}
	o.rename(t, "gone", "access_log")
	if n := len(o.looks(t)); n != before {
		t.Errorf("%d entries of what was not answered", n-before)
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	content := o.mixed()
	at := "/desk/filing/" + o.file(t, "XZCF", "三月\"处罚\".csv", content)
	w := o.do(t, httptest.NewRequest(http.MethodGet, at+"/file", nil), http.StatusOK)
	if w.Body.String() != string(content) || w.Header().Get("Content-Type") != "application/octet-stream" || !strings.Contains(w.Header().Get("Content-Disposition"), "filename*=utf-8''") {
		t.Errorf("the file comes back as %d bytes, %v", w.Body.Len(), w.Header())
	}
	w = o.do(t, httptest.NewRequest(http.MethodGet, at+"/errors.xlsx", nil), http.StatusOK)
	if !strings.HasPrefix(w.Body.String(), "PK") || !strings.Contains(w.Header().Get("Content-Type"), "spreadsheetml") || !strings.Contains(w.Header().Get("Content-Disposition"), "xlsx") {
		t.Errorf("the error workbook comes as %d bytes, %v", w.Body.Len(), w.Header())
	}
	o.do(t, httptest.NewRequest(http.MethodGet, "/desk/filing/nothing/errors.xlsx", nil), http.StatusNotFound)
	to := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "b.csv", string(o.table("XZCF", byName, o.penalty(77, nil)))}), http.StatusSeeOther).Header().Get("Location")
	w = o.do(t, httptest.NewRequest(http.MethodGet, to+"/errors.xlsx", nil), http.StatusConflict)
	if w.Header().Get("Content-Disposition") != "" {
		t.Error("a page of refusal is offered as a file")
	}
	wantText(t, w.Body.String(), "还在处理")
}

// TestInjection files names and headers that try to be marks; none may reach a page as such.
func TestInjection(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *Deps) { d.RegionName = func(string) string { return evil } })
	if _, err := o.agencies.Add(context.Background(), unitCode, evil, "990100"); err != nil {
		t.Fatal(err)
	}
	rows := o.penalty(1, row{evil: evil, "CF_CFLB": evil, "CF_XDR_LB": evil, "CF_WSH": evil})
	at := "/desk/filing/" + o.file(t, "XZCF", evil+".csv", o.table("XZCF", byName, rows))
	old := o.unlinked(2, row{"CF_SY": evil, "CF_XDR_MC": "“' 引号公司"})
	o.file(t, "XZCF", "old.csv", o.table("XZCF", byName, old))
	pages := []string{"/desk/filing", at, at + "/live", "/desk/filing?unit=" + evilQuery + "&item=" + evilQuery, at + "?outcome=" + evilQuery, "/desk/queue", "/desk/queue?state=" + evilQuery}
	list, err := o.desk.Queue(context.Background(), ingest.Waiting, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("nothing waits")
	}
	for _, e := range list {
		pages = append(pages, entryLink(e.ID), entryLink(e.ID)+"?q="+evilQuery+"&subject="+evilQuery)
	}
	for _, path := range pages {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: unitCookie, Value: "script"})
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, mark := range []string{"<script>alert", "<img", "\" onfocus=", "javascript:"} {
			if strings.Contains(w.Body.String(), mark) {
				t.Errorf("%s lets %s through:\n%s", path, mark, w.Body)
			}
		}
	}
}

const (
	evil      = `"><script>alert(1)</script><img src=x onerror=alert(1)>" onfocus="alert(1)`
	evilQuery = `%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%3E%22%20onfocus=%22alert(1)`
)

// slowConn notes the deadlines that a handler sets.
type slowConn struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (s *slowConn) SetReadDeadline(t time.Time) error {
	s.read = append(s.read, t)
	return nil
}

func (s *slowConn) SetWriteDeadline(t time.Time) error {
	s.write = append(s.write, t)
	return nil
}

func TestUploadMovesItsDeadlines(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	w := &slowConn{ResponseRecorder: httptest.NewRecorder()}
	r := upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", string(o.mixed())})
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	before := time.Now()
	o.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || len(w.read) == 0 || len(w.write) == 0 {
		t.Fatalf("%d, %d and %d deadlines", w.Code, len(w.read), len(w.write))
	}
	if w.read[0].Before(before.Add(patience)) || !w.write[0].After(w.read[0]) {
		t.Errorf("read until %v, write until %v", w.read[0], w.write[0])
	}
}

func BenchmarkReceiptPage(b *testing.B) {
	o := newOffice(b)
	rows := make([]row, 2000)
	for n := range rows {
		rows[n] = o.penalty(n, row{"CF_XDR_SHXYM": uscc(n)[:17] + "0"})
	}
	at := "/desk/filing/" + o.file(b, "XZCF", "a.csv", o.table("XZCF", byName, rows...))
	for b.Loop() {
		o.get(b, at+"?reason=2103&after=1000", http.StatusOK)
	}
}

// slowSums is an intake whose sums over the rows take longer than a page waits.
type slowSums struct{ Intake }

func (slowSums) Summary(ctx context.Context, _ string) (*ingest.Summary, error) {
	return nil, fmt.Errorf("summary: %w", context.DeadlineExceeded)
}

func TestReceiptBeforeItsRowsAreSummedUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(d *Deps) { d.Intake = slowSums{d.Intake} })
	at := "/desk/filing/" + o.file(t, "XZCF", "a.csv", o.mixed())
	page := o.get(t, at, http.StatusOK)
	wantText(t, page, "收到 12 行", "正在按原因和结果整理各行", "下载错误表（5 行）")
	wantMarks(t, page, `every 1s`, `<noscript><meta http-equiv="refresh"`)
	if part := o.get(t, at+"/live?p=4", http.StatusOK); !strings.Contains(part, "every 1s") || strings.Contains(part, "处理完成。") {
		t.Errorf("the page stops asking:\n%s", part)
	}
}

// sink is an intake that reads files and keeps nothing; few is a list of one agency.
type sink struct{ Intake }

func (sink) Submit(_ context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	if req.Unit != unitCode {
		return nil, agency.ErrUnknown
	}
	return &ingest.Submission{ID: "x"}, nil
}

func (sink) Recent(context.Context, agency.ID, int) ([]*ingest.Submission, error) { return nil, nil }

type few struct{ Agencies }

func (few) List(context.Context) ([]agency.Agency, error) {
	return []agency.Agency{{ID: 1, Code: unitCode, Name: "甲", Active: true}}, nil
}

func (few) ByCode(_ context.Context, code string) (agency.Agency, error) {
	if code != unitCode {
		return agency.Agency{}, agency.ErrUnknown
	}
	return agency.Agency{ID: 1, Code: unitCode, Name: "甲", Active: true}, nil
}

type (
	anyQueue = Queue
	noQueue  struct{ anyQueue }
)

func (noQueue) QueueOf(context.Context, ingest.QueueState, ingest.QueueFilter, int64, int) ([]ingest.QueueEntry, error) {
	return nil, nil
}

func (noQueue) QueueCountsOf(context.Context, ingest.QueueFilter) (map[ingest.QueueState]int, error) {
	return nil, nil
}

// FuzzUpload sends anything as the body of a form.
func FuzzUpload(f *testing.F) {
	o := newOffice(f, func(d *Deps) { d.Intake, d.Agencies, d.Queue = sink{}, few{}, noQueue{} })
	o.clerk.Grants[0].Agency = 1 // the only one of few
	whole := upload(part{"unit", "", unitCode}, part{"item", "", "XZCF"}, part{"file", "a.csv", "甲,乙\n1,2\n"})
	raw, err := io.ReadAll(whole.Body)
	if err != nil {
		f.Fatal(err)
	}
	kind := whole.Header.Get("Content-Type")
	f.Add(raw, kind)
	f.Add(raw[:len(raw)/2], kind)
	f.Add(raw, "multipart/form-data; boundary=x")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"unit\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../a\"\r\n\r\n1\r\n--x--"), "multipart/form-data; boundary=x")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=\r\n--x--"), "multipart/form-data; boundary=x")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		r := httptest.NewRequest(http.MethodPost, "/desk/filing", bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code == http.StatusOK {
			t.Errorf("%d for %q as %q", w.Code, body, kind)
		}
	})
}
