package declaration

import (
	"context"
	"slices"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/subject"
)

// Offer is an item that a subject can declare today, with the unit that receives it.
type Offer struct {
	Item *catalog.Item
	Rule *ItemRule
	Unit agency.Agency
	Law  []catalog.Basis // in force today
}

// Fields are the columns that the subject fills in, in the catalogue's order. Who it is, who receives it and what was found are not among them.
func (o *Offer) Fields() []*catalog.Field {
	var out []*catalog.Field
	for i := range o.Item.Fields {
		if f := &o.Item.Fields[i]; given(o.Rule, f) {
			out = append(out, f)
		}
	}
	return out
}

// filled are the roles that nobody types: who it is about comes from the claim, the source from the rules.
var filled = []catalog.Role{
	catalog.RoleName, catalog.RoleKind, catalog.RoleUSCC, catalog.RolePersonID, catalog.RolePersonIDType, catalog.RoleSource, catalog.RoleSourceCode,
	catalog.RoleRep, catalog.RoleRepID, catalog.RoleRepIDType, catalog.RoleOrgCode, catalog.RoleRegNo, catalog.RoleTaxNo, catalog.RoleInstNo, catalog.RoleSocNo,
}

func given(rule *ItemRule, f *catalog.Field) bool {
	_, set := rule.Set[f.Code]
	return !set && f.Code != rule.Pledge && !slices.Contains(rule.Omit, f.Code) && !slices.Contains(filled, f.Role)
}

// Offers gives what a subject can declare today. When there is nothing, the error says why.
func (s *Service) Offers(ctx context.Context, of int64) ([]Offer, error) {
	who, err := s.subject(ctx, of)
	if err != nil {
		return nil, err
	}
	var out []Offer
	reason := error(ErrItem)
	rules := s.Rules.Today()
	for i := range rules.Items {
		o, err := s.offer(ctx, rules, &who, rules.Items[i].Code)
		switch {
		case err == nil:
			out = append(out, o)
		case fault.KindOf(err) == fault.Internal:
			return nil, err
		default:
			reason = err
		}
	}
	if len(out) == 0 {
		return nil, reason
	}
	return out, nil
}

// offer gives one item with the unit that receives it today, or says why it cannot be declared: it is not open, no law in force lets it be collected, the catalogue does not admit such subjects, or
// nobody receives it.
func (s *Service) offer(ctx context.Context, rules *Rules, who *subject.Subject, code catalog.ItemCode) (Offer, error) {
	o, err := s.allowed(rules, who, code)
	if err != nil {
		return Offer{}, err
	}
	o.Unit, err = s.receiver(ctx, rules, o.Item, who.Region)
	return o, err
}

// allowed asks the law alone.
func (s *Service) allowed(rules *Rules, who *subject.Subject, code catalog.ItemCode) (Offer, error) {
	today := clock.Today(s.Clock)
	rule, open := rules.Item(code)
	item, known := s.Editions.Current(today).Item(code)
	switch {
	case !open || !known:
		return Offer{}, ErrItem
	case !item.InForce(today):
		return Offer{}, ErrBasis
	case !item.Admits(who.Kind):
		return Offer{}, ErrKind
	}
	o := Offer{Item: item, Rule: rule}
	for _, b := range item.Basis {
		if b.From != 0 && b.From <= today && (b.To == 0 || today <= b.To) {
			o.Law = append(o.Law, b)
		}
	}
	return o, nil
}

// receiver finds the unit: the one that the rules name for the subject's region, else the only one that the catalogue lets provide the item.
func (s *Service) receiver(ctx context.Context, rules *Rules, item *catalog.Item, region string) (agency.Agency, error) {
	code := rules.receiver(region)
	if code == "" && len(item.ProviderCodes) == 1 {
		code = item.ProviderCodes[0]
	}
	if code == "" {
		return agency.Agency{}, ErrReceiver
	}
	unit, err := s.Agencies.ByCode(ctx, code)
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && !unit.Active, err == nil && len(item.ProviderCodes) > 0 && !slices.Contains(item.ProviderCodes, code):
		return agency.Agency{}, ErrReceiver
	}
	return unit, err
}

// subject gives a subject that is on file.
func (s *Service) subject(ctx context.Context, of int64) (subject.Subject, error) {
	list, err := s.Subjects.ByIDs(ctx, []int64{of})
	if err != nil {
		return subject.Subject{}, err
	}
	who, ok := list[of]
	if !ok {
		return subject.Subject{}, ErrNone
	}
	return who, nil
}

// party is who a declaration is about, as its row names it.
type party struct {
	subject.Subject
	doc subject.Identity // of a person
}

func (s *Service) party(ctx context.Context, of int64) (p party, err error) {
	if p.Subject, err = s.subject(ctx, of); err != nil || p.Kind != catalog.Person {
		return p, err
	}
	var ok bool
	if p.doc, ok, err = s.Subjects.Identity(ctx, of); err == nil && !ok {
		err = ErrNone
	}
	p.Name = p.doc.Name
	return p, err
}

var kindWords = map[catalog.SubjectKind]string{
	catalog.LegalEntity: "法人及非法人组织", catalog.OtherOrg: "法人及非法人组织", catalog.IndividualBusiness: "个体工商户", catalog.Person: "自然人",
}

// row writes a declaration as the row that is filed. What was typed into a column that nobody fills in is not in it.
func (o *Offer) row(p *party, c Content) map[string]string {
	out := map[string]string{}
	for i := range o.Item.Fields {
		f := &o.Item.Fields[i]
		switch {
		case given(o.Rule, f):
			out[f.Code] = c[f.Code]
		case f.Code == o.Rule.Pledge:
			out[f.Code] = "是" // nothing is handed in without it
		case o.Rule.Set[f.Code] != "":
			out[f.Code] = o.Rule.Set[f.Code]
		default:
			out[f.Code] = o.fill(p, f.Role)
		}
		if out[f.Code] == "" {
			delete(out, f.Code)
		}
	}
	return out
}

func (o *Offer) fill(p *party, role catalog.Role) string {
	switch role {
	case catalog.RoleName:
		return p.Name
	case catalog.RoleKind:
		return kindWords[p.Kind]
	case catalog.RoleUSCC:
		return p.Code
	case catalog.RolePersonIDType:
		return p.doc.DocKind
	case catalog.RolePersonID:
		return p.doc.Number
	case catalog.RoleSource:
		return o.Unit.Name
	case catalog.RoleSourceCode:
		return o.Unit.Code
	}
	return ""
}

func values(item *catalog.Item, row map[string]string) catalog.Values {
	v := make(catalog.Values, len(item.Fields))
	for i := range item.Fields {
		v[i] = row[item.Fields[i].Code]
	}
	return v
}

// Checked is a declaration as the intake would take it.
type Checked struct {
	Offer
	Reasons []catalog.Reason // as filing says them, errors and warnings
	Class   catalog.Class    // who may see it, as the catalogue narrows the subject's choice

	row map[string]string
	key string
}

// Refused reports whether the intake would not take it.
func (c *Checked) Refused() bool {
	return slices.ContainsFunc(c.Reasons, func(r catalog.Reason) bool { return r.Severity == catalog.Error })
}

// Check says what filing would say of a declaration, before it is handed in: the same checks, the same words.
func (s *Service) Check(ctx context.Context, of int64, code catalog.ItemCode, content Content) (Checked, error) {
	p, err := s.party(ctx, of)
	if err != nil {
		return Checked{}, err
	}
	o, err := s.offer(ctx, s.Rules.Today(), &p.Subject, code)
	if err != nil {
		return Checked{}, err
	}
	return s.checked(o, &p, content), nil
}

// checkOf checks what was handed in by the rules of its day, for the unit that received it.
func (s *Service) checkOf(ctx context.Context, d *Declaration) (Checked, error) {
	p, err := s.party(ctx, d.Subject)
	if err != nil {
		return Checked{}, err
	}
	o, err := s.allowed(s.Rules.On(d.ReceivedOn), &p.Subject, d.Item)
	if err != nil {
		return Checked{}, err
	}
	if o.Unit, err = s.Agencies.ByID(ctx, d.Agency); err != nil {
		return Checked{}, err
	}
	return s.checked(o, &p, d.Content), nil
}

func (s *Service) checked(o Offer, p *party, content Content) Checked {
	out := Checked{Offer: o, row: o.row(p, content)}
	v := values(o.Item, out.row)
	in := catalog.CheckInput{Received: clock.Today(s.Clock), UnitCode: o.Unit.Code, UnitName: o.Unit.Name, LegacyAllowed: s.Legacy}
	out.Reasons = o.Item.Check(v, &in)
	for _, f := range o.Fields() {
		if flow.HasPersonal(content[f.Code]) {
			out.Reasons = append(out.Reasons, catalog.Reason{Field: f.Code, Severity: catalog.Error, Message: "“" + f.Name + "”里有身份证件号码", Fix: "请删去；申报不需要任何人的身份证件号码"})
		}
	}
	out.key, out.Class = o.Item.Key(v), o.Item.RowClass(v)
	return out
}

// clean keeps what a form may hold: the item's own fields, without blanks around them.
func (o *Offer) clean(c Content) (Content, error) {
	out := Content{}
	for _, f := range o.Fields() {
		text := strings.TrimSpace(c[f.Code])
		if len(text) > maxText {
			return nil, ErrLong
		}
		if text != "" {
			out[f.Code] = text
		}
	}
	return out, nil
}

// maxText bounds a field in bytes; the catalogue's own limits are narrower.
const maxText = 16 << 10
