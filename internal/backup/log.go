package backup

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// checkpointName is the log's newest signed statement, as C2SP tlog-checkpoint lays it down.
const checkpointName = "checkpoint"

// tileHashes is how many hashes a full tile holds (C2SP tlog-tiles).
const tileHashes = 256

// saveLog copies the log: what says how far it has come first, then the tiles, which hold at least as much by then. Full tiles never change
// and a partial one has its width in its name.
func (w *writer) saveLog(ctx context.Context) error {
	from := filepath.Join(w.Data, logDir)
	list, err := folder(from, derived)
	if err != nil {
		return err
	}
	var first, rest []string
	for _, rel := range list {
		switch {
		case rel == checkpointName: // it is never ahead of the state that lies beside it
			first = append([]string{rel}, first...)
		case !strings.HasPrefix(rel, "tile/"):
			first = append(first, rel)
		}
	}
	if err := w.copyLog(ctx, first); err != nil {
		return err
	}
	// Listed anew: tiles up to the copied state exist now.
	list, err = folder(filepath.Join(from, "tile"), nil)
	if err != nil {
		return err
	}
	for _, rel := range list {
		rest = append(rest, "tile/"+rel)
	}
	if err := w.copyLog(ctx, rest); err != nil {
		return err
	}
	size, root, err := readCheckpoint(filepath.Join(w.dir, logDir))
	if err != nil || size < 0 {
		return err
	}
	have, err := LogRoot(filepath.Join(w.dir, logDir), size)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, root) {
		return ErrLog.Messagef("公开日志的目录与它签署的检查点不符，没有备份")
	}
	files, total := 0, int64(0)
	for _, f := range w.m.Files {
		files++
		total += f.Bytes
	}
	w.m.Log = &Log{Size: size, Root: base64.StdEncoding.EncodeToString(root), Files: files, Bytes: total}
	return nil
}

// derived reports whether a file beside the tiles is a lock, a passing file, or a database that the log makes again from the register, and that
// cannot be copied while it is written.
func derived(rel string) bool {
	base := filepath.Base(rel)
	return strings.HasPrefix(base, ".tmp") || slices.ContainsFunc([]string{".lock", ".db", "-wal", "-shm", "-journal"}, func(end string) bool { return strings.HasSuffix(base, end) })
}

func (w *writer) copyLog(ctx context.Context, list []string) error {
	for i, rel := range list {
		f, err := copyFile(ctx, filepath.Join(w.Data, logDir, rel), filepath.Join(w.dir, logDir, rel))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a partial tile that a full one has replaced
		}
		if err != nil {
			return err
		}
		w.add(logDir+"/"+rel, f)
		w.o.Progress.tell(StageLog, float64(i+1)/float64(len(list)), int64(i+1))
	}
	return nil
}

// readCheckpoint reads size and root of a log's folder, -1 when there is no log.
func readCheckpoint(dir string) (int64, []byte, error) {
	raw, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("backup: log: %w", err)
	}
	return parseCheckpoint(raw)
}

var errCheckpoint = errors.New("backup: the log's checkpoint is unreadable")

func parseCheckpoint(raw []byte) (int64, []byte, error) {
	lines := strings.SplitN(string(raw), "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return 0, nil, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, nil, errCheckpoint
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != 32 {
		return 0, nil, errCheckpoint
	}
	return size, root, nil
}

// tilePath gives the path of the n-th tile of the lowest level, of a width.
func tilePath(n int64, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/", n%1000) + s
	}
	if width < tileHashes {
		s += fmt.Sprintf(".p/%d", width)
	}
	return "tile/0/" + s
}

// eachLeafHash gives the hashes of the log's first size leaves.
func eachLeafHash(dir string, size int64, yield func(hash []byte) error) error {
	for n := int64(0); n*tileHashes < size; n++ {
		width := int(min(tileHashes, size-n*tileHashes))
		raw, err := os.ReadFile(filepath.Join(dir, tilePath(n, tileHashes)))
		if errors.Is(err, fs.ErrNotExist) && width < tileHashes {
			raw, err = os.ReadFile(filepath.Join(dir, tilePath(n, width)))
		}
		if err != nil || len(raw) < width*32 {
			return ErrBroken.Messagef("公开日志缺少第 %d 块哈希", n).With(err)
		}
		for i := range width {
			if err := yield(raw[i*32 : i*32+32]); err != nil {
				return err
			}
		}
	}
	return nil
}

// LogRoot computes the root of the log's first size leaves from its tiles.
func LogRoot(dir string, size int64) ([]byte, error) {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	if err := eachLeafHash(dir, size, func(h []byte) error { return tree.Append(bytes.Clone(h), nil) }); err != nil {
		return nil, err
	}
	if size == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	return tree.GetRootHash(nil)
}
