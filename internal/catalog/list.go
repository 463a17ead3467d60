package catalog

import (
	"regexp"
	"slices"
	"strings"

	"gongxin/internal/cntext"
)

// List is a code list: the values that a field may take, each with the codes and spellings under which
// departments file it.
type List struct {
	Name   string      `toml:"name"`
	Title  string      `toml:"title"`
	Open   string      `toml:"open"` // the value, one of Values, that must be followed by words: 其他-……
	Sure   string      `toml:"sure"`
	Values []ListValue `toml:"value"`
	Either []Either    `toml:"either"`

	lookup map[string]int // folded spelling → index into Values
	old    map[string]int // the same for codes of the 2015/16 template
	either map[string]int
	openAt int    // index of Open in Values, -1 = none
	shown  string // the values in one line, for messages
}

// ListValue is one value of a list.
type ListValue struct {
	Name    string      `toml:"name"`
	Code    string      `toml:"code"`
	Aliases []string    `toml:"aliases"`
	Old     []string    `toml:"old"`     // codes of the 2015/16 template; they go before Code in its rows
	Kind    SubjectKind `toml:"kind"`    // for lists of subject kinds
	Class   Class       `toml:"class"`   // for lists of disclosure types
	Form    string      `toml:"form"`    // for identity documents: what the number looks like
	Citizen bool        `toml:"citizen"` // for identity documents: the number is checked by GB 11643

	form *regexp.Regexp
}

// Either is an old spelling that covers several values. The word found in the text of the decision chooses.
type Either struct {
	Aliases []string `toml:"aliases"`
	Of      []string `toml:"of"`
	Words   []string `toml:"words"`
}

// otherWords are the spellings of 其他 before the words that name the kind.
var otherWords = []string{"其他", "其它"}

// build makes the look-up tables; collide is called for a spelling that two values claim.
func (l *List) build(collide func(spelling string)) error {
	l.lookup = make(map[string]int)
	l.old = make(map[string]int)
	l.either = make(map[string]int)
	l.openAt = -1
	names := make([]string, 0, len(l.Values)+1)
	for i := range l.Values {
		v := &l.Values[i]
		if l.Open != "" && v.Name == l.Open {
			l.openAt = i // has no spelling of its own: it must be followed by words
			continue
		}
		names = append(names, v.Name)
		for _, s := range append([]string{v.Name, v.Code}, v.Aliases...) {
			claim(l.lookup, s, i, collide)
		}
		for _, s := range v.Old {
			claim(l.old, s, i, collide)
		}
		if v.Form != "" {
			form, err := regexp.Compile(v.Form)
			if err != nil {
				return err
			}
			v.form = form
		}
	}
	for i, e := range l.Either {
		for _, s := range e.Aliases {
			if _, taken := l.lookup[listKey(s)]; taken {
				collide(s)
			}
			claim(l.either, s, i, collide)
		}
	}
	if l.Open != "" {
		names = append(names, l.Open+"-（写明）")
	}
	l.shown = strings.Join(names, "、")
	return nil
}

func claim(m map[string]int, spelling string, i int, collide func(string)) {
	if spelling == "" {
		return
	}
	key := listKey(spelling)
	if have, ok := m[key]; ok && have != i {
		collide(spelling)
		return
	}
	m[key] = i
}

// listKey is what two spellings of one value have in common: width, case and blanks do not count, and a
// dash or bracket is one of a kind.
func listKey(s string) string {
	s = strings.ToUpper(cntext.Fold(s))
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '　':
			return -1
		}
		return r
	}, s)
}

// find gives the index of the value that s spells, or -1. old rows read their own codes first.
func (l *List) find(s string, old bool) int {
	if !old {
		for i := range l.Values {
			if l.Values[i].Name == s && i != l.openAt {
				return i
			}
		}
	}
	key := listKey(s)
	if old {
		if i, ok := l.old[key]; ok {
			return i
		}
	}
	if i, ok := l.lookup[key]; ok {
		return i
	}
	return -1
}

// Index gives the index of a normalised value in Values, or -1.
func (l *List) Index(name string) int {
	return slices.IndexFunc(l.Values, func(v ListValue) bool { return v.Name == name })
}

// open reads 其他-…… in its many spellings and gives the normal one; false when s is not of that kind or does
// not name the kind.
func (l *List) open(s string) (string, bool) {
	if l.Open == "" {
		return "", false
	}
	for _, w := range append([]string{l.Open}, otherWords...) {
		rest, ok := strings.CutPrefix(s, w)
		if !ok {
			continue
		}
		rest = unwrap(rest)
		if rest == "" {
			return "", false
		}
		if w == l.Open && len(s) == len(w)+1+len(rest) && s[len(w)] == '-' {
			return s, true // normal already
		}
		return l.Open + "-" + rest, true
	}
	return "", false
}

// unwrap takes dashes, colons and a pair of brackets away from around s, again and again.
func unwrap(s string) string {
	for {
		t := strings.Trim(s, "-—–－_：: 　,，")
		for _, pair := range [...][2]string{{"（", "）"}, {"(", ")"}} {
			if inner, ok := strings.CutPrefix(t, pair[0]); ok {
				if inner, ok = strings.CutSuffix(inner, pair[1]); ok {
					t = inner
				}
			}
		}
		if t == s {
			return s
		}
		s = t
	}
}

// choose resolves an old two-in-one spelling by the words of text: the index of the value, -1 when s is no
// such spelling, -2 when the text does not decide.
func (l *List) choose(s, text string) int {
	ei, ok := l.either[listKey(s)]
	if !ok {
		return -1
	}
	e, found := l.Either[ei], -2
	for i, word := range e.Words {
		if !strings.Contains(text, word) {
			continue
		}
		if found != -2 {
			return -2 // both words are there
		}
		found = l.Index(e.Of[i])
	}
	return found
}
