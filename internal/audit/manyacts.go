package audit

import (
	"context"
	"fmt"
	"slices"

	"gongxin/internal/db"
	"gongxin/internal/translog"
)

// writtenActColumns are the columns of an act, in the order in which WriteActs fills them.
var writtenActColumns = []string{
	"act_id", "at", "who_kind", "who_id", "agency_id", "address", "session_id", "action", "entity", "detail", "salt", "outbox_id", "outbox_pos",
}

// WriteActs puts a set of up to MaxMany acts into the log within tx, with one place in the queue for all: what the clock does to many cases in one night.
// Each is an act of its own, with its own salt and leaf.
func (l *Log) WriteActs(ctx context.Context, tx *db.Tx, list []Act) error {
	switch {
	case len(list) == 0:
		return nil
	case len(list) == 1:
		return l.WriteAct(ctx, tx, list[0])
	case len(list) > MaxMany:
		return ErrEntry
	}
	outbox := l.ids.Next()
	leaves := make([]translog.Leaf, len(list))
	rows := make([][]any, 0, len(list))
	for i, a := range slices.Clone(list) {
		if a.Action == "" || a.Who.Kind == "" {
			return ErrEntry
		}
		a.ID, a.At = l.ids.Next(), l.stamp(a.At)
		salt := newSalt()
		leaves[i] = translog.Hash(salt, a.Parts()...)
		rows = append(rows, []any{a.ID, db.Micros(a.At), a.Who.Kind, a.Who.ID, a.Who.Agency, a.Who.Address, a.Who.Session, a.Action, a.Entity, a.Detail, salt, outbox, int64(i)})
	}
	_, err := tx.CopyFrom(ctx, "audit_act", writtenActColumns, each(rows))
	if err != nil {
		return fmt.Errorf("audit: write acts: %w", err)
	}
	if err := translog.Queue(ctx, tx, outbox, "act", leaves, db.Micros(l.stamp(list[0].At))); err != nil {
		return fmt.Errorf("audit: write acts: %w", err)
	}
	return nil
}
