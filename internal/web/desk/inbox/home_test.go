package inbox

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/ui"
)

// homeOf is a first page with a form for those who file, and two figures.
func homeOf(c clock.Clock, urgent, plain int) Home {
	count := func(n int) func(context.Context, authz.Actor, authz.Bounds) (int, bool, error) {
		return func(context.Context, authz.Actor, authz.Bounds) (int, bool, error) { return n, true, nil }
	}
	return Home{
		Elsewhere: func(authz.Actor) string { return "/me" }, Clock: c, RoleName: func(r authz.Role) string { return r.Name() },
		First:  flow.Filter{Kind: "remark", State: "open"},
		Panels: []Panel{{Action: authz.SubmissionCreate, Title: "报送文件", Body: func(*http.Request) (templ.Component, error) { return templ.Raw(`<form id="own"></form>`), nil }}},
		Shortcuts: []Shortcut{
			{authz.SubmissionCreate, ui.Link{Href: "/desk/filing", Label: "去报送"}}, {authz.QueueDecide, ui.Link{Href: "/desk/queue", Label: "去匹配"}},
		},
		Figures: []Figure{
			{Action: authz.QueueDecide, Label: "待匹配", Href: "/desk/queue", Count: count(plain)},
			{Action: authz.QueueDecide, Badge: "已召回", Word: "项任务已经召回", Href: "/desk/tasks", Urgent: true, Count: count(urgent)},
		},
	}
}

// withHome gives the world's site its head and first page.
func withHome(t *testing.T, w *world, urgent, plain int) {
	t.Helper()
	site := desktest.NewSite(t)
	site.Desks = func(who authz.Actor, at string) []ui.DeskGroup {
		return desk.Menu(site.Authority, []authz.Action{authz.QueueDecide}, who, at)
	}
	rt := site.Router()
	New(Deps{Site: site, DB: w.db, Cases: w.engine, Agencies: units{}, Divisions: noChildren{}, Home: homeOf(w.clock, urgent, plain)}).Routes(rt)
	w.handler = site.Wrap(rt)
}

type noChildren struct{}

func (noChildren) Children(string) []string { return nil }

// The first page leads with what is recalled and overdue, then the nearest days; it offers what the role does, and nothing that it may not.
func TestHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open(t, "关于处罚公示的意见", "R1", 3, nil)
	w.clock.Set(time.Date(2026, 3, 9, 9, 0, 0, 0, clock.Zone))
	if _, err := w.engine.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open(t, "刚到的意见", "R2", 3, nil)
	w.open(t, "等待材料的意见", "R3", 3, func(ctx context.Context, tx *db.Tx, c *flow.Case) error {
		_, err := w.engine.Pause(ctx, tx, c.ID, "等待材料")
		return err
	})
	withHome(t, w, 2, 5)
	answer := desktest.Visit(t, w.handler, reviewer, "/desk", nil)
	said := desktest.Want(t, answer, http.StatusOK, "2 项任务已经召回", "1 件事项已经逾期", "已逾期 2 个工作日", "还剩 3 个工作日", "临溪市生态环境局 · 复核员 · 2026-03-09 星期一", "待匹配", "去匹配")
	last := -1
	for _, word := range []string{"项任务已经召回", "件事项已经逾期", "关于处罚公示的意见", "刚到的意见", "等待材料的意见", "待匹配"} {
		at := strings.LastIndex(said, word)
		if at < last {
			t.Errorf("%q does not stand behind what is more urgent", word)
		}
		last = at
	}
	for _, foreign := range []string{"报送文件", "去报送", `id="own"`} {
		if strings.Contains(answer.Body.String(), foreign) {
			t.Errorf("a reviewer is offered %q", foreign)
		}
	}
	if n := strings.Count(said, "关于处罚公示的意见"); n != 1 {
		t.Errorf("what leads stands %d times", n)
	}
}

// A role with a form of its own finds it open; without anything waiting the page says so; who works at no desk is led on.
func TestHomeOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withHome(t, w, 0, 0)
	clerk := desktest.As(9, authz.Grant{Role: authz.FilingClerk, Agency: 3})
	answer := desktest.Visit(t, w.handler, clerk, "/desk", nil)
	said := desktest.Want(t, answer, http.StatusOK, "报送文件", "没有等您办理的事项")
	if !strings.Contains(answer.Body.String(), `id="own"`) || strings.Contains(said, "去报送") || strings.Contains(said, "待匹配") {
		t.Errorf("the clerk's page: %s", said)
	}
	quiet := desktest.Want(t, desktest.Visit(t, w.handler, reviewer, "/desk", nil), http.StatusOK, "其他待处理", "没有等您办理的流程事项")
	if strings.Contains(quiet, "已经召回") {
		t.Error("nothing is recalled, and the page says so")
	}
	firm := desktest.As(9, authz.Grant{Role: authz.BusinessAgent, Subject: 4})
	if answer := desktest.Visit(t, w.handler, firm, "/desk", nil); answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/me" {
		t.Errorf("a firm gets %d %s", answer.Code, answer.Header().Get("Location"))
	}
	if answer := desktest.Visit(t, w.handler, authz.Actor{}, "/desk", nil); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/sign-in") {
		t.Errorf("a reader gets %d %s", answer.Code, answer.Header().Get("Location"))
	}
}

// What waits before all others has its rows, however many others are nearer.
func TestHomeKeepsRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range homeRows + 4 {
		w.open(t, "意见", "R", 3, nil)
	}
	withHome(t, w, 0, 0)
	answer := desktest.Visit(t, w.handler, reviewer, "/desk", nil)
	desktest.Want(t, answer, http.StatusOK, "查看全部 12 件待办")
	if n := strings.Count(answer.Body.String(), "href=\"/desk/remarks/R\""); n != homeRows {
		t.Errorf("%d rows", n)
	}
}
