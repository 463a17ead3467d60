package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// Record is one record as everyone may see it.
type Record struct {
	ID          string                `json:"id" doc:"记录编号"`
	Item        catalog.ItemCode      `json:"item" doc:"事项代码" example:"XZCF"`
	ItemName    string                `json:"itemName" doc:"事项名称"`
	Class       catalog.Class         `json:"class" enum:"A,B,C" doc:"披露方式；公开查询只有 A"`
	Status      string                `json:"status" doc:"记录状态：active 有效"`
	Disputed    bool                  `json:"disputed,omitempty" doc:"异议中：已受理对它的异议，还没有处理完"`
	Subject     SubjectRef            `json:"subject" doc:"所属主体"`
	Title       string                `json:"title" doc:"标题"`
	DocNo       string                `json:"docNo,omitempty" doc:"文书号"`
	Categories  []string              `json:"categories" doc:"类别，如 罚款、没收违法所得"`
	Body        map[string]string     `json:"body" doc:"公开的字段：字段代码到值。日期 2026-03-02，2099-12-31 为长期；金额以万元计"`
	Fields      []RecordField         `json:"fields" doc:"同样的字段，按目录的顺序，带中文名称和给人看的写法"`
	DecidedOn   Day                   `json:"decidedOn" doc:"决定日期"`
	PublicFrom  Day                   `json:"publicFrom" doc:"公示开始的日期"`
	PublicUntil Day                   `json:"publicUntil" doc:"不再公示的第一天（公示的最后一天是它的前一天）；null 为没有期限"`
	Authority   string                `json:"authority" doc:"作出决定的机关"`
	Source      publish.Source        `json:"source" doc:"数据来源单位"`
	Severity    string                `json:"severity,omitempty" doc:"失信程度：minor 轻微，ordinary 一般，serious 严重"`
	RuleSet     string                `json:"ruleSet,omitempty" doc:"计算公示期所依据的规则集"`
	WindowWhy   string                `json:"windowWhy,omitempty" doc:"公示期的依据，一句话"`
	Edition     string                `json:"edition" doc:"校验所依据的目录版本"`
	Version     int                   `json:"version" doc:"第几版；更正和更新都是新的一版"`
	RecordedAt  time.Time             `json:"recordedAt" doc:"这一版入库的时刻"`
	Versions    []publish.VersionMark `json:"versions,omitempty" doc:"历次版本，不含内容；只在查询单条记录时给出"`
}

// RecordField is one visible field of a record.
type RecordField struct {
	Code   string `json:"code" doc:"字段代码"`
	Name   string `json:"name" doc:"中文名称"`
	Value  string `json:"value" doc:"值，与 body 中相同"`
	Shown  string `json:"shown" doc:"给人看的写法，如 长期、0.2万元"`
	Masked bool   `json:"masked,omitempty" doc:"部分内容已遮盖"`
}

func recordOf(v *publish.RecordView) Record {
	r := Record{
		ID: v.ID, Item: v.Item, ItemName: v.ItemName, Class: v.Class, Status: v.Status, Disputed: v.Disputed, Subject: refOf(v.Subject), Title: v.Title, DocNo: v.DocNo,
		Categories: filled(v.Categories), Body: make(map[string]string, len(v.Fields)), Fields: make([]RecordField, 0, len(v.Fields)),
		DecidedOn: Day(v.DecidedOn), PublicFrom: Day(v.PublicFrom), PublicUntil: Day(v.PublicUntil), Authority: v.Authority, Source: v.Source,
		Severity: v.Severity, RuleSet: v.RuleSet, WindowWhy: v.WindowWhy, Edition: v.Edition, Version: v.Version, RecordedAt: v.RecordedAt, Versions: v.Versions,
	}
	for _, f := range v.Fields {
		r.Body[f.Code] = f.Value
		r.Fields = append(r.Fields, RecordField{Code: f.Code, Name: f.Name, Value: f.Value, Shown: f.Shown, Masked: f.Masked})
	}
	return r
}

// column is a page of a public column, each record as GET /records/{id} gives it but for its history.
type column struct {
	List[Record]
	About *int `json:"about,omitempty" doc:"筛选结果大约有多少条；不知道时没有"`
}

type recordInput struct {
	Moment
	ID string `path:"id" maxLength:"64" doc:"记录编号"`
}

type columnInput struct {
	Paging
	Item     string `query:"item" required:"true" maxLength:"20" doc:"事项代码" example:"XZCF"`
	Agency   string `query:"agency" maxLength:"40" doc:"来源单位的统一社会信用代码"`
	Region   string `query:"region" pattern:"^[0-9]{2,6}$" patternDescription:"2 至 6 位数字的行政区划代码" doc:"行政区划代码，包括其下级"`
	Category string `query:"category" maxLength:"60" doc:"类别，取值见 /columns/{item}/facets" example:"罚款"`
	From     string `query:"from" maxLength:"40" doc:"决定日期不早于" example:"2026-01-01"`
	To       string `query:"to" maxLength:"40" doc:"决定日期不晚于" example:"2026-03-31"`
}

type facetsInput struct {
	Item string `path:"item" maxLength:"20" doc:"事项代码" example:"XZCF"`
}

// Statistics are the public figures.
type Statistics struct {
	AsOf      *time.Time            `json:"asOf" doc:"统计时刻；null 为尚未统计"`
	Subjects  int                   `json:"subjects" doc:"主体数，不含自然人"`
	Records   int                   `json:"records" doc:"公开记录数"`
	ByItem    []publish.ItemCount   `json:"byItem" doc:"按事项"`
	ByRegion  []publish.RegionCount `json:"byRegion" doc:"按行政区划"`
	Trend     []publish.MonthCount  `json:"trend" doc:"近 24 个月按决定日期的许可和处罚"`
	ByKind    []publish.Facet       `json:"byKind" doc:"按主体类型"`
	Penalties []publish.Facet       `json:"penalties" doc:"按处罚类别"`
	Licences  []publish.Facet       `json:"licences" doc:"按许可类别"`
	Agencies  []publish.Facet       `json:"agencies" doc:"记录最多的来源单位"`
}

func (s *server) recordRoutes() {
	register(s, public(authz.RecordRead), route{Operation: huma.Operation{
		OperationID: "get-record", Method: http.MethodGet, Path: "/records/{id}", Tags: []string{tagPublic},
		Summary: "一条公开记录，带版本历史",
	}}, s.record)
	register(s, public(authz.ColumnRead), route{search: true, Operation: huma.Operation{
		OperationID: "list-records", Method: http.MethodGet, Path: "/records", Tags: []string{tagPublic},
		Summary:     "公示栏目：一个事项的公开记录，按决定日期从新到旧",
		Description: "每条都有公开的全部字段，与查询单条记录相同，只是不带版本历史。要整个事项的数据，请用开放数据下载 /open-data/{item}.ndjson 或 .csv，不要逐页抓取。",
	}}, s.column)
	register(s, public(authz.ColumnRead), route{Operation: huma.Operation{
		OperationID: "get-facets", Method: http.MethodGet, Path: "/columns/{item}/facets", Tags: []string{tagPublic},
		Summary: "公示栏目的筛选项及条数",
	}}, s.facets)
	register(s, public(authz.StatisticsRead), route{Operation: huma.Operation{
		OperationID: "get-stats", Method: http.MethodGet, Path: "/stats", Tags: []string{tagPublic},
		Summary: "公开统计",
	}}, s.stats)
}

func (s *server) record(ctx context.Context, in *recordInput) (*body[Record], error) {
	at, err := in.at(s.Clock.Now())
	if err != nil {
		return nil, err
	}
	v, err := s.Reader.Record(ctx, in.ID, at)
	if err != nil {
		return nil, err
	}
	return &body[Record]{recordOf(v)}, nil
}

var errAgency = fault.New(fault.Invalid, "api.agency", "参数 agency 不是已登记单位的统一社会信用代码", "可选的单位见 GET "+prefix+"/columns/{item}/facets")

func (s *server) column(ctx context.Context, in *columnInput) (*body[column], error) {
	f := publish.ListFilter{Agency: in.Agency, Region: in.Region, Category: in.Category}
	var err error
	if f.From, err = parseDay("from", in.From); err != nil {
		return nil, err
	}
	if f.To, err = parseDay("to", in.To); err != nil {
		return nil, err
	}
	if !f.From.IsZero() && !f.To.IsZero() && f.From > f.To {
		return nil, errDates
	}
	page, err := s.Reader.ListRecords(ctx, catalog.ItemCode(in.Item), f, in.Cursor, in.limit())
	if errors.Is(err, agency.ErrUnknown) || errors.Is(err, agency.ErrCode) {
		return nil, errAgency
	}
	if err != nil {
		return nil, err
	}
	out := &body[column]{Body: column{List: List[Record]{Items: make([]Record, 0, len(page.Records)), Next: page.Next}}}
	if page.About >= 0 {
		out.Body.About = &page.About
	}
	for i := range page.Records {
		out.Body.Items = append(out.Body.Items, recordOf(&page.Records[i]))
	}
	return out, nil
}

func (s *server) facets(ctx context.Context, in *facetsInput) (*body[publish.Facets], error) {
	f, err := s.Reader.Facets(ctx, catalog.ItemCode(in.Item))
	if err != nil {
		return nil, err
	}
	return &body[publish.Facets]{publish.Facets{Agencies: filled(f.Agencies), Regions: filled(f.Regions), Categories: filled(f.Categories)}}, nil
}

func (s *server) stats(ctx context.Context, _ *struct{}) (*body[Statistics], error) {
	v, err := s.Reader.Stats(ctx)
	if err != nil {
		return nil, err
	}
	out := Statistics{
		Subjects: v.Subjects, Records: v.Records, ByItem: filled(v.ByItem), ByRegion: filled(v.ByRegion), Trend: filled(v.Trend),
		ByKind: filled(v.ByKind), Penalties: filled(v.Penalties), Licences: filled(v.Licences), Agencies: filled(v.Agencies),
	}
	if !v.AsOf.IsZero() {
		at := v.AsOf.In(clock.Zone)
		out.AsOf = &at
	}
	return &body[Statistics]{out}, nil
}
