package nameindex

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/cntext"
)

// Names over few characters collide in every way; the alphabet has place words, a legal form, brackets and Latin.
var dense = []string{"临溪", "市", "南桥区", "鼎", "盛", "商", "贸", "行", "有限公司", "店", "（", "）", "A", "b", "3", "鼎盛", " ", "𠮷"}

func denseText(lo, hi int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(dense), lo, hi).Draw(t, "parts"), "")
	})
}

var denseEntry = rapid.Custom(func(t *rapid.T) Entry {
	e := Entry{
		ID:     rapid.Int64Range(1, 400).Draw(t, "id"),
		Name:   denseText(1, 6).Draw(t, "name"),
		Region: rapid.SampledFrom([]string{"990102", "990103", "9901", ""}).Draw(t, "region"),
		Kind:   rapid.SampledFrom([]uint8{0, 1, 2, 4}).Draw(t, "kind"),
		Weight: rapid.Uint8Range(0, 3).Draw(t, "weight"),
	}
	if rapid.Bool().Draw(t, "coded") {
		e.Code = rapid.StringMatching(`9[12]99010[23]MA0000[0-9A]{3}[0-9X]`).Draw(t, "code")[:18]
	}
	e.Former = rapid.SliceOfN(denseText(1, 5), 0, 2).Draw(t, "former")
	return e
})

func oneID(es []Entry) []Entry {
	last := make(map[int64]Entry)
	for _, e := range es {
		last[e.ID] = e
	}
	out := make([]Entry, 0, len(last))
	for _, e := range last {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func foldText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if f, ok := foldRune(r); ok {
			b.WriteRune(f)
		}
	}
	return b.String()
}

// TestContainsAgainstBruteForce: for every text of two characters up, the entries found by the strict ways are exactly
// those of which a name contains it, or equals it but for place words and form.
func TestContainsAgainstBruteForce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		es := oneID(rapid.SliceOfN(denseEntry, 1, 120).Draw(t, "entries"))
		q := denseText(1, 4).Draw(t, "text")
		text := foldText(q)
		if len([]rune(text)) < 2 || strings.Contains(q, " ") {
			t.Skip()
		}
		want := make(map[int64]bool)
		for _, e := range es {
			for _, n := range append([]string{e.Name}, e.Former...) {
				if strings.Contains(foldText(n), text) {
					want[e.ID] = true
				}
			}
		}
		for layout, ix := range layouts(es) {
			got := make(map[int64]bool)
			for _, h := range ix.Search(Query{Text: q, Limit: 100}).Hits {
				contained := strings.Contains(foldText(h.Name), text)
				if contained != (h.How == Exact || h.How == Prefix || h.How == Contains || h.How == Former) && h.How != Former && h.How != Exact {
					t.Fatalf("%s: %q found %q by %v", layout, q, h.Name, h.How)
				}
				if contained {
					got[h.ID] = true
				}
			}
			for id := range want {
				if !got[id] && len(want) <= 100 {
					t.Fatalf("%s: %q did not find %d", layout, q, id)
				}
			}
		}
	})
}

// TestLayoutsAgree: what a search answers does not depend on how the entries lie. The buffer compares entry by entry,
// so it is the reference for the posting lists of the segments. Two slips in long texts are outside the promise.
func TestLayoutsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		es := oneID(rapid.SliceOfN(denseEntry, 1, 200).Draw(t, "entries"))
		all := layouts(es)
		for range 8 {
			q := Query{
				Text:   denseText(1, 4).Draw(t, "text"),
				Limit:  rapid.IntRange(1, 100).Draw(t, "limit"),
				Offset: rapid.IntRange(0, 60).Draw(t, "offset"),
				Region: rapid.SampledFrom([]string{"", "", "9901", "990103", "55"}).Draw(t, "region"),
				Kind:   rapid.SampledFrom([]uint8{0, 0, 1, 3}).Draw(t, "kind"),
			}
			if len([]rune(foldText(q.Text))) >= 8 {
				continue
			}
			compareResults(t, q, all)
		}
		for range 3 {
			q := Query{Text: rapid.StringMatching(`[lxsdnqmsb3a]{2,5}|9[12]9901[0-9A-Z]{2,12}|MA0000[0-9A]{2,3}`).Draw(t, "latin"), Limit: 100}
			compareResults(t, q, all)
		}
	})
}

func compareResults(t *rapid.T, q Query, all map[string]*Index) {
	strip := func(ix *Index) Result {
		r := ix.Search(q)
		r.Elapsed = 0
		return r
	}
	want := strip(all["buffered"])
	if n := len(want.Hits); n > q.Limit || n > 0 && want.TotalIsExact && q.Offset+n > want.Total {
		t.Fatalf("%+v: %d hits of %d", q, n, want.Total)
	}
	for _, layout := range []string{"loaded", "split"} {
		if diff := gocmp.Diff(want, strip(all[layout])); diff != "" {
			t.Fatalf("%s differs for %+v:\n%s", layout, q, diff)
		}
	}
}

// TestChanges: after any sequence of puts, removals, loads and merges the index holds what a map would hold.
func TestChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ix := New(Options{Places: demoPlaces, MergeInline: rapid.Bool().Draw(t, "inline")})
		model := make(map[int64]Entry)
		put := func(e Entry) { model[e.ID] = e }
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				for _, e := range rapid.SliceOfN(denseEntry, 1, 200).Draw(t, "puts") {
					ix.Put(e)
					put(e)
				}
			case 2:
				es := rapid.SliceOfN(denseEntry, 0, 150).Draw(t, "load")
				ix.Load(slices.Values(es))
				for _, e := range es {
					put(e)
				}
			case 3:
				for _, id := range rapid.SliceOfN(rapid.Int64Range(1, 400), 1, 60).Draw(t, "removals") {
					ix.Remove(id)
					delete(model, id)
				}
			case 4:
				ix.Compact()
			}
		}
		ix.Wait()
		if ix.Len() != len(model) {
			t.Fatalf("Len() = %d, want %d", ix.Len(), len(model))
		}
		fresh := New(Options{Places: demoPlaces})
		es := make([]Entry, 0, len(model))
		for _, e := range model {
			es = append(es, e)
		}
		fresh.Load(slices.Values(es))
		for _, text := range []string{"鼎盛", "临溪", "有限公司", "商贸行", "鼎 商", "lx", "dssm"} {
			q := Query{Text: text, Limit: 100}
			got, want := ix.Search(q), fresh.Search(q)
			got.Elapsed, want.Elapsed = 0, 0
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("%q:\n%s", text, diff)
			}
		}
	})
}

func TestMergesKeepPartsFew(t *testing.T) {
	t.Parallel()
	for _, inline := range []bool{true, false} {
		ix := New(Options{Places: demoPlaces, MergeInline: inline})
		n := 0
		for e := range demoEntries(5, 20_000) {
			ix.Put(e)
			n++
			if ix.Len() != n {
				t.Fatalf("Len() = %d after %d puts", ix.Len(), n)
			}
		}
		ix.Wait()
		if parts := len(ix.snap.Load().parts); parts > 4*mergeWidth {
			t.Errorf("inline %v: %d parts", inline, parts)
		}
		ix.Compact()
		if s := ix.snap.Load(); len(s.parts) != 1 || s.buf.entries() != 0 {
			t.Errorf("inline %v: %d parts after Compact", inline, len(s.parts))
		}
	}
}

// TestConcurrent has searches, puts, removals, a load and merges run at once; the race detector watches, and no search
// may see an entry twice or one that was never put.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	ix := New(Options{Places: demoPlaces})
	ix.Load(demoEntries(2, 3000))
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 2 {
		writers.Go(func() {
			g := newDemo(uint64(w) + 20)
			for i := range 2000 {
				e := g.entry(i + w*1000)
				ix.Put(e)
				if i%7 == 0 {
					ix.Remove(e.ID)
				}
			}
		})
	}
	writers.Go(func() { ix.Load(demoEntries(9, 2000)) })
	writers.Go(ix.Compact)
	for w := range 2 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			texts := []string{"有限公司", "临溪市", "商贸有限公司", "临溪 商贸", "yxgs", "3D打印", "餐饮有现公司"}
			for {
				select {
				case <-stop:
					return
				default:
				}
				res := ix.Search(Query{Text: texts[r.IntN(len(texts))], Limit: 100})
				seen := make(map[int64]bool)
				for _, h := range res.Hits {
					if seen[h.ID] || h.ID < 1 || h.ID > 3000 {
						t.Errorf("hit %+v", h)
						return
					}
					seen[h.ID] = true
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	ix.Wait()
	fresh := New(Options{Places: demoPlaces})
	fresh.Load(demoEntries(9, 2000))
	if ix.Len() < 2000 {
		t.Errorf("Len() = %d", ix.Len())
	}
}

// TestPagingIsStable: pages follow each other without gap or repetition, also where only a part of the matches is
// looked at.
func TestPagingIsStable(t *testing.T) {
	t.Parallel()
	ix := demoIndex()
	for _, text := range []string{"有限公司", "公司", "临溪市", "临溪 有限", "yxgs", "商贸有限公司", "南桥区", "鼎"} {
		var paged []int64
		for off := 0; off < 400; off += 40 {
			paged = append(paged, ids(ix.Search(Query{Text: text, Limit: 40, Offset: off}))...)
		}
		var whole []int64
		for off := 0; off < 400; off += 100 {
			whole = append(whole, ids(ix.Search(Query{Text: text, Limit: 100, Offset: off}))...)
		}
		if !slices.Equal(paged, whole) {
			t.Errorf("%q: pages of 40 and of 100 differ", text)
		}
		slices.Sort(whole)
		if len(slices.Compact(whole)) != len(paged) {
			t.Errorf("%q: an entry stands on two pages", text)
		}
		if r := ix.Search(Query{Text: text, Limit: 5, Offset: MaxOffset}); r.Total > MaxOffset+5 && len(r.Hits) != 5 {
			t.Errorf("%q: %d hits behind %d of %d", text, len(r.Hits), MaxOffset, r.Total)
		}
	}
}

// TestTotals compares counts, exact or estimated, with a count by hand.
func TestTotals(t *testing.T) {
	t.Parallel()
	ix := demoIndex()
	var names [][]string
	for e := range demoEntries(1, 100_000) {
		row := []string{foldText(e.Name)}
		for _, f := range e.Former {
			row = append(row, foldText(f))
		}
		names = append(names, row)
	}
	for _, text := range []string{"公司", "有限公司", "临溪市", "商贸", "贸易有限公司", "餐饮管理", "临溪市南桥区"} {
		want := 0
		for _, row := range names {
			if slices.ContainsFunc(row, func(n string) bool { return strings.Contains(n, text) }) {
				want++
			}
		}
		r := ix.Search(Query{Text: text})
		switch {
		case r.TotalIsExact && r.Total != want:
			t.Errorf("%q: total %d is called exact, want %d", text, r.Total, want)
		case !r.TotalIsExact && (want <= verifyAll || r.Total < want*85/100 || r.Total > want*115/100):
			t.Errorf("%q: estimated total %d, want about %d", text, r.Total, want)
		}
	}
}

func TestFoldAgreesWithNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), denseText(0, 6)).Draw(t, "s")
		if a, b := foldText(s), foldText(cntext.Name(s)); a != b {
			t.Fatalf("fold(%q) = %q, fold of its canonical form = %q", s, a, b)
		}
		if a := foldText(s); foldText(a) != a {
			t.Fatalf("fold is not idempotent on %q", s)
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	for _, compact := range []bool{false, true} {
		ix := townIndex(Options{MergeInline: true})
		if compact {
			ix.Compact()
		}
		ix.Put(Entry{ID: 1, Name: "临溪市宏图商贸有限公司", Former: []string{"临溪市鼎盛商贸有限公司"}})
		ix.Remove(3)
		ix.Remove(99)
		if ix.Len() != len(town)-1 {
			t.Errorf("Len() = %d", ix.Len())
		}
		r := ix.Search(Query{Text: "临溪市鼎盛商贸有限公司"})
		if len(r.Hits) == 0 || r.Hits[0].ID != 1 || r.Hits[0].How != Former || r.Hits[0].Name != "临溪市鼎盛商贸有限公司" {
			t.Errorf("compact %v: %s", compact, fmt.Sprint(r.Hits))
		}
		if r := ix.Search(Query{Text: "91990102MA0000011X"}); len(r.Hits) != 0 {
			t.Errorf("the replaced code still finds %v", r.Hits)
		}
		if slices.Contains(ids(ix.Search(Query{Text: "鼎盛"})), 3) {
			t.Errorf("a removed entry is found")
		}
	}
}
