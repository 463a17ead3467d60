package gm

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

func sealStream(t testing.TB, r *KeyRing, plain []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := r.SealTo(&buf, "l")
	for rest := plain; len(rest) > 0; { // in uneven pieces
		n := min(len(rest), 1+rand.IntN(100_000))
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestStreamOpensWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	r, other := ring(t), ring(t)
	for _, size := range []int{0, 1, streamChunk - 1, streamChunk, streamChunk + 1, 3 * streamChunk, 3*streamChunk + 17} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(rand.IntN(256))
		}
		sealed := sealStream(t, r, plain)
		var back bytes.Buffer
		if err := r.OpenTo(&back, bytes.NewReader(sealed), "l"); err != nil || !bytes.Equal(back.Bytes(), plain) {
			t.Fatalf("size %d does not come back: %v", size, err)
		}
		refused := map[string][]byte{"appended": append(bytes.Clone(sealed), 0), "empty": nil}
		for _, cut := range []int{1, 16, 17, streamChunk, streamChunk + 16} {
			if cut < len(sealed) {
				refused["cut off"] = sealed[:len(sealed)-cut]
			}
		}
		for range 20 {
			bad := bytes.Clone(sealed)
			bad[rand.IntN(len(bad))] ^= 1 << rand.IntN(8)
			refused["changed"] = bad
			for name, b := range refused {
				if err := r.OpenTo(io.Discard, bytes.NewReader(b), "l"); !errors.Is(err, ErrSealed) {
					t.Fatalf("size %d, %s: want a refusal, have %v", size, name, err)
				}
			}
		}
		if err := r.OpenTo(io.Discard, bytes.NewReader(sealed), "other"); !errors.Is(err, ErrSealed) {
			t.Fatal("opened under another label")
		}
		if err := other.OpenTo(io.Discard, bytes.NewReader(sealed), "l"); !errors.Is(err, ErrSealed) {
			t.Fatal("opened with another ring")
		}
	}
}

func FuzzOpenTo(f *testing.F) {
	r, err := OpenKeyRing(filepath.Join(f.TempDir(), "keys.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealStream(f, r, []byte("公信")))
	f.Add([]byte("GXS1\x02k1"))
	f.Fuzz(func(_ *testing.T, b []byte) { _ = r.OpenTo(io.Discard, bytes.NewReader(b), "l") })
}

func BenchmarkSealTo(b *testing.B) {
	r, err := OpenKeyRing(filepath.Join(b.TempDir(), "keys.json"))
	if err != nil {
		b.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	b.SetBytes(int64(len(chunk)))
	w := r.SealTo(io.Discard, "l")
	for b.Loop() {
		_, _ = w.Write(chunk)
	}
}
