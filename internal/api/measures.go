package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/measure"
	"gongxin/internal/publish"
)

// Measures keeps orders and tasks of joint action; *measure.Service does. It decides every step once more.
type Measures interface {
	Task(ctx context.Context, q db.Querier, task int64) (measure.Task, error)
	Tasks(ctx context.Context, f measure.Filter) ([]measure.Task, error)
	OrdersOf(ctx context.Context, q db.Querier, orders []int64) (map[int64]measure.Order, error)
	RowOf(o *measure.Order) measure.Row
	Respond(ctx context.Context, task int64) (measure.Task, error)
	Feedback(ctx context.Context, task int64, f measure.Feedback) (measure.Task, error)
	Release(ctx context.Context, task int64) (measure.Task, error)
}

const tagMeasures = "联合奖惩"

// taskUnit is whose a task is, in the published list.
const taskUnit = "任务的响应单位"

// MeasureTask is one message of joint action: what an agency is asked to do, on what basis, and what it answered.
type MeasureTask struct {
	ID           string     `json:"id" doc:"任务编号"`
	Order        string     `json:"order" doc:"指令编号"`
	Batch        string     `json:"batch" doc:"批次：同一个名单条目引起的指令同属一批"`
	Subject      string     `json:"subject,omitempty" doc:"主体的统一社会信用代码；自然人不给出"`
	SubjectName  string     `json:"subjectName" doc:"主体名称；自然人的已遮盖"`
	List         string     `json:"list" doc:"名单种类代码"`
	Matter       string     `json:"matter" doc:"应用事项代码"`
	Measure      string     `json:"measure" doc:"措施编号"`
	Content      string     `json:"content" doc:"措施内容"`
	Basis        string     `json:"basis" doc:"依据"`
	Cause        string     `json:"cause" doc:"原因"`
	From         clock.Date `json:"from" doc:"生效日期"`
	Until        clock.Date `json:"until,omitzero" doc:"从这一天起不再有效；没有为至名单条目移出"`
	Issuer       *UnitRef   `json:"issuer" doc:"发起单位"`
	Unit         *UnitRef   `json:"unit" doc:"响应单位"`
	State        string     `json:"state" enum:"pushed,accepted,done,recalled,released" doc:"pushed 待响应，accepted 已响应，done 已反馈，recalled 已召回、须立即停止并确认解除，released 已解除"`
	PushedAt     *time.Time `json:"pushedAt,omitempty" doc:"推送时间"`
	RespondedAt  *time.Time `json:"respondedAt,omitempty" doc:"响应时间"`
	Result       string     `json:"result,omitempty" enum:"executed,not_applicable,not_executed" doc:"执行结果：已执行、不适用、未执行"`
	Reason       string     `json:"reason,omitempty" doc:"情况说明、理由"`
	CaseNo       string     `json:"caseNo,omitempty" doc:"案号"`
	ExecutedOn   clock.Date `json:"executedOn,omitzero" doc:"执行日期"`
	Evidence     string     `json:"evidence,omitempty" doc:"附件的 SHA-256"`
	RecalledAt   *time.Time `json:"recalledAt,omitempty" doc:"召回时间"`
	ReleasedAt   *time.Time `json:"releasedAt,omitempty" doc:"解除时间"`
	ReleaseCause string     `json:"releaseCause,omitempty" doc:"解除原因"`
}

// MeasureFeedback is what an agency did.
type MeasureFeedback struct {
	Result     string `json:"result" enum:"executed,not_applicable,not_executed" doc:"执行结果" example:"executed"`
	Reason     string `json:"reason" minLength:"2" maxLength:"1900" doc:"情况说明；不适用、未执行的写明理由" example:"不予受理项目申报"`
	CaseNo     string `json:"caseNo,omitempty" maxLength:"128" doc:"案号、受理号"`
	ExecutedOn string `json:"executedOn,omitempty" maxLength:"10" doc:"执行日期，已执行的必填" example:"2026-03-02"`

	Evidence []string `json:"evidence,omitempty" maxItems:"20" uniqueItems:"true" doc:"证明材料：同一个密钥先前上传所得的 hash"`
}

type tasksInput struct {
	Paging
	State string `query:"state" enum:"pushed,accepted,done,recalled,released" doc:"只要这一种状态的；不写为全部。请先取 recalled"`
}

type taskInput struct {
	ID string `path:"id" maxLength:"32" doc:"任务编号"`
}

type taskFeedbackInput struct {
	ID   string `path:"id" maxLength:"32" doc:"任务编号"`
	Body MeasureFeedback
}

func (s *server) measureRoutes() {
	if s.Measures == nil {
		return
	}
	register(s, among(authz.MeasureRead, taskUnit), route{Operation: huma.Operation{
		OperationID: "list-measure-tasks", Method: http.MethodGet, Path: "/measures/tasks", Tags: []string{tagMeasures},
		Summary: "本单位的联合奖惩任务，新的在前", Description: "只列出本单位、本辖区的。推送和召回也发到本单位登记的系统地址（带签名），items 就是任务的全部内容；关于自然人的不含姓名和事由，凭任务编号在这里取。",
	}}, s.measureTasks)
	register(s, asked(authz.MeasureRespond, taskUnit), route{Operation: huma.Operation{
		OperationID: "respond-measure-task", Method: http.MethodPost, Path: "/measures/tasks/{id}/respond", Tags: []string{tagMeasures},
		Summary: "响应任务", Description: "表示已经收到，将按事项办理并按期反馈。",
	}}, s.respondTask)
	register(s, asked(authz.MeasureRespond, taskUnit), route{Operation: huma.Operation{
		OperationID: "feed-back-measure-task", Method: http.MethodPost, Path: "/measures/tasks/{id}/feedback", Tags: []string{tagMeasures}, MaxBodyBytes: maxJSON,
		Summary: "反馈执行情况", Description: "可以再次反馈，以最后一次为准。证明材料先用 evidence 上传，把得到的 hash 写进 evidence。",
	}}, s.feedbackTask)
	if s.Files != nil {
		register(s, asked(authz.MeasureRespond, taskUnit), route{upload: true, long: true, Operation: huma.Operation{
			OperationID: "attach-measure-evidence", Method: http.MethodPost, Path: "/measures/tasks/{id}/evidence", Tags: []string{tagMeasures}, DefaultStatus: http.StatusCreated,
			Summary: "上传证明材料", Description: "PDF、OFD、JPEG 或者 PNG，最大 20 MB，按内容辨认。multipart/form-data 的 file 项，或者正文就是文件。反馈时写明得到的 hash，只有上传它的密钥可以用。",
		}}, s.taskEvidence)
	}
	register(s, asked(authz.MeasureRespond, taskUnit), route{Operation: huma.Operation{
		OperationID: "release-measure-task", Method: http.MethodPost, Path: "/measures/tasks/{id}/release", Tags: []string{tagMeasures},
		Summary: "确认解除", Description: "任务召回以后，确认已经停止执行并恢复原状。",
	}}, s.releaseTask)
}

func (s *server) measureTasks(ctx context.Context, in *tasksInput) (*body[List[MeasureTask]], error) {
	f := measure.Filter{State: in.State, Limit: in.limit()}
	if in.Cursor != "" {
		if f.After = numberOr(in.Cursor, 0); f.After == 0 {
			return nil, errCursor
		}
	}
	var err error
	if f.Agencies, err = s.reach(ctx, authz.MeasureRead); err != nil {
		return nil, err
	}
	list, err := s.Measures.Tasks(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &body[List[MeasureTask]]{Body: List[MeasureTask]{}}
	if len(list) == in.limit() {
		out.Body.Next = number(list[len(list)-1].ID)
	}
	laws := map[int64]string{} // by task
	if out.Body.Items, err = s.taskMessages().Of(ctx, list); err != nil {
		return nil, err
	}
	for i := range list {
		laws[list[i].ID] = out.Body.Items[i].Basis
	}
	looks := publish.Each(list, func(t measure.Task) audit.Access { return LookAtTask(&t, laws[t.ID]) })
	return out, s.Looks.Record(ctx, looks...)
}

// LookAtTask is the access entry of whoever is given a task: what a unit does to a business because of an entry is not public.
func LookAtTask(t *measure.Task, law string) audit.Access {
	return audit.Access{Who: audit.Who{Agency: t.Agency}, Subject: t.Subject, What: "task", Basis: law}
}

// moment leaves out an instant that has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// myTask gives a task that the caller may answer for.
func (s *server) myTask(ctx context.Context, text string) (measure.Task, error) {
	t, err := s.Measures.Task(ctx, s.MeasureDB, numberOr(text, 0))
	if err != nil {
		return t, err
	}
	unit, err := s.Agencies.ByID(ctx, t.Agency)
	if err != nil {
		return t, err
	}
	return t, s.Authority.See(ctx, authz.From(ctx), authz.MeasureRespond, authz.Scope{Agency: unit.ID, Region: unit.Region}, measure.ErrNone)
}

// onTask asks whether the caller may answer for the task's unit, answers, and gives the task as it is then.
func (s *server) onTask(ctx context.Context, text string, do func(id int64) (measure.Task, error)) (*body[MeasureTask], error) {
	t, err := s.myTask(ctx, text)
	if err != nil {
		return nil, err
	}
	if t, err = do(t.ID); err != nil {
		return nil, err
	}
	list, err := s.taskMessages().Of(ctx, []measure.Task{t})
	if err != nil {
		return nil, err
	}
	return &body[MeasureTask]{list[0]}, s.Looks.Record(ctx, LookAtTask(&t, list[0].Basis))
}

func (s *server) respondTask(ctx context.Context, in *taskInput) (*body[MeasureTask], error) {
	return s.onTask(ctx, in.ID, func(id int64) (measure.Task, error) { return s.Measures.Respond(ctx, id) })
}

func (s *server) releaseTask(ctx context.Context, in *taskInput) (*body[MeasureTask], error) {
	return s.onTask(ctx, in.ID, func(id int64) (measure.Task, error) { return s.Measures.Release(ctx, id) })
}

func (s *server) feedbackTask(ctx context.Context, in *taskFeedbackInput) (*body[MeasureTask], error) {
	b := &in.Body
	if err := bodyTexts(b.Reason, b.CaseNo); err != nil {
		return nil, err
	}
	f := measure.Feedback{Result: measure.Result(b.Result), Reason: b.Reason, CaseNo: b.CaseNo, Evidence: b.Evidence}
	if b.ExecutedOn != "" {
		day, err := clock.ParseDate(b.ExecutedOn)
		if err != nil {
			return nil, measure.ErrFeedback.With(err)
		}
		f.ExecutedOn = day
	}
	return s.onTask(ctx, in.ID, func(id int64) (measure.Task, error) { return s.Measures.Feedback(ctx, id, f) })
}
