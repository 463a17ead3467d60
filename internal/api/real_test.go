package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// city is the interface over the real register, with a worker, on a connection.
type city struct {
	url     string
	client  *http.Client
	publish *publish.Service
	names   *publish.Names
	clock   *clock.Manual
	db      *db.DB
	log     *audit.Log
}

func newCity(t *testing.T, d *db.DB) *city {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := clock.NewManual(noon)
	ids, divisions := id.NewMaker(at.Now), ident.DefaultDivisions()
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	must(d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return catalog.Save(ctx, tx, catalog.Default(), "test", noon)
	}))
	rules, err := publish.DefaultRules()
	must(err)
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.toml"))
	must(err)
	blobs, err := blob.Open(t.TempDir(), ring)
	must(err)
	agencies, subjects, records := agency.NewStore(d, ids, at, divisions), subject.NewStore(d, ids, ring), record.NewStore(d, ids)
	_, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(err)
	c := &city{names: publish.NewNames(subjects, at, nil), clock: at, db: d, log: audit.New(audit.Config{DB: d, IDs: ids, Clock: at})}
	c.publish = publish.NewService(publish.Config{
		Records: records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions,
		Clock: at, Names: c.names, Figures: publish.NewFigures(d),
	})
	intake := ingest.NewService(ingest.Config{
		DB: d, Blobs: blobs, Subjects: subjects, Records: records, Agencies: agencies, Editions: editions, Rules: rules,
		Calendar: clock.DefaultCalendar(), Ring: ring, Clock: at, IDs: ids, Access: c.log, Owner: ingest.Owner(id.Random()), MaxBytes: 1 << 20,
	})
	desk := ingest.NewDesk(intake)
	wake := make(chan struct{}, 1)
	api, err := New(Deps{
		Version: "test", Reader: c.publish, Filer: desk, Agencies: agencies, Catalogue: editions, Clock: at, Actors: oneKey{}, MaxBytes: 1 << 20,
		Queue: desk, Subjects: subjects,
		Wake: func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		},
	})
	must(err)
	server := httptest.NewServer(keyed(api))
	c.url, c.client = server.URL+prefix, server.Client()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = intake.Work(work, wake, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() {
		server.Close()
		stop()
		wg.Wait()
	})
	return c
}

func (c *city) do(t *testing.T, method, target string, body io.Reader, h http.Header) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+target, body)
	if err != nil {
		t.Fatal(err)
	}
	if h != nil {
		r.Header = h
	}
	res, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, raw}
}

func (c *city) get(t *testing.T, target string) answer { return c.do(t, "GET", target, nil, nil) }

// receipt is what a script reads.
type receipt struct {
	ID, State, Item, Unit                                      string
	Received, Accepted, Updated, Duplicate, Rejected, Warnings int
	Progress                                                   float64
	Mapping                                                    struct{ Format string }
	Failure                                                    *struct{ Code string }
	Rows                                                       []struct {
		Row, Line int
		Outcome   string
		Reasons   []struct {
			Field, Message, Fix string
			Code                int
		}
	}
}

// example gives a row of an item that passes, with changes.
func example(t *testing.T, code catalog.ItemCode, change map[string]string) string {
	t.Helper()
	item, ok := catalog.Default().Item(code)
	if !ok {
		t.Fatal(code)
	}
	row := maps.Clone(item.Example)
	maps.Copy(row, change)
	raw, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// file files lines and waits for the receipt.
func (c *city) file(t *testing.T, item string, lines ...string) receipt {
	t.Helper()
	c.clock.Advance(time.Second) // filings have an order
	res := c.do(t, "POST", "/submissions?wait=30&item="+item+"&unit="+unitCode, strings.NewReader(strings.Join(lines, "\n")), header("application/x-ndjson"))
	if res.status != http.StatusOK {
		t.Fatalf("%d %s", res.status, res.body)
	}
	return decode[receipt](t, res)
}

var recent = map[string]string{"CF_JDRQ": "2026-03-18", "CF_YXQ": "2026-12-31"}

// A script files a registration and a penalty, a broken line among them, reads the receipt and finds the record on the public side.
func TestJourney(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCity(t, d)
		if r := c.file(t, "DJJC", example(t, "DJJC", nil)); r.Accepted != 1 || r.State != "done" || r.Progress != 1 {
			t.Fatalf("registration: %+v", r)
		}
		r := c.file(t, "XZCF", example(t, "XZCF", recent), "{broken", example(t, "XZCF", map[string]string{"CF_WSH": "临市监罚〔2025〕2号", "CF_XDR_SHXYM": "91990102MA0A00014X"}))
		if r.Received != 3 || r.Accepted != 1 || r.Rejected != 2 || r.Item != "XZCF" || r.Unit != unitCode || r.Mapping.Format == "" || len(r.Rows) != 2 {
			t.Fatalf("penalties: %+v", r)
		}
		for _, row := range r.Rows {
			if row.Outcome != "rejected" || len(row.Reasons) == 0 || row.Reasons[0].Code == 0 || row.Reasons[0].Message == "" || row.Reasons[0].Fix == "" {
				t.Errorf("row %+v", row)
			}
		}
		c.checkFiling(t, r.ID)
		c.checkPublic(t)
		c.checkAsOf(t)
	})
}

// checkFiling asks for everything that belongs to a filing.
func (c *city) checkFiling(t *testing.T, id string) {
	t.Helper()
	if all := decode[receipt](t, c.get(t, "/submissions/"+id+"?all=true")); len(all.Rows) != 3 || all.Rows[0].Outcome != "accepted" {
		t.Errorf("all rows: %+v", all)
	}
	if second := decode[receipt](t, c.get(t, "/submissions/"+id+"?after=2&limit=1")); len(second.Rows) != 1 || second.Rows[0].Row != 3 {
		t.Errorf("rows behind the second: %+v", second.Rows)
	}
	res := c.get(t, "/submissions/"+id+"/errors.xlsx")
	book, err := excelize.OpenReader(bytes.NewReader(res.body))
	if err != nil {
		t.Fatalf("%d %v", res.status, err)
	}
	rows, err := book.GetRows(book.GetSheetName(0))
	if err != nil || len(rows) < 3 {
		t.Errorf("error workbook: %v, %v", rows, err)
	}
	if res := c.get(t, "/submissions/"+id+"/file"); !strings.Contains(string(res.body), "{broken") {
		t.Errorf("file: %d %.100s", res.status, res.body)
	}
	list := decode[struct{ Items []receipt }](t, c.get(t, "/submissions?limit=1"))
	if len(list.Items) != 1 || list.Items[0].ID != id || list.Items[0].Received != 3 {
		t.Errorf("recent: %+v", list)
	}
}

// publicRecord is what a script reads of a record.
type publicRecord struct {
	ID, Item, Class, Status, DecidedOn string
	PublicUntil                        *string
	Body                               map[string]string
	Source                             struct{ Code string }
	Version                            int
	RecordedAt                         string
	Subject                            struct{ Code string }
	Versions                           []struct{ Version int }
}

// checkPublic looks for the record on every public call.
func (c *city) checkPublic(t *testing.T) {
	t.Helper()
	if res := c.get(t, "/subjects?q=aa"); res.status != 503 || res.header.Get("Retry-After") == "" {
		t.Errorf("search before the index: %d", res.status)
	}
	if _, err := c.names.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := decode[struct {
		Items []struct{ Code, Name, Kind, Region, Status string }
		Total int
	}](t, c.get(t, "/subjects?q=%E7%A4%BA%E4%BE%8B%E9%A3%9F%E5%93%81"))
	if found.Total != 1 || found.Items[0].Code != codeA || found.Items[0].Kind != "legal_entity" || found.Items[0].Status != "active" {
		t.Errorf("search: %+v", found)
	}
	subject := decode[struct {
		Name     string
		Chapters []struct{ Count int }
	}](t, c.get(t, "/subjects/"+codeA))
	if len(subject.Chapters) != 9 || subject.Chapters[1].Count != 1 {
		t.Errorf("subject: %+v", subject)
	}
	list := decode[struct{ Items []publicRecord }](t, c.get(t, "/subjects/"+codeA+"/records?item=XZCF"))
	if len(list.Items) != 1 {
		t.Fatalf("records: %+v", list)
	}
	r := list.Items[0]
	if r.Class != "A" || r.Status != "active" || r.DecidedOn != "2026-03-18" || r.PublicUntil == nil || r.Body["CF_WSH"] == "" || r.Source.Code != unitCode || r.Version != 1 || r.RecordedAt == "" {
		t.Errorf("record: %+v", r)
	}
	one := decode[publicRecord](t, c.get(t, "/records/"+r.ID))
	if one.ID != r.ID || one.Subject.Code != codeA || len(one.Versions) != 1 {
		t.Errorf("one record: %+v", one)
	}
	column := decode[struct{ Items []publicRecord }](t, c.get(t, "/records?item=XZCF&region=990102&from=2026-03-18&to=2026-03-18&agency="+unitCode))
	one.Versions = nil
	if diff := cmp.Diff([]publicRecord{one}, column.Items); diff != "" {
		t.Errorf("column (-single record +column):\n%s", diff)
	}
	facets := decode[publish.Facets](t, c.get(t, "/columns/XZCF/facets"))
	if len(facets.Agencies) != 1 || facets.Agencies[0].Code != unitCode || len(facets.Categories) != 2 {
		t.Errorf("facets: %+v", facets)
	}
	if _, err := c.publish.CountStats(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stats := decode[struct{ Records, Subjects int }](t, c.get(t, "/stats")); stats.Subjects != 1 || stats.Records < 1 {
		t.Errorf("figures: %+v", stats)
	}
}

// checkAsOf asks about days on which nothing was known, and about what does not exist.
func (c *city) checkAsOf(t *testing.T) {
	t.Helper()
	for target, want := range map[string]string{
		"/subjects/" + codeA + "?asOf=2026-03-19":        "publish.no_subject",
		"/subjects/" + codeA + "?asOf=2026-03-21":        "publish.as_of",
		"/subjects/91990102MA0000015T":                   "publish.no_subject",
		"/subjects/" + codeA + "/records?cursor=x":       "publish.cursor",
		"/subjects/" + codeA + "/records?item=NONE":      "publish.no_item",
		"/records/0123456789abcdefghjkmnpqrs":            "publish.no_record",
		"/records?item=XZCF&cursor=x":                    "publish.cursor",
		"/records?item=NONE":                             "publish.no_item",
		"/records?item=XZCF&agency=11990100MB0000019L":   "api.agency",
		"/records?item=XZCF&agency=1":                    "api.agency",
		"/records?item=XZCF&category=x":                  "publish.no_category",
		"/columns/NONE/facets":                           "publish.no_item",
		"/submissions/none":                              "ingest.not_found",
		"/submissions/none/errors.xlsx":                  "ingest.not_found",
		"/subjects?q=%E7%A4%BA%E4%BE%8B&cursor=nonsense": "publish.cursor",
	} {
		if code := c.get(t, target).problem(t).Code; code != want {
			t.Errorf("%s: %s, want %s", target, code, want)
		}
	}
	if res := c.get(t, "/subjects/"+codeA+"?asOf=2026-03-20"); res.status != 200 {
		t.Errorf("today: %d %s", res.status, res.body)
	}
}

// What the register refuses about a filing as a whole comes out with the right status.
func TestRealRefusals(t *testing.T) {
	t.Parallel()
	c := newCity(t, dbtest.SQLite(t))
	row := example(t, "XZCF", recent)
	post := func(query, content, key string) answer {
		h := header("application/x-ndjson")
		if key != "" {
			h.Set("Idempotency-Key", key)
		}
		return c.do(t, "POST", "/submissions?"+query, strings.NewReader(content), h)
	}
	good := "item=XZCF&unit=" + unitCode
	for _, r := range []struct {
		query, content string
		status         int
		code           string
	}{
		{"item=NONE&unit=" + unitCode, row, 404, "ingest.item"},
		{"item=XZCF&unit=11990100MB0000019L", row, 404, "agency.unknown"},
		{"item=XZCF&unit=1", row, 400, "agency.code"},
		{good, strings.Repeat("x", 1<<20+1), 413, "blob.too_large"},
		{good, strings.Repeat("x", 4<<20), 413, "api.too_large"},
	} {
		if res := post(r.query, r.content, ""); res.status != r.status || res.problem(t).Code != r.code {
			t.Errorf("%s: %d %s", r.query, res.status, res.body)
		}
	}
	first := post(good+"&wait=30", row, "k")
	again := post(good, row, "k")
	other := post(good, row+"\n"+row, "k")
	if first.status != 200 || again.status != 200 || first.header.Get("Location") != again.header.Get("Location") || other.status != 409 {
		t.Errorf("with a key: %d, %d, %d", first.status, again.status, other.status)
	}
	if r := decode[receipt](t, post(good+"&wait=30", "CF_WSH,CF_XDR_MC\n", "")); r.State != "failed" || r.Failure == nil {
		t.Errorf("a file that cannot be read: %+v", r)
	}
}

// The same row in every form that a body may have is one record.
func TestRealFormats(t *testing.T) {
	t.Parallel()
	c := newCity(t, dbtest.SQLite(t))
	c.file(t, "DJJC", example(t, "DJJC", nil))
	row := example(t, "XZCF", recent)
	var fields map[string]string
	if err := json.Unmarshal([]byte(row), &fields); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(fields))
	var table bytes.Buffer
	lines := csv.NewWriter(&table)
	values := make([]string, len(names))
	book := excelize.NewFile()
	for i, name := range names {
		values[i] = fields[name]
		column, err := excelize.ColumnNumberToName(i + 1)
		if err == nil {
			err = errors.Join(book.SetCellStr("Sheet1", column+"1", name), book.SetCellStr("Sheet1", column+"2", fields[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.WriteAll([][]string{names, values}); err != nil {
		t.Fatal(err)
	}
	sheet, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	form, formHeader := formOf(t, part{"unit", "", unitCode}, part{"file", "处罚.csv", table.String()})
	for i, sent := range []struct {
		body   io.Reader
		header http.Header
		format string
	}{
		{strings.NewReader(row), header("application/x-ndjson"), "NDJSON"},
		{strings.NewReader("[" + row + "]"), header("application/json"), "JSON"},
		{strings.NewReader(`{"rows":[` + row + `]}`), header("application/json"), "JSON"},
		{bytes.NewReader(table.Bytes()), header("text/csv"), "CSV"},
		{sheet, header(xlsxType), "XLSX"},
		{form, formHeader, "CSV"},
	} {
		r := decode[receipt](t, c.do(t, "POST", "/submissions?wait=30&item=XZCF&unit="+unitCode, sent.body, sent.header))
		if !strings.EqualFold(r.Mapping.Format, sent.format) || r.Received != 1 || (i == 0) != (r.Accepted == 1) || (i > 0) != (r.Duplicate == 1) {
			t.Errorf("%s: %+v", sent.format, r)
		}
	}
}

// Two forms cut off or ambiguous leave no filing behind in the real register.
func TestRealFormIsWhole(t *testing.T) {
	t.Parallel()
	c := newCity(t, dbtest.SQLite(t))
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := range 2 {
		f, err := w.CreateFormFile("file", fmt.Sprintf("%d.ndjson", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, example(t, "XZCF", recent)+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	query := "/submissions?item=XZCF&unit=" + unitCode
	for content, want := range map[string]string{b.String(): "api.two_files", b.String()[:b.Len()/2-20]: "api.broken_off"} {
		if res := c.do(t, "POST", query, strings.NewReader(content), header(w.FormDataContentType())); res.status != 400 || res.problem(t).Code != want {
			t.Errorf("%d %s", res.status, res.body)
		}
	}
	if list := decode[struct{ Items []any }](t, c.get(t, "/submissions")); len(list.Items) != 0 {
		t.Errorf("%v", list.Items)
	}
}
