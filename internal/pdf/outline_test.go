package pdf

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A square is drawn as four lines, and curves as cubics that run through the same points.
func TestDraw(t *testing.T) {
	t.Parallel()
	contours, err := parsed(t, tinyFont()).contours(1)
	if err != nil || len(contours) != 1 || len(contours[0]) != 4 {
		t.Fatal(contours, err)
	}
	var w bytes.Buffer
	draw(&w, contours)
	if diff := cmp.Diff("0 0 m\n3000 0 l\n3000 3000 l\n0 3000 l\nh\n", w.String()); diff != "" {
		t.Error(diff)
	}
	w.Reset()
	draw(&w, [][]point{{{0, 0, true}, {6, 12, false}, {12, 0, true}}, {{0, 0, false}, {12, 0, false}, {12, 12, false}, {0, 12, false}}})
	want := "0 0 m\n4 8 8 8 12 0 c\nh\n0 6 m\n0 2 2 0 6 0 c\n10 0 12 2 12 6 c\n12 10 10 12 6 12 c\n2 12 0 10 0 6 c\nh\n"
	if diff := cmp.Diff(want, w.String()); diff != "" {
		t.Error(diff)
	}
}

// The cubic of a quadratic curve is that curve.
func TestThird(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		at := func(name string) point {
			return point{fine * rapid.IntRange(-2000, 2000).Draw(r, name), fine * rapid.IntRange(-2000, 2000).Draw(r, name), true}
		}
		a, q, b := at("a"), at("q"), at("b")
		c, d := third(a, q), third(b, q)
		u := rapid.Float64Range(0, 1).Draw(r, "u")
		square := (1-u)*(1-u)*float64(a.x) + 2*u*(1-u)*float64(q.x) + u*u*float64(b.x)
		cubic := (1-u)*(1-u)*(1-u)*float64(a.x) + 3*u*(1-u)*(1-u)*float64(c.x) + 3*u*u*(1-u)*float64(d.x) + u*u*u*float64(b.x)
		if math.Abs(square-cubic) > 1e-6 {
			r.Fatalf("%v and %v", square, cubic)
		}
	})
}

// What is no outline is refused and never read past its end.
func FuzzContours(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 9, 0, 9, 0, 2, 0, 0, 1, 0x37, 9, 9, 9})
	f.Add([]byte{0xff, 0xff, 0, 0, 0, 0, 0, 9, 0, 9, 0, 1})
	f.Fuzz(func(t *testing.T, glyf []byte) {
		font := parsed(t, tinyFont())
		if len(glyf) > 1<<16 {
			return
		}
		font.glyf, font.longLoca = glyf, true
		font.loca = []byte{0, 0, 0, 0, 0, byte(len(glyf) >> 16), byte(len(glyf) >> 8), byte(len(glyf))}
		contours, err := font.contours(0)
		if err != nil {
			return
		}
		var w bytes.Buffer
		draw(&w, contours)
		n := 0
		for _, c := range contours {
			n += len(c)
		}
		if w.Len() > 200*(n+len(contours)+1) {
			t.Errorf("%d points make %d bytes", n, w.Len())
		}
	})
}
