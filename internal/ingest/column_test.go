package ingest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// The pages of whole records hold what the pages of lines hold, each record as it is given alone but for its history.
func TestColumnOfWholeRecords(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(t, d, "2026-03-20"), context.Background()
		var rows []row
		for n := range 23 {
			rows = append(rows, b.example("XZCF", row{"CF_WSH": fmt.Sprintf("临市监罚〔2026〕%d号", n+1)}))
		}
		rows = append(rows, b.example("XZCF", row{"CF_WSH": "临市监罚〔2026〕99号", "CF_CFCX": "简易程序"})) // never public
		if r := b.file(t, "XZCF", "a.csv", table(rows...)); r.Accepted != len(rows) {
			t.Fatalf("%+v", r.Counts)
		}
		lines, cursor := 0, ""
		for page := 0; ; page++ {
			whole, err := b.portal.ListRecords(ctx, "XZCF", publish.ListFilter{}, cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			short, err := b.portal.List(ctx, "XZCF", publish.ListFilter{}, cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			if whole.Next != short.Next || whole.About != short.About || len(whole.Records) != len(short.Rows) {
				t.Fatalf("page %d: %d records, %d lines, %q %q", page, len(whole.Records), len(short.Rows), whole.Next, short.Next)
			}
			for i, got := range whole.Records {
				one, err := b.portal.Record(ctx, short.Rows[i].ID, time.Time{})
				if err != nil {
					t.Fatal(err)
				}
				one.Versions = nil
				if diff := cmp.Diff(*one, got); diff != "" || len(got.Fields) == 0 {
					t.Fatalf("page %d record %d (-alone +column): %s", page, i, diff)
				}
			}
			lines += len(whole.Records)
			if cursor = whole.Next; cursor == "" {
				break
			}
		}
		if lines != 23 {
			t.Errorf("%d records over all pages, want 23", lines)
		}
	})
}
