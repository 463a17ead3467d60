package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"gongxin/internal/cntext"
	"gongxin/internal/ident"
)

// textFlags says what scan met in a value.
type textFlags uint8

const (
	unusual   textFlags = 1 << iota // something that cleaning may change
	wide                            // full-width letters or digits
	odd                             // signs that names may not contain
	strange                         // characters that need a closer look in any text
	longDigit                       // 17 digits or more, with nothing but gaps between them: perhaps an identity number
)

// oddASCII are the signs below 0x80 that cntext.HasForbidden refuses.
var oddASCII = func() (t [utf8.RuneSelf]bool) {
	for i := range t {
		_, t[i] = cntext.HasForbidden(string(rune(i)))
	}
	return t
}()

// scan counts the runes of s and says whether it needs more than counting. It is one pass without calls over
// the characters that nearly every cell consists of.
func scan(s string) (runes int, flags textFlags) {
	digits, blank := 0, true
	for i := 0; i < len(s); {
		ch := s[i]
		if ch < utf8.RuneSelf {
			switch {
			case ch-'0' <= 9:
				if digits++; digits >= 17 {
					flags |= longDigit
				}
				blank = false
			case ch <= ' ' || ch == 0x7f:
				if ch != ' ' || blank {
					flags |= unusual
				}
				blank = true
			default:
				if blank = false; !ident.IsGap(rune(ch)) {
					digits = 0
				}
			}
			if oddASCII[ch] {
				flags |= odd
			}
			runes++
			i++
			continue
		}
		blank = false
		if ch >= 0xE4 && ch <= 0xE9 && i+2 < len(s) && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80 {
			digits = 0
			runes++ // U+4000 to U+9FFF
			i += 3
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !ident.IsGap(r) {
			digits = 0
		}
		flags |= runeFlags(r)
		runes++
		i += size
	}
	if blank && s != "" {
		flags |= unusual
	}
	return runes, flags
}

// runeFlags looks at a character outside ASCII and the common ideographs.
func runeFlags(r rune) textFlags {
	switch {
	case r >= 0x3001 && r <= 0x3100, r >= 0x3400 && r <= 0x9FFF, // Chinese punctuation and ideographs
		r >= 0x2010 && r <= 0x2027, r == '·', // dashes, quotation marks, dots
		r >= 0x2150 && r <= 0x218F, r >= 0x2460 && r <= 0x24FF: // Roman and circled numbers
		return 0
	case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
		return wide
	case r >= 0xFF01 && r <= 0xFF5E:
		return odd // full-width signs: allowed in text, some not in names
	default:
		return unusual | odd | strange
	}
}

// normal cleans s. Codes, numbers and dates are folded to half width as a whole; in text only letters and
// digits are, for its punctuation is the author's.
func normal(s string, typed bool) string {
	if typed {
		return cntext.Fold(s)
	}
	s = cntext.Clean(s)
	if !strings.ContainsFunc(s, isWide) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isWide(r) {
			return r - ('！' - '!')
		}
		return r
	}, s)
}

func isWide(r rune) bool {
	return r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ'
}

// lost finds a character that shows that text was lost or cannot be shown: U+FFFD is an error, private-use
// characters and pictures are not, since bullets pasted from office documents are among them.
func lost(s string) (r rune, fatal, found bool) {
	for _, r := range s {
		if r == utf8.RuneError {
			return r, true, true
		}
		if r >= 0x1F000 && r <= 0x1FBFF || unicode.Is(unicode.Co, r) {
			found = true
		}
	}
	return 0, false, found
}
