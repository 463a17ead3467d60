package listing_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/listing"
)

// Many who propose, decide and take off at the same moment do it once.
func TestAtTheSameMoment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		const free = "YZSX-ZFCG"
		x.empower(free)
		all := func(do func(i int) error) (done int) {
			t.Helper()
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				wg.Go(func() { errs[i] = do(i) })
			}
			wg.Wait()
			for _, err := range errs {
				switch {
				case err == nil:
					done++
				case fault.KindOf(err) != fault.Conflict && !errors.Is(err, db.ErrBusy):
					t.Errorf("%v", err)
				}
			}
			return done
		}
		list := func() []listing.Entry {
			t.Helper()
			got, err := x.List(context.Background(), listing.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		n := all(func(i int) error {
			_, err := x.Propose(x.as(int64(10+i), false, authz.Reviewer), listing.Proposal{Kind: free, Subject: firm, Agency: x.unit.ID, Cause: "有列入情形，证据确凿"})
			return err
		})
		if got := list(); n != 1 || len(got) != 1 {
			t.Fatalf("%d proposed, %d on file", n, len(got))
		}
		e := list()[0].ID
		if n := all(func(i int) error {
			_, err := x.Decide(x.as(int64(30+i), true, authz.ListApprover), e, listing.Decision{Document: x.paper("1号"), Reason: "证据充分"})
			return err
		}); n != 1 || len(x.changed) != 1 {
			t.Errorf("%d decided, %v", n, x.changed)
		}
		if _, err := x.Leave(x.as(50, false, authz.Reviewer), e, listing.Revoked, "决定被撤销", nil); err != nil {
			t.Fatal(err)
		}
		if n := all(func(i int) error {
			_, err := x.Remove(x.as(int64(60+i), true, authz.ListApprover), e, listing.Removal{Document: x.paper("移1号"), Reason: "决定被撤销"})
			return err
		}); n != 1 {
			t.Errorf("%d took it off", n)
		}
		if got := list(); len(got) != 1 || got[0].State != listing.Removed {
			t.Errorf("%+v", got)
		}
	})
}
