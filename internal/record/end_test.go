package record_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

func TestBound(t *testing.T) {
	t.Parallel()
	const rules, short, long = clock.Date(20270510), clock.Date(20261201), clock.Date(20290510)
	for name, c := range map[string]struct {
		end         record.End
		filed, want clock.Date
	}{
		"nothing decided":                     {record.End{}, rules, rules},
		"nothing decided, no end":             {record.End{}, 0, 0},
		"shortened, filed as before":          {record.End{Until: short, Ruled: rules}, rules, short},
		"shortened, filed for longer":         {record.End{Until: short, Ruled: rules}, long, short},
		"shortened, filed without end":        {record.End{Until: short, Ruled: rules}, 0, short},
		"shortened, filed for shorter still":  {record.End{Until: short, Ruled: rules}, 20261101, 20261101},
		"given an end, filed without":         {record.End{Until: short}, 0, short},
		"given an end, filed for longer":      {record.End{Until: short}, rules, short},
		"lengthened, filed as before":         {record.End{Until: long, Ruled: rules}, rules, long},
		"lengthened, filed for longer":        {record.End{Until: long, Ruled: rules}, 20270610, long},
		"lengthened, filed without end":       {record.End{Until: long, Ruled: rules}, 0, long},
		"lengthened, filed for a week less":   {record.End{Until: long, Ruled: rules}, 20270503, 20290503},
		"decided as the rules have it anyway": {record.End{Until: rules, Ruled: rules}, long, rules},
	} {
		if got := c.end.Bound(c.filed); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A period that was shortened does not grow back, whatever the source files, withdraws and files again, and whatever other procedures decide about the record; what was known
// then stays known.
func TestDecidedEndsStand(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		subject, s := int64(1000), newStore(d) // one maker of ids: its clock stands still
		rapid.Check(t, func(r *rapid.T) {
			ctx := context.Background()
			subject++
			ends := rapid.SampledFrom([]clock.Date{0, 20261230, 20270510, 20280510, 20290510})
			at, bound, was := start, clock.Date(0), map[time.Time]clock.Date{}
			for range rapid.IntRange(2, 10).Draw(r, "steps") {
				at = at.Add(time.Minute)
				list := must(s.StandingOf(ctx, d.Read(), subject))
				switch what := rapid.SampledFrom([]string{"file", "file", "withdraw", "turn", "shorten"}).Draw(r, "what"); {
				case what == "file" || what == "withdraw" || len(list) == 0:
					row := draft(subject, "k", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "body"))
					if row.PublicUntil = ends.Draw(r, "filed"); what == "withdraw" {
						row.Status, row.Listed = record.Withdrawn, false
					}
					apply(t, d, s, at, row)
				case what == "turn":
					to := rapid.SampledFrom([]record.Status{record.Active, record.Repaired, record.Annulled, record.Ended, record.Shielded}).Draw(r, "to")
					_, _ = turn(t, d, s, at, record.Turn{ID: list[0].ID, To: to}) // what may not be is another test's
				default:
					until := rapid.SampledFrom([]clock.Date{20261201, 20270101, 20270601}).Draw(r, "until")
					if out, err := turn(t, d, s, at, record.Turn{ID: list[0].ID, To: list[0].Status, Until: &until}); err == nil && out[0] == record.Turned {
						bound = until // a later decision is a decision too
					}
				}
				list = must(s.StandingOf(ctx, d.Read(), subject))
				if len(list) == 0 {
					continue
				}
				v := list[0]
				was[at] = v.PublicUntil
				if bound != 0 && (v.PublicUntil.IsZero() || v.PublicUntil > bound || v.Decided.Until == 0) {
					r.Fatalf("decided %s, shown until %s: %+v", bound, v.PublicUntil, v.Facts)
				}
				var narrow int64
				if err := d.Read().QueryRowContext(ctx, `SELECT public_until FROM record WHERE subject_id = $1`, subject).Scan(&narrow); err != nil {
					r.Fatal(err)
				}
				if want := int64(v.PublicUntil); narrow != want && (want != 0 || narrow != 99991231) {
					r.Fatalf("the current row says %d, its version %d", narrow, want)
				}
			}
			for then, want := range was {
				list, err := s.OfSubject(ctx, record.Query{Subject: subject, AsOf: then})
				if err != nil || len(list) != 1 || list[0].PublicUntil != want {
					r.Fatalf("as of %v: %+v, want %s, %v", then, list, want, err)
				}
			}
		})
	})
}

// The day of a decision is kept through withdrawal and filing again, moves only by another decision, and ends with the record.
func TestDecidedEndStory(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(d)
		apply(t, d, s, start, draft(1, "k", "a"))
		at := only(t, d, s, 1).ID
		decide := func(n int, to record.Status, until clock.Date) {
			t.Helper()
			if out, err := turn(t, d, s, start.Add(time.Duration(n)*time.Hour), record.Turn{ID: at, To: to, Until: &until}); err != nil || out[0] != record.Turned {
				t.Fatal(out, err)
			}
		}
		decide(1, record.Active, 20261201)
		gone := draft(1, "k", "{}")
		gone.Status, gone.Listed = record.Withdrawn, false
		apply(t, d, s, start.Add(2*time.Hour), gone)
		apply(t, d, s, start.Add(3*time.Hour), draft(1, "k", "b"))
		if v := only(t, d, s, 1); v.Status != record.Active || v.PublicUntil != 20261201 || v.Decided != (record.End{Until: 20261201, Ruled: 20270510}) {
			t.Errorf("filed again after a withdrawal: %+v", v.Facts)
		}
		twice := []record.Draft{draft(1, "k", "c"), draft(1, "k", "d")}
		apply(t, d, s, start.Add(4*time.Hour), twice...)
		if v := only(t, d, s, 1); v.PublicUntil != 20261201 || twice[0].PublicUntil != 20270510 {
			t.Errorf("filed twice at once: %+v, and the row as filed %s", v.Facts, twice[0].PublicUntil)
		}
		if out, err := turn(t, d, s, start.Add(5*time.Hour), record.Turn{ID: at, To: record.Ended}); err != nil || out[0] != record.Turned {
			t.Fatal(out, err)
		}
		apply(t, d, s, time.Date(2026, 12, 2, 9, 0, 0, 0, clock.Zone), draft(1, "k", "e"))
		if v := only(t, d, s, 1); v.Status != record.Ended {
			t.Errorf("a period that was shortened, and is over, began again: %+v", v.Facts)
		}
		if _, err := turn(t, d, s, start.Add(800*time.Hour), record.Turn{ID: at, To: record.Destroyed}); err != nil {
			t.Fatal(err)
		}
		if v := only(t, d, s, 1); v.Decided != (record.End{}) {
			t.Errorf("destroyed, and a decision is left: %+v", v.Facts)
		}
	})
}
