package repairs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
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
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/report"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/desk/repairs"
)

const (
	firm     = int64(100)
	firmName = "临溪市示例食品有限公司"
	firmCode = "91990102MA0A00014H"
	said     = "罚款已经缴清，<script>alert(1)</script>设备已经更换并通过验收"
)

// world is the desk over the real procedures and real records; subjects, what records say and the public columns are the test's own.
type world struct {
	http.Handler
	*repair.Service
	t        testing.TB
	db       *db.DB
	clock    *clock.Manual
	records  *record.Store
	flow     *flow.Engine
	unit     agency.Agency
	second   agency.Agency
	columns  []publish.RecordView
	filter   publish.ListFilter
	n        int
	clerk    authz.Actor
	reviewer authz.Actor
	weak     authz.Actor // a reviewer without a second factor
	chief    authz.Actor // another who may decide
	office   authz.Actor
	stranger authz.Actor
	agent    authz.Actor
}

func (*world) ByIDs(_ context.Context, ids []int64) (map[int64]subject.Subject, error) {
	out := map[int64]subject.Subject{}
	for _, id := range ids {
		out[id] = subject.Subject{ID: id, Kind: catalog.LegalEntity, Code: firmCode, Name: firmName, Region: "990102"}
	}
	return out, nil
}

func (*world) Labels(_ context.Context, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for _, id := range ids {
		out[id] = firmName
	}
	return out, nil
}

func (w *world) Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error) {
	all, err := w.records.StandingOf(ctx, w.db.Read(), ask.Subject.ID)
	a := &publish.Answer{}
	for i := range all {
		if slices.Contains(ask.Items, all[i].Item) {
			a.Records = append(a.Records, publish.RecordView{ID: all[i].ID.String(), Title: "违法行为"})
		}
	}
	return a, err
}

// ListRecords pages through the columns of the test.
func (w *world) ListRecords(_ context.Context, item catalog.ItemCode, f publish.ListFilter, cursor string, limit int) (*publish.RecordPage, error) {
	w.filter = f
	if item != "XZCF" {
		w.t.Errorf("notices of %s", item)
	}
	from := 0
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &from); err != nil {
			return nil, err
		}
	}
	p := &publish.RecordPage{Records: w.columns[from:min(len(w.columns), from+limit)]}
	if from+limit < len(w.columns) {
		p.Next = fmt.Sprint(from + limit)
	}
	return p, nil
}

// Record gives a record of the test's columns; no other is public.
func (w *world) Record(_ context.Context, recordID string, _ time.Time) (*publish.RecordView, error) {
	for i := range w.columns {
		if w.columns[i].ID == recordID {
			return &w.columns[i], nil
		}
	}
	return nil, publish.ErrNoRecord
}

func (*world) Of(context.Context, db.Querier, int64) ([]repair.Entry, error) { return nil, nil }

func (w *world) Remove(context.Context, *db.Tx, int64, repair.Removal) error {
	w.t.Error("an entry of a list was removed, though none stands")
	return nil
}

func (*world) Send(context.Context, *db.Tx, notice.Notice) error { return nil }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.SQLite(t), clock: clock.NewManual(time.Date(2026, 5, 10, 10, 0, 0, 0, clock.Zone))}
	ids, divisions, dir := id.NewMaker(w.clock.Now), ident.DefaultDivisions(), t.TempDir()
	agencies := agency.NewStore(w.db, ids, w.clock, divisions)
	var err error
	w.unit, err = agencies.Add(t.Context(), "11990100001000010R", "临溪市市场监督管理局", "990100")
	desktest.Must(t, err)
	w.second, err = agencies.Add(t.Context(), firmCode, "临溪市生态环境局", "990100")
	desktest.Must(t, err)
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	desktest.Must(t, err)
	key, err := gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
	desktest.Must(t, err)
	files, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	desktest.Must(t, err)
	editions, err := catalog.NewStore(catalog.Default())
	desktest.Must(t, err)
	book, err := repair.NewBook(w.db, w.clock, nil)
	desktest.Must(t, err)
	site := desktest.NewSite(t)
	log := audit.New(audit.Config{DB: w.db, IDs: ids, Clock: w.clock})
	w.records = record.NewStore(w.db, ids)
	w.flow = flow.New(flow.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Calendar: clock.DefaultCalendar(), Log: log, Files: files, Periods: repair.Periods(book),
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return site.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	for _, table := range []flow.Table{repair.Table(book.Today().Clocks), repair.BreachTable(), repair.ShieldTable()} {
		desktest.Must(t, w.flow.Register(table, flow.Hooks{}))
	}
	w.Service = repair.New(repair.Config{
		DB: w.db, IDs: ids, Clock: w.clock, Calendar: clock.DefaultCalendar(), Rules: book, Records: w.records, Files: w, Lists: w, Subjects: w, Agencies: agencies, Editions: editions,
		Authority: site.Authority, Flow: w.flow, Notices: w, Acts: log, Key: key, City: "临溪市", Fonts: func() (*report.Fonts, error) { return report.LoadFonts(nil) },
	})
	rt := site.Router()
	repairs.New(repairs.Deps{
		Site: site, Repairs: w.Service, Cases: w.flow, Agencies: agencies, Register: w, Labels: w, Columns: w, ItemName: func(catalog.ItemCode) string { return "行政处罚" },
		Looks: publish.Looks{DB: w.db, Log: log, Clock: w.clock}, Clock: w.clock,
	}).Routes(rt)
	w.Handler = site.Wrap(rt)
	grant := func(role authz.Role, unit int64) authz.Grant { return authz.Grant{Role: role, Agency: unit} }
	w.agent = desktest.As(1, authz.Grant{Role: authz.BusinessAgent, Subject: firm})
	w.clerk = desktest.As(2, grant(authz.FilingClerk, w.unit.ID))
	w.reviewer = desktest.As(3, grant(authz.Reviewer, w.unit.ID))
	w.weak = w.reviewer
	w.weak.Strong = false
	w.office = desktest.As(4, authz.Grant{Role: authz.OfficeOperator})
	w.stranger = desktest.As(5, grant(authz.Reviewer, w.second.ID))
	w.chief = desktest.As(6, grant(authz.ListApprover, w.unit.ID))
	return w
}

func (w *world) as(who authz.Actor) context.Context { return authz.With(w.t.Context(), who) }

func (w *world) day(d clock.Date) { w.clock.Set(d.Start().Add(10 * time.Hour)) }

// file puts a penalty of the firm on file.
func (w *world) file(on clock.Date, change func(*record.Draft)) record.ID {
	w.t.Helper()
	w.n++
	sum := sha256.Sum256(fmt.Append(nil, w.n))
	d := record.Draft{Subject: firm, Body: "{}", Digest: [16]byte(sum[:16]), Facts: record.Facts{
		Item: "XZCF", Edition: catalog.Default().ID, NaturalKey: fmt.Sprintf("临市监罚〔2026〕%d号\x1f11990100001000010R", w.n), Class: catalog.Public, Status: record.Active, Listed: true, DecidedOn: on,
		PublicFrom: on, PublicUntil: on.AddMonths(12), Agency: w.unit.ID, Region: "990102", Procedure: record.Ordinary, Severity: record.Moderate, RuleSet: "order36",
	}}
	if change != nil {
		change(&d)
	}
	var ids []record.ID
	desktest.Must(w.t, w.db.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		_, ids, err = w.records.Apply(ctx, tx, []record.Draft{d}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	}))
	return ids[0]
}

// send applies for the repair of records and gives the cases.
func (w *world) send(list ...record.ID) []repair.Case {
	w.t.Helper()
	ctx := w.as(w.agent)
	proof, err := w.flow.Attach(ctx, "缴款凭证", strings.NewReader("%PDF-1.7\n1 0 obj\n"))
	desktest.Must(w.t, err)
	in := repair.DraftIn{Statement: said, Files: []repair.File{{Hash: proof.Hash, Title: proof.Title}}}
	for _, at := range list {
		in.Targets = append(in.Targets, repair.Target{Record: at})
	}
	a, err := w.Save(ctx, firm, 0, in)
	desktest.Must(w.t, err)
	a, err = w.Service.Send(ctx, firm, a.ID, a.ChangedAt, true)
	desktest.Must(w.t, err)
	cases, err := w.CasesOf(w.t.Context(), a.ID)
	desktest.Must(w.t, err)
	return cases
}

// sent is an application for one penalty of May, handed in on the first day on which it can be.
func (w *world) sent() repair.Case {
	w.t.Helper()
	at := w.file(20260510, nil)
	w.day(20260810)
	return w.send(at)[0]
}

func (w *world) status(at record.ID) record.Version {
	w.t.Helper()
	now, err := w.records.Standing(w.t.Context(), w.db.Read(), []record.ID{at})
	desktest.Must(w.t, err)
	return now[at]
}

func (w *world) state(c repair.Case) string {
	w.t.Helper()
	c, err := w.Case(w.t.Context(), c.ID)
	desktest.Must(w.t, err)
	return c.State
}

func page(c repair.Case) string { return fmt.Sprint("/desk/repairs/", c.ID) }

func (w *world) get(who authz.Actor, path string, status int, words ...string) string {
	w.t.Helper()
	return desktest.Want(w.t, desktest.Visit(w.t, w, who, path, nil), status, words...)
}

// post sends a form, of pairs of names and values.
func (w *world) post(who authz.Actor, path string, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return desktest.Visit(w.t, w, who, path, form)
}

// upload sends a form with a file.
func (w *world) upload(who authz.Actor, path, content string, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		desktest.Must(w.t, m.WriteField(pairs[i], pairs[i+1]))
	}
	part, err := m.CreateFormFile("file", "决定书.pdf")
	desktest.Must(w.t, err)
	_, err = part.Write([]byte(content))
	desktest.Must(w.t, err)
	desktest.Must(w.t, m.Close())
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return desktest.Send(w.t, w, who, r)
}

// taken holds a step to having been taken: the browser is sent back to the page, which says so.
func (w *world) taken(res *httptest.ResponseRecorder, who authz.Actor, words ...string) {
	w.t.Helper()
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("status %d: %s", res.Code, desktest.Text(res.Body.String()))
	}
	w.get(who, res.Header().Get("Location"), http.StatusOK, words...)
}

// looks counts who read of applications.
func (w *world) looks() int {
	w.t.Helper()
	n := 0
	desktest.Must(w.t, w.db.Read().QueryRowContext(w.t.Context(), `SELECT count(*) FROM access_log WHERE what = 'repair'`).Scan(&n))
	return n
}

// noLog takes the access log away.
func (w *world) noLog() {
	w.t.Helper()
	desktest.Must(w.t, w.db.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE access_log RENAME TO access_gone`)
		return err
	}))
}

var button = regexp.MustCompile(`<form[^>]*method="post"[^>]*action="/desk/repairs/[^"]*/([a-z]+)"`)

// offers lists the steps that a page offers.
func offers(body string) string {
	var out []string
	for _, m := range button.FindAllStringSubmatch(body, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
