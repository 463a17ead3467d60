package notice

import (
	"errors"
	"testing"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestCodesOfADay: whoever adds and removes a stranger's address again and again fills no mailbox, and gets no endless tries at its code.
func TestCodesOfADay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.Mail = newMailServer(t).mail()
		add := func(to Recipient) error {
			c, _, err := w.AddChannel(t.Context(), to, Email, "stranger@elsewhere.test")
			if err == nil {
				err = w.RemoveChannel(t.Context(), to, c.ID)
			}
			w.clock.Advance(time.Second)
			return err
		}
		for i := range codesPerDay {
			if err := add(me); err != nil {
				t.Fatalf("address %d: %v", i+1, err)
			}
		}
		if err := add(me); !errors.Is(err, ErrCodes) {
			t.Errorf("one more: %v", err)
		}
		if err := add(acme); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		w.clock.Advance(24 * time.Hour)
		if err := add(me); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}
