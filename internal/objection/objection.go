package objection

import (
	"slices"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Kind says what an objection is about.
type Kind string

// The kinds. Evaluations are disputed once there are any.
const (
	OfRecord     Kind = "record"
	OfWindow     Kind = "window" // 公示期
	OfEntry      Kind = "entry"  // on a list
	OfRepair     Kind = "repair" // how an application for repair was answered
	OfEvaluation Kind = "evaluation"
)

// Ask is what the subject asks for.
type Ask string

// What can be asked for.
const (
	AskCorrect  Ask = "correct"
	AskComplete Ask = "complete"
	AskDelete   Ask = "delete"
	AskShorten  Ask = "shorten"
	AskRemove   Ask = "remove"
	AskRedo     Ask = "redo"
	AskOther    Ask = "other"
)

// Reply is what the source found.
type Reply string

// The replies of a source.
const (
	FoundWrong  Reply = "corrected" // it filed the corrected row
	FoundVoid   Reply = "delete"    // it should not be there
	FoundRight  Reply = "keep"      // it is as filed, with proof
	NotVerified Reply = "cannot"
)

// Result is what comes of an objection.
type Result string

// The results.
const (
	Corrected Result = "corrected"
	Deleted   Result = "deleted"   // 撤下: shown and used no longer
	Shortened Result = "shortened" // the publicity period
	Removed   Result = "removed"   // from the list, by its decider
	Redone    Result = "redone"    // the application for repair is handled anew
	Kept      Result = "kept"
	Upheld    Result = "upheld" // by the review: the answer stands
)

// kindOf is what can be asked about a kind, and what can come of it.
type kindOf struct {
	name    string
	asks    []Ask
	results []Result
}

var kinds = map[Kind]kindOf{
	OfRecord: {"信息内容", []Ask{AskCorrect, AskComplete, AskDelete, AskOther}, []Result{Corrected, Deleted, Shortened, Kept}},
	OfWindow: {"公示期", []Ask{AskShorten, AskDelete, AskOther}, []Result{Shortened, Corrected, Deleted, Kept}},
	OfEntry:  {"名单条目", []Ask{AskRemove, AskOther}, []Result{Removed, Deleted, Kept}},
	OfRepair: {"修复结果", []Ask{AskRedo, AskOther}, []Result{Redone, Kept}},
}

// Kinds lists what can be disputed now.
func Kinds() []Kind { return []Kind{OfRecord, OfWindow, OfRepair, OfEntry} }

// Name gives the kind in Chinese; "" when there is no such kind.
func (k Kind) Name() string { return kinds[k].name }

// Asks lists what can be asked for about the kind.
func (k Kind) Asks() []Ask { return slices.Clone(kinds[k].asks) }

// Results lists what can come of an objection of the kind.
func (k Kind) Results() []Result { return slices.Clone(kinds[k].results) }

// onRecord reports whether what is disputed is a record of the register.
func (k Kind) onRecord() bool { return k == OfRecord || k == OfWindow || k == OfRepair }

var askWords = map[Ask]string{
	AskCorrect: "更正错误", AskComplete: "补充遗漏", AskDelete: "删除或者停止公示", AskShorten: "缩短公示期", AskRemove: "移出名单", AskRedo: "重新办理修复", AskOther: "其他",
}

// Word gives what is asked for in Chinese.
func (a Ask) Word() string { return askWords[a] }

var resultWords = map[Result]string{
	Corrected: "已更正", Deleted: "已撤下，停止公示和使用", Shortened: "已缩短公示期", Removed: "已移出名单", Redone: "修复结果有误，重新办理", Kept: "维持不变", Upheld: "维持原结论",
}

// Word gives the result in Chinese.
func (r Result) Word() string { return resultWords[r] }

var replyWords = map[Reply]string{FoundWrong: "有误，已经更正", FoundVoid: "不应公示，同意撤下", FoundRight: "属实，有原始材料", NotVerified: "无法核实"}

// Word gives the reply in Chinese.
func (r Reply) Word() string { return replyWords[r] }

// ReplyWord gives a reply in Chinese, as it is meant about the kind: how an application for repair was answered is not filed anew.
func (k Kind) ReplyWord(r Reply) string {
	if k == OfRepair {
		switch r {
		case FoundWrong:
			return "答复有误，同意改变"
		case FoundRight:
			return "答复无误，有原始材料"
		}
	}
	return r.Word()
}

// Replies lists what a source can find about the kind.
func (k Kind) Replies() []Reply {
	switch k {
	case OfRepair:
		return []Reply{FoundRight, FoundWrong}
	case OfEntry:
		return []Reply{FoundRight, FoundVoid}
	default:
		return []Reply{FoundRight, FoundVoid, FoundWrong}
	}
}

// Objection is one objection, beside its case.
type Objection struct {
	ID      int64
	No      string // as the subject reads it: YY20260302-042137
	Subject int64
	Kind    Kind
	Target  string // id of the record, number of the entry
	Item    catalog.ItemCode
	Title   string // name of item or list
	Ask     Ask
	Version int   // of the record when it was disputed
	Agency  int64 // the source
	Region  string
	Case    int64
	State   string // as the case has it

	FiledBy    string
	FiledAt    time.Time
	ReceivedOn clock.Date // day that the answer is counted from
	AcceptedAt time.Time
	ReferredAt time.Time
	AnswerBy   clock.Date // last day on which the answer is in time

	Refusal    string // code of the reason for which it was turned away
	Reply      Reply
	RepliedAt  time.Time
	Marked     bool // the record shows 异议中 because of it
	TakenDown  bool // the record is shown no longer because nobody verified it
	Result     Result
	Until      clock.Date // of Shortened: first day on which it is no longer shown
	AnsweredAt time.Time
	Late       bool // answered after AnswerBy
	Review     Result
	ReviewedAt time.Time
	ClosedAt   time.Time

	Repair   int64  // of OfRepair: the application whose answer is disputed
	Stage    string // of Redone: where it goes on
	Extended int    // working days by which the answer was put off
}

// Open reports whether somebody still has something to do, or may have.
func (o *Objection) Open() bool { return o.ClosedAt.IsZero() }

// Helped reports whether another unit had to help.
func (o *Objection) Helped() bool { return !o.ReferredAt.IsZero() }

// Faults of objections.
var (
	ErrNone       = fault.New(fault.NotFound, "objection.none", "没有这件异议", "请从异议列表重新打开")
	ErrKind       = fault.New(fault.Invalid, "objection.kind", "没有写明对什么提出异议", "可以对信息内容、公示期、名单条目和修复结果提出异议")
	ErrEvaluation = fault.New(fault.Invalid, "objection.evaluation", "本平台现在没有信用评价，不能对评价提出异议", "评价开通以后可以在这里提出")
	ErrAsk        = fault.New(fault.Invalid, "objection.ask", "没有选择希望怎么处理", "请选择一项")
	ErrStatement  = fault.New(fault.Invalid, "objection.statement", "请写明哪里有误、应当是什么，5 至 1900 字", "例如“罚款金额应为 1 万元，决定书见附件”")
	ErrTarget     = fault.New(fault.NotFound, "objection.target", "没有这条信息，或者它不是关于您的", "请从“我的信用”的信用档案中打开这条信息，再提出异议")
	ErrGone       = fault.New(fault.Conflict, "objection.gone", "这条信息已经撤回、撤下或者期满，不再公示和使用", "不需要再提出异议；仍有疑问的，请联系来源单位")
	ErrTwice      = fault.New(fault.Conflict, "objection.twice", "对这条信息已经有一件在办的异议", "请在那件异议里办理；已经答复、还不同意的，请申请复核")
	ErrRefusal    = fault.New(fault.Invalid, "objection.refusal", "不予受理只能是规则列明的情形", "请选择一种情形；不属于任何一种的，应当受理")
	ErrReply      = fault.New(fault.Invalid, "objection.reply", "没有选择核查结果", "请选择属实、有误、不应公示或者无法核实")
	ErrResult     = fault.New(fault.Invalid, "objection.result", "没有选择结论，或者这类异议没有这种结论", "请选择一种结论")
	ErrWorse      = fault.New(fault.Denied, "objection.worse", "复核不能作出对申请人更不利的结论；已经撤下、移出的，不能改回来", "请选择维持原结论")
	ErrUnverified = fault.New(fault.Denied, "objection.unverified", "来源单位没有核实的信息不能维持，应当撤下", "请选择撤下；来源单位补交了核实材料的，请它先答复核查结果")
	ErrUnasked    = fault.New(fault.Denied, "objection.unasked", "没有转来源单位核查的，不能作出维持的结论", "请先转来源单位核查")
	ErrUnfixed    = fault.New(fault.Conflict, "objection.unfixed", "还没有收到更正后的数据，不能作出“已更正”的结论", "请来源单位在答复页面填写更正后的内容，或者重新报送这一行")
	ErrUnremoved  = fault.New(fault.Conflict, "objection.unremoved", "名单条目还没有移出", "请认定单位先在名单页面办理移出，原因选择“异议成立”，再回来作出结论")
	ErrNoRepair   = fault.New(fault.Conflict, "objection.no_repair", "这条信息没有已经答复的修复申请", "请先在“信用修复”申请；已经准予修复的不用提出异议")
	ErrStage      = fault.New(fault.Invalid, "objection.stage", "没有选择修复从哪一步重新办理，或者现在不能从这一步办理", "请选择一项")
	ErrConsent    = fault.New(fault.Denied, "objection.consent", "直接准予或者恢复修复，要由认定单位核查并答复“有误，同意改变”", "请先转认定单位核查，或者退回认定单位重新办理")
	ErrUntil      = fault.New(fault.Invalid, "objection.until", "缩短后的公示截止日期不对", "应当晚于决定日期、早于现在的截止日期，写成 2026-12-01 这样")
	ErrTakenDown  = fault.New(fault.Conflict, "objection.taken_down", "这条信息因为没有核实已经停止公示，异议不能撤回", "办理人员会作出结论并通知您")
	ErrCorrection = fault.New(fault.Invalid, "objection.correction", "更正后的内容没有通过检查", "请按提示修改后再提交")
	ErrSame       = fault.New(fault.Invalid, "objection.same", "更正后的内容与现在的内容相同，或者没有落在这条信息上", "请修改有误的字段；文书号、名称等标识字段改变的，请重新报送原行并撤回旧行")
	ErrDrafts     = fault.New(fault.Conflict, "objection.drafts", "草稿太多，最多保存 20 份", "请先提交或者删除不用的草稿")
	ErrDraft      = fault.New(fault.NotFound, "objection.draft", "没有这份草稿，可能已经提交或者到期删除", "请从那条信息重新提出异议")
)
