// Package correction keeps the rule that a correction travels as far as the copies did: whoever was answered a record before it changed is told, has to say by a
// day that the change is applied, and stands as silent when it does not say so. The subject gets a receipt of the whole chain.
//
// Nothing is written when a copy is handed out: the access log names every version that was answered, and reports remember what went into them. When a record
// changes, these are read once, and one row is made for each recipient of each changed record, in the transaction that takes the change off the list
// (record.Store.Events). So a change is passed on exactly once, whatever dies in between.
//
// Who holds a copy: whoever was answered, or got in a report, a version older than the one that the change made, unless it is the subject itself or somebody
// who handles a procedure about the record. A change that does not alter whether and how a record may be used asks nothing of anybody.
//
// Lawful secrecy holds here as in the list of look-ups: the subject sees no line, and no word or number made of one, before the day that its entry names.
//
// Everyone's downloads have no recipient. For them there is a public feed of changes, without content.
package correction

import (
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Does says what a change asks of whoever holds a copy.
type Does string

// The instructions.
const (
	Stop    Does = "stop"    // neither show, share nor use it any more
	Replace Does = "replace" // use the new version
	Resume  Does = "resume"  // it may be used again
	Nothing Does = "none"    // it was not in use before the change, nor is it since
)

// Word gives the instruction in Chinese.
func (d Does) Word() string {
	return map[Does]string{Stop: "停止使用", Replace: "改用新版本", Resume: "可以恢复使用", Nothing: "无须处理"}[d]
}

// asks reports whether the recipient has to say that it is applied.
func (d Does) asks() bool { return d == Stop || d == Replace }

// doesOf says what a change asks for: it depends on whether the record was in use before, and is since.
func doesOf(before, now record.Status) Does {
	switch {
	case now != record.Active && before == record.Active:
		return Stop
	case now != record.Active:
		return Nothing
	case before == record.Active:
		return Replace
	default:
		return Resume
	}
}

// Faults.
var (
	ErrNone    = fault.New(fault.NotFound, "correction.none", "没有这项更正告知", "请从更正告知的列表重新打开")
	ErrApplied = fault.New(fault.Conflict, "correction.applied", "这项更正告知已经确认落实，或者无须确认", "请刷新列表")
	ErrNote    = fault.New(fault.Invalid, "correction.note", "没有写明怎样落实的，或者超过 500 字", "请用 2 至 500 字写明做了什么，例如“已从业务系统删除，未用于在办事项”，不要写证件号码")
	ErrCursor  = fault.New(fault.Invalid, "correction.cursor", "翻页位置无效", "请从第一页重新查看")
)

// Told is what one recipient was told of one act: one notice, one confirmation, however many records.
type Told struct {
	ID       int64
	To       notice.Recipient
	Does     Does
	At       time.Time
	Due      clock.Date // last day on which to apply it; 0 = nothing is asked
	Case     int64
	N        int // records
	Applied  int
	ClosedAt time.Time // all of it applied, or nothing was asked
	Basis    string
	Why      string
}

// Open reports whether something is still to be applied.
func (t *Told) Open() bool { return t.ClosedAt.IsZero() }

// Overdue reports whether its recipient is silent on a day.
func (t *Told) Overdue(on clock.Date) bool { return t.Open() && !t.Due.IsZero() && t.Due < on }

// Notice is one recipient of one record's change.
type Notice struct {
	ID       int64
	Told     int64
	Change   int64
	Record   record.ID
	Version  int // the new one
	Status   record.Status
	Does     Does
	Item     catalog.ItemCode
	To       notice.Recipient
	What     []string // how it was handed out: check, consented, report …
	Matter   string   // of the latest
	Copies   int
	HandedAt time.Time
	Hidden   time.Time // until when the subject does not see the line; zero = it does
	At       time.Time // when the recipient was told
	Due      clock.Date
	Applied  time.Time // zero = not yet, or nothing is asked
	By       string
	Note     string
}

// Silent reports whether the recipient let the day pass.
func (n *Notice) Silent(on clock.Date) bool {
	return n.Applied.IsZero() && !n.Due.IsZero() && n.Due < on
}

// Change is a change of a record that was passed on.
type Change struct {
	ID        int64
	Record    record.ID
	Version   int
	Status    record.Status
	Does      Does
	Item      catalog.ItemCode
	ChangedAt time.Time
	ToldAt    time.Time
	Basis     string
	Why       string
}

// Receipt is a change with everyone who was told, as far as the subject may know today.
type Receipt struct {
	Change
	To []Notice
}
