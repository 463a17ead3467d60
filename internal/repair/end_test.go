package repair_test

import (
	"context"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/record"
)

// A repair that is taken back is shown to the longest period of its class, whatever the source files afterwards; but never beyond the day to which an objection had
// shortened it.
func TestTakenBackTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ruled     clock.Date // what the source's own filings say
		shortened clock.Date // by an objection, before the repair
		want      clock.Date
	}{
		"to the longest period":      {20261110, 0, 20270510},
		"not beyond what is decided": {20270510, 20270110, 20270110},
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			w := newWorld(t, d)
			say := func(r *record.Draft) { r.NaturalKey, r.PublicUntil = name+"\x1f1", c.ruled }
			penalty := w.file("XZCF", 20260510, say)
			if c.shortened != 0 {
				w.must(d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := w.records.Turn(ctx, tx, []record.Turn{{ID: penalty, To: record.Active, Until: &c.shortened}}, record.Change{At: w.clock.Now(), Actor: "test"})
					return err
				}))
			}
			w.day(20260820)
			one := w.send(at(penalty))[0]
			_, err := w.Accept(w.clerk(), one.ID, 0)
			w.must(err)
			_, err = w.Grant(w.reviewer(), one.ID, w.answer("修1号"))
			w.must(err)
			b, err := w.Notify(w.clerk(), one.ID, "检测报告系伪造", w.answer("告1号"))
			w.must(err)
			_, err = w.State(w.agent(), b.ID, "本公司并不知情", nil)
			w.must(err)
			_, err = w.Cancel(w.reviewer(), b.ID, w.answer("撤1号"))
			w.must(err)
			if v := w.status(penalty); v.Status != record.Active || v.PublicUntil != c.want {
				t.Errorf("%s: %+v", name, v.Facts)
			}
			w.file("XZCF", 20260510, say)
			if v := w.status(penalty); v.Status != record.Active || v.PublicUntil != c.want {
				t.Errorf("%s, filed again: %+v", name, v.Facts)
			}
		})
	}
}
