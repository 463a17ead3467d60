package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/db"
)

// embedRow is a page as it is on file.
type embedRow struct {
	key, agency            int64
	matter, basis, origin  string
	expires, opened, until int64
}

// maxToken bounds what is taken for a token; ours have 43 characters.
const maxToken = 64

// embedded finds a page by its ticket or by the token of its form; no row when there is none.
func (s *Service) embedded(ctx context.Context, column, token string) (*Embedded, *embedRow, error) {
	if token == "" || len(token) > maxToken {
		return &Embedded{}, nil, nil
	}
	query := `SELECT embed_id, key_id, agency_id, matter, basis, officer, origin, expires_at, opened_at, until FROM check_embed WHERE ticket = $1 AND ticket <> ''`
	if column == "form" {
		query = `SELECT embed_id, key_id, agency_id, matter, basis, officer, origin, expires_at, opened_at, until FROM check_embed WHERE form = $1 AND form <> ''`
	}
	e, r := &Embedded{}, &embedRow{}
	err := s.DB.Read().QueryRowContext(ctx, query, hashOf(token)).
		Scan(&e.id, &r.key, &r.agency, &r.matter, &r.basis, &e.Officer, &r.origin, &r.expires, &r.opened, &r.until)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil, nil
	}
	if err != nil {
		return e, nil, fmt.Errorf("check: embed: %w", err)
	}
	e.Origin = r.origin
	return e, r, nil
}

// turn moves a page on; of two that use one token, the second finds nothing.
func (s *Service) turn(ctx context.Context, statement string, args ...any) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("check: embed: %w", err)
		}
		n, err := res.RowsAffected()
		if err == nil && n != 1 {
			err = ErrEmbedGone
		}
		return err
	})
}

func (s *Service) usedIn(ctx context.Context, embed int64, receipt string) (bool, error) {
	n, err := strconv.ParseInt(receipt, 10, 64)
	if err != nil {
		return false, nil
	}
	var in int64
	err = s.DB.Read().QueryRowContext(ctx, `SELECT embed_id FROM check_embed_use WHERE receipt_id = $1`, n).Scan(&in)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("check: embed: %w", err)
	}
	return in == embed, nil
}

func (s *Service) origins(ctx context.Context, unit int64) ([]string, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT origin FROM check_embed_origin WHERE agency_id = $1 AND ended_at = 0 ORDER BY origin`, unit)
	if err != nil {
		return nil, fmt.Errorf("check: origins: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var o string
		if err := rows.Scan(&o); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// unopenedFor is how long a ticket that nobody opened stays on file.
const unopenedFor = 24 * time.Hour

// sweepTickets deletes tickets that nobody opened.
func (s *Service) sweepTickets(ctx context.Context) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM check_embed WHERE opened_at = 0 AND expires_at < $1`, s.Clock.Now().Add(-unopenedFor).UnixMicro())
		return err
	}, db.ReadCommitted)
}
