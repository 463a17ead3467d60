package synth

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
)

// folderHash is one hash over all files of a folder with their names.
func folderHash(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %d\n", e.Name(), len(b))
		h.Write(b)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// The same seed makes the same bytes, workbooks included; another seed makes others.
func TestSameSeedSameCity(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{Subjects: 1200, Records: 8000, Messy: 0.1}, {Subjects: 60, Records: 200, Format: XLSX}, {Subjects: 500, Records: 3000, Format: NDJSON, Every: Monthly}} {
		hash := func(seed uint64) string {
			opt.Seed = seed
			dir := filepath.Join(t.TempDir(), "out")
			calls, last := 0, 0
			err := newCity(t, opt).Write(dir, func(done, total int, _ string) {
				if calls++; done < last || done > total {
					t.Errorf("progress went from %d to %d of %d", last, done, total)
				}
				last = done
			})
			if err != nil || calls == 0 {
				t.Fatal(err, calls)
			}
			return folderHash(t, dir)
		}
		first := hash(7)
		if first != hash(7) {
			t.Errorf("%+v: two runs differ", opt)
		}
		if first == hash(8) {
			t.Errorf("%+v: another seed made the same city", opt)
		}
	}
}

// Any part of a file, made alone and in any order, is the part of the whole.
func TestPartsMakeTheWhole(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 9, Subjects: 4500, Records: 5000, Messy: 0.2})
	files := slices.DeleteFunc(c.Files(), func(f FileSpec) bool { return f.Format == XLSX })
	rapid.Check(t, func(rt *rapid.T) {
		f := rapid.SampledFrom(files).Draw(rt, "file")
		cut := rapid.IntRange(0, f.Rows).Draw(rt, "cut")
		again := newCity(t, c.Options()) // nothing of the first city's work is there
		var whole, head, tail bytes.Buffer
		all, err := c.WriteFile(&whole, f)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := again.WriteRange(&tail, f, cut, f.Rows)
		if err != nil {
			rt.Fatal(err)
		}
		a, err := again.WriteRange(&head, f, 0, cut)
		if err != nil {
			rt.Fatal(err)
		}
		joined := head.String() + strings.TrimPrefix(tail.String(), headerOf(&f, head.String(), cut))
		if joined != whole.String() {
			rt.Fatalf("%s cut at %d differs", f.Name, cut)
		}
		if a.Accepted+b.Accepted != all.Accepted || a.Rejected+b.Rejected != all.Rejected || a.Late+b.Late != all.Late {
			rt.Fatalf("%s: totals of the parts do not add up", f.Name)
		}
	})
}

// headerOf is what a part that begins with row 0 has before its rows; other parts have nothing there.
func headerOf(f *FileSpec, head string, cut int) string {
	if cut > 0 || f.Format == NDJSON {
		return ""
	}
	return head
}

func TestWorkbooksHaveNoParts(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 1, Subjects: 50, Records: 100, Format: XLSX})
	if _, err := c.WriteRange(io.Discard, c.Files()[0], 1, 2); !errors.Is(err, errPart) {
		t.Errorf("got %v", err)
	}
}

// Every code of the city is right by its standard, and only of the invented division.
func TestCodesAreValidAndInvented(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 3, Subjects: 30000, Records: 10})
	codes, numbers := map[string]bool{}, map[string]bool{}
	fresh := func(set map[string]bool, code string) {
		if set[code] {
			t.Fatalf("%s is given twice", code)
		}
		set[code] = true
	}
	check := func(code string, division string) {
		t.Helper()
		u, p := ident.ParseUSCC(code)
		if p != nil || string(u) != code || u.Division() != division || !ident.DefaultDivisions().Within(u.Division(), CityCode) {
			t.Fatalf("%s: %v", code, p)
		}
		fresh(codes, code)
		fresh(codes, code[8:17])
	}
	for _, a := range c.Agencies() {
		check(a.Code, a.Region)
		if a.Code[:1] != "1" {
			t.Errorf("%s has the code %s", a.Name, a.Code)
		}
	}
	for s := range c.Subjects {
		check(s.Code, s.Region)
		if kind := ident.KindOf(ident.USCC(s.Code)); (kind == ident.KindIndividualBusiness) != (s.Kind == catalog.IndividualBusiness) {
			t.Fatalf("%s is a %s", s.Code, s.Kind)
		}
		if _, p := ident.ParseOrgCode(s.OrgCode); p != nil || s.OrgCode != s.Code[8:17] {
			t.Fatalf("%s: %v", s.OrgCode, p)
		}
		if s.RegNo != "" {
			if _, p := ident.ParseRegNo(s.RegNo); p != nil {
				t.Fatalf("%s: %v", s.RegNo, p)
			}
			fresh(numbers, s.RegNo)
		}
	}
	for n := range 50000 {
		p := c.person(uint64(n))
		id, problem := ident.ParseCitizenID(string(p.id[:]), c.opt.Today)
		if problem != nil || !strings.HasPrefix(string(id), "9901") {
			t.Fatalf("person %d: %v", n, problem)
		}
		fresh(numbers, string(id))
	}
}

// Nothing is told of a time that has not come, and nobody is registered after closing.
func TestLivesAreInOrder(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 5, Subjects: 20000, Records: 10})
	renamed, closed, branches := 0, 0, 0
	for s := range c.Subjects {
		if s.Founded > c.opt.Today || s.RenamedOn != 0 && (s.RenamedOn <= s.Founded || s.RenamedOn > c.opt.Today) || s.Closed != 0 && (s.Closed <= max(s.Founded, s.RenamedOn) || s.Closed > c.opt.Today) {
			t.Fatalf("%d: founded %v, renamed %v, closed %v", s.Index, s.Founded, s.RenamedOn, s.Closed)
		}
		if (s.FormerName != "") != (s.RenamedOn != 0) || s.FormerName == s.Name {
			t.Fatalf("%d: was %q, is %q", s.Index, s.FormerName, s.Name)
		}
		if (s.State == "存续") != (s.Closed == 0) {
			t.Fatalf("%d: %s, closed %v", s.Index, s.State, s.Closed)
		}
		if s.FormerName != "" {
			renamed++
		}
		if s.Closed != 0 {
			closed++
		}
		if s.Parent != "" {
			branches++
		}
	}
	for what, n := range map[string]int{"renamed": renamed, "closed": closed, "branches": branches} {
		if n < 100 || n > 4000 {
			t.Errorf("%d %s of 20,000", n, what)
		}
	}
}

// No name holds a famous one, and nearly no two companies share theirs.
func TestNamesAreInventedAndDistinct(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 4, Subjects: 60000, Records: 1})
	seen := map[string]int{}
	companies := 0
	for s := range c.Subjects {
		brand := c.brands.of(uint64(s.Index))
		if famous(brand.first+brand.second) || famous(brand.second+brand.third) {
			t.Fatalf("%+v in %s", brand, s.Name)
		}
		if s.Kind == catalog.LegalEntity {
			companies++
			seen[s.Name]++
		}
	}
	twice := 0
	for _, n := range seen {
		twice += n - 1
	}
	if twice*2000 > companies {
		t.Errorf("%d of %d legal entities bear another's name", twice, companies)
	}
}

// The brands that stand on the stop list, or begin as one on it, are not made from any pair of characters.
func TestNoPairIsFamous(t *testing.T) {
	t.Parallel()
	b := newBrands(1)
	n := len(b.chars)
	if len(b.pairs) < 20000 {
		t.Errorf("only %d brands", len(b.pairs))
	}
	for _, p := range b.pairs {
		pair := b.chars[int(p)/n] + b.chars[int(p)%n]
		for _, name := range stopList {
			if pair == name || strings.HasPrefix(name, pair) {
				t.Fatalf("%s is like %s", pair, name)
			}
		}
	}
	for i, next := range b.next {
		if len(next) == 0 {
			t.Errorf("nothing may follow %s", b.chars[i])
		}
	}
}

// Without faults no file has two rows of one natural key, and each agency's document numbers run without gaps.
func TestNaturalKeysAreUnique(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{Seed: 6, Subjects: 4000, Records: 80000}, {Seed: 7, Subjects: 40, Records: 4000}, {Seed: 8, Subjects: 60000, Records: 60000}} {
		c := newCity(t, opt)
		for _, f := range c.Files() {
			m := c.newMaker(&f)
			columns := f.plan.item.MatchHeaders(m.table.headers())
			keys := make(map[string]int, f.Rows)
			var v catalog.Values
			cells := make([]string, len(m.vals))
			for k := range f.Rows {
				m.make(k)
				for i := range m.vals {
					cells[i] = string(m.vals[i])
				}
				v = columns.Row(cells, v)
				r := m.about()
				key := string(r.code[:]) + f.plan.item.Key(v)
				if r.isPerson {
					key = string(r.person.id[:]) + f.plan.item.Key(v)
				}
				if before, ok := keys[key]; ok {
					t.Fatalf("%s: rows %d and %d have the key %q", f.Name, before+1, k+1, key)
				}
				keys[key] = k
			}
		}
	}
}

// A city has files in every form that offices send.
func TestFormsOfFiles(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 1, Subjects: 3000, Records: 20_000})
	forms := map[string]int{}
	for _, f := range c.Files() {
		forms[string(f.Format)]++
		forms[string(f.Layout)]++
		forms[string(f.Encoding)]++
		if f.Layout == Old2015 && f.Item != "XZCF" && f.Item != "XZXK" || f.Format == XLSX && f.Layout != Titled {
			t.Errorf("%+v", f)
		}
	}
	for _, form := range []string{"csv", "xlsx", "chinese", "codes", "2015", "titled", "utf-8", "utf-8-bom", "gb18030"} {
		if forms[form] == 0 {
			t.Errorf("no file in %s: %v", form, forms)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]Options{
		"no subjects": {Records: 1}, "negative": {Subjects: 1, Records: -1}, "share": {Subjects: 1, Messy: 1.5}, "format": {Subjects: 1, Format: "xls"},
		"period": {Subjects: 1, Every: "year"}, "day": {Subjects: 1, Today: 20260230}, "received": {Subjects: 1, Received: 20200101}, "too many": {Subjects: MaxSubjects + 1},
	} {
		if _, err := New(opt); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := newCity(t, Options{Subjects: 1}); len(c.Files()) != 1 {
		t.Errorf("a city of one subject without records has %d files", len(c.Files()))
	}
}

// The records asked for are the records made, at any size, and files keep to their limits.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 100, 12345, 2_600_000, 40_000_000} {
		for _, format := range []Format{CSV, XLSX} {
			c := newCity(t, Options{Seed: 1, Subjects: 1 + n/50, Records: n, Format: format})
			sum, registered, names := 0, 0, map[string]bool{}
			for _, f := range c.Files() {
				switch f.part {
				case decisions:
					sum += f.Rows
				case stock:
					registered += f.Rows
				}
				if f.Rows < 1 || f.Rows > maxRows || f.Format == XLSX && f.Rows > maxRowsXLSX || names[f.Name] {
					t.Errorf("%s has %d rows", f.Name, f.Rows)
				}
				names[f.Name] = true
			}
			if sum != n || registered != 1+n/50 {
				t.Errorf("%d records and %d registrations for %d and %d", sum, registered, n, 1+n/50)
			}
		}
	}
}

// Filed by weeks, a file holds its week alone and few rows come late.
func TestWeeklyFilings(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 2, Subjects: 3000, Records: 30000, Every: Weekly})
	late, rows := 0, 0
	last := clock.Date(0)
	for _, f := range c.Files() {
		if f.Received < last || f.Received > c.opt.Today {
			t.Fatalf("%s is filed on %v after %v", f.Name, f.Received, last)
		}
		last = f.Received
		if f.Item != "XZCF" && f.Item != "XZXK" {
			continue
		}
		totals, err := c.WriteFile(io.Discard, f)
		if err != nil {
			t.Fatal(err)
		}
		late += totals.Late
		rows += totals.Rows
	}
	if share := float64(late) / float64(rows); share < 0.01 || share > 0.15 {
		t.Errorf("%.1f %% of %d rows are late", 100*share, rows)
	}
}

// A city that learnt to file by weeks: before the last year most rows came late, since then few.
func TestQuickerFilings(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 2, Subjects: 3000, Records: 30000, Every: Quicker})
	since := c.opt.Today.AddMonths(-quickerMonths + 1)
	var late, rows [2]int
	for _, f := range c.Files() {
		if f.Item != "XZCF" && f.Item != "XZXK" {
			continue
		}
		totals, err := c.WriteFile(io.Discard, f)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		if f.Received >= since {
			i = 1
		}
		late[i] += totals.Late
		rows[i] += totals.Rows
	}
	before, now := float64(late[0])/float64(rows[0]), float64(late[1])/float64(rows[1])
	if before < 0.4 || now > 0.15 || rows[1] < rows[0]/10 {
		t.Errorf("late: %.2f of %d rows before, %.2f of %d since", before, rows[0], now, rows[1])
	}
}

// A million records are written in less than 100 MB of heap; what grows with the city is the list of changed subjects.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	c := newCity(t, Options{Seed: 1, Subjects: 200_000, Records: 1_000_000, Messy: 0.02})
	var m runtime.MemStats
	peak, rows := uint64(0), 0
	for _, f := range c.Files() {
		err := func() error {
			_, err := c.write(io.Discard, &f, 0, f.Rows, func(*Expected) error {
				if rows++; rows%50_000 == 0 {
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
				return nil
			})
			return err
		}()
		if err != nil {
			t.Fatal(err)
		}
	}
	if rows < 1_200_000 || peak > 100<<20 {
		t.Errorf("%d rows with a peak of %d MB", rows, peak>>20)
	}
	t.Logf("%d rows, heap at most %.1f MB", rows, float64(peak)/(1<<20))
}
