package ingest_test

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestFiledAgain files a file twice that corrects and withdraws its own earlier rows: what it left the first time stands, every row is a
// duplicate, and no version is written. What somebody else changed since is filed anew.
func TestFiledAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2026-05-06")
		content := table(
			b.example("XZCF", row{"CF_WSH": "1号"}),
			b.example("XZCF", row{"CF_WSH": "1号", "CF_SY": "未按规定明码标价"}),
			b.example("XZCF", row{"CF_WSH": "2号"}),
			b.example("XZCF", row{"CF_WSH": "2号", "操作标识": "D"}),
		)
		versions := func() (n int) {
			t.Helper()
			if err := d.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM record_version`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		first := b.file(t, "XZCF", "a.csv", content)
		if first.Accepted != 2 || first.Updated != 1 || first.Withdrawn != 1 || versions() != 4 {
			t.Fatalf("first filing: %+v, %d versions", first.Counts, versions())
		}
		for range 2 {
			if again := b.file(t, "XZCF", "a.csv", content); again.Duplicate != 4 || again.SameAs == "" || versions() != 4 {
				t.Fatalf("the same file again: %+v, %d versions", again.Counts, versions())
			}
		}
		b.file(t, "XZCF", "b.csv", table(b.example("XZCF", row{"CF_WSH": "1号", "CF_SY": "第三种事由"})))
		if again := b.file(t, "XZCF", "a.csv", content); again.Updated != 2 || again.Duplicate != 2 {
			t.Fatalf("after another filing changed a record: %+v", again.Counts)
		}
	})
}
