// Package parse keeps the pure half of intake: a row of cells and the catalogue go in; a checked, normalised row with numbered reasons for every fault, its
// claim on a subject and its draft of a record come out. It knows no database, so that the same row gives the same answer wherever it is run.
package parse

import (
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/gm"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// Filing is what all rows of one filing share.
type Filing struct {
	Item     *catalog.Item
	Unit     Unit
	Received clock.Date // day of receipt in China
	Rules    *publish.Rules
	Calendar *clock.Calendar
	Ring     *gm.KeyRing
	Legacy   func(uscc string) bool // allow-list of pilot-era codes
	Persons  func(docKind, number string) subject.Ident
	// Refuse gives the fault of a row that passes by the catalogue and may not be put on file all the same, by its checked values; ok is false when there is none.
	// nil = there never is.
	Refuse func(values catalog.Values) (fault catalog.Reason, ok bool)
}

// Unit is the agency that files.
type Unit struct {
	ID     int64
	Code   string
	Name   string
	Region string
}

// Row is a checked row.
type Row struct {
	N, Line  int
	Reasons  []catalog.Reason
	Rejected bool
	Withdraw bool // operation flag D
	Late     bool
	Values   catalog.Values // normalised; kept only until the row is stored
	Template string
	Claim    subject.Claim
	Draft    record.Draft // without its subject
}

// Reject adds an error.
func (r *Row) Reject(reason catalog.Reason) {
	r.Reasons = append(r.Reasons, reason)
	if reason.Severity == catalog.Error {
		r.Rejected = true
	}
}

// Parser checks rows of one filing. It is not safe for concurrent use; make one for each worker.
type Parser struct {
	Filing
	roles     roles
	hide      []bool // fields sealed in rows about persons
	key       []int  // indexes of the natural key's fields
	deadlines map[clock.Date]clock.Date
}

// NewParser makes a Parser.
func NewParser(f Filing) *Parser {
	p := &Parser{Filing: f, roles: findRoles(f.Item), hide: make([]bool, len(f.Item.Fields)), deadlines: map[clock.Date]clock.Date{}}
	for i := range f.Item.Fields {
		switch f.Item.Fields[i].Role {
		case catalog.RoleName, catalog.RolePersonID, catalog.RolePersonIDType, catalog.RoleRepID:
			p.hide[i] = true
		}
	}
	for _, code := range f.Item.NaturalKey {
		if field, ok := f.Item.Field(code); ok {
			p.key = append(p.key, field.Index)
		}
	}
	return p
}

// Input is a row as its columns were understood.
type Input struct {
	N, Line  int
	Values   catalog.Values // in the catalogue's order; brought to normal form in place
	Template string         // which template the columns follow; empty = current
	Withdraw bool           // the operation flag asks for withdrawal
}

// Row checks a row and builds what is put on file.
func (p *Parser) Row(row Input) Row {
	values, withdraw := row.Values, row.Withdraw
	r := Row{N: row.N, Line: row.Line, Values: values, Withdraw: withdraw, Template: row.Template}
	var kind catalog.SubjectKind
	in := catalog.CheckInput{Received: p.Received, Template: row.Template, LegacyAllowed: p.Legacy, UnitCode: p.Unit.Code, UnitName: p.Unit.Name, Kind: &kind}
	for _, reason := range p.Item.Check(values, &in) {
		if withdraw && !p.identifies(reason.Field) {
			continue // a withdrawal needs to say which record, nothing more
		}
		r.Reject(reason)
	}
	if r.Rejected {
		return r
	}
	if p.Refuse != nil && !withdraw {
		if reason, ok := p.Refuse(values); ok {
			r.Reject(reason)
			return r
		}
	}
	r.Claim = p.claim(values, kind)
	r.Claim.FindOnly = withdraw
	r.Draft = p.draft(&r, kind)
	r.Late = !withdraw && p.late(values)
	return r
}

// identifies reports whether a field says which record a row is about.
func (p *Parser) identifies(code string) bool {
	f, ok := p.Item.Field(code)
	if !ok {
		return false
	}
	for _, i := range p.key {
		if f.Index == i {
			return true
		}
	}
	switch f.Role {
	case catalog.RoleName, catalog.RoleKind, catalog.RoleUSCC, catalog.RoleOrgCode, catalog.RoleRegNo, catalog.RolePersonID, catalog.RolePersonIDType:
		return true
	}
	return false
}

// late reports whether the row arrived after its filing clock ran out. The day after the decision is day 1 (424号; counting convention
// in docs/standards/divergences.md).
func (p *Parser) late(values catalog.Values) bool {
	decided := p.date(values, p.roles.decidedOn)
	if decided.IsZero() || (p.Item.Clock.WorkingDays == 0 && p.Item.Clock.MonthDay == 0) {
		return false
	}
	due, ok := p.deadlines[decided]
	if !ok {
		due = Deadline(p.Item.Clock, p.Calendar, decided)
		if len(p.deadlines) > 10_000 {
			clear(p.deadlines)
		}
		p.deadlines[decided] = due
	}
	return p.Received > due
}

// Deadline is the last day on which a row decided on a day arrives in time.
func Deadline(c catalog.FilingClock, calendar *clock.Calendar, decided clock.Date) clock.Date {
	if c.WorkingDays > 0 {
		return calendar.AddWorkdays(decided, c.WorkingDays)
	}
	y, m, _ := decided.AddMonths(1).YMD()
	due, ok := clock.MakeDate(y, m, c.MonthDay)
	if !ok { // a day the month does not have: its last one
		first, _ := clock.MakeDate(y, m, 1)
		due = first.AddMonths(1).AddDays(-1)
	}
	return due
}

func (p *Parser) date(v catalog.Values, index int) clock.Date {
	s := at(v, index)
	if s == "" {
		return 0
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return 0
	}
	return d
}

func at(v catalog.Values, index int) string {
	if index < 0 {
		return ""
	}
	return v[index]
}

func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return f
}
