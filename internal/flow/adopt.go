package flow

import (
	"context"
	"fmt"
	"os"

	"gongxin/internal/db"
)

// Adopt lets the caller hand in, in this transaction, what another account attached to a draft on which both may work, as when one agent of a subject goes on where
// another one stopped. Whoever calls it answers for the draft: by must be what was kept with it when the file was attached. The content is the one that was checked and
// scanned then.
func (e *Engine) Adopt(ctx context.Context, tx *db.Tx, hash, by string) error {
	who := e.Who(ctx).String()
	if _, err := e.file(ctx, tx, hash, by); err != nil || who == by {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO flow_file (hash, added_by, title, media_type, bytes, scan, added_at) SELECT hash, $3, title, media_type, bytes, scan, added_at
		FROM flow_file WHERE hash = $1 AND added_by = $2 ON CONFLICT (hash, added_by) DO NOTHING`, hash, by, who)
	if err != nil {
		return fmt.Errorf("flow: adopt: %w", err)
	}
	return nil
}

// OpenAttached gives what an account attached to a draft, opened. Whether the caller may see the draft is the caller's to ask.
func (e *Engine) OpenAttached(ctx context.Context, hash, by string) (Attachment, *os.File, error) {
	if e.Files == nil {
		return Attachment{}, nil, ErrNoFiles
	}
	a, err := e.file(ctx, e.DB.Read(), hash, by)
	if err != nil {
		return a, nil, err
	}
	f, err := e.Files.Open(hash)
	return a, f, err
}
