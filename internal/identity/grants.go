package identity

import (
	"context"
	"database/sql"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Held is a grant that an account has.
type Held struct {
	ID    int64
	Claim int64 // the claim that it rests on; 0 = given by an administrator
	authz.Grant
}

// checkGrants refuses grants that do not fit the kind of account or each other.
func (s *Service) checkGrants(k AccountKind, list []authz.Grant) error {
	if !k.valid() {
		return ErrKind
	}
	for _, g := range list {
		if !k.allows(g.Role) {
			return ErrRoleKind
		}
	}
	return authz.Compatible(list)
}

func (s *Service) grants(ctx context.Context, q db.Querier, account int64) ([]Held, error) {
	rows, err := q.QueryContext(ctx, `SELECT grant_id, claim_id, role, agency_id, region, subject_id FROM account_grant WHERE account_id = $1 ORDER BY grant_id`, account)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Held
	for rows.Next() {
		var h Held
		if err := rows.Scan(&h.ID, &h.Claim, &h.Role, &h.Agency, &h.Region, &h.Subject); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// ActFor gives the accounts in use that act for a subject.
func (s *Service) ActFor(ctx context.Context, q db.Querier, subject int64) ([]int64, error) {
	return s.holders(ctx, q, `subject_id`, subject)
}

// WorkFor gives the accounts in use that have a role in a unit.
func (s *Service) WorkFor(ctx context.Context, q db.Querier, agency int64) ([]int64, error) {
	return s.holders(ctx, q, `agency_id`, agency)
}

func (*Service) holders(ctx context.Context, q db.Querier, column string, of int64) (out []int64, err error) {
	if of <= 0 {
		return nil, nil
	}
	err = db.ForEach(ctx, q, func(rows *sql.Rows) error {
		var account int64
		err := rows.Scan(&account)
		out = append(out, account)
		return err
	}, `SELECT DISTINCT g.account_id FROM account_grant g JOIN account a ON a.account_id = g.account_id WHERE g.`+column+` = $1 AND a.state = 'active' ORDER BY g.account_id`, of)
	if err != nil {
		return nil, fmt.Errorf("identity: holders: %w", err)
	}
	return out, nil
}

func plain(list []Held) []authz.Grant {
	out := make([]authz.Grant, len(list))
	for i, h := range list {
		out[i] = h.Grant
	}
	return out
}

func (s *Service) insertGrant(ctx context.Context, tx *db.Tx, by authz.Actor, account int64, g authz.Grant, claim int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO account_grant (account_id, grant_id, role, agency_id, region, subject_id, claim_id, granted_by, granted_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, account, s.IDs.Next(), string(g.Role), g.Agency, g.Region, g.Subject, claim, by.String(), s.Clock.Now().UnixMicro())
	if err != nil {
		return err
	}
	return s.act(ctx, tx, by, "account.grant", account, string(g.Role))
}

// ErrGranted says that the account has the grant already.
var ErrGranted = fault.New(fault.Conflict, "identity.granted", "账号已经有这个角色和范围", "不用再授予")

// mayGrant refuses roles that come from claims only, and roles that reach beyond where the giver manages accounts.
func (s *Service) mayGrant(by authz.Actor, g authz.Grant) error {
	if g.Role == authz.BusinessAgent || g.Role == authz.Resident {
		return ErrRoleKind
	}
	return s.allow(by, authz.AccountManage, authz.Scope{Agency: g.Agency, Region: g.Region, Author: authz.NoAccount})
}

// Grant gives an account a role. The roles of residents and businesses' agents come from claims only. Its sessions end: the next sign-in
// has the new role.
func (s *Service) Grant(ctx context.Context, by authz.Actor, account int64, g authz.Grant) error {
	if by.Kind == authz.Account && by.ID == account {
		return ErrOwn
	}
	if err := s.mayGrant(by, g); err != nil {
		return err
	}
	return s.manage(ctx, by, account, func(ctx context.Context, tx *db.Tx, r *record) error {
		have, err := s.grants(ctx, tx, account)
		if err != nil {
			return err
		}
		for _, h := range have {
			if h.Grant == g {
				return ErrGranted
			}
		}
		if err := s.checkGrants(r.Kind, append(plain(have), g)); err != nil {
			return err
		}
		// Two grants at once that do not go together must not both pass: both write the account's row.
		if err := s.touchAccount(ctx, tx, account); err != nil {
			return err
		}
		if err := s.insertGrant(ctx, tx, by, account, g, 0); err != nil {
			return err
		}
		return s.endSessions(ctx, tx, account, 0, "grants")
	})
}

// Revoke takes a grant away, and ends the claim that it rests on. Its sessions end.
func (s *Service) Revoke(ctx context.Context, by authz.Actor, account, grant int64) error {
	return s.manage(ctx, by, account, func(ctx context.Context, tx *db.Tx, _ *record) error {
		have, err := s.grants(ctx, tx, account)
		if err != nil {
			return err
		}
		for _, h := range have {
			if h.ID != grant {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM account_grant WHERE account_id = $1 AND grant_id = $2`, account, grant); err != nil {
				return err
			}
			if h.Claim != 0 {
				if _, err := tx.ExecContext(ctx, `UPDATE claim SET state = 'ended', sealed = '' WHERE claim_id = $1`, h.Claim); err != nil {
					return err
				}
			}
			if err := s.touchAccount(ctx, tx, account); err != nil {
				return err
			}
			if err := s.act(ctx, tx, by, "account.revoke", account, string(h.Role)); err != nil {
				return err
			}
			return s.endSessions(ctx, tx, account, 0, "grants")
		}
		return ErrMissing
	})
}

func (s *Service) touchAccount(ctx context.Context, tx *db.Tx, account int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE account SET changed_at = $2 WHERE account_id = $1`, account, s.Clock.Now().UnixMicro())
	return err
}
