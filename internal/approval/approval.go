// Package approval keeps the rule that what the register works by changes in the open: a draft with its author, what it would change and the day from
// which it holds; an approver who is somebody else; and only then, on that day, the change. Catalogue, holiday tables, rule sets and measures all
// go this way. Every step is an act in the log, in the transaction that takes it.
package approval

import (
	"context"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// Kind says what a draft changes.
type Kind string

// The kinds.
const (
	Catalog  Kind = "catalog"
	Calendar Kind = "calendar"
	Rules    Kind = "rules"
	Measures Kind = "measures"
	Lists    Kind = "lists"

	Objections  Kind = "objections"  // rules of objections
	Repairs     Kind = "repairs"     // rules of repair
	Archive     Kind = "archive"     // how long what is over is kept
	Corrections Kind = "corrections" // by when a correction is applied

	Declarations Kind = "declarations" // what subjects may declare themselves
)

// kindOf describes a kind: its name and the actions of the permission table.
type kindOf struct {
	name           string
	draft, approve authz.Action
}

var kinds = map[Kind]kindOf{
	Catalog:  {"目录版本", authz.CatalogDraft, authz.CatalogApprove},
	Calendar: {"节假日表", authz.CalendarDraft, authz.CalendarApprove},
	Rules:    {"公示规则", authz.RulesDraft, authz.RulesApprove},
	Lists:    {"名单种类", authz.ListsDraft, authz.ListsApprove},
	Measures: {"惩戒措施清单", authz.MeasuresDraft, authz.MeasuresApprove},

	Objections:  {"异议规则", authz.ObjectionDraft, authz.ObjectionApprove},
	Repairs:     {"信用修复规则", authz.RepairDraft, authz.RepairApprove},
	Archive:     {"档案保存期", authz.RulesDraft, authz.RulesApprove},
	Corrections: {"更正落实期限", authz.RulesDraft, authz.RulesApprove},

	Declarations: {"自主申报规则", authz.DeclarationDraft, authz.DeclarationApprove},
}

// Name gives the kind in Chinese; "" when there is no such kind.
func (k Kind) Name() string { return kinds[k].name }

// State is how far a draft is.
type State string

// The states. A draft may be changed; a submitted one only decided or withdrawn; an approved one waits for its day.
const (
	Drafted   State = "draft"
	Submitted State = "submitted"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Applied   State = "applied"
	Withdrawn State = "withdrawn"
)

// Word gives the state in Chinese.
func (s State) Word() string {
	return map[State]string{Drafted: "起草中", Submitted: "待审批", Approved: "已批准，待施行", Rejected: "已退回", Applied: "已施行", Withdrawn: "已撤回"}[s]
}

// Draft is one proposed change.
type Draft struct {
	ID          int64
	Kind        Kind
	Title       string
	Content     []byte // in the form of the kind
	Hash        string // SHA-256 of the content, in hexadecimal
	Base        string // what it was submitted against
	Diff        string // what it would change, as submitted: lines for people
	Author      int64  // account; authz.NoAccount for an operator's command
	CreatedAt   time.Time
	SubmittedAt time.Time
	Approver    int64 // account that approved or rejected; 0 = nobody yet
	DecidedAt   time.Time
	EffectiveOn clock.Date
	AppliedAt   time.Time
	State       State
	Why         string // of a rejection
}

// Applier knows one kind of content. Its package owns what is changed.
type Applier interface {
	// Check refuses content that could not hold from a day on, with a fault that says what is wrong and where.
	Check(ctx context.Context, content []byte, effective clock.Date) error
	// Base names what content would replace, by version: two drafts with the same base exclude each other. It changes whenever what is in force does.
	Base(ctx context.Context, content []byte) (string, error)
	// Diff says in lines for people what content changes compared with what is in force.
	Diff(ctx context.Context, content []byte) (string, error)
	// Apply puts content in force from a day on, within tx. by names the draft, for the column that says who loaded it.
	Apply(ctx context.Context, tx *db.Tx, content []byte, effective clock.Date, by string) error
	// Applied is told after the commit, so that this process takes the change in. Others find it by themselves.
	Applied(ctx context.Context) error
}

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Config is what a Service is made of; every field is needed.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Authority *authz.Authority
	Acts      Acts
}

// Service takes drafts from their author to their day.
type Service struct {
	Config
	appliers map[Kind]Applier
}

// New makes a Service that knows no kind yet.
func New(c Config) *Service { return &Service{Config: c, appliers: map[Kind]Applier{}} }

// Register says who applies a kind. It must be called before the service is used.
func (s *Service) Register(k Kind, a Applier) { s.appliers[k] = a }

// Kinds lists the kinds that can be drafted here.
func (s *Service) Kinds() []Kind {
	var out []Kind
	for _, k := range []Kind{Catalog, Calendar, Rules, Lists, Measures, Objections, Repairs, Archive, Corrections, Declarations} {
		if s.appliers[k] != nil {
			out = append(out, k)
		}
	}
	return out
}

// Faults of drafts.
var (
	ErrNone     = fault.New(fault.NotFound, "approval.none", "没有这份草案", "请刷新草案清单")
	ErrKind     = fault.New(fault.Invalid, "approval.kind", "没有这一类草案", "可以起草的种类见“起草和审批”")
	ErrTitle    = fault.New(fault.Invalid, "approval.title", "草案要有标题，最多100个字", "请写明改什么")
	ErrLarge    = fault.New(fault.TooLarge, "approval.too_large", "草案内容超过4 MB", "请检查文件")
	ErrEmpty    = fault.New(fault.Invalid, "approval.empty", "草案没有内容", "请上传要审批的文件")
	ErrPast     = fault.New(fault.Conflict, "approval.past", "施行日期已经过去", "施行日期不能早于今天，请改日期后重新提交")
	ErrDay      = fault.New(fault.Invalid, "approval.day", "没有写明施行日期", "请选择从哪一天起施行")
	ErrState    = fault.New(fault.Conflict, "approval.state", "草案当前的状态不允许这一步", "请刷新后查看草案的状态")
	ErrSame     = fault.New(fault.Conflict, "approval.same", "草案与现行内容完全相同，没有要审批的变化", "请修改后再提交")
	ErrBase     = fault.New(fault.Conflict, "approval.base", "起草以后，现行版本已经变了，草案显示的差异不再准确", "请退回或撤回，按现行版本重新提交")
	ErrOverlaps = fault.New(fault.Conflict, "approval.overlaps", "已有一份改同一内容的草案获得批准、等待施行", "请等它施行，或者先撤回它")
	ErrOwn      = fault.New(fault.Denied, "approval.own", "提交的人不能自己审批", "请换一个账号审批")
	ErrNotMine  = fault.New(fault.Denied, "approval.not_mine", "只有起草人可以修改和提交这份草案", "需要修改的，请起草人办理，或者另行起草")
	ErrWhy      = fault.New(fault.Invalid, "approval.why", "退回要写明理由，最多500个字", "请写明要改什么")
)
