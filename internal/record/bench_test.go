package record_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

// BenchmarkApply files new records of many subjects in batches, as a bulk load does.
func BenchmarkApply(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			s := newStore(d)
			const batch, subjects = 8192, 20_000
			body := "{" + strings.Repeat(`"CF_SY":"当事人在经营活动中未按照规定查验供货者的许可证和产品合格证明文件",`, 8) + `"CF_NR":"罚款"}`
			n := 0
			for b.Loop() {
				drafts := make([]record.Draft, batch)
				for i := range drafts {
					n++
					drafts[i] = draft(int64(n*7919%subjects+1), fmt.Sprintf("临市监罚〔2025〕%d号", n), body)
					drafts[i].DecidedOn = clock.Date(20240101 + n*31%12*100 + n*17%28)
					drafts[i].Agency, drafts[i].Kinds = int64(n%60), 1<<(n%9)
					copy(drafts[i].Digest[:], fmt.Sprint(n))
				}
				err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
					_, _, err := s.Apply(ctx, tx, drafts, record.Change{At: start, Actor: "bench", Basis: "中华人民共和国行政处罚法第四十八条", Submission: "01234567890123456789012345"})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
