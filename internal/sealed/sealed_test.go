package sealed_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/sealed"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Old texts are sealed, all of them and once; they read as before, rest under the current key after a rotation, and open nowhere but in their own row and column.
func TestTextsRestSealed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "ring"))
		must(t, err)
		x := &sealed.Texts{DB: d, Ring: ring, Title: "草稿", Table: "objection_draft", Key: [2]string{"subject_id", "draft_id"}, Columns: []string{"statement"}}
		const n = 1203
		write := func(i int, text string) {
			must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO objection_draft (subject_id, draft_id, account, kind, target, ask, statement, changed_at) VALUES ($1, $2, 'account:1', 'record', '', '', $3, 0)`, i%7, i, text)
				return err
			}))
		}
		must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for i := range n {
				if _, err := tx.ExecContext(ctx, `INSERT INTO objection_draft (subject_id, draft_id, account, kind, target, ask, statement, changed_at) VALUES ($1, $2, 'account:1', 'record', '', '', $3, 0)`, i%7, i, fmt.Sprintf("第%d条说明", i)); err != nil {
					return err
				}
			}
			return nil
		}))
		write(n, "")
		done, err := x.SealOld(ctx)
		must(t, err)
		if done != n {
			t.Errorf("%d rows were sealed, want %d", done, n)
		}
		if again, err := x.SealOld(ctx); again != 0 || err != nil {
			t.Errorf("sealed again: %d %v", again, err)
		}
		_, err = ring.Rotate()
		must(t, err)
		if stale, err := x.Stale(ctx); stale != n || err != nil {
			t.Errorf("%d rows are stale, %v", stale, err)
		}
		if moved, err := gm.Reseal(ctx, []gm.Resealer{x}, nil); moved != n || err != nil {
			t.Errorf("%d rows were moved, %v", moved, err)
		}
		if stale, err := x.Stale(ctx); stale != 0 || err != nil {
			t.Errorf("%d rows are stale, %v", stale, err)
		}
		var stored string
		must(t, d.Read().QueryRowContext(ctx, `SELECT statement FROM objection_draft WHERE subject_id = 5 AND draft_id = 12`).Scan(&stored))
		if strings.Contains(stored, "说明") {
			t.Errorf("rests in the clear: %s", stored)
		}
		if plain, err := x.Open("statement", 5, 12, stored); plain != "第12条说明" || err != nil {
			t.Errorf("reads %q, %v", plain, err)
		}
		if plain, err := x.Open("statement", 5, 13, stored); err == nil {
			t.Errorf("another row opens it: %q", plain)
		}
		if plain, err := x.Open("statement", 5, 12, "没有封存的旧文字"); plain != "没有封存的旧文字" || err != nil {
			t.Errorf("an old text reads %q, %v", plain, err)
		}
	})
}
