package app

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/objection"
)

// A refusal of repair that an objection finds wrong goes back to the unit at the stage that the office names, by the pages alone: the application is there again for both
// sides, who refused does not refuse again, and what another one grants is off the public page.
func TestADisputedRefusalIsAnsweredAnew(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	as := func(id int64, role authz.Role, strong bool) authz.Actor {
		return authz.Actor{ID: id, Kind: authz.Account, Session: 3, Strong: strong, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}}
	}
	clerk, reviewer, second := as(801, authz.FilingClerk, false), as(802, authz.Reviewer, true), as(803, authz.Reviewer, true)
	agent := authz.Actor{ID: 804, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	office := authz.Actor{ID: 806, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	d.registered(h)
	d.work()
	penalty := d.penalty(h, 7)
	object := "/me/objections/new?record=" + penalty.String()
	if page := d.ask(agent, object, nil, http.StatusOK); strings.Contains(page, "repair redo") {
		t.Error("an answer can be disputed that was not given")
	}
	desk := d.apply(agent, "r:"+penalty.String())
	own := strings.Replace(desk, "/desk/repairs/", "/me/repairs/cases/", 1)
	d.ask(clerk, desk+"/accept", url.Values{}, http.StatusSeeOther)
	refusal := url.Values{"no": {"拒1号"}, "on": {clock.Today(now).String()}, "reason": {"没有看到验收材料"}}
	d.ask(reviewer, desk+"/refuse", refusal, http.StatusSeeOther)
	if page := d.ask(agent, object, nil, http.StatusOK); !strings.Contains(page, "repair redo") {
		t.Fatal("the refusal cannot be disputed")
	}
	d.ask(agent, "/me/objections/new", url.Values{"record": {penalty.String()}, "want": {"repair redo"}, "text": {"验收材料在期限内已经提交"}}, http.StatusSeeOther)
	list, err := d.app.Procedures.Objections.List(t.Context(), objection.Filter{Subject: h.firm.ID})
	must(t, err)
	at := "/desk/objections/" + strconv.FormatInt(list[0].ID, 10)
	d.ask(office, at+"/accept", url.Values{}, http.StatusSeeOther)
	d.ask(office, at, nil, http.StatusOK, "不予修复", "退回到哪一步", "退回认定单位，重新答复")
	d.ask(office, at+"/decide", url.Values{"result": {"redone"}, "stage": {"granted"}, "reason": {"材料确已提交"}}, http.StatusForbidden, "认定单位")
	d.ask(office, at+"/decide", url.Values{"result": {"redone"}, "stage": {"accepted"}, "reason": {"材料确已提交"}}, http.StatusSeeOther)
	d.ask(agent, own, nil, http.StatusOK, "已受理，待答复", "经异议处理，退回重新答复")
	d.ask(reviewer, desk+"/refuse", refusal, http.StatusForbidden)
	d.ask(second, desk+"/grant", url.Values{"no": {"修1号"}, "on": {clock.Today(now).String()}, "reason": {"材料齐全"}}, http.StatusSeeOther)
	if _, err := d.app.Publish.Record(context.Background(), penalty.String(), time.Time{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what was repaired after all is public still: %v", err)
	}
	d.ask(agent, "/me/objections/"+strconv.FormatInt(list[0].ID, 10), nil, http.StatusOK, "修复结果有误，重新办理")
}
