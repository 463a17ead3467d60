package correction_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// A penalty that two units and a person with a report were given is annulled: each hears of it once, one confirms, the other falls silent, and the subject's
// receipt says so. A correction and a return ask for what they ask for.
func TestAnAnnulmentReachesItsCopies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		at := w.file("报送", draft(1, "k", "a"), draft(1, "other", "b"))
		penalty := at[0]
		w.look(audit.Access{Who: w.unit(0), Matter: "SPJY-XK"}, 1, at...)
		w.look(audit.Access{Who: w.unit(0), Matter: "SPJY-XK", What: "check_again"}, 1, penalty)
		w.look(audit.Access{Who: w.unit(1)}, 1, at...)
		w.look(audit.Access{Who: audit.Who{Kind: "account", ID: 9}, What: audit.Own}, 1, at...) // the subject itself
		w.look(audit.Access{Who: w.unit(2), What: "objection"}, 1, at...)                       // who handles a procedure
		w.look(audit.Access{Who: audit.Who{Kind: "local"}}, 1, at...)                           // an operator
		w.look(audit.Access{Who: w.unit(2)}, 1, at[1])                                          // another record
		w.packages.sent = append(w.packages.sent, correction.Copy{At: penalty, Version: 1, To: notice.Recipient{Kind: notice.Account, ID: 55}, What: "report", Handed: start})
		if n := w.pass(); n != 0 {
			t.Errorf("%d changes before any", n)
		}
		w.clock.Advance(time.Hour)
		must(t, w.turn("异议 2026-1：处罚决定已被撤销", record.Annulled, penalty))
		if n := w.pass(); n != 1 {
			t.Errorf("%d records passed on", n)
		}
		if n := w.pass(); n != 0 {
			t.Errorf("%d records passed on once more", n)
		}

		list, next, err := w.List(ctx, correction.Filter{})
		if err != nil || len(list) != 2 || next != "" {
			t.Fatalf("%+v, %q, %v", list, next, err)
		}
		first, second := list[0], list[1]
		if first.To.ID != w.units[0].ID {
			first, second = second, first
		}
		if first.Does != correction.Stop || first.Due != 20260514 || first.N != 1 || !strings.Contains(first.Why, "被撤销") || first.Basis != "某办法第二条" {
			t.Errorf("%+v", first)
		}
		var topics []string
		for _, n := range w.told.list {
			topics = append(topics, n.To.Kind+" "+n.Topic)
			if strings.Contains(n.Body+n.Title, "异议 2026-1") {
				t.Errorf("the reason leaves the house: %s", n.Body)
			}
		}
		if diff := cmp.Diff([]string{"account correction.stop", "agency correction.stop", "agency correction.stop"}, topics); diff != "" {
			t.Error(diff)
		}

		// Nobody confirms for another unit, says nothing, or names a person.
		apply := func(ctx context.Context, id int64, note string, want error) {
			t.Helper()
			if _, err := w.Apply(ctx, id, nil, note); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		apply(w.clerk(1), first.ID, "已删除", authz.ErrDenied)
		apply(authz.With(ctx, authz.Actor{}), first.ID, "已删除", authz.ErrSignIn)
		apply(w.clerk(0), first.ID, "删", correction.ErrNote)
		apply(w.clerk(0), first.ID, "已删除 11010519491231002X 的记录", flow.ErrPersonal)
		apply(w.clerk(0), 12345, "已删除", correction.ErrNone)
		apply(w.clerk(0), first.ID, "已从窗口系统删除，未用于在办事项", nil)
		apply(w.clerk(0), first.ID, "已删除", correction.ErrApplied)
		if c, err := w.cases.Get(ctx, first.Case); err != nil || c.State != "applied" || c.Open() {
			t.Errorf("%+v, %v", c, err)
		}
		if n := w.count(`SELECT count(*) FROM audit_act WHERE action = 'correction.confirm'`); n != 1 {
			t.Errorf("%d acts", n)
		}

		// Friday: the other one is silent.
		w.clock.Set(time.Date(2026, 5, 15, 9, 0, 0, 0, clock.Zone))
		_, err = w.cases.RunDue(ctx)
		must(t, err)
		silent, _, err := w.List(ctx, correction.Filter{State: correction.Silent})
		if err != nil || len(silent) != 1 || silent[0].ID != second.ID || !silent[0].Overdue(clock.Today(w.clock)) {
			t.Errorf("%+v, %v", silent, err)
		}
		figures, err := w.Silent(ctx, clock.Today(w.clock))
		want := []correction.Silence{{Agency: w.units[0].ID, Rows: 1, Applied: 1}, {Agency: w.units[1].ID, Rows: 1, Open: 1, Silent: 1}}
		if diff := cmp.Diff(want, figures); err != nil || diff != "" {
			t.Error(diff, err)
		}
		if before, err := w.Silent(ctx, 20260511); err != nil || len(before) != 2 || before[1].Silent != 0 {
			t.Errorf("%+v, %v", before, err)
		}
		r := w.receipts(1)
		if len(r) != 1 || r[0].Record != penalty || r[0].Status != record.Annulled || r[0].Version != 2 || !strings.Contains(r[0].Why, "被撤销") || len(r[0].To) != 3 {
			t.Fatalf("%+v", r)
		}
		for _, n := range r[0].To {
			switch n.To {
			case first.To:
				if diff := cmp.Diff([]string{"check", "check_again"}, n.What); diff != "" || n.Copies != 2 || n.Matter != "SPJY-XK" || n.Applied.IsZero() || n.Note == "" || n.By != "account:100" {
					t.Errorf("%+v %s", n, diff)
				}
			case second.To:
				if !n.Silent(clock.Today(w.clock)) {
					t.Errorf("%+v", n)
				}
			default:
				if n.To.Kind != notice.Account || !n.Due.IsZero() || n.Silent(20991231) {
					t.Errorf("%+v", n)
				}
			}
		}
		if open, late, err := w.Unapplied(ctx, 1); err != nil || open != 1 || late != 1 {
			t.Errorf("%d %d %v", open, late, err)
		}

		// It is brought back: those who were told hear that too, and nothing is asked of them. What they had not applied is past.
		must(t, w.turn("撤下有误", record.Active, penalty))
		w.pass()
		back, _, err := w.List(ctx, correction.Filter{State: correction.Closed, Agencies: []int64{w.units[1].ID}})
		if err != nil || len(back) != 1 || back[0].Does != correction.Resume || back[0].Open() {
			t.Errorf("%+v, %v", back, err)
		}
		// A correction of it: the new version is to be used, and the old stop is settled with it.
		w.file("更正", draft(1, "k", "c"))
		w.pass()
		rows, _, err := w.OfUnits(ctx, correction.Since{Agencies: []int64{w.units[1].ID}, Open: true})
		if err != nil || len(rows) != 2 || rows[1].Does != correction.Replace || rows[1].Version != 4 {
			t.Fatalf("%+v, %v", rows, err)
		}
		n, err := w.ApplyRow(w.clerk(1), rows[1].ID, "已换成新的版本")
		if err != nil || n.Applied.IsZero() {
			t.Errorf("%+v, %v", n, err)
		}
		if rest, _, err := w.OfUnits(ctx, correction.Since{Agencies: []int64{w.units[1].ID}, Open: true}); err != nil || len(rest) != 0 {
			t.Errorf("%+v, %v", rest, err)
		}
		if c, err := w.cases.Get(ctx, second.Case); err != nil || c.Open() {
			t.Errorf("%+v, %v", c, err)
		}

		feed, _, err := w.Feed(ctx, 20260101, "", 10)
		var states []string
		for _, p := range feed {
			states = append(states, p.State+" "+p.Reason)
			if p.Told.Before(p.At) || clock.DateOf(p.Told) > clock.Today(w.clock) {
				t.Errorf("changed %s, passed on %s", p.At, p.Told)
			}
		}
		if diff := cmp.Diff([]string{"removed annulled", "restored ", "corrected "}, states); err != nil || diff != "" {
			t.Error(diff, err)
		}
		if later, _, err := w.Feed(ctx, 20260516, "", 10); err != nil || len(later) != 0 {
			t.Errorf("%+v, %v", later, err)
		}
		w.clock.Set(time.Date(2029, 5, 15, 9, 0, 0, 0, clock.Zone))
		if old, _, err := w.Feed(ctx, 20260101, "", 10); err != nil || len(old) != 0 {
			t.Errorf("%+v, %v", old, err)
		}
	})
}

// What is under lawful secrecy makes no line, number or word in the receipt before its day; and a line that may be shown says nothing of what may not.
func TestSecrecyHoldsInReceipts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		at := w.file("报送", draft(1, "k", "a"))[0]
		later := start.Add(48 * time.Hour)
		w.look(audit.Access{Who: w.unit(0), HiddenUntil: later}, 1, at)
		w.look(audit.Access{Who: w.unit(1), Matter: "KF-1"}, 1, at)
		w.clock.Advance(time.Minute)
		open := w.clock.Now()
		w.look(audit.Access{Who: w.unit(1), Matter: "KF-1"}, 1, at)
		w.clock.Advance(time.Minute)
		w.look(audit.Access{Who: w.unit(1), Matter: "MM-1", What: "record", HiddenUntil: later}, 1, at)
		w.clock.Advance(time.Minute)
		must(t, w.turn("修复", record.Repaired, at))
		w.pass()
		if list, _, err := w.List(ctx, correction.Filter{}); err != nil || len(list) != 2 {
			t.Errorf("the units are not told: %+v, %v", list, err)
		}
		r := w.receipts(1)
		if len(r) != 1 || len(r[0].To) != 1 || r[0].To[0].To.ID != w.units[1].ID {
			t.Fatalf("%+v", r)
		}
		if n := r[0].To[0]; n.Copies != 2 || n.Matter != "KF-1" || !n.HandedAt.Equal(open) || len(n.What) != 1 {
			t.Errorf("a line tells of a hidden look: %+v", n)
		}
		if n, _, err := w.Unapplied(ctx, 1); err != nil || n != 1 {
			t.Errorf("a hidden recipient is counted: %d, %v", n, err)
		}
		w.clock.Set(later)
		if r := w.receipts(1); len(r[0].To) != 2 {
			t.Errorf("the day has come: %+v", r)
		}
	})
}

// Many records that one act changes make one list for each unit; a list that grows while it is open stays one, and is told again after a while; rows are confirmed one
// by one, or all at once.
func TestOneActIsOneList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		w.Batch = 2
		var drafts []record.Draft
		for i := range int64(7) {
			drafts = append(drafts, draft(i+1, "k", "a"))
		}
		ids := w.file("报送", drafts...)
		for _, at := range ids {
			w.look(audit.Access{Who: w.unit(0)}, 1, at)
		}
		for i, at := range ids {
			if i == 4 {
				w.pass() // several transactions by now
				w.clock.Advance(11 * time.Minute)
			}
			must(t, w.turn("批量撤下", record.Annulled, at))
		}
		must(t, w.turn("另一件", record.Shielded, w.file("报送", draft(8, "k", "a"))...)) // nobody holds it
		if n := w.pass(); n != 4 {
			t.Errorf("%d", n)
		}
		list, _, err := w.List(ctx, correction.Filter{})
		if err != nil || len(list) != 1 || list[0].N != 7 {
			t.Fatalf("%+v, %v", list, err)
		}
		if len(w.told.list) != 2 {
			t.Errorf("told %d times", len(w.told.list))
		}
		rows, err := w.Rows(ctx, list[0].ID, 0, 3)
		if err != nil || len(rows) != 3 {
			t.Fatalf("%+v, %v", rows, err)
		}
		if _, err := w.ApplyRow(w.clerk(0), rows[1].ID, "已停止使用"); err != nil {
			t.Fatal(err)
		}
		if now, err := w.Told(ctx, list[0].ID); err != nil || now.Applied != 1 || !now.Open() {
			t.Errorf("%+v, %v", now, err)
		}
		if n, err := w.Apply(w.clerk(0), list[0].ID, nil, "已停止使用"); err != nil || n != 6 {
			t.Errorf("%d, %v", n, err)
		}
		if now, err := w.Told(ctx, list[0].ID); err != nil || now.Applied != 7 || now.Open() {
			t.Errorf("%+v, %v", now, err)
		}
	})
}

// What breaks off in the middle leaves nothing, and is passed on by whoever comes next.
func TestNothingIsPassedOnByHalf(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		at := w.file("报送", draft(1, "k", "a"))[0]
		w.look(audit.Access{Who: w.unit(0)}, 1, at)
		must(t, w.turn("撤下", record.Annulled, at))
		broken := errors.New("broken off")
		w.Ended = func(context.Context, *db.Tx, []correction.Stopped) error { return broken }
		if _, err := w.Tell(context.Background(), w.clock.Now().Add(time.Second)); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		for _, table := range []string{"correction", "correction_change", "correction_told", "correction_notice"} {
			if n := w.count(`SELECT count(*) FROM ` + table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		var ended []correction.Stopped
		w.Ended = func(_ context.Context, _ *db.Tx, list []correction.Stopped) error {
			ended = list
			return nil
		}
		if n, err := w.Tell(context.Background(), w.clock.Now().Add(-time.Minute)); n != 0 || err != nil {
			t.Errorf("%d, %v: what has not settled is passed on", n, err)
		}
		if n := w.pass(); n != 1 || len(ended) != 1 || ended[0].ID != at || ended[0].Item != "XZCF" || ended[0].Now != record.Annulled {
			t.Errorf("%d %+v", n, ended)
		}
	})
}

// A change that was made while the clock was ahead is passed on when the clock has been put back, and holds up nothing that comes after it.
func TestTheClockIsPutBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		at := w.file("filed", draft(1, "a", "x"), draft(2, "b", "y"))
		w.look(audit.Access{At: w.clock.Now(), Who: w.unit(0)}, 1, at...)
		w.pass()
		right := w.clock.Now()
		w.clock.Advance(40 * 24 * time.Hour)
		must(t, w.turn("撤下", record.Annulled, at[0]))
		w.clock.Set(right.Add(time.Hour))
		must(t, w.turn("撤下", record.Annulled, at[1]))
		w.clock.Advance(time.Minute)
		if n, err := w.Tell(context.Background(), w.clock.Now().Add(-30*time.Second)); n != 2 || err != nil {
			t.Errorf("%d passed on, %v", n, err)
		}
	})
}

// Terms are dated data: what was put in force from a day on holds for what is told on that day and later, and the shipped file before.
func TestTerms(t *testing.T) {
	t.Parallel()
	const good = "name='期限'\nbasis='某条例'\n[apply]\nworking_days=1\n[feed]\nmonths=12\n"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		book, err := correction.NewBook(d, clock.NewManual(start))
		must(t, err)
		must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return book.Apply(ctx, tx, []byte(good), 20260601, "two people")
		}))
		must(t, book.Refresh(t.Context()))
		period := correction.Periods(book)
		for day, want := range map[clock.Date]int{20190101: 3, 20260531: 3, 20260601: 1} {
			if n, unit, err := period(correction.PeriodApply, day); n != want || unit != flow.Working || err != nil {
				t.Errorf("%s: %d %s %v", day, n, unit, err)
			}
		}
		if _, _, err := period("other", 20260101); err == nil {
			t.Error("a period of nobody")
		}
	})
	for name, bad := range map[string]string{
		"nothing": "", "no TOML": "x", "no days": strings.Replace(good, "=1\n", "=0\n", 1), "too many days": strings.Replace(good, "=1\n", "=61\n", 1), "too many months": strings.Replace(good, "12", "121", 1),
		"no basis": strings.Replace(good, "某条例", " ", 1), "no name": strings.Replace(good, "name='期限'\n", "", 1), "unknown key": good + "more=1\n", "endless": good + strings.Repeat("# \n", 30_000),
	} {
		if _, err := correction.LoadTerms(strings.NewReader(bad)); !errors.Is(err, correction.ErrTerms) {
			t.Errorf("%s: %v", name, err)
		}
	}
	table := correction.Table()
	must(t, table.Check())
}

func FuzzLoadTerms(f *testing.F) {
	f.Add("name='a'\nbasis='b'\n[apply]\nworking_days=1\n[feed]\nmonths=12\n")
	f.Fuzz(func(t *testing.T, text string) {
		if x, err := correction.LoadTerms(strings.NewReader(text)); (err == nil) == (x == nil) || err != nil && !errors.Is(err, correction.ErrTerms) {
			t.Errorf("%v, %v", x, err)
		}
	})
}
