package flow

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/ident"
)

// MaxFiles is how many attachments one step takes.
const MaxFiles = 20

// Bounds of texts.
const (
	maxText  = 2000
	maxTitle = 200
)

// Open opens a case within tx.
func (e *Engine) Open(ctx context.Context, tx *db.Tx, n NewCase) (*Case, error) {
	p := e.procedures[n.Kind]
	if p == nil {
		return nil, ErrKind
	}
	if strings.TrimSpace(n.Title) == "" || utf8.RuneCountInString(n.Title) > maxTitle {
		return nil, ErrNew
	}
	if HasPersonal(n.Title) {
		return nil, ErrPersonal
	}
	who := e.Who(ctx)
	if n.Author == "" {
		n.Author = who.String()
	}
	now := e.now()
	c := &Case{
		ID: e.IDs.Next(), Kind: n.Kind, Subject: n.Subject, Ref: n.Ref, Agency: n.Agency, Region: n.Region, Author: n.Author, Title: n.Title, OpenedAt: now,
	}
	m := p.Opening()
	at, err := e.check(ctx, tx, p, c, m, &n.Input)
	if err != nil {
		return nil, err
	}
	c.OpenedAt = at
	return e.take(ctx, tx, p, c, m, stepOf(m, &n.Input, at, now, who))
}

// Fire takes a step of a case within tx: it asks who may, keeps separated steps apart, writes the step and its act, computes the deadline and tells the
// feature. An automatic step whose day has come is taken first.
func (e *Engine) Fire(ctx context.Context, tx *db.Tx, id int64, event Event, in Input) (*Case, error) {
	c, p, err := e.current(ctx, tx, id, in.Seen)
	if err != nil {
		return nil, err
	}
	m := p.move(c.State, event)
	switch {
	case !c.Open() && (m == nil || !m.Reopens):
		return nil, ErrClosed
	case m == nil:
		return nil, ErrStep.Messagef("“%s”现在是“%s”，不能进行这一步", p.Title, p.StateName(c.State))
	case m.Auto:
		return nil, ErrAuto
	}
	at, err := e.check(ctx, tx, p, c, m, &in)
	if err != nil {
		return nil, err
	}
	who, now := e.Who(ctx), e.now()
	if c.PausedOn != 0 {
		ended := latest(now, c.c.last) // a clock that was put back must not end the pause before it began
		if c, err = e.resume(ctx, tx, p, c, Step{Who: who, At: ended, Recorded: now, Day: clock.DateOf(ended), Reason: "办理下一步，中止结束"}); err != nil {
			return nil, err
		}
		at = latest(at, c.c.last)
	}
	return e.take(ctx, tx, p, c, m, stepOf(m, &in, at, now, who))
}

// current loads a case for a change, with what the clock has had to do since.
func (e *Engine) current(ctx context.Context, tx *db.Tx, id int64, seen int) (*Case, *procedure, error) {
	c, err := e.Load(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	p := e.procedures[c.Kind]
	if p == nil {
		return nil, nil, ErrKind
	}
	if seen != 0 && seen != c.Version {
		return nil, nil, ErrChanged
	}
	c, _, err = e.catchUp(ctx, tx, p, c)
	return c, p, err
}

// check asks everything that a move by a person asks, and gives the instant that it counts from.
func (e *Engine) check(ctx context.Context, tx *db.Tx, p *procedure, c *Case, m *Move, in *Input) (time.Time, error) {
	if err := e.May(ctx, m.May, c); err != nil {
		return time.Time{}, err
	}
	if err := e.separate(ctx, tx, p, c, m); err != nil {
		return time.Time{}, err
	}
	if err := checkTexts(in, m.Reason); err != nil {
		return time.Time{}, err
	}
	if err := e.checkFiles(ctx, tx, in.Attachments); err != nil {
		return time.Time{}, err
	}
	now, at := e.now(), in.At.Truncate(time.Microsecond).UTC()
	switch {
	case in.At.IsZero():
		at = latest(now, c.c.last)
	case at.After(now) || at.Before(c.c.last):
		return time.Time{}, ErrAt
	}
	if p.hooks.Guard != nil {
		if err := p.hooks.Guard(ctx, tx, c, m, in); err != nil {
			return time.Time{}, err
		}
	}
	return at, nil
}

func checkTexts(in *Input, required bool) error {
	in.Reason, in.Note = cntext.Typed(in.Reason), cntext.Typed(in.Note)
	switch n := utf8.RuneCountInString(in.Reason); {
	case required && n < 2:
		return ErrReason
	case n > maxText, utf8.RuneCountInString(in.Note) > maxText:
		return ErrText
	case HasPersonal(in.Reason), HasPersonal(in.Note):
		return ErrPersonal
	}
	return nil
}

// HasPersonal reports whether a text holds the identity number of a resident: eighteen characters by themselves, with a day of birth and the right check
// character. Full-width characters count as what they stand for, and blanks, dashes and dots between the characters do not hide a number.
func HasPersonal(text string) bool {
	return ident.HoldsPersonNumber(cntext.Fold(text))
}

// person gives the account behind an actor; 0 for a machine.
func person(w audit.Who) int64 {
	if w.Kind == "account" || w.Kind == "key" {
		return w.ID
	}
	return 0
}

// separate refuses who opened the case, and who took one of the steps that a separated move names.
func (e *Engine) separate(ctx context.Context, tx *db.Tx, p *procedure, c *Case, m *Move) error {
	if !m.Separate {
		return nil
	}
	who := person(e.Who(ctx))
	if who == 0 {
		return ErrPerson
	}
	if c.Author == "account:"+dec(who) || c.Author == "key:"+dec(who) {
		return ErrSeparate
	}
	did, err := doers(ctx, tx, c.ID, append([]Event{p.Opening().Event}, m.Not...))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(did, func(w audit.Who) bool { return person(w) == who }) {
		return ErrSeparate
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func stepOf(m *Move, in *Input, at, now time.Time, who audit.Who) Step {
	s := Step{Event: m.Event, To: m.To, At: at, Day: clock.DateOf(at), Recorded: now, Who: who, Reason: in.Reason, Note: in.Note}
	for _, hash := range in.Attachments {
		s.Files = append(s.Files, Attachment{Hash: hash})
	}
	return s
}

// take moves a case and writes the step. The rest of the step is filled in.
func (e *Engine) take(ctx context.Context, tx *db.Tx, p *procedure, c *Case, m *Move, s Step) (*Case, error) {
	if err := e.arrive(ctx, tx, p, c, m, &s); err != nil {
		return nil, err
	}
	return e.write(ctx, tx, p, c, s)
}

// arrive moves a case, as yet in memory, and fills in the step.
func (e *Engine) arrive(ctx context.Context, tx *db.Tx, p *procedure, c *Case, m *Move, s *Step) error {
	s.From = c.State
	s.Late = c.Due != 0 && !m.Auto && c.PausedOn == 0 && clock.DateOf(s.Recorded) > c.Due
	c.State, c.ArrivedAt = m.To, s.At
	if err := e.start(ctx, tx, c, m, s.Day); err != nil {
		return err
	}
	c.ClosedAt = time.Time{}
	if to, _ := p.State(m.To); to.Final {
		c.ClosedAt = s.At
	}
	if m.Due != nil {
		s.Days, s.Unit = c.c.n, c.Unit
	}
	return nil
}

// write puts a step and its act on file and tells the feature. What it gives back is the case as the feature left it.
func (e *Engine) write(ctx context.Context, tx *db.Tx, p *procedure, c *Case, s Step) (*Case, error) {
	if err := alone(ctx, c.ID); err != nil {
		return nil, err
	}
	was := c.Version
	seal(c, &s)
	var err error
	if was == 0 {
		err = insert(ctx, tx, c)
	} else {
		err = updateFrom(ctx, tx, c, was)
	}
	if err != nil {
		return nil, err
	}
	if err := e.insertStep(ctx, tx, &s); err != nil {
		return nil, err
	}
	if err := e.Log.WriteAct(ctx, tx, actOf(c, &s)); err != nil {
		return nil, err
	}
	if p.hooks.On == nil {
		return c, nil
	}
	if err := e.tell(ctx, tx, p, c, s); err != nil {
		return nil, err
	}
	return e.Load(ctx, tx, c.ID)
}

// seal counts a step and notes in it what the case has behind it.
func seal(c *Case, s *Step) {
	c.Version++
	c.c.last = latest(s.At, c.c.last)
	s.Case, s.Seq, s.To, s.Due = c.ID, c.Version, c.State, c.Due
}

// tell tells the feature of a step.
func (e *Engine) tell(ctx context.Context, tx *db.Tx, p *procedure, c *Case, s Step) error {
	if p.hooks.On == nil {
		return nil
	}
	s.Said = p.say(&s, c.Author)
	told := *c
	return p.hooks.On(e.hookContext(ctx, &s), tx, &told, s)
}

// actOf gives the act of a step.
func actOf(c *Case, s *Step) audit.Act {
	return audit.Act{At: s.Recorded, Who: s.Who, Action: c.Kind + "." + string(s.Event), Entity: "case:" + dec(c.ID), Detail: detail(c, s)}
}

// hookContext gives hooks of automatic steps the scheduler for an actor, whoever happened to come by.
func (e *Engine) hookContext(ctx context.Context, s *Step) context.Context {
	if e.AsSystem != nil && s.Who.Kind == system {
		return e.AsSystem(ctx)
	}
	return ctx
}

// system is the kind of who takes automatic steps.
const system = "system"

// detail says in an act what happened, without any text that somebody typed.
func detail(c *Case, s *Step) string {
	text := "from=" + s.From + " to=" + s.To + " at=" + s.At.UTC().Format(time.RFC3339)
	if c.Due != 0 {
		text += " due=" + c.Due.String()
	}
	if s.Late {
		text += " late"
	}
	return text
}
