package ident

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"gongxin/internal/clock"
	"gongxin/internal/mask"
)

// CitizenID is a citizen's identity number in its normal form: 17 digits and a digit or X. It is personal
// data, so printing or logging it shows it masked; string(id) is the number itself.
type CitizenID string

// String gives the masked number, so that no format verb and no error text shows it whole by accident.
func (c CitizenID) String() string { return mask.ID(string(c)) }

// LogValue gives the masked number to structured logs, which would otherwise write the string as it is.
func (c CitizenID) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Sex as the number's 17th digit tells it.
type Sex uint8

// The sexes; 0 is unknown.
const (
	SexUnknown Sex = iota
	Male
	Female
)

// String gives the word that certificates print.
func (s Sex) String() string {
	switch s {
	case Male:
		return "男"
	case Female:
		return "女"
	default:
		return ""
	}
}

// Birth gives the date of birth, or none for a value that was not parsed.
func (c CitizenID) Birth() clock.Date {
	if len(c) != 18 || !isDigits(string(c[6:14])) {
		return 0
	}
	d, err := clock.ParseDate(string(c[6:14]))
	if err != nil {
		return 0
	}
	return d
}

// Sex tells the sex by the 17th digit: odd is male.
func (c CitizenID) Sex() Sex {
	switch {
	case len(c) != 18 || c[16]-'0' > 9:
		return SexUnknown
	case c[16]%2 == 1:
		return Male
	default:
		return Female
	}
}

// Division gives the code of the place of first registration, often a historic one.
func (c CitizenID) Division() string {
	if len(c) != 18 {
		return ""
	}
	return string(c[:6])
}

// ParseCitizenID reads a citizen's identity number with the embedded table of divisions. A birth after
// today is refused; with no today that test is left out.
func ParseCitizenID(s string, today clock.Date) (CitizenID, *Problem) {
	return DefaultChecker().ParseCitizenID(s, today)
}

const citizenFix = "请对照证件重新填写"

// ParseCitizenID reads a citizen's identity number. It looks at form, province, date of birth and check
// digit, in this order. Its sentences never contain the number or the date in it.
func (c *Checker) ParseCitizenID(s string, today clock.Date) (CitizenID, *Problem) {
	s = fold(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 15 && isDigits(s):
		return "", &Problem{ReasonCitizenForm, "这是15位的旧身份证号码，已停止使用", "请填写18位的公民身份号码"}
	case n != 18:
		return "", lengthProblem(ReasonCitizenForm, s, "身份证号码", 18)
	}
	if p := citizenCharacters(s); p != nil {
		return "", p
	}
	if !c.Divisions.persons(s[:6]) {
		return "", &Problem{ReasonCitizenProvince, "前两位不是省级行政区划代码", "请对照证件核对前6位"}
	}
	birth := CitizenID(s).Birth()
	switch {
	case birth == 0:
		return "", &Problem{ReasonCitizenBirth, "第7至14位的出生日期不存在", "请对照证件核对第7至14位"}
	case today != 0 && birth > today:
		return "", &Problem{ReasonCitizenBirth, "第7至14位的出生日期晚于今天", "请对照证件核对第7至14位"}
	}
	if want := CitizenCheck(s[:17]); s[17] != want {
		fix := fmt.Sprintf(checkFixFormat, 18, want)
		if strings.HasSuffix(s, "000") {
			fix = roundedFix
		}
		return "", &Problem{ReasonCitizenForm, fmt.Sprintf("第18位校验码应为 %c，实际为 %c", want, s[17]), fix}
	}
	return CitizenID(s), nil
}

// citizenCharacters names the first character that its position does not allow; s has 18 characters.
func citizenCharacters(s string) *Problem {
	position := 0
	for _, r := range s {
		position++
		if r >= '0' && r <= '9' || position == 18 && r == 'X' {
			continue
		}
		rule := "应为数字"
		if position == 18 {
			rule = "应为数字或 X"
		}
		return &Problem{ReasonCitizenForm, fmt.Sprintf("第%d位是%s，%s", position, quote(r), rule), citizenFix}
	}
	return nil
}
