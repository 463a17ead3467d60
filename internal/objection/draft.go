package objection

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/sealed"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// Draft is what an account wrote about something of a subject and has not handed in.
type Draft struct {
	ID        int64
	Subject   int64
	Kind      Kind
	Target    string
	Ask       Ask
	Statement string
	Files     []string // attachments, by hash, that the account has attached (flow.Engine.Attach): checked and scanned as those of a step are
	ChangedAt time.Time
}

// draftFile is an attachment of a draft at rest.
type draftFile struct {
	Hash string `json:"hash"`
}

const maxDrafts = 20

// SaveDraft keeps what is written so far; there is one draft of an account for what it is about. Half a sentence is enough.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (_ Draft, err error) {
	defer fault.Wrap(&err, "objection.SaveDraft")
	who := authz.From(ctx)
	if err := s.Authority.Decide(who, authz.ObjectionMake, authz.Scope{Subject: d.Subject}).Err(); err != nil {
		return d, err
	}
	d.Statement = strings.TrimSpace(d.Statement)
	switch {
	case kinds[d.Kind].name == "":
		return d, ErrKind
	case d.Target == "" || len(d.Target) > 64:
		return d, ErrTarget
	case d.Ask != "" && askWords[d.Ask] == "":
		return d, ErrAsk
	case utf8.RuneCountInString(d.Statement) > maxStatement:
		return d, ErrStatement
	case flow.HasPersonal(d.Statement):
		return d, flow.ErrPersonal
	}
	if _, err := s.Flow.Attached(ctx, d.Files); err != nil {
		return d, err
	}
	kept := make([]draftFile, len(d.Files)) // as NamedFiles reads them, so that no sweep takes them
	for i, hash := range d.Files {
		kept[i].Hash = hash
	}
	files, err := json.Marshal(kept)
	if err != nil {
		return d, err
	}
	d.ChangedAt = s.now()
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := s.drafts(ctx, tx, `subject_id = $1 AND account = $2`, d.Subject, who.String())
		if err != nil {
			return err
		}
		d.ID = 0
		for i := range have {
			if have[i].Target == d.Target {
				d.ID = have[i].ID
			}
		}
		if d.ID != 0 {
			_, err = tx.ExecContext(ctx, `UPDATE objection_draft SET kind = $3, ask = $4, statement = $5, changed_at = $6, files = $7 WHERE subject_id = $1 AND draft_id = $2`,
				d.Subject, d.ID, string(d.Kind), string(d.Ask), s.Texts().Seal("statement", d.Subject, d.ID, d.Statement), db.Micros(d.ChangedAt), string(files))
			return err
		}
		if len(have) >= maxDrafts {
			return ErrDrafts
		}
		d.ID = s.IDs.Next()
		_, err = tx.ExecContext(ctx, `INSERT INTO objection_draft (subject_id, draft_id, account, kind, target, ask, statement, changed_at, files) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			d.Subject, d.ID, who.String(), string(d.Kind), d.Target, string(d.Ask), s.Texts().Seal("statement", d.Subject, d.ID, d.Statement), db.Micros(d.ChangedAt), string(files))
		return err
	})
	return d, err
}

// Drafts gives what the caller has not handed in for a subject, the latest first.
func (s *Service) Drafts(ctx context.Context, subject int64) ([]Draft, error) {
	return s.drafts(ctx, s.DB.Read(), `subject_id = $1 AND account = $2 ORDER BY changed_at DESC, draft_id DESC`, subject, authz.From(ctx).String())
}

// DropDraft deletes a draft of the caller.
func (s *Service) DropDraft(ctx context.Context, subject, draft int64) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM objection_draft WHERE subject_id = $1 AND draft_id = $2 AND account = $3`, subject, draft, authz.From(ctx).String())
		if err != nil {
			return fmt.Errorf("objection: drop draft: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return ErrDraft
		}
		return nil
	})
}

// SweepDrafts deletes drafts that nobody touched for as long as the rules keep them, and gives how many.
func (s *Service) SweepDrafts(ctx context.Context) (n int64, err error) {
	defer fault.Wrap(&err, "objection.SweepDrafts")
	before := s.now().AddDate(0, 0, -s.Rules.Today().Limit.DraftDays)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM objection_draft WHERE changed_at < $1`, db.Micros(before))
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// Texts are the statements of drafts, which rest sealed.
func (s *Service) Texts() *sealed.Texts {
	return &sealed.Texts{
		DB: s.DB, Ring: s.Ring, Title: "异议草稿", Table: "objection_draft", Key: [2]string{"subject_id", "draft_id"}, Columns: []string{"statement"},
	}
}

func (s *Service) drafts(ctx context.Context, q db.Querier, where string, args ...any) ([]Draft, error) {
	rows, err := q.QueryContext(ctx, `SELECT draft_id, subject_id, kind, target, ask, statement, changed_at, files FROM objection_draft WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("objection: drafts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Draft
	for rows.Next() {
		var d Draft
		var changed int64
		var files string
		if err := rows.Scan(&d.ID, &d.Subject, &d.Kind, &d.Target, &d.Ask, &d.Statement, &changed, &files); err != nil {
			return nil, fmt.Errorf("objection: drafts: %w", err)
		}
		var kept []draftFile
		if err := json.Unmarshal([]byte(files), &kept); err != nil {
			return nil, fmt.Errorf("objection: drafts: %w", err)
		}
		for _, f := range kept {
			d.Files = append(d.Files, f.Hash)
		}
		if d.Statement, err = s.Texts().Open("statement", d.Subject, d.ID, d.Statement); err != nil {
			return nil, fmt.Errorf("objection: drafts: %w", err)
		}
		d.ChangedAt = db.Instant(changed)
		out = append(out, d)
	}
	return out, rows.Err()
}

// NamedFiles yields the attachments that drafts name.
func NamedFiles(ctx context.Context, q db.Querier, yield func(hash string)) error {
	return flow.NamedInJSON(ctx, q, `SELECT files FROM objection_draft`, yield)
}
