package app

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
)

// What nobody names goes when its period is over, its content with it; what a step, a draft or a filing names stays, and nothing goes a day early.
func TestAttachmentsAreSwept(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	ctx := context.Background()
	agent, other := authz.With(ctx, agentOf(&d.own)), authz.With(ctx, authz.Actor{ID: 955, Kind: authz.Account})
	engine := d.app.Procedures.Flow
	attach := func(ctx context.Context, text string) flow.Attachment {
		t.Helper()
		a, err := engine.Attach(ctx, "材料", strings.NewReader("%PDF-1.7\n"+text))
		must(t, err)
		return a
	}
	loose, twice := attach(agent, "never handed in"), attach(agent, "attached by two")
	attach(other, "attached by two")
	rest := func(hash string) {
		t.Helper()
		old := clock.System{}.Now().Add(-48 * time.Hour)
		must(t, os.Chtimes(d.app.blobs.Path(hash), old, old))
	}
	there := func(hash string) bool {
		_, err := os.Stat(d.app.blobs.Path(hash))
		return err == nil
	}
	manual, ok := d.app.Clock.(*clock.Manual)
	if !ok {
		t.Fatal("the clock is not ours")
	}
	begun := manual.Now()
	manual.Set(begun.AddDate(0, 0, 90))
	if s, err := d.app.SweepAttachments(ctx); err != nil || s.Uploads != 0 {
		t.Errorf("a day early: %+v %v", s, err)
	}
	manual.Set(begun.AddDate(0, 0, 91))
	for _, hash := range []string{loose.Hash, twice.Hash} {
		rest(hash)
	}
	kept := attach(other, "attached by two") // brought again today
	s, err := d.app.SweepAttachments(ctx)
	must(t, err)
	if s.Uploads != 2 || s.Files != 1 || s.Bytes != loose.Bytes || there(loose.Hash) || !there(kept.Hash) {
		t.Errorf("swept %+v, there %v %v", s, there(loose.Hash), there(kept.Hash))
	}
	if _, err := engine.Attached(agent, []string{loose.Hash}); err == nil {
		t.Error("what went can still be named")
	}
	app, err := d.app.Procedures.Repairs.Application(agent, d.own.repair.draft)
	must(t, err)
	if list, err := engine.Attached(agent, []string{app.Files[0].Hash}); err != nil || len(list) != 1 || !there(app.Files[0].Hash) {
		t.Errorf("a draft's attachment went: %v", err)
	}
	if s, err := d.app.SweepAttachments(ctx); err != nil || s.Uploads != 0 {
		t.Errorf("again: %+v %v", s, err)
	}
	if n := d.app.swept.uploads.Load(); n != 2 {
		t.Errorf("%d are counted", n)
	}
}
