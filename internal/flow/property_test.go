package flow

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
)

// Whatever anybody tries, in whatever order, with a worker that runs or does not: no case is stuck, no deadline is lost, nobody acts outside their role, and
// nobody decides on their own.
func TestRandomEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		table := w.Table("remark")
		var events []Event
		for i := range table.Moves {
			events = append(events, table.Moves[i].Event)
		}
		people := []int64{applicant, clerk, deputy, boss, chief, stranger}
		rapid.Check(t, func(r *rapid.T) {
			w.clock.Set(at("2026-03-02 10:00").AddDate(0, 0, rapid.IntRange(0, 700).Draw(r, "begin")))
			cases := []*Case{w.open(t), w.open(t)} // two, so that hand-overs and the worker have more than one
			witnesses := []*witness{{}, {}}
			look := func() {
				for i, c := range cases {
					now, err := w.Get(t.Context(), c.ID)
					if err != nil {
						r.Fatal(err)
					}
					witnesses[i].state(r, w, now)
				}
			}
			for range rapid.IntRange(1, 35).Draw(r, "length") {
				who := rapid.SampledFrom(people).Draw(r, "who")
				c := rapid.SampledFrom(cases).Draw(r, "case")
				if rapid.IntRange(0, 4).Draw(r, "hands") == 0 {
					w.hands(t, r, c.ID, who)
				} else {
					w.move(t, r, c.ID, who, rapid.SampledFrom(events).Draw(r, "event"))
				}
				look()
			}
			for i, c := range cases {
				witnesses[i].history(r, w, c)
			}
			w.clock.Advance(3 * 366 * 24 * time.Hour)
			w.runDue(t)
			for _, c := range cases {
				end, err := w.Get(t.Context(), c.ID)
				if err != nil {
					r.Fatal(err)
				}
				if end.Open() && !end.Overdue && end.Due != 0 {
					r.Fatalf("three years later the case is %+v", end)
				}
			}
		})
	})
}

// move tries one thing: an event, a change of the clock, some days, or a turn of the worker. Only faults may refuse.
func (w *world) move(t *testing.T, r *rapid.T, id, who int64, event Event) {
	what := rapid.SampledFrom([]string{"fire", "fire", "fire", "fire", "pause", "resume", "extend", "days", "days", "back", "worker"}).Draw(r, "what")
	var err error
	switch what {
	case "days":
		w.clock.Advance(time.Duration(rapid.IntRange(1, 24*12).Draw(r, "hours")) * time.Hour)
		return
	case "back":
		w.clock.Set(w.clock.Now().Add(-time.Duration(rapid.IntRange(1, 72).Draw(r, "hours")) * time.Hour))
		return
	case "worker":
		w.runDue(t)
		return
	}
	days := rapid.IntRange(-1, 6).Draw(r, "n")
	_, err = w.do(t.Context(), who, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		switch what {
		case "pause":
			return w.Pause(ctx, tx, id, "等待材料")
		case "resume":
			return w.Resume(ctx, tx, id, "材料齐了")
		case "extend":
			return w.Extend(ctx, tx, id, days, "案情复杂")
		}
		return w.Fire(ctx, tx, id, event, Input{Reason: "经核查"})
	})
	if err != nil && fault.KindOf(err) == fault.Internal {
		r.Fatalf("%s %s: %v", what, event, err)
	}
}

// names are the accounts between whom cases change hands.
var names = []string{"", "account:2", "account:3", "account:5"}

// hands gives a case, or all of an account, to another, or names a deputy. Whatever comes of it, no deadline moves but by the clock, nothing of somebody who
// hands over is left without being counted, and a deputy's days are those that were said.
func (w *world) hands(t *testing.T, r *rapid.T, id, who int64) {
	ctx, from, to := as(t.Context(), who), rapid.SampledFrom(names).Draw(r, "from"), rapid.SampledFrom(names).Draw(r, "to")
	w.runDue(t) // so that what the clock owes does not count as moved
	before := w.allOpen(r, t)
	var err error
	switch rapid.SampledFrom([]string{"assign", "assign", "handover", "deputy"}).Draw(r, "how") {
	case "assign":
		_, err = w.do(t.Context(), who, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Assign(ctx, tx, id, to, "") })
	case "handover":
		var moved, left int
		moved, left, err = w.Handover(ctx, from, to, "调离岗位")
		has := func(list map[int64]Case, account string) (n int) {
			for _, c := range list {
				if c.Assignee == account {
					n++
				}
			}
			return n
		}
		if err == nil {
			now := w.allOpen(r, t)
			may := slices.Contains(mayDo[who], "remark.accept")
			switch {
			case moved+left != has(before, from), has(now, from) != left, !may && moved > 0, may && left > 0, has(now, to) != has(before, to)+moved:
				r.Fatalf("of %d cases %d moved, %d left; %d are still there", has(before, from), moved, left, has(now, from))
			}
		}
	case "deputy":
		today := clock.Today(w.clock)
		first := today.AddDays(rapid.IntRange(-3, 5).Draw(r, "first"))
		last := first.AddDays(rapid.IntRange(-1, 9).Draw(r, "days"))
		if err = w.SetDeputy(ctx, Deputy{Of: from, By: to, From: first, Until: last}); err == nil {
			got, err := w.Principals(ctx, to)
			if err != nil || first <= today && today <= last && !slices.Contains(got, from) || last < today {
				r.Fatalf("on %v a deputy from %v to %v looks after %v, %v", today, first, last, got, err)
			}
			if err := w.EndDeputy(ctx, from, to); err != nil {
				r.Fatal(err)
			}
			if got, _ := w.Principals(ctx, to); slices.Contains(got, from) {
				r.Fatalf("after the end: %v", got)
			}
		}
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		r.Fatalf("hands: %v", err)
	}
	for id, now := range w.allOpen(r, t) {
		if was := before[id]; was.Due != now.Due || was.c.wake != now.c.wake || was.State != now.State || was.PausedOn != now.PausedOn {
			r.Fatalf("in other hands the case moved from %+v to %+v", was, now)
		}
	}
}

// allOpen gives every open case.
func (w *world) allOpen(r *rapid.T, t *testing.T) map[int64]Case {
	out := map[int64]Case{}
	for f := (Filter{Limit: 200}); ; {
		page, err := w.Inbox(t.Context(), f)
		if err != nil {
			r.Fatal(err)
		}
		for i := range page.Cases {
			out[page.Cases[i].ID] = page.Cases[i]
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return out
		}
	}
}

// failer is a test, by itself or within a property.
type failer interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type witness struct{ version int }

// state checks a case by itself.
func (x *witness) state(r failer, w *world, c *Case) {
	table := w.Table("remark")
	human := slices.ContainsFunc(table.Leaving(c.State), func(m *Move) bool { return !m.Auto })
	s, ok := table.State(c.State)
	switch {
	case !ok:
		r.Fatalf("unknown state %s", c.State)
	case c.Version < x.version:
		r.Fatal("the case went back")
	case s.Final != !c.Open():
		r.Fatalf("final %v, open %v", s.Final, c.Open())
	case c.Open() && !human && c.c.wake == 0:
		r.Fatalf("stuck: %+v", c)
	case c.Open() && c.Due != 0 && !c.Overdue && c.PausedOn == 0 && c.c.wake != c.Due.AddDays(1):
		r.Fatalf("the deadline %v is lost: the clock wakes on %v", c.Due, c.c.wake)
	case c.PausedOn != 0 && c.c.wake != c.PauseUntil.AddDays(1):
		r.Fatalf("the pause until %v is lost: the clock wakes on %v", c.PauseUntil, c.c.wake)
	case !c.Open() && (c.Due != 0 || c.c.wake != 0 || c.Overdue || c.PausedOn != 0):
		r.Fatalf("closed with a clock: %+v", c)
	case c.Extended > c.ExtendUpTo:
		r.Fatalf("extended by %d of %d", c.Extended, c.ExtendUpTo)
	}
	x.version = c.Version
}

// history replays the steps against the table: the way, the roles, the separation, the instants, and the deadlines, counted day by day.
func (x *witness) history(r failer, w *world, c *Case) {
	list, err := w.Timeline(context.Background(), c.ID)
	if err != nil {
		r.Fatal(err)
	}
	table := w.Table("remark")
	state, last := "", time.Time{}
	did := map[Event][]int64{}
	var acts int
	err = w.db.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM audit_act WHERE entity = $1`, "case:"+dec(c.ID)).Scan(&acts)
	if err != nil || acts != len(list) {
		r.Fatalf("%d acts for %d steps, %v", acts, len(list), err)
	}
	for i, s := range list {
		if s.Seq != i+1 || s.From != state || s.At.Before(last) || s.At.After(s.Recorded) && !s.At.Equal(last) { // after a clock was put back a step stands at the instant of the one before
			r.Fatalf("step %d does not follow: %+v", i+1, s)
		}
		if !strings.HasPrefix(string(s.Event), "flow.") {
			x.step(r, table, &s, did)
		} else if s.From != s.To {
			r.Fatalf("%s changed the state", s.Event)
		}
		if s.Who.Kind == system && !s.At.Equal(s.Day.AddDays(1).Start()) && !s.At.Equal(last) {
			r.Fatalf("the clock acted at %v", s.At)
		}
		state, last = s.To, s.At
	}
	x.deadlines(r, list)
}

func (x *witness) step(r failer, table *Table, s *Step, did map[Event][]int64) {
	var m *Move
	if s.From == "" {
		m = table.Opening()
	} else {
		m = table.move(s.From, s.Event)
	}
	if m == nil || m.To != s.To || m.Auto != (s.Who.Kind == system) {
		r.Fatalf("no such way: %+v", s)
	}
	if !m.Auto && !slices.Contains(mayDo[s.Who.ID], m.May) {
		r.Fatalf("account %d took %s", s.Who.ID, s.Event)
	}
	if m.Separate {
		for _, e := range append([]Event{"write"}, m.Not...) {
			if slices.Contains(did[e], s.Who.ID) {
				r.Fatalf("account %d took %s and %s", s.Who.ID, e, s.Event)
			}
		}
	}
	if m.Reason && s.Reason == "" {
		r.Fatalf("%s without a reason", s.Event)
	}
	did[s.Event] = append(did[s.Event], s.Who.ID)
}

// deadlines counts anew, day by day, every deadline in working days that a move set and pauses and extensions moved.
func (x *witness) deadlines(r failer, list []Step) {
	cal := clock.DefaultCalendar()
	from, n := clock.Date(0), 0
	var submitted clock.Date
	for i := range list {
		s := &list[i]
		switch s.Event {
		case "submit":
			submitted = s.Day
			from, n = s.Day, 3
		case "accept":
			from, n = submitted, 10
		case "notify":
			from, n = s.Day, 5
		case EventExtend, EventResume:
			if from != 0 { // else the deadline is in days
				n += s.Days
			}
		case "note", EventOverdue, EventPause, EventAssign, EventHandover:
		default:
			from, n = 0, 0
		}
		if n == 0 {
			continue
		}
		want, left := from, n
		for left > 0 {
			if want = want.AddDays(1); cal.IsWorkday(want) {
				left--
			}
		}
		if s.Due != want {
			r.Fatalf("step %d (%s): due %v, counted %v", s.Seq, s.Event, s.Due, want)
		}
	}
}
