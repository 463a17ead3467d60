package app

import (
	"context"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// What was stated, decided and promised rests sealed and reads as before; what was written in the clear is sealed at the next start, letters with it.
func TestTextsOfProceduresRestSealed(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	ctx := context.Background()
	count := func(query string) (n int) {
		t.Helper()
		must(t, d.app.DB.Read().QueryRowContext(ctx, query).Scan(&n))
		return n
	}
	clear := func() map[string]int {
		return map[string]int{
			"steps":    count(`SELECT count(*) FROM flow_step WHERE (reason <> '' AND reason NOT LIKE 'sm4:%') OR (note <> '' AND note NOT LIKE 'sm4:%')`),
			"letters":  count(`SELECT count(*) FROM repair_application WHERE length(letter) > 0 OR (letter_text <> '' AND letter_text NOT LIKE 'sm4:%')`),
			"forms":    count(`SELECT count(*) FROM repair_application WHERE statement NOT LIKE 'sm4:%'`),
			"answers":  count(`SELECT count(*) FROM repair_case WHERE reason <> '' AND reason NOT LIKE 'sm4:%'`),
			"breaches": count(`SELECT count(*) FROM repair_breach WHERE cause NOT LIKE 'sm4:%'`),
		}
	}
	for what, n := range clear() {
		if n != 0 {
			t.Errorf("%d %s rest in the clear", n, what)
		}
	}
	if n := count(`SELECT count(*) FROM flow_step WHERE reason LIKE 'sm4:%'`); n < 6 {
		t.Errorf("only %d steps have a sealed reason", n)
	}
	agent := authz.With(ctx, agentOf(&d.own))
	app, err := d.app.Procedures.Repairs.Application(agent, d.own.repair.form)
	must(t, err)
	if app.Statement != "罚款已经缴清" || len(app.Letter) == 0 {
		t.Errorf("the application reads %q, %d bytes of letter", app.Statement, len(app.Letter))
	}
	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { // as it was before
		for _, old := range []string{
			`UPDATE flow_step SET reason = '旧的理由' WHERE reason <> ''`, `UPDATE repair_application SET statement = '旧的说明'`,
			`UPDATE repair_breach SET cause = '旧的事由'`,
		} {
			if _, err := tx.ExecContext(ctx, old); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE repair_application SET letter = $1, letter_text = '' WHERE application_id = $2`, app.Letter, app.ID)
		return err
	}))
	n, err := d.app.SealTexts(ctx)
	must(t, err)
	if n < 10 {
		t.Errorf("%d rows were sealed", n)
	}
	for what, n := range clear() {
		if n != 0 {
			t.Errorf("%d %s rest in the clear after the start", n, what)
		}
	}
	again, err := d.app.Procedures.Repairs.Application(agent, d.own.repair.form)
	must(t, err)
	if again.Statement != "旧的说明" || string(again.Letter) != string(app.Letter) {
		t.Error("the application does not read as it was")
	}
	steps, err := d.app.Procedures.Flow.Timeline(ctx, d.own.objectedCase)
	must(t, err)
	if steps[0].Reason != "旧的理由" {
		t.Errorf("the step reads %q", steps[0].Reason)
	}
	if n, err := d.app.SealTexts(ctx); n != 0 || err != nil {
		t.Errorf("sealed again: %d, %v", n, err)
	}
}
