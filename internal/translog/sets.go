package translog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/db"
)

// setPass is how many leaves one pass over the sets takes at most; rootEvery is how often a root goes into the log while only entries come that
// are of no subject's set, so that "nothing up to here" stays recent.
const (
	setPass   = 200_000
	rootEvery = time.Minute
)

// readSlots reads the places of the items.
func (l *Log) readSlots(ctx context.Context) (slotTable, error) {
	var t slotTable
	err := eachRow(ctx, l.c.DB.Read(), func(scan func(...any) error) error {
		var slot int
		var item string
		if err := scan(&slot, &item); err != nil {
			return err
		}
		if slot != len(t) {
			return ErrForked.With(fmt.Errorf("slot %d stands at %d", slot, len(t)))
		}
		t = append(t, item)
		return nil
	}, `SELECT slot, item FROM log_slot ORDER BY slot`)
	if err != nil {
		return nil, fmt.Errorf("translog: slots: %w", err)
	}
	return t, nil
}

// settleSets finishes what a crash left between the sets' file and the log.
func (s *session) settleSets(ctx context.Context) (err error) {
	if s.slots, err = s.readSlots(ctx); err != nil {
		return err
	}
	state, err := readSetState(ctx, s.sets.db.Read())
	if err != nil {
		return err
	}
	if state.covered > s.state.size { // of another database, or one that went back
		return s.resetSets(ctx)
	}
	_, err = s.sets.tree(ctx, s.sets.db.Read(), state)
	if errors.Is(err, errSet) {
		return s.resetSets(ctx)
	}
	if err != nil {
		return err
	}
	return s.bindRoot(ctx, state)
}

// resetSets empties the file; the passes that follow fill it from the database.
func (s *session) resetSets(ctx context.Context) error {
	s.sets.mu.Lock()
	s.sets.ready = false
	s.sets.mu.Unlock()
	return s.sets.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []string{`DELETE FROM set_subject`, `DELETE FROM set_bucket`, `UPDATE set_state SET covered = 0, root = zeroblob(32), root_index = -1`} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// updateSets begins a pass that takes sequenced leaves into the sets, if there are any.
func (s *session) updateSets(ctx context.Context) (begun bool, err error) {
	state, err := readSetState(ctx, s.sets.db.Read())
	if err != nil {
		return false, err
	}
	target := s.state.size
	if state.covered < s.state.rootCovered { // being made again: stop where the log's root can be compared
		target = s.state.rootCovered
	}
	from := max(state.covered, min(s.scanned, target))
	if from >= target {
		return false, nil
	}
	additions, covered, others, err := s.additions(ctx, from, target)
	if err != nil {
		return false, err
	}
	s.others = s.others || others
	now := s.c.Clock.Now()
	if len(additions) == 0 && state.rootIndex >= 0 && covered >= s.state.size && (!s.others || now.Sub(s.rooted) < rootEvery) {
		s.scanned = covered // the same root would only cover more entries that are nobody's
		return false, nil
	}
	s.others, s.rooted = false, now
	// The pass runs beside sequencing, so that checkpoints do not wait for it.
	s.pass = make(chan passResult, 1)
	go func(done chan<- passResult, secret []byte) {
		root, err := s.sets.apply(context.WithoutCancel(ctx), secret, additions, covered)
		done <- passResult{setState{covered: covered, root: root, rootIndex: -1}, len(additions) > 0, err}
	}(s.pass, s.state.secret)
	return true, nil
}

// passResult is how a pass over the sets ended.
type passResult struct {
	state  setState
	some   bool // it put leaves into sets
	failed error
}

// finishPass binds the root of a pass that has ended into the log. It reports whether there is more to do.
func (s *session) finishPass(ctx context.Context) (running, more bool, err error) {
	if s.pass == nil {
		return false, false, nil
	}
	select {
	case r := <-s.pass:
		s.pass = nil
		if r.failed != nil {
			return false, false, r.failed
		}
		return false, r.some && r.state.covered < s.state.size, s.bindRoot(ctx, r.state)
	default:
		return true, false, nil
	}
}

// bindRoot puts the root of the covered position into the log, unless it stands there or the log already has one of a later position.
func (s *session) bindRoot(ctx context.Context, state setState) error {
	switch {
	case state.covered < s.state.rootCovered || state.covered == 0:
		return nil
	case state.covered == s.state.rootCovered:
		return s.compareRoot(ctx, state)
	}
	entry := rootEntry{at: s.c.Clock.Now().UnixMicro(), covered: state.covered, slots: s.slots.digest(), root: state.root}.bytes()
	index := s.size
	if err := s.put(ctx, [][]byte{entry}); err != nil {
		return err
	}
	if err := s.mark(ctx, nil, []special{{index, entry}}); err != nil {
		return err
	}
	return s.sets.placedRoot(ctx, state.covered, index)
}

// compareRoot holds sets that were made again against the root in the log.
func (s *session) compareRoot(ctx context.Context, state setState) error {
	var raw []byte
	if err := s.c.DB.Read().QueryRowContext(ctx, `SELECT entry FROM log_special WHERE log_index = $1`, s.state.rootIndex).Scan(&raw); err != nil {
		return fmt.Errorf("translog: root of the sets: %w", err)
	}
	r, err := parseRootEntry(raw)
	if err != nil {
		return err
	}
	if r.root != state.root {
		return ErrForked.With(fmt.Errorf("the sets made from the database differ from the root at index %d", s.state.rootIndex))
	}
	return s.sets.placedRoot(ctx, state.covered, s.state.rootIndex)
}

// additions reads the leaves of subjects in the log from a position on, how far they reach, and whether other leaves lie among them.
func (s *session) additions(ctx context.Context, from, to int64) (out []addition, covered int64, others bool, err error) {
	covered = from
	for covered < to && len(out) < setPass {
		rows, next, err := s.subjectRows(ctx, covered, to)
		if err != nil {
			return nil, 0, false, err
		}
		for _, r := range rows {
			if len(r.subjects) == 0 {
				others = true
			} else if out, err = s.rowAdditions(ctx, out, r); err != nil {
				return nil, 0, false, err
			}
		}
		covered = next
	}
	return out, covered, others, nil
}

// subjectRow is an outbox row with subjects.
type subjectRow struct {
	id, index int64
	n         int
	payload   []byte
	subjects  []byte
}

// subjectRows reads some rows from the log position from on; next is where to go on.
func (s *session) subjectRows(ctx context.Context, from, to int64) (rows []subjectRow, next int64, err error) {
	const chunk = 200
	next, count := to, 0
	err = eachRow(ctx, s.c.DB.Read(), func(scan func(...any) error) error {
		var r subjectRow
		if err := scan(&r.id, &r.index, &r.n, &r.payload, &r.subjects); err != nil {
			return err
		}
		if count++; count == chunk {
			next = r.index + int64(r.n)
		}
		rows = append(rows, r)
		return nil
	}, `SELECT s.outbox_id, s.log_index, s.n, CASE WHEN o.subjects IS NULL THEN NULL ELSE o.payload END, o.subjects
		FROM log_sequence s JOIN log_outbox o ON o.outbox_id = s.outbox_id WHERE s.log_index >= $1 AND s.log_index < $2 ORDER BY s.log_index LIMIT $3`, from, to, chunk)
	if err != nil {
		return nil, 0, fmt.Errorf("translog: sequenced rows: %w", err)
	}
	return rows, next, nil
}

func (s *session) rowAdditions(ctx context.Context, out []addition, r subjectRow) ([]addition, error) {
	list, err := unpackSubjects(r.subjects, r.n)
	if err != nil {
		return nil, fmt.Errorf("outbox row %d: %w", r.id, err)
	}
	slots := make(map[string]int, len(list.items))
	for _, item := range list.items {
		if slots[item], err = s.slot(ctx, item); err != nil {
			return nil, err
		}
	}
	for i := range r.n {
		subject, item := list.at(i)
		out = append(out, addition{setKey(s.state.salt, subject), slots[item], r.index + int64(i), Leaf(r.payload[i*len(Leaf{}):])})
	}
	return out, nil
}

// slot gives an item's permanent place; a new item gets the next one, which the log says before any root uses it.
func (s *session) slot(ctx context.Context, item string) (int, error) {
	if i := s.slots.find(item); i >= 0 {
		return i, nil
	}
	if len(s.slots) == setSlots {
		return 0, ErrSlots
	}
	index, entry := s.size, slotEntry(len(s.slots), item)
	if err := s.put(ctx, [][]byte{entry}); err != nil {
		return 0, err
	}
	if err := s.mark(ctx, nil, []special{{index, entry}}); err != nil {
		return 0, err
	}
	s.slots = append(s.slots, item)
	return len(s.slots) - 1, nil
}
