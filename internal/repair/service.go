package repair

import (
	"context"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/report"
	"gongxin/internal/ruleset"
	"gongxin/internal/subject"
)

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Records says where records stand and turns them; *record.Store does.
type Records interface {
	Turn(ctx context.Context, tx *db.Tx, list []record.Turn, ch record.Change) ([]record.Outcome, error)
	Standing(ctx context.Context, q db.Querier, ids []record.ID) (map[record.ID]record.Version, error)
	StandingOf(ctx context.Context, q db.Querier, subject int64) ([]record.Version, error)
	MarksOf(ctx context.Context, q db.Querier, ids []record.ID) (map[record.ID][]record.StandingMark, error)
	Since(ctx context.Context, after int64, before time.Time, items []string, limit int) ([]record.Version, int64, error)
}

// Files gives a subject its own file, each reading of which it logs; *publish.Service does.
type Files interface {
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
}

// Subjects finds subjects by their numbers; *subject.Store does.
type Subjects interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Editions gives the catalogue in force on a day; *catalog.Store does.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Entry is an adverse entry that stands on a list which is kept here.
type Entry struct {
	ID       int64
	Subject  int64
	Name     string // of the list
	Item     catalog.ItemCode
	Agency   int64
	Region   string
	DocNo    string
	ListedOn clock.Date
	Until    clock.Date // first day on which it no longer stands; 0 = until it is removed
	Early    int        // months after which one may leave early; below 0 = never
	Removal  string     // in words
}

// Removal is how an entry leaves its list because of a repair.
type Removal struct {
	No     string
	On     clock.Date
	Reason string
	Turned bool // its record was turned in the same transaction, and stays on file
}

// Lists keeps lists; package listing does. Removing an entry is a step of its own procedure: whoever takes it must be one who may decide on that list, and what
// rests on the entry ends in the same transaction.
type Lists interface {
	Of(ctx context.Context, q db.Querier, subject int64) ([]Entry, error)
	Remove(ctx context.Context, tx *db.Tx, entry int64, r Removal) error
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Calendar  *clock.Calendar
	Rules     *ruleset.Book[*Rules]
	Records   Records
	Files     Files
	Lists     Lists
	Subjects  Subjects
	Agencies  *agency.Store
	Editions  Editions
	Authority *authz.Authority
	Flow      *flow.Engine // the tables must be registered with it
	Notices   Notices
	Acts      Acts
	Key       *gm.SigningKey // signs letters for the account that gave them
	Fonts     func() (*report.Fonts, error)
	City      string
	Ring      *gm.KeyRing // seals statements and reasons; nil = they rest in the clear
}

// Service keeps repairs.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Faults of repair.
var (
	ErrNone      = fault.New(fault.NotFound, "repair.none", "没有这项信用修复", "请从列表重新打开")
	ErrTarget    = fault.New(fault.NotFound, "repair.target", "没有这条可以申请修复的失信信息，或者它不属于您认领的主体", "请从“信用修复”页面重新选择")
	ErrEarly     = fault.New(fault.Denied, "repair.early", "还没有到可以申请修复的日期", "请在写明的日期以后再申请")
	ErrExcluded  = fault.New(fault.Denied, "repair.excluded", "这条失信信息按规定不能在这里修复", "请看这条信息旁边写明的原因和办法")
	ErrHidden    = fault.New(fault.Denied, "repair.hidden", "这条信息不公示，不需要修复", "不用办理")
	ErrOver      = fault.New(fault.Denied, "repair.over", "这条信息已经停止公示，不需要修复", "不用办理")
	ErrTakenDown = fault.New(fault.Conflict, "repair.taken_down", "这条信息因异议没有核实，已经停止公示，现在不能准予修复", "请等异议有了结论再答复；需要更多时间的，办理延长")
	ErrTwice     = fault.New(fault.Conflict, "repair.twice", "这条失信信息已经有一件正在办理的修复申请", "请在原申请里查看进展、补交材料")
	ErrBarred    = fault.New(fault.Denied, "repair.barred", "因修复结果被撤销，目前不能提出新的修复申请", "请在写明的日期以后再申请")
	ErrPicks     = fault.New(fault.Invalid, "repair.picks", "没有选择失信信息，或者一次超过 50 条", "请至少选择一条，最多 50 条")
	ErrText      = fault.New(fault.Invalid, "repair.text", "情况说明应为 5 至 1000 字", "请写明怎样纠正、履行了什么义务")
	ErrProof     = fault.New(fault.Invalid, "repair.proof", "没有附上已经履行义务的证明", "请上传缴款凭证、整改验收材料等；平台已有记录的不用上传")
	ErrSigned    = fault.New(fault.Invalid, "repair.signed", "没有签署信用修复承诺书", "请阅读承诺书，勾选后提交")
	ErrSent      = fault.New(fault.Conflict, "repair.sent", "这份申请已经提交，不能再修改", "需要补充材料的，请在办理页面补交")
	ErrChanged   = fault.New(fault.Conflict, "repair.changed", "您打开页面以后，失信信息或者申请有了变化", "请刷新后核对，再提交")
	ErrSecond    = fault.New(fault.Denied, "repair.second", "这一类失信信息的修复须由受理人以外的人决定", "请换一名有权决定的人员办理")
	ErrAnswer    = fault.New(fault.Invalid, "repair.answer", "没有写明文书号或者日期", "请填写文书号（1 至 128 字）和日期，日期不能晚于今天")
	ErrNext      = fault.New(fault.Invalid, "repair.next", "下一次可以申请的日期不能早于今天，也不能晚于两年以后", "请核对日期，不填为规则写明的日期")
	ErrGranted   = fault.New(fault.Conflict, "repair.granted", "只有已经准予修复、还没有撤销的才能撤销", "请刷新后查看它的状态")
	ErrHeard     = fault.New(fault.Conflict, "repair.heard", "陈述申辩的期限还没有满，当事人也还没有陈述，不能决定", "请等期限届满或者当事人陈述以后再决定")
	ErrStage     = fault.New(fault.Conflict, "repair.stage", "修复现在的状态不能这样重新办理", "请刷新后查看这条信息的修复记录")
	ErrRuling    = fault.New(fault.Invalid, "repair.ruling", "法院裁定写得不完整", "请写明法院、裁定书文号、日期和执行重整计划的截止日期，并上传裁定书")
	ErrPerson    = fault.New(fault.Denied, "repair.person", "重整期间的信息屏蔽只适用于法人和非法人组织", "请核对申请的主体")
	ErrShielded  = fault.New(fault.Conflict, "repair.shielded", "这个主体已经有一项没有结束的屏蔽申请", "请在原申请里查看")
)

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) today() clock.Date { return clock.Today(s.Clock) }

// mine refuses who may not act for a subject.
func (s *Service) mine(ctx context.Context, subject int64) error {
	return s.Authority.Decide(authz.From(ctx), authz.RepairApply, authz.Scope{Subject: subject}).Err()
}

// act writes an act that no step of a procedure writes.
func (s *Service) act(ctx context.Context, tx *db.Tx, action, entity, detail string) error {
	return s.Acts.WriteAct(ctx, tx, audit.Act{At: s.now(), Who: authz.From(ctx).Who(0), Action: action, Entity: entity, Detail: detail})
}
