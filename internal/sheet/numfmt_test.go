package sheet

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAppendNumber(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"5", "5"},
		{"5.0", "5"},
		{"+7", "7"},
		{"-12.50", "-12.5"},
		{".5", "0.5"},
		{"5.", "5"},
		{"0.2", "0.2"},
		{"0.20000000000000001", "0.2"},
		{"0.30000000000000004", "0.3"},
		{"1.1000000000000001", "1.1"},
		{"0.99999999999999999", "1"},
		{"123456.00000000001", "123456"},
		{"1E-3", "0.001"},
		{"1.5e-07", "0.00000015"},
		{"99999999999999.996", "100000000000000"}, // rounding runs into another digit
		{"123456789012345", "123456789012345"},
		{"913703031234567840", "913703031234567840"}, // more digits than a spreadsheet keeps: none is touched
		{"9.1370303123456784E+17", "913703031234567840"},
		{"1E+20", "100000000000000000000"},
		{"12345678901234567.8", "12345678901234600"},
		{"007", "007"},
		{"", ""},
		{"abc", "abc"},
		{"1e", "1e"},
		{"1e999", "1e999"},
		{"--1", "--1"},
		{"1.2.3", "1.2.3"},
		{".", "."},
	}
	for _, tt := range tests {
		if got := string(appendNumber([]byte("x"), []byte(tt.in))); got != "x"+tt.want {
			t.Errorf("appendNumber(%q) = %q, want %q", tt.in, got[1:], tt.want)
		}
	}
}

// A decimal that a person can type into a cell (15 digits) survives the detour over binary fractions.
func TestAppendNumberKeepsDecimals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(0, 99_999_999).Draw(t, "whole")
		frac := rapid.IntRange(1, 999_999).Draw(t, "fraction")
		want := strconv.FormatInt(whole, 10) + "." + string(appendPadded(nil, frac, 6))
		for want[len(want)-1] == '0' {
			want = want[:len(want)-1]
		}
		f, _ := strconv.ParseFloat(want, 64)
		for _, spelled := range []string{strconv.FormatFloat(f, 'f', -1, 64), strconv.FormatFloat(f, 'e', 16, 64), strconv.FormatFloat(f, 'g', 17, 64)} {
			if got := string(appendNumber(nil, []byte(spelled))); got != want {
				t.Fatalf("appendNumber(%s) = %s, want %s", spelled, got, want)
			}
		}
	})
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code string
		want formatKind
	}{
		{"yyyy-mm-dd", asDate},
		{"yyyy/m/d;@", asDate},
		{`yyyy"年"m"月"d"日"`, asDate},
		{"yyyy年m月d日", asDate},
		{"m月d日", asDate},
		{`[$-804]yyyy"年"m"月"d"日";@`, asDate},
		{`[DBNum1][$-804]yyyy"年"m"月"d"日";@`, asDate},
		{"[$-F800]dddd, mmmm dd, yyyy", asDate},
		{"mmm-yy", asDate},
		{"[$-804]aaaa;@", asDate},
		{"yyyy", asDate},
		{`[$-404]e"年"m"月"d"日"`, asDate},
		{`d\.m\.yy`, asDate},
		{"yyyy-mm-dd hh:mm:ss", asDateTime},
		{"yyyy/m/d h:mm AM/PM", asDateTime},
		{`m/d/yy "at" h:mm`, asDateTime},
		{"yyyy-mm-dd hh:mm:ss.000", asDateTime},
		{"h:mm", asTime},
		{"hh:mm:ss", asTime},
		{"[$-F400]h:mm:ss AM/PM", asTime},
		{"mm:ss.0", asTime},
		{`上午/下午h"时"mm"分"`, asTime},
		{"[h]:mm", asElapsed},
		{"[mm]:ss", asElapsed},
		{"[s]", asElapsed},
		{"General", asNumber},
		{"G/通用格式", asNumber},
		{"@", asNumber},
		{"0", asNumber},
		{"0.00", asNumber},
		{"0.00E+00", asNumber},
		{"##0.0E+0", asNumber},
		{"#,##0.00_);[Red](#,##0.00)", asNumber},
		{`"¥"#,##0`, asNumber},
		{`0"d"`, asNumber},
		{`0\d`, asNumber},
		{`#,##0"年"`, asNumber},
		{"0%", asNumber},
		{"[Red]0.0", asNumber},
		{"[>=100]0;0.0", asNumber},
		{"# ?/?", asNumber},
		{"_ * #,##0_ ", asNumber},
		{"", asNumber},
		{`"yyyy`, asNumber},
		{"[yyyy", asNumber},
		{"000000", asPadded},
		{"00", asPadded},
		{`"A"000`, asNumber},
		{"000;000", asNumber},
		{"00.00", asNumber},
	}
	for _, tt := range tests {
		if got := parseFormat(tt.code).kind; got != tt.want {
			t.Errorf("parseFormat(%q) = %d, want %d", tt.code, got, tt.want)
		}
	}
}

func TestAppendValue(t *testing.T) {
	t.Parallel()
	date, stamp, clock, elapsed := cellFormat{kind: asDate}, cellFormat{kind: asDateTime}, cellFormat{kind: asTime}, cellFormat{kind: asElapsed}
	tests := []struct {
		raw  string
		f    cellFormat
		y4   bool
		want string
	}{
		{"46083", date, false, "2026-03-02"},
		{"46083.0", date, false, "2026-03-02"},
		{"46083.75", date, false, "2026-03-02"},
		{"46083", stamp, false, "2026-03-02"},
		{"46083.75", stamp, false, "2026-03-02 18:00:00"},
		{"46082.999999", stamp, false, "2026-03-02"}, // seconds are rounded, and carry into the day
		{"46083.000694444445", stamp, false, "2026-03-02 00:01:00"},
		{"44621", date, true, "2026-03-02"},
		{"0", date, true, "1904-01-01"},
		{"1", date, true, "1904-01-02"},
		{"1", date, false, "1900-01-01"},
		{"59", date, false, "1900-02-28"},
		{"60", date, false, "1900-02-29"},
		{"61", date, false, "1900-03-01"},
		{"0", date, false, "1900-01-00"},
		{"2958465", date, false, "9999-12-31"},
		{"2958466", date, false, "2958466"},
		{"-1", date, false, "-1"},
		{"20260302", date, false, "20260302"}, // a number typed into a column of dates
		{"0.5", clock, false, "12:00:00"},
		{"46083.5", clock, false, "2026-03-02 12:00:00"},
		{"1.25", elapsed, false, "30:00:00"},
		{"NaN", date, false, "NaN"},
		{"Inf", stamp, false, "Inf"},
		{"x", date, false, "x"},
		{"", date, false, ""},
		{"123", cellFormat{kind: asPadded, width: 6}, false, "000123"},
		{"1234567", cellFormat{kind: asPadded, width: 6}, false, "1234567"},
		{"1.5", cellFormat{kind: asPadded, width: 6}, false, "1.5"},
		{"-5", cellFormat{kind: asPadded, width: 6}, false, "-5"},
	}
	for _, tt := range tests {
		if got := string(appendValue([]byte("x"), []byte(tt.raw), tt.f, tt.y4)); got != "x"+tt.want {
			t.Errorf("appendValue(%q, %+v, %v) = %q, want %q", tt.raw, tt.f, tt.y4, got[1:], tt.want)
		}
	}
}

// Days all over the 1900 system are those that package time counts to.
func TestAppendDayAgreesWithTime(t *testing.T) {
	t.Parallel()
	day := time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
	for serial := 61; serial <= maxSerial; serial += 1 + serial%17 {
		want := day.AddDate(0, 0, serial-61).Format(time.DateOnly)
		if got := string(appendDay(nil, serial, false)); got != want {
			t.Fatalf("day %d is %s, want %s", serial, got, want)
		}
	}
}

func TestSerialDate(t *testing.T) {
	t.Parallel()
	if day, ok := SerialDate("46083", false); !ok || day != "2026-03-02" {
		t.Errorf("SerialDate(46083) = %q, %v", day, ok)
	}
	for _, s := range []string{"", "x", "0", "-3", "NaN", "20260302", "1e99"} {
		if day, ok := SerialDate(s, false); ok {
			t.Errorf("SerialDate(%q) = %q", s, day)
		}
	}
}

func TestBuiltinFormats(t *testing.T) {
	t.Parallel()
	for id, want := range map[int]formatKind{
		0: asNumber, 1: asNumber, 4: asNumber, 11: asNumber, 49: asNumber, 14: asDate, 17: asDate, 18: asTime, 21: asTime, 22: asDateTime,
		31: asDate, 32: asTime, 36: asDate, 45: asTime, 46: asElapsed, 47: asTime, 57: asDate, 58: asDate, 37: asNumber, 170: asNumber,
	} {
		if got := builtinFormat(id).kind; got != want {
			t.Errorf("builtinFormat(%d) = %d, want %d", id, got, want)
		}
	}
}
