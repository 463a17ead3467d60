package pdf

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"
)

// Options are what a document is made with.
type Options struct {
	Title     string
	Author    string
	Subject   string
	Creator   string
	Lang      string // zh-CN when empty
	At        time.Time
	Regular   []*Font // the first that has a character sets it
	Bold      []*Font // Regular when empty
	Header    string  // at the top of every page, left
	HeaderEnd string  // right
	Footer    string  // at the foot, left; the page number stands right
	Watermark string  // across every page, light, behind the text
}

// Margins and what stands in them.
const (
	left         = 57 * Pt
	right        = 57 * Pt
	top          = 68 * Pt
	bottom       = 62 * Pt
	contentWidth = pageWidth - left - right
)

// Builder lays a document out from top to bottom. The first error stays and Bytes gives it.
type Builder struct {
	options Options
	faces   map[*Font]*face
	order   []*face
	pages   []*page
	page    *page
	y       Length // where the next thing begins, from the top
	root    *element
	outline []bookmark
	files   []attachment
	sign    *Signer
	err     error
}

// page is a page on its way: content in three layers, and which element each marked piece belongs to.
type page struct {
	under  bytes.Buffer // watermark
	buf    bytes.Buffer
	marked []*element
	number int
}

// face is a font with what of it a document uses. Every character gets a number of its own, also where two share a glyph, so that text comes out as it
// went in.
type face struct {
	font   *Font
	name   string
	ids    map[rune]uint16
	runes  []rune
	glyphs []uint16
}

// element is a node of the structure tree.
type element struct {
	role   string
	parent *element
	kids   []kid
	alt    string
	attrs  string
	object int
}

// kid is a child element, or a marked piece of a page.
type kid struct {
	element *element
	page    *page
	mcid    int
}

type bookmark struct {
	title string
	level int
	page  *page
	y     Length
}

type attachment struct {
	name, mime, description string
	data                    []byte
}

// New begins a document.
func New(o Options) *Builder {
	if o.Lang == "" {
		o.Lang = "zh-CN"
	}
	if len(o.Bold) == 0 {
		o.Bold = o.Regular
	}
	b := &Builder{options: o, faces: map[*Font]*face{}, root: &element{role: "Document"}}
	if len(o.Regular) == 0 {
		b.err = ErrFont
		return b
	}
	b.newPage()
	return b
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *Builder) newPage() {
	b.page = &page{number: len(b.pages)}
	b.pages = append(b.pages, b.page)
	b.y = top
}

// room is the height left on the page.
func (b *Builder) room() Length { return pageHeight - bottom - b.y }

// need begins a page when less than h is left.
func (b *Builder) need(h Length) {
	if b.room() < h && b.y > top {
		b.newPage()
	}
}

// Skip leaves vertical space; none at the top of a page.
func (b *Builder) Skip(h Length) {
	if b.y > top {
		b.y = min(b.y+h, pageHeight-bottom)
	}
}

func (b *Builder) fonts(bold bool) []*Font {
	if bold {
		return b.options.Bold
	}
	return b.options.Regular
}

// face finds the font that sets a character, and its number there.
func (b *Builder) face(r rune, bold bool) (*face, uint16) {
	for _, f := range b.fonts(bold) {
		glyph := f.glyph(r)
		if glyph == 0 {
			continue
		}
		use := b.faces[f]
		if use == nil {
			use = &face{font: f, name: "F" + strconv.Itoa(len(b.order)+1), ids: map[rune]uint16{}, runes: []rune{0}, glyphs: []uint16{0}}
			b.faces[f] = use
			b.order = append(b.order, use)
		}
		id, have := use.ids[r]
		if !have {
			id = uint16(len(use.glyphs))
			use.ids[r] = id
			use.runes, use.glyphs = append(use.runes, r), append(use.glyphs, glyph)
		}
		return use, id
	}
	b.fail(&MissingGlyph{r})
	return nil, 0
}

// width measures a character.
func (b *Builder) width(r rune, size Length, bold bool) Length {
	use, id := b.face(r, bold)
	if use == nil {
		return size
	}
	return Length(use.font.perMille(use.font.advance(use.glyphs[id]))) * size / 1000
}

func (b *Builder) textWidth(s string, size Length, bold bool) (w Length) {
	for _, r := range s {
		w += b.width(r, size, bold)
	}
	return w
}

// wrap breaks a text into lines.
func (b *Builder) wrap(text string, width, size Length, bold bool) []string {
	return lines(text, width, func(r rune) Length { return b.width(r, size, bold) })
}

// number writes a length in points.
func number(w *bytes.Buffer, l Length) {
	if l < 0 {
		w.WriteByte('-')
		l = -l
	}
	w.WriteString(strconv.FormatInt(int64(l/1000), 10))
	if rest := int64(l % 1000); rest != 0 {
		text := strconv.FormatInt(1000+rest, 10)[1:]
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		w.WriteByte('.')
		w.WriteString(text)
	}
	w.WriteByte(' ')
}

func numbers(w *bytes.Buffer, list ...Length) {
	for _, l := range list {
		number(w, l)
	}
}

// ink is what text is set in.
type ink struct {
	size Length
	bold bool
	gray string // 0 black … 1 white
}

// show sets one line with its baseline at y from the top.
func (b *Builder) show(w *bytes.Buffer, s string, x, y Length, k ink) {
	if s == "" {
		return
	}
	w.WriteString("BT ")
	if k.gray != "" {
		w.WriteString(k.gray + " g ")
	}
	w.WriteString("1 0 0 1 ")
	numbers(w, x, pageHeight-y)
	w.WriteString("Tm ")
	b.runs(w, s, k)
	w.WriteString("ET\n")
	if k.gray != "" {
		w.WriteString("0 g\n")
	}
}

// runs writes a text as pieces of one font each.
func (b *Builder) runs(w *bytes.Buffer, s string, k ink) {
	var current *face
	var codes []byte
	flush := func() {
		if current != nil && len(codes) > 0 {
			w.WriteString("/" + current.name + " ")
			number(w, k.size)
			w.WriteString("Tf <")
			w.WriteString(hex.EncodeToString(codes))
			w.WriteString("> Tj ")
		}
		codes = codes[:0]
	}
	for _, r := range s {
		use, id := b.face(r, k.bold)
		if use == nil {
			return
		}
		if use != current {
			flush()
			current = use
		}
		codes = append(codes, byte(id>>8), byte(id))
	}
	flush()
}

// child makes an element within another.
func (e *element) child(role string) *element {
	c := &element{role: role, parent: e}
	e.kids = append(e.kids, kid{element: c})
	return c
}

// mark puts what draw writes on this page under an element.
func (b *Builder) mark(e *element, draw func(w *bytes.Buffer)) {
	p := b.page
	n := len(p.marked)
	p.marked = append(p.marked, e)
	e.kids = append(e.kids, kid{page: p, mcid: n})
	p.buf.WriteString("/" + e.role + " <</MCID " + strconv.Itoa(n) + ">> BDC\n")
	draw(&p.buf)
	p.buf.WriteString("EMC\n")
}

// artifact writes what is no content: lines, backgrounds, repeated heads.
func (b *Builder) artifact(w *bytes.Buffer, kind string, draw func(w *bytes.Buffer)) {
	if kind == "" {
		w.WriteString("/Artifact BMC\n")
	} else {
		w.WriteString("/Artifact <<" + kind + ">> BDC\n")
	}
	draw(w)
	w.WriteString("EMC\n")
}

// Align says where a line stands.
type Align uint8

// The alignments.
const (
	Start Align = iota
	Center
	End
)

// Style is how a paragraph is set; the zero value is the text size, black, from the left.
type Style struct {
	Size  Length // 10 pt when zero
	Bold  bool
	Align Align
	Gray  bool
	After Length // space below
	Width Length // the whole width when zero
}

const textSize = 10 * Pt

// leading is the distance of baselines.
func leading(size Length) Length { return size * 3 / 2 }

// Heading begins a part; levels 1 to 3 become H1 to H3 and bookmarks.
func (b *Builder) Heading(level int, text string) {
	level = max(1, min(level, 3))
	sizes := [...]Length{18 * Pt, 13 * Pt, 10500}
	size := sizes[level-1]
	list := b.wrap(text, contentWidth, size, true)
	if level > 1 {
		b.Skip(size * 3 / 4)
	}
	b.need(leading(size)*Length(len(list)) + Length(170-40*level)*Pt) // never alone at the foot of a page, nor with the heading below it alone
	b.outline = append(b.outline, bookmark{title: clean(text), level: level, page: b.page, y: b.y})
	align := Start
	if level == 1 {
		align = Center
	}
	b.paragraph("H"+strconv.Itoa(level), list, Style{Size: size, Bold: true, Align: align, After: size / 3})
}

// Para sets a paragraph.
func (b *Builder) Para(text string, s Style) {
	if s.Size == 0 {
		s.Size = textSize
	}
	width := s.Width
	if width == 0 {
		width = contentWidth
	}
	b.paragraph("P", b.wrap(text, width, s.Size, s.Bold), s)
}

func (b *Builder) paragraph(role string, list []string, s Style) {
	e := b.root.child(role)
	step := leading(s.Size)
	for len(list) > 0 {
		b.need(step)
		n := min(len(list), max(1, int(b.room()/step)))
		from := b.y
		b.mark(e, func(w *bytes.Buffer) {
			for i, line := range list[:n] {
				b.show(w, line, b.indent(line, s), from+Length(i)*step+s.Size*11/10, s.ink())
			}
		})
		b.y += Length(n) * step
		if list = list[n:]; len(list) > 0 {
			b.newPage()
		}
	}
	b.Skip(s.After)
}

func (s *Style) ink() ink {
	k := ink{size: s.Size, bold: s.Bold}
	if s.Gray {
		k.gray = "0.36"
	}
	return k
}

func (b *Builder) indent(line string, s Style) Length {
	width := s.Width
	if width == 0 {
		width = contentWidth
	}
	switch s.Align {
	case Center:
		return left + (width-b.textWidth(line, s.Size, s.Bold))/2
	case End:
		return left + width - b.textWidth(line, s.Size, s.Bold)
	default:
		return left
	}
}

// Modules is a picture of square modules, such as a QR code.
type Modules struct {
	Size  int
	Black func(x, y int) bool
}

// Corner puts a picture of modules with a caption at the right margin, beside what follows; alt says what it is for those who do not see it.
func (b *Builder) Corner(m Modules, side Length, alt, caption string) {
	b.need(side + 20*Pt)
	e := b.root.child("Figure")
	e.alt = alt
	x0, y0 := Length(pageWidth)-right-side, b.y
	e.attrs = "/O /Layout /Placement /Block /BBox [" + box(x0, pageHeight-y0-side, x0+side, pageHeight-y0) + "]"
	b.mark(e, func(w *bytes.Buffer) { drawModules(w, m, x0, y0, side) })
	c := b.root.child("P")
	const size = 7500
	b.mark(c, func(w *bytes.Buffer) {
		for i, line := range b.wrap(caption, side+10*Pt, size, false) {
			b.show(w, line, x0+(side-b.textWidth(line, size, false))/2, y0+side+(10+Length(i)*10)*Pt, ink{size: size, gray: "0.36"})
		}
	})
}

func box(list ...Length) string {
	var w bytes.Buffer
	numbers(&w, list...)
	return string(bytes.TrimSpace(w.Bytes()))
}

// drawModules fills runs of black modules, one path for the whole picture.
func drawModules(w *bytes.Buffer, m Modules, x0, y0, side Length) {
	if m.Size <= 0 {
		return
	}
	at := func(i int) Length { return side * Length(i) / Length(m.Size) }
	for y := range m.Size {
		for x := 0; x < m.Size; x++ {
			if !m.Black(x, y) {
				continue
			}
			from := x
			for x < m.Size && m.Black(x, y) {
				x++
			}
			numbers(w, x0+at(from), pageHeight-y0-at(y+1), at(x)-at(from), at(y+1)-at(y))
			w.WriteString("re\n")
		}
	}
	w.WriteString("f\n")
}

// Attach puts a file into the document.
func (b *Builder) Attach(name, mime, description string, data []byte) {
	b.files = append(b.files, attachment{name, mime, description, data})
}
