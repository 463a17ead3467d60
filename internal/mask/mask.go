// Package mask keeps one rule: a masked value never shows more than its rule says, however short, long or
// malformed the value is; when in doubt it shows less. Masking is for display. It protects nothing that is
// stored.
package mask

import (
	"strings"
	"unicode/utf8"
)

// star stands for one hidden character.
const star = "*"

// Keep shows the first left and the last right characters of s and a star for each of the others. A value
// that is not longer than what would be shown is hidden altogether.
func Keep(s string, left, right int) string {
	left, right = max(left, 0), max(right, 0)
	n := utf8.RuneCountInString(s)
	if left >= n || right >= n-left {
		return strings.Repeat(star, n)
	}
	head, tail := cut(s, left), cut(s, n-right)
	return s[:head] + strings.Repeat(star, n-left-right) + s[tail:]
}

// cut gives the byte offset at which character n of s begins.
func cut(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// PersonName shows the surname of a person: 张** for three characters, 欧阳* for a compound surname. A name
// of another form, such as 阿依古丽·买买提 or one in Latin letters, shows its first character only.
func PersonName(s string) string {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	shown := 1
	if n >= 3 && n <= 4 && compoundSurnames[s[:cut(s, 2)]] {
		shown = 2
	}
	return Keep(s, shown, 0)
}

// compoundSurnames are those still borne.
var compoundSurnames = func() map[string]bool {
	set := make(map[string]bool)
	for _, name := range strings.Fields(`欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 轩辕
		端木 南宫 独孤 拓跋 呼延 申屠 淳于 澹台 公冶 宗政 濮阳 单于 太叔 仲孙 钟离 鲜于 闾丘 司空 亓官 司寇 子车 颛孙
		巫马 公西 漆雕 乐正 壤驷 公良 夹谷 宰父 谷梁 百里 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 第五 赫连 万俟 闻人`) {
		set[name] = true
	}
	return set
}()

// ID shows the first 6 and the last 4 characters of a citizen ID (place and check), and less of shorter
// documents: 2 and 2 from 8 characters up, nothing below.
func ID(s string) string {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n >= 15:
		return Keep(s, 6, 4)
	case n >= 8:
		return Keep(s, 2, 2)
	default:
		return Keep(s, 0, 0)
	}
}

// Phone shows the first 3 and the last 4 characters of a number with 10 or more, the last 4 of one with 7 to
// 9, and nothing of a shorter one.
func Phone(s string) string {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n >= 10:
		return Keep(s, 3, 4)
	case n >= 7:
		return Keep(s, 0, 4)
	default:
		return Keep(s, 0, 0)
	}
}

// Card shows the last 4 characters of a bank card or account with 8 or more, and nothing of a shorter one.
func Card(s string) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) < 8 {
		return Keep(s, 0, 0)
	}
	return Keep(s, 0, 4)
}
