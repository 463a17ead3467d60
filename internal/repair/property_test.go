package repair_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// Whoever does what in whatever order: a record is repaired by nobody but an officer of the unit that found it who gave a second factor, never before its
// earliest day; what is refused stays; what is taken back comes back; and a case that is closed does not move any more.
func TestPropertyNobodyActsOutsideTheirRole(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t)
	w := newWorld(t, d)
	reached := map[string]int{}
	today, of := clock.Date(20260510), int64(1000)
	rapid.Check(t, func(rt *rapid.T) {
		today, of = today.AddDays(1), of+1 // time goes on, and another firm is at it
		day := today
		w.day(day)
		at := repair.Target{Record: w.file("XZCF", day, func(d *record.Draft) { d.Subject = of })}
		earliest := day.AddMonths(3)
		actors := map[string]context.Context{
			"agent": w.as(1, false, authz.Grant{Role: authz.BusinessAgent, Subject: of}), "clerk": w.clerk(), "reviewer": w.reviewer(), "second": w.as(7, true, authz.Grant{Role: authz.ListApprover, Agency: w.unit.ID}),
			"weak":     w.as(8, false, authz.Grant{Role: authz.Reviewer, Agency: w.unit.ID}),
			"stranger": w.as(5, true, authz.Grant{Role: authz.Reviewer, Agency: w.second.ID}), "other": w.as(6, true, authz.Grant{Role: authz.BusinessAgent, Subject: other}),
			"office": w.officer(), "nobody": t.Context(),
		}
		names := []string{"agent", "clerk", "reviewer", "second", "weak", "stranger", "other", "office", "nobody"}
		handles, decides := []string{"clerk", "reviewer", "second", "weak"}, []string{"reviewer", "second"}
		var c repair.Case
		var b repair.Breach
		far := rapid.SampledFrom([]int{4, 2, 3, 1, 0, 4, 2}).Draw(rt, "far") // how far it has come before anybody does anything
		if far > 0 {
			today = earliest
			w.day(today)
			agent := actors["agent"]
			a, err := w.Save(agent, of, 0, repair.DraftIn{Targets: []repair.Target{at}, Statement: "罚款已经缴清", Files: w.proof(agent)})
			w.must(err)
			_, err = w.Service.Send(agent, of, a.ID, a.ChangedAt, true)
			w.must(err)
			list, err := w.CasesOf(agent, a.ID)
			w.must(err)
			c = list[0]
		}
		if far > 1 {
			next, err := w.Accept(actors["clerk"], c.ID, 0)
			w.must(err)
			c = next
		}
		if far > 2 {
			next, err := w.Grant(actors["reviewer"], c.ID, w.answer("修1号"))
			w.must(err)
			c = next
		}
		if far > 3 {
			next, err := w.Notify(actors["clerk"], c.ID, "材料不真实", w.answer("告1号"))
			w.must(err)
			b = next
			_, err = w.State(actors["agent"], b.ID, "材料属实", nil)
			w.must(err)
		}
		for range rapid.IntRange(12, 30).Draw(rt, "steps") {
			who := rapid.SampledFrom(names).Draw(rt, "who")
			ctx := actors[who]
			before := w.status(at.Record).Status
			switch rapid.SampledFrom([]string{"wait", "apply", "accept", "reject", "grant", "refuse", "withdraw", "notify", "cancel", "keep"}).Draw(rt, "event") {
			case "wait":
				today = min(today.AddDays(rapid.IntRange(1, 60).Draw(rt, "days")), day.AddMonths(11))
				w.day(today)
			case "apply":
				a, err := w.Save(ctx, of, 0, repair.DraftIn{Targets: []repair.Target{at}, Statement: "罚款已经缴清"})
				if err != nil {
					break
				}
				if who != "agent" || today < earliest {
					rt.Fatalf("%s applied on %v", who, today)
				}
				a, err = w.Save(ctx, of, a.ID, repair.DraftIn{Targets: []repair.Target{at}, Statement: "罚款已经缴清", Files: w.proof(ctx)})
				w.must(err)
				_, err = w.Service.Send(ctx, of, a.ID, a.ChangedAt, true)
				w.must(err)
				list, err := w.CasesOf(ctx, a.ID)
				w.must(err)
				c = list[0]
			case "accept":
				if next, err := w.Accept(ctx, c.ID, 0); err == nil {
					if !slices.Contains(handles, who) || !c.Open {
						rt.Fatalf("%s accepted", who)
					}
					c = next
				}
			case "reject":
				if next, err := w.Reject(ctx, c.ID, "材料不全", 0); err == nil {
					if !slices.Contains(handles, who) || !c.Open {
						rt.Fatalf("%s rejected", who)
					}
					c = next
				}
			case "grant":
				if next, err := w.Grant(ctx, c.ID, w.answer("修1号")); err == nil {
					if !slices.Contains(decides, who) || c.State != "accepted" || today < earliest {
						rt.Fatalf("%s granted what was %s on %v", who, c.State, today)
					}
					reached["grant"]++
					c = next
				}
			case "refuse":
				if next, err := w.Refuse(ctx, c.ID, w.answer("不修1号")); err == nil {
					if !slices.Contains(decides, who) || c.State != "accepted" {
						rt.Fatalf("%s refused what was %s", who, c.State)
					}
					reached["refuse"]++
					c = next
				}
			case "withdraw":
				if next, err := w.Withdraw(ctx, c.ID, 0); err == nil {
					if who != "agent" || !c.Open {
						rt.Fatalf("%s withdrew", who)
					}
					c = next
				}
			case "notify":
				if next, err := w.Notify(ctx, c.ID, "材料不真实", w.answer("告1号")); err == nil {
					if !slices.Contains(handles, who) || c.State != "granted" {
						rt.Fatalf("%s gave notice of what was %s", who, c.State)
					}
					b = next
					_, err = w.State(actors["agent"], b.ID, "材料属实", nil)
					w.must(err)
				}
			case "cancel":
				if _, err := w.Cancel(ctx, b.ID, w.answer("撤1号")); err == nil {
					if !slices.Contains(decides, who) || "account:"+map[string]string{"reviewer": "3", "second": "7"}[who] == b.MadeBy {
						rt.Fatalf("%s took it back", who)
					}
					if v := w.status(at.Record); v.Status != record.Active || !v.Listed {
						rt.Fatalf("what was taken back stands as %+v", v.Facts)
					}
					reached["cancel"]++
					return // from here on the subject is barred
				}
			case "keep":
				if _, err := w.Keep(ctx, b.ID, w.answer("维1号")); err == nil && !slices.Contains(decides, who) {
					rt.Fatalf("%s kept it", who)
				}
			}
			if after := w.status(at.Record).Status; after != before && (before != record.Active || after != record.Repaired || c.State != "granted") {
				rt.Fatalf("from %v to %v with a case that is %q", before, after, c.State)
			}
		}
	})
	for _, event := range []string{"grant", "refuse", "cancel"} {
		if reached[event] == 0 {
			t.Errorf("nobody ever came to %s", event)
		}
	}
}
