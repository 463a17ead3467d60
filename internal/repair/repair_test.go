package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// A penalty of 10 May is refused on 9 August and repaired from 10 August on; the unit accepts within three working days and answers within ten (standards, rules
// 26 and 27), and what is granted is off the register in the same act.
func TestFromTheLetterToTheRepair(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		w.day(20260809)
		if _, err := w.save(at(penalty)); !errors.Is(err, repair.ErrEarly) || !strings.Contains(err.Error(), "2026-08-10") {
			t.Errorf("before its day: %v", err)
		}
		w.day(20260810)
		a, err := w.save(at(penalty))
		w.must(err)
		if _, err := w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, false); !errors.Is(err, repair.ErrSigned) {
			t.Errorf("sent without a letter: %v", err)
		}
		if _, err := w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt.Add(-time.Second), true); !errors.Is(err, repair.ErrChanged) {
			t.Errorf("another draft than the one that was read: %v", err)
		}
		a, err = w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, true)
		w.must(err)
		raw, err := json.Marshal(w.ReceiptOf(&a))
		w.must(err)
		if text, err := repair.VerifyReceipt(bytes.NewReader(raw), w.key.Public()); err != nil || !strings.Contains(text, "临溪市示例食品有限公司") || !strings.Contains(text, "按最长期限恢复公示") {
			t.Errorf("the letter: %v\n%s", err, text)
		}
		if _, err := repair.VerifyReceipt(bytes.NewReader(bytes.Replace(raw, []byte("示例"), []byte("样例"), 1)), w.key.Public()); !errors.Is(err, repair.ErrReceipt) {
			t.Errorf("a changed letter holds: %v", err)
		}
		if _, err := w.save(at(penalty)); !errors.Is(err, repair.ErrTwice) {
			t.Errorf("asked for twice: %v", err)
		}
		list, err := w.CasesOf(t.Context(), a.ID)
		w.must(err)
		c := list[0]
		if due := w.due(c); due != 20260813 {
			t.Errorf("to be accepted until %v", due)
		}
		c, err = w.Accept(w.clerk(), c.ID, 0)
		w.must(err)
		if due := w.due(c); due != 20260824 {
			t.Errorf("to be answered until %v", due)
		}
		if _, err := w.Grant(w.clerk(), c.ID, w.answer("修1号")); err == nil {
			t.Error("a clerk decided")
		}
		if c, err = w.Grant(w.reviewer(), c.ID, w.answer("修1号")); err != nil || c.State != "granted" {
			t.Fatalf("%+v: %v", c, err)
		}
		if v := w.status(penalty); v.Status != record.Repaired || v.Listed {
			t.Errorf("after the repair: %+v", v.Facts)
		}
		r, err := w.Review(w.agent(), firm)
		w.must(err)
		if f, ok := r.Find(at(penalty)); !ok || f.State != repair.Repaired || f.Repair != c.ID {
			t.Errorf("in the review: %+v", f)
		}
		want := []string{"agency repair.new", "subject repair.sent", "subject repair.accepted", "subject repair.granted"}
		if !slices.Equal(w.told, want) {
			t.Errorf("told %v", w.told)
		}
	})
}

// Pushed on Monday 11 May, to be accepted until the 14th, and answered until the 28th when it is accepted that day (standards, rule 27).
func TestWorkingDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	w.day(20260511)
	abnormal := w.file("JYYC", 20260401, nil)
	c := w.send(at(abnormal))[0]
	if due := w.due(c); due != 20260514 {
		t.Errorf("to be accepted until %v", due)
	}
	w.day(20260514)
	c, err := w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	if due := w.due(c); due != 20260528 {
		t.Errorf("to be answered until %v", due)
	}
	w.must(w.Ask(w.clerk(), c.ID, "请补交缴款凭证"))
	w.day(20260519)
	if _, err := w.Supply(w.agent(), c.ID, "缴款凭证见附件", nil); err != nil {
		t.Fatal(err)
	}
	if due := w.due(c); due != 20260602 { // three working days later
		t.Errorf("after the supplement, to be answered until %v", due)
	}
	if err := w.Extend(w.reviewer(), c.ID, 11, "情况复杂"); !errors.Is(err, flow.ErrExtend) {
		t.Errorf("put off beyond the bound: %v", err)
	}
	w.must(w.Extend(w.reviewer(), c.ID, 10, "情况复杂，需要现场核查"))
	if due := w.due(c); due != 20260616 {
		t.Errorf("put off until %v", due)
	}
}

// A refusal says from when it can be asked for again; serious failures are decided on by somebody else than who accepted; nobody acts outside their unit.
func TestRefusalsAndRoles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		serious := w.file("XZCF", 20250301, func(d *record.Draft) { d.Severity, d.PublicUntil, d.DecidedOn = record.Serious, 20290401, 20260401 })
		w.day(20270405)
		c := w.send(at(serious))[0]
		strangers := map[string]context.Context{
			"another unit":    w.as(5, true, authz.Grant{Role: authz.Reviewer, Agency: w.second.ID}),
			"the subject":     w.agent(),
			"another subject": w.as(6, false, authz.Grant{Role: authz.BusinessAgent, Subject: other}),
			"nobody":          t.Context(),
		}
		for who, ctx := range strangers {
			if _, err := w.Accept(ctx, c.ID, 0); err == nil {
				t.Errorf("%s accepted", who)
			}
			if _, err := w.Grant(ctx, c.ID, w.answer("修2号")); err == nil {
				t.Errorf("%s granted", who)
			}
		}
		if _, err := w.Withdraw(strangers["another subject"], c.ID, 0); err == nil {
			t.Error("another subject withdrew")
		}
		if _, err := w.Save(strangers["another subject"], firm, 0, repair.DraftIn{Targets: []repair.Target{at(serious)}, Statement: "已经改正"}); err == nil {
			t.Error("another subject applied")
		}
		if _, err := w.Grant(w.reviewer(), c.ID, w.answer("修2号")); !errors.Is(err, flow.ErrStep) {
			t.Errorf("granted before it was accepted: %v", err)
		}
		_, err := w.Accept(w.reviewer(), c.ID, 0)
		w.must(err)
		if _, err := w.Grant(w.reviewer(), c.ID, w.answer("修2号")); !errors.Is(err, repair.ErrSecond) {
			t.Errorf("who accepted granted: %v", err)
		}
		second := w.as(7, true, authz.Grant{Role: authz.ListApprover, Agency: w.unit.ID})
		no := w.answer("不修2号")
		no.Reason, no.Next = "整改没有通过验收", 20270601
		if _, err := w.Refuse(second, c.ID, repair.Answer{No: "不修2号", On: no.On, Reason: "没有通过验收", Next: 20200101}); !errors.Is(err, repair.ErrNext) {
			t.Errorf("a next day in the past: %v", err)
		}
		if c, err = w.Refuse(second, c.ID, no); err != nil || c.Next != 20270601 || c.Open {
			t.Fatalf("refused as %+v: %v", c, err)
		}
		if v := w.status(serious); v.Status != record.Active || !v.Listed {
			t.Errorf("a refusal changed the record: %+v", v.Facts)
		}
		if _, err := w.save(at(serious)); !errors.Is(err, repair.ErrEarly) || !strings.Contains(err.Error(), "2027-06-01") {
			t.Errorf("asked again too early: %v", err)
		}
		w.day(20270601)
		if _, err := w.save(at(serious)); err != nil {
			t.Errorf("asked again in time: %v", err)
		}
	})
}

// What is excluded, hidden, over, not one's own or without proof is not applied for.
func TestCannotBeApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	debtor := w.file("SXBZXR", 20260401, nil)
	simple := w.file("XZCF", 20260601, func(d *record.Draft) { d.Procedure, d.Listed, d.Severity = record.Simple, false, record.Minor })
	over := w.file("XZCF", 20260401, func(d *record.Draft) { d.PublicUntil = 20260801 })
	fine := w.file("XZCF", 20260401, nil)
	licence := w.file("XZXK", 20260401, nil)
	w.day(20260810)
	for name, c := range map[string]struct {
		at   record.ID
		want error
	}{
		"excluded": {debtor, repair.ErrExcluded}, "hidden": {simple, repair.ErrHidden}, "over": {over, repair.ErrOver}, "no failure": {licence, repair.ErrTarget},
		"another's": {record.ID{Subject: other, Key: 1}, repair.ErrTarget},
	} {
		if _, err := w.save(at(c.at)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	in := repair.DraftIn{Targets: []repair.Target{at(fine)}, Statement: "罚款已经缴清"}
	a, err := w.Save(w.agent(), firm, 0, in)
	w.must(err)
	if _, err := w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, true); !errors.Is(err, repair.ErrProof) {
		t.Errorf("without proof: %v", err)
	}
	// The platform holds the record of a performed contract: nobody hands it in again.
	w.file("HTLY", 20260501, func(d *record.Draft) { d.Severity = record.NoSeverity })
	if a, err = w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, true); err != nil || len(a.Picks[0].Held) != 1 {
		t.Errorf("with what the platform holds: %+v, %v", a.Picks, err)
	}
	in.Statement = "身份证号 11010519491231002X"
	if _, err := w.Save(w.agent(), firm, 0, in); !errors.Is(err, flow.ErrPersonal) {
		t.Errorf("a number in the statement: %v", err)
	}
	if err := w.Drop(w.agent(), firm, a.ID); !errors.Is(err, repair.ErrSent) {
		t.Errorf("dropped what was sent: %v", err)
	}
	// The record ends while the case waits: nothing is left to repair.
	w.day(20270401)
	n, err := w.RunDue(t.Context())
	list, _ := w.CasesOf(t.Context(), a.ID)
	if err != nil || n == 0 || list[0].State != "moot" || list[0].Open {
		t.Errorf("%d done, %+v: %v", n, list[0], err)
	}
}

// An entry on a list and the record that it was filed as are one thing: asked for once, removed by the list's own step, and turned in the same transaction.
func TestListEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	rec := w.file("YZSX", 20260510, func(d *record.Draft) { d.NaturalKey, d.PublicUntil = "列1号\x1f119", 20290510 })
	w.entries = []repair.Entry{
		{ID: 7, Subject: firm, Name: "严重违法失信名单", Item: "YZSX", Agency: w.unit.ID, Region: "990100", DocNo: "列1号", ListedOn: 20260510, Until: 20290510, Early: 12},
		{ID: 8, Subject: firm, Name: "不提前移出的名单", Item: "YZSX", Agency: w.unit.ID, Region: "990100", DocNo: "列2号", ListedOn: 20260510, Until: 20290510, Early: -1},
	}
	w.day(20270510)
	r, err := w.Review(w.agent(), firm)
	w.must(err)
	if len(r.Findings) != 2 {
		t.Fatalf("%d findings: %+v", len(r.Findings), r.Findings)
	}
	if f, _ := r.Find(repair.Target{Entry: 8}); f.State != repair.Excluded {
		t.Errorf("a list that nobody leaves early: %+v", f)
	}
	c := w.send(repair.Target{Entry: 7})[0]
	_, err = w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	if _, err = w.Grant(w.as(7, true, authz.Grant{Role: authz.ListApprover, Agency: w.unit.ID}), c.ID, w.answer("移1号")); err != nil {
		t.Fatal(err)
	}
	if len(w.removed) != 1 || !w.removed[0].Turned || w.removed[0].No != "移1号" {
		t.Errorf("removed as %+v", w.removed)
	}
	if v := w.status(rec); v.Status != record.Repaired {
		t.Errorf("the record is %v", v.Status)
	}
}

// A broken commitment brings the record back up to the longest period, after notice and the days to state one's case; for a while nothing new can be asked for.
func TestBreach(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, func(d *record.Draft) { d.PublicUntil = 20270110 })
		w.day(20260810)
		c := w.send(at(penalty))[0]
		if _, err := w.Notify(w.clerk(), c.ID, "承诺内容不实", w.answer("告1号")); !errors.Is(err, repair.ErrGranted) {
			t.Errorf("taken back before it was given: %v", err)
		}
		_, err := w.Accept(w.clerk(), c.ID, 0)
		w.must(err)
		_, err = w.Grant(w.reviewer(), c.ID, w.answer("修1号"))
		w.must(err)
		b, err := w.Notify(w.clerk(), c.ID, "提交的验收材料是伪造的", w.answer("告1号"))
		w.must(err)
		if w.status(penalty).Status != record.Repaired {
			t.Error("a notice changed the record")
		}
		if _, err := w.Notify(w.clerk(), c.ID, "提交的验收材料是伪造的", w.answer("告2号")); !errors.Is(err, repair.ErrGranted) {
			t.Errorf("notified twice: %v", err)
		}
		if _, err := w.Cancel(w.reviewer(), b.ID, w.answer("撤1号")); !errors.Is(err, repair.ErrHeard) {
			t.Errorf("cancelled before the subject was heard: %v", err)
		}
		_, err = w.State(w.agent(), b.ID, "材料是检测机构出具的，本公司并不知情", nil)
		w.must(err)
		own := w.as(2, true, authz.Grant{Role: authz.Reviewer, Agency: w.unit.ID})
		if _, err := w.Cancel(own, b.ID, w.answer("撤1号")); err == nil {
			t.Error("who gave notice decided")
		}
		b, err = w.Cancel(w.reviewer(), b.ID, w.answer("撤1号"))
		w.must(err)
		if v := w.status(penalty); v.Status != record.Active || !v.Listed || v.PublicUntil != 20270510 {
			t.Errorf("restored as %+v", v.Facts)
		}
		if b.Until != 20270810 {
			t.Errorf("barred until %v", b.Until)
		}
		later := w.file("XZCF", 20260810, nil)
		w.day(20261210)
		if _, err := w.save(at(later)); !errors.Is(err, repair.ErrBarred) || !strings.Contains(err.Error(), "2027-08-10") {
			t.Errorf("applied while barred: %v", err)
		}
	})
}

// While a court's plan is carried out nothing is shown; afterwards what has not ended comes back, by the clock as by a decision.
func TestShield(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		short := w.file("XZCF", 20260510, func(d *record.Draft) { d.PublicUntil = 20261001 })
		long := w.file("XZCF", 20260510, nil)
		ctx := w.agent()
		ruling := repair.Ruling{Court: "临溪市中级人民法院", No: "（2026）鲁99破1号", On: 20260501, Until: 20261201, Text: "法院裁定批准重整计划"}
		if _, err := w.AskShield(ctx, firm, ruling); !errors.Is(err, repair.ErrRuling) {
			t.Errorf("without the ruling: %v", err)
		}
		numbered := ruling
		numbered.No, numbered.Files = "11010519491231002X", []string{"x"}
		if _, err := w.AskShield(ctx, firm, numbered); !errors.Is(err, flow.ErrPersonal) {
			t.Errorf("a person's number for the ruling's: %v", err)
		}
		for _, f := range w.proof(ctx) {
			ruling.Files = append(ruling.Files, f.Hash)
		}
		x, err := w.AskShield(ctx, firm, ruling)
		w.must(err)
		if _, err := w.AskShield(ctx, firm, ruling); !errors.Is(err, repair.ErrShielded) {
			t.Errorf("asked twice: %v", err)
		}
		if _, err := w.Shield(w.reviewer(), x.ID, "属实", 0); err == nil {
			t.Error("a unit shielded")
		}
		x, err = w.Shield(w.officer(), x.ID, "裁定已经核实", 0)
		w.must(err)
		if w.status(short).Status != record.Shielded || w.status(long).Status != record.Shielded {
			t.Error("not shielded")
		}
		if _, err := w.save(at(long)); !errors.Is(err, repair.ErrEarly) && !errors.Is(err, repair.ErrOver) {
			t.Errorf("applied while shielded: %v", err)
		}
		w.day(20261201)
		if n, err := w.RunDue(t.Context()); n != 1 || err != nil {
			t.Errorf("%d ended: %v", n, err)
		}
		if v := w.status(short); v.Status != record.Ended {
			t.Errorf("what was over came back: %v", v.Status)
		}
		if v := w.status(long); v.Status != record.Active || !v.Listed {
			t.Errorf("what was not over stayed away: %+v", v.Facts)
		}
		if x, err = w.ShieldOf(t.Context(), x.ID); err != nil || x.State != "ended" {
			t.Errorf("%+v: %v", x, err)
		}
	})
}

// Whoever has looked is told once when the earliest day comes, and not of what is gone by then.
func TestReminders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	w.file("XZCF", 20260510, nil)
	w.file("XZCF", 20260510, func(d *record.Draft) { d.PublicUntil = 20260701 })
	_, err := w.Review(w.agent(), firm)
	w.must(err)
	for _, c := range []struct {
		day  clock.Date
		want int
	}{{20260809, 0}, {20260810, 1}, {20260811, 0}} {
		w.day(c.day)
		if n, err := w.RunDue(t.Context()); n != c.want || err != nil {
			t.Errorf("on %v %d were told: %v", c.day, n, err)
		}
	}
	if !slices.Equal(w.told, []string{"subject repair.eligible"}) {
		t.Errorf("told %v", w.told)
	}
}
