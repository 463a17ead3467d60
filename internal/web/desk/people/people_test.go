package people

import (
	"bytes"
	"context"
	"errors"
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
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk"
)

const (
	firmCode = "91990102MA00000X00"
	firm     = 501
)

// town is the desks over the real accounts, logs and blobs.
type town struct {
	http.Handler
	accounts *identity.Service
	blobs    *blob.Store
	log      *audit.Log
	clock    *clock.Manual
	unit     agency.Agency
	broken   bool // the log cannot be written
}

func (w *town) Business(_ context.Context, code string) (int64, string, bool, error) {
	return firm, "990102", code == firmCode, nil
}

func (w *town) Person(context.Context, string, string) (int64, bool, error) { return 0, false, nil }

func (w *town) ByIDs(_ context.Context, ids []int64) (map[int64]subject.Subject, error) {
	out := map[int64]subject.Subject{}
	for _, n := range ids {
		if n == firm {
			out[n] = subject.Subject{ID: firm, Kind: catalog.LegalEntity, Code: firmCode}
		}
	}
	return out, nil
}

func (w *town) Labels(_ context.Context, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for _, n := range ids {
		if n == firm {
			out[n] = "临溪市示例食品<b>有限公司"
		}
	}
	return out, nil
}

// Record writes an entry unless the log is broken.
func (w *town) Record(ctx context.Context, a audit.Access) (int64, error) {
	if w.broken {
		return 0, errors.New("disk full")
	}
	return w.log.Record(ctx, a)
}

func newTown(t testing.TB) *town {
	t.Helper()
	d, dir := dbtest.SQLite(t), t.TempDir()
	w := &town{clock: clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))}
	ids := id.NewMaker(w.clock.Now)
	ring, err := gm.OpenKeyRing(filepath.Join(dir, "keys.json"))
	must(t, err)
	w.blobs, err = blob.Open(filepath.Join(dir, "blobs"), ring)
	must(t, err)
	w.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock})
	agencies := agency.NewStore(d, ids, w.clock, ident.DefaultDivisions())
	w.unit, err = agencies.Add(context.Background(), "11990100001000010R", "临溪市市场监督管理局", "990100")
	must(t, err)
	site := newSite(t)
	w.accounts, err = identity.New(identity.Config{
		DB: d, Clock: w.clock, IDs: ids, Ring: ring, Acts: w.log, Authority: site.Authority, Registry: w,
		Hashing: identity.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Concurrency: 4}, Methods: []identity.ClaimMethod{identity.Licence{}},
	})
	must(t, err)
	t.Cleanup(w.accounts.Close)
	rt := site.Router()
	site.Mount(rt)
	New(Deps{
		Site: site, Accounts: w.accounts, Agencies: agencies, Register: w, Labels: w, Evidence: w.blobs, Log: w, Divisions: ident.DefaultDivisions(), City: "990100", Clock: w.clock,
	}).Routes(rt)
	w.Handler = site.Wrap(rt)
	return w
}

// open opens an account at the command line.
func (w *town) open(t testing.TB, kind identity.AccountKind, login, region string, grants ...authz.Grant) *identity.Account {
	t.Helper()
	a, _, err := w.accounts.Open(context.Background(), authz.LocalActor("test"), identity.NewAccount{
		Kind: kind, Login: login, Name: "测试" + login, Region: region, Password: "seven-herons-over-linxi", Grants: grants,
	})
	must(t, err)
	return a
}

func (w *town) show(t testing.TB, account int64) (*identity.Account, []identity.Held) {
	t.Helper()
	a, held, err := w.accounts.Show(context.Background(), authz.LocalActor("test"), account)
	must(t, err)
	return a, held
}

// acts counts the acts of an action.
func (w *town) acts(t testing.TB, action string) int {
	t.Helper()
	n := 0
	must(t, w.log.EachAct(context.Background(), func(e *audit.ActEntry) error {
		if e.Action == action {
			n++
		}
		return nil
	}))
	return n
}

var (
	security = as(9001, authz.Grant{Role: authz.SecurityAdmin})
	district = as(9002, authz.Grant{Role: authz.SecurityAdmin, Region: "990102"})
	watcher  = as(9003, authz.Grant{Role: authz.Auditor})
	operator = as(9004, authz.Grant{Role: authz.OfficeOperator})
	nobody   = as(9005)
)

var temporaryPassword = regexp.MustCompile(`data-copy="([^"]+)"`)

func TestOpenAnAccount(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	want(t, visit(t, w, security, "/desk/people/new", nil), http.StatusOK, "开立账号", "临时口令", "临溪市市场监督管理局")
	form := url.Values{"kind": {"staff"}, "login": {"zhang.san"}, "name": {"张三"}, "unit": {desk.Dec(w.unit.ID)}, "role": {"filing_clerk"}}
	for name, who := range map[string]authz.Actor{"an operator": operator, "an auditor": watcher, "nobody": nobody} {
		if got := visit(t, w, who, "/desk/people", form); got.Code != http.StatusForbidden {
			t.Errorf("%s opens an account: %d", name, got.Code)
		}
	}
	want(t, visit(t, w, district, "/desk/people", form), http.StatusForbidden, "本辖区")
	if got := visit(t, w, authz.Actor{}, "/desk/people", form); got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/sign-in") {
		t.Errorf("a reader opens an account: %d", got.Code)
	}
	weak := security
	weak.Strong = false
	want(t, visit(t, w, weak, "/desk/people", form), http.StatusForbidden, "第二因素")
	if n := w.acts(t, "account.open"); n != 0 {
		t.Fatalf("%d accounts were opened", n)
	}

	got := visit(t, w, security, "/desk/people", form)
	want(t, got, http.StatusCreated, "账号已开立", "临时口令只显示这一次", "张三", "zhang.san", "报送员", "必须更换")
	var password string
	for _, m := range temporaryPassword.FindAllStringSubmatch(got.Body.String(), -1) {
		if s, err := w.accounts.SignIn(context.Background(), identity.Attempt{Login: "zhang.san", Password: m[1], Address: "203.0.113.7"}); err == nil {
			if password = m[1]; !s.MustChange {
				t.Error("the password that was handed out may stay")
			}
		}
	}
	if password == "" {
		t.Fatal("no password on the page opens the account")
	}
	acc, err := w.accounts.Find(context.Background(), authz.LocalActor("test"), "zhang.san")
	must(t, err)
	if acc.Region != "990100" || acc.Agency != w.unit.ID {
		t.Errorf("opened in %q, unit %d", acc.Region, acc.Agency)
	}
	page := visit(t, w, security, personLink(acc.ID), nil)
	want(t, page, http.StatusOK, "张三", "报送员")
	if strings.Contains(page.Body.String(), password) {
		t.Error("the password is shown again")
	}
	want(t, visit(t, w, security, "/desk/people", form), http.StatusConflict, "登录名已经有人使用")
	if n := w.acts(t, "account.open"); n != 1 {
		t.Errorf("%d acts", n)
	}
}

func TestOpenRefusesBesideTheField(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, c := range []struct {
		name, key, value, says string
		status                 int
	}{
		{"short login", "login", "x", "登录名要 3 到 64 个字符", http.StatusBadRequest},
		{"no name", "name", " ", "姓名或名称要 1 到 100 个字符", http.StatusBadRequest},
		{"no kind", "kind", "chief", "请选择账号的种类", http.StatusBadRequest},
		{"clerk of no unit", "role", "filing_clerk", "授予报送员要写明单位", http.StatusBadRequest},
		{"resident by hand", "role", "resident", "不能授予这个角色", http.StatusBadRequest},
		{"unit that is none", "unit", "12", "没有这个单位", http.StatusBadRequest},
	} {
		form := url.Values{"kind": {"staff"}, "login": {"li.si"}, "name": {"李四"}}
		form.Set(c.key, c.value)
		t.Run(c.name, func(t *testing.T) { want(t, visit(t, w, security, "/desk/people", form), c.status, c.says) })
	}
	if n := w.acts(t, "account.open"); n != 0 {
		t.Errorf("%d accounts were opened", n)
	}
}

// Every step on an account: taken by the security administrator, refused to other roles, and refused to the account itself.
func TestStepsOnAnAccount(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	clerk := w.open(t, identity.StaffAccount, "clerk", "990102", authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID})
	own := as(clerk.ID, authz.Grant{Role: authz.SecurityAdmin})
	elsewhere := as(9006, authz.Grant{Role: authz.SecurityAdmin, Region: "990103"})
	for _, c := range []struct {
		path, act string
		form      url.Values
		status    int
	}{
		{"/disable", "account.disable", url.Values{}, http.StatusSeeOther},
		{"/enable", "account.enable", url.Values{}, http.StatusSeeOther},
		{"/factor", "account.reset_factor", url.Values{}, http.StatusSeeOther},
		{"/sessions", "session.end_all", url.Values{}, http.StatusSeeOther},
		{"/password", "account.reset_password", url.Values{}, http.StatusOK},
		{"/grants", "account.grant", url.Values{"role": {"reviewer"}, "unit": {desk.Dec(w.unit.ID)}, "region": {"990102"}}, http.StatusSeeOther},
	} {
		at := personLink(clerk.ID) + c.path
		before := w.acts(t, c.act)
		for name, who := range map[string]authz.Actor{"auditor": watcher, "operator": operator, "elsewhere": elsewhere} {
			if got := visit(t, w, who, at, c.form); got.Code != http.StatusForbidden && (name != "elsewhere" || got.Code != http.StatusNotFound) {
				t.Errorf("%s by %s: %d", c.path, name, got.Code)
			}
		}
		want(t, visit(t, w, own, at, c.form), http.StatusForbidden, "不能自己")
		if w.acts(t, c.act) != before {
			t.Errorf("%s: a refused step was taken", c.path)
		}
		got := visit(t, w, district, at, c.form)
		if want(t, got, c.status); w.acts(t, c.act) != before+1 {
			t.Errorf("%s: no act", c.path)
		}
		if to := got.Header().Get("Location"); c.status == http.StatusSeeOther {
			want(t, visit(t, w, district, to, nil), http.StatusOK, "测试clerk")
		}
	}
	if _, held := w.show(t, clerk.ID); len(held) != 2 {
		t.Errorf("%d grants", len(held))
	}
	want(t, visit(t, w, security, "/desk/people/77/disable", url.Values{}), http.StatusNotFound)
	want(t, visit(t, w, security, "/desk/people/x/disable", url.Values{}), http.StatusNotFound)
}

func TestGrantsAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	unit := desk.Dec(w.unit.ID)
	admin := w.open(t, identity.StaffAccount, "admin", "990102", authz.Grant{Role: authz.SystemAdmin})
	at := personLink(admin.ID) + "/grants"
	want(t, visit(t, w, security, at, url.Values{"role": {"audit_admin"}}), http.StatusConflict, "不能由同一个账号兼任")
	want(t, visit(t, w, security, at, url.Values{"role": {"filing_clerk"}, "unit": {unit}}), http.StatusConflict, "不能由同一个账号兼任")
	want(t, visit(t, w, security, at, url.Values{"role": {"system_admin"}}), http.StatusConflict, "已经有这个角色")
	want(t, visit(t, w, security, at, url.Values{"role": {"resident"}}), http.StatusBadRequest, "本人认领")
	clerk := w.open(t, identity.StaffAccount, "clerk", "990102")
	page := want(t, visit(t, w, district, personLink(clerk.ID)+"/grants", url.Values{"role": {"office_operator"}}), http.StatusForbidden, "超出了您管理的辖区")
	if !strings.Contains(page, "授予角色") {
		t.Error("the refusal does not show the form again")
	}
	want(t, visit(t, w, district, personLink(clerk.ID)+"/grants", url.Values{"role": {"office_operator"}, "region": {"990102"}}), http.StatusSeeOther)
	_, held := w.show(t, clerk.ID)
	if len(held) != 1 || held[0].Region != "990102" {
		t.Fatalf("held %+v", held)
	}
	revoke := personLink(clerk.ID) + "/grants/" + desk.Dec(held[0].ID) + "/revoke"
	want(t, visit(t, w, watcher, revoke, url.Values{}), http.StatusForbidden)
	want(t, visit(t, w, as(clerk.ID, authz.Grant{Role: authz.SecurityAdmin}), revoke, url.Values{}), http.StatusForbidden, "不能自己")
	want(t, visit(t, w, security, revoke, url.Values{}), http.StatusSeeOther)
	want(t, visit(t, w, security, revoke, url.Values{}), http.StatusNotFound)
	if _, held := w.show(t, clerk.ID); len(held) != 0 {
		t.Errorf("held %+v", held)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	clerk := w.open(t, identity.StaffAccount, "clerk", "990102", authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID})
	other := w.open(t, identity.StaffAccount, "other", "990102")
	k, _, err := w.accounts.NewKey(context.Background(), as(clerk.ID, authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID}), clerk.ID, identity.KeySpec{
		Label: "前置机", Scopes: []authz.Action{authz.SubmissionCreate}, Expires: w.clock.Now().Add(24 * time.Hour),
	})
	must(t, err)
	want(t, visit(t, w, security, personLink(clerk.ID), nil), http.StatusOK, "前置机", "报送数据", "停用")
	if said := want(t, visit(t, w, watcher, personLink(clerk.ID), nil), http.StatusOK, "不能更改"); strings.Contains(said, "前置机") {
		t.Error("an auditor sees keys")
	}
	at := personLink(clerk.ID) + "/keys/" + desk.Dec(k.ID) + "/revoke"
	want(t, visit(t, w, watcher, at, url.Values{}), http.StatusForbidden)
	want(t, visit(t, w, as(clerk.ID, authz.Grant{Role: authz.SecurityAdmin}), at, url.Values{}), http.StatusForbidden, "不能自己")
	want(t, visit(t, w, security, personLink(other.ID)+"/keys/"+desk.Dec(k.ID)+"/revoke", url.Values{}), http.StatusNotFound)
	if w.acts(t, "key.revoke") != 0 {
		t.Fatal("a refused step was taken")
	}
	want(t, visit(t, w, security, at, url.Values{}), http.StatusSeeOther)
	want(t, visit(t, w, security, personLink(clerk.ID), nil), http.StatusOK, "前置机", "已停用")
}

func TestListAndFind(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	want(t, visit(t, w, security, "/desk/people", nil), http.StatusOK, "还没有账号")
	clerk := w.open(t, identity.StaffAccount, "clerk", "990102", authz.Grant{Role: authz.FilingClerk, Agency: w.unit.ID})
	w.open(t, identity.StaffAccount, "auditor", "990103", authz.Grant{Role: authz.Auditor})
	must(t, w.accounts.Disable(context.Background(), authz.LocalActor("test"), clerk.ID))
	for i := range 35 {
		w.open(t, identity.BusinessAccount, "agent"+desk.Dec(int64(100+i)), "")
	}
	want(t, visit(t, w, security, "/desk/people?kind=staff", nil), http.StatusOK, "测试clerk", "测试auditor", "报送员", "已停用")
	for query, shows := range map[string]string{"role=filing_clerk": "测试clerk", "state=disabled": "测试clerk", "role=auditor&kind=staff": "测试auditor"} {
		said := want(t, visit(t, w, security, "/desk/people?"+query, nil), http.StatusOK, shows)
		if strings.Contains(said, "测试clerk") == strings.Contains(said, "测试auditor") {
			t.Errorf("%s shows the wrong accounts: %s", query, said)
		}
	}
	want(t, visit(t, w, security, "/desk/people?role=auditor&kind=resident", nil), http.StatusOK, "没有符合条件的账号")
	if said := want(t, visit(t, w, district, "/desk/people?kind=staff", nil), http.StatusOK, "测试clerk"); strings.Contains(said, "测试auditor") {
		t.Error("a district's administrator sees another district")
	}
	first := visit(t, w, security, "/desk/people?kind=business", nil)
	m := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(first.Body.String())
	if m == nil {
		t.Fatal("no second page")
	}
	second := want(t, visit(t, w, security, strings.ReplaceAll(m[1], "&amp;", "&"), nil), http.StatusOK, "测试agent134", "回到第一页")
	if strings.Contains(second, "测试agent100") {
		t.Error("the second page repeats the first")
	}
	for _, path := range []string{"/desk/people", "/desk/people/new"} {
		want(t, visit(t, w, operator, path, nil), http.StatusForbidden)
	}

	got := visit(t, w, security, "/desk/people/find", url.Values{"login": {"clerk"}})
	if want(t, got, http.StatusSeeOther); got.Header().Get("Location") != personLink(clerk.ID) {
		t.Errorf("found %s", got.Header().Get("Location"))
	}
	want(t, visit(t, w, security, "/desk/people/find", url.Values{"login": {"nobody"}}), http.StatusNotFound, "没有这个登录名")
	elsewhere := as(9007, authz.Grant{Role: authz.SecurityAdmin, Region: "990103"})
	if a, b := visit(t, w, elsewhere, "/desk/people/find", url.Values{"login": {"clerk"}}), visit(t, w, elsewhere, "/desk/people/find", url.Values{"login": {"clark"}}); a.Code != http.StatusNotFound ||
		text(a.Body.String()) != text(b.Body.String()) {
		t.Errorf("a district's administrator is told of a login elsewhere: %d, %d", a.Code, b.Code)
	}
	want(t, visit(t, w, security, "/desk/people/find", url.Values{}), http.StatusBadRequest, "请填写登录名")
	want(t, visit(t, w, operator, "/desk/people/find", url.Values{"login": {"clerk"}}), http.StatusForbidden)
	want(t, visit(t, w, elsewhere, personLink(clerk.ID), nil), http.StatusNotFound)
	want(t, visit(t, w, as(clerk.ID), personLink(clerk.ID), nil), http.StatusForbidden)
}

// claim lets an agent claim the firm with a file.
func (w *town) claim(t testing.TB, login string, file []byte) (*identity.Account, *identity.Claim) {
	t.Helper()
	a := w.open(t, identity.BusinessAccount, login, "")
	s, err := w.accounts.SignIn(context.Background(), identity.Attempt{Login: login, Password: "seven-herons-over-linxi", Address: "203.0.113.7"})
	must(t, err)
	who, err := w.accounts.Actor(context.Background(), s.Token)
	must(t, err)
	in := identity.ClaimIn{Method: "licence", Code: firmCode}
	info, err := w.blobs.PutAlone(context.Background(), bytes.NewReader(file), 1<<20)
	must(t, err)
	in.Evidence = info.Hash
	c, _, err := w.accounts.Claim(context.Background(), who, in)
	must(t, err)
	return a, c
}

var png = []byte("\x89PNG\r\n\x1a\n0000000000000000")

func TestClaims(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	want(t, visit(t, w, operator, "/desk/claims", nil), http.StatusOK, "没有等待审核的认领")
	agent, c := w.claim(t, "agent", png)
	at := "/desk/claims/" + desk.Dec(c.ID)
	want(t, visit(t, w, operator, "/desk/claims", nil), http.StatusOK, "临溪市示例食品&lt;b&gt;有限公司", firmCode, "已等 0 天")
	want(t, visit(t, w, operator, at, nil), http.StatusOK, "上传证照", firmCode, "通过", "退回")
	got := visit(t, w, operator, at+"/evidence", nil)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "image/png" || !bytes.Equal(got.Body.Bytes(), png) {
		t.Errorf("evidence: %d %s", got.Code, got.Header().Get("Content-Type"))
	}
	looks := 0
	must(t, w.log.EachEntry(context.Background(), func(e *audit.Entry) error {
		if looks++; e.What != "claim" || e.Subject != firm || e.Who.ID != operator.ID || e.Outcome != audit.Answered {
			t.Errorf("entry %+v", e.Access)
		}
		return nil
	}))
	if looks != 1 {
		t.Errorf("%d entries of the look", looks)
	}
	w.broken = true
	if got := visit(t, w, operator, at+"/evidence", nil); got.Code != http.StatusInternalServerError || bytes.Contains(got.Body.Bytes(), png[:8]) {
		t.Errorf("evidence without an entry: %d", got.Code)
	}
	w.broken = false

	self := as(agent.ID, authz.Grant{Role: authz.OfficeOperator})
	there := as(9008, authz.Grant{Role: authz.OfficeOperator, Region: "990103"})
	for _, path := range []string{"/approve", "/reject"} {
		form := url.Values{"why": {"材料不清楚"}}
		want(t, visit(t, w, security, at+path, form), http.StatusForbidden)
		want(t, visit(t, w, there, at+path, form), http.StatusNotFound)
		want(t, visit(t, w, self, at+path, form), http.StatusForbidden, "不能审核自己的认领")
	}
	for _, path := range []string{"", "/evidence"} {
		want(t, visit(t, w, there, at+path, nil), http.StatusNotFound)
		want(t, visit(t, w, security, at+path, nil), http.StatusForbidden)
		want(t, visit(t, w, self, at+path, nil), http.StatusNotFound)
	}
	if w.acts(t, "claim.decide") != 0 {
		t.Fatal("a refused decision was taken")
	}
	want(t, visit(t, w, operator, at+"/reject", url.Values{}), http.StatusBadRequest, "要写明原因")
	want(t, visit(t, w, operator, at+"/approve", url.Values{}), http.StatusSeeOther)
	if _, held := w.show(t, agent.ID); len(held) != 1 || held[0].Role != authz.BusinessAgent || held[0].Subject != firm {
		t.Errorf("held %+v", held)
	}
	want(t, visit(t, w, operator, at+"/approve", url.Values{}), http.StatusConflict, "已经办结")
	want(t, visit(t, w, operator, at, nil), http.StatusNotFound)

	second, c2 := w.claim(t, "second", []byte("%PDF-1.7 ..."))
	at = "/desk/claims/" + desk.Dec(c2.ID)
	want(t, visit(t, w, operator, at, nil), http.StatusOK, "下载材料")
	if got := visit(t, w, operator, at+"/evidence", nil); !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a PDF is shown: %v", got.Header())
	}
	want(t, visit(t, w, operator, at+"/reject", url.Values{"why": {"签章看不清，请重新拍照"}}), http.StatusSeeOther)
	if _, held := w.show(t, second.ID); len(held) != 0 {
		t.Errorf("held %+v", held)
	}
}
