package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/id"
)

// cast is everybody who takes part in a random walk: two people of each role, who lose it and get it back.
type cast struct {
	actors []authz.Actor
	gone   map[int64]bool // locked, expired, moved away
}

func newCast() *cast {
	c := &cast{gone: map[int64]bool{}, actors: []authz.Actor{authz.SystemActor("corrections")}}
	next := int64(100)
	for _, role := range authz.Roles() {
		if !role.Valid() {
			continue
		}
		for _, unit := range []int64{3, 3, 4} {
			next++
			g := authz.Grant{Role: role, Agency: unit, Subject: 7}
			if g.Check() != nil {
				g = authz.Grant{Role: role, Agency: unit}
			}
			if g.Check() != nil {
				g = authz.Grant{Role: role, Subject: 7}
			}
			if g.Check() != nil {
				g = authz.Grant{Role: role}
			}
			c.actors = append(c.actors, authz.Actor{ID: next, Kind: authz.Account, Session: 1, Strong: true, Grants: []authz.Grant{g}})
		}
	}
	return c
}

// now gives an actor as it is now.
func (c *cast) now(a authz.Actor) authz.Actor {
	if c.gone[a.ID] {
		a.Grants = nil
	}
	return a
}

// walk is one engine with every table of the program, and what happened to it.
type walk struct {
	t      *testing.T
	app    *App
	db     *db.DB
	clock  *clock.Manual
	ids    *id.Maker
	engine *flow.Engine
	cast   *cast

	mu      sync.Mutex
	overdue map[int64]int
}

// start begins the program anew over the same database, as after a crash.
func (w *walk) start(cal *clock.Calendar) {
	w.engine = flow.New(flow.Config{
		DB: w.db, IDs: w.ids, Clock: w.clock, Calendar: cal, Log: audit.New(audit.Config{DB: w.db, IDs: w.ids, Clock: w.clock}), Who: asker, May: w.app.mayStep, Periods: w.app.periods(),
		AsSystem: func(ctx context.Context) context.Context { return authz.With(ctx, authz.SystemActor("flow")) },
		Overdue: func(_ context.Context, _ *db.Tx, c *flow.Case) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.overdue[c.ID]++
			return nil
		},
	})
	for _, table := range w.app.Procedures.Flow.Tables() {
		must(w.t, w.engine.Register(*table, flow.Hooks{}))
	}
}

func (w *walk) do(a authz.Actor, what func(ctx context.Context, tx *db.Tx) (*flow.Case, error)) (c *flow.Case, err error) {
	err = w.db.Tx(authz.With(context.Background(), w.cast.now(a)), func(ctx context.Context, tx *db.Tx) error {
		c, err = what(ctx, tx)
		return err
	})
	return c, err
}

// open opens a case by the first who may.
func (w *walk) open(r *rapid.T, table *flow.Table) *flow.Case {
	for _, a := range w.cast.actors {
		c, err := w.do(a, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Open(ctx, tx, flow.NewCase{Kind: table.Kind, Ref: "1", Subject: 7, Agency: 3, Region: "990101", Title: "一件样例", Input: flow.Input{Reason: "经核查"}})
		})
		switch {
		case err == nil:
			return c
		case fault.KindOf(err) == fault.Internal:
			r.Fatalf("%s: %v", table.Kind, err)
		}
	}
	r.Fatalf("%s: nobody of any role may open one", table.Kind)
	return nil
}

// step tries one thing. Only faults may refuse.
func (w *walk) step(r *rapid.T, table *flow.Table, c *flow.Case) {
	who := rapid.SampledFrom(w.cast.actors).Draw(r, "who")
	fire := func(a authz.Actor, event flow.Event, seen int) error {
		_, err := w.do(a, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Fire(ctx, tx, c.ID, event, flow.Input{Reason: "经核查", Seen: seen})
		})
		return err
	}
	now, err := w.engine.Get(context.Background(), c.ID)
	if err != nil {
		r.Fatal(err)
	}
	leaving := table.Leaving(now.State)
	event := rapid.SampledFrom(table.Moves).Draw(r, "event").Event
	if len(leaving) > 0 && rapid.IntRange(0, 3).Draw(r, "aimed") > 0 { // else few walks come far
		m := rapid.SampledFrom(leaving).Draw(r, "move")
		event = m.Event
		able := slices.DeleteFunc(slices.Clone(w.cast.actors), func(a authz.Actor) bool {
			return w.app.mayStep(authz.With(context.Background(), w.cast.now(a)), m.May, now) != nil
		})
		if !m.Auto && len(able) > 0 {
			who = rapid.SampledFrom(able).Draw(r, "able")
		}
	}
	what := rapid.SampledFrom([]string{"fire", "fire", "fire", "fire", "both", "pause", "resume", "extend", "assign", "handover", "deputy", "days", "days", "back", "worker", "restart", "leave", "calendar"}).Draw(r, "what")
	switch what {
	case "fire":
		err = fire(who, event, 0)
	case "both": // two people decide on what they both see
		w.both(r, now, who, fire, event)
	case "pause":
		_, err = w.do(who, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Pause(ctx, tx, c.ID, "等待材料")
		})
	case "resume":
		_, err = w.do(who, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Resume(ctx, tx, c.ID, "材料齐了")
		})
	case "extend":
		n := rapid.IntRange(-1, 30).Draw(r, "n")
		_, err = w.do(who, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Extend(ctx, tx, c.ID, n, "案情复杂")
		})
	case "assign":
		_, err = w.do(who, func(ctx context.Context, tx *db.Tx) (*flow.Case, error) {
			return w.engine.Assign(ctx, tx, c.ID, "account:101", "")
		})
	case "handover":
		_, _, err = w.engine.Handover(authz.With(context.Background(), w.cast.now(who)), "account:101", "account:102", "调离岗位")
	case "deputy":
		today := clock.Today(w.clock)
		err = w.engine.SetDeputy(authz.With(context.Background(), w.cast.now(who)), flow.Deputy{Of: "account:101", By: who.Who(0).String(), From: today, Until: today.AddDays(3)})
	case "days":
		w.clock.Advance(time.Duration(rapid.IntRange(1, 24*12).Draw(r, "hours")) * time.Hour)
	case "back":
		w.clock.Set(w.clock.Now().Add(-time.Duration(rapid.IntRange(1, 72).Draw(r, "hours")) * time.Hour))
	case "worker":
		_, err = w.engine.RunDue(context.Background())
	case "restart":
		w.start(clock.DefaultCalendar())
	case "leave":
		w.cast.gone[who.ID] = !w.cast.gone[who.ID]
	case "calendar":
		more, err := clock.LoadCalendar(strings.NewReader(holidays2027))
		must(w.t, err)
		if _, err := w.engine.SetCalendar(context.Background(), clock.DefaultCalendar().With(more)); err != nil {
			r.Fatal(err)
		}
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		r.Fatalf("%s %s: %v", what, event, err)
	}
}

// both lets two fire at once on the version they see: at most one gets through.
func (w *walk) both(r *rapid.T, now *flow.Case, who authz.Actor, fire func(authz.Actor, flow.Event, int) error, event flow.Event) {
	other := rapid.SampledFrom(w.cast.actors).Draw(r, "other")
	var failed [2]error
	var wg sync.WaitGroup
	for i, a := range []authz.Actor{who, other} {
		wg.Go(func() { failed[i] = fire(a, event, now.Version) })
	}
	wg.Wait()
	if failed[0] == nil && failed[1] == nil {
		r.Fatalf("two took %s on the same version", event)
	}
	for _, err := range failed {
		if err != nil && fault.KindOf(err) == fault.Internal {
			r.Fatalf("at once %s: %v", event, err)
		}
	}
}

// holds checks a case by itself: it is where its table knows, and something or somebody moves it on.
func (w *walk) holds(r *rapid.T, table *flow.Table, id int64) {
	c, err := w.engine.Get(context.Background(), id)
	if err != nil {
		r.Fatal(err)
	}
	s, ok := table.State(c.State)
	human := slices.ContainsFunc(table.Leaving(c.State), func(m *flow.Move) bool { return !m.Auto })
	switch {
	case !ok || s.Final == c.Open():
		r.Fatalf("%s: in %s, open %v", table.Kind, c.State, c.Open())
	case c.Open() && !human && c.Due == 0:
		r.Fatalf("%s: stuck in %s", table.Kind, c.State)
	case !c.Open() && (c.Due != 0 || c.PausedOn != 0):
		r.Fatalf("%s: closed with a clock: %+v", table.Kind, c)
	case c.Extended > c.ExtendUpTo:
		r.Fatalf("%s: extended by %d of %d", table.Kind, c.Extended, c.ExtendUpTo)
	}
}

// history replays a case: the way, the roles, the separation, the instants, the acts in the log, and who heard of what is overdue.
func (w *walk) history(r *rapid.T, table *flow.Table, id int64, acted map[int64]map[string]bool) {
	list, err := w.engine.Timeline(context.Background(), id)
	if err != nil {
		r.Fatal(err)
	}
	var acts int
	if err := w.db.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM audit_act WHERE entity = $1`, fmt.Sprint("case:", id)).Scan(&acts); err != nil || acts != len(list) {
		r.Fatalf("%s: %d acts for %d steps, %v", table.Kind, acts, len(list), err)
	}
	state, last, late := "", time.Time{}, 0
	did := map[flow.Event][]int64{}
	for i := range list {
		s := &list[i]
		if s.Seq != i+1 || s.From != state || s.At.Before(last) {
			r.Fatalf("%s: step %d does not follow: %+v", table.Kind, i+1, s)
		}
		if s.Event == flow.EventOverdue {
			late++
		}
		if m := moveOf(table, s); m != nil {
			if m.Auto && s.Who.Kind != "system" { // what is not automatic may be a machine's too, where the table of permissions says so
				r.Fatalf("%s: %s by %s", table.Kind, s.Event, s.Who.Kind)
			}
			if !m.Auto && !acted[s.Who.ID][m.May] {
				r.Fatalf("%s: account %d took %s", table.Kind, s.Who.ID, s.Event)
			}
			for _, e := range append([]flow.Event{table.Opening().Event}, m.Not...) {
				if m.Separate && slices.Contains(did[e], s.Who.ID) {
					r.Fatalf("%s: account %d took %s and %s", table.Kind, s.Who.ID, e, s.Event)
				}
			}
			did[s.Event] = append(did[s.Event], s.Who.ID)
		} else if s.From != s.To || !strings.HasPrefix(string(s.Event), "flow.") {
			r.Fatalf("%s: no such way: %+v", table.Kind, s)
		}
		state, last = s.To, s.At
	}
	if w.overdue[id] < late {
		r.Fatalf("%s: overdue %d times, told %d times", table.Kind, late, w.overdue[id])
	}
}

func moveOf(table *flow.Table, s *flow.Step) *flow.Move {
	for i := range table.Moves {
		m := &table.Moves[i]
		if m.Event == s.Event && m.To == s.To && (s.From == "" && len(m.From) == 0 || slices.Contains(m.From, s.From)) {
			return m
		}
	}
	return nil
}

// powers says which actions the cast could ever take on the walk's cases.
func (w *walk) powers() map[int64]map[string]bool {
	out := map[int64]map[string]bool{}
	for _, a := range w.cast.actors {
		out[a.ID] = map[string]bool{}
		for _, act := range authz.Actions() {
			err := w.app.mayStep(authz.With(context.Background(), a), string(act), &flow.Case{Agency: 3, Region: "990101", Subject: 7, Author: "account:" + fmt.Sprint(a.ID)})
			other := w.app.mayStep(authz.With(context.Background(), a), string(act), &flow.Case{Agency: 3, Region: "990101", Subject: 7, Author: "account:1"})
			out[a.ID][string(act)] = err == nil || other == nil
		}
	}
	return out
}

// Every procedure of the program, on both engines: whatever people of any role try, also two at once, in whatever order, with holidays that become known late, pauses,
// extensions, hand-overs, deputies, people who lose their roles, a clock that is put back and a program that begins anew: no case is stuck, no deadline is lost, and
// nobody acts outside their role. The tables are those that run, without what their features do: a table that is added is walked too.
func TestEveryProcedureUnderRandomEvents(t *testing.T) {
	t.Parallel()
	a, _ := newApp(t, nil)
	tables := a.Procedures.Flow.Tables()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &walk{t: t, app: a, db: d, clock: clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)), cast: newCast(), overdue: map[int64]int{}}
		w.ids = id.NewMaker(w.clock.Now)
		powers := w.powers()
		reached := map[string]bool{}
		rapid.Check(t, func(r *rapid.T) {
			w.cast.gone = map[int64]bool{}
			w.clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone).AddDate(0, 0, rapid.IntRange(0, 330).Draw(r, "begin")))
			w.start(clock.DefaultCalendar())
			table := rapid.SampledFrom(tables).Draw(r, "table")
			c := w.open(r, table)
			for range rapid.IntRange(1, 25).Draw(r, "length") {
				w.step(r, table, c)
				w.holds(r, table, c.ID)
			}
			w.history(r, table, c.ID, powers)
			w.start(clock.DefaultCalendar())
			w.clock.Advance(6 * 366 * 24 * time.Hour)
			if _, err := w.engine.RunDue(context.Background()); err != nil {
				r.Fatal(err)
			}
			end, err := w.engine.Get(context.Background(), c.ID)
			if err != nil || end.Open() && end.Due != 0 && !end.Overdue && end.Due < clock.Today(w.clock) || end.PausedOn != 0 {
				r.Fatalf("six years later the case is %+v, %v", end, err)
			}
			w.history(r, table, c.ID, powers)
			reached[table.Kind] = true
		})
		for _, table := range tables {
			if !reached[table.Kind] && !t.Failed() {
				t.Errorf("%s was not walked", table.Kind)
			}
		}
	})
}
