package listing

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/ruleset"
	"gongxin/internal/subject"
)

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Subjects finds subjects by their numbers; *subject.Store does.
type Subjects interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
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
	Kinds     *ruleset.Book[*Kinds]
	Subjects  Subjects
	Agencies  *agency.Store
	Authority *authz.Authority
	Flow      *flow.Engine // Table must be registered with it
	Acts      Acts
	Ring      *gm.KeyRing // seals why somebody is listed and taken off; nil = nothing is sealed
	Filer     Filer       // files entries as records; nil = entries are not filed
	Notices   Notices     // tells the subject of every turn; nil = nobody is told

	// Representative gives who represents a business, as it is registered; "" = not known. Nil = the records of entries name nobody.
	Representative func(ctx context.Context, code string) (string, error)

	// Mark marks the record that an entry was filed as, or takes the mark of a ref away; a row that is not on file is none of its business. Nil = nobody does.
	Mark func(ctx context.Context, tx *db.Tx, r Row, ref string, on bool) error

	// Changed is told, in its transaction, of every entry that began or ceased to stand: measures rest on it. Nil = nobody.
	Changed func(ctx context.Context, tx *db.Tx, e *Entry) error
}

// Service keeps lists.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// NewBook makes the series of files of kinds. known says whether the catalogue in force has an item.
func NewBook(d *db.DB, c clock.Clock, known func(catalog.ItemCode) bool) (*ruleset.Book[*Kinds], error) {
	return ruleset.New(ruleset.Config[*Kinds]{
		Name: "listing", Load: LoadKinds, Shipped: shipped, DB: d, Clock: c,
		Also: func(_ context.Context, k *Kinds) error {
			for i := range k.list {
				if known != nil && !known(k.list[i].Item) {
					return ErrKinds.Messagef("名单种类 %s 的目录事项 %s 不在现行信用目录中", k.list[i].Code, k.list[i].Item)
				}
			}
			return nil
		},
	})
}

// Faults of lists.
var (
	ErrNone           = fault.New(fault.NotFound, "listing.none", "没有这个名单条目", "请从名单列表重新打开")
	ErrKind           = fault.New(fault.NotFound, "listing.kind", "没有这一种名单", "请从名单种类中选择")
	ErrBasis          = fault.New(fault.Denied, "listing.basis", "这种名单的设列依据当天没有生效或者已经失效，不得列入", "请核对设列依据的施行日期和失效日期")
	ErrDecider        = fault.New(fault.Denied, "listing.decider", "本单位不在这种名单的认定清单中，不得认定", "请信用办核对认定清单")
	ErrSubject        = fault.New(fault.NotFound, "listing.subject", "没有查到这个主体", "请核对统一社会信用代码")
	ErrAdmits         = fault.New(fault.Denied, "listing.subject_kind", "这种名单不适用于这一类主体", "请核对名单的适用对象")
	ErrTwice          = fault.New(fault.Conflict, "listing.twice", "本单位已经将该主体列入或者拟列入这种名单", "请在已有的条目上办理")
	ErrText           = fault.New(fault.Invalid, "listing.text", "列入事由应为 5 至 2000 字", "请写明事实和情节")
	ErrNotice         = fault.New(fault.Conflict, "listing.notice", "这种名单要先告知、听取陈述申辩，期限未满不得决定", "请先送达告知书，等期限届满后再决定")
	ErrServed         = fault.New(fault.Invalid, "listing.served", "送达日期早于提出列入的日期，不是就这次提出送达的告知书", "请填写这次告知书实际送达的日期；陈述申辩的期限从送达次日起算")
	ErrHearing        = fault.New(fault.Conflict, "listing.hearing", "这种名单的规定没有听证程序", "请记录陈述申辩；单位自行举行听证的，记录听证")
	ErrDoc            = fault.New(fault.Invalid, "listing.document", "没有写明文书号或者日期", "请填写文书号（1 至 128 字）和日期，日期不能晚于今天")
	ErrUntil          = fault.New(fault.Invalid, "listing.until", "截止日期早于列入日期，或者超过名单规定的最长期限", "请核对决定写明的期限")
	ErrBefore         = fault.New(fault.Invalid, "listing.before", "移出决定的日期早于列入决定", "请核对移出决定的日期")
	ErrWhy            = fault.New(fault.Invalid, "listing.why", "没有写明移出的原因，或者与提出移出时写明的不一致", "请选择提前移出、信用修复、异议成立或者决定被撤销；提出的原因不对的，先不予移出，再重新提出")
	ErrRepresentative = fault.New(fault.Conflict, "listing.representative", "这个法人的登记信息中没有法定代表人，名单条目还不能写入信用库", "请登记机关补报登记信息；补报以后自动写入")
	ErrEarly          = fault.New(fault.Denied, "listing.early", "还没有到可以提前移出的时间", "请核对名单规定的最短期限")
)

// kind gives the list as it is today, whether or not its basis is in force.
func (s *Service) kind(code string) (*Kind, error) {
	k, ok := s.Kinds.Today().ByCode(code)
	if !ok {
		return nil, ErrKind
	}
	return k, nil
}

// kindOf gives the list of an entry: as it is today, or as it was when the entry was made, for a list that is no longer kept. Whoever stands on such a list
// must still be able to leave it.
func (s *Service) kindOf(e *Entry) (*Kind, error) {
	if k, ok := s.Kinds.Today().ByCode(e.Kind); ok {
		return k, nil
	}
	if k, ok := s.Kinds.On(clock.DateOf(e.ProposedAt)).ByCode(e.Kind); ok {
		return k, nil
	}
	return nil, ErrKind
}

// may refuses what must hold for an entry to be made or decided on, on a day: the basis is in force and the unit is empowered.
func (s *Service) may(ctx context.Context, q db.Querier, k *Kind, unit int64, on clock.Date) error {
	if !k.Basis.InForce(on) {
		return ErrBasis
	}
	ok, err := s.empowered(ctx, q, k.Code, unit, on)
	if err == nil && !ok {
		err = ErrDecider
	}
	return err
}

// Proposal is what an entry begins with.
type Proposal struct {
	Kind    string
	Subject int64
	Agency  int64
	Cause   string // 事由: facts, as the decision will state them
	Note    string // for the desks only
}

// Propose begins an entry. Nobody is listed by it, and nobody outside the unit sees it but the subject.
func (s *Service) Propose(ctx context.Context, p Proposal) (_ Entry, err error) {
	defer fault.Wrap(&err, "listing.Propose(%s)", p.Kind)
	k, err := s.kind(p.Kind)
	if err != nil {
		return Entry{}, err
	}
	p.Cause = strings.TrimSpace(p.Cause)
	if n := utf8.RuneCountInString(p.Cause); n < 5 || n > 2000 {
		return Entry{}, ErrText
	}
	subjects, err := s.Subjects.ByIDs(ctx, []int64{p.Subject})
	if err != nil {
		return Entry{}, err
	}
	sub, ok := subjects[p.Subject]
	if !ok {
		return Entry{}, ErrSubject
	}
	if !k.Admits(sub.Kind) {
		return Entry{}, ErrAdmits
	}
	unit, err := s.Agencies.ByID(ctx, p.Agency)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{
		ID: s.IDs.Next(), Subject: sub.ID, Kind: k.Code, Agency: unit.ID, Region: unit.Region, State: Open, Cause: p.Cause, Law: k.Basis.String(),
		ProposedAt: s.now(), ProposedBy: authz.From(ctx).String(),
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.may(ctx, tx, k, unit.ID, clock.Today(s.Clock)); err != nil {
			return err
		}
		have, err := s.query(ctx, tx, `subject_id = $1 AND kind = $2 AND agency_id = $3 AND state IN ('open', 'listed')`, sub.ID, k.Code, unit.ID)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return ErrTwice
		}
		c, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: FlowKind, Subject: sub.ID, Ref: strconv.FormatInt(e.ID, 10), Agency: unit.ID, Region: unit.Region, Title: k.Name,
			Input: flow.Input{Reason: p.Cause, Note: p.Note},
		})
		if err != nil {
			return err
		}
		e.Case = c.ID
		return s.insert(ctx, tx, &e)
	})
	return e, err
}

// step runs one step of an entry's procedure with what it changes.
func (s *Service) step(ctx context.Context, entry int64, event flow.Event, in flow.Input, change func(tx *db.Tx, e *Entry, k *Kind) error) (out Entry, err error) {
	defer fault.Wrap(&err, "listing.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.stepIn(ctx, tx, entry, event, in, change)
		return err
	})
	return out, err
}

func (s *Service) stepIn(ctx context.Context, tx *db.Tx, entry int64, event flow.Event, in flow.Input, change func(tx *db.Tx, e *Entry, k *Kind) error) (Entry, error) {
	e, err := s.Get(ctx, tx, entry)
	if err != nil {
		return e, err
	}
	k, err := s.kindOf(&e)
	if err != nil {
		return e, err
	}
	before := e.State
	if _, err := s.Flow.Fire(ctx, tx, e.Case, event, in); err != nil {
		return e, err
	}
	if change != nil {
		if err := change(tx, &e, k); err != nil {
			return e, err
		}
		if err := s.save(ctx, tx, &e); err != nil {
			return e, err
		}
	}
	if err := s.tell(ctx, tx, &e, k, event); err != nil {
		return e, err
	}
	if s.Changed != nil && before != e.State && (e.State == Listed || e.State == Removed) {
		return e, s.Changed(ctx, tx, &e)
	}
	return e, nil
}

// Document is a paper that a step rests on.
type Document struct {
	No    string
	On    clock.Date
	Files []string // attachments, by hash
}

func (s *Service) paper(d *Document) error {
	d.No = strings.TrimSpace(d.No)
	if n := utf8.RuneCountInString(d.No); n < 1 || n > 128 || !d.On.Valid() || d.On > clock.Today(s.Clock) {
		return ErrDoc
	}
	if flow.HasPersonal(d.No) { // it stands in the record, which is public
		return flow.ErrPersonal
	}
	return nil
}

// Notify records that the notice was served on a day: reason, basis, and the right to state one's case.
func (s *Service) Notify(ctx context.Context, entry int64, d Document) (Entry, error) {
	if err := s.paper(&d); err != nil {
		return Entry{}, err
	}
	return s.step(ctx, entry, EventNotify, flow.Input{Attachments: d.Files}, func(_ *db.Tx, e *Entry, _ *Kind) error {
		if d.On < clock.DateOf(e.ProposedAt) { // else a day in the past would leave the notified no time at all
			return ErrServed
		}
		e.NoticeNo, e.NoticeOn = d.No, d.On
		return nil
	})
}

// Statement records what the notified said and how it was considered.
func (s *Service) Statement(ctx context.Context, entry int64, text string, files []string) (Entry, error) {
	return s.step(ctx, entry, EventStatement, flow.Input{Reason: text, Attachments: files}, nil)
}

// Demand records that the notified asked for a hearing. Nothing is decided before it was held, or given up.
func (s *Service) Demand(ctx context.Context, entry int64, text string, files []string) (Entry, error) {
	return s.step(ctx, entry, EventDemand, flow.Input{Reason: text, Attachments: files}, func(_ *db.Tx, _ *Entry, k *Kind) error {
		if !k.Hearing {
			return ErrHearing
		}
		return nil
	})
}

// Hearing records that a hearing was held, and what came out, or that the notified gave it up.
func (s *Service) Hearing(ctx context.Context, entry int64, text string, files []string) (Entry, error) {
	return s.step(ctx, entry, EventHearing, flow.Input{Reason: text, Attachments: files}, nil)
}

// Drop ends a proposal: nobody is listed.
func (s *Service) Drop(ctx context.Context, entry int64, reason string) (Entry, error) {
	return s.step(ctx, entry, EventDrop, flow.Input{Reason: reason}, func(_ *db.Tx, e *Entry, _ *Kind) error {
		e.State = Dropped
		return nil
	})
}

// Decision is 列入决定: the document, from when, and for how long.
type Decision struct {
	Document
	Reason string
	Until  clock.Date // first day on which it no longer stands, where the decision says so; 0 = as the list has it
}

// Decide lists a subject. The list's basis must be in force and the unit empowered on the day of the decision and today, the notice served and its time
// over, and whoever decides must have neither proposed nor given notice.
func (s *Service) Decide(ctx context.Context, entry int64, d Decision) (Entry, error) {
	if err := s.paper(&d.Document); err != nil {
		return Entry{}, err
	}
	today := clock.Today(s.Clock)
	return s.step(ctx, entry, EventDecide, flow.Input{Reason: d.Reason, Attachments: d.Files}, func(tx *db.Tx, e *Entry, k *Kind) error {
		for _, on := range []clock.Date{d.On, today} { // by the file of that day: a later one may say that a law has always held
			then, ok := s.Kinds.On(on).ByCode(e.Kind)
			if !ok {
				return ErrBasis
			}
			if err := s.may(ctx, tx, then, e.Agency, on); err != nil {
				return err
			}
		}
		if err := s.heard(e, k, d.On); err != nil {
			return err
		}
		until := k.Until(d.On)
		if !d.Until.IsZero() {
			if !d.Until.Valid() || d.Until <= d.On || !until.IsZero() && d.Until > until {
				return ErrUntil
			}
			until = d.Until
		}
		if !until.IsZero() && until <= today {
			return ErrUntil // it would be over before it began
		}
		e.State, e.Law, e.DocNo, e.DecidedBy, e.ListedAt, e.ListedOn, e.Until = Listed, k.Basis.String(), d.No, authz.From(ctx).String(), s.now(), d.On, until
		if len(d.Files) > 0 {
			e.DocBlob = d.Files[0]
		}
		e.filed = s.toFile(ctx, e)
		return nil
	})
}

// heard refuses a decision before the notified had their time.
func (s *Service) heard(e *Entry, k *Kind, on clock.Date) error {
	if k.Notice == 0 && !k.Hearing {
		return nil
	}
	if e.NoticeOn.IsZero() || on <= s.Calendar.AddWorkdays(e.NoticeOn, k.Notice) {
		return ErrNotice
	}
	return nil
}

// end takes an entry out from the beginning of a day on.
func (s *Service) end(e *Entry, why Why, on clock.Date) {
	e.State, e.RemovedAt, e.RemovedOn, e.RemovedWhy = Removed, s.now(), on, why
	if e.filed == filedYes && why != Expired {
		e.filed = filedWithdraw
	} else if e.filed == filedWaits {
		e.filed = filedNone
	}
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }
