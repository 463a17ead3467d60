package synth

import (
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// The registrations (DJJC) come in two parts. The stock has every subject once; the events are what changed within the
// window. Filed once, the stock has all subjects as they were first registered and the events have the later state
// of those whose name or state has changed. Filed by periods, the stock has those founded before the window and the
// events have foundings, changes of name and closings as they came.

// event is an entry of the business register: the day, what happened, to whom.
type event struct {
	day  uint16
	what uint8
	i    uint32
}

const (
	founded uint8 = iota
	renamed
	closed
	final // the state of today, after whatever happened
)

// eventsOf collects the events within the window. It is the only list that grows with the city: 8 bytes for each
// subject of which something is to be told, about a third of them when filed by periods, a tenth when filed once.
func (c *City) eventsOf() []event {
	c.registry.Do(func() {
		first := c.window.days[0]
		note := func(d clock.Date, what uint8, i int) {
			c.events = append(c.events, event{uint16(c.window.index(d)), what, uint32(i)})
		}
		for i := range c.opt.Subjects {
			if forms[c.deck.slots[i&deckMask].form].registrar != byMarket {
				continue
			}
			s := c.subject(i)
			if c.opt.Every == Once {
				if last := max(s.renamed, s.closed); last >= first {
					note(last, final, i)
				}
				continue
			}
			for what, d := range [...]clock.Date{founded: s.founded, renamed: s.renamed, closed: s.closed} {
				if d >= first {
					note(d, uint8(what), i)
				}
			}
		}
		slices.SortStableFunc(c.events, func(a, b event) int { return int(a.day) - int(b.day) })
		c.events = slices.Clip(c.events)
	})
	return c.events
}

// entry is one row of a registration file.
type entry struct {
	row
	as     clock.Date // the day whose state the row gives
	former bool       // under the name before the change
	change bool       // tells of a change, and so of the former name
}

// register fills the row with a subject as it was registered on a day.
func (e *entry) register(c *City, i int, what uint8) {
	e.c, e.isPerson = c, false
	e.sub = c.subject(i)
	s := &e.sub
	first := c.window.days[0]
	switch what {
	case founded:
		// The stock tells what was last entered before the window began.
		e.as, e.decided = s.founded, s.founded
		for _, d := range [...]clock.Date{s.renamed, s.closed} {
			if d != 0 && d < first {
				e.as, e.decided = d, d
			}
		}
	case renamed:
		e.as, e.decided = s.renamed, s.renamed
	case closed:
		e.as, e.decided = s.closed, s.closed
	default:
		e.as = max(s.renamed, s.closed)
		e.decided = e.as
	}
	e.former = s.renamed > e.as
	e.change = what != founded && s.renamed != 0 && s.renamed <= e.as
	e.code = c.code(s)
	e.name = c.appendName(e.name[:0], s, e.former)
	e.rep = c.appendRep(e.rep[:0], s)
}

// registryCell finds what goes into a field of DJJC.
func registryCell(f *catalog.Field) func(dst []byte, e *entry) []byte {
	if c, ok := registryCells[f.Code]; ok {
		return c
	}
	return nil
}

var registryCells map[string]func(dst []byte, e *entry) []byte

func init() {
	agencyCode := func(dst []byte, e *entry) []byte { return append(dst, e.registrar().Code...) }
	agencyTitle := func(dst []byte, e *entry) []byte { return append(dst, e.registrar().Name...) }
	filedBy := func(dst []byte, e *entry) []byte { return append(dst, e.p.agency.Name...) }
	registryCells = map[string]func(dst []byte, e *entry) []byte{
		"DJ_MC":    func(dst []byte, e *entry) []byte { return append(dst, e.name...) },
		"DJ_SHXYM": func(dst []byte, e *entry) []byte { return append(dst, e.code[:]...) },
		"DJ_LB":    func(dst []byte, e *entry) []byte { return append(dst, forms[e.sub.form].entity...) },
		"DJ_CYM": func(dst []byte, e *entry) []byte {
			if !e.change {
				return dst
			}
			return e.c.appendName(dst, &e.sub, true)
		},
		"DJ_GSZC": func(dst []byte, e *entry) []byte { return e.c.appendRegNo(dst, &e.sub) },
		"DJ_ZZJG": func(dst []byte, e *entry) []byte {
			if e.sub.founded >= unified {
				return dst
			}
			return append(dst, e.code[8:17]...)
		},
		"DJ_SWDJ": func(dst []byte, e *entry) []byte {
			if e.sub.founded >= unified || forms[e.sub.form].registrar != byMarket {
				return dst
			}
			return append(dst, e.code[2:17]...)
		},
		"DJ_FRDB": func(dst []byte, e *entry) []byte { return append(dst, e.rep...) },
		"DJ_LX":   func(dst []byte, e *entry) []byte { return append(dst, forms[e.sub.form].title...) },
		"DJ_ZS":   func(dst []byte, e *entry) []byte { return e.c.appendAddress(dst, &e.sub) },
		"DJ_ZCZB": func(dst []byte, e *entry) []byte {
			if e.sub.form == branch || forms[e.sub.form].registrar == byJustice {
				return dst
			}
			p := e.c.particulars(&e.sub)
			return appendInt(dst, p.capital, 1)
		},
		"DJ_CLRQ":   func(dst []byte, e *entry) []byte { return appendDate(dst, e.sub.founded) },
		"DJ_YYQXZ":  func(dst []byte, _ *entry) []byte { return appendDate(dst, clock.LongTerm) },
		"DJ_JYFW":   func(dst []byte, e *entry) []byte { return append(dst, e.c.scope(&e.sub)...) },
		"DJ_DJJG":   agencyTitle,
		"DJ_DJJGDM": agencyCode,
		"DJ_XZQH":   func(dst []byte, e *entry) []byte { return append(dst, e.c.regions[e.sub.region].Code...) },
		"DJ_HY":     func(dst []byte, e *entry) []byte { return append(dst, e.c.trades[e.sub.trade].code...) },
		"DJ_DJZT":   func(dst []byte, e *entry) []byte { return append(dst, e.sub.state(e.as)...) },
		"DJ_HZRQ":   func(dst []byte, e *entry) []byte { return appendDate(dst, e.decided) },
		"DJ_LYDW":   filedBy,
		"DJ_LYDWDM": func(dst []byte, e *entry) []byte { return append(dst, e.p.agency.Code...) },
	}
}

// registrar gives the body that registered the subject: the district's, or the city's where it has none.
func (e *entry) registrar() *agency {
	return e.c.registrars[forms[e.sub.form].registrar][e.sub.region]
}

// newRegistrars finds the registrars of every region.
func (c *City) newRegistrars() (all [registrarCount][]*agency) {
	for k, dept := range registrarDepts {
		for r := range c.regions {
			all[k] = append(all[k], c.agencyOf(dept, r))
		}
	}
	return all
}
