package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Limits bound sessions. Zero values mean the defaults.
type Limits struct {
	Idle          time.Duration // without use; 30 min
	Absolute      time.Duration // since the sign-in; 12 h
	AdminIdle     time.Duration // of auditors and administrators; 15 min
	AdminAbsolute time.Duration // 8 h
	Factor        time.Duration // for the second factor to follow the first; 5 min
	Sessions      int           // open at once by one account; 20
}

func (l Limits) defaults() Limits {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&l.Idle, 30 * time.Minute}, {&l.Absolute, 12 * time.Hour}, {&l.AdminIdle, 15 * time.Minute}, {&l.AdminAbsolute, 8 * time.Hour}, {&l.Factor, 5 * time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	if l.Sessions <= 0 {
		l.Sessions = 20
	}
	return l
}

// of gives the limits for what an account may do at this moment.
func (l Limits) of(grants []authz.Grant) (idle, absolute time.Duration) {
	if watches(grants) {
		return min(l.Idle, l.AdminIdle), min(l.Absolute, l.AdminAbsolute)
	}
	return l.Idle, l.Absolute
}

func watches(grants []authz.Grant) bool {
	for _, g := range grants {
		if g.Role.Watches() {
			return true
		}
	}
	return false
}

// Faults of sessions.
var (
	ErrSession   = fault.New(fault.Denied, "identity.session", "登录已经失效", "请重新登录")
	ErrFactorDue = fault.New(fault.Denied, "identity.factor_due", "还没有完成第二步验证", "请输入动态口令、恢复码，或使用通行密钥")
)

// Session is an opened session, with its token, which is not kept and cannot be shown again.
type Session struct {
	ID         int64
	Account    int64
	Token      string
	Device     string // token of this browser, for a cookie that outlives the session; "" = leave the cookie as it is
	Strong     bool   // a second factor was given
	FactorDue  bool   // a second factor must follow before the session opens anything
	EnrolDue   bool   // the account's roles need a second factor and it has none yet: enrolling is all that the session may do
	MustChange bool   // the password must be changed first: until then the session has no roles
	TOTP       bool   // what second factors the account has
	Passkey    bool
	EndsAt     time.Time // at the latest
}

// DeviceFor is how long a browser is remembered.
const DeviceFor = 180 * 24 * time.Hour

const maxDevices = 20

// Stages of a session.
const (
	stageFactor = 0
	stageOpen   = 1
)

// start describes a session to begin.
type start struct {
	method string // password, passkey, oidc:NAME
	stage  int
	strong bool
	Attempt
}

func (s *Service) startSession(ctx context.Context, tx *db.Tx, r *record, st start) (*Session, error) {
	now := s.Clock.Now()
	raw := token(sessionPrefix)
	hash := sha256.Sum256([]byte(raw))
	out := &Session{ID: s.IDs.Next(), Account: r.ID, Token: raw}
	_, err := tx.ExecContext(ctx, `INSERT INTO session (session_id, hash, account_id, stage, strong, method, device, address, created_at, seen_at, ended_at, ended_why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '')`,
		out.ID, hash[:], r.ID, st.stage, bit(st.strong), st.method, deviceWords(st.Agent), maskAddress(st.Address), now.UnixMicro(), now.UnixMicro())
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE session SET ended_at = $2, ended_why = 'many' WHERE account_id = $1 AND ended_at = 0 AND session_id IN (
		SELECT o.session_id FROM session o WHERE o.account_id = $1 AND o.ended_at = 0 ORDER BY o.seen_at DESC, o.session_id DESC LIMIT 1000 OFFSET $3)`,
		r.ID, now.UnixMicro(), s.Limits.Sessions)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, tx, r); err != nil {
		return nil, err
	}
	return out, s.describe(ctx, tx, r, out, st)
}

// describe fills in what a client must know of a session that just began or became stronger.
func (s *Service) describe(ctx context.Context, tx *db.Tx, r *record, out *Session, st start) error {
	held, err := s.grants(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	_, absolute := s.Limits.of(plain(held))
	out.Strong, out.FactorDue, out.TOTP, out.Passkey = st.strong, st.stage == stageFactor, r.TOTP, r.Passkeys > 0
	out.EnrolDue = watches(plain(held)) && !r.factor() && !st.strong
	out.MustChange = s.mustChange(r)
	out.EndsAt = s.Clock.Now().Add(absolute)
	if out.FactorDue {
		out.EndsAt = s.Clock.Now().Add(s.Limits.Factor)
		return nil
	}
	out.Device, err = s.rememberDevice(ctx, tx, r.ID, st.Device)
	return err
}

func (s *Service) mustChange(r *record) bool {
	return r.Password && (r.MustChange || s.Passwords.MaxAge > 0 && s.Clock.Now().Sub(r.PasswordAt) > s.Passwords.MaxAge)
}

// rememberDevice keeps the hash of a browser's token for the account; a browser without one gets one.
func (s *Service) rememberDevice(ctx context.Context, tx *db.Tx, account int64, raw string) (string, error) {
	hash, ok := tokenHash(devicePrefix, raw)
	if !ok {
		raw = token(devicePrefix)
		hash = sha256.Sum256([]byte(raw))
	}
	now := s.Clock.Now().UnixMicro()
	_, err := tx.ExecContext(ctx, `INSERT INTO account_device (hash, account_id, created_at, used_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash, account_id) DO UPDATE SET used_at = excluded.used_at`, hash[:], account, now, now)
	if err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM account_device WHERE account_id = $1 AND hash IN (
		SELECT o.hash FROM account_device o WHERE o.account_id = $1 ORDER BY o.used_at DESC, o.hash LIMIT 1000 OFFSET $2)`, account, maxDevices)
	return raw, err
}

// knownDevice gives the hash of a browser in which the account signed in before. account 0 does the same work and knows none.
func (s *Service) knownDevice(ctx context.Context, account int64, raw string) (string, error) {
	hash, ok := tokenHash(devicePrefix, raw)
	if !ok {
		return "", nil
	}
	var used int64
	err := s.DB.Read().QueryRowContext(ctx, `SELECT used_at FROM account_device WHERE hash = $1 AND account_id = $2`, hash[:], account).Scan(&used)
	if errors.Is(err, sql.ErrNoRows) || err == nil && s.Clock.Now().Sub(instant(used)) > DeviceFor {
		return "", nil
	}
	return string(hash[:]), err
}

// rotate gives a session another token as it becomes stronger, or after the password changed.
func (s *Service) rotate(ctx context.Context, tx *db.Tx, session, account int64, strong bool) (string, error) {
	raw := token(sessionPrefix)
	hash := sha256.Sum256([]byte(raw))
	ok, err := changed(ctx, tx, `UPDATE session SET hash = $3, stage = $4, strong = CASE WHEN $5 = 1 THEN 1 ELSE strong END WHERE session_id = $1 AND account_id = $2 AND ended_at = 0`,
		session, account, hash[:], stageOpen, bit(strong))
	if err == nil && !ok {
		err = ErrSession
	}
	return raw, err
}

// endSessions ends the open sessions of an account but one.
func (s *Service) endSessions(ctx context.Context, tx *db.Tx, account, but int64, why string) error {
	_, err := tx.ExecContext(ctx, `UPDATE session SET ended_at = $3, ended_why = $4 WHERE account_id = $1 AND session_id <> $2 AND ended_at = 0`,
		account, but, s.Clock.Now().UnixMicro(), why)
	return err
}

// SessionInfo is an open session as its owner sees it.
type SessionInfo struct {
	ID        int64
	Device    string // browser and system in words
	Address   string // masked
	Method    string
	Strong    bool
	Current   bool
	CreatedAt time.Time
	SeenAt    time.Time // to the minute
}

// Sessions lists the open sessions of the caller's account, last used first.
func (s *Service) Sessions(ctx context.Context, a authz.Actor) ([]SessionInfo, error) {
	if err := self(a); err != nil {
		return nil, err
	}
	idle, absolute := s.Limits.of(a.Grants)
	now := s.Clock.Now()
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT session_id, device, address, method, strong, created_at, seen_at FROM session
		WHERE account_id = $1 AND ended_at = 0 AND stage = 1 AND created_at > $2 ORDER BY seen_at DESC, session_id DESC`, a.ID, now.Add(-absolute).UnixMicro())
	if err != nil {
		return nil, wrap(err, "list sessions")
	}
	defer func() { _ = rows.Close() }()
	var out []SessionInfo
	for rows.Next() {
		var i SessionInfo
		var created, seen int64
		if err := rows.Scan(&i.ID, &i.Device, &i.Address, &i.Method, &i.Strong, &created, &seen); err != nil {
			return nil, wrap(err, "list sessions")
		}
		i.CreatedAt, i.SeenAt, i.Current = instant(created), s.seen.latest(i.ID, instant(seen)), i.ID == a.Session
		if now.Sub(i.SeenAt) < idle {
			out = append(out, i)
		}
	}
	return out, wrap(rows.Err(), "list sessions")
}

// SignOut ends the session of a token; a token that is none is no error.
func (s *Service) SignOut(ctx context.Context, raw string) error {
	hash, ok := tokenHash(sessionPrefix, raw)
	if !ok {
		return nil
	}
	var session, account int64
	err := s.DB.Read().QueryRowContext(ctx, `SELECT session_id, account_id FROM session WHERE hash = $1 AND ended_at = 0`, hash[:]).Scan(&session, &account)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return wrap(err, "sign out")
	}
	return s.endOne(ctx, authz.Actor{ID: account, Kind: authz.Account, Session: session}, session, "signed_out")
}

// EndSession ends one session of the caller's own.
func (s *Service) EndSession(ctx context.Context, a authz.Actor, session int64) error {
	if err := self(a); err != nil {
		return err
	}
	return s.endOne(ctx, a, session, "ended")
}

func (s *Service) endOne(ctx context.Context, a authz.Actor, session int64, why string) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := changed(ctx, tx, `UPDATE session SET ended_at = $3, ended_why = $4 WHERE session_id = $1 AND account_id = $2 AND ended_at = 0`,
			session, a.ID, s.Clock.Now().UnixMicro(), why)
		if err != nil {
			return err
		}
		if !ok {
			return ErrMissing
		}
		return s.act(ctx, tx, a, "session.end", a.ID, why)
	})
	if err == nil {
		s.forget(a.ID)
	}
	return wrap(err, "end session")
}

// EndOthers ends every session of the caller's but the one it is in.
func (s *Service) EndOthers(ctx context.Context, a authz.Actor) error {
	if err := self(a); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.endSessions(ctx, tx, a.ID, a.Session, "ended"); err != nil {
			return err
		}
		return s.act(ctx, tx, a, "session.end_others", a.ID, "")
	})
	if err == nil {
		s.forget(a.ID)
	}
	return wrap(err, "end sessions")
}

// EndAll ends every session of another account.
func (s *Service) EndAll(ctx context.Context, by authz.Actor, account int64) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.byID(ctx, tx, account)
		if err != nil {
			return err
		}
		if err := s.allow(by, authz.SessionManage, authz.Scope{Agency: r.Agency, Region: r.Region, Account: account}); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, account, 0, "managed"); err != nil {
			return err
		}
		return s.act(ctx, tx, by, "session.end_all", account, "")
	})
	if err == nil {
		s.forget(account)
	}
	return wrap(err, "end sessions")
}
