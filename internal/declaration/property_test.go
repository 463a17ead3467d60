package declaration_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/declaration"
	"gongxin/internal/fault"
	"gongxin/internal/record"
)

// Whatever anybody tries, in whatever order, with an intake that works or does not: no declaration is stuck, nothing is on file that a person of the unit has not
// accepted who did not hand it in, and nothing but the subject's own agent handed anything in.
func TestRandomEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		others := w.declared(w.other.ID)
		rapid.Check(t, func(r *rapid.T) {
			w.clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone).AddDate(0, 0, rapid.IntRange(0, 200).Draw(r, "begin")))
			who := rapid.SampledFrom([]int64{agent, both}).Draw(r, "author")
			x, err := w.Submit(w.as(who), w.submission(who, w.content()))
			if err != nil {
				r.Fatal(err)
			}
			for range rapid.IntRange(1, 20).Draw(r, "length") {
				w.try(r, x.ID)
				w.holds(r, x.ID)
			}
			w.broken = nil
			if _, err := w.Settle(context.Background()); err != nil {
				r.Fatal(err)
			}
			w.clock.Advance(3 * 366 * 24 * time.Hour)
			w.runDue()
			w.holds(r, x.ID)
			if x = w.state(x.ID); x.State == declaration.Accepted || x.State == declaration.Ending {
				r.Fatalf("the intake works, and it is in %s", x.State)
			}
			c, err := w.Flow.Get(context.Background(), x.Case)
			if err != nil {
				r.Fatal(err)
			}
			if c.Open() && !c.Overdue {
				r.Fatalf("three years later nobody is late in %s", c.State)
			}
			if w.declared(w.other.ID) != others {
				r.Fatal("another firm has a record more")
			}
			w.clear(r, x.ID)
		})
	})
}

// clear takes back what is left, so that the next one is not one too many.
func (w *world) clear(r *rapid.T, of int64) {
	list, err := w.List(context.Background(), declaration.Filter{Subject: w.firm.ID, Open: true})
	if err != nil {
		r.Fatal(err)
	}
	for i := range list {
		if _, err := w.Withdraw(w.as(agent), list[i].ID, declaration.Step{}); err != nil {
			r.Fatal(err)
		}
	}
	if w.state(of).State == declaration.OnFile {
		if _, err := w.End(w.as(agent), of, declaration.Step{}); err != nil {
			r.Fatal(err)
		}
	}
}

// try does one thing. Only faults may refuse.
func (w *world) try(r *rapid.T, of int64) {
	who := w.as(rapid.SampledFrom([]int64{agent, officer, clerk, clerk, stranger, both, outsider, resident}).Draw(r, "who"))
	in := declaration.Step{Text: "材料不清"}
	var err error
	what := rapid.SampledFrom([]string{"accept", "accept", "return", "refuse", "mend", "withdraw", "end", "replace", "days", "worker", "settle", "break", "mend the intake"}).Draw(r, "what")
	switch what {
	case "accept":
		_, err = w.Accept(who, of, declaration.Step{})
	case "return":
		_, err = w.Return(who, of, in)
	case "refuse":
		_, err = w.Refuse(who, of, rapid.SampledFrom([]string{"scope", "whim"}).Draw(r, "code"), in)
	case "mend":
		c := w.state(of).Content
		if rapid.Bool().Draw(r, "badly") {
			c["SB_RQ"] = "2031-01-01"
		}
		_, err = w.Mend(who, of, c, rapid.Bool().Draw(r, "pledged"), declaration.Step{})
	case "withdraw":
		_, err = w.Withdraw(who, of, declaration.Step{})
	case "end":
		_, err = w.End(who, of, declaration.Step{})
	case "replace":
		s := w.submission(agent, w.content())
		s.Replaces = of
		var next declaration.Declaration
		if next, err = w.Submit(w.as(agent), s); err == nil {
			_, err = w.Accept(who, next.ID, declaration.Step{})
		}
	case "days":
		w.clock.Advance(time.Duration(rapid.IntRange(1, 24*9).Draw(r, "hours")) * time.Hour)
	case "worker":
		w.runDue()
	case "settle":
		if _, err = w.Settle(context.Background()); w.broken != nil {
			err = nil
		}
	case "break":
		w.broken = errIntake
	case "mend the intake":
		w.broken = nil
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		r.Fatalf("%s: %v", what, err)
	}
}

// holds checks every declaration of the firm with its record.
func (w *world) holds(r *rapid.T, of int64) {
	ctx := context.Background()
	list, err := w.List(ctx, declaration.Filter{Subject: w.firm.ID, Limit: 10})
	if err != nil {
		r.Fatal(err)
	}
	for i := range list {
		x := &list[i]
		c, err := w.Flow.Get(ctx, x.Case)
		if err != nil {
			r.Fatal(err)
		}
		after := x.State == declaration.Replaced || x.State == declaration.Ending || x.State == declaration.Ended
		switch {
		case after && c.State != declaration.OnFile, !after && x.State != c.State:
			r.Fatalf("the declaration is in %s, its case in %s", x.State, c.State)
		case c.Open() && c.Due == 0:
			r.Fatalf("no last day in %s", c.State)
		case x.State == declaration.OnFile && x.Record == "":
			r.Fatal("on file without a record")
		case x.Record == "" && after:
			r.Fatal("it was on file without a record")
		}
		if x.State == declaration.OnFile || after || x.Record != "" {
			w.accepted(r, x)
		}
		if x.ID == of && x.State == declaration.Ended && w.record(x.Record).Status == record.Active {
			r.Fatal("taken back, and in force")
		}
	}
}

// accepted replays the steps: a person of the unit accepted it before it came onto the file, and had not handed it in.
func (w *world) accepted(r *rapid.T, x *declaration.Declaration) {
	steps, err := w.Flow.Timeline(context.Background(), x.Case)
	if err != nil {
		r.Fatal(err)
	}
	handed, by := map[string]bool{}, ""
	for i := range steps {
		s := &steps[i]
		switch s.Event {
		case declaration.EventSubmit:
			handed[s.Who.String()] = true
			if s.Who.String() != "account:1" && s.Who.String() != "account:5" {
				r.Fatalf("%s handed it in", s.Who)
			}
		case declaration.EventAccept:
			by = s.Who.String()
		case declaration.EventBounce:
			by = ""
		case declaration.EventFile:
			if by == "" || handed[by] || s.Who.Kind != "system" {
				r.Fatalf("on file by %s, accepted by %q, handed in by %v", s.Who, by, handed)
			}
		}
	}
	if by != "account:2" && by != "account:3" && by != "account:5" {
		r.Fatalf("accepted by %q", by)
	}
}
