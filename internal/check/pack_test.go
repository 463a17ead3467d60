package check

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever was packed comes back as it was, and so does what was kept before there was packing.
func TestPack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte("{" + strings.Repeat(rapid.String().Draw(t, "answer"), rapid.SampledFrom([]int{1, 1000}).Draw(t, "times")))
		for _, kept := range []string{pack(raw), deflated(raw), string(raw)} {
			if got, err := unpack(kept); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("%q comes back as %q: %v", raw, got, err)
			}
		}
	})
	long := []byte(`{"fields":[` + strings.Repeat(`{"code":"xk_nr","name":"许可内容","value":"食品销售"},`, 300) + `{}]}`)
	if n := len(pack(long)); n > len(long)/5 {
		t.Errorf("%d bytes pack to %d", len(long), n)
	}
	for _, nonsense := range []string{"z nonsense", "s", "s nonsense", "s\xff\xff\xff\xff\x0f"} {
		if _, err := unpack(nonsense); err == nil {
			t.Errorf("%q unpacks", nonsense)
		}
	}
	if _, err := unpack(pack(long)[:50]); err == nil {
		t.Error("half an answer unpacks")
	}
}

// deflated is how answers were packed before.
func deflated(raw []byte) string {
	var b strings.Builder
	b.WriteByte(packedFlate)
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = w.Write(raw)
	_ = w.Close()
	return b.String()
}

// FuzzUnpack: nothing that is read back from the database makes the program fall.
func FuzzUnpack(f *testing.F) {
	f.Add("{}")
	f.Add(pack([]byte(`{"receipt":"` + strings.Repeat("12", worthPacking) + `"}`)))
	f.Add(deflated([]byte(`{"receipt":"12"}`)))
	f.Fuzz(func(_ *testing.T, text string) { _, _ = unpack(text) })
}

func BenchmarkPack(b *testing.B) {
	raw := []byte(`{"fields":[` + strings.Repeat(`{"code":"xk_nr","name":"许可内容","value":"食品销售"},`, 300) + `{}]}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		_ = pack(raw)
	}
}
