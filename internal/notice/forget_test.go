package notice

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// Who is forgotten leaves no address, nothing that was told and nothing on its way; everybody else keeps theirs.
func TestForget(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		count := func(table string) (n int) {
			t.Helper()
			if err := d.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		rows := func() [3]int { return [3]int{count("notice"), count("notice_channel"), count("notice_delivery")} }
		register := func(to Recipient) {
			t.Helper()
			if _, _, err := w.AddChannel(t.Context(), to, Webhook, "http://127.0.0.1:9/hook"); err != nil {
				t.Fatal(err)
			}
			n := due
			n.To = to
			w.send(t, n)
		}
		register(acme)
		others := rows()
		register(me)
		if now := rows(); now[0] <= others[0] || now[1] <= others[1] || now[2] <= others[2] {
			t.Fatalf("nothing to forget: %v, %v", others, now)
		}
		if err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return w.Forget(ctx, tx, me) }); err != nil {
			t.Fatal(err)
		}
		if now := rows(); now != others {
			t.Errorf("%v rows are left, want %v", now, others)
		}
		if n := w.unread(t, acme); n != 1 {
			t.Errorf("another's notices: %d", n)
		}
	})
}
