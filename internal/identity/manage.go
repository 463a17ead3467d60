package identity

import (
	"context"

	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// manage runs a change of an account that somebody else makes, when the permission table allows it, and drops what this process believes of it.
func (s *Service) manage(ctx context.Context, by authz.Actor, account int64, change func(ctx context.Context, tx *db.Tx, r *record) error) error {
	if by.Kind == authz.Account && by.ID == account {
		return ErrOwn
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.byID(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := s.allow(by, authz.AccountManage, authz.Scope{Agency: r.Agency, Region: r.Region, Account: account}); err != nil {
			return err
		}
		if r.State == Closed {
			return ErrClosed
		}
		return change(ctx, tx, r)
	})
	if err == nil {
		s.forget(account)
	}
	return wrap(err, "manage account")
}

// Disable closes an account: its sessions end and its keys stop at once.
func (s *Service) Disable(ctx context.Context, by authz.Actor, account int64) error {
	return s.setState(ctx, by, account, Disabled, "account.disable")
}

// Enable opens a disabled account again.
func (s *Service) Enable(ctx context.Context, by authz.Actor, account int64) error {
	return s.setState(ctx, by, account, Active, "account.enable")
}

func (s *Service) setState(ctx context.Context, by authz.Actor, account int64, to State, action string) error {
	return s.manage(ctx, by, account, func(ctx context.Context, tx *db.Tx, r *record) error {
		if r.State == to {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE account SET state = $2, changed_at = $3 WHERE account_id = $1`, account, string(to), s.Clock.Now().UnixMicro()); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, account, 0, "disabled"); err != nil {
			return err
		}
		return s.act(ctx, tx, by, action, account, "")
	})
}

// Reset gives an account a temporary password, ends its sessions and forgets its browsers; its second factor stays.
func (s *Service) Reset(ctx context.Context, by authz.Actor, account int64) (password string, err error) {
	password = temporary()
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.manage(ctx, by, account, func(ctx context.Context, tx *db.Tx, r *record) error {
		if err := s.writePassword(ctx, tx, account, hash, true); err != nil {
			return err
		}
		if err := clearGates(ctx, tx, s.gate(gateFactors, accountEntity(account))); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, account, 0, "password"); err != nil {
			return err
		}
		return s.act(ctx, tx, by, "account.reset_password", account, "")
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// ResetFactor removes the second factors of an account whose owner lost them; the owner enrols anew at the next sign-in.
func (s *Service) ResetFactor(ctx context.Context, by authz.Actor, account int64) error {
	return s.manage(ctx, by, account, func(ctx context.Context, tx *db.Tx, _ *record) error {
		for _, q := range []string{
			`DELETE FROM credential_totp WHERE account_id = $1`, `DELETE FROM credential_recovery WHERE account_id = $1`,
			`DELETE FROM credential_passkey WHERE account_id = $1`, `DELETE FROM account_device WHERE account_id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, q, account); err != nil {
				return err
			}
		}
		if err := s.endSessions(ctx, tx, account, 0, "factor"); err != nil {
			return err
		}
		return s.act(ctx, tx, by, "account.reset_factor", account, "")
	})
}

// writePassword keeps a hash. One that was handed out must be changed, and forgets the browsers that were trusted.
func (s *Service) writePassword(ctx context.Context, tx *db.Tx, account int64, hash string, handedOut bool) error {
	now := s.Clock.Now().UnixMicro()
	_, err := tx.ExecContext(ctx, `UPDATE account SET password = $2, password_at = $3, must_change = $4, changed_at = $3 WHERE account_id = $1`,
		account, s.sealHash(account, hash), now, bit(handedOut))
	if err == nil && handedOut {
		_, err = tx.ExecContext(ctx, `DELETE FROM account_device WHERE account_id = $1`, account)
	}
	return err
}

// Show gives an account with its grants to those who may see it: its owner, and who manages or audits accounts.
func (s *Service) Show(ctx context.Context, by authz.Actor, account int64) (*Account, []Held, error) {
	r, err := s.byID(ctx, s.DB.Read(), account)
	if err != nil {
		return nil, nil, wrap(err, "show account")
	}
	if !(by.Kind == authz.Account && by.ID == account) {
		if err := s.Authority.See(ctx, by, authz.AccountRead, authz.Scope{Agency: r.Agency, Region: r.Region, Account: account}, ErrMissing); err != nil {
			return nil, nil, err
		}
	}
	held, err := s.grants(ctx, s.DB.Read(), account)
	return &r.Account, held, wrap(err, "show account")
}

// Find gives the account of a login to those who may see it.
func (s *Service) Find(ctx context.Context, by authz.Actor, login string) (*Account, error) {
	if err := s.mayList(by); err != nil { // before the look, so that a refusal does not tell which logins there are
		return nil, err
	}
	r, err := s.byLogin(ctx, s.DB.Read(), s.loginKey(login))
	if err != nil {
		return nil, wrap(err, "find account")
	}
	if err := s.allow(by, authz.AccountRead, authz.Scope{Agency: r.Agency, Region: r.Region, Account: r.ID}); err != nil {
		return nil, err
	}
	return &r.Account, nil
}

// Filter chooses accounts of a list.
type Filter struct {
	Kind   AccountKind // "" = every kind
	Agency int64       // 0 = every unit
	After  int64       // id of the last account of the page before
	Limit  int         // 0 = 50; at most 200
}

// List gives accounts in order of their opening, without those that the caller may not know of.
func (s *Service) List(ctx context.Context, by authz.Actor, f Filter) ([]Account, error) {
	if err := s.mayList(by); err != nil {
		return nil, err
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var out []Account
	for len(out) < f.Limit {
		page, err := s.page(ctx, f)
		if err != nil {
			return nil, wrap(err, "list accounts")
		}
		for i := range page {
			f.After = page[i].ID
			d := s.Authority.Decide(by, authz.AccountRead, authz.Scope{Agency: page[i].Agency, Region: page[i].Region, Account: page[i].ID})
			if d.Allowed && len(out) < f.Limit {
				out = append(out, page[i].Account)
			}
		}
		if len(page) < listPage {
			break
		}
	}
	return out, nil
}

const listPage = 200

// mayList says whether there is any part of the city whose accounts the caller may see.
func (s *Service) mayList(by authz.Actor) error {
	err := s.allow(by, authz.AccountRead, authz.Scope{})
	for _, g := range by.Grants {
		if err != nil && g.Region != "" {
			err = s.allow(by, authz.AccountRead, authz.Scope{Region: g.Region})
		}
	}
	return err
}

func (s *Service) page(ctx context.Context, f Filter) ([]*record, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.account_id > $1 AND (CAST($2 AS TEXT) = '' OR a.kind = $2) AND (CAST($3 AS BIGINT) = 0 OR a.agency_id = $3)
		ORDER BY a.account_id LIMIT $4`, f.After, string(f.Kind), f.Agency, listPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*record
	for rows.Next() {
		r, err := s.scanAccount(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
