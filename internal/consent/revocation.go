package consent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// signed is a signed text as it is kept.
type signed struct {
	text, signature []byte
	keyID           string
}

func keepRevocation(ctx context.Context, tx *db.Tx, c *Consent, s signed) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO consent_revocation (subject_id, consent_id, document, key_id, signature) VALUES ($1, $2, $3, $4, $5)`,
		c.Subject, c.ID, s.text, s.keyID, s.signature)
	return err
}

// Revocation gives the receipt of a consent's revocation to whoever may read the consent: the subject's account, staff of the grantee, an auditor. It is
// nil as long as the consent is not revoked, and for those that were revoked before revocations were kept.
func (s *Store) Revocation(ctx context.Context, who authz.Actor, consent int64) (*Receipt, error) {
	c, _, err := s.Get(ctx, who, consent)
	if err != nil {
		return nil, err
	}
	var k signed
	err = s.db.Read().QueryRowContext(ctx, `SELECT document, key_id, signature FROM consent_revocation WHERE subject_id = $1 AND consent_id = $2`, c.Subject, c.ID).
		Scan(&k.text, &k.keyID, &k.signature)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is no error
	}
	if err != nil {
		return nil, fmt.Errorf("consent: revocation: %w", err)
	}
	return s.receipt(k.text, k.signature, k.keyID), nil
}
