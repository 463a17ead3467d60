package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
)

// Consents keeps consents; each call decides for itself what its actor may.
type Consents interface {
	Bounds() consent.Bounds
	Grant(ctx context.Context, who authz.Actor, t consent.Terms) (*consent.Consent, *consent.Receipt, error)
	Revoke(ctx context.Context, who authz.Actor, id int64, why string) (*consent.Receipt, error)
	Get(ctx context.Context, who authz.Actor, id int64) (*consent.Consent, *consent.Receipt, error)
	Revocation(ctx context.Context, who authz.Actor, id int64) (*consent.Receipt, error)
	OfSubject(ctx context.Context, who authz.Actor, subject int64, cursor string, limit int) ([]consent.Consent, string, error)
	OfGrantee(ctx context.Context, who authz.Actor, grantee int64, cursor string, limit int) ([]consent.Consent, string, error)
}

// Subjects gives the codes of subjects and the subjects of codes. A person has none.
type Subjects interface {
	CodeOf(ctx context.Context, id int64) (code string, ok bool, err error)
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
	ByCode(ctx context.Context, code string) (subject.Subject, bool, error)
}

// ConsentTerms are what a subject consents to.
type ConsentTerms struct {
	Subject string   `json:"subject,omitempty" maxLength:"64" doc:"以哪个企业的名义授权（统一社会信用代码）；账号只认领一个主体的可以不写，居民不写" example:"91990102MA0A00014H"`
	Grantee string   `json:"grantee" minLength:"1" maxLength:"40" doc:"被授权单位的统一社会信用代码" example:"11990100001000010R"`
	Items   []string `json:"items" minItems:"1" maxItems:"30" uniqueItems:"true" doc:"授权的信息事项" example:"[\"XYPJ\"]"`
	Classes []string `json:"classes,omitempty" maxItems:"2" uniqueItems:"true" doc:"授权的披露方式：A、B；不写为 B。丙类只在部门之间共享，不能授权" example:"[\"B\"]"`
	Purpose string   `json:"purpose" minLength:"1" maxLength:"40" doc:"用途的代码：credit 授信审批，loan 贷后管理，guarantee 融资担保，insurance 保险承保，tender 招标采购，trade 商业合作，service 办理政务服务，incentive 守信激励（以本市设定的为准）" example:"credit"`
	From    string   `json:"from,omitempty" maxLength:"40" doc:"生效：RFC 3339 时刻，或者一天（从该日零时起）；不写为现在"`
	Until   string   `json:"until,omitempty" maxLength:"40" doc:"到期：RFC 3339 时刻，或者一天（到该日结束）；不写为 90 天后" example:"2026-12-31"`
	Uses    int      `json:"uses,omitempty" minimum:"1" maximum:"100000" doc:"可以查询的次数；不写为 1" example:"2"`
}

// Consent is a consent without its signed text.
type Consent struct {
	ID          string             `json:"id" doc:"授权书编号"`
	Subject     string             `json:"subject,omitempty" doc:"授权的主体；自然人没有代码"`
	Grantee     UnitRef            `json:"grantee" doc:"被授权单位"`
	Items       []catalog.ItemCode `json:"items" doc:"授权的信息事项"`
	Classes     []catalog.Class    `json:"classes" doc:"授权的披露方式"`
	Purpose     string             `json:"purpose" doc:"用途的代码"`
	PurposeName string             `json:"purposeName,omitempty" doc:"用途"`
	From        time.Time          `json:"from" doc:"生效的时刻"`
	Until       time.Time          `json:"until" doc:"到期的时刻：从这一刻起不能再用"`
	Uses        int                `json:"uses" doc:"可以查询的次数"`
	UsesLeft    int                `json:"usesLeft" doc:"还剩的次数"`
	State       string             `json:"state" enum:"live,early,expired,used,revoked" doc:"live 有效，early 未生效，expired 已到期，used 已用完，revoked 已撤销"`
	CreatedAt   time.Time          `json:"createdAt" doc:"授权的时刻"`
	RevokedAt   *time.Time         `json:"revokedAt,omitempty" doc:"撤销的时刻"`
	RevokedWhy  string             `json:"revokedWhy,omitempty" doc:"撤销的原因；只给主体自己看"`
}

// SignedText is what can be verified without this platform: the whole answer, kept as a file, is a receipt that consent.VerifyReceipt reads.
type SignedText struct {
	Format    string `json:"format" doc:"回执的格式"`
	Document  string `json:"document" doc:"签名的原文，逐行“名称: 值”"`
	Algorithm string `json:"algorithm" doc:"签名算法"`
	KeyID     string `json:"keyId" doc:"签名公钥的编号"`
	PublicKey string `json:"publicKey" doc:"签名公钥（PEM）；核验时请用从别处取得的平台公钥对照"`
	Signature string `json:"signature" doc:"签名（base64）"`
}

// ConsentReceipt is a consent, or its revocation, with the signed text of it.
type ConsentReceipt struct {
	SignedText
	Consent
	Revocation *SignedText `json:"revocation,omitempty" doc:"已撤销的：撤销的回执，另存成文件同样可以核验；授权人和被授权单位都看得到"`
}

// UnitRef names a unit.
type UnitRef struct {
	Code string `json:"code" doc:"统一社会信用代码"`
	Name string `json:"name" doc:"名称"`
}

type consentsInput struct {
	Paging
	Subject string `query:"subject" maxLength:"64" doc:"只看这个主体给出的；账号只认领一个主体的可以不写"`
	Grantee string `query:"grantee" maxLength:"40" doc:"只看授权给这个单位的；账号只属于一个单位的可以不写"`
}

type consentInput struct {
	ID string `path:"id" maxLength:"32" doc:"授权书编号"`
}

// RevocationReason says why a consent is revoked; nobody has to.
type RevocationReason struct {
	Why string `json:"why,omitempty" maxLength:"200" doc:"撤销的原因，可以不写；只有主体自己看得到" example:"贷款已还清"`
}

type revokeInput struct {
	ID   string `path:"id" maxLength:"32" doc:"授权书编号"`
	Body *RevocationReason
}

type createdConsent struct {
	Location string `header:"Location" doc:"授权书的地址"`
	Body     ConsentReceipt
}

var (
	errWhichSubject = fault.New(fault.Invalid, "api.which_subject", "这个账号认领了几个主体，没有写明是哪一个", "请用 subject 写明主体的统一社会信用代码")
	errWhichUnit    = fault.New(fault.Invalid, "api.which_unit", "没有写明是哪个单位或主体的授权书", "请用 grantee 写明单位，或用 subject 写明主体的统一社会信用代码")
)

func (s *server) consentRoutes() {
	if s.Consents == nil {
		return
	}
	register(s, asked(authz.ConsentGrant, ofSelf), route{Operation: huma.Operation{
		OperationID: "grant-consent", Method: http.MethodPost, Path: "/consents", Tags: []string{tagConsent}, MaxBodyBytes: maxJSON,
		Summary: "授权一个单位查询自己的信息，得到授权书和回执", DefaultStatus: http.StatusCreated, Description: consentWords,
	}}, s.grantConsent)
	register(s, among(authz.ConsentRead, ofConsent), route{Operation: huma.Operation{
		OperationID: "list-consents", Method: http.MethodGet, Path: "/consents", Tags: []string{tagConsent},
		Summary: "授权书，从新到旧：自己给出的，或者给本单位的",
	}}, s.listConsents)
	register(s, asked(authz.ConsentRead, ofConsent), route{Operation: huma.Operation{
		OperationID: "get-consent", Method: http.MethodGet, Path: "/consents/{id}", Tags: []string{tagConsent},
		Summary: "一份授权书和它的回执", Description: receiptFileWords,
	}}, s.consent)
	register(s, asked(authz.ConsentRevoke, ofSelf), route{Operation: huma.Operation{
		OperationID: "revoke-consent", Method: http.MethodPost, Path: "/consents/{id}/revoke", Tags: []string{tagConsent}, MaxBodyBytes: maxJSON,
		Summary: "撤销授权，立即生效，得到撤销的回执", Description: receiptFileWords,
	}}, s.revokeConsent)
}

func (s *server) grantConsent(ctx context.Context, in *struct{ Body ConsentTerms }) (*createdConsent, error) {
	b := &in.Body
	if err := bodyTexts(append(append([]string{b.Subject, b.Grantee, b.Purpose, b.From, b.Until}, b.Items...), b.Classes...)...); err != nil {
		return nil, err
	}
	about, err := s.ownSubject(ctx, authz.ConsentGrant, b.Subject)
	if err != nil {
		return nil, err
	}
	t := consent.Terms{Subject: about, Grantee: b.Grantee, Purpose: b.Purpose, Uses: b.Uses}
	for _, code := range b.Items {
		t.Items = append(t.Items, catalog.ItemCode(code))
	}
	for _, class := range b.Classes {
		t.Classes = append(t.Classes, catalog.Class(class))
	}
	if t.From, err = instant("from", b.From, false); err != nil {
		return nil, err
	}
	if t.Until, err = instant("until", b.Until, true); err != nil {
		return nil, err
	}
	c, r, err := s.Consents.Grant(ctx, authz.From(ctx), t)
	if err != nil {
		return nil, err
	}
	out, err := s.consentReceipt(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return &createdConsent{Location: prefix + "/consents/" + out.ID, Body: out}, nil
}

// instant reads a moment or a day of the body; "" is none. A day begins at its midnight in China, or ends with the next one.
func instant(name, text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	day, err := clock.ParseDate(text)
	if err != nil {
		return time.Time{}, badBody(name, "应为 RFC 3339 时刻（2026-03-02T10:00:00+08:00）或日期（2026-03-02）")
	}
	if end {
		day = day.AddDays(1)
	}
	return day.Start(), nil
}

// badBody refuses a member of the body that huma's schema cannot judge.
func badBody(name, message string) *Problem {
	d := ProblemDetail{Place: "body." + name, Message: message}
	p := problemOf(contextOf(nil), errBody)
	p.Detail, p.Errors = sentence(d), []ProblemDetail{d}
	return p
}

// ownSubject finds which of the caller's own subjects is meant. Another's is refused as if it were not there.
func (s *server) ownSubject(ctx context.Context, act authz.Action, code string) (int64, error) {
	who := authz.From(ctx)
	own := s.Authority.Bounds(who, act).Subjects
	code = strings.ToUpper(strings.TrimSpace(code))
	switch {
	case len(own) == 0:
		return 0, orDenied(s.Authority.Decide(who, act, authz.Scope{}).Err())
	case code == "" && len(own) == 1:
		return own[0], nil
	case code == "":
		return 0, errWhichSubject
	}
	for _, id := range own {
		have, ok, err := s.Subjects.CodeOf(ctx, id)
		if err != nil {
			return 0, err
		}
		if ok && have != "" && have == code {
			return id, nil
		}
	}
	return 0, orDenied(s.Authority.Decide(who, act, authz.Scope{Subject: none}).Err())
}

// orDenied keeps a refusal a refusal.
func orDenied(err error) error {
	if err == nil {
		return authz.ErrDenied
	}
	return err
}

func (s *server) listConsents(ctx context.Context, in *consentsInput) (*body[List[Consent]], error) {
	who := authz.From(ctx)
	b := s.Authority.Bounds(who, authz.ConsentRead)
	var list []consent.Consent
	var next string
	var err error
	switch {
	case in.Grantee != "":
		var unit agency.Agency
		if unit, err = s.Agencies.ByCode(ctx, in.Grantee); err == nil {
			list, next, err = s.Consents.OfGrantee(ctx, who, unit.ID, in.Cursor, in.limit())
		}
	case in.Subject != "" || len(b.Subjects) > 0:
		var about int64
		if about, err = s.consentSubject(ctx, b, in.Subject); err == nil {
			list, next, err = s.Consents.OfSubject(ctx, who, about, in.Cursor, in.limit())
		}
	case len(b.Agencies) == 1:
		list, next, err = s.Consents.OfGrantee(ctx, who, b.Agencies[0], in.Cursor, in.limit())
	default:
		err = errWhichUnit
	}
	if err != nil {
		return nil, err
	}
	if err := s.Looks.Record(ctx, publish.Each(consent.Foreign(who, list), consent.Look)...); err != nil {
		return nil, err
	}
	out := &body[List[Consent]]{Body: List[Consent]{Items: make([]Consent, 0, len(list)), Next: next}}
	for i := range list {
		c, err := s.consentOf(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, c)
	}
	return out, nil
}

// consentSubject finds whose consents are asked for: one of the caller's own, or for an auditor any.
func (s *server) consentSubject(ctx context.Context, b authz.Bounds, code string) (int64, error) {
	if len(b.Subjects) > 0 || !b.All {
		return s.ownSubject(ctx, authz.ConsentRead, code)
	}
	sub, ok, err := s.Subjects.ByCode(ctx, strings.ToUpper(strings.TrimSpace(code)))
	if err == nil && !ok {
		err = errNoSubject
	}
	return sub.ID, err
}

var errNoSubject = fault.New(fault.NotFound, "api.no_subject", "没有这个统一社会信用代码的主体", "请核对代码")

func (s *server) consent(ctx context.Context, in *consentInput) (*body[ConsentReceipt], error) {
	who := authz.From(ctx)
	c, r, err := s.Consents.Get(ctx, who, numberOr(in.ID, none))
	if err != nil {
		return nil, err
	}
	if err := s.Looks.Record(ctx, publish.Each(consent.Foreign(who, []consent.Consent{*c}), consent.Look)...); err != nil {
		return nil, err
	}
	out, err := s.consentReceipt(ctx, c, r)
	if err != nil {
		return nil, err
	}
	revoked, err := s.Consents.Revocation(ctx, who, c.ID)
	if revoked != nil {
		text := signedText(revoked)
		out.Revocation = &text
	}
	return &body[ConsentReceipt]{out}, err
}

func (s *server) revokeConsent(ctx context.Context, in *revokeInput) (*body[ConsentReceipt], error) {
	why := ""
	if in.Body != nil {
		why = in.Body.Why
	}
	if err := bodyTexts(why); err != nil {
		return nil, err
	}
	who, id := authz.From(ctx), numberOr(in.ID, none)
	if _, _, err := s.Consents.Get(ctx, who, id); err != nil { // whoever may not read it does not learn that it is there
		return nil, err
	}
	r, err := s.Consents.Revoke(ctx, who, id, why)
	if err != nil {
		return nil, err
	}
	c, _, err := s.Consents.Get(ctx, who, id)
	if err != nil {
		return nil, err
	}
	out, err := s.consentReceipt(ctx, c, r)
	return &body[ConsentReceipt]{out}, err
}

func (s *server) consentReceipt(ctx context.Context, c *consent.Consent, r *consent.Receipt) (ConsentReceipt, error) {
	out, err := s.consentOf(ctx, c)
	return ConsentReceipt{SignedText: signedText(r), Consent: out}, err
}

func signedText(r *consent.Receipt) SignedText {
	return SignedText{Format: r.Format, Document: r.Document, Algorithm: r.Algorithm, KeyID: r.KeyID, PublicKey: r.PublicKey, Signature: r.Signature}
}

func (s *server) consentOf(ctx context.Context, c *consent.Consent) (Consent, error) {
	code, _, err := s.Subjects.CodeOf(ctx, c.Subject)
	if err != nil {
		return Consent{}, err
	}
	out := Consent{
		ID: number(c.ID), Subject: code, Items: filled(c.Items), Classes: filled(c.Classes), Purpose: c.Purpose, From: c.From.In(clock.Zone),
		Until: c.Until.In(clock.Zone), Uses: c.Uses, UsesLeft: c.UsesLeft, State: c.State(s.Clock.Now()), CreatedAt: c.CreatedAt.In(clock.Zone),
		RevokedAt: when(c.RevokedAt),
	}
	if slices.Contains(s.Authority.Bounds(authz.From(ctx), authz.ConsentRead).Subjects, c.Subject) {
		out.RevokedWhy = c.RevokedWhy
	}
	if unit, err := s.unitRef(ctx, c.Grantee); err != nil {
		return Consent{}, err
	} else if unit != nil {
		out.Grantee = *unit
	}
	for _, p := range s.Consents.Bounds().Purposes {
		if p.Code == c.Purpose {
			out.PurposeName = p.Name
		}
	}
	return out, nil
}

// unitRef names a unit; nil for none. One that is gone has its absence shown.
func (s *server) unitRef(ctx context.Context, id agency.ID) (*UnitRef, error) {
	if id == 0 {
		return nil, nil
	}
	unit, err := s.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return &UnitRef{Name: "（单位信息缺失）"}, nil
	}
	if err != nil {
		return nil, err
	}
	return &UnitRef{Code: unit.Code, Name: unit.Name}, nil
}

// when gives an instant for an answer, nil for none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(clock.Zone)
	return &t
}
