package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gongxin/internal/clock"
)

// Edition is one version of the catalogue. It does not change once loaded and may be shared.
type Edition struct {
	ID            string
	EffectiveFrom clock.Date
	Source        string // the documents it follows
	Note          string
	Hash          string // SHA-256 over the files, in hexadecimal
	Items         []*Item
	Chapters      []Chapter
	Lists         map[string]*List

	byCode   map[ItemCode]*Item
	files    map[string][]byte
	blanks   map[string]blankUse
	maxBlank int             // runes of the longest word or mark that means nothing
	longTerm map[string]bool // spellings of 长期
	prefixes []string        // words before the telling part of a header, as header keys
	unused   map[string]string
}

// Chapter is one chapter of the standard report.
type Chapter struct {
	No   int    `toml:"no"`
	Name string `toml:"name"`
}

// blankUse says where a word means nothing.
type blankUse uint8

const (
	blankEverywhere blankUse = 1 + iota
	blankTyped               // in typed and identity fields only
)

// Item gives an item by its code.
func (e *Edition) Item(code ItemCode) (*Item, bool) {
	it, ok := e.byCode[code]
	return it, ok
}

// ChapterName gives the name of a chapter of the standard report, or "".
func (e *Edition) ChapterName(no int) string {
	for _, c := range e.Chapters {
		if c.No == no {
			return c.Name
		}
	}
	return ""
}

// FileNames gives the names of the files that the edition was loaded from, in order.
func (e *Edition) FileNames() []string { return slices.Sorted(maps.Keys(e.files)) }

// File gives the content of one of them.
func (e *Edition) File(name string) ([]byte, bool) {
	data, ok := e.files[name]
	return slices.Clone(data), ok
}

// isBlank says whether s is what people write for nothing. words says whether 无 and the like count.
func (e *Edition) isBlank(s string, words bool) bool {
	use, ok := e.blanks[s]
	return ok && (use == blankEverywhere || words)
}

// hashFiles is independent of order and of how the files were packed.
func hashFiles(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s\x00%d\x00", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Field gives a field of the item by its code.
func (it *Item) Field(code string) (*Field, bool) {
	i, ok := it.byCode[code]
	if !ok {
		return nil, false
	}
	return &it.Fields[i], true
}

// ByRole gives the field with a role; false when the item has none.
func (it *Item) ByRole(role Role) (*Field, bool) {
	i, ok := it.byRole[role]
	if !ok {
		return nil, false
	}
	return &it.Fields[i], true
}

// Get gives the value that a row has in a role, or "".
func (it *Item) Get(v Values, role Role) string {
	if i, ok := it.byRole[role]; ok && i < len(v) {
		return v[i]
	}
	return ""
}

// Date gives the date that a checked row has in a role, or none.
func (it *Item) Date(v Values, role Role) clock.Date {
	d, _ := parseNormalDate(it.Get(v, role))
	return d
}

// Title gives what a list shows as the heading of a row: its title, else the item's name.
func (it *Item) Title(v Values) string {
	if s := it.Get(v, RoleTitle); s != "" {
		return s
	}
	return it.Name
}

// Categories gives the kinds of decision that a checked row names: 罚款, 没收违法所得.
func (it *Item) Categories(v Values) []string {
	s := it.Get(v, RoleCategory)
	if s == "" {
		return nil
	}
	if f, ok := it.ByRole(RoleCategory); ok && f.Type == EnumSet {
		return strings.Split(s, "、")
	}
	return []string{s}
}

// Key joins the values of the natural key of a checked row. The subject is part of the key too, but not of this
// text, since intake alone knows which subject it is.
func (it *Item) Key(v Values) string {
	var b strings.Builder
	for n, i := range it.key {
		if n > 0 {
			b.WriteByte('\x1f')
		}
		if i < len(v) {
			b.WriteString(v[i])
		}
	}
	return b.String()
}

// ListOf gives the code list of a field; false when it has none.
func (it *Item) ListOf(code string) (*List, bool) {
	i, ok := it.byCode[code]
	if !ok || it.plan[i].list == nil {
		return nil, false
	}
	return it.plan[i].list, true
}

// Admits says whether the item is about subjects of this kind.
func (it *Item) Admits(kind SubjectKind) bool { return it.kinds&kindBit(kind) != 0 }

// InForce says whether a legal basis of the item was in force on a day. Without one no record is taken.
func (it *Item) InForce(on clock.Date) bool {
	return slices.ContainsFunc(it.Basis, func(b Basis) bool { return b.inForce(on) })
}

func (b Basis) inForce(on clock.Date) bool {
	return b.From != 0 && b.From <= on && (b.To == 0 || on <= b.To)
}

// RowClass gives the class of one row: the item's, narrowed by what the row itself says about its disclosure
// (公开类型, 信息使用范围). It never widens.
func (it *Item) RowClass(v Values) Class {
	i, ok := it.byRole[RoleDisclosure]
	if !ok || i >= len(v) || v[i] == "" {
		return it.Class
	}
	list := it.plan[i].list
	at := list.Index(v[i])
	if at < 0 || list.Values[at].Class == "" {
		return it.Class
	}
	return narrower(it.Class, list.Values[at].Class)
}

// FieldClass gives the class of a field: its own, or the item's.
func (it *Item) FieldClass(f *Field) Class {
	if f.Class == "" {
		return it.Class
	}
	return narrower(it.Class, f.Class)
}

// narrower gives the class that shows less; A is widest.
func narrower(a, b Class) Class {
	if b > a {
		return b
	}
	return a
}
