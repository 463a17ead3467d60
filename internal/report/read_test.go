package report_test

import (
	"testing"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db/dbtest"
)

// A special report reads the file twice, for what it lists and for what proves that there is nothing else, and each reading is one entry in the access log: not one for
// each item, which is the same reading again.
func TestSpecialReportReadsTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	count := func() int {
		t.Helper()
		seen, _, err := w.acts.Search(t.Context(), audit.Who{Kind: string(authz.Account), ID: 99}, audit.Filter{Subject: w.firm}, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(seen)
	}
	before := count()
	r := w.create(t, w.special())
	if n := count() - before; n != 2 && n != 3 { // looking into the log stands in it as well
		t.Errorf("%d entries", n)
	}
	if d := document(t, r); len(d.Proofs.Sets) != 4 {
		t.Errorf("%d sets", len(d.Proofs.Sets))
	}
}
