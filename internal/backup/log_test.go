package backup_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"gongxin/internal/backup"
	"gongxin/internal/clock"
)

// writeLog writes a log of n entries as C2SP tlog-tiles lays it out: the lowest level of tiles, and a checkpoint.
func writeLog(t *testing.T, dir string, n int, entry func(i int) string) {
	t.Helper()
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	var tile []byte
	put := func(path string, raw []byte) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		h := rfc6962.DefaultHasher.HashLeaf([]byte(entry(i)))
		if err := tree.Append(h, nil); err != nil {
			t.Fatal(err)
		}
		tile = append(tile, h...)
		if len(tile) == 256*32 {
			put(fmt.Sprintf("tile/0/%03d", i/256), tile)
			tile = nil
		}
	}
	if len(tile) > 0 {
		put(fmt.Sprintf("tile/0/%03d.p/%d", n/256, len(tile)/32), tile)
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	put("checkpoint", fmt.Appendf(nil, "gongxin.example/log\n%d\n%s\n\n— gongxin.example/log AAAA\n", n, base64.StdEncoding.EncodeToString(root)))
	put(".state/treeState", fmt.Appendf(nil, "%d", n))
	put("sets/set.db", []byte("made again from the register"))
}

func entry(i int) string { return fmt.Sprint("entry ", i) }

// The log is saved as its checkpoint says, comes back, and a log that lives on is kept if, and only if, it is the same one grown.
func TestLogComesBack(t *testing.T) {
	t.Parallel()
	from := newPlace(t, "sqlite")
	a := from.open(t, clock.System{})
	log := filepath.Join(from.data, "log")
	writeLog(t, log, 600, entry)
	writeLog(t, log, 700, entry) // the narrower tile stays beside the wider one
	dir := filepath.Join(t.TempDir(), "backups")
	m, err := backup.Create(t.Context(), from.source(t, a.DB), backup.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(m.Dir, "log/sets/set.db")); err == nil {
		t.Error("a derived database was copied while it may be written")
	}
	if m.Log == nil || m.Log.Size != 700 {
		t.Fatalf("log %+v", m.Log)
	}
	if err := backup.Verify(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		make      func(t *testing.T, dir string)
		err       error
		size, new int64
	}{
		"none there": {func(*testing.T, string) {}, nil, 700, 0},
		"the same":   {func(t *testing.T, dir string) { writeLog(t, dir, 700, entry) }, nil, 700, 0},
		"grown":      {func(t *testing.T, dir string) { writeLog(t, dir, 900, entry) }, nil, 900, 200},
		"shorter":    {func(t *testing.T, dir string) { writeLog(t, dir, 600, entry) }, backup.ErrLog, 0, 0},
		"another": {func(t *testing.T, dir string) {
			writeLog(t, dir, 900, func(i int) string { return fmt.Sprint("x", i) })
		}, backup.ErrLog, 0, 0},
		"forked at the end": {func(t *testing.T, dir string) {
			writeLog(t, dir, 900, func(i int) string { return fmt.Sprint("entry ", i+i/650) })
		}, backup.ErrLog, 0, 0},
		"grown, tile missing": {func(t *testing.T, dir string) { writeLog(t, dir, 900, entry); remove(t, dir, "tile/0/001") }, backup.ErrLog, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := newPlace(t, "sqlite")
			copyFile(t, filepath.Join(from.data, "keys.json"), filepath.Join(to.data, "keys.json"))
			c.make(t, filepath.Join(to.data, "log"))
			r, err := backup.Restore(t.Context(), m, backup.Target{DB: to.db(t), Data: to.data})
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && (r.LogSize != c.size || r.LogAhead != c.new) {
				t.Errorf("log of %d entries, %d of them beyond the backup", r.LogSize, r.LogAhead)
			}
		})
	}
}

func remove(t *testing.T, dir, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, path)); err != nil {
		t.Fatal(err)
	}
}

// A log that is not what it signed is not saved over a good backup.
func TestBrokenLogIsNoBackup(t *testing.T) {
	t.Parallel()
	from := newPlace(t, "sqlite")
	a := from.open(t, clock.System{})
	log := filepath.Join(from.data, "log")
	writeLog(t, log, 600, entry)
	raw, err := os.ReadFile(filepath.Join(log, "tile/0/001"))
	if err != nil {
		t.Fatal(err)
	}
	raw[77] ^= 1
	if err := os.WriteFile(filepath.Join(log, "tile/0/001"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), from.source(t, a.DB), backup.Options{Dir: filepath.Join(t.TempDir(), "b")}); !errors.Is(err, backup.ErrLog) {
		t.Errorf("saved: %v", err)
	}
}
