package app

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/declaration"
	"gongxin/internal/notice"
)

// A firm declares from its centre in three taps; errors stand beside the fields in the words of filing; the unit returns it, the firm mends it, the unit accepts it;
// it is public under a name that says that nobody verified it; the firm replaces it and takes it back. Everybody who looked at what is not public is on file.
func TestFromDeclarationToTheFile(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	agent := authz.Actor{ID: 821, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	clerk := authz.Actor{ID: 822, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: h.unit.ID}}}
	stranger := authz.Actor{ID: 823, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: d.alt.unit.ID}}}
	rival := authz.Actor{ID: 824, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: d.alt.firm.ID}}}
	nobody := authz.Actor{}

	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	d.registered(h)

	// The centre, the list, the form. What is wrong stands beside its field; a draft is kept; a file that was sent is not sent again.
	home := d.ask(agent, "/me", nil, http.StatusOK, "自主申报", "1 件在办")
	if strings.Contains(home, "还没有网上申报的入口") || !strings.Contains(home, `href="/me/declarations"`) {
		t.Error("the overview does not lead to declarations")
	}
	form := "/me/declarations/new?item=ZZSB"
	if page := d.ask(agent, "/me/declarations", nil, http.StatusOK, h.unit.Name, "资质、荣誉"); !strings.Contains(page, form) {
		t.Fatal("the list does not lead to the form")
	}
	d.ask(agent, form, nil, http.StatusOK, "申报类别", "公开意愿", "真实性承诺", "国办发〔2019〕35号", h.unit.Name)
	typed := url.Values{"item": {"ZZSB"}, "f-SB_LB": {"其他"}, "f-SB_LB-other": {"标准制定"}, "f-SB_XXMC": {"团体标准起草单位"}, "f-SB_BH": {"T-LX-7"}, "f-SB_RQ": {"2031-01-01"}, "f-SB_GK": {"可向社会公开"}}
	with := func(pairs ...string) url.Values {
		v := maps.Clone(typed)
		for i := 0; i < len(pairs); i += 2 {
			v[pairs[i]] = []string{pairs[i+1]}
		}
		return v
	}
	d.ask(agent, "/me/declarations/new", with("check", "1"), http.StatusBadRequest, "晚于收到数据的当天", "团体标准起草单位", "标准制定")
	typed.Set("f-SB_RQ", "2024-05-20")
	d.ask(agent, "/me/declarations/new", with("check", "1"), http.StatusOK, "检查过了", "任何人都能看到")
	draft := d.call(formed("/me/declarations/new", with("save", "1")), agent).Header().Get("Location")
	d.ask(agent, draft, nil, http.StatusOK, "草稿已经保存", "团体标准起草单位", "标准制定")
	d.ask(agent, "/me/declarations", nil, http.StatusOK, "继续填写：其他-标准制定：团体标准起草单位")
	d.ask(agent, "/me/declarations/new", with("pledged", "1"), http.StatusBadRequest, "没有附佐证材料")
	d.ask(clerk, "/me/declarations/new", with("pledged", "1"), http.StatusForbidden)
	at, _, _ := strings.Cut(d.hand(agent, "/me/declarations/new", with("pledged", "1"), []byte("%PDF-1.4 the certificate"), http.StatusSeeOther), "?")
	id := strings.TrimPrefix(at, "/me/declarations/")
	own := d.ask(agent, at, nil, http.StatusOK, "SB20260312-", "接下来", "2026-03-19", "自主申报，平台未核验", "佐证材料", "撤回")
	if strings.Contains(own, "account:") {
		t.Error("the history says which account took a step")
	}
	d.ask(rival, at, nil, http.StatusNotFound)
	d.ask(agent, "/me/cases", nil, http.StatusOK, "自主申报")

	// The unit's inbox and desk. Another unit has no such thing.
	desk := "/desk/declarations/" + id
	inbox := d.ask(clerk, "/desk/inbox", nil, http.StatusOK, "SB20260312-", "2026-03-19")
	if strings.Contains(inbox, "团体标准") {
		t.Error("the inbox says what was declared")
	}
	d.ask(clerk, "/desk/declarations", nil, http.StatusOK, h.firm.Name, "团体标准起草单位")
	d.ask(stranger, desk, nil, http.StatusNotFound)
	d.ask(stranger, desk+"/accept", url.Values{}, http.StatusNotFound)
	page := d.ask(clerk, desk, nil, http.StatusOK, "团体标准起草单位", "确认通过并入库", "退回补正", "不予接收", "T-LX-7")
	file := firstHref(page, desk+"/files/")
	if w := d.call(httptest.NewRequest(http.MethodGet, file, nil), clerk); w.Code != http.StatusOK || w.Body.String() != "%PDF-1.4 the certificate" {
		t.Errorf("the certificate: %d", w.Code)
	}
	d.ask(clerk, desk+"/accept", url.Values{"seen": {"99"}}, http.StatusConflict, "新的进展")
	d.ask(clerk, desk+"/return", url.Values{"reason": {""}}, http.StatusBadRequest)
	d.ask(clerk, desk+"/return", url.Values{"reason": {"证书缺第二页"}}, http.StatusSeeOther)
	if n := d.records(h, "ZZSB"); n != 0 {
		t.Fatalf("%d records without an acceptance", n)
	}

	// The firm mends it; the unit accepts it; everybody sees it, and that nobody verified it.
	d.ask(agent, at, nil, http.StatusOK, "证书缺第二页", "2026-03-26")
	d.ask(agent, at+"/mend", nil, http.StatusOK, "证书缺第二页", "团体标准起草单位")
	d.hand(agent, at+"/mend", with("pledged", "1", "reason", "已补第二页"), []byte("%PDF-1.4 both pages"), http.StatusSeeOther)
	now.Advance(time.Minute)
	d.ask(clerk, desk+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(clerk, desk, nil, http.StatusOK, "已入库", "写入信用库")
	d.logged(log)
	number, _ := strconv.ParseInt(id, 10, 64)
	x, err := d.app.Procedures.Declarations.Get(ctx, d.app.DB.Read(), number)
	must(t, err)
	if x.State != declaration.OnFile || d.records(h, "ZZSB") != 1 {
		t.Fatalf("accepted: %+v", x)
	}
	d.ask(nobody, "/r/"+x.Record, nil, http.StatusOK, "团体标准起草单位", "自主申报（平台未核验）", h.unit.Name)
	d.ask(nobody, "/api/v1/records/"+x.Record, nil, http.StatusOK, "自主申报（平台未核验）")
	d.ask(agent, "/me/file/"+x.Record, nil, http.StatusOK, "更新或者撤下这件申报")

	// Replaced, and taken back: nobody has to agree.
	d.ask(agent, "/me/declarations/new?replaces="+id, nil, http.StatusOK, "更新“其他-标准制定：团体标准起草单位”")
	next, _, _ := strings.Cut(d.hand(agent, "/me/declarations/new", with("pledged", "1", "replaces", id, "f-SB_BH", "T-LX-8"), []byte("%PDF-1.4 the new one"), http.StatusSeeOther), "?")
	now.Advance(time.Minute)
	d.ask(clerk, "/desk/declarations/"+strings.TrimPrefix(next, "/me/declarations/")+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(agent, at, nil, http.StatusOK, "已由新的申报代替")
	d.ask(rival, next+"/end", url.Values{}, http.StatusNotFound)
	now.Advance(time.Minute)
	d.ask(agent, next+"/end", url.Values{"reason": {"证书已交回"}}, http.StatusSeeOther)
	d.ask(agent, next, nil, http.StatusOK, "已撤下，不再公示", "已从信用库撤下")
	d.logged(log)
	d.ask(nobody, "/r/"+x.Record, nil, http.StatusNotFound)
	if n := d.records(h, "ZZSB"); n != 0 {
		t.Errorf("%d records are left", n)
	}
	d.toldOf(h, "declaration.return", "declaration.file")
	d.lookedAt(h, declaration.FlowKind)
}

// formed is a form as a browser sends it.
func formed(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// firstHref gives the first address of a page that begins so.
func firstHref(page, prefix string) string {
	_, rest, _ := strings.Cut(page, `href="`+prefix)
	rest, _, _ = strings.Cut(rest, `"`)
	return prefix + rest
}

// records counts the firm's records of an item in force.
func (d *desks) records(h *holding, item string) (n int) {
	d.t.Helper()
	list, err := d.app.Records.StandingOf(context.Background(), d.app.DB.Read(), h.firm.ID)
	must(d.t, err)
	for i := range list {
		if string(list[i].Item) == item && list[i].Status.String() == "active" {
			n++
		}
	}
	return n
}

// toldOf holds that the firm was told of each of some topics.
func (d *desks) toldOf(h *holding, topics ...string) {
	d.t.Helper()
	told, err := d.app.Procedures.Notices.List(context.Background(), notice.Query{To: []notice.Recipient{{Kind: notice.Subject, ID: h.firm.ID}}})
	must(d.t, err)
	for _, topic := range topics {
		found := false
		for i := range told.Notices {
			found = found || told.Notices[i].Topic == topic && !strings.Contains(told.Notices[i].Body, "团体标准")
		}
		if !found {
			d.t.Errorf("nobody told the firm of %s", topic)
		}
	}
}

// lookedAt holds that looks by the unit are on file, and that the firm sees them.
func (d *desks) lookedAt(h *holding, what string) {
	d.t.Helper()
	list, _, err := d.app.Trust.Audit.OfSubject(context.Background(), h.firm.ID, "", 100)
	must(d.t, err)
	own, unit := 0, 0
	for i := range list {
		if list[i].What == what && list[i].Who.Agency == h.unit.ID {
			unit++
		}
		if list[i].What == audit.Own && strings.Contains(list[i].Basis, "自主申报") {
			own++
		}
	}
	if unit == 0 || own == 0 {
		d.t.Errorf("%d looks by the unit and %d by the firm are on file", unit, own)
	}
}
