package record_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/record"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone)

func newStore(d *db.DB) *record.Store {
	return record.NewStore(d, id.NewMaker(func() time.Time { return start }))
}

func draft(subject int64, key, body string) record.Draft {
	d := record.Draft{Subject: subject, Body: body, Facts: record.Facts{
		Item: "XZCF", Edition: "1", NaturalKey: key, Status: record.Active, Listed: true,
		DecidedOn: 20260510, PublicFrom: 20260510, PublicUntil: 20270510, Agency: 7, Region: "990102", Kinds: 4,
	}}
	copy(d.Digest[:], body)
	return d
}

func apply(t *testing.T, d *db.DB, s *record.Store, at time.Time, drafts ...record.Draft) []record.Outcome {
	t.Helper()
	var out []record.Outcome
	err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, _, err = s.Apply(ctx, tx, drafts, record.Change{At: at, Actor: "test", Submission: "s"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func bodies(t *testing.T, s *record.Store, q record.Query) []string {
	t.Helper()
	list, err := s.OfSubject(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, v := range list {
		out = append(out, fmt.Sprintf("v%d %s %s", v.Number, v.Status, v.Body))
	}
	return out
}

// TestSameChangedWithdrawn is rule 23 of the facts sheet: the same row twice is a no-op, a changed one is a new version, and one with
// flag D is hidden while its history stays.
func TestSameChangedWithdrawn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(d)
		gone := draft(1, "k", "{}")
		gone.Status, gone.Listed = record.Withdrawn, false
		steps := []struct {
			draft record.Draft
			want  record.Outcome
			now   []string
		}{
			{gone, record.Absent, []string{}},
			{draft(1, "k", "a"), record.Filed, []string{"v1 active a"}},
			{draft(1, "k", "a"), record.Unchanged, []string{"v1 active a"}},
			{draft(1, "k", "b"), record.Updated, []string{"v2 active b"}},
			{gone, record.Removed, []string{"v3 withdrawn {}"}},
			{gone, record.Unchanged, []string{"v3 withdrawn {}"}},
			{draft(1, "k", "b"), record.Updated, []string{"v4 active b"}},
		}
		for i, step := range steps {
			out := apply(t, d, s, start.Add(time.Duration(i)*time.Hour), step.draft)
			if out[0] != step.want {
				t.Fatalf("step %d: outcome %v, want %v", i, out[0], step.want)
			}
			if diff := cmp.Diff(step.now, bodies(t, s, record.Query{Subject: 1})); diff != "" {
				t.Fatalf("step %d: %s", i, diff)
			}
		}
		// As of any instant, what was known then.
		for hours, want := range map[int][]string{0: {}, 1: {"v1 active a"}, 2: {"v1 active a"}, 3: {"v2 active b"}, 5: {"v3 withdrawn {}"}, 9: {"v4 active b"}} {
			got := bodies(t, s, record.Query{Subject: 1, AsOf: start.Add(time.Duration(hours) * time.Hour)})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("as of hour %d: %s", hours, diff)
			}
		}
	})
}

func TestOneBatchActsInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(d)
		gone := draft(1, "k", "{}")
		gone.Status, gone.Listed = record.Withdrawn, false
		out := apply(t, d, s, start, gone, draft(1, "k", "a"), draft(1, "k", "a"), draft(1, "k", "b"), gone, draft(1, "other", "c"), draft(2, "k", "a"))
		want := []record.Outcome{record.Absent, record.Filed, record.Unchanged, record.Updated, record.Removed, record.Filed, record.Filed}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Fatal(diff)
		}
		combos, err := s.Combinations(context.Background(), "XZCF")
		if err != nil || len(combos) != 1 || combos[0].N != 2 {
			t.Fatalf("two listed records remain, the counts say %+v (%v)", combos, err)
		}
	})
}

// TestConcurrentWritersFileOnce lets several transactions file the same records at once: each record has one first version.
func TestConcurrentWritersFileOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(d)
		const writers, records = 6, 40
		filed := make(chan int, writers)
		for range writers {
			go func() {
				n := 0
				for k := range records {
					err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
						out, _, err := s.Apply(ctx, tx, []record.Draft{draft(1, fmt.Sprint(k), "same")}, record.Change{At: start})
						if err == nil && out[0] == record.Filed {
							n++
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
				filed <- n
			}()
		}
		for range writers {
			<-filed
		}
		got := bodies(t, s, record.Query{Subject: 1})
		if len(got) != records {
			t.Fatalf("%d records, want %d", len(got), records)
		}
		for _, b := range got {
			if b != "v1 active same" {
				t.Fatalf("a record got a second version of the same content: %s", b)
			}
		}
	})
}

// TestColumnsPageInOrder files rows over agencies, regions and kinds, and compares every filter's pages with a plain sort.
func TestColumnsPageInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(d)
		var all []record.Draft
		for i := range 600 {
			dr := draft(int64(i%50), fmt.Sprint(i), fmt.Sprint(i))
			dr.DecidedOn = clock.Date(20260100 + 1 + i%28)
			dr.PublicFrom = dr.DecidedOn
			dr.Agency, dr.Region, dr.Kinds = int64(i%7), fmt.Sprint(990102+i%5), int64(1)<<(i%4)
			switch i % 11 {
			case 0:
				dr.Listed = false
			case 1:
				dr.PublicUntil = 20260601 // over by the day asked for
			case 2:
				dr.PublicUntil = 0
			}
			all = append(all, dr)
		}
		apply(t, d, s, start, all...)
		const today = 20261122
		filters := []record.Filter{
			{},
			{Agency: 3},
			{Regions: []string{"990104"}},
			{Kinds: 1 | 4},
			{Agency: 2, Kinds: 2},
			{From: 20260105, To: 20260109},
			{Regions: []string{"990102", "990103"}, Kinds: 8, From: 20260110},
			{Agency: 99},
		}
		for _, f := range filters {
			f.Item, f.Today = "XZCF", today
			want := map[string]bool{}
			for _, dr := range all {
				in := dr.Listed && dr.PublicFrom <= today && (dr.PublicUntil == 0 || dr.PublicUntil > today) && f.Matches(record.Combination{Agency: dr.Agency, Region: dr.Region, Kinds: dr.Kinds}) &&
					(f.From == 0 || dr.DecidedOn >= f.From) && (f.To == 0 || dr.DecidedOn <= f.To)
				if in {
					want[dr.Body] = true
				}
			}
			var after record.Place
			n := 0
			for {
				page, err := s.Listed(context.Background(), f, after, 7)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, v := range page {
					place := record.Place{DecidedOn: v.DecidedOn, ID: v.ID}
					if !want[v.Body] {
						t.Fatalf("filter %+v gave %s, which it excludes or gave before", f, v.Body)
					}
					if after != (record.Place{}) && place.DecidedOn > after.DecidedOn {
						t.Fatalf("filter %+v is out of order", f)
					}
					delete(want, v.Body)
					after, n = place, n+1
				}
			}
			if len(want) != 0 {
				t.Fatalf("filter %+v missed %d of %d rows", f, len(want), n+len(want))
			}
		}
	})
}
