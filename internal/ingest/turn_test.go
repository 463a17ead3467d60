package ingest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"gongxin/internal/clock"
)

// wound is a clock that a hand can set while time goes on as it does.
type wound struct {
	*clock.Manual
	ran time.Duration
}

func (w *wound) Elapsed() time.Duration { return w.ran }

func (w *wound) run(d time.Duration) {
	w.Advance(d)
	w.ran += d
}

// A clock that was set ahead puts the next sweep off by an hour that has really gone by, once.
func TestSweepWaitsAfterAJump(t *testing.T) {
	t.Parallel()
	w := &wound{Manual: clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))}
	s, none := &Service{Config: Config{Clock: w}}, slog.New(slog.DiscardHandler)
	last := s.turn()
	w.run(30 * time.Minute)
	if got := s.sweepDue(context.Background(), last, none); got != last {
		t.Error("half an hour is no hour")
	}
	w.Advance(48 * time.Hour)                            // by hand
	next := s.sweepDue(context.Background(), last, none) // a sweep would fail: there is no database
	if next == last || next != s.turn() {
		t.Errorf("the sweep was not put off: %+v", next)
	}
	w.run(time.Hour)
	if next.jumped(s.turn()) {
		t.Error("the jump counts twice")
	}
	if _, ok := any(clock.System{}).(clock.Steady); !ok {
		t.Error("the machine's clock is not steady")
	}
}
