package repair

import (
	"strconv"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/record"
)

// Target is what repair is asked for: a record of the register, or an entry on a list that is kept here.
type Target struct {
	Record record.ID
	Entry  int64
}

// String writes a target as forms and addresses carry it.
func (t Target) String() string {
	if t.Entry != 0 {
		return "l:" + strconv.FormatInt(t.Entry, 10)
	}
	return "r:" + t.Record.String()
}

// ParseTarget reads what String wrote.
func ParseTarget(text string) (Target, error) {
	switch kind, rest, _ := strings.Cut(text, ":"); kind {
	case "r":
		at, err := record.ParseID(rest)
		if err != nil {
			return Target{}, ErrTarget
		}
		return Target{Record: at}, nil
	case "l":
		entry, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || entry <= 0 {
			return Target{}, ErrTarget
		}
		return Target{Entry: entry}, nil
	}
	return Target{}, ErrTarget
}

// State says whether a failure can be repaired.
type State string

// The states of a failure.
const (
	Now      State = "now"      // can be applied for today
	Early    State = "early"    // from Verdict.Earliest, or from Finding.From, on
	Pending  State = "pending"  // an application is under way
	Hidden   State = "hidden"   // not shown to anybody: nothing to repair
	Excluded State = "excluded" // not here, or never
	Barred   State = "barred"   // a repair was taken back
	Over     State = "over"     // its period has ended
	Repaired State = "repaired"
	Shielded State = "shielded" // not shown while a reorganisation is carried out
)

// Finding is one failure of a subject with what the rules say about it today.
type Finding struct {
	Target
	Verdict

	At       record.ID // the record, also of an entry that is one; zero Key = none
	Number   int       // its version
	Item     catalog.ItemCode
	ItemName string
	Title    string
	DocNo    string
	Agency   int64
	Unit     string
	Region   string
	On       clock.Date // of the document
	State    State
	From     clock.Date // Early and Barred: from when it can be applied for
	Repair   int64      // Pending and Repaired: the case
	Held     []HeldRecord
	HeldNote string
}

// HeldRecord is a record that the platform holds itself and that may show that a duty was performed.
type HeldRecord struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"` // of its item
	DocNo string     `json:"docNo,omitempty"`
	On    clock.Date `json:"on"`
}

// Review is everything about a subject that repair could concern.
type Review struct {
	Subject  int64
	Name     string
	Code     string
	Kind     catalog.SubjectKind
	Findings []Finding
	Barred   clock.Date // first day on which a new application can be made; 0 = today
	Free     string     // that it costs nothing, in the words of the rules
}

// Find gives the finding of a target.
func (r *Review) Find(t Target) (*Finding, bool) {
	for i := range r.Findings {
		if r.Findings[i].Target == t {
			return &r.Findings[i], true
		}
	}
	return nil, false
}

// The states of an application.
const (
	Draft   = "draft"
	Sent    = "sent"
	Dropped = "dropped"
)

// File is an attachment of an application.
type File struct {
	Hash  string `json:"hash"`
	Title string `json:"title"`
	By    string `json:"by,omitempty"` // account that attached it, so that another agent of the subject can send it; Save fills it in
}

// Pick is a chosen failure as it stood when it was chosen.
type Pick struct {
	Target   string           `json:"target"`
	Record   string           `json:"record,omitempty"`
	Number   int              `json:"version,omitempty"`
	Item     catalog.ItemCode `json:"item"`
	ItemName string           `json:"itemName"`
	Title    string           `json:"title"`
	DocNo    string           `json:"docNo,omitempty"`
	Agency   int64            `json:"agency"`
	Unit     string           `json:"unit"`
	Region   string           `json:"region"`
	On       clock.Date       `json:"on"`
	Class    string           `json:"class"`
	Set      string           `json:"ruleSet"`
	SetName  string           `json:"ruleName"`
	Earliest clock.Date       `json:"earliest"`
	End      clock.Date       `json:"end"`
	Max      clock.Date       `json:"max"`
	Held     []HeldRecord     `json:"held,omitempty"`
}

// Application is what a subject asks for at once.
type Application struct {
	ID        int64
	Subject   int64
	State     string
	Statement string
	Picks     []Pick
	Files     []File
	Letter    []byte // the signed bytes
	KeyID     string
	Signature []byte
	MadeAt    time.Time
	MadeBy    string
	ChangedAt time.Time
	SentAt    time.Time
}

// Case is one record of an application on its way through the unit that made the finding.
type Case struct {
	Target
	At          record.ID // the record that is turned; zero Key = none
	ID          int64
	Subject     int64
	Application int64
	Flow        int64 // the case in flow
	Open        bool
	State       string
	Item        catalog.ItemCode
	Title       string
	DocNo       string
	Agency      int64
	Region      string
	On          clock.Date
	Class       string
	Set         string
	Earliest    clock.Date
	End         clock.Date
	Max         clock.Date // first day after the longest period, for when the repair is taken back; 0 = none
	Held        []HeldRecord
	SentAt      time.Time
	SentBy      string
	AcceptedBy  string
	AnsweredAt  time.Time
	AnsweredBy  string
	AnswerNo    string
	AnswerOn    clock.Date
	Reason      string
	Next        clock.Date // after a refusal: from when it can be asked for again
	ReopenedFor string     // number of the objection that found an earlier answer wrong; "" = none
}

// Breach is taking a repair back.
type Breach struct {
	ID        int64
	Subject   int64
	Repair    int64
	Flow      int64
	Agency    int64
	Region    string
	State     string // notified, cancelled, kept
	Cause     string
	NoticeNo  string
	NoticeOn  clock.Date
	Stated    bool
	MadeBy    string
	MadeAt    time.Time
	DecidedBy string
	DecidedAt time.Time
	DocNo     string
	Reason    string
	Until     clock.Date // first day on which the subject may apply again; 0 = nothing was decided
}

// Shield is not showing a business's failures while a court's reorganisation is carried out.
type Shield struct {
	ID        int64
	Subject   int64
	Flow      int64
	Region    string
	State     string // asked, shielded, denied, withdrawn, ended
	Court     string
	No        string
	On        clock.Date
	Until     clock.Date // first day after the execution of the plan
	AskedBy   string
	AskedAt   time.Time
	DecidedBy string
	DecidedAt time.Time
	EndedAt   time.Time
}
