// Package cntext keeps one rule: text from outside is brought to one form by written rules before anything
// compares or stores it, and a rule never guesses what a character was meant to be. What a rule leaves
// alone comes back as the same string, without a copy.
package cntext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean takes out what shows nothing: blanks around the text, control characters, zero-width marks and byte
// order marks; a run of blanks inside, of any width, becomes one space. Bytes that are not UTF-8 become
// U+FFFD, which HasForbidden reports. It is for every cell and field.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var w writer
	w.grow(len(s))
	for _, r := range s {
		w.put(r)
	}
	return w.String()
}

// Typed gives a text as it was meant: without blanks around it, and without signs that turn the order in which characters are shown, by which a text could show
// its reader another one than it is. Unlike Clean it leaves the lines of a longer text as they are.
func Typed(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s))
}

// Fold brings full-width letters, digits and signs to half width and then cleans. It is for codes, numbers
// and dates; running text keeps its Chinese punctuation with Clean.
func Fold(s string) string {
	if !strings.ContainsFunc(s, isFullWidth) {
		return Clean(s)
	}
	var w writer
	w.grow(len(s))
	for _, r := range s {
		w.put(halfWidth(r))
	}
	return w.String()
}

// isClean says whether Clean would leave s as it is.
func isClean(s string) bool {
	blank := true // so that a leading space is seen
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f || c == ' ' && blank {
				return false
			}
			blank = c == ' '
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || !isPlain(r) && (isBlank(r) || isInvisible(r)) {
			return false
		}
		blank = false
		i += size
	}
	return !blank || s == ""
}

// writer collects cleaned text: it holds a blank back until something follows it.
type writer struct {
	b       strings.Builder
	pending bool
}

func (w *writer) grow(n int) { w.b.Grow(n) }

func (w *writer) put(r rune) {
	switch {
	case isPlain(r):
	case isBlank(r):
		w.pending = w.b.Len() > 0
		return
	case isInvisible(r):
		return
	}
	if w.pending {
		w.b.WriteByte(' ')
		w.pending = false
	}
	w.b.WriteRune(r)
}

func (w *writer) String() string { return w.b.String() }

// isPlain is the quick way past nearly all Chinese text: ideographs, kana, Chinese and full-width signs,
// among which nothing is blank or invisible.
func isPlain(r rune) bool { return r >= 0x3001 && r <= 0xd7ff || r >= 0xff01 && r <= 0xffef }

// isHan says whether r is a common ideograph.
func isHan(r rune) bool { return r >= 0x3400 && r <= 0x9fff }

// isBlank says whether r is white space of any width.
func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.IsSpace(r)
}

// isInvisible says whether r is a control or format character that shows nothing.
func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf)
}

// isFullWidth says whether r is the full-width form of a character from ! to ~.
func isFullWidth(r rune) bool { return r >= '！' && r <= '～' }

func halfWidth(r rune) rune {
	if isFullWidth(r) {
		return r - ('！' - '!')
	}
	return r
}

// HasForbidden finds the first character that no name of an organisation or person may contain: control and
// private-use characters, emoji, marks that stand for lost text (U+FFFD, □, ?, *), and the signs of markup
// and code. Width does not matter. Call it on cleaned text.
func HasForbidden(s string) (rune, bool) {
	for _, r := range s {
		if isHan(r) {
			continue
		}
		if isForbidden(halfWidth(r)) {
			return r, true
		}
	}
	return 0, false
}

func isForbidden(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f || strings.IndexByte("<>{}|^~\\`;=$*?\"", byte(r)) >= 0
	case r == '○': // written for 〇 in years and document numbers
		return false
	case r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
		return true
	case r >= 0x2190 && r <= 0x21FF, // arrows
		r >= 0x2300 && r <= 0x23FF, // technical signs, some of them emoji
		r >= 0x2500 && r <= 0x27BF, // boxes, blocks, shapes (□ for a missing glyph), dingbats
		r >= 0x2B00 && r <= 0x2BFF, r >= 0x1F000 && r <= 0x1FBFF,
		r == 0xFE0F, r == 0x20E3, // what turns a sign into an emoji
		r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0: // letters that show nothing
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}
