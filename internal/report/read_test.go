package report_test

import (
	"io"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/report"
)

// A special report reads the file twice, for what it lists and for what proves that there is nothing else, and each reading is one entry in the access log: not one for
// each item, which is the same reading again.
func TestSpecialReportReadsTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	count := func() int {
		t.Helper()
		seen, _, err := w.acts.Search(t.Context(), audit.Who{Kind: string(authz.Account), ID: 99}, audit.Filter{Subject: w.firm}, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(seen)
	}
	before := count()
	r := w.create(t, w.special())
	if n := count() - before; n != 2 && n != 3 { // looking into the log stands in it as well
		t.Errorf("%d entries", n)
	}
	if d := document(t, r); len(d.Proofs.Sets) != 4 {
		t.Errorf("%d sets", len(d.Proofs.Sets))
	}
}

// An archive of twenty reports, streamed: on PostgreSQL most of the time is waiting for commits.
func BenchmarkArchive(b *testing.B) {
	needFonts(b)
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			orders := make([]report.Order, 20)
			for i := range orders {
				orders[i] = w.standard()
			}
			for b.Loop() {
				w.clock.Advance(time.Minute)
				if err := w.Batch(b.Context(), orders, io.Discard, func(int) string { return firmCode }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(orders))/b.Elapsed().Seconds(), "reports/s")
		})
	}
}
