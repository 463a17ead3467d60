package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// ChangeKind says what happened to a part of the catalogue.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// Change is one difference between two editions. What is the key in the item's or field's file; it is empty
// where the whole came or went.
type Change struct {
	Kind  ChangeKind `json:"kind"`
	Item  ItemCode   `json:"item,omitempty"`
	List  string     `json:"list,omitempty"`
	Field string     `json:"field,omitempty"`
	What  string     `json:"what,omitempty"`
	From  string     `json:"from,omitempty"`
	To    string     `json:"to,omitempty"`
}

// Diff lists what later changes compared with e: items, their fields, and code lists.
func (e *Edition) Diff(later *Edition) []Change {
	var out []Change
	for _, it := range e.Items {
		other, ok := later.Item(it.Code)
		if !ok {
			out = append(out, Change{Kind: Removed, Item: it.Code, From: it.Name})
			continue
		}
		out = append(out, diffItem(it, other)...)
	}
	for _, it := range later.Items {
		if _, ok := e.Item(it.Code); !ok {
			out = append(out, Change{Kind: Added, Item: it.Code, To: it.Name})
		}
	}
	return append(out, diffLists(e.Lists, later.Lists)...)
}

func diffItem(a, b *Item) []Change {
	out := diffStruct(reflect.ValueOf(*a), reflect.ValueOf(*b), Change{Item: a.Code}, "field", "example")
	for i := range a.Fields {
		f := &a.Fields[i]
		other, ok := b.Field(f.Code)
		if !ok {
			out = append(out, Change{Kind: Removed, Item: a.Code, Field: f.Code, From: f.Name})
			continue
		}
		out = append(out, diffStruct(reflect.ValueOf(*f), reflect.ValueOf(*other), Change{Item: a.Code, Field: f.Code})...)
	}
	for i := range b.Fields {
		if f := &b.Fields[i]; !a.has(f.Code) {
			out = append(out, Change{Kind: Added, Item: a.Code, Field: f.Code, To: f.Name})
		}
	}
	return out
}

func (it *Item) has(code string) bool {
	_, ok := it.byCode[code]
	return ok
}

func diffLists(a, b map[string]*List) []Change {
	names := make(map[string]bool)
	for n := range a {
		names[n] = true
	}
	for n := range b {
		names[n] = true
	}
	var out []Change
	for _, n := range sortedKeys(names) {
		x, y := a[n], b[n]
		switch {
		case y == nil:
			out = append(out, Change{Kind: Removed, List: n, From: x.Title})
		case x == nil:
			out = append(out, Change{Kind: Added, List: n, To: y.Title})
		default:
			out = append(out, diffStruct(reflect.ValueOf(*x), reflect.ValueOf(*y), Change{List: n})...)
		}
	}
	return out
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// diffStruct compares the keys that a file can set, named as in the file.
func diffStruct(a, b reflect.Value, at Change, skip ...string) []Change {
	var out []Change
	for i := range a.NumField() {
		key := a.Type().Field(i).Tag.Get("toml")
		if key == "" || key == "-" || slices.Contains(skip, key) {
			continue
		}
		x, y := shown(a.Field(i)), shown(b.Field(i))
		if x != y {
			c := at
			c.Kind, c.What, c.From, c.To = Changed, key, x, y
			out = append(out, c)
		}
	}
	return out
}

// shown writes a value so that equal values read the same and people can read them.
func shown(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return shown(v.Elem())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = shown(v.Index(i))
		}
		return strings.Join(parts, "、")
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if key := v.Type().Field(i).Tag.Get("toml"); key != "" && key != "-" && !v.Field(i).IsZero() {
				parts = append(parts, key+"="+shown(v.Field(i)))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	default:
		return fmt.Sprint(v.Interface())
	}
}
