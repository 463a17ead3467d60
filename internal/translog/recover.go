package translog

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"gongxin/internal/db"
)

// settle brings tree and database to one state before anything is appended: a new log gets its genesis; entries that are in the tree and
// unmarked, after a crash between append and mark, are marked; entries that the database has and a restored directory lacks are appended again,
// which gives the same tree because every entry of it can be made from the database.
func (s *session) settle(ctx context.Context) (err error) {
	if s.sets, err = s.setDB(ctx); err != nil {
		return err
	}
	if s.state, err = s.readState(ctx); err != nil {
		return err
	}
	if err := s.fillOwners(ctx); err != nil {
		return err
	}
	if s.size, err = s.tree.size(ctx); err != nil {
		return fmt.Errorf("translog: size of the tree: %w", err)
	}
	if s.slots, err = s.readSlots(ctx); err != nil {
		return err
	}
	if s.size < s.state.size {
		if err := s.replay(ctx); err != nil {
			return err
		}
	}
	if err := s.takeTail(ctx); err != nil {
		return err
	}
	if s.size == 0 {
		entry := genesisEntry(s.c.Origin)
		if err := s.put(ctx, [][]byte{entry}); err != nil {
			return err
		}
		if err := s.mark(ctx, nil, []special{{0, entry}}); err != nil {
			return err
		}
	}
	return s.settleSets(ctx)
}

// readState reads the row of log_state, making it at the first start.
func (s *session) readState(ctx context.Context) (st state, err error) {
	salt, secret := make([]byte, 16), make([]byte, 32)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	_, _ = rand.Read(secret)
	err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO log_state (id, origin, size, advanced_at, checkpoint, published_at, root_index, root_covered, set_salt, set_secret)
			VALUES (1, $1, 0, 0, $2, 0, -1, -1, $3, $4) ON CONFLICT (id) DO NOTHING`, s.c.Origin, []byte{}, salt, secret)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT origin, size, checkpoint, root_index, root_covered, set_salt, set_secret FROM log_state WHERE id = 1`).Scan(
			&st.origin, &st.size, &st.checkpoint, &st.rootIndex, &st.rootCovered, &st.salt, &st.secret)
	}, db.ReadCommitted)
	if err != nil {
		return state{}, fmt.Errorf("translog: state: %w", err)
	}
	if st.origin != s.c.Origin {
		return state{}, ErrOrigin
	}
	return st, nil
}

// fillOwners says of rows that were queued before there were sets, and are in no log yet, whose leaves they hold.
func (s *session) fillOwners(ctx context.Context) error {
	if s.c.Owners == nil {
		return nil
	}
	for {
		var rows []int64
		err := eachRow(ctx, s.c.DB.Read(), func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			rows = append(rows, id)
			return err
		}, `SELECT p.outbox_id FROM log_pending p JOIN log_outbox o ON o.outbox_id = p.outbox_id WHERE o.kind = 'record' AND o.subjects IS NULL ORDER BY p.outbox_id LIMIT 100`)
		if err != nil {
			return fmt.Errorf("translog: rows without subjects: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, id := range rows {
			if err := s.fillOwner(ctx, id); err != nil {
				return fmt.Errorf("translog: subjects of row %d: %w", id, err)
			}
		}
	}
}

func (s *session) fillOwner(ctx context.Context, id int64) error {
	subjects, items, err := s.c.Owners(ctx, id)
	if err != nil {
		return err
	}
	packed, err := packSubjects(subjects, items)
	if err != nil {
		return err
	}
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.renew(ctx, tx); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE log_outbox SET subjects = $1 WHERE outbox_id = $2 AND n = $3`, packed, id, len(subjects))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("%d subjects do not fit its leaves", len(subjects)))
		}
		return nil
	}, db.ReadCommitted)
}

// takeTail marks what is in the tree behind the database's last mark. The entries say themselves which event they belong to, so that nothing is
// appended twice; an event of which only a part went in is completed first.
func (s *session) takeTail(ctx context.Context) error {
	if s.size <= s.state.size {
		return nil
	}
	runs, specials, err := s.tailRuns(ctx)
	if err != nil {
		return err
	}
	places, strays, err := s.complete(ctx, runs)
	if err != nil {
		return err
	}
	return s.mark(ctx, places, append(specials, strays...))
}

// tailRun is consecutive entries of one event.
type tailRun struct {
	placed
	from    int // position of the first
	entries [][]byte
}

// tailRuns reads the tail: runs of leaves, and entries that belong to no outbox row.
func (s *session) tailRuns(ctx context.Context) (runs []tailRun, specials []special, err error) {
	reader := bundleReader{read: s.tree.reader.ReadEntryBundle, size: s.size}
	for i := s.state.size; i < s.size; i++ {
		entry, err := reader.entry(ctx, i)
		if err != nil {
			return nil, nil, err
		}
		if i == 0 && string(entry) != string(genesisEntry(s.c.Origin)) {
			return nil, nil, ErrOrigin
		}
		e, err := parseLeafEntry(entry)
		if err != nil {
			specials = append(specials, special{i, entry})
			continue
		}
		if last := len(runs) - 1; last >= 0 && runs[last].outbox == e.event && runs[last].from+runs[last].n == e.position && runs[last].index+int64(runs[last].n) == i {
			runs[last].n++
			runs[last].entries = append(runs[last].entries, entry)
		} else {
			runs = append(runs, tailRun{placed{e.event, i, 1}, e.position, [][]byte{entry}})
		}
	}
	return runs, specials, nil
}

// complete checks the tail's events against the outbox and appends what the last one lacks. A run that is not whole and not the last, as when
// the disk was full in the middle of a batch, stays in the log as a stray repeat, and its event goes in again.
func (s *session) complete(ctx context.Context, runs []tailRun) (places []placed, strays []special, err error) {
	for i, r := range runs {
		row := pendingRow{id: r.outbox}
		err := s.c.DB.Read().QueryRowContext(ctx, `SELECT o.n, o.payload FROM log_outbox o JOIN log_pending p ON p.outbox_id = o.outbox_id WHERE o.outbox_id = $1`,
			r.outbox).Scan(&row.n, &row.payload)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil, ErrAhead.With(fmt.Errorf("event %d at index %d", r.outbox, r.index))
		}
		if err != nil {
			return nil, nil, fmt.Errorf("translog: tail: %w", err)
		}
		last := i == len(runs)-1 && r.index+int64(r.n) == s.size
		if r.from != 0 || r.n > row.n || r.n < row.n && !last || len(row.payload) != row.n*len(Leaf{}) {
			for k, e := range r.entries {
				strays = append(strays, special{r.index + int64(k), e})
			}
			continue
		}
		var rest [][]byte
		for k := r.n; k < row.n; k++ {
			rest = append(rest, leafEntry{row.id, k, Leaf(row.payload[k*len(Leaf{}):])}.bytes())
		}
		if err := s.put(ctx, rest); err != nil {
			return nil, nil, err
		}
		places = append(places, placed{r.outbox, r.index, row.n})
	}
	return places, strays, nil
}

// replay appends what the database has marked and the directory lacks, as after restoring the directory from an older backup, or without one.
func (s *session) replay(ctx context.Context) error {
	if s.size > 0 { // the last entry that is there must be the one that the database has at its place
		reader := bundleReader{read: s.tree.reader.ReadEntryBundle, size: s.size}
		have, err := reader.entry(ctx, s.size-1)
		if err != nil {
			return err
		}
		want, err := s.marked(ctx, s.size-1, s.size)
		if err != nil {
			return err
		}
		if len(want) != 1 || string(want[0]) != string(have) {
			return ErrForked.With(fmt.Errorf("entry %d differs from the database", s.size-1))
		}
	}
	for s.size < s.state.size {
		entries, err := s.marked(ctx, s.size, min(s.size+maxBatch, s.state.size))
		if err != nil {
			return err
		}
		if err := s.put(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// marked makes the entries from to to (exclusive) from the database.
func (s *session) marked(ctx context.Context, from, to int64) (entries [][]byte, err error) {
	entries = make([][]byte, to-from)
	set := func(i int64, entry []byte) {
		if i >= from && i < to {
			entries[i-from] = entry
		}
	}
	err = eachRow(ctx, s.c.DB.Read(), func(scan func(...any) error) error {
		var index int64
		var entry []byte
		if err := scan(&index, &entry); err != nil {
			return err
		}
		set(index, entry)
		return nil
	}, `SELECT log_index, entry FROM log_special WHERE log_index >= $1 AND log_index < $2`, from, to)
	if err != nil {
		return nil, fmt.Errorf("translog: marked entries: %w", err)
	}
	// A row may begin before from; none is longer than what one filing commits.
	err = eachRow(ctx, s.c.DB.Read(), func(scan func(...any) error) error {
		var id, index int64
		var payload []byte
		if err := scan(&id, &index, &payload); err != nil {
			return err
		}
		for k := range len(payload) / len(Leaf{}) {
			set(index+int64(k), leafEntry{id, k, Leaf(payload[k*len(Leaf{}):])}.bytes())
		}
		return nil
	}, `SELECT s.outbox_id, s.log_index, o.payload FROM log_sequence s JOIN log_outbox o ON o.outbox_id = s.outbox_id
		WHERE s.log_index < $2 AND s.log_index >= coalesce((SELECT max(log_index) FROM log_sequence WHERE log_index <= $1), 0) ORDER BY s.log_index`, from, to)
	if err != nil {
		return nil, fmt.Errorf("translog: marked entries: %w", err)
	}
	for i, e := range entries {
		if e == nil {
			return nil, ErrForked.With(fmt.Errorf("the database has no entry %d", from+int64(i)))
		}
	}
	return entries, nil
}

// eachRow runs a query and hands each row to fn.
func eachRow(ctx context.Context, q db.Querier, fn func(scan func(...any) error) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// roots reads the root hashes of two checkpoints.
func roots(a, b checkpoint) (x, y []byte, err error) {
	if x, err = a.root(); err == nil {
		y, err = b.root()
	}
	return x, y, err
}

func (c checkpoint) root() ([]byte, error) {
	lines := strings.SplitN(string(c.text), "\n", 4)
	if len(lines) < 4 {
		return nil, errors.New("translog: checkpoint without a root")
	}
	return base64.StdEncoding.DecodeString(lines[2])
}
