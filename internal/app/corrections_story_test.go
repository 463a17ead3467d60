package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/api"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/measure"
	"gongxin/internal/record"
)

// A window checks a firm; the penalty that it was answered is annulled; the unit's desk and inbox show it, the unit confirms, another one stays silent; the firm's
// receipt shows the chain with the place in the public log; whoever downloads finds the number in the list of changes.
func TestFromCheckToReceipt(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	agent := authz.Actor{ID: 811, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	at := func(id int64, role authz.Role, unit int64) authz.Actor {
		return authz.Actor{ID: id, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: role, Agency: unit}}}
	}
	window, bank := at(812, authz.WindowOfficer, h.unit.ID), at(813, authz.InstitutionOfficer, h.unit.ID)
	office := authz.Actor{ID: 814, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	key := authz.Actor{ID: 812, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	stranger := at(815, authz.WindowOfficer, d.alt.unit.ID)
	nobody := authz.Actor{}

	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	d.registered(h)
	penalty := d.penalise(h, "甲罚〔2026〕77号")
	d.logged(log)

	// Asked by the window, and handed out in a report that the bank's officer orders from what is public.
	if w := d.call(body("/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`)(h), window); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), penalty) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := d.call(body("/api/v1/reports", `{"kind":"standard","subject":"{firm}"}`)(h), bank); w.Code != http.StatusCreated && w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}

	// The decision is annulled. A change waits until answers that were under way are in the log.
	now.Advance(time.Minute)
	id, err := record.ParseID(penalty)
	must(t, err)
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := d.app.Records.Turn(ctx, tx, []record.Turn{{ID: id, To: record.Annulled}}, record.Change{
			At: now.Now(), Actor: "account:814", Basis: "《中华人民共和国行政处罚法》第四十八条", Why: "处罚决定被人民法院撤销",
		})
		return err
	}))
	d.logged(log)
	n, err := d.app.TellCorrections(ctx)
	must(t, err)
	if n < 1 {
		t.Errorf("%d changes passed on", n)
	}

	page := d.ask(window, "/desk/corrections", nil, http.StatusOK, "停止使用", "处罚决定被人民法院撤销", "待落实")
	d.ask(window, "/desk/inbox", nil, http.StatusOK, "更正告知：停止使用（已撤下）")
	d.ask(window, "/account/notices", nil, http.StatusOK, "更正告知：停止使用")
	told := ""
	for part := range strings.SplitSeq(page, `href="/desk/corrections/`) {
		number, rest, _ := strings.Cut(part, `"`)
		if strings.Contains(rest[:min(len(rest), 400)], "人民法院") {
			told = "/desk/corrections/" + number
		}
	}
	if told == "" {
		t.Fatal("the desk does not lead to it")
	}
	d.ask(window, told, nil, http.StatusOK, h.firm.Name, penalty, "信用核查", "确认已经落实", "2026-03-17", "已撤下")
	d.ask(stranger, told, nil, http.StatusNotFound)
	d.ask(agent, told, nil, http.StatusForbidden)
	d.ask(office, told, nil, http.StatusOK, h.firm.Name, "由取得记录的单位确认")
	d.ask(office, told+"/applied", url.Values{"note": {"已停止使用"}}, http.StatusForbidden)
	d.ask(window, told+"/applied", url.Values{"note": {""}}, http.StatusBadRequest, "怎样落实的")

	// By the interface: what is open, and the confirmation of one row.
	var list struct {
		Items []api.CorrectionView `json:"items"`
	}
	w := d.call(httptest.NewRequest(http.MethodGet, "/api/v1/corrections?since=2026-03-12&open=true", nil), key)
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var mine *api.CorrectionView
	for i := range list.Items {
		if list.Items[i].Record == penalty {
			mine = &list.Items[i]
		}
	}
	if mine == nil || mine.Does != "stop" || mine.Status != "annulled" || mine.Subject != h.firm.Code || mine.Version != 2 || mine.Handed.Times < 1 || mine.Why != "处罚决定被人民法院撤销" {
		t.Fatalf("%s", w.Body)
	}
	for path, want := range map[string]int{"/api/v1/corrections?since=x": 400, "/api/v1/corrections?cursor=x": 400, "/api/v1/records/changes?since=x": 400, "/api/v1/records/changes?cursor=x": 400} {
		if w := d.call(httptest.NewRequest(http.MethodGet, path, nil), key); w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	applied := func(who authz.Actor, want int) {
		t.Helper()
		if w := d.call(body("/api/v1/corrections/"+mine.ID+"/applied", `{"note":"已从窗口系统删除"}`)(h), who); w.Code != want {
			t.Errorf("%d, want %d: %s", w.Code, want, w.Body)
		}
	}
	d.logged(log)
	receipt := d.ask(agent, "/me/corrections?record="+penalty, nil, http.StatusOK, "行政处罚", "已撤下", h.unit.Name, "按应用事项核查", "处罚决定被人民法院撤销", "第四十八条", "待落实", "公开日志", "条")
	if strings.Contains(receipt, "account:") || strings.Contains(receipt, "正在写入公开日志") {
		at := max(strings.Index(receipt, "account:"), strings.Index(receipt, "正在写入公开日志"))
		t.Errorf("the receipt names an account, or no place in the log: %s", receipt[max(0, at-300):at+100])
	}
	d.ask(agent, "/me", nil, http.StatusOK, "更正回执", "待落实")
	d.ask(agent, "/me/file/"+penalty, nil, http.StatusOK, "更正回执")
	d.ask(stranger, "/me/corrections?of="+strconv.FormatInt(h.firm.ID, 10), nil, http.StatusForbidden)
	applied(stranger, http.StatusNotFound)
	applied(key, http.StatusOK)
	applied(key, http.StatusConflict)
	d.ask(agent, "/me/corrections?record="+penalty, nil, http.StatusOK, "全部落实", "已从窗口系统删除")
	d.ask(window, told, nil, http.StatusOK, "已落实", "已从窗口系统删除")

	// The sample's unit never answered: silent since the day after its last one, first on the office's desk and in the firm's receipt.
	now.Advance(7 * 24 * time.Hour)
	_, err = d.app.Procedures.Flow.RunDue(ctx)
	must(t, err)
	d.ask(office, "/desk/corrections", nil, http.StatusOK, "逾期没有确认", h.unit.Name, d.alt.unit.Name)
	d.ask(office, "/desk/corrections?state=silent", nil, http.StatusOK, "沉默：逾期未确认")
	d.ask(agent, "/me/corrections", nil, http.StatusOK, "逾期未确认")
	d.ask(stranger, "/account/notices", nil, http.StatusOK, "已逾期：更正告知")

	// Whoever downloaded it finds its number, and nothing of what it said.
	public := d.ask(nobody, "/open-data/changes?since=2026-03-12", nil, http.StatusOK, penalty, "不再公示：撤下", "停止展示和使用", "列入日期")
	if strings.Contains(public, h.firm.Name) || strings.Contains(public, "人民法院") {
		t.Error("the public list says whose record it was, or why")
	}
	d.ask(nobody, "/open-data/changes?since=x", nil, http.StatusOK, "请写 2026-03-02 这样的日期")
	d.ask(nobody, "/open-data", nil, http.StatusOK, "变更清单")
	if w := d.call(httptest.NewRequest(http.MethodGet, "/api/v1/records/changes?since=2026-03-12", nil), nobody); !strings.Contains(w.Body.String(), `"state":"removed","reason":"annulled","listedOn":"2026-03-12"`) || !strings.Contains(w.Body.String(), penalty) {
		t.Errorf("%d %s", w.Code, w.Body)
	}

	// Whoever read it stands in the firm's list.
	seen, _, err := d.app.Trust.Audit.OfSubject(ctx, h.firm.ID, "", 200)
	must(t, err)
	readers := 0
	for _, a := range seen {
		if a.What == "correction" {
			readers++
		}
	}
	if readers < 3 {
		t.Errorf("%d looks at corrections are in the log", readers)
	}
}

// An entry's record is annulled by an objection: the measures that rest on the entry are recalled with the telling, and the unit that keeps the list is asked to look.
func TestARecordsEndRecallsItsMeasures(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, ctx := &d.own, context.Background()
	d.registered(h)
	d.work()
	list, err := d.app.Records.StandingOf(ctx, d.app.DB.Read(), h.firm.ID)
	must(t, err)
	var of record.ID
	for i := range list {
		if list[i].Item == "YZSX" {
			of = list[i].ID
		}
	}
	if of.Subject == 0 {
		t.Fatalf("the entry is no record: %+v", list)
	}
	turn := func(to record.Status) {
		t.Helper()
		must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := d.app.Records.Turn(ctx, tx, []record.Turn{{ID: of, To: to}}, record.Change{At: d.app.Clock.Now(), Actor: "account:814", Basis: "某办法", Why: "test"})
			return err
		}))
		_, err := d.app.TellCorrections(ctx)
		must(t, err)
	}
	state := func() measure.OrderState {
		o, err := d.app.Lists.Measures.Order(ctx, d.app.DB.Read(), h.order)
		must(t, err)
		return o.State
	}
	order, err := d.app.Lists.Measures.Order(ctx, d.app.DB.Read(), h.order)
	must(t, err)
	_, _, err = d.app.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
		Code: "SXLISTS", Name: "名单核查", Agency: h.unit.ID, Law: "《中华人民共和国食品安全法》", Article: "第三十五条", BasisFrom: clock.Date(20151001), Items: []string{"YZSX"}, Kinds: []string{string(catalog.LegalEntity)}, ValidFrom: clock.Date(20220101),
	})
	must(t, err)
	choices := func(want bool) {
		t.Helper()
		if _, ok, err := d.app.Lists.Measures.Choices(ctx, order.Entry); err != nil || ok != want {
			t.Errorf("something new may rest on the entry: %v, %v", ok, err)
		}
		var answer struct {
			Lists []struct{ List string } `json:"lists"`
		}
		window := authz.Actor{ID: 703, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
		w := d.call(body("/api/v1/checks", `{"subject":"{firm}","matter":"SXLISTS"}`)(h), window)
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || (len(answer.Lists) > 0) != want {
			t.Errorf("a check is answered %d %s", w.Code, w.Body)
		}
	}
	choices(true)
	clerk := authz.Actor{ID: 702, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	turn(record.Shielded)
	if s := state(); s != measure.Recalled {
		t.Errorf("shielded, and the order is %s", s)
	}
	choices(false)
	d.ask(clerk, "/account/notices", nil, http.StatusOK, "名单条目的记录重整期间屏蔽，请核对条目")
	turn(record.Active)
	if s := state(); s != measure.Recalled {
		t.Errorf("shown again, and the order is %s by itself", s)
	}
	choices(true) // who still needs the measure orders it anew
	approver := authz.With(ctx, authz.Actor{ID: 703, Kind: authz.Account, Strong: true, Session: 2, Grants: []authz.Grant{{Role: authz.ListApprover, Agency: h.unit.ID}}})
	order, err = d.app.Lists.Measures.Issue(approver, measure.Issue{Entry: order.Entry, Measure: order.Measure, Reason: "重整计划没有执行，条目仍然有效"})
	must(t, err)
	h.order = order.ID
	turn(record.Annulled)
	if s := state(); s != measure.Recalled {
		t.Errorf("the order is %s", s)
	}
	choices(false)
	d.ask(clerk, "/account/notices", nil, http.StatusOK, "名单条目的记录已撤下，请核对条目")
	d.ask(clerk, "/desk/tasks", nil, http.StatusOK, "有 2 件措施已经召回")
}
