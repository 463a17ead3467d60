package sheet

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// bookStyles are the cell formats; all are text.
type bookStyles struct{ title, header, text, bad, warned, reason, bold, wrap int }

func (b *errorBook) makeStyles() error {
	const asText = 49 // the built-in format @
	border := []excelize.Border{
		{Type: "left", Color: "D9D9D9", Style: 1},
		{Type: "right", Color: "D9D9D9", Style: 1},
		{Type: "top", Color: "D9D9D9", Style: 1},
		{Type: "bottom", Color: "D9D9D9", Style: 1},
	}
	fill := func(colour string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
	}
	top := &excelize.Alignment{Vertical: "top"}
	wrap := &excelize.Alignment{Vertical: "top", WrapText: true}
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&b.styles.title, excelize.Style{NumFmt: asText, Font: &excelize.Font{Bold: true, Size: 12}}},
		{&b.styles.header, excelize.Style{NumFmt: asText, Font: &excelize.Font{Bold: true}, Fill: fill("DDE7F3"), Border: border, Alignment: wrap}},
		{&b.styles.text, excelize.Style{NumFmt: asText, Alignment: top}},
		{&b.styles.bad, excelize.Style{NumFmt: asText, Fill: fill("FFC7CE"), Border: border, Alignment: top}},
		{&b.styles.warned, excelize.Style{NumFmt: asText, Fill: fill("FFEB9C"), Border: border, Alignment: top}},
		{&b.styles.reason, excelize.Style{NumFmt: asText, Font: &excelize.Font{Color: "9C0006"}, Alignment: wrap}},
		{&b.styles.bold, excelize.Style{NumFmt: asText, Font: &excelize.Font{Bold: true, Size: 14}}},
		{&b.styles.wrap, excelize.Style{NumFmt: asText, Border: border, Alignment: wrap}},
	} {
		id, err := b.f.NewStyle(&s.style)
		if err != nil {
			return err
		}
		*s.id = id
	}
	return nil
}

// reasonText lists all reasons of a row, numbered, with the place in the sender's own file.
func (b *errorBook) reasonText(row *Row, marks []Mark) string {
	t := b.text[:0]
	t = fmt.Appendf(t, "原文件第 %d 行：", row.Line)
	for i, m := range marks {
		if utf8.RuneCount(t) > cellChars {
			t = fmt.Appendf(t, "\n（其余 %d 条略）", len(marks)-i)
			break
		}
		t = fmt.Appendf(t, "\n%d. 【%d】", i+1, m.Code)
		if p := b.placeOf(m.Column); p >= 0 && b.names[p] != "" {
			t = fmt.Appendf(t, "%s：", b.names[p])
		}
		t = append(t, sentence(m)...)
	}
	b.text = t
	return string(t)
}

func sentence(m Mark) string {
	s := strings.TrimRight(m.Message, "。；")
	if m.Severity == Warning {
		s = "（提醒）" + s
	}
	if m.Fix != "" {
		s += "。改法：" + strings.TrimRight(m.Fix, "。")
	}
	return s
}

// comment hangs the reasons of each bad cell on it, as long as there is room for comments.
func (b *errorBook) comment(marks []Mark) error {
	for i, m := range marks {
		p := b.placeOf(m.Column)
		if p < 0 || marked(marks[:i], m.Column) {
			continue
		}
		if b.comments >= b.o.MaxComments {
			b.uncomments++
			continue
		}
		var lines []string
		for _, other := range marks[i:] {
			if other.Column == m.Column {
				lines = append(lines, fmt.Sprintf("【%d】%s", other.Code, sentence(other)))
			}
		}
		cell, err := excelize.CoordinatesToCellName(p+1, b.row)
		if err != nil {
			return err
		}
		text := strings.Join(lines, "\n")
		err = b.f.AddComment(b.sheet, excelize.Comment{
			Cell: cell, Author: author, Paragraph: []excelize.RichTextRun{{Text: text}},
			Width: 320, Height: uint(40 + 18*(len(lines)+utf8.RuneCountInString(text)/20)),
		})
		if err != nil {
			return err
		}
		b.comments++
	}
	return nil
}

func marked(marks []Mark, column int) bool {
	for _, m := range marks {
		if m.Column == column {
			return true
		}
	}
	return false
}
