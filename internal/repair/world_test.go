package repair_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
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
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/repair"
	"gongxin/internal/subject"
)

const (
	firm   = int64(100)
	person = int64(101)
	other  = int64(102)
)

// world is the service over real records and real procedures; the subjects, what records say and the lists are the test's own.
type world struct {
	*repair.Service
	t       testing.TB
	db      *db.DB
	clock   *clock.Manual
	records *record.Store
	flow    *flow.Engine
	unit    agency.Agency
	second  agency.Agency
	key     *gm.SigningKey
	says    map[record.ID]string
	entries []repair.Entry
	removed []repair.Removal
	told    []string
	bodies  []string // of what was told
	name    string   // of the firm; "" = the usual one
	n       int
}

func (w *world) ByIDs(_ context.Context, ids []int64) (map[int64]subject.Subject, error) {
	out := map[int64]subject.Subject{}
	for _, id := range ids {
		switch {
		case id == firm, id == other, id >= 1000:
			out[id] = subject.Subject{ID: id, Kind: catalog.LegalEntity, Code: "91990102MA0A00014H", Name: cmp.Or(w.name, "临溪市示例食品有限公司"), Region: "990102"}
		case id == person:
			out[id] = subject.Subject{ID: id, Kind: catalog.Person}
		}
	}
	return out, nil
}

func (w *world) Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error) {
	all, err := w.records.StandingOf(ctx, w.db.Read(), ask.Subject.ID)
	a := &publish.Answer{}
	for i := range all {
		if slices.Contains(ask.Items, all[i].Item) {
			a.Records = append(a.Records, publish.RecordView{ID: all[i].ID.String(), Title: "违法行为", Fields: []publish.FieldView{{Value: w.says[all[i].ID]}}})
		}
	}
	return a, err
}

func (w *world) Of(_ context.Context, _ db.Querier, of int64) ([]repair.Entry, error) {
	var out []repair.Entry
	for _, e := range w.entries {
		if e.Subject == of {
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *world) Remove(_ context.Context, _ *db.Tx, entry int64, r repair.Removal) error {
	w.entries = slices.DeleteFunc(w.entries, func(e repair.Entry) bool { return e.ID == entry })
	w.removed = append(w.removed, r)
	return nil
}

func (w *world) Send(_ context.Context, _ *db.Tx, n notice.Notice) error {
	if flow.HasPersonal(n.Title+n.Body) || len([]rune(n.Title)) > 100 {
		w.t.Errorf("a notice that cannot be sent: %s", n.Title)
	}
	w.told, w.bodies = append(w.told, n.To.Kind+" "+n.Topic), append(w.bodies, n.Body)
	return nil
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock.NewManual(time.Date(2026, 5, 10, 10, 0, 0, 0, clock.Zone)), says: map[record.ID]string{}}
	ids, divisions, dir := id.NewMaker(w.clock.Now), ident.DefaultDivisions(), t.TempDir()
	agencies := agency.NewStore(d, ids, w.clock, divisions)
	w.unit = w.add(agencies.Add(t.Context(), "11990100001000010R", "临溪市市场监督管理局", "990100"))
	w.second = w.add(agencies.Add(t.Context(), "91990102MA0A00014H", "临溪市生态环境局", "990100"))
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	w.must(err)
	w.key, err = gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
	w.must(err)
	files, err := blob.Open(filepath.Join(dir, "blobs"), ring)
	w.must(err)
	editions, err := catalog.NewStore(catalog.Default())
	w.must(err)
	book, err := repair.NewBook(d, w.clock, nil)
	w.must(err)
	log, authority := audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock}), authz.New(divisions)
	w.records = record.NewStore(d, ids)
	w.flow = flow.New(flow.Config{
		DB: d, IDs: ids, Clock: w.clock, Calendar: clock.DefaultCalendar(), Log: log, Files: files, Periods: repair.Periods(book),
		Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			author := authz.AuthorOf(c.Author)
			return authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Subject: c.Subject, Author: author, Account: max(author, 0)}).Err()
		},
	})
	for _, table := range []flow.Table{repair.Table(book.Today().Clocks), repair.BreachTable(), repair.ShieldTable()} {
		w.must(w.flow.Register(table, flow.Hooks{}))
	}
	w.Service = repair.New(repair.Config{
		DB: d, IDs: ids, Clock: w.clock, Calendar: clock.DefaultCalendar(), Rules: book, Records: w.records, Files: w, Lists: w, Subjects: w, Agencies: agencies, Editions: editions,
		Authority: authority, Flow: w.flow, Notices: w, Acts: log, Key: w.key, City: "临溪市",
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(a agency.Agency, err error) agency.Agency {
	w.must(err)
	return a
}

func (w *world) day(d clock.Date) { w.clock.Set(d.Start().Add(10 * time.Hour)) }

func (w *world) as(id int64, strong bool, g ...authz.Grant) context.Context {
	return authz.With(w.t.Context(), authz.Actor{ID: id, Kind: authz.Account, Strong: strong, Session: id, Grants: g})
}

func (w *world) agent() context.Context {
	return w.as(1, false, authz.Grant{Role: authz.BusinessAgent, Subject: firm})
}

func (w *world) clerk() context.Context {
	return w.as(2, false, authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID})
}

func (w *world) reviewer() context.Context {
	return w.as(3, true, authz.Grant{Role: authz.Reviewer, Agency: w.unit.ID})
}

func (w *world) officer() context.Context {
	return w.as(4, true, authz.Grant{Role: authz.OfficeOperator})
}

// file puts a failure of the firm on file.
func (w *world) file(item catalog.ItemCode, on clock.Date, change func(*record.Draft)) record.ID {
	w.t.Helper()
	w.n++
	sum := sha256.Sum256([]byte(strconv.Itoa(w.n)))
	d := record.Draft{Subject: firm, Body: "{}", Digest: [16]byte(sum[:16]), Facts: record.Facts{
		Item: item, Edition: catalog.Default().ID, NaturalKey: fmt.Sprintf("临市监罚〔2026〕%d号\x1f11990100001000010R", w.n), Class: catalog.Public, Status: record.Active, Listed: true, DecidedOn: on,
		PublicFrom: on, PublicUntil: on.AddMonths(12), Agency: w.unit.ID, Region: "990102", Procedure: record.Ordinary, Severity: record.Moderate, RuleSet: "order36",
	}}
	if change != nil {
		change(&d)
	}
	var ids []record.ID
	w.must(w.db.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		_, ids, err = w.records.Apply(ctx, tx, []record.Draft{d}, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	}))
	return ids[0]
}

func (w *world) status(at record.ID) record.Version {
	w.t.Helper()
	now, err := w.records.Standing(w.t.Context(), w.db.Read(), []record.ID{at})
	w.must(err)
	return now[at]
}

func (w *world) proof(ctx context.Context) []repair.File {
	w.t.Helper()
	a, err := w.flow.Attach(ctx, "缴款凭证", strings.NewReader("%PDF-1.7\n1 0 obj\n"))
	w.must(err)
	return []repair.File{{Hash: a.Hash, Title: a.Title}}
}

func (w *world) save(targets ...repair.Target) (repair.Application, error) {
	ctx := w.agent()
	return w.Save(ctx, firm, 0, repair.DraftIn{Targets: targets, Statement: "罚款已经缴清，设备已经更换并通过验收", Files: w.proof(ctx)})
}

// send applies for targets and gives the cases.
func (w *world) send(targets ...repair.Target) []repair.Case {
	w.t.Helper()
	a, err := w.save(targets...)
	w.must(err)
	a, err = w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, true)
	w.must(err)
	list, err := w.CasesOf(w.t.Context(), a.ID)
	w.must(err)
	return list
}

func (w *world) answer(no string) repair.Answer {
	return repair.Answer{No: no, On: clock.Today(w.clock), Reason: "义务已经履行，符合修复条件"}
}

func (w *world) due(c repair.Case) clock.Date {
	w.t.Helper()
	f, err := w.flow.Get(w.t.Context(), c.Flow)
	w.must(err)
	return f.Due
}

func at(r record.ID) repair.Target { return repair.Target{Record: r} }
