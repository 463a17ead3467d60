package app

import (
	"bytes"
	"context"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/measure"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// hidden gives the value that a page carries under a name.
func hidden(page, name string) string {
	_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// uploads sends a PDF to a place of the site.
func (d *desks) uploads(who authz.Actor, path string) {
	d.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "a.pdf")
	must(d.t, err)
	_, err = part.Write([]byte("%PDF-1.7\n1 0 obj\n"))
	must(d.t, err)
	must(d.t, w.Close())
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	if got := d.call(r, who); got.Code != http.StatusSeeOther {
		d.t.Fatalf("%s: %d %s", path, got.Code, html.UnescapeString(got.Body.String()))
	}
}

// apply has the firm's agent apply for targets on the pages, and gives the address of the first case on the desk.
func (d *desks) apply(agent authz.Actor, targets ...string) string {
	d.t.Helper()
	page := d.ask(agent, "/me/repairs", nil, http.StatusOK, "不收费", "现在可以申请")
	for _, target := range targets {
		if !strings.Contains(page, `value="`+target+`"`) {
			d.t.Fatalf("%s is not offered: %s", target, page)
		}
	}
	d.ask(agent, "/me/repairs/forms/new?pick="+url.QueryEscape(targets[0]), nil, http.StatusOK, "怎样纠正", "checked")
	form, _, _ := strings.Cut(d.ask(agent, "/me/repairs/forms/new", url.Values{"pick": targets, "statement": {"罚款已经缴清，设备已经更换"}}, http.StatusSeeOther), "?")
	page = d.ask(agent, form, nil, http.StatusOK, "信用修复承诺书", "按最长期限恢复公示", "还没有附上履行义务的证明")
	d.ask(agent, form+"/send", url.Values{"agree": {"1"}, "seen": {hidden(page, "seen")}}, http.StatusBadRequest, "没有附上")
	d.uploads(agent, form+"/file")
	page = d.ask(agent, form, nil, http.StatusOK, "已经上传 1 份")
	d.ask(agent, form+"/send", url.Values{"seen": {hidden(page, "seen")}}, http.StatusBadRequest, "没有签署")
	d.ask(agent, form+"/send", url.Values{"agree": {"1"}, "seen": {hidden(page, "seen")}}, http.StatusSeeOther)
	d.ask(agent, form, nil, http.StatusOK, "已推送，待受理")
	receipt := d.call(httptest.NewRequest(http.MethodGet, form+"/letter.json", nil), agent)
	if text, err := repair.VerifyReceipt(receipt.Body, d.app.Procedures.Repairs.Key.Public()); err != nil || !strings.Contains(text, "郑重承诺") {
		d.t.Errorf("the letter does not hold: %v", err)
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(form, "/me/repairs/forms/"), 10, 64)
	must(d.t, err)
	list, err := d.app.Procedures.Repairs.CasesOf(context.Background(), id)
	must(d.t, err)
	return "/desk/repairs/" + strconv.FormatInt(list[0].ID, 10)
}

// A penalty and an entry on a list go from the centre to the unit that made the finding and are repaired: the public page, the open orders and the list drop them
// in the act of the decision, and what was a record of the entry stays on file as repaired.
func TestFromTheCommitmentToTheRepair(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	as := func(id int64, role authz.Role, strong bool) authz.Actor {
		return authz.Actor{ID: id, Kind: authz.Account, Session: 3, Strong: strong, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}}
	}
	clerk, reviewer, approver := as(801, authz.FilingClerk, false), as(802, authz.Reviewer, true), as(803, authz.ListApprover, true)
	agent := authz.Actor{ID: 804, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	d.registered(h)
	d.work()
	penalty := d.penalty(h, 7)
	d.logged(log)
	shown := func(at record.ID) bool {
		t.Helper()
		_, err := d.app.Publish.Record(ctx, at.String(), time.Time{})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	if !shown(penalty) {
		t.Fatal("the penalty is not public to begin with")
	}

	// The penalty.
	desk := d.apply(agent, "r:"+penalty.String())
	d.ask(clerk, "/desk/repairs", nil, http.StatusOK, h.firm.Name, "待受理", "还有 3 个工作日")
	d.ask(clerk, desk, nil, http.StatusOK, "罚款已经缴清", "承诺书原文", "履行义务的证明", "确认受理")
	d.ask(clerk, desk+"/grant", url.Values{"no": {"修1号"}, "on": {clock.Today(now).String()}, "reason": {"属实"}}, http.StatusForbidden)
	d.ask(clerk, desk+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(clerk, desk+"/ask", url.Values{"reason": {"请补交验收材料"}}, http.StatusSeeOther)
	own := strings.Replace(desk, "/desk/repairs/", "/me/repairs/cases/", 1)
	d.ask(agent, own, nil, http.StatusOK, "等您补交材料", "补交材料")
	d.ask(agent, own+"/supply", url.Values{"reason": {"验收材料已经附上"}}, http.StatusSeeOther)
	d.ask(reviewer, desk, nil, http.StatusOK, "待答复", "验收材料已经附上", "确认准予修复")
	d.ask(reviewer, desk+"/grant", url.Values{"no": {""}, "on": {clock.Today(now).String()}, "reason": {"属实"}}, http.StatusBadRequest, "没有写明文书号")
	d.ask(reviewer, desk+"/grant", url.Values{"no": {"修1号"}, "on": {clock.Today(now).String()}, "reason": {"属实"}}, http.StatusSeeOther)
	if shown(penalty) {
		t.Error("what is repaired is still public")
	}
	d.ask(agent, own, nil, http.StatusOK, "准予修复", "修1号")
	d.ask(agent, "/me/repairs", nil, http.StatusOK, "已修复")
	d.ask(agent, "/me/file", nil, http.StatusOK, "已修复")

	// The entry on a list, when its year is over.
	on := func() string { return clock.Today(now).String() }
	listed := "/desk/lists/entries/" + strconv.FormatInt(h.proposal, 10)
	d.ask(as(805, authz.Reviewer, false), listed+"/notify", url.Values{"no": {"告3号"}, "on": {on()}}, http.StatusSeeOther)
	now.Advance(7 * 24 * time.Hour)
	d.ask(approver, listed+"/decide", url.Values{"no": {"列3号"}, "on": {on()}, "reason": {"属实"}}, http.StatusSeeOther)
	office := authz.Actor{ID: 806, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	d.ask(office, "/desk/matters/"+h.matter, url.Values{"from": {"2026-01-01"}, "lists": {sampleList, sampleNoticed}, "measures": {sampleMeasure, "CF-21-01"}}, http.StatusSeeOther)
	d.ask(approver, listed+"/orders", url.Values{"measure": {"CF-21-01"}, "reason": {"列入名单"}}, http.StatusSeeOther)
	d.work()
	d.ask(agent, "/me/repairs", nil, http.StatusOK, "2027-03-19", "没有规定提前移出")
	now.Set(clock.Date(20270401).Start().Add(10 * time.Hour))
	d.logged(log)
	entry := "l:" + strconv.FormatInt(h.proposal, 10)
	page := d.ask(agent, "/me/repairs", nil, http.StatusOK)
	if strings.Count(page, "列3号") != 1 {
		t.Errorf("the entry and its record stand %d times", strings.Count(page, "列3号"))
	}
	desk = d.apply(agent, entry)
	d.ask(clerk, desk+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(reviewer, desk+"/grant", url.Values{"no": {"移1号"}, "on": {clock.Today(now).String()}, "reason": {"属实"}}, http.StatusForbidden)
	orders, err := d.app.Lists.Measures.Orders(ctx, measure.Filter{Entry: h.proposal})
	must(t, err)
	if len(orders) != 1 || orders[0].State != measure.Open {
		t.Fatalf("the order does not stand: %+v", orders)
	}
	d.ask(approver, desk+"/grant", url.Values{"no": {"移1号"}, "on": {clock.Today(now).String()}, "reason": {"属实"}}, http.StatusSeeOther)
	if orders, err = d.app.Lists.Measures.Orders(ctx, measure.Filter{Entry: h.proposal}); err != nil || orders[0].State != measure.Recalled {
		t.Errorf("the order outlives its entry: %+v, %v", orders, err)
	}
	d.work()
	all, err := d.app.Records.StandingOf(ctx, d.app.DB.Read(), h.firm.ID)
	must(t, err)
	found := false
	for i := range all {
		if all[i].Item == "YZSX" && strings.HasPrefix(all[i].NaturalKey, "列3号") {
			found = true
			if all[i].Status != record.Repaired {
				t.Errorf("the record of the entry is %v", all[i].Status)
			}
		}
	}
	if !found {
		t.Error("the entry was never a record")
	}

	// Notices that go with decisions, as one archive.
	other := d.penalty(h, 8)
	d.logged(log)
	d.ask(clerk, "/desk/repair-notices?from=2025-01-01", nil, http.StatusOK, "甲局罚8", "全部下载")
	d.ask(clerk, "/desk/repair-notices/"+other.String(), nil, http.StatusOK, "信用修复告知书", "2026-02-03", "2028-11-03", "一般失信")
	w := d.call(httptest.NewRequest(http.MethodGet, "/desk/repair-notices/batch.zip?from=2025-01-01", nil), clerk)
	if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte("PK")) || !bytes.Contains(w.Body.Bytes(), []byte("%PDF-1.7")) {
		t.Errorf("the archive: %d", w.Code)
	}
	w = d.call(httptest.NewRequest(http.MethodGet, "/me/repairs/notices/"+other.String()+"/notice.pdf", nil), agent)
	if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-1.7")) {
		t.Errorf("the subject's own notice: %d", w.Code)
	}

	// Whoever looked stands in the log that the firm reads.
	seen, _, err := d.app.Trust.Audit.OfSubject(ctx, h.firm.ID, "", 200)
	must(t, err)
	looks := 0
	for _, a := range seen {
		if a.What == "repair" && a.Who.Agency == h.unit.ID {
			looks++
		}
	}
	if looks < 3 {
		t.Errorf("%d looks of the unit stand in the log", looks)
	}
}
