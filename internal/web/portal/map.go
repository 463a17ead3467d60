package portal

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// districtMap is the outline of the districts, already projected into the picture.
type districtMap struct {
	width, height float64
	areas         []area
}

type area struct {
	code, name string
	path       string
	x, y       float64 // the middle of the label
}

// errMap refuses a map; its cause says what is wrong.
var errMap = fault.New(fault.Invalid, "portal.map",
	"区划地图不是有效的GeoJSON。", "请提供由Polygon或MultiPolygon组成的FeatureCollection，每个区划在properties中有code和name。")

// Bounds against maps that would make the page heavy or the server work without end.
const (
	mapWidth     = 800.0
	mostAreas    = 500
	mostPoints   = 200_000
	mostMapBytes = 8 << 20
)

type featureCollection struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
}

type feature struct {
	ID         any            `json:"id"`
	Properties map[string]any `json:"properties"`
	Geometry   struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

type ring [][]float64

// parseMap reads GeoJSON (longitude, latitude) and projects it with the cosine of its middle latitude, which is true
// enough for a city.
func parseMap(data []byte) (*districtMap, error) {
	if len(data) > mostMapBytes {
		return nil, errMap.With(fmt.Errorf("more than %d bytes", mostMapBytes))
	}
	var fc featureCollection
	if err := json.Unmarshal(data, &fc); err != nil {
		return nil, errMap.With(err)
	}
	if fc.Type != "FeatureCollection" || len(fc.Features) == 0 || len(fc.Features) > mostAreas {
		return nil, errMap.With(fmt.Errorf("type %.40q with %d features", fc.Type, len(fc.Features)))
	}
	shapes := make([][]ring, len(fc.Features))
	box := newBounds()
	points := 0
	for i, f := range fc.Features {
		rings, err := f.rings()
		if err != nil {
			return nil, errMap.With(fmt.Errorf("feature %d: %w", i, err))
		}
		for _, r := range rings {
			if points += len(r); points > mostPoints {
				return nil, errMap.With(fmt.Errorf("more than %d points", mostPoints))
			}
			if err := box.add(r); err != nil {
				return nil, errMap.With(fmt.Errorf("feature %d: %w", i, err))
			}
		}
		shapes[i] = rings
	}
	if !box.usable() {
		return nil, errMap.With(fmt.Errorf("no area"))
	}
	m := &districtMap{width: mapWidth, height: math.Ceil(mapWidth * box.ratio())}
	for i, f := range fc.Features {
		a := area{code: f.property("code", "adcode", "ADCODE"), name: f.property("name", "NAME")}
		if a.code == "" {
			a.code = text(f.ID)
		}
		a.path, a.x, a.y = box.draw(shapes[i])
		m.areas = append(m.areas, a)
	}
	return m, nil
}

// rings gives the outlines of a feature.
func (f *feature) rings() ([]ring, error) {
	switch f.Geometry.Type {
	case "Polygon":
		var rings []ring
		err := json.Unmarshal(f.Geometry.Coordinates, &rings)
		return rings, err
	case "MultiPolygon":
		var polygons [][]ring
		if err := json.Unmarshal(f.Geometry.Coordinates, &polygons); err != nil {
			return nil, err
		}
		return slices.Concat(polygons...), nil
	default:
		return nil, fmt.Errorf("geometry %.40q", f.Geometry.Type)
	}
}

func (f *feature) property(names ...string) string {
	for _, n := range names {
		if s := text(f.Properties[n]); s != "" {
			return s
		}
	}
	return ""
}

// text writes a JSON string or number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return ""
	}
}

type bounds struct{ west, east, south, north float64 }

func newBounds() *bounds {
	return &bounds{west: math.Inf(1), east: math.Inf(-1), south: math.Inf(1), north: math.Inf(-1)}
}

func (b *bounds) add(r ring) error {
	for _, p := range r {
		if len(p) < 2 || math.Abs(p[0]) > 180 || math.Abs(p[1]) > 85 {
			return fmt.Errorf("a point is no longitude and latitude")
		}
		b.west, b.east = min(b.west, p[0]), max(b.east, p[0])
		b.south, b.north = min(b.south, p[1]), max(b.north, p[1])
	}
	return nil
}

// usable asks for an extent whose picture is neither a line nor a ribbon.
func (b *bounds) usable() bool {
	if !(b.east-b.west > 1e-9) || !(b.north-b.south > 1e-9) {
		return false
	}
	r := b.ratio()
	return r > 0.1 && r < 10
}

func (b *bounds) squeeze() float64 { return math.Cos((b.south + b.north) / 2 * math.Pi / 180) }

// ratio is height over width.
func (b *bounds) ratio() float64 { return (b.north - b.south) / ((b.east - b.west) * b.squeeze()) }

func (b *bounds) project(p []float64) (x, y float64) {
	scale := mapWidth / (b.east - b.west)
	return (p[0] - b.west) * scale, (b.north - p[1]) * scale / b.squeeze()
}

// draw writes rings as a path and finds the place of the label.
func (b *bounds) draw(rings []ring) (path string, x, y float64) {
	var s strings.Builder
	var largest []point
	most := 0.0
	for _, r := range rings {
		if len(r) < 3 {
			continue
		}
		outline := make([]point, len(r))
		for i, p := range r {
			outline[i].x, outline[i].y = b.project(p)
			s.WriteByte("ML"[min(i, 1)])
			s.WriteString(strconv.FormatFloat(outline[i].x, 'f', 1, 64) + " " + strconv.FormatFloat(outline[i].y, 'f', 1, 64))
		}
		s.WriteByte('Z')
		if size, _ := middle(outline); math.Abs(size) > most {
			most, largest = math.Abs(size), outline
		}
	}
	x, y = labelPlace(largest)
	return s.String(), x, y
}

type point struct{ x, y float64 }

// middle gives twice the signed area of an outline and its centre of gravity.
func middle(outline []point) (size float64, c point) {
	last := outline[len(outline)-1]
	for _, p := range outline {
		cross := last.x*p.y - p.x*last.y
		size += cross
		c.x += (last.x + p.x) * cross
		c.y += (last.y + p.y) * cross
		last = p
	}
	if size == 0 {
		return 0, outline[0]
	}
	return size, point{c.x / (3 * size), c.y / (3 * size)}
}

// labelPlace is the middle of the widest stretch that lies inside the outline near its centre of gravity: a label is wide
// and low, and the centre itself may lie outside.
func labelPlace(outline []point) (x, y float64) {
	if len(outline) == 0 {
		return 0, 0
	}
	_, c := middle(outline)
	top, bottom := outline[0].y, outline[0].y
	for _, p := range outline {
		top, bottom = min(top, p.y), max(bottom, p.y)
	}
	x, y = c.x, c.y
	widest := 0.0
	for step := -3; step <= 3; step++ {
		at := c.y + float64(step)*(bottom-top)/20
		from, to := stretch(outline, at)
		// A place away from the centre must be clearly wider to be taken.
		if wide := (to - from) * (1 - 0.04*math.Abs(float64(step))); wide > widest {
			widest, x, y = wide, (from+to)/2, at
		}
	}
	return x, y
}

// stretch gives the widest run at a height that lies inside the outline.
func stretch(outline []point, y float64) (from, to float64) {
	var cuts []float64
	last := outline[len(outline)-1]
	for _, p := range outline {
		if (p.y > y) != (last.y > y) {
			cuts = append(cuts, last.x+(y-last.y)/(p.y-last.y)*(p.x-last.x))
		}
		last = p
	}
	slices.Sort(cuts)
	for i := 0; i+1 < len(cuts); i += 2 {
		if cuts[i+1]-cuts[i] > to-from {
			from, to = cuts[i], cuts[i+1]
		}
	}
	return from, to
}

// drawnArea is an area with its figure.
type drawnArea struct {
	area
	value int
	step  int // 0…5
}

// bin is one step of the legend.
type bin struct {
	step     int
	from, to int
}

// steps is the number of colours for areas that have something.
const steps = 5

// colour gives each area its step by equal ranges from nothing to the largest figure, and the legend of the steps.
func (m *districtMap) colour(rows []publish.RegionCount, value func(publish.RegionCount) int) (areas []drawnArea, legend []bin) {
	byCode := make(map[string]int, len(rows))
	most := 0
	for _, r := range rows {
		byCode[r.Code] = value(r)
	}
	for _, a := range m.areas {
		most = max(most, byCode[a.code])
	}
	width := max(1, niceCeil((most+steps-1)/steps))
	for _, a := range m.areas {
		d := drawnArea{area: a, value: byCode[a.code]}
		if d.value > 0 {
			d.step = min(steps, (d.value-1)/width+1)
		}
		areas = append(areas, d)
	}
	for s := 1; s <= steps && (s-1)*width < most; s++ {
		legend = append(legend, bin{step: s, from: (s-1)*width + 1, to: s * width})
	}
	return areas, legend
}

// niceCeil rounds up to 1, 2, 2.5 or 5 times a power of ten, so that a legend reads well.
func niceCeil(n int) int {
	if n <= 10 {
		return n
	}
	base := 1
	for base*10 <= n {
		base *= 10
	}
	for _, f := range []int{10, 20, 25, 50, 100} {
		if c := f * base / 10; c >= n {
			return c
		}
	}
	return base * 10
}
