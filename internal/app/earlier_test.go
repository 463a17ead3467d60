package app

import (
	"context"
	"testing"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
)

// A database of a version that had no log: what it has on file of the catalogue gets its leaves at the first start, and at that one only, so that what somebody
// puts there by hand afterwards is found.
func TestEarlierCatalogueIsLogged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, at := newApp(t, nil)
	_, err := catalog.SaveCalendar(ctx, a.DB, holidays2027, "test", at.Now())
	must(t, err)
	const early, late = "91350100M0001TGQXM", "91350100M000100Y43"
	_, err = subject.AddLegacyCode(ctx, a.DB, early, "核对过营业执照", "test", at.Now())
	must(t, err)
	do := func(statements ...string) {
		t.Helper()
		must(t, a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, s := range statements {
				if _, err := tx.ExecContext(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	reopen := func() {
		t.Helper()
		b, err := Open(ctx, a.Config, Options{Clock: at}, false)
		must(t, err)
		must(t, b.Close())
	}
	logged := func(name string) bool {
		t.Helper()
		there, err := translog.Changed(ctx, a.DB.Read(), "catalog/1", name)
		must(t, err)
		return there
	}
	do(`DELETE FROM log_pending`, `DELETE FROM log_change`, `DELETE FROM log_outbox`, // as it was before there was a log, under an edition that ships no more
		`INSERT INTO catalog_edition (edition, effective_from, content, hash, loaded_at, loaded_by) SELECT '2020.1', effective_from, content, hash, loaded_at, loaded_by FROM catalog_edition`)
	must(t, a.DB.Tx(ctx, logEarlier))
	for _, name := range []string{"edition/2020.1", "edition/" + catalog.Default().ID, "calendar/2027", "legacy/" + early} {
		if !logged(name) {
			t.Errorf("%s has no leaf", name)
		}
	}
	do(`DELETE FROM catalog_edition WHERE edition = '2020.1'`, `INSERT INTO legacy_code (code, note, added_at, added_by) VALUES ('`+late+`', 'x', 1, 'test')`)
	reopen()
	if logged("legacy/" + late) {
		t.Error("a code that was put there by hand got its leaf")
	}
}
