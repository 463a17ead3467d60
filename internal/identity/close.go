package identity

import (
	"context"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// Closing is how an owner confirms that the account shall be closed.
type Closing struct {
	Password string
	Code     string // of the authenticator, or a recovery code; for accounts without a password
}

// Faults of closing.
var (
	ErrCloseWork  = fault.New(fault.Denied, "identity.close_work", "工作账号和机构账号由单位管理，不能自行注销", "离岗或者不再使用的，请本单位的安全管理员停用账号")
	ErrCloseFresh = fault.New(fault.Denied, "identity.close_fresh", "这个账号没有口令，要靠刚刚登录来确认是本人，而这次登录已经超过十分钟", "请退出后重新登录，在十分钟内办理；有恢复码的，也可以填一个恢复码")
	ErrClosed     = fault.New(fault.Conflict, "identity.closed", "这个账号已经由本人注销", "注销不能恢复；需要时请本人重新开立账号")
)

// freshFor is how long a sign-in says by itself that its owner is there, for accounts without a password.
const freshFor = 10 * time.Minute

// closedName stands for the name of a closed account, which is erased.
const closedName = "已注销账号"

// CloseAccount closes the caller's own account for good: grants, sessions and keys end, and everything by which the account is a person is erased. The row
// stays with its number alone, because the logs that law keeps name accounts by number. Accounts for work belong to their unit, which disables them.
func (s *Service) CloseAccount(ctx context.Context, a authz.Actor, c Closing) error {
	if err := self(a); err != nil {
		return err
	}
	r, err := s.byID(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return wrap(err, "close account")
	}
	switch {
	case r.Kind != ResidentAccount && r.Kind != BusinessAccount:
		return ErrCloseWork
	case r.State == Closed:
		return ErrClosed
	}
	confirm := s.gate(gateConfirm, accountEntity(a.ID))
	if err := s.admit(ctx, confirm); err != nil {
		return err
	}
	p, err := s.proveOwner(ctx, a, r, c)
	if err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := clearGates(ctx, tx, confirm); err != nil {
			return err
		}
		if p.given() {
			ok, err := s.useFactor(ctx, tx, a.ID, p)
			if err != nil {
				return err
			}
			if !ok { // used a moment ago
				return ErrCode
			}
		}
		if err := s.erase(ctx, tx, a.ID); err != nil {
			return err
		}
		if s.Closing != nil {
			if err := s.Closing(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		return s.act(ctx, tx, a, "account.close", a.ID, "")
	})
	if err != nil {
		return wrap(err, "close account")
	}
	s.forget(a.ID)
	return nil
}

// proveOwner asks for the password, where the account has one, and for the second factor, where it has one and the session did not give it. An
// account without a password is proven by a code, or by a sign-in of a moment ago.
func (s *Service) proveOwner(ctx context.Context, a authz.Actor, r *record, c Closing) (proof, error) {
	if r.Password {
		ok, _, err := s.hasher.check(ctx, r.hash, c.Password, true)
		if err != nil {
			return proof{}, err
		}
		if !ok {
			return proof{}, ErrCurrent
		}
		if !r.factor() || a.Strong {
			return proof{}, nil
		}
	}
	if c.Code != "" || r.Password {
		p, ok, err := s.findFactor(ctx, s.DB.Read(), r, c.Code)
		if err == nil && !ok {
			err = ErrCode
		}
		return p, wrap(err, "close account")
	}
	var begun int64
	err := s.DB.Read().QueryRowContext(ctx, `SELECT created_at FROM session WHERE session_id = $1 AND account_id = $2 AND ended_at = 0`, a.Session, a.ID).Scan(&begun)
	if isNoRows(err) || err == nil && s.Clock.Now().Sub(instant(begun)) >= freshFor {
		err = ErrCloseFresh
	}
	return proof{}, wrap(err, "close account")
}

// erase takes away within tx what an account is and how it is proven. Claims stay as numbers: that one was made and how it was decided, without the document,
// without whom a resident is, and their evidence is due at once.
func (s *Service) erase(ctx context.Context, tx *db.Tx, account int64) error {
	ok, err := changed(ctx, tx, `UPDATE account SET login = $2, sealed = '', handle = $3, agency_id = 0, region = '', state = $4, password = '', password_at = 0, must_change = 0,
		changed_at = $5, login_at = 0 WHERE account_id = $1 AND state = 'active'`,
		account, "closed-"+id.Random(), "closed-"+id.Random(), string(Closed), s.Clock.Now().UnixMicro())
	if err != nil {
		return err
	}
	if !ok {
		return ErrClosed
	}
	for _, q := range []string{
		`DELETE FROM account_grant WHERE account_id = $1`, `DELETE FROM account_device WHERE account_id = $1`, `DELETE FROM session WHERE account_id = $1`,
		`DELETE FROM credential_totp WHERE account_id = $1`, `DELETE FROM credential_recovery WHERE account_id = $1`,
		`DELETE FROM credential_passkey WHERE account_id = $1`, `DELETE FROM credential_ceremony WHERE account_id = $1`,
		`DELETE FROM oidc_identity WHERE account_id = $1`, `DELETE FROM oidc_flow WHERE account_id = $1`, `DELETE FROM apikey WHERE account_id = $1`,
		`UPDATE claim SET state = 'ended', person = '', sealed = '', region = '', why = '', subject_id = CASE WHEN kind = 'resident' THEN 0 ELSE subject_id END WHERE account_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, account); err != nil {
			return err
		}
	}
	return nil
}
