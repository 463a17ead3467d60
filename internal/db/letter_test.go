package db_test

import (
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// Going back over the version that moved signed letters loses none: they stand where they stood, sealed, and are read from there again.
func TestLettersSurviveGoingBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const sealed = "sm4:signed and sealed"
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO repair_application (subject_id, application_id, state, statement, picks, files, letter, letter_key, signature, made_at, made_by, changed_at, sent_at, letter_text)
				VALUES (1, 1, 'sent', '', '[]', '[]', $1, 'k', $1, 0, '', 0, 0, $2)`, []byte{}, sealed)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.MigrateBack(t.Context(), 29); err != nil {
			t.Fatal(err)
		}
		var letter []byte
		if err := d.Read().QueryRowContext(t.Context(), `SELECT letter FROM repair_application`).Scan(&letter); err != nil || string(letter) != sealed {
			t.Errorf("%q %v", letter, err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
