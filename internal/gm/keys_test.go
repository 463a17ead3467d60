package gm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func ring(t *testing.T) *KeyRing {
	t.Helper()
	r, err := OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpensOnlyUnderItsLabelAndRing(t *testing.T) {
	t.Parallel()
	r, other := ring(t), ring(t)
	rapid.Check(t, func(t *rapid.T) {
		plain, label := rapid.String().Draw(t, "plain"), rapid.String().Draw(t, "label")
		sealed := r.Seal(label, plain)
		if got, err := r.Open(label, sealed); err != nil || got != plain {
			t.Fatalf("opened to another text: %v", err)
		}
		if len(plain) > 3 && strings.Contains(sealed, plain) {
			t.Fatal("the sealed text shows the plain one")
		}
		if r.Seal(label, plain) == sealed {
			t.Fatal("sealing twice gave the same bytes")
		}
		if _, err := r.Open(label+"x", sealed); !errors.Is(err, ErrSealed) {
			t.Fatal("opened under another label")
		}
		if _, err := other.Open(label, sealed); !errors.Is(err, ErrSealed) {
			t.Fatal("opened with another ring")
		}
	})
}

func TestTokenIsStableAndLabelled(t *testing.T) {
	t.Parallel()
	r := ring(t)
	first, again := r.Token("a", "v"), r.Token("a", "v")
	if first != again || r.Token("a", "v") == r.Token("b", "v") || r.Token("a", "v") == ring(t).Token("a", "v") {
		t.Fatal("token must depend on ring, label and value, and on nothing else")
	}
}

func TestOpenKeyRingOnceForAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	tokens := make([]string, 8)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			r, err := OpenKeyRing(path)
			if err != nil {
				t.Error(err)
				return
			}
			tokens[i] = r.Token("x", "y")
		})
	}
	wg.Wait()
	for _, tok := range tokens {
		if tok != tokens[0] {
			t.Fatal("processes that start at once must share one ring")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the ring must be readable by its owner alone: %v %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeyRing(path); err == nil {
		t.Fatal("a broken ring must be refused, never replaced")
	}
}

func FuzzOpen(f *testing.F) {
	r, err := OpenKeyRing(filepath.Join(f.TempDir(), "keys.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.Seal("l", "v"))
	f.Add("sm4:k1:")
	f.Add("sm4:")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = r.Open("l", s) })
}
