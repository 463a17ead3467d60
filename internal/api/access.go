package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// AuditLog gives who looked at what is not public, and what was unusual. Searching it is an act that it keeps.
type AuditLog interface {
	OfSubject(ctx context.Context, subject int64, cursor string, limit int) ([]audit.Access, string, error)
	Search(ctx context.Context, who audit.Who, f audit.Filter, cursor string, limit int) ([]audit.Access, string, error)
	Alert(ctx context.Context, alert int64, agencies []int64) (*audit.Alert, error)
	Alerts(ctx context.Context, state string, agencies []int64, cursor string, limit int) ([]audit.Alert, string, error)
	Handle(ctx context.Context, who audit.Who, alert int64, reason string) error
}

// Labels names subjects where a list may show them: an organisation's name, a person's masked.
type Labels interface {
	Labels(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Access is one look-up of something that is not public, as its subject sees it.
type Access struct {
	ID           string     `json:"id" doc:"编号"`
	At           time.Time  `json:"at" doc:"查询的时刻"`
	Unit         *UnitRef   `json:"unit,omitempty" doc:"查询人的单位；主体查询自己的没有"`
	What         string     `json:"what" doc:"查了什么：subject 一个主体，record 一条记录，consented 按授权，own 主体自己，claim 审核认领的材料，queue 待匹配的行，workbook 错误表，file 报送的原文件"`
	Matter       string     `json:"matter,omitempty" doc:"应用事项的代码"`
	Basis        string     `json:"basis,omitempty" doc:"依据：法律和条款，或者授权书"`
	Consent      string     `json:"consent,omitempty" doc:"授权书编号"`
	Outcome      string     `json:"outcome" enum:"answered,refused" doc:"answered 已给出，refused 被拒"`
	Missing      string     `json:"missing,omitempty" doc:"被拒时缺的要素"`
	Records      []Seen     `json:"records" doc:"看到了哪些记录"`
	DelayedUntil *time.Time `json:"delayedUntil,omitempty" doc:"依法推迟到这一刻才向主体显示"`
	DelayBasis   string     `json:"delayBasis,omitempty" doc:"推迟显示的法律依据"`
}

// Seen names a version of a record that an answer held.
type Seen struct {
	Record  string `json:"record" doc:"记录编号"`
	Version int    `json:"version" doc:"第几版"`
}

// AuditedAccess is a look-up as the auditor sees it.
type AuditedAccess struct {
	Access
	Who     Caller      `json:"who" doc:"查询人"`
	Subject *SubjectTag `json:"subject,omitempty" doc:"被查的主体；没有查到的没有"`
}

// Caller is who looked or acted, by number and never by name.
type Caller struct {
	Kind    string `json:"kind" doc:"account 账号，key 接口密钥，local 本机操作员，system 定时任务，anonymous 没有登录"`
	Account string `json:"account,omitempty" doc:"账号编号"`
	Session string `json:"session,omitempty" doc:"登录或密钥的编号"`
	Address string `json:"address,omitempty" doc:"网络地址"`
}

// SubjectTag names a subject on internal lists.
type SubjectTag struct {
	ID    string `json:"id" doc:"内部编号"`
	Label string `json:"label,omitempty" doc:"单位的名称；自然人的姓名已遮盖"`
}

type accessInput struct {
	Paging
	Subject string `query:"subject" maxLength:"64" doc:"哪个企业（统一社会信用代码）；账号只认领一个主体的可以不写"`
}

type auditInput struct {
	Paging
	Receipt string `query:"receipt" pattern:"^[0-9]{1,19}$" patternDescription:"回执编号，1 至 19 位数字" doc:"只要这个回执编号的一笔"`
	Alert   string `query:"alert" pattern:"^[0-9]{1,19}$" patternDescription:"提醒编号，1 至 19 位数字" doc:"只要引起这条异常提醒的一笔"`
	Kind    string `query:"kind" maxLength:"20" enum:"account,key,local,system,anonymous" doc:"查询人的种类"`
	Account string `query:"account" pattern:"^[0-9]{1,19}$" patternDescription:"账号编号，1 至 19 位数字" doc:"查询人的账号编号"`
	Unit    string `query:"unit" maxLength:"40" doc:"查询人的单位（统一社会信用代码）"`
	Subject string `query:"subject" maxLength:"64" doc:"被查的单位（统一社会信用代码）"`
	What    string `query:"what" maxLength:"20" doc:"查了什么：subject、record、consented、own、claim、queue、workbook、file" example:"subject"`
	Outcome string `query:"outcome" enum:"answered,refused" doc:"结果"`
	From    string `query:"from" maxLength:"40" doc:"不早于：RFC 3339 时刻或日期" example:"2026-03-01"`
	To      string `query:"to" maxLength:"40" doc:"不晚于：RFC 3339 时刻，或者日期（到该日结束）" example:"2026-03-31"`
}

func (s *server) accessRoutes() {
	if s.Audit == nil {
		return
	}
	register(s, among(authz.AccessOwn, ofSelf), route{Operation: huma.Operation{
		OperationID: "list-own-access", Method: http.MethodGet, Path: "/access-log", Tags: []string{tagConsent},
		Summary: "谁查过自己的非公开信息，从新到旧", Description: accessWords,
	}}, s.ownAccess)
	register(s, among(authz.AccessAudit, ofAuditor), route{Operation: huma.Operation{
		OperationID: "search-access", Method: http.MethodGet, Path: "/audit/access", Tags: []string{tagAudit},
		Summary: "查阅查询日志，从新到旧", Description: auditWords,
	}}, s.searchAccess)
}

func (s *server) ownAccess(ctx context.Context, in *accessInput) (*body[List[Access]], error) {
	about, err := s.ownSubject(ctx, authz.AccessOwn, in.Subject)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Audit.OfSubject(ctx, about, in.Cursor, in.limit())
	if err != nil {
		return nil, err
	}
	out := &body[List[Access]]{Body: List[Access]{Items: make([]Access, 0, len(list)), Next: next}}
	for i := range list {
		a, err := s.accessOf(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, a)
	}
	return out, nil
}

func (s *server) accessOf(ctx context.Context, a *audit.Access) (Access, error) {
	out := Access{
		ID: number(a.ID), At: a.At.In(clock.Zone), What: a.What, Matter: a.Matter, Basis: a.Basis, Outcome: a.Outcome, Missing: a.Missing,
		Records: make([]Seen, 0, len(a.Records)), DelayedUntil: when(a.HiddenUntil), DelayBasis: a.SecrecyBasis,
	}
	if a.Consent > 0 {
		out.Consent = number(a.Consent)
	}
	for _, r := range a.Records {
		out.Records = append(out.Records, Seen{id.Pair(r.Subject, r.Key), r.Version})
	}
	var err error
	out.Unit, err = s.unitRef(ctx, a.Who.Agency)
	return out, err
}

func (s *server) searchAccess(ctx context.Context, in *auditInput) (*body[List[AuditedAccess]], error) {
	f, err := s.accessFilter(ctx, in)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Audit.Search(ctx, authz.From(ctx).Who(0), f, in.Cursor, in.limit())
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
	out := &body[List[AuditedAccess]]{Body: List[AuditedAccess]{Items: make([]AuditedAccess, 0, len(list)), Next: next}}
	for i := range list {
		a, err := s.accessOf(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, AuditedAccess{Access: a, Who: callerOf(list[i].Who), Subject: tagOf(list[i].Subject, labels)})
	}
	return out, nil
}

// accessFilter reads what the auditor narrows the search to, within the auditor's reach.
func (s *server) accessFilter(ctx context.Context, in *auditInput) (audit.Filter, error) {
	f := audit.Filter{WhoKind: in.Kind, What: in.What, Outcome: in.Outcome}
	var err error
	if in.Account != "" {
		f.WhoID = numberOr(in.Account, none)
	}
	if f.Agencies, err = s.reach(ctx, authz.AccessAudit); err != nil {
		return f, err
	}
	if err := s.oneAccess(ctx, in, &f); err != nil {
		return f, err
	}
	if in.Unit != "" {
		unit, err := s.Agencies.ByCode(ctx, in.Unit)
		if err != nil {
			return f, err
		}
		f.Agency = unit.ID
	}
	if in.Subject != "" {
		sub, ok, err := s.Subjects.ByCode(ctx, strings.ToUpper(strings.TrimSpace(in.Subject)))
		if err != nil {
			return f, err
		}
		if !ok {
			return f, errNoSubject
		}
		f.Subject = sub.ID
	}
	if f.From, err = span("from", in.From, false); err != nil {
		return f, err
	}
	if f.To, err = span("to", in.To, true); err != nil {
		return f, err
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, errDates
	}
	return f, nil
}

// oneAccess narrows the search to the look-up that a receipt or an alert names. An alert outside the reach is not there.
func (s *server) oneAccess(ctx context.Context, in *auditInput, f *audit.Filter) error {
	if in.Receipt != "" && in.Alert != "" {
		return errReceiptAlert
	}
	if in.Receipt != "" {
		f.ID = numberOr(in.Receipt, none)
	}
	if in.Alert != "" {
		a, err := s.Audit.Alert(ctx, numberOr(in.Alert, none), f.Agencies)
		if err != nil {
			return err
		}
		f.ID = a.Access
	}
	return nil
}

var errReceiptAlert = fault.New(fault.Invalid, "api.receipt_alert", "回执编号 receipt 和提醒编号 alert 只能写一个", "请去掉其中一个")

// span reads a moment or a day of a query; "" is none. A day ends with the next one.
func span(name, text string, end bool) (time.Time, error) {
	if at := strings.LastIndexByte(text, ' '); at > 10 { // a + that was not escaped arrives as a space
		text = text[:at] + "+" + text[at+1:]
	}
	t, err := instant(name, text, end)
	if err != nil {
		return t, badParameter(name, "应为 RFC 3339 时刻（2026-03-02T10:00:00+08:00）或日期（2026-03-02）")
	}
	return t, nil
}

// reach gives the units within the caller's bounds; nil is the whole city.
func (s *server) reach(ctx context.Context, act authz.Action) ([]agency.ID, error) {
	return agency.Reach(ctx, s.Agencies, s.Authority.Bounds(authz.From(ctx), act))
}

func callerOf(w audit.Who) Caller {
	c := Caller{Kind: w.Kind, Address: w.Address}
	if w.ID != 0 {
		c.Account = number(w.ID)
	}
	if w.Session != 0 {
		c.Session = number(w.Session)
	}
	return c
}

// labels names subjects for an internal list.
func (s *server) labels(ctx context.Context, ids []int64) (map[int64]string, error) {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(n int64) bool { return n == 0 })
	if s.Labels == nil || len(ids) == 0 {
		return nil, nil
	}
	return s.Labels.Labels(ctx, ids)
}

func tagOf(subject int64, labels map[int64]string) *SubjectTag {
	if subject == 0 {
		return nil
	}
	return &SubjectTag{ID: number(subject), Label: labels[subject]}
}
