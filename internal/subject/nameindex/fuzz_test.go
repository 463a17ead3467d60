package nameindex

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzSearch: whatever is typed and whatever a name is, a search ends, keeps its limits, and marks runes that exist.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"鼎盛", "临溪市鼎胜商贸有限公司", "lxds", "91990102MA0000011X", "有限 公司，市", "\xff\xfe", "𠮷祥", "①②Ⅷ⼯", "a"} {
		f.Add(s, "临溪市鼎盛商贸有限公司", 0, uint8(0))
		f.Add("鼎盛", s, 3, uint8(1))
	}
	base := New(Options{Places: demoPlaces})
	base.Load(demoEntries(6, 3000))
	f.Fuzz(func(t *testing.T, text, name string, offset int, kind uint8) {
		ix := New(Options{Places: demoPlaces, MergeInline: true})
		ix.Put(Entry{ID: 1, Name: name, Former: []string{text}, Kind: 1})
		ix.Put(Entry{ID: 2, Name: text, Kind: 2})
		if len(text)%2 == 0 {
			ix.Compact()
		}
		checkSearch(t, ix, text, offset, kind)
		checkSearch(t, base, text, offset, kind)
		checkSearch(t, base, name, offset, kind)
	})
}

func checkSearch(t *testing.T, ix *Index, text string, offset int, kind uint8) {
	t.Helper()
	q := Query{Text: text, Offset: offset, Limit: 20, Kind: kind}
	r := ix.Search(q)
	if len(r.Hits) > 20 || r.Total < len(r.Hits) || r.Reason != "" && len(r.Hits) > 0 && utf8.RuneCountInString(foldText(text)) != 1 {
		t.Fatalf("%d hits of %d, reason %q", len(r.Hits), r.Total, r.Reason)
	}
	for _, h := range r.Hits {
		n, last := utf8.RuneCountInString(h.Name), 0
		for _, g := range h.Ranges {
			if g[0] < last || g[1] <= g[0] || g[1] > n {
				t.Fatalf("ranges %v of %q", h.Ranges, h.Name)
			}
			last = g[1]
		}
		if h.How == 0 || h.Score <= 0 {
			t.Fatalf("hit %+v", h)
		}
	}
	again := ix.Search(q)
	again.Elapsed = r.Elapsed
	if again.Total != r.Total || !slices.Equal(ids(again), ids(r)) {
		t.Fatal("the same query gave another answer")
	}
}
