package app

import (
	"context"
	"testing"
	"time"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ingest/parse"
)

// A holiday table that is approved in this process, or that another process put on file, counts at once for what runs: no restart.
func TestCalendarTakesEffect(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a, at := newApp(t, nil)
	other, err := Open(ctx, a.Config, Options{Clock: at}, false) // another process over the same database
	must(t, err)
	defer func() { _ = other.Close() }()
	due := func(a *App) clock.Date { // as the check of a filed row asks
		return parse.Deadline(catalog.FilingClock{WorkingDays: 3}, a.Ingest.Calendar, clock.Date(20261231))
	}
	plain, mended := clock.Date(20270105), clock.Date(20270108)
	if due(a) != plain || due(other) != plain {
		t.Fatalf("due on %s and %s before there is a table", due(a), due(other))
	}

	// Drafted by one person, approved by another on its day.
	as := func(id int64, r authz.Role) context.Context {
		return authz.With(ctx, authz.Actor{ID: id, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: r}}})
	}
	draft, err := a.Trust.Drafts.Create(as(1, authz.OfficeOperator), approval.Input{
		Kind: approval.Calendar, Title: "2027 年节假日", Content: []byte(holidays2027), EffectiveOn: clock.Today(at),
	})
	must(t, err)
	must(t, a.Trust.Drafts.Submit(as(1, authz.OfficeOperator), draft.ID))
	must(t, a.Trust.Drafts.Approve(as(2, authz.ListApprover), draft.ID))
	_, err = a.Trust.Drafts.ApplyDue(ctx)
	must(t, err)
	if due(a) != mended {
		t.Errorf("due on %s in the process that applied the table", due(a))
	}
	if due(other) != plain {
		t.Error("the other process knows without having looked")
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	done := make(chan struct{})
	defer func() { stop(); <-done }()
	go func() { defer close(done); other.refreshEditions(ctx) }() // looks at once, and then once a minute
	for range 1000 {
		if due(other) == mended {
			break
		}
		<-tick.C
	}
	if due(other) != mended {
		t.Errorf("due on %s in the other process", due(other))
	}
}
