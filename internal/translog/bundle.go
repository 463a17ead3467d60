package translog

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/transparency-dev/tessera/client"

	"gongxin/internal/fault"
)

// BundleFormat is the format of a subject's bundle of proofs.
const BundleFormat = "gongxin/bundle/1"

// Bounds of a bundle: MaxBundle versions; what stands behind openBytes bytes of contents is proven without its content.
const (
	MaxBundle   = 10_000
	openBytes   = 40 << 20
	bundleChunk = 200
)

// Faults of bundles.
var (
	ErrBundleSize = fault.New(fault.TooLarge, "translog.bundle_size", "记录版本太多，一个证明包装不下", "请按事项分别下载")
	ErrBundleTime = fault.New(fault.Unavailable, "translog.bundle_time", "日志还没有走到能证明这个时刻的地方", "请过几分钟再试，或者选择更早的时间")
)

// Opener opens leaves of a subject's versions: it fills in the Opening of those that the asker may see.
type Opener func(ctx context.Context, subject int64, at []Location) error

// BundleAsk says about whom and what a bundle is.
type BundleAsk struct {
	Subject int64
	Item    string    // "" = every item
	AsOf    time.Time // also prove what was in the log at this moment; zero = no
	Open    Opener    // nil = the leaves stay closed
}

// Bundle is a subject's bundle of proofs, made ready: all of it is bound to one checkpoint. It is written once, and may be embedded where JSON may stand.
type Bundle struct {
	Versions int       // how many it holds
	Covered  int64     // position of the log up to which these are all
	At       time.Time // of the root, as the log says

	ask     BundleAsk
	set     boundSet
	moment  *Included
	reader  bundleReader
	builder *client.ProofBuilder
	opened  int // bytes of contents so far
}

// Bundle makes ready a proof of all versions of a subject's item, or of all its items, or that there are none. What Open gives is asked for while the
// bundle is written.
func (l *Log) Bundle(ctx context.Context, ask BundleAsk) (*Bundle, error) {
	set, err := l.bindSet(ctx, ask.Subject)
	if err != nil {
		return nil, err
	}
	b := &Bundle{ask: ask, set: set, Covered: set.covered, At: time.UnixMicro(set.at), reader: bundleReader{read: l.dir.bundle, size: set.c.size}}
	if err := b.count(); err != nil {
		return nil, err
	}
	if b.builder, err = client.NewProofBuilder(ctx, uint64(set.c.size), l.dir.tile); err != nil {
		return nil, fmt.Errorf("translog: bundle: %w", err)
	}
	if !ask.AsOf.IsZero() {
		err = l.bindMoment(ctx, b)
	}
	return b, err
}

// Of gives the bundle of another item of the same subject, under the same root and checkpoint, without reading them again.
func (b *Bundle) Of(item string) (*Bundle, error) {
	other := *b
	other.ask.Item, other.opened = item, 0
	return &other, other.count()
}

// count counts the versions, and refuses too many.
func (b *Bundle) count() error {
	b.Versions = 0
	for i := range b.set.set.items {
		if x := &b.set.set.items[i]; b.ask.Item == "" || b.set.slots.find(b.ask.Item) == x.slot {
			b.Versions += len(x.indexes)
		}
	}
	if b.Versions > MaxBundle {
		return ErrBundleSize
	}
	return nil
}

// bindMoment finds the first root entry at or after the moment that was asked for: what is in the log by then stands before it.
func (l *Log) bindMoment(ctx context.Context, b *Bundle) error {
	index, err := l.rootSince(ctx, b.ask.AsOf.UnixMicro(), b.set.state.rootIndex)
	if err != nil {
		return err
	}
	if index < 0 || index > b.set.covered {
		return ErrBundleTime
	}
	entry, err := b.reader.entry(ctx, index)
	if err != nil {
		return err
	}
	in, err := path(ctx, b.builder, index, entry)
	b.moment = &in
	return err
}

// rootSince gives the index of the first root entry that was written at or after a moment, up to the index last, by halving: the roots' times rise.
func (l *Log) rootSince(ctx context.Context, at, last int64) (int64, error) {
	found := int64(-1)
	low, high := int64(0), last
	for low <= high {
		middle := low + (high-low)/2
		index, when, err := l.rootFrom(ctx, middle, high)
		switch {
		case err != nil:
			return 0, err
		case index < 0: // no root from the middle on
			high = middle - 1
		case when >= at:
			found, high = index, middle-1
		default:
			low = index + 1
		}
	}
	return found, nil
}

// rootFrom gives the first root entry at an index of a range, -1 when there is none.
func (l *Log) rootFrom(ctx context.Context, from, to int64) (index, at int64, err error) {
	var raw []byte
	err = l.c.DB.Read().QueryRowContext(ctx, `SELECT log_index, entry FROM log_special WHERE log_index >= $1 AND log_index <= $2 AND length(entry) = $3
		ORDER BY log_index LIMIT 1`, from, to, rootEntryLen).Scan(&index, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return -1, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("translog: roots: %w", err)
	}
	e, err := parseRootEntry(raw)
	if err != nil { // an item's code of that length
		return l.rootFrom(ctx, index+1, to)
	}
	return index, e.at, nil
}

// bundleHead is everything of the file but the places.
type bundleHead struct {
	Format     string    `json:"format"`
	Checkpoint string    `json:"checkpoint"`
	Subject    string    `json:"subject"`
	Item       string    `json:"item"`
	Salt       []byte    `json:"salt"`
	Slots      []string  `json:"slots"`
	Root       Included  `json:"root"`
	Moment     *Included `json:"moment,omitempty"`
	MapPath    [][]byte  `json:"map_path"`
	Absent     bool      `json:"absent"`
	Other      *SetOther `json:"other,omitempty"`
}

// Write writes the bundle as JSON, version by version. An error on the way leaves it unfinished: what is written is no JSON then.
func (b *Bundle) Write(ctx context.Context, out io.Writer) error {
	w := bufio.NewWriterSize(out, 64<<10)
	s := &b.set
	head := bundleHead{
		Format: BundleFormat, Checkpoint: string(s.c.text), Subject: strconv.FormatInt(b.ask.Subject, 10), Item: b.ask.Item, Salt: s.salt, Slots: s.slots,
		Root: s.root, Moment: b.moment, MapPath: hashList(s.path), Absent: !s.found, Other: s.other(),
	}
	slot := s.slots.find(b.ask.Item)
	nowhere := b.ask.Item != "" && slot < 0 // the table of items says that nobody has any version of it
	if nowhere {
		head.MapPath, head.Absent, head.Other = [][]byte{}, false, nil
	}
	raw, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("translog: bundle: %w", err)
	}
	_, _ = w.Write(raw[:len(raw)-1]) // the writer keeps its first error; Flush gives it
	_, _ = w.WriteString(`,"places":[`)
	switch {
	case nowhere || !s.found:
	case b.ask.Item != "":
		err = b.writePlace(ctx, w, slot, true)
	default:
		for i := 0; i < setSlots && err == nil; i++ {
			if i > 0 {
				_, _ = w.WriteString(",\n")
			}
			err = b.writePlace(ctx, w, i, false)
		}
	}
	if err != nil {
		return err
	}
	_, _ = w.WriteString("]}\n")
	return w.Flush()
}

// writePlace writes one place with all versions of its item.
func (b *Bundle) writePlace(ctx context.Context, w *bufio.Writer, slot int, withPath bool) error {
	salt := placeSalt(subjectSecret(b.set.secret, b.set.set.key), slot)
	opening := map[string]any{"place_salt": salt[:]}
	if withPath {
		var up []hash
		places := b.set.set.places(b.set.secret)
		head(places[:], slot, &up)
		opening["path"] = hashList(up)
	}
	raw, err := json.Marshal(opening)
	if err != nil {
		return fmt.Errorf("translog: bundle: %w", err)
	}
	_, _ = w.Write(raw[:len(raw)-1])
	_, _ = w.WriteString(`,"versions":[`)
	var indexes []int64
	for i := range b.set.set.items {
		if b.set.set.items[i].slot == slot {
			indexes = b.set.set.items[i].indexes
		}
	}
	for first := 0; first < len(indexes); first += bundleChunk {
		if err := b.writeVersions(ctx, w, indexes[first:min(first+bundleChunk, len(indexes))], first > 0); err != nil {
			return err
		}
	}
	_, _ = w.WriteString("]}")
	return nil
}

// writeVersions writes some versions of a place.
func (b *Bundle) writeVersions(ctx context.Context, w *bufio.Writer, indexes []int64, more bool) error {
	entries, at := make([][]byte, len(indexes)), make([]Location, len(indexes))
	for i, index := range indexes {
		raw, err := b.reader.entry(ctx, index)
		if err != nil {
			return err
		}
		e, err := parseLeafEntry(raw)
		if err != nil {
			return ErrForked.With(err)
		}
		entries[i], at[i] = raw, Location{Event: e.event, Position: e.position}
	}
	if b.ask.Open != nil && b.opened < openBytes {
		if err := b.ask.Open(ctx, b.ask.Subject, at); err != nil {
			return err
		}
	}
	for i, index := range indexes {
		in, err := path(ctx, b.builder, index, entries[i])
		if err != nil {
			return err
		}
		raw, err := json.Marshal(RecordProof{Included: in, Opening: at[i].Opening})
		if err != nil {
			return fmt.Errorf("translog: bundle: %w", err)
		}
		if at[i].Opening != nil {
			b.opened += len(raw)
		}
		if more || i > 0 {
			_, _ = w.WriteString(",\n")
		}
		if _, err := w.Write(raw); err != nil {
			return fmt.Errorf("translog: bundle: %w", err)
		}
	}
	return nil
}
