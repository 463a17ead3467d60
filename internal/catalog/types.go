// Package catalog keeps the rule that nothing is collected without an item that says what may be
// collected, by whom, about whom, on which legal basis and disclosed to whom. Items are versioned data:
// a record keeps the edition it was checked under, and an item that breaks the law is refused when it is loaded.
package catalog

import (
	"gongxin/internal/clock"
)

// ItemCode is the short stable code of a catalogue item, such as XZXK.
type ItemCode string

// SubjectKind says what sort of subject a record is about.
type SubjectKind string

// The kinds of subjects (信用主体).
const (
	LegalEntity        SubjectKind = "legal_entity"        // 法人
	OtherOrg           SubjectKind = "other_org"           // 非法人组织
	IndividualBusiness SubjectKind = "individual_business" // 个体工商户
	Person             SubjectKind = "person"              // 自然人
)

// Class is the disclosure class of an item or a field. Person data is never Public.
type Class string

// The disclosure classes (Shandong 社会信用条例 art. 20: 公开公示, 授权查询, 政务共享).
const (
	Public     Class = "A" // 社会公开
	Authorised Class = "B" // 授权查询
	Shared     Class = "C" // 部门共享
)

// Polarity says whether a record speaks for, against or about its subject.
type Polarity string

// The polarities.
const (
	Positive Polarity = "positive"
	Negative Polarity = "negative"
	Neutral  Polarity = "neutral"
)

// FieldType is the type of a field's value; a type that is not listed refuses the catalogue.
type FieldType string

// The field types. Values are kept as normalised text.
const (
	Text     FieldType = "text"
	DateType FieldType = "date"    // 2026-03-02
	Number   FieldType = "number"  // decimal, Scale digits after the point
	Integer  FieldType = "integer" // whole number ≥ 0
	Enum     FieldType = "enum"    // one value of List
	EnumSet  FieldType = "enumset" // several values of List, stored joined by "、"
	USCC     FieldType = "uscc"    // GB 32100
	OrgCode  FieldType = "orgcode" // GB 11714
	RegNo    FieldType = "regno"   // 15 digits, GS 15
	IDDoc    FieldType = "iddoc"   // number of a person's identity document; its kind stands in the field with role person_id_type or rep_id_type
	Division FieldType = "division"
)

// Role tells the rest of the program what a field means, whatever its code is.
type Role string

// The roles. An item has at most one field of each.
const (
	RoleName          Role = "name"
	RoleKind          Role = "kind" // 相对人类别
	RoleUSCC          Role = "uscc"
	RoleRegNo         Role = "regno"
	RoleOrgCode       Role = "orgcode"
	RoleTaxNo         Role = "taxno"
	RoleInstNo        Role = "instno"
	RoleSocNo         Role = "socno"
	RoleRep           Role = "rep" // 法定代表人
	RoleRepIDType     Role = "rep_id_type"
	RoleRepID         Role = "rep_id"
	RolePersonIDType  Role = "person_id_type"
	RolePersonID      Role = "person_id"
	RoleDocNo         Role = "doc_no"
	RoleTitle         Role = "title" // what a list shows as the record's heading
	RoleContent       Role = "content"
	RoleCategory      Role = "category" // 许可类别, 处罚类别, …: the kind that the portal filters by
	RoleDecidedOn     Role = "decided_on"
	RoleValidFrom     Role = "valid_from"
	RoleValidTo       Role = "valid_to"
	RolePublicEnd     Role = "public_end" // only a shorter one than computed is accepted
	RoleState         Role = "state"
	RoleAuthority     Role = "authority"
	RoleAuthorityCode Role = "authority_code"
	RoleSource        Role = "source"
	RoleSourceCode    Role = "source_code"
	RoleProcedure     Role = "procedure" // 简易 / 普通
	RoleSeverity      Role = "severity"  // 轻微 / 一般 / 严重
	RoleFine          Role = "fine"      // 万元
	RoleConfiscated   Role = "confiscated"
	RoleRemark        Role = "remark"
	RoleRegion        Role = "region"       // division in which the subject is
	RoleFormerNames   Role = "former_names" // 曾用名, several joined by 、
	RoleDisclosure    Role = "disclosure"   // what the row itself allows to be shown (公开类型, 信息使用范围); see Item.RowClass
)

// Field describes one column of an item.
type Field struct {
	Code         string    `toml:"code"`
	Name         string    `toml:"name"`    // 中文名称
	Aliases      []string  `toml:"aliases"` // other headers: old template codes, spellings seen in departments
	Type         FieldType `toml:"type"`
	MaxLen       int       `toml:"max_len"` // runes; 0 = the type's own limit
	Scale        int       `toml:"scale"`   // digits after the point
	Required     bool      `toml:"required"`
	RequiredWhen string    `toml:"required_when"` // CEL over the row
	RequiredCode int       `toml:"required_code"` // reason number when RequiredWhen bites; 0 = 2002
	EmptyWhen    string    `toml:"empty_when"`    // CEL; a value is cleared with warning 2010
	List         string    `toml:"list"`          // name of a code list
	OpenList     bool      `toml:"open_list"`     // "其他-…" and the like are allowed
	Class        Class     `toml:"class"`         // default: the item's
	Mask         []int     `toml:"mask"`          // keep left, keep right
	Sensitive    bool      `toml:"sensitive"`     // sealed at rest, never public
	Role         Role      `toml:"role"`
	Note         string    `toml:"note"`
	Sure         string    `toml:"sure"` // seen, unconfirmed, uncertain: how sure the source of this row is

	// Plain shapes of rules, checked without CEL.
	Old          []string      `toml:"old"`           // headers of the 2015/16 template; a current column beside them wins
	Lax          bool          `toml:"lax"`           // in a row of the 2015/16 template a missing value is a warning
	Soft         bool          `toml:"soft"`          // a missing value is a warning in every template
	RequiredFor  []SubjectKind `toml:"required_for"`  // required for these kinds of subjects
	EmptyFor     []SubjectKind `toml:"empty_for"`     // cleared with warning 2010 for these kinds
	RequiredWith string        `toml:"required_with"` // required when that field has a value
	RequiredIf   *Condition    `toml:"required_if"`   // required when a set of kinds holds one of the named ones
	NotFuture    bool          `toml:"not_future"`    // a date after the day of receipt is refused
	LongTerm     bool          `toml:"long_term"`     // 长期 and the like mean 2099-12-31
	Unit         string        `toml:"unit"`          // unit of a number; the same word behind the number is dropped
	AmountIn     string        `toml:"amount_in"`     // field whose text should name the same amount (rule 2302)
	EitherIn     string        `toml:"either_in"`     // field whose text decides an old two-in-one list value
	Personal     bool          `toml:"personal"`      // about a natural person: never public
	Basis        string        `toml:"basis"`         // law and article that allow a conditional kind of personal data

	Index int `toml:"-"` // position in Item.Fields, and so in Values
}

// Basis is one legal basis with its period.
type Basis struct {
	Law     string     `toml:"law"`
	Article string     `toml:"article"`
	From    clock.Date `toml:"from"`
	To      clock.Date `toml:"to"`     // last day; 0 = still in force
	Covers  []string   `toml:"covers"` // conditional kinds of personal data that it allows by name
	Sure    string     `toml:"sure"`
}

// Condition makes a field required when the enumset Field holds one of Any.
type Condition struct {
	Field    string   `toml:"field"`
	Any      []string `toml:"any"`
	Code     int      `toml:"code"`      // reason number; 0 = 2002
	Positive bool     `toml:"positive"`  // zero is as good as empty
	ElseCode int      `toml:"else_code"` // warning when the field has a value above zero although none of Any is there
}

// FilingClock says by when a row must arrive after its decision date.
type FilingClock struct {
	WorkingDays int    `toml:"working_days"`
	MonthDay    int    `toml:"month_day"` // alternatively: by this day of the following month
	None        bool   `toml:"none"`      // or never: what is given of one's own accord is not late
	Sure        string `toml:"sure"`
}

// said counts which of the three were written.
func (c FilingClock) said() (n int) {
	for _, is := range []bool{c.WorkingDays > 0, c.MonthDay > 0, c.None} {
		if is {
			n++
		}
	}
	return n
}

// Rule is a cross-field rule in CEL; true means fine. It is evaluated when every field it names has a valid
// value, or always when Always is set.
type Rule struct {
	Code     int    `toml:"code"` // reason number
	Severity string `toml:"severity"`
	Expr     string `toml:"expr"`
	Field    string `toml:"field"`
	Message  string `toml:"message"`
	Fix      string `toml:"fix"`
	Always   bool   `toml:"always"`
}

// Fill gives Field a value when it is empty. From is the code of another field or a source of this list:
// unit.code and unit.name (the unit that files), derive.kind (相对人类别 from the identifiers),
// derive.id_type (身份证 when the number is one), derive.fine and derive.confiscated (万元, from the text of the
// decision). An old file that lacks a column of the current template is mended so, never by guessing.
type Fill struct {
	Field    string        `toml:"field"`
	From     string        `toml:"from"`
	Value    string        `toml:"value"`    // instead of From: this text
	Same     string        `toml:"same"`     // unit.code only: where this field is empty or names the same unit
	Template string        `toml:"template"` // only in rows of this template; empty = all
	Kinds    []SubjectKind `toml:"kinds"`    // only for these subject kinds; empty = all
	Move     bool          `toml:"move"`     // the source field is emptied
}

// Order says that one date may not lie after another; rows without one of the two are not concerned.
type Order struct {
	First  string `toml:"first"`
	Then   string `toml:"then"`
	Strict bool   `toml:"strict"` // the same day is refused too
	Code   int    `toml:"code"`   // reason number, reported at Then
}

// Item is one catalogue item of an edition.
type Item struct {
	Code          ItemCode      `toml:"code"`
	Name          string        `toml:"name"`
	Category      string        `toml:"category"`
	Chapter       int           `toml:"chapter"` // chapter of the standard report it is shown under: 1…10, 11 = what local regulations add
	SubjectKinds  []SubjectKind `toml:"subject_kinds"`
	Class         Class         `toml:"class"`
	Polarity      Polarity      `toml:"polarity"`
	Basis         []Basis       `toml:"basis"`
	Providers     []string      `toml:"providers"`      // words, for people
	ProviderCodes []string      `toml:"provider_codes"` // unified codes; empty = any registered agency
	Establishes   bool          `toml:"establishes"`    // rows establish and change subjects (DJJC)
	NaturalKey    []string      `toml:"natural_key"`    // field codes; the subject is always part of it
	Clock         FilingClock   `toml:"clock"`
	Publicity     string        `toml:"publicity"` // name of a publicity rule: penalty, licence, listing, standing, none …
	Retention     string        `toml:"retention"`
	Summary       string        `toml:"summary"`
	Fields        []Field       `toml:"field"`
	Fills         []Fill        `toml:"fill"`
	Rules         []Rule        `toml:"rule"`
	Orders        []Order       `toml:"order"`
	Note          string        `toml:"note"`
	Sure          string        `toml:"sure"`

	// Example is one made-up row that passes: field code to value. Loading checks it.
	Example map[string]string `toml:"example"`

	Edition string `toml:"-"`
	compiled
}

// Values is one row in the order of Item.Fields: normalised text, empty for absent.
type Values []string

// Severity of a reason.
const (
	Error   = "error"
	Warning = "warning"
)

// Reason is one numbered fault of one cell (or of the row when Field is empty). Message and Fix never
// repeat personal data.
type Reason struct {
	Field    string `json:"field,omitempty"`
	Code     int    `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

// CheckInput is what a check needs beside the row. It holds no database.
type CheckInput struct {
	Received      clock.Date             // the day the row was received, in China
	Template      string                 // HeaderMap.Template of the file; empty = current
	UnitCode      string                 // unified code of the filing unit, for fills of old templates
	UnitName      string                 // its name
	LegacyAllowed func(uscc string) bool // allow-list of pilot-era codes; nil = none
	Kind          *SubjectKind           // out: the subject kind that the row names
}
