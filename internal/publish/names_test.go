package publish_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
)

// TestNamesAfterTheClockWasPutBack: what is registered after the machine's clock was put back is found at once, although changes with later
// instants are known already.
func TestNamesAfterTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		now := clock.NewManual(time.Date(2026, 11, 23, 10, 0, 0, 0, clock.Zone))
		ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
		if err != nil {
			t.Fatal(err)
		}
		subjects := subject.NewStore(d, id.NewMaker(now.Now), ring)
		names := publish.NewNames(subjects, now, nil)
		register := func(name, code string) {
			t.Helper()
			err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := subjects.Resolve(ctx, tx, []subject.Claim{{
					Kind: catalog.LegalEntity, Name: name, Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: code}},
				}}, now.Now())
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		refresh := func(want int) {
			t.Helper()
			if n, err := names.Refresh(ctx); err != nil || n != want {
				t.Fatalf("%d taken in (%v), want %d", n, err, want)
			}
		}
		register("临溪市示例食品有限公司", firmCode)
		refresh(1)
		now.Advance(-9 * time.Hour)
		register("临溪市望岫茶业有限公司", "91990102MA0A00022C")
		refresh(1)
		for range 200 { // long idle
			refresh(0)
		}
		now.Advance(time.Minute)
		register("临溪市青屏木业有限公司", "91990102MA0A000307")
		refresh(1)
		refresh(0)
		if names.Len() != 3 {
			t.Errorf("%d names", names.Len())
		}
	})
}
