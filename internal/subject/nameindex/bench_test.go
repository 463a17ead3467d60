package nameindex

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"gongxin/internal/cntext"
)

const million = 1_000_000

type bigIndex struct {
	ix     *Index
	sample []Entry
	heap   uint64 // live heap that the index added
	peak   uint64 // memory taken from the system while loading
	took   time.Duration
}

var bigOnce = sync.OnceValue(func() *bigIndex {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := &bigIndex{ix: New(Options{Places: demoPlaces})}
	began := time.Now()
	b.ix.Load(func(yield func(Entry) bool) {
		i := 0
		for e := range demoEntries(1, million) {
			if i++; i%200 == 0 {
				b.sample = append(b.sample, e)
			}
			if !yield(e) {
				return
			}
		}
	})
	b.took = time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.heap, b.peak = after.HeapAlloc-before.HeapAlloc, after.Sys
	return b
})

var commonTexts = []string{
	"公司", "有限公司", "临溪市", "临溪", "有限", "临溪市南桥区", "商贸有限公司", "有限责任公司", "科技有限公司", "溪市", "限公",
	"责任公司", "股份有限公司", "餐饮管理有限公司", "南桥区", "司有", "有限公司分公司", "3D打印", "临", "公",
}

var commonWords = []string{
	"临溪 有限", "公 司", "市 公", "公司 临溪市", "商贸 临溪 有限公司", "有 限 公 司", "南桥区 科技 有限", "a 公司",
	"司 市 区", "贸易 商贸", "临溪商贸", "临溪市有限公司", "南桥科技有限", "临溪公司",
}

var commonTypos = []string{
	"有線公司", "有限工司", "商贸有现公司", "临西市", "临溪市有限工司", "限有公司", "有限公公司", "科技有公司", "临溪市南侨区", "餐饮管里有限公司",
	"临溪市南桥区有限责任公司", "国际贸易有限责公司", "市公司", "商贸公", "责任有限公司", "贸易科技",
}

var commonKeys = []string{"gs", "yx", "yxgs", "lx", "lxs", "smyxgs", "kjyxgs", "xs", "yxzrgs", "lxsyxgs", "lxssmyxgs", "s3", "ss"}

var pastedTexts = []string{
	"关于对临溪市鼎盛商贸有限公司作出行政处罚决定的公告以及临溪市南桥区餐饮管理有限公司许可的公告请各单位知悉并转发",
	"有限公司临溪市商贸有限责任公司南桥区科技有限公司临溪市餐饮管理有限公司云岭区建筑工程有限公司江北区物流有限公司",
	"临溪市 有限公司 商贸 科技 南桥区 餐饮 管理 责任 股份 集团 建材 贸易 物流 工程 装饰 电子 商务 农业 食品 服装",
	"临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市临溪市",
	"lxsdsmyxgslxsdssmyxgslxsdssmyxgslxsdssmyxgslxsdssmyxgslxsdssm",
}

// queryKinds make queries of every kind from the names in the index.
func queryKinds(b *bigIndex) map[string]func(i int) Query {
	r := rand.New(rand.NewPCG(1, 2))
	entry := func(i int) Entry { return b.sample[i%len(b.sample)] }
	text := func(f func(Entry) string) func(int) Query {
		return func(i int) Query { return Query{Text: f(entry(i))} }
	}
	list := func(ts []string, offset int) func(int) Query {
		return func(i int) Query { return Query{Text: ts[i%len(ts)], Offset: offset} }
	}
	core := func(e Entry) []rune { return []rune(b.ix.coreOf(e.Name)) }
	slip := func(s string) string { _, out := perturb(r, s); return out }
	initials := func(e Entry, n int) string {
		s := cntext.Initials(string(core(e)))
		return s[:min(n, len(s))]
	}
	return map[string]func(int) Query{
		"01 whole name":          text(func(e Entry) string { return e.Name }),
		"02 without place, form": text(func(e Entry) string { return string(core(e)) }),
		"03 two characters":      text(func(e Entry) string { return string(core(e)[:2]) }),
		"04 any two neighbours": text(func(e Entry) string {
			n := []rune(e.Name)
			i := r.IntN(len(n) - 1)
			return string(n[i : i+2])
		}),
		"05 code":                text(func(e Entry) string { return e.Code }),
		"06 code prefix":         text(func(e Entry) string { return e.Code[:8+r.IntN(4)] }),
		"07 words rare + common": text(func(e Entry) string { return "临溪 " + string(core(e)[:2]) + " 有限" }),
		"08 place + brand":       text(func(e Entry) string { return "临溪" + string(core(e)[:2]) }),
		"09 initials 3-6":        text(func(e Entry) string { return initials(e, 3+r.IntN(4)) }),
		"10 typo in name":        text(func(e Entry) string { return slip(e.Name) }),
		"11 typo without place":  text(func(e Entry) string { return slip(string(core(e))) }),
		"12 three characters":    text(func(e Entry) string { return slip(string(core(e)[:3])) }),
		"13 two slips":           text(func(e Entry) string { return slip(slip(e.Name)) }),
		"14 name within text":    text(func(e Entry) string { return "关于" + e.Name + "行政处罚的公告" }),
		"15 one character":       text(func(e Entry) string { return string(core(e)[:1]) }),
		"16 region and kind": func(i int) Query {
			return Query{Text: commonTexts[i%len(commonTexts)], Region: "990103", Kind: 1}
		},
		"20 common text":           list(commonTexts, 0),
		"21 common text, deep":     list(commonTexts, MaxOffset),
		"22 common words":          list(commonWords, 0),
		"23 common words, deep":    list(commonWords, MaxOffset),
		"24 common typos":          list(commonTypos, 0),
		"25 common initials":       list(commonKeys, 0),
		"26 common initials, deep": list(commonKeys, MaxOffset),
		"27 pasted text":           list(pastedTexts, 0),
		"28 code prefix, deep":     list([]string{"91990102", "91990103A"}, MaxOffset),
	}
}

// BenchmarkMillion prints latency percentiles of every kind of query over 1,000,000 names: in processor time, and in
// time on the wall, which other programs lengthen. Use -benchtime 2000x.
func BenchmarkMillion(b *testing.B) {
	big := bigOnce()
	kinds := queryKinds(big)
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			queries := make([]Query, b.N)
			for i := range queries {
				queries[i] = kinds[name](i)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			wall, cpu := make([]time.Duration, b.N), make([]time.Duration, b.N)
			b.ResetTimer()
			for i, q := range queries {
				used, began := cpuTime(), time.Now()
				big.ix.Search(q)
				wall[i], cpu[i] = time.Since(began), cpuTime()-used
			}
			slow := slices.Index(cpu, slices.Max(cpu))
			b.Logf("slowest: %v %+v", cpu[slow], queries[slow])
			report(b, wall, "wall-")
			report(b, cpu, "")
		})
	}
}

func report(b *testing.B, ds []time.Duration, what string) {
	slices.Sort(ds)
	at := func(p float64) float64 { return float64(ds[int(p*float64(len(ds)-1))].Microseconds()) }
	b.ReportMetric(at(0.50), what+"p50-µs")
	b.ReportMetric(at(0.99), what+"p99-µs")
	b.ReportMetric(at(1), what+"max-µs")
}

// BenchmarkMillionMemory reports what 1,000,000 names take: on the heap, by the index's own count, and from the system
// at the peak of the load, the generator's garbage included.
func BenchmarkMillionMemory(b *testing.B) {
	big := bigOnce()
	for range b.N {
		big.ix.MemoryBytes()
	}
	b.ReportMetric(float64(big.heap)/1e6, "heap-MB")
	b.ReportMetric(float64(big.ix.MemoryBytes())/1e6, "index-MB")
	b.ReportMetric(float64(big.peak)/1e6, "peak-MB")
	b.ReportMetric(big.took.Seconds(), "load-s")
}

// BenchmarkMillionRecall reports recall@10 for one slip at 1,000,000 names; one iteration is one query.
func BenchmarkMillionRecall(b *testing.B) {
	big := bigOnce()
	for name, part := range map[string]func(string) string{"whole name": wholeName, "without place and form": big.ix.coreOf} {
		b.Run(name, func(b *testing.B) {
			got, _ := recallAt10(big.ix, million, max(million/b.N, 1), part)
			b.ReportMetric(got["all"].rate(), "recall@10")
			b.Log(got)
		})
	}
}

// BenchmarkPut is one replacement beside a million names, merges included.
func BenchmarkPut(b *testing.B) {
	ix := New(Options{Places: demoPlaces, MergeInline: true})
	ix.Load(demoEntries(1, 100_000))
	es := slices.Collect(demoEntries(12, 50_000))
	for i := 0; b.Loop(); i++ {
		ix.Put(es[i%len(es)])
	}
}

// BenchmarkSearch is one query by a mistyped name among 100,000.
func BenchmarkSearch(b *testing.B) {
	ix := demoIndex()
	r := rand.New(rand.NewPCG(1, 9))
	var texts []string
	for e := range demoEntries(1, 1000) {
		_, q := perturb(r, e.Name)
		texts = append(texts, q)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ix.Search(Query{Text: texts[i%len(texts)]})
	}
}
