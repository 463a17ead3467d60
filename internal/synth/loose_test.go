package synth

import "testing"

// An ordinary city has some rows that wait for a person, of both kinds, and few of them.
func TestSomeRowsNameNobodyForCertain(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{
		{Seed: 1, Subjects: 3000, Records: 20000, Every: Quicker}, // the demo's size
		{Seed: 2, Subjects: 10000, Records: 100000},
		{Seed: 1, Subjects: 3000, Records: 20000, Messy: 0.01, Every: Quicker},
	} {
		c := newCity(t, opt)
		seen := map[int]int{}
		files := map[string]bool{}
		for _, f := range c.Files() {
			c.Expect(f, func(e Expected) bool {
				for _, code := range e.Warnings {
					if seen[code]++; code == 1002 || code == 1003 {
						files[f.Name] = true
						if e.Outcome != Accepted || len(e.Codes) > 0 || e.Fault != "" {
							t.Errorf("a row that waits: %+v", e)
						}
					}
				}
				return true
			})
		}
		least, most := opt.Records/2500, opt.Records/80
		if n := seen[1002]; n < least || n > most {
			t.Errorf("%+v: %d rows with no number that links, want %d to %d", opt, n, least, most)
		}
		if n := seen[1003]; n < least || n > most {
			t.Errorf("%+v: %d rows with numbers of two subjects, want %d to %d", opt, n, least, most)
		}
		if len(files) < 5 {
			t.Errorf("%+v: all of them in %d files", opt, len(files))
		}
		t.Logf("%d rows: 1002 %d, 1003 %d", opt.Records, seen[1002], seen[1003])
	}
}

// Who has one subject alone has nobody whose number could be copied.
func TestNobodyToCross(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 9, Subjects: 1, Records: 3000})
	for _, f := range c.Files() {
		c.Expect(f, func(e Expected) bool {
			for _, code := range e.Warnings {
				if code == 1003 {
					t.Errorf("%+v", e)
				}
			}
			return true
		})
	}
}

// A messy city of a moderate size shows the faults that few rows can have.
func TestRareFaultsShow(t *testing.T) {
	t.Parallel()
	c := newCity(t, Options{Seed: 31, Subjects: 3500, Records: 45000, Messy: 0.2})
	seen := map[int]int{}
	for _, f := range c.Files() {
		c.Expect(f, func(e Expected) bool {
			for _, code := range e.Codes {
				seen[code]++
			}
			return true
		})
	}
	for _, code := range []int{2113, 2114, 2115, 2116, 2303} {
		if seen[code] < 3 {
			t.Errorf("%d rows with reason %d", seen[code], code)
		}
	}
	t.Logf("%v", seen)
}

func BenchmarkLoosen(b *testing.B) {
	c := newCity(b, Options{Seed: 1, Subjects: 3000, Records: 20000})
	files := c.Files()
	f := &files[len(files)-1]
	m := c.newMaker(f)
	m.row.fill(f.plan, f.first, f.Layout)
	for i := 0; b.Loop(); i++ {
		m.loosen(&m.row, i%f.Rows)
	}
}
