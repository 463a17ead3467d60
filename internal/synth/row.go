package synth

import (
	"math"
	"slices"

	"gongxin/internal/clock"
)

// row is one decision while it is being written. It is used again for the next.
type row struct {
	c *City
	p *plan

	number  int // within the plan
	offer   *offer
	day     int // in the window
	decided clock.Date
	serial  int // within the calendar year of the decision, from 1
	nth     int // within the day, from 0
	own     stream

	isPerson bool
	person   person
	sub      subject
	code     [18]byte
	name     []byte
	rep      []byte

	kinds    kindSet
	fine     int // yuan
	taken    int // yuan confiscated
	simple   bool
	sum      int // yuan, for sentences
	quantity int
	goods    string
	road     string
	choice   int // 0 … 99, for columns with few values
	from, to clock.Date
	known    clock.Date // the last day of which the file can tell

	loose loose
	other int  // the subject, or the number, that makes it so
	old   bool // in the template of 2015
}

// The shares, in thousandths, of rows that were decided well before their neighbours in the file, and of penalties for
// somebody whom the register of businesses does not know.
const (
	stragglers = 25
	strangers  = 6
)

// fill makes row number n of the plan. Nothing of the row before it remains.
func (r *row) fill(p *plan, n int, layout Layout) {
	c := r.c
	r.p, r.number = p, n
	r.own = stream{mix(mix(mix(c.opt.Seed, forRow), uint64(p.number)), uint64(n))}
	starts := c.begin(p)
	r.setDay(starts)
	if p.pairs != nil {
		r.choosePair()
	} else {
		r.offer = &p.offers[r.own.pick(p.sums)]
		r.chooseWhom()
	}
	t := &c.trades[r.offer.trade]
	r.goods = t.goods[r.own.n(len(t.goods))]
	if r.offer.pen != nil && r.offer.pen.things != "" {
		r.goods = r.offer.pen.things
	}
	r.quantity = 2 + r.own.n(28)
	r.sum = 100 + int(math.Exp(r.own.unit()*7)*40)
	r.choice = r.own.n(100)
	r.kinds, r.fine, r.taken, r.simple = 0, 0, 0, false
	if r.isPerson || r.sub.i >= c.opt.Subjects {
		r.road = c.regions[max(1, p.agency.region)].roads[r.own.n(24)]
	} else {
		r.road = c.regions[r.sub.region].roads[r.own.n(24)]
	}
	if r.offer.pen != nil {
		r.punish(layout)
	}
	r.setPeriod()
}

// setDay finds the day of the row by its place, so that a file runs with time and its numbers with it. A straggler
// is of an earlier day of the same year; its number stays where it is.
func (r *row) setDay(starts []int32) {
	w := &r.c.window
	lo, hi := 0, len(w.days)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; int(starts[mid]) <= r.number {
			lo = mid
		} else {
			hi = mid
		}
	}
	year, _, _ := w.days[lo].YMD()
	first := w.years[year-w.yearNow]
	r.serial = r.number - int(starts[first]) + 1
	r.nth = r.number - int(starts[lo])
	r.day = lo
	if r.own.n(1000) < stragglers && r.p.item.Code != "XYCN" {
		back := max(first, lo-4-r.own.n(40))
		for back > first && !w.work[back] {
			back--
		}
		r.day = back
	}
	r.decided = w.days[r.day]
}

// choosePair picks an offer and a subject that no other row of the plan has.
func (r *row) choosePair() {
	c, p := r.c, r.p
	order := newPermutation(c.opt.Seed, forPairs+uint64(p.number)<<8, uint64(p.pairs[len(p.pairs)-1]))
	for try := range attempts {
		k := int(order.at(uint64(r.number*attempts + try)))
		at, _ := slices.BinarySearch(p.pairs, k+1)
		r.offer = &p.offers[at]
		if at > 0 {
			k -= p.pairs[at-1]
		}
		r.sub = c.subject(c.deck.byConduct(r.offer.places, r.offer.members-1-k))
		if r.sub.aliveOn(r.decided) {
			break
		}
	}
	r.isPerson = false
	r.know()
}

// chooseWhom picks a subject that was in business on the day, or a person.
func (r *row) chooseWhom() {
	c, o := r.c, r.offer
	r.isPerson = o.person || o.pen != nil && o.pen.persons > 0 && r.own.n(100) < o.pen.persons
	if r.isPerson {
		r.choosePerson()
		return
	}
	if o.pen != nil && r.own.n(1000) < strangers {
		r.sub = c.subject(c.opt.Subjects + r.own.n(c.opt.Subjects/150+1))
		r.sub.renamed, r.sub.closed = 0, 0
	} else {
		for range attempts {
			if r.sub = c.subject(r.candidate()); r.sub.aliveOn(r.decided) {
				break
			}
		}
	}
	r.know()
}

// know writes out what nearly every column needs of the subject.
func (r *row) know() {
	c := r.c
	r.code = c.code(&r.sub)
	r.name = c.appendName(r.name[:0], &r.sub, r.sub.renamed > r.decided)
	r.rep = c.appendRep(r.rep[:0], &r.sub)
}

// spread50 and spread4 are how far the worst fiftieth, or fourth, of a trade is ahead of the rest: the k-th of m has a
// share like 1/(k+m/50).
var spread50, spread4 = math.Log(51), math.Log(5)

// candidate gives a subject to try for the row.
func (r *row) candidate() int {
	o := r.offer
	m := float64(o.members)
	k := 0
	switch {
	case o.pen != nil || o.act != nil && o.act.conduct == theBad:
		k = int((math.Exp(r.own.unit()*spread50) - 1) * m / 50)
	case o.act != nil && o.act.conduct == theGood:
		k = o.members - 1 - r.own.n(o.eligible())
	default:
		k = int((math.Exp(r.own.unit()*spread4) - 1) * m / 4)
	}
	return r.c.deck.byConduct(o.places, min(k, o.members-1))
}

func (r *row) choosePerson() {
	c := r.c
	pool := uint64(c.opt.Subjects/2 + 100)
	u := r.own.unit()
	n := uint64(u * u * float64(pool))
	if r.offer.act != nil {
		n = pool + uint64(r.p.number)<<32 + uint64(r.number) // once in a lifetime
	}
	r.person = c.person(n)
	r.name = c.appendResident(r.name[:0], &r.person)
	r.sub = subject{}
}

// punish draws what the penalty consists of.
func (r *row) punish(layout Layout) {
	p := r.offer.pen
	weights := 0
	for i := range p.outcomes {
		weights += p.outcomes[i].weight
	}
	at, v := 0, r.own.n(weights)
	for v >= p.outcomes[at].weight {
		v -= p.outcomes[at].weight
		at++
	}
	o := &p.outcomes[at]
	r.kinds = o.kinds
	if o.kinds&fine != 0 {
		r.fine = roundSum(drawSum(&r.own, o.min, o.max))
		if r.isPerson {
			r.fine = max(20, roundSum(r.fine/5))
		}
	}
	if o.kinds&forfeit != 0 {
		r.taken = max(10, drawSum(&r.own, 80, max(400, r.fine/2)))
	}
	limit := 3000 // 行政处罚法 art. 51: organisations up to 3,000 yuan, citizens up to 200
	if r.isPerson {
		limit = 200
	}
	r.simple = layout != Old2015 && o.kinds&^(warn|fine) == 0 && r.fine <= limit && r.own.n(100) < p.simple
}

// drawSum draws evenly over the orders of magnitude between two sums.
func drawSum(r *stream, low, high int) int {
	return int(float64(low) * math.Exp(r.unit()*math.Log(float64(high)/float64(low))))
}

// roundSum makes a sum one that an official would choose.
func roundSum(yuan int) int {
	step := 10
	switch {
	case yuan >= 50000:
		step = 5000
	case yuan >= 5000:
		step = 1000
	case yuan >= 1000:
		step = 500
	case yuan >= 200:
		step = 100
	}
	return max(step, (yuan+step/2)/step*step)
}

// setPeriod draws from when to when the decision holds.
func (r *row) setPeriod() {
	r.from, r.to = r.decided, clock.LongTerm
	switch o := r.offer; {
	case o.lic != nil:
		if o.lic.founding && !r.isPerson {
			r.from = min(r.sub.founded, r.decided)
		}
		if o.lic.years > 0 {
			r.to = r.decided.AddYears(o.lic.years).AddDays(-1)
		}
	case o.pen != nil:
		if r.kinds&(revoke|shut|bar) == 0 {
			r.to = r.decided.AddYears(1 + 2*(r.choice%2)).AddDays(-1)
		}
	default:
		r.to = r.decided.AddYears(yearsOf[r.p.item.Code]).AddDays(-1)
		if r.p.item.Code == "HTLY" {
			r.to = r.decided.AddDays(60 + r.choice*5)
		}
	}
}
