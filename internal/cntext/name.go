package cntext

import (
	"unicode"
	"unicode/utf8"
)

// Name gives the form in which names of organisations are compared: half width, capitals, one form of
// brackets, dots, dashes and quotation marks, radicals from copied PDF text as the characters they look like, and no
// blanks but those between two Latin words. It is for comparing only; what was filed is shown.
//
// It does not decide that two organisations are the same: names never link by themselves.
func Name(s string) string {
	if isCanonical(s) {
		return s
	}
	buf := make([]byte, 0, len(s))
	pending, last := false, rune(0)
	for _, r := range s {
		if r = nameRune(r); !isHan(r) {
			if isBlank(r) {
				pending = true
				continue
			}
			if isInvisible(r) {
				continue
			}
		}
		if pending && isLatin(last) && isLatin(r) {
			buf = append(buf, ' ')
		}
		pending, last = false, r
		buf = utf8.AppendRune(buf, r)
	}
	return string(buf)
}

// isCanonical says whether Name would leave s as it is.
func isCanonical(s string) bool {
	last := rune(0)
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				return false
			}
		}
		i += size
		if isHan(r) {
			last = r
			continue
		}
		if r == ' ' {
			if !isLatin(last) || i == len(s) || !isLatin(rune(s[i])) {
				return false
			}
		} else if isBlank(r) || isInvisible(r) {
			return false
		}
		if nameRune(r) != r {
			return false
		}
		last = r
	}
	return true
}

// isLatin says whether r belongs to a Latin word or number, between which a blank separates.
func isLatin(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
}

// nameRune maps one character to its form in names.
func nameRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r - ('a' - 'A')
	case r < utf8.RuneSelf:
		switch r {
		case '[':
			return '('
		case ']':
			return ')'
		}
		return r
	case isFullWidth(r):
		return nameRune(halfWidth(r))
	case isHan(r):
		return r
	case r >= kangxiFirst && r < kangxiFirst+rune(len(kangxi)):
		return kangxi[r-kangxiFirst]
	}
	if to, ok := nameForms[r]; ok {
		return to
	}
	if r < 0x530 { // Latin, Greek and Cyrillic letters have cases
		return unicode.ToUpper(r)
	}
	return r
}

// nameForms unifies signs that people type for one another.
var nameForms = func() map[rune]rune {
	forms := make(map[rune]rune)
	for to, from := range map[rune]string{
		'(': "〔【〖﹙❨⟮", ')': "〕】〗﹚❩⟯",
		'·':  "•・･‧∙⋅᛫ꞏ", // middle dots of foreign and minority names
		'-':  "‐‑‒–—―−﹣",
		'\'': "‘’′",
		'"':  "“”″",
	} {
		for _, r := range from {
			forms[r] = to
		}
	}
	// Simplified radicals, which PDF readers copy in place of the characters (CJK Radicals Supplement).
	radicals := []rune("⺟⺠⻄⻅⻉⻋⻓⻔⻚⻛⻜⻝⻢⻥⻦⻨⻩⻬⻮⻰⻳")
	for i, r := range []rune("母民西见贝车长门页风飞食马鱼鸟麦黄齐齿龙龟") {
		forms[radicals[i]] = r
	}
	return forms
}()

// kangxi gives the characters that look like the Kangxi radicals from U+2F00 on, which PDF readers copy in their place.
var kangxi = []rune("一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠")

const kangxiFirst = 0x2F00
