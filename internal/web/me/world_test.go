package me

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

const (
	unitCode = "11990100001000010R"
	bankCode = "91990102MA0A00014H"
	firmName = "临溪市示例食品有限公司"
	docKind  = "身份证"
	number1  = "11010519491231002X" // the textbook example of GB 11643
	person   = "张三丰"
	password = "seven-herons-over-linxi"
)

var ctx = context.Background()

// today is a working day, ten in the morning.
var today = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// world is the centre over the real services: two organisations and a person, of whom every item of the catalogue is on file that can be.
type world struct {
	http.Handler
	rt       *web.Router
	centre   *Centre
	db       *db.DB
	clock    *clock.Manual
	ring     *gm.KeyRing
	key      *gm.SigningKey
	identity *identity.Service
	publish  *publish.Service
	log      *audit.Log
	matters  *agency.Matters
	consents *consent.Store
	subjects *subject.Store
	records  *record.Store
	blobs    *blob.Store
	unit     agency.Agency
	bank     agency.Agency
	firm     int64
	second   int64 // another firm, with nothing on file
	human    int64
	proofs   *translog.Log // once a test has started one
}

// Bundle proves by the log that a test has started.
func (w *world) Bundle(ctx context.Context, ask translog.BundleAsk) (*translog.Bundle, error) {
	return w.proofs.Bundle(ctx, ask)
}

// registry finds the subjects that accounts claim, as the program does.
type registry struct{ subjects *subject.Store }

func (r registry) Business(ctx context.Context, code string) (int64, string, bool, error) {
	sub, ok, err := r.subjects.ByCode(ctx, code)
	return sub.ID, sub.Region, ok && sub.Kind != catalog.Person, err
}

func (r registry) Person(ctx context.Context, docKind, number string) (int64, bool, error) {
	sub, ok, err := r.subjects.ByPerson(ctx, docKind, number)
	return sub.ID, ok, err
}

// vault keeps evidence in the store of files, as the program does.
type vault struct{ *blob.Store }

func (v vault) Put(ctx context.Context, r io.Reader, limit int64) (string, error) {
	info, err := v.Store.PutOwned(ctx, r, limit)
	return info.Hash, err
}

// uscc makes the n-th valid code.
func uscc(n int) string {
	eight := fmt.Sprintf("MA0B%04d", n)
	seventeen := "91990102" + eight + string(ident.OrgCheck(eight))
	return seventeen + string(ident.USCCCheck(seventeen))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	d, dir := dbtest.SQLite(t), t.TempDir()
	w := &world{db: d, clock: clock.NewManual(today)}
	ids := id.NewMaker(w.clock.Now)
	var err error
	w.ring, err = gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(t, err)
	w.key, err = gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
	must(t, err)
	w.blobs, err = blob.Open(filepath.Join(dir, "blobs"), w.ring)
	must(t, err)
	editions, err := catalog.NewStore(catalog.Default())
	must(t, err)
	rules, err := publish.DefaultRules()
	must(t, err)
	assets, err := ui.LoadAssets()
	must(t, err)
	divisions := ident.DefaultDivisions()
	authority := authz.New(divisions)
	agencies := agency.NewStore(d, ids, w.clock, divisions)
	w.unit, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(t, err)
	w.bank, err = agencies.Add(ctx, bankCode, "临溪银行", "990100")
	must(t, err)
	w.subjects, w.records = subject.NewStore(d, ids, w.ring), record.NewStore(d, ids)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.matters = agency.NewMatters(agencies, w.log, func(item string) bool {
		_, ok := catalog.Default().Item(catalog.ItemCode(item))
		return ok
	})
	w.consents = consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: w.clock, Log: w.log, Key: w.key, Agencies: agencies, Editions: editions, Authority: authority, Subjects: w.subjects,
	})
	w.publish = publish.NewService(publish.Config{
		Records: w.records, Subjects: w.subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: divisions, Clock: w.clock,
		Names: publish.NewNames(w.subjects, w.clock, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{DB: d, Log: w.log, Authority: authority, Matters: w.matters, Consents: w.consents, Ring: w.ring, PersonsHour: 1000},
		Proofs:     w,
	})
	demo := identity.DemoCode{Ring: w.ring}
	w.identity, err = identity.New(identity.Config{
		DB: d, Clock: w.clock, IDs: ids, Ring: w.ring, Acts: w.log, Authority: authority, Registry: registry{w.subjects},
		Hashing: identity.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 4}, Methods: []identity.ClaimMethod{demo, identity.Licence{}},
	})
	must(t, err)
	t.Cleanup(w.identity.Close)
	must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx) }))
	site := &web.Site{City: "临溪市", Assets: assets, Nav: Nav(), Licence: "Apache-2.0", Now: w.clock.Now, Actors: w.identity, Authority: authority}
	deps := Deps{
		Site: site, Accounts: w.identity, Files: w.publish, Proofs: w.publish, Records: w.records, Looks: w.log, Consents: w.consents, Agencies: agencies, Matters: w.matters,
		Editions: editions, Clock: w.clock, Methods: []string{"licence", "demo"}, Evidence: vault{w.blobs}, MaxEvidence: 64 << 10,
		DemoCode: func(ctx context.Context, kind identity.AccountKind, in identity.ClaimIn) (string, error) {
			if kind == identity.ResidentAccount {
				return demo.Code(0, w.identity.DocHash(in.DocKind, in.DocNumber)), nil
			}
			sub, _, ok, err := registry{w.subjects}.Business(ctx, in.Code)
			if err == nil && !ok {
				err = identity.ErrClaimSubject
			}
			return demo.Code(sub, ""), err
		},
		Settings: ui.Link{Href: "/account", Label: "账号安全"},
	}
	for _, f := range change {
		f(&deps)
	}
	w.rt = site.Router()
	site.Mount(w.rt)
	w.centre = New(deps)
	w.centre.Routes(w.rt)
	w.Handler = site.Wrap(w.rt)
	return w
}

// fill puts on file: of the firm and of the person one record of every item, of the firm also penalties that are withdrawn, of the simple
// procedure, and narrowed to B and C by their own rows.
func (w *world) fill(ctx context.Context, tx *db.Tx) error {
	who, _ := json.Marshal(subject.Identity{DocKind: docKind, Number: number1, Name: person})
	answers, err := w.subjects.Resolve(ctx, tx, []subject.Claim{
		{Kind: catalog.LegalEntity, Name: firmName, Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: uscc(1)}}},
		{Kind: catalog.LegalEntity, Name: "临溪市第二食品有限公司", Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: uscc(2)}}},
		{Kind: catalog.Person, Name: person, Idents: []subject.Ident{w.subjects.PersonIdent(docKind, number1)}, Sealed: w.ring.Seal("subject", string(who))},
	}, w.clock.Now())
	if err != nil {
		return err
	}
	w.firm, w.second, w.human = answers[0].Subject.ID, answers[1].Subject.ID, answers[2].Subject.ID
	var drafts []record.Draft
	for _, item := range catalog.Default().Items {
		if offersFirm(item) {
			drafts = append(drafts, w.draft(item, w.firm, "1", nil))
		}
		if item.Admits(catalog.Person) {
			drafts = append(drafts, w.draft(item, w.human, "1", nil))
		}
	}
	penalty, _ := catalog.Default().Item("XZCF")
	drafts = append(drafts,
		w.draft(penalty, w.firm, "2", func(d *record.Draft) { d.Class, d.Listed = catalog.Authorised, false }),
		w.draft(penalty, w.firm, "3", func(d *record.Draft) { d.Class, d.Listed = catalog.Shared, false }),
		w.draft(penalty, w.firm, "5", func(d *record.Draft) { d.Procedure, d.Listed = record.Simple, false }))
	if _, _, err := w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now().Add(-time.Hour), Actor: "test"}); err != nil {
		return err
	}
	gone := w.draft(penalty, w.firm, "4", nil)
	if _, _, err := w.records.Apply(ctx, tx, []record.Draft{gone}, record.Change{At: w.clock.Now().Add(-time.Hour), Actor: "test"}); err != nil {
		return err
	}
	gone.Status, gone.Listed, gone.Digest = record.Withdrawn, false, sha16("withdrawn")
	_, _, err = w.records.Apply(ctx, tx, []record.Draft{gone}, record.Change{At: w.clock.Now().Add(-time.Minute), Actor: "test", Why: "报错了单位"})
	return err
}

func offersFirm(item *catalog.Item) bool { return item.Admits(catalog.LegalEntity) }

// draft is the catalogue's example row about a subject; about the person the name and the number stand in it, sealed as filing seals them.
func (w *world) draft(item *catalog.Item, about int64, key string, change func(*record.Draft)) record.Draft {
	human := about == w.human
	values, hide := make(catalog.Values, len(item.Fields)), make([]bool, len(item.Fields))
	for i, f := range item.Fields {
		values[i] = item.Example[f.Code]
		hide[i] = f.Sensitive
		if !human {
			continue
		}
		switch f.Role {
		case catalog.RoleName:
			values[i], hide[i] = person, true
		case catalog.RolePersonID:
			values[i], hide[i] = number1, true
		case catalog.RolePersonIDType:
			values[i], hide[i] = docKind, true
		case catalog.RoleUSCC, catalog.RoleRep:
			values[i] = ""
		}
	}
	d := record.Draft{
		Subject: about, Digest: sha16(fmt.Sprint(item.Code, about, key)),
		Facts: record.Facts{
			Item: item.Code, Edition: catalog.Default().ID, NaturalKey: key, Class: item.Class, Status: record.Active, Listed: item.Class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, Agency: w.unit.ID, Region: "990102",
		},
	}
	if human && d.Class == catalog.Public {
		d.Class = catalog.Authorised
	}
	d.Body = record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return w.ring.Seal("record/"+field, plain) })
	if change != nil {
		change(&d)
	}
	return d
}

func sha16(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}

// browser is somebody at the pages, signed in or not.
type browser struct {
	w     *world
	token string
	login string
}

// open opens an account and signs it in.
func (w *world) open(t testing.TB, kind identity.AccountKind, login string, grants ...authz.Grant) *browser {
	t.Helper()
	_, _, err := w.identity.Open(ctx, authz.LocalActor("test"), identity.NewAccount{Kind: kind, Login: login, Name: "测试" + login, Password: password, Grants: grants})
	must(t, err)
	s, err := w.identity.SignIn(ctx, identity.Attempt{Login: login, Password: password, Address: "203.0.113.7"})
	must(t, err)
	return &browser{w, s.Token, login}
}

// agent opens the account of an agent who has claimed firms by the demo's codes, through the page.
func (w *world) agent(t testing.TB, login string, firms ...string) *browser {
	t.Helper()
	b := w.open(t, identity.BusinessAccount, login)
	for _, code := range firms {
		sub, _, _, err := registry{w.subjects}.Business(ctx, code)
		must(t, err)
		b.post(t, "/me/claim", url.Values{"method": {"demo"}, "code": {code}, "proof": {identity.DemoCode{Ring: w.ring}.Code(sub, "")}}, http.StatusSeeOther)
	}
	return b
}

// resident opens the account of the person, claimed likewise.
func (w *world) resident(t testing.TB, login string) *browser {
	t.Helper()
	b := w.open(t, identity.ResidentAccount, login)
	proof := identity.DemoCode{Ring: w.ring}.Code(0, w.identity.DocHash(docKind, number1))
	b.post(t, "/me/claim", url.Values{"method": {"demo"}, "kind": {docKind}, "number": {number1}, "proof": {proof}}, http.StatusSeeOther)
	return b
}

func (b *browser) actor(t testing.TB) authz.Actor {
	t.Helper()
	a, err := b.w.identity.Actor(ctx, b.token)
	must(t, err)
	return a
}

func (b *browser) do(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.token != "" {
		r.AddCookie(&http.Cookie{Name: "gx", Value: b.token})
	}
	w := httptest.NewRecorder()
	b.w.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "gx" {
			b.token = c.Value
		}
	}
	return w
}

// want sends a request and wants a status.
func (b *browser) want(t testing.TB, r *http.Request, status int) *httptest.ResponseRecorder {
	t.Helper()
	w := b.do(t, r)
	if w.Code != status {
		t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, w.Code, status, text(w.Body.String()))
	}
	return w
}

func (b *browser) get(t testing.TB, path string, status int) string {
	t.Helper()
	return b.want(t, httptest.NewRequest(http.MethodGet, path, nil), status).Body.String()
}

func (b *browser) post(t testing.TB, path string, form url.Values, status int) *httptest.ResponseRecorder {
	t.Helper()
	return b.want(t, formRequest(path, form), status)
}

func formRequest(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// upload makes the request of the form with a file; without content it sends none.
func upload(fields url.Values, name string, content []byte) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k := range fields {
		_ = m.WriteField(k, fields.Get(k))
	}
	if content != nil {
		out, _ := m.CreateFormFile("file", name)
		_, _ = out.Write(content)
	}
	_ = m.Close()
	r := httptest.NewRequest(http.MethodPost, "/me/claim", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

// banker is the officer of the bank.
func (w *world) banker() authz.Actor {
	return authz.Actor{ID: 902, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.InstitutionOfficer, Agency: w.bank.ID}}}
}

// officer is one at the unit's window.
func (w *world) officer() authz.Actor {
	return authz.Actor{ID: 901, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: w.unit.ID}}}
}

// matter puts a matter on file that covers penalties and what departments share.
func (w *world) matter(t testing.TB) string {
	t.Helper()
	_, _, err := w.matters.Save(ctx, audit.Who{Kind: "local"}, agency.Matter{
		Code: "M-1", Name: "食品经营许可", Agency: w.unit.ID, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: 20201001,
		Items: []string{"XZCF", "XZBC"}, Kinds: []string{"legal_entity", "person"}, ValidFrom: 20260101,
	})
	must(t, err)
	return "M-1"
}

// entries gives every entry of a subject, newest first, also those it cannot see.
func (w *world) entries(t testing.TB, about int64) []audit.Access {
	t.Helper()
	list, _, err := w.log.Search(ctx, audit.Who{Kind: "local"}, audit.Filter{Subject: about}, "", 200)
	must(t, err)
	return list
}

// dayInLine is a day within a sentence, which is kept in one line.
var dayInLine = regexp.MustCompile(`<span class="nowrap">([0-9-]*)</span>`)

// text gives what a page says, without its marks.
func text(page string) string {
	page = dayInLine.ReplaceAllString(page, "$1")
	var b strings.Builder
	in := false
	for _, r := range page {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
			b.WriteRune(' ')
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// main gives the main part of a page.
func mainPart(page string) string {
	_, rest, _ := strings.Cut(page, `<main`)
	body, _, _ := strings.Cut(rest, `</main>`)
	return body
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

func lacksText(t testing.TB, page string, never ...string) {
	t.Helper()
	for _, no := range never {
		if strings.Contains(page, no) {
			t.Errorf("the page says %q:\n%s", no, text(page))
		}
	}
}
