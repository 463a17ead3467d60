package synth

import (
	"gongxin/internal/clock"
	"gongxin/internal/ident"
)

// person is an invented resident. The division of the identity number does not exist, so nobody bears it.
type person struct {
	n  uint64
	id [18]byte
}

var (
	firstBirth clock.Date = 19560101
	births                = daysBetween(firstBirth, 20051231)
)

// peopleSpace is how many identity numbers the city can issue: days, serial numbers, districts.
func peopleSpace(regions []region) uint64 { return uint64(len(births) * 999 * districts(regions)) }

// districts counts the regions that issue identity cards.
func districts(regions []region) int {
	n := 0
	for i := range regions {
		if i > 0 && !regions[i].Local {
			n++
		}
	}
	return n
}

// person gives resident number n. No two share an identity number.
func (c *City) person(n uint64) person {
	p := person{n: n}
	place := c.people.at(n)
	count := uint64(districts(c.regions))
	copy(p.id[:], c.regions[1+place%count].Code)
	place /= count
	serial := int(place%999) + 1
	y, m, d := births[place/999].YMD()
	appendInt(appendInt(appendInt(appendInt(p.id[:6], y, 4), m, 2), d, 2), serial, 3)
	p.id[17] = ident.CitizenCheck(string(p.id[:17]))
	return p
}

func (c *City) appendResident(dst []byte, p *person) []byte {
	r := streamOf(c.opt.Seed, forPerson, p.n)
	return appendPersonName(dst, &r)
}
