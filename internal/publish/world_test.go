package publish_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

const (
	unitCode = "11990100001000010R"
	bankCode = "91990102MA0A00014H"
	firmCode = "91370303MA3C000118"
	docKind  = "身份证"
	number   = "11010519491231002X" // the textbook example of GB 11643
	person   = "张三丰"
)

// world is a register with one organisation and one person, each with a record of every class, and whatever disclosure takes.
type world struct {
	*publish.Service
	db       *db.DB
	clock    *clock.Manual
	log      *audit.Log
	matters  *agency.Matters
	consents *consent.Store
	unit     agency.Agency
	other    agency.Agency
	bank     agency.Agency
	firm     int64
	human    int64
}

// today is a working day, ten in the morning.
var today = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// filed are the items of the world, of class A, B and C.
var filed = []catalog.ItemCode{"XZCF", "XZJF", "XZBC"}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &world{db: d, clock: clock.NewManual(today)}
	ids := id.NewMaker(w.clock.Now)
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(err)
	key, err := gm.OpenSigningKey(filepath.Join(t.TempDir(), "consent.pem"))
	must(err)
	editions, err := catalog.NewStore(catalog.Default())
	must(err)
	rules, err := publish.DefaultRules()
	must(err)
	divisions := ident.DefaultDivisions()
	authority := authz.New(divisions)
	agencies := agency.NewStore(d, ids, w.clock, divisions)
	w.unit, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(err)
	w.other, err = agencies.Add(ctx, "11990100001000045C", "临溪市知识产权局", "990100")
	must(err)
	w.bank, err = agencies.Add(ctx, bankCode, "临溪银行", "990100")
	must(err)
	subjects, records := subject.NewStore(d, ids, ring), record.NewStore(d, ids)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.matters = agency.NewMatters(agencies, w.log, func(item string) bool {
		_, ok := catalog.Default().Item(catalog.ItemCode(item))
		return ok
	})
	w.consents = consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: w.clock, Log: w.log, Key: key, Agencies: agencies, Editions: editions, Authority: authority, Subjects: subjects,
	})
	w.Service = publish.NewService(publish.Config{
		Records: records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: w.clock,
		Names: publish.NewNames(subjects, w.clock, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{
			DB: d, Log: w.log, Authority: authority, Matters: w.matters, Consents: w.consents, Ring: ring, PersonsHour: 5,
		},
	})
	must(d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx, subjects, records, ring) }))
	return w
}

func (w *world) fill(ctx context.Context, tx *db.Tx, subjects *subject.Store, records *record.Store, ring *gm.KeyRing) error {
	identity, _ := json.Marshal(subject.Identity{DocKind: docKind, Number: number, Name: person})
	answers, err := subjects.Resolve(ctx, tx, []subject.Claim{
		{Kind: catalog.LegalEntity, Name: "临溪市示例食品有限公司", Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: firmCode}}},
		{Kind: catalog.Person, Name: person, Idents: []subject.Ident{subjects.PersonIdent(docKind, number)}, Sealed: ring.Seal("subject", string(identity))},
	}, w.clock.Now())
	if err != nil {
		return err
	}
	w.firm, w.human = answers[0].Subject.ID, answers[1].Subject.ID
	var drafts []record.Draft
	for _, code := range filed {
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
			values[i], hide[i] = person, true
		case catalog.RolePersonID:
			values[i], hide[i] = number, true
		case catalog.RolePersonIDType:
			values[i], hide[i] = docKind, true
		case catalog.RoleUSCC, catalog.RoleRep:
			values[i] = ""
		}
	}
	class := item.Class
	return record.Draft{
		Subject: about, Digest: sha16(fmt.Sprint(code, about)),
		Facts: record.Facts{
			Item: code, Edition: catalog.Default().ID, NaturalKey: "1", Class: class, Status: record.Active, Listed: class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, Agency: w.unit.ID, Region: "990102",
		},
		Body: record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return ring.Seal("record/"+field, plain) }),
	}
}

func sha16(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}

// The people of the world.
func (w *world) officer() authz.Actor {
	return authz.Actor{ID: 1, Kind: authz.Account, Address: "10.0.0.7", Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: w.unit.ID}}}
}

func (w *world) banker() authz.Actor {
	return authz.Actor{ID: 2, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.InstitutionOfficer, Agency: w.bank.ID}}}
}

func (w *world) agent() authz.Actor {
	return authz.Actor{ID: 3, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: w.firm}}}
}

func (w *world) resident() authz.Actor {
	return authz.Actor{ID: 4, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.Resident, Subject: w.human}}}
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
	by := w.agent()
	if terms.Subject == w.human {
		by = w.resident()
	}
	c, _, err := w.consents.Grant(context.Background(), by, terms)
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// entries gives every entry, newest first.
func (w *world) entries(t testing.TB) []audit.Access {
	t.Helper()
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// items gives the items of an answer's records.
func items(a *publish.Answer) map[catalog.ItemCode]bool {
	out := map[catalog.ItemCode]bool{}
	if a != nil {
		for i := range a.Records {
			out[a.Records[i].Item] = true
		}
	}
	return out
}
