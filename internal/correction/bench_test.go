package correction_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

// BenchmarkTell passes on 10,000 withdrawn records that three units were answered, one of them twice: 30,000 rows.
func BenchmarkTell(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, open(b))
			subject := int64(0)
			for b.Loop() {
				b.StopTimer()
				w.withdrawn(&subject, 10_000)
				b.StartTimer()
				if n := w.pass(); n != 10_000 {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(w.count(`SELECT count(*) FROM correction_notice`))/float64(b.N), "rows/op")
		})
	}
}

// withdrawn files records of as many subjects, answers them, and withdraws them in acts of 2,000.
func (w *world) withdrawn(subject *int64, n int) {
	w.t.Helper()
	ctx := context.Background()
	const piece = 500
	for done := 0; done < n; done += piece {
		drafts := make([]record.Draft, piece)
		for i := range drafts {
			*subject++
			drafts[i] = draft(*subject, "k", fmt.Sprint(*subject))
			drafts[i].Fresh = true
		}
		ids := w.file("报送", drafts...)
		for _, unit := range []int{0, 1, 2, 0} {
			list := make([]audit.Access, len(ids))
			for i, at := range ids {
				list[i] = audit.Access{Who: w.unit(unit), Subject: at.Subject, What: "check", Outcome: audit.Answered, Records: []audit.Ref{{Subject: at.Subject, Key: at.Key, Version: 1}}}
			}
			must(w.t, w.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := w.log.WriteMany(ctx, tx, list)
				return err
			}))
		}
		w.clock.Advance(time.Second)
		for i := range drafts {
			drafts[i].Status, drafts[i].Listed, drafts[i].Fresh = record.Withdrawn, false, false
		}
		w.file("撤回", drafts...)
	}
}
