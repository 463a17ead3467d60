package clock

import (
	"strings"
	"sync"
	"testing"
)

// Whoever holds a calendar counts by the table that replaced its own, and never by half of each.
func TestReplace(t *testing.T) {
	t.Parallel()
	held, other := DefaultCalendar(), DefaultCalendar()
	table, err := LoadCalendar(strings.NewReader("year = 2027\ndocument = \"x\"\n[[off]]\nname = \"元旦\"\nfrom = \"2027-01-01\"\nto = \"2027-01-10\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	with := held.With(table)
	from, plain, mended := Date(20261231), Date(20270105), Date(20270113)
	if held.AddWorkdays(from, 3) != plain || held.Covers(2027) || held.Same(with) || !held.Same(other) {
		t.Fatal("the table holds before it was put in")
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				if d := held.AddWorkdays(from, 3); d != plain && d != mended {
					t.Errorf("half a table: %s", d)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 500 {
			held.Replace(with)
			held.Replace(other)
		}
		held.Replace(with)
	})
	wg.Wait()
	if d := held.AddWorkdays(from, 3); d != mended || !held.Covers(2027) || !held.Same(with) || held.HolidayName(Date(20270108)) != "元旦" || held.IsWorkday(Date(20270108)) {
		t.Errorf("the table does not hold: %s", d)
	}
	if other.Covers(2027) || DefaultCalendar().Covers(2027) {
		t.Error("a table reached calendars that nobody replaced")
	}
	var zero Calendar
	if zero.Covers(2026) || !zero.IsWorkday(Date(20261001)) || zero.Same(held) {
		t.Error("a zero calendar knows more than the days of the week")
	}
}
