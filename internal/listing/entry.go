package listing

import (
	"time"

	"gongxin/internal/clock"
)

// State is how far an entry is.
type State string

// The states.
const (
	Open    State = "open" // proposed, not decided: nobody but the deciding unit and the subject sees it
	Listed  State = "listed"
	Removed State = "removed"
	Dropped State = "dropped"
)

// Why says how an entry ended.
type Why string

// The ways out.
const (
	Expired   Why = "expired"
	Early     Why = "early"
	Repaired  Why = "repaired"
	Objection Why = "objection"
	Revoked   Why = "revoked"
	Lapsed    Why = "basis" // the list's own basis no longer holds
)

var whys = map[Why]string{
	Expired: "期满", Early: "提前移出", Repaired: "信用修复", Objection: "异议成立", Revoked: "列入决定被撤销或者变更", Lapsed: "设列依据失效",
}

// Word gives the way out in Chinese.
func (w Why) Word() string { return whys[w] }

// Manual lists the ways out that a person decides on.
func Manual() []Why { return []Why{Early, Repaired, Objection, Revoked} }

// Entry is one entry on a list, from the proposal on. Law is the basis as it stood when it was decided on.
type Entry struct {
	ID          int64
	Subject     int64
	Kind        string
	Agency      int64
	Region      string
	Case        int64
	State       State
	Cause       string
	Law         string
	ProposedAt  time.Time
	ProposedBy  string
	NoticeNo    string
	NoticeOn    clock.Date
	DocNo       string
	DocBlob     string
	DecidedBy   string
	ListedAt    time.Time
	ListedOn    clock.Date
	Until       clock.Date // first day on which it no longer stands; 0 = until it is removed
	RemovedAt   time.Time
	RemovedOn   clock.Date
	RemovedWhy  Why
	RemovedNote string
	RemovedDoc  string
	RemovedBy   string
	filed       int64
	disputes    []dispute
}

// Stands reports whether the entry stood on a day, as known at an instant (zero = now). A day after the end is never in, whether or not the job that
// ends entries has run.
func (e *Entry) Stands(on clock.Date, known time.Time) bool {
	if e.ListedAt.IsZero() || e.ListedOn > on || !e.Until.IsZero() && on >= e.Until {
		return false
	}
	if !known.IsZero() && e.ListedAt.After(known) {
		return false
	}
	gone := !e.RemovedAt.IsZero() && (known.IsZero() || !e.RemovedAt.After(known))
	return !gone || on < e.RemovedOn
}
