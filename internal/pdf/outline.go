package pdf

import (
	"bytes"
	"fmt"
	"strconv"
)

// Flags of a point of a simple glyph.
const (
	onCurve   = 0x01
	xShort    = 0x02
	yShort    = 0x04
	repeated  = 0x08
	xSameOrUp = 0x10 // of a short one: positive
	ySameOrUp = 0x20
)

// fine is how many parts a font unit has in a path: midpoints and the control points of cubics are whole numbers in it.
const fine = 6

// point is a point of a contour, in parts of a font unit.
type point struct {
	x, y int
	on   bool
}

// contours reads a simple glyph; a composite one is not read.
func (f *Font) contours(glyph uint16) ([][]point, error) {
	raw, err := f.outline(glyph)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	broken := fmt.Errorf("%w: an outline that cannot be drawn", ErrFont)
	n := 0
	if len(raw) < 10 {
		return nil, broken
	}
	if n = beS16(raw, 0); n < 0 || len(raw) < 12+2*n {
		return nil, broken
	}
	if n == 0 {
		return nil, nil
	}
	total := be16(raw, 10+2*(n-1)) + 1
	at := 12 + 2*n + be16(raw, 10+2*n)
	flags, at, ok := pointFlags(raw, at, total)
	if !ok {
		return nil, broken
	}
	points := make([]point, total)
	if at, ok = coordinates(raw, at, flags, xShort, xSameOrUp, func(i, v int) { points[i].x = v * fine }); !ok {
		return nil, broken
	}
	if _, ok = coordinates(raw, at, flags, yShort, ySameOrUp, func(i, v int) { points[i].y = v * fine }); !ok {
		return nil, broken
	}
	for i := range points {
		points[i].on = flags[i]&onCurve != 0
	}
	var out [][]point
	from := 0
	for i := range n {
		to := be16(raw, 10+2*i) + 1
		if to < from || to > total {
			return nil, broken
		}
		out, from = append(out, points[from:to]), to
	}
	return out, nil
}

func pointFlags(raw []byte, at, total int) (flags []byte, next int, ok bool) {
	flags = make([]byte, 0, total)
	for len(flags) < total {
		if at >= len(raw) {
			return nil, 0, false
		}
		flag, times := raw[at], 1
		at++
		if flag&repeated != 0 {
			if at >= len(raw) {
				return nil, 0, false
			}
			times += int(raw[at])
			at++
		}
		for range min(times, total-len(flags)) {
			flags = append(flags, flag)
		}
	}
	return flags, at, true
}

// coordinates reads one coordinate of each point: steps from the point before.
func coordinates(raw []byte, at int, flags []byte, short, same byte, set func(i, v int)) (next int, ok bool) {
	v := 0
	for i, flag := range flags {
		switch {
		case flag&short != 0:
			if at >= len(raw) {
				return 0, false
			}
			step := int(raw[at])
			if at++; flag&same == 0 {
				step = -step
			}
			v += step
		case flag&same == 0:
			if at+2 > len(raw) {
				return 0, false
			}
			v += beS16(raw, at)
			at += 2
		}
		set(i, v)
	}
	return at, true
}

// draw writes contours as a path; the curves of TrueType are of the second order, those of PDF of the third.
func draw(w *bytes.Buffer, contours [][]point) {
	put := func(op string, list ...point) {
		for _, p := range list {
			w.WriteString(strconv.Itoa(p.x) + " " + strconv.Itoa(p.y) + " ")
		}
		w.WriteString(op + "\n")
	}
	for _, c := range contours {
		if len(c) < 2 {
			continue
		}
		c = beginOn(c)
		now := c[0]
		put("m", now)
		for i := 1; i <= len(c); i++ {
			p := c[i%len(c)]
			if p.on {
				if i < len(c) {
					put("l", p)
				}
				now = p
				continue
			}
			next := c[(i+1)%len(c)]
			if next.on {
				i++
			} else {
				next = between(p, next)
			}
			put("c", third(now, p), third(next, p), next)
			now = next
		}
		w.WriteString("h\n")
	}
}

// beginOn turns a contour so that it begins on the curve.
func beginOn(c []point) []point {
	for i := range c {
		if c[i].on {
			return append(append(make([]point, 0, len(c)), c[i:]...), c[:i]...)
		}
	}
	return append([]point{between(c[len(c)-1], c[0])}, c...)
}

func between(a, b point) point { return point{(a.x + b.x) / 2, (a.y + b.y) / 2, true} }

// third is the control point of a cubic that is the curve from an end with one control point.
func third(end, control point) point {
	return point{end.x + (control.x-end.x)*2/3, end.y + (control.y-end.y)*2/3, true}
}

// watermark draws the text across a page, repeated, at 30 degrees, so light that what stands before it stays readable. It is drawn as outlines: whoever takes the
// text out of a page would find its characters among those of the lines that it crosses.
func (b *Builder) watermark() []byte {
	const size = 22 * Pt
	wide := b.textWidth(b.options.Watermark, size, false)
	var w bytes.Buffer
	w.WriteString("0.925 g\n")
	for row := range 4 {
		w.WriteString("q 0.866 0.5 -0.5 0.866 ")
		numbers(&w, pageWidth/2-wide*433/1000, Length(130+row*200)*Pt-wide/4)
		w.WriteString("cm\n")
		x := Length(0)
		for _, r := range b.options.Watermark {
			use, _ := b.face(r, false)
			if use == nil {
				return nil // b has the error
			}
			contours, err := use.font.contours(use.font.glyph(r))
			if err != nil {
				contours = nil // a font that composes its digits of parts leaves them out here; the number stands at the head of every page
			}
			scale := strconv.FormatFloat(float64(size)/float64(Pt)/float64(use.font.unitsPerEm*fine), 'f', 8, 64)
			w.WriteString("q " + scale + " 0 0 " + scale + " ")
			numbers(&w, x, 0)
			w.WriteString("cm\n")
			draw(&w, contours)
			w.WriteString("f Q\n")
			x += b.width(r, size, false)
		}
		w.WriteString("Q\n")
	}
	return w.Bytes()
}

// watermarkObject adds the watermark once for all pages; "" when there is none.
func (b *Builder) watermarkObject(o *objects) (resource string, err error) {
	if b.options.Watermark == "" {
		return "", nil
	}
	content := b.watermark()
	if b.err != nil {
		return "", b.err
	}
	n, err := o.stream(" /Type /XObject /Subtype /Form /BBox [0 0 595.276 841.89] /Resources <<>>", content, false)
	if err != nil {
		return "", err
	}
	return " /XObject <</Watermark " + ref(n) + ">>", nil
}
