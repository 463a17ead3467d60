package synth

import "math/bits"

// Everything the city invents is a function of (seed, what it is for, index). So any subject and any row can be
// computed alone and in any order, and nothing about the others has to be remembered.

// mix folds two words into one; every input bit reaches every output bit.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)
	x := hi ^ lo
	x ^= x >> 29
	return x * 0xbf58476d1ce4e5b9
}

// The purposes that keep the streams of one index apart.
const (
	forDeck uint64 = iota + 1
	forSubject
	forName
	forBody
	forPerson
	forAgency
	forRow
	forFault
	forBlocks
	forPeople
	forSeason
	forPairs
	forLoose
)

// stream is a small pseudo-random sequence (splitmix64). It is a value: copying it forks it.
type stream struct{ s uint64 }

// streamOf starts the sequence that belongs to a purpose and an index.
func streamOf(seed, purpose, index uint64) stream { return stream{mix(mix(seed, purpose), index)} }

func (r *stream) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	z := r.s
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n gives a number in [0, k); k must be positive.
func (r *stream) n(k int) int {
	hi, _ := bits.Mul64(r.next(), uint64(k))
	return int(hi)
}

// unit gives a number in [0, 1).
func (r *stream) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// oneIn is true once in k times.
func (r *stream) oneIn(k int) bool { return r.n(k) == 0 }

// below is true with the given probability.
func (r *stream) below(p float64) bool { return r.unit() < p }

// pick gives an index of cumulative weights whose last entry is the sum.
func (r *stream) pick(cumulative []int) int {
	v := r.n(cumulative[len(cumulative)-1])
	for i, c := range cumulative {
		if v < c {
			return i
		}
	}
	return len(cumulative) - 1
}

// cumulate turns weights into running sums.
func cumulate[T any](all []T, weight func(*T) int) []int {
	sums, sum := make([]int, len(all)), 0
	for i := range all {
		sum += weight(&all[i])
		sums[i] = sum
	}
	return sums
}

// permutation shuffles [0, size) without a table: a balanced Feistel network over the next even number of
// bits, walked until the result is inside.
type permutation struct {
	size, half uint64
	mask       uint64
	key        uint64
}

func newPermutation(seed, purpose, size uint64) permutation {
	half := uint64(bits.Len64(size-1)+1) / 2
	return permutation{size: size, half: half, mask: 1<<half - 1, key: mix(seed, purpose)}
}

// at gives the place of i, which may be any number: it is reduced to the size first.
func (p permutation) at(i uint64) uint64 {
	x := i % p.size
	for {
		l, r := x>>p.half, x&p.mask
		for round := uint64(1); round <= 4; round++ {
			l, r = r, l^mix(r+round<<40, p.key)>>17&p.mask
		}
		if x = l<<p.half | r; x < p.size {
			return x
		}
	}
}
