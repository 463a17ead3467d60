package ingest

import (
	"context"
	"fmt"
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/ingest/parse"
)

// waiters are the rows of the batch's unit and item that wait, by natural key. A row that comes with its code ends the waiting of the row that
// it repeats: nobody shall decide what the unit has settled itself.
type waiters map[string][]int64

// readWaiters reads who waits, if any row of the batch could end that.
func (b *batch) readWaiters(ctx context.Context, tx *db.Tx) (waiters, error) {
	w := waiters{}
	if !slices.ContainsFunc(b.rows, func(r parse.Row) bool { return !r.Rejected && !r.Withdraw }) {
		return w, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT nkey, queue_id FROM ingest_queue WHERE state = 'waiting' AND agency_id = $1 AND item = $2 AND nkey <> '' ORDER BY queue_id`,
		b.sub.Agency, string(b.item.Code))
	if err != nil {
		return nil, fmt.Errorf("ingest: queue: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return nil, fmt.Errorf("ingest: queue: %w", err)
		}
		w[key] = append(w[key], id)
	}
	return w, rows.Err()
}

// supersede ends the waiting of rows that row i, which has a subject, repeats with the codes set right.
func (b *batch) supersede(ctx context.Context, tx *db.Tx, w waiters, i int) error {
	r := &b.rows[i]
	ids := w[r.Draft.NaturalKey]
	if r.Rejected || r.Withdraw || len(ids) == 0 {
		return nil
	}
	var stay []int64
	for _, id := range ids {
		same, err := b.sameMatter(ctx, tx, id, r)
		if err != nil {
			return err
		}
		if !same {
			stay = append(stay, id)
			continue
		}
		_, err = tx.ExecContext(ctx, `UPDATE ingest_queue SET state = 'superseded', subject_id = $2, decided_at = $3, decided_by = $4, note = $5
			WHERE queue_id = $1 AND state = 'waiting'`, id, r.Draft.Subject, b.now.UnixMicro(), b.sub.Actor,
			fmt.Sprintf("报送单位补正代码后重新报送，已入库：批次 %s 第 %d 行", b.sub.ID, r.N))
		if err != nil {
			return fmt.Errorf("ingest: queue: %w", err)
		}
	}
	w[r.Draft.NaturalKey] = stay
	return nil
}

// sameMatter reports whether a waiting row and one with the same natural key are about one matter. The number of a document settles that; the
// keys of some items are the subject's own only together with it, and there the names have to agree.
func (b *batch) sameMatter(ctx context.Context, tx *db.Tx, id int64, r *parse.Row) (bool, error) {
	if b.numbered() {
		return true, nil
	}
	e, err := scanEntry(tx.QueryRowContext(ctx, `SELECT `+queueColumns+` FROM ingest_queue WHERE queue_id = $1`, id))
	if err != nil {
		return false, fmt.Errorf("ingest: queue: %w", err)
	}
	values, err := b.service.content(&e)
	if err != nil {
		return false, err
	}
	return cntext.Name(b.item.Get(values, catalog.RoleName)) == cntext.Name(b.item.Get(r.Values, catalog.RoleName)), nil
}

// numbered reports whether the item's natural key has the number of a document in it.
func (b *batch) numbered() bool {
	f, ok := b.item.ByRole(catalog.RoleDocNo)
	return ok && slices.Contains(b.item.NaturalKey, f.Code)
}
