package app

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
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
	"gongxin/internal/db"
	"gongxin/internal/ingest"
	"gongxin/internal/notice"
)

// penalise files a penalty of the holding's firm, and gives the record.
func (d *desks) penalise(h *holding, no string) string {
	d.t.Helper()
	ctx := context.Background()
	item, _ := d.app.Editions.Current(clock.Today(d.app.Clock)).Item("XZCF")
	row := map[string]string{}
	for k, v := range item.Example {
		row[k] = v
	}
	row["CF_XDR_MC"], row["CF_XDR_SHXYM"], row["CF_WSH"], row["CF_JDRQ"], row["CF_YXQ"] = h.firm.Name, h.firm.Code, no, "2026-03-09", "2027-03-09"
	row["CF_CFJG"], row["CF_CFJGDM"], row["CF_SJLY"], row["CF_SJLYDM"] = h.unit.Name, h.unit.Code, h.unit.Name, h.unit.Code
	text, err := json.Marshal([]map[string]string{row})
	must(d.t, err)
	sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "XZCF", Unit: h.unit.Code, FileName: "p.json", Actor: "account:900"}, bytes.NewReader(text))
	must(d.t, err)
	sub, err = d.app.Ingest.Run(ctx, sub.ID, nil)
	must(d.t, err)
	list, err := d.app.Records.StandingOf(ctx, d.app.DB.Read(), h.firm.ID)
	must(d.t, err)
	for i := range list {
		if strings.Contains(list[i].NaturalKey, no) {
			return list[i].ID.String()
		}
	}
	d.t.Fatalf("the penalty is not on file: %+v", sub)
	return ""
}

// hand sends a form with a file, as somebody.
func (d *desks) hand(who authz.Actor, path string, form url.Values, file []byte, status int) string {
	d.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, list := range form {
		for _, value := range list {
			must(d.t, w.WriteField(name, value))
		}
	}
	part, err := w.CreateFormFile("file", "a.pdf")
	must(d.t, err)
	_, err = part.Write(file)
	must(d.t, err)
	must(d.t, w.Close())
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	got := d.call(r, who)
	if got.Code != status {
		d.t.Fatalf("%s: %d, want %d: %s", path, got.Code, status, got.Body.String())
	}
	return got.Header().Get("Location")
}

// A firm objects from its own file in three steps; the record is marked wherever it shows; the source corrects it through the intake; the answer is reviewed by
// another officer. A second record, which its source does not verify in time, is taken down by the clock.
func TestFromObjectionToAnswer(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	agent := authz.Actor{ID: 801, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	officer := authz.Actor{ID: 802, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	second := authz.Actor{ID: 803, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	clerk := authz.Actor{ID: 804, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: h.unit.ID}}}
	stranger := authz.Actor{ID: 805, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: d.alt.unit.ID}}}
	nobody := authz.Actor{}

	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	rec, silent := d.penalise(h, "甲罚〔2026〕7号"), d.penalise(h, "甲罚〔2026〕8号")
	d.registered(h)
	d.logged(log)

	// The record, the form, the number: three steps. A draft in between is kept.
	page := d.ask(agent, "/me/file/"+rec, nil, http.StatusOK, "对这条信息提出异议")
	form := firstLink(page, "/me/objections/new", "对这条信息提出异议")
	if form == "" {
		t.Fatal("the record does not lead to the form")
	}
	d.ask(agent, form, nil, http.StatusOK, "甲罚〔2026〕7号", "更正错误", "缩短公示期", "2026-03-17", "2026-03-23", "保存草稿")
	typed := url.Values{"record": {rec}, "want": {"record correct"}, "text": {"罚款金额有误，应为 0.1 万元"}, "draft": {"0"}}
	draft := url.Values{"save": {"1"}}
	for k, v := range typed {
		draft[k] = v
	}
	d.ask(agent, "/me/objections/new", draft, http.StatusSeeOther)
	d.ask(agent, "/me/objections", nil, http.StatusOK, "继续填写", "应为 0.1 万元")
	d.ask(agent, form, nil, http.StatusOK, "罚款金额有误，应为 0.1 万元")
	d.ask(agent, "/me/objections/new", url.Values{"record": {rec}, "want": {""}, "text": {"罚款金额有误"}}, http.StatusBadRequest, "没有选择希望怎么处理", "罚款金额有误")
	d.ask(clerk, "/me/objections/new", typed, http.StatusForbidden)
	at, _, _ := strings.Cut(d.hand(agent, "/me/objections/new", typed, []byte("%PDF-1.4 the decision"), http.StatusSeeOther), "?")
	id := strings.TrimPrefix(at, "/me/objections/")
	own := d.ask(agent, at, nil, http.StatusOK, "YY20260312-", "接下来", "最迟 2026-03-13 审查", "2026-03-17", "异议材料", "撤回")
	if strings.Contains(own, "account:") || strings.Contains(own, "补正了") || !strings.Contains(own, "申请人提出了异议") {
		t.Error("the history is told wrongly, or says which account took a step")
	}
	d.ask(agent, "/me/objections/new", typed, http.StatusConflict, "已经有一件在办的异议")
	d.ask(agent, "/me/file/"+rec, nil, http.StatusOK, "查看异议进展")
	if said := d.ask(agent, "/me", nil, http.StatusOK, "2 件在办"); !strings.Contains(said, "/me/objections") { // the sample's, and this one
		t.Error("the overview does not lead to the objections")
	}

	// The office accepts: marked at once, wherever it shows.
	desk := "/desk/objections/" + id
	d.ask(officer, "/desk/objections", nil, http.StatusOK, h.firm.Name, "已提交，待形式审查")
	d.ask(officer, "/desk/inbox", nil, http.StatusOK, "异议：行政处罚")
	d.ask(stranger, desk, nil, http.StatusNotFound)
	d.ask(agent, desk, nil, http.StatusForbidden)
	d.ask(officer, desk, nil, http.StatusOK, "应为 0.1 万元", "报送内容和版本对照", "第 1 版", "报送回执", "确认受理", "甲罚〔2026〕7号")
	if said := d.ask(nobody, "/r/"+rec, nil, http.StatusOK); strings.Contains(said, "异议中") {
		t.Error("marked before it was accepted")
	}
	d.ask(officer, desk+"/accept", url.Values{"seen": {"99"}}, http.StatusConflict, "新的进展")
	d.ask(officer, desk+"/accept", url.Values{}, http.StatusSeeOther)
	for path, words := range map[string]string{
		"/r/" + rec: "异议中", "/s/" + h.firm.Code: "异议中", "/s/" + h.firm.Code + "/XZCF": "异议中", "/c/XZCF": "异议中", "/open-data/XZCF.csv": "异议中", "/open-data/XZCF.ndjson": `"disputed":true`,
		"/api/v1/records/" + rec: `"disputed":true`, "/api/v1/records?item=XZCF": `"disputed":true`, "/api/v1/subjects/" + h.firm.Code + "/records": `"disputed":true`,
	} {
		w := d.call(httptest.NewRequest(http.MethodGet, path, nil), nobody)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%s does not say that the record is disputed: %d", path, w.Code)
		}
	}
	d.ask(nobody, "/r/"+rec, nil, http.StatusOK, "异议中")
	d.ask(officer, desk+"/decide", url.Values{"result": {"kept"}, "reason": {"属实"}}, http.StatusForbidden, "先转来源单位核查")
	d.ask(officer, desk+"/refer", url.Values{"reason": {"与报送内容一致"}}, http.StatusSeeOther)

	// The source corrects by filing the row again, through the checks.
	d.ask(clerk, "/desk/inbox", nil, http.StatusOK, "异议：行政处罚")
	d.ask(clerk, desk, nil, http.StatusOK, "填写更正后的内容", "答复核查结果")
	d.ask(officer, desk+"/correct", nil, http.StatusForbidden)
	row := formOf(d.ask(clerk, desk+"/correct", nil, http.StatusOK, "罚款金额", "甲罚〔2026〕7号"))
	row.Set("reason", "笔误，已核对决定书")
	row.Set("f.CF_NR_FK", "很多")
	d.ask(clerk, desk+"/correct", row, http.StatusBadRequest, "没有通过检查")
	row.Set("f.CF_NR_FK", "0.1")
	row.Set("f.CF_NR", "1.没收违法所得500元；2.罚款1000元")
	now.Advance(time.Minute)
	d.ask(clerk, desk+"/correct", row, http.StatusSeeOther)
	d.ask(officer, desk, nil, http.StatusOK, "有误，已经更正", "第 2 版", "不同")
	d.ask(officer, desk+"/decide", url.Values{"result": {"corrected"}, "reason": {"来源单位已更正金额"}}, http.StatusSeeOther)
	d.logged(log)
	if said := d.ask(nobody, "/r/"+rec, nil, http.StatusOK, "0.1万元"); strings.Contains(said, "异议中") {
		t.Error("still marked after the answer")
	}
	d.ask(agent, at, nil, http.StatusOK, "已更正", "申请复核", "来源单位已更正金额")

	// The review is another officer's.
	d.ask(agent, at+"/appeal", url.Values{"reason": {"违法事实也有误"}}, http.StatusSeeOther)
	d.ask(nobody, "/r/"+rec, nil, http.StatusOK, "异议中")
	d.ask(officer, desk+"/conclude", url.Values{"result": {"upheld"}, "reason": {"维持"}}, http.StatusForbidden, "换一个账号")
	d.ask(second, desk, nil, http.StatusOK, "违法事实也有误", "确认复核结论")
	d.ask(second, desk+"/conclude", url.Values{"result": {"upheld"}, "reason": {"与决定书一致"}}, http.StatusSeeOther)
	d.ask(agent, at, nil, http.StatusOK, "维持原结论", "已办结")

	// What nobody verifies in time is taken down by the clock alone.
	typed = url.Values{"record": {silent}, "want": {"record delete"}, "text": {"处罚已被法院撤销"}}
	at, _, _ = strings.Cut(d.ask(agent, "/me/objections/new", typed, http.StatusSeeOther), "?")
	desk = "/desk/objections/" + strings.TrimPrefix(at, "/me/objections/")
	d.ask(officer, desk+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(officer, desk+"/refer", url.Values{}, http.StatusSeeOther)
	now.Set(time.Date(2026, 3, 18, 0, 0, 1, 0, clock.Zone))
	_, err = d.app.Procedures.Flow.RunDue(ctx)
	must(t, err)
	d.logged(log)
	d.ask(nobody, "/r/"+silent, nil, http.StatusNotFound)
	d.ask(agent, at, nil, http.StatusOK, "没有核实", "停止公示")
	d.ask(officer, desk, nil, http.StatusOK, "已停止公示")
	d.ask(officer, desk+"/decide", url.Values{"result": {"deleted"}, "reason": {"来源单位未能核实"}}, http.StatusSeeOther)
	d.ask(officer, "/desk/objections/statistics", nil, http.StatusOK, h.unit.Name, "按期答复率", "100.0%")

	d.objectionsByInterface(agent, h, silent)
	d.objectionsAreLooked(h, map[string]authz.Actor{desk: officer, "/desk/objections": officer}, []int64{802, 803, 804})
	told, err := d.app.Procedures.Notices.List(ctx, notice.Query{To: []notice.Recipient{{Kind: notice.Subject, ID: h.firm.ID}}})
	must(t, err)
	topics := map[string]int{}
	for _, n := range told.Notices {
		topics[n.Topic]++
		if strings.Contains(n.Title+n.Body, h.firm.Name) || strings.Contains(n.Title+n.Body, "万元") {
			t.Errorf("a notice says who, or what was stated: %+v", n)
		}
	}
	for _, topic := range []string{"objection.accept", "objection.refer", "objection.decide", "objection.conclude", "objection.unproven"} {
		if topics[topic] == 0 {
			t.Errorf("the subject was not told of %s: %v", topic, topics)
		}
	}
}

// objectionsByInterface reads the objections by the interface, and tries one about what is taken down.
func (d *desks) objectionsByInterface(agent authz.Actor, h *holding, target string) {
	d.t.Helper()
	var list struct {
		Items []struct {
			No, State, Result string
			TakenDown         bool
		}
	}
	w := d.call(httptest.NewRequest(http.MethodGet, "/api/v1/objections", nil), agent)
	must(d.t, json.Unmarshal(w.Body.Bytes(), &list))
	if w.Code != http.StatusOK || len(list.Items) != 3 || list.Items[0].Result != "deleted" || !list.Items[0].TakenDown {
		d.t.Fatalf("list: %d %s", w.Code, w.Body.String())
	}
	w = d.call(httptest.NewRequest(http.MethodGet, "/api/v1/objections/"+list.Items[0].No, nil), agent)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "来源单位逾期没有答复") || strings.Contains(w.Body.String(), "account") {
		d.t.Errorf("one: %d %s", w.Code, w.Body.String())
	}
	if w = d.call(httptest.NewRequest(http.MethodGet, "/api/v1/objections/YY20260312-000000", nil), agent); w.Code != http.StatusNotFound {
		d.t.Errorf("a number that is nobody's: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/objections", strings.NewReader(`{"kind":"record","target":"`+target+`","ask":"delete","statement":"处罚已被法院撤销"}`))
	r.Header.Set("Content-Type", "application/json")
	if w = d.call(r, agent); w.Code != http.StatusConflict {
		d.t.Errorf("about what is taken down: %d %s", w.Code, w.Body.String())
	}
	r = httptest.NewRequest(http.MethodPost, "/api/v1/objections", strings.NewReader(`{"kind":"record","target":"`+d.penalise(h, "甲罚〔2026〕9号")+`","ask":"correct","statement":"金额有误，应为一千元"}`))
	r.Header.Set("Content-Type", "application/json")
	if w = d.call(r, agent); w.Code != http.StatusCreated || !strings.Contains(w.Header().Get("Location"), "/objections/YY") {
		d.t.Errorf("by the interface: %d %s", w.Code, w.Body.String())
	}
}

// objectionsAreLooked finds the readers in the log that the firm reads, and that without the log nothing is shown.
func (d *desks) objectionsAreLooked(h *holding, pages map[string]authz.Actor, readers []int64) {
	d.t.Helper()
	ctx := context.Background()
	seen, _, err := d.app.Trust.Audit.Search(ctx, audit.Who{Kind: string(authz.Account), ID: 806}, audit.Filter{Subject: h.firm.ID, What: "objection"}, "", 200)
	must(d.t, err)
	looks := map[string]bool{}
	for _, a := range seen {
		looks[a.Who.String()] = true
	}
	for _, id := range readers {
		if !looks["account:"+strconv.FormatInt(id, 10)] {
			d.t.Errorf("no access entry of account %d; there are %v", id, looks)
		}
	}
	rename := func(from, to string) {
		must(d.t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
			return err
		}))
	}
	rename("access_log", "access_gone")
	for path, who := range pages {
		if w := d.call(httptest.NewRequest(http.MethodGet, path, nil), who); w.Code < 500 || strings.Contains(w.Body.String(), h.firm.Name) {
			d.t.Errorf("%s is answered with %d though nothing keeps who reads it", path, w.Code)
		}
	}
	rename("access_gone", "access_log")
}

// formOf reads the fields of the corrected row from its page.
func formOf(page string) url.Values {
	out := url.Values{}
	for part := range strings.SplitSeq(page, `name="f.`) {
		code, rest, ok := strings.Cut(part, `"`)
		if !ok || len(code) > 20 || strings.ContainsAny(code, " <>") {
			continue
		}
		tag, after, _ := strings.Cut(rest, ">")
		if _, value, ok := strings.Cut(tag, `value="`); ok {
			value, _, _ = strings.Cut(value, `"`)
			out.Set("f."+code, value)
		} else if text, _, ok := strings.Cut(after, "</textarea>"); ok {
			out.Set("f."+code, text)
		}
	}
	return out
}
