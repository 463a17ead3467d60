package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
)

func TestFeedback(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		w.list(w.firm)
		g, err := w.Check(ctx, w.ask(m))
		must(t, err)
		receipt := g.Answer.Receipt
		applied := check.Note{Receipt: receipt, Result: check.Applied, Reason: "不予许可", Measure: restraint.Code, CaseNo: "临市监许〔2026〕12号"}

		for _, tt := range []struct {
			name   string
			change func(*check.Note)
			want   error
		}{
			{"nothing chosen", func(n *check.Note) { n.Result = "" }, check.ErrResult},
			{"a word of nobody's", func(n *check.Note) { n.Result = "x" }, check.ErrResult},
			{"no reason", func(n *check.Note) { n.Reason = " " }, check.ErrReason},
			{"a number of a document", func(n *check.Note) { n.Reason = "见 " + number }, check.ErrReason},
			{"the number in wide digits", func(n *check.Note) { n.Reason = "见１１０１０５１９４９１２３１００２Ｘ" }, check.ErrReason},
			{"the number in groups", func(n *check.Note) { n.Reason = "见 110105 19491231 002X" }, check.ErrReason},
			{"the number as a case", func(n *check.Note) { n.CaseNo = "１１０１０５１９４９１２３１００２Ｘ" }, check.ErrCase},
			{"not applied, no reason", func(n *check.Note) { n.Result, n.Reason = check.NotApplied, "" }, check.ErrReason},
			{"no case", func(n *check.Note) { n.CaseNo = "" }, check.ErrCase},
			{"a measure that is not allowed", func(n *check.Note) { n.Measure = "GJ-2" }, check.ErrMeasure},
			{"no measure", func(n *check.Note) { n.Measure = "" }, check.ErrMeasure},
			{"no such answer", func(n *check.Note) { n.Receipt = "1" }, check.ErrNone},
		} {
			n := applied
			tt.change(&n)
			if err := w.Feedback(ctx, w.officer(), n); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if err := w.Feedback(ctx, w.stranger(), applied); !errors.Is(err, check.ErrNone) {
			t.Errorf("another unit: %v", err)
		}
		if len(w.notices.sent) != 0 {
			t.Fatal("told of what was refused")
		}

		must(t, w.Feedback(ctx, w.officer(), check.Note{Receipt: receipt, Result: check.Noted}))
		must(t, w.Feedback(ctx, w.officer(), applied))
		if err := w.Feedback(ctx, w.officer(), applied); !errors.Is(err, check.ErrTwice) {
			t.Errorf("twice: %v", err)
		}
		if len(w.notices.sent) != 1 {
			t.Fatalf("%d notices", len(w.notices.sent))
		}
		n := w.notices.sent[0]
		if n.To != (notice.Recipient{Kind: notice.Subject, ID: w.firm}) || n.Link != "/me/measures" {
			t.Errorf("%+v", n)
		}
		for _, word := range []string{w.unit.Name, restraint.Content, restraint.Basis, dishonest.Name, "2026-04-01", applied.CaseNo, applied.Reason, "异议", "修复", "行政复议"} {
			if !strings.Contains(n.Body, word) {
				t.Errorf("the notice does not say %q:\n%s", word, n.Body)
			}
		}
		mine, err := w.OfSubject(ctx, w.firm, 10)
		must(t, err)
		if len(mine) != 1 || mine[0].Unit != w.unit.Name || mine[0].Content != restraint.Content || mine[0].CaseNo != applied.CaseNo || !strings.Contains(mine[0].Because, dishonest.Name) {
			t.Errorf("%+v", mine)
		}
		fed, err := w.FeedbackOn(ctx, w.officer(), receipt)
		must(t, err)
		if len(fed) != 2 || fed[0].Result != check.Noted || fed[1].Content != restraint.Content {
			t.Errorf("%+v", fed)
		}
		if acts := w.acts(t, "check.feedback"); len(acts) != 2 || strings.Contains(acts[0].Detail, applied.Reason) {
			t.Errorf("%+v", acts)
		}

		// What the answer allowed then and the lists do not allow today is refused.
		w.measures.gone = true
		next := applied
		next.CaseNo = "另一件"
		if err := w.Feedback(ctx, w.officer(), next); !errors.Is(err, check.ErrMeasure) {
			t.Errorf("a row that left the list: %v", err)
		}
		w.measures.gone, w.lists.entries = false, nil
		if err := w.Feedback(ctx, w.officer(), next); !errors.Is(err, check.ErrMeasure) {
			t.Errorf("an entry that ended: %v", err)
		}
	})
}

// TestNobodyIsRestrainedByAFact: of a person the answer has facts only, so that no measure can be recorded.
func TestNobodyIsRestrainedByAFact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	w.list(w.human)
	g, err := w.Check(context.Background(), check.Ask{Who: w.officer(), Subject: publish.Whom{DocKind: docKind, Number: number}, Matter: w.matter(t, "M-ALL", nil)})
	must(t, err)
	err = w.Feedback(context.Background(), w.officer(), check.Note{Receipt: g.Answer.Receipt, Result: check.Applied, Reason: "不予许可", Measure: restraint.Code, CaseNo: "案一"})
	if !errors.Is(err, check.ErrMeasure) {
		t.Error(err)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		w.matter(t, "M-UNUSED", nil)
		w.list(w.firm)
		var last string
		for _, code := range w.codes {
			ask := w.ask(m)
			ask.Subject.Code = code
			g, err := w.Check(ctx, ask)
			must(t, err)
			if code == firmCode {
				last = g.Answer.Receipt
			}
		}
		must(t, w.Feedback(ctx, w.officer(), check.Note{Receipt: last, Result: check.Applied, Reason: "不予许可", Measure: restraint.Code, CaseNo: "案一"}))
		must(t, w.Feedback(ctx, w.officer(), check.Note{Receipt: last, Result: check.Noted}))
		want := check.Use{Checks: 3, Fed: 1, Applied: 1}
		for _, who := range []authz.Actor{w.officer(), w.office()} {
			c, err := w.Coverage(ctx, who, 202609, 202611, 0)
			must(t, err)
			got := c.Total
			if got.Hits < 1 || got.Hits > 3 {
				t.Errorf("%d hits", got.Hits)
			}
			if got.Hits = 0; got != want || len(c.Months) != 3 || c.Months[2].Checks != 3 || len(c.Matters) != 2 || c.Matters[0].Matter != m || c.Matters[1].Checks != 0 || len(c.Detail) != 1 {
				t.Errorf("%+v", c)
			}
		}
		if c, err := w.Coverage(ctx, w.stranger(), 202611, 202611, 0); err != nil || c.Total.Checks != 0 || len(c.Matters) != 0 {
			t.Errorf("another unit sees %+v %v", c, err)
		}
		if _, err := w.Coverage(ctx, w.stranger(), 202611, 202611, w.unit.ID); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("of another unit: %v", err)
		}
		for _, span := range [][2]int{{202612, 202611}, {202300, 202311}, {202001, 202611}, {0, 0}} {
			if _, err := w.Coverage(ctx, w.office(), span[0], span[1], 0); !errors.Is(err, check.ErrMonths) {
				t.Errorf("%v: %v", span, err)
			}
		}
	})
}
