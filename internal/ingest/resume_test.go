package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// TestResumedMapping stops a filing of NDJSON rows after its first batch: the receipt of the run that goes on speaks of all columns, also of
// those that only the first rows had, in the order of the file, so that the error workbook marks the right cells.
func TestResumedMapping(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		stop := func() {}
		b := newBench(t, d, "2025-06-05", func(c *ingest.Config) {
			c.BatchRows = 512
			c.AfterBatch = func(string, int, int) { stop() }
		})
		content := func(kind string) []byte {
			var out bytes.Buffer
			for i := range 1500 {
				r := b.example("XZCF", row{"CF_WSH": fmt.Sprintf("%s%d号", kind, i)})
				if i < 100 {
					r["科室"] = "法规科"
				}
				if i >= 700 {
					r["AA_LATE"] = "1"
				}
				if i == 1400 {
					r["CF_JDRQ"] = "2025-06-31"
				}
				if err := json.NewEncoder(&out).Encode(r); err != nil {
					t.Fatal(err)
				}
			}
			return out.Bytes()
		}
		want := b.file(t, "XZCF", "calm.ndjson", content("甲"))

		sub, err := b.Submit(context.Background(), ingest.Request{Item: "XZCF", Unit: unit, FileName: "stopped.ndjson", Actor: "test"}, bytes.NewReader(content("乙")))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		stop = cancel
		if _, err := b.Run(ctx, sub.ID, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("the run was not stopped: %v", err)
		}
		stop = func() {}
		if half, err := b.Get(context.Background(), sub.ID); err != nil || half.RowsDone == 0 || half.RowsDone >= 1500 {
			t.Fatalf("stopped at row %d: %v", half.RowsDone, err)
		}
		if _, err := b.Run(context.Background(), sub.ID, nil); err != nil {
			t.Fatal(err)
		}
		have, err := b.Receipt(context.Background(), sub.ID, 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Mapping, have.Mapping); diff != "" {
			t.Errorf("mapping after a stop (- without, + with): %s", diff)
		}
		if want.Counts != have.Counts || want.Rejected != 1 {
			t.Errorf("counts %+v, without a stop %+v", have.Counts, want.Counts)
		}
	})
}
