package synth

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type mapFile struct {
	Type     string
	Features []struct {
		Type       string
		Properties map[string]string
		Geometry   struct {
			Type        string
			Coordinates [][]point
		}
	}
}

func readMap(t *testing.T, c *City) mapFile {
	t.Helper()
	var m mapFile
	if err := json.Unmarshal(c.GeoJSON(), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The map shows the register's own divisions, each once, under their own names.
func TestMapShowsTheDivisions(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Subjects: 1})
	want, got := map[string]string{}, map[string]string{}
	for _, d := range c.Divisions() {
		if d.Parent != "" {
			want[d.Code] = d.Name
		}
	}
	for _, f := range readMap(t, c).Features {
		got[f.Properties["code"]] = f.Properties["name"]
		if f.Type != "Feature" || f.Geometry.Type != "Polygon" || len(f.Geometry.Coordinates) != 1 {
			t.Errorf("%v is a %s", f.Properties, f.Geometry.Type)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 6 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Rings are closed, run counter-clockwise and cross nowhere; a line between two areas is in both, walked the other way;
// so the areas fill the city without gap or overlap.
func TestMapIsAPartition(t *testing.T) {
	t.Parallel()
	type segment struct{ a, b point }
	sides := map[segment]int{}
	sum := 0.0
	for _, f := range readMap(t, newCity(t, Options{Subjects: 1})).Features {
		ring := f.Geometry.Coordinates[0]
		if ring[0] != ring[len(ring)-1] || area(ring) <= 0 {
			t.Errorf("%v: ring of area %f is not closed or runs clockwise", f.Properties, area(ring))
		}
		sum += area(ring)
		for i := 1; i < len(ring); i++ {
			sides[segment{ring[i-1], ring[i]}]++
		}
		for i := 1; i < len(ring); i++ {
			for j := i + 2; j < len(ring); j++ {
				if (i != 1 || j != len(ring)-1) && cross(ring[i-1], ring[i], ring[j-1], ring[j]) {
					t.Fatalf("%v: the border crosses itself at %v", f.Properties, ring[i])
				}
			}
		}
	}
	var outside []segment
	shared := 0
	for s, n := range sides {
		if n > 1 {
			t.Errorf("a side is walked %d times the same way", n)
		}
		if sides[segment{s.b, s.a}] == 1 {
			shared++
		} else {
			outside = append(outside, s)
		}
	}
	if shared < 100 || len(outside) < 50 {
		t.Errorf("%d shared sides, %d outer ones", shared, len(outside))
	}
	around := 0.0
	for _, s := range outside {
		around += (s.a[0]*s.b[1] - s.b[0]*s.a[1]) / 2
	}
	if math.Abs(around-sum) > 1e-9 {
		t.Errorf("the areas sum to %f, the outline holds %f", sum, around)
	}
	for i, s := range outside {
		for _, o := range outside[:i] {
			if s.a != o.b && s.b != o.a && cross(s.a, s.b, o.a, o.b) {
				t.Fatalf("the outline crosses itself at %v", s.a)
			}
		}
	}
}

// cross says whether two segments without a common end meet.
func cross(a, b, c, d point) bool {
	side := func(p, q, r point) float64 { return (q[0]-p[0])*(r[1]-p[1]) - (q[1]-p[1])*(r[0]-p[0]) }
	return side(a, b, c)*side(a, b, d) <= 0 && side(c, d, a)*side(c, d, b) <= 0
}
