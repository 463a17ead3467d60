package clock

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/fault"
)

// Facts §12 #15–17 and the helper values under the table.
func TestAddWorkdays2026(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2026-03-02", 1, "2026-03-03"},
		{"2026-03-02", 3, "2026-03-05"},
		{"2026-03-02", 7, "2026-03-11"}, // #15: the deadline of the penalty decided on Monday
		{"2026-03-02", 10, "2026-03-16"},
		{"2026-03-07", 7, "2026-03-17"}, // #17: decided on a Saturday
		{"2026-09-28", 7, "2026-10-13"}, // #17: National Day between, Saturday 10-10 works
		{"2026-05-11", 3, "2026-05-14"},
		{"2026-05-14", 10, "2026-05-28"},
		{"2026-02-13", 1, "2026-02-14"}, // make-up Saturday
		{"2026-02-13", 7, "2026-03-02"},
		{"2026-04-30", 7, "2026-05-13"},
		{"2026-03-03", -1, "2026-03-02"},
		{"2026-03-02", -1, "2026-02-28"}, // a make-up Saturday, backwards
		{"2026-03-07", 0, "2026-03-07"},
		{"2027-10-01", 1, "2027-10-04"}, // not covered: Monday to Friday only
	}
	c := DefaultCalendar()
	for _, tt := range tests {
		if got := c.AddWorkdays(date(t, tt.from), tt.n).String(); got != tt.want {
			t.Errorf("%s + %d working days = %s, want %s", tt.from, tt.n, got, tt.want)
		}
	}
}

// Facts §12 #15 and #16: received on the 7th working day is on time, a day later is late by one.
func TestFilingClock(t *testing.T) {
	t.Parallel()
	c, decided := DefaultCalendar(), date(t, "2026-03-02")
	for received, want := range map[string]int{"2026-03-11": 7, "2026-03-12": 8, "2026-03-02": 0, "2026-02-28": -1} {
		if got := c.WorkdaysBetween(decided, date(t, received)); got != want {
			t.Errorf("received %s: %d working days, want %d", received, got, want)
		}
	}
	if got := c.WorkdaysBetween(0, decided); got != 0 {
		t.Errorf("from none: %d", got)
	}
}

// The notices give the length of every holiday in words; 33 days off and 6 make-up days in 2026.
func TestDefaultCalendarMatchesNotices(t *testing.T) {
	t.Parallel()
	type year struct {
		Document      string
		Issued        Date
		Off, Work     int
		Workdays      int
		LongestRun    string
		NationalStart Date
	}
	want := map[int]year{
		2024: {"国办发明电〔2023〕7号", 20231025, 1 + 8 + 3 + 5 + 1 + 3 + 7, 8, 251, "春节", 20241001},
		2025: {"国办发明电〔2024〕12号", 20241112, 1 + 8 + 3 + 5 + 3 + 8, 5, 248, "春节", 20251001},
		2026: {"国办发明电〔2025〕7号", 20251104, 3 + 9 + 3 + 5 + 3 + 3 + 7, 6, 248, "春节", 20261001},
	}
	got := make(map[int]year)
	c := DefaultCalendar()
	for _, y := range c.Years() {
		v := year{Document: y.Document, Issued: y.Issued, Work: len(y.Work), Workdays: c.WorkdaysBetween(
			Date((y.Year-1)*10000+1231), Date(y.Year*10000+1231))}
		longest := 0
		for _, off := range y.Off {
			n := off.From.DaysUntil(off.To) + 1
			v.Off += n
			if n > longest {
				longest, v.LongestRun = n, off.Name
			}
			if strings.Contains(off.Name, "国庆") {
				v.NationalStart = off.From
			}
		}
		got[y.Year] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Covers(2023) || !c.Covers(2024) || !c.Covers(2026) || c.Covers(2027) {
		t.Error("covered years are not 2024 to 2026")
	}
	if got := c.HolidayName(20261003); got != "国庆节" || c.HolidayName(20261010) != "" {
		t.Errorf("HolidayName = %q", got)
	}
}

func TestIsWorkday(t *testing.T) {
	t.Parallel()
	c := DefaultCalendar()
	for d, want := range map[Date]bool{
		20260104: true, 20260102: false, 20260103: false, 20260214: true, 20260216: false, 20260228: true,
		20260307: false, 20260302: true, 20261010: true, 20261007: false, 20261008: true, 20240218: true,
		20250127: true, 20250128: false, 20280108: false, 20280107: true, 0: false, 20260230: false,
	} {
		if got := c.IsWorkday(d); got != want {
			t.Errorf("IsWorkday(%d) = %v, want %v", int(d), got, want)
		}
	}
}

// Counting day by day is the witness for the counting by sums.
func TestWorkdaysAgreeWithCounting(t *testing.T) {
	t.Parallel()
	c := DefaultCalendar()
	rapid.Check(t, func(t *rapid.T) {
		from := Date(20230601).AddDays(rapid.IntRange(0, 4*366).Draw(t, "from"))
		days := rapid.IntRange(0, 500).Draw(t, "days")
		to, count := from, 0
		for range days {
			to = to.AddDays(1)
			if c.IsWorkday(to) {
				count++
			}
		}
		if got := c.WorkdaysBetween(from, to); got != count {
			t.Fatalf("from %v to %v: %d, counted %d", from, to, got, count)
		}
		if got := c.WorkdaysBetween(to, from); got != -count {
			t.Fatalf("back from %v to %v: %d, counted %d", to, from, got, count)
		}
	})
}

func TestAddWorkdaysAndBetweenInvert(t *testing.T) {
	t.Parallel()
	c := DefaultCalendar()
	rapid.Check(t, func(t *rapid.T) {
		from := Date(20230601).AddDays(rapid.IntRange(0, 4*366).Draw(t, "from"))
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		to := c.AddWorkdays(from, n)
		if !c.IsWorkday(to) || to <= from {
			t.Fatalf("%v + %d = %v, not a later working day", from, n, to)
		}
		if got := c.WorkdaysBetween(from, to); got != n {
			t.Fatalf("between %v and %v: %d, want %d", from, to, got, n)
		}
		// Backwards the start counts only if it is worked itself, so start from a working day.
		if back := c.AddWorkdays(to, -n); back > from && c.WorkdaysBetween(from, back) != 0 || back < from && c.IsWorkday(from) {
			t.Fatalf("%v - %d = %v, came from %v", to, n, back, from)
		}
		if c.IsWorkday(from) && c.AddWorkdays(to, -n) != from {
			t.Fatalf("%v - %d is not %v", to, n, from)
		}
	})
}

func TestAddWorkdaysAtTheEnds(t *testing.T) {
	t.Parallel()
	c := DefaultCalendar()
	for _, n := range []int{1 << 62, -1 << 62, 1, -1} {
		for _, d := range []Date{minDate, maxDate, 20260302} {
			if got := c.AddWorkdays(d, n); !got.Valid() {
				t.Errorf("AddWorkdays(%v, %d) = %d", d, n, got)
			}
		}
	}
	if got := c.AddWorkdays(0, 7); got != 0 {
		t.Errorf("none + 7 = %v", got)
	}
}

const nextYear = `
year = 2027
document = "测试用放假安排"
work = ["2027-10-09"]
[[off]]
name = "国庆节"
from = "2027-10-01"
to = "2027-10-07"
`

func TestOperatorLoadsNextYear(t *testing.T) {
	t.Parallel()
	next, err := LoadCalendar(strings.NewReader(nextYear))
	if err != nil {
		t.Fatal(err)
	}
	before := DefaultCalendar()
	c := before.With(next)
	if !c.Covers(2027) || !c.Covers(2024) || before.Covers(2027) {
		t.Error("With must add the year to the new calendar only")
	}
	if got := c.AddWorkdays(20270930, 2); got != 20271009 {
		t.Errorf("2027-09-30 + 2 = %v, want the make-up Saturday", got)
	}
	// A corrected table of the same year replaces the loaded one.
	again, err := LoadCalendar(strings.NewReader(strings.Replace(nextYear, "2027-10-09", "2027-09-26", 1)))
	if err != nil {
		t.Fatal(err)
	}
	c = c.With(again)
	if c.IsWorkday(20271009) || !c.IsWorkday(20270926) || len(c.Years()) != 4 {
		t.Error("the corrected year did not replace the former one")
	}
}

func TestLoadCalendarRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, change, to, message string }{
		{"unknown key", `year = 2027`, "year = 2027\nholidays = 3", "不认识的项“holidays”"},
		{"unknown key in a range", `name = "国庆节"`, "name = \"国庆节\"\nend = \"x\"", "不认识的项“off.end”"},
		{"no document", `document = "测试用放假安排"`, "", "缺少依据 document"},
		{"no year", `year = 2027`, "", "year 应为四位年份，这里是 0"},
		{"day outside", `to = "2027-10-07"`, `to = "2028-01-01"`, "“2027-10-01”至“2028-01-01”不在 2027 年内"},
		{"work outside", `work = ["2027-10-09"]`, `work = ["2026-10-10"]`, "“2026-10-10”不在 2027 年内"},
		{"no such day", `from = "2027-10-01"`, `from = "2027-09-31"`, "日期写错"},
		{"empty day", `from = "2027-10-01"`, `from = ""`, "不在 2027 年内"},
		{"reversed", `from = "2027-10-01"`, `from = "2027-10-08"`, "晚于结束日期"},
		{"weekday as make-up", `"2027-10-09"`, `"2027-10-08"`, "2027-10-08 不是星期六或星期日"},
		{"make-up in holiday", `"2027-10-09"`, `"2027-10-02"`, "既是上班日又属于“国庆节”"},
		{"make-up twice", `"2027-10-09"`, `"2027-10-09", "2027-10-09"`, "重复列出"},
		{"overlap", "[[off]]", "[[off]]\nname = \"中秋节\"\nfrom = \"2027-10-07\"\nto = \"2027-10-08\"\n[[off]]", "2027-10-07 同时属于“中秋节”和“国庆节”"},
		{"nameless", `name = "国庆节"`, `name = " "`, "没有名称"},
		{"not TOML", "[[off]]", "[[off", "不是正确的 TOML"},
		{"too long", "year = 2027", "year = 2027 #" + strings.Repeat("x", maxCalendarBytes), "超过 1 MB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(nextYear, tt.change, tt.to, 1)
			if text == nextYear {
				t.Fatal("the change did not apply")
			}
			_, err := LoadCalendar(strings.NewReader(text))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %v, want a refusal with %q", err, tt.message)
			}
		})
	}
	if _, err := LoadCalendar(strings.NewReader("year = 2027\ndocument = \"x\"")); err == nil {
		t.Error("a year without holidays was loaded")
	}
}

func TestManualClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, Zone)
	c := NewManual(start)
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() { c.Advance(time.Hour); _ = c.Now() })
	}
	wg.Wait()
	if got := Today(c); got != 20260303 {
		t.Errorf("after a day it is %v", got)
	}
	c.Set(start)
	if !c.Now().Equal(start) {
		t.Errorf("Now = %v", c.Now())
	}
	var _ Clock = System{}
	if d := time.Since(System{}.Now()); d < 0 || d > time.Minute {
		t.Errorf("the system's clock is off by %v", d)
	}
}

func FuzzLoadCalendar(f *testing.F) {
	f.Add(nextYear)
	f.Add("year = 2027")
	f.Add("[[off]]\nfrom=\"9999-12-31\"\nto=\"9999-12-31\"")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := LoadCalendar(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, y := range c.Years() {
			d := Date(y.Year*10000 + 101)
			if got := c.WorkdaysBetween(d, c.AddWorkdays(d, 20)); got != 20 {
				t.Fatalf("year %d: 20 working days read back as %d", y.Year, got)
			}
		}
	})
}

func BenchmarkAddWorkdays(b *testing.B) {
	c := DefaultCalendar()
	b.ReportAllocs()
	for b.Loop() {
		if c.AddWorkdays(20260928, 7) != 20261013 {
			b.Fatal("wrong day")
		}
	}
}

func BenchmarkWorkdaysBetween(b *testing.B) {
	c := DefaultCalendar()
	b.ReportAllocs()
	for b.Loop() {
		if c.WorkdaysBetween(20260302, 20260312) != 8 {
			b.Fatal("wrong count")
		}
	}
}
