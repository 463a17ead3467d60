package translog

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// A log that has begun and lost its keys, or one of them, does not open and gets no others; with its keys it opens again. A log that has not begun gets
// its keys however often that takes.
func TestKeysGone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		first := b.open().Verifiers()
		if err := os.RemoveAll(b.conf.Keys); err != nil {
			t.Fatal(err)
		}
		l := b.open() // nothing was signed yet
		if slices.Equal(l.Verifiers(), first) {
			t.Fatal("keys came back from nowhere")
		}
		b.queue(1, one(1, "XZCF"))
		b.term(l, func(s *session) { b.drain(s) })
		kept := map[string][]byte{}
		for _, name := range keyFiles {
			raw, err := os.ReadFile(filepath.Join(b.conf.Keys, name))
			if err != nil {
				t.Fatal(err)
			}
			kept[name] = raw
		}
		for _, lose := range [][]string{{keyFiles[0]}, {keyFiles[1]}, keyFiles[:]} {
			for _, name := range lose {
				if err := os.Remove(filepath.Join(b.conf.Keys, name)); err != nil {
					t.Fatal(err)
				}
			}
			if got := MissingKeys(b.conf.Keys); !slices.Equal(got, lose) {
				t.Errorf("missing %v, want %v", got, lose)
			}
			if _, err := Open(t.Context(), b.conf); !errors.Is(err, ErrKeysGone) {
				t.Errorf("without %v: %v", lose, err)
			}
			if got := MissingKeys(b.conf.Keys); !slices.Equal(got, lose) {
				t.Errorf("keys were made: missing %v, want %v", got, lose)
			}
			for name, raw := range kept {
				if err := os.WriteFile(filepath.Join(b.conf.Keys, name), raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := b.open().Verifiers(); !slices.Equal(got, l.Verifiers()) {
			t.Error("the log has other keys than before")
		}
		if err := os.RemoveAll(b.conf.Keys); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), b.conf); !errors.Is(err, ErrKeysGone) {
			t.Errorf("without the folder: %v", err)
		}
	})
}
