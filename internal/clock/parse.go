package clock

import (
	"fmt"
	"unicode/utf8"

	"gongxin/internal/fault"
)

// The spellings that departments' systems really export; ParseDate's errors name them.
const dateFix = "请填写成 2026-03-02 或 2026/3/2 这样的日期"

// maxDateText is longer than any accepted spelling, so that a cell with a whole text is refused unread.
const maxDateText = 96

var (
	errDateForm = fault.New(fault.Invalid, "clock.date_form", "不是能识别的日期写法", dateFix)
	errDateTime = fault.New(fault.Invalid, "clock.date_time", "日期后面带有时刻，这里只填到日", dateFix)
	errDateDay  = fault.New(fault.Invalid, "clock.date_day", "没有这一天", dateFix)
)

// ParseDate reads a day as departments write it: 2026-03-02, 2026/3/2, 2026.3.2, 20260302 and
// 2026年3月2日, in half or full width, with spaces around, and with a midnight behind it as spreadsheets and databases
// add ("2026-03-02 00:00:00", "T00:00:00Z", "+08:00"). Any other time of day is refused: it would hide
// from which zone it came. The error is a *fault.Error of kind Invalid.
func ParseDate(s string) (Date, error) {
	if d, ok := parsePlain(s); ok {
		return d, nil
	}
	if len(s) > maxDateText {
		return 0, errDateForm
	}
	var buf [maxDateText]byte
	text, ok := narrow(buf[:0], s)
	if !ok {
		return 0, errDateForm
	}
	y, m, d, rest, ok := splitDate(text)
	if !ok {
		return 0, errDateForm
	}
	if !isMidnight(rest) {
		if looksLikeTime(rest) {
			return 0, errDateTime
		}
		return 0, errDateForm
	}
	date, ok := MakeDate(y, m, d)
	if !ok {
		return 0, missingDay(y, m, d)
	}
	return date, nil
}

// parsePlain is the way of a clean value: 2026-03-02 and nothing else.
func parsePlain(s string) (Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	n := 0
	for i := 0; i < 10; i++ {
		if i == 4 || i == 7 {
			continue
		}
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return MakeDate(Date(n).YMD())
}

// narrow copies s to dst in half width, without the blanks around it, with 年 月 日 as 'Y' 'M' 'D'. It
// refuses everything that no spelling contains.
func narrow(dst []byte, s string) ([]byte, bool) {
	for _, r := range s {
		switch {
		case r >= '！' && r <= '～': // the full-width forms of ! to ~
			r -= '！' - '!'
		case r == 0x3000, r == 0xA0, r == '\t', r == '\r', r == '\n':
			r = ' '
		case r == 0xFEFF, r == 0x200B:
			continue
		case r == '年':
			r = 'Y'
		case r == '月':
			r = 'M'
		case r == '日':
			r = 'D'
		case r == 'Y', r == 'M', r == 'D':
			return nil, false
		}
		if r >= utf8.RuneSelf || r == ' ' && len(dst) == 0 {
			if r == ' ' {
				continue
			}
			return nil, false
		}
		dst = append(dst, byte(r))
	}
	for len(dst) > 0 && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst, true
}

// splitDate takes the three numbers off the front of a narrowed text and gives what follows.
func splitDate(b []byte) (y, m, d int, rest []byte, ok bool) {
	y, n := digits(b, 8)
	if n == 8 {
		return y / 10000, y / 100 % 100, y % 100, b[8:], true
	}
	if n != 4 || len(b) == n {
		return 0, 0, 0, nil, false
	}
	first, second, last := b[4], b[4], byte(0)
	switch first {
	case '-', '/', '.':
	case 'Y':
		second, last = 'M', 'D'
	default:
		return 0, 0, 0, nil, false
	}
	b = b[5:]
	m, n = digits(b, 2)
	if n == 0 || len(b) == n || b[n] != second {
		return 0, 0, 0, nil, false
	}
	b = b[n+1:]
	d, n = digits(b, 2)
	if n == 0 {
		return 0, 0, 0, nil, false
	}
	b = b[n:]
	if last != 0 {
		if len(b) == 0 || b[0] != last {
			return 0, 0, 0, nil, false
		}
		b = b[1:]
	}
	return y, m, d, b, true
}

// digits reads at most limit decimal digits and says how many there were.
func digits(b []byte, limit int) (value, n int) {
	for n < len(b) && n < limit && b[n]-'0' <= 9 {
		value = value*10 + int(b[n]-'0')
		n++
	}
	return value, n
}

// isMidnight says whether what follows a date is nothing or the first moment of the day.
func isMidnight(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if b[0] == 'T' {
		b = b[1:]
	} else {
		if b[0] != ' ' {
			return false
		}
		for len(b) > 0 && b[0] == ' ' {
			b = b[1:]
		}
	}
	parts := 0
	for {
		v, n := digits(b, 2)
		if n == 0 || v != 0 {
			return false
		}
		parts++
		b = b[n:]
		if parts == 3 || len(b) == 0 || b[0] != ':' {
			break
		}
		b = b[1:]
	}
	if parts < 2 {
		return false
	}
	if len(b) > 1 && b[0] == '.' && parts == 3 {
		v, n := digits(b[1:], 9)
		if n == 0 || v != 0 {
			return false
		}
		b = b[1+n:]
	}
	switch string(b) {
	case "", "Z", "+08:00", "+0800":
		return true
	}
	return false
}

// looksLikeTime says whether what follows a date was meant as a time of day.
func looksLikeTime(b []byte) bool {
	if len(b) == 0 || b[0] != ' ' && b[0] != 'T' {
		return false
	}
	for len(b) > 0 && (b[0] == ' ' || b[0] == 'T') {
		b = b[1:]
	}
	_, n := digits(b, 2)
	return n > 0 && n < len(b) && b[n] == ':'
}

// missingDay says which day the calendar lacks; the numbers are the sender's own and identify nobody.
func missingDay(y, m, d int) error {
	switch {
	case y < 1000:
		return errDateDay.Messagef("年份 %04d 不在可用范围，应为 1000 至 9999", y)
	case m < 1 || m > 12:
		return errDateDay.Messagef("没有 %d 月，月份应为 1 至 12", m)
	case d < 1:
		return errDateDay.Messagef("日应从 1 开始，这里是 %d", d)
	}
	return errDateDay.Messagef("%d年%d月没有%d日，这个月共%d天", y, m, d, monthDays(y, m))
}

// Format writes d in the Chinese of letters and notices: 2026年3月2日; LongTerm is 长期, "none" is empty.
func (d Date) Format() string {
	switch {
	case !d.Valid():
		return ""
	case d == LongTerm:
		return "长期"
	}
	y, m, day := d.YMD()
	return fmt.Sprintf("%d年%d月%d日", y, m, day)
}
