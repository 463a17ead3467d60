package lookup

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
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
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk"
)

const (
	unitCode  = "11990100001000010R"
	otherCode = "11990100001000045C"
	bankCode  = "91990102MA0A00014H"
	firmCode  = "91370303MA3C000118"
	docKind   = "身份证"
	number    = "11010519491231002X" // the textbook example of GB 11643
	person    = "张三丰"
)

// window is the desks over the real register and disclosure: one organisation and one person with a record of every class.
type window struct {
	http.Handler
	clock    *clock.Manual
	log      *audit.Log
	matters  *agency.Matters
	consents *consent.Store
	key      *gm.SigningKey
	unit     agency.Agency
	other    agency.Agency
	bank     agency.Agency
	firm     int64
	human    int64
}

func newWindow(t testing.TB) *window {
	t.Helper()
	ctx, d, dir := context.Background(), dbtest.SQLite(t), t.TempDir()
	w := &window{clock: clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))}
	ids := id.NewMaker(w.clock.Now)
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(t, err)
	key, err := gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
	must(t, err)
	w.key = key
	editions, err := catalog.NewStore(catalog.Default())
	must(t, err)
	rules, err := publish.DefaultRules()
	must(t, err)
	site := newSite(t)
	agencies := agency.NewStore(d, ids, w.clock, ident.DefaultDivisions())
	w.unit, err = agencies.Add(ctx, unitCode, "临溪市市场监督管理局", "990100")
	must(t, err)
	w.other, err = agencies.Add(ctx, otherCode, "临溪市知识产权局", "990100")
	must(t, err)
	w.bank, err = agencies.Add(ctx, bankCode, "临溪银行", "990100")
	must(t, err)
	subjects, records := subject.NewStore(d, ids, ring), record.NewStore(d, ids)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	w.matters = agency.NewMatters(agencies, w.log, func(item string) bool {
		_, ok := catalog.Default().Item(catalog.ItemCode(item))
		return ok
	})
	w.consents = consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: w.clock, Log: w.log, Key: key, Agencies: agencies, Editions: editions, Authority: site.Authority, Subjects: subjects,
	})
	service := publish.NewService(publish.Config{
		Records: records, Subjects: subjects, Agencies: agencies, Editions: editions, Rules: rules, Divisions: ident.DefaultDivisions(), Clock: w.clock,
		Names: publish.NewNames(subjects, w.clock, nil), Figures: publish.NewFigures(d),
		Disclosure: publish.Disclosure{DB: d, Log: w.log, Authority: site.Authority, Matters: w.matters, Consents: w.consents, Ring: ring, PersonsHour: 5},
	})
	must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return w.fill(ctx, tx, subjects, records, ring) }))
	rt := site.Router()
	site.Mount(rt)
	New(Deps{Site: site, Discloser: service, Matters: w.matters, Consents: w.consents, Agencies: agencies, Editions: editions, Clock: w.clock}).Routes(rt)
	w.Handler = site.Wrap(rt)
	return w
}

func (w *window) fill(ctx context.Context, tx *db.Tx, subjects *subject.Store, records *record.Store, ring *gm.KeyRing) error {
	identity, err := json.Marshal(subject.Identity{DocKind: docKind, Number: number, Name: person})
	if err != nil {
		return err
	}
	answers, err := subjects.Resolve(ctx, tx, []subject.Claim{
		{Kind: catalog.LegalEntity, Name: "临溪市示例食品有限公司", Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: firmCode}}},
		{Kind: catalog.Person, Name: person, Idents: []subject.Ident{subjects.PersonIdent(docKind, number)}, Sealed: ring.Seal("subject", string(identity))},
	}, w.clock.Now())
	if err != nil {
		return err
	}
	w.firm, w.human = answers[0].Subject.ID, answers[1].Subject.ID
	var drafts []record.Draft
	for _, code := range []catalog.ItemCode{"XZCF", "XZJF", "XZBC"} { // of class A, B and C
		drafts = append(drafts, w.draft(code, w.firm, false, ring), w.draft(code, w.human, true, ring))
	}
	_, _, err = records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
	return err
}

// draft is the catalogue's example row; about the person the name and the number stand in it, sealed as filing seals them.
func (w *window) draft(code catalog.ItemCode, about int64, human bool, ring *gm.KeyRing) record.Draft {
	item, _ := catalog.Default().Item(code)
	values, hide := make(catalog.Values, len(item.Fields)), make([]bool, len(item.Fields))
	for i, f := range item.Fields {
		values[i] = item.Example[f.Code]
		switch {
		case !human:
		case f.Role == catalog.RoleName:
			values[i], hide[i] = person, true
		case f.Role == catalog.RolePersonID:
			values[i], hide[i] = number, true
		case f.Role == catalog.RolePersonIDType:
			values[i], hide[i] = docKind, true
		case f.Role == catalog.RoleUSCC || f.Role == catalog.RoleRep:
			values[i] = ""
		}
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(code, about)))
	return record.Draft{
		Subject: about, Digest: [16]byte(sum[:16]),
		Facts: record.Facts{
			Item: code, Edition: catalog.Default().ID, NaturalKey: "1", Class: item.Class, Status: record.Active, Listed: item.Class == catalog.Public && !human,
			DecidedOn: 20260302, PublicFrom: 20260302, Agency: w.unit.ID, Region: "990102",
		},
		Body: record.EncodeBody(item.Fields, values, hide, func(field, plain string) string { return ring.Seal("record/"+field, plain) }),
	}
}

// matter puts a matter on file that covers everything, unless changed.
func (w *window) matter(t testing.TB, code string, change func(*agency.Matter)) {
	t.Helper()
	m := agency.Matter{
		Code: code, Name: "食品经营许可" + code, Agency: w.unit.ID, Law: "《山东省社会信用条例》", Article: "第二十条", BasisFrom: 20201001,
		Items: []string{"XZCF", "XZJF", "XZBC"}, Kinds: []string{"legal_entity", "person"}, ValidFrom: 20260101,
	}
	if change != nil {
		change(&m)
	}
	_, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m)
	must(t, err)
}

func (w *window) officer() authz.Actor {
	a := as(1, authz.Grant{Role: authz.WindowOfficer, Agency: w.unit.ID})
	a.Strong = false
	return a
}

func (w *window) banker() authz.Actor {
	a := as(2, authz.Grant{Role: authz.InstitutionOfficer, Agency: w.bank.ID})
	a.Strong = false
	return a
}

// last gives the newest entry of the access log, and how many there are.
func (w *window) last(t testing.TB) (log audit.Access, n int) {
	t.Helper()
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", 200)
	must(t, err)
	if len(list) == 0 {
		return audit.Access{}, 0
	}
	return list[0], len(list)
}

func TestWindowDesk(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	want(t, visit(t, w, w.officer(), "/desk/lookup", nil), http.StatusOK, "本单位还没有应用事项")
	w.matter(t, "SP-01", nil)
	w.matter(t, "SP-02", func(m *agency.Matter) { m.Kinds = []string{"legal_entity"}; m.Items = []string{"XZCF"} })
	w.matter(t, "ZC-01", func(m *agency.Matter) { m.Agency = w.other.ID })
	page := visit(t, w, w.officer(), "/desk/lookup", nil)
	said := want(t, page, http.StatusOK, "食品经营许可SP-01", "《山东省社会信用条例》第二十条", "行政处罚", "自然人", "查自然人", "2026-01-01 起")
	if strings.Contains(said, "ZC-01") {
		t.Error("another unit's matter is offered")
	}
	if !regexp.MustCompile(`<input id="code"[^>]* autofocus`).MatchString(page.Body.String()) {
		t.Error("the field has not the focus")
	}
	if said := want(t, visit(t, w, w.officer(), "/desk/lookup?matter=SP-02", nil), http.StatusOK, "食品经营许可SP-02"); strings.Contains(said, "查自然人") {
		t.Error("a matter that does not reach persons asks for one")
	}
	for name, who := range map[string]authz.Actor{
		"a clerk": as(5, authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID}), "a banker": w.banker(), "an auditor": as(6, authz.Grant{Role: authz.Auditor}), "nobody": as(7),
	} {
		if got := visit(t, w, who, "/desk/lookup", nil); got.Code != http.StatusForbidden {
			t.Errorf("%s opens the window desk: %d", name, got.Code)
		}
		if got := visit(t, w, who, "/desk/lookup", url.Values{"matter": {"SP-01"}, "code": {firmCode}}); got.Code != http.StatusForbidden {
			t.Errorf("%s asks at the window desk: %d", name, got.Code)
		}
	}
}

func TestAskAboutAFirm(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	got := visit(t, w, w.officer(), "/desk/lookup", url.Values{"matter": {"SP-01"}, "code": {" " + strings.ToLower(firmCode) + " "}})
	said := want(t, got, http.StatusOK, "命中", "临溪市示例食品有限公司", firmCode, "甲类 社会公开", "乙类 授权查询", "丙类 部门共享", "来源", "临溪市市场监督管理局", "《山东省社会信用条例》第二十条", "查询回执编号")
	entry, n := w.last(t)
	if n != 1 || entry.Outcome != audit.Answered || entry.Matter != "SP-01" || entry.Subject != w.firm || entry.Who.ID != 1 || entry.Who.Agency != w.unit.ID || len(entry.Records) == 0 {
		t.Fatalf("%d entries, %+v", n, entry)
	}
	if !strings.Contains(said, "查询回执编号 "+desk.Dec(entry.ID)) || !strings.Contains(said, fmt.Sprintf("命中 %d 项", len(entry.Records))) {
		t.Errorf("the page does not give the entry %d of %d records: %s", entry.ID, len(entry.Records), said)
	}
	if got.Header().Get("Set-Cookie") == "" || strings.Contains(got.Header().Get("Set-Cookie"), firmCode) {
		t.Errorf("cookie %q", got.Header().Get("Set-Cookie"))
	}
	want(t, visit(t, w, w.officer(), "/desk/lookup", url.Values{"matter": {"SP-01"}, "code": {firmCode}, "item": {"XZBC"}}), http.StatusOK, "命中 1 项", "丙类")
	_, before := w.last(t)
	several := url.Values{"matter": {"SP-01"}, "code": {firmCode}, "item": {"XZBC", "XZCF"}}
	page := visit(t, w, w.officer(), "/desk/lookup", several)
	want(t, page, http.StatusOK, "命中 2 项", "丙类", "甲类", "选几个都是一次查询")
	if entry, n := w.last(t); n != before+1 || len(entry.Records) != 2 {
		t.Errorf("two items were %d questions: %+v", n-before, entry)
	}
	if n := strings.Count(page.Body.String(), " checked"); n != 2 {
		t.Errorf("%d boxes are ticked on the page of the answer", n)
	}
	w.matter(t, "SP-03", func(m *agency.Matter) { m.Items = []string{"XZXK"} })
	want(t, visit(t, w, w.officer(), "/desk/lookup", url.Values{"matter": {"SP-03"}, "code": {firmCode}}), http.StatusOK, "未命中")
}

// A refusal says which element is missing and what to do, and stands in the access log.
func TestRefusalsNameTheElement(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	w.matter(t, "OLD", func(m *agency.Matter) { m.ValidUntil = 20260201 })
	w.matter(t, "NOLAW", func(m *agency.Matter) { m.BasisUntil = 20260201 })
	w.matter(t, "FIRMS", func(m *agency.Matter) { m.Kinds = []string{"legal_entity"} })
	w.matter(t, "PEOPLE", func(m *agency.Matter) { m.Kinds = []string{"person"} })
	w.matter(t, "THEIRS", func(m *agency.Matter) { m.Agency = w.other.ID })
	for _, c := range []struct {
		name    string
		form    url.Values
		status  int
		missing string
		says    []string
	}{
		{"no such matter", url.Values{"matter": {"NONE"}, "code": {firmCode}}, http.StatusForbidden, "matter", []string{"没有这个应用事项", "缺少的要件：应用事项", "应用事项清单中选择"}},
		{"another's matter", url.Values{"matter": {"THEIRS"}, "code": {firmCode}}, http.StatusForbidden, "matter_agency", []string{"缺少的要件：本单位的应用事项"}},
		{"lapsed", url.Values{"matter": {"OLD"}, "code": {firmCode}}, http.StatusForbidden, "matter_lapsed", []string{"不在有效期内", "缺少的要件：在有效期内的应用事项", "起止日期"}},
		{"law not in force", url.Values{"matter": {"NOLAW"}, "code": {firmCode}}, http.StatusForbidden, "matter_basis", []string{"缺少的要件：今天有效的法律依据"}},
		{"item", url.Values{"matter": {"SP-01"}, "code": {firmCode}, "item": {"XZXK"}}, http.StatusForbidden, "matter_item", []string{"缺少的要件：应用事项列出的信息事项"}},
		{"kind", url.Values{"matter": {"PEOPLE"}, "code": {firmCode}}, http.StatusForbidden, "matter_kind", []string{"缺少的要件：应用事项包括的主体种类"}},
		{"person", url.Values{"matter": {"FIRMS"}, "doc_kind": {docKind}, "number": {number}}, http.StatusForbidden, "matter_kind", []string{"不包括这一类主体"}},
		{"nobody", url.Values{"matter": {"SP-01"}, "code": {bankCode}}, http.StatusNotFound, "subject", []string{"没有查到这个主体", "请核对统一社会信用代码"}},
	} {
		_, before := w.last(t)
		want(t, visit(t, w, w.officer(), "/desk/lookup", c.form), c.status, append(c.says, "没有作答", "已记入查询日志")...)
		if entry, n := w.last(t); n != before+1 || entry.Outcome != audit.Refused || entry.Missing != c.missing {
			t.Errorf("%s: %d new entries, %+v", c.name, n-before, entry)
		}
	}
}

func TestWhatIsMistypedIsNotAsked(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	for _, c := range []struct {
		form url.Values
		says string
	}{
		{url.Values{}, "请填写统一社会信用代码"},
		{url.Values{"code": {firmCode[:17]}}, "统一社会信用代码"},
		{url.Values{"code": {firmCode[:17] + "9"}}, "18"},
		{url.Values{"code": {firmCode}, "number": {number}, "doc_kind": {docKind}}, "只填一种"},
		{url.Values{"number": {number}}, "请选择证件类型"},
		{url.Values{"number": {"110"}, "doc_kind": {docKind}}, "请填写完整的证件号码"},
	} {
		c.form.Set("matter", "SP-01")
		got := visit(t, w, w.officer(), "/desk/lookup", c.form)
		want(t, got, http.StatusBadRequest, c.says)
		if strings.Contains(got.Body.String(), number) {
			t.Errorf("%v: the number is echoed", c.form)
		}
	}
	if _, n := w.last(t); n != 0 {
		t.Errorf("%d look-ups were made", n)
	}
}

// A person is found by the whole number; no page, header or log line of ours shows it, or the whole name.
func TestAskAboutAPerson(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	form := url.Values{"matter": {"SP-01"}, "doc_kind": {docKind}, "number": {strings.ToLower(number)}}
	got := visit(t, w, w.officer(), "/desk/lookup", form)
	want(t, got, http.StatusOK, "命中", "自然人", "丙类 部门共享")
	all := got.Body.String() + fmt.Sprint(got.Header())
	for _, secret := range []string{number, strings.ToLower(number), person} {
		if strings.Contains(all, secret) {
			t.Errorf("the answer shows %s", secret)
		}
	}
	if entry, n := w.last(t); n != 1 || entry.Subject != w.human {
		t.Errorf("%d entries, %+v", n, entry)
	}
	for range 3 {
		want(t, visit(t, w, w.officer(), "/desk/lookup", form), http.StatusOK)
	}
	nobody := url.Values{"matter": {"SP-01"}, "doc_kind": {docKind}, "number": {number[:14]}}
	want(t, visit(t, w, w.officer(), "/desk/lookup", nobody), http.StatusNotFound, "没有查到这个主体")
	for _, f := range []url.Values{form, nobody} { // a number of nobody counts like any other
		want(t, visit(t, w, w.officer(), "/desk/lookup", f), http.StatusServiceUnavailable, "缺少的要件：本小时的查询次数")
	}
}

func (w *window) consent(t testing.TB, change func(*consent.Terms)) int64 {
	t.Helper()
	terms := consent.Terms{Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF", "XZJF"}, Classes: []catalog.Class{"A", "B"}, Purpose: "credit", Uses: 2}
	if change != nil {
		change(&terms)
	}
	c, _, err := w.consents.Grant(context.Background(), as(3, authz.Grant{Role: authz.BusinessAgent, Subject: w.firm}), terms)
	must(t, err)
	return c.ID
}

func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.matter(t, "SP-01", nil)
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", nil), http.StatusOK, "没有有效的授权")
	number := desk.Dec(w.consent(t, nil))
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", nil), http.StatusOK, "临溪市示例食品有限公司", "授权书 "+number, "用它查询", "行政处罚")
	form := url.Values{"consent": {number}, "aim": {"credit"}, "code": {firmCode}}
	for name, who := range map[string]authz.Actor{"a clerk": as(5, authz.Grant{Role: authz.FilingClerk, Agency: w.bank.ID}), "an operator": as(6, authz.Grant{Role: authz.OfficeOperator})} {
		if got := visit(t, w, who, "/desk/lookup/consent", form); got.Code != http.StatusForbidden {
			t.Errorf("%s uses a consent: %d", name, got.Code)
		}
	}
	want(t, visit(t, w, w.officer(), "/desk/lookup/consent", form), http.StatusForbidden, "缺少的要件：给本单位的授权")
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", url.Values{"aim": {"credit"}, "code": {firmCode}}), http.StatusBadRequest, "请填写授权书编号")
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", url.Values{"consent": {number}, "code": {firmCode}}), http.StatusBadRequest, "请选择用途")
	said := want(t, visit(t, w, w.banker(), "/desk/lookup/consent", form), http.StatusOK, "命中", "甲类 社会公开", "乙类 授权查询", "主体授权书 "+number+"（授信审批）", "查询回执编号")
	if strings.Contains(said, "丙类") {
		t.Error("a consent opens class C")
	}
	if entry, _ := w.last(t); entry.Outcome != audit.Answered || entry.Who.Agency != w.bank.ID || desk.Dec(entry.Consent) != number {
		t.Errorf("entry %+v", entry)
	}
	other := url.Values{"consent": {number}, "aim": {"other"}, "code": {firmCode}}
	if b := w.consents.Bounds().Purposes; len(b) > 1 {
		for _, p := range b {
			if p.Code != "credit" {
				other.Set("aim", p.Code)
			}
		}
	}
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", other), http.StatusForbidden, "缺少的要件：与授权书一致的用途")
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", form), http.StatusOK, "命中")
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", form), http.StatusForbidden, "缺少的要件：授权的剩余次数", "重新授权")
	wrong := url.Values{"consent": {"77"}, "aim": {"credit"}, "code": {firmCode}}
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", wrong), http.StatusForbidden, "缺少的要件：该主体的授权书")
}

// The grantee reads a consent, its receipt and the receipt of its revocation as long as it wants to; others do not learn that it is there, and nobody but the
// subject learns why it was revoked.
func TestArtefact(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	id := w.consent(t, nil)
	at := "/desk/lookup/consent/" + desk.Dec(id)
	said := want(t, visit(t, w, w.banker(), at, nil), http.StatusOK, "授权书", "有效", "临溪市示例食品有限公司", "临溪银行", "授信审批", "剩 2 / 2", "gongxin-consent/1")
	if strings.Contains(said, "撤销回执") {
		t.Error("a receipt of what was not revoked")
	}
	want(t, visit(t, w, w.banker(), at+"/revocation.json", nil), http.StatusNotFound, "没有撤销回执")
	subject := as(3, authz.Grant{Role: authz.BusinessAgent, Subject: w.firm})
	_, err := w.consents.Revoke(context.Background(), subject, id, "贷款不办了")
	must(t, err)
	w.clock.Advance(300 * 24 * time.Hour)
	want(t, visit(t, w, w.banker(), "/desk/lookup/consent", nil), http.StatusOK, "已撤销的授权（1）", "授权书 "+desk.Dec(id))
	said = want(t, visit(t, w, w.banker(), at, nil), http.StatusOK, "已撤销", "撤销时间", "下载撤销回执", "gongxin-consent-revocation/1")
	if strings.Contains(said, "贷款不办了") {
		t.Error("the grantee learns why")
	}
	for path, format := range map[string]string{"/receipt.json": "gongxin-consent/1", "/revocation.json": "gongxin-consent-revocation/1"} {
		got := visit(t, w, w.banker(), at+path, nil)
		elements, err := consent.VerifyReceipt(got.Body, w.key.Public())
		if err != nil || elements[0][1] != format || !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment;") || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %v %v", path, elements, err, got.Header())
		}
	}
	for name, who := range map[string]authz.Actor{
		"another unit": w.officer(), "another subject": as(9, authz.Grant{Role: authz.BusinessAgent, Subject: w.human}),
	} {
		for _, path := range []string{"", "/receipt.json", "/revocation.json"} {
			if got := visit(t, w, who, at+path, nil); got.Code != http.StatusNotFound {
				t.Errorf("%s reads %q: %d", name, path, got.Code)
			}
		}
	}
	want(t, visit(t, w, as(5, authz.Grant{Role: authz.FilingClerk, Agency: w.bank.ID}), at, nil), http.StatusForbidden)
	for _, path := range []string{"/desk/lookup/consent/x", "/desk/lookup/consent/77"} {
		want(t, visit(t, w, w.banker(), path, nil), http.StatusNotFound, "没有这份授权书")
	}
}
