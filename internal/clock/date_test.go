package clock

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/fault"
)

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatalf("ParseDate(%q): %v", s, err)
	}
	return d
}

func TestParseDateSpellings(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"2026-03-02", "2026/3/2", "2026/03/02", "2026.3.2", "2026.03.02", "20260302", "2026-3-2",
		"2026年3月2日", "2026年03月02日", "２０２６年３月２日", "２０２６－０３－０２", "２０２６／３／２", "2026．3．2",
		" 2026-03-02 ", "\u30002026-03-02\u3000", "\ufeff2026-03-02", "2026-03-02\t", "2026-03-02\u00a0",
		"2026-03-02 00:00:00", "2026-03-02 0:00", "2026/3/2 0:00:00", "2026-03-02T00:00:00", "2026-03-02T00:00:00Z",
		"2026-03-02T00:00:00+08:00", "2026-03-02 00:00:00.0", "2026-03-02T00:00:00.000Z", "2026年3月2日 00:00:00",
		"20260302 00:00:00", "2026-03-02 00：00：00",
	} {
		if got, err := ParseDate(s); err != nil || got != 20260302 {
			t.Errorf("ParseDate(%q) = %d, %v; want 20260302", s, got, err)
		}
	}
}

func TestParseDateRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, code, message string }{
		{"", "clock.date_form", "不是能识别的日期写法"},
		{"   ", "clock.date_form", "不是能识别的日期写法"},
		{"昨天", "clock.date_form", "不是能识别的日期写法"},
		{"2026-3/2", "clock.date_form", "不是能识别的日期写法"},
		{"2026-3", "clock.date_form", "不是能识别的日期写法"},
		{"2026年3月2", "clock.date_form", "不是能识别的日期写法"},
		{"2026Y3M2D", "clock.date_form", "不是能识别的日期写法"},
		{"26-03-02", "clock.date_form", "不是能识别的日期写法"},
		{"2026-03-02x", "clock.date_form", "不是能识别的日期写法"},
		{"2026-03-0200:00", "clock.date_form", "不是能识别的日期写法"},
		{"2026-03-02 00", "clock.date_form", "不是能识别的日期写法"},
		{"2026-03-021", "clock.date_form", "不是能识别的日期写法"},
		{"2026-03-02T00:00:00-05:00", "clock.date_time", "日期后面带有时刻，这里只填到日"},
		{"2026-03-02 14:30:00", "clock.date_time", "日期后面带有时刻，这里只填到日"},
		{"2026-03-02 00:00:01", "clock.date_time", "日期后面带有时刻，这里只填到日"},
		{"1985-02-29", "clock.date_day", "1985年2月没有29日，这个月共28天"},
		{"2026-13-01", "clock.date_day", "没有 13 月，月份应为 1 至 12"},
		{"2026-00-01", "clock.date_day", "没有 0 月，月份应为 1 至 12"},
		{"2026-01-00", "clock.date_day", "日应从 1 开始，这里是 0"},
		{"20260431", "clock.date_day", "2026年4月没有31日，这个月共30天"},
		{"0001-01-01", "clock.date_day", "年份 0001 不在可用范围，应为 1000 至 9999"},
	}
	for _, tt := range tests {
		_, err := ParseDate(tt.in)
		var e *fault.Error
		if !errors.As(err, &e) {
			t.Errorf("ParseDate(%q): error %v is not a fault", tt.in, err)
			continue
		}
		got := []string{e.Code, e.Message, e.Fix, e.Kind.String()}
		if diff := cmp.Diff([]string{tt.code, tt.message, dateFix, "invalid"}, got); diff != "" {
			t.Errorf("ParseDate(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestMonthsClamp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2026-11-30", 3, "2027-02-28"}, // facts §12, helper values
		{"2026-05-10", 3, "2026-08-10"}, // facts §12 #26
		{"2026-05-10", 12, "2027-05-10"},
		{"2026-05-10", 36, "2029-05-10"},
		{"2027-11-30", 3, "2028-02-29"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-01-31", -2, "2025-11-30"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-12-31", 1, "2027-01-31"},
		{"2026-03-02", 0, "2026-03-02"},
		{"9999-12-31", 1, "9999-12-31"},
		{"1000-01-01", -1, "1000-01-01"},
	}
	for _, tt := range tests {
		if got := date(t, tt.from).AddMonths(tt.n).String(); got != tt.want {
			t.Errorf("%s + %d months = %s, want %s", tt.from, tt.n, got, tt.want)
		}
	}
	if got := date(t, "2024-02-29").AddYears(1); got != 20250228 {
		t.Errorf("2024-02-29 + 1 year = %v", got)
	}
	if got := date(t, "2024-02-29").AddYears(4); got != 20280229 {
		t.Errorf("2024-02-29 + 4 years = %v", got)
	}
	for _, n := range []int{1 << 62, -1 << 62} {
		if got := date(t, "2026-03-02").AddYears(n); !got.Valid() {
			t.Errorf("AddYears(%d) = %d, not a day", n, got)
		}
	}
}

func TestNoneStaysNone(t *testing.T) {
	t.Parallel()
	for _, d := range []Date{0, 20260230, -1, 123, 1 << 30} {
		got := []Date{d.AddDays(1), d.AddMonths(1), d.AddYears(1)}
		if diff := cmp.Diff([]Date{0, 0, 0}, got); diff != "" || d.Valid() || !d.Start().IsZero() || d.DaysUntil(20260302) != 0 {
			t.Errorf("arithmetic on %d: %v", int(d), got)
		}
	}
	if s := Date(0).String(); s != "" || !Date(0).IsZero() {
		t.Errorf("Date(0).String() = %q", s)
	}
	if got := DateOf(time.Time{}); got != 0 {
		t.Errorf("DateOf(zero time) = %v", got)
	}
}

// The standard library's calendar is the witness for ours.
func TestDaysAgreeWithTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate().Draw(t, "date")
		n := rapid.IntRange(-200_000, 200_000).Draw(t, "days")
		want := d.Start().AddDate(0, 0, n)
		got := d.AddDays(n)
		if y := want.Year(); y < 1000 || y > 9999 {
			if got != minDate && got != maxDate {
				t.Fatalf("%v + %d = %v, want an end of the range", d, n, got)
			}
			return
		}
		if got != DateOf(want) || !got.Start().Equal(want) {
			t.Fatalf("%v + %d days = %v, want %v", d, n, got, want)
		}
		if got.Weekday() != want.Weekday() {
			t.Fatalf("%v is a %v, want %v", got, got.Weekday(), want.Weekday())
		}
		if back := d.DaysUntil(got); back != n {
			t.Fatalf("DaysUntil = %d, want %d", back, n)
		}
		if (got < d) != (n < 0) {
			t.Fatalf("order of %v and %v does not follow the sign of %d", d, got, n)
		}
	})
}

func TestWeekdayEveryDayOfACycle(t *testing.T) {
	t.Parallel()
	at := time.Date(1900, 1, 1, 0, 0, 0, 0, Zone)
	for d := Date(19000101); d < 23000101; d, at = d.AddDays(1), at.AddDate(0, 0, 1) {
		if d != DateOf(at) || d.Weekday() != at.Weekday() {
			t.Fatalf("%v (%v) against %v (%v)", d, d.Weekday(), at, at.Weekday())
		}
	}
}

func TestDateOfUsesZone(t *testing.T) {
	t.Parallel()
	if got := DateOf(time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)); got != 20260302 {
		t.Errorf("16:00 UTC is midnight of the next day here, got %v", got)
	}
	if got := DateOf(time.Date(2026, 3, 1, 15, 59, 59, 0, time.UTC)); got != 20260301 {
		t.Errorf("got %v", got)
	}
}

func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.OneOf(anyDate(), rapid.Just(Date(0))).Draw(t, "date")
		type row struct{ D Date }
		b, err := json.Marshal(row{d})
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"D":"` + d.String() + `"}`; string(b) != want {
			t.Fatalf("JSON %s, want %s", b, want)
		}
		var back row
		if err := json.Unmarshal(b, &back); err != nil || back.D != d {
			t.Fatalf("read back %v, %v", back.D, err)
		}
	})
	var d Date
	if err := json.Unmarshal([]byte(`"2026-02-30"`), &d); err == nil {
		t.Error("2026-02-30 was read from JSON")
	}
	if _, err := Date(20260230).MarshalText(); err == nil {
		t.Error("20260230 was written")
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for d, want := range map[Date]string{20260302: "2026年3月2日", LongTerm: "长期", 0: "", 20990131: "2099年1月31日"} {
		if got := d.Format(); got != want {
			t.Errorf("Format(%d) = %q, want %q", int(d), got, want)
		}
	}
}

func TestParseDateDoesNotAllocate(t *testing.T) {
	for _, s := range []string{"2026-03-02", "2026/3/2", "20260302", "２０２６年３月２日", "2026-03-02 00:00:00"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = ParseDate(s) }); n != 0 {
			t.Errorf("ParseDate(%q) allocates %v times", s, n)
		}
	}
}

func anyDate() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		return fromSerial(rapid.IntRange(minDate.serial(), maxDate.serial()).Draw(t, "serial"))
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-03-02", "2026/3/2 0:00", "２０２６年３月２日", "20260302", "2026-02-30", "2026-03-02T00:00:00+08:00", "\xff", "年月日"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err != nil {
			if d != 0 {
				t.Fatalf("%q: %v with an error", s, d)
			}
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Fix == "" {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if !d.Valid() {
			t.Fatalf("%q gave %d, not a day", s, d)
		}
		if again, err := ParseDate(d.String()); err != nil || again != d {
			t.Fatalf("%q: %v reads back as %v, %v", s, d, again, err)
		}
	})
}

func BenchmarkParseDate(b *testing.B) {
	for name, s := range map[string]string{"plain": "2026-03-02", "slashes": "2026/3/2", "chinese": "2026年3月2日", "midnight": "2026-03-02 00:00:00"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseDate(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
