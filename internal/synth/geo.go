package synth

import (
	"encoding/json"
	"math"
	"slices"
)

// The map is as invented as the city: it lies in the open Pacific. Its borders are drawn once as lines between the points
// where three areas meet, and each area is put together from the lines around it, so neighbours share every point.

type point [2]float64

// mapCentre and mapScale turn the drawing, a square of 100 units, into degrees.
var (
	mapCentre = point{157.0, 31.0}
	mapScale  = 0.012
)

// knots are where lines end, in units of the drawing.
var knots = map[string]point{
	"J1": {37, 97}, "J2": {98, 44}, "J3": {45, 2}, "J4": {2, 52}, // where districts meet the outside
	"K1": {41, 67}, "K2": {57, 63}, "K3": {58, 43}, "K4": {43, 35}, "K5": {30, 50}, // around the old centre
	"Y": {84, 46}, // eastern end of the zone
}

// border is a line between two knots by way of others.
type border struct {
	from, to string
	by       []point
	rough    float64
}

var borders = map[string]border{
	"north-east": {"J1", "J2", []point{{51, 91}, {63, 98}, {79, 88}, {83, 74}, {97, 67}, {91, 56}}, 1.2},
	"south-east": {"J2", "J3", []point{{89, 31}, {93, 17}, {78, 15}, {68, 3}, {56, 9}}, 1.3},
	"south-west": {"J3", "J4", []point{{36, 12}, {23, 8}, {19, 22}, {5, 27}, {10, 41}}, 1.3},
	"north-west": {"J4", "J1", []point{{11, 62}, {6, 75}, {20, 81}, {24, 93}, {31, 88}}, 1.3},
	"centre-nw":  {"K5", "K1", []point{{36, 56}, {34, 63}}, 0.9},
	"centre-ne":  {"K1", "K2", []point{{48, 64}, {52, 69}}, 0.9},
	"centre-e":   {"K2", "K3", []point{{63, 55}, {59, 49}}, 0.8},
	"centre-s":   {"K3", "K4", []point{{53, 40}, {49, 33}}, 0.9},
	"centre-sw":  {"K4", "K5", []point{{35, 38}, {33, 45}}, 0.9},
	"spoke-n":    {"K1", "J1", []point{{44, 78}, {42, 88}}, 1.1},
	"spoke-e":    {"Y", "J2", []point{{91, 43}}, 0.6},
	"spoke-s":    {"K4", "J3", []point{{40, 25}, {46, 15}}, 1.2},
	"spoke-w":    {"K5", "J4", []point{{21, 48}, {12, 54}}, 1.2},
	"zone-n":     {"K2", "Y", []point{{68, 61}, {73, 66}, {81, 57}}, 0.7},
	"zone-s":     {"K3", "Y", []point{{67, 40}, {73, 35}, {80, 41}}, 0.7},
}

// areas are the lines around each area, one after another; a minus sign walks a line backwards.
var areas = map[string][]string{
	"990102": {"centre-ne", "centre-e", "centre-s", "centre-sw", "centre-nw"},
	"990103": {"north-west", "-spoke-n", "-centre-nw", "spoke-w"},
	"990104": {"north-east", "-spoke-e", "-zone-n", "-centre-ne", "spoke-n"},
	"990105": {"south-east", "-spoke-s", "-centre-s", "zone-s", "spoke-e"},
	"990106": {"south-west", "-spoke-w", "-centre-sw", "spoke-s"},
	"990171": {"zone-n", "-zone-s", "-centre-e"},
}

// GeoJSON gives the map of the districts: one polygon each (RFC 7946), with properties code and name. Neighbours share
// their border point for point.
func (c *City) GeoJSON() []byte {
	type geometry struct {
		Type        string    `json:"type"`
		Coordinates [][]point `json:"coordinates"`
	}
	type feature struct {
		Type       string            `json:"type"`
		Properties map[string]string `json:"properties"`
		Geometry   geometry          `json:"geometry"`
	}
	lines := drawBorders()
	collection := struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}{Type: "FeatureCollection"}
	for i := range c.regions {
		around, ok := areas[c.regions[i].Code]
		if !ok {
			continue
		}
		collection.Features = append(collection.Features, feature{
			Type: "Feature", Properties: map[string]string{"code": c.regions[i].Code, "name": c.regions[i].Name},
			Geometry: geometry{"Polygon", [][]point{ring(lines, around)}},
		})
	}
	b, err := json.Marshal(collection)
	if err != nil {
		return nil // numbers and strings always marshal
	}
	return append(b, '\n')
}

// ring puts the lines around an area together, counter-clockwise and closed.
func ring(lines map[string][]point, around []string) []point {
	var all []point
	for _, name := range around {
		line := lines[name]
		if name[0] == '-' {
			line = slices.Clone(lines[name[1:]])
			slices.Reverse(line)
		}
		all = append(all, line[:len(line)-1]...)
	}
	all = append(all, all[0])
	if area(all) < 0 {
		slices.Reverse(all)
	}
	return all
}

// area is the signed area of a closed ring; positive is counter-clockwise.
func area(ring []point) float64 {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		sum += ring[i-1][0]*ring[i][1] - ring[i][0]*ring[i-1][1]
	}
	return sum / 2
}

// drawBorders roughens every border by displacing midpoints, as rivers and ridges would.
func drawBorders() map[string][]point {
	drawn := make(map[string][]point, len(borders))
	for name, b := range borders {
		r := stream{}
		for _, c := range []byte(name) {
			r.s = mix(r.s, uint64(c))
		}
		line := append(append([]point{knots[b.from]}, b.by...), knots[b.to])
		for depth := range 3 {
			line = roughen(line, b.rough/math.Pow(1.5, float64(depth)), &r)
		}
		for i, p := range line {
			line[i] = point{degrees(mapCentre[0], p[0]), degrees(mapCentre[1], p[1]*0.82)}
		}
		drawn[name] = line
	}
	return drawn
}

func roughen(line []point, rough float64, r *stream) []point {
	finer := make([]point, 0, 2*len(line))
	for i, p := range line {
		if i > 0 {
			q := line[i-1]
			dx, dy := p[0]-q[0], p[1]-q[1]
			push := (r.unit() - 0.5) * 0.36 * rough
			finer = append(finer, point{(p[0]+q[0])/2 - dy*push, (p[1]+q[1])/2 + dx*push})
		}
		finer = append(finer, p)
	}
	return finer
}

func degrees(centre, unit float64) float64 {
	return math.Round((centre+(unit-50)*mapScale)*1e4) / 1e4
}
