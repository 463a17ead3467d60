package measure

import (
	"context"
	"fmt"
	"slices"
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

// Subjects finds subjects by their numbers; *subject.Store does.
type Subjects interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
}

// Cause is an entry on a list, as orders rest on it.
type Cause struct {
	Entry   int64
	Subject int64
	List    string
	Agency  int64 // that decided
	Until   clock.Date
}

// Causes says what stands; package listing does. Standing is asked within the transaction that issues or recalls.
type Causes interface {
	Standing(ctx context.Context, q db.Querier, entry int64, on clock.Date) (Cause, bool, error)
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Base      *ruleset.Book[*Base]
	Subjects  Subjects
	Agencies  *agency.Store
	Matters   *agency.Matters
	Causes    Causes
	Authority *authz.Authority
	Flow      *flow.Engine // Table must be registered with it
	Notices   Notices
	Acts      Acts
	Ring      *gm.KeyRing            // seals reasons and what was fed back; nil = nothing is sealed
	List      func(code string) bool // whether a list is kept today; nil = any code is taken
	// Usable says whether what an entry states may be used still: its record may have been repaired or taken down, or be over, before its unit takes it off the list.
	// It is asked before anything new rests on the entry; what rests on it already is recalled by whoever ends the record. nil = as long as it stands.
	Usable func(ctx context.Context, q db.Querier, entry int64) (bool, error)
}

// Service keeps measures, orders and tasks.
type Service struct{ Config }

// cause gives an entry on which something new may rest.
func (s *Service) cause(ctx context.Context, q db.Querier, entry int64, on clock.Date) (Cause, bool, error) {
	cause, ok, err := s.Causes.Standing(ctx, q, entry, on)
	if err != nil || !ok || s.Usable == nil {
		return cause, ok, err
	}
	ok, err = s.Usable(ctx, q, entry)
	return cause, ok, err
}

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Faults of measures.
var (
	ErrNone     = fault.New(fault.NotFound, "measure.none", "没有这项指令或任务", "请从列表重新打开")
	ErrRow      = fault.New(fault.NotFound, "measure.row", "基础清单中没有这项措施", "请从现行的惩戒措施清单中选择")
	ErrInvalid  = fault.New(fault.Denied, "measure.invalid", "这项措施当天不在有效期内，不得采取", "请核对现行的惩戒措施清单")
	ErrTarget   = fault.New(fault.Denied, "measure.target", "这项措施不适用于这种名单或者这一类主体，不得扩大惩戒对象", "请核对惩戒措施清单写明的惩戒对象")
	ErrCause    = fault.New(fault.Denied, "measure.cause", "没有现行有效的名单条目，不得采取措施", "请核对名单条目是否已经移出或者期满")
	ErrTwice    = fault.New(fault.Conflict, "measure.twice", "已经为这个条目发起了同一项措施", "请在已有的指令上办理")
	ErrUntil    = fault.New(fault.Invalid, "measure.until", "措施的截止日期早于开始，或者晚于名单条目的截止日期", "请核对截止日期")
	ErrNobody   = fault.New(fault.Conflict, "measure.nobody", "没有单位的应用事项列入了这项措施，指令无处执行", "请先由有关单位在应用事项清单中列入这项措施")
	ErrFeedback = fault.New(fault.Invalid, "measure.feedback", "反馈不完整", "请选择已执行、不适用或者未执行；已执行的写明日期，其他的写明理由")
	ErrExecuted = fault.New(fault.Invalid, "measure.executed", "执行日期早于收到任务的日期：这次执行不是因为这项指令", "请核对执行日期；以前已经采取同样措施的，选择不适用，并写明理由")
	ErrMatter   = fault.New(fault.Invalid, "measure.matter", "应用事项的奖惩清单有误", "请只列入现行的名单种类和措施")
)

// MatterLists is what a matter looks at and what it may apply: 奖惩对象清单 and 奖惩措施清单.
type MatterLists struct {
	Matter     string
	Seq        int
	Agency     int64
	Lists      []string // codes of lists
	Measures   []string // codes of measures
	Must       bool     // the matter has to check before a decision
	From       clock.Date
	Until      clock.Date // first day on which it no longer holds; 0 = open
	RecordedAt time.Time
	RecordedBy string
}

func (m *MatterLists) same(o *MatterLists) bool {
	return m.Agency == o.Agency && m.Must == o.Must && m.From == o.From && m.Until == o.Until && slices.Equal(m.Lists, o.Lists) && slices.Equal(m.Measures, o.Measures)
}

// SaveMatter puts a matter's lists on file as their newest row; the same again writes nothing. A measure whose targets are none of the lists is refused: it
// could never be applied.
func (s *Service) SaveMatter(ctx context.Context, m MatterLists) (err error) {
	defer fault.Wrap(&err, "measure.SaveMatter(%s)", m.Matter)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		again := m // the transaction may run again
		_, err := s.saveMatter(ctx, tx, &again)
		return err
	})
}

// saveMatter does it within tx, fills in what the matter itself says, and reports whether anything was written.
func (s *Service) saveMatter(ctx context.Context, tx *db.Tx, m *MatterLists) (bool, error) {
	matter, err := s.Matters.ByCode(ctx, m.Matter)
	if err != nil {
		return false, err
	}
	m.Matter, m.Agency = matter.Code, matter.Agency
	unit, err := s.Agencies.ByID(ctx, m.Agency)
	if err != nil {
		return false, err
	}
	who := authz.From(ctx)
	if err := s.Authority.Decide(who, authz.MeasureMatter, authz.Scope{Agency: unit.ID, Region: unit.Region}).Err(); err != nil {
		return false, err
	}
	m.Lists, m.Measures = tidy(m.Lists), tidy(m.Measures)
	if err := s.fit(m); err != nil {
		return false, err
	}
	have, err := matterLists(ctx, tx, `matter = $1 ORDER BY seq DESC LIMIT 1`, m.Matter)
	if err != nil {
		return false, err
	}
	m.Seq = 1
	if len(have) > 0 {
		if m.Seq = have[0].Seq; have[0].same(m) {
			return false, nil
		}
		m.Seq++
	}
	now := s.now()
	_, err = tx.ExecContext(ctx, `INSERT INTO measure_matter (matter, seq, agency_id, lists, measures, must, valid_from, valid_until, recorded_at, recorded_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, m.Matter, m.Seq, m.Agency, strings.Join(m.Lists, " "), strings.Join(m.Measures, " "), bit(m.Must),
		int64(m.From), int64(m.Until), now.UnixMicro(), who.String())
	if err != nil {
		return false, fmt.Errorf("measure: matter: %w", err)
	}
	return true, s.Acts.WriteAct(ctx, tx, audit.Act{
		At: now, Who: who.Who(m.Agency), Action: "measure.matter", Entity: "matter:" + m.Matter, Detail: "seq=" + strconv.Itoa(m.Seq) + " measures=" + strings.Join(m.Measures, ","),
	})
}

// fit refuses lists and measures that are not in force, and measures that no list of the matter leads to.
func (s *Service) fit(m *MatterLists) error {
	if !m.From.Valid() || !m.Until.IsZero() && (!m.Until.Valid() || m.Until <= m.From) {
		return ErrMatter.Messagef("奖惩清单的起止日期不正确")
	}
	base := s.Base.Today()
	for _, code := range m.Lists {
		if s.List != nil && !s.List(code) {
			return ErrMatter.Messagef("名单 %s 不是现行的名单种类", code)
		}
	}
	for _, code := range m.Measures {
		row, ok := base.Row(code)
		if !ok {
			return ErrMatter.Messagef("措施 %s 不在现行的惩戒措施清单中", code)
		}
		if !slices.ContainsFunc(row.Targets, func(list string) bool { return slices.Contains(m.Lists, list) }) {
			return ErrMatter.Messagef("措施 %s 的惩戒对象不在这个事项的奖惩对象清单中", code)
		}
	}
	return nil
}

func tidy(codes []string) []string {
	out := slices.Clone(codes)
	slices.Sort(out)
	return slices.Compact(out)
}

// Applicable is a measure that a matter may apply because of a list.
type Applicable struct {
	Measure string `json:"measure"`
	Kind    string `json:"kind"`
	Content string `json:"content"`
	Basis   string `json:"basis"`
	Body    string `json:"body"`
	List    string `json:"list"`    // because of which
	Adverse bool   `json:"adverse"` // restrains
}

// Allowed gives the measures that a matter may apply to a subject of a kind that stands on lists, on a day, as known at an instant (zero = now). For a person it
// gives only what the national list's own rows name; whether to apply any is for the officer to decide and to reason.
func (s *Service) Allowed(ctx context.Context, q db.Querier, matter string, kind catalog.SubjectKind, lists []string, on clock.Date, known time.Time) ([]Applicable, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	m, ok, err := s.matterOn(ctx, q, matter, on, known)
	if err != nil || !ok {
		return nil, err
	}
	base := s.Base.On(on)
	if !known.IsZero() {
		base = s.Base.KnownOn(on, known)
	}
	var out []Applicable
	for _, code := range m.Measures {
		row, ok := base.Row(code)
		if !ok {
			continue // left the list: nothing rests on it any more
		}
		for _, list := range lists {
			if slices.Contains(m.Lists, list) && row.Fits(list, kind, on) {
				out = append(out, Applicable{
					Measure: row.Code, Kind: base.KindOf(row).Name, Content: row.Content, Basis: row.Basis(), Body: row.Body, List: list, Adverse: base.Adverse(row),
				})
				break
			}
		}
	}
	return out, nil
}

// matterOn gives the lists of a matter that hold on a day, as known at an instant.
func (s *Service) matterOn(ctx context.Context, q db.Querier, matter string, on clock.Date, known time.Time) (MatterLists, bool, error) {
	if known.IsZero() {
		known = s.Clock.Now()
	}
	have, err := matterLists(ctx, q, `matter = $1 AND recorded_at <= $2 ORDER BY seq DESC LIMIT 1`, matter, known.UnixMicro())
	if err != nil || len(have) == 0 {
		return MatterLists{}, false, err
	}
	m := have[0]
	return m, on >= m.From && (m.Until.IsZero() || on < m.Until), nil
}

// MatterOf gives the lists of a matter that are in use; ok is false when it has none.
func (s *Service) MatterOf(ctx context.Context, matter string) (m MatterLists, ok bool, err error) {
	have, err := matterLists(ctx, s.DB.Read(), `matter = $1 ORDER BY seq DESC LIMIT 1`, matter)
	if err != nil || len(have) == 0 {
		return MatterLists{}, false, err
	}
	return have[0], true, nil
}

func matterLists(ctx context.Context, q db.Querier, where string, args ...any) ([]MatterLists, error) {
	rows, err := q.QueryContext(ctx, `SELECT matter, seq, agency_id, lists, measures, must, valid_from, valid_until, recorded_at, recorded_by FROM measure_matter WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("measure: matters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []MatterLists
	for rows.Next() {
		var m MatterLists
		var lists, measures string
		var must, at int64
		if err := rows.Scan(&m.Matter, &m.Seq, &m.Agency, &lists, &measures, &must, &m.From, &m.Until, &at, &m.RecordedBy); err != nil {
			return nil, fmt.Errorf("measure: matters: %w", err)
		}
		m.Lists, m.Measures, m.Must, m.RecordedAt = strings.Fields(lists), strings.Fields(measures), must == 1, db.Instant(at)
		out = append(out, m)
	}
	return out, rows.Err()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// words bounds a text that somebody typed.
func words(text string, least, most int) (string, bool) {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	return text, n >= least && n <= most
}
