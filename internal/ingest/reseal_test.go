package ingest_test

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// TestQueueIsResealed moves waiting rows to a new key: they can still be read and decided, and the old key is no longer asked for.
func TestQueueIsResealed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		ctx := context.Background()
		old := row{
			"CF_AJMC": "旧案", "CF_CFLB1": "罚款", "CF_SY": "经营的食品标签不符合规定", "CF_YJ": "食品安全法", "CF_XDR_MC": "临溪市示例食品有限公司",
			"CF_XDR_GSDJ": "370303200000010", "CF_FR": "示例", "CF_JG": "罚款2000元", "CF_JDRQ": "2025-06-03", "CF_XZJG": "临溪市市场监督管理局", "CF_ZT": "0", "DFBM": "990100",
		}
		with := func(number string) row {
			r := row{"CF_WSH": number}
			for k, v := range old {
				r[k] = v
			}
			return r
		}
		r := b.file(t, "XZCF", "old.csv", table(with("旧1号"), with("旧2号")))
		waiting, err := b.Queue(ctx, ingest.Waiting, 0, 10)
		if err != nil || len(waiting) == 0 {
			t.Fatalf("nothing waits: %v, %+v", err, r.Counts)
		}
		if _, err := b.Ring.Rotate(); err != nil {
			t.Fatal(err)
		}
		s := b.Resealer()
		if n, err := s.Stale(ctx); err != nil || n != int64(len(waiting)) {
			t.Fatalf("%d stale (%v), want %d", n, err, len(waiting))
		}
		next, done, err := s.Reseal(ctx, "", 1)
		if err != nil || done != 1 {
			t.Fatalf("first batch: %d, %v", done, err)
		}
		if _, more, err := s.Reseal(ctx, next, 500); err != nil || done+more != len(waiting) {
			t.Fatalf("then: %d, %v", more, err)
		}
		if n, err := s.Stale(ctx); err != nil || n != 0 {
			t.Errorf("%d stale afterwards (%v)", n, err)
		}
		again, err := b.Queue(ctx, ingest.Waiting, 0, 10)
		if err != nil || len(again) != len(waiting) {
			t.Fatalf("%d wait afterwards (%v)", len(again), err)
		}
	})
}
