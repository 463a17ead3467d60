package nameindex

import (
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// share counts how often something was found.
type share struct{ found, asked int }

func (s share) rate() float64 { return float64(s.found) / float64(max(s.asked, 1)) }

// recallAt10 makes one slip in the name (or a part of it) of every so-manyth entry and asks whether the entry is among
// the first ten hits.
func recallAt10(ix *Index, size, every int, part func(string) string) (map[string]share, []string) {
	r := rand.New(rand.NewPCG(3, 3))
	got := make(map[string]share)
	var missed []string
	i := 0
	for e := range demoEntries(1, size) {
		i++
		text := part(e.Name)
		if i%every != 0 || len([]rune(text)) < 3 {
			continue
		}
		kind, q := perturb(r, text)
		c, all := got[kind], got["all"]
		c.asked++
		all.asked++
		if slices.Contains(ids(ix.Search(Query{Text: q, Limit: 10})), e.ID) {
			c.found++
			all.found++
		} else {
			missed = append(missed, kind+": "+e.Name+" as "+q)
		}
		got[kind], got["all"] = c, all
	}
	return got, missed
}

func wholeName(s string) string { return s }

// coreOf drops place words and legal form, as people do when they type.
func (ix *Index) coreOf(s string) string {
	u, _ := foldUnits(nil, s, maxNameUnits, ix.codec.find)
	g := ix.places.geo(u)
	return ix.codec.text(u[g.start:g.end])
}

// TestRecall: of 100,000 names, those typed with one slip are found among the first ten hits.
func TestRecall(t *testing.T) {
	t.Parallel()
	ix := demoIndex()
	for name, part := range map[string]func(string) string{"whole name": wholeName, "without place and form": ix.coreOf} {
		got, missed := recallAt10(ix, 100_000, 20, part)
		t.Logf("%s: recall@10 %v", name, got)
		for kind, s := range got {
			if s.rate() < 0.98 {
				t.Errorf("%s, %s: %d of %d; missed %q", name, kind, s.found, s.asked, missed[:min(5, len(missed))])
			}
		}
	}
}

// TestRecallExact: a name typed as it is stands first, or behind entries with the same name.
func TestRecallExact(t *testing.T) {
	t.Parallel()
	ix := demoIndex()
	i := 0
	for e := range demoEntries(1, 100_000) {
		if i++; i%50 != 0 {
			continue
		}
		r := ix.Search(Query{Text: e.Name})
		if len(r.Hits) == 0 || r.Hits[0].How != Exact || foldText(r.Hits[0].Name) != foldText(e.Name) || !slices.Contains(ids(r), e.ID) {
			t.Fatalf("%s finds %+v", e.Name, r.Hits)
		}
		r = ix.Search(Query{Text: e.Code})
		if len(r.Hits) != 1 || r.Hits[0].ID != e.ID || r.Hits[0].How != Code {
			t.Fatalf("%s finds %+v", e.Code, r.Hits)
		}
	}
}

// TestLayoutsAgreeAtSize is TestLayoutsAgree on believable names, with lists long enough for every form of posting list.
func TestLayoutsAgreeAtSize(t *testing.T) {
	t.Parallel()
	const n = 20_000
	loaded, put := New(Options{Places: demoPlaces}), New(Options{Places: demoPlaces, MergeInline: true})
	loaded.Load(demoEntries(1, n))
	for e := range demoEntries(1, n) {
		put.Put(e)
	}
	r := rand.New(rand.NewPCG(8, 8))
	i := 0
	for e := range demoEntries(1, n) {
		if i++; i%40 != 0 {
			continue
		}
		core := []rune(loaded.coreOf(e.Name))
		_, slip := perturb(r, string(core))
		texts := []string{
			e.Name, string(core), string(core[:2]), string(core[1:]), slip, e.Code[:10+r.IntN(6)],
			"临溪 " + string(core[1:]), "临溪" + string(core), string(core) + "有限公司",
		}
		for _, text := range texts {
			q := Query{Text: text, Limit: 50}
			a, b := loaded.Search(q), put.Search(q)
			a.Elapsed, b.Elapsed = 0, 0
			if len([]rune(foldText(text))) >= 8 { // two slips are outside the promise
				a, b = onlyStrict(a), onlyStrict(b)
			}
			if diff := gocmp.Diff(a, b); diff != "" {
				t.Fatalf("%q:\n%s", text, diff)
			}
		}
	}
}

func onlyStrict(r Result) Result {
	r.Hits = slices.DeleteFunc(r.Hits, func(h Hit) bool { return h.Score < tierScore[tierFuzzy]+1 })
	r.Total, r.TotalIsExact = 0, false
	return r
}
