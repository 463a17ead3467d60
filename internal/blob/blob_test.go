package blob

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func TestPutKeepsOnceByContent(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir())
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
	if raw, err := os.ReadFile(s.Path(a.Hash)); err != nil || string(raw) != "公信" {
		t.Fatalf("content is not what was put: %q %v", raw, err)
	}
}

func TestPutRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir)
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

// What is kept alone goes when it is removed; what others share stays, even beside the same content kept alone.
func TestRemoveTakesOnlyWhatIsAlone(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir())
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
