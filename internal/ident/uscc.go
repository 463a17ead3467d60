package ident

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// USCC is a unified social credit code in its normal form: 18 characters, half width, capitals.
type USCC string

// Department gives position 1, the registering department.
func (u USCC) Department() string { return u.part(0, 1) }

// Category gives position 2, the category within the department.
func (u USCC) Category() string { return u.part(1, 2) }

// Division gives positions 3–8, the division code of the registering body.
func (u USCC) Division() string { return u.part(2, 8) }

// OrgCode gives positions 9–17, the organisation code inside.
func (u USCC) OrgCode() OrgCode { return OrgCode(u.part(8, 17)) }

func (u USCC) part(from, to int) string {
	if len(u) != 18 {
		return ""
	}
	return string(u[from:to])
}

// Checker reads identifiers against the tables it holds. It does not change and may be shared.
type Checker struct {
	Registries *Registries
	Divisions  *Divisions
	// LegacyAllowed says whether a pilot-era code, in normal form, is on the operator's allow-list. Nil
	// allows none.
	LegacyAllowed func(code string) bool
}

// DefaultChecker gives the checker over the embedded tables with an empty allow-list.
func DefaultChecker() *Checker { return defaultChecker() }

var defaultChecker = sync.OnceValue(func() *Checker {
	return &Checker{Registries: DefaultRegistries(), Divisions: DefaultDivisions()}
})

// ParseUSCC reads a unified social credit code with the embedded tables and no allow-list.
func ParseUSCC(s string) (USCC, *Problem) { return DefaultChecker().ParseUSCC(s) }

// ParseUSCCWith reads a unified social credit code with the embedded tables; a pilot-era code whose check
// digits fail is accepted when legacyAllowed says so.
func ParseUSCCWith(s string, legacyAllowed func(string) bool) (USCC, *Problem) {
	c := *DefaultChecker()
	c.LegacyAllowed = legacyAllowed
	return c.ParseUSCC(s)
}

// KindOf suggests the subject kind of a code with the embedded table; see Registries.KindOf.
func KindOf(u USCC) string { return DefaultRegistries().KindOf(u) }

// ParseUSCC reads a unified social credit code. It looks, in this order, at length, characters, department
// and category, province of the division, check digit, and the check digit of the organisation code
// inside: what names a position more exactly comes before the sums over all of them.
func (c *Checker) ParseUSCC(s string) (USCC, *Problem) {
	s = fold(s)
	if len(s) != 18 {
		return "", usccFormProblem(s)
	}
	sum := 0
	for i := range usccWeights {
		v := usccValue[s[i]]
		if v == noValue {
			return "", usccFormProblem(s)
		}
		sum += int(v) * usccWeights[i]
	}
	if usccValue[s[17]] == noValue {
		return "", usccFormProblem(s)
	}
	if !c.Registries.known(s) {
		return "", c.registryProblem(s)
	}
	if !c.Divisions.HasPrefix(s[2:8]) {
		return "", divisionProblem(s[2:8])
	}
	check, inner := usccAlphabet[(31-sum%31)%31], OrgCheck(s[8:16])
	if s[17] == check && s[16] == inner && s[8:17] != placeholderOrgCode {
		return USCC(s), nil
	}
	if c.Registries.isLegacy(s) {
		if c.LegacyAllowed != nil && c.LegacyAllowed(s) {
			return USCC(s), nil
		}
		return "", &Problem{
			ReasonUSCCLegacy, fmt.Sprintf("这是试点时期发放的代码，第18位按国家标准应为 %c，实际为 %c；它不在许可清单里", check, s[17]),
			"请先核对代码；确属登记机关发放的，请信用主管部门把它列入试点代码许可清单",
		}
	}
	switch {
	case s[17] != check:
		return "", &Problem{ReasonUSCCCheck, fmt.Sprintf("第18位校验码应为 %c，实际为 %c", check, s[17]), fmt.Sprintf(checkFixFormat, 18, check)}
	case s[16] != inner:
		return "", &Problem{
			ReasonUSCCOrgCode, fmt.Sprintf("第9至17位的组织机构代码不成立：第17位校验码应为 %c，实际为 %c", inner, s[16]),
			"请对照证照核对第9至17位",
		}
	default:
		return "", &Problem{ReasonUSCCOrgCode, "第9至17位全是 0，是占位号码", "请填写证照上的统一社会信用代码；没有的请留空"}
	}
}

// usccFormProblem explains a wrong length or, when the length is right, the first wrong character.
func usccFormProblem(s string) *Problem {
	if utf8.RuneCountInString(s) != 18 {
		return lengthProblem(ReasonUSCCLength, s, "统一社会信用代码", 18)
	}
	position := 0
	for _, r := range s {
		position++
		if r < utf8.RuneSelf && usccValue[r] != noValue {
			continue
		}
		if !strings.ContainsRune("IOZSV", r) {
			return &Problem{ReasonUSCCCharacter, fmt.Sprintf(characterOutsideFormat, position, quote(r)), "代码只由数字和大写字母组成（不含 I、O、Z、S、V），请对照证照重新填写"}
		}
		fix := "请对照证照核对这一位"
		if digit, ok := lookalikes[r]; ok {
			fix = fmt.Sprintf("请对照证照核对，是否应为数字 %c", digit)
		}
		return &Problem{ReasonUSCCCharacter, fmt.Sprintf("第%d位是字母 %c，统一社会信用代码不使用字母 I、O、Z、S、V", position, r), fix}
	}
	return nil // not reached: the caller saw a character outside the alphabet
}

// lookalikes gives the digit for which a letter outside the alphabet is usually mistaken.
var lookalikes = map[rune]rune{'I': '1', 'O': '0', 'Z': '2', 'S': '5'}

func divisionProblem(division string) *Problem {
	p := &Problem{ReasonUSCCDivision, "第3至8位的行政区划代码应全是数字", "请对照证照核对第3至8位"}
	if isDigits(division) {
		p.Message = fmt.Sprintf("第3、4位“%s”不是省级行政区划代码", division[:2])
	}
	return p
}

func (c *Checker) registryProblem(s string) *Problem {
	fix := "请对照证照核对前两位；确属新增类别的，请系统管理员更新登记部门与类别表"
	if name := c.Registries.DepartmentName(USCC(s)); name != "" {
		return &Problem{ReasonUSCCRegistry, fmt.Sprintf("第2位“%c”不是登记部门“%s”（第1位 %c）的机构类别", s[1], name, s[0]), fix}
	}
	return &Problem{ReasonUSCCRegistry, fmt.Sprintf("第1位“%c”不是已知的登记管理部门", s[0]), fix}
}
