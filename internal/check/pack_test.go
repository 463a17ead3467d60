package check

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// An answer comes back byte for byte, packed or not, and what was kept before there was packing still opens.
func TestPack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte("{" + strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(0, 400).Draw(t, "times")) + "}")
		got, err := unpack(pack(raw))
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%d bytes came back as %d: %v", len(raw), len(got), err)
		}
		if old, err := unpack(string(raw)); err != nil || !bytes.Equal(old, raw) {
			t.Fatalf("an answer that was never packed: %v", err)
		}
	})
	many := []byte(`{"hits":[` + strings.Repeat(`{"item":"XZCF","itemName":"行政处罚","source":{"name":"临溪市市场监督管理局"}},`, 200) + `{}]}`)
	if kept := pack(many); len(kept) > len(many)/10 {
		t.Errorf("%d bytes are kept as %d", len(many), len(kept))
	}
	for _, bad := range []string{"\x1f\x8b", "x", pack(many)[:40]} {
		if _, err := unpack(bad); err == nil {
			t.Errorf("%q unpacks", bad)
		}
	}
}
