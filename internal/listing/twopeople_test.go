package listing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
)

// listed gives an entry of a list that asks for no notice.
func (x *desk) listed(kind string) listing.Entry {
	x.t.Helper()
	x.empower(kind)
	e, err := x.decide(x.approver(), x.propose(kind))
	if err != nil {
		x.t.Fatal(err)
	}
	return e
}

// Nobody takes an entry off a list alone: neither who proposed that, nor who had proposed the entry. Until it is decided the entry stands, and its time runs on.
func TestRemovalTakesTwo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		e := x.listed("YZSX-ZFCG")
		out := listing.Removal{Document: x.paper("移1号"), Why: listing.Revoked, Reason: "决定被撤销"}
		if _, err := x.Remove(x.approver(), e.ID, out); !errors.Is(err, flow.ErrStep) {
			t.Errorf("removed though nobody had proposed it: %v", err)
		}
		both := x.withBoth(3)
		if _, err := x.Leave(both, e.ID, listing.Revoked, "决定被撤销", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Remove(both, e.ID, out); !errors.Is(err, flow.ErrSeparate) {
			t.Errorf("who proposed the removal removed it: %v", err)
		}
		if _, err := x.Remove(x.withBoth(1), e.ID, out); fault.KindOf(err) != fault.Denied {
			t.Errorf("who proposed the entry removed it: %v", err)
		}
		if got := x.standing(time.Time{}); len(got) != 1 || len(x.changed) != 1 {
			t.Errorf("a proposal removes: %v, %v", got, x.changed)
		}
		if e, err := x.Stay(x.approver(), e.ID, "没有撤销决定"); err != nil || e.State != listing.Listed || e.RemovedWhy != "" {
			t.Errorf("%+v, %v", e, err)
		}
		if err := x.revoke(e.ID); err != nil {
			t.Fatal(err)
		}
		if got := x.standing(time.Time{}); got != nil || len(x.changed) != 2 {
			t.Errorf("after the removal: %v, %v", got, x.changed)
		}

		// Time does not wait for the second person.
		e = x.listed("YZSX-ZFCG")
		if _, err := x.Leave(x.clerk(), e.ID, listing.Revoked, "决定被撤销", nil); err != nil {
			t.Fatal(err)
		}
		x.day(e.Until)
		if n, err := x.RunDue(context.Background()); n != 1 || err != nil {
			t.Errorf("%d ended: %v", n, err)
		}
		if e, err := x.Get(context.Background(), d.Read(), e.ID); err != nil || e.RemovedWhy != listing.Expired || e.RemovedOn != e.Until {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

// A step that somebody takes after the midnight on which an entry is over, before anything has run, does not keep the entry on its list.
func TestEndsPastALaterStep(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		e := x.listed("YZSX-ZFCG")
		x.day(e.Until.AddDays(3))
		if _, err := x.Leave(x.clerk(), e.ID, listing.Revoked, "决定被撤销", nil); err != nil {
			t.Fatal(err)
		}
		if n, err := x.RunDue(context.Background()); n != 1 || err != nil {
			t.Errorf("%d ended: %v", n, err)
		}
		if e, err := x.Get(context.Background(), d.Read(), e.ID); err != nil || e.State == listing.Listed || e.RemovedWhy != listing.Expired || e.RemovedOn != e.Until {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

// withBoth is a login that holds the post that proposes and the post that decides.
func (x *desk) withBoth(account int64) context.Context {
	return as(x.both(account))
}

// Whoever stands on a list that rewards hears of it before being taken off.
func TestRewardedIsHeardBeforeRemoval(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	e := x.listed("SX-SXDX")
	if _, err := x.Leave(x.clerk(), e.ID, listing.Revoked, "不再符合守信条件", nil); err != nil {
		t.Fatal(err)
	}
	if last := x.told[len(x.told)-1]; last != "subject listing.leaving" {
		t.Errorf("told %v", x.told)
	}
}

// A notice is of the proposal that it is about: served before it, it would leave the notified no time at all.
func TestNoticeIsNotOlderThanTheProposal(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	x.empower(kind)
	e := x.propose(kind)
	if _, err := x.Notify(x.clerk(), e.ID, listing.Document{No: "告1号", On: clock.Today(x.clock).AddDays(-1)}); !errors.Is(err, listing.ErrServed) {
		t.Errorf("served before it was proposed: %v", err)
	}
	x.day(20260310)
	if _, err := x.Notify(x.clerk(), e.ID, listing.Document{No: "告1号", On: 20260302}); err != nil {
		t.Errorf("served on the day of the proposal, written down later: %v", err)
	}
}

// The days to state one's case are working days: over the Spring Festival of 2026 (15 to 23 February) they wait, and a Saturday worked instead counts.
func TestHolidaysDoNotCount(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	x.empower(kind) // three working days
	x.day(20260213)
	e := x.propose(kind)
	if _, err := x.Notify(x.clerk(), e.ID, x.paper("告1号")); err != nil {
		t.Fatal(err)
	}
	first := x.Calendar.AddWorkdays(20260213, 3).AddDays(1) // 14, 24, 25 February
	if first != 20260226 {
		t.Fatalf("the calendar says %s", first)
	}
	x.day(first.AddDays(-1))
	if _, err := x.decide(x.approver(), e); !errors.Is(err, listing.ErrNotice) {
		t.Errorf("decided in the time of the notified: %v", err)
	}
	x.day(first)
	if _, err := x.decide(x.approver(), e); err != nil {
		t.Error(err)
	}
}

// Where the notified may have a hearing and asked for one, nothing is decided before it was held; dropping the matter is always possible.
func TestHearingThatWasAskedForIsHeld(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	x.empower(kind)
	x.empower("YZSX-NMGZ")
	without := x.propose(kind)
	with := x.propose("YZSX-NMGZ")
	for _, e := range []listing.Entry{without, with} {
		if _, err := x.Notify(x.clerk(), e.ID, x.paper("告1号")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Demand(x.clerk(), without.ID, "当事人要求听证", nil); !errors.Is(err, listing.ErrHearing) {
		t.Errorf("a hearing that the list does not know: %v", err)
	}
	if _, err := x.Demand(x.clerk(), with.ID, "当事人要求听证", nil); err != nil {
		t.Fatal(err)
	}
	x.day(20260401)
	if _, err := x.decide(x.approver(), with); !errors.Is(err, flow.ErrStep) {
		t.Errorf("decided before the hearing: %v", err)
	}
	if _, err := x.Statement(x.clerk(), with.ID, "当事人补充了意见", nil); err != nil {
		t.Error(err)
	}
	if _, err := x.Hearing(x.clerk(), with.ID, "举行了听证，当事人的意见不成立", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := x.decide(x.approver(), with); err != nil {
		t.Error(err)
	}
}

// A decision is dated by a day: the list had its basis then by the file of that day, whatever a later file says of the past.
func TestBasisOfTheDayOfDecision(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	const free = "YZSX-ZFCG"
	x.empower(free)
	e := x.propose(free)
	law := `from = "2003-01-01"`
	x.edit(20260304, law, law+"\n  until = \"2026-03-05\"") // over from the 5th on,
	x.edit(20260309, law, law)                              // and in force again from the 9th on
	x.day(20260310)
	if _, err := x.Decide(x.approver(), e.ID, listing.Decision{Document: listing.Document{No: "1号", On: 20260306}, Reason: "证据充分"}); !errors.Is(err, listing.ErrBasis) {
		t.Errorf("decided on a day without a basis: %v", err)
	}
	if _, err := x.Decide(x.approver(), e.ID, listing.Decision{Document: x.paper("1号"), Reason: "证据充分"}); err != nil {
		t.Error(err)
	}
}
