package check_test

import (
	"context"
	"fmt"
	"testing"

	"gongxin/internal/check"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

// TestNothingIsOverlooked: whoever has more other records than an answer lists is not "not hit" because an older penalty lies behind them.
func TestNothingIsOverlooked(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			drafts := make([]record.Draft, 0, 1001)
			for i := range cap(drafts) {
				x := w.draft("XZJF", w.firm, false)
				x.NaturalKey, x.DecidedOn, x.PublicFrom = fmt.Sprint("payment ", i), 20260303, 20260303
				copy(x.Digest[:], x.NaturalKey)
				drafts = append(drafts, x)
			}
			_, _, err := w.records.Apply(ctx, tx, drafts, record.Change{At: w.clock.Now(), Actor: "test"})
			return err
		}))
		g, err := w.Check(ctx, w.ask(m))
		must(t, err)
		if a := g.Answer; a.Outcome != check.Hit || len(a.Hits) != 1 || a.Hits[0].Item != "XZCF" || !a.More {
			t.Errorf("outcome %s, %d hits, %d others, more %v: %s", a.Outcome, len(a.Hits), len(a.Others), a.More, a.Result)
		}
		must(t, w.Stream(ctx, check.Ask{Who: w.officer(), Matter: m}, []string{firmCode}, func(_ string, g *check.Given, err error) error {
			if err == nil && len(g.Answer.Hits) != 1 {
				t.Errorf("in a list: %s", g.Answer.Result)
			}
			return err
		}))
		if last := w.entries(t)[0]; len(last.Records) != len(g.Answer.Hits)+len(g.Answer.Others) {
			t.Errorf("the log names %d records of %d", len(last.Records), len(g.Answer.Hits)+len(g.Answer.Others))
		}
	})
}
