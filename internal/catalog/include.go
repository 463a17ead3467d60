package catalog

import (
	"slices"
	"strings"
)

// include puts common fields around an item's own.
type include struct {
	Prefix string   `toml:"prefix"`
	Verb   string   `toml:"verb"`
	Before []string `toml:"before"`
	After  []string `toml:"after"`
	Skip   []string `toml:"skip"` // codes without the prefix
}

// include lays out the fields: the parts before, the item's own, the parts after. A field of the item with the code
// of a common one takes its place.
func (b *builder) include(it *Item, inc *include, file string) {
	own := make(map[string]Field, len(it.Fields))
	for _, f := range it.Fields {
		own[f.Code] = f
	}
	used := make(map[string]bool)
	lay := func(names []string) (fields []Field) {
		for _, name := range names {
			part, ok := b.parts[name]
			if !ok {
				b.refuse(errFile, "%s：没有公共字段“%s”", file, name)
			}
			for _, f := range part {
				f = expand(f, inc)
				if slices.Contains(inc.Skip, strings.TrimPrefix(f.Code, inc.Prefix)) || it.cannotHave(&f) {
					continue
				}
				if mine, ok := own[f.Code]; ok {
					used[f.Code] = true
					f = mine
				} else if f.Class != "" && validClass(it.Class) {
					f.Class = narrower(f.Class, it.Class)
				}
				fields = append(fields, f)
			}
		}
		return fields
	}
	before, after := lay(inc.Before), lay(inc.After)
	fields := before
	for _, f := range it.Fields {
		if !used[f.Code] {
			fields = append(fields, f)
		}
	}
	it.Fields = append(fields, after...)
}

// cannotHave says that a common field is about persons in an item that does not admit them.
func (it *Item) cannotHave(f *Field) bool {
	return (f.Role == RolePersonID || f.Role == RolePersonIDType) && !slices.Contains(it.SubjectKinds, Person)
}

// expand puts the item's prefix and verb into a common field.
func expand(f Field, inc *include) Field {
	fill := strings.NewReplacer("{p}", inc.Prefix, "{v}", inc.Verb)
	f.Code, f.Name = fill.Replace(f.Code), fill.Replace(f.Name)
	f.Aliases = slices.Clone(f.Aliases)
	for i := range f.Aliases {
		f.Aliases[i] = fill.Replace(f.Aliases[i])
	}
	f.RequiredWith, f.RequiredWhen, f.EmptyWhen = fill.Replace(f.RequiredWith), fill.Replace(f.RequiredWhen), fill.Replace(f.EmptyWhen)
	return f
}
