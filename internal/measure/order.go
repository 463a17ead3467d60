package measure

import (
	"context"
	"strconv"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
)

// OrderState is how far an order is.
type OrderState string

// The states. An order is released once every unit has acknowledged its recall.
const (
	Open     OrderState = "open"
	Recalled OrderState = "recalled"
	Released OrderState = "released"
)

// Order is 联合奖惩指令: one measure for one subject because of one entry.
type Order struct {
	ID         int64
	Subject    int64
	Entry      int64
	List       string
	Measure    string
	Law        string
	BaseOn     clock.Date // day whose edition of the base list it was checked against
	Agency     int64      // that issued it
	Reason     string
	IssuedAt   time.Time
	IssuedBy   string
	From       clock.Date
	Until      clock.Date // first day on which it no longer holds; 0 = as long as the entry stands
	State      OrderState
	RecalledAt time.Time
	RecallWhy  RecallWhy
	RecallNote string
	ReleasedAt time.Time
	Withdrawal int64 // case by which somebody asks that it be withdrawn; 0 = nobody does. RecallNote is the reason then
}

// RecallWhy says why an order was recalled.
type RecallWhy string

// The reasons.
const (
	CauseEnded RecallWhy = "entry"     // the entry was removed or has expired, or its record may not be used any more
	RowEnded   RecallWhy = "basis"     // the row left the base list, or its basis lapsed
	TimeEnded  RecallWhy = "until"     // its own time is over
	TakenBack  RecallWhy = "withdrawn" // by who issued it
)

// Word gives the reason in Chinese.
func (w RecallWhy) Word() string {
	return map[RecallWhy]string{CauseEnded: "名单条目已移出、期满，或者它的记录已停止使用", RowEnded: "措施已不在现行清单中或者依据失效", TimeEnded: "措施期满", TakenBack: "发起单位撤回"}[w]
}

// Result is what a unit fed back.
type Result string

// The results.
const (
	Executed      Result = "executed"
	NotApplicable Result = "not_applicable"
	NotExecuted   Result = "not_executed"
)

// Word gives the result in Chinese.
func (r Result) Word() string {
	return map[Result]string{Executed: "已执行", NotApplicable: "不适用", NotExecuted: "未执行"}[r]
}

// Task is an order's part for one unit.
type Task struct {
	ID         int64
	Subject    int64
	Order      int64
	Agency     int64
	Matter     string
	Case       int64
	State      string // of the procedure
	Result     Result
	Reason     string
	CaseNo     string
	ExecutedOn clock.Date
	Evidence   string // attachment, by hash
	AnsweredAt time.Time
	ReleasedAt time.Time

	PushedAt    time.Time
	RespondedAt time.Time
	Late        bool // the response or the feedback came after its last day, or did not come by then
	RecalledAt  time.Time
}

// Issue is what an order is issued with.
type Issue struct {
	Entry   int64
	Measure string
	Reason  string
	Until   clock.Date // 0 = as long as the entry stands
}

// Issue issues an order and pushes it to every unit whose matter has the measure. The row must be valid today and name the list and the kind of subject; the
// entry must stand; the unit must be the one that decided on it. The subject is told.
func (s *Service) Issue(ctx context.Context, in Issue) (_ Order, err error) {
	defer fault.Wrap(&err, "measure.Issue(%s)", in.Measure)
	today := clock.Today(s.Clock)
	base := s.Base.Today()
	row, ok := base.Row(in.Measure)
	if !ok {
		return Order{}, ErrRow
	}
	if !row.Valid(today) {
		return Order{}, ErrInvalid
	}
	who := authz.From(ctx)
	var o Order
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		cause, ok, err := s.cause(ctx, tx, in.Entry, today)
		if err != nil {
			return err
		}
		if !ok {
			return ErrCause
		}
		if err := s.targets(ctx, row, cause, today); err != nil {
			return err
		}
		o, err = s.newOrder(ctx, tx, in, row, cause)
		if err != nil {
			return err
		}
		o.IssuedBy = who.String()
		if err := s.insertOrder(ctx, tx, &o); err != nil {
			return err
		}
		act := audit.Act{
			At: o.IssuedAt, Who: who.Who(o.Agency), Action: "measure.issue", Entity: "order:" + strconv.FormatInt(o.ID, 10),
			Detail: "entry=" + strconv.FormatInt(o.Entry, 10) + " measure=" + o.Measure,
		}
		if err := s.Acts.WriteAct(ctx, tx, act); err != nil {
			return err
		}
		if err := s.push(ctx, tx, &o, row); err != nil {
			return err
		}
		return s.Notices.Send(ctx, tx, notice.Notice{
			To: notice.Recipient{Kind: "subject", ID: o.Subject}, Topic: "measure.issued", Title: "对您采取了一项" + s.polarity(base, row) + "措施",
			Body: row.Content + "。依据：" + row.Basis() + "。原因：" + in.Reason + "。对名单条目或者措施有异议的，可以提出异议；符合条件的，可以申请信用修复。",
			Link: "/me", Ref: "order:" + strconv.FormatInt(o.ID, 10),
		})
	})
	return o, err
}

func (*Service) polarity(b *Base, r *Row) string {
	if b.Adverse(r) {
		return "失信惩戒"
	}
	return "守信激励"
}

// targets refuses a row that does not name the list or the kind of subject.
func (s *Service) targets(ctx context.Context, row *Row, cause Cause, on clock.Date) error {
	subjects, err := s.Subjects.ByIDs(ctx, []int64{cause.Subject})
	if err != nil {
		return err
	}
	sub, ok := subjects[cause.Subject]
	if !ok {
		return ErrCause
	}
	if !row.Fits(cause.List, sub.Kind, on) {
		return ErrTarget
	}
	return nil
}

func (s *Service) newOrder(ctx context.Context, tx *db.Tx, in Issue, row *Row, cause Cause) (Order, error) {
	if err := s.mayIssue(ctx, cause.Agency); err != nil { // before anything that tells whether there is an order already
		return Order{}, err
	}
	today := clock.Today(s.Clock)
	reason, ok := words(in.Reason, 2, 2000)
	if !ok {
		return Order{}, flow.ErrReason
	}
	until := cause.Until
	if !in.Until.IsZero() {
		if !in.Until.Valid() || in.Until <= today || !until.IsZero() && in.Until > until {
			return Order{}, ErrUntil
		}
		until = in.Until
	}
	have, err := s.orders(ctx, tx, `entry_id = $1 AND measure = $2 AND state = 'open'`, cause.Entry, row.Code)
	if err != nil {
		return Order{}, err
	}
	if len(have) > 0 {
		return Order{}, ErrTwice
	}
	return Order{
		ID: s.IDs.Next(), Subject: cause.Subject, Entry: cause.Entry, List: cause.List, Measure: row.Code, Law: row.Basis(), BaseOn: today, Agency: cause.Agency, Reason: reason,
		IssuedAt: s.now(), From: today, Until: until, State: Open,
	}, nil
}

// push makes a task for every unit with a matter that has the measure and looks at the list.
func (s *Service) push(ctx context.Context, tx *db.Tx, o *Order, row *Row) error {
	subjects, err := s.Subjects.ByIDs(ctx, []int64{o.Subject})
	if err != nil {
		return err
	}
	matters, err := s.fitting(ctx, tx, subjects[o.Subject].Kind, o.List, o.Measure, o.From)
	if err != nil {
		return err
	}
	if len(matters) == 0 {
		return ErrNobody
	}
	for _, m := range matters {
		unit, err := s.Agencies.ByID(ctx, m.Agency)
		if err != nil {
			return err
		}
		t := Task{ID: s.IDs.Next(), Subject: o.Subject, Order: o.ID, Agency: unit.ID, Matter: m.Matter, State: "pushed", PushedAt: o.IssuedAt}
		// The case stands on the other unit's desk, where the one that issues may nothing: the program carries out what a person has ordered.
		c, err := s.Flow.Open(asProgram(ctx), tx, flow.NewCase{
			Kind: FlowKind, Subject: o.Subject, Ref: strconv.FormatInt(t.ID, 10), Agency: unit.ID, Region: unit.Region, Author: o.IssuedBy, Title: row.Content,
			Input: flow.Input{Reason: o.Reason},
		})
		if err != nil {
			return err
		}
		t.Case = c.ID
		if err := s.insertTask(ctx, tx, &t); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, &t, "measure.pushed", "有一项联合奖惩任务待响应", row.Content+"。依据："+row.Basis()+"。"); err != nil {
			return err
		}
	}
	return nil
}

// asProgram gives the context in which the program carries out what follows from an act of a person.
func asProgram(ctx context.Context) context.Context {
	return authz.With(ctx, authz.SystemActor("measure"))
}

func (s *Service) tell(ctx context.Context, tx *db.Tx, t *Task, topic, title, body string) error {
	return s.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: "agency", ID: t.Agency}, Topic: topic, Title: title, Body: body, Link: "/desk/tasks/" + strconv.FormatInt(t.ID, 10), Ref: "task:" + strconv.FormatInt(t.ID, 10),
	})
}

// Respond takes a task on.
func (s *Service) Respond(ctx context.Context, task int64) (Task, error) {
	return s.step(ctx, task, EventRespond, flow.Input{}, nil)
}

// Feedback is what a unit did.
type Feedback struct {
	Result     Result
	Reason     string
	CaseNo     string
	ExecutedOn clock.Date
	Evidence   []string // attachments, by hash
}

// Feedback records what a unit did, or why it did not.
func (s *Service) Feedback(ctx context.Context, task int64, f Feedback) (Task, error) {
	if f.Result.Word() == "" || f.Result == Executed && (!f.ExecutedOn.Valid() || f.ExecutedOn > clock.Today(s.Clock)) {
		return Task{}, ErrFeedback
	}
	var ok bool
	if f.CaseNo, ok = words(f.CaseNo, 0, 128); !ok {
		return Task{}, ErrFeedback
	}
	if flow.HasPersonal(f.CaseNo) {
		return Task{}, flow.ErrPersonal
	}
	return s.step(ctx, task, EventFeedback, flow.Input{Reason: f.Result.Word() + "：" + f.Reason, Attachments: f.Evidence}, func(t *Task) error {
		reason, ok := words(f.Reason, 2, 1900)
		if !ok {
			return ErrFeedback
		}
		if f.Result == Executed && f.ExecutedOn < clock.DateOf(t.PushedAt) {
			return ErrExecuted
		}
		t.Result, t.Reason, t.CaseNo, t.ExecutedOn, t.AnsweredAt = f.Result, reason, f.CaseNo, f.ExecutedOn, s.now()
		if len(f.Evidence) > 0 {
			t.Evidence = f.Evidence[0]
		}
		return nil
	})
}

// Release acknowledges a recall: the unit no longer applies the measure. With the last one the order is released, and the subject told.
func (s *Service) Release(ctx context.Context, task int64) (Task, error) {
	return s.step(ctx, task, EventRelease, flow.Input{}, func(t *Task) error {
		t.ReleasedAt = s.now()
		return nil
	})
}

// step runs one step of a task's procedure with what it changes.
func (s *Service) step(ctx context.Context, task int64, event flow.Event, in flow.Input, change func(*Task) error) (out Task, err error) {
	defer fault.Wrap(&err, "measure.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := s.Task(ctx, tx, task)
		if err != nil {
			return err
		}
		before, err := s.Flow.Load(ctx, tx, t.Case)
		if err != nil {
			return err
		}
		c, err := s.Flow.Fire(ctx, tx, t.Case, event, in)
		if err != nil {
			return err
		}
		t.State = c.State
		if before.State == "pushed" {
			t.RespondedAt = s.now()
		}
		if before.State == "pushed" || before.State == "accepted" { // answered, or fed back, after its last day
			t.Late = t.Late || !before.Due.IsZero() && clock.Today(s.Clock) > before.Due
		}
		if change != nil {
			if err := change(&t); err != nil {
				return err
			}
		}
		if err := s.saveTask(ctx, tx, &t); err != nil {
			return err
		}
		out = t
		if event == EventRelease {
			return s.released(ctx, tx, &t)
		}
		return nil
	})
	return out, err
}

// released closes an order whose last unit has acknowledged.
func (s *Service) released(ctx context.Context, tx *db.Tx, t *Task) error {
	left, err := s.tasks(ctx, tx, `subject_id = $1 AND order_id = $2 AND state <> 'released'`, t.Subject, t.Order)
	if err != nil || len(left) > 0 {
		return err
	}
	o, err := s.Order(ctx, tx, t.Order)
	if err != nil {
		return err
	}
	o.State, o.ReleasedAt = Released, s.now()
	if err := s.saveOrder(ctx, tx, &o); err != nil {
		return err
	}
	return s.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: "subject", ID: o.Subject}, Topic: "measure.released", Title: "一项措施已经全部解除", Body: "各执行单位都已确认解除。原因：" + o.RecallWhy.Word() + "。",
		Link: "/me", Ref: "order:" + strconv.FormatInt(o.ID, 10),
	})
}
