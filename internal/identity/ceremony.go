package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"gongxin/internal/db"
)

// ceremonyFor is how long a challenge, or a secret to be confirmed, waits.
const ceremonyFor = 10 * time.Minute

// keepCeremony keeps what a two-step act must remember and gives the token under which it is found once.
func (s *Service) keepCeremony(ctx context.Context, purpose string, account int64, content string) (string, error) {
	raw := token(ceremonyPrefix)
	hash := sha256.Sum256([]byte(raw))
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO credential_ceremony (hash, purpose, account_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)`,
			hash[:], purpose, account, s.Ring.Seal("ceremony/"+purpose, content), s.Clock.Now().Add(ceremonyFor).UnixMicro())
		return err
	})
	return raw, wrap(err, "begin "+purpose)
}

func (s *Service) peekCeremony(ctx context.Context, purpose string, account int64, raw string) (string, error) {
	hash, ok := tokenHash(ceremonyPrefix, raw)
	if !ok {
		return "", ErrCeremony
	}
	var sealed string
	err := s.DB.Read().QueryRowContext(ctx, `SELECT sealed FROM credential_ceremony WHERE hash = $1 AND purpose = $2 AND account_id = $3 AND expires_at > $4`,
		hash[:], purpose, account, s.Clock.Now().UnixMicro()).Scan(&sealed)
	return s.openCeremony(purpose, sealed, err)
}

// takeCeremony gives what was kept and forgets it: it is good for one use.
func (s *Service) takeCeremony(ctx context.Context, tx *db.Tx, purpose string, account int64, raw string) (string, error) {
	hash, ok := tokenHash(ceremonyPrefix, raw)
	if !ok {
		return "", ErrCeremony
	}
	var sealed string
	err := tx.QueryRowContext(ctx, `DELETE FROM credential_ceremony WHERE hash = $1 AND purpose = $2 AND account_id = $3 AND expires_at > $4 RETURNING sealed`,
		hash[:], purpose, account, s.Clock.Now().UnixMicro()).Scan(&sealed)
	return s.openCeremony(purpose, sealed, err)
}

// take is takeCeremony in a transaction of its own: whatever follows, the challenge is used.
func (s *Service) take(ctx context.Context, purpose string, account int64, raw string) (content string, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		content, err = s.takeCeremony(ctx, tx, purpose, account, raw)
		return err
	})
	return content, err
}

func (s *Service) openCeremony(purpose, sealed string, err error) (string, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrCeremony
	}
	if err != nil {
		return "", wrap(err, purpose)
	}
	content, err := s.Ring.Open("ceremony/"+purpose, sealed)
	return content, wrap(err, purpose)
}

// keepEnded is how long an ended session stays, so that its owner's questions can be answered from the log of acts with a row behind them.
const keepEnded = 90 * 24 * time.Hour

// Sweep removes what no longer means anything: old sessions, challenges, attempts and browsers. A job calls it.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Clock.Now()
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []struct {
			text string
			at   time.Time
		}{
			{`DELETE FROM credential_ceremony WHERE expires_at <= $1`, now},
			{`DELETE FROM oidc_flow WHERE expires_at <= $1`, now},
			{`DELETE FROM account_throttle WHERE last_at < $1`, now.Add(-forget)},
			{`DELETE FROM account_device WHERE used_at < $1`, now.Add(-DeviceFor)},
			{`DELETE FROM session WHERE seen_at < $1`, now.Add(-keepEnded)},
		} {
			if _, err := tx.ExecContext(ctx, q.text, q.at.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	}, db.ReadCommitted)
	return wrap(err, "sweep")
}
