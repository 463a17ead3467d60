package synth

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gongxin/internal/catalog"
)

// tally is what a whole city amounts to.
type tally struct {
	rows, persons, strangers, former int
	byItem                           map[catalog.ItemCode]int
	byRegion                         map[string]int
	byYearMonth                      map[int]int
	weekends                         int
	fined                            map[int]int // subject: penalties
	honoured                         map[int]bool
	penalties, several, simple       int
	kinds                            [kindsCount]int
}

func count(c *City) *tally {
	t := &tally{byItem: map[catalog.ItemCode]int{}, byRegion: map[string]int{}, byYearMonth: map[int]int{}, fined: map[int]int{}, honoured: map[int]bool{}}
	for _, f := range c.Files() {
		if f.part != decisions {
			continue
		}
		m := c.newMaker(&f)
		for k := range f.Rows {
			m.make(k)
			t.add(c, &f, &m.row)
			if len(m.expected.Warnings) > 0 && m.expected.Warnings[0] == 1004 {
				t.former++
			}
		}
	}
	return t
}

func (t *tally) add(c *City, f *FileSpec, r *row) {
	t.rows++
	t.byItem[f.Item]++
	if r.decided.Weekday() == time.Saturday || r.decided.Weekday() == time.Sunday {
		t.weekends++
	}
	switch {
	case r.isPerson:
		t.persons++
	case r.sub.i >= c.opt.Subjects:
		t.strangers++
	default:
		t.byRegion[c.regions[r.sub.region].Code]++
	}
	if f.Item == "XZXK" || f.Item == "XZCF" {
		t.byYearMonth[int(r.decided)/100]++
	}
	if f.Item == "RYXX" && !r.isPerson {
		t.honoured[r.sub.i] = true
	}
	if f.Item != "XZCF" {
		return
	}
	t.penalties++
	if !r.isPerson {
		t.fined[r.sub.i]++
	}
	if r.kinds&(r.kinds-1) != 0 {
		t.several++
	}
	if r.simple {
		t.simple++
	}
	for i := range kindsCount {
		if r.kinds&(1<<i) != 0 {
			t.kinds[i]++
		}
	}
}

// A city of a hundred thousand records looks like one: shares, seasons, places, and who meets the law how often.
func TestCityIsBelievable(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 21, Subjects: 12000, Records: 120_000})
	s := count(c)
	within := func(what string, got, low, high float64) {
		t.Helper()
		if got < low || got > high {
			t.Errorf("%s: %.4f, want %.4f to %.4f", what, got, low, high)
		}
	}
	share := func(n int) float64 { return float64(n) / float64(s.rows) }
	ofPenalties := func(n int) float64 { return float64(n) / float64(s.penalties) }

	within("licences", share(s.byItem["XZXK"]), 0.5, 0.65)
	within("penalties", share(s.byItem["XZCF"]), 0.18, 0.3)
	within("serious lists", share(s.byItem["YZSX"]), 0.0002, 0.003)
	for _, item := range c.edition.Items {
		if s.byItem[item.Code] == 0 && item.Code != "DJJC" {
			t.Errorf("nothing of item %s", item.Code)
		}
	}
	within("weekends", share(s.weekends), 0.005, 0.08)
	within("persons", share(s.persons), 0.02, 0.12)
	within("former names", share(s.former), 0.001, 0.03)
	within("strangers among penalties", ofPenalties(s.strangers), 0.003, 0.009)
	within("several kinds", ofPenalties(s.several), 0.15, 0.45)
	within("simple procedure", ofPenalties(s.simple), 0.05, 0.3)
	within("fines", ofPenalties(s.kinds[2]), 0.6, 0.9)
	within("warnings", ofPenalties(s.kinds[0]), 0.1, 0.4)
	within("revocations", ofPenalties(s.kinds[7]), 0.001, 0.03)

	if len(s.byRegion) != 6 || s.byRegion["990102"] < s.byRegion["990106"]*3/2 {
		t.Errorf("districts: %v", s.byRegion)
	}
	month := func(ym int) float64 { return float64(s.byYearMonth[ym]) }
	within("December 2025 against February 2026", month(202512)/month(202602), 1.8, 8)
	within("growth over a year", (month(202604)+month(202605)+month(202606)+month(202607))/(month(202504)+month(202505)+month(202506)+month(202507)), 1.01, 1.5)

	// Heavy tail: a tenth of those ever fined has a third of the fines; honours go to others.
	var times []int
	for _, n := range s.fined {
		times = append(times, n)
	}
	slices.Sort(times)
	top, all := 0, 0
	for i, n := range times {
		if all += n; i >= len(times)*9/10 {
			top += n
		}
	}
	within("fines of the worst tenth", float64(top)/float64(all), 0.3, 0.75)
	within("most fines of one", float64(times[len(times)-1]), 10, 200)
	honoured := 0
	for i := range s.honoured {
		honoured += s.fined[i]
	}
	within("fines of the honoured against all", float64(honoured)/float64(len(s.honoured))/(float64(all)/float64(c.opt.Subjects)), 0, 0.75)
}

// Sentences have no gap left open, nothing twice over, and only characters that belong into them.
func TestSentencesAreWhole(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 22, Subjects: 2000, Records: 20_000})
	for _, f := range c.Files() {
		m := c.newMaker(&f)
		for k := range min(f.Rows, 400) {
			m.make(k)
			for i, v := range m.vals {
				if !utf8.Valid(v) || strings.ContainsAny(string(v), "{}\n\t?") || strings.Contains(string(v), "，，") || strings.Contains(string(v), "。。") {
					t.Fatalf("%s row %d: %s: %q", f.Name, k+1, m.table.columns[i].header, v)
				}
			}
		}
	}
}

// Whoever is licensed or fined is in business on the day, nearly always.
func TestDecisionsMeetTheLiving(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 23, Subjects: 5000, Records: 40_000})
	dead, all := 0, 0
	for _, f := range c.Files() {
		if f.part != decisions {
			continue
		}
		m := c.newMaker(&f)
		for k := range f.Rows {
			m.make(k)
			r := &m.row
			if r.decided > c.opt.Today || r.decided < c.window.days[0] {
				t.Fatalf("%s row %d is of %v", f.Name, k+1, r.decided)
			}
			if !r.isPerson && r.sub.i < c.opt.Subjects {
				if all++; !r.sub.aliveOn(r.decided) {
					dead++
				}
			}
		}
	}
	if dead*100 > all {
		t.Errorf("%d of %d decisions are about somebody not in business", dead, all)
	}
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	r := &row{name: []byte("甲"), goods: "乙", quantity: 3, sum: 40, road: "丙路"}
	for in, want := range map[string]string{"": "", "无缺口": "无缺口", "{n}": "甲", "对{n}的{g}{q}件": "对甲的乙3件", "{m}元{r}": "40元丙路"} {
		if got := string(newPhrase(in).appendTo(nil, r)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNumbersInText(t *testing.T) {
	t.Parallel()
	for yuan, want := range map[int]string{0: "0", 1: "0.0001", 200: "0.02", 2000: "0.2", 10000: "1", 123456: "12.3456", 1000000: "100"} {
		if got := string(appendWan(nil, yuan)); got != want {
			t.Errorf("%d yuan: %s, want %s", yuan, got, want)
		}
	}
	for n, want := range map[int]string{1: "一", 10: "十", 12: "十二", 20: "二十", 101: "一百零一", 110: "一百一十", 1005: "一千零五", 2026: "二千零二十六"} {
		if got := string(appendNumeral(nil, n)); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for _, tt := range []struct {
		n, width int
		want     string
	}{{5, 1, "5"}, {5, 3, "005"}, {1234, 2, "1234"}, {0, 4, "0000"}, {100, 3, "100"}} {
		if got := string(appendInt(nil, tt.n, tt.width)); got != tt.want {
			t.Errorf("%d to %d places: %s, want %s", tt.n, tt.width, got, tt.want)
		}
	}
}

// The permutation meets every place once.
func TestPermutation(t *testing.T) {
	t.Parallel()
	for _, size := range []uint64{1, 2, 3, 5, 64, 1000, 4097} {
		p := newPermutation(3, 9, size)
		seen := make([]bool, size)
		for i := range size {
			at := p.at(i)
			if seen[at] {
				t.Fatalf("size %d: %d is met twice", size, at)
			}
			seen[at] = true
		}
	}
}
