package publish_test

import (
	"context"
	"errors"
	"testing"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// A look is on file, under the reader's unit and in the subject's own list, or nothing of it is; and nobody looks namelessly.
func TestLooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		officer := authz.With(context.Background(), w.officer())
		look := audit.Access{Who: audit.Who{Agency: w.unit.ID}, Subject: w.firm, What: "task", Basis: "某法第一条"}
		if err := (publish.Looks{DB: d, Clock: w.clock}).Record(officer, look); !errors.Is(err, publish.ErrNoLog) {
			t.Errorf("without a log: %v", err)
		}
		x := publish.Looks{DB: d, Log: w.log, Clock: w.clock}
		if err := x.Record(context.Background(), look); !errors.Is(err, authz.ErrSignIn) {
			t.Errorf("nobody: %v", err)
		}
		if err := x.Record(officer, look, audit.Access{Subject: w.firm}); err == nil {
			t.Error("an entry that says nothing was taken")
		}
		count := func() (n int) {
			list, _, err := w.log.OfSubject(context.Background(), w.firm, "", 50)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if n := count(); n != 0 {
			t.Errorf("%d entries of looks that failed", n)
		}
		if err := x.Record(officer, publish.Each([]int{1, 2, 3}, func(int) audit.Access { return look })...); err != nil {
			t.Fatal(err)
		}
		list, _, err := w.log.OfSubject(context.Background(), w.firm, "", 50)
		if err != nil || len(list) != 1 || list[0].Who.Agency != w.unit.ID || list[0].What != "task" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
