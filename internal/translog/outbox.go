// Package translog keeps the rule that nothing changes quietly: whoever commits a change queues its salted hash for the public log in
// the same transaction. One elected sequencer takes the queue into an append-only Merkle log that anyone can follow, with a set for each
// subject by which "these are all" has a proof; when the log cannot advance, publication pauses and says so.
package translog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/id"
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
	return queue(ctx, tx, outboxID, kind, leaves, nil, at)
}

// QueueRecords is Queue for versions of records: subjects[i] and items[i] say into whose set leaf i goes.
func QueueRecords(ctx context.Context, tx *db.Tx, outboxID int64, leaves []Leaf, subjects []int64, items []string, at int64) error {
	if len(subjects) != len(leaves) {
		return fmt.Errorf("translog: %d subjects for %d leaves", len(subjects), len(leaves))
	}
	packed, err := packSubjects(subjects, items)
	if err != nil {
		return err
	}
	return queue(ctx, tx, outboxID, "record", leaves, packed, at)
}

func queue(ctx context.Context, tx *db.Tx, outboxID int64, kind string, leaves []Leaf, subjects []byte, at int64) error {
	if len(leaves) == 0 {
		return nil
	}
	payload := make([]byte, 0, len(leaves)*sha256.Size)
	for i := range leaves {
		payload = append(payload, leaves[i][:]...)
	}
	var sets any
	if subjects != nil {
		sets = subjects
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO log_outbox (outbox_id, kind, n, payload, created_at, subjects) VALUES ($1, $2, $3, $4, $5, $6)`,
		outboxID, kind, len(leaves), payload, at, sets)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO log_pending (outbox_id, n, created_at) VALUES ($1, $2, $3)`, outboxID, len(leaves), at)
	return err
}

// Change is a change of what rules come from: an edition of the catalogue, a calendar, a rule set.
type Change struct {
	Kind  string   // format of the leaf: "catalog/1", "rules/1"
	Name  string   // which one: "edition/2026.1", "calendar/2026"
	Parts []string // what it says, as text; large content as the hexadecimal SHA-256 of it
	At    int64    // microseconds since 1970
}

// CatalogChange is the change by which an edition ("edition/ID": effective from, hash, Digest of the archive), a calendar ("calendar/YEAR": Digest of
// its content) or an allowed code ("legacy/CODE": note) is loaded at a moment by somebody: the columns as text, which the auditor compares with the row.
func CatalogChange(name string, at int64, by string, parts ...string) Change {
	return Change{Kind: "catalog/1", Name: name, Parts: append(slices.Clone(parts), strconv.FormatInt(at, 10), by), At: at}
}

// Digest gives the hexadecimal SHA-256 by which a Change speaks of large content.
func Digest(content []byte) string {
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

// QueueChange keeps a change with its salt and queues its leaf, Hash(salt, Kind, Name, Parts…), in the transaction that makes it. No personal data
// belongs into it.
func QueueChange(ctx context.Context, tx *db.Tx, ids *id.Maker, c Change) error {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	parts, err := json.Marshal(c.Parts)
	if err != nil {
		return fmt.Errorf("translog: change: %w", err)
	}
	outbox, err := freeOutbox(ctx, tx, ids)
	if err != nil {
		return fmt.Errorf("translog: change: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO log_change (outbox_id, kind, name, parts, salt, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		outbox, c.Kind, c.Name, string(parts), salt, c.At)
	if err != nil {
		return fmt.Errorf("translog: change: %w", err)
	}
	leaf := Hash(salt, append([]string{c.Kind, c.Name}, c.Parts...)...)
	if err := Queue(ctx, tx, outbox, "change", []Leaf{leaf}, c.At); err != nil {
		return fmt.Errorf("translog: change: %w", err)
	}
	return nil
}

// freeOutbox gives an id that no row of the outbox has. Changes are often made by a maker of their own with the moment of the change, so two
// of one millisecond may begin with the same number.
func freeOutbox(ctx context.Context, tx *db.Tx, ids *id.Maker) (int64, error) {
	for {
		outbox, taken := ids.Next(), 0
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM log_outbox WHERE outbox_id = $1`, outbox).Scan(&taken); err != nil || taken == 0 {
			return outbox, err
		}
	}
}

// Changed reports whether a change of this kind and name was queued before.
func Changed(ctx context.Context, q db.Querier, kind, name string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM log_change WHERE kind = $1 AND name = $2`, kind, name).Scan(&n); err != nil {
		return false, fmt.Errorf("translog: changed: %w", err)
	}
	return n > 0, nil
}

// AnyChange reports whether any change of this kind was queued before.
func AnyChange(ctx context.Context, q db.Querier, kind string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM log_change WHERE kind = $1 LIMIT 1) AS one`, kind).Scan(&n); err != nil {
		return false, fmt.Errorf("translog: any change: %w", err)
	}
	return n > 0, nil
}

// Newest gives the id of the newest outbox row, 0 when there is none: it changes whenever something was put on file.
func Newest(ctx context.Context, q db.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT coalesce(max(outbox_id), 0) FROM log_outbox`).Scan(&n); err != nil {
		return 0, fmt.Errorf("translog: newest: %w", err)
	}
	return n, nil
}
