package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"gongxin/internal/authz"
)

// sessionEntry is what is kept of a session for a few seconds.
type sessionEntry struct {
	id, account int64
	stage       int
	strong      bool
	created     time.Time
	seen        time.Time // as stored
	locked      bool      // the password must be changed: no roles until then
	grants      []authz.Grant
}

// Actor says who stands behind a session's token. The caller fills in the network address. A token that proves nothing gives ErrSession, one that
// waits for a second factor ErrFactorDue; the grants of the result are shared and must not be changed.
func (s *Service) Actor(ctx context.Context, raw string) (authz.Actor, error) {
	hash, ok := tokenHash(sessionPrefix, raw)
	if !ok {
		return authz.Actor{}, ErrSession
	}
	e, err := s.session(ctx, hash)
	if err != nil {
		return authz.Actor{}, err
	}
	now := s.Clock.Now()
	if e.stage == stageFactor {
		return authz.Actor{}, s.factorDue(e, now)
	}
	idle, absolute := s.Limits.of(e.grants)
	seen := s.seen.latest(e.id, e.seen)
	if now.Sub(seen) >= idle || now.Sub(e.created) >= absolute {
		return authz.Actor{}, ErrSession
	}
	if s.seen.touch(e.id, mark{now, e.seen, true, ""}) {
		s.flushSoon(ctx)
	}
	a := authz.Actor{ID: e.account, Kind: authz.Account, Grants: e.grants, Strong: e.strong, Session: e.id}
	if e.locked {
		a.Grants = nil
	}
	return a, nil
}

func (s *Service) factorDue(e *sessionEntry, now time.Time) error {
	if now.Sub(e.created) >= s.Limits.Factor {
		return ErrSession
	}
	return ErrFactorDue
}

// session gives what a token's hash proves: from the cache, or from the database. Only proofs are kept, refusals are not.
func (s *Service) session(ctx context.Context, hash [sha256.Size]byte) (*sessionEntry, error) {
	now := s.Clock.Now()
	e, gen := s.sessions.get(hash, now)
	if e != nil {
		return e, nil
	}
	e = &sessionEntry{}
	var created, seen, passwordAt int64
	var strong, must, password int
	err := s.DB.Read().QueryRowContext(ctx, `SELECT s.session_id, s.account_id, s.stage, s.strong, s.created_at, s.seen_at, a.must_change, a.password_at,
		CASE WHEN a.password = '' THEN 0 ELSE 1 END FROM session s JOIN account a ON a.account_id = s.account_id
		WHERE s.hash = $1 AND s.ended_at = 0 AND a.state = 'active'`, hash[:]).
		Scan(&e.id, &e.account, &e.stage, &strong, &created, &seen, &must, &passwordAt, &password)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrSession
	}
	if err != nil {
		return nil, wrap(err, "session")
	}
	held, err := s.grants(ctx, s.DB.Read(), e.account)
	if err != nil {
		return nil, wrap(err, "session")
	}
	e.strong, e.created, e.seen, e.grants = strong == 1, instant(created), instant(seen), granted(held)
	e.locked = s.mustChange(&record{Account: Account{Password: password == 1, MustChange: must == 1, PasswordAt: instant(passwordAt)}})
	s.sessions.put(hash, e.account, e, now, gen)
	return e, nil
}

// granted gives the grants that count: a citizen's role without a subject opens nothing.
func granted(held []Held) []authz.Grant {
	out := make([]authz.Grant, 0, len(held))
	for _, h := range held {
		if h.Grant.Check() == nil {
			out = append(out, h.Grant)
		}
	}
	return out[:len(out):len(out)]
}
