package identity

import (
	"context"
	"errors"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Attempt is somebody who wants to sign in, with where from.
type Attempt struct {
	Login    string
	Password string
	Code     string // of the authenticator, or a recovery code; may be left for the second step
	Device   string // the cookie that an earlier sign-in in this browser gave
	Address  string // network address
	Agent    string // User-Agent
}

// ErrSignIn refuses a sign-in without saying what was wrong.
var ErrSignIn = fault.New(fault.Denied, "identity.sign_in", "登录名、口令或验证码不对，或者账号不能使用",
	"请检查后重试；忘记口令请联系本单位的安全管理员重置")

// HandedOutFor is how long a password that somebody else handed over opens an account: a slip of paper that nobody used is worth nothing after a week.
const HandedOutFor = 7 * 24 * time.Hour

// ErrHandedOut refuses such a password after that. It is said to whoever gave the right password alone.
var ErrHandedOut = fault.New(fault.Denied, "identity.handed_out", "这个临时口令已经过期：交给您以后七天内没有使用", "请联系安全管理员重新设置口令")

// known is the browser of an attempt: the hash of its token when the account signed in there before.
type known struct{ device string }

func (k known) yes() bool { return k.device != "" }

// SignIn proves an account by its password, and by a code if one is given along. When the account has a second factor and no code came
// along, the session waits for it (FactorDue). The package's documentation says how attempts are slowed down.
func (s *Service) SignIn(ctx context.Context, in Attempt) (*Session, error) {
	key := s.loginKey(in.Login)
	r, err := s.byLogin(ctx, s.DB.Read(), key)
	if err != nil && !errors.Is(err, ErrMissing) {
		return nil, wrap(err, "sign in")
	}
	if err != nil || r.State != Active {
		r = &record{} // goes the same way and fails
	}
	device, err := s.knownDevice(ctx, r.ID, in.Device)
	if err != nil {
		return nil, wrap(err, "sign in")
	}
	k := known{device}
	if err := s.admitPassword(ctx, key, r, in, k); err != nil {
		return nil, err
	}
	ok, stale, err := s.hasher.check(ctx, r.hash, in.Password, k.yes())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.refuse(ctx, r.ID, in, "password")
	}
	if r.MustChange && s.Clock.Now().Sub(r.PasswordAt) > HandedOutFor {
		if err := s.refuse(ctx, r.ID, in, "handed_out"); !errors.Is(err, ErrSignIn) {
			return nil, err
		}
		return nil, ErrHandedOut
	}
	return s.passed(ctx, key, r, in, k, stale)
}

// passwordGates gives the gates of an attempt with a password.
func (s *Service) passwordGates(key string, in Attempt, k known) []gate {
	if k.yes() {
		return []gate{s.gate(gateDevice, key, k.device)}
	}
	return []gate{s.gate(gatePair, key, network(in.Address)), s.gate(gateAddress, network(in.Address))}
}

// admitPassword lets an attempt through to the password. One that must wait may still pass with a second factor along: a right recovery code
// (of 120 random bits), or any code at a gate of its own; whether the code was right stays hidden behind the password's answer.
func (s *Service) admitPassword(ctx context.Context, key string, r *record, in Attempt, k known) error {
	err := s.admit(ctx, s.passwordGates(key, in, k)...)
	var wait *Throttled
	if !errors.As(err, &wait) || in.Code == "" || k.yes() {
		return err
	}
	if p, ok, err := s.findFactor(ctx, s.DB.Read(), r, in.Code); err != nil {
		return wrap(err, "sign in")
	} else if ok && p.recovery != "" {
		return nil
	}
	if s.admit(ctx, s.gate(gateCode, key, network(in.Address))) != nil {
		return err
	}
	return nil
}

// refuse records a failed attempt and gives the one answer.
func (s *Service) refuse(ctx context.Context, account int64, in Attempt, what string) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.act(ctx, tx, visitor(in.Address), "session.refuse", account, what)
	})
	if err != nil {
		return wrap(err, "sign in")
	}
	return ErrSignIn
}

// passed goes on behind a right password: second factor if one came along, then the session.
func (s *Service) passed(ctx context.Context, key string, r *record, in Attempt, k known, stale bool) (*Session, error) {
	var p proof
	if in.Code != "" && r.factor() {
		var ok bool
		var err error
		if p, ok, err = s.tryFactor(ctx, r, in, k); err != nil {
			return nil, err
		}
		if !ok {
			return nil, s.refuse(ctx, r.ID, in, "factor")
		}
	}
	fresh := ""
	if stale {
		if h, err := s.hasher.hash(ctx, in.Password); err == nil { // else the next sign-in does it
			fresh = h
		}
	}
	st := start{method: "password", stage: stageOpen, strong: p.given(), Attempt: in}
	if r.factor() && !p.given() {
		st.stage = stageFactor
	}
	var out *Session
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.openGates(ctx, tx, key, r, in, k); err != nil {
			return err
		}
		if fresh != "" {
			if _, err := tx.ExecContext(ctx, `UPDATE account SET password = $2 WHERE account_id = $1`, r.ID, s.sealHash(r.ID, fresh)); err != nil {
				return err
			}
		}
		var err error
		out, err = s.begin(ctx, tx, r, p, st)
		return err
	})
	if errors.Is(err, ErrSignIn) { // the code was used a moment ago
		return nil, s.refuse(ctx, r.ID, in, "replay")
	}
	return out, wrap(err, "sign in")
}

// openGates clears what a right password clears. The address keeps what others' logins cost it.
func (s *Service) openGates(ctx context.Context, tx *db.Tx, key string, r *record, in Attempt, k known) error {
	if k.yes() {
		return clearGates(ctx, tx, s.gate(gateDevice, key, k.device))
	}
	if err := clearGates(ctx, tx, s.gate(gatePair, key, network(in.Address)), s.gate(gateCode, key, network(in.Address))); err != nil {
		return err
	}
	return s.release(ctx, tx, s.gate(gateAddress, network(in.Address)))
}

// begin uses up a proof, starts the session and records it.
func (s *Service) begin(ctx context.Context, tx *db.Tx, r *record, p proof, st start) (*Session, error) {
	if p.given() {
		ok, err := s.useFactor(ctx, tx, r.ID, p)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, ErrSignIn
		}
	}
	// The account may have been closed since it was read.
	ok, err := changed(ctx, tx, `UPDATE account SET login_at = $2 WHERE account_id = $1 AND state = 'active'`, r.ID, s.Clock.Now().UnixMicro())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrSignIn
	}
	out, err := s.startSession(ctx, tx, r, st)
	if err != nil {
		return nil, err
	}
	who := authz.Actor{ID: r.ID, Kind: authz.Account, Session: out.ID, Address: st.Address}
	action := "session.begin"
	if st.stage == stageFactor {
		action = "session.first_factor"
	}
	return out, s.act(ctx, tx, who, action, r.ID, st.method)
}

// SignInFactor completes a session that waits for its second factor with a code; the session gets another token.
func (s *Service) SignInFactor(ctx context.Context, raw, code string, in Attempt) (*Session, error) {
	e, r, err := s.waiting(ctx, raw)
	if err != nil {
		return nil, err
	}
	device, err := s.knownDevice(ctx, r.ID, in.Device)
	if err != nil {
		return nil, wrap(err, "second factor")
	}
	in.Code = code
	p, ok, err := s.tryFactor(ctx, r, in, known{device})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.refuse(ctx, r.ID, in, "factor")
	}
	out, err := s.complete(ctx, e, r, p, in)
	if errors.Is(err, ErrSignIn) {
		return nil, s.refuse(ctx, r.ID, in, "replay")
	}
	return out, err
}

// waiting gives the session that waits for a second factor, and its account.
func (s *Service) waiting(ctx context.Context, raw string) (*sessionEntry, *record, error) {
	hash, ok := tokenHash(sessionPrefix, raw)
	if !ok {
		return nil, nil, ErrSession
	}
	e, err := s.session(ctx, hash)
	if err != nil {
		return nil, nil, err
	}
	if e.stage != stageFactor || s.Clock.Now().Sub(e.created) >= s.Limits.Factor {
		return nil, nil, ErrSession
	}
	r, err := s.byID(ctx, s.DB.Read(), e.account)
	return e, r, wrap(err, "second factor")
}

// complete opens a session whose second factor was given.
func (s *Service) complete(ctx context.Context, e *sessionEntry, r *record, p proof, in Attempt) (*Session, error) {
	out := &Session{ID: e.id, Account: r.ID}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p.given() {
			ok, err := s.useFactor(ctx, tx, r.ID, p)
			if err != nil {
				return err
			}
			if !ok {
				return ErrSignIn
			}
		}
		var err error
		if out.Token, err = s.rotate(ctx, tx, e.id, r.ID, true); err != nil {
			return err
		}
		if err := s.describe(ctx, tx, r, out, start{stage: stageOpen, strong: true, Attempt: in}); err != nil {
			return err
		}
		who := authz.Actor{ID: r.ID, Kind: authz.Account, Session: e.id, Address: in.Address}
		return s.act(ctx, tx, who, "session.begin", r.ID, "second factor")
	})
	if err != nil {
		return nil, wrap(err, "second factor")
	}
	s.forget(r.ID)
	return out, nil
}

// ChangePassword replaces the caller's own password. Every other session ends, this one gets another token, and browsers are remembered anew.
func (s *Service) ChangePassword(ctx context.Context, a authz.Actor, current, next string) (*Session, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	r, err := s.byID(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return nil, wrap(err, "change password")
	}
	confirm := s.gate(gateConfirm, accountEntity(a.ID))
	if err := s.admit(ctx, confirm); err != nil {
		return nil, err
	}
	ok, _, err := s.hasher.check(ctx, r.hash, current, true)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrCurrent
	}
	if canonical(current) == canonical(next) {
		return nil, ErrPasswordSame
	}
	if err := s.checkPassword(next, r.Login, r.Name); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	out := &Session{ID: a.Session, Account: a.ID}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := clearGates(ctx, tx, confirm); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_device WHERE account_id = $1`, a.ID); err != nil {
			return err
		}
		return s.renew(ctx, tx, a, r, hash, out)
	})
	if err != nil {
		return nil, wrap(err, "change password")
	}
	s.forget(a.ID)
	return out, nil
}

// ErrCurrent says that the password asked for again is wrong.
var ErrCurrent = fault.New(fault.Invalid, "identity.current", "现用口令不对", "请重新输入现用口令")

// renew writes a new password of one's own and rotates the session.
func (s *Service) renew(ctx context.Context, tx *db.Tx, a authz.Actor, r *record, hash string, out *Session) error {
	if err := s.writePassword(ctx, tx, a.ID, hash, false); err != nil {
		return err
	}
	if err := s.endSessions(ctx, tx, a.ID, a.Session, "password"); err != nil {
		return err
	}
	var err error
	if out.Token, err = s.rotate(ctx, tx, a.Session, a.ID, false); err != nil {
		return err
	}
	now := *r
	now.MustChange, now.PasswordAt = false, s.Clock.Now()
	if err := s.describe(ctx, tx, &now, out, start{stage: stageOpen, strong: a.Strong}); err != nil {
		return err
	}
	return s.act(ctx, tx, a, "account.change_password", a.ID, "")
}
