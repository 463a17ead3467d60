package sheet

import (
	"strings"
	"unicode/utf8"
)

// formulas are what a spreadsheet takes for the beginning of a formula, also in full width as spreadsheets of East Asia read it (OWASP: CSV injection).
const formulas = "=+-@\t\r\n＝＋－＠"

// Plain gives a text as a cell of a CSV file for people: one that begins like a formula gets an apostrophe, so that a spreadsheet shows it and does not run it.
func Plain(text string) string {
	if first, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune(formulas, first) {
		return "'" + text
	}
	return text
}

// PlainAll makes each cell of a line Plain, in place, and gives the line.
func PlainAll(line []string) []string {
	for i := range line {
		line[i] = Plain(line[i])
	}
	return line
}
