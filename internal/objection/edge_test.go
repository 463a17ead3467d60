package objection_test

import (
	"errors"
	"testing"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/objection"
	"gongxin/internal/record"
)

// A review never comes to what is worse for the subject: what the answer took down stays down, though its source has corrected it or another period is named.
func TestReviewIsNeverWorse(t *testing.T) {
	t.Parallel()
	for _, worse := range []objection.Result{objection.Corrected, objection.Shortened} {
		w := newWorld(t, dbtest.SQLite(t))
		target := w.penalty()
		o := w.submit(target)
		_, err := w.Accept(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
		must(t, err)
		_, err = w.Answer(w.as(clerk), o.ID, objection.NotVerified, objection.Step{Text: "案卷已经遗失"})
		must(t, err)
		_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Deleted, Step: objection.Step{Text: "无法核实"}})
		must(t, err)
		_, err = w.Appeal(w.as(agent), o.ID, objection.Step{Text: "要求写明撤下的原因"})
		must(t, err)
		w.file(firm, "罚甲", "罚款五千元")
		v := objection.Verdict{Result: worse, Until: 20270101, Step: objection.Step{Text: "来源单位已经更正"}}
		if _, err := w.Conclude(w.as(second), o.ID, v); !errors.Is(err, objection.ErrWorse) {
			t.Errorf("%s: %v", worse, err)
		}
		if got, _ := w.stands(target); got.Status != record.Annulled || got.Listed {
			t.Errorf("%s: the record is %v", worse, got.Status)
		}
		_, err = w.Conclude(w.as(second), o.ID, objection.Verdict{Result: objection.Upheld, Step: objection.Step{Text: "撤下无误"}})
		must(t, err)
	}
}

// An objection that only waits for a review bars nobody from disputing something else about the same record; the same again is asked for by the review.
func TestAnsweredBarsTheSameOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	target := w.penalty()
	o := w.submit(target)
	window := objection.Submission{Subject: firm, Kind: objection.OfWindow, Target: target, Ask: objection.AskShorten, Statement: "公示期算错了，应为一年"}
	if _, err := w.Submit(w.as(agent), window); !errors.Is(err, objection.ErrTwice) {
		t.Errorf("while it is handled: %v", err)
	}
	_, err := w.Accept(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
	must(t, err)
	_, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "属实"})
	must(t, err)
	_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Kept, Step: objection.Step{Text: "属实"}})
	must(t, err)
	same := objection.Submission{Subject: firm, Kind: objection.OfRecord, Target: target, Ask: objection.AskDelete, Statement: "内容不实，应当删除"}
	if _, err := w.Submit(w.as(agent), same); !errors.Is(err, objection.ErrTwice) {
		t.Errorf("the same again: %v", err)
	}
	p, err := w.Submit(w.as(agent), window)
	must(t, err)
	_, err = w.Accept(w.as(officer), p.ID, objection.Step{})
	must(t, err)
	w.clock.Set(time.Date(2026, 3, 20, 10, 0, 0, 0, clock.Zone))
	w.runDue()
	if _, marked := w.stands(target); !marked || w.state(o.ID).State != objection.Closed {
		t.Error("the mark of the second fell with the first")
	}
}

// An entry of a list that nobody verifies is taken down where the public sees it, by the clock alone; it comes back only with proof, and the office can end it without
// the decider.
func TestEntryUnproven(t *testing.T) {
	t.Parallel()
	for _, proved := range []bool{false, true} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			w := newWorld(t, d)
			target := w.penalty()
			at, err := record.ParseID(target)
			must(t, err)
			w.lists.filed = []record.ID{at}
			o, err := w.Submit(w.as(agent), objection.Submission{Subject: firm, Kind: objection.OfEntry, Target: "7", Ask: objection.AskRemove, Statement: "已经履行完毕"})
			must(t, err)
			_, err = w.Accept(w.as(officer), o.ID, objection.Step{})
			must(t, err)
			if _, err := w.Decide(w.as(officer), o.ID, objection.Verdict{Result: objection.Deleted, Step: objection.Step{Text: "撤下"}}); !errors.Is(err, objection.ErrResult) {
				t.Errorf("the office takes down what may be verified: %v", err)
			}
			_, err = w.Refer(w.as(officer), o.ID, objection.Step{})
			must(t, err)
			w.clock.Set(time.Date(2026, 3, 6, 0, 0, 0, 0, clock.Zone))
			w.runDue()
			if v, _ := w.stands(target); v.Status != record.Annulled || !w.state(o.ID).TakenDown {
				t.Fatalf("not verified in time: %v", v.Status)
			}
			want, result := record.Annulled, objection.Deleted
			if proved {
				_, err = w.Answer(w.as(clerk), o.ID, objection.FoundRight, objection.Step{Text: "补交列入决定书"})
				must(t, err)
				want, result = record.Active, objection.Kept
			}
			_, err = w.Decide(w.as(officer), o.ID, objection.Verdict{Result: result, Step: objection.Step{Text: "按核查的情况办理"}})
			must(t, err)
			if v, _ := w.stands(target); v.Status != want || v.Listed != proved {
				t.Errorf("proved %v: %v", proved, v.Status)
			}
		})
	}
}
