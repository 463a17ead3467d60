package objection

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/gm"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

// Records is the register; *record.Store is one.
type Records interface {
	Standing(ctx context.Context, q db.Querier, ids []record.ID) (map[record.ID]record.Version, error)
	History(ctx context.Context, at record.ID) ([]record.Mark, error)
	Turn(ctx context.Context, tx *db.Tx, list []record.Turn, ch record.Change) ([]record.Outcome, error)
	SetMark(ctx context.Context, tx *db.Tx, at record.ID, mark, ref string, when time.Time) error
	ClearMark(ctx context.Context, tx *db.Tx, at record.ID, mark, ref string, when time.Time) error
}

// ListEntry is an entry on a list, as far as an objection must know it.
type ListEntry struct {
	Subject int64
	Agency  int64
	List    string // its name
	Stands  bool
}

// Lists keeps the lists.
type Lists interface {
	Entry(ctx context.Context, q db.Querier, entry int64) (ListEntry, error)
	Dispute(ctx context.Context, tx *db.Tx, entry int64, ref string, on bool) error
	// FiledAs gives the records that an entry was filed as; none when it is not on file as one.
	FiledAs(ctx context.Context, q db.Querier, entry int64) ([]record.ID, error)
}

// RepairAnswer is how an application for the repair of a record was answered.
type RepairAnswer struct {
	ID     int64
	Word   string
	Stages []Stage // where it can go on when the answer was wrong
}

// Stage is where an application for repair goes on whose answer was found wrong.
type Stage struct {
	Code   string
	Name   string
	Agreed bool // only when the unit that made the finding agrees: who finds repairs
}

// Repairs keeps applications for repair.
type Repairs interface {
	// Answered gives the latest answer about the repair of a record that its subject can find wrong; ok is false when there is none.
	Answered(ctx context.Context, q db.Querier, at record.ID) (RepairAnswer, bool, error)
	// Reopen takes an application up again at a stage, in the name of whoever decides on the objection.
	Reopen(ctx context.Context, tx *db.Tx, repair int64, stage, no, reason string) error
}

// Filer files one row of an item in a unit's name through the real intake, once for a key. What the checks refuse comes back as reasons, and nothing is on file.
type Filer interface {
	File(ctx context.Context, item catalog.ItemCode, unit, key string, row map[string]string) (reasons []string, err error)
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Calendar  *clock.Calendar
	Rules     *ruleset.Book[*Rules]
	Records   Records
	Lists     Lists   // nil = entries of lists cannot be disputed
	Repairs   Repairs // nil = answers about repairs cannot be disputed
	Agencies  *agency.Store
	Authority *authz.Authority
	Flow      *flow.Engine // Table must be registered with it, with Hooks of this service
	Notices   Notices
	Filer     Filer
	ItemName  func(item catalog.ItemCode) string
	Ring      *gm.KeyRing // seals statements and reasons; nil = they rest in the clear
}

// Service keeps objections.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

const (
	minStatement = 5
	maxStatement = 1900
)

// Submission is an objection as it is handed in.
type Submission struct {
	Subject   int64
	Kind      Kind
	Target    string
	Ask       Ask
	Statement string
	Files     []string // attachments, by hash
	Draft     int64    // that it was; 0 = none
}

// Submit hands an objection in. Whoever stands for the subject may, about what is about the subject.
func (s *Service) Submit(ctx context.Context, in Submission) (out Objection, err error) {
	defer fault.Wrap(&err, "objection.Submit(%s)", in.Kind)
	if in.Statement, err = s.checked(&in); err != nil {
		return Objection{}, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.begin(ctx, tx, &in)
		if err != nil {
			return err
		}
		if busy, err := s.busy(ctx, tx, &o); err != nil || busy {
			return either(err, ErrTwice)
		}
		if o.No, err = s.number(ctx, tx, &o); err != nil {
			return err
		}
		if err := insert(ctx, tx, &o); err != nil {
			return err
		}
		_, err = s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: FlowKind, Subject: o.Subject, Ref: strconv.FormatInt(o.ID, 10), Agency: o.Agency, Region: o.Region, Title: "异议：" + o.Title,
			Input: flow.Input{Reason: in.Statement, Attachments: in.Files},
		})
		if err != nil {
			return err
		}
		if in.Draft != 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM objection_draft WHERE subject_id = $1 AND draft_id = $2 AND account = $3`, o.Subject, in.Draft, authz.From(ctx).String()); err != nil {
				return fmt.Errorf("objection: draft: %w", err)
			}
		}
		out, err = s.Get(ctx, tx, o.ID)
		return err
	})
	return out, err
}

// checked refuses what cannot be asked, and gives the statement without blanks around it.
func (*Service) checked(in *Submission) (string, error) {
	k, ok := kinds[in.Kind]
	switch {
	case in.Kind == OfEvaluation:
		return "", ErrEvaluation
	case !ok:
		return "", ErrKind
	case !contains(k.asks, in.Ask):
		return "", ErrAsk
	}
	text := strings.TrimSpace(in.Statement)
	if n := utf8.RuneCountInString(text); n < minStatement || n > maxStatement {
		return "", ErrStatement
	}
	return text, nil
}

func contains[T comparable](list []T, x T) bool {
	for _, have := range list {
		if have == x {
			return true
		}
	}
	return false
}

// begin finds what is disputed.
func (s *Service) begin(ctx context.Context, tx *db.Tx, in *Submission) (Objection, error) {
	now := s.now()
	o := Objection{
		ID: s.IDs.Next(), Subject: in.Subject, Kind: in.Kind, Target: in.Target, Ask: in.Ask, FiledBy: authz.From(ctx).String(), FiledAt: now, ReceivedOn: clock.DateOf(now),
	}
	o.AnswerBy = s.Rules.On(o.ReceivedOn).AnswerBy(s.Calendar, o.ReceivedOn, false)
	if err := s.find(ctx, tx, &o); err != nil {
		return o, err
	}
	unit, err := s.Agencies.ByID(ctx, o.Agency)
	if err != nil {
		return o, err
	}
	o.Region = unit.Region
	return o, nil
}

// find fills in what the register or the list says of the target.
func (s *Service) find(ctx context.Context, q db.Querier, o *Objection) error {
	if o.Kind == OfEntry {
		number, err := strconv.ParseInt(o.Target, 10, 64)
		if s.Lists == nil || err != nil {
			return ErrTarget
		}
		e, err := s.Lists.Entry(ctx, q, number)
		switch {
		case fault.KindOf(err) == fault.NotFound || err == nil && e.Subject != o.Subject:
			return ErrTarget
		case err != nil:
			return err
		case !e.Stands:
			return ErrGone
		}
		o.Agency, o.Title = e.Agency, e.List
		return nil
	}
	at, v, err := s.standing(ctx, q, o.Target)
	switch {
	case err != nil:
		return err
	case at.Subject != o.Subject || v.Number == 0:
		return ErrTarget
	case v.Status != record.Active && v.Status != record.Repaired && v.Status != record.Shielded:
		return ErrGone
	}
	o.Item, o.Agency, o.Version, o.Title = v.Item, v.Agency, v.Number, s.ItemName(v.Item)
	if o.Kind != OfRepair {
		return nil
	}
	answer, ok, err := s.RepairOf(ctx, q, o.Target)
	if err == nil && !ok {
		err = ErrNoRepair
	}
	o.Repair = answer.ID
	return err
}

// RepairOf gives the latest answer about the repair of a record that its subject can dispute. Whether the caller may see it is the caller's to ask.
func (s *Service) RepairOf(ctx context.Context, q db.Querier, target string) (RepairAnswer, bool, error) {
	at, err := record.ParseID(target)
	if err != nil || s.Repairs == nil {
		return RepairAnswer{}, false, nil
	}
	return s.Repairs.Answered(ctx, q, at)
}

// standing gives the newest version of a record; its Number is 0 when there is none.
func (s *Service) standing(ctx context.Context, q db.Querier, target string) (record.ID, record.Version, error) {
	at, err := record.ParseID(target)
	if err != nil {
		return at, record.Version{}, ErrTarget
	}
	list, err := s.Records.Standing(ctx, q, []record.ID{at})
	return at, list[at], err
}

// number makes the number that the subject reads.
func (s *Service) number(ctx context.Context, q db.Querier, o *Objection) (string, error) {
	no, err := id.Dated("YY", int(o.ReceivedOn), o.ID, func(no string) (bool, error) {
		var have int
		err := q.QueryRowContext(ctx, `SELECT count(*) FROM objection WHERE no = $1`, no).Scan(&have)
		return have > 0, err
	})
	if err != nil {
		return "", fmt.Errorf("objection: number: %w", err)
	}
	return no, nil
}

// Step is what comes with a step.
type Step struct {
	Text  string // everyone involved reads it
	Note  string // for the desks only
	Files []string
	Seen  int // version of the case that the caller decided on; 0 = whatever it is
}

func (x Step) input() flow.Input {
	return flow.Input{Reason: x.Text, Note: x.Note, Attachments: x.Files, Seen: x.Seen}
}

// step takes a step of an objection; change puts down what the caller decided, before the procedure asks whether it may be.
func (s *Service) step(ctx context.Context, id int64, event flow.Event, in Step, change func(o *Objection)) (out Objection, err error) {
	defer fault.Wrap(&err, "objection.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		if change != nil {
			change(&o)
			if err := save(ctx, tx, &o); err != nil {
				return err
			}
		}
		if _, err := s.Flow.Fire(ctx, tx, o.Case, event, in.input()); err != nil {
			return err
		}
		out, err = s.Get(ctx, tx, id)
		return err
	})
	return out, err
}

// Supplement hands in what was asked for. The periods of the answer begin anew.
func (s *Service) Supplement(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventSubmit, in, nil)
}

// Withdraw takes an objection back, or the application for a review.
func (s *Service) Withdraw(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventWithdraw, in, nil)
}

// Appeal asks for a review.
func (s *Service) Appeal(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventAppeal, in, nil)
}

// AskFor asks the subject to hand in what lacks.
func (s *Service) AskFor(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventAsk, in, nil)
}

// Accept accepts an objection: what it is about is marked at once.
func (s *Service) Accept(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventAccept, in, nil)
}

// Refuse turns an objection away for one of the reasons of the rules.
func (s *Service) Refuse(ctx context.Context, id int64, code string, in Step) (Objection, error) {
	return s.step(ctx, id, EventRefuse, in, func(o *Objection) { o.Refusal = code })
}

// Refer asks the source to verify.
func (s *Service) Refer(ctx context.Context, id int64, in Step) (Objection, error) {
	return s.step(ctx, id, EventRefer, in, nil)
}

// Answer is what the source found.
func (s *Service) Answer(ctx context.Context, id int64, r Reply, in Step) (Objection, error) {
	event := EventReply
	if r == NotVerified {
		event = EventCannot
	}
	return s.step(ctx, id, event, in, func(o *Objection) { o.Reply = r })
}

// Verdict is a decision.
type Verdict struct {
	Step
	Result Result
	Until  clock.Date // of Shortened
	Stage  string     // of Redone
}

// Decide decides on an objection.
func (s *Service) Decide(ctx context.Context, id int64, v Verdict) (Objection, error) {
	return s.step(ctx, id, EventDecide, v.Step, func(o *Objection) { o.Result, o.Until, o.Stage = v.Result, v.Until, v.Stage })
}

// Conclude decides on the review. It may change the answer in the subject's favour only.
func (s *Service) Conclude(ctx context.Context, id int64, v Verdict) (Objection, error) {
	return s.step(ctx, id, EventConclude, v.Step, func(o *Objection) {
		switch o.Review = v.Result; v.Result {
		case Shortened:
			o.Until = v.Until
		case Redone:
			o.Stage = v.Stage
		}
	})
}

// Extend puts the answer off by some working days, once, with the reason that the subject reads, and within the bound of the rules of the day.
func (s *Service) Extend(ctx context.Context, id int64, days int, in Step) (out Objection, err error) {
	defer fault.Wrap(&err, "objection.Extend")
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		if in.Seen != 0 {
			if c, err := s.Flow.Load(ctx, tx, o.Case); err != nil || c.Version != in.Seen {
				return either(err, flow.ErrChanged)
			}
		}
		if _, err := s.Flow.Extend(ctx, tx, o.Case, days, in.Text); err != nil {
			return err
		}
		out, err = s.Get(ctx, tx, id)
		return err
	})
	return out, err
}

func either(err, instead error) error {
	if err != nil {
		return err
	}
	return instead
}

// Correct files the corrected row in the source's name, by whoever may answer for the source, and answers with it. What the checks refuse is not on file.
func (s *Service) Correct(ctx context.Context, id int64, row map[string]string, in Step) (_ Objection, err error) {
	defer fault.Wrap(&err, "objection.Correct")
	o, err := s.Get(ctx, s.DB.Read(), id)
	if err != nil {
		return o, err
	}
	if err := s.mayCorrect(ctx, &o, in); err != nil {
		return o, err
	}
	unit, err := s.Agencies.ByID(ctx, o.Agency)
	if err != nil {
		return o, err
	}
	reasons, err := s.Filer.File(ctx, o.Item, unit.Code, correctionKey(&o, row), row)
	switch {
	case err != nil:
		return o, err
	case len(reasons) > 0:
		return o, ErrCorrection.Messagef("更正后的内容没有通过检查：%s", strings.Join(reasons, "；"))
	}
	if fixed, err := s.fixed(ctx, &o); err != nil || !fixed {
		if err == nil {
			err = ErrSame
		}
		return o, err
	}
	return s.Answer(ctx, id, FoundWrong, in)
}

// mayCorrect asks what the step behind would ask, before anything is filed.
func (s *Service) mayCorrect(ctx context.Context, o *Objection, in Step) error {
	if !o.Kind.onRecord() || o.Kind == OfRepair || s.Filer == nil {
		return ErrReply
	}
	c, err := s.Flow.Get(ctx, o.Case)
	if err != nil {
		return err
	}
	if in.Seen != 0 && in.Seen != c.Version {
		return flow.ErrChanged
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(in.Text)); n < 2 || n > maxStatement {
		return flow.ErrReason
	}
	moves, err := s.Flow.Could(ctx, c)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if m.Event == EventReply {
			return nil
		}
	}
	return flow.ErrStep
}
