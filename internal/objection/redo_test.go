package objection_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/blob"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/objection"
	"gongxin/internal/record"
)

// repairs knows of one application that was refused.
type repairs struct {
	answered bool
	reopened []string
	fail     error
}

func (r *repairs) Answered(context.Context, db.Querier, record.ID) (objection.RepairAnswer, bool, error) {
	return objection.RepairAnswer{ID: 9, Word: "不予修复", Stages: []objection.Stage{{Code: "accepted", Name: "重新答复"}, {Code: "granted", Name: "准予修复", Agreed: true}}}, r.answered, nil
}

func (r *repairs) Reopen(_ context.Context, _ *db.Tx, repair int64, stage, no, reason string) error {
	if repair != 9 || !strings.HasPrefix(no, "YY") || reason == "" {
		return errors.New("not what was decided")
	}
	r.reopened = append(r.reopened, stage)
	return r.fail
}

func (w *world) redo(target string) (objection.Objection, error) {
	return w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfRepair, Target: target, Ask: objection.AskRedo, Statement: "证明材料已经在期限内提交"})
}

// An answer about a repair that is found wrong is given anew, at the stage that a person names; what ends it without the unit needs the unit's consent.
func TestRedone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		target := w.penalty()
		if _, err := w.redo(target); !errors.Is(err, objection.ErrNoRepair) {
			t.Errorf("nothing was answered: %v", err)
		}
		w.repairs.answered = true
		o, err := w.redo(target)
		must(t, err)
		if o.Repair != 9 {
			t.Errorf("about repair %d", o.Repair)
		}
		_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		decide := func(stage string) (objection.Objection, error) {
			return w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Redone, Stage: stage, Step: objection.Step{Text: "不予修复的理由不成立"}})
		}
		for stage, want := range map[string]error{"": objection.ErrStage, "sent": objection.ErrStage, "granted": objection.ErrConsent} {
			if _, err := decide(stage); !errors.Is(err, want) {
				t.Errorf("at %q: %v", stage, err)
			}
		}
		w.repairs.fail = errors.New("the repair stands otherwise")
		if _, err := decide("accepted"); err == nil || w.state(o.ID).State != objection.Accepted {
			t.Errorf("decided, and nothing was done: %v", err)
		}
		w.repairs.fail = nil
		o, err = decide("accepted")
		must(t, err)
		if o.State != objection.Answered || o.Stage != "accepted" || w.repairs.reopened[len(w.repairs.reopened)-1] != "accepted" {
			t.Errorf("%+v, %v", o, w.repairs.reopened)
		}
	})
}

// With the unit's consent the repair is granted; the review can do what the decision did not.
func TestRedoneByReview(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.repairs.answered = true
		o, err := w.redo(w.penalty())
		must(t, err)
		_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		if _, err := w.Answer(w.as(clerk), o.ID, objection.FoundVoid, objection.Step{Text: "同意撤下"}); !errors.Is(err, objection.ErrReply) {
			t.Errorf("a repair is taken down: %v", err)
		}
		_, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "答复无误，材料附后"})
		must(t, err)
		_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "维持"}})
		must(t, err)
		_, err = w.Appeal(w.as(agent), o.ID, objection.Step{Text: "仍不同意，材料已经提交"})
		must(t, err)
		review := func(stage string) error {
			_, err := w.Conclude(w.as(second), o.ID, objection.Verdict{Result: objection.Redone, Stage: stage, Step: objection.Step{Text: "材料确已提交"}})
			return err
		}
		if err := review("granted"); !errors.Is(err, objection.ErrConsent) {
			t.Errorf("granted against the unit: %v", err)
		}
		must(t, review("accepted"))
		if o := w.state(o.ID); o.Review != objection.Redone || o.State != objection.Closed || len(w.repairs.reopened) != 1 {
			t.Errorf("%+v, %v", o, w.repairs.reopened)
		}

		o, err = w.redo(w.penalty())
		must(t, err)
		_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Answer(w.as(clerk), o.ID, objection.FoundWrong, objection.Step{Text: "材料确已在期限内收到"})
		must(t, err)
		_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Redone, Stage: "granted", Step: objection.Step{Text: "认定单位同意"}})
		must(t, err)
		if w.repairs.reopened[1] != "granted" {
			t.Errorf("%v", w.repairs.reopened)
		}
	})
}

// rule puts the rules of a place in force from a day on.
func (w *world) rule(name string, from clock.Date) {
	w.t.Helper()
	raw, err := os.ReadFile("../../docs/user/rules/" + name)
	must(w.t, err)
	must(w.t, w.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return w.Rules.Apply(ctx, tx, raw, from, "test") }))
	must(w.t, w.Rules.Refresh(context.Background()))
}

// Zhejiang: five working days, put off once to at most twenty; Shandong knows no extension. What was given stays given when the source is asked, and everybody is told.
func TestExtend(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		old := w.submit(w.penalty())
		_, err := w.Accept(w.as(officer), old.ID, objection.Step{})
		must(t, err)
		if _, err := w.Extend(w.as(officer), old.ID, 1, objection.Step{Text: "要调取档案"}); !errors.Is(err, flow.ErrExtend) {
			t.Errorf("put off where no rule allows it: %v", err)
		}
		w.rule("objection-zhejiang.toml", 20260309)
		w.clock.Set(time.Date(2026, 3, 9, 10, 0, 0, 0, clock.Zone)) // a Monday
		o := w.submit(w.penalty())
		if _, err := w.Extend(w.as(officer), o.ID, 3, objection.Step{Text: "要调取档案"}); err == nil {
			t.Error("put off before it was accepted")
		}
		_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		w.told = nil
		for _, c := range []struct {
			who  int64
			days int
			text string
		}{{clerk, 3, "要调取档案"}, {agent, 3, "要调取档案"}, {officer, 16, "要调取档案"}, {officer, 0, "要调取档案"}, {officer, 3, ""}} {
			if _, err := w.Extend(w.as(c.who), o.ID, c.days, objection.Step{Text: c.text}); err == nil {
				t.Errorf("put off: %+v", c)
			}
		}
		if _, err := w.Extend(w.as(officer), o.ID, 10, objection.Step{Text: "要调取档案", Seen: 99}); !errors.Is(err, flow.ErrChanged) {
			t.Errorf("what the officer did not see: %v", err)
		}
		o, err = w.Extend(w.as(officer), o.ID, 10, objection.Step{Text: "要到外地调取档案"})
		must(t, err)
		if o.AnswerBy != day("2026-03-30") || o.Extended != 10 || w.due(&o) != o.AnswerBy {
			t.Errorf("put off to %s, due %s, %+v", o.AnswerBy, w.due(&o), o)
		}
		if len(w.told) != 1 || !strings.Contains(w.told[0].Body, "延长 10 个工作日，最迟 2026-03-30 答复") || !strings.Contains(w.told[0].Body, "第三十一条") {
			t.Errorf("told %+v", w.told)
		}
		if _, err := w.Extend(w.as(officer), o.ID, 1, objection.Step{Text: "还要几天"}); !errors.Is(err, flow.ErrOnce) {
			t.Errorf("put off twice: %v", err)
		}
		o, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		o, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "与决定书一致"})
		must(t, err)
		if o.AnswerBy != day("2026-03-30") || w.due(&o) != o.AnswerBy {
			t.Errorf("after the source answered: by %s, due %s", o.AnswerBy, w.due(&o))
		}
		list, err := w.Flow.Timeline(t.Context(), o.Case)
		must(t, err)
		if said := list[2].Said; !strings.Contains(said, "把期限延长 10 个工作日。期限到 2026-03-30。理由：要到外地调取档案。") {
			t.Error(said)
		}
	})
}

// Shenzhen: the source has two working days, and three more when the case is complicated; the answer moves with them.
func TestExtendSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	w.rule("objection-shenzhen.toml", 20260302)
	o := w.submit(w.penalty())
	_, err := w.Accept(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	if _, err := w.Extend(w.as(officer), o.ID, 1, objection.Step{Text: "情况复杂"}); !errors.Is(err, flow.ErrExtend) {
		t.Errorf("the answer itself was put off: %v", err)
	}
	_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	w.told = nil
	o, err = w.Extend(w.as(officer), o.ID, 3, objection.Step{Text: "情况复杂"})
	must(t, err)
	if w.due(&o) != day("2026-03-09") || o.AnswerBy != day("2026-03-10") || len(w.told) != 2 {
		t.Errorf("due %s, by %s, told %+v", w.due(&o), o.AnswerBy, w.told)
	}
	o, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "与决定书一致"})
	must(t, err)
	if w.due(&o) != o.AnswerBy {
		t.Errorf("due %s, by %s", w.due(&o), o.AnswerBy)
	}
}

// A draft keeps its attachments until it is handed in.
func TestDraftFiles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
		must(t, err)
		w.Flow.Files, err = blob.Open(t.TempDir(), ring)
		must(t, err)
		file, err := w.Flow.Attach(w.as(agent), "决定书", strings.NewReader("%PDF-1.7\n1 0 obj\n"))
		must(t, err)
		draft := objection.Draft{Subject: firm, Kind: objection.OfRecord, Target: w.penalty(), Statement: "金额", Files: []string{file.Hash}}
		if _, err := w.SaveDraft(w.as(both), draft); !errors.Is(err, flow.ErrFileNone) {
			t.Errorf("a draft with somebody else's file: %v", err)
		}
		saved, err := w.SaveDraft(w.as(agent), draft)
		must(t, err)
		list, err := w.Drafts(w.as(agent), firm)
		must(t, err)
		if len(list) != 1 || len(list[0].Files) != 1 || list[0].Files[0] != draft.Files[0] {
			t.Errorf("%+v", list)
		}
		var named []string
		must(t, objection.NamedFiles(t.Context(), d.Read(), func(hash string) { named = append(named, hash) }))
		if len(named) != 1 || named[0] != file.Hash {
			t.Errorf("a sweep does not know what the draft names: %v", named)
		}
		draft.Files = nil
		again, err := w.SaveDraft(w.as(agent), draft)
		must(t, err)
		if list, err := w.Drafts(w.as(agent), firm); err != nil || again.ID != saved.ID || len(list[0].Files) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		draft.Files = make([]string, 21)
		if _, err := w.SaveDraft(w.as(agent), draft); !errors.Is(err, flow.ErrFiles) {
			t.Errorf("more than a step takes: %v", err)
		}
	})
}
