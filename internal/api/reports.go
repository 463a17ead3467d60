package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/report"
)

const tagReport = "信用报告"

// Reports makes reports and gives them again; report.Service does.
type Reports interface {
	Create(ctx context.Context, o report.Order) (*report.Report, error)
	Get(ctx context.Context, actor authz.Actor, number string) (*report.Report, error)
	PDF(ctx context.Context, actor authz.Actor, number string) ([]byte, error)
	Verify(ctx context.Context, number, code string) (*report.Verdict, error)
	Batch(ctx context.Context, orders []report.Order, w io.Writer, name func(i int) string) error
	Areas() []report.Area
	PublicKey() (pem []byte, id string)
}

const (
	reportWords = `标准报告（standard）由公开信息组成，任何人可以生成。专项报告（special，信用代证）和个人报告（person）由主体的账号在本站页面里生成，或者由机构凭主体的授权（consent、purpose、unit）生成；
每次都记入查询日志。专项报告可以选领域（sections，见 GET /report-areas）和期间（最长五年）。报告不打分、不评级，不含身份证件号码。`
	reportFileWords = `Accept 为 application/pdf 的，给出带签名的 PDF；否则给出 JSON：document 是报告数据，signature 是对 document 原样字节的 SM2 签名。
报告出具以后，其中的记录有更正、修复、撤下、公示期满或者有了异议的，原件不再提供（409），请重新生成；过了保存期限的，平台只留编号和摘要（404）。专项报告和个人报告只给本人和生成它的机构。`
	reportVerifyWords = `按纸质报告首页的编号和核验码核验真伪，并说明所列信息此后有没有变化。编号或核验码不对的，一律回答查不到。`
	reportBatchWords  = `一次最多 1000 个主体，回答是一个 ZIP：每个主体一份 PDF，另有 结果.csv 和 manifest.json 写明每一个的编号、核验码和文件的 SHA-256，或者没有生成的原因。边生成边传送。
写了 consent 的生成专项报告，没有写的生成标准报告。unit 是以哪个单位的名义。`
)

// ReportRequest asks for a report.
type ReportRequest struct {
	Subject  string          `json:"subject,omitempty" maxLength:"64" doc:"单位的统一社会信用代码；个人报告不写" example:"91990102MA0A00014H"`
	Person   *PersonDocument `json:"person,omitempty" doc:"凭授权生成个人报告的，自然人的证件"`
	Kind     string          `json:"kind" enum:"standard,special,person" doc:"standard 标准报告，special 专项报告（信用代证），person 个人报告"`
	From     string          `json:"from,omitempty" maxLength:"10" doc:"专项报告期间的起日；不写为止日之前五年" example:"2021-11-19"`
	To       string          `json:"to,omitempty" maxLength:"10" doc:"专项报告期间的止日；不写为今天" example:"2026-11-18"`
	Sections []string        `json:"sections,omitempty" maxItems:"60" uniqueItems:"true" doc:"专项报告的领域代码；不写为全部"`
	Use      string          `json:"use,omitempty" maxLength:"100" doc:"报告用途，印在报告上"`
	Consent  string          `json:"consent,omitempty" pattern:"^[0-9]{1,19}$" patternDescription:"授权书编号，1 至 19 位数字" doc:"授权书编号"`
	Purpose  string          `json:"purpose,omitempty" maxLength:"40" doc:"与 consent 一起写：授权书写明的用途的代码"`
	Unit     string          `json:"unit,omitempty" maxLength:"40" doc:"与 consent 一起写：以哪个单位的名义"`
}

// ReportMade says which report was made. The verification code is given here and stands on the report.
type ReportMade struct {
	Number   string    `json:"number" doc:"22 位报告编号"`
	Code     string    `json:"code" doc:"10 位核验码"`
	Kind     string    `json:"kind" doc:"报告种类"`
	IssuedAt time.Time `json:"issuedAt" doc:"生成时间"`
	Digest   string    `json:"digest" doc:"报告数据的 SHA-256"`
	KeyID    string    `json:"keyId" doc:"签名密钥的编号，公钥见 /report/key"`
	Page     string    `json:"page" doc:"报告的网页"`
}

type reportMade struct {
	Location string `header:"Location" doc:"报告的地址"`
	Body     ReportMade
}

type reportInput struct {
	Exchange
	Number string `path:"no" maxLength:"40" doc:"22 位报告编号"`
}

type verifyInput struct {
	Number string `path:"no" maxLength:"40" doc:"22 位报告编号"`
	Code   string `query:"code" required:"true" minLength:"1" maxLength:"40" doc:"报告首页的 10 位核验码"`
}

// ReportBatchRequest asks for many reports.
type ReportBatchRequest struct {
	Unit     string               `json:"unit" minLength:"1" maxLength:"40" doc:"以哪个单位的名义（统一社会信用代码）"`
	Subjects []ReportBatchSubject `json:"subjects" minItems:"1" maxItems:"1000" doc:"主体"`
	Use      string               `json:"use,omitempty" maxLength:"100" doc:"报告用途，印在专项报告上"`
}

// ReportBatchSubject is one of many.
type ReportBatchSubject struct {
	Subject string `json:"subject" minLength:"1" maxLength:"64" doc:"统一社会信用代码"`
	Consent string `json:"consent,omitempty" pattern:"^[0-9]{1,19}$" patternDescription:"授权书编号，1 至 19 位数字" doc:"授权书编号；写了的生成专项报告"`
	Purpose string `json:"purpose,omitempty" maxLength:"40" doc:"授权书写明的用途的代码"`
}

type batchInput struct {
	Exchange
	Body ReportBatchRequest
}

var (
	errReportDay = fault.New(fault.Invalid, "api.report_day", "from、to 须为 2026-11-18 这样的日期", "请改正日期")
	errReportOf  = fault.New(fault.Invalid, "api.report_of", "没有写明报告是关于谁的", "单位写 subject；凭授权生成个人报告的写 person；居民在本站页面里生成自己的个人报告")
)

func (s *server) reportRoutes() {
	if s.Reports == nil {
		return
	}
	register(s, guard{authz.ReportCreate, forPurpose, "标准报告任何人；其他的限本人，或者凭授权"}, route{search: true, personal: true, Operation: huma.Operation{
		OperationID: "create-report", Method: http.MethodPost, Path: "/reports", Tags: []string{tagReport}, DefaultStatus: http.StatusCreated, MaxBodyBytes: maxJSON,
		Summary: "生成一份信用报告", Description: reportWords,
	}}, s.createReport)
	register(s, guard{authz.ReportRead, forPurpose, "标准报告任何人；其他的限本人和生成它的机构"}, route{personal: true, Operation: huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/reports/{no}", Tags: []string{tagReport},
		Summary: "一份报告：JSON，或者 PDF（按 Accept）", Description: reportFileWords,
	}}, s.report)
	register(s, public(authz.ReportVerify), route{search: true, personal: true, Operation: huma.Operation{
		OperationID: "verify-report", Method: http.MethodGet, Path: "/reports/{no}/verify", Tags: []string{tagReport},
		Summary: "核验一份报告", Description: reportVerifyWords,
	}}, s.verifyReport)
	register(s, public(authz.ReportVerify), route{Operation: huma.Operation{
		OperationID: "list-report-areas", Method: http.MethodGet, Path: "/report-areas", Tags: []string{tagReport}, Summary: "专项报告的领域",
	}}, s.reportAreas)
	register(s, asked(authz.ReportBatch, "以其名义的单位"), route{search: true, long: true, Operation: huma.Operation{
		OperationID: "create-reports", Method: http.MethodPost, Path: "/reports/batch", Tags: []string{tagReport}, MaxBodyBytes: 1 << 20,
		Summary: "批量生成报告，打包下载", Description: reportBatchWords,
	}}, s.batchReports)
}

func (s *server) createReport(ctx context.Context, in *struct{ Body ReportRequest }) (*reportMade, error) {
	o, err := s.orderOf(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	r, err := s.Reports.Create(ctx, o)
	if err != nil {
		return nil, err
	}
	return &reportMade{Location: prefix + "/reports/" + r.Number, Body: ReportMade{
		Number: r.Number, Code: r.Code, Kind: string(r.Kind), IssuedAt: r.CreatedAt.In(clock.Zone), Digest: r.Digest, KeyID: r.KeyID, Page: "/report/" + r.Number,
	}}, nil
}

// orderOf reads what is asked for.
func (s *server) orderOf(ctx context.Context, in *ReportRequest) (report.Order, error) {
	o := report.Order{Who: authz.From(ctx), Kind: report.Kind(in.Kind), Subject: publish.Whom{Code: in.Subject}, Areas: in.Sections, Use: in.Use}
	texts := append([]string{in.Subject, in.From, in.To, in.Use, in.Purpose, in.Unit}, in.Sections...)
	if in.Person != nil {
		o.Subject.DocKind, o.Subject.Number = in.Person.DocKind, in.Person.Number
		texts = append(texts, in.Person.DocKind, in.Person.Number)
	}
	if err := bodyTexts(texts...); err != nil {
		return o, err
	}
	for _, d := range []struct {
		text string
		to   *clock.Date
	}{{in.From, &o.From}, {in.To, &o.To}} {
		if d.text != "" && d.to.UnmarshalText([]byte(d.text)) != nil {
			return o, errReportDay
		}
	}
	if o.Kind == report.Standard {
		return o, nil
	}
	purpose, asks, err := s.purpose(ctx, Asking{Consent: in.Consent, Purpose: in.Purpose, Unit: in.Unit})
	if err != nil {
		return o, err
	}
	if o.Purpose = purpose; asks {
		return o, nil
	}
	o.Purpose = publish.Purpose{Own: true}
	return o, s.reportSubject(ctx, &o)
}

// reportSubject finds the subject whose account calls: a resident, or the business that is named.
func (s *server) reportSubject(ctx context.Context, o *report.Order) error {
	if !o.Who.SignedIn() {
		return publish.MissingSignIn.Err()
	}
	if o.Kind == report.Person {
		for _, g := range o.Who.Grants {
			if g.Role == authz.Resident {
				o.Subject = publish.Whom{ID: g.Subject}
				return nil
			}
		}
	}
	if o.Subject.Code == "" || s.Subjects == nil {
		return errReportOf
	}
	sub, ok, err := s.Subjects.ByCode(ctx, o.Subject.Code)
	if err != nil {
		return err
	}
	// A code that nobody has is refused like one of somebody else's.
	if err := s.Authority.Decide(o.Who, authz.ReportOwn, authz.Scope{Subject: sub.ID}).Err(); err != nil || !ok {
		return err
	}
	o.Subject = publish.Whom{ID: sub.ID}
	return nil
}

func (s *server) report(ctx context.Context, in *reportInput) (*huma.StreamResponse, error) {
	who := authz.From(ctx)
	header := media("application/json")
	raw, err := []byte(nil), error(nil)
	if acceptsPDF(in.r) {
		header = media("application/pdf")
		raw, err = s.Reports.PDF(ctx, who, in.Number)
	} else {
		var r *report.Report
		if r, err = s.Reports.Get(ctx, who, in.Number); err == nil {
			raw, err = r.File()
		}
	}
	if err != nil {
		return nil, err
	}
	header.Set("Vary", "Accept")
	return s.stream(&in.Exchange, header, func(w *outWriter) error {
		if in.r.Method == http.MethodHead {
			return nil
		}
		_, err := w.Write(raw)
		return err
	}), nil
}

// acceptsPDF reports whether a caller asks for the PDF before anything else that it names.
func acceptsPDF(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/pdf":
			return true
		case "application/json", "*/*", "application/*":
			return false
		}
	}
	return false
}

func (s *server) verifyReport(ctx context.Context, in *verifyInput) (*body[report.Verdict], error) {
	v, err := s.Reports.Verify(ctx, in.Number, in.Code)
	if err != nil {
		return nil, err
	}
	return &body[report.Verdict]{*v}, nil
}

func (s *server) reportAreas(context.Context, *struct{}) (*body[List[report.Area]], error) {
	return &body[List[report.Area]]{List[report.Area]{Items: s.Reports.Areas()}}, nil
}

func (s *server) batchReports(ctx context.Context, in *batchInput) (*huma.StreamResponse, error) {
	who := authz.From(ctx)
	unit, err := s.Agencies.ByCode(ctx, in.Body.Unit)
	if err != nil {
		return nil, err
	}
	if err := s.Authority.Decide(who, authz.ReportBatch, authz.Scope{Agency: unit.ID, Region: unit.Region}).Err(); err != nil {
		return nil, err
	}
	batch := clock.DateOf(s.Clock.Now()).String() + "-" + number(unit.ID)
	orders := make([]report.Order, len(in.Body.Subjects))
	for i, x := range in.Body.Subjects {
		if err := bodyTexts(x.Subject, x.Purpose, in.Body.Use); err != nil {
			return nil, err
		}
		o := report.Order{Who: who, Kind: report.Standard, Subject: publish.Whom{Code: x.Subject}, Use: in.Body.Use, Batch: batch, Unit: unit.ID}
		if x.Consent != "" {
			o.Kind, o.Purpose = report.Special, publish.Purpose{Consent: numberOr(x.Consent, none), Aim: x.Purpose, Agency: unit.ID}
		}
		orders[i] = o
	}
	header := media("application/zip")
	header.Set("Content-Disposition", attachment("reports.zip", "信用报告.zip"))
	in.allow(buildTime)
	return s.stream(&in.Exchange, header, func(w *outWriter) error {
		return s.Reports.Batch(ctx, orders, w, func(i int) string { return in.Body.Subjects[i].Subject })
	}), nil
}
