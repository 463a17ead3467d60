package flow

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/blob"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

// The people of the tests by account: what the permission table lets each do.
const (
	applicant = 1
	clerk     = 2
	deputy    = 3
	boss      = 4 // decides, and nothing else
	chief     = 5 // may do everything of the office
	stranger  = 6
)

var mayDo = map[int64][]string{
	applicant: {"remark.make"},
	clerk:     {"remark.accept"},
	deputy:    {"remark.accept"},
	boss:      {"remark.decide"},
	chief:     {"remark.accept", "remark.decide"},
}

var errMayNot = fault.New(fault.Denied, "test.may", "不准", "")

type whoKey struct{}

// as gives a context of an account; 0 is a local operator.
func as(ctx context.Context, account int64) context.Context {
	w := audit.Who{Kind: "account", ID: account}
	if account == 0 {
		w = audit.Who{Kind: "local"}
	}
	return context.WithValue(ctx, whoKey{}, w)
}

type world struct {
	*Engine
	clock *clock.Manual
	db    *db.DB
	told  []Step // by the hook
	fail  func(c *Case, s Step) error
	hook  func(ctx context.Context, tx *db.Tx, c *Case, s Step) error
}

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, clock.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{db: d, clock: clock.NewManual(at("2026-03-02 10:00"))}
	ids := id.NewMaker(time.Now)
	ring, err := gm.OpenKeyRing(t.TempDir() + "/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.Open(t.TempDir(), ring)
	if err != nil {
		t.Fatal(err)
	}
	w.Engine = New(Config{
		DB: d, IDs: ids, Clock: w.clock, Log: audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock}), Files: files,
		Who: func(ctx context.Context) audit.Who {
			who, _ := ctx.Value(whoKey{}).(audit.Who)
			return who
		},
		May: func(ctx context.Context, action string, _ *Case) error {
			who, _ := ctx.Value(whoKey{}).(audit.Who)
			if !slices.Contains(mayDo[who.ID], action) {
				return errMayNot
			}
			return nil
		},
		AsSystem: func(ctx context.Context) context.Context {
			return context.WithValue(ctx, whoKey{}, audit.Who{Kind: "system"})
		},
	})
	err = w.Register(remark(), Hooks{On: func(ctx context.Context, tx *db.Tx, c *Case, s Step) error {
		if w.fail != nil {
			if err := w.fail(c, s); err != nil {
				return err
			}
		}
		if w.hook != nil {
			if err := w.hook(ctx, tx, c, s); err != nil {
				return err
			}
		}
		w.told = append(w.told, s)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// do runs a change as an account.
func (w *world) do(ctx context.Context, account int64, change func(ctx context.Context, tx *db.Tx) (*Case, error)) (c *Case, err error) {
	err = w.db.Tx(as(ctx, account), func(ctx context.Context, tx *db.Tx) error {
		c, err = change(ctx, tx)
		return err
	})
	return c, err
}

func (w *world) open(t testing.TB) *Case {
	t.Helper()
	c, err := w.do(t.Context(), applicant, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		return w.Open(ctx, tx, NewCase{Kind: "remark", Subject: 7, Ref: "R-1", Agency: 3, Region: "990102", Title: "对一条记录的意见"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fire takes a step with a reason, and fails the test when it is refused.
func (w *world) fire(t testing.TB, account int64, c *Case, event Event) *Case {
	t.Helper()
	c, err := w.tryFire(t.Context(), account, c.ID, event)
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return c
}

func (w *world) tryFire(ctx context.Context, account, id int64, event Event) (*Case, error) {
	return w.do(ctx, account, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		return w.Fire(ctx, tx, id, event, Input{Reason: "经核查，理由成立"})
	})
}

// refused checks that a change is refused by a fault and leaves nothing.
func (w *world) refused(t testing.TB, want error, c *Case, account int64, change func(ctx context.Context, tx *db.Tx) (*Case, error)) {
	t.Helper()
	_, err := w.do(t.Context(), account, change)
	if !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
	if c == nil {
		return
	}
	now, err := w.Get(t.Context(), c.ID)
	if err != nil || now.Version != c.Version || now.State != c.State {
		t.Errorf("after a refusal the case is %+v, %v", now, err)
	}
}

func (w *world) refusedFire(t testing.TB, want error, c *Case, account int64, event Event) {
	t.Helper()
	w.refused(t, want, c, account, func(ctx context.Context, tx *db.Tx) (*Case, error) {
		return w.Fire(ctx, tx, c.ID, event, Input{Reason: "经核查，理由成立"})
	})
}

func (w *world) runDue(t testing.TB) int {
	t.Helper()
	n, err := w.RunDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) timeline(t testing.TB, c *Case) []Step {
	t.Helper()
	list, err := w.Timeline(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
