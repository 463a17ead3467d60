package flow

import (
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
)

// Case is one procedure that was opened.
type Case struct {
	ID       int64
	Kind     string // of its table
	State    string
	Subject  int64  // whom it is about; 0 = nobody
	Ref      string // what it is about, in the feature's words: the number of a record, of an entry
	Agency   int64  // unit that handles it; 0 = none
	Region   string // division that it belongs to
	Author   string // who opened it, as audit.Who writes it: account:42
	Title    string // Chinese; no identity numbers
	Assignee string // account that it was given to; "" = whoever of the desk takes it

	OpenedAt  time.Time
	ArrivedAt time.Time // effective instant of the arrival in State
	ClosedAt  time.Time // zero while it is open

	Due         clock.Date // last day on which the next step is in time; 0 = no deadline
	Unit        Unit       // of the deadline
	OnDue       Event      // what happens at midnight of the last day; "" = overdue
	Overdue     bool
	PausedOn    clock.Date // the clock stands since this day; 0 = it runs
	PauseUntil  clock.Date // last day of the pause, after which the clock runs by itself
	Extended    int        // what was added already, in Unit
	ExtendUpTo  int        // what may be added in all
	Version     int        // counts steps
	Provisional bool       // the deadline ends in a year whose holidays are not known yet

	c count
}

// count is what a deadline is made of; it is computed from it, never from an earlier deadline.
type count struct {
	from   clock.Date // day of the named instant
	n      int
	roll   bool
	paused int        // units that pauses lasted
	wake   clock.Date // day at whose beginning the clock has something to do; 0 = never
	last   time.Time  // effective instant of the newest step
}

// Open reports whether the case is not closed.
func (c *Case) Open() bool { return c.ClosedAt.IsZero() }

// NewCase is what a case is opened with. Author may be left empty: then it is who asks.
type NewCase struct {
	Kind    string
	Subject int64
	Ref     string
	Agency  int64
	Region  string
	Author  string
	Title   string
	Input
}

// Input is what comes with a move.
type Input struct {
	Reason      string    // everyone involved reads it
	Note        string    // for the desks only
	Attachments []string  // hashes that Attach gave to the same person
	At          time.Time // the instant it counts from, such as the service of a document; zero = now. Never before the step before it, never in the future
	Seen        int       // version of the case that the caller decided on; 0 = whatever it is
}

// Step is one line of a case's history.
type Step struct {
	Case     int64
	Seq      int
	Event    Event
	From, To string
	At       time.Time  // when it took effect; for an automatic step midnight of the due day
	Day      clock.Date // day that periods from it are counted from
	Recorded time.Time  // when the program wrote it
	Who      audit.Who
	Reason   string
	Note     string // for the desks only
	Files    []Attachment
	Due      clock.Date // deadline that the case has behind it; 0 = none
	Late     bool       // it came after the last day
	Days     int        // of an extension: what was added; of an end of a pause: what it lasted; of a deadline: its length
	Unit     Unit
	Said     string // the sentence for the timeline, without the time
}

// Public gives the step as the subject and its agents see it: without the note, and without which account took it.
func (s Step) Public() Step {
	s.Note, s.Who = "", audit.Who{Kind: s.Who.Kind}
	return s
}
