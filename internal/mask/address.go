package mask

import (
	"strings"
	"unicode"
)

// hidden ends a masked address; its length is fixed, so that it tells nothing about what it replaces.
const hidden = "****"

// The levels of an address. Reading stops after the county.
const (
	provinceLevel = iota + 1
	prefectureLevel
	countyLevel
)

// longestDivision is the length in characters of the longest name of a division (黔西南布依族苗族自治州 has 11).
const longestDivision = 15

// Address shows an address down to its district or county and hides the rest: 山东省淄博市张店区****. Without
// a recognisable district it shows down to the city or province, without any it hides everything.
func Address(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	text := []rune(s)
	shown := divisionEnd(text)
	if shown == len(text) {
		return s
	}
	return string(text[:shown]) + hidden
}

// divisionEnd gives the number of characters that belong to province, prefecture and county.
func divisionEnd(text []rune) int {
	end, level := 0, 0
	for i := range text {
		length := i - end // characters of the present name before this one
		if length >= longestDivision || isDetail(text, i, length) {
			return end
		}
		at := suffixLevel(text, i, length, level)
		if at <= level {
			continue
		}
		end, level = i+1, at
		if level == countyLevel {
			return end
		}
	}
	return end
}

// isDetail says whether the address has come to streets, villages or numbers, where divisions have ended.
func isDetail(text []rune, i, length int) bool {
	r := text[i]
	if unicode.IsDigit(r) || unicode.IsPunct(r) || r < 0x80 && unicode.IsLetter(r) {
		return true
	}
	if length == 0 { // 路北区, 道外区, 乡宁县: the sign begins a name
		return false
	}
	if next(text, i) == '市' { // 新乡市, 景德镇市
		return false
	}
	return strings.ContainsRune("路街巷弄号村镇乡道", r)
}

// suffixLevel gives the level of the division whose name ends at i, or 0 when none does. length is the
// number of characters of the name before i, level the last level that was found.
func suffixLevel(text []rune, i, length, level int) int {
	if length == 0 {
		return 0
	}
	before := text[i-1]
	switch text[i] {
	case '省':
		return provinceLevel
	case '州':
		if before == '治' {
			return prefectureLevel
		}
	case '盟':
		return prefectureLevel
	case '市':
		if strings.ContainsRune("超夜", before) || strings.ContainsRune("区市辖场", next(text, i)) { // 超市, 沙市区, 菜市场
			return 0
		}
		return min(max(level+1, prefectureLevel), countyLevel)
	case '县', '旗':
		if strings.ContainsRune("城区", next(text, i)) { // 县城, 红旗区
			return 0
		}
		return countyLevel
	case '区':
		return areaLevel(before)
	}
	return 0
}

// areaLevel tells the districts from the quarters and estates that end in the same character.
func areaLevel(before rune) int {
	switch {
	case before == '治', before == '政': // 自治区, 特别行政区
		return provinceLevel
	case before == '地':
		return prefectureLevel
	case strings.ContainsRune("小社园校厂院片街景库宅活", before):
		return 0
	}
	return countyLevel
}

// next gives the character after i, or 0.
func next(text []rune, i int) rune {
	if i+1 < len(text) {
		return text[i+1]
	}
	return 0
}
