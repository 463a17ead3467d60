package pdf

import (
	"strings"
	"unicode"
)

// What may not stand at the start of a line, and what not at its end (GB/T 15834 on punctuation, in the spirit of JIS X 4051).
const (
	notFirst = "、。，．：；？！…—～·・）〕】》〉」』〗〙”’％‰℃°々" + ",.:;?!)]}%>" + "︰﹐﹑﹒﹔﹕﹖﹗﹚﹜﹞､｡｣"
	notLast  = "（〔【《〈「『〖〘“‘￥＄№＃" + "([{<$#" + "﹙﹛﹝｢"
)

var (
	first = runeSet(notFirst)
	last  = runeSet(notLast)
)

func runeSet(s string) map[rune]bool {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return m
}

// wordPart reports whether a character belongs to a run that is not broken: letters of alphabets, digits, and what joins them in numbers and codes.
func wordPart(r rune) bool {
	switch {
	case r < 0x80:
		return r > ' ' && !first[r] && !last[r] || r == '.' || r == ',' || r == ':'
	case r >= 0x2e80: // CJK and beyond
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// canBreak reports whether a line may end between two characters.
func canBreak(a, b rune) bool {
	switch {
	case b == ' ':
		return false
	case a == ' ':
		return true
	case first[b] || last[a]:
		return false
	case unicode.Is(unicode.Mn, b) || unicode.Is(unicode.Me, b):
		return false
	case wordPart(a) && wordPart(b):
		return (a == '/' || a == '-' || a == '_' || a == '&' || a == '=') && unicode.IsLetter(b)
	}
	return true
}

// clean makes one kind of space, keeps line feeds, and drops what is invisible and has no glyph.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r', r == 0xad, r == 0xfeff, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2064,
			r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
			return -1
		case r == '\t', r != 0x3000 && unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
}

// lines breaks a text into lines that are no wider than width; a single character that is wider stands alone. measure gives a character's width.
func lines(text string, width Length, measure func(rune) Length) []string {
	var out []string
	for paragraph := range strings.SplitSeq(clean(text), "\n") {
		out = breakParagraph(out, []rune(paragraph), width, measure)
	}
	return out
}

func breakParagraph(out []string, text []rune, width Length, measure func(rune) Length) []string {
	begin, opportunity := 0, 0 // a line may end before text[opportunity], if that is behind begin
	var wide Length
	for i := 0; i < len(text); {
		if i > begin && canBreak(text[i-1], text[i]) {
			opportunity = i
		}
		w := measure(text[i])
		if wide+w <= width || i == begin || text[i] == ' ' {
			wide += w
			i++
			continue
		}
		cut := opportunity
		if cut <= begin {
			cut = i // nothing may be broken: break anyway, so that every line ends
		}
		out = append(out, strings.TrimRight(string(text[begin:cut]), " "))
		for cut < len(text) && text[cut] == ' ' {
			cut++
		}
		begin, i, wide, opportunity = cut, cut, 0, cut
	}
	return append(out, strings.TrimRight(string(text[begin:]), " "))
}
