package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// Group is a group of a Choice's options; one without a label stands ungrouped.
type Group struct {
	Label   string
	Options []Option
}

// ChoiceSpec describes a choice that must be made: a Select with groups, hint and fault.
type ChoiceSpec struct {
	ID, Name string
	Label    string
	Value    string
	Ask      string // first option, which is no choice: 请选择
	Groups   []Group
	Hint     string
	Fault    string
	Attrs    templ.Attributes // of the select element
}

func (c ChoiceSpec) attributes() templ.Attributes {
	a := templ.Attributes{}
	for k, v := range c.Attrs {
		a[k] = v
	}
	described := ""
	if c.Hint != "" {
		described = c.ID + "-hint"
	}
	if c.Fault != "" {
		a["aria-invalid"] = "true"
		described = trimJoin(c.ID+"-fault", described)
	}
	if described != "" {
		a["aria-describedby"] = described
	}
	return a
}

func trimJoin(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

// Part is one part of a Tally: a number that adds up with the others to the whole.
type Part struct {
	Label string
	Count int
	Tone  Tone
	Href  string // where these are listed; empty when there are none
	On    bool   // what is listed now
	Note  string
}

// TallySpec describes numbers that add up. The bar above them only repeats them.
type TallySpec struct {
	Label string // of the whole list, for screen readers
	Whole Part
	Parts []Part
}

// tallyWidth is the length of the bar in its own units.
const tallyWidth = 1000

type tallySlice struct {
	class    string
	x, width string
}

// slices lays the parts out along the bar. A part that is not nothing stays visible; the largest one gives way.
func (t TallySpec) slices() []tallySlice {
	sum, largest := 0, 0
	for i, p := range t.Parts {
		sum += p.Count
		if p.Count > t.Parts[largest].Count {
			largest = i
		}
	}
	if sum == 0 {
		return nil
	}
	const least = 6
	widths, used := make([]int, len(t.Parts)), 0
	for i, p := range t.Parts {
		if p.Count > 0 {
			widths[i] = max(least, int(int64(tallyWidth)*int64(p.Count)/int64(sum)))
			used += widths[i]
		}
	}
	widths[largest] += tallyWidth - used
	var out []tallySlice
	x := 0
	for i, p := range t.Parts {
		if widths[i] <= 0 {
			continue
		}
		out = append(out, tallySlice{class: "tally__slice tally__slice--" + string(p.Tone), x: strconv.Itoa(x), width: strconv.Itoa(widths[i])})
		x += widths[i]
	}
	return out
}

// tallySign stands before a part: the whole equals the first one plus the others.
func tallySign(i int) string {
	if i == 0 {
		return "="
	}
	return "+"
}

// tone is plain for a part of nothing, so that colour points at what is there.
func (p Part) tone() Tone {
	if p.Count == 0 || p.Tone == "" {
		return Plain
	}
	return p.Tone
}
