package synth

import (
	"slices"

	"gongxin/internal/clock"
)

// window is the run of days on which the city decides.
type window struct {
	days    []clock.Date
	work    []bool
	quiet   []bool // around the Spring Festival
	years   []int  // index of the first day of each calendar year in days, then len(days)
	yearNow int    // calendar year of the first day
}

// springFestival is New Year's Day of the lunar calendar, around which offices are half empty.
var springFestival = map[int]clock.Date{
	2021: 20210212, 2022: 20220201, 2023: 20230122, 2024: 20240210, 2025: 20250129, 2026: 20260217, 2027: 20270206, 2028: 20280126, 2029: 20290213, 2030: 20300203,
}

func newWindow(cal *clock.Calendar, today clock.Date) window {
	w := window{days: daysBetween(today.AddYears(-Years).AddDays(1), today)}
	w.yearNow, _, _ = w.days[0].YMD()
	year := 0
	for i, d := range w.days {
		y, _, _ := d.YMD()
		if y != year {
			w.years, year = append(w.years, i), y
		}
		off := springFestival[y].DaysUntil(d)
		w.work = append(w.work, cal.IsWorkday(d) && !(springFestival[y] != 0 && off >= -1 && off <= 6))
		w.quiet = append(w.quiet, springFestival[y] != 0 && off >= -9 && off <= 18)
	}
	w.years = append(w.years, len(w.days))
	return w
}

func daysBetween(from, to clock.Date) []clock.Date {
	days := make([]clock.Date, 0, 370)
	for d := from; d <= to; d = d.AddDays(1) {
		days = append(days, d)
	}
	return days
}

// index gives the place of d among the days, or that of the next day that is among them.
func (w *window) index(d clock.Date) int {
	i, _ := slices.BinarySearch(w.days, d)
	return i
}

// season is how an agency's decisions are spread over the year.
type season struct {
	months  [12]float64 // relative weight of the months
	weekend float64     // of a day off against a working day
	growth  float64     // per year
}

var (
	even      = [12]float64{0.9, 0.8, 1.1, 1.05, 1, 1.1, 0.95, 0.95, 1.05, 0.95, 1.15, 1.4}
	springOn  = [12]float64{0.3, 0.4, 2.2, 1.6, 0.8, 0.6, 0.4, 0.4, 0.6, 0.6, 0.8, 2.4}
	july      = [12]float64{0.2, 0.1, 0.2, 0.2, 0.2, 0.4, 6, 1.2, 0.4, 0.3, 0.3, 0.3}
	april     = [12]float64{0, 0, 0.2, 5, 2, 0.3, 0.1, 0.1, 0, 0, 0, 0}
	licencing = season{months: even, weekend: 0.004, growth: 1.09}
	policing  = season{months: even, weekend: 0.12, growth: 1.05}
	inspector = season{months: even, weekend: 0.02, growth: 1.13}
)

// spread gives for a number of rows the row with which each day begins; the last entry is the number of rows. A
// campaign now and then doubles a month, by chance of the agency's own.
func (w *window) spread(s season, rows int, r stream) []int32 {
	weights := make([]float64, len(w.days))
	sum, month, campaign := 0.0, 0, 1.0
	for i, d := range w.days {
		y, m, _ := d.YMD()
		if m != month {
			month, campaign = m, 0.8+0.4*r.unit()
			if r.oneIn(9) {
				campaign *= 1.7
			}
		}
		v := s.months[m-1] * campaign
		for range y - w.yearNow {
			v *= s.growth
		}
		if !w.work[i] {
			v *= s.weekend
		}
		if w.quiet[i] {
			v *= 0.45
		}
		weights[i] = v * (0.75 + 0.5*r.unit())
		sum += weights[i]
	}
	starts := make([]int32, len(w.days)+1)
	passed := 0.0
	for i, v := range weights {
		starts[i] = int32(passed/sum*float64(rows) + 0.5)
		passed += v
	}
	starts[len(w.days)] = int32(rows)
	return starts
}
