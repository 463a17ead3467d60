package synth

import (
	"slices"
	"sync"

	"gongxin/internal/catalog"
)

// plan is all that one agency files under one item.
type plan struct {
	item   *catalog.Item
	agency *agency
	offers []offer
	sums   []int // running weights of the offers
	rows   int
	pairs  []int // running numbers of pairs of offer and subject; nil unless the plan has each pair at most once
	weight float64
	season season
	number int

	spread sync.Once
	starts []int32 // row with which each day of the window begins
}

// offer is one thing that the agency decides about members of one trade: a licence, a penalty or another act.
type offer struct {
	trade   int
	lic     *licence
	pen     *penalty
	act     *act
	weight  int
	places  []uint16 // slots of those whom it may concern
	members int      // how many subjects those are
	person  bool     // always about a natural person
}

// cityShare is how much of what districts decide in a line of government is decided by the city's own body.
const cityShare = 0.28

func (c *City) newPlans() []*plan {
	acts := allActs()
	var plans []*plan
	total := 0.0
	for _, share := range itemShares {
		item, ok := c.edition.Item(share.item)
		if !ok {
			continue
		}
		var own []*plan
		for i := range c.agencies {
			a := &c.agencies[i]
			p := &plan{item: item, agency: a, season: share.times}
			if share.times.growth == 0 {
				p.season = a.dept.season
			}
			p.offers = c.offers(item.Code, a, acts)
			if p.settle(); p.weight == 0 {
				continue
			}
			if a.region == 0 && a.dept.district != "" {
				p.weight *= cityShare
			}
			own = append(own, p)
		}
		sum := 0.0
		for _, p := range own {
			sum += p.weight
		}
		for _, p := range own {
			p.weight *= share.share / sum
			total += p.weight
		}
		plans = append(plans, own...)
	}
	return c.allot(plans, total)
}

// settle sums the offers up.
func (p *plan) settle() {
	p.sums = cumulate(p.offers, func(o *offer) int { return o.weight })
	if n := len(p.sums); n > 0 {
		p.weight = float64(p.sums[n-1])
	}
	if p.once() {
		p.pairs = cumulate(p.offers, func(o *offer) int { return o.eligible() })
	}
}

// once says whether the plan says a thing of each subject at most once: its natural key has no number of its own
// that would tell two such rows apart.
func (p *plan) once() bool {
	for i := range p.offers {
		if o := &p.offers[i]; o.act == nil || o.person || o.act.conduct != theGood && o.act.conduct != each {
			return false
		}
	}
	return len(p.offers) > 0
}

// eligible is among how many members the subjects of the offer are chosen, from the best down.
func (o *offer) eligible() int {
	if o.act != nil && o.act.conduct == theGood {
		return max(1, o.members*3/5)
	}
	return o.members
}

// offers lists what the agency decides under the item.
func (c *City) offers(item catalog.ItemCode, a *agency, acts []act) []offer {
	var all []offer
	add := func(o offer, weight, trade int) {
		o.trade, o.places = trade, c.deck.places[trade][a.region]
		if o.members = c.deck.count(o.places); o.members == 0 {
			return
		}
		if o.weight = weight * len(o.places); o.weight > 0 {
			all = append(all, o)
		}
	}
	for t := range c.trades {
		trade := &c.trades[t]
		switch item {
		case "XZXK":
			for i := range trade.licences {
				if l := &trade.licences[i]; l.dept == a.dept.key {
					add(offer{lic: l, person: l.person}, l.weight, t)
				}
			}
		case "XZCF":
			for i := range trade.penalties {
				if p := &trade.penalties[i]; p.dept == a.dept.key {
					add(offer{pen: p}, p.weight, t)
				}
			}
		default:
			for i := range acts {
				if x := &acts[i]; x.item == item && x.dept == a.dept.key && x.concerns(trade) {
					add(offer{act: x, person: x.person}, x.weight, t)
				}
			}
		}
	}
	return all
}

// concerns says whether members of the trade may be subjects of the act.
func (x *act) concerns(t *trade) bool {
	if x.trades == nil {
		return t.registered()
	}
	return slices.Contains(x.trades, t.name)
}

// allot divides the records among the plans by weight. Plans that would get only a few rows get none, so that a small
// city has some files rather than hundreds of one row; every item keeps the largest of its plans.
func (c *City) allot(plans []*plan, total float64) []*plan {
	if c.opt.Records == 0 || len(plans) == 0 {
		return nil
	}
	kept, sum := plans[:0:0], 0.0
	largest, ofItem := map[catalog.ItemCode]*plan{}, map[catalog.ItemCode]float64{}
	for _, p := range plans {
		p.weight *= float64(c.opt.Records) / total // now the rows to be expected
		ofItem[p.item.Code] += p.weight
		if l := largest[p.item.Code]; l == nil || p.weight > l.weight {
			largest[p.item.Code] = p
		}
	}
	for _, p := range plans {
		few := max(2, min(200, float64(c.opt.Records)/2500, ofItem[p.item.Code]/40))
		if p.weight >= few || largest[p.item.Code] == p && p.weight >= 0.2 || p == plans[0] {
			kept = append(kept, p)
			sum += p.weight
		}
	}
	passed, given := 0.0, 0
	for i, p := range kept {
		passed += p.weight
		upTo := int(passed/sum*float64(c.opt.Records) + 0.5)
		if i == len(kept)-1 {
			upTo = c.opt.Records
		}
		p.rows = upTo - given
		given = upTo
	}
	c.capDistinct(kept)
	kept = slices.DeleteFunc(kept, func(p *plan) bool { return p.rows == 0 })
	for i, p := range kept {
		p.number = i
	}
	return kept
}

// attempts is how many subjects are tried for a row until one is in business on the day.
const attempts = 5

// capDistinct bounds the rows of items that say a thing of each subject once, and gives the rest to the largest
// plan without a bound.
func (c *City) capDistinct(plans []*plan) {
	var largest *plan
	for _, p := range plans {
		if p.bound() == MaxRecords && (largest == nil || p.rows > largest.rows) {
			largest = p
		}
	}
	if largest == nil {
		return
	}
	for _, p := range plans {
		if spare := p.rows - p.bound(); spare > 0 {
			p.rows -= spare
			largest.rows += spare
		}
	}
}

// bound is how many rows the plan may have.
func (p *plan) bound() int {
	if p.pairs == nil {
		return MaxRecords
	}
	return max(1, p.pairs[len(p.pairs)-1]/attempts)
}

// begin gives the row with which each day of the window begins.
func (c *City) begin(p *plan) []int32 {
	p.spread.Do(func() {
		p.starts = c.window.spread(p.season, p.rows, streamOf(c.opt.Seed, forSeason, uint64(p.number)))
	})
	return p.starts
}
