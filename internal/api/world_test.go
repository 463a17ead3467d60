package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// The firm and the person that the world's records are about.
const (
	firmCode     = "91370303MA3C000118"
	bankCode     = codeA
	otherCode    = "11990100001000045C"
	personKind   = "身份证"
	personNumber = "11010519491231002X" // the textbook example of GB 11643
	personName   = "张三丰"
)

// workday is a working day, ten in the morning.
var workday = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// world is the interface over the real register, with one firm and one person, each with a record of class A, B and C, and everything that reading
// beyond the public takes. Keys and sessions are those of people.
type world struct {
	testAPI
	db        *db.DB
	log       *audit.Log
	matters   *agency.Matters
	consents  *consent.Store
	publicKey []byte
	unit      agency.Agency
	other     agency.Agency
	bank      agency.Agency
	firm      int64
	human     int64
	people    map[string]authz.Actor
	named     map[string]bool // items that the purpose of the question at hand names
}

// whoIs knows people by their name as key or session.
type whoIs struct{ w *world }

func (x whoIs) find(raw string, kind authz.Kind) (authz.Actor, error) {
	a, ok := x.w.people[raw]
	if !ok {
		return a, fault.New(fault.Denied, "test.unknown", "无效", "")
	}
	a.Kind = kind
	if kind == authz.Key {
		a.Strong, a.Session = false, 7
	}
	return a, nil
}

func (x whoIs) Actor(_ context.Context, raw string) (authz.Actor, error) {
	return x.find(raw, authz.Account)
}

func (x whoIs) KeyActor(_ context.Context, raw, _ string) (authz.Actor, error) {
	return x.find(raw, authz.Key)
}

func newWorld(t testing.TB) *world { return newWorldOn(t, dbtest.SQLite(t)) }

func newWorldOn(t testing.TB, d *db.DB) *world {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &world{db: d}
	w.clock = clock.NewManual(workday)
	ids, divisions := id.NewMaker(w.clock.Now), ident.DefaultDivisions()
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(err)
	key, err := gm.OpenSigningKey(filepath.Join(t.TempDir(), "consent.pem"))
	must(err)
	w.publicKey = key.Public()
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	rules, err := publish.DefaultRules()
	must(err)
	authority := authz.New(divisions)
	agencies := agency.NewStore(d, ids, w.clock, divisions)
	for code, into := range map[string]*agency.Agency{unitCode: &w.unit, otherCode: &w.other, bankCode: &w.bank} {
		*into, err = agencies.Add(ctx, code, map[string]string{unitCode: "临溪市市场监督管理局", otherCode: "临溪市知识产权局", bankCode: "临溪银行"}[code], map[bool]string{true: "990103", false: "990102"}[code == otherCode])
		must(err)
	}
	subjects, records := subject.NewStore(d, ids, ring), record.NewStore(d, ids)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.matters = agency.NewMatters(agencies, w.log, nil)
	w.consents = consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: w.clock, Log: w.log, Key: key, Agencies: agencies, Editions: editions, Authority: authority, Subjects: subjects,
	})
	p := publish.NewService(publish.Config{
		Records: records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: w.clock,
		Names: publish.NewNames(subjects, w.clock, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{DB: d, Log: w.log, Authority: authority, Matters: w.matters, Consents: w.consents, Ring: ring, PersonsHour: 4},
	})
	must(d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx, subjects, records, ring) }))
	w.meet()
	w.filer = newFakeFiler(t)
	w.Handler, err = New(Deps{
		Version: "test", Reader: p, Filer: w.filer, Agencies: agencies, Catalogue: editions, Clock: w.clock, Actors: whoIs{w}, Authority: authority,
		Disclosures: p, Looks: publish.Looks{DB: d, Log: w.log, Clock: w.clock}, Consents: w.consents, Audit: w.log, Subjects: subjects, Labels: p, RegionName: divisions.Name, Limits: Limits{SearchesPerSecond: -1},
		KeyExpires: func(context.Context, int64) (time.Time, error) { return workday.AddDate(0, 6, 0), nil },
		Session: func(r *http.Request) string {
			c, err := r.Cookie("gx")
			if err != nil {
				return ""
			}
			return c.Value
		},
	})
	must(err)
	return w
}

func (w *world) fill(ctx context.Context, tx *db.Tx, subjects *subject.Store, records *record.Store, ring *gm.KeyRing) error {
	identity, _ := json.Marshal(subject.Identity{DocKind: personKind, Number: personNumber, Name: personName})
	answers, err := subjects.Resolve(ctx, tx, []subject.Claim{
		{Kind: catalog.LegalEntity, Name: "临溪市示例食品有限公司", Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: firmCode}}},
		{Kind: catalog.Person, Name: personName, Idents: []subject.Ident{subjects.PersonIdent(personKind, personNumber)}, Sealed: ring.Seal("subject", string(identity))},
	}, w.clock.Now())
	if err != nil {
		return err
	}
	w.firm, w.human = answers[0].Subject.ID, answers[1].Subject.ID
	var drafts []record.Draft
	for _, code := range []catalog.ItemCode{"XZCF", "XZJF", "XZBC"} { // class A, B and C
		drafts = append(drafts, w.draft(code, w.firm, false, ring), w.draft(code, w.human, true, ring))
	}
	_, _, err = records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
	return err
}

// draft is the catalogue's example row about a subject; about the person the name and the number stand in it, sealed as filing seals them.
func (w *world) draft(code catalog.ItemCode, about int64, human bool, ring *gm.KeyRing) record.Draft {
	item, _ := catalog.Default().Item(code)
	values, hide := make(catalog.Values, len(item.Fields)), make([]bool, len(item.Fields))
	for i, f := range item.Fields {
		values[i] = item.Example[f.Code]
		if !human {
			continue
		}
		switch f.Role {
		case catalog.RoleName:
			values[i], hide[i] = personName, true
		case catalog.RolePersonID:
			values[i], hide[i] = personNumber, true
		case catalog.RolePersonIDType:
			values[i], hide[i] = personKind, true
		case catalog.RoleUSCC, catalog.RoleRep:
			values[i] = ""
		}
	}
	sum := sha256.Sum256(fmt.Append(nil, code, about))
	return record.Draft{
		Subject: about, Digest: [16]byte(sum[:16]),
		Facts: record.Facts{
			Item: code, Edition: catalog.Default().ID, NaturalKey: "1", Class: item.Class, Status: record.Active, Listed: item.Class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, Agency: w.unit.ID, Region: "990102",
		},
		Body: record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return ring.Seal("record/"+field, plain) }),
	}
}

// meet makes the people.
func (w *world) meet() {
	person := func(n int64, grants ...authz.Grant) authz.Actor {
		return authz.Actor{ID: n, Session: 100 + n, Address: "10.0.0.7", Grants: grants}
	}
	w.people = map[string]authz.Actor{
		"officer":   person(1, authz.Grant{Role: authz.WindowOfficer, Agency: w.unit.ID}),
		"banker":    person(2, authz.Grant{Role: authz.InstitutionOfficer, Agency: w.bank.ID}),
		"agent":     person(3, authz.Grant{Role: authz.BusinessAgent, Subject: w.firm}),
		"resident":  person(4, authz.Grant{Role: authz.Resident, Subject: w.human}),
		"stranger":  person(5, authz.Grant{Role: authz.BusinessAgent, Subject: 12345}),
		"elsewhere": person(6, authz.Grant{Role: authz.WindowOfficer, Agency: w.other.ID}),
		"clerk":     person(7, authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID}),
		"weak":      person(8, authz.Grant{Role: authz.Auditor}),
		"two":       person(9, authz.Grant{Role: authz.BusinessAgent, Subject: w.firm}, authz.Grant{Role: authz.BusinessAgent, Subject: 12345}),
		"scoped":    person(1, authz.Grant{Role: authz.WindowOfficer, Agency: w.unit.ID}),
	}
	for name, region := range map[string]string{"auditor": "", "district": "990103"} {
		a := person(20+int64(len(region)), authz.Grant{Role: authz.Auditor, Region: region})
		a.Strong = true
		w.people[name] = a
	}
	scoped := w.people["scoped"]
	scoped.Scopes = []authz.Action{authz.ConsentRead}
	w.people["scoped"] = scoped
}

// as asks with a key, or with a session when the name begins with @; "" is nobody.
func (w *world) as(t testing.TB, who, method, target, body string) answer {
	t.Helper()
	h := http.Header{}
	if name, ok := strings.CutPrefix(who, "@"); ok {
		h.Set("Cookie", "gx="+name)
		h.Set("Sec-Fetch-Site", "same-origin")
	} else if who != "" {
		h.Set("Authorization", "Bearer "+who)
	}
	if body == "" {
		return w.do(t, method, prefix+target, nil, h)
	}
	h.Set("Content-Type", "application/json")
	return w.do(t, method, prefix+target, strings.NewReader(body), h)
}

// matter puts a matter on file that covers everything, unless changed.
func (w *world) matter(t testing.TB, code string, change func(*agency.Matter)) string {
	t.Helper()
	m := agency.Matter{
		Code: code, Name: "食品经营许可", Agency: w.unit.ID, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: 20201001,
		Items: []string{"XZCF", "XZJF", "XZBC"}, Kinds: []string{"legal_entity", "person"}, ValidFrom: 20260101,
	}
	if change != nil {
		change(&m)
	}
	if _, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m); err != nil {
		t.Fatal(err)
	}
	return code
}

// consent lets the firm, or the person, consent for the bank.
func (w *world) consent(t testing.TB, change func(*consent.Terms)) int64 {
	t.Helper()
	terms := consent.Terms{Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF", "XZJF"}, Classes: []catalog.Class{"A", "B"}, Purpose: "credit", Uses: 2}
	if change != nil {
		change(&terms)
	}
	by := w.people["agent"]
	if terms.Subject == w.human {
		by = w.people["resident"]
	}
	by.Kind = authz.Account
	c, _, err := w.consents.Grant(context.Background(), by, terms)
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// entries gives every entry, newest first.
func (w *world) entries(t testing.TB) []audit.Access {
	t.Helper()
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", audit.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
