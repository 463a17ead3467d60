// Package ident keeps one rule: an identifier is either right by its standard's arithmetic or refused with
// the position and the reason in words a clerk understands; it is never guessed or repaired beyond width,
// case and blanks. Standards: GB 32100 (unified social credit code), GB 11714 (organisation code), GB 11643
// (citizen ID), GS 15 (15-digit registration number), GB/T 2260 (divisions).
package ident

// The reasons for which an identifier is refused, as numbered in the receipt of a filing.
const (
	ReasonUSCCLength      = 2101 // not 18 characters
	ReasonUSCCCharacter   = 2102 // a character that the alphabet lacks
	ReasonUSCCCheck       = 2103 // check digit, position 18
	ReasonUSCCOrgCode     = 2104 // inner organisation code, position 17
	ReasonUSCCRegistry    = 2105 // unknown registering department or category
	ReasonUSCCLegacy      = 2106 // pilot-era code that is not on the allow-list
	ReasonUSCCDivision    = 2108 // unknown province in the division code
	ReasonOrgCode         = 2111 // organisation code
	ReasonRegNo           = 2112 // 15-digit registration number
	ReasonCitizenForm     = 2113 // form or check digit of a citizen ID
	ReasonCitizenBirth    = 2114 // date of birth in a citizen ID
	ReasonCitizenProvince = 2115 // division in a citizen ID
)

// Sentences that several identifiers share.
const (
	emptyMessage           = "没有填写号码"
	emptyFix               = "请填写号码"
	scientificMessage      = "号码被表格软件改成了科学计数，后面的数字已经丢失"
	scientificFix          = "请把这一列设为“文本”格式后重新填写号码"
	checkFixFormat         = "请对照证照逐位核对；前面各位无误时第%d位应为 %c"
	roundedFix             = "末三位都是 0，可能被表格软件抹去；请把这一列设为“文本”格式后按证件重新填写"
	characterOutsideFormat = "第%d位有不能使用的字符%s"
)

// Problem says why an identifier is refused. Message and Fix are for the person who filed it and never
// contain the identifier as a whole.
type Problem struct {
	Code    int    // one of the Reason numbers
	Message string // what is wrong, with the position
	Fix     string // what to do
}

// Error gives the message with the fix.
func (p *Problem) Error() string {
	if p.Fix == "" {
		return p.Message
	}
	return p.Message + "。" + p.Fix
}
