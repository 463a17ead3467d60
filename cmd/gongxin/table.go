package main

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// gap stands between two columns.
const gap = 2

// table lays lines with tabs out in columns as wide as a terminal shows them, where a Chinese character takes two places. Lines without a tab end a block of
// columns. Nothing is written before Flush.
type table struct {
	out  io.Writer
	text bytes.Buffer
}

func newTable(out io.Writer) *table { return &table{out: out} }

// Write takes text in.
func (t *table) Write(p []byte) (int, error) { return t.text.Write(p) }

// Flush writes what was taken in.
func (t *table) Flush() error {
	var out strings.Builder
	var block [][]string
	end := func() {
		layOut(&out, block)
		block = nil
	}
	said := t.text.String()
	t.text.Reset()
	for line := range strings.Lines(said) {
		text, whole := strings.CutSuffix(line, "\n")
		if cells := strings.Split(text, "\t"); len(cells) > 1 {
			block = append(block, cells)
			continue
		}
		end()
		out.WriteString(text)
		if whole {
			out.WriteByte('\n')
		}
	}
	end()
	_, err := io.WriteString(t.out, out.String())
	return err
}

// layOut writes a block of lines. The last cell of a line has nothing behind it.
func layOut(out *strings.Builder, block [][]string) {
	var widths []int
	for _, cells := range block {
		for i, cell := range cells[:len(cells)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], places(cell))
		}
	}
	for _, cells := range block {
		last := len(cells) - 1
		for last > 0 && cells[last] == "" {
			last--
		}
		for i, cell := range cells[:last] {
			out.WriteString(cell + strings.Repeat(" ", widths[i]-places(cell)+gap))
		}
		out.WriteString(cells[last] + "\n")
	}
}

// places is how many places of a terminal a text takes.
func places(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
