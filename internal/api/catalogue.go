package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

// ItemSummary is one line of the catalogue.
type ItemSummary struct {
	Code         catalog.ItemCode      `json:"code" doc:"事项代码" example:"XZCF"`
	Name         string                `json:"name" doc:"事项名称" example:"行政处罚"`
	Category     string                `json:"category" doc:"信息类别"`
	Chapter      int                   `json:"chapter" doc:"在信用报告中的章（1–10）"`
	Class        catalog.Class         `json:"class" enum:"A,B,C" doc:"披露方式：A 社会公开，B 授权查询，C 部门共享"`
	Polarity     catalog.Polarity      `json:"polarity" enum:"positive,negative,neutral" doc:"信息性质"`
	SubjectKinds []catalog.SubjectKind `json:"subjectKinds" doc:"适用的主体：legal_entity 法人，other_org 非法人组织，individual_business 个体工商户，person 自然人"`
	Summary      string                `json:"summary" doc:"一句话说明"`
	Edition      string                `json:"edition" doc:"目录版本"`
}

// Item is one item of the catalogue in force, with everything that decides about a row.
type Item struct {
	ItemSummary
	ChapterName   string              `json:"chapterName" doc:"章名"`
	Basis         []ItemBasis         `json:"basis" doc:"归集的法律依据"`
	Providers     []string            `json:"providers" doc:"数据提供单位"`
	ProviderCodes []string            `json:"providerCodes" doc:"可以报送的单位的统一社会信用代码；空表示任何已登记的单位"`
	NaturalKey    []string            `json:"naturalKey" doc:"与主体一起决定“同一条记录”的字段：相同即为更新或重复"`
	Clock         ItemClock           `json:"clock" doc:"报送时限"`
	Publicity     string              `json:"publicity" doc:"公示规则的名称"`
	Retention     string              `json:"retention" doc:"保存期限"`
	Note          string              `json:"note,omitempty" doc:"备注"`
	Fields        []ItemField         `json:"fields" doc:"字段，按目录的顺序"`
	Rules         []ItemRule          `json:"rules" doc:"跨字段规则"`
	Lists         map[string]CodeList `json:"lists" doc:"字段用到的代码表，按名称"`
	Example       map[string]string   `json:"example" doc:"一行编造的、能通过校验的例子：字段代码到值"`
}

// ItemBasis is one legal basis.
type ItemBasis struct {
	Law     string `json:"law" doc:"法律法规或文件"`
	Article string `json:"article" doc:"条款"`
	From    Day    `json:"from" doc:"施行日期"`
	To      Day    `json:"to" doc:"失效前的最后一日；null 为现行有效"`
}

// ItemClock is by when a row must arrive.
type ItemClock struct {
	WorkingDays int `json:"workingDays,omitempty" doc:"自决定次日起算的工作日数"`
	MonthDay    int `json:"monthDay,omitempty" doc:"次月的这一日之前"`
}

// ItemField is one column of an item.
type ItemField struct {
	Code         string                `json:"code" doc:"字段代码" example:"CF_WSH"`
	Name         string                `json:"name" doc:"中文名称" example:"行政处罚决定书文号"`
	Aliases      []string              `json:"aliases" doc:"也认识的表头"`
	Old          []string              `json:"old" doc:"2015/16 年旧模板的表头"`
	Type         catalog.FieldType     `json:"type" doc:"类型：text 文字，date 日期，number 小数，integer 整数，enum 单选，enumset 多选，uscc 统一社会信用代码，orgcode 组织机构代码，regno 注册号，iddoc 证件号码，division 行政区划代码"`
	MaxLen       int                   `json:"maxLength,omitempty" doc:"最多字符数"`
	Scale        int                   `json:"scale,omitempty" doc:"小数位数"`
	Unit         string                `json:"unit,omitempty" doc:"单位"`
	Required     bool                  `json:"required" doc:"一律必填"`
	RequiredFor  []catalog.SubjectKind `json:"requiredFor" doc:"对这些主体必填"`
	RequiredWith string                `json:"requiredWith,omitempty" doc:"该字段有值时必填"`
	RequiredWhen string                `json:"requiredWhen,omitempty" doc:"此 CEL 条件成立时必填"`
	EmptyFor     []catalog.SubjectKind `json:"emptyFor" doc:"对这些主体应为空"`
	List         string                `json:"list,omitempty" doc:"代码表的名称"`
	OpenList     bool                  `json:"openList,omitempty" doc:"可以填“其他-……”"`
	Class        catalog.Class         `json:"class" enum:"A,B,C" doc:"字段的披露方式"`
	Mask         []int                 `json:"mask" doc:"公开时只留前几位和后几位；空为不遮盖"`
	Sensitive    bool                  `json:"sensitive,omitempty" doc:"加密保存，从不公开"`
	Role         catalog.Role          `json:"role,omitempty" doc:"字段的含义"`
	Note         string                `json:"note,omitempty" doc:"说明"`
}

// ItemRule is one rule over several fields.
type ItemRule struct {
	Code     int    `json:"code" doc:"原因编号，见 /catalog/reasons"`
	Severity string `json:"severity" doc:"error 拒收，warning 提醒"`
	Field    string `json:"field,omitempty" doc:"报在哪个字段"`
	Expr     string `json:"expr,omitempty" doc:"CEL 表达式，成立为符合"`
	First    string `json:"first,omitempty" doc:"日期先后规则：不晚于 then 的字段"`
	Then     string `json:"then,omitempty" doc:"日期先后规则：不早于 first 的字段"`
	Strict   bool   `json:"strict,omitempty" doc:"同一天也不行"`
	Message  string `json:"message,omitempty" doc:"说明"`
	Fix      string `json:"fix,omitempty" doc:"怎样修改"`
}

// CodeList is a code list with its values.
type CodeList struct {
	Title  string      `json:"title" doc:"名称"`
	Open   string      `json:"open,omitempty" doc:"后面要写明内容的值，如 其他"`
	Values []CodeValue `json:"values" doc:"值"`
}

// CodeValue is one value of a code list.
type CodeValue struct {
	Name    string   `json:"name" doc:"值"`
	Code    string   `json:"code,omitempty" doc:"代码"`
	Aliases []string `json:"aliases" doc:"也认识的写法"`
}

// List is a whole list in one answer, or one page of it.
type List[T any] struct {
	Items []T    `json:"items" doc:"内容"`
	Next  string `json:"next,omitempty" doc:"下一页的 cursor；最后一页没有"`
}

// tagged is an answer that may be kept and asked for again by its tag.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// IfTag lets a caller name the tag of what it has.
type IfTag struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"400" doc:"已有内容的 ETag；没有变化则回答 304"`
}

func (s *server) catalogueRoutes() {
	register(s, public(authz.CatalogRead), route{Operation: huma.Operation{
		OperationID: "list-items", Method: http.MethodGet, Path: "/catalog/items", Tags: []string{tagCatalogue},
		Summary: "现行目录的全部事项",
	}}, s.items)
	register(s, public(authz.CatalogRead), route{Operation: huma.Operation{
		OperationID: "get-item", Method: http.MethodGet, Path: "/catalog/items/{item}", Tags: []string{tagCatalogue},
		Summary: "一个事项：依据、字段、规则、代码表、时限、公示规则",
	}}, s.item)
	register(s, public(authz.CatalogRead), route{Operation: huma.Operation{
		OperationID: "list-reasons", Method: http.MethodGet, Path: "/catalog/reasons", Tags: []string{tagCatalogue},
		Summary: "校验原因编号对照表",
	}}, s.reasons)
}

func (s *server) edition() *catalog.Edition { return s.Catalogue.Current(clock.Today(s.Clock)) }

// tag names what an edition answers under this program.
func (s *server) tag(e *catalog.Edition, part string) string {
	hash := e.Hash
	if len(hash) > 16 {
		hash = hash[:16]
	}
	return `"` + strings.Map(tagRune, e.ID+"-"+hash+"-"+part+"-"+s.Version) + `"`
}

// tagRune keeps what may stand in an entity tag (RFC 9110 §8.8.3).
func tagRune(r rune) rune {
	if r <= ' ' || r == '"' || r > '~' {
		return '_'
	}
	return r
}

// notModified is the answer to a caller that has it already.
type notModified struct{ tag string }

func (n *notModified) Error() string           { return "not modified" }
func (n *notModified) GetStatus() int          { return http.StatusNotModified }
func (n *notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.tag}} }

// has reports whether the caller holds the tag (weak comparison, RFC 9110 §13.1.2).
func (i IfTag) has(tag string) bool {
	for t := range strings.SplitSeq(i.IfNoneMatch, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

func (s *server) items(_ context.Context, in *IfTag) (*tagged[List[ItemSummary]], error) {
	e := s.edition()
	tag := s.tag(e, "items")
	if in.has(tag) {
		return nil, &notModified{tag}
	}
	out := &tagged[List[ItemSummary]]{ETag: tag, Body: List[ItemSummary]{Items: make([]ItemSummary, 0, len(e.Items))}}
	for _, item := range e.Items {
		out.Body.Items = append(out.Body.Items, summaryOf(item))
	}
	return out, nil
}

type itemInput struct {
	IfTag
	Item string `path:"item" maxLength:"20" doc:"事项代码" example:"XZCF"`
}

func (s *server) item(_ context.Context, in *itemInput) (*tagged[Item], error) {
	e := s.edition()
	item, ok := e.Item(catalog.ItemCode(in.Item))
	if !ok {
		return nil, publish.ErrNoItem
	}
	tag := s.tag(e, in.Item)
	if in.has(tag) {
		return nil, &notModified{tag}
	}
	return &tagged[Item]{ETag: tag, Body: itemOf(e, item)}, nil
}

func (s *server) reasons(_ context.Context, in *IfTag) (*tagged[List[catalog.ReasonInfo]], error) {
	tag := s.tag(s.edition(), "reasons")
	if in.has(tag) {
		return nil, &notModified{tag}
	}
	return &tagged[List[catalog.ReasonInfo]]{ETag: tag, Body: List[catalog.ReasonInfo]{Items: catalog.Reasons()}}, nil
}

func summaryOf(item *catalog.Item) ItemSummary {
	return ItemSummary{
		Code: item.Code, Name: item.Name, Category: item.Category, Chapter: item.Chapter, Class: item.Class, Polarity: item.Polarity,
		SubjectKinds: filled(item.SubjectKinds), Summary: item.Summary, Edition: item.Edition,
	}
}

func itemOf(e *catalog.Edition, item *catalog.Item) Item {
	out := Item{
		ItemSummary: summaryOf(item), ChapterName: e.ChapterName(item.Chapter), Basis: make([]ItemBasis, 0, len(item.Basis)),
		Providers: filled(item.Providers), ProviderCodes: filled(item.ProviderCodes), NaturalKey: filled(item.NaturalKey),
		Clock:     ItemClock{WorkingDays: item.Clock.WorkingDays, MonthDay: item.Clock.MonthDay},
		Publicity: item.Publicity, Retention: item.Retention, Note: item.Note, Fields: make([]ItemField, 0, len(item.Fields)),
		Rules: make([]ItemRule, 0, len(item.Rules)+len(item.Orders)), Lists: map[string]CodeList{}, Example: item.Example,
	}
	if out.Example == nil {
		out.Example = map[string]string{}
	}
	for _, b := range item.Basis {
		out.Basis = append(out.Basis, ItemBasis{Law: b.Law, Article: b.Article, From: Day(b.From), To: Day(b.To)})
	}
	for i := range item.Fields {
		f := &item.Fields[i]
		out.Fields = append(out.Fields, fieldOf(item, f))
		if l, ok := e.Lists[f.List]; ok {
			out.Lists[f.List] = listOf(l)
		}
	}
	for _, r := range item.Rules {
		out.Rules = append(out.Rules, ItemRule{Code: r.Code, Severity: r.Severity, Field: r.Field, Expr: r.Expr, Message: r.Message, Fix: r.Fix})
	}
	for _, o := range item.Orders {
		out.Rules = append(out.Rules, ItemRule{Code: o.Code, Severity: catalog.Error, Field: o.Then, First: o.First, Then: o.Then, Strict: o.Strict})
	}
	return out
}

func fieldOf(item *catalog.Item, f *catalog.Field) ItemField {
	return ItemField{
		Code: f.Code, Name: f.Name, Aliases: filled(f.Aliases), Old: filled(f.Old), Type: f.Type, MaxLen: f.MaxLen, Scale: f.Scale, Unit: f.Unit,
		Required: f.Required, RequiredFor: filled(f.RequiredFor), RequiredWith: f.RequiredWith, RequiredWhen: f.RequiredWhen, EmptyFor: filled(f.EmptyFor),
		List: f.List, OpenList: f.OpenList, Class: item.FieldClass(f), Mask: filled(f.Mask), Sensitive: f.Sensitive, Role: f.Role, Note: f.Note,
	}
}

func listOf(l *catalog.List) CodeList {
	out := CodeList{Title: l.Title, Open: l.Open, Values: make([]CodeValue, 0, len(l.Values))}
	for _, v := range l.Values {
		out.Values = append(out.Values, CodeValue{Name: v.Name, Code: v.Code, Aliases: filled(v.Aliases)})
	}
	return out
}
