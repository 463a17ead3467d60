package portal

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"rsc.io/qr"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
)

func TestCSVDownload(t *testing.T) {
	t.Parallel()
	f := newFake(3)
	f.exportOf = 1201
	w := get(newHandler(t, f), "/open-data/XZCF.csv?agency=A&region=990102&kind=罚款&from=2026-01-01&to=2026-06-30")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Content-Length") != "" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="XZCF-20261122.csv"` {
		t.Errorf("Content-Disposition %q", got)
	}
	body, ok := bytes.CutPrefix(w.Body.Bytes(), []byte("\xef\xbb\xbf"))
	if !ok {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+1201 {
		t.Errorf("%d rows", len(rows))
	}
	head := rows[0]
	cell := func(row []string, name string) string {
		i := slices.Index(head, name)
		if i < 0 {
			t.Fatalf("no column %q in %q", name, head)
		}
		return row[i]
	}
	last := rows[1201]
	got := []string{cell(last, "记录编号"), cell(last, "主体代码"), cell(last, "行政处罚决定书文号"), cell(last, "公示截止日期"), cell(last, "版本"), cell(last, "入库时间")}
	want := []string{"r1200", subjectCode, "临市监处罚〔2026〕102号", "2027-07-27", "2", "2026-11-19T22:30:00+08:00"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	item, _ := testCatalog(t).Current(20261122).Item("XZCF")
	for i := range item.Fields {
		if field := &item.Fields[i]; slices.Contains(head, field.Name) != openField(item, field) {
			t.Errorf("%s %s: open %v, in the file %v", field.Code, field.Name, openField(item, field), !openField(item, field))
		}
	}
	if want := "Export XZCF {Agency:A Region:990102 Category:罚款 From:2026-01-01 To:2026-06-30}"; !strings.Contains(f.called(), want) {
		t.Errorf("the source was asked %q, want %q", f.called(), want)
	}
}

func TestEmptyDownloadHasItsHeader(t *testing.T) {
	t.Parallel()
	f := newFake(3)
	f.exportOf = 0
	h := newHandler(t, f)
	if body := get(h, "/open-data/XZXK.csv").Body.String(); !strings.HasPrefix(body, byteOrderMark+"记录编号,") || strings.Count(body, "\n") != 1 {
		t.Errorf("csv: %q", body)
	}
	if w := get(h, "/open-data/XZXK.ndjson"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("ndjson: %d %q", w.Code, w.Body)
	}
}

func TestNDJSONDownload(t *testing.T) {
	t.Parallel()
	f := newFake(3)
	f.poison = "=<&>"
	w := get(newHandler(t, f), "/open-data/XZXK.ndjson")
	lines := 0
	for s := bufio.NewScanner(w.Body); s.Scan(); lines++ {
		var o openRecord
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("r%d=<&>", lines); o.ID != want || o.Body["XK_WSH=<&>"] == "" || o.PublicUntil != 20310902 {
			t.Errorf("line %d: %+v", lines, o)
		}
	}
	if lines != 3 {
		t.Errorf("%d lines", lines)
	}
}

// TestBrokenDownload asks that a reader cannot take a part for the whole.
func TestBrokenDownload(t *testing.T) {
	t.Parallel()
	f := newFake(3)
	f.exportOf = -2000
	srv := httptest.NewServer(newHandler(t, f))
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/open-data/XZXK.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil {
		t.Errorf("%d bytes came as if they were all", len(b))
	}
	early := newFake(3)
	early.exportOf = -1 // fails before anything has left: a proper page
	other := httptest.NewServer(newHandler(t, early))
	defer other.Close()
	resp, err = http.Get(other.URL + "/open-data/XZXK.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ = io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusInternalServerError || !bytes.Contains(b, []byte("系统内部错误")) || bytes.Contains(b, []byte("database went away")) {
		t.Errorf("%d: %.200s", resp.StatusCode, b)
	}
	if got := resp.Header.Get("Content-Disposition"); got != "" {
		t.Errorf("the error page is offered as a file: %q", got)
	}
}

func TestDownloadsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFake(3)
	f.wait = make(chan struct{})
	h := newHandler(t, f) // one at a time
	done := make(chan int)
	go func() { done <- get(h, "/open-data/XZXK.csv").Code }()
	<-f.wait
	if w := get(h, "/open-data/XZXK.csv"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "同时下载的人太多") {
		t.Errorf("the second download got %d", w.Code)
	}
	f.wait <- struct{}{}
	if code := <-done; code != http.StatusOK {
		t.Errorf("the first download got %d", code)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	h := newHandler(t, newFake(1))
	store := testCatalog(t)
	for _, item := range store.Current(20261122).Items {
		var names []string
		for i := range item.Fields {
			names = append(names, item.Fields[i].Name)
		}
		w := get(h, "/catalog/"+string(item.Code)+"/template.csv")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.Body.String(), byteOrderMark))).ReadAll()
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", item.Code, len(rows), err)
			continue
		}
		if d := cmp.Diff(names, rows[0]); d != "" {
			t.Errorf("%s: %s", item.Code, d)
		}
		testWorkbook(t, item, names, get(h, "/catalog/"+string(item.Code)+"/template.xlsx").Body.Bytes())
	}
}

func testWorkbook(t *testing.T, item *catalog.Item, names []string, data []byte) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", item.Code, err)
		return
	}
	defer func() { _ = f.Close() }()
	sheet := f.GetSheetName(0)
	rows, err := f.GetRows(sheet)
	if err != nil || len(rows) != 1 {
		t.Errorf("%s: %d rows on the first sheet, %v", item.Code, len(rows), err)
		return
	}
	if d := cmp.Diff(names, rows[0]); d != "" {
		t.Errorf("%s: %s", item.Code, d)
	}
	notes, err := f.GetComments(sheet)
	if err != nil || len(notes) != len(item.Fields) || !strings.Contains(notes[0].Paragraph[0].Text, item.Fields[0].Code) {
		t.Errorf("%s: %d notes, %+v, %v", item.Code, len(notes), notes[0], err)
	}
	id, err := f.GetCellStyle(sheet, "C2")
	if err != nil {
		t.Error(err)
	}
	style, err := f.GetStyle(id)
	if err != nil || style.NumFmt != 49 {
		t.Errorf("%s: cells are not text: %+v, %v", item.Code, style, err)
	}
	if f.SheetCount != 2 {
		t.Errorf("%s: %d sheets", item.Code, f.SheetCount)
	}
}

// TestQR reads the drawn modules back and compares them with the code.
func TestQR(t *testing.T) {
	t.Parallel()
	w := get(newHandler(t, newFake(1)), "/s/"+subjectCode+"/qr.svg")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	svg := w.Body.String()
	path := svg[strings.LastIndex(svg, `d="`)+3 : strings.LastIndex(svg, `"/>`)]
	code, err := qr.Encode("https://credit.example/s/"+subjectCode, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]int]bool{}
	for run := range strings.SplitSeq(strings.TrimPrefix(path, "M"), "M") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "%d %dh%dv1h-%dz", &x, &y, &n, &back); err != nil || n != back {
			t.Fatalf("run %q: %v", run, err)
		}
		for i := range n {
			drawn[[2]int{x + i - quiet, y - quiet}] = true
		}
	}
	for y := range code.Size {
		for x := range code.Size {
			if drawn[[2]int{x, y}] != code.Black(x, y) {
				t.Fatalf("module %d,%d", x, y)
			}
		}
	}
	if w := get(newHandler(t, newFake(1)), "/s/none/qr.svg"); w.Code != http.StatusNotFound {
		t.Errorf("a code for nothing: %d", w.Code)
	}
}

func BenchmarkCSV(b *testing.B) {
	item, _ := testCatalog(b).Current(20261122).Item(itemLicence)
	v := newFake(1).records[subjectCode][0]
	enc := newCSV(newStream(discard{}), item)
	b.ReportAllocs()
	for b.Loop() {
		if err := enc.record(&v); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a connection that takes everything.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

var (
	_ Source = (*fake)(nil)
	_ Source = (*publish.Service)(nil)
)
