package synth

import (
	"slices"
	"strconv"
)

// Outcome is what becomes of a row.
type Outcome string

// The outcomes of the receipt.
const (
	Accepted  Outcome = "accepted"
	Updated   Outcome = "updated"
	Duplicate Outcome = "duplicate"
	Withdrawn Outcome = "withdrawn"
	Rejected  Outcome = "rejected"
)

// Expected is what the intake must say to one row when the files are filed in their order, each on its day. Codes are
// the error reasons of a rejected row, Warnings the warnings of any row, both ascending, each once. Late counts
// rows that go on file: a row that is refused, known already or taken back is not late.
type Expected struct {
	File     string  `json:"file"`
	Row      int     `json:"row"`
	Outcome  Outcome `json:"outcome"`
	Late     bool    `json:"late"`
	Codes    []int   `json:"codes"`
	Warnings []int   `json:"warnings,omitempty"`
	Fault    string  `json:"fault,omitempty"` // what was done to the row
}

// Totals are what the receipt of one file must say.
type Totals struct {
	FileSpec
	Accepted  int         `json:"accepted"`
	Updated   int         `json:"updated"`
	Duplicate int         `json:"duplicate"`
	Withdrawn int         `json:"withdrawn"`
	Rejected  int         `json:"rejected"`
	Late      int         `json:"late"`
	Warnings  int         `json:"warnings"`            // rows with a warning
	Reasons   map[int]int `json:"reasons,omitempty"`   // error reason: rows
	FileCodes []int       `json:"fileCodes,omitempty"` // reasons about the file as a whole
}

func (t *Totals) count(e *Expected) {
	switch e.Outcome {
	case Accepted:
		t.Accepted++
	case Updated:
		t.Updated++
	case Duplicate:
		t.Duplicate++
	case Withdrawn:
		t.Withdrawn++
	case Rejected:
		t.Rejected++
	}
	if e.Late {
		t.Late++
	}
	if len(e.Warnings) > 0 {
		t.Warnings++
	}
	for _, code := range e.Codes {
		if t.Reasons == nil {
			t.Reasons = map[int]int{}
		}
		t.Reasons[code]++
	}
}

func (e *Expected) clone() Expected {
	c := *e
	c.Codes, c.Warnings = slices.Clone(e.Codes), slices.Clone(e.Warnings)
	return c
}

// appendJSON appends the line of the sidecar.
func (e *Expected) appendJSON(dst []byte) []byte {
	dst = append(appendJSON(append(dst, `{"file":`...), []byte(e.File)), `,"row":`...)
	dst = append(appendInt(dst, e.Row, 1), `,"outcome":"`...)
	dst = append(append(dst, e.Outcome...), `","late":`...)
	dst = append(strconv.AppendBool(dst, e.Late), `,"codes":`...)
	dst = appendInts(dst, e.Codes)
	if len(e.Warnings) > 0 {
		dst = appendInts(append(dst, `,"warnings":`...), e.Warnings)
	}
	if e.Fault != "" {
		dst = append(append(append(dst, `,"fault":"`...), e.Fault...), '"')
	}
	return append(dst, '}')
}

func appendInts(dst []byte, all []int) []byte {
	dst = append(dst, '[')
	for i, n := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendInt(dst, n, 1)
	}
	return append(dst, ']')
}
