package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
)

// Objections keeps objections; *objection.Service does. It decides every step once more.
type Objections interface {
	Submit(ctx context.Context, in objection.Submission) (objection.Objection, error)
	ByNo(ctx context.Context, no string) (objection.Objection, error)
	List(ctx context.Context, f objection.Filter) ([]objection.Objection, error)
}

// ObjectionCases keeps the procedures; *flow.Engine does.
type ObjectionCases interface {
	Get(ctx context.Context, id int64) (*flow.Case, error)
	Table(kind string) *flow.Table
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
}

const tagObjections = "异议"

// NewObjection is an objection as a subject hands it in.
type NewObjection struct {
	Subject   string `json:"subject,omitempty" maxLength:"64" doc:"以哪个企业的名义提出（统一社会信用代码）；账号只认领一个主体的可以不写，居民不写" example:"91990102MA0A00014H"`
	Kind      string `json:"kind" enum:"record,window,entry,repair,evaluation" doc:"对什么：record 信息内容，window 公示期，entry 名单条目，repair 修复结果；evaluation 信用评价还没有开通" example:"record"`
	Target    string `json:"target" minLength:"1" maxLength:"64" doc:"记录编号，或者名单条目编号" example:"0R2WBK9NH9CSJ0R2WBK9NH9CSM"`
	Ask       string `json:"ask" enum:"correct,complete,delete,shorten,remove,redo,other" doc:"希望：correct 更正，complete 补充，delete 删除或者停止公示，shorten 缩短公示期，remove 移出名单，redo 重新办理修复，other 其他" example:"correct"`
	Statement string `json:"statement" minLength:"5" maxLength:"1900" doc:"哪里有误、应当是什么；不能含有身份证件号码" example:"罚款金额应为 1 万元"`
}

// ObjectionView is an objection as its subject sees it.
type ObjectionView struct {
	No         string          `json:"no" doc:"编号" example:"YY20260302-042137"`
	Kind       string          `json:"kind" doc:"对什么"`
	Target     string          `json:"target" doc:"记录编号，或者名单条目编号"`
	Title      string          `json:"title" doc:"信息事项或者名单的名称"`
	Ask        string          `json:"ask" doc:"希望怎么处理"`
	State      string          `json:"state" enum:"submitted,supplement,accepted,referred,verified,unproven,answered,reviewing,closed,refused,withdrawn,lapsed" doc:"状态"`
	StateName  string          `json:"stateName" doc:"状态的名称"`
	ReceivedOn clock.Date      `json:"receivedOn" doc:"收到日期，答复期限从次日起算"`
	AnswerBy   clock.Date      `json:"answerBy" doc:"最迟答复的日期"`
	Due        clock.Date      `json:"due,omitzero" doc:"下一步最迟的日期"`
	Disputed   bool            `json:"disputed" doc:"这条信息正标注“异议中”"`
	TakenDown  bool            `json:"takenDown" doc:"来源单位没有核实，已经停止公示和使用"`
	Result     string          `json:"result,omitempty" enum:"corrected,deleted,shortened,removed,redone,kept" doc:"结论"`
	Review     string          `json:"review,omitempty" enum:"upheld,corrected,deleted,shortened,removed,redone" doc:"复核结论"`
	Timeline   []ObjectionStep `json:"timeline,omitempty" doc:"办理经过，从早到晚；只在单件里有"`
}

// ObjectionStep is a line of the history.
type ObjectionStep struct {
	At   time.Time `json:"at" doc:"时刻"`
	Said string    `json:"said" doc:"一句话"`
}

type newObjectionInput struct{ Body NewObjection }

type createdObjection struct {
	Location string `header:"Location" doc:"这件异议的地址"`
	Body     ObjectionView
}

type objectionsInput struct {
	Paging
	Subject string `query:"subject" maxLength:"64" doc:"哪个企业的（统一社会信用代码）；账号只认领一个主体的可以不写"`
}

type objectionInput struct {
	No string `path:"no" maxLength:"32" doc:"异议编号" example:"YY20260302-042137"`
}

func (s *server) objectionRoutes() {
	if s.Objections == nil {
		return
	}
	register(s, asked(authz.ObjectionMake, ofSelf), route{Operation: huma.Operation{
		OperationID: "make-objection", Method: http.MethodPost, Path: "/objections", Tags: []string{tagObjections}, MaxBodyBytes: maxJSON, DefaultStatus: http.StatusCreated,
		Summary: "对关于自己的信息提出异议，得到编号", Description: "材料在网站上补交。受理以后信息立即标注“异议中”。",
	}}, s.makeObjection)
	register(s, asked(authz.ObjectionOwn, ofSelf), route{Operation: huma.Operation{
		OperationID: "list-objections", Method: http.MethodGet, Path: "/objections", Tags: []string{tagObjections}, Summary: "自己提出的异议，从新到旧",
	}}, s.listObjections)
	register(s, asked(authz.ObjectionOwn, ofSelf), route{Operation: huma.Operation{
		OperationID: "get-objection", Method: http.MethodGet, Path: "/objections/{no}", Tags: []string{tagObjections}, Summary: "一件异议的进展、下一步的期限和办理经过",
	}}, s.getObjection)
}

func (s *server) makeObjection(ctx context.Context, in *newObjectionInput) (*createdObjection, error) {
	b := &in.Body
	if err := bodyTexts(b.Statement, b.Target); err != nil {
		return nil, err
	}
	about, err := s.ownSubject(ctx, authz.ObjectionMake, b.Subject)
	if err != nil {
		return nil, err
	}
	o, err := s.Objections.Submit(ctx, objection.Submission{Subject: about, Kind: objection.Kind(b.Kind), Target: b.Target, Ask: objection.Ask(b.Ask), Statement: b.Statement})
	if err != nil {
		return nil, err
	}
	v, err := s.objectionView(ctx, &o)
	return &createdObjection{Location: prefix + "/objections/" + o.No, Body: v}, err
}

func (s *server) listObjections(ctx context.Context, in *objectionsInput) (*body[List[ObjectionView]], error) {
	about, err := s.ownSubject(ctx, authz.ObjectionOwn, in.Subject)
	if err != nil {
		return nil, err
	}
	f := objection.Filter{Subject: about, Limit: in.limit()}
	if in.Cursor != "" {
		if f.After = numberOr(in.Cursor, 0); f.After == 0 {
			return nil, errCursor
		}
	}
	list, err := s.Objections.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &body[List[ObjectionView]]{Body: List[ObjectionView]{Items: make([]ObjectionView, 0, len(list))}}
	if len(list) == in.limit() {
		out.Body.Next = number(list[len(list)-1].ID)
	}
	for i := range list {
		v, err := s.objectionView(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, v)
	}
	return out, nil
}

// getObjection answers who stands for the subject. Another's number is not there for anybody else, as one that is nobody's.
func (s *server) getObjection(ctx context.Context, in *objectionInput) (*body[ObjectionView], error) {
	o, err := s.Objections.ByNo(ctx, in.No)
	if err != nil {
		return nil, err
	}
	if err := s.Authority.See(ctx, authz.From(ctx), authz.ObjectionOwn, authz.Scope{Subject: o.Subject}, objection.ErrNone); err != nil {
		return nil, err
	}
	v, err := s.objectionView(ctx, &o)
	if err != nil {
		return nil, err
	}
	steps, err := s.ObjectionCases.Timeline(ctx, o.Case)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		p := steps[i].Public()
		v.Timeline = append(v.Timeline, ObjectionStep{At: p.At, Said: p.Said})
	}
	return &body[ObjectionView]{v}, nil
}

func (s *server) objectionView(ctx context.Context, o *objection.Objection) (ObjectionView, error) {
	c, err := s.ObjectionCases.Get(ctx, o.Case)
	if err != nil {
		return ObjectionView{}, err
	}
	return ObjectionView{
		No: o.No, Kind: string(o.Kind), Target: o.Target, Title: o.Title, Ask: string(o.Ask), State: o.State, StateName: s.ObjectionCases.Table(objection.FlowKind).StateName(o.State),
		ReceivedOn: o.ReceivedOn, AnswerBy: o.AnswerBy, Due: c.Due, Disputed: o.Marked, TakenDown: o.TakenDown, Result: string(o.Result), Review: string(o.Review),
	}, nil
}
