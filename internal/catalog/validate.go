package catalog

import (
	"slices"
	"strings"

	"gongxin/internal/fault"
)

// The rules that loading enforces. The sentence of each names the place when it is refused; errors.Is finds
// them by code.
var (
	// ErrSameID refuses a changed catalogue that keeps its edition's id.
	ErrSameID = fault.New(fault.Conflict, "catalog.same_id", "目录内容有改动，版本号却没有变", "改动过的目录要用新的版本号：记录按当时的版本检查和保存")

	errFile          = refusal("catalog.file", "目录的文件不全或者过大", "请补齐文件；每个文件不超过1 MB")
	errSyntax        = refusal("catalog.toml", "文件不是正确的 TOML", "请按所指的行修改")
	errUnknownKey    = refusal("catalog.unknown_key", "有不认识的项", "请对照目录格式说明改正拼写；不认识的项不会生效")
	errEdition       = refusal("catalog.edition", "版本说明不对", "请在 edition.toml 里写明版本号、生效日期和报告章节")
	errList          = refusal("catalog.list", "代码表不对", "请修改代码表")
	errUnknownList   = refusal("catalog.unknown_list", "没有这个代码表", "请在 lists 文件夹里加上代码表，或者改正名称")
	errDuplicateItem = refusal("catalog.duplicate_item", "目录项重复", "一个目录项代码只能用一次")
	errItem          = refusal("catalog.item", "目录项不完整", "请补齐目录项的说明")
	errKind          = refusal("catalog.kind", "主体类型不认识", "主体类型只有 legal_entity、other_org、individual_business、person")
	errClass         = refusal("catalog.class", "公开等级不认识", "公开等级只有 A（社会公开）、B（授权查询）、C（部门共享）")
	errPolarity      = refusal("catalog.polarity", "信息性质不认识", "信息性质只有 positive、negative、neutral")
	errChapter       = refusal("catalog.chapter", "报告章节不存在", "请填 edition.toml 里的章节序号")
	errPublicity     = refusal("catalog.publicity", "公示规则不认识或者与公开等级矛盾", "A 类填 licence、penalty、listing、abnormal、commitment、registration、standing 之一，B 类和 C 类填 none")
	errClock         = refusal("catalog.clock", "报送时限不对", "working_days、month_day 和 none 只填一个")
	errNoBasis       = refusal("catalog.no_basis", "没有法律依据", "没有法律、法规或者党中央、国务院政策文件依据的，不得归集（国办发〔2020〕49号，《山东省社会信用条例》第十条）")
	errBasisPeriod   = refusal("catalog.basis_period", "法律依据没有写明条款或者施行日期", "请写明法律名称、条款和施行日期 from")
	errNotInForce    = refusal("catalog.basis_not_in_force", "法律依据在版本生效日没有施行或者已经失效", "请写明在版本生效日有效的依据（国办发〔2020〕49号）")
	errProhibited    = refusal("catalog.prohibited", "禁止归集的个人信息", "请删去这一项：自然人的这类信息不得归集")
	errConditional   = refusal("catalog.conditional", "没有写明依据的个人财产信息", "字段用 basis、目录项用 covers 写明允许归集的法律和条款；没有的请删去")
	errPersonPublic  = refusal("catalog.person_public", "自然人的信息不得向社会公开", "请改为 B 或者 C（《山东省社会信用条例》第二十条）")
	errWiderClass    = refusal("catalog.wider_class", "字段的公开等级宽于目录项", "字段只能收窄目录项的公开等级")
	errSensitive     = refusal("catalog.sensitive", "身份证件号码没有按敏感信息保护", "请写明 sensitive = true 和 class = \"C\"（《个人信息保护法》第二十八条、第五十一条）")
	errFieldCode     = refusal("catalog.field_code", "字段代码不对", "字段代码以大写字母开头，由大写字母、数字和下划线组成，不超过64位")
	errDuplicate     = refusal("catalog.duplicate_field", "字段重复", "一个字段代码在目录项里只能用一次")
	errCollision     = refusal("catalog.header_collision", "两个字段用了同一个列名", "请改掉其中一个字段的名称或者别名，否则收到的列不知道归谁")
	errType          = refusal("catalog.type", "字段类型不认识或者参数不对", "字段类型只有 text、date、number、integer、enum、enumset、uscc、orgcode、regno、iddoc、division")
	errRole          = refusal("catalog.role", "字段的含义不认识或者与类型不合", "请对照目录格式说明改正 role")
	errDuplicateRole = refusal("catalog.duplicate_role", "两个字段有同一个含义", "一个目录项里每种含义最多一个字段")
	errMissingRole   = refusal("catalog.missing_role", "缺少必要的字段", "每个目录项都要有名称、识别号码、日期、数据来源单位及其代码")
	errUnknownField  = refusal("catalog.unknown_field", "引用了没有的字段", "请改正字段代码")
	errNaturalKey    = refusal("catalog.natural_key", "识别重复的字段不对", "natural_key 要列出能区分两条记录的字段代码")
	errReasonCode    = refusal("catalog.reason_code", "原因编号不在编号表里", "请使用编号表里的编号；没有合适的用 2403")
	errSeverity      = refusal("catalog.severity", "规则的轻重不认识", "只有 error 和 warning")
	errExpr          = refusal("catalog.expr", "规则的表达式不能编译", "请改正表达式：变量只有本目录项的字段代码、today、kind")
	errExprType      = refusal("catalog.expr_type", "规则的表达式不是判断", "表达式的结果应为是或者否")
	errExprCost      = refusal("catalog.expr_cost", "规则的表达式计算量太大", "请改简单：不要在长文本上反复匹配")
	errExample       = refusal("catalog.example", "示例没有通过检查", "请改正示例或者规则")
)

func refusal(code, message, fix string) *fault.Error {
	return fault.New(fault.Invalid, code, message, fix)
}

// Publicity rules that the register knows. None is for what is never public.
var publicityRules = []string{"licence", "penalty", "listing", "abnormal", "commitment", "registration", "standing", PublicityNone}

// PublicityNone is the publicity rule of items that are not public.
const PublicityNone = "none"

func validClass(c Class) bool { return c == Public || c == Authorised || c == Shared }

// checkItem looks at everything but the expressions, and goes on after a fault.
func (b *builder) checkItem(it *Item, file string) {
	it.byCode = make(map[string]int, len(it.Fields))
	if len(it.Fields) == 0 || len(it.Fields) > maxFields {
		b.refuse(errItem, "%s：目录项要有1至%d个字段", file, maxFields)
		if len(it.Fields) > maxFields {
			return
		}
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		f.Index = i
		if _, twice := it.byCode[f.Code]; twice {
			b.refuse(errDuplicate, "%s：字段“%s”有两个", file, f.Code)
			continue
		}
		it.byCode[f.Code] = i
	}
	b.checkHead(it, file)
	b.checkBasis(it, file)
	b.checkRoles(it, file)
	for i := range it.Fields {
		b.checkField(it, &it.Fields[i], file)
	}
	b.checkReferences(it, file)
	b.checkPrivacy(it, file)
	b.indexHeaders(it, file)
}

// checkHead looks at what the item says about itself.
func (b *builder) checkHead(it *Item, file string) {
	if !validCode(string(it.Code)) {
		b.refuse(errItem, "%s：目录项代码“%s”应由大写字母和数字组成", file, it.Code)
	}
	if it.Name == "" || it.Category == "" || it.Retention == "" || len(it.Providers) == 0 {
		b.refuse(errItem, "%s：目录项要写明 name、category、providers 和 retention（《山东省社会信用条例》第十条）", file)
	}
	if len(it.SubjectKinds) == 0 {
		b.refuse(errKind, "%s：没有写明主体类型 subject_kinds", file)
	}
	for _, k := range it.SubjectKinds {
		if kindBit(k) == 0 {
			b.refuse(errKind, "%s：主体类型“%s”不认识", file, k)
		}
	}
	if !validClass(it.Class) {
		b.refuse(errClass, "%s：公开等级“%s”不认识", file, it.Class)
	}
	if it.Polarity != Positive && it.Polarity != Negative && it.Polarity != Neutral {
		b.refuse(errPolarity, "%s：信息性质“%s”不认识", file, it.Polarity)
	}
	if it.Chapter < 1 || it.Chapter > len(b.ed.Chapters) {
		b.refuse(errChapter, "%s：信用报告没有第%d章", file, it.Chapter)
	}
	if !slices.Contains(publicityRules, it.Publicity) || (it.Publicity == PublicityNone) == (it.Class == Public) {
		b.refuse(errPublicity, "%s：公开等级“%s”不能用公示规则“%s”", file, it.Class, it.Publicity)
	}
	if c := it.Clock; c.WorkingDays < 0 || c.MonthDay < 0 || c.MonthDay > 31 || c.said() != 1 {
		b.refuse(errClock, "%s：报送时限要么写 working_days，要么写 month_day（1至31）；自愿提供、没有时限的写 none = true", file)
	}
}

// checkBasis holds that nothing is collected without a legal basis in force.
func (b *builder) checkBasis(it *Item, file string) {
	if len(it.Basis) == 0 {
		b.refuse(errNoBasis, "%s：目录项“%s”没有法律依据", file, it.Name)
		return
	}
	for _, basis := range it.Basis {
		if strings.TrimSpace(basis.Law) == "" || strings.TrimSpace(basis.Article) == "" || !basis.From.Valid() || basis.To != 0 && basis.To < basis.From {
			b.refuse(errBasisPeriod, "%s：依据“%s”没有写明条款或者施行日期", file, basis.Law)
		}
	}
	if b.ed.EffectiveFrom != 0 && !it.InForce(b.ed.EffectiveFrom) {
		b.refuse(errNotInForce, "%s：目录项“%s”的依据在%s都没有施行或者已经失效", file, it.Name, b.ed.EffectiveFrom)
	}
}

// validCode says whether s can name an item or a field, and stand in a rule.
func validCode(s string) bool {
	if s == "" || len(s) > 64 || s[0]-'A' > 25 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// checkField looks at one field by itself.
func (b *builder) checkField(it *Item, f *Field, file string) {
	if !validCode(f.Code) || f.Name == "" {
		b.refuse(errFieldCode, "%s：字段“%s”的代码或者名称不对", file, f.Code)
	}
	b.checkType(f, file)
	if f.Class != "" {
		switch {
		case !validClass(f.Class):
			b.refuse(errClass, "%s：字段“%s”的公开等级“%s”不认识", file, f.Code, f.Class)
		case validClass(it.Class) && f.Class < it.Class:
			b.refuse(errWiderClass, "%s：字段“%s”（%s）宽于目录项（%s）", file, f.Code, f.Class, it.Class)
		}
	}
	if len(f.Mask) != 0 && (len(f.Mask) != 2 || f.Mask[0] < 0 || f.Mask[1] < 0) {
		b.refuse(errType, "%s：字段“%s”的 mask 应为 [左边保留位数, 右边保留位数]", file, f.Code)
	}
	for _, k := range append(slices.Clone(f.RequiredFor), f.EmptyFor...) {
		if kindBit(k) == 0 {
			b.refuse(errKind, "%s：字段“%s”：主体类型“%s”不认识", file, f.Code, k)
		}
	}
	if kindsOf(f.RequiredFor)&kindsOf(f.EmptyFor) != 0 || f.Required && len(f.EmptyFor) > 0 {
		b.refuse(errKind, "%s：字段“%s”对同一类主体既必填又应为空", file, f.Code)
	}
	if code := f.RequiredCode; code != 0 {
		if _, ok := ReasonFor(code); !ok {
			b.refuse(errReasonCode, "%s：字段“%s”的原因编号 %d 不在编号表里", file, f.Code, code)
		}
	}
}

// checkType looks at a field's type and what belongs to it.
func (b *builder) checkType(f *Field, file string) {
	bad := func(why string) { b.refuse(errType, "%s：字段“%s”（%s）：%s", file, f.Code, f.Type, why) }
	list := f.Type == Enum || f.Type == EnumSet
	switch f.Type {
	case Text, DateType, Integer, USCC, OrgCode, RegNo, IDDoc, Division:
	case Number:
		if f.Scale < 0 || f.Scale > maxScale || f.MaxLen != 0 && f.MaxLen <= f.Scale || f.MaxLen > maxIntDigits+maxScale {
			bad("数字最多18位，其中小数最多6位")
		}
	case Enum, EnumSet:
		l, ok := b.ed.Lists[f.List]
		if !ok {
			b.refuse(errUnknownList, "%s：字段“%s”：没有代码表“%s”", file, f.Code, f.List)
		} else if f.OpenList && l.Open == "" {
			bad("代码表没有 open，不能用 open_list")
		}
	default:
		b.refuse(errType, "%s：字段“%s”的类型“%s”不认识", file, f.Code, f.Type)
		return
	}
	switch {
	case f.MaxLen < 0:
		bad("max_len 不能是负数")
	case !list && (f.List != "" || f.OpenList || f.EitherIn != ""):
		bad("只有 enum 和 enumset 有代码表")
	case f.Type != Number && f.Scale != 0:
		bad("只有 number 有小数位数")
	case f.Type != Number && f.Type != Integer && f.Unit != "" || f.Type != Number && f.AmountIn != "":
		bad("只有数字有单位和金额核对")
	case f.Type != DateType && (f.NotFuture || f.LongTerm):
		bad("只有日期有 not_future 和 long_term")
	}
}

// roleTypes lists the types that a role allows; a role that is missing here does not exist.
var roleTypes = map[Role][]FieldType{
	RoleName: {Text}, RoleKind: {Enum}, RoleUSCC: {USCC}, RoleRegNo: {RegNo}, RoleOrgCode: {OrgCode},
	RoleTaxNo: {Text}, RoleInstNo: {Text}, RoleSocNo: {Text}, RoleRep: {Text},
	RoleRepIDType: {Enum}, RoleRepID: {IDDoc}, RolePersonIDType: {Enum}, RolePersonID: {IDDoc},
	RoleDocNo: {Text}, RoleTitle: {Text, Enum}, RoleContent: {Text}, RoleCategory: {Enum, EnumSet, Text},
	RoleDecidedOn: {DateType}, RoleValidFrom: {DateType}, RoleValidTo: {DateType}, RolePublicEnd: {DateType},
	RoleState: {Enum}, RoleAuthority: {Text}, RoleAuthorityCode: {USCC}, RoleSource: {Text}, RoleSourceCode: {USCC},
	RoleProcedure: {Enum}, RoleSeverity: {Enum}, RoleFine: {Number}, RoleConfiscated: {Number}, RoleRemark: {Text}, RoleDisclosure: {Enum},
	RoleRegion: {Division}, RoleFormerNames: {Text},
}

// checkRoles looks at what the fields mean, alone and together.
func (b *builder) checkRoles(it *Item, file string) {
	seen := make(map[Role]string)
	for i := range it.Fields {
		f := &it.Fields[i]
		if f.Role == "" {
			continue
		}
		types, ok := roleTypes[f.Role]
		if !ok {
			b.refuse(errRole, "%s：字段“%s”的含义“%s”不认识", file, f.Code, f.Role)
			continue
		}
		if !slices.Contains(types, f.Type) {
			b.refuse(errRole, "%s：字段“%s”：含义“%s”不能是 %s 类型", file, f.Code, f.Role, f.Type)
		}
		if other, twice := seen[f.Role]; twice {
			b.refuse(errDuplicateRole, "%s：字段“%s”和“%s”的含义都是“%s”", file, other, f.Code, f.Role)
			continue
		}
		seen[f.Role] = f.Code
	}
	need := []Role{RoleName, RoleDecidedOn, RoleSource, RoleSourceCode}
	kinds := kindsOf(it.SubjectKinds)
	if kinds&^kindBit(Person) != 0 {
		need = append(need, RoleUSCC)
	}
	if kinds&kindBit(Person) != 0 {
		need = append(need, RolePersonID, RolePersonIDType)
	}
	if kinds&kindBit(Person) != 0 && kinds != kindBit(Person) {
		need = append(need, RoleKind)
	}
	for _, r := range need {
		if _, ok := seen[r]; !ok {
			b.refuse(errMissingRole, "%s：目录项“%s”没有含义为“%s”的字段", file, it.Name, r)
		}
	}
}

// checkReferences looks at everything that names a field, a reason or a list value.
func (b *builder) checkReferences(it *Item, file string) {
	known := func(where, code string) bool {
		if _, ok := it.byCode[code]; ok {
			return true
		}
		b.refuse(errUnknownField, "%s：%s引用了没有的字段“%s”", file, where, code)
		return false
	}
	reason := func(where string, code int) {
		if _, ok := ReasonFor(code); !ok {
			b.refuse(errReasonCode, "%s：%s的原因编号 %d 不在编号表里", file, where, code)
		}
	}
	if len(it.NaturalKey) == 0 {
		b.refuse(errNaturalKey, "%s：没有写明 natural_key", file)
	}
	for _, code := range it.NaturalKey {
		if _, ok := it.byCode[code]; !ok {
			b.refuse(errNaturalKey, "%s：natural_key 里的“%s”不是本目录项的字段", file, code)
		}
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		where := "字段“" + f.Code + "”"
		for _, code := range []string{f.RequiredWith, f.AmountIn, f.EitherIn} {
			if code != "" {
				known(where, code)
			}
		}
		if c := f.RequiredIf; c != nil && known(where, c.Field) {
			b.checkCondition(it, f, c, file)
		}
	}
	for i, f := range it.Fills {
		b.checkFill(it, f, "第"+itoa(i+1)+"条 fill ", file, known)
	}
	for i, o := range it.Orders {
		where := "第" + itoa(i+1) + "条 order "
		if known(where, o.First) && known(where, o.Then) {
			for _, code := range []string{o.First, o.Then} {
				if it.Fields[it.byCode[code]].Type != DateType {
					b.refuse(errType, "%s：%s里的“%s”不是日期", file, where, code)
				}
			}
		}
		reason(where, o.Code)
	}
	for i, r := range it.Rules {
		where := "第" + itoa(i+1) + "条规则"
		known(where, r.Field)
		reason(where, r.Code)
		if r.Severity != Error && r.Severity != Warning {
			b.refuse(errSeverity, "%s：%s的 severity“%s”不认识", file, where, r.Severity)
		}
		if r.Message == "" {
			b.refuse(errItem, "%s：%s没有写明提示 message", file, where)
		}
	}
	for code := range it.Example {
		known("示例", code)
	}
}

func (b *builder) checkCondition(it *Item, f *Field, c *Condition, file string) {
	other := &it.Fields[it.byCode[c.Field]]
	list, ok := b.ed.Lists[other.List]
	if !ok || len(c.Any) == 0 {
		b.refuse(errUnknownList, "%s：字段“%s”的 required_if 要对照有代码表的字段并列出值", file, f.Code)
		return
	}
	for _, value := range c.Any {
		if list.Index(value) < 0 {
			b.refuse(errList, "%s：字段“%s”的 required_if：代码表“%s”没有值“%s”", file, f.Code, list.Name, value)
		}
	}
	for _, code := range []int{c.Code, c.ElseCode} {
		if code == 0 {
			continue
		}
		if _, ok := ReasonFor(code); !ok {
			b.refuse(errReasonCode, "%s：字段“%s”的原因编号 %d 不在编号表里", file, f.Code, code)
		}
	}
}

var fillSources = []string{sourceUnitCode, sourceUnitName, sourceKind, sourceIDType, sourceFine, sourceConfiscated}

func (b *builder) checkFill(it *Item, f Fill, where, file string, known func(where, code string) bool) {
	if known(where, f.Field) && f.From == sourceKind && it.Fields[it.byCode[f.Field]].Role != RoleKind {
		b.refuse(errRole, "%s：%s：derive.kind 只能用于相对人类别", file, where)
	}
	switch {
	case (f.From == "") == (f.Value == ""):
		b.refuse(errUnknownField, "%s：%s要么写 from，要么写 value", file, where)
	case f.From != "" && !slices.Contains(fillSources, f.From):
		known(where, f.From)
	case f.Move:
		b.refuse(errUnknownField, "%s：%s：move 只能用于另一个字段的值", file, where)
	}
	if f.Same != "" {
		known(where, f.Same)
	}
	if f.Template != "" && f.Template != Template2015 {
		b.refuse(errUnknownField, "%s：%s：没有模板“%s”", file, where, f.Template)
	}
	for _, k := range f.Kinds {
		if kindBit(k) == 0 {
			b.refuse(errKind, "%s：%s：主体类型“%s”不认识", file, where, k)
		}
	}
}
