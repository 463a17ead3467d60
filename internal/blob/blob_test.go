package blob

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin/internal/gm"
)

func TestPutKeepsOnceByContent(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Put(context.Background(), strings.NewReader("公信"), 100)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Put(context.Background(), strings.NewReader("公信"), 100)
	if err != nil || a != b {
		t.Fatalf("same content, other name: %v %v %v", a, b, err)
	}
	if raw, err := os.ReadFile(s.Path(a.Hash)); err != nil || strings.Contains(string(raw), "公信") {
		t.Fatalf("content rests in clear: %v", err)
	}
	f, err := s.Open(a.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if raw, err := io.ReadAll(f); err != nil || string(raw) != "公信" {
		t.Fatalf("content is not what was put: %q %v", raw, err)
	}
	left, err := os.ReadDir(s.dir + "/tmp")
	if err != nil || len(left) != 0 {
		t.Fatalf("opened content has a name on disk: %d %v", len(left), err)
	}
}

func ring(t *testing.T) *gm.KeyRing {
	t.Helper()
	r, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPutRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, ring(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(context.Background(), strings.NewReader("12345"), 4); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("want a refusal over the limit, have %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Put(ended, strings.NewReader("1"), 4); !errors.Is(err, context.Canceled) {
		t.Fatalf("want the context's end, have %v", err)
	}
	left, err := os.ReadDir(dir + "/tmp")
	if err != nil || len(left) != 0 {
		t.Fatalf("a refused file left %d traces: %v", len(left), err)
	}
}

// What is owned stays in every sweep until its owner takes it away, and a name that leads elsewhere takes nothing.
func TestOwnedStaysUntilRemoved(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.PutOwned(context.Background(), strings.NewReader("公信"), 100)
	if err != nil || len(info.Hash) < 64 || len(info.Hash) > 200 || strings.ContainsAny(info.Hash, "/\\. ") {
		t.Fatal(info, err)
	}
	if list, err := s.Alone(time.Now().Add(time.Hour), -2*time.Hour); err != nil || len(list) != 0 {
		t.Fatalf("a sweep would take it: %v %v", list, err)
	}
	for _, name := range []string{"../../" + info.Hash, "_/../" + info.Hash, "", "_"} {
		if err := s.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if f, err := s.Open(info.Hash); err != nil {
		t.Fatal(err)
	} else if raw, err := io.ReadAll(f); err != nil || string(raw) != "公信" || f.Close() != nil {
		t.Fatal(raw, err)
	}
	for range 2 {
		if err := s.Remove(info.Hash); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(info.Hash); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// What is kept alone goes when it is removed; what others share stays, even beside the same content kept alone.
func TestRemoveTakesOnlyWhatIsAlone(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), ring(t))
	if err != nil {
		t.Fatal(err)
	}
	put := func(keep func(context.Context, io.Reader, int64) (Info, error)) string {
		t.Helper()
		info, err := keep(context.Background(), strings.NewReader("公信"), 100)
		if err != nil {
			t.Fatal(err)
		}
		return info.Hash
	}
	shared, first, second := put(s.Put), put(s.PutAlone), put(s.PutAlone)
	for _, name := range []string{shared, first, first} {
		if err := s.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{shared: true, first: false, second: true} {
		if _, err := os.Stat(s.Path(name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}
