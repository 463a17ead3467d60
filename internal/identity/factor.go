package identity

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Time steps of RFC 6238: 30 seconds, six digits, HMAC-SHA-1, which is what every authenticator app reads; one step of drift either way.
const (
	stepSeconds = 30
	codeDigits  = 6
	drift       = 1
	secretChars = 32 // of base32: 160 bits, RFC 4226 section 4
)

const base32Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// Recovery codes: 24 letters of base32, 120 bits, so that guessing needs no throttle and a keyed hash is enough to keep them (ASVS 5.0 V6.5.2).
const (
	recoveryChars = 24
	recoveryCodes = 10
)

// proof is a second factor that is right but not yet used up.
type proof struct {
	step     int64                               // of the authenticator
	recovery string                              // token of the recovery code
	gates    []gate                              // to open again
	use      func(context.Context, *db.Tx) error // of a passkey: keeps its counter
}

func (p proof) given() bool { return p.step > 0 || p.recovery != "" || p.use != nil }

// codeAt gives the code of a secret at a step, with the leading zeros.
func codeAt(secret string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// matchStep gives the step of a code near an instant, later than the last one used; 0 when there is none.
func matchStep(secret, code string, at time.Time, last int64) (int64, error) {
	now := at.Unix() / stepSeconds
	found := int64(0)
	for step := now - drift; step <= now+drift; step++ {
		want, err := codeAt(secret, step)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	return found, nil
}

// foldCode takes the spaces and dashes out of a code.
func foldCode(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return r
	}, strings.TrimSpace(code)))
}

// findFactor says whether a code proves the account, without using it up.
func (s *Service) findFactor(ctx context.Context, q db.Querier, r *record, code string) (proof, bool, error) {
	code = foldCode(code)
	switch {
	case r.ID == 0:
		return proof{}, false, nil
	case len(code) == codeDigits:
		return s.findStep(ctx, q, r.ID, code)
	case len(code) == recoveryChars:
		t := s.recoveryToken(r.ID, code)
		var n int
		err := q.QueryRowContext(ctx, `SELECT count(*) FROM credential_recovery WHERE account_id = $1 AND token = $2 AND used_at = 0`, r.ID, t).Scan(&n)
		return proof{recovery: t}, n == 1, err
	}
	return proof{}, false, nil
}

func (s *Service) findStep(ctx context.Context, q db.Querier, account int64, code string) (proof, bool, error) {
	var sealed string
	var last int64
	err := q.QueryRowContext(ctx, `SELECT sealed, last_step FROM credential_totp WHERE account_id = $1 AND confirmed_at > 0`, account).Scan(&sealed, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return proof{}, false, nil
	}
	if err != nil {
		return proof{}, false, err
	}
	secret, err := s.Ring.Open("totp/"+accountEntity(account), sealed)
	if err != nil {
		return proof{}, false, err
	}
	step, err := matchStep(secret, code, s.Clock.Now(), last)
	return proof{step: step}, step > 0, err
}

func (s *Service) recoveryToken(account int64, code string) string {
	return s.keyed("recovery", accountEntity(account), code)
}

// tryFactor checks a code behind a right password, at gates of its own.
func (s *Service) tryFactor(ctx context.Context, r *record, in Attempt, k known) (proof, bool, error) {
	p, ok, err := s.findFactor(ctx, s.DB.Read(), r, in.Code)
	if err != nil || ok && p.recovery != "" {
		return p, ok, wrap(err, "second factor")
	}
	entity := accountEntity(r.ID)
	gates := []gate{s.gate(gateFactor, entity, k.device)}
	if !k.yes() {
		gates = []gate{s.gate(gateFactor, entity, network(in.Address)), s.gate(gateFactors, entity)}
	}
	if err := s.admit(ctx, gates...); err != nil {
		return proof{}, false, err
	}
	p.gates = gates
	return p, ok, nil
}

// useFactor uses a proof up; false when another attempt was first.
func (s *Service) useFactor(ctx context.Context, tx *db.Tx, account int64, p proof) (bool, error) {
	if err := clearGates(ctx, tx, p.gates...); err != nil {
		return false, err
	}
	if p.use != nil {
		return true, p.use(ctx, tx)
	}
	if p.recovery != "" {
		ok, err := changed(ctx, tx, `UPDATE credential_recovery SET used_at = $3 WHERE account_id = $1 AND token = $2 AND used_at = 0`, account, p.recovery, s.Clock.Now().UnixMicro())
		if err != nil || !ok {
			return ok, err
		}
		return true, s.act(ctx, tx, authz.Actor{ID: account, Kind: authz.Account}, "factor.recover", account, "")
	}
	return changed(ctx, tx, `UPDATE credential_totp SET last_step = $2 WHERE account_id = $1 AND last_step < $3`, account, p.step, p.step)
}

// Faults of second factors.
var (
	ErrCode       = fault.New(fault.Invalid, "identity.code", "动态口令不对", "请等下一个口令出现后再输入；手机时间要准确")
	ErrFactorNeed = fault.New(fault.Denied, "identity.factor_need", "更改第二步验证前，要先在本次登录中完成第二步验证", "请退出后用动态口令、恢复码或通行密钥重新登录")
	ErrFactorLast = fault.New(fault.Conflict, "identity.factor_last", "审计员和管理员必须保留至少一种第二步验证", "请先登记另一种，再删除这一种")
	ErrCeremony   = fault.New(fault.Conflict, "identity.ceremony", "这一步已经过期，或者已经用过", "请重新开始")
)

// TOTPSetup is what an authenticator needs to know. URL goes into a QR code.
type TOTPSetup struct {
	Ceremony string // to give back with the first code
	Secret   string
	URL      string
}

// mayEnrol says whether the caller may change second factors: the first one may be enrolled by whoever gave the password, every further change needs
// the second factor in this session.
func (s *Service) mayEnrol(ctx context.Context, a authz.Actor) (*record, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	r, err := s.byID(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return nil, wrap(err, "second factor")
	}
	if r.factor() && !a.Strong {
		return nil, ErrFactorNeed
	}
	return r, nil
}

// BeginTOTP makes a secret for the caller's authenticator. It counts only after ConfirmTOTP.
func (s *Service) BeginTOTP(ctx context.Context, a authz.Actor) (*TOTPSetup, error) {
	r, err := s.mayEnrol(ctx, a)
	if err != nil {
		return nil, err
	}
	secret := pick(base32Letters, secretChars)
	raw, err := s.keepCeremony(ctx, "totp", a.ID, secret)
	if err != nil {
		return nil, err
	}
	label := url.PathEscape(s.Issuer + ":" + r.Login)
	query := url.Values{"secret": {secret}, "issuer": {s.Issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(codeDigits)}, "period": {strconv.Itoa(stepSeconds)}}
	return &TOTPSetup{Ceremony: raw, Secret: secret, URL: "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")}, nil
}

// ConfirmTOTP enrols the authenticator when its code is right. The session becomes strong and gets another token, the account's other sessions
// end; recovery codes come along when the account had none.
func (s *Service) ConfirmTOTP(ctx context.Context, a authz.Actor, ceremony, code string) (*Session, []string, error) {
	r, err := s.mayEnrol(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	confirm := s.gate(gateConfirm, "totp", accountEntity(a.ID))
	if err := s.admit(ctx, confirm); err != nil {
		return nil, nil, err
	}
	secret, err := s.peekCeremony(ctx, "totp", a.ID, ceremony)
	if err != nil {
		return nil, nil, err
	}
	step, err := matchStep(secret, foldCode(code), s.Clock.Now(), 0)
	if err != nil {
		return nil, nil, wrap(err, "confirm authenticator")
	}
	if step == 0 {
		return nil, nil, ErrCode
	}
	r.TOTP = true
	return s.enrolled(ctx, a, r, "totp", func(ctx context.Context, tx *db.Tx) error {
		if err := clearGates(ctx, tx, confirm); err != nil {
			return err
		}
		if _, err := s.takeCeremony(ctx, tx, "totp", a.ID, ceremony); err != nil {
			return err
		}
		now := s.Clock.Now().UnixMicro()
		_, err := tx.ExecContext(ctx, `INSERT INTO credential_totp (account_id, sealed, confirmed_at, last_step, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at, last_step = excluded.last_step`,
			a.ID, s.Ring.Seal("totp/"+accountEntity(a.ID), secret), now, step, now)
		return err
	})
}

// enrolled keeps a new second factor and makes the session strong.
func (s *Service) enrolled(ctx context.Context, a authz.Actor, r *record, what string, keep func(context.Context, *db.Tx) error) (*Session, []string, error) {
	out, codes := &Session{ID: a.Session, Account: a.ID}, []string(nil)
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := keep(ctx, tx); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM credential_recovery WHERE account_id = $1 AND used_at = 0`, a.ID).Scan(&have); err != nil {
			return err
		}
		codes = nil
		if have == 0 {
			var err error
			if codes, err = s.writeRecovery(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		if err := s.endSessions(ctx, tx, a.ID, a.Session, "factor"); err != nil {
			return err
		}
		var err error
		if out.Token, err = s.rotate(ctx, tx, a.Session, a.ID, true); err != nil {
			return err
		}
		if err := s.describe(ctx, tx, r, out, start{stage: stageOpen, strong: true}); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "factor.enrol", a.ID, what)
	})
	if err != nil {
		return nil, nil, wrap(err, "enrol")
	}
	s.forget(a.ID)
	return out, codes, nil
}

// RemoveTOTP removes the caller's authenticator.
func (s *Service) RemoveTOTP(ctx context.Context, a authz.Actor) error {
	return s.removeFactor(ctx, a, "totp", func(ctx context.Context, tx *db.Tx) (bool, error) {
		return changed(ctx, tx, `DELETE FROM credential_totp WHERE account_id = $1`, a.ID)
	})
}

// removeFactor removes one second factor; administrators and auditors keep one, and with the last one the recovery codes go too.
func (s *Service) removeFactor(ctx context.Context, a authz.Actor, what string, remove func(context.Context, *db.Tx) (bool, error)) error {
	if err := self(a); err != nil {
		return err
	}
	if !a.Strong {
		return ErrFactorNeed
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := remove(ctx, tx)
		if err != nil {
			return err
		}
		if !ok {
			return ErrMissing
		}
		r, err := s.byID(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		held, err := s.grants(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if !r.factor() {
			if watches(plain(held)) {
				return ErrFactorLast
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM credential_recovery WHERE account_id = $1`, a.ID); err != nil {
				return err
			}
		}
		if what == passkeyFactor { // an authenticator is no way in by itself
			if err := s.keepWay(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		if err := s.touchAccount(ctx, tx, a.ID); err != nil { // two removals at once meet here
			return err
		}
		if err := s.endSessions(ctx, tx, a.ID, a.Session, "factor"); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "factor.remove", a.ID, what)
	})
	if err == nil {
		s.forget(a.ID)
	}
	return wrap(err, "remove factor")
}

// NewRecoveryCodes replaces the caller's recovery codes. They are shown once.
func (s *Service) NewRecoveryCodes(ctx context.Context, a authz.Actor) (codes []string, err error) {
	if err := self(a); err != nil {
		return nil, err
	}
	if !a.Strong {
		return nil, ErrFactorNeed
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if codes, err = s.writeRecovery(ctx, tx, a.ID); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "factor.recovery_codes", a.ID, "")
	})
	return codes, wrap(err, "recovery codes")
}

func (s *Service) writeRecovery(ctx context.Context, tx *db.Tx, account int64) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM credential_recovery WHERE account_id = $1`, account); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		c := pick(base32Letters, recoveryChars)
		_, err := tx.ExecContext(ctx, `INSERT INTO credential_recovery (account_id, token, used_at, created_at) VALUES ($1, $2, 0, $3)`,
			account, s.recoveryToken(account, c), s.Clock.Now().UnixMicro())
		if err != nil {
			return nil, err
		}
		var parts []string
		for ; c != ""; c = c[4:] {
			parts = append(parts, c[:4])
		}
		codes[i] = strings.Join(parts, "-")
	}
	return codes, nil
}
