package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
)

// oldNumber gives a registration number of a certificate from before the unified code.
func oldNumber(n int) string {
	fourteen := fmt.Sprintf("9901020000%04d", n)
	return fourteen + string(ident.RegNoCheck(fourteen))
}

// uncoded is a penalty against a sole trader without a unified code.
func (b *bench) uncoded(n int, changes row) row {
	r := b.example("XZCF", row{
		"CF_WSH": fmt.Sprintf("临市监罚〔2025〕%d号", n), "CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": "", "CF_XDR_MC": "临溪市望溪区无码小吃店", "CF_XDR_GSZC": oldNumber(n),
	})
	for k, v := range changes {
		r[k] = v
	}
	return r
}

// trader is a code of a sole trader.
func trader(n int) string {
	body := fmt.Sprintf("MA0C%04d", n)
	first := "92990102" + body + string(ident.OrgCheck(body))
	return first + string(ident.USCCCheck(first))
}

func (b *bench) queued(t testing.TB, state ingest.QueueState, n int) []ingest.QueueEntry {
	t.Helper()
	list, err := b.Queue(context.Background(), state, 0, 100)
	if err != nil || len(list) != n {
		t.Fatalf("%d rows are %s, want %d: %v", len(list), state, n, err)
	}
	return list
}

// A row that waits is settled when its unit files it again with the code; that is shown with when, who and where, and can be undone.
func TestRowFiledAgainWithItsCodeEndsTheWaiting(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(t, d, "2025-06-05"), context.Background()
		b.file(t, "XZCF", "a.csv", table(b.uncoded(1, nil), b.uncoded(2, nil), b.uncoded(3, nil)))
		first := b.queued(t, ingest.Waiting, 3)
		b.clock.Advance(time.Minute)

		// Still without a code, or refused, or only tried: nothing ends.
		b.file(t, "XZCF", "b.csv", table(b.uncoded(1, row{"CF_XDR_SHXYM": "92990102MA0C000000"})))
		trial, err := b.Submit(ctx, ingest.Request{Item: "XZCF", Unit: unit, FileName: "t.csv", Actor: "test", DryRun: true}, strings.NewReader(string(table(b.uncoded(1, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": ""})))))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Run(ctx, trial.ID, nil); err != nil {
			t.Fatal(err)
		}
		b.queued(t, ingest.Waiting, 3)

		// With the code: the first ends, under another number nothing more.
		r := b.file(t, "XZCF", "c.csv", table(b.uncoded(1, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": ""}), b.uncoded(9, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": ""})))
		if r.Accepted != 2 {
			t.Fatalf("%+v", r)
		}
		left := b.queued(t, ingest.Waiting, 2)
		if left[0].ID != first[1].ID || left[1].ID != first[2].ID {
			t.Errorf("the wrong rows wait: %+v", left)
		}
		done := b.queued(t, ingest.Superseded, 1)[0]
		sub, ok, err := b.subjects.ByCode(ctx, trader(1))
		if err != nil || !ok {
			t.Fatal(err)
		}
		if done.ID != first[0].ID || done.Subject != sub.ID || done.DecidedBy != "test" || !done.DecidedAt.Equal(b.clock.Now()) || !strings.Contains(done.Note, r.ID) || !strings.Contains(done.Note, "第 1 行") {
			t.Errorf("ended as %+v", done)
		}
		if err := b.Match(ctx, done.ID, sub.ID, "someone", "再匹配"); !errors.Is(err, ingest.ErrDecided) {
			t.Errorf("a settled row was matched: %v", err)
		}

		// Undone it waits again; the record that the unit filed stays. The same rows again change nothing.
		if err := b.Undo(ctx, done.ID, "someone", "不是同一件"); err != nil {
			t.Fatal(err)
		}
		b.queued(t, ingest.Waiting, 3)
		if list, _, err := b.portal.SubjectRecords(ctx, trader(1), "XZCF", time.Time{}, "", 10); err != nil || len(list) != 2 {
			t.Errorf("%d records after the undo: %v", len(list), err)
		}
		b.file(t, "XZCF", "d.csv", table(b.uncoded(1, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": "", "BZ": "又一次"})))
		b.queued(t, ingest.Superseded, 1)
		if err := b.Refuse(ctx, first[1].ID, "someone", "退回"); err != nil {
			t.Fatal(err)
		}
		b.file(t, "XZCF", "e.csv", table(b.uncoded(2, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": ""})))
		b.queued(t, ingest.Refused, 1) // what a person has decided stays decided
	})
}

// Within one file it is the order of the rows that counts, wherever batches end.
func TestSupersedingGoesByTheOrderOfRows(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 512, 8192} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, dbtest.SQLite(t), "2025-06-05", func(c *ingest.Config) { c.BatchRows = size })
			coded := func(n int) row { return b.uncoded(n, row{"CF_XDR_SHXYM": trader(n), "CF_XDR_GSZC": ""}) }
			rows := []row{b.uncoded(1, nil), coded(2)}
			for n := range 600 {
				rows = append(rows, coded(1000+n))
			}
			rows = append(rows, coded(1), b.uncoded(2, nil))
			b.file(t, "XZCF", "a.csv", table(rows...))
			if e := b.queued(t, ingest.Superseded, 1)[0]; e.Row != 1 {
				t.Errorf("row %d ended", e.Row)
			}
			if e := b.queued(t, ingest.Waiting, 1)[0]; e.Row != len(rows) {
				t.Errorf("row %d waits", e.Row)
			}
		})
	}
}

func TestQueueFilters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(t, d, "2025-06-05"), context.Background()
		one := b.file(t, "XZCF", "a.csv", table(b.uncoded(1, nil), b.uncoded(2, nil)))
		two := b.file(t, "XZCF", "b.csv", table(b.uncoded(3, nil)))
		all := b.queued(t, ingest.Waiting, 3)
		u, err := b.agencies.ByCode(ctx, unit)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			filter ingest.QueueFilter
			want   []int64
		}{
			"none":       {ingest.QueueFilter{}, []int64{all[0].ID, all[1].ID, all[2].ID}},
			"unit":       {ingest.QueueFilter{Agency: u.ID}, []int64{all[0].ID, all[1].ID, all[2].ID}},
			"other unit": {ingest.QueueFilter{Agency: u.ID + 1}, nil},
			"item":       {ingest.QueueFilter{Item: "XZXK"}, nil},
			"batch":      {ingest.QueueFilter{Submission: one.ID}, []int64{all[0].ID, all[1].ID}},
			"all three":  {ingest.QueueFilter{Agency: u.ID, Item: "XZCF", Submission: two.ID}, []int64{all[2].ID}},
		} {
			list, err := b.QueueOf(ctx, ingest.Waiting, c.filter, 0, 100)
			var got []int64
			for i := range list {
				got = append(got, list[i].ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %s %v", name, diff, err)
			}
			counts, err := b.QueueCountsOf(ctx, c.filter)
			if counts[ingest.Waiting] != len(c.want) || err != nil {
				t.Errorf("%s: counts %v %v", name, counts, err)
			}
		}
		for i := range all {
			b.clock.Advance(time.Second)
			if err := b.Refuse(ctx, all[i].ID, "someone", "退回"); err != nil {
				t.Fatal(err)
			}
		}
		list, err := b.DecidedOf(ctx, ingest.Refused, ingest.QueueFilter{Submission: one.ID}, nil, 1)
		if err != nil || len(list) != 1 || list[0].ID != all[1].ID {
			t.Fatalf("latest of the batch: %+v %v", list, err)
		}
		if list, err = b.DecidedOf(ctx, ingest.Refused, ingest.QueueFilter{Submission: one.ID}, &list[0], 10); err != nil || len(list) != 1 || list[0].ID != all[0].ID {
			t.Errorf("behind it: %+v %v", list, err)
		}
	})
}

// A row of reason 1003 tells whose its numbers are.
func TestPointersOfCrossedNumbers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(t, d, "2025-06-05"), context.Background()
		b.file(t, "DJJC", "reg.csv", table(
			b.example("DJJC", row{"DJ_SHXYM": trader(1), "DJ_MC": "临溪市望溪区甲小吃店", "DJ_LB": "个体工商户", "DJ_GSZC": oldNumber(1)}),
			b.example("DJJC", row{"DJ_SHXYM": trader(2), "DJ_MC": "临溪市望溪区乙小吃店", "DJ_LB": "个体工商户", "DJ_GSZC": oldNumber(2)}),
		))
		b.file(t, "XZCF", "a.csv", table(b.uncoded(5, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": oldNumber(2)}), b.uncoded(6, row{"CF_XDR_GSZC": oldNumber(77)})))
		list := b.queued(t, ingest.Waiting, 2)
		type seen struct{ Field, Value, Who string }
		look := func(e *ingest.QueueEntry) (out []seen) {
			t.Helper()
			opened, err := b.desk.Content(authz.With(ctx, authz.LocalActor("test")), e)
			if err != nil {
				t.Fatal(err)
			}
			pointers, err := b.desk.Pointers(ctx, opened)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pointers {
				s := seen{Field: p.Field, Value: p.Value}
				for _, sub := range p.Subjects {
					s.Who += sub.Name
				}
				out = append(out, s)
			}
			return out
		}
		if list[0].Reason != 1003 || list[1].Reason != 1002 {
			t.Fatalf("reasons %d %d", list[0].Reason, list[1].Reason)
		}
		want := []seen{{"CF_XDR_SHXYM", trader(1), "临溪市望溪区甲小吃店"}, {"CF_XDR_GSZC", oldNumber(2), "临溪市望溪区乙小吃店"}}
		if diff := cmp.Diff(want, look(&list[0])); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]seen{{"CF_XDR_GSZC", oldNumber(77), ""}}, look(&list[1])); diff != "" {
			t.Error(diff)
		}
	})
}
