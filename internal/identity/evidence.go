package identity

import (
	"context"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// EvidenceStore takes kept files of claims away. Taking away what is gone already is no error.
type EvidenceStore interface {
	Remove(name string) error
}

// evidenceRow is a claim that has ended and whose evidence is still kept.
type evidenceRow struct {
	claim, account int64
	name           string
	ended          time.Time
	closed         bool // its account was closed by its owner
}

// due says whether the evidence has had its time. What belonged to an account that its owner closed goes at once.
func (e *evidenceRow) due(r *Retention, today clock.Date) bool {
	day := clock.DateOf(e.ended)
	return e.closed || today >= day.AddDays(r.Evidence(day).Days)
}

// evidencePage is how many claims are read at once.
const evidencePage = 200

// ExpireEvidence takes away the evidence of claims that ended longer ago than the period that was in force on that day, and gives how many
// files went. A job calls it. The file goes first and its name after it, so that whatever breaks in between is finished by the next call.
func (s *Service) ExpireEvidence(ctx context.Context) (n int, err error) {
	if s.Evidence == nil {
		return 0, nil
	}
	today := clock.Today(s.Clock)
	for after := int64(0); ; {
		page, err := s.evidence(ctx, after)
		if err != nil {
			return n, wrap(err, "expire evidence")
		}
		for i := range page {
			e := &page[i]
			after = e.claim
			if !e.due(s.Retention, today) {
				continue
			}
			if err := s.Evidence.Remove(e.name); err != nil {
				return n, wrap(err, "expire evidence")
			}
			gone, err := s.forgetEvidence(ctx, e)
			if err != nil {
				return n, wrap(err, "expire evidence")
			}
			n += bit(gone)
		}
		if len(page) < evidencePage {
			return n, nil
		}
	}
}

// evidence gives a page of claims that ended and whose evidence is kept. A claim that its claimant withdrew before there was such a date
// counts from its making.
func (s *Service) evidence(ctx context.Context, after int64) ([]evidenceRow, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT c.claim_id, c.account_id, c.evidence, CASE WHEN c.decided_at = 0 THEN c.created_at ELSE c.decided_at END,
		CASE WHEN a.state = 'closed' THEN 1 ELSE 0 END FROM claim c LEFT JOIN account a ON a.account_id = c.account_id
		WHERE c.claim_id > $1 AND c.evidence <> '' AND c.state <> 'pending' ORDER BY c.claim_id LIMIT $2`, after, evidencePage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []evidenceRow
	for rows.Next() {
		var e evidenceRow
		var ended int64
		var closed int
		if err := rows.Scan(&e.claim, &e.account, &e.name, &ended, &closed); err != nil {
			return nil, err
		}
		e.ended, e.closed = instant(ended), closed == 1
		out = append(out, e)
	}
	return out, rows.Err()
}

// forgetEvidence takes the name of a file that is gone out of its claim; false when another process was first.
func (s *Service) forgetEvidence(ctx context.Context, e *evidenceRow) (gone bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if gone, err = changed(ctx, tx, `UPDATE claim SET evidence = '' WHERE claim_id = $1 AND evidence = $2`, e.claim, e.name); err != nil || !gone {
			return err
		}
		return s.act(ctx, tx, authz.SystemActor("evidence"), "claim.evidence_expire", e.account, claimLabel(e.claim))
	})
	return gone, err
}
