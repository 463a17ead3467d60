package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gongxin/internal/gm"
	"gongxin/internal/sealed"

	"gongxin/internal/audit"
	"gongxin/internal/blob"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Config is what an Engine is made of. Files, Scanner, Periods, AsSystem and Overdue may be nil.
type Config struct {
	DB       *db.DB
	IDs      *id.Maker
	Clock    clock.Clock
	Calendar *clock.Calendar
	Log      Acts

	// Who says who asks, and May whether they may take an action of the permission table on a case. When a case is opened its State is still "".
	Who func(ctx context.Context) audit.Who
	May func(ctx context.Context, action string, c *Case) error

	// Periods gives a named period as the data has it for a day.
	Periods func(key string, on clock.Date) (int, Unit, error)
	// AsSystem gives the context under which hooks of automatic steps run: that of the scheduler.
	AsSystem func(ctx context.Context) context.Context
	// Overdue is told of each case that goes overdue, in the transaction that marks it: the escalation to the office.
	Overdue func(ctx context.Context, tx *db.Tx, c *Case) error

	Ring    *gm.KeyRing // seals reasons and notes of steps; nil = they rest in the clear
	Files   *blob.Store // attachments; nil = none can be added
	Scanner Scanner     // nil = attachments are recorded as not scanned
	PerDay  int64       // bytes of attachments of one account in 24 hours; 0 = 500 MB
}

// Hooks are what a feature does at a step, in its transaction. Both may be nil.
type Hooks struct {
	// Guard may refuse a move for reasons of the domain, before anything is written. It is not asked about automatic moves: what the clock does is law.
	Guard func(ctx context.Context, tx *db.Tx, c *Case, m *Move, in *Input) error
	// On is told of every step, also of EventOverdue and the other events of flow itself. The case is as the step left it. On may fire further events, also
	// on the same case.
	On func(ctx context.Context, tx *db.Tx, c *Case, s Step) error
}

// procedure is a registered table with its feature.
type procedure struct {
	Table
	hooks Hooks
}

// Engine runs procedures. It is safe for concurrent use once the tables are registered.
type Engine struct {
	Config
	procedures map[string]*procedure
	texts      *sealed.Texts
	taking     chan struct{} // attachments that are being taken in
	calendar   atomic.Pointer[clock.Calendar]
}

// New makes an Engine that knows no table yet.
func New(c Config) *Engine {
	e := &Engine{Config: c, procedures: map[string]*procedure{}, taking: make(chan struct{}, takenAtOnce), texts: &sealed.Texts{
		DB: c.DB, Ring: c.Ring, Title: "办理经过中的理由和说明", Table: "flow_step", Key: [2]string{"case_id", "seq"}, Columns: []string{"reason", "note"},
	}}
	if c.Calendar == nil {
		c.Calendar = clock.DefaultCalendar()
	}
	e.calendar.Store(c.Calendar)
	return e
}

// Faults of procedures.
var (
	ErrNone      = fault.New(fault.NotFound, "flow.none", "没有这件办理事项", "请从待办列表重新打开")
	ErrKind      = fault.New(fault.Internal, "flow.kind", "没有登记这种办理流程", "请联系系统管理员")
	ErrStep      = fault.New(fault.Conflict, "flow.step", "办理事项当前的状态不允许这一步", "请刷新后查看它的进展")
	ErrClosed    = fault.New(fault.Conflict, "flow.closed", "这件事项已经办结", "需要再办的，请另行提出")
	ErrAuto      = fault.New(fault.Denied, "flow.auto", "这一步到期自动进行，不能由人来做", "请等待期限届满")
	ErrSeparate  = fault.New(fault.Denied, "flow.separate", "提出或经办过前面步骤的人不能再办这一步", "请换一个账号办理")
	ErrPerson    = fault.New(fault.Denied, "flow.person", "这一步要由有账号的人来办，命令行和定时任务不能代替", "请登录网站办理")
	ErrReason    = fault.New(fault.Invalid, "flow.reason", "这一步要写明理由", "请写明理由，2 至 2000 字")
	ErrText      = fault.New(fault.Invalid, "flow.text", "文字超过 2000 字", "请缩短，或者作为附件提交")
	ErrPersonal  = fault.New(fault.Invalid, "flow.personal", "文字中含有身份证件号码，按规定不能写在理由和备注里", "请删去号码，用“申请人”“当事人”等称呼")
	ErrAt        = fault.New(fault.Invalid, "flow.at", "起算的时间早于上一步，或者晚于现在", "请核对日期")
	ErrChanged   = fault.New(fault.Conflict, "flow.changed", "您打开页面以后，这件事项有了新的进展", "请刷新后再办")
	ErrNew       = fault.New(fault.Internal, "flow.new", "办理事项没有写明标题或关联的对象", "请联系系统管理员")
	ErrNoClock   = fault.New(fault.Conflict, "flow.no_clock", "这件事项现在没有期限，不能中止或延长", "请刷新后查看它的进展")
	ErrPaused    = fault.New(fault.Conflict, "flow.paused", "这件事项已经中止计时", "请刷新后查看它的进展")
	ErrRunning   = fault.New(fault.Conflict, "flow.running", "这件事项没有中止，期限正常计算", "请刷新后查看它的进展")
	ErrLapsed    = fault.New(fault.Conflict, "flow.lapsed", "期限已过，不能再中止或延长", "请尽快办结")
	ErrOnce      = fault.New(fault.Conflict, "flow.once", "这个期限已经延长过一次，按规定不能再延长", "请在期限内办结")
	ErrExtend    = fault.New(fault.Invalid, "flow.extend", "延长超过了规定的上限", "请减少延长的天数")
	ErrNotHere   = fault.New(fault.Denied, "flow.not_here", "这种事项不能中止、延长或者转交", "请按流程办理")
	ErrPeriod    = fault.New(fault.Internal, "flow.period", "没有这个期限的数据", "请检查规则文件")
	ErrCursor    = fault.New(fault.Invalid, "flow.cursor", "翻页位置无效", "请从列表第一页重新打开")
	ErrAssignee  = fault.New(fault.Invalid, "flow.assignee", "没有写明交给哪个账号", "请选择一个账号")
	ErrSelf      = fault.New(fault.Invalid, "flow.self", "不能交给自己", "请选择另一个账号")
	ErrDeputyDay = fault.New(fault.Invalid, "flow.deputy_day", "代办的起止日期不对，或者超过一年", "请核对日期")
)

// Register adds a table with its feature's hooks. It must be called before the engine is used.
func (e *Engine) Register(t Table, h Hooks) error {
	if err := t.Check(); err != nil {
		return err
	}
	if e.procedures[t.Kind] != nil {
		return ErrTable.Messagef("流程表“%s”登记了两次", t.Kind)
	}
	for i := range t.Moves {
		if d := t.Moves[i].Due; d != nil && d.Key != "" {
			if _, _, err := e.length(d, clock.Today(e.Clock)); err != nil {
				return err
			}
		}
	}
	e.procedures[t.Kind] = &procedure{t, h}
	return nil
}

// Table gives the table of a kind; nil when there is none. It must not be changed.
func (e *Engine) Table(kind string) *Table {
	if p := e.procedures[kind]; p != nil {
		return &p.Table
	}
	return nil
}

// Tables gives every table, by kind.
func (e *Engine) Tables() []*Table {
	var out []*Table
	for _, p := range e.procedures {
		out = append(out, &p.Table)
	}
	slices.SortFunc(out, func(a, b *Table) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}

// Unknown lists the places ("kind/state") of open cases that no registered table has: cases that a changed table would leave stuck.
func (e *Engine) Unknown(ctx context.Context) ([]string, error) {
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT DISTINCT place FROM flow_case WHERE closed_at = 0 ORDER BY place`)
	if err != nil {
		return nil, fmt.Errorf("flow: places: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var place string
		if err := rows.Scan(&place); err != nil {
			return nil, fmt.Errorf("flow: places: %w", err)
		}
		kind, _, _ := strings.Cut(place, "/")
		if t := e.Table(kind); t == nil || len(t.unknownStates([]string{place})) > 0 {
			out = append(out, place)
		}
	}
	return out, rows.Err()
}

// now is the present instant as it is stored.
func (e *Engine) now() time.Time { return e.Clock.Now().Truncate(time.Microsecond).UTC() }
