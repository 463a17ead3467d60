package audit

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/agency"
	log "gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk"
)

const (
	firmCode = "91370303MA3C000118"
	firm     = 501
	human    = 502
	docKind  = "身份证"
	number   = "11010519491231002X" // the textbook example of GB 11643
)

// tower is the desk over the real logs.
type tower struct {
	http.Handler
	log   *log.Log
	clock *clock.Manual
	units []agency.Agency
}

func (w *tower) ByCode(_ context.Context, code string) (subject.Subject, bool, error) {
	return subject.Subject{ID: firm, Kind: catalog.LegalEntity, Code: firmCode}, code == firmCode, nil
}

func (w *tower) ByPerson(_ context.Context, kind, n string) (subject.Subject, bool, error) {
	return subject.Subject{ID: human, Kind: catalog.Person}, kind == docKind && n == number, nil
}

func (w *tower) CodeOf(_ context.Context, id int64) (string, bool, error) {
	if id == firm {
		return firmCode, true, nil
	}
	return "", id == human, nil
}

func (w *tower) Labels(_ context.Context, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for _, n := range ids {
		if s := map[int64]string{firm: "临溪市示例食品有限公司", human: "张*丰"}[n]; s != "" {
			out[n] = s
		}
	}
	return out, nil
}

// Show is the accounts as those who may see accounts know them.
func (w *tower) Show(_ context.Context, by authz.Actor, account int64) (*identity.Account, []identity.Held, error) {
	if !by.Has(authz.Auditor) {
		return nil, nil, identity.ErrMissing
	}
	return &identity.Account{ID: account, Name: "王五"}, nil, nil
}

func newTower(t testing.TB) *tower {
	t.Helper()
	d := dbtest.SQLite(t)
	w := &tower{clock: clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))}
	ids := id.NewMaker(w.clock.Now)
	w.log = log.New(log.Config{DB: d, IDs: ids, Clock: w.clock, Rules: []log.Rule{{Code: "no_matter", Kind: "missing", Name: "没有事项的查询", Missing: []string{"matter"}}}})
	agencies := agency.NewStore(d, ids, w.clock, ident.DefaultDivisions())
	for i, region := range []string{"990102", "990103"} {
		u, err := agencies.Add(context.Background(), []string{"11990100001000010R", "11990100001000045C"}[i], []string{"甲局", "乙局"}[i], region)
		must(t, err)
		w.units = append(w.units, u)
	}
	site := newSite(t)
	rt := site.Router()
	site.Mount(rt)
	New(Deps{
		Site: site, Log: w.log, Agencies: agencies, Register: w, Labels: w, Accounts: w, Clock: w.clock, DocKinds: func() []string { return []string{docKind} },
	}).Routes(rt)
	w.Handler = site.Wrap(rt)
	return w
}

// look puts a look-up on file.
func (w *tower) look(t testing.TB, who int64, unit int, change func(*log.Access)) log.Access {
	t.Helper()
	w.clock.Advance(time.Second)
	a := log.Access{
		At: w.clock.Now().UTC(), Who: log.Who{Kind: "account", ID: who, Agency: w.units[unit].ID, Address: "10.0.0.7", Session: 3}, Subject: firm, Matter: "SP-01",
		Basis: "《山东省社会信用条例》第二十条", What: "subject", Outcome: log.Answered, Records: []log.Ref{{Subject: firm, Key: 9, Version: 2}},
	}
	if change != nil {
		change(&a)
	}
	var err error
	a.ID, err = w.log.Record(context.Background(), a)
	must(t, err)
	return a
}

func refused(a *log.Access) { a.Outcome, a.Missing, a.Records = log.Refused, "matter", nil }

func (w *tower) acts(t testing.TB, action string) int {
	t.Helper()
	n := 0
	must(t, w.log.EachAct(context.Background(), func(e *log.ActEntry) error {
		if e.Action == action {
			n++
		}
		return nil
	}))
	return n
}

var (
	auditor  = as(9001, authz.Grant{Role: authz.Auditor})
	district = as(9002, authz.Grant{Role: authz.Auditor, Region: "990102"})
	admin    = as(9003, authz.Grant{Role: authz.AuditAdmin})
	operator = as(9004, authz.Grant{Role: authz.OfficeOperator})
)

func TestAccess(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	want(t, visit(t, w, auditor, "/desk/audit/access", nil), http.StatusOK, "还没有查询记录", "异常提醒", "操作日志")
	first := w.look(t, 11, 0, nil)
	w.look(t, 12, 1, func(a *log.Access) { a.Subject = human })
	w.look(t, 12, 1, refused)
	said := want(t, visit(t, w, auditor, "/desk/audit/access", nil), http.StatusOK, "账号 11", "甲局", "张*丰", "缺：应用事项", "1 条记录")
	if strings.Contains(said, "王五") {
		t.Error("a list names an officer")
	}
	for query, has := range map[string][2]bool{ // account 11, account 12
		"who=11": {true, false}, "unit=" + desk.Dec(w.units[1].ID): {false, true}, "code=" + strings.ToLower(firmCode): {true, true}, "outcome=refused": {false, true},
		"what=record": {false, false}, "from=2026-11-18&to=2026-11-18": {true, true}, "to=2026-11-17": {false, false}, "from=2026-11-19": {false, false},
		"subject=502": {false, true}, "kind=key": {false, false},
	} {
		said := want(t, visit(t, w, auditor, "/desk/audit/access?"+query, nil), http.StatusOK)
		if strings.Contains(said, "账号 11") != has[0] || strings.Contains(said, "账号 12") != has[1] {
			t.Errorf("%s: %s", query, said)
		}
	}
	want(t, visit(t, w, auditor, "/desk/audit/access?who=x", nil), http.StatusBadRequest, "账号编号是一串数字")
	want(t, visit(t, w, auditor, "/desk/audit/access?code=9137", nil), http.StatusBadRequest, "库中没有这个统一社会信用代码")
	want(t, visit(t, w, auditor, "/desk/audit/access?after=x", nil), http.StatusBadRequest, "翻页位置无效")
	if said := want(t, visit(t, w, district, "/desk/audit/access", nil), http.StatusOK, "账号 11"); strings.Contains(said, "账号 12") || strings.Contains(said, "乙局") {
		t.Error("a district's auditor sees another district")
	}
	at := "/desk/audit/access/" + place(first.At, first.ID)
	want(t, visit(t, w, auditor, at, nil), http.StatusOK, "王五", "10.0.0.7", firmCode, first.Records[0].String(), desk.Dec(first.ID), "第二十条")
	want(t, visit(t, w, district, at, nil), http.StatusOK)
	want(t, visit(t, w, as(9005, authz.Grant{Role: authz.Auditor, Region: "990103"}), at, nil), http.StatusNotFound)
	for _, path := range []string{"/desk/audit/access/1-1", "/desk/audit/access/x", "/desk/audit/access/" + place(first.At, first.ID+1)} {
		want(t, visit(t, w, auditor, path, nil), http.StatusNotFound)
	}
	before := w.acts(t, "access.search")
	for _, who := range []authz.Actor{operator, admin} {
		want(t, visit(t, w, who, "/desk/audit/access", nil), http.StatusForbidden)
		want(t, visit(t, w, who, at, nil), http.StatusForbidden)
		want(t, visit(t, w, who, "/desk/audit/access.csv", nil), http.StatusForbidden)
	}
	if w.acts(t, "access.search") != before || before < 10 {
		t.Errorf("%d searches are in the log of acts", before)
	}
}

// A look-up is opened by the number on its receipt, an alert by its own; what lies in another district is not there, and looking is an act.
func TestByNumber(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	here, there := w.look(t, 11, 0, refused), w.look(t, 12, 1, refused)
	list, _, err := w.log.Alerts(context.Background(), "", []int64{w.units[1].ID}, "", 10)
	if err != nil || len(list) != 1 || list[0].Access != there.ID {
		t.Fatalf("%+v %v", list, err)
	}
	find := func(who authz.Actor, n int64) string {
		return visit(t, w, who, "/desk/audit/find?number="+desk.Dec(n), nil).Header().Get("Location")
	}
	for name, c := range map[string]struct {
		who  authz.Actor
		n    int64
		want string
	}{
		"a receipt":                   {auditor, here.ID, "/desk/audit/access/" + place(here.At, here.ID)},
		"a receipt of the district":   {district, here.ID, "/desk/audit/access/" + place(here.At, here.ID)},
		"a receipt of another":        {district, there.ID, ""},
		"an alert":                    {auditor, list[0].ID, alertLink(&list[0])},
		"an alert of another":         {district, list[0].ID, ""},
		"a number of nothing":         {auditor, 4711, ""},
		"who may read alerts, no log": {admin, here.ID, ""},
	} {
		if got := find(c.who, c.n); got != c.want {
			t.Errorf("%s leads to %q, want %q", name, got, c.want)
		}
	}
	want(t, visit(t, w, district, "/desk/audit/find?number="+desk.Dec(there.ID), nil), http.StatusNotFound, "没有这个编号")
	want(t, visit(t, w, auditor, "/desk/audit/find?number=x", nil), http.StatusBadRequest, "一串数字")
	want(t, visit(t, w, auditor, "/desk/audit/find", nil), http.StatusBadRequest)
	want(t, visit(t, w, operator, "/desk/audit/find?number=1", nil), http.StatusForbidden)
	want(t, visit(t, w, auditor, find(auditor, list[0].ID), nil), http.StatusOK, "提醒编号", desk.Dec(list[0].ID), desk.Dec(there.ID))
	want(t, visit(t, w, admin, "/desk/audit/acts?action=access.search", nil), http.StatusOK, "id="+desk.Dec(here.ID))
}

func TestAccessByPerson(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	w.look(t, 12, 0, func(a *log.Access) { a.Subject = human })
	form := url.Values{"doc_kind": {docKind}, "number": {strings.ToLower(number)}}
	got := visit(t, w, auditor, "/desk/audit/access/person", form)
	want(t, got, http.StatusSeeOther)
	to := got.Header().Get("Location")
	if strings.Contains(to, number) {
		t.Fatalf("the number stands in the address: %s", to)
	}
	want(t, visit(t, w, auditor, to, nil), http.StatusOK, "只看查询 张*丰 的记录", "账号 12")
	wrong := visit(t, w, auditor, "/desk/audit/access/person", url.Values{"doc_kind": {docKind}, "number": {"110105194912310021"}})
	want(t, wrong, http.StatusNotFound, "库中没有这个证件号码的人")
	if strings.Contains(wrong.Body.String(), "110105194912310021") {
		t.Error("the number is echoed")
	}
	want(t, visit(t, w, auditor, "/desk/audit/access/person", url.Values{}), http.StatusBadRequest, "请选择证件类型")
	want(t, visit(t, w, operator, "/desk/audit/access/person", form), http.StatusForbidden)
}

func TestDownload(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	w.look(t, 11, 0, nil)
	w.look(t, 12, 1, nil)
	got := visit(t, w, auditor, "/desk/audit/access.csv?who=11", nil)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.Body.String(), "\uFEFF"))).ReadAll()
	if err != nil || len(lines) != 2 || lines[1][3] != "11" || !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %v", lines, err)
	}
	if got := visit(t, w, district, "/desk/audit/access.csv", nil); strings.Count(got.Body.String(), "\n") != 2 {
		t.Errorf("a district's auditor downloads %q", got.Body.String())
	}
	if w.acts(t, "access.export") != 2 {
		t.Error("a download is not in the log of acts")
	}
	want(t, visit(t, w, auditor, "/desk/audit/access.csv?who=x", nil), http.StatusBadRequest)
}

func TestActs(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	visit(t, w, auditor, "/desk/audit/access?who=4711", nil)
	want(t, visit(t, w, admin, "/desk/audit/acts?action=access.search", nil), http.StatusOK, "查阅查询日志", "账号 9001", "who=4711")
	want(t, visit(t, w, auditor, "/desk/audit/acts?who=9003", nil), http.StatusOK, "查阅操作日志")
	want(t, visit(t, w, auditor, "/desk/audit/acts?entity=account:1", nil), http.StatusOK, "没有符合条件的操作")
	want(t, visit(t, w, auditor, "/desk/audit/acts?who=x", nil), http.StatusBadRequest)
	if said := want(t, visit(t, w, district, "/desk/audit/acts", nil), http.StatusOK); strings.Contains(said, "账号 9001") {
		t.Error("a district's auditor sees what belongs to no unit")
	}
	want(t, visit(t, w, operator, "/desk/audit/acts", nil), http.StatusForbidden)
}

// An alert is handled by an auditor, not by other roles, not from elsewhere, and not by the one it is about.
func TestAlerts(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	want(t, visit(t, w, auditor, "/desk/audit/alerts", nil), http.StatusOK, "没有待处理的提醒")
	w.look(t, 11, 0, refused)
	w.look(t, 12, 1, refused)
	list, _, err := w.log.Alerts(context.Background(), log.Open, []int64{w.units[0].ID}, "", 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	at := alertLink(&list[0])
	want(t, visit(t, w, auditor, "/desk/audit/alerts", nil), http.StatusOK, "没有事项的查询", "账号 11", "账号 12", "甲局", "缺少要件“应用事项”")
	if said := want(t, visit(t, w, district, "/desk/audit/alerts", nil), http.StatusOK, "账号 11"); strings.Contains(said, "账号 12") {
		t.Error("a district's auditor sees another district's alert")
	}
	want(t, visit(t, w, auditor, at, nil), http.StatusOK, "王五", "办结", "看有关的查询记录")
	reason := url.Values{"reason": {"已电话核实，属于误操作"}}
	self := as(11, authz.Grant{Role: authz.Auditor})
	want(t, visit(t, w, self, at, nil), http.StatusOK, "不能由您处理")
	want(t, visit(t, w, self, at+"/handle", reason), http.StatusForbidden, "不能自己")
	want(t, visit(t, w, operator, at+"/handle", reason), http.StatusForbidden)
	want(t, visit(t, w, as(9005, authz.Grant{Role: authz.Auditor, Region: "990103"}), at+"/handle", reason), http.StatusNotFound)
	want(t, visit(t, w, auditor, at+"/handle", url.Values{"reason": {"x"}}), http.StatusBadRequest, "写明核查结果")
	if w.acts(t, "alert.handle") != 0 {
		t.Fatal("a refused handling was taken")
	}
	want(t, visit(t, w, district, at+"/handle", reason), http.StatusSeeOther)
	want(t, visit(t, w, auditor, "/desk/audit/alerts?state=handled", nil), http.StatusOK, "没有事项的查询", "查看")
	want(t, visit(t, w, auditor, at, nil), http.StatusOK, "已处理", "已电话核实")
	want(t, visit(t, w, auditor, at+"/handle", reason), http.StatusConflict, "已由他人处理")
	want(t, visit(t, w, auditor, "/desk/audit/alerts/1-1/handle", reason), http.StatusNotFound)
	want(t, visit(t, w, auditor, "/desk/audit/alerts/x", nil), http.StatusNotFound)
}

func TestSecrecy(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	want(t, visit(t, w, admin, "/desk/audit/secrecy", nil), http.StatusOK, "没有生效中的延迟告知", "只能推迟，不能删除")
	good := url.Values{"unit": {desk.Dec(w.units[0].ID)}, "code": {firmCode}, "basis": {"《中华人民共和国监察法》第十八条"}, "until": {"2027-01-10"}}
	for _, who := range []authz.Actor{auditor, operator, as(9006, authz.Grant{Role: authz.SecurityAdmin})} {
		want(t, visit(t, w, who, "/desk/audit/secrecy", nil), http.StatusForbidden)
		want(t, visit(t, w, who, "/desk/audit/secrecy", good), http.StatusForbidden)
	}
	with := func(key, value string) url.Values {
		out := url.Values{}
		for k, v := range good {
			out[k] = v
		}
		out.Set(key, value)
		return out
	}
	for _, c := range []struct{ key, value, says string }{
		{"unit", "", "请选择单位"},
		{"code", "", "请填写统一社会信用代码"},
		{"code", "9137", "库中没有这个统一社会信用代码"},
		{"number", number, "只填一种"},
		{"basis", "法", "请写明法律名称和条款"},
		{"until", "", "请选择从哪一天起"},
		{"until", "2026-11-18", "一年以内"},
		{"until", "2027-11-19", "一年以内"},
	} {
		want(t, visit(t, w, admin, "/desk/audit/secrecy", with(c.key, c.value)), http.StatusBadRequest, c.says)
	}
	person := with("code", "")
	person.Set("doc_kind", docKind)
	person.Set("number", "110105194912310021")
	wrong := visit(t, w, admin, "/desk/audit/secrecy", person)
	want(t, wrong, http.StatusBadRequest, "库中没有这个证件号码的人")
	if strings.Contains(wrong.Body.String(), "110105194912310021") {
		t.Error("the number is echoed")
	}
	if w.acts(t, "access.secrecy") != 0 {
		t.Fatal("a refused order is on file")
	}
	want(t, visit(t, w, admin, "/desk/audit/secrecy", good), http.StatusSeeOther)
	person.Set("number", number)
	want(t, visit(t, w, admin, "/desk/audit/secrecy", person), http.StatusSeeOther)
	said := want(t, visit(t, w, admin, "/desk/audit/secrecy?done=order", nil), http.StatusOK, "已设定", "甲局", "临溪市示例食品有限公司", "张*丰", "监察法", "2027-01-10")
	if strings.Contains(said, number) {
		t.Error("the number is shown")
	}
	list, err := w.log.Orders(context.Background())
	if err != nil || len(list) != 2 || list[0].By.ID != admin.ID {
		t.Fatalf("%+v %v", list, err)
	}
	end := "/desk/audit/secrecy/" + desk.Dec(list[0].ID) + "/end"
	want(t, visit(t, w, auditor, end, url.Values{}), http.StatusForbidden)
	want(t, visit(t, w, admin, end, url.Values{}), http.StatusSeeOther)
	want(t, visit(t, w, admin, end, url.Values{}), http.StatusNotFound, "已经结束")
}

func TestPlaceRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at, id := time.UnixMicro(rapid.Int64Range(1, 1<<60).Draw(t, "at")).UTC(), rapid.Int64Range(1, 1<<62).Draw(t, "id")
		gotAt, gotID, _, ok := parsePlace(place(at, id))
		if !ok || !gotAt.Equal(at) || gotID != id {
			t.Fatalf("%v %d came back as %v %d %v", at, id, gotAt, gotID, ok)
		}
	})
}

func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"1-1", "", "-", "01-1", "1-01", "9223372036854775807-9223372036854775807", "1--1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, id, _, ok := parsePlace(s); ok && place(at, id) != s {
			t.Errorf("%q is read as another place", s)
		}
	})
}
