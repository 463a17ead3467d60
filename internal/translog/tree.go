package translog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"gongxin/internal/id"
)

// Tuning of the tree.
const (
	flushAge = 60 * time.Millisecond // a last batch that is not full waits so long; a trickle costs one batch each
	maxBatch = 16384                 // entries that become one new tree

	lastWords = 3 * time.Second
)

// quiet sends what the log's library says to the program's own logger, once for the process: it has only one.
var quiet sync.Once

// tree is the open log directory of the one process that may append to it.
type tree struct {
	add    tessera.AddFn
	reader tessera.LogReader
	stop   context.CancelFunc

	shutdown func(context.Context) error
}

// errLocked says that another process of this machine has the directory.
var errLocked = errors.New("translog: the log directory is in use by another process")

// lockDir locks the directory. The lock goes with the process: an old sequencer that is merely slow cannot append beside a new one, whatever
// the lease in the database says; and who has the lock knows that the one before is gone. dir names the directory.
func lockDir(c *Config) (lock *os.File, dir string, err error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, "", fmt.Errorf("translog: log directory: %w", err)
	}
	lock, err = os.OpenFile(filepath.Join(c.Dir, "sequencer.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("translog: log directory: %w", err)
	}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, "", errLocked
	}
	raw, err := io.ReadAll(io.LimitReader(lock, 64))
	if err != nil {
		return nil, "", fmt.Errorf("translog: log directory: %w", err)
	}
	if len(raw) > 0 {
		return lock, string(raw), nil
	}
	dir = id.Random()
	if _, err := lock.WriteString(dir); err != nil {
		return nil, "", fmt.Errorf("translog: log directory: %w", err)
	}
	return lock, dir, nil
}

// openTree opens the locked directory for appending.
func openTree(ctx context.Context, c *Config, keys *Keys) (_ *tree, err error) {
	quiet.Do(func() { klog.SetSlogLogger(slog.New(warningsOnly{c.Log.Handler()})) })
	driver, err := posix.New(ctx, posix.Config{Path: c.Dir})
	if err != nil {
		return nil, fmt.Errorf("translog: log directory: %w", err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(keys.ed25519, keys.sm2).
		WithBatching(maxBatch, flushAge).
		WithCheckpointInterval(c.CheckpointEvery).
		WithCheckpointRepublishInterval(time.Hour)
	if group, err := c.witnessGroup(); err != nil {
		return nil, err
	} else if len(c.Witnesses) > 0 {
		options = options.WithWitnesses(group, &tessera.WitnessOptions{Timeout: 5 * time.Second, FailOpen: !c.WitnessRequired})
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		stop()
		return nil, fmt.Errorf("translog: open the log: %w", err)
	}
	return &tree{add: appender.Add, reader: reader, shutdown: shutdown, stop: stop}, nil
}

// warningsOnly drops what the library says about its normal course.
type warningsOnly struct{ slog.Handler }

func (w warningsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// close waits a moment for the checkpoint over what was appended, and ends the library's work.
func (t *tree) close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = t.shutdown(ctx) // without the checkpoint the next term publishes it
	t.stop()
}

func (t *tree) size(ctx context.Context) (int64, error) {
	n, err := t.reader.IntegratedSize(ctx)
	return int64(n), err
}

// append puts entries behind each other and gives the index of the first. It returns when they are in the tree and on the disk.
func (t *tree) append(ctx context.Context, entries [][]byte) (int64, error) {
	futures := make([]tessera.IndexFuture, len(entries))
	for i, e := range entries {
		futures[i] = t.add(ctx, tessera.NewEntry(e))
	}
	first := int64(-1)
	for i, f := range futures {
		index, err := f()
		if err != nil {
			return 0, fmt.Errorf("translog: append: %w", err)
		}
		if i == 0 {
			first = int64(index.Index)
		} else if int64(index.Index) != first+int64(i) {
			return 0, fmt.Errorf("translog: append: entry %d went to %d, not to %d", i, index.Index, first+int64(i))
		}
	}
	return first, nil
}

// bundleReader reads entries, with the newest bundles kept.
type bundleReader struct {
	read func(ctx context.Context, index uint64, p uint8) ([]byte, error)
	size int64

	index   int64
	entries [][]byte
}

// entry gives one entry of the tree.
func (r *bundleReader) entry(ctx context.Context, i int64) ([]byte, error) {
	if i < 0 || i >= r.size {
		return nil, fmt.Errorf("translog: entry %d of %d", i, r.size)
	}
	bundle := i / layout.EntryBundleWidth
	if r.entries == nil || r.index != bundle {
		raw, err := r.read(ctx, uint64(bundle), layout.PartialTileSize(0, uint64(bundle), uint64(r.size)))
		if err != nil {
			return nil, fmt.Errorf("translog: read entries: %w", err)
		}
		if r.entries, err = splitBundle(raw); err != nil {
			return nil, err
		}
		r.index = bundle
	}
	at := int(i % layout.EntryBundleWidth)
	if at >= len(r.entries) {
		return nil, fmt.Errorf("translog: bundle %d has %d entries", bundle, len(r.entries))
	}
	return r.entries[at], nil
}

// splitBundle cuts an entry bundle of C2SP tlog-tiles: each entry with its length (2 bytes) before it.
func splitBundle(raw []byte) ([][]byte, error) {
	entries := make([][]byte, 0, layout.EntryBundleWidth)
	for len(raw) > 0 {
		if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
			return nil, errors.New("translog: entry bundle is cut off")
		}
		n := int(binary.BigEndian.Uint16(raw))
		entries = append(entries, raw[2:2+n])
		raw = raw[2+n:]
	}
	return entries, nil
}

// folder reads a log directory without appending to it, in whatever process.
type folder string

func (f folder) tile(_ context.Context, level, index uint64, p uint8) ([]byte, error) {
	return f.either(layout.TilePath(level, index, p), layout.TilePath(level, index, 0))
}

func (f folder) bundle(_ context.Context, index uint64, p uint8) ([]byte, error) {
	return f.either(layout.EntriesPath(index, p), layout.EntriesPath(index, 0))
}

// either reads the partial file, or the full one that has replaced it.
func (f folder) either(partial, full string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(f), partial))
	if errors.Is(err, fs.ErrNotExist) {
		b, err = os.ReadFile(filepath.Join(string(f), full))
	}
	return b, err
}

// checkpoint is a published checkpoint: the note and what its first lines say.
type checkpoint struct {
	text   []byte
	origin string
	size   int64
}

func (f folder) checkpoint() (checkpoint, error) {
	b, err := os.ReadFile(filepath.Join(string(f), layout.CheckpointPath))
	if err != nil {
		return checkpoint{}, err
	}
	return parseCheckpoint(b)
}

// parseCheckpoint reads what this log itself wrote; whoever does not trust the file verifies it.
func parseCheckpoint(b []byte) (checkpoint, error) {
	lines := strings.SplitN(string(b), "\n", 4)
	if len(lines) < 4 {
		return checkpoint{}, errors.New("translog: checkpoint is cut off")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return checkpoint{}, errors.New("translog: checkpoint without a size")
	}
	return checkpoint{text: b, origin: lines[0], size: size}, nil
}

// signed verifies a checkpoint's Ed25519 line.
func (c checkpoint) signed(k *Keys) error {
	v, err := note.NewVerifier(k.ed25519V)
	if err != nil {
		return err
	}
	_, err = note.Open(c.text, note.VerifierList(v))
	return err
}
