package synth

import (
	"io"
	"testing"
)

// BenchmarkWrite gives rows a second for each kind of file on one core.
func BenchmarkWrite(b *testing.B) {
	c := newCity(b, Options{Seed: 1, Subjects: 200_000, Records: 2_000_000})
	messy := newCity(b, Options{Seed: 1, Subjects: 200_000, Records: 2_000_000, Messy: 0.05})
	lines := newCity(b, Options{Seed: 1, Subjects: 200_000, Records: 2_000_000, Format: NDJSON})
	books := newCity(b, Options{Seed: 1, Subjects: 200_000, Records: 2_000_000, Format: XLSX})
	for _, bench := range []struct {
		name string
		c    *City
		item string
	}{{"DJJC", c, "DJJC"}, {"XZXK", c, "XZXK"}, {"XZCF", c, "XZCF"}, {"XZJC", c, "XZJC"}, {"messy XZCF", messy, "XZCF"}, {"NDJSON XZCF", lines, "XZCF"}, {"XLSX XZCF", books, "XZCF"}} {
		b.Run(bench.name, func(b *testing.B) {
			var f FileSpec
			for _, g := range bench.c.Files() {
				if string(g.Item) == bench.item && g.Rows > f.Rows {
					f = g
				}
			}
			f.Rows = min(f.Rows, 20_000)
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				if _, err := bench.c.WriteFile(io.Discard, f); err != nil {
					b.Fatal(err)
				}
				rows += f.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func BenchmarkSubject(b *testing.B) {
	c := newCity(b, Options{Seed: 1, Subjects: 1_000_000, Records: 1})
	var name []byte
	for i := 0; b.Loop(); i++ {
		s := c.subject(i % 1_000_000)
		name = c.appendName(name[:0], &s, false)
		_ = c.code(&s)
	}
}
