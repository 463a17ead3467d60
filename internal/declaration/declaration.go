package declaration

import (
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Content is what the subject fills in, by the codes of the item's fields.
type Content map[string]string

// Declaration is one declaration, beside its case.
type Declaration struct {
	ID       int64
	No       string // as the subject reads it: SB20260302-042137
	Subject  int64
	Item     catalog.ItemCode
	Title    string // name of the item; what was declared stands in Content
	Agency   int64  // the unit that receives it, and its source once it is on file
	Region   string
	Replaces int64 // declaration on file that this one takes the place of; 0 = none
	Content  Content

	Case    int64
	EndCase int64 // case by which the subject took it back from the register; 0 = none
	State   string

	FiledBy    string
	FiledAt    time.Time
	ReceivedOn clock.Date // day that the check is counted from
	DecidedBy  string     // who accepted it
	DecidedAt  time.Time
	Refusal    string // code of the reason
	Record     string // id of its record, once it is on file
	OnFileAt   time.Time
	EndedBy    string
	EndedAt    time.Time // it was taken back, or another one took its place
	ClosedAt   time.Time
}

// Open reports whether somebody still has something to do.
func (d *Declaration) Open() bool { return d.ClosedAt.IsZero() }

// Public is the subject's own choice of who may see it; item is its item. A narrower rule of catalogue or gate holds all the same.
func (d *Declaration) Public(item *catalog.Item) catalog.Class {
	return item.RowClass(values(item, d.Content))
}

// Faults of declarations.
var (
	ErrNone     = fault.New(fault.NotFound, "declaration.none", "没有这件申报", "请从申报列表重新打开")
	ErrItem     = fault.New(fault.Invalid, "declaration.item", "这个事项不能自主申报", "请从“自主申报”页面选择可以申报的事项")
	ErrBasis    = fault.New(fault.Denied, "declaration.basis", "这个事项今天没有施行的法律依据，不能收集", "依据施行以后再申报")
	ErrKind     = fault.New(fault.Denied, "declaration.kind", "目录没有把您这类主体列入这个事项，平台不得收集", "目录列入以后再申报；已有的信息有遗漏的，可以提出异议")
	ErrReceiver = fault.New(fault.Conflict, "declaration.receiver", "本市还没有确定受理自主申报的单位，现在不能网上申报", "请向信用主管部门询问；确定以后这里会开放")
	ErrPledge   = fault.New(fault.Invalid, "declaration.pledge", "没有承诺所申报的信息真实", "请读过承诺的内容以后勾选")
	ErrContent  = fault.New(fault.Invalid, "declaration.content", "有的栏目没有填对", "请按栏目旁边的提示修改")
	ErrProof    = fault.New(fault.Invalid, "declaration.proof", "没有附佐证材料", "请附证书、文件或者合同的照片、扫描件")
	ErrTwice    = fault.New(fault.Conflict, "declaration.twice", "同样的信息已经有一件申报在办", "请在那件申报里办理，或者先撤回它")
	ErrOnFile   = fault.New(fault.Conflict, "declaration.on_file", "同样的信息已经在信用档案里", "自己申报的，请打开那件申报，用“更新”办理；单位报送有误的，请提出异议")
	ErrTaken    = fault.New(fault.Conflict, "declaration.taken_down", "同样的信息曾经按规定撤下，不能重新申报", "请联系受理单位")
	ErrMany     = fault.New(fault.Conflict, "declaration.many", "同时在办的申报太多", "请等已经提交的办完，或者撤回不用的")
	ErrReplaces = fault.New(fault.Conflict, "declaration.replaces", "要更新的那件申报现在不在信用档案里", "请从申报列表重新打开；没有在档的，请新申报一件")
	ErrRefusal  = fault.New(fault.Invalid, "declaration.refusal", "不予接收只能是规则列明的情形", "请选择一种情形；不属于任何一种的，应当通过或者退回补正")
	ErrUnfiled  = fault.New(fault.Conflict, "declaration.unfiled", "还没有写入信用库", "请稍候刷新")
	ErrNotFiled = fault.New(fault.Conflict, "declaration.not_filed", "这件申报现在不在信用档案里，不能撤下", "请刷新后查看它的状态")
	ErrDrafts   = fault.New(fault.Conflict, "declaration.drafts", "草稿太多，最多保存 20 份", "请先提交或者删除不用的草稿")
	ErrDraft    = fault.New(fault.NotFound, "declaration.draft", "没有这份草稿，可能已经提交或者到期删除", "请重新填写")
	ErrLong     = fault.New(fault.Invalid, "declaration.long", "填写的内容太长", "请缩短后再保存")
)
