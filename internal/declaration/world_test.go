package declaration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/declaration"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
	"gongxin/internal/subject"
)

const (
	unitCode  = "11990100001000010R"
	otherUnit = "11990100001000029N"
	firmCode  = "91990102MA0A00014H"

	agent    = int64(1)
	officer  = int64(2)
	clerk    = int64(3)
	stranger = int64(4) // agent of the other firm
	both     = int64(5) // clerk of the unit and the firm's agent
	outsider = int64(6) // clerk of another unit
	resident = int64(7)
)

// world is declarations over the real register, the real intake and the real engine.
type world struct {
	*declaration.Service
	t        testing.TB
	db       *db.DB
	clock    *clock.Manual
	ring     *gm.KeyRing
	records  *record.Store
	subjects *subject.Store
	intake   *ingest.Service
	editions *catalog.Store
	book     *ruleset.Book[*declaration.Rules]
	log      *audit.Log
	unit     agency.Agency
	firm     subject.Subject
	other    subject.Subject
	person   int64
	people   map[int64]authz.Actor
	told     []notice.Notice
	filed    []declaration.Row
	broken   error                            // what the intake fails with
	refuses  func(r declaration.Row) []string // what it says instead
	serial   int
}

// Send keeps who was told what.
func (w *world) Send(_ context.Context, _ *db.Tx, n notice.Notice) error {
	w.told = append(w.told, n)
	return nil
}

// File is the real intake, unless the test breaks it.
func (w *world) File(ctx context.Context, r declaration.Row) ([]string, error) {
	if w.broken != nil {
		return nil, w.broken
	}
	if w.refuses != nil {
		if reasons := w.refuses(r); len(reasons) > 0 {
			return reasons, nil
		}
	}
	w.filed = append(w.filed, r)
	got, err := w.take(ctx, ingest.Request{Item: string(r.Item), Unit: r.Unit, FileName: "自主申报.ndjson", IdemKey: r.Key, Actor: r.Actor, Hold: true}, r.Values)
	if err != nil || got.Rejected == 0 {
		return nil, err
	}
	return []string{got.Rows[0].Reasons[0].Message}, nil
}

func (w *world) take(ctx context.Context, q ingest.Request, row map[string]string) (*ingest.Receipt, error) {
	raw, err := json.Marshal(row)
	if err != nil {
		return nil, err
	}
	sub, err := w.intake.Submit(ctx, q, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if _, err = w.intake.Run(ctx, sub.ID, nil); err != nil {
		return nil, err
	}
	return w.intake.Receipt(ctx, sub.ID, 0, 10)
}

// report files a row as a department does.
func (w *world) report(item, unit string, row map[string]string) *ingest.Receipt {
	w.t.Helper()
	r, err := w.take(context.Background(), ingest.Request{Item: item, Unit: unit, FileName: "报送.ndjson", Actor: "test"}, row)
	must(w.t, err)
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// example is the made-up row of an item, with changes.
func example(item string, changes map[string]string) map[string]string {
	it, _ := catalog.Default().Item(catalog.ItemCode(item))
	out := maps.Clone(it.Example)
	maps.Copy(out, changes)
	return out
}

// edition is the catalogue with another file of the item.
func edition(t testing.TB, change func(item string) string) *catalog.Edition {
	t.Helper()
	base := catalog.Default()
	item, ok := base.File("items/ZZSB.toml")
	head, ok2 := base.File("edition.toml")
	if !ok || !ok2 {
		t.Fatal("the catalogue has no such file")
	}
	e, err := catalog.LoadOver(base, fs.FS(fstest.MapFS{
		"edition.toml":    {Data: []byte(strings.Replace(string(head), `id = "`, `id = "city.`, 1))},
		"items/ZZSB.toml": {Data: []byte(change(string(item)))},
	}))
	must(t, err)
	return e
}

func newWorld(t testing.TB, d *db.DB, e *catalog.Edition) *world {
	t.Helper()
	ctx := context.Background()
	c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
	dir := t.TempDir()
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(t, err)
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	must(t, err)
	ids, divisions := id.NewMaker(c.Now), ident.DefaultDivisions()
	w := &world{t: t, db: d, clock: c, ring: ring, records: record.NewStore(d, ids), subjects: subject.NewStore(d, ids, ring)}
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: c})
	w.editions, err = catalog.NewStore(e)
	must(t, err)
	rules, err := publish.DefaultRules()
	must(t, err)
	agencies := agency.NewStore(d, ids, c, divisions)
	w.unit, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(t, err)
	strange, err := agencies.Add(ctx, otherUnit, "临溪市中级人民法院", "990100")
	must(t, err)
	w.intake = ingest.NewService(ingest.Config{
		DB: d, Blobs: blobs, Subjects: w.subjects, Records: w.records, Agencies: agencies, Editions: w.editions, Rules: rules, Calendar: clock.DefaultCalendar(), Ring: ring, Clock: c, IDs: ids,
		Access: w.log, Owner: ingest.Owner("test"),
	})
	w.book, err = declaration.NewBook(d, c, func() *catalog.Edition { return w.editions.Current(clock.Today(c)) })
	must(t, err)
	authority := authz.New(divisions)
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: c, Calendar: clock.DefaultCalendar(), Log: w.log, Periods: declaration.Periods(w.book), Files: blobs,
		Who:      func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	w.Service = declaration.New(declaration.Config{
		DB: d, IDs: ids, Clock: c, Ring: ring, Rules: w.book, Records: w.records, Subjects: w.subjects, Agencies: agencies, Editions: w.editions, Authority: authority, Flow: engine, Notices: w, Filer: w,
	})
	must(t, engine.Register(declaration.Table(), w.Hooks()))
	must(t, engine.Register(declaration.EndTable(), w.EndHooks()))
	w.settle(ctx)
	w.cast(strange)
	return w
}

// settle puts the firms and a person on file, as departments do.
func (w *world) settle(ctx context.Context) {
	w.t.Helper()
	w.report("DJJC", unitCode, example("DJJC", nil))
	const org = "MA0A0002"
	code := "91990102" + org + string(ident.OrgCheck(org)) // another firm of the same sort
	code += string(ident.USCCCheck(code))
	w.report("XYCN", unitCode, example("XYCN", map[string]string{"CN_MC": "临溪市另一家食品有限公司", "CN_DM": code}))
	w.report("XYCN", unitCode, example("XYCN", map[string]string{"CN_MC": "张三", "CN_LB": "自然人", "CN_DM": "", "CN_ZJLX": "身份证", "CN_ZJHM": "11010519491231002X"}))
	var ok bool
	var err error
	w.firm, ok, err = w.subjects.ByCode(ctx, firmCode)
	if must(w.t, err); !ok {
		w.t.Fatal("the firm is not on file")
	}
	w.other, ok, err = w.subjects.ByCode(ctx, code)
	if must(w.t, err); !ok {
		w.t.Fatal("the other firm is not on file")
	}
	who, ok, err := w.subjects.ByPerson(ctx, "身份证", "11010519491231002X")
	if must(w.t, err); !ok {
		w.t.Fatal("the person is not on file")
	}
	w.person = who.ID
}

func (w *world) cast(strange agency.Agency) {
	at := func(role authz.Role, unit int64) authz.Grant { return authz.Grant{Role: role, Agency: unit} }
	of := func(role authz.Role, subject int64) authz.Grant { return authz.Grant{Role: role, Subject: subject} }
	w.people = map[int64]authz.Actor{
		agent: {Grants: []authz.Grant{of(authz.BusinessAgent, w.firm.ID)}}, officer: {Grants: []authz.Grant{{Role: authz.OfficeOperator}}},
		clerk: {Grants: []authz.Grant{at(authz.FilingClerk, w.unit.ID)}}, stranger: {Grants: []authz.Grant{of(authz.BusinessAgent, w.other.ID)}},
		both: {Grants: []authz.Grant{at(authz.FilingClerk, w.unit.ID), of(authz.BusinessAgent, w.firm.ID)}}, outsider: {Grants: []authz.Grant{at(authz.FilingClerk, strange.ID)}},
		resident: {Grants: []authz.Grant{of(authz.Resident, w.person)}},
	}
}

// receive names the unit that receives declarations from everywhere.
func (w *world) receive(more string) *world {
	w.t.Helper()
	text := string(declaration.Shipped()) + "\n" + more + "\n[[receiver]]\nunit = \"" + unitCode + "\"\n"
	must(w.t, w.book.Check(context.Background(), []byte(text), 20260101))
	must(w.t, w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		return w.book.Apply(ctx, tx, []byte(text), 20260101, "test")
	}))
	must(w.t, w.book.Refresh(context.Background()))
	return w
}

func (w *world) as(who int64) context.Context {
	a := w.people[who]
	a.ID, a.Kind, a.Session, a.Strong = who, authz.Account, who, true
	return authz.With(context.Background(), a)
}

// content is a declaration that the intake takes; each has its own number.
func (w *world) content() declaration.Content {
	w.serial++
	return declaration.Content{
		"SB_LB": "荣誉", "SB_XXMC": "守合同重信用企业", "SB_BH": "证" + strconv.Itoa(w.serial), "SB_BFDW": "示例协会", "SB_RQ": "2021-05-20", "SB_GK": "可向社会公开",
	}
}

// proof attaches a file as somebody.
func (w *world) proof(who int64) []string {
	w.t.Helper()
	a, err := w.Flow.Attach(w.as(who), "证书", strings.NewReader("%PDF-1.7\n"+time.Now().String()))
	must(w.t, err)
	return []string{a.Hash}
}

func (w *world) submit(c declaration.Content) declaration.Declaration {
	w.t.Helper()
	d, err := w.Submit(w.as(agent), w.submission(agent, c))
	must(w.t, err)
	return d
}

func (w *world) submission(who int64, c declaration.Content) declaration.Submission {
	return declaration.Submission{Subject: w.firm.ID, Item: "ZZSB", Content: c, Files: w.proof(who), Pledged: true}
}

func (w *world) onFile(c declaration.Content) declaration.Declaration {
	w.t.Helper()
	d := w.submit(c)
	d, err := w.Accept(w.as(clerk), d.ID, declaration.Step{})
	must(w.t, err)
	if d.State != declaration.OnFile {
		w.t.Fatalf("accepted, and %s", d.State)
	}
	return d
}

func (w *world) state(id int64) declaration.Declaration {
	w.t.Helper()
	d, err := w.Get(context.Background(), w.db.Read(), id)
	must(w.t, err)
	return d
}

// record gives the newest version of a declaration's record.
func (w *world) record(id string) record.Version {
	w.t.Helper()
	at, err := record.ParseID(id)
	must(w.t, err)
	list, err := w.records.Standing(context.Background(), w.db.Read(), []record.ID{at})
	must(w.t, err)
	return list[at]
}

// declared counts the records in force of a subject that it declared.
func (w *world) declared(of int64) (n int) {
	w.t.Helper()
	list, err := w.records.StandingOf(context.Background(), w.db.Read(), of)
	must(w.t, err)
	for i := range list {
		if list[i].Item == "ZZSB" && list[i].Status == record.Active {
			n++
		}
	}
	return n
}

func (w *world) runDue() {
	w.t.Helper()
	_, err := w.Flow.RunDue(context.Background())
	must(w.t, err)
}

func refused(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func denied(t testing.TB, what string, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("%s: %v", what, err)
	}
}

var errIntake = errors.New("the intake is down")
