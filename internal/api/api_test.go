package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
	"gongxin/internal/publish"
)

// Fictional codes with valid check digits.
const (
	codeA    = "91990102MA0A00014H"
	unitCode = "11990100001000010R"
)

var noon = time.Date(2026, 3, 20, 12, 0, 0, 0, clock.Zone)

// testAPI is a handler over fakes that note what they are asked.
type testAPI struct {
	http.Handler
	reader *fakeReader
	filer  *fakeFiler
	clock  *clock.Manual
	woken  *int
}

func newTestAPI(t testing.TB, change ...func(*Deps)) *testAPI {
	t.Helper()
	store, err := catalog.NewStore(catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	a := &testAPI{reader: &fakeReader{}, filer: newFakeFiler(t), clock: clock.NewManual(noon), woken: new(int)}
	d := Deps{
		Version: "0.1.0-test", Reader: a.reader, Filer: a.filer, Agencies: fakeAgencies{}, Catalogue: store, Clock: a.clock,
		Actors: oneKey{}, Wake: func() { *a.woken++ },
		Disclosures: struct{ Discloser }{}, Consents: struct{ Consents }{}, Audit: struct{ AuditLog }{}, Queue: emptyQueue{}, Subjects: struct{ Subjects }{},
	}
	for _, c := range change {
		c(&d)
	}
	handler, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	a.Handler = keyed(handler)
	return a
}

// oneKey knows one key, of an operator who may file and decide for every unit.
type oneKey struct{ authz.Actors }

func (oneKey) KeyActor(_ context.Context, raw, _ string) (authz.Actor, error) {
	if raw != "fixed" {
		return authz.Actor{}, fault.New(fault.Denied, "test.key", "无效", "")
	}
	return authz.LocalActor("test"), nil
}

// keyed sends the fixed key with calls about filings and the queue that bring no key of their own. Calls that say X-Nobody stay without.
func keyed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, prefix)
		if r.Header.Get("X-Nobody") == "" && r.Header.Get("Authorization") == "" && (strings.HasPrefix(path, "/submissions") || strings.HasPrefix(path, "/queue")) {
			r.Header.Set("Authorization", "Bearer fixed")
		}
		h.ServeHTTP(w, r)
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *testAPI) do(t testing.TB, method, target string, body io.Reader, header http.Header) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, body)
	r.Host = "127.0.0.1:8080"
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

func (a *testAPI) get(t testing.TB, target string) answer { return a.do(t, "GET", target, nil, nil) }

// problem reads the answer as a problem and checks what all problems have.
func (r answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("status %d is no problem document: %v: %.200s", r.status, err, r.body)
	}
	if ct := r.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q", ct)
	}
	if p.Type != "about:blank" || p.Title == "" || p.Status != r.status || p.Detail == "" || p.Code == "" || p.Instance == "" || p.Instance != r.header.Get(requestHeader) {
		t.Errorf("incomplete problem: %+v", p)
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("problem may be stored: %q", r.header.Get("Cache-Control"))
	}
	return p
}

// code gives the code of a problem, "" for another answer.
func (r answer) code(t testing.TB) string {
	t.Helper()
	if r.header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	return r.problem(t).Code
}

func decode[T any](t testing.TB, r answer) T {
	t.Helper()
	var v T
	if r.status/100 != 2 {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v: %.200s", err, r.body)
	}
	return v
}

// fakeReader answers from a few made-up views and keeps the arguments.
type fakeReader struct {
	err    error
	block  bool // wait for the end of the context
	q      string
	code   string
	item   catalog.ItemCode
	asOf   time.Time
	cursor string
	limit  int
	filter publish.ListFilter
	next   string
	stats  publish.Stats
}

func (f *fakeReader) answer(ctx context.Context) error {
	if f.block {
		<-ctx.Done()
		return errors.New("driver: interrupted") // as drivers say it
	}
	return f.err
}

var refA = publish.SubjectRef{Code: codeA, Name: "临溪市测试建筑有限公司", Kind: catalog.LegalEntity, Region: "990102", Status: "active"}

func viewA() publish.RecordView {
	return publish.RecordView{
		ID: "0123456789abcdefghjkmnpqrs", Item: "XZCF", ItemName: "行政处罚", Class: catalog.Public, Status: "active", Subject: refA,
		Title: "行政处罚决定书", DocNo: "临溪住建罚〔2026〕1号", Categories: []string{"罚款"},
		Fields: []publish.FieldView{
			{Code: "CF_WSH", Name: "行政处罚决定书文号", Value: "临溪住建罚〔2026〕1号", Shown: "临溪住建罚〔2026〕1号"},
			{Code: "CF_NR_FK", Name: "罚款金额", Value: "0.2", Shown: "0.2万元"},
		},
		DecidedOn: 20260302, PublicFrom: 20260302, Authority: "临溪市住房和城乡建设局", Source: publish.Source{Code: unitCode, Name: "临溪市住房和城乡建设局"},
		Severity: "ordinary", Edition: "2026.1", Version: 2, RecordedAt: noon.UTC(),
	}
}

func (f *fakeReader) Search(ctx context.Context, q, cursor string, limit int) (*publish.SearchPage, error) {
	f.q, f.cursor, f.limit = q, cursor, limit
	if cursor == "x" {
		return nil, publish.ErrCursor
	}
	return &publish.SearchPage{Hits: []publish.Hit{{SubjectRef: refA, RegionName: "东城区", How: "contains", Records: 3}}, Next: f.next, Total: 1, Exact: true}, f.answer(ctx)
}

func (f *fakeReader) Subject(ctx context.Context, code string, asOf time.Time) (*publish.SubjectView, error) {
	f.code, f.asOf = code, asOf
	if code != codeA {
		return nil, publish.ErrNoSubject
	}
	if asOf.After(noon) {
		return nil, publish.ErrAsOf
	}
	return &publish.SubjectView{SubjectRef: refA, RegionName: "东城区", Chapters: []publish.ChapterCount{{Chapter: 1, Name: "登记注册基础信息"}}, UpdatedAt: noon}, f.answer(ctx)
}

func (f *fakeReader) SubjectRecords(ctx context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]publish.RecordView, string, error) {
	f.code, f.item, f.asOf, f.cursor, f.limit = code, item, asOf, cursor, limit
	switch {
	case code != codeA:
		return nil, "", publish.ErrNoSubject
	case item == "NONE":
		return nil, "", publish.ErrNoItem
	case cursor == "x":
		return nil, "", publish.ErrCursor
	}
	return []publish.RecordView{viewA()}, f.next, f.answer(ctx)
}

func (f *fakeReader) Record(ctx context.Context, id string, asOf time.Time) (*publish.RecordView, error) {
	v := viewA()
	f.asOf = asOf
	if id != v.ID {
		return nil, publish.ErrNoRecord
	}
	v.Versions = []publish.VersionMark{{Version: 1, RecordedAt: noon, Action: "filed"}}
	return &v, f.answer(ctx)
}

func (f *fakeReader) ListRecords(ctx context.Context, item catalog.ItemCode, filter publish.ListFilter, cursor string, limit int) (*publish.RecordPage, error) {
	f.item, f.filter, f.cursor, f.limit = item, filter, cursor, limit
	switch {
	case item == "NONE":
		return nil, publish.ErrNoItem
	case cursor == "x":
		return nil, publish.ErrCursor
	case filter.Category == "没有":
		return nil, publish.ErrNoCategory
	case filter.Agency == "1":
		return nil, agency.ErrCode
	}
	return &publish.RecordPage{Records: []publish.RecordView{viewA()}, Next: f.next, About: -1}, f.answer(ctx)
}

func (f *fakeReader) Facets(ctx context.Context, item catalog.ItemCode) (*publish.Facets, error) {
	if item == "NONE" {
		return nil, publish.ErrNoItem
	}
	return &publish.Facets{Categories: []publish.Facet{{Code: "罚款", Name: "罚款", Count: 3}}}, f.answer(ctx)
}

func (f *fakeReader) Stats(ctx context.Context) (*publish.Stats, error) {
	return &f.stats, f.answer(ctx)
}

// emptyQueue is a queue in which nothing waits.
type emptyQueue struct{ Queue }

func (emptyQueue) Entry(context.Context, int64) (*ingest.QueueEntry, error) {
	return nil, ingest.ErrNoEntry
}

func (emptyQueue) QueueOf(context.Context, ingest.QueueState, ingest.QueueFilter, int64, int) ([]ingest.QueueEntry, error) {
	return nil, nil
}

func (emptyQueue) Contents(context.Context, []ingest.QueueEntry) ([]ingest.Opened, error) {
	return nil, nil
}

type fakeAgencies struct{}

func (fakeAgencies) ByID(_ context.Context, id agency.ID) (agency.Agency, error) {
	if id != 7 {
		return agency.Agency{}, agency.ErrUnknown
	}
	return agency.Agency{ID: 7, Code: unitCode, Name: "临溪市住房和城乡建设局"}, nil
}

func (f fakeAgencies) ByCode(ctx context.Context, code string) (agency.Agency, error) {
	if code != unitCode {
		return agency.Agency{}, agency.ErrUnknown
	}
	return f.ByID(ctx, 7)
}

func (f fakeAgencies) List(ctx context.Context) ([]agency.Agency, error) {
	a, err := f.ByID(ctx, 7)
	return []agency.Agency{a}, err
}

// fakeFiler takes files in as ingest does and runs nothing.
type fakeFiler struct {
	mu        sync.Mutex
	dir       string
	subs      map[string]*ingest.Submission
	order     []*ingest.Submission
	requests  []ingest.Request
	content   []byte
	readErr   error // what reading the content ended with
	rows      []ingest.ReceiptRow
	submitErr error
	looked    int
	doneAfter int   // looks until a filing is done; 0 = never
	breakAt   int   // bytes after which a written answer fails
	tornErr   error // and its error
}

func newFakeFiler(t testing.TB) *fakeFiler {
	return &fakeFiler{dir: t.TempDir(), subs: map[string]*ingest.Submission{}}
}

func (f *fakeFiler) Submit(_ context.Context, req ingest.Request, r io.Reader) (*ingest.Submission, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, req)
	switch {
	case f.submitErr != nil:
		return nil, f.submitErr
	case req.Item == "NONE":
		return nil, ingest.ErrItem
	case req.Unit != unitCode:
		return nil, agency.ErrUnknown
	}
	content, err := io.ReadAll(r)
	f.content, f.readErr = content, err
	if err != nil {
		wrapped := err
		fault.Wrap(&wrapped, "ingest.Submit") // as the service does
		return nil, wrapped
	}
	for _, have := range f.order {
		if req.IdemKey != "" && have.IdemKey == req.IdemKey {
			if have.FileHash != string(content) {
				return nil, ingest.ErrIdemKey
			}
			return have, nil
		}
	}
	sub := &ingest.Submission{
		ID: "sub" + string(rune('a'+len(f.order))) + "0123456789", IdemKey: req.IdemKey, Item: catalog.ItemCode(req.Item), Agency: 7, FileName: req.FileName,
		FileHash: string(content), FileBytes: int64(len(content)), State: ingest.Received, ReceivedAt: noon.UTC(),
	}
	if err := os.WriteFile(filepath.Join(f.dir, sub.ID), content, 0o600); err != nil {
		return nil, err
	}
	f.subs[sub.ID] = sub
	f.order = append(f.order, sub)
	return sub, nil
}

func (f *fakeFiler) Get(_ context.Context, id string) (*ingest.Submission, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sub, ok := f.subs[id]
	if !ok {
		return nil, ingest.ErrNotFound
	}
	f.looked++
	if f.doneAfter > 0 && f.looked >= f.doneAfter {
		sub.State, sub.FinishedAt, sub.Accepted = ingest.Done, noon.UTC(), 1
	}
	c := *sub
	return &c, nil
}

func (f *fakeFiler) Recent(context.Context, agency.ID, int) ([]*ingest.Submission, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.order, nil
}

func (f *fakeFiler) Receipt(_ context.Context, id string, after, limit int) (*ingest.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sub, ok := f.subs[id]
	if !ok {
		return nil, ingest.ErrNotFound
	}
	r := &ingest.Receipt{ID: id, Item: sub.Item, Unit: unitCode, State: sub.State, File: sub.FileName, Received: sub.Received(), Counts: sub.Counts, Rows: []ingest.ReceiptRow{}}
	for _, row := range f.rows {
		if row.Row > after && len(r.Rows) < limit {
			r.Rows = append(r.Rows, row)
		}
	}
	if n := len(r.Rows); n == limit && r.Rows[n-1].Row < len(f.rows) {
		r.NextRow = r.Rows[n-1].Row
	}
	return r, nil
}

// torn writes text and may fail on the way.
func (f *fakeFiler) torn(w io.Writer, text string) error {
	if f.tornErr == nil {
		_, err := io.WriteString(w, text)
		return err
	}
	if f.breakAt > 0 {
		if _, err := io.WriteString(w, text[:f.breakAt]); err != nil {
			return err
		}
	}
	return f.tornErr
}

func (f *fakeFiler) WriteReceipt(_ context.Context, w io.Writer, id string, all bool) error {
	if _, ok := f.subs[id]; !ok || !all {
		return ingest.ErrNotFound
	}
	return f.torn(w, `{"id":"`+id+`","rows":[]}`+"\n")
}

func (f *fakeFiler) WriteErrors(_ context.Context, w io.Writer, _ string) error {
	return f.torn(w, "PK a workbook")
}

func (f *fakeFiler) File(_ context.Context, sub *ingest.Submission) (*os.File, error) {
	return os.Open(filepath.Join(f.dir, sub.ID))
}

// part is one part of a form.
type part struct{ name, file, content string }

func formOf(t testing.TB, parts ...part) (io.Reader, http.Header) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var out io.Writer
		var err error
		if p.file == "" {
			out, err = w.CreateFormField(p.name)
		} else {
			out, err = w.CreateFormFile(p.name, p.file)
		}
		if err == nil {
			_, err = io.WriteString(out, p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, http.Header{"Content-Type": {w.FormDataContentType()}}
}

func TestNewNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil || !strings.Contains(err.Error(), "needed") {
		t.Errorf("error %v", err)
	}
}
