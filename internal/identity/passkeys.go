package identity

import (
	"context"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// passkeyFactor is what acts call a passkey.
const passkeyFactor = "passkey"

// passkeyLabel is the name of a passkey as it is kept.
func passkeyLabel(label string) (string, error) {
	label = strings.TrimSpace(label)
	if checkName(label) != nil || len([]rune(label)) > 50 {
		return "", ErrPasskeyName
	}
	return label, nil
}

// PasskeyInfo is a passkey as its owner sees it.
type PasskeyInfo struct {
	ID        int64
	Label     string
	CreatedAt time.Time
	UsedAt    time.Time // zero = never
}

// Passkeys lists the caller's passkeys.
func (s *Service) Passkeys(ctx context.Context, a authz.Actor) ([]PasskeyInfo, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT passkey_id, label, created_at, used_at FROM credential_passkey WHERE account_id = $1 ORDER BY passkey_id`, a.ID)
	if err != nil {
		return nil, wrap(err, "passkeys")
	}
	defer func() { _ = rows.Close() }()
	var out []PasskeyInfo
	for rows.Next() {
		var p PasskeyInfo
		var created, used int64
		if err := rows.Scan(&p.ID, &p.Label, &created, &used); err != nil {
			return nil, wrap(err, "passkeys")
		}
		p.CreatedAt, p.UsedAt = instant(created), instant(used)
		out = append(out, p)
	}
	return out, wrap(rows.Err(), "passkeys")
}

// RemovePasskey removes one of the caller's passkeys.
func (s *Service) RemovePasskey(ctx context.Context, a authz.Actor, passkey int64) error {
	return s.removeFactor(ctx, a, passkeyFactor, func(ctx context.Context, tx *db.Tx) (bool, error) {
		return changed(ctx, tx, `DELETE FROM credential_passkey WHERE account_id = $1 AND passkey_id = $2`, a.ID, passkey)
	})
}

// RenamePasskey gives one of the caller's passkeys another name. The act does not say which: names of devices can be names of people.
func (s *Service) RenamePasskey(ctx context.Context, a authz.Actor, passkey int64, label string) error {
	label, err := passkeyLabel(label)
	if err != nil {
		return err
	}
	if _, err := s.mayEnrol(ctx, a); err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := changed(ctx, tx, `UPDATE credential_passkey SET label = $3 WHERE account_id = $1 AND passkey_id = $2`, a.ID, passkey, label)
		if err != nil {
			return err
		}
		if !ok {
			return ErrMissing
		}
		return s.act(ctx, tx, a, "factor.rename", a.ID, passkeyFactor)
	})
	return wrap(err, "rename passkey")
}
