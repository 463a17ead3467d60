package listing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/sealed"
)

const columns = `entry_id, subject_id, kind, agency_id, region, case_id, state, cause, law, proposed_at, proposed_by, notice_no, notice_on, doc_no, doc_blob, decided_by,
	listed_at, listed_on, until, removed_at, removed_on, removed_why, removed_note, removed_doc, removed_by, filed`

func (s *Service) scan(row interface{ Scan(...any) error }) (Entry, error) {
	var e Entry
	var proposed, listed, removed int64
	err := row.Scan(&e.ID, &e.Subject, &e.Kind, &e.Agency, &e.Region, &e.Case, &e.State, &e.Cause, &e.Law, &proposed, &e.ProposedBy, &e.NoticeNo, &e.NoticeOn, &e.DocNo, &e.DocBlob,
		&e.DecidedBy, &listed, &e.ListedOn, &e.Until, &removed, &e.RemovedOn, &e.RemovedWhy, &e.RemovedNote, &e.RemovedDoc, &e.RemovedBy, &e.filed)
	if err != nil {
		return e, err
	}
	e.ProposedAt, e.ListedAt, e.RemovedAt = db.Instant(proposed), db.Instant(listed), db.Instant(removed)
	t := s.Texts()
	if e.Cause, err = t.Open("cause", e.Subject, e.ID, e.Cause); err == nil {
		e.RemovedNote, err = t.Open("removed_note", e.Subject, e.ID, e.RemovedNote)
	}
	return e, err
}

// Texts are why somebody was listed and taken off, which rest sealed.
func (s *Service) Texts() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "名单条目的事由", Table: "listing_entry", Key: [2]string{"subject_id", "entry_id"}, Columns: []string{"cause", "removed_note"}}
}

func (s *Service) query(ctx context.Context, q db.Querier, where string, args ...any) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM listing_entry WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("listing: entries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Entry
	for rows.Next() {
		e, err := s.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("listing: entries: %w", err)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing: entries: %w", err)
	}
	return out, disputed(ctx, q, out)
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, e *Entry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO listing_entry (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, '', '', '', 0, 0, 0, 0, 0, '', '', '', '', 0)`,
		e.ID, e.Subject, e.Kind, e.Agency, e.Region, e.Case, string(e.State), s.Texts().Seal("cause", e.Subject, e.ID, e.Cause), e.Law, db.Micros(e.ProposedAt), e.ProposedBy)
	if db.IsUnique(err) {
		return ErrTwice // somebody else proposed it at the same moment
	}
	if err != nil {
		return fmt.Errorf("listing: insert: %w", err)
	}
	return nil
}

// save writes what changes in an entry's life.
func (s *Service) save(ctx context.Context, tx *db.Tx, e *Entry) error {
	_, err := tx.ExecContext(ctx, `UPDATE listing_entry SET state = $3, law = $4, notice_no = $5, notice_on = $6, doc_no = $7, doc_blob = $8, decided_by = $9, listed_at = $10,
		listed_on = $11, until = $12, removed_at = $13, removed_on = $14, removed_why = $15, removed_note = $16, removed_doc = $17, removed_by = $18, filed = $19
		WHERE subject_id = $1 AND entry_id = $2`,
		e.Subject, e.ID, string(e.State), e.Law, e.NoticeNo, int64(e.NoticeOn), e.DocNo, e.DocBlob, e.DecidedBy, db.Micros(e.ListedAt), int64(e.ListedOn), int64(e.Until),
		db.Micros(e.RemovedAt), int64(e.RemovedOn), string(e.RemovedWhy), s.Texts().Seal("removed_note", e.Subject, e.ID, e.RemovedNote), e.RemovedDoc, e.RemovedBy, e.filed)
	if err != nil {
		return fmt.Errorf("listing: save: %w", err)
	}
	return nil
}

// Get gives an entry by its number.
func (s *Service) Get(ctx context.Context, q db.Querier, entry int64) (Entry, error) {
	e, err := s.scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM listing_entry WHERE entry_id = $1`, entry))
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, ErrNone
	}
	if err != nil {
		return Entry{}, fmt.Errorf("listing: entry: %w", err)
	}
	one := []Entry{e}
	err = disputed(ctx, q, one)
	return one[0], err
}

// Of gives the entries of a subject that stood on the day of an instant, as known then. The zero instant is now.
func (s *Service) Of(ctx context.Context, q db.Querier, subject int64, at time.Time) ([]Entry, error) {
	by, err := s.OfMany(ctx, q, []int64{subject}, at)
	return by[subject], err
}

// OfMany is Of for several subjects, with one query for every 500.
func (s *Service) OfMany(ctx context.Context, q db.Querier, subjects []int64, at time.Time) (map[int64][]Entry, error) {
	on := clock.Today(s.Clock)
	if !at.IsZero() {
		on = clock.DateOf(at)
	}
	out, kinds := map[int64][]Entry{}, s.known(on, at)
	for len(subjects) > 0 {
		n := min(len(subjects), 500)
		list, err := s.query(ctx, q, `subject_id IN `+db.In(n, 1)+` AND listed_at > 0 ORDER BY subject_id, listed_on, entry_id`, anys(subjects[:n])...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].Stands(on, at) && inForce(kinds, list[i].Kind, on) {
				out[list[i].Subject] = append(out[list[i].Subject], list[i])
			}
		}
		subjects = subjects[n:]
	}
	return out, nil
}

// known gives the lists in force on a day as known at an instant; the zero instant is now.
func (s *Service) known(on clock.Date, at time.Time) *Kinds {
	if at.IsZero() {
		return s.Kinds.On(on)
	}
	return s.Kinds.KnownOn(on, at)
}

// inForce reports whether a list is kept and has its basis on a day. Without one nobody stands on it, whether or not the job that ends entries has run.
func inForce(kinds *Kinds, code string, on clock.Date) bool {
	k, ok := kinds.ByCode(code)
	return ok && k.Basis.InForce(on)
}

// Standing gives an entry that stands on a day, as far as known now; ok is false when it does not.
func (s *Service) Standing(ctx context.Context, q db.Querier, entry int64, on clock.Date) (e Entry, ok bool, err error) {
	e, err = s.Get(ctx, q, entry)
	if errors.Is(err, ErrNone) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	return e, e.State == Listed && e.Stands(on, s.Clock.Now()) && inForce(s.Kinds.On(on), e.Kind, on), nil
}

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, v := range ids {
		out[i] = v
	}
	return out
}

// Filter picks entries for a desk or a public column. Zero values do not narrow.
type Filter struct {
	Kind     string
	State    State
	Agencies []int64 // nil = every unit
	Subject  int64
	After    int64 // the last entry of the page before
	Limit    int
}

// List gives entries, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Entry, error) {
	where, args := `1 = 1`, []any{}
	and := func(cond string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(` AND `+cond, len(args))
	}
	if f.Kind != "" {
		and(`kind = $%d`, f.Kind)
	}
	if f.State != "" {
		and(`state = $%d`, string(f.State))
	}
	if f.Subject != 0 {
		and(`subject_id = $%d`, f.Subject)
	}
	if f.After != 0 {
		and(`entry_id < $%d`, f.After)
	}
	if f.Agencies != nil {
		if len(f.Agencies) == 0 {
			return nil, nil
		}
		where += ` AND agency_id IN ` + db.In(len(f.Agencies), len(args)+1)
		args = append(args, anys(f.Agencies)...)
	}
	limit := f.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	args = append(args, limit)
	return s.query(ctx, s.DB.Read(), where+fmt.Sprintf(` ORDER BY entry_id DESC LIMIT $%d`, len(args)), args...)
}

// MaxPage is the largest page of entries.
const MaxPage = 100
