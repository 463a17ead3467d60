package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/api"
	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/ingest"
	"gongxin/internal/subject"
)

// desks is a site with two of everything that can be somebody's. Whatever begins with own belongs to the first.
type desks struct {
	t        *testing.T
	app      *App
	routes   []authz.Route
	handler  http.Handler
	actors   *known
	own, alt holding
	caller   int64 // the account that calls
	calls    int
	opened   int
}

// holding is a unit with what it has and did, and a firm with what is its own.
type holding struct {
	unit    agency.Agency
	filed   string
	entry   int64
	account int64  // of somebody who works there
	access  string // place of a look-up by the unit in the log
	alert   audit.Alert
	matter  string
	firm    subject.Subject
	consent int64  // of the firm to the unit
	revoked int64  // another one, which a call may revoke
	gone    int64  // a third one, which is revoked
	receipt int64  // number of the look-up
	checked string // receipt of a check by the unit
	batch   int64  // a list of codes that it had checked
	job     int64  // a list that the caller wanted reports of, in its name
	claim   int64  // of somebody else to act for the firm; it waits
	draft   map[approval.Kind]int64
	foreign map[approval.Kind]int64 // drafts of the filer, whoever the holder is

	proposal, listed, order, task int64 // see list
	objected, objectedCase        int64 // by the firm, to the entry
	objectedNo                    string
	declared                      int64 // by the firm, to the unit
	told, correction              int64 // what the unit was told of a change, and its one row

	repair repaired
}

// filer is the account that filed, looked up and drafted what is not the caller's.
const filer = 900

// known answers with the actor that a token stands for, so that a test can be anybody.
type known struct {
	mu   sync.Mutex
	list []authz.Actor
}

func (k *known) token(a authz.Actor) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(k.list, a)
	return "anybody" + strconv.Itoa(len(k.list)-1)
}

func (k *known) of(raw string, kind authz.Kind) (authz.Actor, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n, err := strconv.Atoi(strings.TrimPrefix(raw, "anybody"))
	if err != nil || n < 0 || n >= len(k.list) || k.list[n].Kind != kind {
		return authz.Actor{}, fault.New(fault.Denied, "test.credential", "无效", "")
	}
	return k.list[n], nil
}

// Actor gives who a session's token stands for.
func (k *known) Actor(_ context.Context, raw string) (authz.Actor, error) {
	return k.of(raw, authz.Account)
}

// KeyActor gives who a key stands for.
func (k *known) KeyActor(_ context.Context, raw, _ string) (authz.Actor, error) {
	return k.of(raw, authz.Key)
}

func newDesks(t *testing.T) *desks {
	t.Helper()
	ctx := context.Background()
	at := clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	c := config.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}
	c.Database = filepath.Join(c.Data, "routes.db")
	c.City.Name = "临溪市"
	c.Limits.UploadMB, c.Limits.RequestSeconds = 4, 30
	a, err := Open(ctx, c, Options{Clock: at, Version: "test"}, true)
	must(t, err)
	t.Cleanup(func() { _ = a.Close() })
	_, err = a.Names.Refresh(ctx)
	must(t, err)
	d := &desks{t: t, app: a, actors: &known{}}
	site, rt, err := a.site(d.actors)
	must(t, err)
	site.Even = 0                 // thousands of calls; package web tests the steps
	deps := a.interfaceDeps(site) // the interface as it is wired, but for who its callers are
	deps.Actors = d.actors
	calls, err := api.New(deps)
	must(t, err)
	machine := site.Router()
	machine.Mount("/api/", calls)
	pages, programs := site.Wrap(rt), site.Wrap(machine)
	d.routes, d.handler = rt.Routes(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			programs.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	d.own.unit, d.alt.unit = d.unit("1199010200100001", "990102", "甲局"), d.unit("1199010300100001", "990103", "乙局")
	d.caller = d.person(identity.StaffAccount, &d.own.unit)
	d.fill(&d.own, d.caller)
	d.fill(&d.alt, filer)
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desks) unit(first, region, name string) agency.Agency {
	d.t.Helper()
	u, err := d.app.Agencies.Add(context.Background(), unitCode(d.t, first), name, region)
	must(d.t, err)
	return u
}

// fill gives a unit what there can be; its drafts are by author.
func (d *desks) fill(h *holding, author int64) {
	d.t.Helper()
	d.file(h)
	h.account = d.person(identity.StaffAccount, &h.unit)
	d.register(h)
	h.consent, h.revoked, h.gone = d.consent(h), d.consent(h), d.consent(h)
	_, err := d.app.Trust.Consents.Revoke(context.Background(), agentOf(h), h.gone, "")
	must(d.t, err)
	d.check(h)
	d.report(h)
	d.claim(h)
	d.look(h)
	d.list(h)
	d.object(h)
	d.declare(h)
	d.correct(h)
	d.repair(h)
	h.draft, h.foreign = d.drafts(author), d.drafts(filer)
}

// file files a row that names nobody the register knows.
func (d *desks) file(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	item, _ := d.app.Editions.Current(clock.Today(d.app.Clock)).Item("XZCF")
	row := map[string]string{}
	for k, v := range item.Example {
		row[k] = v
	}
	fourteen := h.unit.Region + "00000001" // an old number that the register does not know
	row["CF_XDR_LB"], row["CF_XDR_SHXYM"], row["CF_XDR_GSZC"] = "个体工商户", "", fourteen+string(ident.RegNoCheck(fourteen))
	row["CF_JDRQ"], row["CF_YXQ"], row["CF_WSH"] = "2026-03-09", "2027-03-09", h.unit.Name+"罚〔2026〕1号"
	text, _ := json.Marshal([]map[string]string{row})
	sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "XZCF", Unit: h.unit.Code, FileName: "a.json", Actor: "account:" + strconv.Itoa(filer)}, bytes.NewReader(text))
	must(d.t, err)
	_, err = d.app.Ingest.Run(ctx, sub.ID, nil)
	must(d.t, err)
	h.filed = sub.ID
	list, err := d.app.desk.Queue(ctx, ingest.Waiting, 0, 10)
	must(d.t, err)
	for _, e := range list {
		if e.Submission == sub.ID {
			h.entry = e.ID
		}
	}
	if h.entry == 0 {
		d.t.Fatalf("nothing of %s waits", h.unit.Name)
	}
}

// person opens an account without a password; of a firm's agent without a unit.
func (d *desks) person(kind identity.AccountKind, unit *agency.Agency) int64 {
	d.t.Helper()
	d.opened++
	n := identity.NewAccount{Kind: kind, Login: "person-" + strconv.Itoa(d.opened), Name: "测试" + strings.Repeat("甲", d.opened%7+1)}
	if unit != nil {
		n.Agency, n.Region = unit.ID, unit.Region
	}
	acc, _, err := d.app.Trust.Identity.Open(context.Background(), authz.LocalActor("test"), n)
	must(d.t, err)
	return acc.ID
}

// register makes a firm in the unit's district, and the matter for which the unit looks firms up.
func (d *desks) register(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	code := unitCode(d.t, "91"+h.unit.Region+"MA0A0001")
	err := d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := d.app.Subjects.Resolve(ctx, tx, []subject.Claim{{
			Kind: catalog.LegalEntity, Idents: []subject.Ident{{Kind: subject.Code, Value: code}}, Name: h.unit.Name + "辖内有限公司", Region: h.unit.Region,
		}}, d.app.Clock.Now())
		if err == nil {
			h.firm = list[0].Subject
		}
		return err
	})
	must(d.t, err)
	h.matter = "SX" + h.unit.Region
	_, _, err = d.app.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
		Code: h.matter, Name: h.unit.Name + "事项", Agency: h.unit.ID, Law: "《中华人民共和国食品安全法》", Article: "第三十五条", BasisFrom: clock.Date(20151001),
		Items: []string{"XZCF"}, Kinds: []string{string(catalog.LegalEntity)}, ValidFrom: clock.Date(20220101),
	})
	must(d.t, err)
}

// agentOf acts for the firm.
func agentOf(h *holding) authz.Actor {
	return authz.Actor{ID: filer, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
}

// consent lets the unit look the firm up.
func (d *desks) consent(h *holding) int64 {
	d.t.Helper()
	c, _, err := d.app.Trust.Consents.Grant(context.Background(), agentOf(h), consent.Terms{
		Subject: h.firm.ID, Grantee: h.unit.Code, Items: []catalog.ItemCode{"XYPJ", "XZCF", "XZQZ", "YZSX", "SFPJ"}, Classes: []catalog.Class{catalog.Public, catalog.Authorised},
		Purpose: "credit", Uses: 1000,
	})
	must(d.t, err)
	return c.ID
}

// claim sees to it that somebody's claim to act for the firm waits: a call may have decided the one before.
func (d *desks) claim(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	office := authz.Actor{ID: filer, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	list, err := d.app.Trust.Identity.Waiting(ctx, office, h.claim-1)
	must(d.t, err)
	if h.claim != 0 && len(list) > 0 && list[0].ID == h.claim {
		return
	}
	name, err := evidence{blobs: d.app.blobs}.Put(ctx, strings.NewReader("%PDF-1.4 licence of "+h.firm.Code), 1<<20)
	must(d.t, err)
	who := authz.Actor{ID: d.person(identity.BusinessAccount, nil), Kind: authz.Account, Session: 1}
	c, _, err := d.app.Trust.Identity.Claim(ctx, who, identity.ClaimIn{Method: "licence", Code: h.firm.Code, Evidence: name})
	must(d.t, err)
	h.claim = c.ID
}

// look has the unit look the firm up, outside its district, so that the watch notices.
func (d *desks) look(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	at := d.app.Clock.Now().UTC()
	n, err := d.app.Trust.Audit.Record(ctx, audit.Access{
		At: at, Who: audit.Who{Kind: string(authz.Account), ID: filer + h.unit.ID%97 + 1, Agency: h.unit.ID}, Subject: h.firm.ID, Matter: h.matter,
		Basis: h.unit.Name + "的依据", What: "subject", Outcome: audit.Answered, Outside: true,
	})
	must(d.t, err)
	h.access, h.receipt = placed(at, n), n
	must(d.t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return d.app.Trust.Audit.WriteAct(ctx, tx, audit.Act{
			At: at, Who: audit.Who{Kind: string(authz.Account), ID: filer, Agency: h.unit.ID}, Action: "test.act", Entity: "thing:" + h.unit.Region,
		})
	}))
	list, _, err := d.app.Trust.Audit.Alerts(ctx, audit.Open, []int64{h.unit.ID}, "", 1)
	must(d.t, err)
	if len(list) == 0 {
		d.t.Fatal("the watch noticed nothing")
	}
	h.alert = list[0]
}

// placed is how the auditor's desk names what stands in its logs.
func placed(at time.Time, id int64) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "-" + strconv.FormatInt(id, 10)
}

// drafts begins a draft of every kind.
func (d *desks) drafts(author int64) map[approval.Kind]int64 {
	d.t.Helper()
	ctx := authz.With(context.Background(), authz.Actor{ID: author, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.OfficeOperator}}})
	out := map[approval.Kind]int64{}
	for _, k := range d.app.Trust.Drafts.Kinds() {
		have, err := d.app.Trust.Drafts.Create(ctx, approval.Input{Kind: k, Title: "草案", Content: []byte("{}")})
		must(d.t, err)
		out[k] = have.ID
	}
	return out
}

// unitCode makes a valid code from the first 16 characters.
func unitCode(t *testing.T, first string) string {
	t.Helper()
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	for _, a := range alphabet {
		for _, b := range alphabet {
			if code, problem := ident.ParseUSCC(first + string(a) + string(b)); problem == nil {
				return string(code)
			}
		}
	}
	t.Fatalf("no code begins with %s", first)
	return ""
}

// call asks as an actor, each time from another address, so that no client asks too often. A session is used from the site's own pages.
func (d *desks) call(r *http.Request, who authz.Actor) *httptest.ResponseRecorder {
	d.calls++
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4711", d.calls>>16&255, d.calls>>8&255, d.calls&255)
	switch who.Kind {
	case authz.Account:
		r.AddCookie(&http.Cookie{Name: "gx", Value: d.actors.token(who)})
		if r.Header.Get("Sec-Fetch-Site") == "" {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	case authz.Key:
		r.Header.Set("Authorization", "Bearer "+d.actors.token(who))
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}
