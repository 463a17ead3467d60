package blob

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSweepTakesWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	day := now.Add(-24 * time.Hour)
	leave := func(name string, at time.Time) {
		t.Helper()
		path := filepath.Join(s.dir, "tmp", name)
		if err := os.WriteFile(path, []byte("半个文件"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	leave("in-1", day.Add(-time.Second))
	leave("out-2", day.Add(-time.Hour))
	leave("in-3", day)                   // not yet old enough
	leave("in-4", now)                   // being received
	leave("notes", day.Add(-time.Hour))  // not ours
	leave("in-old", day.Add(-time.Hour)) // a folder of that name is not a file
	if err := os.Remove(filepath.Join(s.dir, "tmp", "in-old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "tmp", "in-old"), 0o700); err != nil {
		t.Fatal(err)
	}
	n, err := s.Sweep(day)
	if n != 2 || err != nil {
		t.Errorf("%d swept, want 2: %v", n, err)
	}
	var left []string
	entries, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{"in-3", "in-4", "in-old", "notes"}, left); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAloneListsOnlyWhatIsKeptAloneAndOld(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	put := func(keep func() (Info, error), at time.Time) string {
		t.Helper()
		info, err := keep()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(s.Path(info.Hash), at, at); err != nil {
			t.Fatal(err)
		}
		return info.Hash
	}
	alone := func() (Info, error) { return s.PutAlone(ctx, strings.NewReader("预检"), 100) }
	old := put(alone, now.Add(-2*time.Hour))
	put(alone, now)
	put(func() (Info, error) { return s.Put(ctx, strings.NewReader("报送"), 100) }, now.Add(-2*time.Hour))
	names, err := s.Alone(now.Add(-time.Hour))
	if diff := cmp.Diff([]string{old}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
