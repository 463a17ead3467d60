package check_test

import (
	"context"
	"io"
	"testing"

	"gongxin/internal/check"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// BenchmarkFloor is what a check is held against: one indexed SELECT of the subject's records, read to the end.
func BenchmarkFloor(b *testing.B) {
	bench(b, func(b *testing.B, w *world, _ string) {
		for b.Loop() {
			rows, err := w.db.Read().QueryContext(context.Background(), `SELECT v.body FROM record r JOIN record_version v ON v.subject_id = r.subject_id AND v.version_id = r.version_id
				WHERE r.subject_id = $1 ORDER BY v.decided_on DESC`, w.firm)
			must(b, err)
			for rows.Next() {
				var body string
				must(b, rows.Scan(&body))
			}
			must(b, rows.Err())
			_ = rows.Close()
		}
	})
}

// BenchmarkCheck is a whole check: permission, gate, lists, entry, sealed answer and both leaves, committed.
func BenchmarkCheck(b *testing.B) {
	bench(b, func(b *testing.B, w *world, m string) {
		for b.Loop() {
			if _, err := w.Check(context.Background(), w.ask(m)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkStream is a check as one of many, a hundred to a transaction.
func BenchmarkStream(b *testing.B) {
	bench(b, func(b *testing.B, w *world, m string) {
		codes := w.codes[:100]
		for b.Loop() {
			err := w.Stream(context.Background(), check.Ask{Who: w.officer(), Matter: m}, codes, func(string, *check.Given, error) error { return nil })
			must(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(codes)), "ns/code")
	})
}

func bench(b *testing.B, fn func(b *testing.B, w *world, matter string)) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b), 120)
			w.list(w.firm)
			m := w.matter(b, "M-ALL", nil)
			b.ResetTimer()
			fn(b, w, m)
		})
	}
}

// BenchmarkResult is the result of a list handed out: every answer unsealed, with a look of its own on file.
func BenchmarkResult(b *testing.B) {
	bench(b, func(b *testing.B, w *world, _ string) {
		ctx := context.Background()
		id := w.order(b, w.codes)
		_, err := w.RunNext(ctx)
		must(b, err)
		for b.Loop() {
			must(b, w.WriteResult(ctx, w.officer(), id, io.Discard))
		}
		b.ReportMetric(float64(b.N*len(w.codes))/b.Elapsed().Seconds(), "subjects/s")
	})
}
