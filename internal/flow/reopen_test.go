package flow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// plea is a procedure whose answers can be found wrong, and whose answer can be put off once.
func plea() Table {
	return Table{
		Kind: "plea", Title: "申请",
		States: []State{{Code: "made", Name: "已提出"}, {Code: "asked", Name: "核查中"}, {Code: "back", Name: "已核查"}, {Code: "refused", Name: "不同意", Final: true}, {Code: "granted", Name: "同意", Final: true}},
		Moves: []Move{
			{Event: "make", Name: "提出", To: "made", May: "remark.make", Due: &Due{Key: "plea.answer", ExtendKey: "plea.extend"}},
			{Event: "ask", Name: "转核查", From: []string{"made"}, To: "asked", May: "remark.accept", Due: &Due{Days: 3, Unit: Working, ExtendKey: "plea.extend"}},
			{Event: "reply", Name: "核查", From: []string{"asked"}, To: "back", May: "remark.accept", Due: &Due{Key: "plea.assist", From: "make", ExtendKey: "plea.extend", Carry: true}},
			{Event: "refuse", Name: "不同意", From: []string{"made", "back"}, To: "refused", May: "remark.decide", Reason: true, Separate: true, Not: []Event{"refuse"}},
			{Event: "grant", Name: "同意", From: []string{"made", "back"}, To: "granted", May: "remark.decide"},
			{Event: "reopen", Name: "重新办理", From: []string{"refused"}, To: "made", May: "remark.accept", Reason: true, Reopens: true, By: "信用办", Say: "认定答复有误，退回重新办理", Due: &Due{Key: "plea.answer", ExtendKey: "plea.extend"}},
		},
		Extend: Rule{May: "remark.accept", Once: true},
	}
}

func pleas(t *testing.T, d *db.DB) (*world, *Case) {
	t.Helper()
	w := newWorld(t, d)
	w.Periods = func(key string, on clock.Date) (int, Unit, error) {
		n := map[string]int{"plea.answer": 3, "plea.assist": 7, "plea.extend": 5}[key]
		if key == "plea.extend" && on >= 20260601 {
			n = 0 // from June on nothing can be put off
		}
		return n, Working, nil
	}
	if err := w.Register(plea(), Hooks{}); err != nil {
		t.Fatal(err)
	}
	c, err := w.do(t.Context(), applicant, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		return w.Open(ctx, tx, NewCase{Kind: "plea", Ref: "1", Title: "申请"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

// What was answered and found wrong goes on: it is open again with a clock of its own, on the desks again, its history stays, and who refused does not refuse twice.
func TestReopened(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		w, c := pleas(t, d)
		fire := func(account int64, event Event) (*Case, error) {
			return w.do(ctx, account, func(ctx context.Context, tx *db.Tx) (*Case, error) {
				return w.Fire(ctx, tx, c.ID, event, Input{Reason: "理由在此"})
			})
		}
		if _, err := fire(clerk, "reopen"); !errors.Is(err, ErrStep) {
			t.Errorf("opened again while it is open: %v", err)
		}
		if c, err := fire(boss, "refuse"); err != nil || c.Open() {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := fire(boss, "grant"); !errors.Is(err, ErrClosed) {
			t.Errorf("granted what is closed: %v", err)
		}
		w.clock.Set(at("2026-04-01 10:00"))
		if could, err := w.Could(as(ctx, clerk), must(t)(w.Get(ctx, c.ID))); err != nil || len(could) != 1 || could[0].Event != "reopen" {
			t.Errorf("could %v, %v", could, err)
		}
		c, err := fire(clerk, "reopen")
		if err != nil || !c.Open() || c.State != "made" || c.Due != 20260407 { // 6 April is 清明节
			t.Fatalf("%+v, %v", c, err)
		}
		if p, err := w.Inbox(ctx, Filter{Desks: []Desk{{Actions: []string{"remark.decide"}, All: true}}}); err != nil || len(p.Cases) != 1 {
			t.Errorf("not in the inbox: %v, %v", p.Cases, err)
		}
		if _, err := fire(boss, "refuse"); !errors.Is(err, ErrSeparate) {
			t.Errorf("refused twice by one: %v", err)
		}
		list, err := w.Timeline(ctx, c.ID)
		if err != nil || len(list) != 3 || !strings.Contains(list[2].Said, "信用办认定答复有误，退回重新办理。下一步最迟在 2026-04-07 办结（3 个工作日）。理由：理由在此。") {
			t.Errorf("%d steps, %v: %s", len(list), err, list[len(list)-1].Said)
		}
		if c, err := fire(chief, "refuse"); err != nil || c.Open() {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// A deadline is put off once, by as much as the data of the day allows, and what was given stays given when the case moves on.
func TestExtendedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		w, c := pleas(t, d) // Monday 2 March
		extend := func(account int64, days int) (*Case, error) {
			return w.do(ctx, account, func(ctx context.Context, tx *db.Tx) (*Case, error) {
				return w.Extend(ctx, tx, c.ID, days, "要到外地调取档案")
			})
		}
		fire := func(account int64, event Event) *Case {
			t.Helper()
			return must(t)(w.do(ctx, account, func(ctx context.Context, tx *db.Tx) (*Case, error) {
				return w.Fire(ctx, tx, c.ID, event, Input{Reason: "理由在此"})
			}))
		}
		if _, err := extend(boss, 2); err == nil {
			t.Error("extended by who may not")
		}
		if _, err := extend(clerk, 6); !errors.Is(err, ErrExtend) {
			t.Errorf("more than the rules allow: %v", err)
		}
		if x, err := extend(clerk, 4); err != nil || x.Due != 20260311 {
			t.Fatalf("%+v, %v", x, err)
		}
		if _, err := extend(clerk, 1); !errors.Is(err, ErrOnce) {
			t.Errorf("extended twice: %v", err)
		}
		fire(clerk, "ask")
		x := fire(clerk, "reply")
		if x.Due != 20260317 || x.Extended != 4 { // 7 + 4 working days
			t.Errorf("what was given is lost: %+v", x)
		}
		if _, err := extend(clerk, 1); !errors.Is(err, ErrOnce) {
			t.Errorf("extended again after it moved on: %v", err)
		}
		fire(boss, "refuse")
		if x = fire(clerk, "reopen"); x.Extended != 0 || x.ExtendUpTo != 5 {
			t.Errorf("opened again with an old extension: %+v", x)
		}
		w.clock.Set(at("2026-06-01 10:00"))
		_ = must(t)(w.do(ctx, applicant, func(ctx context.Context, tx *db.Tx) (_ *Case, err error) {
			c, err = w.Open(ctx, tx, NewCase{Kind: "plea", Ref: "2", Title: "申请"})
			return c, err
		}))
		if _, err := extend(clerk, 1); !errors.Is(err, ErrExtend) {
			t.Errorf("extended on a day whose rules know none: %v", err)
		}
	})
}

func TestReopeningIsChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Table){
		"离开了终点":  func(t *Table) { t.Moves[5].Reopens = false },
		"不是终点":   func(t *Table) { t.Moves[5].From = []string{"made"} },
		"写明理由":   func(t *Table) { t.Moves[5].Reason = false },
		"不能是开始":  func(t *Table) { t.Moves[5].Due, t.Moves[5].Keep = nil, true },
		"既写了天数":  func(t *Table) { t.Moves[0].Due.Extend = 3 },
		"从哪一步起算": func(t *Table) { t.Moves[0].Due.Carry = true },
		"谁可以延长":  func(t *Table) { t.Extend.May = "" },
	} {
		table := plea()
		spoil(&table)
		if err := table.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	table := plea()
	if text := Document(&table, nil); !strings.Contains(text, "重新办理（重新打开）") || !strings.Contains(text, "可按规则 `plea.extend` 延长，此前的延长计入") || !strings.Contains(text, "只能一次") {
		t.Error(text)
	}
}
