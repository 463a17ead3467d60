package catalog

import (
	"strings"

	"gongxin/internal/cntext"
	"gongxin/internal/ident"
)

// required looks for missing values: those of every row, of a kind of subject, beside another field, with a
// kind of decision, and by rule.
func (c *checker) required() {
	bit := kindBit(c.kind)
	for i := range c.it.plan {
		p := &c.it.plan[i]
		if p.free {
			continue
		}
		f := &c.it.Fields[i]
		if p.cond != nil {
			c.conditional(i, p)
			continue
		}
		if c.v[i] != "" || c.isBad(i) {
			continue
		}
		switch {
		case f.Required:
			c.missing(i, orElse(f.RequiredCode, ReasonRequired), "")
		case p.requiredKinds&bit != 0:
			c.missing(i, ReasonRequiredWhen, "相对人为"+kindName(c.kind))
		case p.requiredWith >= 0 && c.v[p.requiredWith] != "":
			c.missing(i, ReasonRequiredWhen, "填写了“"+c.it.Fields[p.requiredWith].Name+"”")
		case p.requiredWhen != nil && c.bad&p.requiredWhen.fields == 0 && c.holds(p.requiredWhen):
			c.missing(i, orElse(f.RequiredCode, ReasonRequiredWhen), "按目录规定")
		}
	}
}

// conditional looks at a field that goes with a kind of decision, such as the amount of a fine.
func (c *checker) conditional(i int, p *fieldPlan) {
	cond := p.cond
	if c.v[cond.field] == "" || c.isBad(cond.field) || c.isBad(i) {
		return
	}
	met := uint64(c.num[cond.field])&cond.mask != 0
	switch {
	case met && c.v[i] == "":
		c.missing(i, cond.code, "“"+c.it.Fields[cond.field].Name+"”为"+cond.names)
	case met && cond.positive && c.num[i] == 0:
		c.missing(i, cond.code, "")
	case !met && cond.elseCode != 0 && c.v[i] != "" && c.num[i] > 0:
		c.addAs(i, cond.elseCode, Warning, cond.names)
	}
}

// missing notes an absent value. What an old template could not know, and what the sources do not settle, is a
// warning.
func (c *checker) missing(i, code int, detail string) {
	severity := Error
	if c.it.Fields[i].Soft || c.old && c.it.Fields[i].Lax {
		severity = Warning
	}
	c.addAs(i, code, severity, detail)
}

func orElse(code, otherwise int) int {
	if code == 0 {
		return otherwise
	}
	return code
}

// fill gives empty fields the values that the catalogue lets be derived.
func (c *checker) fill() {
	for i := range c.it.fills {
		f := &c.it.fills[i]
		if c.v[f.field] != "" || f.old && !c.old || f.kinds != 0 && f.kinds&kindBit(c.kind) == 0 {
			continue
		}
		s := c.source(f)
		if s == "" {
			continue
		}
		n, flags := scan(s)
		c.v[f.field], c.runes[f.field], c.flags[f.field] = s, int32(n), flags
		if f.move {
			c.v[f.from] = ""
		}
	}
}

// source gives the value that a fill takes.
func (c *checker) source(f *fillPlan) string {
	switch f.source {
	case "":
		if f.from >= 0 {
			return c.v[f.from]
		}
		return f.value
	case sourceUnitName:
		return cntext.Clean(c.in.UnitName)
	case sourceUnitCode:
		if f.same >= 0 && c.v[f.same] != "" && cntext.Name(c.v[f.same]) != cntext.Name(c.in.UnitName) {
			return ""
		}
		return c.in.UnitCode
	case sourceIDType:
		return c.derivedIDType()
	case sourceFine:
		return c.derivedAmount("罚款", "罚款")
	case sourceConfiscated:
		return c.derivedAmount("没收", "没收")
	default:
		return ""
	}
}

// derivedKind tells the kind of subject of an old row by its identifiers; "" when they do not say.
func (c *checker) derivedKind() string {
	it := c.it
	list := it.plan[it.role.kind].list
	named := func(kind SubjectKind) string {
		for i := range list.Values {
			if list.Values[i].Kind == kind {
				return list.Values[i].Name
			}
		}
		return ""
	}
	if i := it.role.uscc; i >= 0 && c.v[i] != "" {
		if u, p := ident.ParseUSCCWith(c.v[i], c.in.LegacyAllowed); p == nil {
			if ident.KindOf(u) == ident.KindIndividualBusiness {
				return named(IndividualBusiness)
			}
			return named("")
		}
	}
	for _, i := range [...]int{it.role.orgCode, it.role.regNo} {
		if i >= 0 && c.v[i] != "" {
			return named("")
		}
	}
	if i := it.role.personID; i >= 0 && c.v[i] != "" {
		if _, p := ident.ParseCitizenID(c.v[i], c.today()); p == nil {
			return named(Person)
		}
	}
	if i := it.role.uscc; i >= 0 && c.v[i] != "" {
		return named("") // a wrong code is still an organisation's; value says what is wrong with it
	}
	return ""
}

// derivedIDType says 身份证 when the person's number is one.
func (c *checker) derivedIDType() string {
	i, t := c.it.role.personID, c.it.role.personIDType
	if i < 0 || t < 0 || c.v[i] == "" {
		return ""
	}
	if _, p := ident.ParseCitizenID(c.v[i], c.today()); p != nil {
		return ""
	}
	list := c.it.plan[t].list
	for k := range list.Values {
		if list.Values[k].Citizen {
			return list.Values[k].Name
		}
	}
	return ""
}

// derivedAmount reads the amount behind word out of the decision's text, in 万元, when the row's kinds of
// penalty name that word and the text names exactly one such amount.
func (c *checker) derivedAmount(word, kind string) string {
	content, category := c.it.role.content, c.it.role.category
	if content < 0 || category < 0 || !strings.Contains(c.v[category], kind) {
		return ""
	}
	fen, ok := amountBehind(c.v[content], word)
	if !ok {
		return ""
	}
	return formatMillionths(fen)
}
