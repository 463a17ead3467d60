package catalog

import (
	"strconv"
	"strings"

	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/ident"
)

// The days between which a date is believed. Standards know no later day than the one that means 长期.
const (
	earliestDate clock.Date = 18000101
	latestDate              = clock.LongTerm
)

// value checks one value by its type and brings it to its normal form.
func (c *checker) value(i int) {
	switch c.it.plan[i].typ {
	case Text:
		c.text(i)
	case DateType:
		c.date(i)
	case Number:
		c.number(i)
	case Integer:
		c.integer(i)
	case Enum:
		c.enum(i)
	case EnumSet:
		c.enumSet(i)
	case USCC:
		c.uscc(i)
	case OrgCode, RegNo:
		c.orgNumber(i)
	case IDDoc:
		c.document(i)
	case Division:
		c.division(i)
	}
}

// tooLong reports a value longer than its field; the length is in characters, not bytes.
func (c *checker) tooLong(i int) bool {
	limit := c.it.plan[i].maxLen
	if limit == 0 || c.runes[i] <= limit {
		return false
	}
	c.add(i, ReasonTooLong, "最长"+strconv.Itoa(int(limit))+"个字，实际"+strconv.Itoa(int(c.runes[i]))+"个字")
	return true
}

func (c *checker) text(i int) {
	p := &c.it.plan[i]
	if p.sameAsUSCC && c.repeatsUSCC(i) {
		return
	}
	c.tooLong(i)
	if p.strict && c.flags[i]&odd != 0 || c.flags[i]&strange != 0 {
		c.characters(i, p.strict)
	}
	if c.flags[i]&longDigit != 0 {
		c.personNumber(i)
	}
}

// characters looks for what a name, or any text, may not contain.
func (c *checker) characters(i int, strict bool) {
	if strict {
		if r, found := cntext.HasForbidden(c.v[i]); found {
			c.add(i, ReasonCharacters, shownRune(r))
		}
		return
	}
	if r, fatal, found := lost(c.v[i]); fatal {
		c.add(i, ReasonCharacters, shownRune(r))
	} else if found {
		c.addAs(i, ReasonCharacters, Warning, "（显示不出来的符号）")
	}
}

func shownRune(r rune) string {
	if r > ' ' && strconv.IsPrint(r) && r != '\uFFFD' {
		return "“" + string(r) + "”"
	}
	return "（U+" + strings.ToUpper(strconv.FormatInt(int64(r), 16)) + "，多半是导出时丢失的字）"
}

// answerable is the age from which a person can be penalised (行政处罚法 art. 30). Numbers of documents are written in groups too, with a day of these years in the middle,
// and nobody younger is named in a record; so a number in groups is a person's from this age on.
const answerable = 14

// personNumber looks for a citizen's number where none belongs (rule 2117). A row about a person is never public,
// and many of a person's licences bear that number, so there it is only a warning.
func (c *checker) personNumber(i int) {
	if c.kind == Person && c.it.Fields[i].Personal {
		return
	}
	if !ident.FindPersonNumber(c.v[i], func(s string, spaced bool) bool {
		born, p := ident.ParseCitizenID(s, c.today())
		return p == nil && (!spaced || c.today() == 0 || born.Birth().AddYears(answerable) <= c.today())
	}) {
		return
	}
	if c.kind == Person {
		c.addAs(i, ReasonPersonData, Warning, "这一栏不加密保存")
		return
	}
	c.add(i, ReasonPersonData, "而这一栏可能向社会公开")
}

// repeatsUSCC empties an old number that only repeats the unified code, as many files do.
func (c *checker) repeatsUSCC(i int) bool {
	u := c.it.role.uscc
	if u < 0 || len(c.v[i]) != 18 || !strings.EqualFold(c.v[i], c.v[u]) {
		return false
	}
	c.v[i] = ""
	c.add(i, ReasonCleared, "与统一社会信用代码相同，不是旧号码")
	return true
}

func (c *checker) date(i int) {
	p := &c.it.plan[i]
	d, ok := parseNormalDate(c.v[i])
	switch {
	case ok:
	case p.longTerm && c.it.ed.longTerm[c.v[i]]:
		d = clock.LongTerm
	default:
		var err error
		if d, err = clock.ParseDate(c.v[i]); err != nil || d.IsZero() {
			c.add(i, ReasonNotDate, "")
			return
		}
	}
	if p.longTerm && d > latestDate && c.it.ed.longTerm[d.String()] {
		d, ok = clock.LongTerm, false
	}
	if !ok {
		c.v[i] = d.String()
	}
	switch {
	case d < earliestDate:
		c.add(i, ReasonRange, "早于1800年")
	case d > latestDate:
		c.add(i, ReasonRange, "晚于2099-12-31；长期有效的填 2099-12-31")
	case p.notFuture && c.today() != 0 && d > c.today():
		c.add(i, p.futureCode, "晚于收到数据的当天")
	}
	c.num[i] = int64(d)
}

// parseNormalDate reads 2026-03-02 and nothing else.
func parseNormalDate(s string) (clock.Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	n := 0
	for _, k := range [...]int{0, 1, 2, 3, 5, 6, 8, 9} {
		digit := s[k] - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + int(digit)
	}
	return clock.MakeDate(n/10000, n/100%100, n%100)
}

func (c *checker) number(i int) {
	p := &c.it.plan[i]
	s, n, fault := parseNumber(c.v[i], p.scale, p.intDigits, p.unit)
	switch fault {
	case 0:
		c.v[i], c.num[i] = s, n
	case ReasonDecimals:
		c.add(i, fault, strconv.Itoa(p.scale))
	case ReasonRange:
		c.add(i, fault, "不能是负数，整数部分最多"+strconv.Itoa(p.intDigits)+"位")
	default:
		c.add(i, fault, numberHint(c.v[i], p.unit))
	}
}

func numberHint(s, unit string) string {
	if unit == "万元" && strings.HasSuffix(s, "元") {
		return "单位是万元，不要带“元”"
	}
	return "不要带文字"
}

func (c *checker) integer(i int) {
	s, n, fault := parseNumber(c.v[i], 0, maxIntDigits, c.it.plan[i].unit)
	switch fault {
	case 0:
		c.v[i], c.num[i] = s, n
	case ReasonDecimals:
		c.add(i, ReasonNotNumber, "这里只填整数")
	default:
		c.add(i, fault, "这里只填不小于0的整数")
	}
}

func (c *checker) enum(i int) {
	p := &c.it.plan[i]
	if at := p.list.find(c.v[i], c.old); at >= 0 {
		c.v[i], c.num[i] = p.list.Values[at].Name, 1<<at
		return
	}
	if p.openList {
		if s, ok := p.list.open(c.v[i]); ok {
			c.num[i] = 1 << p.list.openAt
			c.openValue(i, s)
			return
		}
	}
	c.add(i, ReasonNotInList, p.list.shown)
}

// openValue stores 其他-…… and looks at its words as at any text.
func (c *checker) openValue(i int, s string) {
	n, flags := scan(s)
	c.v[i], c.runes[i], c.flags[i] = s, int32(n), flags
	c.tooLong(i)
	if flags&strange != 0 {
		c.characters(i, false)
	}
	if flags&longDigit != 0 {
		c.personNumber(i)
	}
}

func (c *checker) uscc(i int) {
	u, p := ident.ParseUSCCWith(c.v[i], c.in.LegacyAllowed)
	if p == nil {
		c.v[i] = string(u)
		return
	}
	if i == c.it.role.uscc {
		if _, notCitizen := ident.ParseCitizenID(c.v[i], c.today()); notCitizen == nil {
			c.add(i, ReasonPersonData, "这里应填统一社会信用代码")
			return
		}
	}
	c.problem(i, p)
}

func (c *checker) orgNumber(i int) {
	if c.it.plan[i].sameAsUSCC && c.repeatsUSCC(i) {
		return
	}
	if c.it.plan[i].typ == OrgCode {
		code, p := ident.ParseOrgCode(c.v[i])
		if p != nil {
			c.problem(i, p)
			return
		}
		c.v[i] = string(code)
		return
	}
	no, p := ident.ParseRegNo(c.v[i])
	if p != nil {
		c.problem(i, p)
		return
	}
	c.v[i] = string(no)
}

// document checks the number of an identity document by the kind of document that its neighbour names. With
// no kind named, 15 or 18 characters can only be meant as a citizen's number.
func (c *checker) document(i int) {
	s := documentForm(c.v[i])
	t := c.it.plan[i].idType
	kind := ""
	if t >= 0 {
		kind = c.v[t]
	}
	citizen := kind == "" && (len(s) == 18 || len(s) == 15)
	var value *ListValue
	if kind != "" {
		list := c.it.plan[t].list
		if at := list.find(kind, c.old); at >= 0 {
			value = &list.Values[at]
			citizen = value.Citizen
		}
	}
	if citizen {
		id, p := ident.ParseCitizenID(s, c.today())
		if p != nil {
			c.problem(i, p)
			return
		}
		c.v[i] = string(id)
		return
	}
	if value != nil && value.form != nil && !value.form.MatchString(s) || !plausibleDocument(s) {
		c.add(i, ReasonOtherDocument, "")
		return
	}
	c.v[i] = s
	c.runes[i] = int32(len(s))
	c.tooLong(i)
}

// documentForm takes out blanks and lifts letters.
func documentForm(s string) string {
	return strings.ToUpper(strings.ReplaceAll(cntext.Fold(s), " ", ""))
}

// plausibleDocument is what every document's number has in common.
func plausibleDocument(s string) bool {
	if len(s) < 4 {
		return false
	}
	for k := 0; k < len(s); k++ {
		ch := s[k]
		if ch-'0' > 9 && ch-'A' > 25 && strings.IndexByte("-()/", ch) < 0 {
			return false
		}
	}
	return true
}

func (c *checker) division(i int) {
	s := documentForm(c.v[i])
	if len(s) != 6 || strings.Trim(s, "0123456789") != "" || !ident.DefaultDivisions().HasPrefix(s) {
		c.add(i, ReasonDivision, "")
		return
	}
	c.v[i] = s
}
