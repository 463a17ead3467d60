package catalog

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Amounts are held in millionths. Of a 万元 a millionth is 0.01 元, so a number of millionths of 万元 is the same
// number of 分.
const (
	maxScale      = 6
	maxIntDigits  = 12
	millionth     = 1_000_000
	fenPerYuan    = 100
	maxYuan       = 10_000_000_000_000 // sums beyond are no sums of money
	suspiciousWan = 10_000             // 万元 (100 million yuan): a fine this large is in the text of its decision
)

// parseNumber reads a decimal that is not negative and gives its normal form (no needless zeros, no separators)
// with its value in millionths. Separators of thousands are taken out where they stand right: 1,234.5; so is the
// field's own unit behind the number. fault is 0 or a reason number.
func parseNumber(s string, scale, intDigits int, unit string) (normal string, value int64, fault int) {
	if v, ok := normalNumber(s, scale, intDigits); ok {
		return s, v, 0
	}
	t := s
	if unit != "" {
		t = strings.TrimSpace(strings.TrimSuffix(t, unit))
	}
	t = strings.TrimPrefix(t, "+")
	t, ok := withoutThousands(strings.ReplaceAll(t, "，", ","))
	if !ok || t == "" {
		return "", 0, ReasonNotNumber
	}
	negative := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(t, "-")
	if strings.ContainsAny(t, "eE") {
		if t, ok = plainNumber(t); !ok {
			return "", 0, ReasonNotNumber
		}
	}
	whole, fraction, _ := strings.Cut(t, ".")
	if !allDigits(whole+fraction) || whole+fraction == "" {
		return "", 0, ReasonNotNumber
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(fraction) > scale {
		if whole, fraction, ok = withoutNoise(whole, fraction, scale); !ok {
			return "", 0, ReasonDecimals
		}
	}
	if len(whole) > intDigits || negative && whole+fraction != "" {
		return "", 0, ReasonRange
	}
	if whole == "" {
		whole = "0"
	}
	normal = whole
	if fraction != "" {
		normal += "." + fraction
	}
	value, _ = normalNumber(normal, scale, intDigits)
	return normal, value, 0
}

// normalNumber gives the value of a number in its normal form; false when it is not in it.
func normalNumber(s string, scale, intDigits int) (int64, bool) {
	dot := strings.IndexByte(s, '.')
	whole := len(s)
	if dot >= 0 {
		whole = dot
		if last := len(s) - 1; last == dot || s[last] == '0' || last-dot > scale {
			return 0, false
		}
	}
	if whole == 0 || whole > intDigits || whole > 1 && s[0] == '0' {
		return 0, false
	}
	value, places := int64(0), 0
	for i := 0; i < len(s); i++ {
		if i == dot {
			continue
		}
		digit := s[i] - '0'
		if digit > 9 {
			return 0, false
		}
		value = value*10 + int64(digit)
		if i > whole {
			places++
		}
	}
	for ; places < maxScale; places++ {
		value *= 10
	}
	return value, true
}

// withoutThousands takes out commas that part groups of three digits before the point; others are refused, for
// 1,5 is a half to some and fifteen to others.
func withoutThousands(s string) (string, bool) {
	if !strings.Contains(s, ",") {
		return s, true
	}
	whole, fraction, point := strings.Cut(s, ".")
	groups := strings.Split(strings.TrimPrefix(whole, "-"), ",")
	for i, g := range groups {
		if len(g) != 3 && i > 0 || len(g) == 0 || len(g) > 3 || !allDigits(g) {
			return "", false
		}
	}
	whole = strings.ReplaceAll(whole, ",", "")
	if point {
		return whole + "." + fraction, true
	}
	return whole, true
}

// plainNumber writes 2E-05, as spreadsheets do, without the power.
func plainNumber(s string) (string, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f >= 1e15 || strings.ContainsAny(s, "xXpP_nN") {
		return "", false
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}

// withoutNoise rounds what binary arithmetic left behind (0.30000000000000004): at least 15 digits that differ
// from a number of scale places by less than a billionth.
func withoutNoise(whole, fraction string, scale int) (string, string, bool) {
	if len(whole)+len(fraction) < 15 {
		return "", "", false
	}
	f, err := strconv.ParseFloat(whole+"."+fraction, 64)
	if err != nil {
		return "", "", false
	}
	rounded := strconv.FormatFloat(f, 'f', scale, 64)
	r, err := strconv.ParseFloat(rounded, 64)
	if err != nil || math.Abs(f-r) > 1e-9 {
		return "", "", false
	}
	w, frac, _ := strings.Cut(rounded, ".")
	return strings.TrimLeft(w, "0"), strings.TrimRight(frac, "0"), true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// formatMillionths writes a value in millionths in the normal form.
func formatMillionths(v int64) string {
	s := strconv.FormatInt(v/millionth, 10)
	if frac := v % millionth; frac != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(millionth+frac, 10)[1:], "0")
	}
	return s
}

// amounts compares amounts in 万元 with the amounts that the decision's text names (rule 2302). It warns where
// the number stands in the text as so many 元, and where it is implausibly large without standing there.
func (c *checker) amounts() {
	const yuanFor = millionth / fenPerYuan // 分 to millionths, were the number of 万元 meant as 元
	for _, i := range c.it.amountFields {
		if c.v[i] == "" || c.isBad(i) || c.num[i] == 0 {
			continue
		}
		n := c.num[i]
		asYuan, asWan := false, false
		eachAmount(c.v[c.it.plan[i].amountIn], func(fen int64) bool {
			asWan = asWan || fen == n
			asYuan = asYuan || fen*yuanFor == n
			return !asWan
		})
		switch {
		case asWan:
		case asYuan:
			c.addAs(i, ReasonUnit, Warning, "与决定内容里的元数相同")
		case n > suspiciousWan*millionth:
			c.addAs(i, ReasonUnit, Warning, "超过1亿元，而决定内容里没有这个金额")
		}
	}
}

// amountBehind gives the amount that follows word within a few characters, in 分; false when there is none or
// when two that follow it differ.
func amountBehind(text, word string) (int64, bool) {
	const reach = 60 // bytes between the word and the amount's end: about 20 characters
	found, value := false, int64(0)
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return value, found
		}
		before := strings.TrimSuffix(text[:from+at], "的")
		from += at + len(word)
		if sum, ok := strings.CutSuffix(before, "元"); ok { // 2000元的罚款
			if fen, ok := amountBefore(sum); ok {
				if found && fen != value {
					return 0, false
				}
				found, value = true, fen
				continue
			}
		}
		end := min(len(text), from+reach)
		clause := text[from:end]
		if stop := strings.IndexAny(clause, "；;。\n"); stop >= 0 {
			clause = clause[:stop]
		}
		same := true
		eachAmount(clause, func(fen int64) bool {
			same = !found || fen == value
			found, value = true, fen
			return false
		})
		if !same {
			return 0, false
		}
	}
}

// eachAmount calls yield with every sum of money in text, in 分, until it says no.
// It knows 2000元, 2,000.50元, 0.2万元, 贰仟元, 两万元, 1亿元.
func eachAmount(text string, yield func(fen int64) bool) {
	for from := 0; ; {
		at := strings.Index(text[from:], "元")
		if at < 0 {
			return
		}
		end := from + at
		from = end + len("元")
		if fen, ok := amountBefore(text[:end]); ok && !yield(fen) {
			return
		}
	}
}

// amountBefore reads the number that s ends with.
func amountBefore(s string) (int64, bool) {
	unit := 1.0
	for _, u := range [...]struct {
		word string
		yuan float64
	}{{"亿", 1e8}, {"万", 1e4}, {"千", 1e3}, {"百", 1e2}} {
		if t, ok := strings.CutSuffix(s, u.word); ok && t != "" && t[len(t)-1]-'0' <= 9 {
			s, unit = t, u.yuan
			break
		}
	}
	start := len(s)
	for start > 0 && (s[start-1]-'0' <= 9 || s[start-1] == '.' || s[start-1] == ',') {
		start--
	}
	if start < len(s) {
		f, err := strconv.ParseFloat(strings.ReplaceAll(strings.Trim(s[start:], ","), ",", ""), 64)
		if err != nil || f*unit > maxYuan {
			return 0, false
		}
		return int64(math.Round(f * unit * fenPerYuan)), true
	}
	return chineseBefore(s)
}

var chineseDigits = map[rune]int64{
	'零': 0, '〇': 0, '一': 1, '壹': 1, '二': 2, '贰': 2, '两': 2, '三': 3, '叁': 3, '四': 4, '肆': 4,
	'五': 5, '伍': 5, '六': 6, '陆': 6, '七': 7, '柒': 7, '八': 8, '捌': 8, '九': 9, '玖': 9,
}

var chineseUnits = map[rune]int64{'十': 10, '拾': 10, '百': 100, '佰': 100, '千': 1000, '仟': 1000, '万': 1e4, '萬': 1e4, '亿': 1e8, '億': 1e8}

// chineseBefore reads a number in Chinese numerals at the end of s: 贰仟, 两万五千.
func chineseBefore(s string) (int64, bool) {
	start := len(s)
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		_, digit := chineseDigits[r]
		_, unit := chineseUnits[r]
		if !digit && !unit || len(s)-start > 60 {
			break
		}
		start -= size
	}
	if start == len(s) {
		return 0, false
	}
	var total, section, digit int64
	for _, r := range s[start:] {
		if d, ok := chineseDigits[r]; ok {
			digit = d
			continue
		}
		switch u := chineseUnits[r]; {
		case u < 1e4:
			if digit == 0 && u == 10 {
				digit = 1 // 十五
			}
			section += digit * u
			digit = 0
		case total+section+digit > maxYuan/u:
			return 0, false
		case u == 1e4:
			total += (section + digit) * u
			section, digit = 0, 0
		default:
			total = (total + section + digit) * u
			section, digit = 0, 0
		}
	}
	total += section + digit
	return total * fenPerYuan, total > 0 && total <= maxYuan
}
