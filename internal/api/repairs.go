package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/flow"
	"gongxin/internal/repair"
)

// Repairs keeps repairs; *repair.Service does. It decides every step once more.
type Repairs interface {
	Review(ctx context.Context, of int64) (*repair.Review, error)
	Save(ctx context.Context, of, app int64, in repair.DraftIn) (repair.Application, error)
	Send(ctx context.Context, of, app int64, seen time.Time, agreed bool) (repair.Application, error)
	Application(ctx context.Context, app int64) (repair.Application, error)
	CasesOf(ctx context.Context, app int64) ([]repair.Case, error)
	ReceiptOf(a *repair.Application) *repair.LetterReceipt
}

// RepairCases keeps the procedures; *flow.Engine does.
type RepairCases interface {
	Get(ctx context.Context, id int64) (*flow.Case, error)
	Table(kind string) *flow.Table
	Timeline(ctx context.Context, id int64) ([]flow.Step, error)
}

const tagRepairs = "信用修复"

// Repairable is a failure with what the rules say about it today.
type Repairable struct {
	Target   string     `json:"target" doc:"申请时用的编号：r: 加记录编号，或者 l: 加名单条目编号" example:"r:0R2WBK9NH9CSJ0R2WBK9NH9CSM"`
	Item     string     `json:"item" doc:"目录事项" example:"XZCF"`
	Title    string     `json:"title" doc:"信息的名称"`
	DocNo    string     `json:"docNo,omitempty" doc:"文书号"`
	Unit     string     `json:"unit" doc:"作出认定的单位"`
	On       clock.Date `json:"on" doc:"文书日期，期限从这一天起算" example:"2026-05-10"`
	Class    string     `json:"class" enum:"minor,ordinary,serious" doc:"失信程度：轻微、一般、严重"`
	State    string     `json:"state" enum:"now,early,pending,hidden,excluded,barred,over,repaired,shielded" doc:"now 现在可以申请，early 还没到日期，pending 正在办理，hidden 不公示，excluded 不能在这里申请，barred 因撤销修复暂时不能申请，over 已停止公示，repaired 已修复，shielded 重整期间屏蔽"`
	From     clock.Date `json:"from,omitzero" doc:"最早可以申请的日期" example:"2026-08-10"`
	End      clock.Date `json:"end,omitzero" doc:"从这一天起自动停止公示" example:"2027-05-10"`
	Excluded string     `json:"excluded,omitempty" doc:"为什么不能在这里申请"`
	Why      string     `json:"why" doc:"依据"`
	Needs    []string   `json:"needs" doc:"要提交什么"`
	Held     []string   `json:"held,omitempty" doc:"平台已有、不用提交的记录编号"`
}

// Repairables is everything of a subject that repair could concern.
type Repairables struct {
	Items  []Repairable `json:"items"`
	Barred clock.Date   `json:"barredUntil,omitzero" doc:"在这一天以前不能提出新的申请"`
	Free   string       `json:"free" doc:"不收费的说明"`
}

// NewRepair is an application as a subject hands it in.
type NewRepair struct {
	Subject   string   `json:"subject,omitempty" maxLength:"64" doc:"以哪个企业的名义申请（统一社会信用代码）；账号只认领一个主体的可以不写，居民不写"`
	Targets   []string `json:"targets" minItems:"1" maxItems:"50" doc:"修复哪些信息；编号见 GET /repairs/eligibility" example:"[\"r:0R2WBK9NH9CSJ0R2WBK9NH9CSM\"]"`
	Statement string   `json:"statement" minLength:"5" maxLength:"1000" doc:"怎样纠正、履行了什么义务；不能含有身份证件号码" example:"罚款已于 2026 年 5 月 20 日缴清"`
	Files     []string `json:"files,omitempty" maxItems:"20" doc:"履行义务的证明，本人上传的附件的编号；平台已有证明的可以不附"`
	Agree     bool     `json:"agree" doc:"同意并签署信用修复承诺书；不同意的只存草稿"`
}

// RepairView is an application as its subject sees it.
type RepairView struct {
	No        string                `json:"no" doc:"编号"`
	State     string                `json:"state" enum:"draft,sent" doc:"draft 草稿，sent 已提交"`
	Statement string                `json:"statement" doc:"情况说明"`
	SentAt    *time.Time            `json:"sentAt,omitempty" doc:"提交时间"`
	Cases     []RepairCase          `json:"cases,omitempty" doc:"每一条信息的办理"`
	Letter    *repair.LetterReceipt `json:"letter,omitempty" doc:"承诺书回执：签名的原文、签名和公钥，可以离线核验"`
}

// RepairCase is one record of an application.
type RepairCase struct {
	No        string       `json:"no" doc:"办理编号"`
	Target    string       `json:"target" doc:"信息的编号"`
	State     string       `json:"state" enum:"sent,accepted,granted,refused,rejected,withdrawn,moot" doc:"状态"`
	StateName string       `json:"stateName" doc:"状态的名称"`
	Due       clock.Date   `json:"due,omitzero" doc:"下一步最迟的日期"`
	Answer    string       `json:"answer,omitempty" doc:"答复文书"`
	Reason    string       `json:"reason,omitempty" doc:"理由"`
	Next      clock.Date   `json:"next,omitzero" doc:"不予修复的，从这一天起可以重新申请"`
	Timeline  []RepairStep `json:"timeline" doc:"办理经过，从早到晚"`
}

// RepairStep is a line of the history.
type RepairStep struct {
	At   time.Time `json:"at" doc:"时刻"`
	Said string    `json:"said" doc:"一句话"`
}

type eligibilityInput struct {
	Subject string `query:"subject" maxLength:"64" doc:"哪个企业的（统一社会信用代码）；账号只认领一个主体的可以不写"`
}

type newRepairInput struct{ Body NewRepair }

type createdRepair struct {
	Location string `header:"Location" doc:"这件申请的地址"`
	Body     RepairView
}

type repairInput struct {
	No string `path:"no" maxLength:"32" doc:"申请编号"`
}

func (s *server) repairRoutes() {
	if s.Repairs == nil {
		return
	}
	register(s, asked(authz.RepairApply, ofSelf), route{Operation: huma.Operation{
		OperationID: "get-repair-eligibility", Method: http.MethodGet, Path: "/repairs/eligibility", Tags: []string{tagRepairs},
		Summary: "自己的哪些失信信息什么时候可以修复", Description: "这是一次查看本人档案，记入查询日志。",
	}}, s.eligibility)
	register(s, asked(authz.RepairApply, ofSelf), route{Operation: huma.Operation{
		OperationID: "apply-for-repair", Method: http.MethodPost, Path: "/repairs", Tags: []string{tagRepairs}, MaxBodyBytes: maxJSON, DefaultStatus: http.StatusCreated,
		Summary: "申请信用修复，得到编号", Description: "签署承诺书的立即推送到作出认定的单位；每一条信息分别答复。没有到日期的不收，回答写明最早可以申请的日期。不收费。",
	}}, s.applyForRepair)
	register(s, asked(authz.RepairApply, ofSelf), route{Operation: huma.Operation{
		OperationID: "get-repair", Method: http.MethodGet, Path: "/repairs/{no}", Tags: []string{tagRepairs}, Summary: "一件修复申请的进展、下一步的期限和办理经过",
	}}, s.getRepair)
}

func (s *server) eligibility(ctx context.Context, in *eligibilityInput) (*body[Repairables], error) {
	about, err := s.ownSubject(ctx, authz.RepairApply, in.Subject)
	if err != nil {
		return nil, err
	}
	r, err := s.Repairs.Review(ctx, about)
	if err != nil {
		return nil, err
	}
	out := &body[Repairables]{Body: Repairables{Items: make([]Repairable, 0, len(r.Findings)), Barred: r.Barred, Free: r.Free}}
	for i := range r.Findings {
		f := &r.Findings[i]
		x := Repairable{
			Target: f.Target.String(), Item: string(f.Item), Title: f.Title, DocNo: f.DocNo, Unit: f.Unit, On: f.On, Class: f.Class, State: string(f.State), From: f.From, End: f.End,
			Excluded: f.Excluded, Why: f.Why, Needs: f.Needs,
		}
		if x.Needs == nil {
			x.Needs = []string{}
		}
		for _, h := range f.Held {
			x.Held = append(x.Held, h.ID)
		}
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

func (s *server) applyForRepair(ctx context.Context, in *newRepairInput) (*createdRepair, error) {
	b := &in.Body
	about, err := s.ownSubject(ctx, authz.RepairApply, b.Subject)
	if err != nil {
		return nil, err
	}
	if err := bodyTexts(b.Statement); err != nil {
		return nil, err
	}
	d := repair.DraftIn{Statement: b.Statement}
	for _, text := range b.Targets {
		t, err := repair.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		d.Targets = append(d.Targets, t)
	}
	for _, hash := range b.Files {
		d.Files = append(d.Files, repair.File{Hash: hash, Title: "履行义务的证明"})
	}
	a, err := s.Repairs.Save(ctx, about, 0, d)
	if err == nil && b.Agree {
		a, err = s.Repairs.Send(ctx, about, a.ID, a.ChangedAt, true)
	}
	if err != nil {
		return nil, err
	}
	v, err := s.repairView(ctx, &a)
	return &createdRepair{Location: prefix + "/repairs/" + v.No, Body: v}, err
}

// getRepair answers who stands for the subject. Another's number is not there for anybody else, as one that is nobody's.
func (s *server) getRepair(ctx context.Context, in *repairInput) (*body[RepairView], error) {
	a, err := s.Repairs.Application(ctx, numberOr(in.No, 0))
	if err == nil && a.State == repair.Dropped {
		err = repair.ErrNone
	}
	if err != nil {
		return nil, err
	}
	about := a.Subject
	if err := s.Authority.See(ctx, authz.From(ctx), authz.RepairApply, authz.Scope{Subject: about}, repair.ErrNone); err != nil {
		return nil, err
	}
	if err := s.Looks.Record(ctx, audit.Access{Subject: about, What: audit.Own, Basis: "本人的信用修复申请"}); err != nil {
		return nil, err
	}
	v, err := s.repairView(ctx, &a)
	if err != nil {
		return nil, err
	}
	return &body[RepairView]{v}, nil
}

func (s *server) repairView(ctx context.Context, a *repair.Application) (RepairView, error) {
	v := RepairView{No: strconv.FormatInt(a.ID, 10), State: a.State, Statement: a.Statement, SentAt: moment(a.SentAt)}
	if a.State != repair.Sent {
		return v, nil
	}
	v.Letter = s.Repairs.ReceiptOf(a)
	list, err := s.Repairs.CasesOf(ctx, a.ID)
	if err != nil {
		return v, err
	}
	for i := range list {
		k := &list[i]
		c, err := s.RepairCases.Get(ctx, k.Flow)
		if err != nil {
			return v, err
		}
		x := RepairCase{
			No: strconv.FormatInt(k.ID, 10), Target: k.Target.String(), State: k.State, StateName: s.RepairCases.Table(repair.FlowKind).StateName(k.State), Due: c.Due, Answer: k.AnswerNo, Reason: k.Reason,
			Next: k.Next,
		}
		steps, err := s.RepairCases.Timeline(ctx, k.Flow)
		if err != nil {
			return v, err
		}
		for j := range steps {
			p := steps[j].Public()
			x.Timeline = append(x.Timeline, RepairStep{At: p.At, Said: p.Said})
		}
		v.Cases = append(v.Cases, x)
	}
	return v, nil
}
