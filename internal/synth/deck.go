package synth

import "slices"

// deckSize is how many subjects make one deal of the deck: large enough that the rarest kind of subject is in it.
const (
	deckSize = 1 << deckBits
	deckBits = 12
	deckMask = deckSize - 1
)

// slot is what a subject is by its place in the deck: where, in which trade, in which legal form.
type slot struct {
	region, trade, form uint8
	newcomer            bool // founded within the years that the filings cover
}

// deck deals regions, trades and forms to the subjects: subject i has slot i mod deckSize. So the subjects of a
// trade in a district are found by arithmetic, without a list of all subjects.
type deck struct {
	slots    [deckSize]slot
	subjects int
	ranks    []uint32                 // order of the deals from those of the worst conduct to those of the best
	places   [][][]uint16             // by trade and region (0: the whole city): slots that it holds
	stock    [registrarCount][]uint16 // by registrar: slots that it registers
	old      [registrarCount][]uint16 // the same without newcomers
}

// newcomerShare is the percentage of the subjects that were founded within the window.
const newcomerShare = 24

func newDeck(seed uint64, trades []trade, regions []region, subjects int) deck {
	d := deck{subjects: subjects}
	r := streamOf(seed, forDeck, 0)
	tradeOf := share(trades, func(x *trade) int { return x.weight })
	regionOf := share(regions, func(x *region) int { return x.weight })
	shuffle(&r, regionOf)
	for i := range d.slots {
		s := slot{trade: tradeOf[i], region: regionOf[i]}
		s.form = uint8(r.pick(cumulate(trades[s.trade].forms[:], func(x *int) int { return *x })))
		s.newcomer = r.n(100) < newcomerShare && forms[s.form].registrar == byMarket
		d.slots[i] = s
	}
	shuffle(&r, d.slots[:])
	d.rank(seed)
	d.index(len(trades), len(regions))
	return d
}

// share gives every slot one of all by their weights, as evenly as whole slots allow.
func share[T any](all []T, weight func(*T) int) []uint8 {
	sums := cumulate(all, weight)
	of, k := make([]uint8, deckSize), 0
	for i := range of {
		for i*sums[len(sums)-1] >= sums[k]*deckSize {
			k++
		}
		of[i] = uint8(k)
	}
	return of
}

func shuffle[T any](r *stream, all []T) {
	for i := len(all) - 1; i > 0; i-- {
		j := r.n(i + 1)
		all[i], all[j] = all[j], all[i]
	}
}

// rank orders the deals by conduct. The last deal may be a part of one; it stays last.
func (d *deck) rank(seed uint64) {
	d.ranks = make([]uint32, (d.subjects+deckMask)>>deckBits)
	for i := range d.ranks {
		d.ranks[i] = uint32(i)
	}
	r := streamOf(seed, forBlocks, 0)
	shuffle(&r, d.ranks[:len(d.ranks)-1])
}

// index lists the slots by what is asked for. Every list is in ascending order, so that a part deal holds a prefix of it.
func (d *deck) index(trades, regions int) {
	d.places = make([][][]uint16, trades)
	for t := range d.places {
		d.places[t] = make([][]uint16, regions)
	}
	for i := range d.slots {
		s := d.slots[i]
		d.places[s.trade][s.region] = append(d.places[s.trade][s.region], uint16(i))
		d.places[s.trade][0] = append(d.places[s.trade][0], uint16(i))
		by := forms[s.form].registrar
		d.stock[by] = append(d.stock[by], uint16(i))
		if !s.newcomer {
			d.old[by] = append(d.old[by], uint16(i))
		}
	}
}

// count says how many subjects sit in the places, over all deals.
func (d *deck) count(places []uint16) int {
	part, _ := slices.BinarySearch(places, uint16(d.subjects&deckMask))
	return d.subjects>>deckBits*len(places) + part
}

// byConduct gives the k-th of the subjects in the places, from the worst conduct to the best; k is below count(places).
func (d *deck) byConduct(places []uint16, k int) int {
	return int(d.ranks[k/len(places)])<<deckBits | int(places[k%len(places)])
}

// byNumber gives the k-th of the subjects in the places in the order of their numbers; k is below count(places).
func (d *deck) byNumber(places []uint16, k int) int {
	return k/len(places)<<deckBits | int(places[k%len(places)])
}

// companies lists for each trade the slots of companies, which may have branches.
func (d *deck) companies() [][]uint16 {
	all := make([][]uint16, len(d.places))
	for t := range all {
		for _, p := range d.places[t][0] {
			if f := d.slots[p].form; f == limitedCo || f == jointStock {
				all[t] = append(all[t], p)
			}
		}
	}
	return all
}
