package flow

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// The dates are those of the calendar's own table: Monday 2 March 2026, no holiday near.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.open(t)
		due := func(want clock.Date) {
			t.Helper()
			if c.Due != want {
				t.Errorf("due %v, want %v", c.Due, want)
			}
		}
		due(20260402) // a month
		c = w.fire(t, applicant, c, "submit")
		due(20260305)
		w.clock.Set(at("2026-03-03 09:00"))
		c = w.fire(t, clerk, c, "accept")
		due(20260316) // ten working days from the submission, not from the acceptance
		w.clock.Set(at("2026-03-04 09:00"))
		pause := func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return w.Pause(ctx, tx, c.ID, "等待申请人补正材料")
		}
		resume := func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return w.Resume(ctx, tx, c.ID, "材料已经补正")
		}
		w.refused(t, ErrRunning, c, clerk, resume)
		w.refused(t, errMayNot, c, applicant, pause)
		w.refused(t, ErrReason, c, clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Pause(ctx, tx, c.ID, " ") })
		c = must(t)(w.do(t.Context(), clerk, pause))
		w.refused(t, ErrPaused, c, clerk, pause)
		if days, ok := w.Left(c); ok {
			t.Errorf("a paused case has %d days left", days)
		}
		w.clock.Set(at("2026-03-09 16:00")) // Thursday, Friday and Monday are gone
		c = must(t)(w.do(t.Context(), clerk, resume))
		due(20260319)
		extend := func(n int) func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Extend(ctx, tx, c.ID, n, "案情复杂") }
		}
		w.refused(t, ErrExtend, c, clerk, extend(6))
		w.refused(t, ErrExtend, c, clerk, extend(0))
		w.refused(t, errMayNot, c, boss, extend(1))
		c = must(t)(w.do(t.Context(), clerk, extend(3)))
		due(20260324)
		w.refused(t, ErrExtend, c, clerk, extend(3))
		c = must(t)(w.do(t.Context(), clerk, extend(2)))
		due(20260326)
		c = w.fire(t, clerk, c, "note") // the deadline goes on
		due(20260326)
		if days, ok := w.Left(c); !ok || days != 13 {
			t.Errorf("%d working days left, %v", days, ok)
		}
		w.clock.Set(at("2026-03-27 00:00"))
		if n := w.runDue(t); n != 1 {
			t.Errorf("%d steps at the midnight after the last day", n)
		}
		c, _ = w.Get(t.Context(), c.ID)
		if days, ok := w.Left(c); !ok || days != -1 {
			t.Errorf("%d days left, %v", days, ok)
		}
		if !c.Overdue || c.State != "accepted" {
			t.Errorf("the case is %+v", c)
		}
		w.refused(t, ErrLapsed, c, clerk, extend(1))
		w.refused(t, ErrLapsed, c, clerk, pause)
		if n := w.runDue(t); n != 0 {
			t.Errorf("overdue a second time: %d", n)
		}
		c = w.fire(t, clerk, c, "notify")
		if c.Overdue || c.Due != 20260403 {
			t.Errorf("the next deadline is %v, overdue %v", c.Due, c.Overdue)
		}
		list := w.timeline(t, c)
		if !list[len(list)-1].Late || list[len(list)-2].Event != EventOverdue {
			t.Errorf("the timeline ends %+v", list[len(list)-2:])
		}
	})
}

func must(t testing.TB) func(*Case, error) *Case {
	t.Helper()
	return func(c *Case, err error) *Case {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// A pause that nobody ends, ends by itself after fifteen working days; the deadline moves by just those.
func TestPauseEndsByItself(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept")
		c = must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Pause(ctx, tx, c.ID, "等待材料") }))
		if c.PauseUntil != 20260323 {
			t.Errorf("the pause is until %v", c.PauseUntil)
		}
		w.clock.Set(at("2026-03-23 23:59"))
		if n := w.runDue(t); n != 0 {
			t.Fatalf("%d steps too early", n)
		}
		w.clock.Set(at("2026-03-28 08:00"))
		if n := w.runDue(t); n != 1 {
			t.Fatalf("%d steps", n)
		}
		c = must(t)(w.Get(t.Context(), c.ID))
		want := clock.DefaultCalendar().AddWorkdays(20260302, 25)
		if c.PausedOn != 0 || c.Due != want {
			t.Errorf("paused on %v, due %v, want %v", c.PausedOn, c.Due, want)
		}
		list := w.timeline(t, c)
		if s := list[len(list)-1]; s.Days != 15 || !s.At.Equal(at("2026-03-24 00:00")) || !s.Recorded.Equal(at("2026-03-28 08:00")) {
			t.Errorf("the pause ended %+v", s)
		}
	})
}

// A clock that was put back after a pause does not let the next step end the pause before it began.
func TestClockPutBackDuringPause(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept")
		due := c.Due
		c = must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Pause(ctx, tx, c.ID, "等待材料") }))
		w.clock.Set(at("2026-02-27 10:00"))
		c = w.fire(t, applicant, c, "withdraw")
		list := w.timeline(t, c)
		for i := 1; i < len(list); i++ {
			if list[i].At.Before(list[i-1].At) {
				t.Errorf("step %d at %v lies before step %d at %v", i+1, list[i].At, i, list[i-1].At)
			}
		}
		if s := list[len(list)-2]; s.Event != EventResume || s.Days != 0 || s.Due != due || !s.Recorded.Equal(at("2026-02-27 10:00")) {
			t.Errorf("the pause ended %+v, want the deadline %v", s, due)
		}
	})
}

// A server that was down writes the history of one that was not, but for the instants of writing.
func TestDownTimeChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		begin := func() *Case {
			w.clock.Set(at("2026-09-28 15:00")) // the National Day lies ahead
			return w.fire(t, clerk, w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept"), "notify")
		}
		history := func(c *Case) []Step {
			list := w.timeline(t, c)
			for i := range list {
				list[i].Case, list[i].Recorded = 0, time.Time{}
			}
			return list
		}
		down := begin()
		up := begin()
		if down.Due != 20261010 { // 29 and 30 September, 8, 9 and Saturday 10 October are worked
			t.Errorf("due %v", down.Due)
		}
		for day := clock.Date(20260928); day <= 20261130; day = day.AddDays(1) {
			w.clock.Set(day.Start().Add(time.Minute))
			// up is run by itself: lapse is what RunDue does with one case.
			c, err := w.Get(t.Context(), up.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c.c.wake != 0 && c.c.wake <= day {
				if n, err := w.lapse(t.Context(), []int64{up.ID}); n != 1 || err != nil {
					t.Fatalf("%d steps, %v", n, err)
				}
			}
		}
		if n := w.runDue(t); n != 2 {
			t.Fatalf("%d steps after the down time, want the lapse and the close", n)
		}
		if diff := cmp.Diff(history(up), history(down)); diff != "" {
			t.Errorf("down time shows (-up +down):\n%s", diff)
		}
		list := w.timeline(t, down)
		lapse, closed := list[len(list)-2], list[len(list)-1]
		due := clock.DefaultCalendar().AddWorkdays(20260928, 5)
		if !lapse.At.Equal(due.AddDays(1).Start()) || lapse.Day != due || !closed.At.Equal(due.AddDays(8).Start()) || lapse.Late || closed.To != "decided" {
			t.Errorf("lapse %+v, close %+v", lapse, closed)
		}
		if !lapse.Recorded.Equal(at("2026-11-30 00:01")) {
			t.Errorf("recorded %v", lapse.Recorded)
		}
	})
}

// Who comes after the midnight, but before a worker, finds the step of the clock taken.
func TestNobodyIsFasterThanTheClock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.fire(t, clerk, w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept"), "notify") // until 9 March
		w.clock.Set(at("2026-03-10 00:00"))
		w.refusedFire(t, ErrStep, c, clerk, "hear")
		if len(w.told) == 0 {
			t.Fatal("no hook was called")
		}
		w.told = nil
		got := w.fire(t, chief, c, "decide") // leaves the state that the lapse led to
		if got.State != "decided" || got.Open() {
			t.Errorf("the case is %+v", got)
		}
		var events []Event
		for _, s := range w.told {
			events = append(events, s.Event)
		}
		if diff := cmp.Diff([]Event{"lapse", "decide"}, events); diff != "" {
			t.Errorf("hooks (-want +got):\n%s", diff)
		}
		if n := w.runDue(t); n != 0 {
			t.Errorf("the clock fired %d times more", n)
		}
	})
}

// Two workers at once take each step once.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		const n = 12
		var cases []*Case
		for range n {
			cases = append(cases, w.fire(t, clerk, w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept"), "notify"))
		}
		w.clock.Set(at("2026-03-10 08:00"))
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 3 {
			other := newWorld(t, d) // an engine of its own, as in another process
			other.clock.Set(w.clock.Now())
			wg.Go(func() {
				got, err := other.RunDue(context.WithoutCancel(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				if taken += got; err != nil {
					t.Errorf("RunDue: %v", err)
				}
			})
		}
		wg.Wait()
		if taken != n {
			t.Errorf("%d steps taken, want %d", taken, n)
		}
		for _, c := range cases {
			if list := w.timeline(t, c); len(list) != 5 || list[4].Event != "lapse" {
				t.Errorf("the timeline has %d steps and ends with %s", len(list), list[len(list)-1].Event)
			}
		}
	})
}

// A case whose feature fails stays, and holds up no other.
func TestRunDueGoesOnPastAFailure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		bad, good := w.open(t), w.open(t)
		w.clock.Set(at("2026-04-03 08:00"))
		boom := errors.New("boom")
		w.fail = func(c *Case, _ Step) error {
			if c.ID == bad.ID {
				return boom
			}
			return nil
		}
		n, err := w.RunDue(t.Context())
		if n != 1 || !errors.Is(err, boom) {
			t.Errorf("RunDue = %d, %v", n, err)
		}
		b, g := must(t)(w.Get(t.Context(), bad.ID)), must(t)(w.Get(t.Context(), good.ID))
		if b.State != "draft" || b.Version != 1 || g.State != "dropped" {
			t.Errorf("bad is %s at %d, good %s", b.State, b.Version, g.State)
		}
		w.fail = nil
		if n := w.runDue(t); n != 1 {
			t.Errorf("the next turn took %d", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.open(t)
		w.refusedFire(t, errMayNot, c, stranger, "submit")
		w.refusedFire(t, ErrStep, c, clerk, "accept")
		w.refusedFire(t, ErrStep, c, clerk, "dance")
		w.refusedFire(t, ErrAuto, c, clerk, "drop")
		c = w.fire(t, applicant, c, "submit")
		w.refusedFire(t, errMayNot, c, boss, "accept")
		fire := func(in Input) func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Fire(ctx, tx, c.ID, "refuse", in) }
		}
		w.refused(t, ErrReason, c, clerk, fire(Input{}))
		w.refused(t, ErrPersonal, c, clerk, fire(Input{Reason: "当事人11010519491231002X不符"}))
		w.refused(t, ErrPersonal, c, clerk, fire(Input{Reason: "不符合条件", Note: "见11010519491231002X"}))
		w.refused(t, ErrText, c, clerk, fire(Input{Reason: strings.Repeat("长", 2001)}))
		w.refused(t, ErrAt, c, clerk, fire(Input{Reason: "不符合条件", At: at("2026-03-02 10:01")}))
		w.refused(t, ErrAt, c, clerk, fire(Input{Reason: "不符合条件", At: at("2026-03-02 09:59")}))
		w.refused(t, ErrChanged, c, clerk, fire(Input{Reason: "不符合条件", Seen: 1}))
		w.refused(t, ErrFileNone, c, clerk, fire(Input{Reason: "不符合条件", Attachments: []string{strings.Repeat("a", 64)}}))
		c = must(t)(w.do(t.Context(), clerk, fire(Input{Reason: "不符合条件", Seen: 2})))
		w.refusedFire(t, ErrClosed, c, clerk, "accept")
		w.refused(t, ErrNone, nil, clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Fire(ctx, tx, 1, "accept", Input{}) })
		for name, n := range map[string]NewCase{"kind": {Kind: "none", Title: "标题"}, "title": {Kind: "remark"}, "personal": {Kind: "remark", Title: "关于11010519491231002X"}} {
			if _, err := w.do(t.Context(), applicant, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Open(ctx, tx, n) }); err == nil {
				t.Errorf("%s: opened", name)
			}
		}
	})
}

// The chief may accept and decide by role, but not both in one case, by no login and by no key; and nobody at the command line counts as somebody else.
func TestSeparation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.fire(t, chief, w.fire(t, applicant, w.open(t), "submit"), "accept")
		c = w.fire(t, clerk, c, "notify")
		c = w.fire(t, deputy, c, "hear")
		w.refusedFire(t, ErrSeparate, c, chief, "decide")
		err := w.db.Tx(context.WithValue(t.Context(), whoKey{}, audit.Who{Kind: "key", ID: chief}), func(ctx context.Context, tx *db.Tx) error {
			_, err := w.Fire(ctx, tx, c.ID, "decide", Input{Reason: "经核查，理由成立"})
			return err
		})
		if !errors.Is(err, ErrSeparate) {
			t.Errorf("with a key: %v", err)
		}
		may := w.May
		w.May = func(context.Context, string, *Case) error { return nil } // an operator may do much
		w.refusedFire(t, ErrPerson, c, 0, "decide")
		w.May = may
		if list, err := w.Could(as(t.Context(), chief), c); err != nil || len(list) != 0 {
			t.Errorf("the chief is offered %v, %v", list, err)
		}
		list, err := w.Could(as(t.Context(), boss), c)
		if err != nil || len(list) != 1 || list[0].Event != "decide" {
			t.Errorf("the boss is offered %v, %v", list, err)
		}
		w.fire(t, boss, c, "decide")
	})
}

// Timelines are read by people who know nothing of states and events.
func TestTimelineIsPlain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	c := w.fire(t, applicant, w.open(t), "submit")
	w.clock.Set(at("2026-03-03 14:30"))
	c = w.fire(t, clerk, c, "accept")
	c = must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		return w.Extend(ctx, tx, c.ID, 2, "需要其他部门协助")
	}))
	c = w.fire(t, clerk, c, "notify")
	w.clock.Set(at("2026-04-01 08:00"))
	w.runDue(t)
	var got []string
	for _, s := range w.timeline(t, c) {
		got = append(got, s.Public().Sentence())
	}
	want := []string{
		"2026-03-02 10:00，申请人办理“起草”，现在是“草稿”。下一步最迟在 2026-04-02 办结（1 个月）。",
		"2026-03-02 10:00，申请人提交了申请。下一步最迟在 2026-03-05 办结（3 个工作日）。理由：经核查，理由成立。",
		"2026-03-03 14:30，经办人办理“受理”，现在是“已受理”。下一步最迟在 2026-03-16 办结（10 个工作日）。理由：经核查，理由成立。",
		"2026-03-03 14:30，经办人把期限延长 2 个工作日。期限到 2026-03-18。理由：需要其他部门协助。",
		"2026-03-03 14:30，经办人办理“告知”，现在是“已告知”。下一步最迟在 2026-03-10 办结（5 个工作日）。理由：经核查，理由成立。",
		"2026-03-10 24:00，期限届满，自动转为“可以决定”。下一步最迟在 2026-03-17 办结（7 日）。",
		"2026-03-17 24:00，期限届满，自动转为“已决定”。",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// New holiday tables move the deadlines that are running.
func TestNewCalendarMovesDeadlines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.clock.Set(at("2026-12-30 10:00"))
		c := w.fire(t, applicant, w.open(t), "submit")
		if c.Due != 20270104 || !c.Provisional {
			t.Fatalf("due %v, provisional %v", c.Due, c.Provisional)
		}
		year, err := clock.LoadCalendar(strings.NewReader("year = 2027\ndocument = \"测试用\"\n[[off]]\nname = \"元旦\"\nfrom = \"2027-01-01\"\nto = \"2027-01-04\"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.SetCalendar(t.Context(), clock.DefaultCalendar().With(year)); n != 1 || err != nil {
			t.Fatalf("%d moved, %v", n, err)
		}
		c = must(t)(w.Get(t.Context(), c.ID))
		if c.Due != 20270106 || c.Provisional {
			t.Errorf("due %v, provisional %v", c.Due, c.Provisional)
		}
		w.clock.Set(at("2027-01-07 00:00"))
		if n := w.runDue(t); n != 1 {
			t.Errorf("%d steps on the new day", n)
		}
	})
}
