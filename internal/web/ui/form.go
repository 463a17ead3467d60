package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// FieldSpec describes a text field.
type FieldSpec struct {
	ID, Name  string
	Label     string
	Value     string
	Type      string // text when empty
	Hint      string
	Fault     string // what is wrong with the value and how to mend it
	Required  bool
	MaxLength int
	Rows      int    // more than 0 makes it a text area
	Complete  string // autocomplete token
	InputMode string
	Min, Max  string // for dates and numbers
}

func (f FieldSpec) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f FieldSpec) attributes() templ.Attributes {
	a := templ.Attributes{}
	set := func(key, value string) {
		if value != "" {
			a[key] = value
		}
	}
	if f.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	set("autocomplete", f.Complete)
	set("inputmode", f.InputMode)
	set("min", f.Min)
	set("max", f.Max)
	described := ""
	if f.Hint != "" {
		described = f.ID + "-hint"
	}
	if f.Fault != "" {
		a["aria-invalid"] = "true"
		if described != "" {
			described += " "
		}
		described += f.ID + "-fault"
	}
	set("aria-describedby", described)
	return a
}

// Option is one choice of a Select.
type Option struct{ Value, Label string }

// SelectSpec describes a choice. Any is the label of "no choice".
type SelectSpec struct {
	ID, Name string
	Label    string
	Value    string
	Any      string
	Options  []Option
}

// PicksSpec describes boxes of which any number may be ticked.
type PicksSpec struct {
	Name  string // of every box
	Picks []Pick
	Fault string // what is wrong with the choice and how to mend it
}

// Pick is one box; a badge beside its words is left out when it has none.
type Pick struct {
	Value, Label string
	Badge        string
	Tone         Tone
	On           bool
}

// OriginalSpec describes a text that was signed or is to be kept as it is.
type OriginalSpec struct {
	ID    string
	Label string
	Text  string
	Rows  int
}

// ConfirmSpec describes a step that says what it does before it is taken.
type ConfirmSpec struct {
	Label  string // what can be done
	Effect string // what it will do
	Button string
	Action string // address of the form
	Tone   Tone
	Open   bool // unfolded, after a refusal
	File   bool // a file goes with it
}

// encoding is how the form is sent.
func (c ConfirmSpec) encoding() string {
	if c.File {
		return "multipart/form-data"
	}
	return "application/x-www-form-urlencoded"
}

// SearchSpec describes the big search box.
type SearchSpec struct {
	Action string
	Label  string
	Hint   string
	Value  string
	Focus  bool
}

// FilterSpec describes a filter form; Active says that some filter is set.
type FilterSpec struct {
	Action string
	Label  string
	Active bool
}

// DropSpec describes a file field.
type DropSpec struct {
	ID, Name string
	Label    string
	Hint     string
	Accept   string // .csv,.xlsx
	Fault    string // what is wrong and how to mend it
	Optional bool
	MaxBytes int64 // a larger file is refused before it is sent; 0 = no limit here
}

func (d DropSpec) attributes() templ.Attributes {
	a := templ.Attributes{"aria-describedby": d.ID + "-hint"}
	if d.Fault != "" {
		a["aria-invalid"] = "true"
		a["aria-describedby"] = d.ID + "-fault " + d.ID + "-hint"
	}
	if d.MaxBytes > 0 {
		a["data-max"] = strconv.FormatInt(d.MaxBytes, 10)
	}
	return a
}

func itoa(n int) string { return strconv.Itoa(n) }
