package ingest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
)

// rowsOf makes a file of penalties about some firms; every row is fine.
func rowsOf(b *bench, rows, firms int) []byte {
	list := make([]row, rows)
	for i := range list {
		k := i * 7919 % firms
		body := fmt.Sprintf("MA%06d", k)
		code := "91990102" + body + string(ident.OrgCheck(body))
		code += string(ident.USCCCheck(code))
		list[i] = b.example("XZCF", row{"CF_XDR_MC": fmt.Sprintf("临溪市示例%d食品有限公司", k), "CF_XDR_SHXYM": code, "CF_WSH": fmt.Sprintf("临市监罚〔2025〕%d号", i)})
	}
	return table(list...)
}

func benchmarkFile(b *testing.B, d *db.DB) {
	const rows = 50_000
	x := newBench(b, d, "2025-06-05")
	content := rowsOf(x, rows, rows/5)
	path := b.TempDir() + "/rows.csv"
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		sub, err := x.Submit(context.Background(), ingest.Request{Item: "XZCF", Unit: unit, FileName: "rows.csv", Actor: "test"}, f)
		if err != nil {
			b.Fatal(err)
		}
		if sub, err = x.Run(context.Background(), sub.ID, nil); err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
		if i == 0 && sub.Accepted != rows {
			b.Fatalf("accepted %d of %d", sub.Accepted, rows)
		}
		b.StopTimer()
		for _, table := range []string{"record", "record_version", "record_facet", "log_outbox", "subject", "subject_identifier", "subject_name"} {
			err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `DELETE FROM `+table)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkFileSQLite(b *testing.B)   { benchmarkFile(b, dbtest.SQLite(b)) }
func BenchmarkFilePostgres(b *testing.B) { benchmarkFile(b, dbtest.Postgres(b)) }
