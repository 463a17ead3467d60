package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// Discloser answers beyond the public, or refuses; *publish.Service does. Both are in the access log before it returns.
type Discloser interface {
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
	DiscloseMany(ctx context.Context, ask publish.Ask, codes []string) ([]publish.Outcome, error)
}

// ListKind is one kind of list as a check needs it.
type ListKind struct {
	Code     string
	Name     string
	Item     catalog.ItemCode // under which its entries are records; the matter must cover it
	Polarity Polarity
	Basis    string
}

// ListEntry is an entry of a list that stands.
type ListEntry struct {
	ID       int64
	List     string
	Agency   int64
	ListedOn clock.Date
	Until    clock.Date
	Law      string
	Disputed bool // somebody objects to it, and the objection is not settled
}

// Lists knows who stands on which list; the composition asks package listing.
type Lists interface {
	// Standing gives the entries of subjects that stood at an instant, as known then; the zero instant is now.
	Standing(ctx context.Context, q db.Querier, subjects []int64, at time.Time) (map[int64][]ListEntry, error)
	// Kind gives a kind of list by its code, as it was on a day.
	Kind(code string, on clock.Date) (ListKind, bool)
	// OfRecord tells of which list a record of an item with these categories is an entry.
	OfRecord(item catalog.ItemCode, categories []string, on clock.Date) (ListKind, bool)
}

// Allowing is what measures are asked by.
type Allowing struct {
	Matter string
	Kind   catalog.SubjectKind
	Lists  []string
	On     clock.Date
	Known  time.Time // zero = now
}

// Measures knows which measures a matter may apply; the composition asks package measure.
type Measures interface {
	Allowed(ctx context.Context, q db.Querier, a Allowing) ([]Measure, error)
}

// Records knows the newest version of each record of a subject; *record.Store does.
type Records interface {
	NewestOf(ctx context.Context, subject int64) (map[int64]record.Newest, error)
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Config is what a Service is made of. Lists, Measures and Notices may be nil: then nobody stands on a list, nothing may be applied, nobody is told.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Ring      *gm.KeyRing
	Log       *audit.Log
	Authority *authz.Authority
	Discloser Discloser
	Agencies  *agency.Store
	Matters   *agency.Matters
	Editions  *catalog.Store
	Lists     Lists
	Measures  Measures
	Records   Records
	Notices   Notices
	Retention *Retention // nil = what ships
	// Account gives an account as it is now, for the work that it ordered; an account that may no longer work is refused.
	Account func(ctx context.Context, account int64) (authz.Actor, error)
	// Key gives who stands behind a key of the interface, by its number, as it is now; nil = no checks in pages of other systems.
	Key    func(ctx context.Context, key int64) (authz.Actor, error)
	Owner  string // of leases, this process
	Errors *slog.Logger
}

// Service answers checks and keeps what was answered.
type Service struct{ Config }

// New makes a Service.
func New(c Config) (*Service, error) {
	if c.Retention == nil {
		var err error
		if c.Retention, err = DefaultRetention(); err != nil {
			return nil, err
		}
	}
	if c.Errors == nil {
		c.Errors = slog.New(slog.DiscardHandler)
	}
	return &Service{c}, nil
}

// Faults.
var (
	ErrNone     = fault.New(fault.NotFound, "check.none", "没有这份核查结果", "请核对回执编号；只有作出核查的单位可以再看")
	ErrGone     = fault.New(fault.NotFound, "check.gone", "这份核查结果的保存期限已过，内容已经删除", "查询日志里仍有这次核查的记录；需要现在的情况，请重新核查")
	ErrMany     = fault.New(fault.TooLarge, "check.many", "一次最多核查 10000 个代码", "请分成几批")
	ErrNobody   = fault.New(fault.Invalid, "check.nobody", "没有写明要核查的主体", "单位填统一社会信用代码；自然人填证件类型和完整的证件号码")
	ErrNoMatter = fault.New(fault.Invalid, "check.matter", "批量核查没有写明应用事项", "请选择本单位的应用事项")
)

// Ask is one check.
type Ask struct {
	Who     authz.Actor
	Subject publish.Whom
	Matter  string
	Basis   string    // optional: law and article as the officer was told
	AsOf    time.Time // as known then; zero = now
}

// What is the kind of look-up that a check is, in the access log; ReadAgain is that of an answer that is given again.
const (
	What      = "check"
	ReadAgain = "check_again"
)

// mostRecords is how many records of a subject a check lists. Of what can be a hit it looks at every one.
const mostRecords = 1000

// Given is an answer with its bytes as they are kept.
type Given struct {
	Answer *Answer
	JSON   []byte
	Digest string // SHA-256 of JSON, in hexadecimal
	Agency int64
	FedOn  bool // there is feedback on it
}

// Check answers one check, or refuses it and says which element is missing. Answer and refusal alike are in the access log before it returns.
func (s *Service) Check(ctx context.Context, ask Ask) (*Given, error) {
	if err := s.permit(ctx, &ask); err != nil {
		return nil, err
	}
	k := s.keeper(&ask, 1)
	_, err := s.Discloser.Disclose(ctx, s.question(&ask, k))
	if err != nil {
		return nil, typed(err, ask.Subject.Code)
	}
	if len(k.rows) != 1 || k.rows[0].given == nil {
		return nil, errors.New("check: answered without an answer")
	}
	return k.rows[0].given, nil
}

// permit refuses an account that makes no checks at all, such as a key that was given for something else, and puts that on file. For whom and for which matter
// is the disclosure's to decide.
func (s *Service) permit(ctx context.Context, ask *Ask) error {
	if !ask.Who.SignedIn() {
		return nil // refused by the disclosure
	}
	err := s.Authority.Could(ask.Who, authz.CheckMake).Err()
	if err == nil {
		return nil
	}
	if _, lerr := s.Log.Record(ctx, audit.Access{
		Who: ask.Who.Who(0), Matter: ask.Matter, What: What, Outcome: audit.Refused, Missing: string(publish.MissingRole),
	}); lerr != nil {
		return lerr
	}
	return err
}

func (s *Service) question(ask *Ask, k *keeper) publish.Ask {
	q := publish.Ask{
		Who: ask.Who, Subject: ask.Subject, Purpose: publish.Purpose{Matter: ask.Matter, Basis: ask.Basis}, AsOf: ask.AsOf, Limit: mostRecords, What: What,
		Whole: s.telling(),
	}
	if k != nil {
		q.Keeper = k
	}
	return q
}

// telling gives the items whose records speak for or against somebody: among a thousand newer licences no penalty is overlooked.
func (s *Service) telling() []catalog.ItemCode {
	var out []catalog.ItemCode
	edition := s.Editions.Current(clock.Today(s.Clock))
	for _, item := range edition.Items {
		if polarity(item.Polarity) != Neutral {
			out = append(out, item.Code)
		}
	}
	return out
}

// may asks the permission table about a thing of a unit.
func (s *Service) may(ctx context.Context, who authz.Actor, act authz.Action, unit int64) error {
	u, err := s.Agencies.ByID(ctx, unit)
	if err != nil {
		return err
	}
	return s.Authority.Decide(who, act, authz.Scope{Agency: u.ID, Region: u.Region}).Err()
}

// see asks the permission table about what a unit was answered: for other units it is not there.
func (s *Service) see(ctx context.Context, who authz.Actor, act authz.Action, r *stored, none error) error {
	u, err := s.Agencies.ByID(ctx, r.agency)
	if err != nil {
		return err
	}
	return s.Authority.See(ctx, who, act, authz.Scope{Agency: u.ID, Region: u.Region, Subject: r.subject}, none)
}

// keeper composes answers and keeps them in the transaction of their entries.
type keeper struct {
	s       *Service
	ask     *Ask
	rows    []row // by place in the question
	allowed map[string][]Measure
	batch   int64
	// after writes more within the transaction; answered are the places of the questions that have an answer.
	after func(ctx context.Context, tx *db.Tx, answered []int) error
}

// row is an answer to be kept.
type row struct {
	given   *Given
	subject int64
	sealed  string
	receipt int64
}

func (s *Service) keeper(ask *Ask, n int) *keeper {
	return &keeper{s: s, ask: ask, rows: make([]row, n), allowed: map[string][]Measure{}}
}

// Prepare composes and seals.
func (k *keeper) Prepare(ctx context.Context, answers []publish.Kept) error {
	if len(answers) == 0 {
		return nil
	}
	ids := make([]int64, len(answers))
	for i := range answers {
		ids[i] = answers[i].Subject
	}
	standing := map[int64][]ListEntry{}
	if k.s.Lists != nil {
		var err error
		if standing, err = k.s.standing(ctx, ids, k.ask.AsOf); err != nil {
			return err
		}
	}
	for _, a := range answers {
		answer, err := k.s.compose(ctx, k, a, standing[a.Subject])
		if err != nil {
			return err
		}
		raw, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		k.rows[a.At] = row{
			given:   &Given{Answer: answer, JSON: raw, Digest: hex.EncodeToString(sum[:]), Agency: a.Matter.Agency},
			subject: a.Subject, sealed: k.s.Ring.Seal(label(answer.Receipt), pack(raw)), receipt: a.Answer.Entry,
		}
	}
	return nil
}

// standing gives the entries that stood at an instant. Whoever has left a list since is not shown on it, whatever day is asked about.
func (s *Service) standing(ctx context.Context, subjects []int64, asOf time.Time) (map[int64][]ListEntry, error) {
	then, err := s.Lists.Standing(ctx, s.DB.Read(), subjects, asOf)
	if err != nil || asOf.IsZero() {
		return then, err
	}
	now, err := s.Lists.Standing(ctx, s.DB.Read(), subjects, time.Time{})
	if err != nil {
		return nil, err
	}
	for subject, list := range then {
		then[subject] = slices.DeleteFunc(list, func(e ListEntry) bool {
			return !slices.ContainsFunc(now[subject], func(n ListEntry) bool { return n.ID == e.ID })
		})
	}
	return then, nil
}

func label(receipt string) string { return "check/answer/" + receipt }

// Keep writes the answers and binds their digests into the log.
func (k *keeper) Keep(ctx context.Context, tx *db.Tx, answers []publish.Kept) error {
	return k.KeepAll(ctx, tx, []publish.Keeping{{Keeper: k, Answers: answers}})
}

// Joins says that other checks of this service can be kept together with this one.
func (k *keeper) Joins(other publish.Keeper) bool {
	o, ok := other.(*keeper)
	return ok && o.s == k.s
}

// KeepAll writes the answers of several questions or sets, and an act for each of them.
func (k *keeper) KeepAll(ctx context.Context, tx *db.Tx, list []publish.Keeping) error {
	if err := k.s.write(ctx, tx, list); err != nil {
		return err
	}
	for _, x := range list {
		of, ok := x.Keeper.(*keeper)
		if !ok || of.after == nil {
			continue
		}
		at := make([]int, len(x.Answers))
		for i := range x.Answers {
			at[i] = x.Answers[i].At
		}
		if err := of.after(ctx, tx, at); err != nil {
			return err
		}
	}
	return nil
}
