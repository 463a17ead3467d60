package objections_test

import (
	"context"
	"crypto/sha256"
	"fmt"
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
	"gongxin/internal/objection"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/desk/objections"
)

const (
	firmName = "临溪市示例食品有限公司"
	stated   = "罚款金额有误，<script>alert(1)</script>应为一千元"
)

// world is the desk over the real procedure, the real register and the real disclosure; the intake checks by the catalogue, and the lists are empty.
type world struct {
	reopened []string
	http.Handler
	*objection.Service
	t        testing.TB
	db       *db.DB
	clock    *clock.Manual
	records  *record.Store
	ring     *gm.KeyRing
	item     *catalog.Item
	unit     agency.Agency
	other    agency.Agency
	firm     int64
	n        int
	agent    authz.Actor
	officer  authz.Actor
	second   authz.Actor
	clerk    authz.Actor // of the source
	stranger authz.Actor // of another unit
	auditor  authz.Actor
}

func (*world) Send(context.Context, *db.Tx, notice.Notice) error { return nil }

func (*world) Entry(context.Context, db.Querier, int64) (objection.ListEntry, error) {
	return objection.ListEntry{}, objection.ErrTarget
}

func (*world) FiledAs(context.Context, db.Querier, int64) ([]record.ID, error) { return nil, nil }

func (*world) Dispute(context.Context, *db.Tx, int64, string, bool) error { return objection.ErrTarget }

// values puts a row into the order of the item.
func (w *world) values(row map[string]string) catalog.Values {
	v := make(catalog.Values, len(w.item.Fields))
	for i := range w.item.Fields {
		v[i] = row[w.item.Fields[i].Code]
	}
	return v
}

// example is the catalogue's row, as the source filed it.
func (w *world) example() map[string]string {
	row := map[string]string{}
	for code, value := range w.item.Example {
		row[code] = value
	}
	return row
}

// File checks a corrected row by the catalogue, as the intake does, and files it when nothing is wrong with it.
func (w *world) File(ctx context.Context, _ catalog.ItemCode, unit, _ string, row map[string]string) ([]string, error) {
	var out []string
	v := w.values(row)
	for _, r := range w.item.Check(v, &catalog.CheckInput{Received: clock.Today(w.clock), UnitCode: unit, UnitName: w.unit.Name}) {
		if r.Severity == catalog.Error {
			out = append(out, r.Message)
		}
	}
	if len(out) == 0 {
		w.put(ctx, w.unit, "临市监罚〔2026〕1号", v)
	}
	return out, nil
}

// put files a version of a record.
func (w *world) put(ctx context.Context, unit agency.Agency, key string, v catalog.Values) string {
	w.t.Helper()
	body := record.EncodeBody(w.item.Fields, v, make([]bool, len(v)), func(field, plain string) string { return w.ring.Seal("record/"+field, plain) })
	sum := sha256.Sum256([]byte(body + key))
	var ids []record.ID
	desktest.Must(w.t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		w.n++
		_, ids, err = w.records.Apply(ctx, tx, []record.Draft{{
			Subject: w.firm, Body: body, Digest: [16]byte(sum[:16]),
			Facts: record.Facts{
				Item: "XZCF", Edition: catalog.Default().ID, NaturalKey: key, Class: catalog.Public, Status: record.Active, Listed: true, DecidedOn: 20260105, PublicFrom: 20260105, PublicUntil: 20290105,
				Agency: unit.ID, Region: "990102",
			},
		}}, record.Change{At: w.clock.Now(), Actor: "test", Why: "报送", Submission: fmt.Sprint("s", w.n)})
		return err
	}))
	w.clock.Set(w.clock.Now().Add(time.Minute)) // versions are told apart by when they were recorded
	return ids[0].String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.SQLite(t)
	c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)) // a Monday
	w := &world{t: t, db: d, clock: c}
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, c, divisions)
	var err error
	w.unit, err = agencies.Add(t.Context(), "11990100001000010R", "临溪市市场监督管理局", "990102")
	desktest.Must(t, err)
	w.other, err = agencies.Add(t.Context(), "91990102MA0A00014H", "临溪市生态环境局", "990102")
	desktest.Must(t, err)
	w.ring, err = gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	desktest.Must(t, err)
	files, err := blob.Open(filepath.Join(t.TempDir(), "blobs"), w.ring)
	desktest.Must(t, err)
	editions, err := catalog.NewStore(catalog.Default())
	desktest.Must(t, err)
	rules, err := publish.DefaultRules()
	desktest.Must(t, err)
	book, err := objection.NewBook(d, c)
	desktest.Must(t, err)
	w.item, _ = catalog.Default().Item("XZCF")
	w.records = record.NewStore(d, ids)
	site := desktest.NewSite(t)
	log, subjects := audit.New(audit.Config{DB: d, IDs: ids, Clock: c}), subject.NewStore(d, ids, w.ring)
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: log, Files: files, Periods: objection.Periods(book),
		Who:      func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return site.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	w.Service = objection.New(objection.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Rules: book, Records: w.records, Lists: w, Agencies: agencies, Authority: site.Authority, Flow: engine, Notices: w, Filer: w,
		Repairs: w, ItemName: func(catalog.ItemCode) string { return "行政处罚" },
	})
	desktest.Must(t, engine.Register(objection.Table(), w.Hooks()))
	register := publish.NewService(publish.Config{
		Records: w.records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: c, Names: publish.NewNames(subjects, c, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{DB: d, Log: log, Authority: site.Authority, Ring: w.ring, PersonsHour: 1000},
	})
	desktest.Must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		found, err := subjects.Resolve(ctx, tx, []subject.Claim{{Kind: catalog.LegalEntity, Name: firmName, Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: "91990102MA0A00014H"}}}}, c.Now())
		if err == nil {
			w.firm = found[0].Subject.ID
		}
		return err
	}))
	rt := site.Router()
	objections.New(objections.Deps{
		Site: site, DB: d, Objections: w.Service, Rules: book, Cases: engine, Register: register, Records: w.records, Labels: register, Agencies: agencies, Editions: editions,
		Looks: publish.Looks{DB: d, Log: log, Clock: c}, Calendar: clock.DefaultCalendar(), Clock: c,
	}).Routes(rt)
	w.Handler = site.Wrap(rt)
	w.agent = desktest.As(1, authz.Grant{Role: authz.BusinessAgent, Subject: w.firm})
	w.officer, w.second = desktest.As(2, authz.Grant{Role: authz.OfficeOperator}), desktest.As(3, authz.Grant{Role: authz.OfficeOperator})
	w.clerk = desktest.As(4, authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID})
	w.stranger = desktest.As(5, authz.Grant{Role: authz.FilingClerk, Agency: w.other.ID})
	w.auditor = desktest.As(6, authz.Grant{Role: authz.Auditor})
	return w
}

// penalty files the catalogue's example about the firm.
func (w *world) penalty(unit agency.Agency, key string) string {
	w.t.Helper()
	return w.put(w.t.Context(), unit, key, w.values(w.example()))
}

func (w *world) submit(target string) objection.Objection {
	w.t.Helper()
	o, err := w.Submit(authz.With(w.t.Context(), w.agent), objection.Submission{Subject: w.firm, Kind: objection.OfRecord, Target: target, Ask: objection.AskCorrect, Statement: stated})
	desktest.Must(w.t, err)
	return o
}

// disputed is an objection to a penalty of the unit.
func (w *world) disputed() objection.Objection {
	w.t.Helper()
	return w.submit(w.penalty(w.unit, "临市监罚〔2026〕1号"))
}

func (w *world) state(o objection.Objection) string {
	w.t.Helper()
	o, err := w.Get(w.t.Context(), w.db.Read(), o.ID)
	desktest.Must(w.t, err)
	return o.State
}

func page(o objection.Objection) string { return fmt.Sprint("/desk/objections/", o.ID) }

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

// taken holds a step to having been taken: the browser is sent back to the page, which says so.
func (w *world) taken(res *httptest.ResponseRecorder, who authz.Actor, words ...string) {
	w.t.Helper()
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("status %d: %s", res.Code, desktest.Text(res.Body.String()))
	}
	w.get(who, res.Header().Get("Location"), http.StatusOK, words...)
}

// looks counts who read of objections.
func (w *world) looks() int {
	w.t.Helper()
	n := 0
	desktest.Must(w.t, w.db.Read().QueryRowContext(w.t.Context(), `SELECT count(*) FROM access_log WHERE what = 'objection'`).Scan(&n))
	return n
}

var button = regexp.MustCompile(`<form[^>]*method="post"[^>]*action="/desk/objections/[^"]*/([a-z]+)"`)

// offers lists the steps that a page offers.
func offers(body string) string {
	var out []string
	for _, m := range button.FindAllStringSubmatch(body, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// versions counts the versions of the disputed record.
func (w *world) versions(o objection.Objection) int {
	w.t.Helper()
	at, err := record.ParseID(o.Target)
	desktest.Must(w.t, err)
	marks, err := w.records.History(w.t.Context(), at)
	desktest.Must(w.t, err)
	return len(marks)
}
