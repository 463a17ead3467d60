package report_test

import (
	"context"
	"testing"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/report"
)

// Whoever reads a report again that is not for everyone stands in the access log first: the subject as itself, the grantee as one who looked.
func TestReadingAgainIsOnFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.Background()
		entries := func() int {
			list, _, err := w.acts.OfSubject(ctx, w.firm, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		standard, special := w.create(t, w.standard()), w.create(t, w.special())
		before := entries()
		if _, err := w.Get(ctx, authz.Actor{}, standard.Number); err != nil || entries() != before {
			t.Errorf("what everyone may read left %d entries: %v", entries()-before, err)
		}
		if _, err := w.PDF(ctx, w.agent(), special.Number); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Get(ctx, w.agent(), special.Number); err != nil {
			t.Fatal(err)
		}
		list, _, err := w.acts.OfSubject(ctx, w.firm, "", 100)
		if err != nil || len(list) != before+2 || list[0].What != audit.Own {
			t.Fatalf("%d entries more, the newest %+v: %v", len(list)-before, list[0], err)
		}
		if _, err := w.Get(ctx, w.resident(), special.Number); err == nil || entries() != before+2 {
			t.Errorf("somebody else: %v", err)
		}
		err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `ALTER TABLE access_log RENAME TO access_gone`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var r *report.Report
		if r, err = w.Get(ctx, w.agent(), special.Number); err == nil || r != nil {
			t.Error("a report was given though nothing keeps who reads it")
		}
		if pdf, err := w.PDF(ctx, w.agent(), special.Number); err == nil || pdf != nil {
			t.Error("a PDF was given though nothing keeps who reads it")
		}
	})
}
