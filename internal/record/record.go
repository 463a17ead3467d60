// Package record keeps the one write path of the register: every change of a record is a new version with its time, actor, basis and
// reason, the current row is derived from the newest version, and nothing is overwritten or deleted except by the
// lifecycle that law prescribes. So any past answer can be recomputed as of its time.
package record

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// ID names a record: the subject it is about and its key among that subject's records.
type ID struct {
	Subject int64
	Key     int64
}

// String writes the id as 26 characters.
func (i ID) String() string { return id.Pair(i.Subject, i.Key) }

// ErrID refuses a text that is not a record id.
var ErrID = fault.New(fault.NotFound, "record.id", "没有这条记录", "请检查记录编号是否完整")

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	a, b, err := id.ParsePair(s)
	if err != nil {
		return ID{}, ErrID
	}
	return ID{Subject: a, Key: b}, nil
}

// Status of a record's newest version.
type Status int8

// The statuses. The zero value is no status.
const (
	Active    Status = 1 // in force
	Withdrawn Status = 2 // withdrawn by its source: shown nowhere, history kept
	Repaired  Status = 3 // 已修复: neither shown, shared nor used any more (国办发〔2025〕22号; NDRC Order 36 arts. 2–3); the special report names it as repaired
	Annulled  Status = 4 // 撤下: the decision was annulled, revoked or declared unlawful (行政处罚法 art. 48), or nobody could verify it
	Ended     Status = 5 // 期满: the period of showing and using a failure is over
	Shielded  Status = 6 // 重整期间屏蔽: not shown while a court's reorganisation or settlement is carried out
	Destroyed Status = 7 // its content and the salts of its leaves are destroyed; that there was a record stays
)

// String names the status for interfaces.
func (s Status) String() string {
	switch s {
	case Active:
		return "active"
	case Withdrawn:
		return "withdrawn"
	case Repaired:
		return "repaired"
	case Annulled:
		return "annulled"
	case Ended:
		return "ended"
	case Shielded:
		return "shielded"
	case Destroyed:
		return "destroyed"
	default:
		return "unknown"
	}
}

// settled reports whether a procedure or the clock gave the status. The source's next filing of the same record does not undo it.
func (s Status) settled() bool {
	return s == Repaired || s == Annulled || s == Ended || s == Shielded
}

// Procedure is the kind of procedure a penalty was imposed in.
type Procedure int8

// The procedures; most items know none.
const (
	NoProcedure Procedure = 0
	Ordinary    Procedure = 1 // 普通程序
	Simple      Procedure = 2 // 简易程序 (行政处罚法 art. 51): stored, never public
)

// Severity is the class of a failure under the repair rules.
type Severity int8

// The severities of NDRC Order 36.
const (
	NoSeverity Severity = 0
	Minor      Severity = 1 // 轻微
	Moderate   Severity = 2 // 一般
	Serious    Severity = 3 // 严重
)

// String names the severity as the glossary does.
func (s Severity) String() string {
	switch s {
	case Minor:
		return "minor"
	case Moderate:
		return "ordinary"
	case Serious:
		return "serious"
	default:
		return ""
	}
}

// Facts are what a version says beside its body: everything on which disclosure, lists and clocks decide.
type Facts struct {
	Item        catalog.ItemCode
	Edition     string        // catalogue edition it was checked under
	NaturalKey  string        // without the subject
	Class       catalog.Class // of this row: its item's, narrowed by what the row says of its disclosure
	Status      Status
	Listed      bool // class A, in force, about no person, no simple procedure: only the days of the window are left to compare
	DecidedOn   clock.Date
	PublicFrom  clock.Date
	PublicUntil clock.Date // first day on which it is no longer shown; 0 = no end
	Decided     End        // of the period, by a procedure; the zero value: only the rules say
	Agency      int64      // the agency that filed it
	Region      string
	Kinds       int64 // bit set over the item's category list
	Procedure   Procedure
	Severity    Severity
	RuleSet     string // publicity rules that gave the window
}

// End is when the period of a record is over because a procedure decided so. Filings carry it on from version to version.
type End struct {
	Until clock.Date // first day on which it is no longer shown; 0 = nothing was decided
	Ruled clock.Date // what the rules had given until then; 0 = no end
}

// Bound gives the end of a record's period when a filing gives one that the rules compute (0 = no end). A period that was shortened stays so, whatever is
// filed; one that was lengthened, as a breach of a commitment does, stays so too. A filing whose own end is sooner than before shortens either.
func (e End) Bound(filed clock.Date) clock.Date {
	switch {
	case e.Until.IsZero():
		return filed
	case e.Ruled.IsZero() || e.Until <= e.Ruled:
		if !filed.IsZero() && filed < e.Until {
			return filed
		}
	case !filed.IsZero() && filed < e.Ruled:
		return e.Until.AddDays(-filed.DaysUntil(e.Ruled))
	}
	return e.Until
}

// Version is one version of a record. Only publish may hand its body on, through the gate.
type Version struct {
	ID
	Facts
	Number     int
	Body       string // JSON object: field code → text; sensitive values sealed
	Action     string
	RecordedAt time.Time
	Outbox     int64 // row of the log's outbox that holds its leaf
	Disputed   bool  // 异议中 at the instant that was asked for
}

// Draft is a checked row, ready to be put on file.
type Draft struct {
	Subject int64
	Facts
	Body   string
	Digest [16]byte // of the content in clear: equal digests are equal contents
	Fresh  bool     // the subject was made in this very transaction: nothing can be on file about it
}

// Change says who changes, when and why; it is the same for all drafts of one Apply.
type Change struct {
	At         time.Time
	Actor      string
	Basis      string
	Why        string
	Submission string
	// Again names earlier submissions of the very same rows. A record whose newest version one of them wrote stands as the rows leave it,
	// whatever a single row of them says on its own: it is not changed again.
	Again map[string]bool
}

// Outcome is what Apply did with a draft.
type Outcome uint8

// The outcomes.
const (
	Filed     Outcome = iota + 1 // first version
	Updated                      // another version
	Unchanged                    // same content as the newest version: nothing written
	Removed                      // withdrawn
	Absent                       // withdrawal or turn of a record that is not on file: nothing written
	Turned                       // another status, by a procedure or the clock
)

// forever stands for "no end" in the public_until column, so that one comparison serves.
const forever clock.Date = 99991231

func untilColumn(d clock.Date) int64 {
	if d.IsZero() {
		return int64(forever)
	}
	return int64(d)
}

func untilDate(v int64) clock.Date {
	if v == int64(forever) {
		return 0
	}
	return clock.Date(v)
}

// keyOf gives the first candidate for a record's key within its subject: 63 bits of FNV-1a over item and natural key. Two natural keys
// of one subject may share it; then the next free number is taken.
func keyOf(item catalog.ItemCode, naturalKey string) int64 {
	h := fnv.New128a()
	_, _ = h.Write([]byte(item))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(naturalKey))
	var sum [16]byte
	h.Sum(sum[:0])
	return int64(binary.BigEndian.Uint64(sum[:8])^binary.BigEndian.Uint64(sum[8:])) & (1<<63 - 1)
}

func micros(t time.Time) int64 { return t.UnixMicro() }

// Micros reads an instant column.
func Micros(v int64) time.Time { return time.UnixMicro(v).UTC() }
