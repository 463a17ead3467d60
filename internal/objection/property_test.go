package objection_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/record"
)

// Whatever anybody tries, in whatever order, with a worker that runs or does not: no objection is stuck, the record is marked exactly as long as the objection is
// accepted and not answered, what was not verified is not kept, and nobody decides on their own.
func TestRandomEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		rapid.Check(t, func(r *rapid.T) {
			w.clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone).AddDate(0, 0, rapid.IntRange(0, 200).Draw(r, "begin")))
			target := w.penalty()
			who := rapid.SampledFrom([]int64{agent, both}).Draw(r, "author")
			o, err := w.Submit(w.as(who), objection.Submission{Subject: firm, Kind: objection.OfRecord, Target: target, Ask: objection.AskCorrect, Statement: "金额有误，应为五千元"})
			if err != nil {
				r.Fatal(err)
			}
			for range rapid.IntRange(1, 20).Draw(r, "length") {
				w.try(r, &o)
				w.holds(r, &o, target)
			}
			w.honest(r, &o, who)
			w.clock.Advance(3 * 366 * 24 * time.Hour)
			w.runDue()
			w.holds(r, &o, target)
			c, err := w.Flow.Get(context.Background(), o.Case)
			if err != nil {
				r.Fatal(err)
			}
			if c.Open() && !c.Overdue {
				r.Fatalf("three years later nobody is late in %s", c.State)
			}
		})
	})
}

// try does one thing. Only faults may refuse.
func (w *world) try(r *rapid.T, o *objection.Objection) {
	who := w.as(rapid.SampledFrom([]int64{agent, officer, officer, second, clerk, clerk, both}).Draw(r, "who"))
	in := objection.Step{Text: "经核查"}
	verdict := objection.Verdict{Step: in, Until: 20270105, Result: rapid.SampledFrom([]objection.Result{
		objection.Corrected, objection.Deleted, objection.Shortened, objection.Kept, objection.Upheld, objection.Removed, "",
	}).Draw(r, "result")}
	reply := rapid.SampledFrom([]objection.Reply{objection.FoundRight, objection.FoundVoid, objection.FoundWrong, objection.NotVerified, ""}).Draw(r, "reply")
	what := rapid.SampledFrom([]string{
		"accept", "accept", "refer", "refer", "answer", "answer", "correct", "decide", "decide", "appeal", "conclude", "withdraw", "ask", "supplement", "refuse", "days", "worker",
	}).Draw(r, "what")
	var err error
	switch what {
	case "accept":
		_, err = w.Accept(who, o.ID, objection.Step{})
	case "refer":
		_, err = w.Refer(who, o.ID, objection.Step{})
	case "answer":
		_, err = w.Answer(who, o.ID, reply, in)
	case "correct":
		_, err = w.Correct(who, o.ID, w.row(r), in)
	case "decide":
		_, err = w.Decide(who, o.ID, verdict)
	case "appeal":
		_, err = w.Appeal(who, o.ID, in)
	case "conclude":
		_, err = w.Conclude(who, o.ID, verdict)
	case "withdraw":
		_, err = w.Withdraw(who, o.ID, objection.Step{})
	case "ask":
		_, err = w.AskFor(who, o.ID, in)
	case "supplement":
		_, err = w.Supplement(who, o.ID, in)
	case "refuse":
		_, err = w.Refuse(who, o.ID, rapid.SampledFrom([]string{"scope", "whim"}).Draw(r, "code"), in)
	case "days":
		w.clock.Advance(time.Duration(rapid.IntRange(1, 24*9).Draw(r, "hours")) * time.Hour)
	case "worker":
		w.runDue()
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		r.Fatalf("%s: %v", what, err)
	}
}

// row is the corrected row of the newest penalty, which may say what it said.
func (w *world) row(r *rapid.T) map[string]string {
	no := "罚"
	for range w.serial {
		no += "甲"
	}
	return map[string]string{"no": no, "text": rapid.SampledFrom([]string{"罚款一万元", "罚款五千元"}).Draw(r, "text")}
}

// holds checks an objection with its record by itself.
func (w *world) holds(r *rapid.T, was *objection.Objection, target string) {
	o := w.state(was.ID)
	v, marked := w.stands(target)
	c, err := w.Flow.Get(context.Background(), o.Case)
	if err != nil {
		r.Fatal(err)
	}
	table := w.Flow.Table(objection.FlowKind)
	human := false
	for _, m := range table.Leaving(c.State) {
		human = human || !m.Auto
	}
	switch {
	case o.State != c.State || o.Open() != c.Open():
		r.Fatalf("the objection is in %s, its case in %s", o.State, c.State)
	case marked != objection.Marked(c.State) || o.Marked != marked:
		r.Fatalf("marked %v in %s", marked, c.State)
	case c.Open() && !human && c.Due == 0:
		r.Fatalf("stuck in %s", c.State)
	case c.Open() && c.Due == 0:
		r.Fatalf("no last day in %s", c.State)
	case o.Result == objection.Kept && (o.Reply != objection.FoundRight || v.Status != record.Active && o.Review != objection.Deleted):
		r.Fatalf("kept without proof, or taken down: %+v, %v", o, v.Status)
	case o.Result == objection.Deleted && v.Status != record.Annulled && o.Review == "":
		r.Fatalf("deleted, and %v", v.Status)
	case c.State == objection.Unproven && v.Status != record.Annulled:
		r.Fatalf("nobody verified it, and it is %v", v.Status)
	}
}

// honest replays the steps: who objected took no step of the desks, and who decided did not review.
func (w *world) honest(r *rapid.T, o *objection.Objection, author int64) {
	list, err := w.Flow.Timeline(context.Background(), o.Case)
	if err != nil {
		r.Fatal(err)
	}
	took := map[flow.Event]map[string]bool{}
	for i := range list {
		s := &list[i]
		if took[s.Event] == nil {
			took[s.Event] = map[string]bool{}
		}
		took[s.Event][s.Who.String()] = true
	}
	me := "account:" + strconv.FormatInt(author, 10)
	for _, e := range []flow.Event{
		objection.EventAccept, objection.EventRefuse, objection.EventAsk, objection.EventRefer, objection.EventReply, objection.EventCannot, objection.EventDecide, objection.EventConclude,
	} {
		if took[e][me] {
			r.Fatalf("whoever objected took %s", e)
		}
	}
	for who := range took[objection.EventConclude] {
		if took[objection.EventDecide][who] || took[objection.EventReply][who] {
			r.Fatalf("%s reviewed what they decided", who)
		}
	}
}
