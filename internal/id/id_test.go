package id

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMakerGrowsWhenTheClockStandsOrGoesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	m := NewMaker(func() time.Time { return now })
	last := int64(0)
	for i := range 10_000 {
		if i == 5_000 {
			now = now.Add(-time.Hour)
		}
		n := m.Next()
		if n <= last {
			t.Fatalf("id %d is not greater than %d", n, last)
		}
		last = n
	}
}

// Makers of one process never give the same id, though they begin at the same moment.
func TestMakersOfOneProcessDiffer(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }
	seen := map[int64]bool{}
	for range 1000 {
		n := NewMaker(now).Next()
		if seen[n] {
			t.Fatalf("id %d twice", n)
		}
		seen[n] = true
	}
}

func TestPairRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y, err := ParsePair(Pair(a, b))
		if err != nil || x != a || y != b {
			t.Fatalf("Pair(%d,%d) came back as %d,%d: %v", a, b, x, y, err)
		}
	})
}

func FuzzParsePair(f *testing.F) {
	f.Add(Pair(1, 2))
	f.Add("")
	f.Add("zzzzzzzzzzzzzzzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, s string) {
		a, b, err := ParsePair(s)
		if err == nil && Pair(a, b) != s {
			t.Fatalf("%q was read but is not what Pair writes", s)
		}
	})
}
