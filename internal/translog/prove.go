package translog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/transparency-dev/tessera/client"

	"gongxin/internal/db"
)

// proofWait is how long a proof waits for the checkpoint that it needs.
const proofWait = 8 * time.Second

// Proof is what the file of a proof holds, format gongxin/proof/1.
type Proof struct {
	Format     string       `json:"format"`
	Checkpoint string       `json:"checkpoint"`
	Record     *RecordProof `json:"record,omitempty"`
	Set        *SetProof    `json:"set,omitempty"`

	Consistency *ConsistencyProof `json:"consistency,omitempty"`
}

// ProofFormat is the name of the format of Proof.
const ProofFormat = "gongxin/proof/1"

// Included is an entry of the log with the hashes that lead from it to the checkpoint's root.
type Included struct {
	Index  int64    `json:"index"`
	Entry  []byte   `json:"entry"`
	Hashes [][]byte `json:"hashes"`
}

// Opening opens a leaf: with the salt the parts hash to it. It says everything that the leaf commits to; give it only to whom may see that.
type Opening struct {
	Salt  []byte   `json:"salt"`
	Parts []string `json:"parts"`
}

// RecordProof proves that one version is in the log.
type RecordProof struct {
	Included
	Opening *Opening `json:"opening,omitempty"`
}

// ConsistencyProof proves that the log as it was at a size is the beginning of the log as it is (RFC 6962). Whoever kept a checkpoint of that size
// checks it with that.
type ConsistencyProof struct {
	Size   int64    `json:"size"`
	Hashes [][]byte `json:"hashes"`
}

// SetProof proves which versions a subject has of one item, up to the position Covered of the root entry.
type SetProof struct {
	Subject   string       `json:"subject"` // its number, in decimal
	Item      string       `json:"item"`
	Salt      []byte       `json:"salt"`  // of the installation: with the subject it gives the place in the map
	Slots     []string     `json:"slots"` // every item that has a place; one that is not among them has no version anywhere
	PlaceSalt []byte       `json:"place_salt,omitempty"`
	Versions  []SetVersion `json:"versions"`
	PlacePath [][]byte     `json:"place_path,omitempty"`
	MapPath   [][]byte     `json:"map_path"` // top first; an empty hash is nobody
	Other     *SetOther    `json:"other,omitempty"`
	Absent    bool         `json:"absent"` // no set of the subject: it has no version of any item
	Root      Included     `json:"root"`
}

// SetVersion is one version in the order of the log.
type SetVersion struct {
	Leaf    []byte   `json:"leaf"`
	Opening *Opening `json:"opening,omitempty"`

	Event    int64 `json:"-"` // outbox row and position, by which the owner of the record finds what to open
	Position int   `json:"-"`
}

// SetOther is who stands where an absent subject would.
type SetOther struct {
	Key  []byte `json:"key"`
	Head []byte `json:"head"`
}

// Location says where a version's leaf was queued, and opens it if the asker may see all of it.
type Location struct {
	Event    int64
	Position int
	Opening  *Opening
}

// ProveRecord proves that the leaf of a location is in the log.
func (l *Log) ProveRecord(ctx context.Context, at Location) (*Proof, error) {
	var index, n int64
	err := l.c.DB.Read().QueryRowContext(ctx, `SELECT log_index, n FROM log_sequence WHERE outbox_id = $1`, at.Event).Scan(&index, &n)
	if errors.Is(err, sql.ErrNoRows) || err == nil && int64(at.Position) >= n {
		return nil, ErrNoLog
	}
	if err != nil {
		return nil, fmt.Errorf("translog: prove: %w", err)
	}
	c, err := l.awaitCheckpoint(ctx, index+int64(at.Position))
	if err != nil {
		return nil, err
	}
	in, err := l.included(ctx, c, index+int64(at.Position))
	if err != nil {
		return nil, err
	}
	return &Proof{Format: ProofFormat, Checkpoint: string(c.text), Record: &RecordProof{Included: in, Opening: at.Opening}}, nil
}

// included reads an entry and its path in the tree of a checkpoint.
func (l *Log) included(ctx context.Context, c checkpoint, index int64) (Included, error) {
	reader := bundleReader{read: l.dir.bundle, size: c.size}
	entry, err := reader.entry(ctx, index)
	if err != nil {
		return Included{}, err
	}
	builder, err := client.NewProofBuilder(ctx, uint64(c.size), l.dir.tile)
	if err != nil {
		return Included{}, fmt.Errorf("translog: prove: %w", err)
	}
	return path(ctx, builder, index, entry)
}

// path adds to an entry the hashes that lead to the root of the builder's tree.
func path(ctx context.Context, builder *client.ProofBuilder, index int64, entry []byte) (Included, error) {
	hashes, err := builder.InclusionProof(ctx, uint64(index))
	if err != nil {
		return Included{}, fmt.Errorf("translog: prove: %w", err)
	}
	if hashes == nil {
		hashes = [][]byte{}
	}
	return Included{Index: index, Entry: entry, Hashes: hashes}, nil
}

// ProveConsistency proves that the published log continues the log as it was at a size.
func (l *Log) ProveConsistency(ctx context.Context, size int64) (*Proof, error) {
	c, err := l.dir.checkpoint()
	if errors.Is(err, fs.ErrNotExist) || err == nil && (size < 1 || size > c.size) {
		return nil, errSize
	}
	if err != nil {
		return nil, fmt.Errorf("translog: checkpoint: %w", err)
	}
	builder, err := client.NewProofBuilder(ctx, uint64(c.size), l.dir.tile)
	if err != nil {
		return nil, fmt.Errorf("translog: prove: %w", err)
	}
	hashes, err := builder.ConsistencyProof(ctx, uint64(size), uint64(c.size))
	if err != nil {
		return nil, fmt.Errorf("translog: prove: %w", err)
	}
	if hashes == nil {
		hashes = [][]byte{}
	}
	return &Proof{Format: ProofFormat, Checkpoint: string(c.text), Consistency: &ConsistencyProof{size, hashes}}, nil
}

// awaitCheckpoint gives the published checkpoint once it holds the entry at index.
func (l *Log) awaitCheckpoint(ctx context.Context, index int64) (checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, proofWait)
	defer cancel()
	for {
		c, err := l.dir.checkpoint()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return checkpoint{}, fmt.Errorf("translog: checkpoint: %w", err)
		}
		if err == nil && c.size > index {
			return c, nil
		}
		if wait(ctx, 50*time.Millisecond, nil); ctx.Err() != nil {
			return checkpoint{}, ErrWait
		}
	}
}

// setView is what a proof needs of the sets, read in one snapshot.
type setView struct {
	state  setState
	set    subjectSet
	found  bool
	path   []hash
	end    *mapEntry
	secret []byte
	salt   []byte
}

// boundSet is a subject's set with the root that binds it, under a checkpoint.
type boundSet struct {
	setView
	c       checkpoint
	root    Included
	covered int64
	at      int64 // of the root, microseconds since 1970
	slots   slotTable
}

// bindSet reads a subject's set as the log's newest root has it.
func (l *Log) bindSet(ctx context.Context, subject int64) (b boundSet, err error) {
	if b.setView, err = l.viewSet(ctx, subject); err != nil {
		return b, err
	}
	if b.slots, err = l.readSlots(ctx); err != nil {
		return b, err
	}
	if b.c, err = l.awaitCheckpoint(ctx, b.state.rootIndex); err != nil {
		return b, err
	}
	if b.root, err = l.included(ctx, b.c, b.state.rootIndex); err != nil {
		return b, err
	}
	root, err := parseRootEntry(b.root.Entry)
	if err != nil {
		return b, ErrForked.With(err)
	}
	b.covered, b.at = root.covered, root.at
	// The table of items only grows; the root speaks of it as it was then.
	for len(b.slots) > 0 && b.slots.digest() != root.slots {
		b.slots = b.slots[:len(b.slots)-1]
	}
	if b.slots == nil {
		b.slots = slotTable{}
	}
	return b, nil
}

// other is who stands where an absent subject would.
func (b *boundSet) other() *SetOther {
	if b.found || b.end == nil {
		return nil
	}
	return &SetOther{b.end.key[:], b.end.head[:]}
}

// ProveSet proves which versions a subject has of an item, or that it has none.
func (l *Log) ProveSet(ctx context.Context, subject int64, item string) (*Proof, error) {
	b, err := l.bindSet(ctx, subject)
	if err != nil {
		return nil, err
	}
	p := &SetProof{
		Subject: strconv.FormatInt(subject, 10), Item: item, Salt: b.salt, Slots: b.slots, MapPath: hashList(b.path), Absent: !b.found, Versions: []SetVersion{},
		Other: b.other(), Root: b.root,
	}
	if slot := b.slots.find(item); b.found && slot >= 0 {
		if err := l.openPlace(ctx, p, &b.setView, slot, b.c.size); err != nil {
			return nil, err
		}
	} else if b.found { // the table of items, which the root binds, says that nobody has any version of it
		p.MapPath = [][]byte{}
	}
	return &Proof{Format: ProofFormat, Checkpoint: string(b.c.text), Set: p}, nil
}

// openPlace adds the versions of one place and the way from it to the subject's head.
func (l *Log) openPlace(ctx context.Context, p *SetProof, v *setView, slot int, size int64) error {
	salt := placeSalt(subjectSecret(v.secret, v.set.key), slot)
	p.PlaceSalt = salt[:]
	reader := bundleReader{read: l.dir.bundle, size: size}
	for i := range v.set.items {
		if v.set.items[i].slot != slot {
			continue
		}
		for _, index := range v.set.items[i].indexes {
			raw, err := reader.entry(ctx, index)
			if err != nil {
				return err
			}
			e, err := parseLeafEntry(raw)
			if err != nil {
				return ErrForked.With(err)
			}
			p.Versions = append(p.Versions, SetVersion{Leaf: e.leaf[:], Event: e.event, Position: e.position})
		}
	}
	var path []hash
	places := v.set.places(v.secret)
	head(places[:], slot, &path)
	p.PlacePath = hashList(path)
	return nil
}

// viewSet reads a subject's set, its way through the map and the root that the log has of it.
func (l *Log) viewSet(ctx context.Context, subject int64) (v setView, err error) {
	err = l.c.DB.Read().QueryRowContext(ctx, `SELECT set_salt, set_secret FROM log_state WHERE id = 1`).Scan(&v.salt, &v.secret)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNoLog
	}
	if err != nil {
		return v, fmt.Errorf("translog: prove: %w", err)
	}
	store, err := l.setDB(ctx)
	if err != nil {
		return v, err
	}
	key := setKey(v.salt, subject)
	ctx, cancel := context.WithTimeout(ctx, proofWait)
	defer cancel()
	for {
		if err = store.db.ReadTx(ctx, func(ctx context.Context, tx *db.Tx) error { return v.read(ctx, tx, store, key) }); err != nil {
			return v, fmt.Errorf("translog: prove: %w", err)
		}
		if v.state.rootIndex >= 0 {
			return v, nil
		}
		// A pass is written and its root is just going into the log, or the sets are being made again.
		if wait(ctx, 50*time.Millisecond, nil); ctx.Err() != nil {
			return v, ErrWait
		}
	}
}

func (v *setView) read(ctx context.Context, tx *db.Tx, store *setStore, key hash) (err error) {
	if v.state, err = readSetState(ctx, tx); err != nil || v.state.rootIndex < 0 {
		return err
	}
	top, err := store.tree(ctx, tx, v.state)
	if err != nil {
		return err
	}
	if v.set, err = readSubject(ctx, tx, key); err != nil {
		return err
	}
	entries, err := readBucket(ctx, tx, key)
	if err != nil {
		return err
	}
	below, end := bucketPath(entries, key)
	v.path, v.end = append(top.path(bucketOf(key)), below...), end
	v.found = end != nil && end.key == key
	return nil
}

// hashList writes hashes for JSON, the hash of nobody as an empty one.
func hashList(hashes []hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		if out[i] = []byte{}; h != (hash{}) {
			out[i] = h[:]
		}
	}
	return out
}
