package identity

import (
	"context"
	"slices"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Tie is a unified identity by which its owner may enter an account.
type Tie struct {
	Issuer    string
	Name      string // of the provider in addresses; "" = this installation no longer offers it
	Label     string // of the provider on buttons
	CreatedAt time.Time
}

// Faults of the ways into an account.
var (
	ErrLastWay    = fault.New(fault.Conflict, "identity.last_way", "这是进入本账号的最后一种方式，去掉以后谁也进不来", "请先登记一把通行密钥，或者关联另一个统一身份，再来办理")
	ErrStrongNeed = fault.New(fault.Denied, "identity.strong_need", "更改登录方式前，要先在本次登录中完成第二步验证", "请退出后用动态口令、恢复码或通行密钥重新登录")
)

// Ties lists the unified identities that the caller's account is tied to, by their issuers.
func (s *Service) Ties(ctx context.Context, a authz.Actor) ([]Tie, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	out, err := s.ties(ctx, s.DB.Read(), a.ID)
	return out, wrap(err, "ties")
}

func (s *Service) ties(ctx context.Context, q db.Querier, account int64) ([]Tie, error) {
	rows, err := q.QueryContext(ctx, `SELECT issuer, min(created_at) FROM oidc_identity WHERE account_id = $1 GROUP BY issuer ORDER BY issuer`, account)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Tie
	for rows.Next() {
		var t Tie
		var created int64
		if err := rows.Scan(&t.Issuer, &created); err != nil {
			return nil, err
		}
		t.CreatedAt = instant(created)
		if i := slices.IndexFunc(s.Providers, func(p Provider) bool { return p.Issuer == t.Issuer }); i >= 0 {
			t.Name, t.Label = s.Providers[i].Name, s.Providers[i].Label
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// enters says whether an account can still be entered: by its password, by a passkey where the site has them, or by a unified identity that
// this installation offers. A code of an authenticator is no way in by itself.
func (s *Service) enters(ctx context.Context, q db.Querier, account int64) (bool, error) {
	r, err := s.byID(ctx, q, account)
	if err != nil {
		return false, err
	}
	if r.Password || r.Passkeys > 0 && s.passkeys.WebAuthn != nil {
		return true, nil
	}
	ties, err := s.ties(ctx, q, account)
	return slices.ContainsFunc(ties, func(t Tie) bool { return t.Name != "" }), err
}

// Untie gives up every identity of an issuer that the caller's account is tied to, unless it is the last way in. The account's other sessions end:
// one of them may have come in that way. What the issuer once vouched for, such as a claim, stays.
func (s *Service) Untie(ctx context.Context, a authz.Actor, issuer string) error {
	if err := self(a); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.touchAccount(ctx, tx, a.ID); err != nil { // two ways given up at once meet here
			return err
		}
		r, err := s.byID(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if r.factor() && !a.Strong {
			return ErrStrongNeed
		}
		gone, err := tx.ExecContext(ctx, `DELETE FROM oidc_identity WHERE account_id = $1 AND issuer = $2`, a.ID, issuer)
		if err != nil {
			return err
		}
		if n, err := gone.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrMissing
		}
		if err := s.keepWay(ctx, tx, a.ID); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, a.ID, a.Session, "untie"); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "oidc.untie", a.ID, issuer)
	})
	if err == nil {
		s.forget(a.ID)
	}
	return wrap(err, "untie identity")
}

// keepWay refuses a change within tx that leaves no way into an account.
func (s *Service) keepWay(ctx context.Context, tx *db.Tx, account int64) error {
	ok, err := s.enters(ctx, tx, account)
	if err == nil && !ok {
		err = ErrLastWay
	}
	return err
}
