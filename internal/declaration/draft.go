package declaration

import (
	"context"
	"fmt"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Draft is what an account wrote for a subject and has not handed in.
type Draft struct {
	ID        int64
	Subject   int64
	Item      catalog.ItemCode
	Replaces  int64
	Content   Content
	ChangedAt time.Time
}

const maxDrafts = 20

// SaveDraft keeps what is written so far, half of it or all; d.ID is the draft that is written on, 0 a new one. Nobody but the account that wrote it sees it.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (_ Draft, err error) {
	defer fault.Wrap(&err, "declaration.SaveDraft")
	who := authz.From(ctx)
	if err := s.Authority.Decide(who, authz.DeclarationMake, authz.Scope{Subject: d.Subject}).Err(); err != nil {
		return d, err
	}
	of, err := s.subject(ctx, d.Subject)
	if err != nil {
		return d, err
	}
	o, err := s.offer(ctx, s.Rules.Today(), &of, d.Item)
	if err != nil {
		return d, err
	}
	if d.Content, err = o.clean(d.Content); err != nil {
		return d, err
	}
	d.ChangedAt = s.now()
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := s.drafts(ctx, tx, `subject_id = $1 AND account = $2`, d.Subject, who.String())
		if err != nil {
			return err
		}
		for i := range have {
			if have[i].ID == d.ID && have[i].Item == d.Item {
				content, err := seal(s.draftContents(), d.Subject, d.ID, d.Content)
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(ctx, `UPDATE declaration_draft SET content = $3, changed_at = $4 WHERE subject_id = $1 AND draft_id = $2`, d.Subject, d.ID, content, db.Micros(d.ChangedAt))
				return err
			}
		}
		if len(have) >= maxDrafts {
			return ErrDrafts
		}
		d.ID = s.IDs.Next()
		content, err := seal(s.draftContents(), d.Subject, d.ID, d.Content)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO declaration_draft (subject_id, draft_id, account, item, replaces, content, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			d.Subject, d.ID, who.String(), string(d.Item), d.Replaces, content, db.Micros(d.ChangedAt))
		return err
	})
	return d, err
}

// Drafts gives what the caller has not handed in for a subject, the latest first.
func (s *Service) Drafts(ctx context.Context, of int64) ([]Draft, error) {
	return s.drafts(ctx, s.DB.Read(), `subject_id = $1 AND account = $2 ORDER BY changed_at DESC, draft_id DESC`, of, authz.From(ctx).String())
}

// DropDraft deletes a draft of the caller.
func (s *Service) DropDraft(ctx context.Context, of, draft int64) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return dropDraft(ctx, tx, of, draft, authz.From(ctx).String())
	})
}

func dropDraft(ctx context.Context, tx *db.Tx, of, draft int64, account string) error {
	r, err := tx.ExecContext(ctx, `DELETE FROM declaration_draft WHERE subject_id = $1 AND draft_id = $2 AND account = $3`, of, draft, account)
	if err != nil {
		return fmt.Errorf("declaration: drop draft: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return ErrDraft
	}
	return nil
}

// SweepDrafts deletes drafts that nobody touched for as long as the rules keep them, and gives how many.
func (s *Service) SweepDrafts(ctx context.Context) (n int64, err error) {
	defer fault.Wrap(&err, "declaration.SweepDrafts")
	before := s.now().AddDate(0, 0, -s.Rules.Today().Limit.DraftDays)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM declaration_draft WHERE changed_at < $1`, db.Micros(before))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

func (s *Service) drafts(ctx context.Context, q db.Querier, where string, args ...any) ([]Draft, error) {
	rows, err := q.QueryContext(ctx, `SELECT draft_id, subject_id, item, replaces, content, changed_at FROM declaration_draft WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("declaration: drafts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Draft
	for rows.Next() {
		var d Draft
		var stored string
		var changed int64
		if err := rows.Scan(&d.ID, &d.Subject, &d.Item, &d.Replaces, &stored, &changed); err != nil {
			return nil, fmt.Errorf("declaration: drafts: %w", err)
		}
		if d.Content, err = open(s.draftContents(), d.Subject, d.ID, stored); err != nil {
			return nil, err
		}
		d.ChangedAt = db.Instant(changed)
		out = append(out, d)
	}
	return out, rows.Err()
}
