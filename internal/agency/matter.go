package agency

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Matter is an 应用事项: the one reason for which an agency may look something up, with the law it rests on, the items it may read and the kinds of
// subjects it may ask about. Without a matter in force nothing that departments share is shown.
type Matter struct {
	Code       string
	Seq        int // every change is another row; the greatest is in use
	Name       string
	Agency     ID
	Law        string // 《山东省社会信用条例》
	Article    string // 第二十条
	BasisFrom  clock.Date
	BasisUntil clock.Date // first day on which the law no longer holds; 0 = open
	Items      []string   // codes of the catalogue
	Kinds      []string   // kinds of subjects
	ValidFrom  clock.Date
	ValidUntil clock.Date // first day on which the matter is no longer handled; 0 = open
	RecordedAt time.Time
	RecordedBy string
}

// Basis gives law and article in one text.
func (m *Matter) Basis() string { return m.Law + m.Article }

// The elements of a matter that can be missing, as codes for machines.
const (
	MatterUnknown = "matter"
	MatterLapsed  = "matter_lapsed"
	MatterBasis   = "matter_basis"
)

// Missing says which element keeps the matter from being in force on a day, or "".
func (m *Matter) Missing(on clock.Date) string {
	switch {
	case on < m.ValidFrom || (!m.ValidUntil.IsZero() && on >= m.ValidUntil):
		return MatterLapsed
	case m.Law == "" || on < m.BasisFrom || (!m.BasisUntil.IsZero() && on >= m.BasisUntil):
		return MatterBasis
	default:
		return ""
	}
}

// Faults of matters.
var (
	ErrMatter        = fault.New(fault.Invalid, "agency.matter", "应用事项的内容不完整或有误", "请写明代码、名称、单位、法律依据、可查事项和主体种类")
	ErrMatterUnknown = fault.New(fault.NotFound, "agency.matter_unknown", "没有这个应用事项", "请从应用事项清单中选择")
)

// Matters keeps the matters.
type Matters struct {
	agencies *Store
	log      *audit.Log
	known    func(item string) bool
}

// NewMatters makes the keeper of matters. known says whether the catalogue in force has an item.
func NewMatters(agencies *Store, log *audit.Log, known func(item string) bool) *Matters {
	return &Matters{agencies: agencies, log: log, known: known}
}

// subjectKinds are the kinds that a matter may name.
var subjectKinds = []string{"legal_entity", "other_org", "individual_business", "person"}

// tidy brings a matter into its one spelling and refuses what is missing.
func (x *Matters) tidy(ctx context.Context, m *Matter) error {
	m.Code, m.Name = strings.ToUpper(cntext.Clean(m.Code)), cntext.Clean(m.Name)
	m.Law, m.Article = cntext.Clean(m.Law), cntext.Clean(m.Article)
	slices.Sort(m.Items)
	m.Items = slices.Compact(m.Items)
	slices.Sort(m.Kinds)
	m.Kinds = slices.Compact(m.Kinds)
	switch {
	case !matterCode(m.Code):
		return ErrMatter.Messagef("应用事项的代码须为 2 至 40 个字母、数字或连字符")
	case m.Name == "" || utf8.RuneCountInString(m.Name) > 100:
		return ErrMatter.Messagef("应用事项 %s 没有名称，或名称超过 100 字", m.Code)
	case m.Law == "" || m.Article == "":
		return ErrMatter.Messagef("应用事项 %s 没有写明法律依据和条款：没有依据的查询不被允许", m.Code)
	case !m.BasisFrom.Valid() || !m.ValidFrom.Valid():
		return ErrMatter.Messagef("应用事项 %s 没有写明依据的施行日期或事项的起始日期", m.Code)
	case ends(m.BasisFrom, m.BasisUntil) || ends(m.ValidFrom, m.ValidUntil):
		return ErrMatter.Messagef("应用事项 %s 的截止日期不晚于起始日期", m.Code)
	case len(m.Items) == 0 || len(m.Kinds) == 0:
		return ErrMatter.Messagef("应用事项 %s 没有列出可查的目录事项或主体种类", m.Code)
	}
	for _, item := range m.Items {
		if item == "" || strings.ContainsAny(item, " \t\n") || (x.known != nil && !x.known(item)) {
			return ErrMatter.Messagef("应用事项 %s 列出的目录事项 %q 不在现行信用目录中", m.Code, item)
		}
	}
	for _, kind := range m.Kinds {
		if !slices.Contains(subjectKinds, kind) {
			return ErrMatter.Messagef("应用事项 %s 列出的主体种类 %q 不存在", m.Code, kind)
		}
	}
	_, err := x.agencies.ByID(ctx, m.Agency)
	return err
}

// ends reports a period that ends before it began.
func ends(from, until clock.Date) bool {
	return !until.IsZero() && (!until.Valid() || until <= from)
}

func matterCode(code string) bool {
	if len(code) < 2 || len(code) > 40 {
		return false
	}
	for _, c := range code {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}

// Save puts a matter on file as its newest row, with the act; one that says the same as the row in use writes nothing. changed tells which.
func (x *Matters) Save(ctx context.Context, who audit.Who, m Matter) (_ Matter, changed bool, err error) {
	if err := x.tidy(ctx, &m); err != nil {
		return Matter{}, false, err
	}
	s := x.agencies
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		changed = false
		m.Seq, m.RecordedAt, m.RecordedBy = 1, s.clock.Now().UTC().Truncate(time.Microsecond), who.String()
		last, err := x.read(ctx, tx, `code = $1 ORDER BY seq DESC LIMIT 1`, m.Code)
		if err != nil {
			return err
		}
		if len(last) > 0 {
			if last[0].same(&m) {
				m = last[0]
				return nil
			}
			m.Seq = last[0].Seq + 1
		}
		changed = true
		_, err = tx.ExecContext(ctx, `INSERT INTO matter (code, seq, name, agency_id, law, article, basis_from, basis_until, items, kinds, valid_from, valid_until,
			recorded_at, recorded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			m.Code, int64(m.Seq), m.Name, m.Agency, m.Law, m.Article, int64(m.BasisFrom), int64(m.BasisUntil), strings.Join(m.Items, " "), strings.Join(m.Kinds, " "),
			int64(m.ValidFrom), int64(m.ValidUntil), m.RecordedAt.UnixMicro(), m.RecordedBy)
		if db.IsUnique(err) { // another writer changed it since we looked
			return errors.Join(db.ErrRetry, err)
		}
		if err != nil {
			return err
		}
		return x.log.WriteAct(ctx, tx, audit.Act{At: m.RecordedAt, Who: who, Action: "matter.save", Entity: "matter:" + m.Code, Detail: fmt.Sprintf("seq=%d agency=%d", m.Seq, m.Agency)})
	})
	if err != nil {
		return Matter{}, false, fmt.Errorf("agency: save matter: %w", err)
	}
	return m, changed, nil
}

// same compares what a matter says, not when it was recorded.
func (m *Matter) same(o *Matter) bool {
	return m.Name == o.Name && m.Agency == o.Agency && m.Law == o.Law && m.Article == o.Article && m.BasisFrom == o.BasisFrom && m.BasisUntil == o.BasisUntil &&
		slices.Equal(m.Items, o.Items) && slices.Equal(m.Kinds, o.Kinds) && m.ValidFrom == o.ValidFrom && m.ValidUntil == o.ValidUntil
}

const matterColumns = `code, seq, name, agency_id, law, article, basis_from, basis_until, items, kinds, valid_from, valid_until, recorded_at, recorded_by`

func (*Matters) read(ctx context.Context, q db.Querier, where string, args ...any) ([]Matter, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+matterColumns+` FROM matter WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Matter
	for rows.Next() {
		var m Matter
		var items, kinds string
		var at int64
		err := rows.Scan(&m.Code, &m.Seq, &m.Name, &m.Agency, &m.Law, &m.Article, &m.BasisFrom, &m.BasisUntil, &items, &kinds, &m.ValidFrom, &m.ValidUntil, &at, &m.RecordedBy)
		if err != nil {
			return nil, err
		}
		m.Items, m.Kinds, m.RecordedAt = strings.Fields(items), strings.Fields(kinds), time.UnixMicro(at).UTC()
		out = append(out, m)
	}
	return out, rows.Err()
}

// ByCode gives the row of a matter that is in use, whether or not it is in force, or ErrMatterUnknown.
func (x *Matters) ByCode(ctx context.Context, code string) (Matter, error) {
	list, err := x.read(ctx, x.agencies.db.Read(), `code = $1 ORDER BY seq DESC LIMIT 1`, strings.ToUpper(strings.TrimSpace(code)))
	if err != nil {
		return Matter{}, fmt.Errorf("agency: matter: %w", err)
	}
	if len(list) == 0 {
		return Matter{}, ErrMatterUnknown
	}
	return list[0], nil
}

// Unchanged reports, within tx, whether a row of a matter is still the one in use.
func (*Matters) Unchanged(ctx context.Context, tx *db.Tx, code string, seq int) (bool, error) {
	var newest int
	err := tx.QueryRowContext(ctx, `SELECT seq FROM matter WHERE code = $1 ORDER BY seq DESC LIMIT 1`, code).Scan(&newest)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("agency: matter: %w", err)
	}
	return newest == seq, nil
}

// List gives the matters in use of an agency, or of every agency for 0, by code.
func (x *Matters) List(ctx context.Context, agency ID) ([]Matter, error) {
	list, err := x.read(ctx, x.agencies.db.Read(), `(agency_id = $1 OR CAST($1 AS BIGINT) = 0) AND seq = (SELECT max(seq) FROM matter AS newer WHERE newer.code = matter.code) ORDER BY code`, agency)
	if err != nil {
		return nil, fmt.Errorf("agency: matters: %w", err)
	}
	return list, nil
}

// History gives every row of a matter, oldest first.
func (x *Matters) History(ctx context.Context, code string) ([]Matter, error) {
	list, err := x.read(ctx, x.agencies.db.Read(), `code = $1 ORDER BY seq`, strings.ToUpper(strings.TrimSpace(code)))
	if err != nil {
		return nil, fmt.Errorf("agency: matter history: %w", err)
	}
	return list, nil
}
