package repair_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/record"
	"gongxin/internal/repair"
)

// second is another reviewer of the unit.
func (w *world) secondReviewer() context.Context {
	return w.as(33, true, authz.Grant{Role: authz.Reviewer, Agency: w.unit.ID})
}

func (w *world) reopen(repairID int64, stage repair.Stage) error {
	return w.db.Tx(w.officer(), func(ctx context.Context, tx *db.Tx) error {
		return w.Reopen(ctx, tx, repair.Reopening{Repair: repairID, Stage: stage, No: "YY20260901-000001", Reason: "证明材料在期限内提交，不予修复的理由不成立"})
	})
}

// refused gives a case that was refused.
func (w *world) refused() (record.ID, repair.Case) {
	w.t.Helper()
	penalty := w.file("XZCF", 20260510, nil)
	w.day(20260820)
	c := w.send(at(penalty))[0]
	_, err := w.Accept(w.clerk(), c.ID, 0)
	w.must(err)
	c, err = w.Refuse(w.reviewer(), c.ID, w.answer("拒1号"))
	w.must(err)
	return penalty, c
}

// What was refused wrongly goes back to the stage that is decided, with a clock of its own; the unit and the subject are told; who refused does not refuse again.
func TestReopenRefused(t *testing.T) {
	t.Parallel()
	for stage, want := range map[repair.Stage]struct {
		due  clock.Date
		told string
	}{
		repair.StageAccept: {20260904, "repair.reopened"}, // Tuesday 1 September and three working days
		repair.StageAnswer: {20260915, "repair.reopened"},
		repair.StageGrant:  {0, "repair.awarded"},
	} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				penalty, c := w.refused()
				w.day(20260901)
				out, ok, err := w.OutcomeOf(t.Context(), d.Read(), penalty)
				if err != nil || !ok || out.Repair != c.ID || out.Word != "不予修复" || !slices.Equal(out.Stages, []repair.Stage{repair.StageAccept, repair.StageAnswer, repair.StageGrant}) {
					t.Fatalf("%+v, %v, %v", out, ok, err)
				}
				if err := w.reopen(c.ID, repair.StageKept); !errors.Is(err, repair.ErrStage) {
					t.Errorf("a stage of another procedure: %v", err)
				}
				w.told = nil
				w.must(w.reopen(c.ID, stage))
				if !slices.Equal(w.told, []string{"agency " + want.told, "subject " + want.told}) {
					t.Errorf("told %v", w.told)
				}
				c, err = w.Case(t.Context(), c.ID)
				w.must(err)
				if c.State != string(stage) || c.ReopenedFor == "" || !c.Next.IsZero() || w.due(c) != want.due {
					t.Errorf("%+v, due %s", c, w.due(c))
				}
				if _, ok, err := w.OutcomeOf(t.Context(), d.Read(), penalty); ok || err != nil {
					t.Errorf("an outcome that is none: %v", err)
				}
				if stage == repair.StageGrant {
					if v := w.status(penalty); v.Status != record.Repaired || c.Open || c.AnswerNo == "" || c.AnsweredAt.IsZero() {
						t.Errorf("granted, and the record is %s: %+v", v.Status, c)
					}
					return
				}
				if _, err := w.save(at(penalty)); !errors.Is(err, repair.ErrTwice) {
					t.Errorf("asked for twice: %v", err)
				}
				if stage == repair.StageAccept {
					_, err = w.Accept(w.clerk(), c.ID, 0)
					w.must(err)
				}
				if _, err := w.Refuse(w.reviewer(), c.ID, w.answer("拒2号")); !errors.Is(err, flow.ErrSeparate) {
					t.Errorf("refused again by the same: %v", err)
				}
				_, err = w.Grant(w.secondReviewer(), c.ID, w.answer("修1号"))
				w.must(err)
				if v := w.status(penalty); v.Status != record.Repaired {
					t.Errorf("the record is %s", v.Status)
				}
			})
		})
	}
}

// A repair that was taken back wrongly stands again, for good or until the subject has been heard, and the bar to applying falls.
func TestReopenTakenBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty := w.file("XZCF", 20260510, nil)
		later := w.file("XZCF", 20260511, nil)
		w.day(20260820)
		c := w.send(at(penalty))[0]
		_, err := w.Accept(w.clerk(), c.ID, 0)
		w.must(err)
		_, err = w.Grant(w.reviewer(), c.ID, w.answer("修1号"))
		w.must(err)
		if _, ok, err := w.OutcomeOf(t.Context(), d.Read(), penalty); ok || err != nil {
			t.Errorf("a repair that was granted can be found wrong by its subject: %v", err)
		}
		takeBack := func(who context.Context) (repair.Breach, error) {
			list, err := w.BreachesOf(t.Context(), c.ID)
			w.must(err)
			if len(list) == 0 {
				b, err := w.Notify(w.clerk(), c.ID, "检测报告系伪造", w.answer("告1号"))
				w.must(err)
				list = append(list, b)
			}
			_, err = w.State(w.agent(), list[0].ID, "本公司并不知情", nil)
			w.must(err)
			return w.Cancel(who, list[0].ID, w.answer("撤1号"))
		}
		_, err = takeBack(w.reviewer())
		w.must(err)
		if _, err := w.save(at(later)); !errors.Is(err, repair.ErrBarred) {
			t.Errorf("applied while barred: %v", err)
		}
		w.told = nil
		w.must(w.reopen(c.ID, repair.StageHeard))
		if v := w.status(penalty); v.Status != record.Repaired || !slices.Equal(w.told, []string{"agency repair.reheard", "subject repair.reheard"}) {
			t.Errorf("heard anew: %s, told %v", v.Status, w.told)
		}
		if _, err := takeBack(w.reviewer()); !errors.Is(err, flow.ErrSeparate) {
			t.Errorf("taken back again by the same: %v", err)
		}
		_, err = takeBack(w.secondReviewer())
		w.must(err)
		w.must(w.reopen(c.ID, repair.StageKept))
		if v := w.status(penalty); v.Status != record.Repaired {
			t.Errorf("restored as %s", v.Status)
		}
		if _, err := w.save(at(later)); err != nil {
			t.Errorf("barred by what was undone: %v", err)
		}
		b, err := w.BreachesOf(t.Context(), c.ID)
		w.must(err)
		if b[0].State != "kept" || b[0].DocNo == "" || !b[0].Until.IsZero() {
			t.Errorf("%+v", b[0])
		}
	})
}

// What cannot be given by an objection: before the earliest day, what is shown no longer, what was applied for again, by who may not.
func TestReopenRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		penalty, c := w.refused()
		err := d.Tx(w.reviewer(), func(ctx context.Context, tx *db.Tx) error {
			return w.Reopen(ctx, tx, repair.Reopening{Repair: c.ID, Stage: repair.StageAnswer, No: "1", Reason: "理由不成立"})
		})
		if err == nil {
			t.Error("opened again by the unit itself")
		}
		w.day(c.Next)
		again := w.send(at(penalty))[0]
		if err := w.reopen(c.ID, repair.StageAnswer); !errors.Is(err, repair.ErrTwice) {
			t.Errorf("applied for again meanwhile: %v", err)
		}
		_, err = w.Withdraw(w.agent(), again.ID, 0)
		w.must(err)
		w.must(d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: penalty, To: record.Annulled}}, record.Change{At: w.clock.Now(), Actor: "test"})
			return err
		}))
		if err := w.reopen(c.ID, repair.StageAnswer); !errors.Is(err, repair.ErrOver) {
			t.Errorf("nothing is left to repair: %v", err)
		}
	})
}
