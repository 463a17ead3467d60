package catalog

import (
	"math/bits"
	"slices"

	"gongxin/internal/clock"
	"gongxin/internal/ident"
)

// The templates that a file may follow.
const (
	TemplateCurrent = "current" // the double-publicity standard of 2018 and the catalogue's own layouts
	Template2015    = "2015"    // the template of 2015/16
)

// maxFields bounds the fields of an item, so that a row's state fits in fixed arrays and one word of bits.
const maxFields = 64

// kindSet is a set of subject kinds.
type kindSet uint8

func kindBit(k SubjectKind) kindSet {
	switch k {
	case LegalEntity:
		return 1
	case OtherOrg:
		return 2
	case IndividualBusiness:
		return 4
	case Person:
		return 8
	default:
		return 0
	}
}

func kindsOf(kinds []SubjectKind) (s kindSet) {
	for _, k := range kinds {
		s |= kindBit(k)
	}
	return s
}

// checker is the state of one row's check. It lives on the stack of Check.
type checker struct {
	it      *Item
	v       Values
	in      *CheckInput
	old     bool        // the row follows the 2015/16 template
	kind    SubjectKind // "" while unknown
	bad     uint64      // fields with an error, by index
	flags   [maxFields]textFlags
	runes   [maxFields]int32
	num     [maxFields]int64 // date, amount in millionths, index or set of a list: as the type says
	reasons []Reason
}

// Check brings v to its normal form in place and gives every fault of the row, in the order of the fields.
// Rows without an error among the reasons may be filed. Checking a row that Check has normalised changes
// nothing and finds nothing new. in.Kind, when set, receives the kind of subject; it stays untouched when the
// row does not say one. Check keeps no state and may be called from several goroutines.
func (it *Item) Check(v Values, in *CheckInput) []Reason {
	if len(v) != len(it.Fields) {
		return []Reason{NewReason(ReasonRowShape, "", "", "列数与目录不符")}
	}
	c := checker{it: it, v: v, in: in, old: in.Template == Template2015}
	c.clean()
	c.settleKind()
	c.fill()
	c.clear()
	for i := range it.plan {
		if v[i] != "" && it.plan[i].emptyWhen == nil {
			c.value(i)
		}
	}
	c.emptyByRule()
	c.kindAgainstCode()
	c.required()
	c.orders()
	c.amounts()
	c.rules()
	if in.Kind != nil && c.kind != "" {
		*in.Kind = c.kind
	}
	if len(c.reasons) > 1 {
		slices.SortStableFunc(c.reasons, func(a, b Reason) int { return it.place(a.Field) - it.place(b.Field) })
	}
	return c.reasons
}

// place orders reasons by field; what concerns the row as a whole comes last.
func (it *Item) place(code string) int {
	if i, ok := it.byCode[code]; ok {
		return i
	}
	return maxFields
}

// add notes a reason of the table at field i; an error also marks the field.
func (c *checker) add(i, code int, detail string) { c.addAs(i, code, "", detail) }

// addAs is add with another severity than the table's.
func (c *checker) addAs(i, code int, severity, detail string) {
	f := &c.it.Fields[i]
	r := NewReason(code, f.Code, f.Name, detail)
	if severity != "" {
		r.Severity = severity
	}
	c.note(i, r)
}

func (c *checker) note(i int, r Reason) {
	if r.Severity == Error {
		c.bad |= 1 << i
	}
	c.reasons = append(c.reasons, r)
}

// problem notes what ident found; its sentence names the position.
func (c *checker) problem(i int, p *ident.Problem) {
	f := &c.it.Fields[i]
	c.note(i, Reason{Field: f.Code, Code: p.Code, Severity: Error, Message: "“" + f.Name + "”：" + p.Message, Fix: p.Fix})
}

func (c *checker) isBad(i int) bool { return c.bad&(1<<i) != 0 }

// clean brings every value to clean text and empties what only says that there is nothing.
func (c *checker) clean() {
	for i, s := range c.v {
		if s == "" {
			continue
		}
		typed := c.it.plan[i].typed
		n, flags := scan(s)
		if flags&(unusual|wide) != 0 {
			s = normal(s, typed)
			n, flags = scan(s)
		}
		if s != "" && n <= c.it.ed.maxBlank && c.it.ed.isBlank(s, c.it.plan[i].wordsBlank) {
			s = ""
		}
		c.v[i] = s
		c.runes[i], c.flags[i] = int32(n), flags
	}
}

// settleKind reads the kind of subject, so that what depends on it can follow.
func (c *checker) settleKind() {
	it := c.it
	i := it.role.kind
	if i < 0 {
		c.kind = c.kindByCode()
		return
	}
	if c.v[i] == "" && (it.deriveKind == TemplateCurrent || it.deriveKind == Template2015 && c.old) {
		c.v[i] = c.derivedKind()
	}
	if c.v[i] == "" {
		if !it.Fields[i].Required {
			c.kind = c.kindByCode()
		}
		return
	}
	list := it.plan[i].list
	at := list.find(c.v[i], c.old)
	if at < 0 {
		return // value reports it
	}
	if c.kind = list.Values[at].Kind; c.kind == "" {
		c.kind = c.kindByCode()
		if c.kind == IndividualBusiness {
			c.kind = LegalEntity // filed as an organisation; kindAgainstCode reports the contradiction
		}
	}
}

// kindByCode tells the kind by the code alone: a legal entity unless the code says otherwise.
func (c *checker) kindByCode() SubjectKind {
	if c.it.kinds == kindBit(Person) {
		return Person
	}
	if i := c.it.role.uscc; i >= 0 && c.v[i] != "" {
		if k := ident.KindOf(ident.USCC(c.v[i])); k != "" {
			return SubjectKind(k)
		}
		if u, p := ident.ParseUSCC(c.v[i]); p == nil { // blanks or lower case
			if k := ident.KindOf(u); k != "" {
				return SubjectKind(k)
			}
		}
	}
	return LegalEntity
}

// clear empties the fields that the kind of subject does not have.
func (c *checker) clear() {
	bit := kindBit(c.kind)
	if bit == 0 {
		return
	}
	for i := range c.it.plan {
		if c.it.plan[i].emptyKinds&bit != 0 && c.v[i] != "" {
			c.v[i] = ""
			c.add(i, ReasonCleared, kindName(c.kind)+"的记录")
		}
	}
}

// emptyByRule empties fields whose empty_when holds and reads the values of those that stay.
func (c *checker) emptyByRule() {
	for _, i := range c.it.emptyWhen {
		if c.v[i] == "" {
			continue
		}
		p := &c.it.plan[i]
		if c.bad&p.emptyWhen.fields == 0 && c.holds(p.emptyWhen) {
			c.v[i] = ""
			c.add(i, ReasonCleared, "按目录规定")
			continue
		}
		c.value(i)
	}
}

// kindAgainstCode compares the kind that was filed with the one in the code, and with what the item admits.
// 92 codes belong to sole traders and to nobody else (rule 2107).
func (c *checker) kindAgainstCode() {
	ki, ui := c.it.role.kind, c.it.role.uscc
	if ui >= 0 && ki >= 0 && c.v[ui] != "" && c.v[ki] != "" && !c.isBad(ui) && !c.isBad(ki) {
		sole := ident.KindOf(ident.USCC(c.v[ui])) == ident.KindIndividualBusiness
		switch {
		case sole && c.kind != IndividualBusiness:
			c.add(ui, ReasonKindContradicts, "92开头的代码属于个体工商户，相对人类别却不是")
		case !sole && c.kind == IndividualBusiness:
			c.add(ui, ReasonKindContradicts, "相对人类别是个体工商户，代码却不是92开头")
		}
	}
	if bit := kindBit(c.kind); bit != 0 && c.it.kinds&bit == 0 {
		i := ki
		if i < 0 || c.v[i] == "" {
			i = max(ui, c.it.role.name, 0)
		}
		f := &c.it.Fields[i]
		c.note(i, Reason{
			Field: f.Code, Code: ReasonNotInList, Severity: Error,
			Message: "“" + f.Name + "”：目录项“" + c.it.Name + "”不归集" + kindName(c.kind) + "的信息",
			Fix:     "请核对相对人类别，或者换用合适的目录项",
		})
	}
}

// orders compares dates. Both must be there and right.
func (c *checker) orders() {
	for i := range c.it.orders {
		o := &c.it.orders[i]
		a, b := c.num[o.first], c.num[o.then]
		if a == 0 || b == 0 || c.v[o.first] == "" || c.v[o.then] == "" || c.isBad(o.first) {
			continue
		}
		if b < a || o.strict && b == a {
			c.add(o.then, o.code, c.it.Fields[o.first].Name)
		}
	}
}

// usable says whether all these fields have right values.
func (c *checker) usable(fields uint64) bool {
	if c.bad&fields != 0 {
		return false
	}
	for f := fields; f != 0; f &= f - 1 {
		if c.v[bits.TrailingZeros64(f)] == "" {
			return false
		}
	}
	return true
}

// rules runs the item's cross-field rules.
func (c *checker) rules() {
	for i := range c.it.rules {
		r := &c.it.rules[i]
		if !r.always && !c.usable(r.program.fields) {
			continue
		}
		if c.holds(r.program) {
			continue
		}
		rule := &c.it.Rules[i]
		reason := NewReason(rule.Code, rule.Field, "", "")
		reason.Severity = rule.Severity
		reason.Message, reason.Fix = rule.Message, rule.Fix
		at := c.it.byCode[rule.Field] // loading made sure of it; a rule of the whole row marks the first field
		c.note(at, reason)
	}
}

func kindName(k SubjectKind) string {
	switch k {
	case LegalEntity:
		return "法人"
	case OtherOrg:
		return "非法人组织"
	case IndividualBusiness:
		return "个体工商户"
	case Person:
		return "自然人"
	default:
		return ""
	}
}

// today is the day of receipt; without one nothing is compared with it.
func (c *checker) today() clock.Date { return c.in.Received }
