package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/publish"
)

// The figures say how far the log is, whether publication pauses and what was refused why; their labels are words of the program.
func TestMetrics(t *testing.T) {
	t.Parallel()
	a, at := newApp(t, nil)
	ctx := context.Background()
	if _, err := catalog.SaveCalendar(ctx, a.DB, holidays2027, "test", at.Now()); err != nil {
		t.Fatal(err)
	}
	at.Advance(a.pauseAfter())
	_, err := a.Publish.Disclose(ctx, publish.Ask{
		Who:     authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: 7}}},
		Subject: publish.Whom{DocKind: "身份证", Number: "37030319900101001X"}, Purpose: publish.Purpose{Matter: "没有的事项"},
	})
	if !errors.Is(err, publish.MissingMatter.Err()) {
		t.Fatalf("a look-up without a matter: %v", err)
	}
	status, err := a.Trust.watch.Status(ctx)
	if err != nil || status.Pending < 2 {
		t.Fatalf("%d changes wait: %v", status.Pending, err)
	}
	for i, state := range []string{"waiting", "dead", "dead", "sent"} {
		must(t, a.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO notice_delivery (delivery_id, notice_id, channel_id, state, attempts, next_at, lease_owner, lease_until, failure, made_at, sent_at)
				VALUES ($1, 1, 1, $2, 0, 0, '', 0, '', 0, 0)`, i+1, state)
			return err
		}))
	}
	text := ask(a.metrics(), "/metrics").Body.String()
	for _, want := range []string{
		"gongxin_database_up 1", "gongxin_log_lag_seconds 600", fmt.Sprintf("gongxin_log_pending_changes %d", status.Pending), "gongxin_log_entries 0",
		"gongxin_publication_paused 1", `gongxin_notice_deliveries{state="waiting"} 1`, `gongxin_notice_deliveries{state="dead"} 2`,
		`gongxin_disclosures_total{kind="subject",outcome="refused",reason="matter"} 1`, `gongxin_disclosures_total{kind="subject",outcome="answered",reason="none"} 0`,
		`gongxin_gate_decisions_total{class="A",outcome="shown",reason="none"} 0`, `gongxin_gate_decisions_total{class="C",outcome="held",reason="log_paused"} 0`,
		"gongxin_filing_rows_total 0",
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the figures lack %s", want)
		}
	}
	for _, personal := range []string{"37030319900101001X", "没有的事项"} {
		if strings.Contains(text, personal) {
			t.Errorf("the figures hold %s", personal)
		}
	}
	if n := strings.Count(text, "\ngongxin_"); n > 200 {
		t.Errorf("%d series", n)
	}
}
