package synth

import (
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ident"
)

// Subject is a business or organisation of the city in full, as it stands today.
type Subject struct {
	Index      int
	Name       string
	FormerName string     // "" when it never changed
	RenamedOn  clock.Date // day of the change of name
	Code       string     // unified social credit code
	Kind       catalog.SubjectKind
	Type       string // 企业类型 and the like
	Region     string // division code
	Trade      string
	Rep        string // legal representative, or the owner
	Address    string
	Founded    clock.Date
	Closed     clock.Date
	State      string // 存续, 注销, 吊销
	OrgCode    string
	RegNo      string // 15 digits; "" for those founded under the unified code
	Parent     string // unified code of a branch's company
	Capital    int    // 万元
	Scope      string
}

// subject is what is known of a subject without writing its names out.
type subject struct {
	i int
	slot
	founded, renamed, closed clock.Date
	revoked                  bool
	own                      stream // the rest of its particulars, always drawn in the same order
}

// unified is the year in which the unified code replaced the separate numbers.
const unified clock.Date = 20151001

func (c *City) subject(i int) subject {
	s := subject{i: i, slot: c.deck.slots[i&deckMask]}
	r := streamOf(c.opt.Seed, forSubject, uint64(i))
	today := len(c.founding) - 1
	start := today - (len(c.window.days) - 1)
	var at int
	if s.newcomer {
		// Fewer of late: the last month's are still with the registrar.
		at = start + 20 + r.n(today-start-20)
	} else {
		u := r.unit()
		at = int(float64(start) * (1 - u*u*0.96))
	}
	s.founded = c.founding[at]
	fate := r.n(1000)
	later := func(from int) int { return from + r.n(max(1, today-from)) }
	renamed := at
	if s.form == limitedCo && fate%100 < 7 {
		if renamed = later(at + 200); renamed < today {
			s.renamed = c.founding[renamed]
		} else {
			renamed = at
		}
	}
	if fate < 110 && forms[s.form].registrar == byMarket {
		if closed := later(renamed + 120); closed < today {
			s.closed, s.revoked = c.founding[closed], fate < 8 && s.form <= individual
		}
	}
	s.own = r
	return s
}

// aliveOn says whether decisions about the subject may be of that day.
func (s *subject) aliveOn(d clock.Date) bool {
	return s.founded <= d && (s.closed == 0 || d < s.closed)
}

// state gives the registration state after the day d.
func (s *subject) state(d clock.Date) string {
	switch {
	case s.closed == 0 || s.closed > d:
		return "存续"
	case s.revoked:
		return "吊销"
	default:
		return "注销"
	}
}

const bodySpace = 31 * 31 * 31 * 31 * 31 * 31

// alphabet is that of GB 32100.
const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// code gives the unified code. Its organisation code begins with LX, which no register issues.
func (c *City) code(s *subject) (code [18]byte) {
	copy(code[:], forms[s.form].prefix)
	copy(code[2:], c.regions[s.region].Code)
	code[8], code[9] = 'L', 'X'
	n := c.bodies.at(uint64(s.i))
	for k := 15; k >= 10; k-- {
		code[k] = alphabet[n%31]
		n /= 31
	}
	code[16] = ident.OrgCheck(string(code[8:16]))
	code[17] = ident.USCCCheck(string(code[:17]))
	return code
}

const serialSpace = 10_000_000

// appendRegNo appends the old 15-digit number of a subject that has one.
func (c *City) appendRegNo(dst []byte, s *subject) []byte {
	if s.founded >= unified || forms[s.form].registrar != byMarket {
		return dst
	}
	start := len(dst)
	dst = append(dst, c.regions[s.region].Code...)
	if s.form == individual {
		dst = append(dst, '6')
	} else {
		dst = append(dst, '2')
	}
	dst = appendInt(dst, int(c.serials.at(uint64(s.i))), 7)
	return append(dst, ident.RegNoCheck(string(dst[start:])))
}

// particulars are the answers of the subject's own stream.
type particulars struct {
	rep           stream
	road          string
	number, floor int
	capital       int
	variety       uint64
}

var capitals = []int{10, 10, 20, 30, 50, 50, 50, 100, 100, 100, 100, 200, 200, 300, 500, 500, 600, 800, 1000, 1000, 2000, 3000, 5000, 10000}

func (c *City) particulars(s *subject) particulars {
	r := s.own
	p := particulars{variety: r.next(), rep: stream{r.next()}}
	p.road = c.regions[s.region].roads[r.n(24)]
	p.number, p.floor = 1+r.n(320), r.n(60)
	p.capital = capitals[r.n(len(capitals))]
	if s.form == individual || s.form == soleOwner {
		p.capital = min(p.capital, 50) / 5
	}
	if forms[s.form].registrar != byMarket {
		p.capital = min(p.capital, 100)
	}
	return p
}

// appendRep appends the legal representative's (owner's, head's) name.
func (c *City) appendRep(dst []byte, s *subject) []byte {
	r := stream{0}
	own := s.own
	own.next()
	r.s = own.next()
	return appendPersonName(dst, &r)
}

func (c *City) appendAddress(dst []byte, s *subject) []byte {
	p := c.particulars(s)
	dst = append(dst, c.whole[s.region]...)
	dst = append(dst, p.road...)
	dst = appendInt(dst, p.number, 1)
	dst = append(dst, "号"...)
	if p.floor >= 40 {
		return dst
	}
	switch {
	case s.form == individual && p.floor < 20:
		dst = append(dst, "沿街商铺"...)
		return appendInt(dst, p.floor+1, 1)
	case p.floor < 12:
		dst = appendInt(dst, p.floor+1, 1)
		dst = append(dst, "号楼"...)
		dst = appendInt(dst, p.floor%4+1, 1)
		return append(dst, "单元"...)
	default:
		dst = appendInt(dst, p.floor%18+2, 1)
		dst = append(dst, "层"...)
		dst = appendInt(dst, (p.floor%18+2)*100+p.number%12+1, 1)
		return append(dst, "室"...)
	}
}

// scope gives what it may do, in the words of its licence.
func (c *City) scope(s *subject) string { return c.trades[s.trade].scope }

// Subject gives the subject with that number, from 0.
func (c *City) Subject(i int) Subject {
	s := c.subject(i)
	code, p := c.code(&s), c.particulars(&s)
	full := Subject{
		Index: i, Code: string(code[:]), Kind: forms[s.form].kind, Type: forms[s.form].title, Region: c.regions[s.region].Code, Trade: c.trades[s.trade].name,
		Founded: s.founded, Closed: s.closed, RenamedOn: s.renamed, State: s.state(c.opt.Today), OrgCode: string(code[8:17]), Capital: p.capital, Scope: c.scope(&s),
	}
	full.Name = string(c.appendName(nil, &s, false))
	full.Rep = string(c.appendRep(nil, &s))
	full.Address = string(c.appendAddress(nil, &s))
	full.RegNo = string(c.appendRegNo(nil, &s))
	if s.renamed != 0 {
		full.FormerName = string(c.appendName(nil, &s, true))
	}
	if s.form == branch {
		parent := c.subject(c.parentOf(&s))
		code := c.code(&parent)
		full.Parent = string(code[:])
	}
	return full
}

// Subjects yields every subject in the order of their numbers, until yield says no.
func (c *City) Subjects(yield func(Subject) bool) {
	for i := range c.opt.Subjects {
		if !yield(c.Subject(i)) {
			return
		}
	}
}
