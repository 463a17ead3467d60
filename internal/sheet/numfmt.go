package sheet

import (
	"math"
	"strconv"
	"strings"
)

// formatKind says how the number in a cell is to be read.
type formatKind uint8

const (
	asNumber   formatKind = iota
	asDate                // day only
	asDateTime            // day and time of day
	asTime                // time of day
	asElapsed             // [h]:mm, hours beyond 24
	asPadded              // 000000: a code with leading zeros
)

// cellFormat is the part of a number format that changes what the cell means.
type cellFormat struct {
	kind  formatKind
	width uint8 // asPadded: digits
}

// builtinFormat knows the number formats that files refer to without spelling them out (ECMA-376 part 1, 18.8.30);
// 27–36 and 50–58 are dates in the Chinese, Japanese and Korean versions, 71–81 in the Thai one.
func builtinFormat(id int) cellFormat {
	switch {
	case id == 22:
		return cellFormat{kind: asDateTime}
	case id >= 18 && id <= 21, id == 32, id == 33, id == 34, id == 35, id == 45, id == 47:
		return cellFormat{kind: asTime}
	case id == 55, id == 56: // 上午/下午h"时"mm"分" in the Chinese version
		return cellFormat{kind: asTime}
	case id == 46:
		return cellFormat{kind: asElapsed}
	case id >= 14 && id <= 17, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return cellFormat{kind: asDate}
	case id >= 71 && id <= 74, id == 81:
		return cellFormat{kind: asDate}
	case id >= 75 && id <= 80:
		return cellFormat{kind: asTime}
	}
	return cellFormat{}
}

// parseFormat reads a spelled-out number format. Only its first section counts; literals do not.
func parseFormat(code string) cellFormat {
	letters, elapsed := formatLetters(code)
	if n := len(letters); n >= 2 && n < 32 && strings.Trim(letters, "0") == "" && strings.Trim(code, "0") == "" {
		return cellFormat{kind: asPadded, width: uint8(n)}
	}
	if strings.ContainsAny(letters, "0#?") && !elapsed && !strings.ContainsAny(letters, "ydhs") {
		return cellFormat{} // 0.00E+00 holds an e, but is no date
	}
	day := strings.ContainsAny(letters, "ydeb") || strings.Contains(letters, "aaa")
	clock := strings.ContainsAny(letters, "hs")
	if strings.Contains(letters, "m") && !clock {
		day = true
	}
	switch {
	case strings.Contains(letters, "general"):
		return cellFormat{}
	case elapsed:
		return cellFormat{kind: asElapsed}
	case day && clock:
		return cellFormat{kind: asDateTime}
	case day:
		return cellFormat{kind: asDate}
	case clock:
		return cellFormat{kind: asTime}
	}
	return cellFormat{}
}

// formatLetters strips a format code of quoted text, escapes, fillers, colours, conditions and locales, and gives
// what is left of the first section in lower case. elapsed reports [h], [mm] or [ss].
func formatLetters(code string) (letters string, elapsed bool) {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return strings.ToLower(b.String()), elapsed
		case '"':
			if j := strings.IndexByte(code[i+1:], '"'); j >= 0 {
				i += j + 1
			} else {
				i = len(code)
			}
		case '\\', '_', '*':
			i++
		case '[':
			j := strings.IndexByte(code[i:], ']')
			if j < 0 {
				i = len(code)
				continue
			}
			if in := strings.ToLower(code[i+1 : i+j]); in != "" && (strings.Trim(in, "h") == "" || strings.Trim(in, "m") == "" || strings.Trim(in, "s") == "") {
				elapsed = true
			}
			i += j
		default:
			b.WriteByte(c)
		}
	}
	// AM/PM and A/P are marks of the time of day, not months or years.
	s := strings.ToLower(b.String())
	s = strings.ReplaceAll(strings.ReplaceAll(s, "am/pm", ""), "a/p", "")
	return s, elapsed
}

// maxSerial is 9999-12-31 in the 1900 system.
const maxSerial = 2958465

// SerialDate gives the day of a date serial number, as spreadsheets count it: days since 1899-12-31 with a 29
// February 1900 that never was, or days since 1904-01-01. It serves callers that find a bare number such as 46083
// where a date should be; ok is false if s is no such number.
func SerialDate(s string, date1904 bool) (day string, ok bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 1 && f <= maxSerial) {
		return "", false
	}
	return string(appendDay(nil, int(f), date1904)), true
}

// appendDay appends 2026-03-02 for a serial day. Day 60 of the 1900 system is the spreadsheet's 1900-02-29, day 0
// its 1900-01-00; both are shown as the sender sees them, so that the rule for dates can object.
func appendDay(dst []byte, serial int, date1904 bool) []byte {
	switch {
	case date1904:
		serial += 1462
	case serial == 0:
		return append(dst, "1900-01-00"...)
	case serial == 60:
		return append(dst, "1900-02-29"...)
	case serial < 60:
		serial++
	}
	y, m, d := civil(serial - 25569) // 25569 is 1970-01-01
	dst = appendPadded(dst, y, 4)
	dst = append(dst, '-')
	dst = appendPadded(dst, m, 2)
	dst = append(dst, '-')
	return appendPadded(dst, d, 2)
}

// civil turns days since 1970-01-01 into a day of the Gregorian calendar, counting in eras of 400 years from 1 March.
func civil(days int) (y, m, d int) {
	days += 719468
	era := days / 146097
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	y = yoe + era*400
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func appendPadded(dst []byte, n, width int) []byte {
	for p := 10; width > 1; width-- {
		if n < p {
			for range width - 1 {
				dst = append(dst, '0')
			}
			break
		}
		p *= 10
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// appendValue appends the number raw as its format means it.
func appendValue(dst, raw []byte, f cellFormat, date1904 bool) []byte {
	if f.kind == asNumber {
		return appendNumber(dst, raw)
	}
	if f.kind == asPadded {
		return appendCode(dst, raw, int(f.width))
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	limit := float64(maxSerial + 1)
	if date1904 {
		limit -= 1462
	}
	if err != nil || !(v >= 0 && v < limit) {
		return appendNumber(dst, raw)
	}
	day := math.Floor(v)
	sec := int(math.Round((v - day) * 86400))
	if sec == 86400 {
		day, sec = day+1, 0
	}
	switch {
	case f.kind == asElapsed:
		return appendClock(dst, int(day)*86400+sec)
	case f.kind == asTime && day == 0:
		return appendClock(dst, sec)
	}
	dst = appendDay(dst, int(day), date1904)
	if f.kind == asDate || sec == 0 {
		return dst
	}
	return appendClock(append(dst, ' '), sec)
}

func appendClock(dst []byte, sec int) []byte {
	dst = appendPadded(dst, sec/3600, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, sec/60%60, 2)
	dst = append(dst, ':')
	return appendPadded(dst, sec%60, 2)
}

// appendCode shows a whole number with leading zeros, as the format 000000 does.
func appendCode(dst, raw []byte, width int) []byte {
	from := len(dst)
	dst = appendNumber(dst, raw)
	digits := dst[from:]
	for _, c := range digits {
		if c < '0' || c > '9' {
			return dst
		}
	}
	if n := len(digits); n < width {
		dst = append(dst, strings.Repeat("0", width-n)...)
		copy(dst[from+width-n:], dst[from:from+n])
		for i := range width - n {
			dst[from+i] = '0'
		}
	}
	return dst
}

// appendNumber appends a number as stored in a cell, in plain notation. Whole numbers keep every digit they have; a
// spreadsheet holds 15 significant digits, so decimals are rounded there, which takes the noise of binary fractions
// away (0.20000000000000001 is 0.2). What is no number stays as it is.
func appendNumber(dst, raw []byte) []byte {
	if plainNumber(raw) {
		return append(dst, raw...)
	}
	n, ok := parseDecimal(raw)
	if !ok {
		return append(dst, raw...)
	}
	if n.point < len(n.digits) && len(n.digits) > 15 {
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return append(dst, raw...)
		}
		var buf [32]byte
		n, _ = parseDecimal(strconv.AppendFloat(buf[:0], f, 'e', 14, 64))
	}
	return n.append(dst)
}

// plainNumber tells whether raw is already spelled as appendNumber would, which nearly all numbers are: digits, or
// at most 15 of them with a point between.
func plainNumber(raw []byte) bool {
	point := -1
	for i, c := range raw {
		switch {
		case c == '.' && point < 0:
			point = i
		case c < '0' || c > '9':
			return false
		}
	}
	n := len(raw)
	if point < 0 {
		return n > 0
	}
	return n <= 16 && point > 0 && raw[n-1] != '0' && point < n-1 && (raw[0] != '0' || point == 1)
}

// decimal is 0.digits × 10^point without leading or trailing zeros in digits.
type decimal struct {
	digits []byte
	point  int
	neg    bool
}

// parseDecimal reads sign, digits, fraction and exponent. The digits share raw's memory where they can.
func parseDecimal(raw []byte) (n decimal, ok bool) {
	i := 0
	if i < len(raw) && (raw[i] == '-' || raw[i] == '+') {
		n.neg = raw[i] == '-'
		i++
	}
	from := i
	for i < len(raw) && raw[i] >= '0' && raw[i] <= '9' {
		i++
	}
	n.digits = raw[from:i:i]
	n.point = i - from
	any := i > from
	if i < len(raw) && raw[i] == '.' {
		from = i + 1
		for i++; i < len(raw) && raw[i] >= '0' && raw[i] <= '9'; i++ {
		}
		any = any || i > from
		n.digits = append(n.digits, raw[from:i]...)
	}
	if !any || len(raw) > 400 {
		return decimal{}, false
	}
	if i < len(raw) && (raw[i] == 'e' || raw[i] == 'E') {
		e, err := strconv.Atoi(string(raw[i+1:]))
		if err != nil || e > 400 || e < -400 {
			return decimal{}, false
		}
		n.point += e
		i = len(raw)
	}
	for len(n.digits) > 0 && n.digits[0] == '0' {
		n.digits = n.digits[1:]
		n.point--
	}
	for k := len(n.digits); k > 0 && n.digits[k-1] == '0'; k-- {
		n.digits = n.digits[:k-1]
	}
	return n, i == len(raw)
}

func (n decimal) append(dst []byte) []byte {
	if len(n.digits) == 0 {
		return append(dst, '0')
	}
	if n.neg {
		dst = append(dst, '-')
	}
	if n.point <= 0 {
		dst = append(dst, "0."...)
		for range -n.point {
			dst = append(dst, '0')
		}
		return append(dst, n.digits...)
	}
	if n.point < len(n.digits) {
		dst = append(dst, n.digits[:n.point]...)
		dst = append(dst, '.')
		return append(dst, n.digits[n.point:]...)
	}
	dst = append(dst, n.digits...)
	for range n.point - len(n.digits) {
		dst = append(dst, '0')
	}
	return dst
}
