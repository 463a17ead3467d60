package ui

import "strconv"

func alertRole(t Tone) string {
	if t == Bad {
		return "alert"
	}
	return "note"
}

// ProgressSpec describes a running piece of work; Total 0 means that its end is not known.
type ProgressSpec struct {
	ID          string
	Label       string
	Done, Total int
	Unit        string // 行
	Words       string // instead of the count
}

func (p ProgressSpec) words() string {
	if p.Words != "" {
		return p.Words
	}
	if p.Total <= 0 {
		return "已处理 " + Num(p.Done) + " " + p.Unit
	}
	return Num(p.Done) + " / " + Num(p.Total) + " " + p.Unit
}

// Event is one entry of a Timeline.
type Event struct {
	When string
	What string
	Why  string
	Tone Tone
}

func (e Event) tone() Tone {
	if e.Tone == "" {
		return Plain
	}
	return e.Tone
}

// StepState says how far a step is.
type StepState uint8

// The states of a step.
const (
	StepAhead StepState = iota
	StepNow
	StepDone
)

func (s StepState) class() string {
	switch s {
	case StepNow:
		return "now"
	case StepDone:
		return "done"
	default:
		return "ahead"
	}
}

func (s StepState) word() string {
	switch s {
	case StepNow:
		return "进行中"
	case StepDone:
		return "已完成"
	default:
		return ""
	}
}

func (s StepState) current() string {
	if s == StepNow {
		return "step"
	}
	return "false"
}

// Step is one step of a procedure.
type Step struct {
	Label string
	Note  string
	State StepState
}

// Figure is one number with what it counts.
type Figure struct {
	Label string
	Value string
	Href  string
}

// barWidth is the width of a bar in hundredths; a share that is not nothing stays visible.
func barWidth(part, whole int) string {
	if whole <= 0 || part <= 0 {
		return "0"
	}
	w := 100 * float64(part) / float64(whole)
	return strconv.FormatFloat(min(100, max(w, 1)), 'f', 1, 64)
}

// ChartKind is the form of a chart.
type ChartKind string

// The forms that charts.js draws.
const (
	LineChart  ChartKind = "line"
	BarChart   ChartKind = "bar" // lying bars, for many words
	ShareChart ChartKind = "share"
)

// Series is one line or set of bars.
type Series struct {
	Name   string `json:"name"`
	Values []int  `json:"values"`
}

// ChartSpec is what charts.js draws; the same numbers stand in the table beside it.
type ChartSpec struct {
	ID     string    `json:"-"`
	Title  string    `json:"-"`
	Kind   ChartKind `json:"kind"`
	Unit   string    `json:"unit"`
	Labels []string  `json:"labels"`
	Series []Series  `json:"series"`
}
