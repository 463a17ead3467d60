package approval

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

const columns = `draft_id, kind, title, content, hash, base, diff, author, created_at, submitted_at, approver, decided_at, effective_on, applied_at, state, why`

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (*Draft, error) {
	var d Draft
	var created, submitted, decided, day, applied int64
	err := row.Scan(&d.ID, &d.Kind, &d.Title, &d.Content, &d.Hash, &d.Base, &d.Diff, &d.Author, &created, &submitted, &d.Approver, &decided, &day, &applied, &d.State, &d.Why)
	d.CreatedAt, d.SubmittedAt, d.DecidedAt, d.AppliedAt = db.Instant(created), db.Instant(submitted), db.Instant(decided), db.Instant(applied)
	d.EffectiveOn = clock.Date(day)
	return &d, err
}

func (s *Service) get(ctx context.Context, q db.Querier, draft int64) (*Draft, error) {
	d, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM approval_draft WHERE draft_id = $1`, draft))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("approval: read: %w", err)
	}
	return d, nil
}

// Get gives a draft to whoever may see drafts, and to its author.
func (s *Service) Get(ctx context.Context, draft int64) (*Draft, error) {
	who := authz.From(ctx)
	d, err := s.get(ctx, s.DB.Read(), draft)
	if may := s.Authority.Decide(who, authz.DraftRead, authz.Scope{}).Err(); may != nil {
		if err != nil || !s.Authority.Decide(who, authz.DraftWithdraw, authz.Scope{Account: d.Author}).Allowed {
			return nil, may
		}
	}
	return d, err
}

// Filter picks drafts; empty fields pick all.
type Filter struct {
	Kind  Kind
	State State
	After int64 // the last draft of the page before; 0 starts
	Limit int   // 50 when zero, 200 at most
}

// List gives drafts without their content, the latest first.
func (s *Service) List(ctx context.Context, f Filter) ([]*Draft, error) {
	if err := s.Authority.Decide(authz.From(ctx), authz.DraftRead, authz.Scope{}).Err(); err != nil {
		return nil, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	after := f.After
	if after <= 0 {
		after = 1<<63 - 1
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT `+columns+` FROM approval_draft WHERE (kind = $1 OR $1 = '') AND (state = $2 OR $2 = '') AND draft_id < $3
		ORDER BY draft_id DESC LIMIT $4+0`, string(f.Kind), string(f.State), after, min(limit, 200))
	if err != nil {
		return nil, fmt.Errorf("approval: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []*Draft
	for rows.Next() {
		d, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("approval: list: %w", err)
		}
		d.Content = nil
		out = append(out, d)
	}
	return out, rows.Err()
}

func insert(ctx context.Context, tx *db.Tx, d *Draft) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO approval_draft (`+columns+`) VALUES ($1, $2, $3, $4, $5, '', '', $6, $7, 0, 0, 0, $8, 0, $9, '')`,
		d.ID, string(d.Kind), d.Title, nonNil(d.Content), d.Hash, d.Author, db.Micros(d.CreatedAt), int64(d.EffectiveOn), string(d.State))
	if err != nil {
		return fmt.Errorf("approval: insert: %w", err)
	}
	return nil
}

// nonNil keeps an empty content from becoming NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// update writes a step, if the draft still stands where it was read and whoever decides is not who wrote it.
func update(ctx context.Context, tx *db.Tx, d *Draft, was State) error {
	res, err := tx.ExecContext(ctx, `UPDATE approval_draft SET title = $1, content = $2, hash = $3, base = $4, diff = $5, submitted_at = $6, approver = $7, decided_at = $8,
		effective_on = $9, applied_at = $10, state = $11, why = $12 WHERE draft_id = $13 AND state = $14 AND author <> $7`,
		d.Title, nonNil(d.Content), d.Hash, d.Base, d.Diff, db.Micros(d.SubmittedAt), d.Approver, db.Micros(d.DecidedAt),
		int64(d.EffectiveOn), db.Micros(d.AppliedAt), string(d.State), d.Why, d.ID, string(was))
	if err != nil {
		return fmt.Errorf("approval: update: %w", err)
	}
	switch n, err := res.RowsAffected(); {
	case err != nil:
		return fmt.Errorf("approval: update: %w", err)
	case n == 1:
		return nil
	case d.Approver == d.Author:
		return ErrOwn
	}
	return ErrState
}

// approvedOn reports whether another draft against the same base waits for its day.
func approvedOn(ctx context.Context, q db.Querier, k Kind, base string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM approval_draft WHERE kind = $1 AND base = $2 AND state = $3`, string(k), base, string(Approved)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("approval: same base: %w", err)
	}
	return n > 0, nil
}

// dueOn gives the approved drafts whose day has come.
func dueOn(ctx context.Context, q db.Querier, today clock.Date) ([]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT draft_id FROM approval_draft WHERE state = $1 AND effective_on <= $2 ORDER BY effective_on, draft_id`, string(Approved), int64(today))
	if err != nil {
		return nil, fmt.Errorf("approval: due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []int64
	for rows.Next() {
		var draft int64
		if err := rows.Scan(&draft); err != nil {
			return nil, fmt.Errorf("approval: due: %w", err)
		}
		out = append(out, draft)
	}
	return out, rows.Err()
}
