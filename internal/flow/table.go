package flow

import (
	"net/url"
	"strings"
)

// Event names a move, such as "accept".
type Event string

// The events of every procedure, beside those of its table. They change no state.
const (
	EventOverdue  Event = "flow.overdue"  // the last day has passed and no automatic move stands for it
	EventPause    Event = "flow.pause"    // the clock stops
	EventResume   Event = "flow.resume"   // the clock runs on
	EventExtend   Event = "flow.extend"   // the deadline is moved
	EventAssign   Event = "flow.assign"   // the case is given to somebody
	EventHandover Event = "flow.handover" // the cases of one are given to another
)

// Unit is what a period is counted in.
type Unit string

// The units.
const (
	Working  Unit = "working"  // working days, by the holiday tables
	Calendar Unit = "calendar" // days
	Months   Unit = "months"   // months, ending on the same day of the month or the month's last
)

// Word gives the unit in Chinese, with its classifier.
func (u Unit) Word() string {
	return map[Unit]string{Working: "个工作日", Calendar: "日", Months: "个月"}[u]
}

// Due is the deadline that a case gets when it arrives by a move.
type Due struct {
	Days   int    // length in Unit; 0 when Key names it
	Key    string // name of a period in dated data (Config.Periods), which then gives length and unit for the day it is counted from
	Unit   Unit
	From   Event // counted from the latest step of this event; "" = from the arrival by this move
	OnDue  Event // the automatic move at midnight of the last day; "" = the case is overdue then
	Extend int   // what all extensions together may add at most, in Unit; 0 = cannot be extended, or ExtendKey says it
	Roll   bool  // of days and months: when the last day is no working day, the next one is (民法典第203条)

	ExtendKey string // name of that bound in dated data (Config.Periods), which may have 0 for a day
	Carry     bool   // extensions that were given since the step it is counted from count here too
}

// State is where a case can stand.
type State struct {
	Code  string
	Name  string // Chinese, such as 已受理
	Final bool   // nothing leaves it
	Rest  bool   // nobody has to do anything while a case stands here, though something may be done: it is in no inbox
}

// Move is one way from states to a state.
type Move struct {
	Event Event
	Name  string   // Chinese, as on the button: 受理
	From  []string // states it leaves; empty = it opens the case, and there is exactly one such move
	To    string
	May   string // action of the permission table, asked through Config.May; "" only for automatic moves
	Auto  bool   // only the clock takes it

	Reason   bool    // a reason is required
	Separate bool    // not by who opened the case,
	Not      []Event // nor by who took one of these steps in it

	Due  *Due // deadline on arrival; nil = none
	Keep bool // instead of Due: the deadline that runs goes on

	Reopens bool // it leaves ends, and only they: a case that was closed goes on, or ends otherwise, as when its answer was found wrong

	By  string // who does it, in Chinese, for the timeline: 申请人, 信用办; "" = 申请人 for the author and 经办人 for others
	Say string // what was done as the end of a sentence, such as 受理了申请; "" = made of Name and the new state
}

// Rule says whether the clock of a procedure's cases can be stopped, or moved, and who may.
type Rule struct {
	May  string // action of the permission table; "" = nobody
	Days int    // of a pause: working days after which the clock runs on by itself
	Once bool   // of an extension: a deadline is extended one time only
}

// Table is a procedure as data.
type Table struct {
	Kind   string // "objection": lower-case letters, digits and underscores
	Title  string // Chinese
	States []State
	Moves  []Move
	Pause  Rule
	Extend Rule
	Assign Rule // who may give a case to somebody, or hand cases over

	Page    string // address of a case on the desks, with {id} and {ref} in it: /desk/listing/{ref}
	OwnPage string // the same in the subject's centre: /me/repairs/{id}
}

// PageOf gives the address of a case on the desks; "" when its feature has none.
func (t *Table) PageOf(c *Case) string { return pageOf(t.Page, c) }

// OwnPageOf gives the address of a case in the subject's centre; "" when its feature has none.
func (t *Table) OwnPageOf(c *Case) string { return pageOf(t.OwnPage, c) }

func pageOf(form string, c *Case) string {
	return strings.NewReplacer("{id}", dec(c.ID), "{ref}", url.PathEscape(c.Ref)).Replace(form)
}

// State finds a state.
func (t *Table) State(code string) (State, bool) {
	for i := range t.States {
		if t.States[i].Code == code {
			return t.States[i], true
		}
	}
	return State{}, false
}

// StateName gives a state in Chinese, or its code when there is no such state.
func (t *Table) StateName(code string) string {
	if s, ok := t.State(code); ok {
		return s.Name
	}
	return code
}

// Opening gives the move that opens a case.
func (t *Table) Opening() *Move {
	for i := range t.Moves {
		if len(t.Moves[i].From) == 0 {
			return &t.Moves[i]
		}
	}
	return nil
}

// Leaving gives the moves that leave a state.
func (t *Table) Leaving(state string) []*Move {
	var out []*Move
	for i := range t.Moves {
		if t.Moves[i].leaves(state) {
			out = append(out, &t.Moves[i])
		}
	}
	return out
}

// move finds the way that an event takes from a state.
func (t *Table) move(state string, event Event) *Move {
	for i := range t.Moves {
		if t.Moves[i].Event == event && t.Moves[i].leaves(state) {
			return &t.Moves[i]
		}
	}
	return nil
}

// named finds any move of an event.
func (t *Table) named(event Event) *Move {
	for i := range t.Moves {
		if t.Moves[i].Event == event {
			return &t.Moves[i]
		}
	}
	return nil
}

func (m *Move) leaves(state string) bool {
	for _, s := range m.From {
		if s == state {
			return true
		}
	}
	return false
}
