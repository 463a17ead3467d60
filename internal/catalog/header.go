package catalog

import (
	"strings"
	"unicode"

	"gongxin/internal/cntext"
)

// header says which field a header belongs to and whether it is one of the 2015/16 template.
type header struct {
	field int
	old   bool
}

// headerKey is what the spellings of one header have in common: letters and digits, half width, capitals.
func headerKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, cntext.Fold(s))
}

// indexHeaders gathers the headers of an item; one that two fields claim is a fault.
func (b *builder) indexHeaders(it *Item, file string) {
	it.headers = make(map[string]header)
	claim := func(text string, i int, old bool) {
		for _, key := range []string{headerKey(text), b.ed.withoutPrefix(headerKey(text))} {
			if key == "" {
				continue
			}
			have, taken := it.headers[key]
			if taken && have.field != i {
				b.refuse(errCollision, "%s：列名“%s”同时属于字段“%s”和“%s”", file, text, it.Fields[have.field].Code, it.Fields[i].Code)
				continue
			}
			if !taken || have.old {
				it.headers[key] = header{i, old}
			}
		}
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		claim(f.Code, i, false)
		claim(f.Name, i, false)
		for _, a := range f.Aliases {
			claim(a, i, false)
		}
		for _, a := range f.Old {
			claim(a, i, true)
		}
	}
	it.spelled = make(map[string]header, 2*len(it.Fields))
	for i := range it.Fields {
		for _, text := range append([]string{it.Fields[i].Code, it.Fields[i].Name}, it.Fields[i].Old...) {
			if h, ok := it.headers[headerKey(text)]; ok {
				it.spelled[text] = h
			}
		}
	}
}

// withoutPrefix drops 行政相对人代码_1 and the like from the front of a header key. It gives "" when nothing
// telling is left or nothing was there.
func (e *Edition) withoutPrefix(key string) string {
	for _, p := range e.prefixes {
		if rest, ok := strings.CutPrefix(key, p); ok {
			return strings.TrimLeft(rest, "0123456789")
		}
	}
	return ""
}

// Column is one column of a file.
type Column struct {
	Index int    `json:"index"` // from 0
	Name  string `json:"name"`  // the header as it stands in the file, cleaned
	Field string `json:"field,omitempty"`
	Note  string `json:"note,omitempty"`
}

// HeaderMap says what the columns of a file mean.
type HeaderMap struct {
	Template string   `json:"template"` // TemplateCurrent or Template2015
	Matched  int      `json:"matched"`  // columns that belong to a field; finding the header row goes by it
	Columns  []int    `json:"-"`        // per column the index of its field, -1 = not used
	Fields   []int    `json:"-"`        // per field its (first) column, -1 = absent
	Unknown  []Column `json:"unknown,omitempty"`
	Unused   []Column `json:"unused,omitempty"`  // columns that are known and not used
	Twice    []Column `json:"twice,omitempty"`   // further columns of a field that has one
	Missing  []Column `json:"missing,omitempty"` // required fields without a column; Index is -1

	it *Item
}

// MatchHeaders reads a header row. Headers may be Chinese names, codes of the standard, spellings that
// departments use, or those of the 2015/16 template, in any order; width, case, blanks and signs do not count.
// What intake itself takes from a file (the operation flag) must be taken out before, or it is unknown here.
func (it *Item) MatchHeaders(cells []string) HeaderMap {
	m := HeaderMap{Template: TemplateCurrent, it: it, Columns: make([]int, len(cells)), Fields: make([]int, len(it.Fields))}
	for i := range m.Fields {
		m.Fields[i] = -1
	}
	found := make([]header, len(cells))
	current := make([]bool, len(it.Fields))
	oldHeaders := false
	for col, cell := range cells {
		m.Columns[col], found[col].field = -1, -1
		if h, ok := it.findHeader(cell); ok {
			found[col] = h
			oldHeaders = oldHeaders || h.old
			current[h.field] = current[h.field] || !h.old
		}
	}
	for col, cell := range cells {
		m.place(col, cntext.Clean(cell), found[col], current)
	}
	if kind := it.role.kind; oldHeaders && (kind < 0 || m.Fields[kind] < 0) {
		m.Template = Template2015 // it had no column for the kind of subject
	}
	for i := range it.Fields {
		if f := &it.Fields[i]; f.Required && m.Fields[i] < 0 && !m.excused(f) {
			m.Missing = append(m.Missing, Column{Index: -1, Name: f.Name, Field: f.Code})
		}
	}
	return m
}

// place puts one column where it belongs.
func (m *HeaderMap) place(col int, name string, h header, current []bool) {
	it := m.it
	switch {
	case name == "":
	case h.field < 0:
		if note, ok := it.ed.unused[headerKey(name)]; ok {
			m.Unused = append(m.Unused, Column{Index: col, Name: name, Note: note})
			return
		}
		m.Unknown = append(m.Unknown, Column{Index: col, Name: name})
	case h.old && current[h.field]:
		m.Unused = append(m.Unused, Column{Index: col, Name: name, Field: it.Fields[h.field].Code, Note: "已有新模板的列“" + it.Fields[h.field].Name + "”"})
	case m.Fields[h.field] >= 0 && !(h.old && it.Fields[h.field].Type == EnumSet):
		m.Twice = append(m.Twice, Column{Index: col, Name: name, Field: it.Fields[h.field].Code})
	default:
		m.Columns[col] = h.field
		m.Matched++
		if m.Fields[h.field] < 0 {
			m.Fields[h.field] = col
		}
	}
}

// excused says whether a required field may lack a column: it can be derived, or the template could not have it.
func (m *HeaderMap) excused(f *Field) bool {
	if m.Template == Template2015 && f.Lax {
		return true
	}
	for _, fill := range m.it.Fills {
		if fill.Field != f.Code || fill.Template == Template2015 && m.Template != Template2015 {
			continue
		}
		if i, ok := m.it.byCode[fill.From]; !ok || m.Fields[i] >= 0 {
			return true
		}
	}
	return false
}

// findHeader looks a header up: as it is, without its standard beginning, by what stands in or before brackets, by
// a code beside a Chinese name.
func (it *Item) findHeader(cell string) (header, bool) {
	if len(cell) > 512 {
		return header{}, false
	}
	if h, ok := it.spelled[cell]; ok {
		return h, true
	}
	if h, ok := it.headerByKey(headerKey(cell)); ok {
		return h, true
	}
	folded := cntext.Fold(cell)
	if open := strings.IndexAny(folded, "([【〔"); open >= 0 {
		inside := strings.Trim(folded[open:], "([【〔)]】〕")
		if key := headerKey(inside); isCodeLike(key) {
			if h, ok := it.headers[key]; ok {
				return h, true
			}
		}
		if h, ok := it.headerByKey(headerKey(folded[:open])); ok {
			return h, true
		}
	}
	latin := headerKey(strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return -1
	}, folded))
	if !isCodeLike(latin) {
		return header{}, false
	}
	h, ok := it.headers[latin]
	return h, ok
}

// isCodeLike tells codes such as XKXDRMC from single letters and numbers in a header.
func isCodeLike(key string) bool {
	if len(key) < 4 {
		return false
	}
	return strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (it *Item) headerByKey(key string) (header, bool) {
	if key == "" {
		return header{}, false
	}
	if h, ok := it.headers[key]; ok {
		return h, true
	}
	if rest := it.ed.withoutPrefix(key); rest != "" {
		h, ok := it.headers[rest]
		return h, ok
	}
	return header{}, false
}

// OK says whether rows can be read by the map: nothing required is missing and no field has two columns.
func (m *HeaderMap) OK() bool { return len(m.Missing) == 0 && len(m.Twice) == 0 }

// Reasons gives what is to be said about the columns, errors first.
func (m *HeaderMap) Reasons() []Reason {
	var out []Reason
	for _, c := range m.Missing {
		out = append(out, NewReason(ReasonMissingColumn, c.Field, c.Name, ""))
	}
	for _, c := range m.Twice {
		f, _ := m.it.Field(c.Field)
		out = append(out, NewReason(ReasonColumnTwice, c.Field, f.Name, itoa(c.Index+1)))
	}
	for _, c := range m.Unknown {
		out = append(out, NewReason(ReasonUnknownColumn, "", shorten(c.Name), itoa(c.Index+1)))
	}
	return out
}

// shorten keeps a header in a message short; a cell of data mistaken for a header is not repeated at length.
func shorten(s string) string {
	const limit = 24
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// Row puts the cells of one row into dst in the order of the item's fields; dst is grown as needed and returned.
// Where the old template has two columns for a set of kinds, both are joined.
func (m *HeaderMap) Row(cells []string, dst Values) Values {
	n := len(m.it.Fields)
	if cap(dst) < n {
		dst = make(Values, n)
	}
	dst = dst[:n]
	clear(dst)
	for col, field := range m.Columns {
		if field < 0 || col >= len(cells) || cells[col] == "" {
			continue
		}
		if dst[field] == "" {
			dst[field] = cells[col]
		} else if m.it.Fields[field].Type == EnumSet {
			dst[field] += "、" + cells[col]
		}
	}
	return dst
}
