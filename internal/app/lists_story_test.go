package app

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/ingest"
	"gongxin/internal/translog"
)

// dayInLine is a day that is kept from breaking at the end of a line.
var dayInLine = regexp.MustCompile(`<span class="nowrap">([0-9-]*)</span>`)

// ask asks as somebody and holds the answer to what it says.
func (d *desks) ask(who authz.Actor, path string, form url.Values, status int, says ...string) string {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := d.call(r, who)
	text := dayInLine.ReplaceAllString(html.UnescapeString(w.Body.String()), "$1")
	if w.Code != status {
		d.t.Fatalf("%s: %d, want %d: %s", path, w.Code, status, text[max(0, len(text)-1500):])
	}
	for _, words := range says {
		if !strings.Contains(text, words) {
			d.t.Errorf("%s does not say %q", path, words)
		}
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return text
}

// One firm goes from the proposal through notice and decision onto the list and into the public column; an order follows, the unit that executes it
// answers; the removal takes the record from the public page and recalls the order, which stands first until it is acknowledged.
func TestFromProposalToRelease(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	as := func(id int64, role authz.Role, strong bool) authz.Actor {
		return authz.Actor{ID: id, Kind: authz.Account, Session: 3, Strong: strong, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}}
	}
	clerk, approver, window := as(701, authz.Reviewer, false), as(702, authz.ListApprover, true), as(703, authz.WindowOfficer, false)
	nobody := authz.Actor{}
	on := func() string { return clock.Today(now).String() }

	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	d.registered(&d.own)
	d.registered(&d.alt)
	d.logged(log)

	// The sample's proposal is dropped; another one is made by hand.
	entry := "/desk/lists/entries/" + strconv.FormatInt(h.proposal, 10)
	d.ask(clerk, entry+"/drop", url.Values{"reason": {"事实不清"}}, http.StatusSeeOther)
	form := url.Values{"unit": {strconv.FormatInt(h.unit.ID, 10)}, "kind": {sampleNoticed}, "code": {h.firm.Code}, "cause": {"受到较重行政处罚，情节严重"}}
	d.ask(clerk, "/desk/lists/new", form, http.StatusOK, "请核对后再提出", h.firm.Name, "第44号")
	form.Set("confirm", "1")
	entry, _, _ = strings.Cut(d.ask(clerk, "/desk/lists/new", form, http.StatusSeeOther), "?")
	d.ask(clerk, entry+"/notice", nil, http.StatusOK, "告知书", "3 个工作日", "陈述、申辩", "受到较重行政处罚")
	d.ask(approver, entry, nil, http.StatusOK, "现在还不能决定列入")
	d.ask(approver, entry+"/decide", url.Values{"no": {"列2号"}, "on": {on()}, "reason": {"属实"}}, http.StatusConflict, "先告知")
	d.ask(clerk, entry+"/notify", url.Values{"no": {"告2号"}, "on": {on()}}, http.StatusSeeOther)
	d.ask(clerk, entry+"/statement", url.Values{"reason": {"当事人没有异议"}}, http.StatusSeeOther)
	if said := d.ask(clerk, entry, nil, http.StatusOK, "陈述申辩"); strings.Contains(said, "确认列入") {
		t.Error("whoever proposed is offered the decision")
	}
	now.Advance(7 * 24 * time.Hour)
	d.ask(approver, entry, nil, http.StatusOK, "确认列入")
	d.ask(clerk, entry+"/decide", url.Values{"no": {"列2号"}, "on": {on()}, "reason": {"属实"}}, http.StatusForbidden)
	d.ask(approver, entry+"/decide", url.Values{"no": {"列2号"}, "on": {on()}, "reason": {"属实"}}, http.StatusSeeOther)

	// It is public by its record.
	d.work()
	d.logged(log)
	d.ask(nobody, "/lists", nil, http.StatusOK, "市场监督管理严重违法失信名单", "设列依据")
	d.ask(nobody, "/measures", nil, http.StatusOK, "CF-11-01", "依法限制")
	d.ask(nobody, "/lists/"+sampleNoticed, nil, http.StatusOK, h.firm.Name)
	d.ask(nobody, "/s/"+h.firm.Code, nil, http.StatusOK, "列2号")

	// The order reaches the unit's matter.
	d.ask(clerk, entry+"/orders", nil, http.StatusForbidden)
	d.ask(approver, entry+"/orders", nil, http.StatusOK, "还没有单位的应用事项列入这项措施")
	office := authz.Actor{ID: 704, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	matter := "/desk/matters/" + h.matter
	d.ask(office, matter, url.Values{"from": {"2026-01-01"}, "lists": {sampleList}, "measures": {"CF-21-01"}}, http.StatusBadRequest, "不在这个事项的奖惩对象清单中")
	d.ask(office, matter, url.Values{"from": {"2026-01-01"}, "lists": {sampleList, sampleNoticed}, "measures": {sampleMeasure, "CF-21-01"}, "must": {"1"}}, http.StatusSeeOther)
	d.ask(office, "/desk/matters", nil, http.StatusOK, "限制申请财政性资金项目", "决定前必须查询", "认定清单")
	d.ask(approver, entry+"/orders", nil, http.StatusOK, "会收到任务的单位："+h.unit.Name)
	order, _, _ := strings.Cut(d.ask(approver, entry+"/orders", url.Values{"measure": {"CF-21-01"}, "reason": {"列入名单"}}, http.StatusSeeOther), "?")
	report := d.ask(approver, order, nil, http.StatusOK, "案例报告", "待响应", "指令编号", "限制申请财政性资金项目")
	if !strings.Contains(report, "提出撤回指令") {
		t.Error("the order cannot be taken back")
	}
	list := d.ask(window, "/desk/tasks?state=pushed", nil, http.StatusOK, "限制申请财政性资金项目")
	task := firstLink(list, "/desk/tasks/", "限制申请财政性资金项目")
	d.ask(window, task, nil, http.StatusOK, "批次", "发起单位", "响应单位")
	d.ask(window, task+"/respond", url.Values{}, http.StatusSeeOther)
	d.ask(window, task+"/feedback", url.Values{"result": {"executed"}, "reason": {"不予受理申报"}}, http.StatusBadRequest, "反馈不完整")
	d.ask(window, task+"/feedback", url.Values{"result": {"executed"}, "reason": {"不予受理申报"}, "case_no": {"2026-9"}, "executed_on": {on()}}, http.StatusSeeOther)

	// The removal ends it all.
	removal := url.Values{"no": {"移2号"}, "on": {on()}, "reason": {"决定被撤销"}}
	d.ask(approver, entry+"/remove", removal, http.StatusConflict)
	d.ask(clerk, entry+"/leave", url.Values{"reason": {"决定被撤销"}, "why": {"early"}}, http.StatusForbidden, "还没有到")
	d.ask(clerk, entry+"/leave", url.Values{"reason": {"决定被撤销"}, "why": {"revoked"}}, http.StatusSeeOther)
	d.ask(clerk, entry+"/remove", removal, http.StatusForbidden)
	d.ask(approver, entry+"/remove", removal, http.StatusSeeOther)
	d.work()
	d.logged(log)
	if said := d.ask(nobody, "/lists/"+sampleNoticed, nil, http.StatusOK); strings.Contains(said, h.firm.Name) {
		t.Error("a removed entry is still public")
	}
	if said := d.ask(nobody, "/s/"+h.firm.Code, nil, http.StatusOK); strings.Contains(said, "列2号") {
		t.Error("the record of a removed entry is still public")
	}
	d.ask(window, "/desk/tasks", nil, http.StatusOK, "有 1 件措施已经召回")
	d.ask(window, task, nil, http.StatusOK, "名单条目已移出", "确认已经解除")
	d.ask(window, "/desk/tasks/statistics", nil, http.StatusOK, "召回未确认", "已执行")
	d.ask(window, task+"/release", url.Values{}, http.StatusSeeOther)
	d.ask(approver, order, nil, http.StatusOK, "已解除", "2026-9")
	if said := d.ask(window, "/desk/tasks", nil, http.StatusOK); strings.Contains(said, "已经召回") {
		t.Error("what was acknowledged still stands first")
	}

	// Whoever looked behind the public pages stands in the log that the firm reads.
	seen, _, err := d.app.Trust.Audit.OfSubject(ctx, h.firm.ID, "", 200)
	must(t, err)
	told := map[string]bool{}
	for _, a := range seen {
		told[a.What] = true
	}
	if !told["listing"] || !told["order"] || !told["task"] {
		t.Errorf("the firm is not told who looked: %v", told)
	}
	found, _, err := d.app.Trust.Audit.Search(ctx, audit.Who{Kind: string(authz.Account), ID: 705}, audit.Filter{Subject: h.firm.ID}, "", 200)
	must(t, err)
	looks := map[string]bool{}
	for _, a := range found {
		looks[a.What+" "+a.Who.String()] = true
	}
	for _, want := range []string{"listing account:701", "listing account:702", "order account:702", "task account:703"} {
		if !looks[want] {
			t.Errorf("no access entry of %s; there are %v", want, looks)
		}
	}
	// No entry, no answer.
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE access_log RENAME TO access_gone`)
		return err
	}))
	for _, c := range []struct {
		who  authz.Actor
		path string
	}{{clerk, entry}, {clerk, entry + "/notice"}, {approver, order}, {approver, "/desk/orders"}, {window, task}, {window, "/desk/tasks"}} {
		if w := d.call(httptest.NewRequest(http.MethodGet, c.path, nil), c.who); w.Code < 500 || strings.Contains(w.Body.String(), h.firm.Name) {
			t.Errorf("%s is answered with %d though nothing keeps who reads it", c.path, w.Code)
		}
	}
	d.ask(nobody, "/lists/"+sampleNoticed, nil, http.StatusOK)
}

// representedBy is who represents the firms that are registered by registered.
const representedBy = "欧阳代表"

// registered files the registration of the holding's firm, with who represents it.
func (d *desks) registered(h *holding) {
	d.t.Helper()
	ctx := context.Background()
	item, _ := d.app.Editions.Current(clock.Today(d.app.Clock)).Item("DJJC")
	row := map[string]string{}
	for k, v := range item.Example {
		row[k] = v
	}
	row["DJ_MC"], row["DJ_SHXYM"], row["DJ_GSZC"], row["DJ_ZZJG"], row["DJ_FRDB"] = h.firm.Name, h.firm.Code, "", "", representedBy
	text, err := json.Marshal([]map[string]string{row})
	must(d.t, err)
	sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "DJJC", Unit: h.unit.Code, FileName: "a.json", Actor: "account:900"}, bytes.NewReader(text))
	must(d.t, err)
	sub, err = d.app.Ingest.Run(ctx, sub.ID, nil)
	must(d.t, err)
	if sub.Rejected > 0 {
		d.t.Fatalf("the registration is refused: %+v", row)
	}
}

// work does what the background does: files what was decided, and writes the public log.
func (d *desks) work() {
	d.t.Helper()
	ctx := context.Background()
	_, err := d.app.Lists.Listing.FileDue(ctx)
	must(d.t, err)
	_, err = d.app.Lists.Measures.RunDue(ctx)
	must(d.t, err)
}

// logged waits until everything that is on file stands in the public log.
func (d *desks) logged(log *translog.Log) {
	d.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		d.app.Clock.(*clock.Manual).Advance(time.Second)
		if s, err := log.Status(context.Background()); err == nil && s.Pending == 0 && s.Size > 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatal("the log does not advance")
		}
	}
}

// firstLink gives the first address that begins like one and stands before words.
func firstLink(page, prefix, words string) string {
	for part := range strings.SplitSeq(page, `href="`+prefix) {
		if id, rest, ok := strings.Cut(part, `"`); ok && strings.HasPrefix(strings.TrimPrefix(rest, ">"), words) {
			return prefix + id
		}
	}
	return ""
}
