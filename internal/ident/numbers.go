package ident

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// OrgCode is an organisation code in its normal form: 9 characters without the hyphen.
type OrgCode string

// Hyphenated writes the code as certificates print it: MA3C0001-1.
func (o OrgCode) Hyphenated() string {
	if len(o) != 9 {
		return string(o)
	}
	return string(o[:8]) + "-" + string(o[8:])
}

// placeholderOrgCode satisfies the arithmetic of GB 11714, but stands in old files for "none"; accepted, it
// would link strangers to one subject.
const placeholderOrgCode = "000000000"

// ParseOrgCode reads an organisation code with or without the hyphen before its check digit.
//
// GB 11714 reckons modulo 11, so a letter or digit mistaken for one whose value differs by 11 or 22 (0, B, M
// and X, say) goes unnoticed; every other single mistake is refused.
func ParseOrgCode(s string) (OrgCode, *Problem) {
	s = fold(s)
	if len(s) > 9 {
		s = dropHyphen(s)
	}
	if utf8.RuneCountInString(s) != 9 {
		return "", lengthProblem(ReasonOrgCode, s, "组织机构代码（不算连字符）", 9)
	}
	position := 0
	for _, r := range s {
		position++
		digit := r >= '0' && r <= '9'
		if digit || r >= 'A' && r <= 'Z' && position < 9 || r == 'X' {
			continue
		}
		if position == 9 && r >= 'A' && r <= 'Z' {
			return "", &Problem{ReasonOrgCode, fmt.Sprintf("第9位是校验码，只能是数字或 X，实际为 %c", r), "请对照证书核对第9位"}
		}
		return "", &Problem{ReasonOrgCode, fmt.Sprintf(characterOutsideFormat, position, quote(r)), "组织机构代码只由数字和大写字母组成，请对照证书重新填写"}
	}
	if s == placeholderOrgCode {
		return "", &Problem{ReasonOrgCode, "号码全是 0，是占位号码", "没有组织机构代码的请留空"}
	}
	if want := OrgCheck(s[:8]); s[8] != want {
		return "", &Problem{ReasonOrgCode, fmt.Sprintf("第9位校验码应为 %c，实际为 %c", want, s[8]), fmt.Sprintf(checkFixFormat, 9, want)}
	}
	return OrgCode(s), nil
}

// dropHyphen takes one dash out from before the last character, in any of the forms that people type.
func dropHyphen(s string) string {
	last := len(s) - 1
	for _, dash := range []string{"-", "–", "—", "−", "‐"} {
		if strings.HasSuffix(s[:last], dash) {
			return s[:last-len(dash)] + s[last:]
		}
	}
	return s
}

// RegNo is a business registration number of the kind used before the unified code: 15 digits.
type RegNo string

// ParseRegNo reads a 15-digit registration number (GS 15-2006). Every single wrong digit is noticed.
func ParseRegNo(s string) (RegNo, *Problem) {
	s = fold(s)
	if utf8.RuneCountInString(s) != 15 {
		return "", lengthProblem(ReasonRegNo, s, "工商注册号", 15)
	}
	if p := digitsProblem(ReasonRegNo, s, "工商注册号只由15位数字组成，请对照营业执照重新填写"); p != nil {
		return "", p
	}
	if strings.Trim(s[:14], "0") == "" {
		return "", &Problem{ReasonRegNo, "号码全是 0，是占位号码", "没有工商注册号的请留空"}
	}
	if want := RegNoCheck(s[:14]); s[14] != want {
		return "", &Problem{ReasonRegNo, fmt.Sprintf("第15位校验码应为 %c，实际为 %c", want, s[14]), fmt.Sprintf(checkFixFormat, 15, want)}
	}
	return RegNo(s), nil
}

// digitsProblem names the first character of s that is not a digit.
func digitsProblem(code int, s, fix string) *Problem {
	position := 0
	for _, r := range s {
		position++
		if r < '0' || r > '9' {
			return &Problem{code, fmt.Sprintf(characterOutsideFormat, position, quote(r)), fix}
		}
	}
	return nil
}
