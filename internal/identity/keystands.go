package identity

import (
	"context"
	"database/sql"
	"errors"

	"gongxin/internal/authz"
)

// KeyStands says who stands behind a key by its number, for what was begun with it and goes on without its secret. It asks the database: a key that was revoked,
// or whose account was closed, ends at once. From where it is used was seen to when it began.
func (s *Service) KeyStands(ctx context.Context, key int64) (authz.Actor, error) {
	q := s.DB.Read()
	k, err := scanKey(q.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM apikey WHERE key_id = $1`, key))
	if errors.Is(err, ErrMissing) {
		return authz.Actor{}, ErrKey
	}
	if err != nil {
		return authz.Actor{}, wrap(err, "key stands")
	}
	if !k.RevokedAt.IsZero() || !k.Expires.After(s.Clock.Now()) {
		return authz.Actor{}, ErrKey
	}
	var state string
	err = q.QueryRowContext(ctx, `SELECT state FROM account WHERE account_id = $1`, k.Account).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) || err == nil && state != string(Active) {
		return authz.Actor{}, ErrKey
	}
	if err != nil {
		return authz.Actor{}, wrap(err, "key stands")
	}
	held, err := s.grants(ctx, q, k.Account)
	if err != nil {
		return authz.Actor{}, wrap(err, "key stands")
	}
	return authz.Actor{ID: k.Account, Kind: authz.Key, Grants: granted(held), Scopes: k.Scopes, Session: k.ID}, nil
}
