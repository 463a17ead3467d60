package ident

import (
	"strings"
	"unicode/utf8"

	"gongxin/internal/clock"
)

// maxGap is how many signs may stand between two digits of one number.
const maxGap = 3

// FindPersonNumber reports whether a text holds 18 characters, digits with perhaps an X at the end, that test takes for a number of a person. The characters stand together, or
// have blanks, dashes, dots or strokes between them: "110101 19900307 231X" is as readable as the number itself. Then spaced is true, and test should ask for more, since
// dates and numbers of documents stand in a row too. The text has half-width digits.
func FindPersonNumber(text string, test func(number string, spaced bool) bool) bool {
	for at := 0; at < len(text); at++ {
		if !isDigit(text[at]) || at > 0 && isDigit(text[at-1]) {
			continue
		}
		if number, end, spaced := gather(text, at); len(number) == 18 && (end == len(text) || !isDigit(text[end])) && test(number, spaced) {
			return true
		}
	}
	return false
}

// HoldsPersonNumber reports whether a text holds the identity number of a resident, as FindPersonNumber finds it: with a day of birth and the right check character.
func HoldsPersonNumber(text string) bool {
	return FindPersonNumber(text, func(s string, _ bool) bool { return isCitizen(s[:17], s[17]) })
}

func isCitizen(first17 string, check byte) bool {
	n := func(from, to int) int {
		v := 0
		for _, b := range []byte(first17[from:to]) {
			v = v*10 + int(b-'0')
		}
		return v
	}
	year := n(6, 10)
	_, ok := clock.MakeDate(year, n(10, 12), n(12, 14))
	return ok && year >= 1850 && year < 2100 && first17[0] != '0' && CitizenCheck(first17) == check
}

// gather takes 18 characters from the digit at on, over gaps.
func gather(text string, at int) (number string, end int, spaced bool) {
	var b [18]byte
	n, gap := 0, 0
	for end = at; end < len(text) && n < len(b); {
		switch c := text[end]; {
		case isDigit(c), n == 17 && (c == 'X' || c == 'x'):
			if b[n] = c; c == 'x' {
				b[n] = 'X'
			}
			spaced = spaced || gap > 0
			n, gap, end = n+1, 0, end+1
		default:
			r, size := utf8.DecodeRuneInString(text[end:])
			if gap++; gap > maxGap || !IsGap(r) {
				return "", end, false
			}
			end += size
		}
	}
	return string(b[:n]), end, spaced
}

// IsGap tells the signs that people put between the digits of a number.
func IsGap(r rune) bool {
	return strings.ContainsRune(" \t\r\n\u00a0\u3000-_./·", r) || r >= '\u2010' && r <= '\u2015' || r == '－' || r == '−' || r == '．' || r == '／'
}

func isDigit(c byte) bool { return c-'0' <= 9 }
