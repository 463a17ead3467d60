package ident

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold brings an identifier to half width and upper case and takes out every blank, the invisible ones
// included. What is normal already comes back as it is.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= utf8.RuneSelf || c >= 'a' && c <= 'z' || c == 0x7f {
			return foldFrom(s, i)
		}
	}
	return s
}

func foldFrom(s string, clean int) string {
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:clean])
	for _, r := range s[clean:] {
		if r >= '！' && r <= '～' { // the full-width forms of ! to ~
			r -= '！' - '!'
		}
		switch {
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		case isBlank(r):
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isBlank says whether r shows nothing: spaces of every width, tabs, line ends, zero-width marks.
func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

// lengthProblem explains a wrong length; s is folded.
func lengthProblem(code int, s, what string, want int) *Problem {
	got := utf8.RuneCountInString(s)
	switch {
	case got == 0:
		return &Problem{code, emptyMessage, emptyFix}
	case isScientific(s):
		return &Problem{code, scientificMessage, scientificFix}
	}
	fix := "请对照证照检查是否漏填"
	if got > want {
		fix = "请对照证照检查是否多填，一格只填一个号码"
	}
	return &Problem{code, fmt.Sprintf("%s应为%d位，实际为%d位", what, want, got), fix}
}

// isScientific says whether a spreadsheet turned the number into something like 3.70303E+17.
func isScientific(s string) bool {
	mantissa, exponent, found := strings.Cut(s, "E+")
	return found && isDigits(exponent) && isDigits(strings.Replace(mantissa, ".", "", 1))
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return len(s) > 0
}

// quote shows one character of the input; one that cannot be shown is given by its number.
func quote(r rune) string {
	if unicode.IsGraphic(r) && r != utf8.RuneError {
		return fmt.Sprintf("“%c”", r)
	}
	return fmt.Sprintf("（U+%04X）", r)
}
