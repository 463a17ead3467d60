package report

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/limit"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
)

// Register is what a report is read from: the gate. publish.Service is one.
type Register interface {
	Subject(ctx context.Context, code string, asOf time.Time) (*publish.SubjectView, error)
	SubjectRecords(ctx context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]publish.RecordView, string, error)
	Disclose(ctx context.Context, ask publish.Ask) (*publish.Answer, error)
	ProveItems(ctx context.Context, ask publish.ProofAsk, items []catalog.ItemCode) ([]*translog.Bundle, error)
}

// Subjects finds whom a report is about; subject.Store does.
type Subjects interface {
	ByCode(ctx context.Context, code string) (subject.Subject, bool, error)
	ByPerson(ctx context.Context, docKind, number string) (subject.Subject, bool, error)
}

// Versions knows the newest version of each record, and the marks on it; record.Store does.
type Versions interface {
	NewestOf(ctx context.Context, subject int64) (map[int64]record.Newest, error)
	MarksOf(ctx context.Context, q db.Querier, ids []record.ID) (map[record.ID][]record.StandingMark, error)
}

// Prover proves that leaves are in the public log; *translog.Log is one.
type Prover interface {
	ProveSeveral(ctx context.Context, at []translog.Location) (*translog.Several, error)
}

// Consents knows what a consent opens; consent.Store does.
type Consents interface {
	Peek(ctx context.Context, consent, subject, grantee int64, purpose string, at time.Time) (items []catalog.ItemCode, classes []catalog.Class, missing string, err error)
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Acts      *audit.Log
	Authority *authz.Authority
	Register  Register
	Subjects  Subjects
	Versions  Versions
	Editions  *catalog.Store
	Consents  Consents // nil = nobody gives any
	// Prover gives the public log, or an error when there is none yet; reports are then made without proofs and say so.
	Prover func(ctx context.Context) (Prover, error)
	Ring   *gm.KeyRing
	Key    *gm.SigningKey
	Fonts  func() (*Fonts, error)
	Areas  *Areas // nil = DefaultAreas
	City   string
	Issuer string
	Base   string // address of the site; empty leaves links out
	Keep   Keep
	Looks  publish.Looks // puts on file who reads a report that is not public
	// Region names a division.
	Region func(code string) string

	// What jobs take; a service that runs none goes without.
	IDs     *id.Maker
	Unit    func(ctx context.Context, unit int64) (agency.Agency, error)
	Account func(ctx context.Context, account int64) (authz.Actor, error) // with the roles that it has now
	Owner   string                                                        // of leases: this process
}

// Service makes reports and gives them again.
type Service struct {
	c         Config
	store     store
	strangers *limit.Limiter
	guesses   *limit.Limiter
}

// New makes a Service.
func New(c Config) (*Service, error) {
	if c.Areas == nil {
		var err error
		if c.Areas, err = DefaultAreas(); err != nil {
			return nil, err
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Region == nil {
		c.Region = func(code string) string { return code }
	}
	c.Base = strings.TrimSuffix(c.Base, "/")
	return &Service{c: c, store: store{db: c.DB, ring: c.Ring}, strangers: limit.New(strangers), guesses: limit.New(guesses)}, nil
}

// Faults.
var (
	ErrKind      = fault.New(fault.Invalid, "report.kind", "没有这一种报告", "可以选择标准报告 standard、个人报告 person、专项报告 special")
	ErrSubject   = fault.New(fault.Invalid, "report.subject", "这种报告不是给这一类主体的", "法人、非法人组织和个体工商户用标准报告或者专项报告，自然人用个人报告")
	ErrPeriod    = fault.New(fault.Invalid, "report.period", "报告期间不对", "请写明起止日期：起日不晚于止日，止日不晚于今天，最长五年")
	ErrArea      = fault.New(fault.Invalid, "report.area", "没有这个领域", "请从领域清单中选择")
	ErrUseNumber = fault.New(fault.Invalid, "report.use_number", "报告用途中含有身份证件号码，报告上不印证件号码", "请删去号码，只写用途")
	ErrUse       = fault.New(fault.Invalid, "report.use", "报告用途不能超过 100 字", "请写得短一些")
	ErrNone      = fault.New(fault.NotFound, "report.none", "没有这份报告", "请核对 22 位报告编号；专项报告和个人报告须由本人登录后查看")
	ErrCode      = fault.New(fault.NotFound, "report.code", "报告编号和核验码对不上，查不到这份报告", "请核对报告首页的 22 位编号和 10 位核验码；仍然不符的，这份报告可能不是本平台出具的")
	ErrChanged   = fault.New(fault.Conflict, "report.changed", "报告出具后，其中的信息已经更正、修复、撤回或者公示期满，原件不再提供", "请重新生成一份报告")
	ErrObject    = fault.New(fault.Conflict, "report.disputed", "报告出具后，对其中的信息有了异议，正在处理；没有标注“异议中”的原件不再提供", "请重新生成一份报告，其中会标注“异议中”")
	ErrFont      = fault.New(fault.Unavailable, "report.font", "程序没有带报告用的中文字体，不能生成 PDF", "请联系系统管理员：编译前运行 make assets，或者在配置 [report] fonts 中写明 TrueType 字体文件；网页和 JSON 报告不受影响")
	ErrGlyph     = fault.New(fault.Unavailable, "report.glyph", "字体没有报告中的一个字，不能生成 PDF", "请联系系统管理员在配置 [report] fonts 中加上含有这个字的 TrueType 字体；网页和 JSON 报告不受影响")
)

// Order asks for a report.
type Order struct {
	Who     authz.Actor
	Kind    Kind
	Subject publish.Whom
	Purpose publish.Purpose // beyond the public: Own, or a consent
	Areas   []string        // special: codes of areas; none = all
	From    clock.Date      // special: both days in the period
	To      clock.Date
	Use     string // what the applicant wants it for; printed
	Batch   string // of which batch; "" = single
	Unit    int64  // in whose name a batch is made; 0 = that of the consent

	kept func(ctx context.Context, tx *db.Tx, r *Report) error // runs in the transaction that puts the report on file
}

// Report is a report that was made.
type Report struct {
	Number    string
	Code      string
	Kind      Kind
	Subject   int64
	CreatedAt time.Time
	Digest    string // SHA-256 of the document, in hexadecimal
	Document  []byte // canonical JSON
	Signature []byte
	KeyID     string
}

// File gives the document with its signature.
func (r *Report) File() ([]byte, error) { return encodeFile(r.Document, r.KeyID, r.Signature) }

// Areas gives the fields of activity that a special report can speak of.
func (s *Service) Areas() []Area { return s.c.Areas.List }

// PublicKey gives the key that reports are signed with, as PEM, and its id.
func (s *Service) PublicKey() (pem []byte, id string) { return s.c.Key.Public(), s.c.Key.ID() }

// Create makes a report: reads, composes, proves, signs, and puts it on file before it is given.
func (s *Service) Create(ctx context.Context, o Order) (*Report, error) {
	if err := s.check(&o); err != nil {
		return nil, err
	}
	now := s.c.Clock.Now().UTC().Truncate(time.Microsecond)
	if err := s.pace(&o, now); err != nil {
		return nil, err
	}
	m := &material{
		order: o, at: now, number: newNumber(now), code: newCode(), city: s.c.City, issuer: s.c.Issuer, base: s.c.Base,
		edition: s.c.Editions.Current(clock.DateOf(now)), byID: s.c.Editions.ByID, areas: s.c.Areas,
	}
	id, access, err := s.gather(ctx, m)
	if err != nil {
		return nil, err
	}
	d, err := compose(m)
	if err != nil {
		return nil, err
	}
	if err := s.prove(ctx, m, id, d); err != nil {
		return nil, err
	}
	r := &Report{Number: m.number, Code: m.code, Kind: o.Kind, Subject: id, CreatedAt: now, KeyID: s.c.Key.ID()}
	if r.Document, err = d.Encode(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(r.Document)
	r.Digest = hex.EncodeToString(sum[:])
	if r.Signature, err = s.c.Key.Sign(r.Document); err != nil {
		return nil, err
	}
	return r, s.keep(ctx, &o, d, r, access)
}

// keep puts a report on file, with its act when it holds more than everyone may see.
func (s *Service) keep(ctx context.Context, o *Order, d *Document, r *Report, access int64) error {
	return s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.store.insert(ctx, tx, o, d, r, s.codeHash(r.Number, r.Code), access); err != nil {
			return err
		}
		if o.kept != nil {
			if err := o.kept(ctx, tx, r); err != nil {
				return err
			}
		}
		if o.Kind == Standard || s.c.Acts == nil {
			return nil
		}
		return s.c.Acts.WriteAct(ctx, tx, audit.Act{
			At: r.CreatedAt, Who: o.Who.Who(o.Purpose.Agency), Action: "report.create", Entity: "report:" + r.Number, Detail: "kind=" + string(o.Kind) + " digest=" + r.Digest,
		})
	})
}

// check refuses an order that makes no report, before anything is read.
func (s *Service) check(o *Order) error {
	o.Use = cntext.Clean(o.Use)
	if utf8.RuneCountInString(o.Use) > 100 {
		return ErrUse
	}
	if flow.HasPersonal(o.Use) {
		return ErrUseNumber
	}
	switch o.Kind {
	case Standard:
		o.Purpose, o.Areas, o.From, o.To = publish.Purpose{}, nil, 0, 0
		return s.c.Authority.Decide(o.Who, authz.ReportCreate, authz.Scope{}).Err()
	case Person:
		o.Areas, o.From, o.To = nil, 0, 0
	case Special:
		today := clock.Today(s.c.Clock)
		if o.To.IsZero() {
			o.To = today
		}
		if o.From.IsZero() {
			o.From = o.To.AddYears(-s.c.Areas.Years).AddDays(1)
		}
		switch {
		case !o.From.Valid() || !o.To.Valid():
			return ErrPeriod
		case o.From > o.To:
			return ErrPeriod.Messagef("报告期间的起日晚于止日")
		case o.To > today:
			return ErrPeriod.Messagef("报告期间的止日晚于今天")
		case o.From < o.To.AddYears(-s.c.Areas.Years):
			return ErrPeriod.Messagef("报告期间超过最长的期间")
		}
		if _, err := s.c.Areas.pick(o.Areas); err != nil {
			return err
		}
	default:
		return ErrKind
	}
	if !o.Who.SignedIn() {
		return publish.MissingSignIn.Err()
	}
	if o.Purpose.Own == (o.Purpose.Consent != 0) {
		return publish.MissingPurpose.Err()
	}
	return nil
}

// alphabet of numbers and codes: Crockford's, without I, L, O and U, which look like others on paper.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	numberTail = 8
	codeSize   = 10
)

func randomText(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	for i := range raw {
		raw[i] = alphabet[raw[i]%32]
	}
	return string(raw)
}

// newNumber makes the 22 characters of a report's number: the moment in China, and eight that nobody guesses.
func newNumber(at time.Time) string {
	return at.In(clock.Zone).Format("20060102150405") + randomText(numberTail)
}

func newCode() string { return randomText(codeSize) }

// tidy brings what somebody typed from paper into the spelling of numbers and codes.
func tidy(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = []rune(strings.ToUpper(string(r)))[0]; r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		case ' ', '-', '\u3000':
			return -1
		}
		return r
	}, cntext.Fold(s))
}

// codeHash is what is on file of a verification code.
func (s *Service) codeHash(number, code string) string {
	sum := s.c.Ring.Digest([]byte("report/code"), []byte(number), []byte(code))
	return hex.EncodeToString(sum[:])
}

// Get gives a report to whom it may be given: a standard one to everyone who has its number, any other to the subject's own account and to who had it made.
func (s *Service) Get(ctx context.Context, actor authz.Actor, number string) (*Report, error) {
	r, err := s.read(ctx, actor, number)
	if err != nil {
		return nil, err
	}
	return &r.row.Report, nil
}

// read opens a report for its asker. The access log has it first, unless everyone may read it.
func (s *Service) read(ctx context.Context, actor authz.Actor, number string) (*found, error) {
	r, err := s.find(ctx, actor, number)
	if err != nil {
		return nil, err
	}
	if r.row.prunedAt != 0 {
		return nil, ErrPruned
	}
	state, err := s.state(ctx, &r.row)
	if err != nil {
		return nil, err
	}
	if err := refusals[state]; err != nil {
		return nil, err
	}
	if r.row.Kind != Standard {
		look := audit.Access{Who: audit.Who{Agency: r.row.agency}, Subject: r.row.Subject, What: "report", Basis: "再次查看信用报告 " + r.row.Number}
		if s.c.Authority.Decide(actor, authz.ReportOwn, authz.Scope{Subject: r.row.Subject}).Allowed {
			look.What = audit.Own
		}
		if err := s.c.Looks.Record(authz.With(ctx, actor), look); err != nil {
			return nil, err
		}
	}
	return r, s.store.open(&r.row)
}

// found is a report that its asker may see.
type found struct{ row stored }

func (s *Service) find(ctx context.Context, actor authz.Actor, number string) (*found, error) {
	if number = tidy(number); len(number) != 14+numberTail {
		return nil, ErrNone
	}
	r, ok, err := s.store.byNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNone
	}
	if r.Kind == Standard {
		return &found{r}, s.c.Authority.Decide(actor, authz.ReportRead, authz.Scope{}).Err()
	}
	scope := authz.Scope{Subject: r.Subject}
	made := actor.SignedIn() && r.whoID == actor.ID && r.agency != 0 && s.c.Authority.Decide(actor, authz.ReportConsented, authz.Scope{Agency: r.agency}).Allowed
	if !made && !s.c.Authority.Decide(actor, authz.ReportOwn, scope).Allowed {
		_ = s.c.Authority.See(ctx, actor, authz.ReportOwn, scope, ErrNone) // puts the refused look on file
		return nil, ErrNone                                                // whoever may not read it does not learn that it is there
	}
	return &found{r}, nil
}

// Mine lists the reports about a subject that hold more than everyone may see, newest first, for its own account.
func (s *Service) Mine(ctx context.Context, actor authz.Actor, of int64, limit int) ([]Report, error) {
	if err := s.c.Authority.Decide(actor, authz.ReportOwn, authz.Scope{Subject: of}).Err(); err != nil {
		return nil, err
	}
	return s.store.ofSubject(ctx, of, max(1, min(limit, 100)))
}

// ErrMany refuses a batch that is too long.
var ErrMany = fault.New(fault.TooLarge, "report.batch", "一次最多批量生成 1000 份报告", "请分几次生成")

// errBroken says that what is on file does not open.
var errBroken = errors.New("report: the document on file does not open")
