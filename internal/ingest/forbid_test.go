package ingest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// What may not be put on file by a rule of today is not put there by matching a row that was received when it might have been; what was matched before can still be
// undone.
func TestMatchAsksAgainWhatIsForbidden(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		lapsed := clock.Date(20250606)
		b, ctx := newBench(t, d, "2025-06-05", func(c *ingest.Config) {
			c.Forbid = func(_ context.Context, _ *catalog.Item, _ *agency.Agency, on clock.Date) (func(catalog.Values) (catalog.Reason, bool), error) {
				return func(catalog.Values) (catalog.Reason, bool) {
					return catalog.NewReason(catalog.ReasonListBasis, "CF_WSH", "文书号", ""), on >= lapsed
				}, nil
			}
		}), context.Background()
		b.file(t, "XZCF", "a.csv", table(b.uncoded(1, nil), b.uncoded(2, nil), b.uncoded(3, row{"CF_XDR_SHXYM": trader(1), "CF_XDR_GSZC": ""})))
		waiting := b.queued(t, ingest.Waiting, 2)
		sub, ok, err := b.subjects.ByCode(ctx, trader(1))
		if err != nil || !ok {
			t.Fatalf("the subject: %v %v", ok, err)
		}
		if err := b.Match(ctx, waiting[0].ID, sub.ID, "someone", "同一家"); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(24 * time.Hour)
		if err := b.Match(ctx, waiting[1].ID, sub.ID, "someone", "同一家"); err == nil || !strings.Contains(err.Error(), "2404") {
			t.Errorf("matched after the rule had changed: %v", err)
		}
		b.queued(t, ingest.Waiting, 1)
		if err := b.Undo(ctx, waiting[0].ID, "someone", "不是同一家"); err != nil {
			t.Errorf("what was matched before cannot be undone: %v", err)
		}
		b.queued(t, ingest.Waiting, 2)
	})
}
