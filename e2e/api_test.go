package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
	"gongxin/internal/sheet"
)

// example is the catalogue's example of a penalty, decided a month ago, with changes.
func example(changes map[string]string) map[string]string {
	item, _ := catalog.Default().Item("XZCF")
	today := clock.Today(clock.System{})
	row := map[string]string{"操作标识": "", "科室": ""}
	for code, value := range item.Example {
		row[code] = value
	}
	row["CF_JDRQ"], row["CF_YXQ"] = today.AddDays(-30).String(), today.AddYears(1).String()
	for code, value := range changes {
		row[code] = value
	}
	return row
}

// TestWalkOverHTTP files, searches and reads through the interface alone, with the names that design gives to other systems.
func TestWalkOverHTTP(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, database string) {
		t.Parallel()
		in := newInstall(t, database)
		s := serve(t, in, "demo", "--subjects", "40", "--records", "160", "--messy", "0.1")
		in.must(t, "agency", "add", "--code", ownUnit, "--name", "临溪市市场监督管理局")
		t.Run("catalogue", func(t *testing.T) { walkCatalogue(t, s) })
		t.Run("filing", func(t *testing.T) { walkFiling(t, s) })
		t.Run("reading", func(t *testing.T) { walkReading(t, s) })
		t.Run("refusals", func(t *testing.T) { walkRefusals(t, s) })
		if said := s.messages(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
			t.Errorf("the server complains:\n%s", said)
		}
	})
}

type object = map[string]any

func walkCatalogue(t *testing.T, s *server) {
	var list struct {
		Items []struct{ Code, Name, Class string }
	}
	s.getJSON(t, "/api/v1/catalog/items", &list)
	var codes []string
	for _, item := range list.Items {
		codes = append(codes, item.Code)
	}
	slices.Sort(codes)
	want := strings.Fields("DJJC HTLY JYYC RYXX SFPJ SXBZXR XYCN XYPJ XZBC XZCF XZCJ XZJC XZJF XZJL XZQR XZQZ XZXK XZZS YZSX ZSCQ ZYZG ZZSB")
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("items (-want +have): %s", diff)
	}
	var item object
	s.getJSON(t, "/api/v1/catalog/items/XZCF", &item)
	for _, name := range []string{"code", "name", "class", "basis", "providers", "naturalKey", "fields", "clock"} {
		if item[name] == nil {
			t.Errorf("an item has no %s", name)
		}
	}
	var document object
	s.getJSON(t, "/api/openapi.json", &document)
	if v, _ := document["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		t.Errorf("OpenAPI %q, want 3.1", v)
	}
	if b := s.get(t, "/healthz", http.StatusOK).body; string(b) != "ok\n" {
		t.Errorf("healthz says %q", b)
	}
}

func walkFiling(t *testing.T, s *server) {
	item, _ := catalog.Default().Item("XZCF")
	content := encodeRows(t, item, "a.csv", []map[string]string{
		example(nil),
		example(map[string]string{"CF_WSH": "二号", "CF_XDR_SHXYM": "91990102MA0A00014X"}),
		example(map[string]string{"CF_WSH": "三号", "CF_CFCX": "简易程序", "CF_YZCD": "", "CF_CFLB": "警告", "CF_NR": "警告", "CF_NR_FK": "", "CF_NR_WFFF": ""}),
		example(map[string]string{"CF_WSH": "四号", "CF_XDR_MC": "张测试", "CF_XDR_LB": "自然人", "CF_XDR_SHXYM": "", "CF_FRDB": "", "CF_XDR_ZJLX": "身份证", "CF_XDR_ZJHM": citizenNumber(7)}),
	})
	a, err := s.upload(t, "XZCF", ownUnit, "处罚.csv", "walk", content)
	if err != nil {
		t.Fatal(err)
	}
	if !a.taken() || !strings.HasPrefix(a.header.Get("Location"), "/api/v1/submissions/") {
		t.Fatalf("status %d, Location %q\n%s", a.status, a.header.Get("Location"), a.body)
	}
	r := s.finished(t, strings.TrimPrefix(a.header.Get("Location"), "/api/v1/submissions/"))
	if want := (ingest.Counts{Accepted: 3, Rejected: 1, Late: 3}); r.Counts != want || r.Received != 4 {
		t.Errorf("counts %+v of %d, want %+v", r.Counts, r.Received, want)
	}

	// The same key and file is the same filing; the key with another file is a conflict.
	again, err := s.upload(t, "XZCF", ownUnit, "处罚.csv", "walk", content)
	if err != nil || again.status != http.StatusOK || again.header.Get("Location") != a.header.Get("Location") {
		t.Errorf("the same key: status %d, %v, Location %q", again.status, err, again.header.Get("Location"))
	}
	other, err := s.upload(t, "XZCF", ownUnit, "处罚.csv", "walk", append(bytes.Clone(content), '\n'))
	if err != nil || other.status != http.StatusConflict {
		t.Errorf("the key of another file: status %d, %v", other.status, err)
	}

	// The error workbook, mended, goes in as it is.
	mended := mendErrors(t, s.get(t, "/api/v1/submissions/"+r.ID+"/errors.xlsx", http.StatusOK).body, "CF_XDR_SHXYM", businessCode(3))
	a, err = s.upload(t, "XZCF", ownUnit, "处罚-改.xlsx", "", mended)
	if err != nil || !a.taken() {
		t.Fatalf("status %d, %v\n%s", a.status, err, a.body)
	}
	if r := s.finished(t, strings.TrimPrefix(a.header.Get("Location"), "/api/v1/submissions/")); r.Accepted != 1 || r.Received != 1 {
		t.Errorf("mended: %+v %+v", r.Counts, r.Rows)
	}
}

// mendErrors checks that the only refused row is marked at one cell, and puts another value there.
func mendErrors(t *testing.T, book []byte, column, value string) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	page := f.GetSheetName(0)
	lines, err := f.GetRows(page)
	if err != nil {
		t.Fatal(err)
	}
	head := slices.IndexFunc(lines, func(line []string) bool { return slices.Contains(line, sheet.ErrorColumn) })
	if head < 0 || len(lines) != head+2 {
		t.Fatalf("the error workbook has %d lines, header at %d", len(lines), head)
	}
	cell, err := excelize.CoordinatesToCellName(slices.Index(lines[head], column)+1, head+2)
	if err != nil {
		t.Fatal(err)
	}
	comments, err := f.GetComments(page)
	if err != nil || len(comments) != 1 || comments[0].Cell != cell {
		t.Fatalf("comments %+v (%v), want one at %s", comments, err, cell)
	}
	if err := f.SetCellStr(page, cell, value); err != nil {
		t.Fatal(err)
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func walkReading(t *testing.T, s *server) {
	firm := "91990102MA0A00014H"
	// The name index of a server takes in what was filed within a second.
	var found struct{ Items []object }
	await(t, 20e9, "the firm in the search", func() bool {
		s.getJSON(t, "/api/v1/subjects?q="+url.QueryEscape("示例食品"), &found)
		return len(found.Items) > 0
	})
	for _, name := range []string{"code", "name", "kind", "region", "status"} {
		if found.Items[0][name] == nil {
			t.Errorf("a subject has no %s: %v", name, found.Items[0])
		}
	}
	for _, q := range []string{firm, "lxsslsp", "示例 食品", "市示例食品有"} {
		s.getJSON(t, "/api/v1/subjects?q="+url.QueryEscape(q), &found)
		if len(found.Items) == 0 || found.Items[0]["code"] != firm {
			t.Errorf("%q does not find the firm first: %v", q, found.Items)
		}
	}
	for _, q := range []string{"张测试", citizenNumber(7)} {
		s.getJSON(t, "/api/v1/subjects?q="+url.QueryEscape(q), &found)
		for _, hit := range found.Items {
			if strings.Contains(hit["name"].(string), "张测试") {
				t.Errorf("a person was found by %q", q)
			}
		}
	}
	s.get(t, "/api/v1/subjects/"+citizenNumber(7), http.StatusNotFound)

	var page struct {
		Items []object
		Next  string
	}
	var subject object
	s.getJSON(t, "/api/v1/subjects/"+firm, &subject)
	if subject["code"] != firm || subject["name"] != "临溪市示例食品有限公司" {
		t.Errorf("subject %v", subject)
	}
	s.getJSON(t, "/api/v1/subjects/"+firm+"/records?item=XZCF", &page)
	var numbers []string
	for _, record := range page.Items {
		for _, name := range []string{"id", "item", "class", "status", "body", "decidedOn", "publicUntil", "source", "version", "recordedAt"} {
			if _, ok := record[name]; !ok {
				t.Errorf("a record has no %s", name)
			}
		}
		body := record["body"].(object)
		numbers = append(numbers, body["CF_WSH"].(string))
		var alone object
		s.getJSON(t, "/api/v1/records/"+record["id"].(string), &alone)
		if alone["id"] != record["id"] {
			t.Errorf("record %v answers as %v", record["id"], alone["id"])
		}
	}
	if diff := cmp.Diff([]string{"临市监罚〔2025〕1号"}, numbers); diff != "" {
		t.Errorf("public penalties of the firm; simple procedures and persons' records are none (-want +have): %s", diff)
	}
	// The day before it was filed nothing was known.
	yesterday := clock.Today(clock.System{}).AddDays(-1).String()
	s.getJSON(t, "/api/v1/subjects/"+firm+"/records?item=XZCF&asOf="+yesterday, &page)
	if len(page.Items) != 0 {
		t.Errorf("as of %s: %v", yesterday, page.Items)
	}
	walkPages(t, s)
	if b := s.get(t, "/open-data/XZXK.ndjson", http.StatusOK).body; !json.Valid(bytes.SplitN(b, []byte("\n"), 2)[0]) {
		t.Errorf("open data is no NDJSON: %.200s", b)
	}
}

// walkPages reads a column in small pages: together they are the whole, in order, nothing twice.
func walkPages(t *testing.T, s *server) {
	type line struct{ ID, DecidedOn string }
	read := func(limit string) (all []line) {
		for cursor := ""; ; {
			var page struct {
				Items []line
				Next  string
			}
			s.getJSON(t, "/api/v1/records?item=XZXK&limit="+limit+"&cursor="+url.QueryEscape(cursor), &page)
			all = append(all, page.Items...)
			if cursor = page.Next; cursor == "" {
				return all
			}
		}
	}
	whole, parts := read("100"), read("7")
	if diff := cmp.Diff(whole, parts); diff != "" || len(whole) < 10 {
		t.Errorf("%d rows in large pages, %d in small ones: %s", len(whole), len(parts), diff)
	}
	if !slices.IsSortedFunc(whole, func(a, b line) int { return strings.Compare(b.DecidedOn, a.DecidedOn) }) {
		t.Error("the column is not in the order of its days")
	}
}

func walkRefusals(t *testing.T, s *server) {
	for path, status := range map[string]int{
		"/api/v1/nothing": 404, "/api/v1/subjects": 400, "/api/v1/subjects/91990102MA0A00014X": 404, "/api/v1/catalog/items/NONE": 404,
		"/api/v1/records?item=NONE": 404, "/api/v1/records/xyz": 404, "/api/v1/submissions/none": 404, "/api/v1/records?item=XZCF&cursor=%00": 400,
		"/api/v1/subjects/91990102MA0A00014H?asOf=2999-01-01": 400, "/api/v1/subjects?q=x&limit=no": 400,
	} {
		a := s.get(t, path, status)
		var problem struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal(a.body, &problem); err != nil || problem.Status != status || problem.Title == "" || problem.Detail == "" {
			t.Errorf("GET %s answers %s (%v)", path, a.body, err)
		}
		if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("GET %s answers %s", path, kind)
		}
	}
	for name, up := range map[string]struct {
		item, unit, content string
		status              int
	}{
		"an unknown item": {"XZZZ", ownUnit, "a,b\n1,2\n", 404},
		"an unknown unit": {"XZCF", businessCode(99), "a,b\n1,2\n", 404},
		"no unit":         {"XZCF", "", "a,b\n1,2\n", 400},
	} {
		a, err := s.upload(t, up.item, up.unit, "a.csv", "", []byte(up.content))
		if err != nil || a.status != up.status {
			t.Errorf("%s: status %d (%v), want %d\n%s", name, a.status, err, up.status, a.body)
		}
	}
	// A file that is no table is acknowledged as received, and its receipt says what is wrong with it.
	a, err := s.upload(t, "XZCF", ownUnit, "scan.pdf", "", []byte("%PDF-1.7\n"))
	if err != nil || !a.taken() {
		t.Fatalf("status %d (%v)\n%s", a.status, err, a.body)
	}
	if r := s.finished(t, strings.TrimPrefix(a.header.Get("Location"), "/api/v1/submissions/")); r.State != ingest.Failed || r.Failure == nil || r.Failure.Fix == "" {
		t.Errorf("a PDF ends as %+v", r)
	}
}

// TestFilingNeedsAnAccount: without a key nothing is taken in and no receipt is shown; pages lead to the sign-in. With a key, a clerk files for the
// own unit and for no other.
func TestFilingNeedsAnAccount(t *testing.T) {
	t.Parallel()
	in := newInstall(t, "")
	in.must(t, "migrate")
	in.must(t, "agency", "add", "--code", ownUnit, "--name", "临溪市市场监督管理局")
	s := serve(t, in, "serve")
	call := func(method, path, key string, body string) answered {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answered{res.StatusCode, res.Header, raw}
	}
	row := `{"CF_WSH":"一号"}`
	create := "/api/v1/submissions?item=XZCF&unit="
	if a := call("POST", create+ownUnit, "", row); a.status != http.StatusUnauthorized {
		t.Errorf("POST without a key: status %d", a.status)
	}
	for _, path := range []string{"/api/v1/submissions", "/api/v1/submissions/x"} {
		if a := call("GET", path, "", ""); a.status != http.StatusUnauthorized {
			t.Errorf("GET %s without a key: status %d", path, a.status)
		}
	}
	for _, path := range []string{"/desk/filing", "/desk/queue", "/me", "/account", "/desk/audit/access", "/desk/people"} {
		if a := call("GET", path, "", ""); a.status/100 != 3 && a.status != http.StatusUnauthorized {
			t.Errorf("GET %s without a session: status %d", path, a.status)
		}
	}
	s.get(t, "/", http.StatusOK)
	s.get(t, "/api/v1/catalog/items", http.StatusOK)
	if n := in.look(t, `SELECT count(*) FROM submission`)[0]; n != "0" {
		t.Errorf("%s filings", n)
	}
	const otherUnit = "11990100001000029N"
	in.must(t, "agency", "add", "--code", otherUnit, "--name", "临溪市另一个局")
	key := in.fileFor(t, ownUnit)
	if a := call("POST", create+otherUnit, key, row); a.status != http.StatusForbidden {
		t.Errorf("POST for another unit: status %d\n%s", a.status, a.body)
	}
	if a := call("POST", create+ownUnit, key, row); !a.taken() {
		t.Errorf("POST for the own unit: status %d\n%s", a.status, a.body)
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.messages())
	}
}
