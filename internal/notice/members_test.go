package notice

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// What is sent to a subject goes out by the addresses of everybody who acts for it, and of nobody else; of a unit's staff no system is told.
func TestMembersAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newReceiver(t)
		acts := []int64{me.ID, 77}
		w := newWorld(t, d, func(c *Config) {
			c.SMS = &Hook{URL: r.URL, Secret: "gateway"}
			c.Members = func(_ context.Context, _ db.Querier, to Recipient) ([]int64, error) {
				if to.ID == 9 {
					return nil, nil
				}
				return acts, nil
			}
		})
		c, _, err := w.AddChannel(t.Context(), me, Phone, "13912345678")
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(t)
		var code message
		if err := json.Unmarshal(r.bodies[0], &code); err != nil {
			t.Fatal(err)
		}
		w.send(t, due) // not confirmed yet
		if n := w.deliver(t); n != 0 {
			t.Errorf("%d went to an address that did not answer", n)
		}
		_, digits, _ := strings.Cut(code.Text, "验证码：")
		if err := w.Confirm(t.Context(), me, c.ID, digits[:6]); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.AddChannel(t.Context(), me, Webhook, r.URL); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct {
			to   Recipient
			want int
		}{
			"the subject":        {acme, 2},
			"a unit":             {Recipient{Agency, 3}, 1},
			"another subject":    {Recipient{Subject, 9}, 0},
			"another account":    {Recipient{Account, 77}, 0},
			"the account itself": {me, 2},
		} {
			n := due
			n.To = x.to
			w.send(t, n)
			if got := w.deliver(t); got != x.want {
				t.Errorf("%s: %d deliveries, want %d", name, got, x.want)
			}
		}
		// Whoever leaves while a message is on its way does not get it, and it is not tried again.
		w.send(t, due)
		acts = []int64{77}
		if got := w.deliver(t); got != 0 {
			t.Errorf("%d went to somebody who does not act for the subject any more", got)
		}
		if dead, err := w.DeadLetters(t.Context(), 0, 10); err != nil || len(dead) != 2 || dead[0].Failure != "not_theirs" {
			t.Errorf("%+v, %v", dead, err)
		}
	})
}
