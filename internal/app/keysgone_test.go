package app

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/translog"
)

// When the log has begun and its keys are gone, nothing is served and no other keys are made; with the keys back it serves again.
func TestServeWithoutLogKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	a, at := newApp(t, nil)
	if _, err := catalog.SaveCalendar(ctx, a.DB, holidays2027, "test", at.Now()); err != nil {
		t.Fatal(err)
	}
	log, err := a.publicLog(ctx)
	must(t, err)
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(run, nil) }()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if s, err := log.Status(ctx); err == nil && s.Pending == 0 && s.Size > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log does not advance")
		}
	}
	stop()
	<-done

	kept := a.keyFolder() + "-kept"
	must(t, os.Rename(a.keyFolder(), kept))
	serve := func() error {
		b, err := Open(ctx, a.Config, Options{Clock: at}, false)
		must(t, err)
		defer func() { _ = b.Close() }()
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return b.Serve(ended, false, nil)
	}
	if err := serve(); !errors.Is(err, translog.ErrKeysGone) {
		t.Errorf("served without the log's keys: %v", err)
	}
	if missing := translog.MissingKeys(a.keyFolder()); len(missing) != 2 {
		t.Errorf("keys were made: only %v are missing", missing)
	}
	must(t, os.RemoveAll(a.keyFolder()))
	must(t, os.Rename(kept, a.keyFolder()))
	if err := serve(); err != nil {
		t.Errorf("with the keys back: %v", err)
	}
}
