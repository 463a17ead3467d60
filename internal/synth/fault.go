package synth

import (
	"slices"

	"gongxin/internal/catalog"
)

// slip is one way in which rows go wrong in offices, and what the intake has to make of it.
type slip struct {
	name    string
	weight  int
	outcome Outcome // "" leaves the row what it was
	code    int     // reason; 0 when the intake mends the row without a word
	warning bool    // the reason is a warning and the row goes on file
	alone   bool    // the reason is not about a cell, and no second fault goes with it
	fits    func(m *maker, k int) bool
	spoil   func(m *maker, r *stream, k int)
}

// slips are all kinds, gathered from their groups.
var slips = slices.Concat(codeFaults, valueFaults, dateFaults, penaltyFaults, personFaults, flowFaults, harmless)

var slipSums = cumulate(slips, func(f *slip) int { return f.weight })

// FaultNames lists the kinds of slips with the reason number that each must get, 0 for those that are mended or are
// no fault of the row.
func FaultNames() map[string]int {
	names := make(map[string]int, len(slips))
	for i := range slips {
		names[slips[i].name] = slips[i].code
	}
	return names
}

// isMessy says whether row k has a fault. It goes by what the row is about, not by where it stands, so that a row is the
// same however the filings are cut.
func (m *maker) isMessy(k int) bool {
	r := m.chance(k)
	return r.below(m.c.opt.Messy)
}

// chance is the sequence by which row k is spoilt.
func (m *maker) chance(k int) stream {
	if m.f.part == decisions {
		return stream{mix(mix(mix(m.c.opt.Seed, forFault), uint64(m.f.plan.number)), uint64(m.f.first+k))}
	}
	i, what := m.who(k)
	return registryChance(m.c, i, what)
}

func registryChance(c *City, i int, what uint8) stream {
	return stream{mix(mix(mix(c.opt.Seed, forFault+1<<8), uint64(what)), uint64(i))}
}

// spoilt says whether a subject's registration has a fault, so that the register may not know it by its name.
func (c *City) spoilt(i int) bool {
	for what := founded; what <= final; what++ {
		if r := registryChance(c, i, what); r.below(c.opt.Messy) {
			return true
		}
	}
	return false
}

// spoil puts a fault that fits into the row, and now and then a second one.
func (m *maker) spoil(k int) {
	r := m.chance(k)
	r.next() // the draw that said that there is a fault
	at := m.draw(&r)
	for range len(slips) {
		f := &slips[at]
		if m.admits(f, k) && f.fits(m, k) {
			m.apply(f, &r, k)
			if f.outcome == Rejected && !f.alone && r.oneIn(4) {
				m.second(&r)
			}
			return
		}
		at = (at + 1 + r.n(len(slips)-1)) % len(slips)
	}
}

// personAt is where the faults of persons begin among the slips.
var (
	personAt   = slices.IndexFunc(slips, func(f slip) bool { return f.name == personFaults[0].name })
	personSums = cumulate(personFaults, func(f *slip) int { return f.weight })
	forfeitAt  = slices.IndexFunc(slips, func(f slip) bool { return f.code == catalog.ReasonConfiscated })
)

// draw picks the slip to try first. Rows about persons and those with a confiscation are few; the faults that only they can have are
// preferred, so that even a small city shows them.
func (m *maker) draw(r *stream) int {
	switch row := m.about(); {
	case row.isPerson && r.oneIn(2):
		return personAt + r.pick(personSums)
	case m.f.Item == "XZCF" && m.f.Layout != Old2015 && row.kinds&(forfeit|seize) != 0 && r.oneIn(6):
		return forfeitAt
	}
	return r.pick(slipSums)
}

// admits keeps apart what would make the fate of other rows depend on this one. A subject whose registration is
// refused is made known by its first record instead; that goes well as long as it has one name and nothing later is
// entered for it.
func (m *maker) admits(f *slip, k int) bool {
	if m.f.part == decisions || f.outcome == "" || f.outcome == Accepted {
		return true
	}
	s, first := &m.entry.sub, m.c.window.days[0]
	if _, what := m.who(k); what == founded && s.closed >= first {
		return false
	}
	return s.renamed < first && f.outcome != Withdrawn
}

func (m *maker) apply(f *slip, r *stream, k int) {
	f.spoil(m, r, k)
	e := &m.expected
	e.Fault = f.name
	if f.outcome != "" {
		e.Outcome = f.outcome
	}
	if f.code != 0 && f.warning {
		e.Warnings = append(e.Warnings, f.code)
		slices.Sort(e.Warnings)
	}
	if e.Outcome == Rejected {
		e.Codes = append(e.Codes, f.code)
	}
	e.Late = e.Late && e.Outcome == Accepted
	if e.Outcome == Rejected && f.code != 4001 {
		// Only a row without errors of its own is asked whom it is about; another's name is no former name.
		e.Warnings = slices.DeleteFunc(e.Warnings, func(code int) bool { return code < 2000 })
	}
}

// second adds another fault in a column that nothing else depends on: the authority's name is missing.
func (m *maker) second(r *stream) {
	i, ok := m.table.byRole[catalog.RoleAuthority]
	if !ok || !m.table.columns[i].field.Required || m.f.Layout == Old2015 || len(m.vals[i]) == 0 {
		return
	}
	m.set(i, "")
	if !slices.Contains(m.expected.Codes, catalog.ReasonRequired) {
		m.expected.Codes = append(m.expected.Codes, catalog.ReasonRequired)
		slices.Sort(m.expected.Codes)
	}
	m.expected.Fault += "+authority-empty"
}

// filled gives the column with a role when the row has a value in it.
func (m *maker) filled(role catalog.Role) (int, bool) {
	i, ok := m.table.byRole[role]
	return i, ok && len(m.vals[i]) > 0
}

// has makes a fits function: the file has a column with the role, filled in this row.
func has(role catalog.Role) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool {
		_, ok := m.filled(role)
		return ok
	}
}

// put makes a spoil function that rewrites the column with the role.
func put(role catalog.Role, change func(m *maker, r *stream, old []byte) []byte) func(m *maker, r *stream, k int) {
	return func(m *maker, r *stream, _ int) {
		i := m.table.byRole[role]
		m.vals[i] = change(m, r, m.vals[i])
	}
}

// both makes a fits function of two.
func both(a, b func(m *maker, k int) bool) func(m *maker, k int) bool {
	return func(m *maker, k int) bool { return a(m, k) && b(m, k) }
}

func current(m *maker, _ int) bool { return m.f.Layout != Old2015 }

func item(codes ...catalog.ItemCode) func(m *maker, k int) bool {
	return func(m *maker, _ int) bool { return slices.Contains(codes, m.f.Item) }
}
