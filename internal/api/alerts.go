package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Alert is something unusual that an auditor looks at.
type Alert struct {
	ID        string      `json:"id" doc:"编号"`
	Rule      string      `json:"rule" doc:"规则的代码"`
	RuleName  string      `json:"ruleName" doc:"规则"`
	Day       Day         `json:"day" doc:"哪一天"`
	Count     int64       `json:"count" doc:"符合规则的次数"`
	Detail    string      `json:"detail" doc:"最近一次的情况，不含个人信息"`
	Who       *Caller     `json:"who,omitempty" doc:"查询人；许多账号一起引起的没有"`
	Unit      *UnitRef    `json:"unit,omitempty" doc:"查询人的单位"`
	Subject   *SubjectTag `json:"subject,omitempty" doc:"被查的主体"`
	Access    string      `json:"access,omitempty" doc:"引起提醒的查询在日志中的编号"`
	FirstAt   time.Time   `json:"firstAt" doc:"第一次的时刻"`
	LastAt    time.Time   `json:"lastAt" doc:"最近一次的时刻"`
	State     string      `json:"state" enum:"open,handled" doc:"open 未处理，handled 已处理"`
	HandledBy *Caller     `json:"handledBy,omitempty" doc:"处理人"`
	HandledAt *time.Time  `json:"handledAt,omitempty" doc:"处理的时刻"`
	Reason    string      `json:"reason,omitempty" doc:"核查结果"`
}

// AlertFinding is what the auditor found.
type AlertFinding struct {
	Reason string `json:"reason" minLength:"2" maxLength:"500" doc:"核查了什么、结论是什么，2 至 500 字" example:"核对了窗口登记，确为集中办理，未见异常"`
}

type alertsInput struct {
	Paging
	State string `query:"state" enum:"open,handled,all" default:"open" doc:"open 未处理，handled 已处理，all 全部"`
}

type alertInput struct {
	ID   string `path:"id" maxLength:"32" doc:"提醒的编号"`
	Body AlertFinding
}

func (s *server) auditRoutes() {
	if s.Audit == nil {
		return
	}
	register(s, among(authz.AlertRead, ofAuditor), route{Operation: huma.Operation{
		OperationID: "list-alerts", Method: http.MethodGet, Path: "/audit/alerts", Tags: []string{tagAudit},
		Summary: "异常查询提醒，从新到旧", Description: "审计员只看到本辖区各单位的；许多账号一起引起的，只给全市的审计员看。",
	}}, s.alerts)
	register(s, asked(authz.AlertHandle, ofAuditor), route{Operation: huma.Operation{
		OperationID: "handle-alert", Method: http.MethodPost, Path: "/audit/alerts/{id}/handle", Tags: []string{tagAudit}, MaxBodyBytes: maxJSON,
		Summary: "处理一条提醒，写明核查结果", Description: "同一天再次符合规则的，提醒重新打开。自己引起的提醒，由别人处理。",
	}}, s.handleAlert)
}

func (s *server) alerts(ctx context.Context, in *alertsInput) (*body[List[Alert]], error) {
	reach, err := s.reach(ctx, authz.AlertRead)
	if err != nil {
		return nil, err
	}
	state := in.State
	if state == "all" {
		state = ""
	}
	list, next, err := s.Audit.Alerts(ctx, state, reach, in.Cursor, in.limit())
	if err != nil {
		return nil, err
	}
	var about []int64
	for i := range list {
		about = append(about, list[i].Subject)
	}
	labels, err := s.labels(ctx, about)
	if err != nil {
		return nil, err
	}
	out := &body[List[Alert]]{Body: List[Alert]{Items: make([]Alert, 0, len(list)), Next: next}}
	for i := range list {
		a, err := s.alertOf(ctx, &list[i], labels)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, a)
	}
	return out, nil
}

func (s *server) alertOf(ctx context.Context, a *audit.Alert, labels map[int64]string) (Alert, error) {
	out := Alert{
		ID: number(a.ID), Rule: a.Rule, RuleName: a.RuleName, Day: Day(a.Day), Count: a.Count, Detail: a.Detail, Subject: tagOf(a.Subject, labels),
		FirstAt: a.FirstAt.In(clock.Zone), LastAt: a.LastAt.In(clock.Zone), State: a.State, HandledAt: when(a.HandledAt), Reason: a.Reason,
	}
	if a.Who.Kind != "" {
		c := callerOf(a.Who)
		out.Who = &c
	}
	if a.HandledBy.Kind != "" {
		c := callerOf(a.HandledBy)
		out.HandledBy = &c
	}
	if a.Access != 0 {
		out.Access = number(a.Access)
	}
	var err error
	out.Unit, err = s.unitRef(ctx, a.Who.Agency)
	return out, err
}

func (s *server) handleAlert(ctx context.Context, in *alertInput) (*body[Alert], error) {
	if err := bodyTexts(in.Body.Reason); err != nil {
		return nil, err
	}
	a, err := s.alert(ctx, numberOr(in.ID, none))
	if err != nil {
		return nil, err
	}
	who := authz.From(ctx)
	if err := s.mayHandle(ctx, who, a); err != nil {
		return nil, err
	}
	if err := s.Audit.Handle(ctx, who.Who(0), a.ID, in.Body.Reason); err != nil {
		return nil, err
	}
	a.State, a.HandledBy, a.HandledAt, a.Reason = audit.Handled, who.Who(0), s.Clock.Now(), strings.TrimSpace(in.Body.Reason)
	labels, err := s.labels(ctx, []int64{a.Subject})
	if err != nil {
		return nil, err
	}
	out, err := s.alertOf(ctx, a, labels)
	return &body[Alert]{out}, err
}

// mayHandle asks whether the caller may close an alert: it lies within the reach, and it is not about what the caller did.
func (s *server) mayHandle(ctx context.Context, who authz.Actor, a *audit.Alert) error {
	scope := authz.Scope{Agency: a.Who.Agency, Author: authz.NoAccount}
	if a.Who.ID != 0 {
		scope.Author = a.Who.ID
	}
	if a.Who.Agency != 0 {
		unit, err := s.Agencies.ByID(ctx, a.Who.Agency)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		scope.Region = unit.Region
	}
	return s.Authority.Decide(who, authz.AlertHandle, scope).Err()
}

// alert finds an alert within what the caller may read; another is not there.
func (s *server) alert(ctx context.Context, n int64) (*audit.Alert, error) {
	reach, err := s.reach(ctx, authz.AlertRead)
	if err != nil {
		return nil, err
	}
	return s.Audit.Alert(ctx, n, reach)
}
