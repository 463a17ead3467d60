package pdf

import (
	"bytes"
	"strings"
)

// Cell is one cell of a table. A label is a heading of its row.
type Cell struct {
	Text  string
	Label bool
	Bold  bool
	Span  int // columns; 1 when zero
}

// Table has columns of these widths (in proportion), a head that is repeated on every page, and rows that may break over pages.
type Table struct {
	Columns []int
	Head    []string
	Rows    [][]Cell
	Size    Length // of the text; 9 pt when zero
	Width   Length // the whole width when zero
	Summary string // what the table holds, for those who hear it
}

const (
	padX = 4 * Pt
	padY = 3500
)

// laid is a row after its texts were broken into lines.
type laid struct {
	cells []laidCell
	lines int // of the highest cell
}

type laidCell struct {
	x, width Length
	lines    []string
	role     string
	bold     bool
	shade    bool
	element  *element
}

type tableState struct {
	*Table
	edges []Length
	step  Length
	head  laid
}

// Table sets a table.
func (b *Builder) Table(t Table) {
	if len(t.Columns) == 0 || len(t.Rows) == 0 {
		return
	}
	if t.Size == 0 {
		t.Size = 9 * Pt
	}
	if t.Width == 0 {
		t.Width = contentWidth
	}
	s := &tableState{Table: &t, step: t.Size * 7 / 5}
	sum := 0
	for _, c := range t.Columns {
		sum += c
	}
	at := 0
	for _, c := range t.Columns {
		s.edges = append(s.edges, left+t.Width*Length(at)/Length(sum))
		at += c
	}
	s.edges = append(s.edges, left+t.Width)

	e := b.root.child("Table")
	if t.Summary != "" {
		e.attrs = "/O /Table /Summary " + text(t.Summary)
	}
	if len(t.Head) > 0 {
		cells := make([]Cell, len(t.Head))
		for i, h := range t.Head {
			cells[i] = Cell{Text: h, Bold: true, Label: true}
		}
		s.head = b.layRow(s, cells)
		b.need(s.height(&s.head) + 2*s.step + 2*padY)
		for i := range s.head.cells {
			s.head.cells[i].role = "TH"
		}
		b.drawHead(s, e.child("THead").child("TR"))
		e = e.child("TBody")
	}
	rows := make([]laid, len(t.Rows))
	for i, cells := range t.Rows {
		rows[i] = b.layRow(s, cells)
	}
	for i := range rows {
		b.together(s, rows, i)
		b.drawRow(s, e, &rows[i])
	}
	b.Skip(6 * Pt)
}

// together begins a page where a break would leave a table's first row or its last one alone.
func (b *Builder) together(s *tableState, rows []laid, i int) {
	n := 0
	switch {
	case i == 0:
		n = min(3, len(rows))
	case i == len(rows)-2:
		n = 2
	}
	var h Length
	for k := range n {
		h += s.height(&rows[i+k])
	}
	if n > 1 && h > b.room() && h < (pageHeight-top-bottom)/2 && b.y > top {
		b.newPage()
		if i > 0 {
			b.drawHead(s, nil)
		}
	}
}

func (s *tableState) height(r *laid) Length { return s.step*Length(r.lines) + 2*padY }

func (b *Builder) layRow(s *tableState, cells []Cell) laid {
	var r laid
	column := 0
	for _, c := range cells {
		span := max(1, c.Span)
		if column >= len(s.Columns) {
			break
		}
		end := min(column+span, len(s.Columns))
		x, width := s.edges[column], s.edges[end]-s.edges[column]
		column = end
		l := laidCell{x: x, width: width, lines: b.wrap(c.Text, width-2*padX, s.Size, c.Bold), role: "TD", bold: c.Bold, shade: c.Label}
		if c.Label {
			l.role = "TH"
		}
		r.cells = append(r.cells, l)
		r.lines = max(r.lines, len(l.lines))
	}
	return r
}

// drawHead sets the head; on later pages it is repeated as an artifact, so that whoever listens hears it once.
func (b *Builder) drawHead(s *tableState, tr *element) {
	if len(s.head.cells) == 0 {
		return
	}
	h := s.height(&s.head)
	b.frame(s, &s.head, h)
	for i := range s.head.cells {
		c := &s.head.cells[i]
		if tr == nil {
			b.artifact(&b.page.buf, "/Type /Pagination", func(w *bytes.Buffer) { b.cellText(w, s, c, c.lines) })
			continue
		}
		th := tr.child("TH")
		th.attrs = "/O /Table /Scope /Column"
		b.mark(th, func(w *bytes.Buffer) { b.cellText(w, s, c, c.lines) })
	}
	b.y += h
}

// drawRow sets a row, over several pages when one cannot hold it.
func (b *Builder) drawRow(s *tableState, table *element, r *laid) {
	tr := table.child("TR")
	for i := range r.cells {
		c := &r.cells[i]
		c.element = tr.child(c.role)
		if c.role == "TH" {
			c.element.attrs = "/O /Table /Scope /Row"
		}
	}
	whole := Length(pageHeight) - top - bottom
	if len(s.head.cells) > 0 {
		whole -= s.height(&s.head)
	}
	for done := 0; done < r.lines; {
		rest := r.lines - done
		h := s.step*Length(rest) + 2*padY
		if h > b.room() && (h <= whole || b.room() < 2*s.step+2*padY) && b.y > top {
			b.newPage()
			b.drawHead(s, nil)
		}
		n := min(rest, max(1, int((b.room()-2*padY)/s.step)))
		h = s.step*Length(n) + 2*padY
		b.frame(s, r, h)
		for i := range r.cells {
			c := &r.cells[i]
			if done >= len(c.lines) && done > 0 {
				continue
			}
			part := c.lines[min(done, len(c.lines)):min(done+n, len(c.lines))]
			if len(strings.Join(part, "")) == 0 {
				continue
			}
			b.mark(c.element, func(w *bytes.Buffer) { b.cellText(w, s, c, part) })
		}
		b.y += h
		done += n
	}
}

func (b *Builder) cellText(w *bytes.Buffer, s *tableState, c *laidCell, list []string) {
	k := ink{size: s.Size, bold: c.bold}
	for i, line := range list {
		b.show(w, line, c.x+padX, b.y+padY+s.step*Length(i)+s.Size, k)
	}
}

// frame draws shades and lines of a row.
func (b *Builder) frame(s *tableState, r *laid, h Length) {
	b.artifact(&b.page.buf, "", func(w *bytes.Buffer) {
		y := pageHeight - b.y - h
		for i := range r.cells {
			if c := &r.cells[i]; c.shade {
				w.WriteString("0.945 0.953 0.965 rg ")
				numbers(w, c.x, y, c.width, h)
				w.WriteString("re f\n")
			}
		}
		w.WriteString("0 g 0.72 G 0.4 w\n")
		for i := range r.cells {
			c := &r.cells[i]
			numbers(w, c.x, y, c.width, h)
			w.WriteString("re\n")
		}
		w.WriteString("S 0 G\n")
	})
}
