package cntext

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	pinyin "github.com/mozillazg/go-pinyin"
)

//go:embed readings.txt
var readingsFile string

const (
	hanFirst = 0x3400
	hanLast  = 0x9fff
)

// readings holds what Initials looks up, built once from the library's dictionary and readings.txt.
type readings struct {
	letters [hanLast - hanFirst + 1]byte // initial of the common ideographs; 0 where none is known
	phrases map[rune][]phrase            // by the first character, longest first
}

type phrase struct{ text, initials string }

// Initials gives the first letters of the pinyin of s, as clerks type them to search: 临溪市公安局 is lxsgaj.
// Latin letters come in lower case, digits stay, everything else is left out. Characters with several
// readings take the usual one, except in the words of readings.txt (银行 is yh).
func Initials(s string) string {
	t := loadedReadings()
	buf := make([]byte, 0, 32)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		for _, p := range t.phrases[r] {
			if strings.HasPrefix(s[i:], p.text) {
				buf = append(buf, p.initials...)
				size, r = len(p.text), 0
				break
			}
		}
		if c := t.letter(halfWidth(r)); c != 0 {
			buf = append(buf, c)
		}
		i += size
	}
	return string(buf)
}

// letter gives the letter or digit for one character, or 0.
func (t *readings) letter(r rune) byte {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return byte(r)
	case r >= 'A' && r <= 'Z':
		return byte(r - 'A' + 'a')
	case r >= hanFirst && r <= hanLast:
		return t.letters[r-hanFirst]
	case r < utf8.RuneSelf:
		return 0
	}
	return dictionaryLetter(r)
}

var loadedReadings = sync.OnceValue(func() *readings {
	t := &readings{phrases: make(map[rune][]phrase)}
	for r := rune(hanFirst); r <= hanLast; r++ {
		t.letters[r-hanFirst] = dictionaryLetter(r)
	}
	for line := range strings.Lines(readingsFile) {
		text, initials, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(text, "#") {
			continue
		}
		first, size := utf8.DecodeRuneInString(text)
		if size == len(text) {
			t.letters[first-hanFirst] = initials[0]
			continue
		}
		t.phrases[first] = insertLongestFirst(t.phrases[first], phrase{text, initials})
	}
	return t
})

func insertLongestFirst(list []phrase, p phrase) []phrase {
	i := 0
	for i < len(list) && len(list[i].text) >= len(p.text) {
		i++
	}
	list = append(list, phrase{})
	copy(list[i+1:], list[i:])
	list[i] = p
	return list
}

// dictionaryLetter gives the first letter of the usual reading, without its tone.
func dictionaryLetter(r rune) byte {
	reading := pinyin.PinyinDict[int(r)]
	if reading == "" {
		return 0
	}
	first, _ := utf8.DecodeRuneInString(reading)
	switch {
	case first >= 'a' && first <= 'z':
		return byte(first)
	case strings.ContainsRune("āáǎà", first):
		return 'a'
	case strings.ContainsRune("ōóǒò", first):
		return 'o'
	case strings.ContainsRune("ēéěèếềê", first):
		return 'e'
	case strings.ContainsRune("ńňǹ", first):
		return 'n'
	case first == 'ḿ':
		return 'm'
	}
	return 0
}
