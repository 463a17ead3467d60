package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
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
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/ui"
)

// unitCode is the agency of the tests; its name tries to break out of its page.
const unitCode = "11990100001000010R"

// office is the desks over the real intake on a database of their own, at a time that the test sets.
type office struct {
	http.Handler
	clerk    authz.Actor // files and reads receipts, unless a request says who it is
	operator authz.Actor // works the queue
	desk     *ingest.Desk
	db       *db.DB
	log      *audit.Log
	clock    *clock.Manual
	subjects *subject.Store
	agencies *agency.Store
	names    *publish.Names
	portal   *publish.Service
	edition  *catalog.Edition
	woken    int
	batch    func() // called after each committed batch of a filing
}

func newOffice(t testing.TB, change ...func(*Deps)) *office {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d, dir := dbtest.SQLite(t), t.TempDir()
	c := clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	must(err)
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	rules, err := publish.DefaultRules()
	must(err)
	ids := id.NewMaker(c.Now)
	o := &office{db: d, log: audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), clock: c, subjects: subject.NewStore(d, ids, ring), agencies: agency.NewStore(d, ids, c, ident.DefaultDivisions()), edition: catalog.Default(), batch: func() {}}
	unit, err := o.agencies.Add(context.Background(), unitCode, "临溪市市场监督管理局", "990100")
	must(err)
	o.clerk = desktest.As(6, authz.Grant{Role: authz.FilingClerk, Agency: unit.ID})
	o.operator = desktest.As(7, authz.Grant{Role: authz.OfficeOperator})
	records := record.NewStore(d, ids)
	o.desk = ingest.NewDesk(ingest.NewService(ingest.Config{
		DB: d, Blobs: blobs, Subjects: o.subjects, Records: records, Agencies: o.agencies, Editions: editions,
		Rules: rules, Calendar: clock.DefaultCalendar(), Ring: ring, Clock: c, IDs: ids, Access: o.log, Owner: ingest.Owner("test"), MaxBytes: 8 << 20, AfterBatch: func(string, int, int) { o.batch() },
	}))
	o.names = publish.NewNames(o.subjects, c, nil)
	o.portal = publish.NewService(publish.Config{
		Records: records, Subjects: o.subjects, Agencies: o.agencies, Editions: editions, Rules: rules,
		Divisions: ident.DefaultDivisions(), Clock: c, Names: o.names, Figures: publish.NewFigures(d),
	})
	o.refresh(t)
	site := desktest.NewSite(t)
	site.Licence, site.Now = "Apache-2.0", c.Now
	site.Nav = append([]ui.NavItem{{Href: "/c", Label: "信用公示"}, {Href: "/catalog", Label: "信用目录"}, {Href: "/stats", Label: "数据统计"}}, Nav()...)
	deps := Deps{
		Site: site, Intake: o.desk, Queue: o.desk, Agencies: o.agencies, Finder: o.portal, Register: o.subjects, Editions: editions, Clock: c,
		Wake: func() { o.woken++ }, MaxBytes: 8 << 20, RegionName: ident.DefaultDivisions().Name,
	}
	for _, f := range change {
		f(&deps)
	}
	rt := site.Router()
	site.Mount(rt)
	New(deps).Routes(rt)
	h := site.Wrap(rt)
	o.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("gx"); err != nil {
			who := o.clerk
			if strings.HasPrefix(r.URL.Path, "/desk/queue") {
				who = o.operator
			}
			desktest.SignIn(r, who)
		}
		h.ServeHTTP(w, r)
	})
	return o
}

// nobody sends a request without a session.
func nobody(r *http.Request) { r.AddCookie(&http.Cookie{Name: "gx", Value: "none"}) }

// looks gives every entry of the access log, the newest first.
func (o *office) looks(t testing.TB) []audit.Access {
	t.Helper()
	list, _, err := o.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", audit.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// refresh brings the name search up to date.
func (o *office) refresh(t testing.TB) {
	t.Helper()
	if _, err := o.names.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// run files what waits.
func (o *office) run(t testing.TB) {
	t.Helper()
	ids, err := o.desk.Waiting(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := o.desk.Run(context.Background(), id, nil); err != nil {
			t.Fatal(err)
		}
	}
	o.refresh(t)
}

// get asks for a page and wants a status.
func (o *office) get(t testing.TB, path string, status int, change ...func(*http.Request)) string {
	t.Helper()
	return o.do(t, httptest.NewRequest(http.MethodGet, path, nil), status, change...).Body.String()
}

func (o *office) do(t testing.TB, r *http.Request, status int, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL.Path, w.Code, status, text(w.Body.String()))
	}
	return w
}

// post sends a form.
func (o *office) post(t testing.TB, path, form string, status int) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return o.do(t, r, status)
}

// part is one part of an upload; with a name it is a file.
type part struct{ field, name, content string }

// upload makes the request of a form with these parts in this order.
func upload(parts ...part) *http.Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var out io.Writer
		if p.field == "file" {
			out, _ = w.CreateFormFile(p.field, p.name)
		} else {
			out, _ = w.CreateFormField(p.field)
		}
		_, _ = io.WriteString(out, p.content)
	}
	_ = w.Close()
	r := httptest.NewRequest(http.MethodPost, "/desk/filing", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// file sends a file through the page, files it, and gives its id.
func (o *office) file(t testing.TB, item, name string, content []byte) string {
	t.Helper()
	w := o.do(t, upload(part{"unit", "", unitCode}, part{"item", "", item}, part{"file", name, string(content)}), http.StatusSeeOther)
	o.run(t)
	return strings.TrimPrefix(w.Header().Get("Location"), "/desk/filing/")
}

// row is a row by field code.
type row map[string]string

// penalty gives the n-th penalty row with changes; each is about a subject of its own.
func (o *office) penalty(n int, changes row) row {
	item, _ := o.edition.Item("XZCF")
	out := row{}
	for k, v := range item.Example {
		out[k] = v
	}
	out["CF_XDR_SHXYM"], out["CF_XDR_MC"], out["CF_WSH"] = uscc(n), fmt.Sprintf("临溪市示例食品%d号有限公司", n), fmt.Sprintf("临市监罚〔2026〕%d号", n)
	out["CF_JDRQ"], out["CF_YXQ"] = "2026-03-09", "2027-03-09"
	for k, v := range changes {
		out[k] = v
	}
	return out
}

// uscc makes the n-th valid code.
func uscc(n int) string {
	eight := fmt.Sprintf("MA0B%04d", n)
	seventeen := "91990102" + eight + string(ident.OrgCheck(eight))
	return seventeen + string(ident.USCCCheck(seventeen))
}

// unlinked gives a row about a sole trader without a unified code, with an old registration number that nobody in the register has.
func (o *office) unlinked(n int, changes row) row {
	fourteen := fmt.Sprintf("9901020000%04d", n)
	r := o.penalty(n, row{"CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": "", "CF_XDR_GSZC": fourteen + string(ident.RegNoCheck(fourteen))})
	for k, v := range changes {
		r[k] = v
	}
	return r
}

// table writes rows as CSV, with the header's names for the fields of an item.
func (o *office) table(item catalog.ItemCode, header func(f *catalog.Field) string, rows ...row) []byte {
	it, _ := o.edition.Item(item)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var head []string
	var codes []string
	for i := range it.Fields {
		f := &it.Fields[i]
		used := false
		for _, r := range rows {
			used = used || r[f.Code] != ""
		}
		if name := header(f); used && name != "" {
			head, codes = append(head, name), append(codes, f.Code)
		}
	}
	for _, r := range rows {
		for k := range r {
			if _, known := it.Field(k); !known && !strings.Contains(strings.Join(head, "\n"), k) {
				head, codes = append(head, k), append(codes, k)
			}
		}
	}
	_ = w.Write(head)
	for _, r := range rows {
		line := make([]string, len(codes))
		for i, code := range codes {
			line[i] = r[code]
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.Bytes()
}

func byName(f *catalog.Field) string { return f.Name }

// text gives what a page says, without its marks.
func text(page string) string {
	var b strings.Builder
	in := false
	for _, r := range page {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func wantText(t testing.TB, page string, wants ...string) {
	t.Helper()
	said := text(page)
	for _, want := range wants {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q:\n%s", want, said)
		}
	}
}

func wantMarks(t testing.TB, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func byHTMX(r *http.Request) { r.Header.Set("HX-Request", "true") }

// mixed is a file of 12 rows with every outcome but a withdrawal: 5 plainly accepted, 1 late, 1 duplicate, 5 refused.
func (o *office) mixed() []byte {
	rows := []row{}
	for n := 1; n <= 5; n++ {
		rows = append(rows, o.penalty(n, nil))
	}
	rows = append(rows,
		o.penalty(6, row{"CF_JDRQ": "2026-02-02"}), // late
		o.penalty(1, nil),                          // the same again
		o.penalty(7, row{"CF_XDR_SHXYM": uscc(7)[:17] + "0"}),
		o.penalty(8, row{"CF_XDR_SHXYM": uscc(8)[:17]}),
		o.penalty(9, row{"CF_JDRQ": "2026-13-01", "CF_NR": ""}),
		o.penalty(10, row{"CF_JDRQ": "2026-03-13"}),
		o.penalty(11, row{"CF_CFLB": "没收"}),
	)
	for i := range rows {
		rows[i]["经办人电话"] = "0533-0000000"
	}
	return o.table("XZCF", byName, rows...)
}

// registered establishes the n-th subjects as registration offices do, with names that old files use without a code.
func (o *office) registered(t testing.TB, ns ...int) {
	t.Helper()
	var rows []row
	for _, n := range ns {
		rows = append(rows, o.penalty(n, row{"CF_WSH": fmt.Sprintf("临市监罚〔2025〕%d号", n)}))
	}
	id := o.file(t, "XZCF", "以前的.csv", o.table("XZCF", byName, rows...))
	sub, err := o.desk.Get(context.Background(), id)
	if err != nil || sub.Accepted != len(ns) {
		t.Fatalf("%+v, %v", sub, err)
	}
}
