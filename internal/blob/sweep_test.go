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
	n, err := s.Sweep(day, 24*time.Hour)
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
	names, err := s.Alone(now.Add(-time.Hour), time.Hour)
	if diff := cmp.Diff([]string{old}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// A caller whose clock is years ahead finds nothing to take away that has just come.
func TestSweepWithAClockAhead(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(s.dir, "tmp", "in-half")
	if err := os.WriteFile(half, []byte("半"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := s.PutAlone(context.Background(), strings.NewReader("预检"), 100)
	if err != nil {
		t.Fatal(err)
	}
	ahead := time.Now().AddDate(10, 0, 0)
	if n, err := s.Sweep(ahead, time.Hour); n != 0 || err != nil {
		t.Errorf("%d swept: %v", n, err)
	}
	if names, err := s.Alone(ahead, time.Hour); len(names) != 0 || err != nil {
		t.Errorf("%v is old: %v", names, err)
	}
	rested := func(name string, keep time.Duration, want bool) {
		t.Helper()
		if got, err := s.Rested(name, keep); got != want || err != nil {
			t.Errorf("rested %v: %v, %v", keep, got, err)
		}
	}
	rested(info.Hash, time.Hour, false)
	old := time.Now().Add(-2 * time.Hour)
	for _, path := range []string{half, s.Path(info.Hash)} {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	rested(info.Hash, time.Hour, true)
	rested(info.Hash, 3*time.Hour, false)
	rested("none", time.Hour, true)
	if names, err := s.Alone(ahead, time.Hour); len(names) != 1 || err != nil {
		t.Errorf("%v is old: %v", names, err)
	}
	if n, err := s.Sweep(ahead, time.Hour); n != 1 || err != nil {
		t.Errorf("%d swept: %v", n, err)
	}
	if left, err := os.ReadDir(filepath.Join(s.dir, "tmp")); len(left) != 0 || err != nil {
		t.Errorf("%d left: %v", len(left), err)
	}
}
