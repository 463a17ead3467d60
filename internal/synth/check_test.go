package synth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/catalog"
)

func newCity(t testing.TB, opt Options) *City {
	t.Helper()
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every row, spoilt or not, gets from the catalogue exactly the reasons that are expected of it.
func TestCatalogueSaysWhatIsExpected(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{
		{Seed: 1, Subjects: 5000, Records: 40000},
		{Seed: 2, Subjects: 3000, Records: 60000, Messy: 0.4},
		{Seed: 3, Subjects: 900, Records: 5000, Messy: 1},
		{Seed: 4, Subjects: 1, Records: 300, Messy: 0.5},
		{Seed: 5, Subjects: 2000, Records: 20000, Messy: 0.3, Format: NDJSON, Every: Monthly},
	} {
		t.Run(fmt.Sprintf("seed %d", opt.Seed), func(t *testing.T) {
			t.Parallel()
			c := newCity(t, opt)
			seen := map[string]int{}
			for _, f := range c.Files() {
				checkFile(t, c, &f, seen)
				if t.Failed() {
					return
				}
			}
			if opt.Messy >= 0.4 && opt.Subjects > 1000 {
				for name := range FaultNames() {
					if seen[name] == 0 {
						t.Errorf("no row has the fault %s", name)
					}
				}
			}
		})
	}
}

func checkFile(t *testing.T, c *City, f *FileSpec, seen map[string]int) {
	t.Helper()
	m := c.newMaker(f)
	headers := m.table.headers()
	if m.table.flag >= 0 {
		headers[m.table.flag] = ""
	}
	item := f.plan.item
	columns := item.MatchHeaders(headers)
	if !columns.OK() || (len(columns.Unknown) > 0) != (m.table.remark >= 0) {
		t.Fatalf("%s: columns %+v", f.Name, columns.Reasons())
	}
	cells := make([]string, len(headers))
	for k := range f.Rows {
		m.make(k)
		e := &m.expected
		seen[e.Fault]++
		for i, v := range m.vals {
			cells[i] = string(v)
		}
		if e.Outcome == Withdrawn {
			continue
		}
		v := columns.Row(cells, nil)
		in := catalog.CheckInput{Received: f.Received, Template: columns.Template, UnitCode: f.UnitCode, UnitName: f.UnitName}
		var codes, warnings []int
		for _, r := range item.Check(v, &in) {
			if r.Severity == catalog.Error {
				codes = append(codes, r.Code)
			} else {
				warnings = append(warnings, r.Code)
			}
		}
		flow := func(code int) bool { return code < 2000 || code > 4000 }
		if want, got := slices.DeleteFunc(slices.Clone(e.Codes), flow), unique(codes); !slices.Equal(want, got) {
			t.Fatalf("%s row %d (%s): errors %v, want %v\n%s", f.Name, k+1, e.Fault, got, e.Codes, show(headers, cells))
		}
		if want, got := slices.DeleteFunc(slices.Clone(e.Warnings), flow), unique(warnings); !slices.Equal(want, got) {
			t.Fatalf("%s row %d (%s): warnings %v, want %v\n%s", f.Name, k+1, e.Fault, got, e.Warnings, show(headers, cells))
		}
		if (e.Outcome == Rejected) != (len(e.Codes) > 0) {
			t.Fatalf("%s row %d: %s with codes %v", f.Name, k+1, e.Outcome, e.Codes)
		}
	}
}

func unique(codes []int) []int {
	slices.Sort(codes)
	return slices.Compact(codes)
}

func show(headers, cells []string) string {
	var b strings.Builder
	for i, h := range headers {
		fmt.Fprintf(&b, "  %s: %s\n", h, cells[i])
	}
	return b.String()
}
