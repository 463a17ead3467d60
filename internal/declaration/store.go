package declaration

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gongxin/internal/db"
	"gongxin/internal/sealed"
)

const columns = `subject_id, declaration_id, no, item, title, agency_id, region, replaces, content, case_id, end_case_id, state, filed_by, filed_at, received_on,
	decided_by, decided_at, refusal, record, on_file_at, ended_by, ended_at, closed_at`

// contents and draftContents say where what was declared rests sealed, bound to its row.
func (s *Service) contents() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "自主申报", Table: "declaration", Key: [2]string{"subject_id", "declaration_id"}, Columns: []string{"content"}}
}

func (s *Service) draftContents() *sealed.Texts {
	return &sealed.Texts{DB: s.DB, Ring: s.Ring, Title: "自主申报草稿", Table: "declaration_draft", Key: [2]string{"subject_id", "draft_id"}, Columns: []string{"content"}}
}

// Texts are the texts that rest sealed.
func (s *Service) Texts() []*sealed.Texts {
	return []*sealed.Texts{s.contents(), s.draftContents()}
}

func (s *Service) scan(row interface{ Scan(...any) error }) (Declaration, error) {
	var d Declaration
	var stored string
	var filed, decided, onFile, ended, closed int64
	err := row.Scan(&d.Subject, &d.ID, &d.No, &d.Item, &d.Title, &d.Agency, &d.Region, &d.Replaces, &stored, &d.Case, &d.EndCase, &d.State, &d.FiledBy, &filed, &d.ReceivedOn,
		&d.DecidedBy, &decided, &d.Refusal, &d.Record, &onFile, &d.EndedBy, &ended, &closed)
	if err != nil {
		return d, err
	}
	d.FiledAt, d.DecidedAt, d.OnFileAt, d.EndedAt, d.ClosedAt = db.Instant(filed), db.Instant(decided), db.Instant(onFile), db.Instant(ended), db.Instant(closed)
	d.Content, err = open(s.contents(), d.Subject, d.ID, stored)
	return d, err
}

func seal(in *sealed.Texts, subject, row int64, c Content) (string, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("declaration: content: %w", err)
	}
	return in.Seal("content", subject, row, string(raw)), nil
}

func open(in *sealed.Texts, subject, row int64, stored string) (Content, error) {
	plain, err := in.Open("content", subject, row, stored)
	if err != nil {
		return nil, fmt.Errorf("declaration: content: %w", err)
	}
	c := Content{}
	if err := json.Unmarshal([]byte(plain), &c); err != nil {
		return nil, fmt.Errorf("declaration: content: %w", err)
	}
	return c, nil
}

func (s *Service) query(ctx context.Context, q db.Querier, where string, args ...any) ([]Declaration, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM declaration WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("declaration: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Declaration
	for rows.Next() {
		d, err := s.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("declaration: list: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

func (s *Service) one(ctx context.Context, q db.Querier, where string, args ...any) (Declaration, error) {
	d, err := s.scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM declaration WHERE `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return Declaration{}, ErrNone
	}
	if err != nil {
		return Declaration{}, fmt.Errorf("declaration: get: %w", err)
	}
	return d, nil
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, d *Declaration) error {
	content, err := seal(s.contents(), d.Subject, d.ID, d.Content)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO declaration (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '', $10, $11, $12, '', 0, '', '', 0, '', 0, 0)`,
		d.Subject, d.ID, d.No, string(d.Item), d.Title, d.Agency, d.Region, d.Replaces, content, d.FiledBy, db.Micros(d.FiledAt), int64(d.ReceivedOn))
	if err != nil {
		return fmt.Errorf("declaration: insert: %w", err)
	}
	return nil
}

// save writes what changes in a declaration's life.
func (s *Service) save(ctx context.Context, tx *db.Tx, d *Declaration) error {
	content, err := seal(s.contents(), d.Subject, d.ID, d.Content)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE declaration SET content = $3, case_id = $4, end_case_id = $5, state = $6, received_on = $7, decided_by = $8, decided_at = $9, refusal = $10, record = $11,
		on_file_at = $12, ended_by = $13, ended_at = $14, closed_at = $15 WHERE subject_id = $1 AND declaration_id = $2`,
		d.Subject, d.ID, content, d.Case, d.EndCase, d.State, int64(d.ReceivedOn), d.DecidedBy, db.Micros(d.DecidedAt), d.Refusal, d.Record,
		db.Micros(d.OnFileAt), d.EndedBy, db.Micros(d.EndedAt), db.Micros(d.ClosedAt))
	if err != nil {
		return fmt.Errorf("declaration: save: %w", err)
	}
	return nil
}

// Get gives a declaration by the number of its row. Whether the caller may see it is the caller's to ask.
func (s *Service) Get(ctx context.Context, q db.Querier, of int64) (Declaration, error) {
	return s.one(ctx, q, `declaration_id = $1`, of)
}

// Filter picks declarations. Zero values do not narrow.
type Filter struct {
	Subject  int64
	Agencies []int64 // nil = every unit
	State    string
	Open     bool
	Record   string
	After    int64 // the last one of the page before
	Limit    int
}

// MaxPage is the largest page of declarations.
const MaxPage = 100

// List gives declarations, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Declaration, error) {
	where, args := []string{`1 = 1`}, []any{}
	and := func(cond string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	if f.Subject != 0 {
		and(`subject_id = $%d`, f.Subject)
	}
	if f.State != "" {
		and(`state = $%d`, f.State)
	}
	if f.Record != "" {
		and(`record = $%d`, f.Record)
	}
	if f.Open {
		where = append(where, `closed_at = 0`)
	}
	if f.After != 0 {
		and(`declaration_id < $%d`, f.After)
	}
	if f.Agencies != nil {
		if len(f.Agencies) == 0 {
			return nil, nil
		}
		where = append(where, `agency_id IN `+db.In(len(f.Agencies), len(args)+1))
		for _, a := range f.Agencies {
			args = append(args, a)
		}
	}
	limit := f.Limit
	if limit <= 0 || limit > MaxPage+1 {
		limit = MaxPage
	}
	args = append(args, limit)
	return s.query(ctx, s.DB.Read(), strings.Join(where, ` AND `)+fmt.Sprintf(` ORDER BY declaration_id DESC LIMIT $%d+0`, len(args)), args...)
}
