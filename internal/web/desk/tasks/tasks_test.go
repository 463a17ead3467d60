package tasks

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/measure"
	"gongxin/internal/web/desk/desktest"
)

// equip gives both matters the list and the measure, by the desk's own form.
func (x *hall) equip() {
	x.t.Helper()
	for _, matter := range []string{"ZJ-01", "KJ-01"} {
		x.see(x.office(), "/desk/matters/"+matter, url.Values{"from": {"2026-01-01"}, "lists": {list}, "measures": {row1}}, http.StatusSeeOther)
	}
}

// issue issues the order and gives its page.
func (x *hall) issue() string {
	x.t.Helper()
	at, _, _ := strings.Cut(x.see(x.approver(), "/desk/lists/entries/500/orders", url.Values{"measure": {row1}, "reason": {"列入名单"}}, http.StatusSeeOther), "?")
	return at
}

// task gives the page of a unit's only task.
func (x *hall) task(unit agency.Agency) string {
	x.t.Helper()
	tasks, err := x.measures.Tasks(context.Background(), measure.Filter{Agencies: []int64{unit.ID}})
	desktest.Must(x.t, err)
	if len(tasks) != 1 {
		x.t.Fatalf("%d tasks", len(tasks))
	}
	return "/desk/tasks/" + strconv.FormatInt(tasks[0].ID, 10)
}

func TestEmptyDesks(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.see(x.window(x.first), "/desk/tasks", nil, http.StatusOK, "还没有联合奖惩任务")
	x.see(x.window(x.first), "/desk/tasks?result=executed", nil, http.StatusOK, "没有符合条件的任务")
	x.see(x.window(x.first), "/desk/tasks?after=1", nil, http.StatusOK, "没有更多任务了")
	x.see(x.approver(), "/desk/orders", nil, http.StatusOK, "还没有联合奖惩指令")
	x.see(x.office(), "/desk/tasks/statistics", nil, http.StatusOK, "还没有联合奖惩任务")
	x.see(x.office(), "/desk/tasks/statistics.csv", nil, http.StatusOK, "响应单位,措施编号")
	x.see(x.approver(), "/desk/lists/entries/500/orders", nil, http.StatusOK, "还没有单位的应用事项列入这项措施")
	if said := x.see(x.office(), "/desk/tasks", nil, http.StatusOK); strings.Contains(said, "督办") {
		t.Error("the office is told to look after nothing")
	}
	x.stands = false
	x.see(x.approver(), "/desk/lists/entries/500/orders", nil, http.StatusOK, "现在没有效力")
	for _, path := range []string{"/desk/tasks/1", "/desk/tasks/x", "/desk/orders/1", "/desk/orders/1/report.csv"} {
		x.see(x.office(), path, nil, http.StatusNotFound)
	}
	x.see(x.approver(), "/desk/lists/entries/7/orders", nil, http.StatusNotFound)
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.equip()
	order := x.issue()
	task := x.task(x.first)
	for _, path := range []string{"/desk/tasks", "/desk/orders", "/desk/matters", task, order} {
		x.see(authz.Actor{}, path, nil, http.StatusSeeOther)
		x.see(desktest.As(9, authz.Grant{Role: authz.Resident, Subject: firm}), path, nil, http.StatusForbidden)
	}
	issue := url.Values{"measure": {row1}, "reason": {"列入名单"}}
	x.see(x.window(x.issuer), "/desk/lists/entries/500/orders", issue, http.StatusForbidden)
	x.see(x.window(x.next), task, nil, http.StatusNotFound)
	x.see(x.window(x.next), task+"/respond", url.Values{}, http.StatusNotFound)
	x.see(x.approver(), task+"/respond", url.Values{}, http.StatusForbidden)
	x.see(x.window(x.first), order, nil, http.StatusNotFound)
	x.see(x.window(x.first), order+"/report.csv", nil, http.StatusNotFound)
	x.see(x.window(x.first), order+"/withdraw", url.Values{"reason": {"不再需要"}}, http.StatusForbidden)
	x.see(x.window(x.first), "/desk/matters/ZJ-01", url.Values{"from": {"2026-01-01"}}, http.StatusForbidden)
	if said := x.see(x.window(x.first), "/desk/tasks", nil, http.StatusOK, "财政资金项目审核"); strings.Contains(said, "科技项目立项") || strings.Contains(said, "督办") {
		t.Error("a unit sees what is not its own")
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	matter := "/desk/matters/ZJ-01"
	x.see(x.office(), matter, url.Values{"from": {""}, "lists": {list}}, http.StatusBadRequest, "起止日期不正确")
	x.see(x.office(), matter, url.Values{"from": {"x"}}, http.StatusBadRequest, "日期要写成")
	x.see(x.office(), matter, url.Values{"from": {"2026-01-01"}, "lists": {"SX-SXDX"}, "measures": {row1}}, http.StatusBadRequest, "不在这个事项的奖惩对象清单中")
	x.equip()
	at := "/desk/lists/entries/500/orders"
	x.see(x.approver(), at, url.Values{"measure": {"NONE"}, "reason": {"列入名单"}}, http.StatusNotFound, "基础清单中没有这项措施")
	x.see(x.approver(), at, url.Values{"measure": {"CF-11-01"}, "reason": {"列入名单"}}, http.StatusForbidden, "不适用于这种名单")
	x.see(x.approver(), at, url.Values{"measure": {row1}, "reason": {""}}, http.StatusBadRequest)
	x.see(x.approver(), at, url.Values{"measure": {row1}, "reason": {"列入名单"}, "until": {"2020-01-01"}}, http.StatusBadRequest, "截止日期")
	x.see(x.office(), "/desk/orders", nil, http.StatusOK, "还没有联合奖惩指令")
	order := x.issue()
	x.see(x.approver(), at, url.Values{"measure": {row1}, "reason": {"列入名单"}}, http.StatusConflict, "已经为这个条目发起")
	x.see(x.approver(), at, nil, http.StatusOK, "已经发起，查看案例报告")
	task, officer := x.task(x.first), x.window(x.first)
	kept := x.see(officer, task+"/feedback", url.Values{"result": {"executed"}, "reason": {"取消申报资格"}, "case_no": {"财审第七号"}}, http.StatusBadRequest, "反馈不完整")
	if !strings.Contains(kept, "财审第七号") || !strings.Contains(kept, "取消申报资格") {
		t.Error("what was typed is gone")
	}
	for _, m := range []string{`for="result"`, `for="reason"`, `for="case_no"`, `for="executed_on"`, `for="file"`} {
		if !strings.Contains(kept, m) {
			t.Errorf("no label %s", m)
		}
	}
	x.see(officer, task+"/release", url.Values{}, http.StatusConflict)
	x.see(x.approver(), order+"/withdraw", url.Values{"reason": {""}}, http.StatusBadRequest)
}

// The loop by its pages: respond, feed back, recall; what is not acknowledged stands first for the unit and for the office, the oldest before the others; figures
// and files say the same.
func TestRecallsStandFirst(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.equip()
	order := x.issue()
	first, next := x.task(x.first), x.task(x.next)
	x.see(x.window(x.first), first+"/respond", url.Values{}, http.StatusSeeOther)
	x.see(x.window(x.first), first+"/feedback", url.Values{"result": {"not_applicable"}, "reason": {"本事项不审这一类项目"}}, http.StatusSeeOther)
	x.clock.Advance(20 * 24 * time.Hour)
	_, err := x.flow.RunDue(context.Background())
	desktest.Must(t, err)
	said := x.see(x.office(), "/desk/tasks", nil, http.StatusOK, "督办", "临溪市科学技术局")
	if watch, _, _ := strings.Cut(said[strings.Index(said, `id="watch"`):], "</section>"); strings.Contains(watch, "临溪市财政局") || !strings.Contains(watch, "临溪市科学技术局") {
		t.Error("what is overdue is not counted by unit")
	}
	x.see(x.window(x.next), next+"/feedback", url.Values{"result": {"executed"}, "reason": {"=已取消资格"}, "case_no": {"2026-9"}, "executed_on": {clock.Today(x.clock).String()}}, http.StatusSeeOther)

	x.see(x.approver(), order, nil, http.StatusOK, "案例报告", "不适用", "本事项不审这一类项目", "提出撤回指令")
	x.see(x.approver(), order+"/withdraw", url.Values{"act": {"grant"}}, http.StatusConflict, "还没有人提出")
	x.see(x.approver(), order+"/withdraw", url.Values{"reason": {"不再需要"}}, http.StatusSeeOther)
	if said := x.see(x.approver(), order, nil, http.StatusOK, "拟撤回", "不再需要"); strings.Contains(said, "决定撤回指令") {
		t.Error("who asked is offered the decision")
	}
	x.see(x.approver(), order+"/withdraw", url.Values{"act": {"grant"}}, http.StatusForbidden)
	x.see(x.second(), order, nil, http.StatusOK, "决定撤回指令", "不予撤回")
	x.see(x.second(), order+"/withdraw", url.Values{"act": {"keep"}, "reason": {"仍然需要"}}, http.StatusSeeOther)
	x.see(x.approver(), order+"/withdraw", url.Values{"act": {"ask"}, "reason": {"确实不再需要"}}, http.StatusSeeOther)
	x.see(x.second(), order+"/withdraw", url.Values{"act": {"grant"}}, http.StatusSeeOther)
	said = x.see(x.window(x.first), "/desk/tasks", nil, http.StatusOK, "有 1 件措施已经召回")
	if strings.Index(said, "召回待确认") > strings.Index(said, "全部任务") {
		t.Error("the recall does not stand first")
	}
	said = x.see(x.office(), "/desk/tasks", nil, http.StatusOK, "督办", "临溪市财政局", "临溪市科学技术局")
	if !strings.Contains(said, "state=recalled") || strings.Index(said, "督办") > strings.Index(said, "召回待确认") {
		t.Error("the office is not led to the recalls")
	}
	x.see(x.window(x.first), first+"/release", url.Values{}, http.StatusSeeOther)
	said = x.see(x.office(), "/desk/tasks", nil, http.StatusOK, "督办")
	if watch, _, _ := strings.Cut(said[strings.Index(said, `id="watch"`):], "</section>"); strings.Contains(watch, "临溪市财政局") {
		t.Error("what was acknowledged is still counted")
	}

	x.see(x.office(), "/desk/tasks/statistics", nil, http.StatusOK, "按措施统计", "限制申请财政性资金项目", "召回未确认")
	x.see(x.office(), "/desk/tasks?result=not_applicable", nil, http.StatusOK, "不适用：本事项不审这一类项目")
	x.see(x.office(), "/desk/tasks?result=not_applicable&measure="+row1, nil, http.StatusOK, "只列出措施 "+row1, "本事项不审这一类项目")
	x.see(x.office(), "/desk/tasks?measure=CF-22-01", nil, http.StatusOK, "没有符合条件的任务")
	figures := x.see(x.office(), "/desk/tasks/statistics.csv", nil, http.StatusOK)
	for _, line := range []string{"临溪市财政局,CF-21-01,限制申请财政性资金项目,1,1,0,0,1,0,0,0,0", "临溪市科学技术局,CF-21-01,限制申请财政性资金项目,1,0,1,1,0,0,0,0,1"} {
		if !strings.Contains(figures, line) {
			t.Errorf("the figures lack %s:\n%s", line, figures)
		}
	}
	report := x.see(x.approver(), order+"/report.csv", nil, http.StatusOK, firmName, firmCode, "2026-9", "撤回")
	if strings.Contains(report, ",=已取消资格") || !strings.Contains(report, "'=已取消资格") {
		t.Errorf("a cell is a formula:\n%s", report)
	}
	if other := x.see(x.window(x.first), "/desk/tasks/statistics.csv", nil, http.StatusOK); strings.Contains(other, "临溪市科学技术局") {
		t.Error("a unit is handed another's figures")
	}
	seen, _, err := x.log.Search(context.Background(), audit.Who{Kind: string(authz.Account), ID: 99}, audit.Filter{Subject: firm, What: "order"}, "", 100)
	desktest.Must(t, err)
	if len(seen) < 2 {
		t.Errorf("who read the report does not stand in the log: %v", seen)
	}
}
