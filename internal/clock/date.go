// Package clock keeps one rule: the time of day enters the program in one place, and a legal period is
// counted in calendar days, months or working days, never in hours. A Date has no clock and no zone; the
// holiday table that turns days into working days is data with the number of the notice it comes from.
package clock

import (
	"time"

	"gongxin/internal/fault"
)

// Date is a calendar day written as the number yyyymmdd; 0 means "none". The numbers sort as the days do,
// so they are compared with < and stored as INTEGER. Years run from 1000 to 9999.
type Date int32

// LongTerm is the day that the standards write for "no end": 2099-12-31, shown as 长期.
const LongTerm Date = 20991231

// The first and the last day that a Date can be; arithmetic stops there instead of wrapping.
const (
	minDate Date = 10000101
	maxDate Date = 99991231
)

// Zone is the civil time of the whole country (+08:00, without summer time for every date we handle).
// It is fixed, so that a machine without zone files counts the same days.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// MakeDate gives the day y-m-d, or false when the calendar has no such day.
func MakeDate(y, m, d int) (Date, bool) {
	if y < 1000 || y > 9999 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return pack(y, m, d), true
}

// DateOf gives the day in Zone on which t falls; the zero time and years outside 1000–9999 give 0.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return 0
	}
	y, m, d := t.In(Zone).Date()
	date, _ := MakeDate(y, int(m), d)
	return date
}

// Valid says whether d is a day of the calendar; "none" is not.
func (d Date) Valid() bool {
	_, ok := MakeDate(d.YMD())
	return ok
}

// IsZero says whether d is "none".
func (d Date) IsZero() bool { return d == 0 }

// YMD gives year, month and day as numbers.
func (d Date) YMD() (y, m, day int) {
	return int(d) / 10000, int(d) / 100 % 100, int(d) % 100
}

// String writes the day as "2026-03-02"; "none" is the empty string.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	var b [10]byte
	return string(d.AppendTo(b[:0]))
}

// AppendTo appends "2026-03-02" to b; "none" appends nothing.
func (d Date) AppendTo(b []byte) []byte {
	if d <= 0 || d > maxDate {
		return b
	}
	y, m, day := d.YMD()
	return append(b,
		byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-',
		byte('0'+day/10), byte('0'+day%10))
}

// AddDays gives the day n days later (earlier when n is negative). "None" stays "none".
func (d Date) AddDays(n int) Date {
	if !d.Valid() {
		return 0
	}
	return fromSerial(addClamped(d.serial(), n))
}

// AddMonths gives the same day of the month n months later or earlier. Where that month is shorter the
// result is its last day: 2026-11-30 plus 3 is 2027-02-28. "None" stays "none".
func (d Date) AddMonths(n int) Date {
	if !d.Valid() {
		return 0
	}
	const reach = 12 * 9000 // more months than a Date spans; keeps the sum below from overflowing
	y, m, day := d.YMD()
	months := y*12 + m - 1 + max(-reach, min(n, reach))
	y, m = months/12, months%12+1
	switch {
	case months < 12*1000:
		return minDate
	case y > 9999:
		return maxDate
	}
	return pack(y, m, min(day, monthDays(y, m)))
}

// AddYears gives the same day n years later or earlier; 29 February becomes 28 February in common years.
func (d Date) AddYears(n int) Date {
	return d.AddMonths(12 * max(-9000, min(n, 9000)))
}

// Weekday gives the day of the week; "none" gives Sunday, as time.Weekday's zero value.
func (d Date) Weekday() time.Weekday {
	if !d.Valid() {
		return time.Sunday
	}
	return time.Weekday((d.serial() + 3) % 7)
}

// Start gives midnight in Zone, the first moment of the day; "none" gives the zero time.
func (d Date) Start() time.Time {
	if !d.Valid() {
		return time.Time{}
	}
	y, m, day := d.YMD()
	return time.Date(y, time.Month(m), day, 0, 0, 0, 0, Zone)
}

// DaysUntil counts the calendar days from d to other: 0 on the same day, negative when other is earlier.
// With "none" on either side there is no distance and the answer is 0.
func (d Date) DaysUntil(other Date) int {
	if !d.Valid() || !other.Valid() {
		return 0
	}
	return other.serial() - d.serial()
}

// MarshalText writes the day as String does; JSON, TOML and CSV use it.
func (d Date) MarshalText() ([]byte, error) {
	if d != 0 && !d.Valid() {
		return nil, fault.New(fault.Internal, "clock.bad_value", "内部日期值不是有效的日期", "")
	}
	return d.AppendTo(nil), nil
}

// UnmarshalText reads what ParseDate reads; the empty text is "none".
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func pack(y, m, d int) Date { return Date(y*10000 + m*100 + d) }

// monthDays is the length of a month in the Gregorian calendar.
func monthDays(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// serial numbers the days one after another from 0000-03-01, a Wednesday; its years begin in March, so
// that the leap day is a year's last day.
func (d Date) serial() int {
	y, m, day := d.YMD()
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra
}

// fromSerial is the inverse of serial.
func fromSerial(n int) Date {
	era := n / 146097
	dayOfEra := n - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	mp := (5*dayOfYear + 2) / 153
	day := dayOfYear - (153*mp+2)/5 + 1
	m, y := mp+3, yearOfEra+era*400
	if m > 12 {
		m -= 12
		y++
	}
	return pack(y, m, day)
}

// addClamped adds n days to a serial number and stays within the days a Date can be.
func addClamped(serial, n int) int {
	first, last := minDate.serial(), maxDate.serial()
	switch {
	case n > last-serial:
		return last
	case n < first-serial:
		return first
	}
	return serial + n
}
