package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
)

// defaultMaxLen bounds texts whose field names no length.
const defaultMaxLen = 4000

// Sources of fills beside the codes of fields.
const (
	sourceUnitCode    = "unit.code"
	sourceUnitName    = "unit.name"
	sourceKind        = "derive.kind"
	sourceIDType      = "derive.id_type"
	sourceFine        = "derive.fine"
	sourceConfiscated = "derive.confiscated"
)

// compiled is an item in the form in which rows are checked: indexes for codes, sets as bits.
type compiled struct {
	ed           *Edition
	plan         []fieldPlan
	byCode       map[string]int
	byRole       map[Role]int
	key          []int
	kinds        kindSet
	role         rolePlaces
	deriveKind   string // the template in which the kind of subject may be derived; "" = none
	fills        []fillPlan
	orders       []orderPlan
	rules        []rulePlan
	emptyWhen    []int
	amountFields []int
	headers      map[string]header // by headerKey
	spelled      map[string]header // of them, the templates' own spellings as they stand
}

// rolePlaces are the fields that the check itself looks at; -1 = none.
type rolePlaces struct {
	name, kind, uscc, regNo, orgCode, personID, personIDType, content, category int
}

type fieldPlan struct {
	typ           FieldType
	typed         bool // folded to half width as a whole
	wordsBlank    bool // 无 counts as empty
	strict        bool // a name: no signs of markup and the like
	free          bool // never required and without a condition
	notFuture     bool
	longTerm      bool
	openList      bool
	sameAsUSCC    bool // an old number that must not repeat the unified code
	futureCode    int
	maxLen        int32
	scale         int
	intDigits     int
	unit          string
	list          *List
	idType        int // the field with the kind of document; -1 = none
	eitherIn      int
	amountIn      int
	requiredKinds kindSet
	emptyKinds    kindSet
	requiredWith  int
	cond          *condPlan
	requiredWhen  *program
	emptyWhen     *program
}

type condPlan struct {
	field    int
	mask     uint64
	names    string
	code     int
	elseCode int
	positive bool
}

type fillPlan struct {
	field  int
	source string // one of the sources, or "" for from or value
	from   int    // -1 = value
	same   int
	value  string
	old    bool
	kinds  kindSet
	move   bool
}

type orderPlan struct {
	first, then, code int
	strict            bool
}

type rulePlan struct {
	program *program
	always  bool
}

// compile makes the plan of an item whose parts are known to be sound but for its expressions; the faults
// found in those go to b.
func (b *builder) compile(it *Item, file string) {
	it.ed = b.ed
	it.kinds = kindsOf(it.SubjectKinds)
	it.indexRoles()
	it.plan = make([]fieldPlan, len(it.Fields))
	for i := range it.Fields {
		it.plan[i] = it.planField(&it.Fields[i], b.ed.Lists)
	}
	for _, code := range it.NaturalKey {
		it.key = append(it.key, it.byCode[code])
	}
	for i := range it.Fills {
		it.planFill(&it.Fills[i])
	}
	for _, o := range it.Orders {
		it.orders = append(it.orders, orderPlan{it.byCode[o.First], it.byCode[o.Then], o.Code, o.Strict})
	}
	b.compileRules(it, file)
}

func (it *Item) indexRoles() {
	it.byRole = make(map[Role]int)
	for i := range it.Fields {
		if r := it.Fields[i].Role; r != "" {
			it.byRole[r] = i
		}
	}
	it.role = rolePlaces{
		name: it.roleOr(RoleName), kind: it.roleOr(RoleKind), uscc: it.roleOr(RoleUSCC), regNo: it.roleOr(RoleRegNo), orgCode: it.roleOr(RoleOrgCode),
		personID: it.roleOr(RolePersonID), personIDType: it.roleOr(RolePersonIDType), content: it.roleOr(RoleContent), category: it.roleOr(RoleCategory),
	}
}

func (it *Item) roleOr(r Role) int {
	if i, ok := it.byRole[r]; ok {
		return i
	}
	return -1
}

func (it *Item) placeOr(code string) int {
	if i, ok := it.byCode[code]; ok && code != "" {
		return i
	}
	return -1
}

func (it *Item) planField(f *Field, lists map[string]*List) fieldPlan {
	p := fieldPlan{
		typ: f.Type, maxLen: int32(f.MaxLen), scale: f.Scale, unit: f.Unit, list: lists[f.List], openList: f.OpenList,
		notFuture: f.NotFuture, longTerm: f.LongTerm,
		idType: -1, eitherIn: it.placeOr(f.EitherIn), amountIn: it.placeOr(f.AmountIn), requiredWith: it.placeOr(f.RequiredWith),
		requiredKinds: kindsOf(f.RequiredFor), emptyKinds: kindsOf(f.EmptyFor),
		futureCode: ReasonRange,
	}
	switch f.Type {
	case USCC, OrgCode, RegNo, IDDoc, Number, Integer, DateType, Division:
		p.typed = true
	case Text:
		if p.maxLen == 0 {
			p.maxLen = defaultMaxLen
		}
	}
	if f.Type == Number {
		p.intDigits = maxIntDigits
		if f.MaxLen > 0 {
			p.intDigits = min(maxIntDigits, f.MaxLen-f.Scale)
		}
	}
	it.planRole(f, &p)
	if c := f.RequiredIf; c != nil {
		p.cond = &condPlan{field: it.byCode[c.Field], code: orElse(c.Code, ReasonRequiredWhen), elseCode: c.ElseCode, positive: c.Positive, names: strings.Join(c.Any, "、")}
		list := lists[it.Fields[p.cond.field].List]
		for _, name := range c.Any {
			p.cond.mask |= 1 << list.Index(name)
		}
	}
	if f.AmountIn != "" {
		it.amountFields = append(it.amountFields, f.Index)
	}
	p.free = !f.Required && f.RequiredWhen == "" && p.requiredKinds == 0 && p.requiredWith < 0 && p.cond == nil
	return p
}

// planRole adds what follows from a field's meaning.
func (it *Item) planRole(f *Field, p *fieldPlan) {
	switch f.Role {
	case RoleName, RoleRep, RoleAuthority, RoleSource, RoleFormerNames:
		p.strict = true
	case RoleDecidedOn:
		p.futureCode = ReasonFuture
	case RoleRegNo, RoleOrgCode, RoleInstNo, RoleSocNo:
		p.sameAsUSCC = true
	case RolePersonID:
		p.idType = it.roleOr(RolePersonIDType)
	case RoleRepID:
		p.idType = it.roleOr(RoleRepIDType)
	}
	p.wordsBlank = p.typed || p.sameAsUSCC || f.Role == RoleTaxNo || f.List != ""
}

func (it *Item) planFill(f *Fill) {
	if f.From == sourceKind {
		it.deriveKind = orElseText(f.Template, TemplateCurrent)
		return
	}
	p := fillPlan{field: it.byCode[f.Field], from: -1, same: it.placeOr(f.Same), value: f.Value, old: f.Template == Template2015, kinds: kindsOf(f.Kinds), move: f.Move}
	if i, ok := it.byCode[f.From]; ok {
		p.from = i
	} else {
		p.source = f.From
	}
	it.fills = append(it.fills, p)
}

func orElseText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// compileRules compiles every expression of an item.
func (b *builder) compileRules(it *Item, file string) {
	var env *cel.Env
	compile := func(where, expr string) *program {
		if env == nil {
			var err error
			if env, err = itemEnv(it); err != nil {
				b.faults = append(b.faults, errExpr.Messagef("%s：字段代码不能用在规则里", file).With(err))
				return nil
			}
		}
		p, err := compileRule(env, it, expr)
		if err != nil {
			rule := errExpr
			switch {
			case errors.Is(err, errRuleType):
				rule = errExprType
			case errors.Is(err, errRuleCost):
				rule = errExprCost
			}
			b.faults = append(b.faults, rule.Messagef("%s：%s：“%s” %s", file, where, expr, rule.Message).With(err))
		}
		return p
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		if f.RequiredWhen != "" {
			it.plan[i].requiredWhen = compile("字段“"+f.Code+"”的 required_when", f.RequiredWhen)
		}
		if f.EmptyWhen != "" {
			it.plan[i].emptyWhen = compile("字段“"+f.Code+"”的 empty_when", f.EmptyWhen)
			it.emptyWhen = append(it.emptyWhen, i)
		}
	}
	for i := range it.Rules {
		it.rules = append(it.rules, rulePlan{compile(fmt.Sprintf("第%d条规则", i+1), it.Rules[i].Expr), it.Rules[i].Always})
	}
}
