package portal

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		marks [][2]int
		want  string
	}{
		{"禾谷食品", nil, "禾谷食品"},
		{"禾谷食品", [][2]int{{0, 2}}, "[禾谷]食品"},
		{"禾谷食品", [][2]int{{0, 1}, {2, 4}}, "[禾]谷[食品]"},
		{"禾谷食品", [][2]int{{2, 9}}, "禾谷[食品]"},
		{"禾谷食品", [][2]int{{-3, 1}, {0, 2}}, "[禾][谷]食品"},
		{"禾谷食品", [][2]int{{7, 9}, {3, 1}}, "禾谷食品"},
	}
	for _, c := range cases {
		got := ""
		for _, p := range pieces(c.name, c.marks) {
			if p.on {
				got += "[" + p.text + "]"
			} else {
				got += p.text
			}
		}
		if got != c.want {
			t.Errorf("pieces(%s, %v) = %s, want %s", c.name, c.marks, got, c.want)
		}
	}
}

// TestPiecesLoseNothing: whatever the marks, the pieces are the name.
func TestPiecesLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		marks := rapid.SliceOf(rapid.Custom(func(t *rapid.T) [2]int {
			return [2]int{rapid.IntRange(-5, 30).Draw(t, "from"), rapid.IntRange(-5, 30).Draw(t, "to")}
		})).Draw(t, "marks")
		got := ""
		for _, p := range pieces(name, marks) {
			got += p.text
		}
		if got != name {
			t.Fatalf("pieces of %q with %v make %q", name, marks, got)
		}
	})
}

func TestReadFilter(t *testing.T) {
	t.Parallel()
	q := url.Values{"agency": {" A "}, "region": {"990102"}, "kind": {"罚款"}, "from": {"2026/1/1"}, "to": {"2026年6月30日"}}
	f := readFilter(q)
	want := publish.ListFilter{Agency: "A", Region: "990102", Category: "罚款", From: 20260101, To: 20260630}
	if d := cmp.Diff(want, f.ListFilter); d != "" || f.bad() || !f.active() {
		t.Errorf("%s bad %v active %v", d, f.bad(), f.active())
	}
	if got := f.link("/c/XZCF", "a b"); got != "/c/XZCF?agency=A&cursor=a+b&from=2026-01-01&kind=%E7%BD%9A%E6%AC%BE&region=990102&to=2026-06-30" {
		t.Errorf("link %s", got)
	}
	if f := readFilter(url.Values{}); f.bad() || f.active() || f.link("/c/X", "") != "/c/X" {
		t.Errorf("an empty filter is %+v", f)
	}
	if f := readFilter(url.Values{"from": {"2026-02-30"}, "to": {"x"}}); f.fromFault == "" || f.toFault == "" || f.From != 0 {
		t.Errorf("bad dates pass: %+v", f)
	}
	if got := len([]rune(readFilter(url.Values{"agency": {strings.Repeat("长", 5000)}}).Agency)); got != 200 {
		t.Errorf("a parameter of %d runes", got)
	}
}

func FuzzReadFilter(f *testing.F) {
	f.Add("agency=A&region=990102&kind=%E7%BD%9A&from=2026-01-01&to=2026-06-30")
	f.Add("from=2026-13-01&to=%00")
	f.Add("from=２０２６－０１－０１")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		got := readFilter(q)
		if got.bad() {
			return
		}
		again := readFilter(got.values())
		if utf8.ValidString(raw) && again.ListFilter != got.ListFilter {
			t.Errorf("%q reads %+v, written back %+v", raw, got.ListFilter, again.ListFilter)
		}
		if got.From != 0 && got.To != 0 && got.From > got.To {
			t.Errorf("%q runs backwards", raw)
		}
	})
}

func TestUntil(t *testing.T) {
	t.Parallel()
	for d, want := range map[clock.Date]string{0: "长期公示", 20270510: "2027-05-10（当日起不再公示）"} {
		if got := until(&publish.RecordView{PublicUntil: d}); got != want {
			t.Errorf("until(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	m, err := parseMap([]byte(cityMap))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.areas) != 6 || m.areas[0].code != "990102" || m.areas[3].name != "北川县" || m.height < 700 || m.height > 1200 {
		t.Fatalf("%d areas, %v high, %+v", len(m.areas), m.height, m.areas[0])
	}
	for _, a := range m.areas {
		if a.x < 0 || a.x > m.width || a.y < 0 || a.y > m.height || !strings.HasPrefix(a.path, "M") {
			t.Errorf("%s stands at %v,%v", a.name, a.x, a.y)
		}
	}
	rows := []publish.RegionCount{{Code: "990102", Licences: 100}, {Code: "990103", Licences: 41}, {Code: "990104", Licences: 1}, {Code: "none", Licences: 9999}}
	areas, legend := m.colour(rows, regionRecords)
	steps := map[string]int{}
	for _, a := range areas {
		steps[a.code] = a.step
	}
	if d := cmp.Diff(map[string]int{"990102": 5, "990103": 3, "990104": 1, "990105": 0, "990106": 0, "990171": 0}, steps); d != "" {
		t.Error(d)
	}
	if len(legend) != 5 || legend[0] != (bin{1, 1, 20}) || legend[4] != (bin{5, 81, 100}) {
		t.Errorf("legend %+v", legend)
	}
	if areas, legend := m.colour(nil, regionRecords); len(areas) != 6 || len(legend) != 0 {
		t.Errorf("an empty map has %d areas, %d steps", len(areas), len(legend))
	}
}

func TestLabelStaysInside(t *testing.T) {
	t.Parallel()
	// The centre of gravity of a horseshoe lies outside of it.
	horseshoe := []point{{0, 0}, {100, 0}, {100, 100}, {80, 100}, {80, 20}, {20, 20}, {20, 100}, {0, 100}}
	x, y := labelPlace(horseshoe)
	if from, to := stretch(horseshoe, y); x <= from || x >= to {
		t.Errorf("the label stands at %v,%v, outside of %v–%v", x, y, from, to)
	}
}

func TestBadMaps(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no JSON": "x", "empty": `{"type":"FeatureCollection","features":[]}`, "other type": `{"type":"Feature"}`,
		"a line": `{"type":"FeatureCollection","features":[{"geometry":{"type":"LineString","coordinates":[[1,2],[2,3]]}}]}`,
		"metres": `{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[400000,4000000],[400001,4000000],[400001,4000001]]]}}]}`,
		"a dot":  `{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[118,36],[118,36],[118,36]]]}}]}`,
		"short":  `{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[118],[119],[120]]]}}]}`,
		"ribbon": `{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[100,36],[120,36],[120,36.001]]]}}]}`,
	} {
		if _, err := parseMap([]byte(data)); err == nil {
			t.Errorf("%s passes for a map", name)
		}
	}
}

func FuzzMap(f *testing.F) {
	f.Add([]byte(cityMap))
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"id":7,"geometry":{"type":"Polygon","coordinates":[[[118,36],[119,36],[118,37]]]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMap(data)
		if err != nil {
			return
		}
		areas, _ := m.colour([]publish.RegionCount{{Code: "990102", Licences: 7}}, regionRecords)
		for _, a := range areas {
			if strings.Trim(a.path, "MLZ0123456789.- ") != "" {
				t.Errorf("a path holds %q", a.path)
			}
			if a.step < 0 || a.step > steps {
				t.Errorf("step %d", a.step)
			}
		}
	})
}

func TestNiceCeil(t *testing.T) {
	t.Parallel()
	for in, want := range map[int]int{0: 0, 7: 7, 11: 20, 21: 25, 26: 50, 51: 100, 101: 200, 65_200: 100_000, 999_999: 1_000_000} {
		if got := niceCeil(in); got != want {
			t.Errorf("niceCeil(%d) = %d, want %d", in, got, want)
		}
	}
}
