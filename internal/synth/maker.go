package synth

import (
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// maker writes the rows of one file, one after another or any of them.
type maker struct {
	c     *City
	f     *FileSpec
	table *table
	row   row
	probe row // another row, when one has to be looked at
	entry entry

	buf  []byte
	ends []int
	vals [][]byte // the row's cells

	expected Expected
	inTime   clock.Date
}

func (c *City) newMaker(f *FileSpec) *maker {
	m := &maker{c: c, f: f, table: c.newTable(f)}
	m.row.c, m.probe.c, m.entry.c = c, c, c
	m.row.known, m.row.old = min(f.Received, c.opt.Today), f.Layout == Old2015
	m.inTime = m.firstInTime()
	m.ends = make([]int, len(m.table.columns))
	m.vals = make([][]byte, len(m.table.columns))
	return m
}

// make writes row k of the file, from 0, into vals and what is to be said about it into expected.
func (m *maker) make(k int) {
	m.clean(k)
	m.expected = Expected{File: m.f.Name, Row: k + 1, Outcome: m.usual(k), Codes: m.expected.Codes[:0], Warnings: m.expected.Warnings[:0]}
	m.expected.Late = m.late() && m.expected.Outcome == Accepted
	m.warnings()
	if m.c.opt.Messy > 0 && m.isMessy(k) {
		m.spoil(k)
	}
}

// clean writes row k as it would be without faults.
func (m *maker) clean(k int) {
	m.buf = m.buf[:0]
	if m.f.part == decisions {
		m.row.fill(m.f.plan, m.f.first+k, m.f.Layout)
		m.loosen(&m.row, k)
		for i := range m.table.columns {
			if c := m.table.columns[i].cell; c != nil {
				m.buf = c(m.buf, &m.row)
			}
			m.ends[i] = len(m.buf)
		}
	} else {
		i, what := m.who(k)
		m.entry.p = m.f.plan
		m.entry.register(m.c, i, what)
		for i := range m.table.columns {
			if c := m.table.columns[i].entry; c != nil {
				m.buf = c(m.buf, &m.entry)
			}
			m.ends[i] = len(m.buf)
		}
	}
	start := 0
	for i, end := range m.ends {
		m.vals[i] = m.buf[start:end:end]
		start = end
	}
}

// who gives the subject of a registration row and what is told of it.
func (m *maker) who(k int) (i int, what uint8) {
	n := m.f.first + k
	if m.f.part == changes {
		e := m.c.eventsOf()[n]
		return int(e.i), e.what
	}
	return m.c.deck.byNumber(m.c.stockPlaces(m.f.by), n), founded
}

// about gives the row that the cells were written from.
func (m *maker) about() *row {
	if m.f.part == decisions {
		return &m.row
	}
	return &m.entry.row
}

// usual is what becomes of row k when nothing is wrong with it: it is put on file; the later state of a subject on
// file is an update.
func (m *maker) usual(k int) Outcome {
	if m.f.part == changes {
		if _, what := m.who(k); what != founded {
			return Updated
		}
	}
	return Accepted
}

// late says whether the row comes after the item's filing clock has run out. A deadline never moves back as decisions
// move on, so the first day that is in time tells for all.
func (m *maker) late() bool { return m.about().decided < m.inTime }

// firstInTime finds the first day of decision of which a row is in time.
func (m *maker) firstInTime() clock.Date {
	filing, received := m.f.plan.item.Clock, m.f.Received
	due := func(d clock.Date) clock.Date {
		if filing.WorkingDays > 0 {
			return m.c.calendar.AddWorkdays(d, filing.WorkingDays)
		}
		y, mo, _ := d.AddMonths(1).YMD()
		limit, _ := clock.MakeDate(y, mo, filing.MonthDay)
		return limit
	}
	if filing.WorkingDays == 0 && filing.MonthDay == 0 {
		return 0
	}
	d := received
	for due(d) >= received {
		d = d.AddDays(-1)
	}
	return d.AddDays(1)
}

// warnings notes what is said of a row as it stands.
func (m *maker) warnings() {
	m.expected.Warnings = m.expected.Warnings[:0]
	if code := m.looseWarning(); code != 0 {
		m.expected.Warnings = append(m.expected.Warnings, code) // nobody is asked for the subject's name
		if m.f.Layout == Old2015 && code == 1002 {
			m.expected.Warnings = append(m.expected.Warnings, catalog.ReasonRequiredWhen) // the old template takes any organisation for a legal one
		}
	} else if m.formerName() {
		m.expected.Warnings = append(m.expected.Warnings, 1004)
	}
	if m.f.Layout == Old2015 && m.f.Item == "XZCF" {
		// The old template has no columns for these.
		if m.row.kinds&(forfeit|seize) == seize {
			m.expected.Warnings = append(m.expected.Warnings, catalog.ReasonConfiscated)
		}
		if m.row.kinds&(suspend|revoke) != 0 {
			m.expected.Warnings = append(m.expected.Warnings, catalog.ReasonLicenceNamed)
		}
	}
}

// looseWarning is what is said of a row that names no subject for certain.
func (m *maker) looseWarning() int {
	if m.f.part != decisions {
		return 0
	}
	return m.row.looseWarning()
}

// formerName says whether the row names its subject as it was called before.
func (m *maker) formerName() bool {
	r := m.about()
	if m.f.part != decisions || r.isPerson || r.sub.renamed <= r.decided {
		return false
	}
	return m.c.entered(r.sub.renamed, m.f)
}

// value gives the cell with a role, or nil.
func (m *maker) value(role catalog.Role) []byte {
	if i, ok := m.table.byRole[role]; ok {
		return m.vals[i]
	}
	return nil
}

// set replaces a cell.
func (m *maker) set(i int, s string) { m.vals[i] = []byte(s) }
