package translog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"

	"gongxin/internal/db"
)

// Intervals of the sequencer.
const (
	pollEvery  = 300 * time.Millisecond
	leaseFor   = 15 * time.Second
	tryEvery   = 2 * time.Second  // while another process is the sequencer
	setBacklog = 30 * time.Second // under a backlog the sets are brought up at least so often
)

// Run sequences whenever this process is the elected one, until ctx ends. wake may be nil; a value in it says that something was committed.
// Troubles are logged and tried again: the log's state is seen in Status.
func (l *Log) Run(ctx context.Context, wake <-chan struct{}) error {
	for ctx.Err() == nil {
		err := l.lead(ctx, wake)
		if err != nil && !errors.Is(err, errLease) && !errors.Is(err, errLocked) && ctx.Err() == nil {
			l.c.Log.ErrorContext(ctx, "the log cannot advance; trying again", slog.Any("error", err))
		}
		wait(ctx, tryEvery, nil)
	}
	return nil
}

// wait returns after d, on a wake-up, or when ctx ends.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// session is one term of office.
type session struct {
	*Log
	lock   *os.File
	tree   *tree
	sets   *setStore
	holder string // what the lease says of this term
	epoch  int64

	size    int64 // of the tree
	renewed time.Time
	lastSet time.Time
	state   state
	slots   slotTable
	scanned int64     // up to here nothing waits for the sets
	others  bool      // entries of no subject's set came since the last root
	rooted  time.Time // when the last root went in
	pass    chan passResult
}

// state is the row of log_state.
type state struct {
	origin      string
	size        int64
	checkpoint  []byte
	rootIndex   int64
	rootCovered int64
	salt        []byte
	secret      []byte
}

// lead holds the office until something fails or ctx ends.
func (l *Log) lead(ctx context.Context, wake <-chan struct{}) (err error) {
	s, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end(ctx)) }()
	for ctx.Err() == nil {
		worked, err := s.turn(ctx)
		if err != nil {
			return err
		}
		if !worked {
			wait(ctx, pollEvery, wake)
		}
	}
	return nil
}

// begin takes the lease and the directory and brings tree and database to one state.
func (l *Log) begin(ctx context.Context) (_ *session, err error) {
	s := &session{Log: l}
	var dir string
	if s.lock, dir, err = lockDir(&l.c); err != nil {
		return nil, err
	}
	s.holder = dir + "/" + l.owner
	if s.epoch, err = l.takeLease(ctx, dir, s.holder); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.renewed = l.c.Clock.Now()
	if s.tree, err = openTree(ctx, &l.c, l.keys); err != nil {
		return nil, errors.Join(err, s.end(ctx))
	}
	if err = s.settle(ctx); err != nil {
		return nil, errors.Join(err, s.end(ctx))
	}
	return s, nil
}

// end gives the office up. Whatever is in the tree and not in the database is found by the next one.
func (s *session) end(ctx context.Context) error {
	if s.pass != nil {
		<-s.pass // its root goes into the log in the next term
	}
	if s.tree != nil {
		s.tree.close()
	}
	return errors.Join(s.dropLease(context.WithoutCancel(ctx)), s.lock.Close())
}

// turn does one round: leaves, checkpoint, sets. It reports whether there may be more to do at once.
func (s *session) turn(ctx context.Context) (worked bool, err error) {
	n, err := s.sequence(ctx)
	if err != nil {
		return false, err
	}
	backlog := n >= s.c.BatchLeaves
	now := s.c.Clock.Now()
	due := s.c.SetEvery
	if backlog {
		due = max(due, setBacklog)
	}
	running, more, err := s.finishPass(ctx)
	if err != nil {
		return false, fmt.Errorf("translog: sets: %w", err)
	}
	if age := now.Sub(s.lastSet); !running && (more || age >= due || age < 0) {
		if _, err := s.updateSets(ctx); err != nil {
			return false, fmt.Errorf("translog: sets: %w", err)
		}
		s.lastSet = now
	}
	if err := s.keepCheckpoint(ctx); err != nil {
		return false, err
	}
	if age := now.Sub(s.renewed); age >= leaseFor/3 || age < 0 {
		if err := s.c.DB.Tx(ctx, s.renew, db.ReadCommitted); err != nil {
			return false, err
		}
		s.renewed = now
	}
	return backlog, nil
}

// pendingRow is an outbox row that is not in the log.
type pendingRow struct {
	id      int64
	n       int
	payload []byte
}

// sequence takes committed rows into the log, in large batches, and gives the number of leaves.
func (s *session) sequence(ctx context.Context) (int, error) {
	rows, err := s.pending(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	entries := make([][]byte, 0, s.c.BatchLeaves)
	places := make([]placed, 0, len(rows))
	for _, r := range rows {
		if len(r.payload) != r.n*len(Leaf{}) {
			return 0, ErrForked.With(fmt.Errorf("outbox row %d has %d bytes for %d leaves", r.id, len(r.payload), r.n))
		}
		places = append(places, placed{r.id, s.size + int64(len(entries)), r.n})
		for i := range r.n {
			entries = append(entries, leafEntry{r.id, i, Leaf(r.payload[i*len(Leaf{}):])}.bytes())
		}
	}
	if err := s.put(ctx, entries); err != nil {
		return 0, err
	}
	if s.c.afterAppend != nil {
		s.c.afterAppend()
	}
	return len(entries), s.mark(ctx, places, nil)
}

// put appends entries and makes sure that they went where they were meant to go.
func (s *session) put(ctx context.Context, entries [][]byte) error {
	for len(entries) > 0 {
		part := entries[:min(len(entries), maxBatch)]
		entries = entries[len(part):]
		first, err := s.tree.append(context.WithoutCancel(ctx), part)
		if err != nil {
			return err
		}
		if first != s.size {
			return ErrForked.With(fmt.Errorf("entries went to %d, not to %d", first, s.size))
		}
		s.size += int64(len(part))
	}
	return nil
}

// pending reads rows that wait, oldest id first, up to the batch's number of leaves.
func (s *session) pending(ctx context.Context) (rows []pendingRow, err error) {
	// The narrow table first: it bounds how many payloads are read.
	found, err := s.c.DB.Read().QueryContext(ctx, `SELECT outbox_id, n FROM log_pending ORDER BY outbox_id LIMIT $1`, s.c.BatchLeaves)
	if err != nil {
		return nil, fmt.Errorf("translog: pending: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	leaves := 0
	for found.Next() && leaves < s.c.BatchLeaves {
		var r pendingRow
		if err := found.Scan(&r.id, &r.n); err != nil {
			return nil, fmt.Errorf("translog: pending: %w", err)
		}
		rows, leaves = append(rows, r), leaves+r.n
	}
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		return nil, fmt.Errorf("translog: pending: %w", err)
	}
	return rows, s.payloads(ctx, rows)
}

// payloads fills in the leaves of rows.
func (s *session) payloads(ctx context.Context, rows []pendingRow) error {
	const chunk = 40 // SQLite's driver looks each parameter up among all of the statement's, and the writer waits meanwhile
	for len(rows) > 0 {
		part := rows[:min(len(rows), chunk)]
		rows = rows[len(part):]
		args, byID := make([]any, len(part)), make(map[int64]*pendingRow, len(part))
		for i := range part {
			args[i], byID[part[i].id] = part[i].id, &part[i]
		}
		if err := s.readPayloads(ctx, args, byID); err != nil {
			return fmt.Errorf("translog: payloads: %w", err)
		}
	}
	return nil
}

func (s *session) readPayloads(ctx context.Context, args []any, byID map[int64]*pendingRow) (err error) {
	found, err := s.c.DB.Read().QueryContext(ctx, `SELECT outbox_id, payload FROM log_outbox WHERE outbox_id IN `+db.In(len(args), 1), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var id int64
		var payload []byte
		if err := found.Scan(&id, &payload); err != nil {
			return err
		}
		byID[id].payload = payload
	}
	return found.Err()
}

// placed is an outbox row with its place in the log.
type placed struct {
	outbox int64
	index  int64
	n      int
}

// special is an entry that stands in no outbox row.
type special struct {
	index int64
	entry []byte
}

// mark says in the database what is in the tree, under the fence of the lease.
func (s *session) mark(ctx context.Context, places []placed, specials []special) error {
	now := s.c.Clock.Now()
	next := s.state
	next.size = s.size
	for _, x := range specials {
		if r, err := parseRootEntry(x.entry); err == nil && x.index > next.rootIndex {
			next.rootIndex, next.rootCovered = x.index, r.covered
		}
	}
	err := s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.renew(ctx, tx); err != nil {
			return err
		}
		if err := writeMarks(ctx, tx, places, specials); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE log_state SET size = $1, advanced_at = $2, root_index = $3, root_covered = $4 WHERE id = 1`,
			next.size, now.UnixMicro(), next.rootIndex, next.rootCovered)
		return err
	}, db.ReadCommitted)
	if err != nil {
		return fmt.Errorf("translog: mark: %w", err)
	}
	s.state, s.renewed = next, now
	return nil
}

func writeMarks(ctx context.Context, tx *db.Tx, places []placed, specials []special) error {
	i := 0
	_, err := tx.CopyFrom(ctx, "log_sequence", []string{"outbox_id", "log_index", "n"}, func() ([]any, error) {
		if i == len(places) {
			return nil, nil
		}
		p := places[i]
		i++
		return []any{p.outbox, p.index, int64(p.n)}, nil
	})
	if err != nil {
		return err
	}
	const chunk = 40 // SQLite's driver looks each parameter up among all of the statement's, and the writer waits meanwhile
	for rest := places; len(rest) > 0; {
		part := rest[:min(len(rest), chunk)]
		rest = rest[len(part):]
		args := make([]any, len(part))
		for i, p := range part {
			args[i] = p.outbox
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM log_pending WHERE outbox_id IN `+db.In(len(args), 1), args...); err != nil {
			return err
		}
	}
	for _, x := range specials {
		if _, err := tx.ExecContext(ctx, `INSERT INTO log_special (log_index, entry) VALUES ($1, $2)`, x.index, x.entry); err != nil {
			return err
		}
		if slot, item, err := parseSlotEntry(x.entry); err == nil {
			if _, err := tx.ExecContext(ctx, `INSERT INTO log_slot (slot, item, log_index) VALUES ($1, $2, $3)`, slot, item, x.index); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepCheckpoint keeps the newest published checkpoint in the database, after checking that it continues the one kept before: the last guard
// against a directory that was swapped or restored.
func (s *session) keepCheckpoint(ctx context.Context) error {
	c, err := s.dir.checkpoint()
	if err != nil {
		return fmt.Errorf("translog: published checkpoint: %w", err)
	}
	old, err := parseCheckpoint(s.state.checkpoint)
	if err == nil && c.size <= old.size && string(c.text) == string(old.text) {
		return nil
	}
	if err == nil {
		if c.size < old.size { // a restored directory that has not caught up yet
			return nil
		}
		if err := s.continues(ctx, old, c); err != nil {
			return ErrForked.With(err)
		}
	}
	now := s.c.Clock.Now().UnixMicro()
	err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.renew(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE log_state SET checkpoint = $1, published_at = $2 WHERE id = 1`, c.text, now)
		return err
	}, db.ReadCommitted)
	if err != nil {
		return fmt.Errorf("translog: keep checkpoint: %w", err)
	}
	s.state.checkpoint, s.renewed = c.text, s.c.Clock.Now()
	return nil
}

// continues checks that checkpoint b grew out of a.
func (s *session) continues(ctx context.Context, a, b checkpoint) error {
	if err := b.signed(s.keys); err != nil {
		return err
	}
	rootA, rootB, err := roots(a, b)
	if err != nil {
		return err
	}
	var hashes [][]byte
	if a.size > 0 && b.size > a.size {
		builder, err := client.NewProofBuilder(ctx, uint64(b.size), s.dir.tile)
		if err != nil {
			return err
		}
		if hashes, err = builder.ConsistencyProof(ctx, uint64(a.size), uint64(b.size)); err != nil {
			return err
		}
	}
	if a.size == 0 {
		return nil
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(a.size), uint64(b.size), hashes, rootA, rootB)
}
