// Package subject keeps the rule that records are tied to subjects by identifiers alone: a name never links, a name that contradicts the code is
// refused, and one shared old number never merges two subjects. Registration rows establish subjects, their names and their numbers, with history.
package subject

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

// IdentKind is a kind of identifier.
type IdentKind string

// The kinds. Code and PersonDoc identify by themselves; the others are old numbers, which link only when exactly one subject has them.
const (
	Code      IdentKind = "uscc"
	PersonDoc IdentKind = "person" // token of document kind and number, never the number
	OrgCode   IdentKind = "orgcode"
	RegNo     IdentKind = "regno"
	TaxNo     IdentKind = "taxno"
	InstNo    IdentKind = "instno"
	SocNo     IdentKind = "socno"
)

func (k IdentKind) strong() bool { return k == Code || k == PersonDoc }

// Ident is one identifier in normal form.
type Ident struct {
	Kind  IdentKind
	Value string
}

// Status of a subject.
type Status string

// The statuses (登记状态).
const (
	Operating Status = "active"    // 存续
	Cancelled Status = "cancelled" // 注销
	Revoked   Status = "revoked"   // 吊销
	Moved     Status = "moved"     // 迁出
	Unknown   Status = "unknown"   // no registration data yet
)

// StatusOf reads a registration state as registration offices write it.
func StatusOf(state string) Status {
	switch {
	case strings.Contains(state, "注销"):
		return Cancelled
	case strings.Contains(state, "吊销"), strings.Contains(state, "撤销"):
		return Revoked
	case strings.Contains(state, "迁出"), strings.Contains(state, "迁移"):
		return Moved
	case state == "":
		return Unknown
	default:
		return Operating
	}
}

// Subject is the current row of a subject. A person's Code and Name are empty: both are sealed.
type Subject struct {
	ID          int64
	Kind        catalog.SubjectKind
	Code        string
	Name        string
	NameKey     string
	Region      string
	Status      Status
	Provisional bool // made from a filing; no registration data on file yet
	CreatedAt   time.Time
	ChangedAt   time.Time
}

// Name is one name of a subject with the day from which it is known to be used (0 = not known).
type Name struct {
	Name       string
	Key        string
	Since      clock.Date
	RecordedAt time.Time
}

// Store keeps subjects.
type Store struct {
	db   *db.DB
	ids  *id.Maker
	ring *gm.KeyRing
}

// NewStore makes a Store.
func NewStore(d *db.DB, ids *id.Maker, ring *gm.KeyRing) *Store {
	return &Store{db: d, ids: ids, ring: ring}
}

// PersonIdent gives the identifier of a person's document: a token that tells nothing without the key ring. While the token key is exchanged the value
// holds the tokens under every key, joined by points, the one that is written first; Resolve and ByPerson try them all.
func (s *Store) PersonIdent(docKind, number string) Ident {
	value := docKind + "\x00" + strings.ToUpper(number)
	if n, _ := s.ring.TokenKeys(); n == 1 {
		return Ident{PersonDoc, s.ring.Token(personLabel, value)}
	}
	write := s.ring.Token(personLabel, value)
	all := []string{write}
	for _, t := range s.ring.Tokens(personLabel, value) {
		if t != write {
			all = append(all, t)
		}
	}
	return Ident{PersonDoc, strings.Join(all, tokenSep)}
}

// nameKey is what names are compared by: the canonical form, for persons its token.
func (s *Store) nameKey(kind catalog.SubjectKind, name string) string {
	if kind == catalog.Person {
		return s.ring.Token(nameLabel, cntext.Name(name))
	}
	return cntext.Name(name)
}

const columns = `subject_id, kind, code, name, name_key, region, status, provisional, created_at, changed_at`

// columnsOf gives the columns behind an alias.
func columnsOf(alias string) string {
	return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
}

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (Subject, error) {
	var s Subject
	var provisional, created, changed int64
	err := row.Scan(&s.ID, &s.Kind, &s.Code, &s.Name, &s.NameKey, &s.Region, &s.Status, &provisional, &created, &changed)
	s.Provisional, s.CreatedAt, s.ChangedAt = provisional == 1, time.UnixMicro(created).UTC(), time.UnixMicro(changed).UTC()
	return s, err
}

func (s *Store) list(ctx context.Context, q db.Querier, query string, args ...any) ([]Subject, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Subject
	for rows.Next() {
		sub, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, sub)
	}
	return out, rows.Err()
}

// ByCode gives the subject of a unified code; ok is false when none is on file. Persons have no unified code.
func (s *Store) ByCode(ctx context.Context, code string) (sub Subject, ok bool, err error) {
	list, err := s.list(ctx, s.db.Read(), `SELECT `+columns+` FROM subject WHERE subject_id = (
		SELECT subject_id FROM subject_identifier WHERE kind = 'uscc' AND token = $1 AND dup = 0)`, code)
	if err != nil || len(list) == 0 {
		return Subject{}, false, wrap(err, "subject: by code")
	}
	return list[0], true, nil
}

// ByIDs gives the subjects of ids that are on file.
func (s *Store) ByIDs(ctx context.Context, ids []int64) (map[int64]Subject, error) {
	return s.load(ctx, s.db.Read(), ids)
}

// Names gives a subject's names as known at an instant (the zero time is now), oldest first; the last one is in use.
func (s *Store) Names(ctx context.Context, id int64, asOf time.Time) ([]Name, error) {
	until := int64(1<<63 - 1)
	if !asOf.IsZero() {
		until = asOf.UnixMicro()
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT name, name_key, since, recorded_at FROM subject_name WHERE subject_id = $1 AND recorded_at <= $2 ORDER BY seq`, id, until)
	if err != nil {
		return nil, wrap(err, "subject: names")
	}
	defer func() { _ = rows.Close() }()
	var out []Name
	for rows.Next() {
		var n Name
		var at int64
		if err := rows.Scan(&n.Name, &n.Key, &n.Since, &at); err != nil {
			return nil, err
		}
		n.RecordedAt = time.UnixMicro(at).UTC()
		out = append(out, n)
	}
	return out, rows.Err()
}

// Changed gives subjects other than persons that changed at or after an instant and behind a place, in order of change, with their earlier
// names; it feeds the search index.
func (s *Store) Changed(ctx context.Context, since time.Time, after int64, limit int) ([]Subject, map[int64][]string, error) {
	list, err := s.list(ctx, s.db.Read(), `SELECT `+columns+` FROM subject WHERE (changed_at, subject_id) > ($1, $2) AND kind <> 'person' ORDER BY changed_at, subject_id LIMIT $3+0`,
		since.UnixMicro(), after, limit)
	if err != nil || len(list) == 0 {
		return nil, nil, wrap(err, "subject: changed")
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	names, err := s.names(ctx, s.db.Read(), ids)
	if err != nil {
		return nil, nil, wrap(err, "subject: changed")
	}
	former := map[int64][]string{}
	for i := range list {
		for _, n := range names[list[i].ID] {
			if n.Key != list[i].NameKey {
				former[list[i].ID] = append(former[list[i].ID], n.Name)
			}
		}
	}
	return list, former, nil
}

// CountByRegion counts subjects that are not persons by region and kind.
func (s *Store) CountByRegion(ctx context.Context, yield func(region string, kind catalog.SubjectKind, n int) error) error {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT region, kind, count(*) FROM subject WHERE kind <> 'person' GROUP BY region, kind ORDER BY region, kind`)
	if err != nil {
		return wrap(err, "subject: count")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var region string
		var kind catalog.SubjectKind
		var n int
		if err := rows.Scan(&region, &kind, &n); err != nil {
			return err
		}
		if err := yield(region, kind, n); err != nil {
			return err
		}
	}
	return rows.Err()
}

func wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}
