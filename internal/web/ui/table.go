package ui

import "github.com/a-h/templ"

// Column is the head of a table's column. Class is one of "num", "date", "code" or empty; Sort is the address that
// sorts by it and Sorted how it is sorted now ("ascending", "descending").
type Column struct {
	Label  string
	Class  string
	Sort   string
	Sorted string
}

func (c Column) sorted() string {
	if c.Sorted == "" {
		return "none"
	}
	return c.Sorted
}

// TableSpec describes a table. A dense one stays a table on a phone and scrolls sideways.
type TableSpec struct {
	Caption     string
	HideCaption bool
	Columns     []Column
	Dense       bool
}

// region makes a table that scrolls sideways reachable by keyboard.
func (t TableSpec) region() templ.Attributes {
	if !t.Dense {
		return nil
	}
	return templ.Attributes{"role": "region", "aria-label": t.Caption + "（表格）", "tabindex": "0"}
}

// PairSpec describes a cell of two lines.
type PairSpec struct {
	Label, Class string
	Main, Sub    string
}

// PagerSpec describes where a list's pages are; an empty address leaves the link out.
type PagerSpec struct {
	First string
	Next  string
	Note  string
}

// Tab is one side of a thing; a negative Count is not shown.
type Tab struct {
	Href  string
	Label string
	Count int
	On    bool
}
