package lifecycle_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/lifecycle"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// world is a register with a clock that the test sets.
type world struct {
	*lifecycle.Service
	db      *db.DB
	clock   *clock.Manual
	records *record.Store
	archive *ruleset.Book[*lifecycle.Archive]
}

func newWorld(t testing.TB, d *db.DB, now time.Time) *world {
	t.Helper()
	w := &world{db: d, clock: clock.NewManual(now)}
	w.records = record.NewStore(d, id.NewMaker(w.clock.Now))
	editions, err := catalog.NewStore(catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	if w.archive, err = lifecycle.NewBook(d, w.clock, func(catalog.ItemCode) bool { return true }); err != nil {
		t.Fatal(err)
	}
	w.Service = lifecycle.New(lifecycle.Config{DB: d, Clock: w.clock, Records: w.records, Editions: editions, Archive: w.archive})
	return w
}

func (w *world) file(t testing.TB, item catalog.ItemCode, until clock.Date, subjects ...int64) {
	t.Helper()
	drafts := make([]record.Draft, len(subjects))
	for i, s := range subjects {
		drafts[i] = record.Draft{Subject: s, Body: fmt.Sprintf(`{"A":"某事%d。"}`, s), Facts: record.Facts{
			Item: item, Edition: "1", NaturalKey: fmt.Sprint("k", s), Class: "A", Status: record.Active, Listed: true, DecidedOn: 20260510, PublicFrom: 20260510, PublicUntil: until, Agency: 7, Region: "990102",
		}}
		drafts[i].Digest[0] = byte(s)
	}
	err := w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test", Submission: "s"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) status(t testing.TB, subject int64) record.Version {
	t.Helper()
	list, err := w.records.StandingOf(context.Background(), w.db.Read(), subject)
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	return list[0]
}

func (w *world) run(t testing.TB) lifecycle.Tally {
	t.Helper()
	n, err := w.RunByHand(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// columnsWith lists the columns of all tables, of either engine, in which a text stands in clear.
func columnsWith(t *testing.T, d *db.DB, text string) (out []string) {
	t.Helper()
	list, find := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`, `instr(CAST(%s AS BLOB), CAST($1 AS BLOB)) > 0`
	if d.Engine() == db.Postgres {
		list = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`
		find = `(position(CAST($1 AS text) IN CAST(%[1]s AS text)) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN CAST(%[1]s AS text)) > 0)` // bytes are written in hex
	}
	type column struct{ table, name string }
	var columns []column
	err := db.ForEach(t.Context(), d.Read(), func(rows *sql.Rows) error {
		var c column
		err := rows.Scan(&c.table, &c.name)
		columns = append(columns, c)
		return err
	}, list)
	if err != nil || len(columns) < 100 {
		t.Fatal(len(columns), err)
	}
	for _, c := range columns {
		var n int
		if err := d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM "`+c.table+`" WHERE `+fmt.Sprintf(find, `"`+c.name+`"`), text).Scan(&n); err != nil { // names of the schema
			t.Fatal(c, err)
		}
		if n > 0 {
			out = append(out, c.table+"."+c.name)
		}
	}
	return out
}

// Rule 26 of the facts sheet: an ordinary penalty of 2026-05-10 stops on 2027-05-10. On the day before nothing ends; on that day it does, once, also after a week in
// which no server ran; a licence whose validity is over is no failure and does not.
func TestEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, time.Date(2027, 5, 9, 23, 59, 0, 0, clock.Zone))
		w.file(t, "XZCF", 20270510, 1)
		w.file(t, "XZXK", 20270510, 2)
		w.file(t, "XZCF", 0, 3)
		if n := w.run(t); n != (lifecycle.Tally{}) {
			t.Errorf("before midnight: %+v", n)
		}
		w.clock.Set(time.Date(2027, 5, 17, 8, 0, 0, 0, clock.Zone))
		if n := w.run(t); n != (lifecycle.Tally{Ended: 1}) {
			t.Errorf("after a week: %+v", n)
		}
		if n := w.run(t); n != (lifecycle.Tally{}) {
			t.Errorf("once more: %+v", n)
		}
		for subject, want := range map[int64]record.Status{1: record.Ended, 2: record.Active, 3: record.Active} {
			if v := w.status(t, subject); v.Status != want {
				t.Errorf("subject %d: %s", subject, v.Status)
			}
		}
	})
}

// What an archive's period lets go is destroyed on its day and not before; what no row names stays for ever; what was brought back is not touched.
func TestDestroy(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, time.Date(2026, 5, 10, 9, 0, 0, 0, clock.Zone))
		w.file(t, "XZCF", 20270510, 1)
		w.file(t, "JYYC", 20270510, 2)
		w.clock.Set(time.Date(2027, 5, 10, 0, 0, 1, 0, clock.Zone))
		if n := w.run(t); n.Ended != 2 || n.Destroyed != 0 {
			t.Fatalf("%+v", n)
		}
		err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			return w.archive.Apply(ctx, tx, []byte("[[keep]]\nitem = \"XZCF\"\nafter = [\"ended\"]\nmonths = 60\nlaw = \"《某条例》\"\narticle = \"第一条\"\nsure = \"uncertain\"\n"), 20270601, "two people")
		})
		if err == nil {
			err = w.archive.Applied(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Set(time.Date(2032, 5, 10, 0, 0, 1, 0, clock.Zone))
		if n := w.run(t); n != (lifecycle.Tally{}) {
			t.Errorf("on the last day: %+v", n)
		}
		w.clock.Set(time.Date(2032, 5, 11, 0, 0, 1, 0, clock.Zone))
		forgotten := map[record.ID]bool{}
		w.Forget = func(_ context.Context, _ *db.Tx, at record.ID) error {
			forgotten[at] = true
			return nil
		}
		if n := w.run(t); n != (lifecycle.Tally{Destroyed: 1}) || len(forgotten) != 1 {
			t.Errorf("after it: %+v, copies of %v", n, forgotten)
		}
		if left := columnsWith(t, d, "某事1。"); len(left) > 0 {
			t.Errorf("what was destroyed stands in %v", left)
		}
		if len(columnsWith(t, d, "某事2。")) == 0 {
			t.Error("the search finds nothing")
		}
		if v := w.status(t, 1); v.Status != record.Destroyed || v.DecidedOn != 0 || v.NaturalKey != "" {
			t.Errorf("%+v", v)
		}
		if v := w.status(t, 2); v.Status != record.Ended {
			t.Errorf("no row names it: %+v", v)
		}
		w.file(t, "XZCF", 20270510, 1) // the source files it once more: another record, which ends tonight
		if n := w.run(t); n != (lifecycle.Tally{Ended: 1}) {
			t.Errorf("filed again: %+v", n)
		}
	})
}

// A clock that is years ahead ends nothing that is kept: after a month in which nobody changed anything a machine destroys nothing by itself, says so, and goes on
// when the register has lived for a month again. What it ends by the wrong clock, and what is filed by it, does not make the clock right.
func TestAClockThatIsAheadDestroysNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, time.Date(2026, 5, 10, 9, 0, 0, 0, clock.Zone))
		w.file(t, "XZCF", 20260511, 1)
		w.clock.Set(time.Date(2026, 5, 11, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{Ended: 1}) || err != nil {
			t.Fatal(n, err)
		}
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return w.archive.Apply(ctx, tx, []byte("[[keep]]\nitem = \"XZCF\"\nafter = [\"ended\"]\nmonths = 36\nlaw = \"《某条例》\"\narticle = \"第一条\"\n"), 20260512, "two people")
		})
		if err = errors.Join(err, w.archive.Applied(t.Context())); err != nil {
			t.Fatal(err)
		}
		w.clock.Set(time.Date(2027, 5, 12, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || err != nil {
			t.Errorf("a year ahead, with nothing due: %+v, %v", n, err)
		}
		w.clock.Set(time.Date(2029, 5, 12, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || !errors.Is(err, lifecycle.ErrQuiet) {
			t.Errorf("three years ahead: %+v, %v", n, err)
		}
		if v := w.status(t, 1); v.Status != record.Ended {
			t.Errorf("%+v", v)
		}
		w.file(t, "XZCF", 20290513, 2)
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || !errors.Is(err, lifecycle.ErrQuiet) {
			t.Errorf("something is filed by the wrong clock: %+v, %v", n, err)
		}
		w.clock.Set(time.Date(2029, 5, 20, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{Ended: 1}) || !errors.Is(err, lifecycle.ErrQuiet) {
			t.Errorf("something ends by the wrong clock: %+v, %v", n, err)
		}
		w.clock.Set(time.Date(2029, 5, 21, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || !errors.Is(err, lifecycle.ErrQuiet) {
			t.Errorf("on the day behind: %+v, %v", n, err)
		}
		w.clock.Set(time.Date(2029, 6, 5, 9, 0, 0, 0, clock.Zone))
		w.file(t, "XZCF", 0, 3)
		w.clock.Set(time.Date(2029, 6, 14, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{Destroyed: 1}) || err != nil {
			t.Errorf("the register has lived for a month: %+v, %v", n, err)
		}
	})
}

// What a clock that was years ahead ended before its day comes back by somebody who has looked at the clock, to what it was; what was over stays over. A machine only
// says so: it cannot tell a clock that was ahead from one that is behind.
func TestWhatAWrongClockEndedComesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, time.Date(2026, 5, 10, 9, 0, 0, 0, clock.Zone))
		w.file(t, "XZCF", 20270510, 1)
		w.file(t, "XZCF", 20270510, 2)
		w.file(t, "XZCF", 20260511, 3)
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: w.status(t, 2).ID, To: record.Shielded}}, record.Change{At: w.clock.Now(), Actor: "test", Submission: "s"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Set(time.Date(2029, 5, 10, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{Ended: 3}) || err != nil {
			t.Fatal(n, err)
		}
		w.clock.Set(time.Date(2026, 5, 12, 9, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || !errors.Is(err, lifecycle.ErrEarly) {
			t.Errorf("by itself: %+v, %v", n, err)
		}
		if n := w.run(t); n != (lifecycle.Tally{Restored: 2}) {
			t.Errorf("by hand: %+v", n)
		}
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || err != nil {
			t.Errorf("on the next day: %+v, %v", n, err)
		}
		for subject, want := range map[int64]record.Status{1: record.Active, 2: record.Shielded, 3: record.Ended} {
			if v := w.status(t, subject); v.Status != want || v.Listed != (want == record.Active) {
				t.Errorf("subject %d: %s, listed %v", subject, v.Status, v.Listed)
			}
		}
		w.clock.Set(time.Date(2027, 5, 10, 0, 0, 0, 0, clock.Zone))
		if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{Ended: 2}) || err != nil {
			t.Errorf("on their day: %+v, %v", n, err)
		}
	})
}

// Whatever the clock did, ahead and back, with servers down and up: once somebody has looked at it, exactly those failures are ended whose period is over.
func TestWhateverTheClockDid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first := clock.Date(20260101)
		w := newWorld(t, d, first.Start())
		subject := int64(0)
		rapid.Check(t, func(r *rapid.T) {
			day := func(name string) clock.Date { return first.AddDays(rapid.IntRange(0, 1500).Draw(r, name)) }
			until := map[int64]clock.Date{}
			for range rapid.IntRange(1, 8).Draw(r, "steps") {
				w.clock.Set(day("day").Start().Add(time.Duration(rapid.IntRange(0, 24*3600-1).Draw(r, "second")) * time.Second))
				switch rapid.IntRange(0, 3).Draw(r, "what") {
				case 0, 1:
					subject++
					until[subject] = day("until")
					w.file(t, "XZCF", until[subject], subject)
				case 2:
					if _, err := w.Run(t.Context(), nil); err != nil && !errors.Is(err, lifecycle.ErrEarly) {
						r.Fatal(err)
					}
				case 3:
					w.run(t)
				}
			}
			today := day("today")
			w.clock.Set(today.Start())
			w.run(t)
			for one, end := range until {
				want := map[bool]record.Status{true: record.Ended, false: record.Active}[end <= today]
				if v := w.status(t, one); v.Status != want || v.PublicUntil != end || v.Listed != (want == record.Active) {
					r.Errorf("on %s a record until %s is %s", today, end, v.Status)
				}
			}
			if n, err := w.Run(t.Context(), nil); n != (lifecycle.Tally{}) || err != nil {
				r.Errorf("once more: %+v, %v", n, err)
			}
		})
	})
}

func TestArchiveFiles(t *testing.T) {
	t.Parallel()
	const row = "[[keep]]\nitem = \"XZCF\"\nafter = [\"ended\"]\nmonths = 60\nlaw = \"《某条例》\"\narticle = \"第一条\"\n"
	if _, err := lifecycle.LoadArchive(strings.NewReader(row)); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"unknown key": row + "mouths = 3\n", "no law": strings.Replace(row, "《某条例》", "", 1), "too short": strings.Replace(row, "60", "35", 1), "twice": row + row,
		"no status": strings.Replace(row, "ended", "active", 1), "no item": strings.Replace(row, "XZCF", "", 1), "no TOML": "[[",
	} {
		if _, err := lifecycle.LoadArchive(strings.NewReader(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzLoadArchive(f *testing.F) {
	f.Add("[[keep]]\nitem = \"XZCF\"\nafter = [\"ended\"]\nmonths = 60\nlaw = \"a\"\narticle = \"b\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := lifecycle.LoadArchive(strings.NewReader(text)); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

// BenchmarkEnd ends the records of one night: 10,000, or as many as GONGXIN_BENCH_ENDS says.
func BenchmarkEnd(b *testing.B) {
	n := 10_000
	if text := os.Getenv("GONGXIN_BENCH_ENDS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) { benchEnd(b, open(b), n) })
	}
}

func benchEnd(b *testing.B, d *db.DB, n int) {
	w := newWorld(b, d, time.Date(2026, 5, 10, 9, 0, 0, 0, clock.Zone))
	next := int64(1)
	for b.Loop() {
		b.StopTimer()
		w.clock.Set(time.Date(2026, 5, 10, 9, 0, 0, 0, clock.Zone))
		for left := n; left > 0; {
			subjects := make([]int64, min(left, 8192))
			for i := range subjects {
				subjects[i], next = next, next+1
			}
			w.file(b, "XZCF", 20270510, subjects...)
			left -= len(subjects)
		}
		w.clock.Set(time.Date(2027, 5, 10, 9, 0, 0, 0, clock.Zone))
		b.StartTimer()
		if got, err := w.Run(context.Background(), nil); err != nil || got.Ended != n {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
