package repair_test

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/notice"
	"gongxin/internal/repair"
)

// stumbling asks once for the whole transaction anew, as a database does when two write at once.
type stumbling struct {
	repair.Notices
	done bool
}

func (s *stumbling) Send(ctx context.Context, tx *db.Tx, n notice.Notice) error {
	if !s.done {
		s.done = true
		return db.ErrRetry
	}
	return s.Notices.Send(ctx, tx, n)
}

// TestSendAgain: an application whose transaction runs twice is sent once, and is not said to have changed meanwhile.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		w.day(20260810)
		a, err := w.save(at(penalty))
		w.must(err)
		w.Service.Notices = &stumbling{Notices: w}
		w.day(20260811)
		a, err = w.Service.Send(w.agent(), firm, a.ID, a.ChangedAt, true)
		w.must(err)
		list, err := w.CasesOf(t.Context(), a.ID)
		w.must(err)
		if len(list) != 1 || a.State != repair.Sent {
			t.Errorf("%d cases of %+v", len(list), a)
		}
	})
}
