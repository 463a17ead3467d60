package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// Subject is what everyone may see of a subject.
type Subject struct {
	SubjectRef
	RegionName  string                 `json:"regionName" doc:"行政区划名称"`
	Provisional bool                   `json:"provisional" doc:"由报送数据建立，登记信息尚未归集"`
	FormerNames []publish.FormerName   `json:"formerNames" doc:"曾用名及停用日期"`
	Basics      []publish.Pair         `json:"basics" doc:"登记信息中公开的内容"`
	Chapters    []publish.ChapterCount `json:"chapters" doc:"按信用报告章节的公开记录数，没有记录的章节也列出"`
	UpdatedAt   time.Time              `json:"updatedAt" doc:"最近一次变更的时刻"`
	Disclosure  *SubjectDisclosure     `json:"disclosure,omitempty" doc:"按事项或授权能看到多少；没有写明的，回答里没有这一项"`
}

// SubjectRef names a subject.
type SubjectRef struct {
	Code   string              `json:"code" doc:"统一社会信用代码"`
	Name   string              `json:"name" doc:"名称"`
	Kind   catalog.SubjectKind `json:"kind" enum:"legal_entity,other_org,individual_business,person" doc:"法人、非法人组织、个体工商户；自然人（person）从不公开，只在按事项或授权查询时出现，名称已遮盖，代码为空"`
	Region string              `json:"region" doc:"行政区划代码"`
	Status string              `json:"status" doc:"登记状态：active 存续，cancelled 注销，revoked 吊销，moved 迁出，unknown 尚无登记信息"`
}

func refOf(r publish.SubjectRef) SubjectRef {
	return SubjectRef{Code: r.Code, Name: r.Name, Kind: r.Kind, Region: r.Region, Status: r.Status}
}

// Hit is one answer of the search.
type Hit struct {
	SubjectRef
	RegionName string   `json:"regionName" doc:"行政区划名称"`
	Former     string   `json:"former,omitempty" doc:"命中的曾用名"`
	How        string   `json:"how" doc:"怎样命中：exact、code、prefix、contains、words、initials、fuzzy"`
	Marks      [][2]int `json:"marks,omitempty" doc:"名称中命中的字的起止序号"`
	Records    int      `json:"records" doc:"公开记录数"`
}

// hits is a page of the search.
type hits struct {
	List[Hit]
	Total int    `json:"total" doc:"命中总数"`
	Exact bool   `json:"exact" doc:"total 是准确数；否则为至少这么多"`
	Note  string `json:"note,omitempty" doc:"说明"`
}

type body[T any] struct{ Body T }

type searchInput struct {
	Paging
	Q string `query:"q" required:"true" minLength:"1" maxLength:"100" doc:"名称（两个字起，可以是几个词）、统一社会信用代码或名称的拼音首字母" example:"临溪建筑"`
}

// SubjectInput names a subject and a moment.
type SubjectInput struct {
	Moment
	Code string `path:"code" maxLength:"64" doc:"统一社会信用代码"`
}

type subjectInput struct {
	SubjectInput
	Asking
}

type subjectRecordsInput struct {
	SubjectInput
	Asking
	Paging
	Item string `query:"item" maxLength:"20" doc:"只要这个事项；不写为全部" example:"XZCF"`
}

func (s *server) subjectRoutes() {
	register(s, public(authz.SubjectSearch), route{search: true, Operation: huma.Operation{
		OperationID: "search-subjects", Method: http.MethodGet, Path: "/subjects", Tags: []string{tagPublic},
		Summary: "查询主体", Description: "按名称、统一社会信用代码或拼音首字母查询法人、非法人组织和个体工商户。允许错一个字或漏一个字。自然人查不到。",
	}}, s.search)
	register(s, withPurpose(authz.SubjectRead), route{Operation: huma.Operation{
		OperationID: "get-subject", Method: http.MethodGet, Path: "/subjects/{code}", Tags: []string{tagPublic},
		Summary: "一个主体的公开信息；写明事项或授权的，加上按事项或授权能看到的条数", Description: purposeWords,
	}}, s.subject)
	register(s, withPurpose(authz.SubjectRead), route{Operation: huma.Operation{
		OperationID: "list-subject-records", Method: http.MethodGet, Path: "/subjects/{code}/records", Tags: []string{tagPublic},
		Summary: "一个主体的记录，按决定日期从新到旧；写明事项或授权的，是按事项或授权能看到的记录", Description: purposeWords,
	}}, s.subjectRecords)
}

func (s *server) search(ctx context.Context, in *searchInput) (*body[hits], error) {
	page, err := s.Reader.Search(ctx, in.Q, in.Cursor, in.limit())
	if err != nil {
		return nil, err
	}
	out := &body[hits]{Body: hits{List: List[Hit]{Items: make([]Hit, 0, len(page.Hits)), Next: page.Next}, Total: page.Total, Exact: page.Exact, Note: page.Note}}
	for i := range page.Hits {
		h := &page.Hits[i]
		out.Body.Items = append(out.Body.Items, Hit{SubjectRef: refOf(h.SubjectRef), RegionName: h.RegionName, Former: h.Former, How: h.How, Marks: h.Marks, Records: h.Records})
	}
	return out, nil
}

func (s *server) subject(ctx context.Context, in *subjectInput) (*body[Subject], error) {
	at, err := in.at(s.Clock.Now())
	if err != nil {
		return nil, err
	}
	p, asks, err := s.purpose(ctx, in.Asking)
	if err != nil {
		return nil, err
	}
	v, err := s.Reader.Subject(ctx, in.Code, at)
	if asks && (err == nil || fault.KindOf(err) == fault.NotFound) { // also a subject that is not there leaves an entry
		return s.discloseSubject(ctx, publish.Ask{Subject: publish.Whom{Code: in.Code}, Purpose: p, AsOf: at}, v)
	}
	if err != nil {
		return nil, err
	}
	return &body[Subject]{subjectOf(v)}, nil
}

func subjectOf(v *publish.SubjectView) Subject {
	out := Subject{
		SubjectRef: refOf(v.SubjectRef), RegionName: v.RegionName, Provisional: v.Provisional, FormerNames: filled(v.FormerNames),
		Basics: filled(v.Basics), Chapters: make([]publish.ChapterCount, len(v.Chapters)), UpdatedAt: v.UpdatedAt,
	}
	for i, c := range v.Chapters {
		c.Items = filled(c.Items)
		out.Chapters[i] = c
	}
	return out
}

// subjectRecords is a page of a subject's records.
type subjectRecords struct {
	List[Record]
	Disclosure *Disclosure `json:"disclosure,omitempty" doc:"凭什么看到、记在哪一笔；没有这一项的，是公开的内容"`
}

func (s *server) subjectRecords(ctx context.Context, in *subjectRecordsInput) (*body[subjectRecords], error) {
	at, err := in.at(s.Clock.Now())
	if err != nil {
		return nil, err
	}
	p, asks, err := s.purpose(ctx, in.Asking)
	if err != nil {
		return nil, err
	}
	if asks {
		ask := publish.Ask{Subject: publish.Whom{Code: in.Code}, Purpose: p, AsOf: at, Cursor: in.Cursor, Limit: in.limit()}
		if in.Item != "" {
			ask.Items = []catalog.ItemCode{catalog.ItemCode(in.Item)}
		}
		a, err := s.disclose(ctx, ask)
		if err != nil {
			return nil, err
		}
		d := disclosureOf(a, p)
		return &body[subjectRecords]{subjectRecords{List[Record]{Items: recordsOf(a.Records), Next: a.Next}, &d}}, nil
	}
	views, next, err := s.Reader.SubjectRecords(ctx, in.Code, catalog.ItemCode(in.Item), at, in.Cursor, in.limit())
	if err != nil {
		return nil, err
	}
	return &body[subjectRecords]{subjectRecords{List: List[Record]{Items: recordsOf(views), Next: next}}}, nil
}

func recordsOf(views []publish.RecordView) []Record {
	out := make([]Record, 0, len(views))
	for i := range views {
		out = append(out, recordOf(&views[i]))
	}
	return out
}
