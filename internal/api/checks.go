package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

const tagCheck = "信用核查"

// Checks answers checks and keeps what was answered; *check.Service does. Every answer and every refusal is in the access log before it is given.
type Checks interface {
	Check(ctx context.Context, ask check.Ask) (*check.Given, error)
	Stream(ctx context.Context, ask check.Ask, codes []string, yield func(code string, g *check.Given, err error) error) error
	Again(ctx context.Context, who authz.Actor, receipt string) (*check.Given, error)
	Feedback(ctx context.Context, who authz.Actor, n check.Note) error
	Coverage(ctx context.Context, who authz.Actor, from, to int, unit int64) (*check.Coverage, error)
	Embed(ctx context.Context, o check.EmbedOrder) (*check.Ticket, error)
}

const (
	checkWords = `按本单位的应用事项核查主体。写 subject 或 person 的，回答一个 JSON：一句话的结果（result）、失信和守信记录（hits）、所在名单（lists）、本事项可以采取的措施（measures）、时点（asOf）和回执编号（receipt）。
对自然人只给事实；只有全国清单的条目自己写明自然人的，才列出惩戒措施。是否采取措施由办理人员决定并说明理由。
写 subjects 的（最多 10000 个代码），回答 application/x-ndjson：一行一个，顺序与请求相同；作答的与单个核查的回答相同，没有作答的是 {"subject","error":{code,message,fix}}。逐行传送，连接中断前收到的行都有效。
每一个代码都是一次查询，先记入查询日志再回答。密钥的用途里要同时有 check.make 和 disclosure.department。`
	checkAgainWords = `原样再给一次，逐字节相同；只给作出核查的单位，也记入查询日志。保存期限过后内容删除（404）。`
	feedbackWords   = `result：noted 已参考，applied 已采取措施（另写 measure、caseNo 和 reason），not_applied 未采取措施（另写 reason）。措施须是回答里列出、并且今天名单和依据仍然允许的。
记录采取了惩戒措施的，主体会收到通知：哪项措施、因为什么、谁认定的、怎样提出异议或者申请修复。`
	embedWords = `业务系统在自己的页面里嵌入核查窗口：服务器用本单位的接口密钥换一张票据，页面用 iframe 打开 path。票据只能打开一次，两分钟内有效，只对这个应用事项、这个网站来源（origin）有效；
来源要先由系统管理员登记（gongxin embed add）。窗口不用 Cookie，不用脚本；其中每一次核查都以密钥的账号作出，按应用事项记入查询日志。officer 是业务系统自己的办理人员编号，记入操作日志。`
	coverageWords = `“查询使用”指标：各单位各应用事项按月的核查次数、命中、反馈和采取措施的次数。只有数量。`
)

// CheckRequest asks for a check of one subject or of many.
type CheckRequest struct {
	Subject  string          `json:"subject,omitempty" maxLength:"64" doc:"统一社会信用代码" example:"91990102MA0A00014H"`
	Person   *PersonDocument `json:"person,omitempty" doc:"自然人，按完整的证件号码；不能按姓名查"`
	Subjects []string        `json:"subjects,omitempty" maxItems:"10000" doc:"很多个统一社会信用代码；写了它就不写 subject 和 person"`
	Matter   string          `json:"matter,omitempty" maxLength:"40" doc:"应用事项的代码；没有写明的不作答" example:"SPJY-XK"`
	Basis    string          `json:"basis,omitempty" maxLength:"200" doc:"可以不写：法律依据和条款，须与应用事项登记的一致"`
	AsOf     string          `json:"asOf,omitempty" maxLength:"40" doc:"查询时点，写法与其他接口相同；不写为现在"`
}

// CheckFeedback says what was done with an answer.
type CheckFeedback struct {
	Result  string `json:"result" enum:"noted,applied,not_applied" doc:"怎么用的"`
	Reason  string `json:"reason,omitempty" maxLength:"500" doc:"理由，不写证件号码"`
	Measure string `json:"measure,omitempty" maxLength:"40" doc:"applied：回答里列出的措施代码"`
	CaseNo  string `json:"caseNo,omitempty" maxLength:"64" doc:"applied：案号或者办件号"`
}

// EmbedRequest asks for a page of checks in another system.
type EmbedRequest struct {
	Matter  string `json:"matter" minLength:"1" maxLength:"40" doc:"应用事项的代码" example:"SPJY-XK"`
	Basis   string `json:"basis,omitempty" maxLength:"200" doc:"可以不写：法律依据和条款，须与应用事项登记的一致"`
	Officer string `json:"officer" minLength:"1" maxLength:"40" doc:"业务系统自己的办理人员编号，不写身份证件号码" example:"ck-0137"`
	Origin  string `json:"origin" minLength:"1" maxLength:"300" doc:"嵌入窗口的网站来源，须已登记" example:"https://banshi.example.gov.cn"`
}

// EmbedTicket opens one page of checks, once.
type EmbedTicket struct {
	Ticket    string    `json:"ticket" doc:"票据，只能打开一次"`
	Path      string    `json:"path" doc:"iframe 的地址，前面加本站的网址"`
	Origin    string    `json:"origin" doc:"允许嵌入的网站来源"`
	ExpiresAt time.Time `json:"expiresAt" doc:"最晚在这一刻之前打开"`
}

// CheckUse is how a matter was checked.
type CheckUse struct {
	Unit       string `json:"unit" doc:"单位"`
	Matter     string `json:"matter" doc:"应用事项代码"`
	MatterName string `json:"matterName" doc:"应用事项名称"`
	InForce    bool   `json:"inForce" doc:"今天在有效期内"`
	Checks     int    `json:"checks" doc:"核查次数"`
	Hits       int    `json:"hits" doc:"其中命中"`
	Feedback   int    `json:"feedback" doc:"其中有反馈"`
	Applied    int    `json:"applied" doc:"采取的措施"`
}

type checkInput struct {
	Exchange
	Body CheckRequest
}

type checkedInput struct {
	Exchange
	Receipt string `path:"receipt" maxLength:"20" doc:"回执编号"`
}

type feedbackInput struct {
	Receipt string `path:"receipt" maxLength:"20" doc:"回执编号"`
	Body    CheckFeedback
}

type embedInput struct{ Body EmbedRequest }

type coverageInput struct {
	From int    `query:"from" minimum:"200001" maximum:"209912" doc:"起月，如 202601；不写为本月"`
	To   int    `query:"to" minimum:"200001" maximum:"209912" doc:"止月；不写为本月"`
	Unit string `query:"unit" maxLength:"40" doc:"只看一个单位（统一社会信用代码）"`
}

var errCheckOf = fault.New(fault.Invalid, "api.check_of", "要核查的主体没有写明，或者写了几种", "subject、person、subjects 只写一种")

func (s *server) checkRoutes() {
	if s.Checks == nil {
		return
	}
	schemas := s.huma.OpenAPI().Components.Schemas
	answer := &huma.MediaType{Schema: schemas.Schema(reflect.TypeFor[check.Answer](), true, "CheckAnswer")}
	whole := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": answer}}}
	lines := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": answer, "application/x-ndjson": {Schema: &huma.Schema{Type: "string"}}}}}
	register(s, withPurpose(authz.CheckMake), route{search: true, long: true, Operation: huma.Operation{
		OperationID: "check", Method: http.MethodPost, Path: "/checks", Tags: []string{tagCheck}, MaxBodyBytes: 1 << 20, Responses: lines,
		Summary: "核查一个或很多个主体", Description: checkWords,
	}}, s.check)
	register(s, asked(authz.CheckRead, "作出核查的单位"), route{search: true, Operation: huma.Operation{
		OperationID: "get-check", Method: http.MethodGet, Path: "/checks/{receipt}", Tags: []string{tagCheck}, Responses: whole,
		Summary: "再取一次核查结果", Description: checkAgainWords,
	}}, s.checkAgain)
	register(s, asked(authz.CheckFeedback, "作出核查的单位"), route{Operation: huma.Operation{
		OperationID: "check-feedback", Method: http.MethodPost, Path: "/checks/{receipt}/feedback", Tags: []string{tagCheck}, MaxBodyBytes: maxJSON,
		Summary: "反馈核查结果怎么用", Description: feedbackWords,
	}}, s.checkFeedback)
	register(s, withPurpose(authz.CheckMake), route{personal: true, Operation: huma.Operation{
		OperationID: "embed-checks", Method: http.MethodPost, Path: "/checks/embed", Tags: []string{tagCheck}, DefaultStatus: http.StatusCreated, MaxBodyBytes: maxJSON,
		Summary: "在业务系统的页面里嵌入核查窗口：换取票据", Description: embedWords,
	}}, s.embedChecks)
	register(s, among(authz.CheckCoverage, "查询人的单位"), route{Operation: huma.Operation{
		OperationID: "check-coverage", Method: http.MethodGet, Path: "/check-coverage", Tags: []string{tagCheck},
		Summary: "查询使用指标", Description: coverageWords,
	}}, s.checkCoverage)
}

func (s *server) check(ctx context.Context, in *checkInput) (*huma.StreamResponse, error) {
	ask, err := s.checkOf(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	if len(in.Body.Subjects) > 0 {
		return s.checkMany(ctx, in, ask), nil
	}
	g, err := s.Checks.Check(ctx, ask)
	if err != nil {
		return nil, err
	}
	return s.stream(&in.Exchange, media("application/json"), func(w *outWriter) error {
		_, err := w.Write(g.JSON)
		return err
	}), nil
}

// checkOf reads who asks about whom and why.
func (s *server) checkOf(ctx context.Context, in *CheckRequest) (check.Ask, error) {
	ask := check.Ask{Who: authz.From(ctx), Subject: publish.Whom{Code: in.Subject}, Matter: in.Matter, Basis: in.Basis}
	if !ask.Who.SignedIn() {
		return ask, publish.MissingSignIn.Err()
	}
	ways := 0
	for _, given := range []bool{in.Subject != "", in.Person != nil, len(in.Subjects) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return ask, errCheckOf
	}
	texts := append([]string{in.Subject, in.Matter, in.Basis, in.AsOf}, in.Subjects...)
	if in.Person != nil {
		ask.Subject.DocKind, ask.Subject.Number = in.Person.DocKind, in.Person.Number
		texts = append(texts, in.Person.DocKind, in.Person.Number)
	}
	if err := bodyTexts(texts...); err != nil {
		return ask, err
	}
	var err error
	ask.AsOf, err = bodyMoment(in.AsOf, s.Clock.Now())
	return ask, err
}

// refusedLine is a code that was not answered.
type refusedLine struct {
	Subject string       `json:"subject"`
	Error   refusedWords `json:"error"`
}

type refusedWords struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// checkMany streams the answers, each line as soon as what it says is on file.
func (s *server) checkMany(ctx context.Context, in *checkInput, ask check.Ask) *huma.StreamResponse {
	in.allow(buildTime)
	return s.stream(&in.Exchange, media("application/x-ndjson"), func(w *outWriter) error {
		n := 0
		return s.Checks.Stream(ctx, ask, in.Body.Subjects, func(code string, g *check.Given, err error) error {
			var line []byte
			if err == nil {
				line = g.JSON
			} else {
				var f *fault.Error
				if !errors.As(err, &f) || f.Kind == fault.Internal {
					return err
				}
				if line, err = json.Marshal(refusedLine{code, refusedWords{f.Code, f.Message, f.Fix}}); err != nil {
					return err
				}
			}
			if _, err := w.Write(append(line[:len(line):len(line)], '\n')); err != nil {
				return err
			}
			if n++; n%100 == 0 {
				_ = w.rc.Flush() // who reads along sees it
			}
			return nil
		})
	})
}

func (s *server) checkAgain(ctx context.Context, in *checkedInput) (*huma.StreamResponse, error) {
	g, err := s.Checks.Again(ctx, authz.From(ctx), in.Receipt)
	if err != nil {
		return nil, err
	}
	return s.stream(&in.Exchange, media("application/json"), func(w *outWriter) error {
		if in.r.Method == http.MethodHead {
			return nil
		}
		_, err := w.Write(g.JSON)
		return err
	}), nil
}

func (s *server) checkFeedback(ctx context.Context, in *feedbackInput) (*struct{}, error) {
	b := &in.Body
	if err := bodyTexts(b.Reason, b.Measure, b.CaseNo); err != nil {
		return nil, err
	}
	return nil, s.Checks.Feedback(ctx, authz.From(ctx), check.Note{
		Receipt: in.Receipt, Result: check.Result(b.Result), Reason: b.Reason, Measure: b.Measure, CaseNo: b.CaseNo,
	})
}

func (s *server) embedChecks(ctx context.Context, in *embedInput) (*body[EmbedTicket], error) {
	b := &in.Body
	if err := bodyTexts(b.Matter, b.Basis, b.Officer, b.Origin); err != nil {
		return nil, err
	}
	t, err := s.Checks.Embed(ctx, check.EmbedOrder{Who: authz.From(ctx), Matter: b.Matter, Basis: b.Basis, Officer: b.Officer, Origin: b.Origin})
	if err != nil {
		return nil, err
	}
	return &body[EmbedTicket]{EmbedTicket{t.Token, "/embed/check?ticket=" + t.Token, t.Origin, t.Expires.In(clock.Zone)}}, nil
}

func (s *server) checkCoverage(ctx context.Context, in *coverageInput) (*body[List[CheckUse]], error) {
	month := check.MonthOf(clock.DateOf(s.Clock.Now()))
	if in.From == 0 {
		in.From = month
	}
	if in.To == 0 {
		in.To = month
	}
	var unit int64
	if in.Unit != "" {
		a, err := s.Agencies.ByCode(ctx, in.Unit)
		if err != nil {
			return nil, err
		}
		unit = a.ID
	}
	c, err := s.Checks.Coverage(ctx, authz.From(ctx), in.From, in.To, unit)
	if err != nil {
		return nil, err
	}
	out := List[CheckUse]{Items: make([]CheckUse, len(c.Matters))}
	for i, u := range c.Matters {
		out.Items[i] = CheckUse{u.Unit, u.Matter, u.MatterName, u.InForce, u.Checks, u.Hits, u.Fed, u.Applied}
	}
	return &body[List[CheckUse]]{out}, nil
}
