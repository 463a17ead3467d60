package nameindex

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/clock"
)

// town is a small register in which every way of finding has something to find.
var town = []Entry{
	{ID: 1, Name: "临溪市鼎盛商贸有限公司", Code: "91990102MA0000011X", Region: "990102", Kind: 1, Weight: 9},
	{ID: 2, Name: "鼎盛商贸行", Code: "92990103MA00000229", Region: "990103", Kind: 2},
	{ID: 3, Name: "临溪市南桥区鼎盛商贸有限责任公司", Code: "91990103MA0000033P", Region: "990103", Kind: 1},
	{ID: 4, Name: "南桥区鼎泰（临溪）建材有限公司", Code: "91990103MA0000044K", Region: "990103", Kind: 1},
	{ID: 5, Name: "临溪3D打印工作室", Code: "92990102MA0000055F", Region: "990102", Kind: 2},
	{ID: 6, Name: "临溪市永辉超市有限公司", Former: []string{"临溪市永盛百货有限公司", "鼎盛百货店"}, Region: "990102", Kind: 1},
	{ID: 7, Name: "石浦区新鼎盛餐饮店", Region: "990104", Kind: 2},
	{ID: 8, Name: "ABC国际物流（临溪）股份有限公司", Region: "990104", Kind: 1},
	{ID: 9, Name: "临溪市商业银行股份有限公司", Region: "990102", Kind: 1, Weight: 200},
	{ID: 10, Name: "临溪市𠮷祥食品有限公司", Region: "990102", Kind: 1},
	{ID: 11, Name: "城东大鼎盛世纪酒店", Region: "990102", Kind: 1},
	{ID: 12, Name: "Ｌｉｎｘｉ·云岭 咖啡馆", Region: "990105", Kind: 2},
}

func townIndex(opts Options) *Index {
	opts.Places = demoPlaces
	ix := New(opts)
	for _, e := range town {
		ix.Put(e)
	}
	return ix
}

// layouts gives the same entries in the buffer, in one segment and in several.
func layouts(entries []Entry) map[string]*Index {
	opts := Options{Places: demoPlaces, MergeInline: true}
	buffered, loaded, split := New(opts), New(opts), New(opts)
	for _, e := range entries {
		buffered.Put(e)
	}
	loaded.Load(slices.Values(entries))
	third := len(entries) / 3
	split.Load(slices.Values(entries[:third]))
	split.Load(slices.Values(entries[third : 2*third]))
	for _, e := range entries[2*third:] {
		split.Put(e)
	}
	return map[string]*Index{"buffered": buffered, "loaded": loaded, "split": split}
}

func ids(r Result) []int64 {
	out := make([]int64, 0, len(r.Hits))
	for _, h := range r.Hits {
		out = append(out, h.ID)
	}
	return out
}

func TestSearch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		q    Query
		want []int64 // first hits, in order
		how  How     // of the first
		only bool    // nothing else is found
	}{
		{"exact name", Query{Text: "鼎盛商贸行"}, []int64{2}, Exact, false},
		{"exact with width, case, brackets and blanks", Query{Text: " ａｂｃ国际物流(临溪) 股份有限公司 "}, []int64{8}, Exact, true},
		{"exact without place and form", Query{Text: "鼎盛商贸"}, []int64{2, 1, 3}, Exact, true},
		{"place and distinctive part", Query{Text: "临溪鼎盛商贸"}, []int64{1, 3}, Exact, false},
		{"prefix before contains", Query{Text: "鼎盛"}, []int64{2, 1, 3, 7, 11, 6}, Prefix, true},
		{"prefix behind the place", Query{Text: "永辉"}, []int64{6}, Prefix, true},
		{"contains late", Query{Text: "商业银"}, []int64{9}, Prefix, true},
		{"two characters inside", Query{Text: "银行"}, []int64{9}, Contains, true},
		{"whole of a common ending", Query{Text: "有限公司", Limit: 3}, []int64{1, 6, 10}, Contains, false},
		{"dropped city", Query{Text: "临溪鼎盛"}, []int64{1, 3}, Words, false},
		{"two words, any order", Query{Text: "有限 鼎盛"}, []int64{1, 3}, Words, true},
		{"words separated by commas", Query{Text: "商贸，临溪、鼎盛"}, []int64{1, 3}, Words, true},
		{"a word of one character", Query{Text: "鼎 建材"}, []int64{4}, Words, true},
		{"blank between characters of one name", Query{Text: "鼎 盛 商 贸 行"}, []int64{2}, Exact, false},
		{"initials", Query{Text: "lxsds"}, []int64{1}, Initials, true},
		{"initials inside, over brackets", Query{Text: "jclxyxgs"}, []int64{}, 0, true},
		{"initials by the reading of the word", Query{Text: "syyh"}, []int64{9}, Initials, true},
		{"initials in capitals", Query{Text: "DSSMX"}, []int64{2}, Initials, true},
		{"latin in the name", Query{Text: "abc"}, []int64{8}, Prefix, true},
		{"latin and characters mixed", Query{Text: "3d打印"}, []int64{5}, Exact, false},
		{"full width in the name", Query{Text: "linxi"}, []int64{12}, Prefix, true},
		{"middle dot and blank do not count", Query{Text: "LINXI云岭咖啡馆"}, []int64{12}, Exact, true},
		{"code", Query{Text: "91990102ma0000011x"}, []int64{1}, Code, true},
		{"code with blanks", Query{Text: "9199 0102 MA00 0001 1X"}, []int64{1}, Code, true},
		{"code prefix", Query{Text: "91990103"}, []int64{4, 3}, Code, true},
		{"organisation code", Query{Text: "MA0000044"}, []int64{4}, Code, true},
		{"organisation code with hyphen", Query{Text: "MA000004-4"}, []int64{4}, Code, true},
		{"code within a pasted line", Query{Text: "统一社会信用代码：91990103MA0000044K 南桥区"}, []int64{4}, Code, true},
		{"wrong character", Query{Text: "临溪市鼎胜商贸有限公司"}, []int64{1}, Fuzzy, false},
		{"missing character", Query{Text: "永超市有限公司"}, []int64{6}, Fuzzy, false},
		{"surplus character", Query{Text: "临溪市永辉大超市有限公司"}, []int64{6}, Fuzzy, false},
		{"swapped characters", Query{Text: "永超辉市"}, []int64{6}, Fuzzy, false},
		{"wrong character of three", Query{Text: "新顶盛"}, []int64{7}, Fuzzy, false},
		{"two slips in a long text", Query{Text: "临西市永辉超是有限公司"}, []int64{6}, Fuzzy, false},
		{"other legal form", Query{Text: "鼎泰建材有限责任公司"}, []int64{4}, Fuzzy, false},
		{"former name", Query{Text: "永盛百货"}, []int64{6}, Former, true},
		{"former below present", Query{Text: "鼎盛", Offset: 5}, []int64{6}, Former, true},
		{"one character", Query{Text: "鼎"}, []int64{2, 1, 4, 3, 6}, Prefix, true},
		{"rare character outside the basic plane", Query{Text: "𠮷祥"}, []int64{10}, Prefix, true},
		{"unknown rare character", Query{Text: "𠀀𠀁"}, []int64{}, 0, true},
		{"region", Query{Text: "鼎盛", Region: "990103"}, []int64{2, 3}, Prefix, true},
		{"region prefix", Query{Text: "鼎盛", Region: "9901"}, []int64{2, 1, 3, 7, 11, 6}, Prefix, true},
		{"unknown region", Query{Text: "鼎盛", Region: "11"}, []int64{}, 0, true},
		{"kind", Query{Text: "鼎盛", Kind: 2}, []int64{2, 7}, Prefix, true},
		{"kind and region", Query{Text: "鼎盛", Kind: 2, Region: "990104"}, []int64{7}, Contains, true},
		{"offset", Query{Text: "鼎盛", Offset: 1, Limit: 2}, []int64{1, 3}, Prefix, false},
		{"nothing", Query{Text: "完全没有"}, []int64{}, 0, true},
	}
	for layout, ix := range layouts(town) {
		for _, tt := range tests {
			t.Run(layout+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				r := ix.Search(tt.q)
				got := ids(r)
				if len(got) < len(tt.want) || !slices.Equal(got[:len(tt.want)], tt.want) || tt.only && len(got) > len(tt.want) {
					t.Fatalf("Search(%+v) = %v, want %v (only: %v)", tt.q, got, tt.want, tt.only)
				}
				if len(tt.want) > 0 && r.Hits[0].How != tt.how {
					t.Errorf("first hit by %v, want %v", r.Hits[0].How, tt.how)
				}
				if !r.TotalIsExact || r.Total < tt.q.Offset+len(r.Hits) {
					t.Errorf("total %d (exact %v) with %d hits behind %d", r.Total, r.TotalIsExact, len(r.Hits), tt.q.Offset)
				}
			})
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	ix := townIndex(Options{})
	tests := []struct {
		q    Query
		want string
		hits bool
	}{
		{Query{Text: ""}, reasonEmpty, false},
		{Query{Text: " （）·"}, reasonEmpty, false},
		{Query{Text: "鼎"}, reasonOneRune, true},
		{Query{Text: "a"}, reasonOneKey, true},
		{Query{Text: strings.Repeat("鼎盛", 51)}, reasonTooLong, false},
		{Query{Text: strings.Repeat(" ", 5000)}, reasonTooLong, false},
		{Query{Text: "鼎盛", Offset: MaxOffset + 1}, reasonTooDeep, false},
		{Query{Text: "鼎盛", Offset: -3, Limit: 1000}, "", true},
	}
	for _, tt := range tests {
		r := ix.Search(tt.q)
		if r.Reason != tt.want || (len(r.Hits) > 0) != tt.hits {
			t.Errorf("Search(%.20q): reason %q, %d hits", tt.q.Text, r.Reason, len(r.Hits))
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		id   int64
		want string // the name with what matched in brackets
	}{
		{"鼎盛商贸", 1, "临溪市[鼎盛商贸]有限公司"},
		{"临溪鼎盛商贸", 1, "[临溪]市[鼎盛商贸]有限公司"},
		{"临溪建材", 4, "南桥区鼎泰（[临溪]）[建材]有限公司"},
		{"建材 鼎泰", 4, "南桥区[鼎泰]（临溪）[建材]有限公司"},
		{"dtlxjc", 4, "南桥区[鼎泰]（[临溪]）[建材]有限公司"},
		{"云岭咖啡", 12, "Ｌｉｎｘｉ·[云岭] [咖啡]馆"},
		{"鼎胜商贸有限公司", 1, "临溪市[鼎]盛[商贸有限公司]"},
		{"永超辉市有限公司", 6, "临溪市[永辉超市有限公司]"},
		{"百货店", 6, "鼎盛[百货店]"},
		{"𠮷祥食品", 10, "临溪市[𠮷祥食品]有限公司"},
		{"92990102MA0000055F", 5, "临溪3D打印工作室"},
		{"sm 行", 2, "鼎盛[商贸行]"},
	}
	for layout, ix := range layouts(town) {
		for _, tt := range tests {
			got := ""
			for _, h := range ix.Search(Query{Text: tt.text}).Hits {
				if h.ID == tt.id {
					got = bracketed(h)
				}
			}
			if got != tt.want {
				t.Errorf("%s: %q marks %q, want %q", layout, tt.text, got, tt.want)
			}
		}
	}
}

func bracketed(h Hit) string {
	rs := []rune(h.Name)
	var b strings.Builder
	at := 0
	for _, r := range h.Ranges {
		b.WriteString(string(rs[at:r[0]]) + "[" + string(rs[r[0]:r[1]]) + "]")
		at = r[1]
	}
	return b.String() + string(rs[at:])
}

func TestElapsedAndLen(t *testing.T) {
	t.Parallel()
	ix := townIndex(Options{Clock: clock.NewManual(time.Unix(1_800_000_000, 0))})
	if r := ix.Search(Query{Text: "鼎盛"}); r.Elapsed != 0 {
		t.Errorf("a clock that stands still measured %v", r.Elapsed)
	}
	if ix.Len() != len(town) {
		t.Errorf("Len() = %d, want %d", ix.Len(), len(town))
	}
	if ix.MemoryBytes() <= 0 {
		t.Errorf("MemoryBytes() = %d", ix.MemoryBytes())
	}
}

func TestTies(t *testing.T) {
	t.Parallel()
	entries := []Entry{
		{ID: 5, Name: "甲鼎盛店", Weight: 1, Code: "91990102MA0000011X"},
		{ID: 4, Name: "乙鼎盛店", Weight: 3},
		{ID: 3, Name: "丙鼎盛店", Weight: 1, Code: "11990102MA0000011X"},
		{ID: 2, Name: "丁鼎盛店", Weight: 1},
		{ID: 1, Name: "戊鼎盛店", Weight: 1},
		{ID: 6, Name: "己鼎盛", Weight: 0},
	}
	want := []int64{6, 4, 1, 2, 3, 5} // shorter, heavier, code (none first), ID
	for layout, ix := range layouts(entries) {
		if diff := cmp.Diff(want, ids(ix.Search(Query{Text: "鼎盛"}))); diff != "" {
			t.Errorf("%s: %s", layout, diff)
		}
	}
}

// TestManyNamesakes: chains share a name by the thousand; the one asked for by its whole name is still an exact hit.
func TestManyNamesakes(t *testing.T) {
	t.Parallel()
	ix := New(Options{Places: demoPlaces})
	ix.Load(func(yield func(Entry) bool) {
		for i := range int64(12_000) {
			name := "鼎盛拉面" + []string{"厂", "店", "有限公司"}[i%3]
			if !yield(Entry{ID: i + 1, Name: name, Weight: uint8(i % 200)}) {
				return
			}
		}
	})
	for _, tt := range []struct {
		text string
		name string
	}{{"鼎盛拉面店", "鼎盛拉面店"}, {"鼎盛拉面有限公司", "鼎盛拉面有限公司"}, {"鼎盛拉面厂", "鼎盛拉面厂"}} {
		r := ix.Search(Query{Text: tt.text, Limit: 100})
		if len(r.Hits) != 100 || r.Total < 4000 {
			t.Fatalf("%s: %d hits of %d", tt.text, len(r.Hits), r.Total)
		}
		for _, h := range r.Hits {
			if h.Name != tt.name || h.How != Exact {
				t.Fatalf("%s finds %s by %v", tt.text, h.Name, h.How)
			}
		}
	}
	r := ix.Search(Query{Text: "鼎盛拉面", Limit: 100, Offset: 9000})
	if len(r.Hits) != 100 || r.Total < 12_000*85/100 || r.Total > 12_000*115/100 {
		t.Errorf("%d hits behind 9000 of %d", len(r.Hits), r.Total)
	}
}
