package synth

import (
	"strconv"
	"strings"

	"gongxin/internal/clock"
)

// phrase is a sentence with gaps, cut once so that filling it is a run of appends.
type phrase []segment

type segment struct {
	text string
	gap  byte // 0: only text; else the letter between braces that follows it
}

// The gaps: {n} name, {a} address, {d} a day shortly before the decision, {g} goods of the trade,
// {q} a small count, {m} a sum in yuan, {r} a road of the district, {c} certificate number.
func newPhrase(s string) phrase {
	var p phrase
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			if s != "" {
				p = append(p, segment{text: s})
			}
			return p
		}
		p = append(p, segment{text: s[:open], gap: s[open+1]})
		s = s[open+3:]
	}
}

// filler gives the words for the gaps of one row.
type filler interface {
	appendGap(dst []byte, gap byte) []byte
}

func (p phrase) appendTo(dst []byte, f filler) []byte {
	for i := range p {
		dst = append(dst, p[i].text...)
		if p[i].gap != 0 {
			dst = f.appendGap(dst, p[i].gap)
		}
	}
	return dst
}

// appendInt appends n in decimal, left-padded with zeros to width.
func appendInt(dst []byte, n, width int) []byte {
	for limit := 10; width > 1; width-- {
		limit = pow10(width - 1)
		if n >= limit {
			break
		}
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// appendWan appends an amount of yuan as 万元, the unit of the standard: 2000 is 0.2.
func appendWan(dst []byte, yuan int) []byte {
	dst = strconv.AppendInt(dst, int64(yuan/10000), 10)
	rest := yuan % 10000
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for digit := 1000; rest > 0; digit /= 10 {
		dst = append(dst, byte('0'+rest/digit))
		rest %= digit
	}
	return dst
}

// appendChineseDate appends 2026年3月2日.
func appendChineseDate(dst []byte, d clock.Date) []byte {
	y, m, day := d.YMD()
	dst = append(appendInt(dst, y, 4), "年"...)
	dst = append(appendInt(dst, m, 1), "月"...)
	return append(appendInt(dst, day, 1), "日"...)
}
