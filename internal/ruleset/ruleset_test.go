package ruleset_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ruleset"
)

func load(r io.Reader) (string, error) {
	raw, err := io.ReadAll(r)
	if err == nil && len(raw) == 0 {
		err = errors.New("empty")
	}
	return string(raw), err
}

// A file holds from its day on; the days before keep theirs, and what was known at an instant can be asked.
func TestBook(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		c := clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
		open := func() *ruleset.Book[string] {
			b, err := ruleset.New(ruleset.Config[string]{Name: "test", Load: load, Shipped: []byte("old\nsame"), DB: d, Clock: c})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		b, other := open(), open()
		base, err := b.Base(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff, err := b.Diff(ctx, []byte("new\nsame")); diff != "- old\n+ new\n" || err != nil {
			t.Errorf("difference %q: %v", diff, err)
		}
		if err := b.Check(ctx, nil, 20260401); err == nil {
			t.Error("an empty file was taken")
		}
		put := func(text string, on clock.Date) {
			t.Helper()
			err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return b.Apply(ctx, tx, []byte(text), on, "draft:1") })
			if err == nil {
				err = b.Applied(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		put("new", 20260401)
		early := c.Now()
		c.Advance(time.Hour)
		put("newer", 20260401)
		put("between", 20260315)
		for day, want := range map[clock.Date]string{20250101: "old\nsame", 20260314: "old\nsame", 20260315: "between", 20260331: "between", 20260401: "newer", 20991231: "newer"} {
			if got := b.On(day); got != want {
				t.Errorf("on %s: %q, want %q", day, got, want)
			}
		}
		if got := b.KnownOn(20260401, early); got != "new" {
			t.Errorf("as known before: %q", got)
		}
		if got := other.On(20260401); got != "old\nsame" {
			t.Errorf("another process before its refresh: %q", got)
		}
		if err := other.Refresh(ctx); err != nil || other.On(20260401) != "newer" {
			t.Errorf("another process: %q, %v", other.On(20260401), err)
		}
		c.Set(clock.Date(20260402).Start())
		if now, err := b.Base(ctx, nil); err != nil || now == base {
			t.Errorf("the base did not change: %v", err)
		}
	})
}
