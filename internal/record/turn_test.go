package record_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

func turn(t *testing.T, d *db.DB, s *record.Store, at time.Time, list ...record.Turn) ([]record.Outcome, error) {
	t.Helper()
	var out []record.Outcome
	err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.Turn(ctx, tx, list, record.Change{At: at, Actor: "test", Basis: "某办法第一条", Why: "test"})
		return err
	})
	return out, err
}

// only gives the record of a subject that has one.
func only(t *testing.T, d *db.DB, s *record.Store, subject int64) record.Version {
	t.Helper()
	list, err := s.StandingOf(context.Background(), d.Read(), subject)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	if list[0].Body != "" {
		t.Error("what procedures decide on holds a body")
	}
	return list[0]
}

// A procedure's outcome stays whatever the source files again; only what the law knows leads from one status to another; and every step tells the holders of copies.
func TestTurn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := newStore(d)
		apply(t, d, s, start, draft(1, "k", "a"))
		at := only(t, d, s, 1).ID
		if out, err := turn(t, d, s, start, record.Turn{ID: record.ID{Subject: 9, Key: 9}, To: record.Repaired}); err != nil || out[0] != record.Absent {
			t.Errorf("nobody's record: %v, %v", out, err)
		}
		if list, err := s.Events(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("events of a first filing: %+v, %v", list, err)
		}
		out, err := turn(t, d, s, start.Add(time.Hour), record.Turn{ID: at, To: record.Repaired})
		if err != nil || out[0] != record.Turned {
			t.Fatal(out, err)
		}
		if diff := cmp.Diff([]string{"v2 repaired a"}, bodies(t, s, record.Query{Subject: 1})); diff != "" {
			t.Error(diff)
		}
		if combos, err := s.Combinations(ctx, "XZCF"); err != nil || len(combos) != 0 {
			t.Errorf("a repaired record is in a column: %+v, %v", combos, err)
		}
		if out := apply(t, d, s, start.Add(2*time.Hour), draft(1, "k", "a")); out[0] != record.Unchanged {
			t.Errorf("filed again: %v", out)
		}
		if out := apply(t, d, s, start.Add(2*time.Hour), draft(1, "k", "b")); out[0] != record.Updated {
			t.Errorf("corrected: %v", out)
		}
		if v := only(t, d, s, 1); v.Status != record.Repaired || v.Listed || v.Number != 3 {
			t.Errorf("a correction undid the repair: %+v", v)
		}
		if out, err := turn(t, d, s, start.Add(3*time.Hour), record.Turn{ID: at, To: record.Active}); err != nil || out[0] != record.Turned {
			t.Fatal(out, err)
		}
		if v := only(t, d, s, 1); v.Status != record.Active || !v.Listed || v.Action != "restored" {
			t.Errorf("brought back: %+v", v)
		}
		end := clock.Date(20290510)
		for _, step := range []struct {
			to   record.Status
			want error
		}{{record.Withdrawn, record.ErrTurn}, {record.Ended, nil}, {record.Active, record.ErrTurn}, {record.Repaired, record.ErrTurn}} {
			if _, err := turn(t, d, s, start.Add(4*time.Hour), record.Turn{ID: at, To: step.to}); !errors.Is(err, step.want) {
				t.Errorf("to %s: %v", step.to, err)
			}
		}
		longer := draft(1, "k", "c")
		longer.PublicUntil = end
		apply(t, d, s, start.Add(5*time.Hour), longer)
		if v := only(t, d, s, 1); v.Status != record.Active || v.PublicUntil != end {
			t.Errorf("a correction that lengthens the period: %+v", v)
		}
		events, err := s.Events(ctx, 10)
		if err != nil || len(events) != 5 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if e := events[0]; len(e.Records) != 1 || e.Records[0] != (record.Changed{ID: at, Number: 2, Status: record.Repaired}) || e.Basis != "某办法第一条" {
			t.Errorf("%+v", e)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.DropEvents(ctx, tx, events[0].ID, events[1].ID) })
		if left, err2 := s.Events(ctx, 10); err != nil || err2 != nil || len(left) != 3 {
			t.Errorf("%d left, %v, %v", len(left), err, err2)
		}
	})
}

// Whatever is filed and turned in whatever order: a listed record is in force, the columns count the listed ones, versions number without gaps, and every past
// answer stays.
func TestTurnsKeepTheRegister(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		subject, s := int64(0), newStore(d) // one maker of ids: its clock stands still
		rapid.Check(t, func(r *rapid.T) {
			subject++
			at, was := start, map[time.Time]string{}
			state := func(then time.Time) string {
				out := bodies(t, s, record.Query{Subject: subject, AsOf: then})
				if len(out) == 0 {
					return ""
				}
				return out[0]
			}
			for range rapid.IntRange(1, 8).Draw(r, "steps") {
				at = at.Add(time.Minute)
				if rapid.Bool().Draw(r, "file") {
					apply(t, d, s, at, draft(subject, "k", rapid.SampledFrom([]string{"a", "b"}).Draw(r, "body")))
				} else if list, _ := s.StandingOf(context.Background(), d.Read(), subject); len(list) == 1 {
					to := rapid.SampledFrom([]record.Status{record.Active, record.Repaired, record.Annulled, record.Ended, record.Shielded}).Draw(r, "to")
					if _, err := turn(t, d, s, at, record.Turn{ID: list[0].ID, To: to}); err != nil && !errors.Is(err, record.ErrTurn) {
						r.Fatal(err)
					}
				}
				was[at] = state(time.Time{})
			}
			for then, want := range was {
				if got := state(then); got != want {
					r.Fatalf("as of %v: %q, was %q", then, got, want)
				}
			}
			for _, v := range must(s.StandingOf(context.Background(), d.Read(), subject)) {
				marks, err := s.History(context.Background(), v.ID)
				if err != nil || len(marks) != v.Number || v.Listed != (v.Status == record.Active) {
					r.Fatalf("%+v: %d versions, %v", v, len(marks), err)
				}
			}
			var listed, counted int
			if err := d.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM record WHERE listed = 1`).Scan(&listed); err != nil {
				r.Fatal(err)
			}
			if err := d.Read().QueryRowContext(context.Background(), `SELECT coalesce(sum(n), 0) FROM record_facet`).Scan(&counted); err != nil || listed != counted {
				r.Fatalf("%d listed, %d counted, %v", listed, counted, err)
			}
		})
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A mark stands from its instant on, at every reading of the record, until all that set it have lifted it.
func TestMarks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := newStore(d)
		apply(t, d, s, start, draft(1, "k", "a"))
		at := only(t, d, s, 1).ID
		mark := func(do func(ctx context.Context, tx *db.Tx) error) {
			t.Helper()
			if err := d.Tx(ctx, do); err != nil {
				t.Fatal(err)
			}
		}
		hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
		mark(func(ctx context.Context, tx *db.Tx) error {
			return s.SetMark(ctx, tx, at, record.Disputed, "x1", hour(1))
		})
		mark(func(ctx context.Context, tx *db.Tx) error {
			return s.SetMark(ctx, tx, at, record.Disputed, "x2", hour(2))
		})
		mark(func(ctx context.Context, tx *db.Tx) error {
			return s.ClearMark(ctx, tx, at, record.Disputed, "x1", hour(3))
		})
		if v := only(t, d, s, 1); !v.Disputed {
			t.Error("one of two objections ended and the mark is gone")
		}
		marks, err := s.MarksOf(ctx, d.Read(), []record.ID{at, at})
		if err != nil || len(marks[at]) != 1 || marks[at][0].Ref != "x2" {
			t.Errorf("%+v, %v", marks, err)
		}
		mark(func(ctx context.Context, tx *db.Tx) error {
			return s.ClearMark(ctx, tx, at, record.Disputed, "x2", hour(4))
		})
		for n, want := range map[int]bool{0: false, 1: true, 3: true, 4: false} {
			v, ok, err := s.Get(ctx, at, hour(n))
			if err != nil || !ok || v.Disputed != want {
				t.Errorf("hour %d: %v, %v, %v", n, v.Disputed, ok, err)
			}
			list, err := s.OfSubject(ctx, record.Query{Subject: 1, AsOf: hour(n)})
			if err != nil || len(list) != 1 || list[0].Disputed != want {
				t.Errorf("of subject, hour %d: %+v, %v", n, list, err)
			}
		}
		if v, _, err := s.Get(ctx, at, time.Time{}); err != nil || v.Disputed {
			t.Errorf("now: %v, %v", v.Disputed, err)
		}
	})
}
