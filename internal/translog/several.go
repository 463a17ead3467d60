package translog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/transparency-dev/tessera/client"
)

// Several proves leaves under one checkpoint.
type Several struct {
	Checkpoint string
	Included   []*Included // by place in the question; nil: not in the log yet
}

// ProveSeveral proves that leaves are in the log, all under the newest checkpoint. It waits for nothing: a leaf that the checkpoint does not hold yet has
// no proof in the answer.
func (l *Log) ProveSeveral(ctx context.Context, at []Location) (*Several, error) {
	c, err := l.dir.checkpoint()
	if err != nil {
		return nil, ErrNoLog.With(err)
	}
	builder, err := client.NewProofBuilder(ctx, uint64(c.size), l.dir.tile)
	if err != nil {
		return nil, fmt.Errorf("translog: prove: %w", err)
	}
	out := &Several{Checkpoint: string(c.text), Included: make([]*Included, len(at))}
	reader := bundleReader{read: l.dir.bundle, size: c.size}
	firsts := map[int64][2]int64{} // of an event: its first index, and how many
	for i, place := range at {
		first, known := firsts[place.Event]
		if !known {
			err := l.c.DB.Read().QueryRowContext(ctx, `SELECT log_index, n FROM log_sequence WHERE outbox_id = $1`, place.Event).Scan(&first[0], &first[1])
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, fmt.Errorf("translog: prove: %w", err)
			}
			firsts[place.Event] = first
		}
		index := first[0] + int64(place.Position)
		if int64(place.Position) >= first[1] || index >= c.size {
			continue
		}
		entry, err := reader.entry(ctx, index)
		if err != nil {
			return nil, err
		}
		in, err := path(ctx, builder, index, entry)
		if err != nil {
			return nil, err
		}
		out.Included[i] = &in
	}
	return out, nil
}
