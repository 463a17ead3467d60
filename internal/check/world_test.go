package check_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

const (
	unitCode = "11990100001000010R"
	firmCode = "91370303MA3C000118"
	docKind  = "身份证"
	number   = "11010519491231002X" // the textbook example of GB 11643
	person   = "张三丰"
)

// now is a working day, ten in the morning.
var now = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// filed are the items on file about the firm and the person: adverse, neutral and neutral, of class A, B and C.
var filed = []catalog.ItemCode{"XZCF", "XZJF", "XZBC"}

// world is a register with firms and a person, and a service that checks them.
type world struct {
	*check.Service
	db       *db.DB
	clock    *clock.Manual
	log      *audit.Log
	matters  *agency.Matters
	subjects *subject.Store
	records  *record.Store
	publish  *publish.Service
	ring     *gm.KeyRing
	lists    *lists
	measures *measures
	notices  *notices
	unit     agency.Agency
	other    agency.Agency
	firm     int64
	human    int64
	codes    []string // of the firms, the first of which is firm
	actors   map[int64]authz.Actor
	revoked  bool // the key of the pages in other systems
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, d *db.DB, firms int) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{db: d, clock: clock.NewManual(now), lists: &lists{entries: map[int64][]check.ListEntry{}}, measures: &measures{}, notices: &notices{}, actors: map[int64]authz.Actor{}}
	ids := id.NewMaker(w.clock.Now)
	var err error
	w.ring, err = gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	editions, err := catalog.NewStore(catalog.Default())
	must(t, err)
	rules, err := publish.DefaultRules()
	must(t, err)
	divisions := ident.DefaultDivisions()
	authority := authz.New(divisions)
	agencies := agency.NewStore(d, ids, w.clock, divisions)
	w.unit, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(t, err)
	w.other, err = agencies.Add(ctx, "11990100001000045C", "临溪市知识产权局", "990100")
	must(t, err)
	w.subjects, w.records = subject.NewStore(d, ids, w.ring), record.NewStore(d, ids)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.matters = agency.NewMatters(agencies, w.log, func(item string) bool {
		_, ok := catalog.Default().Item(catalog.ItemCode(item))
		return ok
	})
	w.publish = publish.NewService(publish.Config{
		Records: w.records, Subjects: w.subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: w.clock,
		Names: publish.NewNames(w.subjects, w.clock, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{DB: d, Log: w.log, Authority: authority, Matters: w.matters, Ring: w.ring},
	})
	w.Service, err = check.New(check.Config{
		DB: d, IDs: ids, Clock: w.clock, Ring: w.ring, Log: w.log, Authority: authority, Discloser: w.publish, Agencies: agencies, Matters: w.matters, Editions: editions,
		Lists: w.lists, Measures: w.measures, Records: w.records, Notices: w.notices, Owner: "test", Account: w.account, Key: w.keyStands,
	})
	must(t, err)
	must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx, firms) }))
	w.actors[1] = w.officer()
	return w
}

// account is the officer as long as nobody took the account away.
func (w *world) account(_ context.Context, account int64) (authz.Actor, error) {
	a, ok := w.actors[account]
	if !ok {
		return a, errors.New("no such account")
	}
	return a, nil
}

func (w *world) fill(ctx context.Context, tx *db.Tx, firms int) error {
	identity, _ := json.Marshal(subject.Identity{DocKind: docKind, Number: number, Name: person})
	claims := []subject.Claim{
		{Kind: catalog.Person, Name: person, Idents: []subject.Ident{w.subjects.PersonIdent(docKind, number)}, Sealed: w.ring.Seal("subject", string(identity))},
	}
	for i := range firms {
		code := firmCode
		if i > 0 {
			code = codeOf(i)
		}
		w.codes = append(w.codes, code)
		claims = append(claims, subject.Claim{Kind: catalog.LegalEntity, Name: fmt.Sprintf("临溪市示例%d有限公司", i), Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: code}}})
	}
	answers, err := w.subjects.Resolve(ctx, tx, claims, w.clock.Now())
	if err != nil {
		return err
	}
	w.human, w.firm = answers[0].Subject.ID, answers[1].Subject.ID
	var drafts []record.Draft
	for i := range answers {
		for j, code := range filed {
			if i < 2 || (i+j)%3 > 0 {
				drafts = append(drafts, w.draft(code, answers[i].Subject.ID, i == 0))
			}
		}
	}
	_, _, err = w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
	return err
}

// codeOf makes a code with its check digits.
func codeOf(n int) string {
	org := fmt.Sprintf("MA0B%04d", n)
	first := "91990102" + org + string(ident.OrgCheck(org))
	return first + string(ident.USCCCheck(first))
}

// draft is the catalogue's example row about a subject, with a person's name and number sealed as filing seals them.
func (w *world) draft(code catalog.ItemCode, about int64, human bool) record.Draft {
	item, _ := catalog.Default().Item(code)
	values, hide := make(catalog.Values, len(item.Fields)), make([]bool, len(item.Fields))
	for i, f := range item.Fields {
		values[i] = item.Example[f.Code]
		if !human {
			continue
		}
		switch f.Role {
		case catalog.RoleName:
			values[i], hide[i] = person, true
		case catalog.RolePersonID:
			values[i], hide[i] = number, true
		case catalog.RolePersonIDType:
			values[i], hide[i] = docKind, true
		case catalog.RoleUSCC, catalog.RoleRep:
			values[i] = ""
		}
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(code, about)))
	return record.Draft{
		Subject: about, Digest: [16]byte(sum[:16]),
		Facts: record.Facts{
			Item: code, Edition: catalog.Default().ID, NaturalKey: "1", Class: item.Class, Status: record.Active, Listed: item.Class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, PublicUntil: 20290302, Agency: w.unit.ID, Region: "990102",
		},
		Body: record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return w.ring.Seal("record/"+field, plain) }),
	}
}

func (w *world) officer() authz.Actor {
	return authz.Actor{ID: 1, Kind: authz.Account, Address: "10.0.0.7", Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: w.unit.ID}}}
}

func (w *world) stranger() authz.Actor {
	return authz.Actor{ID: 2, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: w.other.ID}}}
}

func (w *world) office() authz.Actor {
	return authz.Actor{ID: 3, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: authz.OfficeOperator, Region: "990100"}}}
}

// matter puts a matter on file that covers everything on file, unless changed.
func (w *world) matter(t testing.TB, code string, change func(*agency.Matter)) string {
	t.Helper()
	m := agency.Matter{
		Code: code, Name: "食品经营许可", Agency: w.unit.ID, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: 20201001,
		Items: []string{"XZCF", "XZJF", "XZBC", "YZSX"}, Kinds: []string{"legal_entity", "person"}, ValidFrom: 20260101,
	}
	if change != nil {
		change(&m)
	}
	_, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m)
	must(t, err)
	return code
}

func (w *world) ask(matter string) check.Ask {
	return check.Ask{Who: w.officer(), Subject: publish.Whom{Code: firmCode}, Matter: matter}
}

func (w *world) entries(t testing.TB) []audit.Access {
	t.Helper()
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", 200)
	must(t, err)
	return list
}

func (w *world) acts(t testing.TB, action string) []audit.Act {
	t.Helper()
	list, _, err := w.log.Acts(context.Background(), audit.Who{Kind: "local"}, audit.Filter{Action: action}, "", 200)
	must(t, err)
	return list
}

// lists is one adverse list; who stands on it is set by the test.
type lists struct {
	entries map[int64][]check.ListEntry
	calls   int
}

var dishonest = check.ListKind{Code: "YZSX-SCJG", Name: "市场监督管理严重违法失信名单", Item: "YZSX", Polarity: check.Adverse, Basis: "总局令第44号第二条"}

func (l *lists) Standing(_ context.Context, _ db.Querier, subjects []int64, _ time.Time) (map[int64][]check.ListEntry, error) {
	l.calls++
	out := map[int64][]check.ListEntry{}
	for _, s := range subjects {
		out[s] = slices.Clone(l.entries[s])
	}
	return out, nil
}

func (*lists) Kind(code string, _ clock.Date) (check.ListKind, bool) {
	return dishonest, code == dishonest.Code
}

func (*lists) OfRecord(item catalog.ItemCode, categories []string, _ clock.Date) (check.ListKind, bool) {
	return dishonest, item == dishonest.Item && slices.Contains(categories, dishonest.Name)
}

// measures allow one restraint because of the list, of persons none, unless it is taken away.
type measures struct {
	gone  bool
	calls int
}

var restraint = check.Measure{Code: "GJ-1", Kind: "限制市场或行业准入", Content: "依法限制申请食品经营许可", Basis: "食品安全法第一百三十五条", Body: "市场监管部门", List: dishonest.Code, Polarity: check.Adverse}

func (m *measures) Allowed(_ context.Context, _ db.Querier, a check.Allowing) ([]check.Measure, error) {
	m.calls++
	if m.gone || a.Kind == catalog.Person || !slices.Contains(a.Lists, dishonest.Code) {
		return nil, nil
	}
	return []check.Measure{restraint}, nil
}

// notices keeps what was sent.
type notices struct{ sent []notice.Notice }

func (n *notices) Send(_ context.Context, _ *db.Tx, x notice.Notice) error {
	n.sent = append(n.sent, x)
	return nil
}

// list lets a subject stand on the list.
func (w *world) list(subject int64) {
	w.lists.entries[subject] = []check.ListEntry{{ID: 7, List: dishonest.Code, Agency: w.unit.ID, ListedOn: 20260401, Until: 20290401, Law: dishonest.Basis}}
}
