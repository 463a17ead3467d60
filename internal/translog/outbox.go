// Package translog keeps the rule that nothing changes quietly: whoever commits a change queues its salted hash for the public log in
// the same transaction. The log's sequencer takes the queue from here.
package translog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"gongxin/internal/db"
)

// Leaf is the salted hash of one change; it holds no content.
type Leaf [sha256.Size]byte

// Hash makes a leaf: SHA-256 over a salt and the parts, each preceded by its length (8 bytes, big endian), so that no two lists of
// parts give the same input. Erasing the salt cuts the link between leaf and content.
func Hash(salt []byte, parts ...string) Leaf {
	n := 8 + len(salt)
	for _, p := range parts {
		n += 8 + len(p)
	}
	buf := make([]byte, 0, n)
	buf = binary.BigEndian.AppendUint64(buf, uint64(len(salt)))
	buf = append(buf, salt...)
	for _, p := range parts {
		buf = binary.BigEndian.AppendUint64(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	return sha256.Sum256(buf)
}

// Queue puts leaves into the outbox under outboxID within tx, in one row: position i of the batch is leaf i.
// at is microseconds since 1970.
func Queue(ctx context.Context, tx *db.Tx, outboxID int64, kind string, leaves []Leaf, at int64) error {
	if len(leaves) == 0 {
		return nil
	}
	payload := make([]byte, 0, len(leaves)*sha256.Size)
	for i := range leaves {
		payload = append(payload, leaves[i][:]...)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO log_outbox (outbox_id, kind, n, payload, created_at) VALUES ($1, $2, $3, $4, $5)`,
		outboxID, kind, len(leaves), payload, at)
	return err
}

// Newest gives the id of the newest outbox row, 0 when there is none: it changes whenever something was put on file.
func Newest(ctx context.Context, q db.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT coalesce(max(outbox_id), 0) FROM log_outbox`).Scan(&n); err != nil {
		return 0, fmt.Errorf("translog: newest: %w", err)
	}
	return n, nil
}
