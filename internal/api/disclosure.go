package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// Discloser answers beyond the public. Every answer and every refusal is in the access log before it is given.
type Discloser interface {
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
}

// Asking says why more than the public is asked for: a matter of the caller's department, or a consent with its purpose.
type Asking struct {
	Matter  string `query:"matter" maxLength:"40" doc:"本单位应用事项的代码：按事项查部门共享信息（丙类）" example:"SPJY-XK"`
	Consent string `query:"consent" pattern:"^[0-9]{1,19}$" patternDescription:"授权书编号，1 至 19 位数字" doc:"授权书编号：按主体的授权查询（乙类）；每次用掉一次授权"`
	Purpose string `query:"purpose" maxLength:"40" doc:"与 consent 一起写：授权书写明的用途的代码" example:"credit"`
	Unit    string `query:"unit" maxLength:"40" doc:"与 consent 一起写：以哪个单位的名义查询（统一社会信用代码）；账号只属于一个单位的可以不写"`
}

// namesPurpose reports whether a call asks for more than the public.
func namesPurpose(r *http.Request) bool {
	q := r.URL.Query()
	return q.Get("matter") != "" || q.Get("consent") != ""
}

// The reaches of an answer beyond the public.
const (
	reachDepartment = "department"
	reachConsent    = "consent"
)

// Disclosure says what an answer beyond the public stands on.
type Disclosure struct {
	Reach   string    `json:"reach" enum:"department,consent" doc:"按什么看到：department 应用事项，consent 主体授权"`
	Receipt string    `json:"receipt" doc:"查询日志中这一笔的编号"`
	Matter  string    `json:"matter,omitempty" doc:"应用事项的代码"`
	Consent string    `json:"consent,omitempty" doc:"授权书编号"`
	Basis   string    `json:"basis" doc:"依据：法律和条款，或者授权书"`
	AsOf    time.Time `json:"asOf" doc:"回答的是哪一时刻已知的内容；能不能看总是按今天判断"`
}

// SubjectDisclosure adds how much there is to see.
type SubjectDisclosure struct {
	Disclosure
	Items []publish.ItemCount `json:"items" doc:"按事项能看到的记录数，公开的也算在内"`
	More  bool                `json:"more,omitempty" doc:"记录多于 1000 条，items 只数了前面的"`
}

var (
	errPurposes = fault.New(fault.Invalid, "api.purposes", "应用事项 matter 和授权书 consent 只能写一个", "按事项查询的写 matter；按主体授权查询的写 consent 和 purpose")
	errPurpose  = fault.New(fault.Invalid, "api.purpose", "purpose、unit 只和授权书 consent 一起用", "请写上授权书编号 consent，或者去掉 purpose、unit")
	errWhom     = fault.New(fault.Invalid, "api.whom", "要查的主体没有写明，或者写了两个", "单位写 subject（统一社会信用代码）；自然人写 person，证件类型 docKind 和完整的证件号码 number 都要有")
)

// purpose reads why more than the public is asked for; asks is false when it is not.
func (s *server) purpose(ctx context.Context, in Asking) (p publish.Purpose, asks bool, err error) {
	switch {
	case in.Matter != "" && in.Consent != "":
		return p, false, errPurposes
	case in.Consent == "" && (in.Purpose != "" || in.Unit != ""):
		return p, false, errPurpose
	case in.Matter == "" && in.Consent == "":
		return p, false, nil
	}
	p = publish.Purpose{Matter: in.Matter, Aim: in.Purpose}
	if in.Consent != "" {
		p.Consent = numberOr(in.Consent, none)
	}
	if in.Unit != "" {
		unit, err := s.Agencies.ByCode(ctx, in.Unit)
		if err != nil {
			return p, false, err
		}
		p.Agency = unit.ID
	}
	return p, true, nil
}

// none is a number that nothing has.
const none int64 = -1

// numberOr reads the number of a thing; what cannot be one names nothing.
func numberOr(text string, or int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return or
	}
	return n
}

// disclose asks in the name of the caller.
func (s *server) disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error) {
	ask.Who = authz.From(ctx)
	switch {
	case s.Disclosures == nil:
		return nil, publish.MissingDisabled.Err()
	case !ask.Who.SignedIn():
		return nil, publish.MissingSignIn.Err()
	}
	a, err := s.Disclosures.Disclose(ctx, ask)
	if errors.Is(err, publish.MissingRate.Err()) { // the count is of the hour
		p := problemOf(ctx, err)
		now := s.Clock.Now()
		p.retry = now.Truncate(time.Hour).Add(time.Hour).Sub(now)
		return nil, p
	}
	return a, err
}

func disclosureOf(a *publish.Answer, p publish.Purpose) Disclosure {
	d := Disclosure{Reach: reachDepartment, Receipt: number(a.Entry), Matter: a.Matter, Basis: a.Basis, AsOf: a.AsOf.In(clock.Zone)}
	if p.Consent != 0 {
		d.Reach, d.Consent = reachConsent, number(p.Consent)
	}
	return d
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// mostDisclosed is the largest page of a disclosure.
const mostDisclosed = 1000

// discloseSubject adds to what everyone sees of a subject how much the purpose opens. public is nil when the subject has no public side at that moment.
func (s *server) discloseSubject(ctx context.Context, ask publish.Ask, public *publish.SubjectView) (*body[Subject], error) {
	ask.Limit = mostDisclosed
	a, err := s.disclose(ctx, ask)
	if err != nil {
		return nil, err
	}
	if public == nil {
		public = &publish.SubjectView{SubjectRef: a.Subject, UpdatedAt: a.AsOf}
	}
	out := subjectOf(public)
	out.Disclosure = &SubjectDisclosure{Disclosure: disclosureOf(a, ask.Purpose), Items: []publish.ItemCount{}, More: a.Next != ""}
	place := map[catalog.ItemCode]int{}
	for i := range a.Records {
		r := &a.Records[i]
		at, ok := place[r.Item]
		if !ok {
			at = len(out.Disclosure.Items)
			place[r.Item] = at
			out.Disclosure.Items = append(out.Disclosure.Items, publish.ItemCount{Item: r.Item, Name: r.ItemName})
		}
		out.Disclosure.Items[at].Count++
	}
	return &body[Subject]{out}, nil
}

// DisclosureRequest asks about one subject. It is a body and never an address: a person's number must not stand in any log.
type DisclosureRequest struct {
	Subject string          `json:"subject,omitempty" maxLength:"64" doc:"单位的统一社会信用代码" example:"91990102MA0A00014H"`
	Person  *PersonDocument `json:"person,omitempty" doc:"自然人，按完整的证件号码；不能按姓名查"`
	Matter  string          `json:"matter,omitempty" maxLength:"40" doc:"应用事项的代码" example:"SPJY-XK"`
	Basis   string          `json:"basis,omitempty" maxLength:"200" doc:"可以不写：法律依据和条款，须与应用事项登记的一致"`
	Consent string          `json:"consent,omitempty" pattern:"^[0-9]{1,19}$" patternDescription:"授权书编号，1 至 19 位数字" doc:"授权书编号"`
	Purpose string          `json:"purpose,omitempty" maxLength:"40" doc:"与 consent 一起写：授权书写明的用途的代码"`
	Unit    string          `json:"unit,omitempty" maxLength:"40" doc:"与 consent 一起写：以哪个单位的名义查询"`
	Items   []string        `json:"items,omitempty" maxItems:"30" uniqueItems:"true" doc:"只要这些信息事项，每一个都要在应用事项或授权书里；不写为列出的全部。写几个都是一次查询，记一笔，按授权查询的用掉一次"`
	AsOf    string          `json:"asOf,omitempty" maxLength:"40" doc:"查询时点，写法与其他接口相同；不写为现在"`
	Limit   int             `json:"limit,omitempty" minimum:"1" maximum:"1000" doc:"最多给出的条数；不写为 200"`
	Cursor  string          `json:"cursor,omitempty" maxLength:"200" doc:"上一页回答中的 next；翻页也是一次查询"`
}

// PersonDocument names a natural person.
type PersonDocument struct {
	DocKind string `json:"docKind" minLength:"1" maxLength:"40" doc:"证件类型" example:"身份证"`
	Number  string `json:"number" minLength:"1" maxLength:"64" doc:"完整的证件号码"`
}

// Disclosed is the answer about one subject.
type Disclosed struct {
	Disclosure
	Subject  SubjectRef         `json:"subject" doc:"主体；自然人的姓名已遮盖"`
	Items    []Record           `json:"items" doc:"按事项或授权能看到的记录，按决定日期从新到旧"`
	Next     string             `json:"next,omitempty" doc:"下一页的 cursor；最后一页没有"`
	Receipts []DisclosedReceipt `json:"receipts" doc:"这一次查询在日志中的编号，总是只有一项，与 receipt 相同"`
}

// DisclosedReceipt is the look-up that an answer was.
type DisclosedReceipt struct {
	Item    catalog.ItemCode `json:"item,omitempty" doc:"事项代码；items 没有写或写了几个的没有"`
	Receipt string           `json:"receipt" doc:"查询日志中这一笔的编号"`
	Records int              `json:"records" doc:"这一次给出的记录数"`
	More    bool             `json:"more,omitempty" doc:"还有下一页"`
}

// maxJSON bounds the body of a call that takes one, in bytes.
const maxJSON = 64 << 10

func (s *server) disclosureRoutes() {
	if s.Disclosures == nil {
		return
	}
	register(s, withPurpose(authz.DiscloseDepartment), route{search: true, Operation: huma.Operation{
		OperationID: "disclose", Method: http.MethodPost, Path: "/disclosures", Tags: []string{tagDisclosure}, MaxBodyBytes: maxJSON,
		Summary: "按事项或授权查一个主体", Description: disclosureWords,
	}}, s.discloseOne)
}

func (s *server) discloseOne(ctx context.Context, in *struct{ Body DisclosureRequest }) (*body[Disclosed], error) {
	ask, err := s.askOf(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	a, err := s.disclose(ctx, ask)
	if err != nil {
		return nil, err
	}
	receipt := DisclosedReceipt{Receipt: number(a.Entry), Records: len(a.Records), More: a.Next != ""}
	if len(ask.Items) == 1 {
		receipt.Item = ask.Items[0]
	}
	return &body[Disclosed]{Disclosed{
		Disclosure: disclosureOf(a, ask.Purpose), Subject: refOf(a.Subject), Items: recordsOf(a.Records), Next: a.Next, Receipts: []DisclosedReceipt{receipt},
	}}, nil
}

// askOf reads the question of a body.
func (s *server) askOf(ctx context.Context, in *DisclosureRequest) (publish.Ask, error) {
	ask := publish.Ask{Subject: publish.Whom{Code: in.Subject}, Cursor: in.Cursor, Limit: in.Limit}
	texts := append([]string{in.Subject, in.Matter, in.Basis, in.Purpose, in.Unit, in.AsOf, in.Cursor}, in.Items...)
	if in.Person != nil {
		ask.Subject.DocKind, ask.Subject.Number = in.Person.DocKind, in.Person.Number
		texts = append(texts, in.Person.DocKind, in.Person.Number)
	}
	if (in.Subject == "") == (in.Person == nil) {
		return ask, errWhom
	}
	if err := bodyTexts(texts...); err != nil {
		return ask, err
	}
	var err error
	if ask.Purpose, _, err = s.purpose(ctx, Asking{Matter: in.Matter, Consent: in.Consent, Purpose: in.Purpose, Unit: in.Unit}); err != nil {
		return ask, err
	}
	ask.Purpose.Basis = in.Basis
	for _, code := range in.Items {
		if code != "" {
			ask.Items = append(ask.Items, catalog.ItemCode(code))
		}
	}
	ask.AsOf, err = bodyMoment(in.AsOf, s.Clock.Now())
	return ask, err
}

// bodyTexts refuses control characters, which no database of ours keeps.
func bodyTexts(texts ...string) error {
	for _, t := range texts {
		if !isText(t) {
			return errBodyText
		}
	}
	return nil
}
