package clock

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// Calendar knows for each covered year which days public bodies work: Monday to Friday, less the public
// holidays, plus the make-up days of the yearly notice (行政处罚法第85条: such periods are in working days).
// In a year that it does not cover it knows only Monday to Friday; Covers tells them apart. A Calendar may be
// shared; only Replace changes it, for everyone who holds it at once.
type Calendar struct {
	in atomic.Pointer[arrangement]
}

// arrangement is what a calendar knows. It does not change once made.
type arrangement struct {
	years      []Year
	exceptions []exception // by day; where the notice differs from Monday to Friday
}

func (c *Calendar) now() *arrangement {
	if a := c.in.Load(); a != nil {
		return a
	}
	return &arrangement{} // of a zero Calendar
}

// Replace puts the arrangement of another calendar in the place of the receiver's: a table that an operator approves holds from then on
// wherever this calendar is used. One call of a method works on one arrangement.
func (c *Calendar) Replace(other *Calendar) { c.in.Store(other.now()) }

// Same reports whether both calendars have the same arrangement.
func (c *Calendar) Same(other *Calendar) bool {
	return slices.EqualFunc(c.now().years, other.now().years, func(a, b Year) bool {
		return a.Year == b.Year && a.Document == b.Document && a.Issued == b.Issued && slices.Equal(a.Off, b.Off) && slices.Equal(a.Work, b.Work)
	})
}

// Year is the arrangement of one year as its notice states it.
type Year struct {
	Year     int
	Document string // number of the notice, such as 国办发明电〔2025〕7号
	Issued   Date   // day of the notice, if stated
	Off      []Off
	Work     []Date // weekend days that are worked instead
}

// Off is a run of days off under one name, both ends included.
type Off struct {
	Name     string
	From, To Date
}

// exception is a day on which the notice differs from Monday to Friday, with the number of working days
// that all exceptions up to and including it add to (or take from) the plain count.
type exception struct {
	day  Date
	work bool
	sum  int
}

// With gives a calendar of both; where both cover a year, other's arrangement replaces the receiver's.
func (c *Calendar) With(other *Calendar) *Calendar {
	mine, theirs := c.now(), other.now()
	years := slices.Clone(theirs.years)
	for _, y := range mine.years {
		if !theirs.covers(y.Year) {
			years = append(years, y)
		}
	}
	return newCalendar(years)
}

// newCalendar expands the years, which are checked and each there once, into exceptions.
func newCalendar(years []Year) *Calendar {
	slices.SortFunc(years, func(a, b Year) int { return cmp.Compare(a.Year, b.Year) })
	a := &arrangement{years: years}
	for _, y := range years {
		for _, off := range y.Off {
			for d := off.From; d <= off.To; d = d.AddDays(1) {
				if isWeekday(d) {
					a.exceptions = append(a.exceptions, exception{day: d})
				}
			}
		}
		for _, d := range y.Work {
			a.exceptions = append(a.exceptions, exception{day: d, work: true})
		}
	}
	slices.SortFunc(a.exceptions, func(a, b exception) int { return cmp.Compare(a.day, b.day) })
	sum := 0
	for i := range a.exceptions {
		if a.exceptions[i].work {
			sum++
		} else {
			sum--
		}
		a.exceptions[i].sum = sum
	}
	c := &Calendar{}
	c.in.Store(a)
	return c
}

// Years gives the covered years with their sources, earliest first. The caller must not change them.
func (c *Calendar) Years() []Year { return c.now().years }

// Covers says whether the notice of that year is loaded. A deadline that ends in a year that is not
// covered is provisional and should be shown so.
func (c *Calendar) Covers(year int) bool { return c.now().covers(year) }

func (a *arrangement) covers(year int) bool {
	for i := range a.years {
		if a.years[i].Year == year {
			return true
		}
	}
	return false
}

// HolidayName gives the name of the holiday that d belongs to, or "".
func (c *Calendar) HolidayName(d Date) string {
	a := c.now()
	for i := range a.years {
		for _, off := range a.years[i].Off {
			if d >= off.From && d <= off.To {
				return off.Name
			}
		}
	}
	return ""
}

// IsWorkday says whether public bodies work on d; "none" is not a working day.
func (c *Calendar) IsWorkday(d Date) bool {
	a := c.now()
	if i, found := a.find(d); found {
		return a.exceptions[i].work
	}
	return isWeekday(d)
}

// AddWorkdays gives the n-th working day after d: the day after d counts as day 1 if it is worked. So
// something decided on d with a period of n working days is due on that day. With a negative n it counts
// backwards in the same way; with 0 it gives d itself, worked or not. The end of the calendar is a bound.
func (c *Calendar) AddWorkdays(d Date, n int) Date {
	if !d.Valid() || n == 0 {
		return d
	}
	a := c.now()
	first, last := minDate.serial(), maxDate.serial()
	n = max(-(last - first), min(n, last-first))
	at := d.serial()
	want := a.worked(at) + n
	if n < 0 {
		want = a.worked(at-1) + n + 1
	}
	// The wanted day is the earliest with that many working days up to it. Seven days hold five of
	// them, bar holidays, so a window around the plain estimate is right nearly always.
	guess := at + n/5*7 + n%5
	lo, hi := min(max(first, guess-16), last), max(min(last, guess+16), first)
	if a.worked(lo-1) >= want {
		lo = first
	}
	if a.worked(hi) < want {
		hi = last
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		if a.worked(mid) >= want {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return fromSerial(lo)
}

// WorkdaysBetween counts the working days after from up to and including to; negative, counted the other
// way round, when to is earlier. It undoes AddWorkdays with a positive count.
func (c *Calendar) WorkdaysBetween(from, to Date) int {
	if !from.Valid() || !to.Valid() {
		return 0
	}
	a := c.now()
	return a.worked(to.serial()) - a.worked(from.serial())
}

// worked counts the working days from the start of the serial count up to and including day n.
func (a *arrangement) worked(n int) int {
	// Day 0 is a Wednesday; shifted by two the weeks begin on Monday.
	weeks, day := (n+2)/7, (n+2)%7
	count := weeks*5 + min(day+1, 5)
	if len(a.exceptions) == 0 {
		return count
	}
	i, found := a.find(fromSerial(n))
	if found {
		i++
	}
	if i > 0 {
		count += a.exceptions[i-1].sum
	}
	return count
}

func (a *arrangement) find(d Date) (int, bool) {
	return slices.BinarySearchFunc(a.exceptions, d, func(e exception, d Date) int { return cmp.Compare(e.day, d) })
}

// isWeekday says whether d is Monday to Friday.
func isWeekday(d Date) bool {
	w := d.Weekday()
	return d.Valid() && w != time.Saturday && w != time.Sunday
}
