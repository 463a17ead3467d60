package me

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// withCases adds the part of procedures, over an engine with a procedure that shows itself to subjects, one with pages of its own, and one that does not.
func withCases(t *testing.T) (*world, *flow.Engine) {
	t.Helper()
	x := &cases{}
	w := newWorld(t, func(d *Deps) {
		part := Cases(CaseDeps{})
		part.Routes, part.Count, part.now = x.routes, x.count, x.now
		d.Parts = []Part{part}
		d.Notices, d.Unread = ui.Link{Href: "/account/notices", Label: "通知和提醒"}, func(context.Context, authz.Actor) (string, error) { return "3 条未读", nil }
		d.Reports = ui.Link{Href: "/me/report", Label: "信用报告"}
	})
	engine := flow.New(flow.Config{
		DB: w.db, IDs: id.NewMaker(w.clock.Now), Clock: w.clock, Log: w.log, Who: func(context.Context) audit.Who { return audit.Who{Kind: "account", ID: 4711} },
		May: func(context.Context, string, *flow.Case) error { return nil },
	})
	for kind, page := range map[string]string{"remark": CasesPath + "/{id}", "paged": "/me/paged/{ref}", "inner": ""} {
		must(t, engine.Register(flow.Table{
			Kind: kind, Title: map[string]string{"remark": "意见办理", "paged": "有页面的办理", "inner": "内部办理"}[kind], OwnPage: page,
			States: []flow.State{{Code: "open", Name: "待答复"}, {Code: "done", Name: "已答复", Final: true}},
			Moves: []flow.Move{
				{Event: "make", Name: "提出", To: "open", May: "x", By: "申请人", Say: "提出了意见", Due: &flow.Due{Days: 3, Unit: flow.Working}},
				{Event: "answer", Name: "答复", From: []string{"open"}, To: "done", May: "x", By: "来源单位", Reason: true},
			},
		}, flow.Hooks{}))
	}
	x.CaseDeps = CaseDeps{Cases: engine, Looks: publish.Looks{DB: w.db, Log: w.log, Clock: w.clock}}
	return w, engine
}

func (w *world) file(t *testing.T, e *flow.Engine, kind, title string, subject int64) *flow.Case {
	t.Helper()
	var c *flow.Case
	must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		c, err = e.Open(ctx, tx, flow.NewCase{Kind: kind, Subject: subject, Ref: "R9", Title: title, Input: flow.Input{Note: "只给工作台看的话"}})
		return err
	}))
	return c
}

// A subject sees its own procedures of every kind that shows itself, with the next deadline, and reads what happened without notes and accounts.
func TestCases(t *testing.T) {
	t.Parallel()
	w, e := withCases(t)
	b := w.agent(t, "agent1", uscc(1), uscc(2))
	wantText(t, b.get(t, CasesPath, http.StatusOK), "还没有申请")
	wantText(t, b.get(t, "/me", http.StatusOK), "没有正在办理的申请", "3 条未读")
	first := w.file(t, e, "remark", "关于处罚的意见", w.firm)
	w.file(t, e, "paged", "关于许可的意见", w.firm)
	w.file(t, e, "inner", "还没有告知的事", w.firm)
	other := w.file(t, e, "remark", "第二家的意见", w.second)
	foreign := w.file(t, e, "remark", "别人的意见", w.human)
	of := fmt.Sprintf("?of=%d", w.firm)
	before := len(w.entries(t, w.firm))

	page := b.get(t, CasesPath+of, http.StatusOK)
	wantText(t, page, "正在办理", "关于处罚的意见", "关于许可的意见", "待答复", "还剩 3 个工作日")
	if !strings.Contains(page, "/me/paged/R9"+of) || !strings.Contains(page, fmt.Sprintf("%s/%d%s", CasesPath, first.ID, of)) {
		t.Error("the ways on are missing")
	}
	for _, hidden := range []string{"还没有告知的事", "第二家的意见", "别人的意见"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the list shows %s", hidden)
		}
	}
	wantText(t, b.get(t, "/me"+of, http.StatusOK), "2 件在办", "关于处罚的意见")

	must(t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := e.Fire(ctx, tx, first.ID, "answer", flow.Input{Reason: "经核查属实，予以更正", Note: "只给工作台看的话"})
		return err
	}))
	page = b.get(t, fmt.Sprintf("%s/%d%s", CasesPath, first.ID, of), http.StatusOK)
	wantText(t, page, "意见办理", "已答复", "申请人提出了意见", "经核查属实", "2026-11-18 办结")
	for _, hidden := range []string{"只给工作台看的话", "4711"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the page shows %s", hidden)
		}
	}
	wantText(t, b.get(t, CasesPath+of, http.StatusOK), "已经办结")
	if got := len(w.entries(t, w.firm)) - before; got < 3 {
		t.Errorf("%d entries of reading", got)
	}

	r := b.want(t, httptestGet(fmt.Sprintf("%s/%d", CasesPath, other.ID)), http.StatusSeeOther) // a notice's link names no subject
	wantText(t, b.get(t, r.Header().Get("Location"), http.StatusOK), "第二家的意见")
	b.get(t, fmt.Sprintf("%s/%d", CasesPath, foreign.ID), http.StatusNotFound)
	for _, gone := range []string{"/1", "/x", "/0"} {
		b.get(t, CasesPath+gone, http.StatusNotFound)
	}
	inner, err := e.Inbox(ctx, flow.Filter{Kind: "inner"})
	if err != nil || len(inner.Cases) != 1 {
		t.Fatal(err)
	}
	b.get(t, fmt.Sprintf("%s/%d%s", CasesPath, inner.Cases[0].ID, of), http.StatusNotFound)
}

// What is late says so to the subject too.
func TestLateCase(t *testing.T) {
	t.Parallel()
	w, e := withCases(t)
	b := w.agent(t, "agent1", uscc(1))
	c := w.file(t, e, "remark", "关于处罚的意见", w.firm)
	w.clock.Advance(10 * 24 * time.Hour)
	if _, err := e.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	b = w.agentAgain(t, b)
	wantText(t, b.get(t, CasesPath, http.StatusOK), "已逾期")
	wantText(t, b.get(t, fmt.Sprintf("%s/%d", CasesPath, c.ID), http.StatusOK), "标记为逾期")
}

// agentAgain signs an agent in once more, after the session has ended.
func (w *world) agentAgain(t *testing.T, b *browser) *browser {
	t.Helper()
	s, err := w.identity.SignIn(ctx, identity.Attempt{Login: b.login, Password: password, Address: "203.0.113.7"})
	must(t, err)
	return &browser{w, s.Token, b.login}
}
