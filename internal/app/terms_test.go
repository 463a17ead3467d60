package app

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/fault"
)

// By when a correction is applied comes into force by two people on its day, and what is counted from an earlier day keeps its length.
func TestTermsOfCorrectionsByTwoPeople(t *testing.T) {
	t.Parallel()
	a, now := newApp(t, nil)
	as := func(id int64, r authz.Role) context.Context {
		return authz.With(context.Background(), authz.Actor{ID: id, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: r}}})
	}
	create := func(text string) (*approval.Draft, error) {
		return a.Trust.Drafts.Create(as(1, authz.OfficeOperator), approval.Input{Kind: approval.Corrections, Title: "期限", Content: []byte(text), EffectiveOn: 20260401})
	}
	bad, err := create("name = \"期限\"\n[apply]\nworking_days = 1\n[feed]\nmonths = 12\n")
	must(t, err)
	if err := a.Trust.Drafts.Submit(as(1, authz.OfficeOperator), bad.ID); fault.KindOf(err) != fault.Invalid {
		t.Errorf("terms that rest on nothing: %v", err)
	}
	draft, err := create("name = \"期限\"\nbasis = \"某条例第三十条\"\n[apply]\nworking_days = 1\n[feed]\nmonths = 12\n")
	must(t, err)
	must(t, a.Trust.Drafts.Submit(as(1, authz.OfficeOperator), draft.ID))
	if err := a.Trust.Drafts.Approve(as(1, authz.ListApprover), draft.ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("whoever drafted approves: %v", err)
	}
	must(t, a.Trust.Drafts.Approve(as(2, authz.ListApprover), draft.ID))
	now.Set(time.Date(2026, 4, 1, 0, 1, 0, 0, clock.Zone))
	if n, err := a.Trust.Drafts.ApplyDue(context.Background()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for day, want := range map[clock.Date]int{20260331: 3, 20260401: 1} {
		if n, _, err := a.periods()(correction.PeriodApply, day); n != want || err != nil {
			t.Errorf("%s: %d working days, %v", day, n, err)
		}
	}
}
