package parse

import (
	"encoding/json"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// roles are the indexes of the fields with a meaning; -1 where the item has none.
type roles struct {
	name, regno, taxno, instno, socno, orgcode, uscc, personIDType, personID                        int
	decidedOn, validTo, publicEnd, procedure, severity, fine, state, region, formerNames, authority int
}

func findRoles(item *catalog.Item) roles {
	index := func(role catalog.Role) int {
		if f, ok := item.ByRole(role); ok {
			return f.Index
		}
		return -1
	}
	return roles{
		name: index(catalog.RoleName), regno: index(catalog.RoleRegNo), taxno: index(catalog.RoleTaxNo), instno: index(catalog.RoleInstNo),
		socno: index(catalog.RoleSocNo), orgcode: index(catalog.RoleOrgCode), uscc: index(catalog.RoleUSCC), personIDType: index(catalog.RolePersonIDType),
		personID: index(catalog.RolePersonID), decidedOn: index(catalog.RoleDecidedOn), validTo: index(catalog.RoleValidTo),
		publicEnd: index(catalog.RolePublicEnd), procedure: index(catalog.RoleProcedure), severity: index(catalog.RoleSeverity),
		fine: index(catalog.RoleFine), state: index(catalog.RoleState), region: index(catalog.RoleRegion), formerNames: index(catalog.RoleFormerNames), authority: index(catalog.RoleAuthority),
	}
}

// claim gathers what the row says of its subject, the identifier that identifies by itself first.
func (p *Parser) claim(v catalog.Values, kind catalog.SubjectKind) subject.Claim {
	c := subject.Claim{Kind: kind, Name: at(v, p.roles.name), Region: p.region(v)}
	if kind == catalog.Person {
		docKind, number := at(v, p.roles.personIDType), at(v, p.roles.personID)
		if number != "" {
			c.Idents = append(c.Idents, p.Persons(docKind, number))
			c.Sealed = p.sealPerson(docKind, number, c.Name)
		}
		return c
	}
	for _, id := range []struct {
		kind  subject.IdentKind
		index int
	}{
		{subject.Code, p.roles.uscc},
		{subject.OrgCode, p.roles.orgcode},
		{subject.RegNo, p.roles.regno},
		{subject.TaxNo, p.roles.taxno},
		{subject.InstNo, p.roles.instno},
		{subject.SocNo, p.roles.socno},
	} {
		if value := at(v, id.index); value != "" {
			c.Idents = append(c.Idents, subject.Ident{Kind: id.kind, Value: value})
		}
	}
	if p.Item.Establishes {
		c.Establish, c.Status, c.Since = true, subject.StatusOf(at(v, p.roles.state)), p.date(v, p.roles.decidedOn)
		if former := at(v, p.roles.formerNames); former != "" {
			c.FormerNames = splitNames(former)
		}
	}
	return c
}

// region is the division of a subject that has to be made: the one the row states, or the one inside its unified code, or the unit's.
func (p *Parser) region(v catalog.Values) string {
	if r := at(v, p.roles.region); r != "" {
		return r
	}
	if code := at(v, p.roles.uscc); len(code) == 18 {
		return code[2:8]
	}
	return p.Unit.Region
}

// sealPerson seals who a person is; nothing of it stands in clear anywhere else.
func (p *Parser) sealPerson(docKind, number, name string) string {
	raw, err := json.Marshal(map[string]string{"docKind": docKind, "number": number, "name": name})
	if err != nil {
		return "" // three strings always marshal
	}
	return p.Ring.Seal("subject", string(raw))
}

func splitNames(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if r == '、' || r == ';' || r == '；' || r == ',' || r == '，' {
			out = append(out, s[start:i])
			start = i + len(string(r))
		}
	}
	return append(out, s[start:])
}

// draft builds the record, and says when it is public.
func (p *Parser) draft(r *Row, kind catalog.SubjectKind) record.Draft {
	v, item := r.Values, p.Item
	kindNames := item.Categories(v)
	m := publish.Matter{
		Rule: item.Publicity, DecidedOn: p.date(v, p.roles.decidedOn), ValidTo: p.date(v, p.roles.validTo), PublicEnd: p.date(v, p.roles.publicEnd),
		Kinds: kindNames, Fine: number(at(v, p.roles.fine)), Procedure: procedureOf(at(v, p.roles.procedure)), Severity: severityOf(at(v, p.roles.severity)),
		Failure: item.Polarity == catalog.Negative, Unit: p.Unit.Name, Authority: at(v, p.roles.authority),
	}
	w := p.Rules.Window(m)
	if w.Longer && !r.Withdraw {
		f := item.Fields[p.roles.publicEnd]
		r.Reject(catalog.Reason{Field: f.Code, Code: 2204, Severity: catalog.Warning, Message: "公示截止期晚于规则计算的期限，按计算的期限公示", Fix: "如无特别规定，此列可以留空"})
	}
	d := record.Draft{Facts: record.Facts{
		Item: item.Code, Edition: item.Edition, NaturalKey: item.Key(v), Status: record.Active, DecidedOn: m.DecidedOn,
		PublicFrom: w.From, PublicUntil: w.Until, Agency: p.Unit.ID, Kinds: item.KindBits(kindNames), Procedure: m.Procedure, Severity: w.Severity, RuleSet: w.RuleSet,
	}}
	d.Class = item.RowClass(v)
	d.Listed = w.Public && d.Class == catalog.Public && kind != catalog.Person
	if r.Withdraw {
		d.Status, d.Listed, d.Body = record.Withdrawn, false, "{}"
		return d
	}
	plain := record.EncodeBody(item.Fields, v, nil, func(_, s string) string { return s })
	d.Digest = p.Ring.Digest([]byte(item.Code), []byte{0}, []byte(plain))
	var hide []bool
	if kind == catalog.Person {
		hide = p.hide
	}
	d.Body = plain
	if hide != nil || p.anySensitive(v) {
		d.Body = record.EncodeBody(item.Fields, v, hide, func(field, s string) string { return p.Ring.Seal("record/"+field, s) })
	}
	return d
}

func (p *Parser) anySensitive(v catalog.Values) bool {
	for i := range p.Item.Fields {
		if p.Item.Fields[i].Sensitive && v[i] != "" {
			return true
		}
	}
	return false
}

func procedureOf(s string) record.Procedure {
	switch s {
	case "简易程序", "简易":
		return record.Simple
	case "普通程序", "普通", "一般程序":
		return record.Ordinary
	default:
		return record.NoProcedure
	}
}

func severityOf(s string) record.Severity {
	switch s {
	case "轻微":
		return record.Minor
	case "一般":
		return record.Moderate
	case "严重":
		return record.Serious
	default:
		return record.NoSeverity
	}
}
