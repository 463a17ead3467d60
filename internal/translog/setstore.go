package translog

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"gongxin/internal/db"
)

// setStore keeps the subjects' sets in a file of their own beside the log, so that keeping them costs the register's writer nothing. All of it
// is derived: a file that is lost is made again from the register's database.
type setStore struct {
	db *db.DB

	mu    sync.Mutex
	top   *topTree // as of version
	at    int64    // covered position that top belongs to
	ready bool
}

// setState says what the file holds. rootIndex is -1 until the root of covered stands in the log.
type setState struct {
	covered   int64
	root      hash
	rootIndex int64
}

// setTables are the tables of the file; key is the subject's place in the map, its first two bytes the bucket. entries are key and head of each
// subject of a bucket, 64 bytes each, in the order of the keys: one row to read where the subjects' own rows would be sixteen.
var setTables = []string{
	`CREATE TABLE IF NOT EXISTS set_subject (key BLOB NOT NULL PRIMARY KEY, items BLOB NOT NULL) STRICT, WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS set_bucket (bucket INTEGER NOT NULL PRIMARY KEY, hash BLOB NOT NULL, entries BLOB NOT NULL) STRICT`,
	`CREATE TABLE IF NOT EXISTS set_state (id INTEGER NOT NULL PRIMARY KEY, covered INTEGER NOT NULL, root BLOB NOT NULL, root_index INTEGER NOT NULL) STRICT`,
	`INSERT INTO set_state (id, covered, root, root_index) VALUES (1, 0, zeroblob(32), -1) ON CONFLICT (id) DO NOTHING`,
}

func openSets(ctx context.Context, dir string) (*setStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("translog: sets: %w", err)
	}
	d, err := db.Open(ctx, filepath.Join(dir, "set.db"), db.Options{NoSync: true, Readers: 4, CacheSize: 16 << 20})
	if err != nil {
		return nil, fmt.Errorf("translog: sets: %w", err)
	}
	err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, t := range setTables {
			if _, err := tx.ExecContext(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("translog: sets: %w", err), d.Close())
	}
	return &setStore{db: d}, nil
}

func readSetState(ctx context.Context, q db.Querier) (setState, error) {
	var s setState
	var root []byte
	if err := q.QueryRowContext(ctx, `SELECT covered, root, root_index FROM set_state WHERE id = 1`).Scan(&s.covered, &root, &s.rootIndex); err != nil {
		return s, fmt.Errorf("translog: sets: %w", err)
	}
	if len(root) != len(s.root) {
		return s, errSet
	}
	s.root = hash(root)
	return s, nil
}

// tree gives the fixed levels as of the state that q sees.
func (s *setStore) tree(ctx context.Context, q db.Querier, state setState) (*topTree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready && s.at == state.covered {
		return s.top, nil
	}
	changed := map[int]hash{}
	err := eachRow(ctx, q, func(scan func(...any) error) error {
		var bucket int
		var h []byte
		if err := scan(&bucket, &h); err != nil {
			return err
		}
		if bucket < 0 || bucket >= buckets || len(h) != len(hash{}) {
			return errSet
		}
		changed[bucket] = hash(h)
		return nil
	}, `SELECT bucket, hash FROM set_bucket`)
	if err != nil {
		return nil, fmt.Errorf("translog: sets: %w", err)
	}
	top := newTopTree()
	top.update(changed)
	if top.root() != state.root {
		return nil, errSet
	}
	s.top, s.at, s.ready = top, state.covered, true
	return top, nil
}

// addition is one leaf that goes into a set.
type addition struct {
	key   hash
	slot  int
	index int64
	leaf  Leaf
}

// apply puts additions into the sets and moves the covered position, in one transaction and in the order of the keys. It gives the new root.
func (s *setStore) apply(ctx context.Context, secret []byte, additions []addition, covered int64) (root hash, err error) {
	slices.SortFunc(additions, func(a, b addition) int {
		return cmp.Or(bytes.Compare(a.key[:], b.key[:]), cmp.Compare(a.index, b.index))
	})
	var next *topTree
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		state, err := readSetState(ctx, tx)
		if err != nil {
			return err
		}
		if next, err = s.tree(ctx, tx, state); err != nil {
			return err
		}
		next = next.clone()
		changed := map[int]hash{}
		for rest := additions; len(rest) > 0; {
			bucket := bucketOf(rest[0].key)
			n := 1
			for n < len(rest) && bucketOf(rest[n].key) == bucket {
				n++
			}
			if changed[bucket], err = applyBucket(ctx, tx, secret, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		next.update(changed)
		root = next.root()
		_, err = tx.ExecContext(ctx, `UPDATE set_state SET covered = $1, root = $2, root_index = -1 WHERE id = 1`, covered, root[:])
		return err
	})
	if err != nil {
		return hash{}, fmt.Errorf("translog: sets: %w", err)
	}
	s.mu.Lock()
	s.top, s.at, s.ready = next, covered, true
	s.mu.Unlock()
	return root, nil
}

func (t *topTree) clone() *topTree {
	c := &topTree{}
	for i := range t.levels {
		c.levels[i] = slices.Clone(t.levels[i])
	}
	return c
}

// applyBucket changes the subjects of one bucket and gives the bucket's new hash.
func applyBucket(ctx context.Context, tx *db.Tx, secret []byte, additions []addition) (hash, error) {
	bucket := additions[0].key
	entries, err := readBucket(ctx, tx, bucket)
	if err != nil {
		return hash{}, err
	}
	for len(additions) > 0 {
		key := additions[0].key
		n := 1
		for n < len(additions) && additions[n].key == key {
			n++
		}
		at, known := slices.BinarySearchFunc(entries, key, func(e mapEntry, k hash) int { return bytes.Compare(e.key[:], k[:]) })
		set := subjectSet{key: key}
		if known {
			if set, err = readSubject(ctx, tx, key); err != nil {
				return hash{}, err
			}
		} else {
			entries = slices.Insert(entries, at, mapEntry{key: key})
		}
		for _, a := range additions[:n] {
			set.item(a.slot).add(a.index, a.leaf)
		}
		entries[at].head = set.head(secret)
		if _, err = tx.ExecContext(ctx, `INSERT INTO set_subject (key, items) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET items = excluded.items`,
			key[:], set.pack()); err != nil {
			return hash{}, err
		}
		additions = additions[n:]
	}
	h := subtree(entries, topLevels)
	packed := make([]byte, 0, len(entries)*2*len(h))
	for _, e := range entries {
		packed = append(append(packed, e.key[:]...), e.head[:]...)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO set_bucket (bucket, hash, entries) VALUES ($1, $2, $3)
		ON CONFLICT (bucket) DO UPDATE SET hash = excluded.hash, entries = excluded.entries`, bucketOf(bucket), h[:], packed)
	return h, err
}

func readSubject(ctx context.Context, q db.Querier, key hash) (subjectSet, error) {
	var items []byte
	err := q.QueryRowContext(ctx, `SELECT items FROM set_subject WHERE key = $1`, key[:]).Scan(&items)
	if errors.Is(err, sql.ErrNoRows) {
		return subjectSet{key: key}, nil
	}
	if err != nil {
		return subjectSet{}, err
	}
	return unpackSet(key, items)
}

// readBucket reads the subjects that share the first two bytes of key, in the order of their keys.
func readBucket(ctx context.Context, q db.Querier, key hash) ([]mapEntry, error) {
	var packed []byte
	err := q.QueryRowContext(ctx, `SELECT entries FROM set_bucket WHERE bucket = $1`, bucketOf(key)).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	const size = 2 * len(hash{})
	if len(packed)%size != 0 {
		return nil, errSet
	}
	entries := make([]mapEntry, len(packed)/size, len(packed)/size+1)
	for i := range entries {
		entries[i] = mapEntry{hash(packed[i*size:]), hash(packed[i*size+len(hash{}):])}
	}
	return entries, nil
}

// placedRoot remembers where the root of the covered position stands in the log.
func (s *setStore) placedRoot(ctx context.Context, covered, index int64) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE set_state SET root_index = $1 WHERE id = 1 AND covered = $2`, index, covered)
		return err
	})
}
