package nameindex

import (
	"slices"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// editsWithin is the plain table for the smallest number of edits (neighbours swapped count one) between a text and
// any part of a name.
func editsWithin(name, text []uint16) int {
	m, n := len(text), len(name)
	d := make([][]int, m+1)
	for i := range d {
		d[i] = make([]int, n+1)
		d[i][0] = i
	}
	for i := 1; i <= m; i++ {
		for j := 1; j <= n; j++ {
			diff := 1
			if text[i-1] == name[j-1] {
				diff = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+diff)
			if i > 1 && j > 1 && text[i-1] == name[j-2] && text[i-2] == name[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return slices.Min(d[m])
}

func TestPatternDistance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SliceOfN(rapid.Uint16Range('a', 'e'), 0, 40).Draw(t, "name")
		text := rapid.SliceOfN(rapid.Uint16Range('a', 'f'), 1, maxPattern).Draw(t, "text")
		if got, want := newPattern(text).distance(name), editsWithin(name, text); got != want {
			t.Fatalf("distance(%v, %v) = %d, want %d", name, text, got, want)
		}
	})
}

// TestAlign: with d edits at least all but 2d characters of the text agree, and they do so in the name.
func TestAlign(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SliceOfN(rapid.Uint16Range('a', 'd'), 1, 20).Draw(t, "name")
		text := rapid.SliceOfN(rapid.Uint16Range('a', 'e'), 1, 12).Draw(t, "text")
		at := align(name, text)
		if !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) != len(at) {
			t.Fatalf("align(%v, %v) = %v", name, text, at)
		}
		if want := len(text) - editsWithin(name, text); len(at) < want {
			t.Fatalf("align(%v, %v) = %v, want at least %d", name, text, at, want)
		}
		for _, i := range at {
			if i < 0 || i >= len(name) || !slices.Contains(text, name[i]) {
				t.Fatalf("align(%v, %v) marks %d", name, text, i)
			}
		}
	})
}

func TestGeo(t *testing.T) {
	t.Parallel()
	places := newPlaceTable(&codec{}, demoPlaces)
	tests := []struct{ name, core string }{
		{"临溪市鼎盛商贸有限公司", "鼎盛商贸"},
		{"临溪鼎盛商贸有限公司", "鼎盛商贸"},
		{"东山省临溪市南桥区鼎盛商贸有限责任公司", "鼎盛商贸"},
		{"鼎盛商贸临溪有限公司", "鼎盛商贸"},
		{"鼎盛合伙企业有限合伙", "鼎盛"},
		{"临溪市鼎盛商贸有限公司南桥分公司", "鼎盛商贸有限公司"},
		{"临溪市有限公司", "有限公司"},
		{"临溪市", "临溪市"},
		{"有限公司", "有限公司"},
		{"公司", "公司"},
		{"临溪银行", "银行"},
		{"临溪市商业银行", "商业银行"},
		{"鼎盛商贸行", "鼎盛商贸"},
		{"鼎", "鼎"},
		{"", ""},
	}
	for _, tt := range tests {
		u := units(tt.name)
		g := places.geo(u)
		if got := string(utf16.Decode(u[g.start:g.end])); got != tt.core {
			t.Errorf("geo(%s) keeps %q, want %q", tt.name, got, tt.core)
		}
	}
	g := places.geo(units("临溪市南桥区鼎盛商贸行"))
	for i, want := range []int{
		classPrefix, classEarly, classEarly, classPrefix, classEarly, classEarly, classPrefix, classEarly,
		classEarly, classLate, classLate,
	} {
		if got := g.class(i); got != want {
			t.Errorf("class(%d) = %d, want %d", i, got, want)
		}
	}
}

// TestPostings: what is written comes back, in every form of list.
func TestPostings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "docs")
		every := rapid.SampledFrom([]int{1, 2, 3, 10, 17, 100, 3000}).Draw(t, "every")
		classed := rapid.Bool().Draw(t, "classed")
		var ps []uint64
		want := [3]map[uint32]bool{{}, {}, {}}
		for d := 0; d < n; d += every {
			class := 0
			if classed {
				class = rapid.IntRange(0, 2).Draw(t, "class")
				ps = append(ps, packPosting(7, 9, uint32(d), classLate)) // a worse occurrence does not count
			}
			ps = append(ps, packPosting(7, 9, uint32(d), class))
			want[class][uint32(d)] = true
		}
		b := newDictBuilder(n, classed, 0)
		b.add([]uint64{packPosting(7, 8, 0, 0)})
		b.add(ps)
		b.add([]uint64{packPosting(8, 1, uint32(n-1), 0)})
		d := b.finish()
		l := d.find(7, 9)
		var sets [3][]uint64
		for c := range sets {
			sets[c] = make([]uint64, wordsFor(n))
		}
		all := make([]uint64, wordsFor(n))
		l.byClass(&sets)
		l.or(all)
		total := 0
		for c, set := range sets {
			total += len(want[c])
			if popcount(set) != len(want[c]) {
				t.Fatalf("class %d has %d, want %d", c, popcount(set), len(want[c]))
			}
			for doc := range want[c] {
				if !hasBit(set, doc) || !hasBit(all, doc) {
					t.Fatalf("class %d lacks %d", c, doc)
				}
			}
		}
		if l.df != total || popcount(all) != total {
			t.Fatalf("df %d, all %d, want %d", l.df, popcount(all), total)
		}
		if d.find(7, 10).df != 0 || d.find(6, 9).df != 0 || len(d.ranged(7, 8, 9)) != 2 {
			t.Fatal("wrong keys")
		}
	})
}

func TestSortPostings(t *testing.T) {
	t.Parallel()
	g := newDemo(4)
	ps := make([]uint64, 0, 1<<17)
	for d := range uint32(1 << 17) {
		ps = append(ps, packPosting(uint16(g.r.IntN(300)), uint16(g.r.IntN(70000)), d, 0))
	}
	want := slices.Clone(ps)
	slices.Sort(want)
	got, _ := sortPostings(ps, nil, make([]uint32, 1<<16))
	if !slices.Equal(got, want) {
		t.Error("radix sort and plain sort differ")
	}
}

func TestPackCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringMatching(`[0-9A-Z]{1,18}`).Draw(t, "a")
		b := rapid.StringMatching(`[0-9A-Z]{1,18}`).Draw(t, "b")
		pa, _ := packCode(units(a), 0)
		pb, _ := packCode(units(b), 0)
		want := 0
		if a < b {
			want = -1
		} else if a > b {
			want = 1
		}
		if got := pa.compare(pb); got != want {
			t.Fatalf("compare(%s, %s) = %d", a, b, got)
		}
		if len(a) == codeLen {
			org, _ := packOrg(units(a[orgFrom:orgFrom+orgLen]), 0)
			if pa.org() != org {
				t.Fatalf("org(%s) = %d, want %d", a, pa.org(), org)
			}
		} else if pa.org() != 0 {
			t.Fatalf("org(%s) = %d", a, pa.org())
		}
	})
	if _, ok := packCode(units("9199-"), 0); ok {
		t.Error("a code with a hyphen packs")
	}
}
