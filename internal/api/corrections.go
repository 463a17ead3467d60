package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
)

// Corrections keeps who was told of a change and who has applied it; *correction.Service does. It decides every step once more.
type Corrections interface {
	OfUnits(ctx context.Context, f correction.Since) ([]correction.Notice, string, error)
	Changes(ctx context.Context, ids []int64) (map[int64]correction.Change, error)
	Notice(ctx context.Context, id int64) (correction.Notice, error)
	ApplyRow(ctx context.Context, row int64, note string) (correction.Notice, error)
	Scope(ctx context.Context, to notice.Recipient) (authz.Scope, error)
	Feed(ctx context.Context, since clock.Date, cursor string, limit int) ([]correction.Published, string, error)
}

const (
	tagCorrections  = "更正告知"
	correctionsUnit = "取得过记录的单位"

	correctionsWords = `本单位查询、核查、批量核查或者凭报告取得过的记录，后来有变更的，一条一行，按告知的先后排列。stop 停止使用，replace 改用新版本（再查询一次取得），resume 可以恢复使用。
有新的告知时，也发到本单位登记的系统地址（带签名，topic 为 correction.stop、correction.replace、correction.resume），收到后在这里取。定时来取的，since 请比上一次早五分钟，重复的按 id 去掉。
读取记入查询日志，主体看得到。`
	appliedWords = `确认本单位已经落实这一条，写明怎样落实的。主体在更正回执里看得到。已经确认过的回答 409。`
	changesWords = `公示过的记录的变更，供下载过开放数据的人核对：removed 不再公示（原因见 reason），corrected 已更正、请重新下载，restored 恢复公示。只有记录编号，没有内容；按列入的先后排列，保留 24 个月。
since 写上一次来取的日期（含当日），重复的按 record 和 changedOn 去掉。`
)

// CorrectionView is a change of a record that a unit was answered.
type CorrectionView struct {
	ID          string     `json:"id" doc:"这一条告知的编号，确认落实时用"`
	Record      string     `json:"record" doc:"记录编号"`
	Subject     string     `json:"subject,omitempty" doc:"主体的统一社会信用代码；自然人不给出"`
	SubjectName string     `json:"subjectName" doc:"主体名称；自然人的已遮盖"`
	Item        string     `json:"item" doc:"信息事项代码"`
	Does        string     `json:"does" enum:"stop,replace,resume" doc:"要做什么：stop 停止使用，replace 改用新版本，resume 可以恢复使用"`
	Status      string     `json:"status" enum:"active,withdrawn,repaired,annulled,ended,shielded,destroyed" doc:"记录现在的状态"`
	Version     int        `json:"version" doc:"新的版本；本单位取得的比它旧"`
	ChangedAt   time.Time  `json:"changedAt" doc:"变更时间"`
	Basis       string     `json:"basis" doc:"变更的依据"`
	Why         string     `json:"why,omitempty" doc:"变更的原因"`
	Handed      HandedView `json:"handed" doc:"本单位怎样取得的"`
	ToldAt      time.Time  `json:"toldAt" doc:"告知时间"`
	Due         clock.Date `json:"due,omitzero" doc:"最迟确认的日期；没有的无须确认"`
	AppliedAt   *time.Time `json:"appliedAt,omitempty" doc:"确认落实的时间"`
	Note        string     `json:"note,omitempty" doc:"怎样落实的"`
}

// HandedView says how a unit came by a record.
type HandedView struct {
	What   []string  `json:"what" doc:"怎样取得的：check 核查，check_again 再看核查结果，subject、record 凭事项查询，consented 凭授权，report 报告"`
	Matter string    `json:"matter,omitempty" doc:"最近一次的应用事项"`
	At     time.Time `json:"at" doc:"最近一次的时间"`
	Times  int       `json:"times" doc:"次数"`
}

// PublishedChange is a change of a record that everyone could see.
type PublishedChange struct {
	Record    string     `json:"record" doc:"记录编号"`
	State     string     `json:"state" enum:"removed,corrected,restored" doc:"removed 不再公示，corrected 已更正，restored 恢复公示"`
	Reason    string     `json:"reason,omitempty" enum:"withdrawn,repaired,annulled,ended,suspended" doc:"不再公示的原因：withdrawn 来源单位撤回，repaired 已修复，annulled 撤下，ended 期满，suspended 暂停公示"`
	ListedOn  clock.Date `json:"listedOn" doc:"列入这张清单的日期，不早于 since"`
	ChangedOn clock.Date `json:"changedOn" doc:"变更日期，可能早于列入的日期"`
}

// CorrectionApplied says what was done.
type CorrectionApplied struct {
	Note string `json:"note" minLength:"2" maxLength:"500" doc:"怎样落实的；不写证件号码" example:"已从窗口系统删除，未用于在办事项"`
}

type correctionsInput struct {
	Paging
	Since string `query:"since" maxLength:"40" doc:"从什么时候起告知的：RFC 3339 时刻，或者日期；不写为全部" example:"2026-03-02"`
	Open  bool   `query:"open" doc:"只要还没有确认落实的"`
}

type appliedInput struct {
	ID   string `path:"id" maxLength:"32" doc:"告知的编号"`
	Body CorrectionApplied
}

type changesInput struct {
	Paging
	Since string `query:"since" maxLength:"10" doc:"从哪一天起列入的；不写为最早" example:"2026-03-02"`
}

func (s *server) correctionRoutes() {
	if s.Corrections == nil {
		return
	}
	register(s, among(authz.CorrectionApply, correctionsUnit), route{Operation: huma.Operation{
		OperationID: "list-corrections", Method: http.MethodGet, Path: "/corrections", Tags: []string{tagCorrections}, Summary: "本单位取得过的记录的变更", Description: correctionsWords,
	}}, s.corrections)
	register(s, asked(authz.CorrectionApply, correctionsUnit), route{Operation: huma.Operation{
		OperationID: "apply-correction", Method: http.MethodPost, Path: "/corrections/{id}/applied", Tags: []string{tagCorrections}, MaxBodyBytes: maxJSON,
		Summary: "确认已经落实", Description: appliedWords,
	}}, s.applied)
	register(s, public(authz.OpenDataRead), route{Operation: huma.Operation{
		OperationID: "list-record-changes", Method: http.MethodGet, Path: "/records/changes", Tags: []string{tagCorrections}, Summary: "公示过的记录的变更", Description: changesWords,
	}}, s.changes)
}

func (s *server) corrections(ctx context.Context, in *correctionsInput) (*body[List[CorrectionView]], error) {
	f := correction.Since{Agencies: s.Authority.Bounds(authz.From(ctx), authz.CorrectionApply).Agencies, Open: in.Open, Cursor: in.Cursor, Limit: in.limit()}
	out := &body[List[CorrectionView]]{Body: List[CorrectionView]{Items: []CorrectionView{}}}
	if len(f.Agencies) == 0 {
		return out, nil
	}
	if in.Since != "" {
		if day, err := clock.ParseDate(in.Since); err == nil {
			f.At = day.Start()
		} else if f.At, err = (Moment{AsOf: in.Since}).at(s.Clock.Now()); err != nil {
			return nil, badParameter("since", "应为 RFC 3339 时刻（2026-03-02T10:00:00+08:00）或日期（2026-03-02）")
		}
	}
	list, next, err := s.Corrections.OfUnits(ctx, f)
	if err != nil {
		return nil, err
	}
	out.Body.Next = next
	out.Body.Items, err = s.correctionsOf(ctx, list)
	return out, err
}

// correctionsOf puts rows into words, and who reads them into the log.
func (s *server) correctionsOf(ctx context.Context, list []correction.Notice) ([]CorrectionView, error) {
	ids, changes := make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		ids[i], changes[i] = list[i].Record.Subject, list[i].Change
	}
	labels, err := s.Labels.Labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	made, err := s.Corrections.Changes(ctx, changes)
	if err != nil {
		return nil, err
	}
	subjects, err := s.Subjects.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]CorrectionView, len(list))
	for i := range list {
		n := &list[i]
		c := made[n.Change]
		v := CorrectionView{
			ID: number(n.ID), Record: n.Record.String(), SubjectName: labels[n.Record.Subject], Item: string(n.Item), Does: string(n.Does), Status: n.Status.String(), Version: n.Version,
			ChangedAt: c.ChangedAt.In(clock.Zone), Basis: c.Basis, Why: c.Why, ToldAt: n.At.In(clock.Zone), Due: n.Due, AppliedAt: moment(n.Applied), Note: n.Note,
			Handed: HandedView{What: filled(n.What), Matter: n.Matter, At: n.HandedAt.In(clock.Zone), Times: n.Copies},
		}
		v.Subject = subjects[n.Record.Subject].Code // a person has none
		out[i] = v
	}
	looks := publish.Each(list, func(n correction.Notice) audit.Access {
		return audit.Access{Who: audit.Who{Agency: n.To.ID}, Subject: n.Record.Subject, What: "correction", Basis: made[n.Change].Basis}
	})
	return out, s.Looks.Record(ctx, looks...)
}

func (s *server) applied(ctx context.Context, in *appliedInput) (*body[CorrectionView], error) {
	if err := bodyTexts(in.Body.Note); err != nil {
		return nil, err
	}
	n, err := s.Corrections.Notice(ctx, numberOr(in.ID, 0))
	if err != nil {
		return nil, err
	}
	scope, err := s.Corrections.Scope(ctx, n.To)
	if err != nil {
		return nil, err
	}
	if err := s.Authority.See(ctx, authz.From(ctx), authz.CorrectionApply, scope, correction.ErrNone); err != nil {
		return nil, err
	}
	if n, err = s.Corrections.ApplyRow(ctx, n.ID, in.Body.Note); err != nil {
		return nil, err
	}
	list, err := s.correctionsOf(ctx, []correction.Notice{n})
	if err != nil {
		return nil, err
	}
	return &body[CorrectionView]{list[0]}, nil
}

func (s *server) changes(ctx context.Context, in *changesInput) (*body[List[PublishedChange]], error) {
	since, err := parseDay("since", in.Since)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Corrections.Feed(ctx, since, in.Cursor, in.limit())
	if err != nil {
		return nil, err
	}
	out := &body[List[PublishedChange]]{Body: List[PublishedChange]{Items: make([]PublishedChange, len(list)), Next: next}}
	for i, p := range list {
		out.Body.Items[i] = PublishedChange{Record: p.Record.String(), State: p.State, Reason: p.Reason, ListedOn: clock.DateOf(p.Told), ChangedOn: clock.DateOf(p.At)}
	}
	return out, nil
}
