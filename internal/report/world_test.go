package report_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
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
	"gongxin/internal/report"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

const (
	unitCode = "11990100001000010R"
	bankCode = "91990102MA0A00014H"
	firmCode = "91370303MA3C000118"
	bareCode = "91370302MA3C0002XH"
	docKind  = "身份证"
	idNumber = "11010519491231002X" // the textbook example of GB 11643
	person   = "张三丰"
	firmName = "临溪市示例食品有限公司"
)

// today is a working day, ten in the morning.
var today = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// world is a register with a firm, a firm without records, and a person, and a running public log.
type world struct {
	*report.Service
	db       *db.DB
	clock    *clock.Manual
	acts     *audit.Log
	records  *record.Store
	register *publish.Service
	consents *consent.Store
	ring     *gm.KeyRing
	log      *translog.Log
	keys     *verify.Keys
	unit     agency.Agency
	bank     agency.Agency
	firm     int64
	bare     int64
	human    int64
	noLog    bool
	between  func() // runs when a worker asks for the account
	gone     bool   // the account of whoever ordered something
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{db: d, clock: clock.NewManual(today)}
	ids := id.NewMaker(w.clock.Now)
	var err error
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	w.ring, err = gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(err)
	key, err := gm.OpenSigningKey(filepath.Join(dir, "report.pem"))
	must(err)
	consentKey, err := gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
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
	w.bank, err = agencies.Add(ctx, bankCode, "临溪银行", "990100")
	must(err)
	subjects := subject.NewStore(d, ids, w.ring)
	w.records = record.NewStore(d, ids)
	w.acts = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	matters := agency.NewMatters(agencies, w.acts, func(string) bool { return true })
	w.consents = consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: w.clock, Log: w.acts, Key: consentKey, Agencies: agencies, Editions: editions, Authority: authority, Subjects: subjects,
	})
	w.log, err = translog.Open(ctx, translog.Config{
		DB: d, Dir: filepath.Join(dir, "log"), Keys: filepath.Join(dir, "keys"), Origin: "gongxin/990100", Clock: w.clock, Log: slog.New(slog.DiscardHandler),
		CheckpointEvery: 100 * time.Millisecond, SetEvery: 10 * time.Millisecond,
	})
	must(err)
	w.keys, err = verify.ParseKeys(w.log.Verifiers()...)
	must(err)
	w.register = publish.NewService(publish.Config{
		Records: w.records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: w.clock,
		Names: publish.NewNames(subjects, w.clock, nil), Figures: publish.NewFigures(d), Proofs: w.log,
		Disclosure: publish.Disclosure{DB: d, Log: w.acts, Authority: authority, Matters: matters, Consents: w.consents, Ring: w.ring},
	})
	w.Service, err = report.New(report.Config{
		DB: d, Clock: w.clock, Acts: w.acts, Looks: publish.Looks{DB: d, Log: w.acts, Clock: w.clock}, Authority: authority, Register: w.register, Subjects: subjects, Versions: w.records, Editions: editions, Consents: w.consents,
		Prover: func(context.Context) (report.Prover, error) {
			if w.noLog {
				return nil, nil
			}
			return w.log, nil
		},
		Ring: w.ring, Key: key, Fonts: fonts, City: "临溪市", Issuer: "临溪市社会信用中心", Base: "https://credit.example", Region: divisions.Name,
		Keep: report.Keep{Standard: 24, Others: 60}, IDs: ids, Unit: agencies.ByID, Owner: "one", Account: func(_ context.Context, account int64) (authz.Actor, error) {
			if w.between != nil {
				w.between()
			}
			if w.gone || account != w.banker().ID {
				return authz.Actor{}, authz.ErrDenied
			}
			return w.banker(), nil
		},
	})
	must(err)
	must(d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx, subjects) }))
	w.run(t)
	return w
}

var fonts = sync.OnceValues(func() (*report.Fonts, error) { return report.LoadFonts(nil) })

// needFonts skips where the program was built without fonts.
func needFonts(t testing.TB) {
	t.Helper()
	if _, err := fonts(); err != nil {
		t.Skip("SKIPPED: the fonts are not there; run make assets")
	}
}

// run runs the log until the test ends, and waits until what was filed is in it and in the sets.
func (w *world) run(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.log.Run(ctx, nil) }()
	t.Cleanup(func() { stop(); <-done; _ = w.log.Close() })
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		s, err := w.log.Status(ctx)
		if err == nil && s.Size > 0 && s.Pending == 0 && s.SetCovered > 0 && s.Checkpoint >= s.Size {
			if _, err := w.log.ProveSet(ctx, w.firm, "XZCF"); err == nil {
				return
			}
		}
		<-tick.C
	}
	t.Fatal("the log does not come to rest")
}

func (w *world) fill(ctx context.Context, tx *db.Tx, subjects *subject.Store) error {
	identity, _ := json.Marshal(subject.Identity{DocKind: docKind, Number: idNumber, Name: person})
	firm := func(name, code string) subject.Claim {
		return subject.Claim{Kind: catalog.LegalEntity, Name: name, Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: code}}}
	}
	answers, err := subjects.Resolve(ctx, tx, []subject.Claim{
		firm(firmName, firmCode), firm("临溪市无记录贸易有限公司", bareCode),
		{Kind: catalog.Person, Name: person, Idents: []subject.Ident{subjects.PersonIdent(docKind, idNumber)}, Sealed: w.ring.Seal("subject", string(identity))},
	}, w.clock.Now())
	if err != nil {
		return err
	}
	w.firm, w.bare, w.human = answers[0].Subject.ID, answers[1].Subject.ID, answers[2].Subject.ID
	drafts := []record.Draft{w.draft("DJJC", w.firm, "1", nil)}
	for _, item := range []catalog.ItemCode{"XZXK", "XZCF", "RYXX", "XYCN", "XZQZ"} {
		drafts = append(drafts, w.draft(item, w.firm, "1", nil))
	}
	drafts = append(drafts,
		w.draft("XZCF", w.firm, "simple", func(f *record.Facts) { f.Procedure, f.Listed, f.DecidedOn = record.Simple, false, 20260401 }),
		w.draft("XZCF", w.firm, "old", func(f *record.Facts) { f.DecidedOn = 20180401 }),
		w.draft("XZCF", w.human, "1", nil), w.draft("ZYZG", w.human, "1", nil),
		w.draft("XZCF", w.human, "simple", func(f *record.Facts) { f.Procedure, f.Listed, f.DecidedOn = record.Simple, false, 20260401 }))
	_, _, err = w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
	return err
}

// draft is the catalogue's example row about a subject; about the person the name and the number stand in it, sealed as filing seals them.
func (w *world) draft(code catalog.ItemCode, about int64, key string, change func(*record.Facts)) record.Draft {
	item, _ := catalog.Default().Item(code)
	values, hide := make(catalog.Values, len(item.Fields)), make([]bool, len(item.Fields))
	human := about == w.human
	for i, f := range item.Fields {
		values[i] = item.Example[f.Code]
		switch f.Role {
		case catalog.RoleName:
			if values[i] = firmName; human {
				values[i], hide[i] = person, true
			}
		case catalog.RolePersonID:
			if values[i], hide[i] = "", true; human {
				values[i] = idNumber
			}
		case catalog.RolePersonIDType:
			if values[i], hide[i] = "", true; human {
				values[i] = docKind
			}
		case catalog.RoleRepID:
			values[i], hide[i] = "110101199003070011", true
		case catalog.RoleUSCC, catalog.RoleRep:
			if human {
				values[i] = ""
			}
		case catalog.RoleDocNo:
			values[i] += key
		}
	}
	d := record.Draft{
		Subject: about, Digest: sha16(fmt.Sprint(code, about, key)),
		Facts: record.Facts{
			Item: code, Edition: catalog.Default().ID, NaturalKey: key, Class: item.Class, Status: record.Active, Listed: item.Class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, Agency: w.unit.ID, Region: "990102",
		},
		Body: record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return w.ring.Seal("record/"+field, plain) }),
	}
	if change != nil {
		change(&d.Facts)
	}
	return d
}

func sha16(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}

// apply files drafts later.
func (w *world) apply(t testing.TB, drafts ...record.Draft) {
	t.Helper()
	err := w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The people of the world.
func (w *world) agent() authz.Actor {
	return authz.Actor{ID: 3, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: w.firm}}}
}

func (w *world) resident() authz.Actor {
	return authz.Actor{ID: 4, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.Resident, Subject: w.human}}}
}

func (w *world) banker() authz.Actor {
	return authz.Actor{ID: 2, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.InstitutionOfficer, Agency: w.bank.ID}}}
}

func (w *world) create(t testing.TB, o report.Order) *report.Report {
	t.Helper()
	r, err := w.Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) standard() report.Order {
	return report.Order{Kind: report.Standard, Subject: publish.Whom{Code: firmCode}}
}

func (w *world) special() report.Order {
	return report.Order{Who: w.agent(), Kind: report.Special, Subject: publish.Whom{ID: w.firm}, Purpose: publish.Purpose{Own: true}, Use: "上市融资"}
}

func (w *world) own() report.Order {
	return report.Order{Who: w.resident(), Kind: report.Person, Subject: publish.Whom{ID: w.human}, Purpose: publish.Purpose{Own: true}}
}

func document(t testing.TB, r *report.Report) *report.Document {
	t.Helper()
	d, err := report.Decode(r.Document)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
